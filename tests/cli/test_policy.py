"""`scantling policy`, as a user types it."""

import json
from pathlib import Path

import msgspec
import pytest

from scantling.assess.policy.library import BUILT_IN
from scantling.cli.main import main
from scantling.core.model.report import ScanReport
from scantling.reports.api import Look
from scantling.reports.formats.json import render
from scantling.testing.reports import REPORTS

POLICY = """\
scantling: policy/1
name: app
owner: "@example/web"
uses: [baseline]
rules:
  - id: exposed
    when: context.exposure == "internet" && finding.epss > 0.2
    action: block
    reason: It is exposed.
"""
EXCEPTIONS = """\
scantling: exceptions/1
exceptions:
  - id: EX-1
    scope: { vulnerabilities: [CVE-2019-19844] }
    owner: "@example/web"
    approver: "@example/security"
    reason: the form is switched off
    expires: 2026-12-31
"""
CASES = """\
scantling: policy-tests/1
today: 2026-08-23
policies: [organization=policy.yaml]
exceptions: [accepted.yaml]
cases:
  - name: accepted
    finding: { id: CVE-2019-19844, severity: critical, fix: fixed }
    expect: { action: allow, exception: EX-1 }
  - name: exposed
    finding: { epss: 0.9 }
    context: { exposure: internet }
    expect: { action: block, rule: app/exposed }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy, exceptions, cases and stored reports."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1787443200")  # 2026-08-23
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(POLICY)
    Path("accepted.yaml").write_text(EXCEPTIONS)
    Path("cases.yaml").write_text(CASES)
    Path("reports").mkdir()
    for name, report in REPORTS.items():
        store(Path("reports") / f"{name}.json", report)
    return tmp_path


def store(path: Path, report: ScanReport) -> None:
    path.write_text("".join(render(report, Look())), encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["policy", *argv])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.usefixtures("folder")
def test_a_sound_policy_has_nothing_to_remark(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "lint", "--policy", "policy.yaml", "--exceptions", "accepted.yaml")

    assert (code, out) == (0, "nothing to remark\n")


@pytest.mark.usefixtures("folder")
def test_lint_names_an_exception_that_no_report_needs(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["lint", "--policy", "policy.yaml", "--exceptions", "accepted.yaml", "--report"]

    needed = run(capsys, *argv, "reports/findings.json")
    unneeded = run(capsys, *argv, "reports/clean.json")

    assert needed[0] == 0
    assert unneeded[0] == 1
    assert unneeded[1] == (
        "accepted.yaml:3: exception-unused: exception 'EX-1' is not needed by any of the reports;"
        " remove it\n"
    )


@pytest.mark.usefixtures("folder")
def test_a_mistake_is_one_line_with_file_and_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policy.yaml").write_text(POLICY.replace("finding.epss", "finding.eps"))

    code, _, err = run(capsys, "lint", "--policy", "policy.yaml")

    assert code == 2
    assert err == (
        "scantling: policy.yaml:6: rule app/exposed: column 42 of the condition: there is no fact"
        " 'finding.eps' about a finding; did you mean finding.epss?\n"
    )


@pytest.mark.usefixtures("folder")
def test_cases_name_their_policies_beside_them(
    capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    cases = str(Path("cases.yaml").resolve())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        code, out, _ = run(capsys, "test", cases)

    assert (code, out) == (0, "2 cases, 0 not as expected\n")


@pytest.mark.usefixtures("folder")
def test_a_case_that_fails_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "test", "cases.yaml", "--policy", "baseline")

    assert code == 1
    assert "cases.yaml:9: exposed: expected block, got warn by baseline/open" in out


@pytest.mark.usefixtures("folder")
def test_explain_shows_rules_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["explain", "reports/findings.json", "CVE-2019-19844", "--policy", "policy.yaml"]

    _, out, _ = run(capsys, *argv, "--context", "exposure=internet")
    _, as_json, _ = run(capsys, *argv, "--json", "--exceptions", "accepted.yaml")

    assert "app/exposed (policy.yaml:6) block when context.exposure" in out
    assert "finding.epss = 0.31" in out
    [explained] = json.loads(as_json)
    assert explained["decision"]["action"] == "allow"
    assert explained["decision"]["exception"]["id"] == "EX-1"


@pytest.mark.usefixtures("folder")
def test_replay_says_what_would_have_been_blocked_when_and_for_whom(
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["replay", "reports", "--policy", "baseline", "--context", "product=shop"]

    code, out, _ = run(capsys, *argv)
    _, as_json, _ = run(capsys, *argv, "--json")

    assert code == 0
    assert "6 reports: 5 blocked, 1 passed; 1 passed before and would not" in out
    assert "for whom: shop 5" in out
    assert "when: 2026-08 5" in out
    rows = [json.loads(row) for row in as_json.rstrip("\n").split("\n")]
    assert len(rows) == 7
    assert rows[-1]["by_month"] == [["2026-08", 5]]
    assert "\x1b" not in out


@pytest.mark.usefixtures("folder")
def test_replay_tells_of_files_that_are_no_reports(capsys: pytest.CaptureFixture[str]) -> None:
    Path("reports/other.json").write_text("{}")

    code, out, err = run(capsys, "replay", "reports", "--policy", "baseline")

    assert code == 3
    assert "reports/other.json: not a report of scan --format json" in err
    assert out.startswith("2026-08-23")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        pytest.param(["show", "nope"], "there is no built-in policy 'nope'", id="name"),
        pytest.param(["lint"], "needs a --policy or --exceptions", id="nothing"),
        pytest.param(["lint", "--policy", "a=b.yaml"], "the layer before '='", id="layer"),
        pytest.param(["lint", "--policy", "b.yaml"], "cannot read 'b.yaml'", id="file"),
        pytest.param(["replay", "x.json", "--policy", "baseline"], "cannot read", id="report"),
        pytest.param(["replay", "x.json"], "which policy?", id="no_policy"),
        pytest.param(
            ["replay", "x", "--policy", "baseline", "--context", "a=b"], "--context", id="context"
        ),
        pytest.param(
            ["replay", "x", "--policy", "baseline", "--context", "exposure=b"],
            "--context",
            id="bad",
        ),
    ],
)
def test_a_wrong_command_line_is_said(
    capsys: pytest.CaptureFixture[str], argv: list[str], said: str
) -> None:
    code, _, err = run(capsys, *argv)

    assert code == 2
    assert said in err


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_policy_can_be_read_in_five_minutes(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    _, out, _ = run(capsys, "show", name)
    _, listed, _ = run(capsys, "list")

    assert out.count("\n") <= 60
    assert name in listed


def test_json_remarks_can_be_read(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "policy.yaml").write_text(POLICY.replace('owner: "@example/web"\n', ""))

    code, out, _ = run(capsys, "lint", "--policy", "policy.yaml", "--json")

    assert code == 1
    assert msgspec.json.decode(out)[0]["code"] == "owner-missing"
