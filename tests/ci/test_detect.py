"""Which run is made of which variables: the sets that the publishers document, and hostile ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from scantling.ci import values
from scantling.ci.api import Environment, Run
from scantling.ci.detect import detect, outputs_of
from scantling.ci.registry import FORGES, SYSTEMS
from scantling.core.text import neutral

HEAD = "ffac537e6cbbf934b08745a378932722df287a53"
BASE = "9f2c7d1b0e8a4c6d5e3f1a2b4c6d8e0f1a3b5c7d"
TRIAL = "0aabbccddeeff00112233445566778899aabbccd"

# Source: GitHub Docs, "Variables reference"; "Webhook events and payloads", pull_request, push.
GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_EVENT_PATH": "/github/workflow/event.json",
    "GITHUB_HEAD_REF": "",
    "GITHUB_BASE_REF": "",
    "GITHUB_REF": "refs/heads/feature-branch-1",
    "GITHUB_REF_NAME": "feature-branch-1",
    "GITHUB_REPOSITORY": "octocat/Hello-World",
    "GITHUB_RUN_ATTEMPT": "3",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_SHA": HEAD,
    "GITHUB_WORKSPACE": "/__w/Hello-World/Hello-World",
}
GITHUB_CHANGE = {
    **GITHUB,
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_HEAD_REF": "feature-branch-1",
    "GITHUB_BASE_REF": "main",
    "GITHUB_REF_NAME": "12/merge",
    "GITHUB_SHA": TRIAL,
}
GITHUB_EVENT = {
    "action": "synchronize",
    "pull_request": {
        "number": 12,
        "title": "`$(curl example.com)` ::error::",
        "head": {"sha": HEAD, "ref": "x", "repo": {"full_name": "octocat/Hello-World"}},
        "base": {"sha": BASE, "ref": "main", "repo": {"full_name": "octocat/Hello-World"}},
    },
}
GITHUB_FORK = json.loads(json.dumps(GITHUB_EVENT))
GITHUB_FORK["pull_request"]["head"]["repo"]["full_name"] = "someone/Hello-World"
GITHUB_GONE = json.loads(json.dumps(GITHUB_EVENT))
GITHUB_GONE["pull_request"]["head"]["repo"] = None
GROUP = {"merge_group": {"head_sha": HEAD, "base_sha": BASE, "base_ref": "refs/heads/main"}}

# Source: GitLab Docs, "Predefined CI/CD variables reference".
GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_COMMIT_BEFORE_SHA": BASE,
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_SHA": HEAD,
    "CI_JOB_URL": "https://gitlab.example.com/group/app/-/jobs/77",
    "CI_PROJECT_DIR": "/builds/group/app",
    "CI_PROJECT_ID": "42",
    "CI_PROJECT_PATH": "group/app",
    "CI_SERVER_URL": "https://gitlab.example.com",
}
GITLAB_CHANGE = {
    **GITLAB,
    "CI_COMMIT_BEFORE_SHA": "0" * 40,
    "CI_COMMIT_REF_NAME": "feature",
    "CI_COMMIT_SHA": TRIAL,
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": BASE,
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
}

# Source: Microsoft Learn, "Use predefined variables".
AZURE = {
    "TF_BUILD": "True",
    "BUILD_BUILDID": "55",
    "BUILD_REPOSITORY_ID": "7c0f1c52-1111-2222-3333-444455556666",
    "BUILD_REPOSITORY_NAME": "shop",
    "BUILD_REPOSITORY_PROVIDER": "TfsGit",
    "BUILD_SOURCEBRANCH": "refs/heads/main",
    "BUILD_SOURCESDIRECTORY": "/__w/1/s",
    "BUILD_SOURCEVERSION": HEAD,
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/fabrikamfiber/",
    "SYSTEM_TEAMPROJECTID": "aaaabbbb-cccc-dddd-eeee-ffff00001111",
}
AZURE_CHANGE = {
    **AZURE,
    "BUILD_SOURCEBRANCH": "refs/pull/17/merge",
    "BUILD_SOURCEVERSION": TRIAL,
    "SYSTEM_PULLREQUEST_ISFORK": "False",
    "SYSTEM_PULLREQUEST_PULLREQUESTID": "17",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/users/raisa/new-feature",
    "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD,
    "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
}
AZURE_GITHUB = {
    **AZURE_CHANGE,
    "BUILD_REPOSITORY_NAME": "example/shop",
    "BUILD_REPOSITORY_PROVIDER": "GitHub",
    "SYSTEM_PULLREQUEST_ISFORK": "True",
    "SYSTEM_PULLREQUEST_PULLREQUESTID": "900317",
    "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "17",
}
AZURE_JOB = (
    "https://dev.azure.com/fabrikamfiber/aaaabbbb-cccc-dddd-eeee-ffff00001111"
    "/_build/results?buildId=55"
)
AZURE_API = "https://dev.azure.com/fabrikamfiber/aaaabbbb-cccc-dddd-eeee-ffff00001111/_apis"

# Source: Atlassian Support, "Variables and secrets".
BITBUCKET = {
    "CI": "true",
    "BITBUCKET_BRANCH": "feature",
    "BITBUCKET_BUILD_NUMBER": "9",
    "BITBUCKET_CLONE_DIR": "/opt/atlassian/pipelines/agent/build",
    "BITBUCKET_COMMIT": HEAD,
    "BITBUCKET_PR_DESTINATION_BRANCH": "main",
    "BITBUCKET_PR_DESTINATION_COMMIT": BASE,
    "BITBUCKET_PR_ID": "3",
    "BITBUCKET_REPO_FULL_NAME": "example/shop",
    "BITBUCKET_WORKSPACE": "example",
}

# Source: CircleCI Docs, "Project values and variables".
CIRCLECI = {
    "CI": "true",
    "CIRCLECI": "true",
    "CIRCLE_BRANCH": "feature",
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/example/shop/56",
    "CIRCLE_PULL_REQUEST": "https://github.com/example/shop/pull/12",
    "CIRCLE_REPOSITORY_URL": "git@github.com:example/shop.git",
    "CIRCLE_SHA1": HEAD,
    "CIRCLE_WORKING_DIRECTORY": "~/project",
}

# Source: Jenkins Handbook, "Using environment variables"; branch-api and git plug-ins.
JENKINS = {
    "BUILD_URL": "https://jenkins.example.com/job/shop/job/main/15/",
    "BRANCH_NAME": "main",
    "GIT_BRANCH": "origin/main",
    "GIT_COMMIT": HEAD,
    "GIT_PREVIOUS_SUCCESSFUL_COMMIT": BASE,
    "GIT_URL": "https://github.com/example/shop.git",
    "JENKINS_HOME": "/var/jenkins_home",
    "JENKINS_URL": "https://jenkins.example.com/",
    "WORKSPACE": "/var/jenkins_home/workspace/shop_main",
}
JENKINS_CHANGE = {
    **JENKINS,
    "BRANCH_NAME": "PR-23",
    "CHANGE_BRANCH": "feature",
    "CHANGE_FORK": "someone/shop",
    "CHANGE_ID": "23",
    "CHANGE_TARGET": "main",
    "CHANGE_TITLE": "\x1b]0;owned\x07",
}

# Source: Buildkite Docs, "Environment variables".
BUILDKITE = {
    "BUILDKITE": "true",
    "BUILDKITE_BRANCH": "feature",
    "BUILDKITE_BUILD_CHECKOUT_PATH": "/var/lib/buildkite-agent/builds/agent-1/pipeline-2",
    "BUILDKITE_BUILD_URL": "https://buildkite.com/example/shop/builds/1514",
    "BUILDKITE_COMMIT": HEAD,
    "BUILDKITE_PULL_REQUEST": "123",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
    "BUILDKITE_PULL_REQUEST_REPO": "https://github.com/someone/shop.git",
    "BUILDKITE_REPO": "git@github.com:example/shop.git",
}
DECLARED = {
    "SCANTLING_CI": "tekton",
    "SCANTLING_CI_BASE_BRANCH": "main",
    "SCANTLING_CI_BRANCH": "feature",
    "SCANTLING_CI_COMMIT": HEAD,
    "SCANTLING_CI_PULL_REQUEST": "5",
    "SCANTLING_CI_REMOTE": "https://gitlab.com/example/team/shop.git",
}
OWN_FORGE = {
    "SCANTLING_CI_API": "https://github.example.com/api/v3",
    "SCANTLING_CI_FORGE": "github",
    "SCANTLING_CI_REPOSITORY": "example/shop",
}

_GITHUB_RUN = Run(
    system="github",
    forge="github",
    api="https://api.github.com",
    repository="octocat/Hello-World",
    commit=HEAD,
    branch="feature-branch-1",
    job_url="https://github.com/octocat/Hello-World/actions/runs/1658821493",
    workspace="/__w/Hello-World/Hello-World",
)
_AZURE_RUN = Run(
    system="azure",
    forge="azure",
    api=AZURE_API,
    repository="7c0f1c52-1111-2222-3333-444455556666",
    commit=HEAD,
    branch="main",
    job_url=AZURE_JOB,
    workspace="/__w/1/s",
)
_CHANGE = {"pull_request": 12, "base_branch": "main", "base_commit": BASE}


def run(known: Run, **more: Any) -> Run:
    return Run(**{**asdict(known), **more})


CASES: dict[str, tuple[dict[str, str], Any, Run | None]] = {
    "nowhere": ({"PATH": "/bin", "CI": "true"}, None, None),
    "github_push": (GITHUB, {"before": BASE}, run(_GITHUB_RUN, base_commit=BASE)),
    "github_new_branch": (GITHUB, {"before": "0" * 40}, _GITHUB_RUN),
    "github_change": (GITHUB_CHANGE, GITHUB_EVENT, run(_GITHUB_RUN, **_CHANGE)),
    "github_fork": (GITHUB_CHANGE, GITHUB_FORK, run(_GITHUB_RUN, **_CHANGE, from_fork=True)),
    "github_fork_deleted": (
        GITHUB_CHANGE,
        GITHUB_GONE,
        run(_GITHUB_RUN, **_CHANGE, from_fork=True),
    ),
    "github_merge_queue": (
        {**GITHUB, "GITHUB_SHA": TRIAL},
        GROUP,
        run(_GITHUB_RUN, base_commit=BASE, base_branch="main"),
    ),
    "github_without_event": (
        GITHUB_CHANGE,
        None,
        run(_GITHUB_RUN, commit=TRIAL, base_branch="main"),
    ),
    "gitea": (
        {**GITHUB, "GITEA_ACTIONS": "true"},
        None,
        run(_GITHUB_RUN, forge="", api=""),
    ),
    "gitlab_push": (
        GITLAB,
        None,
        Run(
            system="gitlab",
            forge="gitlab",
            api="https://gitlab.example.com/api/v4",
            repository="42",
            commit=HEAD,
            base_commit=BASE,
            branch="main",
            job_url="https://gitlab.example.com/group/app/-/jobs/77",
            workspace="/builds/group/app",
        ),
    ),
    "gitlab_merged_results": (
        GITLAB_CHANGE,
        None,
        Run(
            system="gitlab",
            forge="gitlab",
            api="https://gitlab.example.com/api/v4",
            repository="42",
            commit=HEAD,
            base_commit=BASE,
            branch="feature",
            base_branch="main",
            pull_request=7,
            job_url="https://gitlab.example.com/group/app/-/jobs/77",
            workspace="/builds/group/app",
        ),
    ),
    "azure_push": (AZURE, None, _AZURE_RUN),
    "azure_change": (
        AZURE_CHANGE,
        None,
        run(_AZURE_RUN, branch="users/raisa/new-feature", base_branch="main", pull_request=17),
    ),
    "azure_with_code_on_github": (
        AZURE_GITHUB,
        None,
        run(
            _AZURE_RUN,
            forge="github",
            api="https://api.github.com",
            repository="example/shop",
            branch="users/raisa/new-feature",
            base_branch="main",
            pull_request=17,
            from_fork=True,
        ),
    ),
    "bitbucket_change": (
        BITBUCKET,
        None,
        Run(
            system="bitbucket",
            forge="bitbucket",
            api="https://api.bitbucket.org/2.0",
            repository="example/shop",
            commit=HEAD,
            base_commit=BASE,
            branch="feature",
            base_branch="main",
            pull_request=3,
            job_url="https://bitbucket.org/example/shop/pipelines/results/9",
            workspace="/opt/atlassian/pipelines/agent/build",
        ),
    ),
    "circleci_change": (
        CIRCLECI,
        None,
        Run(
            system="circleci",
            forge="github",
            api="https://api.github.com",
            repository="example/shop",
            commit=HEAD,
            branch="feature",
            pull_request=12,
            job_url="https://circleci.com/gh/example/shop/56",
            workspace="~/project",
        ),
    ),
    "jenkins_branch": (
        JENKINS,
        None,
        Run(
            system="jenkins",
            forge="github",
            api="https://api.github.com",
            repository="example/shop",
            commit=HEAD,
            base_commit=BASE,
            branch="main",
            job_url="https://jenkins.example.com/job/shop/job/main/15",
            workspace="/var/jenkins_home/workspace/shop_main",
        ),
    ),
    "jenkins_multibranch_change": (
        JENKINS_CHANGE,
        None,
        Run(
            system="jenkins",
            forge="github",
            api="https://api.github.com",
            repository="example/shop",
            commit=HEAD,
            branch="feature",
            base_branch="main",
            pull_request=23,
            from_fork=True,
            job_url="https://jenkins.example.com/job/shop/job/main/15",
            workspace="/var/jenkins_home/workspace/shop_main",
        ),
    ),
    "buildkite_change": (
        BUILDKITE,
        None,
        Run(
            system="buildkite",
            forge="github",
            api="https://api.github.com",
            repository="example/shop",
            commit=HEAD,
            branch="feature",
            base_branch="main",
            pull_request=123,
            from_fork=True,
            job_url="https://buildkite.com/example/shop/builds/1514",
            workspace="/var/lib/buildkite-agent/builds/agent-1/pipeline-2",
        ),
    ),
    "buildkite_branch": (
        {"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_COMMIT": HEAD},
        None,
        Run(system="buildkite", commit=HEAD),
    ),
    "teamcity": (
        {"TEAMCITY_VERSION": "2026.1", "BUILD_VCS_NUMBER": HEAD, "BUILD_NUMBER": "5"},
        None,
        Run(system="teamcity", commit=HEAD),
    ),
    "tekton": (
        DECLARED,
        None,
        Run(
            system="tekton",
            forge="gitlab",
            api="https://gitlab.com/api/v4",
            repository="example/team/shop",
            commit=HEAD,
            branch="feature",
            base_branch="main",
            pull_request=5,
        ),
    ),
    "own_forge": (
        {**DECLARED, **OWN_FORGE},
        None,
        Run(
            system="tekton",
            forge="github",
            api="https://github.example.com/api/v3",
            repository="example/shop",
            commit=HEAD,
            branch="feature",
            base_branch="main",
            pull_request=5,
        ),
    ),
    "declared_inside_jenkins": ({**JENKINS, "SCANTLING_CI": "x"}, None, Run(system="tekton")),
}


@pytest.mark.parametrize("name", CASES)
def test_documented_variables_make_this_run(name: str) -> None:
    variables, event, expected = CASES[name]
    data = None if event is None else json.dumps(event).encode()

    assert detect(Environment(variables=variables, read=lambda _path: data)) == expected


def test_every_system_and_forge_has_its_name() -> None:
    for registry in (SYSTEMS, FORGES):
        assert [one.name for one in registry.values()] == [*registry]
    seen = {case[2].system for case in CASES.values() if case[2]}
    assert seen == {*SYSTEMS}


def test_the_user_says_which_of_two_systems_it_is() -> None:
    both = Environment(variables={**GITLAB, **JENKINS})

    for name in ("gitlab", "jenkins"):
        found = detect(both, system=name)
        assert found is not None
        assert found.system == name
    assert detect(both, system="azure") is None


@pytest.mark.parametrize(
    "event",
    [b"", b"[]", b"{", b"\xff", b'{"pull_request": {"number": "12"}}', b"[" * 100_000],
    ids=["empty", "list", "cut", "bytes", "type", "deep"],
)
def test_an_event_that_cannot_be_read_is_an_unknown_one(event: bytes) -> None:
    found = detect(Environment(variables=GITHUB_CHANGE, read=lambda _path: event))

    assert found is not None
    assert found.pull_request == 0
    assert found.commit == TRIAL


# Where a token would go, and what is put into paths, follows from these.
HOSTILE = [
    "https://github.com.example.com/a/b",
    "https://example.com/github.com/a/b",
    "https://github.com@example.com/a/b",
    "https://user:pass@github.com.example.com/a/b",
    "git@github.com.example.com:a/b.git",
    "https://github.com/../../a",
    "https://github.com/a/b?x=https://api.example.com",
    "https://github.com/a b/c",
    "file:///github.com/a/b",
    "-oProxyCommand=x",
    "https://github.com/only",
]


@pytest.mark.parametrize("remote", HOSTILE)
def test_a_token_never_follows_a_remote_that_only_looks_known(remote: str) -> None:
    found = values.place(remote)

    assert not found.forge


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/example/shop",
        "https://github.com/example/shop.git",
        "https://GITHUB.com/example/shop.git/",
        "https://x-access-token:t0k@github.com/example/shop.git",
        "git@github.com:example/shop.git",
        "ssh://git@github.com:22/example/shop.git",
    ],
)
def test_every_spelling_of_a_remote_is_the_same_place(remote: str) -> None:
    found = values.place(remote)

    assert found == values.Place(
        forge="github", api="https://api.github.com", repository="example/shop"
    )


def test_values_of_another_form_are_as_good_as_not_set() -> None:
    assert values.commit("main") == values.commit(HEAD[:12]) == values.commit("0" * 40) == ""
    assert values.commit(HEAD.upper()) == HEAD
    assert values.number("07") == values.number("-1") == values.number("٣") == 0
    assert values.number("9" * 30) == 0
    assert values.slug("a/../b") == values.slug("a/b\n") == values.slug("/a") == ""
    assert values.url("https://example.com/\nx") == values.url("javascript:alert(1)") == ""
    assert values.url("https://example.com/[x](y)") == values.url('https://e.com/"') == ""
    assert values.branch("a\x1b[2J") == values.branch("a\u202eb") == values.branch("x" * 256) == ""
    assert values.branch("refs/heads/`$(id)`;'\"") == "`$(id)`;'\""


NAMES = sorted({name for variables, _, _ in CASES.values() for name in variables})


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(CASES)),
    st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40), max_size=8),
    st.binary(max_size=60),
)
def test_no_variable_breaks_the_detection_or_gets_active_characters_in(
    name: str, changed: dict[str, str], event: bytes
) -> None:
    variables = {**CASES[name][0], **changed}

    found = detect(Environment(variables=variables, read=lambda _path: event))

    assert outputs_of(found)
    if found is not None:
        assert all(
            neutral(text) == text for text in asdict(found).values() if isinstance(text, str)
        )
        assert found.pull_request >= 0
        assert found.api == "" or found.api.startswith(("https://", "http://"))


def test_detection_reads_nothing_but_the_event(tmp_path: Path) -> None:
    read: list[str] = []

    def note(path: str) -> None:
        read.append(path)

    for variables, _, _ in CASES.values():
        detect(Environment(variables=variables, read=note))

    assert {*read} == {"/github/workflow/event.json"}
