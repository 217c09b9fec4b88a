"""GitHub Actions.

Findings appear as annotations of the run and on the lines of a pull request, the summary on the
run's page. The SARIF file is for `github/codeql-action/upload-sarif`: later steps get its path as
`sarif`. The event's file tells what variables do not: the head of a pull request, its number, and
whether it comes from a fork.

Source: GitHub Docs, "Variables reference", "Workflow commands for GitHub Actions", "Webhook events
and payloads" (pull_request, push, merge_group).
"""

from typing import Final

import msgspec

from scantling.ci import values
from scantling.ci.api import Environment, Output, Run, System

# These speak GitHub's variables, but another API.
_OTHERS: Final = ("GITEA_ACTIONS", "FORGEJO_ACTIONS")


class _Repository(msgspec.Struct):
    full_name: str = ""


class _Side(msgspec.Struct):
    sha: str = ""
    ref: str = ""
    repo: _Repository | None = None
    """None: the fork was deleted."""


class _PullRequest(msgspec.Struct):
    number: int = 0
    head: _Side = msgspec.field(default_factory=_Side)
    base: _Side = msgspec.field(default_factory=_Side)


class _MergeGroup(msgspec.Struct):
    head_sha: str = ""
    base_sha: str = ""
    base_ref: str = ""


class _Event(msgspec.Struct):
    pull_request: _PullRequest | None = None
    merge_group: _MergeGroup | None = None
    before: str | None = None


_DECODER: Final = msgspec.json.Decoder(_Event)


def detect(environment: Environment) -> Run | None:
    """Return the run, None outside of GitHub Actions."""
    get = environment.get
    if get("GITHUB_ACTIONS") != "true":
        return None
    server = values.url(get("GITHUB_SERVER_URL"))
    repository = values.slug(get("GITHUB_REPOSITORY"))
    ours = bool(repository) and not any(map(get, _OTHERS))
    number = values.number(get("GITHUB_RUN_ID"))
    event = _event(environment)
    change, group = event.pull_request, event.merge_group or _MergeGroup()
    run = Run(
        system="github",
        forge="github" if ours else "",
        api=values.url(get("GITHUB_API_URL")) if ours else "",
        repository=repository,
        commit=values.commit(group.head_sha) or values.commit(get("GITHUB_SHA")),
        base_commit=values.commit(group.base_sha) or values.commit(event.before or ""),
        branch=values.branch(get("GITHUB_HEAD_REF") or get("GITHUB_REF_NAME")),
        base_branch=values.branch(get("GITHUB_BASE_REF") or group.base_ref),
        job_url=f"{server}/{repository}/actions/runs/{number}" if server and number else "",
        workspace=values.folder(get("GITHUB_WORKSPACE")),
    )
    if change is None:
        return run
    return msgspec.structs.replace(
        run,
        commit=values.commit(change.head.sha) or run.commit,
        base_commit=values.commit(change.base.sha),
        pull_request=max(change.number, 0),
        from_fork=_name(change.head) != _name(change.base),
    )


def _event(environment: Environment) -> _Event:
    """Return what triggered the run; without a file that can be read, nothing is known of it."""
    data = environment.read(environment.get("GITHUB_EVENT_PATH"))
    try:
        return _DECODER.decode(data) if data else _Event()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Event()


def _name(side: _Side) -> str:
    return side.repo.full_name if side.repo else ""


PLUGIN: Final = System(
    name="github",
    title="GitHub Actions",
    detect=detect,
    outputs=(
        Output(format="table"),
        Output(format="github-annotations"),
        Output(format="github-summary", append_to="GITHUB_STEP_SUMMARY"),
        Output(format="sarif", file="scantling.sarif", export="sarif"),
        Output(format="json", file="scantling.json", export="report"),
    ),
    export_to="GITHUB_OUTPUT",
)
