"""GitHub: one comment per image, a check run (or a commit status), pull requests.

The token of a job (`github.token`) can do all of it, given the permissions. Check runs are for apps
only; with a personal token a commit status is set instead. A token without permission for either
is refused.

Source: GitHub REST API 2022-11-28: issue comments, check runs, commit statuses, git database,
pulls.
"""

import hashlib
from base64 import b64encode
from typing import Final

from msgspec import Struct

from scantling.ci.api import Forge, Message, Proposal, PullRequest, Run
from scantling.ci.client import Client, last_page
from scantling.ci.sticky import Box, Comment, starts, stick
from scantling.core.errors import NetworkError
from scantling.core.model.plan import Edit
from scantling.core.text import octets

_TITLE: Final = 140
_NOT_ALLOWED: Final = frozenset({403, 404})
_NOT_THERE: Final = frozenset({404})
_INVALID: Final = 422


class _User(Struct, frozen=True):
    login: str = ""
    type: str = ""


class _Comment(Struct, frozen=True):
    id: int
    html_url: str = ""
    body: str = ""
    user: _User | None = None


class _Linked(Struct, frozen=True):
    html_url: str | None = None
    url: str = ""


class _Sha(Struct, frozen=True):
    sha: str = ""


class _Ref(Struct, frozen=True):
    object: _Sha


class _Commit(Struct, frozen=True):
    sha: str
    tree: _Sha


class _Entry(Struct, frozen=True):
    path: str
    mode: str
    type: str = "blob"
    sha: str = ""


class _Tree(Struct, frozen=True):
    tree: tuple[_Entry, ...] = ()
    truncated: bool = False


class _Pull(Struct, frozen=True):
    number: int
    html_url: str


def comment(client: Client, run: Run, message: Message) -> str:
    """Post or edit the comment of the pull request; return its address."""
    issues = (*_repository(run), "issues")
    login = _login(client)

    def ours() -> tuple[Comment, ...]:
        found: list[Comment] = []
        path = (*issues, str(run.pull_request), "comments")
        for page in client.pages(path, tuple[_Comment, ...]):
            found += [
                _known(one)
                for one in page
                if starts(one.body, message.mark) and _is_ours(one.user, login)
            ]
            if last_page(page):
                break
        return tuple(found)

    def create(text: str) -> Comment:
        path = (*issues, str(run.pull_request), "comments")
        return _known(client.send("POST", path, {"body": text}, _Comment))

    def update(one: Comment, text: str) -> Comment:
        path = (*issues, "comments", str(one.id))
        return _known(client.send("PATCH", path, {"body": text}, _Comment))

    def remove(one: Comment) -> None:
        client.delete((*issues, "comments", str(one.id)))

    box = Box(ours=ours, create=create, update=update, remove=remove)
    return stick(box, message.comment)


def status(client: Client, run: Run, message: Message) -> str:
    """Make a check run, or where that is not allowed a commit status; return its address."""
    link = {"details_url": message.url} if message.url else {}
    check = {
        "name": message.name,
        "head_sha": run.commit,
        "status": "completed",
        "conclusion": "success" if message.passed else "failure",
        "output": {"title": message.title[:_TITLE], "summary": message.comment},
        **link,
    }
    try:
        made = client.send("POST", (*_repository(run), "check-runs"), check, _Linked)
    except NetworkError as error:
        if error.status not in _NOT_ALLOWED:
            raise
        made = _commit_status(client, run, message)
    return made.html_url or made.url


def propose(client: Client, run: Run, proposal: Proposal) -> PullRequest:
    """Commit the edits to the branch, through the API alone, and open or update a pull request.

    The branch is replaced: it starts at the head of the base branch each time, so that it never
    conflicts with what was merged since. Raises NetworkError, also when a file on the base branch
    is not what the edits start from.
    """
    repository = _repository(run)
    base = proposal.base_branch or run.base_branch or run.branch
    commit = _committed(client, repository, base, proposal)
    _moved(client, repository, proposal.branch, commit)
    owner = run.repository.partition("/")[0]
    query = {"head": f"{owner}:{proposal.branch}", "base": base, "state": "open"}
    open_now = client.get((*repository, "pulls"), tuple[_Pull, ...], query)
    words = {"title": proposal.title, "body": proposal.body}
    if open_now:
        path = (*repository, "pulls", str(open_now[0].number))
        pull = client.send("PATCH", path, words, _Pull)
    else:
        body = {**words, "head": proposal.branch, "base": base}
        pull = client.send("POST", (*repository, "pulls"), body, _Pull)
    return PullRequest(number=pull.number, url=pull.html_url, created=not open_now)


