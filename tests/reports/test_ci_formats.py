"""Formats for pipelines: valid for who reads them, one word on what blocks, within every limit."""

import json
import re
from typing import Any

import pytest
from msgspec.structs import replace

from scantling.core.model.finding import Finding
from scantling.core.model.image import Image, Platform
from scantling.core.model.report import ScanReport
from scantling.reports import gate
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.formats import sarif
from scantling.reports.registry import FORMATS
from scantling.testing.reports import DJANGO, HOSTILE_NAME, REPORTS, finding

from .conftest import Check, xml_of

MATCHED = [name for name in REPORTS if name != "inventory"]
GATE = REPORTS["gate"]


def _written(name: str, report: ScanReport = GATE, *, everything: bool = False) -> str:
    return render(report, FORMATS[name], Look(show_suppressed=everything))


def _run(report: ScanReport = GATE, *, everything: bool = False) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(_written("sarif", report, everything=everything))["runs"][0]
    return run


def _many(count: int) -> ScanReport:
    """Return a report with so many findings, all of them nasty, none blocking."""
    found = tuple(
        finding(DJANGO, f"CVE-2026-{at:06}", summary=HOSTILE_NAME, fixed_in=(HOSTILE_NAME,))
        for at in range(count)
    )
    return replace(REPORTS["findings"], findings=found, packages=(DJANGO,), fail_on="")


@pytest.mark.parametrize("name", MATCHED)
def test_gitlab_satisfies_the_schema(name: str, check_gitlab: Check) -> None:
    check_gitlab(_written("gitlab-container", REPORTS[name]))


@pytest.mark.parametrize("name", MATCHED)
def test_junit_satisfies_the_schema(name: str, check_junit: Check) -> None:
    check_junit(_written("junit", REPORTS[name]))


@pytest.mark.parametrize("name", MATCHED)
def test_sarif_without_suppressed_ones_satisfies_the_schema(name: str, check_sarif: Check) -> None:
    check_sarif(_written("sarif", REPORTS[name]))


