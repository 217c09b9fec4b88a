"""Hostile tar archives, H001-H046: each from a short recipe, each with its outcome."""

import struct

import pytest
from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.image.budget import Budget
from scantling.image.cursor import ByteSource
from scantling.image.tar import TarWalker
from tests.image import forge
from tests.image.forge import END, file, gnu_long, header, pax, raw_pax

AFTER = file(b"after", b"still read")
_PATH = b"path"
_SIZE = b"size"


class Case(Struct, frozen=True, kw_only=True):
    """`recipe` comes first in the archive, an innocent file and the end after it.

    `codes` are exactly the gaps and the error; `goes_on`: the file after it is still read;
    `paths` what the recipe itself adds.
    """

    recipe: bytes
    codes: set[str]
    goes_on: bool = True
    paths: tuple[str, ...] = ()
    end: bytes = END


def _octal(text: bytes) -> bytes:
    return header(b"f", size=text.ljust(12, b"\0"))


def _base256(value: int) -> bytes:
    return (
        b"\x80" + value.to_bytes(11, "big") if value >= 0 else struct.pack(">Iq", 0xFFFFFFFF, value)
    )


def _sparse(pairs: str, size: int, data: bytes = b"12345678") -> bytes:
    return pax((b"GNU.sparse.size", b"%d" % size), (b"GNU.sparse.map", pairs.encode())) + file(
        b"sparse", data
    )


def _old_sparse(*pairs: tuple[int, int], size: int, stored: bytes) -> bytes:
    fields = [(386 + 24 * at, b"%011o\0%011o\0" % pair) for at, pair in enumerate(pairs)]
    fields.append((483, b"%011o\0" % size))
    return header(
        b"sparse", size=len(stored), kind=b"S", magic=b"ustar  \0", fields=fields
    ) + forge.padded(stored)


