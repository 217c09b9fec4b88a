"""Post about a scan, and say what was posted and what was not. Nothing here decides anything.

This is the only caller of forges: what a forge raises is caught here and becomes a `Posted`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from scantling.ci.api import Message, Run
from scantling.ci.client import Client
from scantling.ci.registry import FORGES
from scantling.core.errors import NetworkError
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


def earlier_report(http: "Http", run: Run, token: Secret, path: str) -> bytes | None:
    """Return what the same job stored under `path` on the base branch, None if there is none.

    None, too, where the forge does not keep files of jobs by their path, and outside of pull
    requests. Raises NetworkError.
    """
    forge = FORGES[run.forge]
    if forge.earlier is None or not run.pull_request:
        return None
    return forge.earlier(Client(http, run.api, token, headers=forge.headers), run, path)