@pytest.mark.parametrize("name", MATCHED)
def test_code_quality_has_what_gitlab_documents(name: str) -> None:
    entries = json.loads(_written("gitlab-quality", REPORTS[name]))

    prints = [one["fingerprint"] for one in entries]
    assert len(set(prints)) == len(prints)
    for one in entries:
        assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert all(one[key] for key in one)
        assert one["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert one["location"]["lines"]["begin"] >= 1
        assert one["location"]["path"]


def test_every_format_calls_the_same_findings_blocking() -> None:
    wanted = {"CVE-2019-19844", "CVE-2021-35042"}

    results = _run(everything=True)["results"]
    cases = xml_of(_written("junit")).iter("testcase")
    quality = json.loads(_written("gitlab-quality"))
    azure = re.findall(r"type=error;.*?code=(CVE-[0-9-]+);", _written("azure"))

    assert {one["ruleId"] for one in results if one["properties"].get("blocks")} == wanted
    failed = {one.attrib["name"] for one in cases if one.find("failure") is not None}
    assert {name.split(" ")[0] for name in failed if name.startswith("CVE")} == wanted
    blockers = {one["check_name"] for one in quality if one["severity"] == "blocker"}
    assert blockers == {*wanted, "parse.failed"}
    assert {*azure} == wanted
    assert _written("comment").count("**blocked by ") == len(wanted)


def test_without_a_policy_the_severity_blocks() -> None:
    found = gate.seen(REPORTS["findings"])

    assert [one.finding.id for one in found if one.blocks] == ["CVE-2019-19844"]
    assert gate.why(found[0], "high") == "blocked: severity high or worse"


def test_what_is_excepted_is_open_nowhere() -> None:
    excepted = "CVE-2023-5363"

    assert excepted not in {one["ruleId"] for one in _run()["results"]}
    assert excepted not in _written("gitlab-quality")
    assert excepted not in _written("gitlab-container")
    assert excepted not in _written("github-annotations")
    assert excepted not in _written("azure")
    assert f"`EX-2` until 2026-12-01: {excepted} in libssl3" in _written("comment")
    [case] = [
        one for one in xml_of(_written("junit")).iter("testcase") if excepted in one.attrib["name"]
    ]
    skipped = case.find("skipped")
    assert skipped is not None
    assert "EX-2" in skipped.attrib["message"]


def test_sarif_says_what_it_does_not_list() -> None:
    notes = [
        one["message"]["text"]
        for one in _run()["invocations"][0]["toolExecutionNotifications"]
        if one["descriptor"]["id"] == "report.left-out"
    ]

    assert notes == [
        "2 findings suppressed or excepted",
        "1 finding fixed since main.json",
        "1 finding of main.json hidden by gaps, perhaps still there",
    ]


def test_sarif_compares_with_the_baseline_and_suppresses_with_a_reason() -> None:
    results = {one["ruleId"]: one for one in _run(everything=True)["results"]}

    states = {id_: one.get("baselineState") for id_, one in results.items()}
    assert states["CVE-2019-19844"] == "new"
    assert states["CVE-2021-35042"] == "unchanged"
    assert states["CVE-2019-12308"] == "absent"
    [suppression] = results["CVE-2023-5363"]["suppressions"]
    assert suppression["kind"] == "external"
    assert suppression["justification"] == (
        "EX-2 (@example/platform, approved by @example/security, until 2026-12-01): "
        "the cipher is not used"
    )
    assert "suppressions" not in results["CVE-2021-35042"]


def test_sarif_points_at_the_line_of_the_project() -> None:
    [one] = [one for one in _run()["results"] if one["ruleId"] == "CVE-2024-0727"]

    place = one["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "Dockerfile", "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] == 1
    assert place["region"]["snippet"] == {"text": "FROM debian:12"}


def test_two_vulnerabilities_of_one_line_are_two_alerts() -> None:
    prints = [
        one["partialFingerprints"].get("primaryLocationLineHash") for one in _run()["results"]
    ]
    found = [one for one in prints if one]

    assert len(set(found)) == len(found) > 1


def test_every_rule_of_sarif_is_pointed_at_by_its_results() -> None:
    run = _run(everything=True)
    rules = run["tool"]["driver"]["rules"]

    assert [one["id"] for one in rules] == sorted({one["ruleId"] for one in run["results"]})
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert all(len(one["properties"]["tags"]) <= 10 for one in rules)
    assert all(one["help"]["text"] for one in rules)


def test_sarif_stays_below_the_number_of_results(
    monkeypatch: pytest.MonkeyPatch, check_sarif: Check
) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 7)

    text = _written("sarif", _many(20))

    check_sarif(text)
    run = json.loads(text)["runs"][0]
    assert [one["ruleId"] for one in run["results"]] == [f"CVE-2026-{at:06}" for at in range(7)]
    assert len(run["tool"]["driver"]["rules"]) == 7
    [note] = [
        one["message"]["text"]
        for one in run["invocations"][0]["toolExecutionNotifications"]
        if one["descriptor"]["id"] == "report.left-out"
    ]
    assert note == "13 results beyond the limits of code scanning"


def test_sarif_stays_below_the_size_of_an_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = len(_run(_many(400))["results"])
    monkeypatch.setattr(sarif, "MOST_BYTES", 9_000)

    run = _run(_many(400))

    assert whole == 400
    assert 0 < len(run["results"]) < 400
    notes = json.dumps(run["invocations"])
    assert f"{400 - len(run['results'])} results beyond the limits" in notes


@pytest.mark.parametrize(
    ("image", "category"),
    [
        (
            Image(reference="registry:nginx:1.27", kind="registry", platform=Platform()),
            "scantling/docker.io/library/nginx/linux",
        ),
        (
            Image(
                reference="out/app.tar",
                kind="docker-archive",
                tags=("registry.example.com/shop/app:1",),
                platform=Platform(architecture="arm64", variant="v8"),
            ),
            "scantling/registry.example.com/shop/app/linux/arm64/v8",
        ),
        (
            Image(reference="out/app--> x.tar", kind="docker-archive"),
            "scantling/app--%3E%20x.tar/linux",
        ),
        (
            Image(reference="out/app.oci.tar", kind="oci-archive", tags=("latest",)),
            "scantling/app.oci.tar/linux",
        ),
    ],
    ids=["registry", "archive_with_a_name", "archive_without", "archive_with_a_bare_tag"],
)
def test_an_image_has_one_category_for_all_its_builds(image: Image, category: str) -> None:
    report = replace(REPORTS["clean"], image=image)

    assert gate.category(report) == category
    assert _written("comment", report).startswith(f"<!-- scantling:{category} -->\n")
    assert _run(report)["automationDetails"]["id"] == f"{category}/"


