"""Hostile zip archives, H073-H090: what two readers could see differently is never silent."""

import struct
import zlib

import pytest
from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.image.budget import Budget
from scantling.image.zip import ZipArchive
from tests.image import forge
from tests.image.forge import Zipped, zipped

_GOOD = Zipped(name=b"good", data=b"content")
_AMBIGUOUS = {"zip.ambiguous"}


class Case(Struct, frozen=True, kw_only=True):
    """An archive, the codes of all gaps and errors, and the names whose content is still read."""

    data: bytes
    codes: set[str]
    read: set[str] = set()
    limits: Limits = Limits()


def _quoted_overlap() -> bytes:
    """Make two entries; the first's stored data is quoted headers and all of the second's."""
    inner = zipped(Zipped(name=b"inner", data=b"a" * 50))
    local = inner[: inner.index(b"PK\1\2")]
    return zipped(
        Zipped(name=b"outer", data=local),
        Zipped(name=b"inner", data=b"a" * 50, offset=35, in_file=False),
    )


def _descriptor(crc: int, size: int) -> bytes:
    return b"PK\7\10" + struct.pack("<3I", crc, size, size)


def _end64(count: int, size: int, offset: int, claimed: int) -> bytes:
    return struct.pack(
        "<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset
    ) + struct.pack("<4sIQI", b"PK\6\7", 0, claimed, 1)


