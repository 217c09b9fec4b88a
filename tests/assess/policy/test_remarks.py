"""Lint: what can be read and yet is most likely not meant."""

import pytest

from scantling.assess.policy.library import BUILT_IN, built_in
from scantling.assess.policy.remarks import remarks
from tests.assess.policy.conftest import TODAY, exceptions, policy


def codes(text: str, granted: str = "") -> list[tuple[str, str]]:
    accepted = exceptions(granted) if granted else ()
    found = remarks([policy("owner: me\n" + text)], accepted, TODAY)
    return [(one.place.rpartition(":")[2], one.code) for one in found]


def rule(when: str, action: str = "block") -> str:
    return f"rules:\n- id: a\n  when: |\n    {when}\n  action: {action}\n"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        pytest.param("finding.kev", [], id="sound"),
        pytest.param('finding.severity == "hihg"', ["condition-never"], id="misspelled_value"),
        pytest.param("finding.kev && !finding.kev", ["condition-never"], id="contradiction"),
        pytest.param("finding.epss > 0.5 && finding.epss < 0.2", ["condition-never"], id="range"),
        pytest.param("finding.kev || !finding.kev", ["condition-always"], id="tautology"),
        pytest.param('"x" in finding.aliases', [], id="list"),
        pytest.param('finding.id.startsWith("CVE-2026")', [], id="text"),
        pytest.param("finding.fix_age_days > 30", [], id="number"),
        pytest.param('image.labels["tier"] == "gold"', [], id="map_is_not_judged"),
        pytest.param("true", [], id="plainly_always"),
        pytest.param("false", ["condition-never"], id="plainly_never"),
    ],
)
def test_a_condition_that_asks_nothing_is_told(when: str, expected: list[str]) -> None:
    assert [code for _, code in codes(rule(when))] == expected


def test_a_rule_that_another_always_decides_is_told() -> None:
    text = """
rules:
- {id: a, when: finding.kev, action: warn}
- {id: b, when: finding.kev, action: block}
- {id: c, when: finding.fixable, action: allow}
"""

    assert codes(text) == [("6", "rule-unreachable"), ("8", "rule-allows")]


def test_a_policy_without_an_owner_is_told() -> None:
    [remark] = remarks([policy("rules: [{id: a, action: warn}]")], (), TODAY)

    assert (remark.code, remark.place) == ("owner-missing", "policy.yaml:1")


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        pytest.param("scope: {vulnerabilities: [CVE-1]}, expires: 2026-12-01", [], id="sound"),
        pytest.param(
            "scope: {vulnerabilities: [CVE-1]}, expires: 2026-08-23",
            ["exception-expired"],
            id="over",
        ),
        pytest.param(
            "scope: {vulnerabilities: [CVE-1]}, expires: 2026-09-01", ["exception-ends"], id="soon"
        ),
        pytest.param(
            "scope: {packages: ['pkg:pypi/django']}, expires: 2026-12-01",
            ["exception-wide"],
            id="whole_package",
        ),
        pytest.param(
            "scope: {vulnerabilities: [CVE-1], paths: ['*']}, expires: 2026-12-01",
            ["exception-wide"],
            id="any_path",
        ),
        pytest.param(
            "scope: {vulnerabilities: [CVE-1], rules: [test/b]}, expires: 2026-12-01",
            ["exception-useless"],
            id="no_such_rule",
        ),
        pytest.param(
            "scope: {vulnerabilities: [CVE-1], gaps: [coverage.none]}, expires: 2026-12-01",
            ["exception-useless"],
            id="both",
        ),
        pytest.param(
            "scope: {vulnerabilities: [CVE-1]}, expires: 2030-12-01",
            ["exception-refused"],
            id="long",
        ),
    ],
)
def test_an_exception_that_is_over_too_wide_or_of_no_use_is_told(
    granted: str, expected: list[str]
) -> None:
    text = rule("finding.kev") + "exceptions: {max_days: 365}"

    found = codes(text, f"- {{id: E, {granted}, owner: o, reason: r, approver: x}}")

    assert [code for _, code in found] == expected


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_policy_has_nothing_to_remark(name: str) -> None:
    assert remarks([built_in(name)], (), TODAY) == ()
