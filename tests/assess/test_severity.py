"""One severity is chosen by a stated rule; words and scores mean what their publishers say."""

import pytest
from msgspec.structs import replace

from scantling.assess.severity import choose, level_of_score
from scantling.core.model.advisory import Level, Severity, Signal


def _word(source: str, value: str) -> Severity:
    return Severity(source=source, kind="word", value=value)


def _cvss(source: str, score: float, kind: str = "cvss3") -> Severity:
    return Severity(source=source, kind=kind, value=f"vector-{score}", score=score)


@pytest.mark.parametrize(
    ("severities", "level", "source"),
    [
        pytest.param((), Level.UNKNOWN, "", id="nobody_says"),
        pytest.param((_word("debian", "low"), _cvss("nvd", 9.8)), Level.LOW, "debian", id="own"),
        pytest.param((_cvss("nvd", 7.0),), Level.HIGH, "nvd", id="score"),
        pytest.param((_cvss("a", 9.9), _cvss("b", 5.0, "cvss4")), Level.MEDIUM, "b", id="newer"),
        pytest.param((_word("x", "important"),), Level.HIGH, "x", id="another_word"),
        pytest.param((_word("debian", "unimportant"),), Level.NEGLIGIBLE, "debian", id="verbatim"),
        pytest.param((_word("debian", "gobbledygook"),), Level.UNKNOWN, "", id="unknown_word"),
        pytest.param((Severity("n", "cvss3", "bad"),), Level.UNKNOWN, "", id="bad_vector"),
    ],
)
def test_the_chosen_severity(severities: tuple[Severity, ...], level: Level, source: str) -> None:
    chosen = choose(severities, "debian")

    assert (chosen.level, chosen.source) == (level, source)


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0.0, "negligible"),
        (0.1, "low"),
        (3.9, "low"),
        (4.0, "medium"),
        (7.0, "high"),
        (9, "critical"),
    ],
)
def test_the_scale_of_the_specification(score: float, level: str) -> None:
    assert level_of_score(score) == level


VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
RECORD = Signal(id="CVE-2024-1000", kind="cvss3", value=VECTOR, note="cisa-adp 9.8")


@pytest.mark.parametrize(
    ("severities", "chosen"),
    [
        pytest.param((), (Level.CRITICAL, "cisa-adp", 9.8, VECTOR), id="nobody_says"),
        pytest.param(
            (_word("debian", "low"),), (Level.LOW, "debian", 9.8, VECTOR), id="behind_own_word"
        ),
        pytest.param((_word("x", "low"),), (Level.LOW, "x", 9.8, VECTOR), id="behind_another_word"),
        pytest.param(
            (_cvss("ghsa", 5.0),), (Level.MEDIUM, "ghsa", 5.0, "vector-5.0"), id="not_before_scores"
        ),
    ],
)
def test_the_vector_of_the_cve_record_fills_a_gap(
    severities: tuple[Severity, ...], chosen: tuple[object, ...]
) -> None:
    found = choose(severities, "debian", (RECORD,))

    assert (found.level, found.source, found.score, found.vector) == chosen


@pytest.mark.parametrize("note", ["", "cna", "cna many", "cna 11.0"])
def test_a_record_without_a_score_says_nothing(note: str) -> None:
    assert choose((), "x", (replace(RECORD, note=note),)).level is Level.UNKNOWN
