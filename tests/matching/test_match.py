"""Packages meet statements: source and binary names, ranges, statuses, and their reasons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.model.advisory import Fix, Interval, Statement, Status, Stored
from scantling.core.model.finding import Match, Outcome
from scantling.core.model.inventory import Package
from scantling.matching.match import match, match_package
from scantling.testing.reports import DJANGO, OPENSSL, package
from scantling.versions.registry import scheme_for

AFFECTED, NOT_AFFECTED, UNDETERMINED = Outcome.AFFECTED, Outcome.NOT_AFFECTED, Outcome.UNDETERMINED
BELOW = (Interval(high="2.2.9"),)


class Index:
    """A database in memory."""

    def __init__(self, *stored: Stored) -> None:
        self._stored = stored

    def lookup(self, ecosystem: str, package: str) -> tuple[Stored, ...]:
        return tuple(
            one
            for one in self._stored
            if (one.statement.ecosystem, one.statement.package) == (ecosystem, package)
        )


def stored(statement: Statement, **fields: object) -> Stored:
    """Return the statement as the database would hand it out."""
    key = scheme_for(statement.ecosystem).key
    values: dict[str, object] = {
        "source": "pypa",
        "advisory": "PYSEC-1",
        "statement": statement,
        "keys": tuple(
            (key(one.low) if one.low else None, key(one.high) if one.high else None)
            for one in statement.ranges
        ),
        "version_keys": tuple(key(one) for one in statement.versions),
        **fields,
    }
    return Stored(**values)  # type: ignore[arg-type]  # checked by Stored


def django(**fields: object) -> Statement:
    values: dict[str, object] = {
        "ecosystem": "pypi",
        "package": "django",
        "vulnerability": "CVE-1",
        "fix": Fix.FIXED,
        "fixed_in": ("2.2.9",),
        **fields,
    }
    return Statement(**values)  # type: ignore[arg-type]  # checked by Statement


def openssl(**fields: object) -> Statement:
    values: dict[str, object] = {
        "ecosystem": "deb/debian:12",
        "package": "openssl",
        "vulnerability": "CVE-1",
        "source_package": True,
        "ranges": (Interval(high="3.0.12-1"),),
        **fields,
    }
    return Statement(**values)  # type: ignore[arg-type]  # checked by Statement


def _all(about: Package, *statements: Statement, **fields: object) -> list[Match]:
    index = Index(*(stored(one, **fields) for one in statements))
    return [*match_package(about, index, everything=True)]


def _outcomes(about: Package, *statements: Statement) -> list[Outcome]:
    return [one.outcome for one in _all(about, *statements)]


@pytest.mark.parametrize(
    ("version", "ranges", "outcome"),
    [
        pytest.param("2.2", BELOW, AFFECTED, id="below_the_fix"),
        pytest.param("2.2.9", BELOW, NOT_AFFECTED, id="the_fix_itself"),
        pytest.param("2.10", BELOW, NOT_AFFECTED, id="numbers_not_letters"),
        pytest.param("2.2.9rc1", BELOW, AFFECTED, id="a_candidate_of_the_fix"),
        pytest.param("1.0", (Interval(low="1.0", high="2.0"),), AFFECTED, id="low_inclusive"),
        pytest.param(
            "1.0", (Interval(low="1.0", low_inclusive=False),), NOT_AFFECTED, id="low_exclusive"
        ),
        pytest.param(
            "2.0", (Interval(high="2.0", high_inclusive=True),), AFFECTED, id="high_inclusive"
        ),
        pytest.param("9", (Interval(low="1.0"),), AFFECTED, id="no_fix_known"),
        pytest.param(
            "3.0.5",
            (Interval(high="2.2.9"), Interval(low="3.0", high="3.0.1")),
            NOT_AFFECTED,
            id="outside_both_branches",
        ),
        pytest.param("not a version", BELOW, UNDETERMINED, id="unreadable_version"),
        pytest.param("1.0", (Interval(high="no bound"),), UNDETERMINED, id="unreadable_bound"),
        pytest.param(
            "0.5",
            (Interval(low="1.0", high="no bound"),),
            NOT_AFFECTED,
            id="the_other_bound_decides",
        ),
        pytest.param("1.0", (), AFFECTED, id="about_every_version"),
        pytest.param("no version", (), AFFECTED, id="about_every_version_even_this"),
    ],
)
def test_a_version_meets_a_range(
    version: str, ranges: tuple[Interval, ...], outcome: Outcome
) -> None:
    assert _outcomes(package("django", version), django(ranges=ranges)) == [outcome]


@pytest.mark.parametrize(
    ("version", "outcome"),
    [("2.2", AFFECTED), ("2.2.0", AFFECTED), ("2.3", NOT_AFFECTED)],
)
def test_listed_versions_are_compared_by_meaning(version: str, outcome: Outcome) -> None:
    assert _outcomes(package("django", version), django(versions=("2.1", "2.2"))) == [outcome]


def test_a_match_says_how_it_was_found_and_why() -> None:
    [found] = _all(DJANGO, django(ranges=BELOW))

    assert (found.by, found.package, found.version) == ("name", "django", "2.2")
    assert found.because == "2.2 is < 2.2.9"
    assert found.range == "vers:pypi/<2.2.9"
    assert found.fixed_in == ("2.2.9",)


def test_pypi_names_are_compared_normalized() -> None:
    other = django(package="flask-sqlalchemy")

    assert _outcomes(package("Flask_SQLAlchemy", "1"), other) == [AFFECTED]


def test_a_source_statement_is_compared_with_the_source_version() -> None:
    rebuilt = replace(OPENSSL, version="3.0.99-1+b1", source_version="3.0.11-1~deb12u2")

    [found] = _all(rebuilt, openssl())

    assert (found.outcome, found.by) == (AFFECTED, "source-name")
    assert found.version == "3.0.11-1~deb12u2"


def test_a_binary_named_like_another_source_is_not_confused_with_it() -> None:
    confused = replace(OPENSSL, name="openssl", source_name="quictls")

    assert _outcomes(confused, openssl()) == []


def test_a_package_that_is_its_own_source_meets_source_statements() -> None:
    own = replace(OPENSSL, name="openssl", source_name="")

    assert [one.by for one in _all(own, openssl())] == ["name"]


def test_a_statement_about_binaries_does_not_meet_the_source_name() -> None:
    assert _outcomes(OPENSSL, openssl(source_package=False)) == []


def test_epochs_count() -> None:
    epoch = replace(OPENSSL, version="1:1.0-1", source_version="1:1.0-1")

    assert _outcomes(epoch, openssl()) == [NOT_AFFECTED]


@pytest.mark.parametrize(("arch", "count"), [("amd64", 1), ("arm64", 0), ("all", 1)])
def test_a_statement_may_be_about_some_architectures(arch: str, count: int) -> None:
    about = replace(OPENSSL, arch=arch)

    assert len(_all(about, openssl(archs=("amd64", "i386")))) == count


@pytest.mark.parametrize(
    ("module", "count"),
    [
        ("nodejs:18:8080:abcd", 1),
        ("nodejs:18", 1),
        ("nodejs:180", 0),
        ("", 0),
        ("nodejs:16:1:x", 0),
    ],
)
def test_a_statement_about_a_module_stream_meets_that_stream_only(module: str, count: int) -> None:
    about = replace(OPENSSL, module=module)

    assert len(_all(about, openssl(modules=("nodejs:18",)))) == count


def test_a_source_that_never_speaks_of_modules_is_heard_about_a_modular_package() -> None:
    about = replace(OPENSSL, module="nodejs:18:8080:abcd")
    plain, streamed = openssl(), openssl(vulnerability="CVE-2", modules=("nodejs:16",))

    assert len(_all(about, plain)) == 1
    assert _all(about, plain, streamed) == []


def test_a_withdrawn_advisory_makes_no_match() -> None:
    assert _all(DJANGO, django(ranges=BELOW), withdrawn="2026-01-01") == []


def test_not_affected_is_a_word_about_this_version_only() -> None:
    clears = django(ranges=BELOW, status=Status.NOT_AFFECTED, word="not-affected")

    assert _outcomes(DJANGO, clears) == [NOT_AFFECTED]
    assert _outcomes(package("django", "3.0"), clears) == []


def test_a_clearing_that_cannot_be_compared_clears_nothing() -> None:
    clears = django(ranges=BELOW, status=Status.NOT_AFFECTED)

    assert _outcomes(package("django", "?"), clears) == [UNDETERMINED]


def test_under_investigation_is_undetermined() -> None:
    open_case = django(ranges=BELOW, status=Status.UNDER_INVESTIGATION)

    assert _outcomes(DJANGO, open_case) == [UNDETERMINED]


def test_a_scan_keeps_contradicting_words_and_drops_idle_ones() -> None:
    index = Index(
        stored(django(ranges=BELOW)),
        stored(django(ranges=(Interval(high="1.0"),)), source="other"),
        stored(django(vulnerability="CVE-2", ranges=(Interval(high="1.0"),))),
    )

    found = match((DJANGO,), index)

    assert [(one.source, one.vulnerability, one.outcome) for one in found] == [
        ("pypa", "CVE-1", AFFECTED),
        ("other", "CVE-1", NOT_AFFECTED),
    ]


def test_everything_is_kept_about_a_package_that_owns_files_of_another() -> None:
    index = Index(stored(openssl(ranges=(Interval(high="1"),))))

    assert match((OPENSSL,), index) == ()
    assert [one.outcome for one in match((OPENSSL, package("x", owner=OPENSSL.purl)), index)] == [
        NOT_AFFECTED
    ]


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_whatever_the_texts_a_match_is_made_or_the_version_is_outside(
    version: str, low: str, high: str
) -> None:
    key = scheme_for("pypi").key
    statement = django(ranges=(Interval(low=low, high=high),), fixed_in=())

    [found] = _all(package("django", version), statement)

    if found.outcome is NOT_AFFECTED:
        assert key(version) is not None
        assert (low and key(low) is not None) or (high and key(high) is not None)
