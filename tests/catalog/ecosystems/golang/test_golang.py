"""Go programs."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.ecosystems import programs
from tests.catalog.ecosystems.laws import (
    assert_damage_is_never_silent,
    codes,
    gaps,
    ids,
    packages,
    read,
)

from scantling.catalog.api import Found
from scantling.catalog.ecosystems.golang import binary, marks, unmarked
from scantling.catalog.executable import MACHO
from scantling.catalog.wants import HEAD_BYTES, WantIndex
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact

DATA = Path(__file__).parent / "data"
ESBUILD = (DATA / "esbuild-0.14.54.buildinfo").read_bytes()
SKOPEO = (DATA / "skopeo-1.9.3.buildinfo").read_bytes()
MARK = b"\xff Go buildinf:"
START = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
END = bytes.fromhex("f932433186182072008242104116d8f2")
NOTE = struct.pack("<3I4s", 4, 8, 4, b"Go\0\0") + b"build-id"
ESBUILD_IDS = [
    "stdlib@1.19.0",
    "github.com/evanw/esbuild@",
    "golang.org/x/sys@v0.0.0-20220715151400-c0bba94af5f8",
]


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes((number & 0x7F | 0x80,))
        number >>= 7
    return out + bytes((number,))


def info(modules: str, toolchain: str = "go1.22.5") -> bytes:
    """Return build information as Go 1.18 and later write it."""
    text = START + modules.encode() + END if modules else b""
    version = toolchain.encode()
    header = MARK + bytes((8, 2)) + bytes(16)
    return header + varint(len(version)) + version + varint(len(text)) + text


def pointed_info(modules: str, toolchain: str, *, order: str = "<", wide: bool = True) -> bytes:
    """Return build information as Go before 1.18 wrote it, for the first section of a program."""
    size, form = (8, order + "2Q") if wide else (4, order + "2I")
    base = programs.BASE + (64 + 56 if wide else 52 + 32)
    base += -base % 16
    version, text = toolchain.encode(), START + modules.encode() + END
    strings = base + 32 + 4 * size
    out = (MARK + bytes((size, int(order == ">")))).ljust(16, b"\0")
    out += struct.pack(form, base + 32, base + 32 + 2 * size)
    out = out.ljust(32, b"\0")
    out += struct.pack(form, strings, len(version))
    out += struct.pack(form, strings + len(version), len(text))
    return out + version + text


def elf(data: bytes, section: str = ".go.buildinfo") -> bytes:
    return programs.elf({section: data}, head=NOTE)


def parsed(modules: str, toolchain: str = "go1.22.5", limits: Limits | None = None) -> list[Found]:
    return read(binary.PLUGIN, "app", elf(info(modules, toolchain)), limits or Limits())


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("esbuild", elf(ESBUILD)),
        ("esbuild", elf(ESBUILD, ".data")),
        ("esbuild", programs.elf({".go.buildinfo": ESBUILD}, head=NOTE, order=">")),
        ("esbuild.exe", programs.pe(ESBUILD)),
        ("esbuild.exe", programs.pe(ESBUILD, wide=False)),
        ("esbuild", programs.macho(ESBUILD)),
        ("esbuild", programs.macho(ESBUILD, section=b"__noptrdata")),
    ],
    ids=["elf", "no_section", "big_endian", "pe", "pe_32", "macho", "macho_no_section"],
)
def test_a_real_program_gives_toolchain_main_module_and_dependencies(
    path: str, data: bytes
) -> None:
    found = read(binary.PLUGIN, path, data)

    assert ids(found) == ESBUILD_IDS
    assert [one.root for one in packages(found)] == [False, True, False]
    assert codes(found) == {"go.unversioned"}


def test_a_universal_file_has_several_programs() -> None:
    program = programs.macho(ESBUILD)

    assert ids(read(binary.PLUGIN, "esbuild", programs.fat(program, program))) == ESBUILD_IDS * 2


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [True, False], ids=["64", "32"])
def test_the_form_before_go_1_18_is_read_through_its_pointers(order: str, *, wide: bool) -> None:
    text = "path\texample.com/a\nmod\texample.com/a\tv1.2.3\t\ndep\texample.com/b\tv0.1.0\th1:x=\n"
    data = pointed_info(text, "go1.15.2", order=order, wide=wide)

    found = read(
        binary.PLUGIN,
        "a",
        programs.elf({".go.buildinfo": data}, order=order, wide=wide),
    )

    assert ids(found) == ["stdlib@1.15.2", "example.com/a@v1.2.3", "example.com/b@v0.1.0"]
    assert not gaps(found)


def test_a_program_without_modules_is_a_gap() -> None:
    """Debian builds in GOPATH mode: the modules are linked but not listed."""
    found = read(binary.PLUGIN, "usr/bin/skopeo", elf(SKOPEO))

    assert ids(found) == ["stdlib@1.19.8"]
    assert codes(found) == {"go.unversioned"}


def test_the_tools_of_go_itself_have_no_modules() -> None:
    found = parsed("path\tcmd/compile\nbuild\t-compiler=gc\n")

    assert ids(found) == ["stdlib@1.22.5"]
    assert not gaps(found)


@pytest.mark.parametrize(
    ("toolchain", "expected"),
    [
        ("go1.19.8", "1.19.8"),
        ("go1.20", "1.20.0"),
        ("go1.21rc2", "1.21.0-rc.2"),
        ("go1.22.5 X:boringcrypto", "1.22.5"),
        ("go1.20.10 (Red Hat 1.20.10-1.el9)", "1.20.10"),
    ],
)
def test_the_standard_library_has_the_toolchains_version(toolchain: str, expected: str) -> None:
    found = parsed("path\tcmd/a\n", toolchain)

    assert ids(found) == [f"stdlib@{expected}"]
    assert not gaps(found)


def test_a_development_toolchain_has_no_version() -> None:
    found = parsed("path\tcmd/a\n", "devel go1.23-9e3d1e5 Tue Jan 2 2024")

    assert ids(found) == ["stdlib@"]
    assert codes(found) == {"go.unversioned"}


def test_a_replacement_stands_for_what_it_replaces() -> None:
    found = parsed(
        "path\texample.com/a\nmod\texample.com/a\tv1.0.0\t\n"
        "dep\texample.com/b\tv1.1.0\n=>\texample.com/fork\tv1.1.1\th1:x=\n"
        "dep\texample.com/c\tv1.5.0\n=>\t./third_party/c\t(devel)\t\n"
    )

    assert ids(found)[2:] == ["example.com/fork@v1.1.1", "example.com/c@"]
    assert [one.note for one in packages(found)[2:]] == [
        "replaces example.com/b v1.1.0",
        "example.com/c v1.5.0 replaced by ./third_party/c",
    ]
    assert [(one.code, one.reason) for one in gaps(found)] == [
        ("go.unversioned", "1 modules have no version: example.com/c")
    ]


@pytest.mark.parametrize(
    ("flags", "version"),
    [
        ('"-s -w -X main.version=1.2.3"', "v1.2.3"),
        ('"-X main.Version=v1.2.3-rc.1"', "v1.2.3-rc.1"),
        ("\"-X 'example.com/a/internal/build.gitVersion=v1.2.3'\"", "v1.2.3"),
        ('"-X \\"main.version=1.2.3\\""', "v1.2.3"),
        ("`-X main.version=1.2.3`", "v1.2.3"),
        ("-X=main.version=1.2", "v1.2"),
        ('"-X main.version=1.2.3 -X example.com/a/b.Version=1.2.3"', "v1.2.3"),
        ('"-X main.version=1.2.3 -X example.com/a/b.Version=4.5.6"', ""),
        ('"-X main.version=dev"', ""),
        ('"-X main.commit=1.2.3"', ""),
        ('"-X example.com/other.Version=9.9.9"', ""),
        ('"-X example.com/abc.Version=9.9.9"', ""),
        ('"-s -w"', ""),
    ],
)
def test_the_version_of_an_unversioned_build_may_be_in_its_linker_flags(
    flags: str, version: str
) -> None:
    found = parsed(
        "path\texample.com/a/cmd\nmod\texample.com/a\t(devel)\t\n"
        f"build\t-ldflags={flags}\nbuild\tvcs.revision=abc\nbuild\tvcs.modified=true\n"
    )

    (main,) = [one for one in packages(found) if one.root]
    assert main.version == version
    assert codes(found) == (set() if version else {"go.unversioned"})
    assert version or main.note == "built from revision abc with local changes"


def test_a_program_by_its_note_without_build_information_is_a_gap() -> None:
    found = read(binary.PLUGIN, "app", programs.elf({".data": b"x" * 64}, head=NOTE))

    assert [one.code for one in gaps(found)] == ["go.unversioned"]


def test_other_programs_give_nothing() -> None:
    for data in (
        programs.elf({".text": b"x" * 64}),
        programs.pe(b"x" * 64),
        programs.macho(b"x" * 64),
        b"MZ" + bytes(100),
    ):
        assert read(binary.PLUGIN, "app.exe", data) == []


def test_the_mark_counts_only_where_the_linker_puts_it() -> None:
    off_by_eight = programs.elf({".data": bytes(8) + ESBUILD})
    read_only = programs.elf({".rodata": ESBUILD}, flags=4)

    assert read(binary.PLUGIN, "app", off_by_eight) == []
    assert read(binary.PLUGIN, "app", read_only) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (MARK + bytes((8, 2)) + bytes(16) + b"\xff" * 10, "parse.failed"),
        (MARK + bytes((8, 2)) + bytes(16) + varint(2**63), "limit.records"),
        (MARK + bytes((8, 2)) + bytes(16) + varint(1000) + b"go1.22", "parse.failed"),
        (MARK + bytes((8, 2)) + bytes(16) + varint(3) + b"abc" + b"\0", "parse.failed"),
        (info("x")[:-20], "parse.failed"),
        (MARK + bytes((3, 0)) + bytes(64), "parse.failed"),
        (MARK + bytes((8, 0)) + struct.pack("<2Q", programs.BASE, 2**63), "parse.failed"),
        (MARK + bytes((8, 0)) + struct.pack("<2Q", 2**63, 2**63), "parse.failed"),
        (MARK + bytes((8, 0)) + bytes(16), "parse.failed"),
    ],
    ids=[
        "endless_length",
        "length_of_2_63",
        "length_past_the_end",
        "no_toolchain",
        "list_cut_off",
        "pointer_of_3_bytes",
        "pointer_to_nonsense",
        "pointer_nowhere",
        "no_pointers",
    ],
)
def test_damaged_build_information_is_reported(data: bytes, code: str) -> None:
    assert codes(read(binary.PLUGIN, "app", elf(data))) == {code}


def test_a_million_modules_meet_a_limit() -> None:
    text = "path\ta\n" + "dep\texample.com/b\tv1.0.0\n" * 1000

    found = parsed(text, limits=Limits(records=100))

    assert [(one.code, one.limit) for one in gaps(found)] == [("limit.records", "records")]


def test_odd_lines_are_reported_and_do_not_hide_the_others() -> None:
    found = parsed(
        "path\ta.b/c\nmod\ta.b/c\tv1.0.0\t\nwhat\tis this\n=>\tx\ndep\t\tv1.0.0\n"
        "dep\texample.com/b\tv1.0.0\ndep\texample.com/\x1b[2J\tv1.0.0\ndep\texample.com/d\n"
    )

    assert ids(found)[1:] == ["a.b/c@v1.0.0", "example.com/b@v1.0.0"]
    assert codes(found) == {"parse.record"}


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (0x28, struct.pack("<Q", 2**40)),
        (0x3A, struct.pack("<H", 0)),
        (0x3C, struct.pack("<H", 0xFFFF)),
        (0x3E, struct.pack("<H", 0xFFFF)),
        (0x38, struct.pack("<H", 0xFFFF)),
        (0x36, struct.pack("<H", 1)),
        (0x20, struct.pack("<Q", 2**63)),
    ],
    ids=[
        "sections_past_the_end",
        "sections_of_0_bytes",
        "65535_sections",
        "names_in_no_section",
        "65535_segments",
        "segments_of_1_byte",
        "segments_past_the_end",
    ],
)
def test_a_damaged_elf_header_never_hides_the_program(offset: int, value: bytes) -> None:
    data = bytearray(elf(ESBUILD))
    data[offset : offset + len(value)] = value

    found = read(binary.PLUGIN, "app", bytes(data))

    assert ids(found) == ESBUILD_IDS or gaps(found)


def test_a_universal_file_of_nonsense_is_reported() -> None:
    data = bytearray(programs.fat(programs.macho(ESBUILD)))
    data[16:20] = b"\xff\xff\xff\xff"

    assert codes(read(binary.PLUGIN, "app", bytes(data))) == {"parse.failed"}


def test_a_macho_command_of_length_zero_ends_the_reading() -> None:
    data = bytearray(programs.macho(ESBUILD))
    data[36:40] = bytes(4)

    assert codes(read(binary.PLUGIN, "app", bytes(data))) == {"parse.failed"}


def test_damage_is_never_silent() -> None:
    assert_damage_is_never_silent(binary.PLUGIN, "app", elf(ESBUILD), keep=4, copies=300)


def picked(path: str, head: bytes) -> list[str]:
    plugins = (binary.PLUGIN, unmarked.PLUGIN)
    found = WantIndex(plugins).by_data(path, head[:HEAD_BYTES])
    return [plugins[pick.cataloger].name for pick in found]


def test_a_go_program_is_recognized_in_its_first_bytes() -> None:
    assert "golang-binary" in picked("app", elf(ESBUILD))
    assert "golang-binary" not in picked("app", programs.elf({".text": b"x"}))
    assert picked("app.exe", programs.pe(ESBUILD)) == ["golang-binary"]
    assert picked("app", programs.macho(ESBUILD)) == ["golang-binary"]
    assert picked("app", programs.fat(programs.macho(ESBUILD))) == ["golang-binary"]
    assert picked("A.class", bytes.fromhex("cafebabe00000034")) == []


def test_a_program_of_gos_linker_without_build_id_is_recognized_by_its_header() -> None:
    head = bytearray(programs.elf({".go.buildinfo": ESBUILD}))
    struct.pack_into("<QI2H", head, 0x28, 64 + 7 * 56, 0, 64, 56)

    assert marks.is_marked(bytes(head))
    assert not marks.is_go(bytes(head))


def test_a_program_without_any_mark_is_read_too_and_only_once() -> None:
    plain = programs.elf({".go.buildinfo": ESBUILD})

    assert not marks.is_marked(plain)
    assert ids(read(unmarked.PLUGIN, "app", plain)) == ESBUILD_IDS
    assert read(unmarked.PLUGIN, "app", elf(ESBUILD)) == []


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x7fELF\2\1\1", b"MZ", *MACHO]))
@settings(max_examples=200)
def test_any_bytes_give_packages_or_gaps(data: bytes, start: bytes) -> None:
    for plugin in (binary.PLUGIN, unmarked.PLUGIN):
        read(plugin, "app", start + data)
        read(plugin, "app", elf(MARK + data))
        read(plugin, "app", elf(info("path\ta\n")[:32] + data))


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["skopeo", "umoci", "docker-registry"])
def test_real_programs_of_debian_name_their_toolchain(name: str) -> None:
    file = Path("/usr/bin") / name
    if not file.exists():
        pytest.skip(f"{name} is not installed")
    data = file.read_bytes()

    found = read(binary.PLUGIN, f"usr/bin/{name}", data)

    at = data.index(MARK) + 32
    toolchain = data[at + 1 : at + 1 + data[at]].decode()
    assert picked(f"usr/bin/{name}", data)[0] == "golang-binary"
    assert packages(found)[0] == PackageFact(
        type="golang", name="stdlib", version=toolchain.removeprefix("go")
    )
