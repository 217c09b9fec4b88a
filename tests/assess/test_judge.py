"""From everybody's word to one finding."""

from hypothesis import given
from hypothesis import strategies as st

from scantling.assess.judge import judge
from scantling.core.model.advisory import Fix, Level, Severity, Signal
from scantling.core.model.finding import FindingState, Match, Outcome
from scantling.testing.reports import DJANGO, OPENSSL, match, package


class _Signals:
    def signals(self, id_: str, /) -> tuple[Signal, ...]:
        return (Signal(id=id_, kind="kev", value="2026-01-01"),) if id_ == "CVE-1" else ()


OWNED = package("django", owner=OPENSSL.purl)
SIGNALS = _Signals()


def _distro(outcome: Outcome, **fields: object) -> Match:
    return match(OPENSSL, "CVE-1", outcome, source="debian", **fields)


def test_all_words_about_one_vulnerability_make_one_finding() -> None:
    ghsa = match(DJANGO, "GHSA-1", source="ghsa", aliases=("CVE-1",))

    [found] = judge([match(DJANGO, "CVE-1"), ghsa], SIGNALS)

    assert (found.id, found.aliases) == ("CVE-1", ("GHSA-1",))
    assert [one.source for one in found.matches] == ["ghsa", "pypa"]
    assert [one.kind for one in found.signals] == ["kev"]


def test_the_same_vulnerability_of_two_packages_is_two_findings() -> None:
    found = judge([match(DJANGO, "CVE-1"), match(package("other"), "CVE-1")], SIGNALS)

    assert len(found) == 2
    assert len({one.identity for one in found}) == 2


def test_a_distribution_that_fixed_it_clears_the_files_it_owns_and_says_why() -> None:
    words = [match(OWNED, "CVE-1"), _distro(Outcome.NOT_AFFECTED, because="fixed in 3.0.11")]

    [found] = judge(words, SIGNALS)

    assert found.state is FindingState.SUPPRESSED
    assert "fixed in 3.0.11" in found.reason
    assert "debian/libssl3" in found.reason


def test_a_distribution_that_is_affected_is_the_one_to_report() -> None:
    found = judge([match(OWNED, "CVE-1"), _distro(Outcome.AFFECTED)], SIGNALS)

    assert [(one.purl, one.state) for one in found] == [
        (OPENSSL.purl, FindingState.OPEN),
        (OWNED.purl, FindingState.SUPPRESSED),
    ]


def test_a_silent_distribution_clears_nothing() -> None:
    other = match(OPENSSL, "CVE-2", Outcome.NOT_AFFECTED, source="debian")

    [found] = judge([match(OWNED, "CVE-1"), other], SIGNALS)

    assert found.state is FindingState.OPEN


def test_a_distribution_that_cannot_tell_leaves_it_undetermined() -> None:
    words = [match(OWNED, "CVE-1"), _distro(Outcome.UNDETERMINED)]

    assert {one.state for one in judge(words, SIGNALS)} == {FindingState.UNDETERMINED}


def test_a_copy_outside_the_distribution_is_not_cleared_by_it() -> None:
    words = [match(DJANGO, "CVE-1"), _distro(Outcome.NOT_AFFECTED)]

    [found] = judge(words, SIGNALS)

    assert (found.purl, found.state) == (DJANGO.purl, FindingState.OPEN)


def test_affected_beats_not_affected_among_equals_and_both_are_shown() -> None:
    clear = match(DJANGO, "CVE-1", Outcome.NOT_AFFECTED, source="other")

    [found] = judge([clear, match(DJANGO, "CVE-1")], SIGNALS)

    assert found.state is FindingState.OPEN
    assert len(found.matches) == 2


def test_what_cannot_be_compared_stays_undetermined() -> None:
    [found] = judge([match(DJANGO, "CVE-1", Outcome.UNDETERMINED, because="?")], SIGNALS)

    assert (found.state, found.reason) == (FindingState.UNDETERMINED, "?")


def test_words_that_only_clear_make_no_finding() -> None:
    assert judge([match(DJANGO, "CVE-1", Outcome.NOT_AFFECTED)], SIGNALS) == ()


def test_the_fix_of_an_affected_word_is_shown() -> None:
    none = match(DJANGO, "CVE-1", source="a", fix=Fix.NONE, fixed_in=())

    [found] = judge([none, match(DJANGO, "CVE-1", fixed_in=("3.0.1", "2.10", "2.2.9"))], SIGNALS)

    assert (found.fix, found.fixed_in) == (Fix.FIXED, ("2.2.9", "2.10", "3.0.1"))


def test_the_identity_survives_a_new_version_of_the_package() -> None:
    [before] = judge([match(package("django", "1.0"), "CVE-1")], SIGNALS)
    [after] = judge([match(package("django", "1.1"), "CVE-1")], SIGNALS)

    assert before.identity == after.identity


def test_the_source_that_decides_gives_the_severity() -> None:
    own = (Severity(source="pypa", kind="word", value="LOW"),)
    other = (Severity(source="ghsa", kind="cvss3", value="CVSS:3.1/x", score=9.8),)

    [found] = judge(
        [
            match(DJANGO, "CVE-1", severities=own),
            match(DJANGO, "CVE-1", Outcome.NOT_AFFECTED, source="ghsa", severities=other),
        ],
        SIGNALS,
    )

    assert (found.severity, found.severity_source) == (Level.LOW, "pypa")


_MATCHES = st.builds(
    match,
    st.sampled_from([DJANGO, OPENSSL, OWNED]),
    st.sampled_from(["CVE-1", "CVE-2", "GHSA-1"]),
    st.sampled_from(list(Outcome)),
    source=st.sampled_from(["debian", "pypa", "ghsa"]),
    aliases=st.sampled_from([(), ("CVE-1",), ("CVE-2", "GHSA-1")]),
)


@given(st.lists(_MATCHES, max_size=10), st.randoms(use_true_random=False))
def test_the_order_of_the_words_changes_nothing(matches: list[Match], random: object) -> None:
    shuffled = list(matches)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random

    assert judge(shuffled, SIGNALS) == judge(matches, SIGNALS)


@given(st.lists(_MATCHES, max_size=10))
def test_no_affected_word_is_ever_lost(matches: list[Match]) -> None:
    found = judge(matches, SIGNALS)

    shown = {(one.purl, word) for one in found for word in one.matches}
    for one in matches:
        if one.outcome is not Outcome.NOT_AFFECTED:
            assert (one.purl, one) in shown
