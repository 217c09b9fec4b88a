"""Rust programs built with `cargo auditable`."""

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.ecosystems import programs
from tests.catalog.ecosystems.laws import (
    codes,
    damaged,
    gaps,
    ids,
    packages,
    read,
)

from scantling.catalog.api import Found
from scantling.catalog.ecosystems.rust.auditable import PLUGIN
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact

UV = (Path(__file__).parent / "data" / "uv-0.13.9.dep-v0").read_bytes()


def elf(data: bytes, section_flags: int = 0) -> bytes:
    return programs.elf({".text": b"x" * 64, ".dep-v0": data}, section_flags=section_flags)


def listed(*crates: object) -> list[Found]:
    data = zlib.compress(json.dumps({"packages": list(crates)}).encode())
    return read(PLUGIN, "app", elf(data))


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("uv", elf(UV)),
        ("uv.exe", programs.pe(UV, name=b".dep-v0")),
        ("uv", programs.macho(UV, section=b".dep-v0")),
    ],
    ids=["elf", "pe", "macho"],
)
def test_a_real_program_gives_the_crates_that_are_in_it(path: str, data: bytes) -> None:
    crates = json.loads(zlib.decompress(UV))["packages"]
    in_it = [crate for crate in crates if crate.get("kind", "runtime") == "runtime"]

    found = read(PLUGIN, path, data)

    assert len(crates) == 567
    assert ids(found) == [f"{crate['name']}@{crate['version']}" for crate in in_it]
    assert [one.name for one in packages(found) if one.root] == ["uv"]
    assert not gaps(found)


def test_the_source_of_a_crate_is_noted_unless_it_is_the_public_one() -> None:
    found = listed(
        {"name": "a", "version": "1.0.0", "source": "crates.io"},
        {"name": "b", "version": "1.0.0", "source": "git", "dependencies": [0]},
        {"name": "c", "version": "1.0.0", "source": "crates.io", "kind": "build"},
    )

    assert found == [
        PackageFact(type="cargo", name="a", version="1.0.0"),
        PackageFact(
            type="cargo", name="b", version="1.0.0", note="from a git source, not crates.io"
        ),
    ]


def test_a_nameless_crate_is_reported_and_does_not_hide_the_next() -> None:
    found = listed({"name": "", "version": "1"}, {"name": "a", "version": "1"})

    assert ids(found) == ["a@1"]
    assert codes(found) == {"parse.record"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not zlib",
        UV[:-10],
        zlib.compress(b"{}"),
        zlib.compress(b"[]"),
        zlib.compress(b'{"packages": [{"name": 1}]}'),
        zlib.compress(b'{"packages": [{"name": "a", "version": "1", "kind": "other"}]}'),
        zlib.compress(b'{"packages": [], "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ],
    ids=["empty", "no_zlib", "cut", "no_list", "list", "no_name", "unknown_kind", "deep"],
)
def test_a_broken_list_is_reported(data: bytes) -> None:
    program = programs.macho(data, section=b".dep-v0")

    assert codes(read(PLUGIN, "app", program)) == {"parse.failed"}


def test_a_list_that_expands_too_much_is_stopped() -> None:
    bomb = zlib.compress(bytes(20 * 1024 * 1024), 9)

    (found,) = gaps(read(PLUGIN, "app", elf(bomb)))

    assert (found.code, found.limit) == ("limit.records", "build_info_bytes")


def test_limits_on_size_and_number_are_reported() -> None:
    large = read(PLUGIN, "app", elf(UV), Limits(build_info_bytes=100))
    many = read(PLUGIN, "app", elf(UV), Limits(records=100))

    assert [one.limit for one in gaps(large)] == ["build_info_bytes"]
    assert [one.limit for one in gaps(many)] == ["records"]


def test_a_compressed_section_is_not_guessed_at() -> None:
    assert codes(read(PLUGIN, "app", elf(UV, section_flags=0x800))) == {"parse.failed"}


def test_other_programs_give_nothing() -> None:
    for data in (programs.elf({".text": b"x"}), programs.pe(b"x"), programs.macho(b"x"), b"text"):
        assert read(PLUGIN, "app.exe", data) == []


def test_damage_to_the_list_is_never_silent() -> None:
    data = zlib.compress(json.dumps({"packages": [{"name": "a", "version": "1"}] * 3}).encode())

    for copy in damaged(data):
        found = read(PLUGIN, "app", elf(copy or b"x"))
        assert len(packages(found)) == 3 or gaps(found)


def test_a_program_that_was_cut_off_is_reported() -> None:
    program = elf(UV)

    for length in range(4, len(program), 101):
        assert gaps(read(PLUGIN, "app", program[:length])), length


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x7fELF\2\1\1", b"MZ"]))
@settings(max_examples=200)
def test_any_bytes_give_packages_or_gaps(data: bytes, start: bytes) -> None:
    read(PLUGIN, "app", start + data)
    read(PLUGIN, "app", elf(data or b"x"))
    read(PLUGIN, "app", elf(zlib.compress(data)))
