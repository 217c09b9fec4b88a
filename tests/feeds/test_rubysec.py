"""Ruby advisories: requirements, and affected as the complement of patched and unaffected."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.advisories.api import Unreadable
from scantling.advisories.ecosystems import key_of
from scantling.advisories.feeds.rubysec import affected, satisfying
from scantling.advisories.intervals import membership
from scantling.core.errors import InputError
from tests.feeds.reading import interval_text, parsed_one, statements

KEY = key_of("gem")
NUMBERS = st.lists(st.integers(0, 4), min_size=1, max_size=4).map(
    lambda found: ".".join(map(str, found))
)
VERSIONS = st.tuples(NUMBERS, st.sampled_from(["", ".pre", ".beta1", ".rc2"])).map("".join)
CLAUSES = st.tuples(st.sampled_from(["~>", ">=", ">", "<", "<=", "=", "!="]), VERSIONS).map(
    " ".join
)
REQUIREMENTS = st.lists(CLAUSES, min_size=1, max_size=3).map(", ".join)


def satisfies(version: str, clause: str) -> bool:
    """Compare as Gem::Requirement does, without intervals."""
    op, _, wanted = clause.partition(" ")
    mine, theirs = KEY(version), KEY(wanted)
    assert mine is not None
    assert theirs is not None
    match op:
        case "~>":
            release = KEY(_release(version))
            bump = KEY(_bump(wanted))
            assert release is not None
            assert bump is not None
            return mine >= theirs and release < bump
        case ">=":
            return mine >= theirs
        case ">":
            return mine > theirs
        case "<":
            return mine < theirs
        case "<=":
            return mine <= theirs
        case "!=":
            return mine != theirs
        case _:
            return mine == theirs


def _release(version: str) -> str:
    """As Gem::Version#release: the version before its first letter segment."""
    return re.split(r"\.(?=[a-z])", version)[0]


def _bump(version: str) -> str:
    """As Gem::Version#bump."""
    segments = _release(version).split(".")
    if len(segments) > 1:
        segments.pop()
    return ".".join([*segments[:-1], str(int(segments[-1]) + 1)])


@settings(max_examples=300, deadline=None)
@given(st.lists(REQUIREMENTS, max_size=4), VERSIONS)
def test_a_version_is_covered_exactly_when_no_requirement_is_satisfied(
    requirements: list[str], version: str
) -> None:
    satisfied = any(
        all(satisfies(version, clause) for clause in requirement.split(", "))
        for requirement in requirements
    )
    key = KEY(version)
    assert key is not None

    covered = membership(affected(requirements), KEY)(key)

    assert covered == (not satisfied)


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("~> 3.1.21", "[3.1.21, 3.2.A)"),
        ("~> 2", "[2, 3.A)"),
        ("~> 2.0.0.beta1", "[2.0.0.beta1, 2.1.A)"),
        (">= 2.0, < 2.4", "[2.0, 2.4)"),
        ("= 1.0", "[1.0, 1.0]"),
        ("1.0", "[1.0, 1.0]"),
        ("!= 1.0", "[, 1.0) (1.0, )"),
    ],
)
def test_a_requirement_is_satisfied_by_these_versions(requirement: str, expected: str) -> None:
    assert " ".join(map(interval_text, satisfying(requirement))) == expected


@pytest.mark.parametrize("text", ["", "latest", ">= ", "=> 1", ">= 1 || < 2", "~> " + "9" * 5000])
def test_what_is_no_requirement_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        satisfying(text)


def test_an_advisory_without_lists_is_about_every_version_and_has_no_fix() -> None:
    (said,) = statements(parsed_one("rubysec", "gems/x/CVE-2024-1.yml", "gem: x\ntitle: t\n"))

    assert (said.ranges, said.versions, said.fix) == ((), (), "none")


def test_interpreters_have_plain_bounds() -> None:
    text = "engine: ruby\ntitle: t\npatched_versions:\n- ~> 3.1.2\n- '>= 3.3.1'\n"

    (said,) = statements(parsed_one("rubysec", "rubies/ruby/CVE-2024-1.yml", text))

    assert [interval_text(one) for one in said.ranges] == ["[, 3.1.2)", "[3.2, 3.3.1)"]


def test_a_version_that_yaml_read_as_a_number_is_refused_rather_than_shortened() -> None:
    text = "gem: x\ntitle: t\npatched_versions:\n- 1.10\n"

    (record,) = parsed_one("rubysec", "gems/x/CVE-2024-1.yml", text)

    assert isinstance(record, Unreadable)
    assert "$.patched_versions[0]" in record.reason