@pytest.mark.parametrize(("name", "most"), [("comment", 65_536), ("github-summary", 2**20)])
def test_markdown_stays_below_the_limit_and_counts_what_it_leaves_out(name: str, most: int) -> None:
    report = replace(
        _many(3000),
        gaps=GATE.gaps,
        policy=GATE.policy,
        baseline=replace(GATE.baseline, new=(), name=HOSTILE_NAME) if GATE.baseline else None,
    )

    text = _written(name, report)

    assert len(text.encode()) < most
    shown = len(re.findall(r"(?m)^\| high \| `CVE-2026-", text))
    left, *_ = re.findall(r"(?m)^([0-9]+) more rows are left out here", text)
    assert shown + int(left) == 3000
    assert shown > 50
    assert "parse.failed" in text
    assert text.count("<details>") == text.count("</details>")


def test_a_report_that_fits_is_shown_whole() -> None:
    text = _written("comment")

    assert "left out" not in text
    assert all(one.id in text for one in GATE.findings if one.id != "CVE-2020-9402")


def test_annotations_are_at_most_ten_of_a_kind_and_the_last_counts_the_rest() -> None:
    base = _many(1).findings[0]
    found: tuple[Finding, ...] = tuple(
        replace(base, id=f"CVE-2026-{at}", purl=f"pkg:pypi/p{at}@1", identity=f"{at:032}")
        for at in range(30)
    )
    report = replace(_many(1), findings=found, packages=())

    lines = _written("github-annotations", report).splitlines()

    warnings = [one for one in lines if one.startswith("::warning ")]
    assert len(warnings) == 10
    assert warnings[-1].startswith("::warning title=21 more::21 more of this kind")


def test_azure_ends_with_the_result_of_the_task() -> None:
    def result(name: str) -> str:
        [found] = re.findall(
            r"task\.complete result=([A-Za-z]+);", _written("azure", REPORTS[name])
        )
        return str(found)

    assert result("gate") == "Failed"
    assert result("clean") == "Succeeded"
    assert result("hostile") == "Failed"


def test_the_junit_verdict_passes_exactly_if_the_scan_does() -> None:
    for name in MATCHED:
        suite = xml_of(_written("junit", REPORTS[name])).find("testsuite[@name='verdict']")
        assert suite is not None
        failed = suite.attrib["failures"] == "1"
        assert failed == (REPORTS[name].verdict.exit_code != 0)


def test_junit_counts_what_it_lists() -> None:
    root = xml_of(_written("junit"))

    cases = [*root.iter("testcase")]
    assert root.attrib["tests"] == str(len(cases))
    for kind in ("failure", "error"):
        count = sum(one.find(kind) is not None for one in cases)
        assert root.attrib[f"{kind}s"] == str(count)


def test_teamcity_gets_a_problem_only_if_the_pipeline_stops() -> None:
    assert "##teamcity[buildProblem " in _written("teamcity")
    assert "##teamcity[buildProblem " not in _written("teamcity", REPORTS["clean"])


def test_teamcity_identities_and_names_keep_the_limits() -> None:
    text = _written("teamcity", REPORTS["hostile"])

    for identity in re.findall(r"identity='([^']*)'", text):
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,59}", identity)
    assert all(len(line) < 30_000 for line in text.split("\n"))


def test_gitlab_gives_vectors_that_it_accepts_and_no_others(check_gitlab: Check) -> None:
    bad = ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:Z", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N", "x")
    good = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"
    found = [finding(DJANGO, f"CVE-{at}", vector=v, score=1.0) for at, v in enumerate([*bad, good])]
    report = replace(REPORTS["findings"], findings=tuple(found))

    text = _written("gitlab-container", report)

    check_gitlab(text)
    vectors = [one.get("cvss_vectors") for one in json.loads(text)["vulnerabilities"]]
    assert vectors == [None, None, None, [{"vendor": "pypa", "vector": good}]]


def test_gitlab_calls_an_unknown_scan_a_failure() -> None:
    def status(name: str) -> str:
        return str(json.loads(_written("gitlab-container", REPORTS[name]))["scan"]["status"])

    assert status("unknown") == "failure"
    assert status("findings") == "success"
