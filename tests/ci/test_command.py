"""`scantling ci` as a job runs it: variables in, reports, comment and exit code out."""

import json
import threading  # noqa: TID251 - a server for the command to talk to
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from scantling.ci.registry import SYSTEMS
from scantling.cli.main import main
from scantling.reports.registry import FORMATS
from tests.ci.mock import MockForge

ROOT = Path(__file__).parents[2]
IMAGE = str(ROOT / "examples" / "shop.tar")
COMMIT = "1234567890abcdef1234567890abcdef12345678"
SCAN = ("ci", IMAGE, "-q", "--no-cache", "--reports", "out")
# The embedded advisory data is old at any date but its own.
EPOCH = "1787400000"

JOBS = {
    "github": {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "example/shop"},
    "gitlab": {"GITLAB_CI": "true", "CI_PROJECT_ID": "42"},
    "azure": {"TF_BUILD": "True"},
    "bitbucket": {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_REPO_FULL_NAME": "example/shop"},
    "circleci": {"CIRCLECI": "true"},
    "buildkite": {"BUILDKITE": "true"},
    "teamcity": {"TEAMCITY_VERSION": "2026.1"},
    "jenkins": {"JENKINS_URL": "https://jenkins.example.com/"},
    "tekton": {"SCANTLING_CI": "tekton"},
    "nowhere": {},
}


@pytest.fixture(autouse=True)
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An empty job: none of the variables of the machine that runs the tests."""
    import os  # noqa: PLC0415

    for name in os.environ:
        known = ("GITHUB_", "GITLAB_", "CI_", "BITBUCKET_", "CIRCLE", "BUILDKITE", "SCANTLING_")
        if name.startswith(known) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("JENKINS_URL", "JENKINS_HOME", "TEAMCITY_VERSION", "TF_BUILD", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SCANTLING_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def forge() -> Iterator[tuple[MockForge, str]]:
    """GitHub on loopback, and its address."""
    known = MockForge("github", prefix="/api/v3", me={"login": "shop-bot"})
    with served(known) as address:
        yield known, f"{address}/api/v3"


@contextmanager
def served(known: MockForge) -> Iterator[str]:
    """Serve a forge on loopback and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            url = f"http://localhost{self.path}"
            asked = httpx2.Request(self.command, url, headers=[*self.headers.items()], content=body)
            answer = known(asked)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def pull_request(job: pytest.MonkeyPatch, api: str, **more: str) -> None:
    """Make the job that of a pull request on GitHub."""
    event = {
        "pull_request": {
            "number": 7,
            "head": {"sha": COMMIT, "repo": {"full_name": "example/shop"}},
            "base": {"sha": COMMIT[::-1], "repo": {"full_name": "example/shop"}},
        }
    }
    Path("event.json").write_text(json.dumps(event), encoding="utf-8")
    variables = {
        **JOBS["github"],
        "GITHUB_API_URL": api,
        "GITHUB_EVENT_PATH": "event.json",
        "GITHUB_STEP_SUMMARY": "summary.md",
        "GITHUB_OUTPUT": "output.txt",
        **more,
    }
    for name, value in variables.items():
        job.setenv(name, value)


@pytest.mark.parametrize("name", JOBS)
def test_every_system_gets_its_reports_and_the_same_verdict(
    name: str, job: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable, value in JOBS[name].items():
        job.setenv(variable, value)

    code = main(SCAN)

    plain = main(("scan", IMAGE, "-q", "--no-cache", "-f", "json"))
    assert code == plain
    written = {
        path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.is_file()
    }
    expected = {
        "github": {"scantling.sarif", "scantling.json"},
        "gitlab": {
            "gl-container-scanning-report.json",
            "gl-code-quality-report.json",
            "junit.xml",
            "scantling.json",
        },
        "azure": {"scantling.md", "junit.xml", "scantling.sarif", "scantling.json"},
        "bitbucket": {"test-results/scantling.xml", "scantling.sarif", "scantling.json"},
        "circleci": {"junit/scantling.xml", "scantling.sarif", "scantling.json"},
        "buildkite": {"scantling.md", "junit.xml", "scantling.json"},
        "teamcity": {"scantling.json"},
    }
    assert written == expected.get(name, {"junit.xml", "scantling.sarif", "scantling.json"})
    assert "nothing will be posted" in capsys.readouterr().err


def test_every_output_is_a_format_that_there_is() -> None:
    named = {one.format for system in SYSTEMS.values() for one in system.outputs}

    assert named <= {*FORMATS}
    for system in SYSTEMS.values():
        files = [one.file for one in system.outputs if one.file]
        assert len(files) == len(set(files))
        assert "scantling.json" in files, "the next scan compares with it"


def test_a_github_job_gets_annotations_a_summary_and_paths_for_later_steps(
    job: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pull_request(job, "https://api.example.com")

    main(SCAN)

    out = capsys.readouterr().out
    assert "\n::warning " in out
    assert Path("summary.md").read_text(encoding="utf-8").startswith("## Scantling")
    exported = dict(
        line.split("=", 1)
        for line in Path("output.txt").read_text(encoding="utf-8").split("\n")[:-1]
    )
    assert Path(exported["sarif"]).is_file()
    assert Path(exported["report"]).is_file()
    assert exported["verdict"] in {"clean", "findings", "unknown"}


def test_an_azure_job_is_told_of_the_summary(
    job: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job.setenv("TF_BUILD", "True")

    main(SCAN)

    [line] = [one for one in capsys.readouterr().out.split("\n") if "task.uploadsummary" in one]
    assert Path(line.partition("]")[2]).is_file()


def test_a_pull_request_gets_one_comment_for_two_scans(
    job: pytest.MonkeyPatch,
    forge: tuple[MockForge, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    known, api = forge
    pull_request(job, api, GITHUB_TOKEN="s3cret-token")

    codes = {main(SCAN), main(SCAN)}

    said = capsys.readouterr()
    assert len(codes) == 1
    [comment] = known.items["/repos/example/shop/issues/7/comments"]
    assert comment["body"].startswith("<!-- scantling:")
    assert "comment posted: https://" in said.err
    assert "s3cret-token" not in said.out + said.err


def test_a_forge_that_fails_changes_no_verdict(
    job: pytest.MonkeyPatch,
    forge: tuple[MockForge, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    known, api = forge
    known.hooks.append(lambda method, _p, _b: httpx2.Response(502) if method == "post" else None)
    pull_request(job, api, GITHUB_TOKEN="s3cret-token")
    accepted = ("--allow-incomplete", "advisories.stale", "--allow-incomplete", "coverage.partial")

    assert main((*SCAN, *accepted)) == 0
    assert "the comment was not posted: GitHub: 127.0.0.1 answered 502" in capsys.readouterr().err
    assert main((*SCAN, *accepted, "--require-post")) == 4
    assert main((*SCAN, *accepted, "--require-post", "--fail-on", "low")) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ci",), "which image?"),
        ((*SCAN, "--require-post"), "nothing can be posted: there is no token"),
        ((*SCAN, "--require-post", "--no-post"), "contradict each other"),
    ],
    ids=["no_image", "no_token", "both"],
)
def test_a_job_that_cannot_be_is_told_before_anything_is_scanned(
    arguments: tuple[str, ...],
    words: str,
    job: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pull_request(job, "https://api.example.com")

    assert main(arguments) == 2

    assert words in capsys.readouterr().err
    assert not Path("out/scantling.json").exists()


def test_the_report_that_a_job_kept_is_compared_with(
    job: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = ("--allow-incomplete", "advisories.stale", "--allow-incomplete", "coverage.partial")
    strict = (*SCAN, *accepted, "--fail-on", "low", "--new-only")
    assert main(strict) == 1
    assert "every finding counts as new" in capsys.readouterr().err
    Path("out/scantling.json").rename("out/baseline.json")

    assert main(strict) == 0

    report = json.loads(Path("out/scantling.json").read_text(encoding="utf-8"))["report"]
    assert report["baseline"]["unchanged"] > 0
    assert report["baseline"]["new"] == []


def test_a_merge_request_is_compared_with_the_report_of_its_target(
    job: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(SCAN)
    stored = Path("out/scantling.json").read_bytes()
    known = MockForge("gitlab", prefix="/api/v4", me={"id": 5, "username": "shop-bot"})
    artifact = "/projects/42/jobs/artifacts/main/raw/out/scantling.json"
    answers = [httpx2.Response(200, content=stored), httpx2.Response(404)]
    known.hooks.append(lambda _m, path, _b: answers.pop(0) if path == artifact else None)
    with served(known) as address:
        variables = {
            **JOBS["gitlab"],
            "CI_API_V4_URL": f"{address}/api/v4",
            "CI_COMMIT_SHA": COMMIT,
            "CI_JOB_NAME": "scan",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "SCANTLING_GITLAB_TOKEN": "s3cret-token",
        }
        for name, value in variables.items():
            job.setenv(name, value)
        main(SCAN)
        said = capsys.readouterr().err
        main(SCAN)

    report = json.loads(Path("out/scantling.json").read_text(encoding="utf-8"))["report"]
    assert "compared with the report of main" in said
    assert "comment posted: https://" in said
    assert report["baseline"] is None, "there is none any more"
    [note] = known.items["/projects/42/merge_requests/7/notes"]
    assert note["body"].startswith("<!-- scantling:")


def test_policies_hear_that_it_is_a_pull_request(job: pytest.MonkeyPatch) -> None:
    main(SCAN)
    first = json.loads(Path("out/scantling.json").read_text(encoding="utf-8"))["report"]
    pull_request(job, "https://api.example.com")
    main(SCAN)
    second = json.loads(Path("out/scantling.json").read_text(encoding="utf-8"))["report"]
    main((*SCAN, "--context", "stage=promotion"))
    third = json.loads(Path("out/scantling.json").read_text(encoding="utf-8"))["report"]

    stages = [one["context"]["stage"] for one in (first, second, third)]
    assert stages == ["build", "pull-request", "promotion"]


def test_reports_are_not_written_through_a_link(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")

    assert main(SCAN) == 2
    assert "is a link" in capsys.readouterr().err
    assert [*(tmp_path / "elsewhere").iterdir()] == []