def _login(client: Client) -> str:
    """Return the token's user; empty for the token of a job, which may not ask."""
    try:
        return client.get(("user",), _User).login
    except NetworkError as error:
        if error.status not in {401, *_NOT_ALLOWED}:
            raise
        return ""


def _is_ours(user: _User | None, login: str) -> bool:
    if user is None:
        return False
    return user.login == login if login else user.type == "Bot"


def _known(one: _Comment) -> Comment:
    return Comment(id=one.id, text=one.body, url=one.html_url)


def _commit_status(client: Client, run: Run, message: Message) -> _Linked:
    body = {
        "state": "success" if message.passed else "failure",
        "context": message.name,
        "description": message.title[:_TITLE],
    }
    if message.url:
        body["target_url"] = message.url
    return client.send("POST", (*_repository(run), "statuses", run.commit), body, _Linked)


def _committed(client: Client, repository: tuple[str, ...], base: str, proposal: Proposal) -> str:
    """Return a new commit with the edits on top of the base branch."""
    head = client.get((*repository, "git", "ref", "heads", *base.split("/")), _Ref).object.sha
    parent = client.get((*repository, "git", "commits", head), _Commit)
    path = (*repository, "git", "trees", parent.tree.sha)
    whole = client.get(path, _Tree, {"recursive": "1"})
    entries = {one.path: one for one in whole.tree if one.type == "blob"}
    changed = [_entry(client, repository, edit, entries) for edit in proposal.edits]
    body = {"base_tree": parent.tree.sha, "tree": changed}
    tree = client.send("POST", (*repository, "git", "trees"), body, _Sha)
    commit = {"message": proposal.title, "tree": tree.sha, "parents": [head]}
    return client.send("POST", (*repository, "git", "commits"), commit, _Sha).sha


def _entry(
    client: Client, repository: tuple[str, ...], edit: Edit, entries: dict[str, _Entry]
) -> dict[str, str]:
    """Return the tree's entry for an edited file, with the mode that it had."""
    known = entries.get(edit.path)
    if known is not None and known.sha != _blob_id(octets(edit.before)):
        raise NetworkError(
            f"{edit.path!r} has changed on the base branch since it was read; scan again",
            kind="protocol",
        )
    content = b64encode(octets(edit.after)).decode()
    body = {"content": content, "encoding": "base64"}
    blob = client.send("POST", (*repository, "git", "blobs"), body, _Sha)
    mode = known.mode if known else "100644"
    return {"path": edit.path, "mode": mode, "type": "blob", "sha": blob.sha}


def _blob_id(data: bytes) -> str:
    """Return git's name of a file's content. Source: git, "Git Internals - Git Objects"."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _moved(client: Client, repository: tuple[str, ...], branch: str, commit: str) -> None:
    """Make the branch point to the commit, whether it was there or not."""
    path = (*repository, "git", "refs", "heads", *branch.split("/"))
    try:
        client.send("PATCH", path, {"sha": commit, "force": True}, _Ref)
    except NetworkError as error:
        if error.status not in {_INVALID, *_NOT_THERE}:
            raise
        body = {"ref": f"refs/heads/{branch}", "sha": commit}
        client.send("POST", (*repository, "git", "refs"), body, _Ref)


def _repository(run: Run) -> tuple[str, ...]:
    return ("repos", *run.repository.split("/"))


PLUGIN: Final = Forge(
    name="github",
    title="GitHub",
    tokens=("SCANTLING_GITHUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"),
    permissions="pull-requests: write for the comment, checks: write (or statuses: write) for the"
    " status, contents: write for pull requests of fixes",
    headers=(
        ("Accept", "application/vnd.github+json"),
        ("X-GitHub-Api-Version", "2022-11-28"),
    ),
    comment=comment,
    status=status,
    propose=propose,
)
