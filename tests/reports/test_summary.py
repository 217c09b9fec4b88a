"""What reports for people count: by risk, by fix, by layer, by year; and how to ask again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.model.advisory import Fix, Level, Signal
from scantling.core.model.context import Context, Exposure
from scantling.core.model.decision import ExceptionUse
from scantling.core.model.finding import FindingState, VerdictStatus
from scantling.reports import summary
from scantling.reports.summary import FixGroup
from scantling.testing.reports import DJANGO, REPORTS, finding


def test_open_findings_come_first_then_the_worst() -> None:
    some = (
        finding(DJANGO, "C", Level.LOW),
        finding(DJANGO, "B", Level.HIGH, FindingState.SUPPRESSED),
        finding(DJANGO, "A", Level.HIGH),
    )

    assert [one.id for one in summary.by_risk(some)] == ["A", "C", "B"]


@pytest.mark.parametrize("fix", list(Fix))
def test_every_word_on_a_fix_has_a_group(fix: Fix) -> None:
    bare = finding(DJANGO, "A", fix=fix, fixed_in=())

    assert summary.fix_group(bare) in FixGroup
    assert summary.fix_group(replace(bare, fixed_in=("1",))) is FixGroup.AVAILABLE


@given(st.text(max_size=12))
def test_a_probability_is_a_number_between_0_and_1_or_nothing(said: str) -> None:
    one = finding(DJANGO, "A", signals=(Signal(id="A", kind="epss", value=said),))

    chance = summary.probability(one)

    assert chance is None or 0 <= chance <= 1


def test_years_without_findings_are_there() -> None:
    some = (finding(DJANGO, "CVE-2019-1"), finding(DJANGO, "CVE-2021-1"), finding(DJANGO, "GHSA-x"))

    counts = {year: sum(groups.values()) for year, groups in summary.years(some).items()}

    assert counts == {2019: 1, 2020: 0, 2021: 1}
    assert summary.years(()) == {}


@pytest.mark.parametrize(
    ("as_of", "created", "days"),
    [
        ("2026-08-01", "2026-08-23T10:00:00Z", 22),
        ("2026-09-01", "2026-08-23T10:00:00Z", 0),
        ("soon", "2026-08-23T10:00:00Z", None),
        ("", "", None),
    ],
)
def test_the_age_of_data_is_in_days(as_of: str, created: str, days: int | None) -> None:
    assert summary.age_days(as_of, created) == days


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (63_400_000, "63.4 MB"), (10**15, "1000.0 TB")]
)
def test_sizes_are_said_as_registries_say_them(size: int, words: str) -> None:
    assert summary.size(size) == words


def test_the_unknown_is_never_called_clean() -> None:
    for name, report in REPORTS.items():
        words = summary.meaning(report)
        if report.verdict.status is VerdictStatus.UNKNOWN:
            assert "not proven clean" in words, name


def test_the_command_says_what_the_report_knows() -> None:
    report = replace(REPORTS["findings"], context=Context(team="a b", exposure=Exposure.INTERNET))

    assert summary.command(report) == (
        *("scantling", "scan", "shop.tar", "--platform", "linux/amd64", "--profile", "standard"),
        *("--fail-on", "high", "--context", "team=a b", "--context", "exposure=internet"),
    )
    assert summary.command(REPORTS["inventory"])[1] == "sbom"


def test_an_expired_exception_is_called_expired() -> None:
    use = ExceptionUse(id="E", owner="o", reason="r", expires="2026-08-01", expired=True)

    assert summary.exception_words(use) == "E, expired 2026-08-01"
    assert summary.exception_words(replace(use, expired=False)) == "E, until 2026-08-01"
    assert summary.exception_words(replace(use, expires="")) == "E, no end"
