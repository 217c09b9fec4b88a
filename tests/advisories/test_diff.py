"""What changed between two versions: for people, and for matching again."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.advisories.database import Database
from scantling.advisories.diff import changed_keys, diff
from scantling.advisories.store import Store
from scantling.core.model.advisory import Advisory, Statement
from scantling.testing.advisories import advisory, build_with, feed_of, statement

DEBIAN = "deb/debian:12"
NAMES = ("a", "b", "c")


def _database(folder: Path, *advisories: Advisory, name: str = "deb") -> Database:
    store = Store(folder)
    build_with(store, feed_of(*advisories, name=name), accept=frozenset({name}))
    return store.open()


def _two(folder: Path, old: Advisory, new: Advisory) -> tuple[Database, Database]:
    return _database(folder / "old", old), _database(folder / "new", new)


def test_the_same_content_has_no_changed_keys(tmp_path: Path) -> None:
    old, new = _two(tmp_path, advisory(), advisory())

    assert changed_keys(old, new) == ()


def test_added_removed_and_changed_packages_are_changed_keys(tmp_path: Path) -> None:
    old = advisory("DSA-1", statement("a"), statement("b"), statement("same"))
    new = advisory("DSA-1", statement("b", fixed_in=("6",)), statement("c"), statement("same"))

    keys = changed_keys(*_two(tmp_path, old, new))

    assert keys == ((DEBIAN, "a"), (DEBIAN, "b"), (DEBIAN, "c"))


def test_an_alias_alone_changes_a_key_though_no_statement_changed(tmp_path: Path) -> None:
    old, new = _two(tmp_path, advisory(), advisory(aliases=("CVE-2024-9999",)))

    assert [*diff(old, new)] == []
    assert changed_keys(old, new) == ((DEBIAN, "openssl"),)


def test_a_source_that_is_new_or_gone_changes_its_keys(tmp_path: Path) -> None:
    one = _database(tmp_path / "one", advisory("DSA-1", statement("a")))
    other = _database(tmp_path / "other", advisory("X-1", statement("b"), source="x"), name="x")

    assert changed_keys(one, other) == ((DEBIAN, "a"), (DEBIAN, "b"))


_STATEMENTS = st.builds(
    statement,
    st.sampled_from(NAMES),
    vulnerability=st.sampled_from(["CVE-1", "CVE-2"]),
    fixed_in=st.sampled_from([("5",), ("6",)]),
)
_SAID = st.lists(_STATEMENTS, min_size=1, max_size=3)


@settings(max_examples=20, deadline=None)
@given(_SAID, _SAID)
def test_changed_keys_are_those_with_another_answer(
    tmp_path_factory: pytest.TempPathFactory, old: list[Statement], new: list[Statement]
) -> None:
    folder = tmp_path_factory.mktemp("diff")
    databases = _two(folder, advisory("DSA-1", *old), advisory("DSA-1", *new))

    answers = [[one.lookup(DEBIAN, name) for name in NAMES] for one in databases]

    different = [(DEBIAN, name) for name, a, b in zip(NAMES, *answers, strict=True) if a != b]
    assert [*changed_keys(*databases)] == different
