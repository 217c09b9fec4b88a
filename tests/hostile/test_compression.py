"""Hostile compressed layers, H053-H072: what is refused, what is bounded, what is read anyway."""

import bz2
import gzip
import lzma
import struct
import sys
import zlib

import pytest
from msgspec import Struct

from scantling.core.limits import Limits
from tests.image import forge

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, compress
else:
    from backports.zstd import CompressionParameter, compress

_TAR = forge.file(b"etc/os-release", b"ID=debian\n") + forge.END
_GZIP = gzip.compress(_TAR, mtime=0)
_ZSTD = compress(_TAR, options={CompressionParameter.checksum_flag: 1})
_OCI = "application/vnd.oci.image.layer.v1.tar"


class Case(Struct, frozen=True, kw_only=True):
    """A stored layer, the codes of its gaps and error, and whether its file is found."""

    stored: bytes
    codes: set[str]
    found: bool = False
    media_type: str = ""
    limits: Limits = Limits()


def _changed(data: bytes, at: int, value: bytes) -> bytes:
    at %= len(data)
    return data[:at] + value + data[at + len(value) :]


def _nested_gzip(depth: int) -> bytes:
    data = _TAR
    for _ in range(depth):
        data = gzip.compress(data, 1, mtime=0)
    return data


def _zeros(mebibytes: int) -> bytes:
    return forge.header(b"zeros", size=mebibytes * forge.MIB) + bytes(mebibytes * forge.MIB)


def _gzip_header(flags: int, rest: bytes) -> bytes:
    return b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + rest


