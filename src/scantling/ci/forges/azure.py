"""Azure Repos: one thread per image on the pull request, and a status.

The job's own token works when the step maps it (`SYSTEM_ACCESSTOKEN: $(System.AccessToken)`) and
the build service may contribute to pull requests. The thread is closed when the scan passes, active
when it does not: a branch policy that wants all threads resolved then holds the pull request.

Source: Azure DevOps REST API 7.1, Git: pull request threads, thread comments, pull request
statuses, statuses.
"""

from typing import Final

from msgspec import Struct

from scantling.ci.api import Forge, Message, Run
from scantling.ci.client import Client
from scantling.ci.sticky import same, starts
from scantling.core.errors import NetworkError

_VERSION: Final = {"api-version": "7.1"}
_FORBIDDEN: Final = frozenset({403, 404})


class _Comment(Struct, frozen=True, rename="camel"):
    id: int
    content: str = ""
    is_deleted: bool = False


class _Thread(Struct, frozen=True, rename="camel"):
    id: int
    comments: tuple[_Comment, ...] = ()
    is_deleted: bool = False


class _Threads(Struct, frozen=True):
    value: tuple[_Thread, ...] = ()


def comment(client: Client, run: Run, message: Message) -> str:
    """Post or edit the first comment of our thread, and open or close it. Returns the job's link.

    Only an author can edit a comment: a thread of somebody else with our mark refuses, and then the
    next is tried, at last a new one made.
    """
    threads = (*_repository(run), "pullRequests", str(run.pull_request), "threads")
    found = client.get(threads, _Threads, _VERSION)
    for thread in sorted(found.value, key=lambda one: one.id):
        first = next(iter(thread.comments), None)
        if thread.is_deleted or first is None or not starts(first.content, message.mark):
            continue
        if _edited(client, (*threads, str(thread.id)), first, message):
            return message.url
    body = {
        "comments": [{"parentCommentId": 0, "content": message.comment, "commentType": "text"}],
        "status": _state(message),
    }
    client.send("POST", threads, body, _Thread, _VERSION)
    return message.url


def status(client: Client, run: Run, message: Message) -> str:
    """Set the status of the pull request, or of the commit; return the job's link."""
    body: dict[str, object] = {
        "state": "succeeded" if message.passed else "failed",
        "description": message.title,
        "context": {"name": message.name.partition("/")[2] or message.name, "genre": "scantling"},
    }
    if message.url:
        body["targetUrl"] = message.url
    if run.pull_request:
        path = (*_repository(run), "pullRequests", str(run.pull_request), "statuses")
    else:
        path = (*_repository(run), "commits", run.commit, "statuses")
    client.send("POST", path, body, object, _VERSION)
    return message.url


def _edited(client: Client, thread: tuple[str, ...], first: _Comment, message: Message) -> bool:
    try:
        if not same(first.content, message.comment):
            path = (*thread, "comments", str(first.id))
            client.send("PATCH", path, {"content": message.comment}, _Comment, _VERSION)
        client.send("PATCH", thread, {"status": _state(message)}, _Thread, _VERSION)
    except NetworkError as error:
        if error.status not in _FORBIDDEN:
            raise
        return False
    return True


def _state(message: Message) -> str:
    return "closed" if message.passed else "active"


def _repository(run: Run) -> tuple[str, ...]:
    return ("git", "repositories", run.repository)


PLUGIN: Final = Forge(
    name="azure",
    title="Azure Repos",
    tokens=("SYSTEM_ACCESSTOKEN", "AZURE_DEVOPS_EXT_PAT"),
    permissions="Contribute to pull requests for the build service of the project",
    comment=comment,
    status=status,
)
