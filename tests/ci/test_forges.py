"""Posting to forges, against servers made from the descriptions of their APIs."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha1
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace

from scantling.ci.api import Message, Proposal, Remark, Run
from scantling.ci.message import message_of
from scantling.ci.publish import Posted, publish
from scantling.ci.pull_requests import branch_of, open_pull_request
from scantling.core.errors import NetworkError, UsageError
from scantling.core.http import Http
from scantling.core.model.plan import ActionKind, Edit, FixAction
from scantling.core.secret import Secret
from scantling.reports.gate import category
from scantling.testing.reports import REPORTS
from tests.ci.mock import MockForge

COMMIT = "1234567890abcdef1234567890abcdef12345678"
TOKEN = Secret("t0ken-of-the-job")

RUNS = {
    "github": Run(
        system="github",
        forge="github",
        api="https://api.example.com",
        repository="example/shop",
        commit=COMMIT,
        branch="fix/prices",
        base_branch="main",
        pull_request=7,
        job_url="https://github.example.com/example/shop/actions/runs/1",
    ),
    "gitlab": Run(
        system="gitlab",
        forge="gitlab",
        api="https://gitlab.example.com/api/v4",
        repository="42",
        commit=COMMIT,
        branch="fix/prices",
        base_branch="main",
        pull_request=7,
        job_url="https://gitlab.example.com/example/shop/-/jobs/1",
    ),
    "bitbucket": Run(
        system="bitbucket",
        forge="bitbucket",
        api="https://api.example.com/2.0",
        repository="example/shop",
        commit=COMMIT,
        branch="fix/prices",
        base_branch="main",
        pull_request=7,
        job_url="https://bitbucket.example.com/example/shop/pipelines/results/1",
    ),
    "azure": Run(
        system="azure",
        forge="azure",
        api="https://dev.example.com/example/7c0f1c52/_apis",
        repository="0d5c5d0e-0000-4000-8000-000000000001",
        commit=COMMIT,
        branch="fix/prices",
        base_branch="main",
        pull_request=7,
        job_url="https://dev.example.com/example/7c0f1c52/_build/results?buildId=1",
    ),
}
ME: dict[str, dict[str, Any]] = {
    "github": {"login": "shop-bot"},
    "gitlab": {"id": 5, "username": "shop-bot"},
    "bitbucket": {"uuid": "{9f0c5d3b-0000-4000-8000-00000000000f}"},
    "azure": {},
}
COLLECTIONS = {
    "github": "/repos/example/shop/issues/7/comments",
    "gitlab": "/projects/42/merge_requests/7/notes",
    "bitbucket": "/repositories/example/shop/pullrequests/7/comments",
    "azure": f"/git/repositories/{RUNS['azure'].repository}/pullRequests/7/threads",
}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(params=[*RUNS])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def forge_of(name: str) -> MockForge:
    prefix = httpx2.URL(RUNS[name].api).path.rstrip("/")
    return MockForge(name, prefix=prefix, me=ME[name])


def http_of(answer: Any, slept: list[float] | None = None) -> Http:
    return Http(
        transport=httpx2.MockTransport(answer),
        resolve=lambda _host, _port: ("93.184.216.34",),
        sleep=(slept if slept is not None else []).append,
        jitter=lambda: 0.0,
    )


def message(name: str, report: str = "findings") -> Message:
    return message_of(REPORTS[report], RUNS[name])


def texts(forge: MockForge, name: str) -> list[str]:
    """Return the first text of each comment that is there."""
    items = forge.items.get(COLLECTIONS[name], [])
    match name:
        case "bitbucket":
            return [one["content"]["raw"] for one in items]
        case "azure":
            return [one["comments"][0]["content"] for one in items]
        case _:
            return [one["body"] for one in items]


def failures(posted: tuple[Posted, ...]) -> list[str]:
    return [one.failed for one in posted if one.failed]


def test_a_scan_is_posted_as_a_comment_and_a_status(name: str) -> None:
    forge = forge_of(name)

    posted = publish(http_of(forge), RUNS[name], TOKEN, message(name))

    assert failures(posted) == []
    assert [one.what for one in posted] == ["comment", "status"]
    [text] = texts(forge, name)
    assert "CVE-" in text
    assert any(word in path for _, path in forge.changes() for word in ("status", "check-runs"))


def test_a_second_scan_edits_the_comment_and_makes_no_other(name: str) -> None:
    forge = forge_of(name)
    publish(http_of(forge), RUNS[name], TOKEN, message(name))
    [first] = texts(forge, name)

    clean = replace(REPORTS["clean"], image=REPORTS["findings"].image)
    publish(http_of(forge), RUNS[name], TOKEN, message_of(clean, RUNS[name]))

    [second] = texts(forge, name)
    assert second != first
    assert "CVE-" not in second


def test_the_same_text_is_not_sent_again(name: str) -> None:
    forge = forge_of(name)
    publish(http_of(forge), RUNS[name], TOKEN, message(name))
    forge.calls.clear()

    publish(http_of(forge), RUNS[name], TOKEN, message(name))

    sent = [path for _, path in forge.changes() if "comments" in path or "notes" in path]
    assert sent == []


def test_two_images_have_a_comment_each(name: str) -> None:
    forge = forge_of(name)
    other = replace(
        REPORTS["findings"], image=replace(REPORTS["findings"].image, reference="mail.tar")
    )
    assert category(other) != category(REPORTS["findings"])

    publish(http_of(forge), RUNS[name], TOKEN, message(name))
    publish(http_of(forge), RUNS[name], TOKEN, message_of(other, RUNS[name]))

    assert len(texts(forge, name)) == 2


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_a_stranger_who_writes_the_mark_does_not_get_our_words(name: str) -> None:
    forge, said = forge_of(name), message(name)
    stranger = {"login": "someone", "type": "User", "id": 99, "username": "someone"}
    author = "user" if name == "github" else "author"
    planted = forge.plant(COLLECTIONS[name], body=f"{said.mark}\nall is well")
    planted[author] = {**planted[author], **stranger}

    publish(http_of(forge), RUNS[name], TOKEN, said)

    assert len(texts(forge, name)) == 2
    assert planted["body"] == f"{said.mark}\nall is well"


@pytest.mark.parametrize("name", ["github", "gitlab", "bitbucket"])
def test_two_jobs_at_once_leave_one_comment(name: str) -> None:
    """The other job posts between our look and our post."""
    forge, said = forge_of(name), message(name)
    raced: list[Posted] = []

    def race(method: str, path: str, _body: Any) -> httpx2.Response | None:
        if method == "post" and path == COLLECTIONS[name] and not raced:
            raced.append(Posted(what="comment"))
            raced.extend(publish(http_of(forge), RUNS[name], TOKEN, said))
        return None

    forge.hooks.append(race)
    publish(http_of(forge), RUNS[name], TOKEN, said)

    assert len(texts(forge, name)) == 1


@pytest.mark.parametrize("name", ["github", "gitlab", "bitbucket"])
def test_our_comment_is_found_after_hundreds_of_others(name: str) -> None:
    forge = forge_of(name)
    for _ in range(250):
        forge.plant(COLLECTIONS[name])
    publish(http_of(forge), RUNS[name], TOKEN, message(name))
    publish(http_of(forge), RUNS[name], TOKEN, message(name, "findings"))

    assert len(texts(forge, name)) == 251


def test_without_a_pull_request_only_the_commit_hears_of_it(name: str) -> None:
    forge = forge_of(name)

    comment, status = publish(
        http_of(forge), replace(RUNS[name], pull_request=0), TOKEN, message(name)
    )

    assert comment.left_out == "this is not the job of a pull request"
    assert not status.failed
    assert texts(forge, name) == []


def test_a_refusal_is_told_with_what_the_server_says_and_never_with_the_token(name: str) -> None:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        said = {"message": "Resource not \x1b[31maccessible", "error": {"message": "no"}}
        return httpx2.Response(403, json=said)

    posted = publish(http_of(refuse), RUNS[name], TOKEN, message(name))

    assert len(failures(posted)) == 2
    for text in failures(posted):
        assert "403" in text
        assert "\x1b" not in text
        assert TOKEN.reveal() not in text


def test_an_answer_that_is_not_the_apis_is_a_failure_and_not_a_crash(name: str) -> None:
    for body in (b"<html>proxy</html>", b'{"id": "x"}', b"[" * 100_000, b"\xff"):
        posted = publish(
            http_of(lambda _, body=body: httpx2.Response(200, content=body)),
            RUNS[name],
            TOKEN,
            message(name),
        )
        assert posted[0].failed


def test_a_post_whose_answer_is_lost_is_not_repeated(name: str) -> None:
    tried: list[str] = []

    def lost(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return forge(request)
        tried.append(f"{request.method} {request.url.path}")
        return httpx2.Response(502)

    forge = forge_of(name)
    posted = publish(http_of(lost), RUNS[name], TOKEN, message(name))

    assert len(failures(posted)) == 2
    assert len(tried) == len(set(tried)), "a comment would be there twice"


def test_a_server_that_asks_to_wait_is_obeyed(name: str) -> None:
    forge, waits, slept = forge_of(name), [429], list[float]()

    def busy(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST" and waits:
            return httpx2.Response(waits.pop(), headers={"Retry-After": "3"})
        return forge(request)

    posted = publish(http_of(busy, slept), RUNS[name], TOKEN, message(name))

    assert failures(posted) == []
    assert slept == [3]


def test_hostile_names_stay_within_what_is_posted(name: str) -> None:
    forge = forge_of(name)
    run = replace(RUNS[name], branch="a/../../user?x=$(id)`", base_branch="\u00fc b")

    posted = publish(http_of(forge), run, TOKEN, message_of(REPORTS["hostile"], run))

    assert failures(posted) == []
    for _, _, body in forge.calls:
        assert "\x1b" not in json.dumps(body, ensure_ascii=False)
        assert "<script>" not in json.dumps(body)


def test_a_personal_token_of_github_sets_a_commit_status_in_place_of_a_check() -> None:
    forge = forge_of("github")

    def only_apps(_method: str, path: str, _body: Any) -> httpx2.Response | None:
        return httpx2.Response(403) if path.endswith("check-runs") else None

    forge.hooks.append(only_apps)
    _, status = publish(http_of(forge), RUNS["github"], TOKEN, message("github"))

    assert not status.failed
    assert ("post", f"/repos/example/shop/statuses/{COMMIT}") in forge.changes()


def test_the_token_of_a_github_job_may_not_ask_who_it_is() -> None:
    forge = forge_of("github")
    forge.hooks.append(lambda _m, path, _b: httpx2.Response(403) if path == "/user" else None)
    said = message("github")
    bot = forge.plant(COLLECTIONS["github"], body=f"{said.mark}\nolder")
    bot["user"] = {**bot["user"], "login": "github-actions[bot]", "type": "Bot"}

    publish(http_of(forge), RUNS["github"], TOKEN, said)

    assert texts(forge, "github") == [said.comment]


def test_gitlab_says_that_a_state_is_set_already() -> None:
    forge = forge_of("gitlab")
    again = {"message": "Cannot transition status via :drop from :failed (Reason(s): …)"}
    forge.hooks.append(
        lambda _m, path, _b: httpx2.Response(400, json=again) if "statuses" in path else None
    )

    _, status = publish(http_of(forge), RUNS["gitlab"], TOKEN, message("gitlab"))

    assert not status.failed


def test_bitbucket_gets_what_it_can_show() -> None:
    forge = forge_of("bitbucket")
    said = message("bitbucket")
    long = replace(said, comment=said.comment + "a row of a table\n" * 4000)

    posted = publish(http_of(forge), RUNS["bitbucket"], TOKEN, long)

    assert failures(posted) == []
    [text] = texts(forge, "bitbucket")
    assert text.startswith("[//]: # (scantling ")
    assert "<details>" not in text
    assert len(text) < 32_768
    assert text.endswith("The rest is in the JSON report.")


def test_bitbucket_lists_findings_at_their_lines() -> None:
    forge = forge_of("bitbucket")
    remark = Remark(id="1", title="CVE-1 in x", severity="critical", path="Dockerfile", line=3)

    publish(
        http_of(forge),
        RUNS["bitbucket"],
        TOKEN,
        replace(message("bitbucket"), remarks=(remark,) * 150),
    )

    [sent] = [body for _, path, body in forge.calls if path.endswith("/annotations")]
    assert len(sent) == 100
    assert sent[0]["line"] == 3
    assert sent[0]["severity"] == "CRITICAL"


def test_an_azure_thread_of_somebody_else_does_not_stop_us() -> None:
    forge, said = forge_of("azure"), message("azure")
    planted = forge.plant(COLLECTIONS["azure"])
    planted["comments"] = [{**planted["comments"][0], "content": f"{said.mark}\nall is well"}]

    def only_author(method: str, path: str, _body: Any) -> httpx2.Response | None:
        theirs = f"threads/{planted['id']}/comments" in path
        return httpx2.Response(403) if method == "patch" and theirs else None

    forge.hooks.append(only_author)
    posted = publish(http_of(forge), RUNS["azure"], TOKEN, said)

    assert failures(posted) == []
    assert texts(forge, "azure") == [f"{said.mark}\nall is well", said.comment]


def test_an_azure_thread_closes_when_the_scan_passes() -> None:
    forge = forge_of("azure")
    publish(http_of(forge), RUNS["azure"], TOKEN, replace(message("azure"), passed=False))
    [thread] = forge.items[COLLECTIONS["azure"]]
    assert thread["status"] == "active"

    publish(http_of(forge), RUNS["azure"], TOKEN, replace(message("azure"), passed=True))

    assert thread["status"] == "closed"


BEFORE = "FROM debian:12\n"
AFTER = "FROM debian:12.11\n"
EDIT = Edit(path="deploy/Dockerfile", before=BEFORE, after=AFTER)
PROPOSAL = Proposal(
    branch="scantling/fix-debian",
    title="Update debian to 12.11",
    body="Removes 3 findings.",
    edits=(EDIT,),
    base_branch="main",
)


@pytest.fixture
def github() -> Iterator[MockForge]:
    forge = forge_of("github")
    entry = {
        "path": EDIT.path,
        "mode": "100755",
        "type": "blob",
        "size": len(BEFORE),
        "url": "https://api.example.com/repos/example/shop/git/blobs/1",
    }

    def git(method: str, path: str, _body: Any) -> httpx2.Response | None:
        if method == "get" and "/git/trees/" in path:
            sha = "e23fd6c3b5bbb4ec4bf8cdd2fd3c0a2fd3f6d0aa"
            tree = [{**entry, "sha": blob_name(BEFORE)}]
            return httpx2.Response(200, json={"sha": sha, "tree": tree, "truncated": False})
        if method == "patch" and "/git/refs/" in path:
            return httpx2.Response(422, json={"message": "Reference does not exist"})
        return None

    forge.hooks.append(git)
    return iter([forge])


def blob_name(text: str) -> str:
    """Return what `git hash-object` says of a text. Source: gitformat, object names."""
    data = text.encode()
    return sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()


def test_a_fix_becomes_a_pull_request_of_github(github: Iterator[MockForge]) -> None:
    forge = next(github)

    opened = open_pull_request(http_of(forge), RUNS["github"], TOKEN, PROPOSAL)

    assert opened.created
    sent = {path.rpartition("/")[2]: body for method, path, body in forge.calls if method == "post"}
    assert b64decode(sent["blobs"]["content"]).decode() == AFTER
    assert sent["trees"]["tree"][0]["mode"] == "100755", "an executable stays one"
    assert sent["refs"]["ref"] == "refs/heads/scantling/fix-debian"
    assert sent["pulls"] == {
        "title": PROPOSAL.title,
        "body": PROPOSAL.body,
        "head": PROPOSAL.branch,
        "base": "main",
    }


def test_the_same_fix_again_updates_its_pull_request(github: Iterator[MockForge]) -> None:
    forge = next(github)
    first = open_pull_request(http_of(forge), RUNS["github"], TOKEN, PROPOSAL)

    again = open_pull_request(
        http_of(forge), RUNS["github"], TOKEN, replace(PROPOSAL, title="Update debian")
    )

    assert not again.created
    assert again.number == first.number
    assert len(forge.items["/repos/example/shop/pulls"]) == 1
    assert forge.items["/repos/example/shop/pulls"][0]["title"] == "Update debian"


def test_a_file_that_changed_meanwhile_is_not_overwritten(github: Iterator[MockForge]) -> None:
    forge = next(github)
    stale = replace(PROPOSAL, edits=(replace(EDIT, before="FROM debian:11\n"),))

    with pytest.raises(NetworkError, match="has changed on the base branch"):
        open_pull_request(http_of(forge), RUNS["github"], TOKEN, stale)

    assert forge.changes() == []


def test_a_fix_becomes_a_merge_request_of_gitlab() -> None:
    forge = forge_of("gitlab")
    stored = {"file_path": EDIT.path, "encoding": "base64", "last_commit_id": COMMIT}
    stored["content"] = b64encode(BEFORE.encode()).decode()
    forge.hooks.append(
        lambda _m, path, _b: httpx2.Response(200, json=stored) if "/files/" in path else None
    )

    opened = open_pull_request(http_of(forge), RUNS["gitlab"], TOKEN, PROPOSAL)
    again = open_pull_request(http_of(forge), RUNS["gitlab"], TOKEN, PROPOSAL)

    assert opened.created
    assert not again.created
    [commit, _] = [body for _, path, body in forge.calls if path.endswith("/commits")]
    assert commit["branch"] == PROPOSAL.branch
    assert commit["start_branch"] == "main"
    assert commit["actions"][0]["last_commit_id"] == COMMIT
    assert ("get", "/projects/42/repository/files/deploy%2FDockerfile", None) in forge.calls


def test_a_new_file_is_created_at_gitlab() -> None:
    forge = forge_of("gitlab")
    forge.hooks.append(
        lambda _m, path, _b: httpx2.Response(404, json={}) if "/files/" in path else None
    )

    open_pull_request(http_of(forge), RUNS["gitlab"], TOKEN, PROPOSAL)

    [commit] = [body for _, path, body in forge.calls if path.endswith("/commits")]
    assert commit["actions"][0]["action"] == "create"


@pytest.mark.parametrize(
    ("run", "proposal", "words"),
    [
        (RUNS["bitbucket"], PROPOSAL, "on GitHub, GitLab"),
        (Run(system="teamcity"), PROPOSAL, "on GitHub, GitLab"),
        (RUNS["github"], replace(PROPOSAL, edits=()), "nothing to change"),
        (RUNS["github"], replace(PROPOSAL, branch="main"), "a branch of its own"),
    ],
    ids=["bitbucket", "no_forge", "no_edits", "the_base_itself"],
)
def test_a_pull_request_that_cannot_be_is_refused_before_anything_is_sent(
    run: Run, proposal: Proposal, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        open_pull_request(http_of(forge_of("github")), run, TOKEN, proposal)


def test_a_branch_is_that_of_what_is_changed_and_not_of_the_versions() -> None:
    one = FixAction(
        kind=ActionKind.BUMP, title="x", subject="pkg:pypi/django", before="2.2", after="4.2"
    )
    later, other = replace(one, after="5.0"), replace(one, subject="pkg:pypi/\ud800`$(id)`")

    assert branch_of("shop", [one]) == branch_of("shop", [later])
    assert branch_of("shop", [one, other]) == branch_of("shop", [other, later])
    assert (
        len({branch_of("shop", [one]), branch_of("mail", [one]), branch_of("shop", [other])}) == 3
    )
    assert branch_of("shop", [other]).replace("scantling/fix-", "").isalnum()


def test_a_long_name_is_cut_and_stays_the_images_own(name: str) -> None:
    image = REPORTS["findings"].image
    said = [
        message_of(replace(REPORTS["findings"], image=replace(image, reference=long)), RUNS[name])
        for long in ("x" * 190 + "a", "x" * 190 + "b")
    ]

    assert all(len(one.name) <= 100 for one in said)
    assert said[0].name != said[1].name
    assert not failures(publish(http_of(forge_of(name)), RUNS[name], TOKEN, said[0]))
