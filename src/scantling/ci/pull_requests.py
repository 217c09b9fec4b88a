"""Open a pull request with the edits of a fix, through the forge's API alone.

Nothing is checked out or pushed and no git credentials are needed: the forge makes the commit, on a
branch that only Scantling uses. The same fix again updates the pull request that is open.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from scantling.ci.api import Forge, Proposal, PullRequest, Run
from scantling.ci.client import Client
from scantling.ci.registry import FORGES
from scantling.core.errors import UsageError
from scantling.core.model.plan import FixAction
from scantling.core.secret import Secret

if TYPE_CHECKING:  # Loading the HTTP library takes 0.1 s.
    from scantling.core.http import Http

_BRANCH: Final = "scantling/fix-"


def branch_of(name: str, actions: Iterable[FixAction]) -> str:
    """Return the branch for these actions on the image called `name`.

    It depends on what is changed, not on the versions: a later fix of the same things updates the
    pull request. No text of an image is in it.
    """
    what = "\0".join([name, *sorted({f"{one.kind} {one.subject}" for one in actions})])
    return _BRANCH + sha256(what.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def open_pull_request(http: "Http", run: Run, token: Secret, proposal: Proposal) -> PullRequest:
    """Open a pull request with the edits, or update the open one of the same branch.

    Nothing is checked out or pushed: the forge makes the commit. Raises UsageError when the run's
    forge cannot do it or there is nothing to change, NetworkError when it refuses.
    """
    forge: Forge | None = FORGES[run.forge] if run.forge else None
    if forge is None or forge.propose is None:
        able = ", ".join(one.title for one in FORGES.values() if one.propose)
        raise UsageError(f"pull requests can be opened on {able}; this job's code is elsewhere")
    if not proposal.edits:
        raise UsageError("there is nothing to change, so no pull request is opened")
    if proposal.branch == (proposal.base_branch or run.base_branch or run.branch):
        raise UsageError("a pull request needs a branch of its own")
    client = Client(http, run.api, token, headers=forge.headers)
    return forge.propose(client, run, proposal)
