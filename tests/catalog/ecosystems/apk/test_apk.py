"""apk's database of installed packages."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.catalog.api import Cataloger, Found, OpenFile, Unreadable
from scantling.catalog.ecosystems.apk import installed, nested
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.facts import OwnedFiles, PackageFact

DATA = Path(__file__).parent / "data"
ALPINE = (DATA / "alpine-3.18.9.installed").read_bytes()
OWN = "lib/apk/db/installed"


def read(data: bytes | str, limits: Limits = DEFAULT) -> list[Found]:
    raw = data.encode() if isinstance(data, str) else data
    return list(installed.parse(OpenFile(path=OWN, data=raw, limits=limits)))


def packages(found: Sequence[Found]) -> list[PackageFact]:
    return [one for one in found if isinstance(one, PackageFact)]


def gaps(found: list[Found]) -> list[Unreadable]:
    return [one for one in found if isinstance(one, Unreadable)]


def test_a_record_gives_the_package_and_then_its_files() -> None:
    text = (
        "C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=\nP:musl-utils\nV:1.2.4-r2\nA:x86_64\nS:36697\n"
        "I:135168\nT:the musl c library (libc) implementation\nU:https://musl.libc.org/\n"
        "L:MIT AND BSD-2-Clause\no:musl\nm:A Person <a@example.com>\nt:1695000000\nc:abc\n"
        "D:scanelf\nF:\nR:init\nF:usr\nF:usr/bin\nR:getconf\na:0:0:755\nZ:Q1xyz=\nR:ldd\n\n"
    )

    assert read(text) == [
        PackageFact(
            type="apk",
            name="musl-utils",
            version="1.2.4-r2",
            source_name="musl",
            source_version="1.2.4-r2",
            arch="x86_64",
            licenses=("MIT AND BSD-2-Clause",),
            vendor="A Person <a@example.com>",
            hashes=(("sha1", "a8a719fa3db7c6cb005e681086438ef1d1e76d6c"),),
        ),
        OwnedFiles(
            package="musl-utils", arch="x86_64", paths=("init", "usr/bin/getconf", "usr/bin/ldd")
        ),
    ]


def test_an_origin_of_the_same_name_is_no_source_package() -> None:
    (package,) = packages(read("P:musl\nV:1.2.4-r2\no:musl\n\n"))

    assert (package.source_name, package.source_version) == ("", "")


def test_a_sha256_checksum_is_read() -> None:
    (package,) = packages(read(f"C:Q2{'A' * 43}=\nP:a\nV:1-r0\n\n"))

    assert package.hashes == (("sha256", "00" * 32),)


@pytest.mark.parametrize("checksum", ["Q1abc", "Q1AAAA", "X1AAAA", "Q2", "é"])
def test_a_damaged_checksum_is_noted(checksum: str) -> None:
    found = read(f"C:{checksum}\nP:a\nV:1-r0\n\n")

    assert [one.hashes for one in packages(found)] == [()]
    assert [one.code for one in gaps(found)] == ["parse.note"]


def test_a_virtual_package_says_that_it_is_one() -> None:
    (package,) = packages(read("P:.build-deps\nV:20240101.120000\nA:noarch\n\n"))

    assert package.note == "a virtual package: a name for a set of others"


@pytest.mark.parametrize(
    "broken",
    [
        "V:1-r0\nA:x86_64\n",
        "P:broken\nA:x86_64\n",
        "P:bro ken\nV:1-r0\n",
        "P:broken\nV:1 r0\n",
        "P:broken\nV:1-r0\nV:2-r0\n",
        "P:broken\nV:1-r0\nnot a field\n",
        "P:broken\nV:1-r0\nX:unknown\n",
        f"P:{'x' * 1025}\nV:1-r0\n",
        f"P:broken\nV:{'1' * 257}\n",
    ],
    ids=[
        "no_name",
        "no_version",
        "name_of_two_words",
        "version_of_two_words",
        "two_versions",
        "no_field",
        "unknown_field",
        "long_name",
        "long_version",
    ],
)
def test_a_broken_record_is_reported_and_does_not_hide_its_neighbors(broken: str) -> None:
    found = read("P:before\nV:1-r0\n\n" + broken + "\nP:after\nV:1-r0\n\n")

    names = [one.name for one in packages(found)]
    assert (names[0], names[-1]) == ("before", "after")
    assert {one.code for one in gaps(found)} == {"parse.record"}


def test_two_records_that_lost_their_empty_line_are_both_read() -> None:
    found = read("C:Q1\nP:one\nV:1-r0\nC:Q1\nP:two\nV:2-r0\n\n")

    assert [(one.name, one.version) for one in packages(found)] == [
        ("one", "1-r0"),
        ("two", "2-r0"),
    ]
    assert "parse.record" in {one.code for one in gaps(found)}


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_a_line_feed_starts_a_field(separator: str) -> None:
    found = read(f"P:a\nV:1-r0\nT:text{separator}V:2-r0\n\n")

    assert [one.version for one in packages(found)] == ["1-r0"]
    assert not gaps(found)


def test_limits_on_records_are_reported() -> None:
    text = "P:a\nV:1-r0\n\nP:b\nV:1-r0\n\nP:c\nV:1-r0\n\n"

    few = read(text, Limits(records=2))
    small = read(text, Limits(record_bytes=5))

    assert [one.name for one in packages(few)] == ["a", "b"]
    assert [one.limit for one in gaps(few)] == ["records"]
    assert [one.limit for one in gaps(small)] == ["record_bytes"] * 3


def test_a_real_database_is_read_without_a_gap() -> None:
    found = read(ALPINE)

    assert not gaps(found)
    assert [(one.name, one.version) for one in packages(found)][:2] == [
        ("alpine-baselayout", "3.4.3-r1"),
        ("alpine-baselayout-data", "3.4.3-r1"),
    ]
    assert len(packages(found)) == ALPINE.count(b"\nP:")
    owned = [one for one in found if isinstance(one, OwnedFiles)]
    assert sum(len(one.paths) for one in owned) == ALPINE.count(b"\nR:")


def test_a_database_below_the_root_is_another_systems_and_owns_nothing() -> None:
    found = list(nested.parse(OpenFile(path=f"srv/root/{OWN}", data=ALPINE)))

    assert [one.name for one in packages(found)] == [one.name for one in packages(read(ALPINE))]
    assert {one.note for one in packages(found)} == {
        "installed in a file system inside the image, not in the image's own"
    }
    assert not any(isinstance(one, OwnedFiles) for one in found)
    assert list(nested.parse(OpenFile(path=OWN, data=ALPINE))) == []


def test_a_flipped_bit_never_takes_a_package_away_silently() -> None:
    whole = len(packages(read(ALPINE)))
    chance = random.Random(1)  # noqa: S311 - repeatable

    for _ in range(400):
        damaged = bytearray(ALPINE)
        damaged[chance.randrange(len(ALPINE))] ^= 1 << chance.randrange(8)
        found = read(bytes(damaged))

        assert len(packages(found)) >= whole or gaps(found)


def test_a_list_that_was_cut_says_so_unless_it_ends_with_a_record() -> None:
    whole = len(packages(read(ALPINE)))
    places = random.Random(2).sample(range(1, len(ALPINE)), 100)  # noqa: S311 - repeatable

    for place in places:
        found = read(ALPINE[:place])

        cut_between = ALPINE[:place].endswith(b"\n\n")
        assert len(packages(found)) == whole or gaps(found) or cut_between


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([installed.PLUGIN, nested.PLUGIN]),
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(["P:a", "V:1-r0", "C:Q1x", "", "F:usr", "R:x", "Q:1", "::", "é:"])
    ).map(lambda lines: "\n".join(lines).encode()),
)
def test_any_bytes_are_read_or_reported(plugin: Cataloger, data: bytes) -> None:
    for one in plugin.parse(OpenFile(path="srv/lib/apk/db/installed", data=data)):
        assert isinstance(one, PackageFact | OwnedFiles | Unreadable)