_CORRUPT_GZIP = {"gzip.corrupt"}
_CORRUPT_ZSTD = {"zstd.corrupt"}
CASES: dict[str, Case] = {
    "H054_a_hundred_deep": Case(stored=_nested_gzip(100), codes={"tar.header"}),
    "H055_members": Case(
        stored=gzip.compress(_TAR[:600]) + gzip.compress(_TAR[600:]), codes=set(), found=True
    ),
    "H056_zeros": Case(stored=_GZIP + bytes(512), codes={"tar.note"}, found=True),
    "H056_garbage": Case(stored=_GZIP + b"garbage", codes=_CORRUPT_GZIP, found=True),
    "H056_second_layer": Case(stored=_GZIP + _ZSTD, codes=_CORRUPT_GZIP, found=True),
    "H056_broken_member": Case(stored=_GZIP + b"\x1f\x8bgarbage", codes=_CORRUPT_GZIP, found=True),
    "H057_cut": Case(stored=_GZIP[:-1], codes=_CORRUPT_GZIP, found=True),
    "H057_no_trailer": Case(stored=_GZIP[:-8], codes=_CORRUPT_GZIP, found=True),
    "H058_crc": Case(stored=_changed(_GZIP, -8, b"\0\0\0\0"), codes=_CORRUPT_GZIP),
    "H058_length": Case(stored=_changed(_GZIP, -4, b"\0\0\0\0"), codes=_CORRUPT_GZIP),
    "H059_reserved_flag": Case(stored=_changed(_GZIP, 3, b"\x80"), codes=_CORRUPT_GZIP),
    "H059_extra_64_kib": Case(
        stored=_gzip_header(4, b"\xff\xff" + bytes(65535) + _GZIP[10:]), codes=set(), found=True
    ),
    "H059_extra_beyond_the_end": Case(
        stored=_gzip_header(4, b"\xff\xff" + _GZIP[10:]), codes=_CORRUPT_GZIP
    ),
    "H059_name_without_end": Case(
        stored=_gzip_header(8, b"n" * 200_000 + _GZIP[10:]), codes=_CORRUPT_GZIP
    ),
    "H060_distance": Case(stored=_gzip_header(0, b"\x03\xe2\xff\x07" * 9), codes=_CORRUPT_GZIP),
    "H060_tree": Case(stored=_gzip_header(0, b"\x05\xff\xff\xff" * 9), codes=_CORRUPT_GZIP),
    "H062_window": Case(stored=b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(600), codes={"zstd.window"}),
    "H063_skippable_frames": Case(
        stored=(b"\x5f\x2a\x4d\x18" + struct.pack("<I", 3) + b"abc") * 5000 + _ZSTD,
        codes=set(),
        found=True,
    ),
    "H063_skippable_4_gib": Case(
        stored=b"\x50\x2a\x4d\x18\xff\xff\xff\xff" + _ZSTD, codes=_CORRUPT_ZSTD
    ),
    "H064_frames": Case(
        stored=b"".join(compress(_TAR[at : at + 100]) for at in range(0, len(_TAR), 100)),
        codes=set(),
        found=True,
    ),
    "H065_dictionary_id": Case(
        stored=b"\x28\xb5\x2f\xfd\x01\x00\x07" + bytes(600), codes=_CORRUPT_ZSTD
    ),
    "H066_checksum": Case(stored=_changed(_ZSTD, -1, b"\0"), codes=_CORRUPT_ZSTD),
    "H066_garbage_after": Case(stored=_ZSTD + b"garbage", codes=_CORRUPT_ZSTD, found=True),
    "H067_a_table_of_contents": Case(
        # stargz: a second member with a table; zstd:chunked: a skippable frame with one.
        stored=_ZSTD + b"\x50\x2a\x4d\x18" + struct.pack("<I", 4) + b"lies",
        codes=set(),
        found=True,
    ),
    "H068_xz": Case(stored=lzma.compress(_TAR), codes={"layer.unsupported"}),
    "H069_bzip2": Case(stored=bz2.compress(_TAR), codes={"layer.unsupported"}),
    "H070_gzip_is_zstd": Case(
        stored=_ZSTD, codes={"layer.mediatype"}, found=True, media_type=_OCI + "+gzip"
    ),
    "H070_gzip_is_plain": Case(
        stored=_TAR, codes={"layer.mediatype"}, found=True, media_type=_OCI + "+gzip"
    ),
    "H070_plain_is_gzip": Case(
        stored=_GZIP, codes={"layer.mediatype"}, found=True, media_type=_OCI
    ),
    "H071_encrypted": Case(
        stored=bytes(range(256)) * 4,
        codes={"layer.encrypted"},
        media_type=_OCI + "+gzip+encrypted",
    ),
    "H072_squashfs": Case(stored=b"hsqs" + bytes(600), codes={"layer.unsupported"}),
    "H072_wasm": Case(stored=b"\x00asm\x01" + bytes(600), codes={"layer.unsupported"}),
    "H072_text": Case(stored=b"#!/bin/sh\n" * 80, codes={"layer.unsupported"}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_hostile_layer_has_its_outcome(case: Case) -> None:
    walked = forge.read_layer(case.stored, media_type=case.media_type, limits=case.limits)

    assert walked.codes == case.codes
    assert ("etc/os-release" in walked.files) == case.found


_BOMBS = {
    "H053_gzip_by_ratio": ("gzip", Limits(layer_ratio=20), {"limit.ratio"}),
    "H053_gzip_by_bytes": ("gzip", Limits(scan_bytes=10 * forge.MIB), {"limit.bytes"}),
    "H061_zstd_by_ratio": ("zstd", Limits(), {"limit.ratio"}),
    "H061_zstd_by_bytes": ("zstd", Limits(scan_bytes=10 * forge.MIB), {"limit.bytes"}),
}


@pytest.mark.parametrize(("packer", "limits", "codes"), _BOMBS.values(), ids=_BOMBS.keys())
def test_a_bomb_is_stopped_early_and_small(packer: str, limits: Limits, codes: set[str]) -> None:
    zeros = _zeros(96)
    stored = zlib.compress(zeros, 1, 31) if packer == "gzip" else compress(zeros)
    with forge.peak_bytes() as peak:
        walked = forge.read_layer(stored, limits=limits, select=forge.nothing)

    assert walked.codes == codes
    assert walked.digests is not None
    assert walked.digests.bytes_out < 80 * forge.MIB
    assert peak[0] < 8 * forge.MIB
