"""Bitbucket Cloud: one comment per image, a build status, a Code Insights report with annotations.

Bitbucket shows HTML as text, so the hidden mark is a Markdown link definition, and `<details>` are
left out.

Source: Bitbucket Cloud REST API 2.0: pullrequests (comments), commit statuses, reports.
"""

import re
from hashlib import sha256
from typing import Final

from msgspec import Struct

from scantling.ci.api import Forge, Message, Remark, Run
from scantling.ci.client import Client, last_page
from scantling.ci.sticky import Box, Comment, starts, stick
from scantling.core.errors import NetworkError

_COMMENT: Final = 32_000
_DETAILS: Final = 2000
_SUMMARY: Final = 450
_ANNOTATIONS: Final = 100
_KEY: Final = 40
_REFUSED: Final = frozenset({401, 403, 404})
_HTML: Final = re.compile(r"</?(?:details|summary)>")
_SEVERITIES: Final = {"critical": "CRITICAL", "high": "HIGH", "medium": "MEDIUM"}


class _Account(Struct, frozen=True):
    uuid: str = ""


class _Text(Struct, frozen=True):
    raw: str = ""


class _Link(Struct, frozen=True):
    href: str = ""


class _Links(Struct, frozen=True):
    html: _Link = _Link()


class _Comment(Struct, frozen=True):
    id: int
    content: _Text = _Text()
    user: _Account | None = None
    deleted: bool = False
    links: _Links = _Links()


class _Comments(Struct, frozen=True):
    values: tuple[_Comment, ...] = ()


def comment(client: Client, run: Run, message: Message) -> str:
    """Post or edit the comment of the pull request; return its address."""
    comments = (*_repository(run), "pullrequests", str(run.pull_request), "comments")
    mark = f"[//]: # (scantling {key(message.name)})"
    user = _account(client)

    def ours() -> tuple[Comment, ...]:
        found: list[Comment] = []
        for page in client.pages(comments, _Comments, size="pagelen"):
            found += [
                _known(one)
                for one in page.values
                if starts(one.content.raw, mark) and not one.deleted and user in (None, one.user)
            ]
            if last_page(page.values):
                break
        return tuple(found)

    def create(text: str) -> Comment:
        return _known(client.send("POST", comments, {"content": {"raw": text}}, _Comment))

    def update(one: Comment, text: str) -> Comment:
        path = (*comments, str(one.id))
        return _known(client.send("PUT", path, {"content": {"raw": text}}, _Comment))

    def remove(one: Comment) -> None:
        client.delete((*comments, str(one.id)))

    box = Box(ours=ours, create=create, update=update, remove=remove)
    return stick(box, f"{mark}\n\n{plain(message)}")


def status(client: Client, run: Run, message: Message) -> str:
    """Set the build status and put the Code Insights report; return the status's link."""
    commit = (*_repository(run), "commit", run.commit)
    report = (*commit, "reports", f"scantling-{key(message.name)}")
    body: dict[str, object] = {
        "title": message.name,
        "details": message.title[:_DETAILS],
        "report_type": "SECURITY",
        "reporter": "Scantling",
        "result": "PASSED" if message.passed else "FAILED",
        "data": [
            {"title": level.capitalize(), "type": "NUMBER", "value": count}
            for level, count in message.counts[:10]
        ],
    }
    if message.url:
        body["link"] = message.url
    client.send("PUT", report, body, object)
    remarks = [_annotation(one, message) for one in message.remarks[:_ANNOTATIONS]]
    if remarks:
        client.send("POST", (*report, "annotations"), remarks, object)
    build = {
        "key": key(message.name),
        "name": message.name,
        "state": "SUCCESSFUL" if message.passed else "FAILED",
        "description": message.title[:_DETAILS],
        # The API wants an address, also from a run that has none.
        "url": message.url or f"https://bitbucket.org/{run.repository}/commits/{run.commit}",
    }
    client.send("POST", (*commit, "statuses", "build"), build, object)
    return build["url"]


def key(name: str) -> str:
    """Return the name as a key: at most 40 characters, letters and digits, the same each time."""
    return sha256(name.encode()).hexdigest()[:_KEY]


def plain(message: Message) -> str:
    """Return the comment as Bitbucket can show it: no HTML, no longer than it takes."""
    text = _HTML.sub("", message.comment.removeprefix(message.mark)).strip()
    if len(text) <= _COMMENT:
        return text
    return f"{text[:_COMMENT].rpartition(chr(10))[0]}\n\nThe rest is in the JSON report."


def _annotation(one: Remark, message: Message) -> dict[str, object]:
    annotation: dict[str, object] = {
        "external_id": sha256(f"{message.name} {one.id}".encode()).hexdigest()[:_KEY],
        "annotation_type": "VULNERABILITY",
        "summary": one.title[:_SUMMARY],
        "severity": _SEVERITIES.get(one.severity, "LOW"),
    }
    if one.path and one.line:
        annotation |= {"path": one.path, "line": one.line}
    if one.link:
        annotation["link"] = one.link
    return annotation


def _account(client: Client) -> _Account | None:
    """Return the token's user; None if it may not ask (Bitbucket lets only authors edit)."""
    try:
        return client.get(("user",), _Account)
    except NetworkError as error:
        if error.status not in _REFUSED:
            raise
        return None


def _known(one: _Comment) -> Comment:
    return Comment(id=one.id, text=one.content.raw, url=one.links.html.href)


def _repository(run: Run) -> tuple[str, ...]:
    return ("repositories", *run.repository.split("/"))


PLUGIN: Final = Forge(
    name="bitbucket",
    title="Bitbucket",
    tokens=("SCANTLING_BITBUCKET_TOKEN", "BITBUCKET_TOKEN"),
    permissions="a repository access token with pullrequest:write and repository:write",
    comment=comment,
    status=status,
)