_CRC = zlib.crc32(b"content")
_LOCAL_BYTES = 30 + 4 + 7
_CENTRAL_BYTES = 46 + 4
CASES: dict[str, Case] = {
    "H073_quoted_overlap": Case(data=_quoted_overlap(), codes={"zip.overlap"}),
    "H074_full_overlap": Case(
        data=zipped(
            _GOOD,
            *(
                Zipped(name=b"n%d" % n, data=b"content", offset=0, in_file=False)
                for n in range(1000)
            ),
        ),
        codes={"zip.overlap", "zip.ambiguous"},
    ),
    "H076_zip64_locator_points_elsewhere": Case(
        data=zipped(_GOOD, before_end=_end64(1, _CENTRAL_BYTES, _LOCAL_BYTES, 7)),
        codes=_AMBIGUOUS,
        read={"good"},
    ),
    "H076_zip64_other_count": Case(
        data=zipped(
            _GOOD, before_end=_end64(2, _CENTRAL_BYTES, _LOCAL_BYTES, _LOCAL_BYTES + _CENTRAL_BYTES)
        ),
        codes=_AMBIGUOUS,
        read={"good"},
    ),
    "H076_zip64_consistent": Case(
        data=zipped(
            _GOOD, before_end=_end64(1, _CENTRAL_BYTES, _LOCAL_BYTES, _LOCAL_BYTES + _CENTRAL_BYTES)
        ),
        codes=set(),
        read={"good"},
    ),
    "H077_two_end_records": Case(
        data=zipped(_GOOD, comment=zipped(Zipped(name=b"other"))),
        codes={"zip.ambiguous", "parse.note"},
        read={"other"},
    ),
    "H077_end_record_in_comment": Case(
        data=zipped(_GOOD, comment=b"PK\5\6" + bytes(30)), codes=_AMBIGUOUS, read={"good"}
    ),
    "H077_prefix": Case(
        data=zipped(_GOOD, prefix=b"#!/bin/sh\nexec java\n"), codes={"parse.note"}, read={"good"}
    ),
    "H077_prefix_with_an_archive": Case(
        data=zipped(_GOOD, prefix=zipped(Zipped(name=b"hidden", data=b"x"))),
        codes={"parse.note", "zip.ambiguous"},
        read={"good"},
    ),
    "H077_trailing": Case(data=zipped(_GOOD) + b"more", codes=_AMBIGUOUS, read={"good"}),
    "H078_name": Case(
        data=zipped(Zipped(name=b"good", data=b"x", local_name=b"evil")),
        codes=_AMBIGUOUS,
        read={"good"},
    ),
    "H078_method": Case(
        data=zipped(Zipped(name=b"good", data=b"x", local_method=8)),
        codes=_AMBIGUOUS,
        read={"good"},
    ),
    "H078_size": Case(
        data=zipped(Zipped(name=b"good", data=b"x", local_size=9)), codes=_AMBIGUOUS, read={"good"}
    ),
    "H079_only_local": Case(
        data=zipped(Zipped(name=b"hidden", data=b"x", in_directory=False), _GOOD),
        codes={"zip.ambiguous", "parse.note"},
        read={"good"},
    ),
    "H079_only_local_between": Case(
        data=zipped(_GOOD, Zipped(name=b"hidden", in_directory=False), Zipped(name=b"last")),
        codes=_AMBIGUOUS,
        read={"good", "last"},
    ),
    "H079_only_local_last": Case(
        data=zipped(_GOOD, Zipped(name=b"hidden", in_directory=False)),
        codes=_AMBIGUOUS,
        read={"good"},
    ),
    "H079_only_central": Case(
        data=zipped(_GOOD, Zipped(name=b"ghost", data=b"boo", in_file=False)),
        codes={"zip.ambiguous", "zip.corrupt"},
        read={"good"},
    ),
    "H080_twice": Case(
        data=zipped(_GOOD, Zipped(name=b"good", data=b"other")), codes=_AMBIGUOUS, read={"good"}
    ),
    "H081_encrypted": Case(
        data=zipped(_GOOD, Zipped(name=b"secret", data=b"x" * 20, flags=1)),
        codes={"zip.encrypted"},
        read={"good"},
    ),
    "H081_aes": Case(
        data=zipped(_GOOD, Zipped(name=b"secret", data=b"x" * 20, method=99, flags=1)),
        codes={"zip.encrypted"},
        read={"good"},
    ),
    "H082_descriptor": Case(
        data=zipped(
            Zipped(name=b"good", data=b"content", flags=8, descriptor=_descriptor(_CRC, 7))
        ),
        codes=set(),
        read={"good"},
    ),
    "H082_descriptor_crc": Case(
        data=zipped(Zipped(name=b"good", data=b"content", flags=8, descriptor=_descriptor(1, 7))),
        codes=_AMBIGUOUS,
        read={"good"},
    ),
    "H082_descriptor_size": Case(
        data=zipped(
            Zipped(name=b"good", data=b"content", flags=8, descriptor=_descriptor(_CRC, 8))
        ),
        codes=_AMBIGUOUS,
        read={"good"},
    ),
    "H083_claims_4_gib": Case(
        data=zipped(_GOOD, Zipped(name=b"big", data=b"x", method=8, size=0xFFFFFFFE)),
        codes={"limit.file"},
        read={"good"},
    ),
    "H083_claims_more": Case(
        data=zipped(_GOOD, Zipped(name=b"big", data=b"x", method=8, size=1000)),
        codes={"zip.corrupt"},
        read={"good"},
    ),
    "H083_claims_less": Case(
        data=zipped(_GOOD, Zipped(name=b"big", data=b"x" * 9000, method=8, size=10)),
        codes={"zip.corrupt"},
        read={"good"},
    ),
    "H084_outward_names": Case(
        data=zipped(*(Zipped(name=name) for name in (b"../a", b"..\\a", b"/a", b"C:\\a"))),
        codes={"path.escape"},
        read={"../a", "..\\a", "/a", "C:\\a"},
    ),
    "H084_nul": Case(data=zipped(Zipped(name=b"a\0b")), codes={"path.name"}, read={"a\0b"}),
    "H085_link": Case(
        data=zipped(Zipped(name=b"l", data=b"/etc", creator=0x31E, attributes=0o120777 << 16)),
        codes=set(),
        read={"l"},
    ),
    "H086_methods": Case(
        data=zipped(
            _GOOD, *(Zipped(name=b"m%d" % m, data=b"x", method=m) for m in (9, 12, 14, 95, 98))
        ),
        codes={"zip.method"},
        read={"good"},
    ),
    "H087_too_many": Case(
        data=zipped(*(Zipped(name=b"%d" % n) for n in range(101))),
        codes={"limit.entries"},
        limits=Limits(zip_entries=100),
    ),
    "H087_more_than_said": Case(
        data=zipped(*(Zipped(name=b"%d" % n) for n in range(101)), count=3),
        codes={"limit.entries"},
        limits=Limits(zip_entries=100),
    ),
    "several_parts": Case(
        data=zipped(_GOOD)[:-18] + b"\1\0\1\0" + zipped(_GOOD)[-14:],
        codes=_AMBIGUOUS,
        read={"good"},
    ),
    "no_directory": Case(data=b"PK\3\4" + bytes(100), codes={"zip.corrupt"}),
    "empty": Case(data=zipped(), codes=set()),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_hostile_archive_has_its_outcome(case: Case) -> None:
    read, codes = set(), set()
    try:
        archive = ZipArchive(case.data, Budget(case.limits))
    except InputError as error:
        codes.add(error.code)
    else:
        for entry in archive.entries:
            try:
                archive.read(entry, "text_bytes")
                read.add(entry.name)
            except InputError as error:
                codes.add(error.code)
        codes |= {gap.code for gap in archive.gaps.gaps()}

    assert codes == case.codes
    assert read == case.read


def _descend(data: bytes, budget: Budget) -> None:
    with budget.nested():
        archive = ZipArchive(data, budget)
        for entry in archive.entries:
            content = archive.read(entry, "binary_bytes")
            if content.startswith(b"PK\3\4"):
                _descend(content, budget)


def test_an_archive_nested_too_deep_is_stopped() -> None:
    """H075: archives in archives, as a quine never ends."""
    data = b"innermost"
    for _ in range(7):
        data = zipped(Zipped(name=b"r/r.zip", data=data, method=8))

    with pytest.raises(InputError) as caught:
        _descend(data, Budget(Limits()))

    assert (caught.value.code, caught.value.limit) == ("limit.nested", "nested_depth")


def test_nested_archives_stored_and_deflated_are_read() -> None:
    """H090: the libraries of an executable jar."""
    inner = zipped(_GOOD)
    outer = zipped(
        Zipped(name=b"BOOT-INF/lib/stored.jar", data=inner),
        Zipped(name=b"BOOT-INF/lib/deflated.jar", data=inner, method=8),
    )
    budget = Budget(Limits())

    _descend(outer, budget)

    assert budget.archives == 3
    assert budget.depth == 0


def test_a_deflate_bomb_in_an_archive_stays_small() -> None:
    bomb = zipped(Zipped(name=b"b", data=bytes(64 * forge.MIB), method=8, size=1000))
    archive = ZipArchive(bomb, Budget(Limits()))

    with forge.peak_bytes() as peak, pytest.raises(InputError, match="size is not"):
        archive.read(archive.entries[0], "text_bytes")

    assert peak[0] < forge.MIB


def test_overlapping_entries_are_not_inflated() -> None:
    """H074: 1,000 names for one content cost one directory, not 1,000 inflations."""
    data = zipped(
        Zipped(name=b"a", data=bytes(forge.MIB), method=8),
        *(
            Zipped(name=b"%d" % n, data=bytes(10), offset=0, in_file=False, method=8)
            for n in range(1000)
        ),
    )
    budget = Budget(Limits())
    archive = ZipArchive(data, budget)

    for entry in archive.entries:
        with pytest.raises(InputError):
            archive.read(entry, "text_bytes")

    assert budget.bytes == 0
