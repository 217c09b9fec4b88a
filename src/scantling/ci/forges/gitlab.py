"""GitLab: one note per image on the merge request, a commit status, merge requests.

The token of a job (`CI_JOB_TOKEN`) may not write notes: a project access token with the scope `api`
and the role Developer can, kept as a masked variable.

Source: GitLab REST API v4: notes, commits ("Set commit pipeline status", "Create a commit with
multiple files and actions"), merge requests, job artifacts ("Download a single artifact file by
reference name").
"""

from base64 import b64encode
from typing import Final

from msgspec import Struct

from scantling.ci.api import Forge, Message, Proposal, PullRequest, Run
from scantling.ci.client import Client, last_page
from scantling.ci.sticky import Box, Comment, starts, stick
from scantling.core.errors import NetworkError
from scantling.core.model.plan import Edit
from scantling.core.text import octets

_DESCRIPTION: Final = 255
_BAD: Final = 400
_MISSING: Final = 404


class _User(Struct, frozen=True):
    id: int


class _Note(Struct, frozen=True):
    id: int
    body: str = ""
    author: _User | None = None
    system: bool = False


class _Status(Struct, frozen=True):
    target_url: str | None = None


class _Request(Struct, frozen=True):
    iid: int
    web_url: str = ""


class _File(Struct, frozen=True):
    last_commit_id: str
    content: str = ""


def comment(client: Client, run: Run, message: Message) -> str:
    """Post or edit the note of the merge request; return the merge request's address."""
    change = (*_project(run), "merge_requests", str(run.pull_request))
    notes = (*change, "notes")
    user = client.get(("user",), _User)

    def ours() -> tuple[Comment, ...]:
        found: list[Comment] = []
        for page in client.pages(notes, tuple[_Note, ...]):
            found += [
                _known(one)
                for one in page
                if starts(one.body, message.mark) and one.author == user and not one.system
            ]
            if last_page(page):
                break
        return tuple(found)

    def create(text: str) -> Comment:
        return _known(client.send("POST", notes, {"body": text}, _Note))

    def update(one: Comment, text: str) -> Comment:
        return _known(client.send("PUT", (*notes, str(one.id)), {"body": text}, _Note))

    def remove(one: Comment) -> None:
        client.delete((*notes, str(one.id)))

    stick(Box(ours=ours, create=create, update=update, remove=remove), message.comment)
    return client.get(change, _Request).web_url


def status(client: Client, run: Run, message: Message) -> str:
    """Set the commit's status; return the address that it links to."""
    body = {
        "state": "success" if message.passed else "failed",
        "name": message.name,
        "description": message.title[:_DESCRIPTION],
    }
    if message.url:
        body["target_url"] = message.url
    try:
        made = client.send("POST", (*_project(run), "statuses", run.commit), body, _Status)
    except NetworkError as error:
        # A second run for a commit: the state that is there cannot be set again.
        if error.status != _BAD or "Cannot transition status" not in str(error):
            raise
        return message.url
    return made.target_url or message.url


def propose(client: Client, run: Run, proposal: Proposal) -> PullRequest:
    """Commit the edits to the branch and open or update a merge request.

    The branch is replaced: it starts at the head of the base branch each time. Raises NetworkError,
    also when a file on the base branch has changed since it was read.
    """
    project = _project(run)
    base = proposal.base_branch or run.base_branch or run.branch
    body = {
        "branch": proposal.branch,
        "start_branch": base,
        "force": True,
        "commit_message": proposal.title,
        "actions": [_action(client, project, base, edit) for edit in proposal.edits],
    }
    client.send("POST", (*project, "repository", "commits"), body, object)
    query = {"source_branch": proposal.branch, "target_branch": base, "state": "opened"}
    open_now = client.get((*project, "merge_requests"), tuple[_Request, ...], query)
    words = {"title": proposal.title, "description": proposal.body}
    if open_now:
        path = (*project, "merge_requests", str(open_now[0].iid))
        made = client.send("PUT", path, words, _Request)
    else:
        asked = {
            **words,
            "source_branch": proposal.branch,
            "target_branch": base,
            "remove_source_branch": True,
        }
        made = client.send("POST", (*project, "merge_requests"), asked, _Request)
    return PullRequest(number=made.iid, url=made.web_url, created=not open_now)


def earlier(client: Client, run: Run, path: str) -> bytes | None:
    """Return the artifact that the last successful job of this name has on the base branch."""
    where = (*_project(run), "jobs", "artifacts", run.base_branch, "raw", *path.split("/"))
    return client.file(where, {"job": run.job}) if run.job and run.base_branch else None


def _action(client: Client, project: tuple[str, ...], base: str, edit: Edit) -> dict[str, str]:
    action = {
        "action": "update",
        "file_path": edit.path,
        "content": b64encode(octets(edit.after)).decode(),
        "encoding": "base64",
    }
    try:
        there = client.get((*project, "repository", "files", edit.path), _File, {"ref": base})
    except NetworkError as error:
        if error.status != _MISSING:
            raise
        return {**action, "action": "create"}
    if there.content and there.content != b64encode(octets(edit.before)).decode():
        raise NetworkError(
            f"{edit.path!r} has changed on the base branch since it was read; scan again",
            kind="protocol",
        )
    return {**action, "last_commit_id": there.last_commit_id}


def _known(one: _Note) -> Comment:
    return Comment(id=one.id, text=one.body)


def _project(run: Run) -> tuple[str, ...]:
    return ("projects", run.repository)


PLUGIN: Final = Forge(
    name="gitlab",
    title="GitLab",
    tokens=("SCANTLING_GITLAB_TOKEN", "GITLAB_TOKEN"),
    permissions="a project access token with the scope api and the role Developer",
    comment=comment,
    status=status,
    propose=propose,
    earlier=earlier,
)
