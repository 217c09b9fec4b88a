"""A team decides: what the image is for, what it stands on, who has said what, what may ship."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from .conftest import BASE, IMAGE, Run

VEX = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://example.com/vex/1",
    "author": "Example Security",
    "timestamp": "2026-08-01T00:00:00Z",
    "version": 1,
    "statements": [
        {
            "vulnerability": {"name": "CVE-2019-19844"},
            "products": [{"@id": "pkg:pypi/django@2.2"}],
            "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
        }
    ],
}
PROJECT = """\
product: shop
criticality: critical
exposure: internet
owners: ["@example/web"]
policies: [policy.yaml]
vex: [vex.json]
images:
  - name: registry.example.com/shop
    dockerfile: Dockerfile
"""
POLICY = """\
scantling: policy/1
name: shop
owner: "@example/web"
rules:
  - id: fixable
    when: finding.severity == "critical" && finding.fixable && context.exposure == "internet"
    action: block
    reason: It is exposed and there is a fix.
"""


def _report(run: Run, *argv: object) -> tuple[int, dict[str, Any]]:
    done = run("scan", *argv, "--format", "json", "--quiet")
    assert done.out, done.err
    return done.code, json.loads(done.out)["report"]


def _django(report: dict[str, Any]) -> dict[str, Any]:
    (found,) = (
        one for one in report["findings"] if one["id"] == "CVE-2019-19844" and "owner" not in one
    )
    return dict(found)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / ".scantling.yaml").write_text(PROJECT)
    (root / "policy.yaml").write_text(POLICY)
    (root / "vex.json").write_text(json.dumps(VEX))
    (root / "Dockerfile").write_text("FROM example.com/base:1\nRUN step 1\n")
    return root


def test_the_same_finding_weighs_more_where_more_depends_on_it(run: Run, image: Path) -> None:
    low = ("--context", "criticality=low", "--context", "exposure=isolated")
    high = ("--context", "criticality=critical", "--context", "exposure=internet")

    (_, nowhere), (_, lowly), (_, highly) = (
        _report(run, image, *words) for words in ((), low, high)
    )

    scores = [_django(report)["risk"]["score"] for report in (lowly, nowhere, highly)]
    assert scores == sorted(scores)
    assert scores[0] < scores[2]
    assert highly["context"] == {"criticality": "critical", "exposure": "internet"}


def test_explaining_a_finding_adds_its_risk_up(run: Run, image: Path) -> None:
    done = run("explain", image, "CVE-2019-19844", "--context", "exposure=internet", "--json")

    (risk,) = (
        one["risk"] for one in json.loads(done.out)["packages"] if (one["risk"] or {}).get("score")
    )
    assert risk["baseline"] + sum(row["points"] for row in risk["rows"]) == pytest.approx(
        risk["score"]
    )
    assert {row["name"] for row in risk["rows"] if row["known"]} >= {"impact", "exposure"}


def test_explaining_a_finding_says_what_vex_makes_of_it(
    run: Run, image: Path, tmp_path: Path
) -> None:
    told = tmp_path / "vex.json"
    told.write_text(json.dumps(VEX))
    other = tmp_path / "other.json"
    other.write_text(json.dumps(VEX).replace("django@2.2", "django@2.1"))

    applied = run("explain", image, "CVE-2019-19844", "--vex", told, "--quiet").out
    unused = run("explain", image, "CVE-2019-19844", "--vex", other, "--quiet").out

    assert "pkg:pypi/django@2.2: suppressed: vulnerable_code_not_in_execute_path" in applied
    assert "pkg:pypi/django@2.2: open" in unused
    assert "vex.unused: " in unused


def test_a_policy_blocks_what_a_severity_alone_would_let_pass(run: Run, image: Path) -> None:
    code, report = _report(run, image, "--policy", "baseline")

    assert code == 1
    assert report["policy"]["action"] == "block"
    blocked = [one for one in report["policy"]["decisions"] if one["action"] == "block"]
    assert [one["subject"] for one in blocked] == [_django(report)["identity"]]


def test_an_exception_lets_it_pass_and_is_in_the_report(
    run: Run, image: Path, tmp_path: Path
) -> None:
    accepted = tmp_path / "accepted.yaml"
    accepted.write_text(
        "scantling: exceptions/1\nexceptions:\n  - id: EX-1\n"
        "    scope: { vulnerabilities: [CVE-2019-19844] }\n"
        '    owner: "@example/web"\n    approver: "@example/security"\n'
        "    reason: the form is switched off\n    expires: 2027-12-31\n"
    )

    code, report = _report(
        run, image, "--policy", "organization=" + str(_copy(tmp_path)), "--exceptions", accepted
    )

    (decision,) = report["policy"]["decisions"]
    assert (code, decision["action"], decision["exception"]["id"]) == (0, "allow", "EX-1")


def _copy(folder: Path) -> Path:
    path = folder / "organization.yaml"
    path.write_text(POLICY.replace(' && context.exposure == "internet"', ""))
    return path


def test_vex_clears_a_finding_by_name_and_says_whose_word_it_is(
    run: Run, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "vex.json").write_text(json.dumps(VEX))

    _, report = _report(run, image, "--vex", tmp_path / "vex.json")

    django = _django(report)
    assert django["state"] == "suppressed"
    assert "Example Security" in django["reason"]
    assert "risk" not in django


def test_vex_that_meets_nothing_is_reported(run: Run, image: Path, tmp_path: Path) -> None:
    (tmp_path / "vex.json").write_text(json.dumps(VEX).replace("CVE-2019-19844", "CVE-1999-1"))

    code, report = _report(run, image, "--vex", tmp_path / "vex.json")

    assert code == 0
    assert [one["code"] for one in report["gaps"]] == ["vex.unused"]


def test_a_project_brings_its_context_policy_vex_and_lines(
    run: Run, image: Path, project: Path
) -> None:
    named = ("--project", project, "--image-name", "registry.example.com/shop:1")

    code, report = _report(run, image, *named)

    assert (code, report["context"]["product"]) == (0, "shop")
    assert report["context"]["owners"] == ["@example/web"]
    assert _django(report)["state"] == "suppressed"
    assert [one["name"] for one in report["policy"]["policies"]] == ["shop"]
    places = dict(report["places"])
    assert places["pkg:npm/left@1.0.0"]["path"] == "Dockerfile"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--context", "criticality=huge"), "one of unknown, low, medium, high, critical"),
        (("--context", "product"), "both sides"),
        (("--context", "color=red"), "there is no 'color'"),
        (("--vex", "nowhere.json"), "there is nothing at nowhere.json"),
        (("--policy", "nowhere.yaml"), "cannot read 'nowhere.yaml'"),
        (("--exceptions", "x.yaml"), "name one with --policy"),
        (("--dockerfile", "nowhere"), "cannot be read"),
        (("--project", "nowhere"), "is not a folder"),
    ],
)
def test_a_wrong_word_is_said_before_anything_is_read(
    run: Run, argv: tuple[str, ...], words: str
) -> None:
    done = run("scan", "nowhere.tar", *argv)

    assert done.code == 2
    assert words in done.err


def test_a_wrong_manifest_is_said_before_anything_is_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text("kind: [\n")

    done = run("scan", "nowhere.tar", "--manifests", tmp_path / "pod.yaml")

    assert (done.code, "pod.yaml" in done.err) == (2, True)


def test_a_baseline_tells_new_from_old(run: Run, image: Path, tmp_path: Path) -> None:
    clean = replace(IMAGE, layers=(BASE,)).write_layout(tmp_path / "before")
    stored = tmp_path / "before.json"
    run("scan", clean, "--format", f"json={stored}")

    by_report = _report(run, image, "--baseline", stored, "--fail-on", "high", "--new-only")
    by_image = _report(run, image, "--baseline", clean, "--fail-on", "high", "--new-only")
    same = _report(run, clean, "--baseline", stored, "--fail-on", "low", "--new-only")

    assert by_report[0] == by_image[0] == 1
    assert "1 new finding of severity high" in by_report[1]["verdict"]["reasons"][0]
    assert by_report[1]["baseline"]["new"] == [_django(by_report[1])["identity"]]
    assert by_report[1]["baseline"]["new"] == by_image[1]["baseline"]["new"]
    assert (same[0], same[1]["baseline"]["new"], same[1]["baseline"]["unchanged"]) == (0, [], 2)


def test_gating_on_what_is_new_needs_something_to_compare_with(run: Run, image: Path) -> None:
    done = run("scan", image, "--new-only")

    assert (done.code, "--baseline" in done.err) == (2, True)


def test_a_project_cannot_name_files_outside_itself(run: Run, image: Path, project: Path) -> None:
    (project / ".scantling.yaml").write_text("vex: [../vex.json]\n")

    done = run("scan", image, "--project", project)

    assert done.code == 2
    assert ".scantling.yaml" in done.err
    assert "../vex.json" in done.err


def test_a_replay_knows_the_inputs_and_names_the_file_that_is_missing(
    run: Run, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "vex.json").write_text(json.dumps(VEX))
    stored = tmp_path / "report.json"
    vex = ("--vex", tmp_path / "vex.json")
    limits = ("--limit", "layers=100", "--allow-incomplete", "coverage.none")
    run(
        "scan",
        image,
        *vex,
        *limits,
        "--image-name",
        "example.com/a:1",
        "--format",
        f"json={stored}",
    )

    whole, without = run("replay", stored, *vex), run("replay", stored)
    (tmp_path / "vex.json").write_text(json.dumps(VEX) + "\n")
    other = run("replay", stored, *vex)

    assert (whole.code, "identical" in whole.out) == (0, True)
    assert (without.code, other.code) == (3, 3)
    for done in (without, other):
        assert "give that file again" in done.out
        assert str(tmp_path / "vex.json") in done.out


def test_a_project_file_that_cannot_be_read_is_not_taken_for_none(
    run: Run, image: Path, project: Path, tmp_path: Path
) -> None:
    (project / ".scantling.yaml").rename(tmp_path / "outside.yaml")
    (project / ".scantling.yaml").symlink_to(tmp_path / "outside.yaml")

    done = run("scan", image, "--project", project)

    assert (done.code, "cannot be read" in done.err) == (2, True)
