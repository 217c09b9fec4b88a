"""Chisel's manifest of sliced packages."""

import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.catalog.api import Found, OpenFile, Unreadable
from scantling.catalog.ecosystems.dpkg import chisel
from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.facts import OwnedFiles, PackageFact

if sys.version_info >= (3, 14):
    from compression.zstd import compress
else:
    from backports.zstd import compress

DIGEST = "a" * 64
LINES = (
    '{"jsonwall":"1.0","schema":"1.0","count":7}',
    '{"kind":"content","slice":"libssl3t64_libs","path":"/usr/lib/libssl.so.3"}',
    '{"kind":"content","slice":"libssl3t64_copyright","path":"/usr/share/doc/libssl3t64/"}',
    f'{{"kind":"package","name":"base-files","version":"13","sha256":"{DIGEST}","arch":"amd64"}}',
    f'{{"kind":"package","name":"libssl3t64","version":"0:3.0.13","sha256":"{DIGEST}"}}',
    '{"kind":"path","path":"/usr/lib/libssl.so.3","mode":"0644","slices":["libssl3t64_libs"]}',
    '{"kind":"slice","name":"libssl3t64_libs"}',
)


def wall(*lines: str) -> bytes:
    return compress("".join(line + "\n" for line in lines).encode())


def read(data: bytes, limits: Limits = DEFAULT) -> list[Found]:
    """Return what the cataloger finds, with an InputError as the gap the driver makes of it."""
    found: list[Found] = []
    try:
        found += chisel.parse(
            OpenFile(path="var/lib/chisel/manifest.wall", data=data, limits=limits)
        )
    except InputError as error:
        found.append(Unreadable(code=error.code, reason=error.detail, limit=error.limit))
    return found


def names(found: list[Found]) -> list[str]:
    return [one.name for one in found if isinstance(one, PackageFact)]


def codes(found: list[Found]) -> list[str]:
    return [one.code for one in found if isinstance(one, Unreadable)]


def test_packages_and_their_files_are_read_and_missing_sources_are_reported() -> None:
    found = read(wall(*LINES))

    hashes = (("sha256", DIGEST),)
    assert found[:-1] == [
        PackageFact(type="deb", name="base-files", version="13", arch="amd64", hashes=hashes),
        PackageFact(type="deb", name="libssl3t64", version="3.0.13", hashes=hashes),
        OwnedFiles(
            package="libssl3t64", paths=("usr/lib/libssl.so.3", "usr/share/doc/libssl3t64/")
        ),
    ]
    assert codes(found) == ["os.no-source-names"]


@pytest.mark.parametrize(
    "broken",
    [
        "not json",
        "[]",
        '{"kind":"package","name":"x"}',
        '{"kind":"package","name":"X","version":"1"}',
        '{"kind":"package","name":"x","version":"1 2"}',
        '{"kind":"package","name":3,"version":"1"}',
        '{"name":"x"}',
        '{"kind":"pack","name":"x","version":"1"}',
    ],
)
def test_a_broken_entry_is_reported_and_does_not_hide_the_next(broken: str) -> None:
    found = read(wall(*LINES[:3], broken, *LINES[4:]))

    assert names(found) == ["libssl3t64"]
    assert set(codes(found)) == {"parse.record", "os.no-source-names"}


def test_files_of_a_package_that_is_not_listed_are_reported() -> None:
    found = read(wall('{"jsonwall":"1.0","schema":"1.0","count":2}', LINES[1]))

    assert codes(found) == ["parse.record"]


def test_fewer_lines_than_announced_are_reported() -> None:
    assert codes(read(wall(*LINES[:-1]))) == ["parse.record", "os.no-source-names"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "parse.failed"),
        (b"{}", "zstd.corrupt"),
        (wall(), "parse.failed"),
        (wall("{}"), "parse.failed"),
        (wall(*LINES[1:]), "parse.failed"),
    ],
    ids=["empty", "plain", "no_lines", "no_header", "header_missing"],
)
def test_what_is_no_manifest_is_reported(data: bytes, code: str) -> None:
    assert codes(read(data)) == [code]


def test_limits_on_size_and_entries_are_reported() -> None:
    large = read(wall(*LINES), Limits(json_bytes=100))
    many = read(wall(*LINES), Limits(records=4))

    assert codes(large) == ["limit.file"]
    assert names(many) == ["base-files"]
    assert codes(many)[0] == "limit.records"


def test_a_damaged_or_cut_manifest_never_loses_packages_silently() -> None:
    """Undamaged, it has one gap: that it names no sources."""
    data = wall(*LINES)
    chance = random.Random(1)  # noqa: S311 - repeatable

    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << chance.randrange(8)
        for found in (read(bytes(damaged)), read(data[:place])):
            assert len(names(found)) == 2 or set(codes(found)) - {"os.no-source-names"}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_reported(noise: bytes) -> None:
    for data in (noise, compress(noise), compress(LINES[0].encode() + b"\n" + noise)):
        for one in read(data):
            assert isinstance(one, PackageFact | OwnedFiles | Unreadable)