CASES: dict[str, Case] = {
    "H001_upwards": Case(recipe=file(b"../../etc/passwd"), codes={"path.escape"}),
    "H001_upwards_inside": Case(recipe=file(b"a/../etc/passwd"), codes={"path.escape"}),
    "H002_absolute": Case(recipe=file(b"/etc/shadow"), codes={"tar.note"}, paths=("etc/shadow",)),
    "H003_renamed_outwards": Case(
        recipe=pax((_PATH, b"../../etc/passwd")) + file(b"harmless"),
        codes={"path.escape", "tar.note"},
    ),
    "H003_renamed": Case(
        recipe=pax((_PATH, b"etc/passwd")) + file(b"harmless"),
        codes={"tar.note"},
        paths=("etc/passwd",),
    ),
    "H008_hardlink_outwards": Case(
        recipe=header(b"h", kind=b"1", link=b"../../etc/shadow"),
        codes={"path.escape"},
        paths=("h",),
    ),
    "H008_link_to_nothing": Case(
        recipe=header(b"h", kind=b"1"), codes={"tar.ambiguous"}, paths=("h",)
    ),
    "H011_devices": Case(
        recipe=b"".join(
            header(b"d" + kind, kind=kind, fields=[(329, b"0000001\0")])
            for kind in (b"3", b"4", b"6")
        ),
        codes=set(),
        paths=("d3", "d4", "d6"),
    ),
    "H012_unknown_type": Case(
        recipe=header(b"z", size=7, kind=b"Z") + forge.padded(b"content"), codes={"tar.type"}
    ),
    "H013_pax_claims_8_gib": Case(
        recipe=header(b"x", size=b"100000000000", kind=b"x"),
        codes={"tar.truncated"},
        goes_on=False,
    ),
    "H014_pax_too_long": Case(
        recipe=raw_pax(forge.record(b"k", b"v" * (2 * forge.MIB))) + file(b"lost"),
        codes={"limit.records"},
    ),
    "H014_pax_too_many_records": Case(
        recipe=pax(*((b"k%d" % n, b"v") for n in range(2000))) + file(b"lost"),
        codes={"limit.records"},
    ),
    "H015_pax_no_length": Case(recipe=raw_pax(b"path=x\n") + file(), codes={"tar.pax"}),
    "H015_pax_negative_length": Case(recipe=raw_pax(b"-9 a=b\n") + file(), codes={"tar.pax"}),
    "H015_pax_long_length": Case(recipe=raw_pax(b"99 a=b\n") + file(), codes={"tar.pax"}),
    "H015_pax_zero_length": Case(recipe=raw_pax(b"0 a=b\n") + file(), codes={"tar.pax"}),
    "H015_pax_short_length": Case(recipe=raw_pax(b"3 path=b\n") + file(), codes={"tar.pax"}),
    "H015_pax_no_newline": Case(recipe=raw_pax(b"6 a=bc8 path=x\n") + file(), codes={"tar.pax"}),
    "H015_pax_no_key": Case(recipe=raw_pax(b"5 =b\n") + file(), codes={"tar.pax"}),
    "H016_pax_nul_in_path": Case(recipe=pax((_PATH, b"a\0b")) + file(), codes={"tar.pax"}),
    "H016_pax_nul_in_key": Case(recipe=pax((b"a\0b", b"x")) + file(), codes={"tar.pax"}),
    "H017_pax_negative_size": Case(recipe=pax((_SIZE, b"-512")) + file(), codes={"tar.pax"}),
    "H018_pax_size_differs": Case(
        recipe=pax((_SIZE, b"1024")) + header(b"outer") + file(b"inner", b""),
        codes={"tar.ambiguous", "tar.header"},
        goes_on=False,
        paths=("outer",),
    ),
    "H018_pax_size_hides_a_file": Case(
        recipe=pax((_SIZE, b"512")) + header(b"outer") + header(b"inner"),
        codes={"tar.ambiguous"},
        paths=("outer",),
    ),
    "H019_global_path": Case(recipe=pax((_PATH, b"all"), kind=b"g"), codes={"tar.pax"}),
    "H019_global_comment": Case(recipe=pax((b"comment", b"x"), kind=b"g"), codes={"tar.note"}),
    "H020_long_name_claims_8_gib": Case(
        recipe=header(b"x", size=b"100000000000", kind=b"L"),
        codes={"tar.truncated"},
        goes_on=False,
    ),
    "H021_two_long_names": Case(
        recipe=gnu_long(b"first") + gnu_long(b"second") + file(),
        codes={"tar.ambiguous"},
        paths=("second",),
    ),
    "H021_a_thousand_long_names": Case(
        recipe=gnu_long(b"n") * 1000 + file(), codes={"tar.ambiguous"}, goes_on=False
    ),
    "H021_gnu_and_pax_names": Case(
        recipe=gnu_long(b"gnu") + pax((_PATH, b"pax")) + file(),
        codes={"tar.ambiguous"},
        paths=("gnu",),
    ),
    "H022_negative_base_256": Case(
        recipe=_octal(_base256(-512)), codes={"tar.header"}, goes_on=False
    ),
    "H023_huge_base_256": Case(
        recipe=_octal(_base256(2**63 - 1)),
        codes={"limit.file", "tar.truncated"},
        goes_on=False,
        paths=("f",),
    ),
    "H024_spaces": Case(recipe=_octal(b"         0 \0"), codes=set(), paths=("f",)),
    "H024_all_nul": Case(recipe=_octal(b""), codes=set(), paths=("f",)),
    "H024_sign": Case(recipe=_octal(b"-0000000001"), codes={"tar.header"}, goes_on=False),
    "H024_letter": Case(recipe=_octal(b"0000000000x"), codes={"tar.header"}, goes_on=False),
    "H024_eight": Case(recipe=_octal(b"00000000008"), codes={"tar.header"}, goes_on=False),
    "H024_underscore": Case(recipe=_octal(b"0000000_001"), codes={"tar.header"}, goes_on=False),
    "H024_digits_after_nul": Case(recipe=_octal(b"0\0001"), codes={"tar.header"}, goes_on=False),
    "H025_wrong_checksum": Case(
        recipe=file(b"first") + header(b"g")[:148] + b"000001\0 " + header(b"g")[156:],
        codes={"tar.header"},
        goes_on=False,
        paths=("first",),
    ),
    "H026_signed_checksum": Case(
        recipe=forge.summed(header("ä".encode()), signed=True), codes={"tar.note"}, paths=("ä",)
    ),
    "H027_overlapping": Case(recipe=_sparse("0,4,2,4", 100), codes={"tar.sparse"}),
    "H027_descending": Case(recipe=_sparse("50,4,0,4", 100), codes={"tar.sparse"}),
    "H027_beyond_its_size": Case(recipe=_sparse("0,4,98,4", 100), codes={"tar.sparse"}),
    "H027_huge": Case(recipe=_sparse(f"0,{2**62}", 2**62), codes={"tar.sparse"}),
    "H027_less_data": Case(recipe=_sparse("0,2", 100), codes={"tar.sparse"}),
    "H027_odd": Case(recipe=_sparse("0,4,4", 100), codes={"tar.sparse"}),
    "H027_not_numbers": Case(recipe=_sparse("0,x", 100), codes={"tar.pax"}),
    "H027_no_end_1_0": Case(
        recipe=pax(
            (b"GNU.sparse.major", b"1"),
            (b"GNU.sparse.minor", b"0"),
            (b"GNU.sparse.realsize", b"9"),
        )
        + file(b"sparse", b"65536\n" + b"1\n" * 600),
        codes={"tar.sparse"},
    ),
    "H027_old_overlapping": Case(
        recipe=_old_sparse((0, 4), (2, 4), size=100, stored=b"12345678"), codes={"tar.sparse"}
    ),
    "H027_old_negative_size": Case(
        recipe=_old_sparse((0, 8), size=4, stored=b"12345678"), codes={"tar.sparse"}
    ),
    "H028_a_hole_of_an_exbibyte": Case(
        recipe=_sparse("0,8", 2**60), codes={"limit.file"}, paths=("sparse",)
    ),
    "H029_no_end": Case(recipe=b"", codes={"tar.truncated"}, end=b""),
    "H029_half_an_end": Case(recipe=b"", codes={"tar.truncated"}, end=bytes(512)),
    "H029_cut_block": Case(recipe=b"", codes={"tar.truncated"}, end=bytes(300)),
    "H030_entry_after_the_end": Case(recipe=b"", codes={"tar.trailing"}, end=END + file(b"hidden")),
    "H030_zeros_after_the_end": Case(recipe=b"", codes=set(), end=bytes(10240)),
    "H031_two_archives": Case(recipe=b"", codes={"tar.trailing"}, end=END + file(b"second") + END),
    "H032_a_block_of_zeros": Case(
        recipe=file(b"a") + bytes(512), codes={"tar.trailing"}, paths=("a",)
    ),
    "H033_twice": Case(
        recipe=file(b"a", b"1") + file(b"a", b"2"), codes={"tar.duplicate"}, paths=("a", "a")
    ),
    "H034_spellings": Case(
        recipe=b"".join(file(name) for name in (b"a/b", b"./a/b", b"a//b", b"a/./b")),
        codes={"tar.duplicate"},
        paths=("a/b",) * 4,
    ),
    "H035_twins": Case(
        recipe=file(b"A") + file(b"a") + file("é".encode()) + file("e\u0301".encode()),
        codes=set(),
        paths=("A", "a", "é", "e\u0301"),
    ),
    "H036_not_utf_8": Case(recipe=file(b"a\xff"), codes=set(), paths=("a\udcff",)),
    "H036_too_long": Case(recipe=gnu_long(b"d/" * 2100 + b"e") + file(), codes={"path.name"}),
    "H036_component": Case(recipe=gnu_long(b"c" * 256) + file(), codes={"path.name"}),
    "H036_too_deep": Case(recipe=gnu_long(b"d/" * 257 + b"e") + file(), codes={"path.name"}),
    "H036_empty": Case(recipe=file(b""), codes={"path.name"}),
    "H036_root_as_file": Case(recipe=file(b"."), codes={"path.name"}),
    "H037_active_name": Case(
        recipe=file(b"a\n::error::\x1b[2J"), codes=set(), paths=("a\n::error::\x1b[2J",)
    ),
    "H039_file_and_folder": Case(
        recipe=file(b"a") + header(b"a/", kind=b"5"), codes={"tree.conflict"}, paths=("a", "a/")
    ),
    "H039_below_a_file": Case(
        recipe=file(b"a") + file(b"a/b/c"), codes={"tree.conflict"}, paths=("a", "a/b/c")
    ),
    "H039_below_a_link": Case(
        recipe=header(b"a", kind=b"2", link=b"/") + file(b"a/b"),
        codes={"tree.conflict"},
        paths=("a", "a/b"),
    ),
    "H040_v7": Case(
        recipe=header(b"old", kind=b"\0", magic=b"") + header(b"dir/", kind=b"\0", magic=b""),
        codes=set(),
        paths=("old", "dir/"),
    ),
    "H040_star": Case(
        recipe=header(b"s", fields=[(345, b"pre"), (476, b"00000000000 " * 2), (508, b"tar\0")]),
        codes=set(),
        paths=("pre/s",),
    ),
    "H040_solaris": Case(
        recipe=header(b"x", size=7, kind=b"X") + forge.padded(b"content"), codes={"tar.type"}
    ),
    "H040_cpio": Case(recipe=b"070701" + b"0" * 506, codes={"tar.header"}, goes_on=False),
    "H041_names_nothing": Case(recipe=header(b"a/.wh."), codes={"whiteout.invalid"}),
    "H042_names_dots": Case(
        recipe=header(b".wh..") + header(b".wh...") + header(b".wh.a/b"),
        codes={"whiteout.invalid"},
    ),
    "H045_link": Case(recipe=header(b".wh.a", kind=b"2", link=b"b"), codes={"whiteout.invalid"}),
    "H045_content": Case(recipe=file(b".wh.a"), codes={"whiteout.invalid"}),
    "H045_folder": Case(recipe=header(b".wh.a/", kind=b"5"), codes={"whiteout.invalid"}),
    "H046_device": Case(
        recipe=header(b"gone", kind=b"3"), codes={"whiteout.overlay"}, paths=("gone",)
    ),
    "H046_attribute": Case(
        recipe=pax((b"SCHILY.xattr.trusted.overlay.opaque", b"y")) + header(b"d/", kind=b"5"),
        codes={"whiteout.overlay"},
        paths=("d/",),
    ),
    "link_with_size": Case(
        recipe=header(b"l", kind=b"2", link=b"t", size=512), codes={"tar.ambiguous"}, paths=("l",)
    ),
    "file_named_as_folder": Case(
        recipe=header(b"f/", size=7) + forge.padded(b"content"),
        codes={"tar.ambiguous"},
        paths=("f",),
    ),
    "extended_header_without_entry": Case(
        recipe=b"", codes={"tar.header"}, end=pax((_PATH, b"x")) + END
    ),
}


