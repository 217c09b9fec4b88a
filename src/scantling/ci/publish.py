"""Post about a scan, and say what was posted and what was not. Nothing here decides anything.

This is the only caller of forges: what a forge raises is caught here and becomes a `Posted`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from scantling.ci.api import Forge, Message, Proposal, PullRequest, Run
from scantling.ci.client import Client
from scantling.ci.registry import FORGES
from scantling.core.errors import NetworkError, UsageError
from scantling.core.secret import Secret

if TYPE_CHECKING:
    from scantling.core.http import Http


class Posted(Struct, frozen=True, kw_only=True):
    """What became of one thing: `what` is `comment` or `status`.

    `url` is where it is (may be empty), `failed` why it could not be posted, `left_out` why nothing
    was tried; both empty: it is posted.
    """

    what: str
    url: str = ""
    failed: str = ""
    left_out: str = ""


def publish(http: "Http", run: Run, token: Secret, message: Message) -> tuple[Posted, ...]:
    """Post the comment and the status. Never raises: a failure is part of the answer."""
    forge = FORGES[run.forge]
    client = Client(http, run.api, token, headers=forge.headers)

    def tried(what: str, post: Callable[[Client, Run, Message], str]) -> Posted:
        try:
            return Posted(what=what, url=post(client, run, message))
        except NetworkError as error:
            return Posted(what=what, failed=f"{forge.title}: {error}")

    return (
        tried("comment", forge.comment)
        if run.pull_request
        else Posted(what="comment", left_out="this is not the job of a pull request"),
        tried("status", forge.status)
        if run.commit
        else Posted(what="status", left_out="the job does not tell its commit"),
    )


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