@pytest.mark.parametrize("piece_bytes", [0, 600], ids=["whole", "pieces"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_hostile_archive_has_its_outcome(case: Case, piece_bytes: int) -> None:
    walked = forge.walk(case.recipe + AFTER + case.end, piece_bytes=piece_bytes)

    assert walked.codes == case.codes
    assert ("after" in walked.files) == case.goes_on
    assert tuple(path for path in walked.paths if path != "after") == case.paths


def test_whiteouts_apply_wherever_they_stand() -> None:
    """H043, H044: order within the layer does not matter, and a file of the name stays."""
    data = file(b"d/x") + header(b"d/.wh..wh..opq") + header(b"d/.wh.x") + END

    walked = forge.walk(data)

    assert walked.codes == set()
    assert walked.files == {"d/x": b"content"}
    assert [(entry.kind, entry.path) for entry in walked.entries[1:]] == [
        ("opaque", "d"),
        ("whiteout", "d/x"),
    ]


def test_a_name_twice_that_nobody_reads_is_only_counted() -> None:
    walked = forge.walk(file(b"a") + file(b"a") + END, select=forge.nothing)

    assert walked.codes == {"tar.note"}
    assert not walked.blocked


def test_millions_of_empty_entries_use_little_memory() -> None:
    """H038, scaled: 10,000 entries at no more than 200 bytes each."""
    block = b"".join(header(b"some/folder/name-%04d" % n) for n in range(2000))

    class Endless:
        def read(self) -> bytes:
            return block

        def fetch(self, _offset: int, _count: int) -> bytes:
            return b""

        def skip(self, _count: int) -> int:
            return 0

    with forge.peak_bytes() as peak:
        error = _walk_source(Endless(), Limits(layer_entries=10_000))

    assert error == "limit.entries"
    assert peak[0] < 10_000 * 200


def _walk_source(source: ByteSource, limits: Limits) -> str:
    try:
        for _ in TarWalker(source, Budget(limits), select=forge.nothing):
            pass
    except InputError as error:
        return error.code
    return ""


def test_a_claimed_size_allocates_nothing() -> None:
    """H023: a size of 8 EiB within the limit, and no data."""
    recipe = header(b"f", size=_base256(2**62)) + bytes(2000)

    with forge.peak_bytes() as peak:
        walked = forge.walk(recipe, limits=Limits(text_bytes=2**63))

    assert walked.error == "tar.truncated"
    assert peak[0] < 100_000


def test_many_like_problems_become_a_few_gaps_with_a_count() -> None:
    walked = forge.walk(file(b"../x") * 5000 + END)

    assert len(walked.gaps) <= 21
    assert sum(gap.count for gap in walked.gaps) == 5000
