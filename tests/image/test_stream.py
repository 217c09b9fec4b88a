"""Layers as stored: compression, digests, damage, and bombs that stay small."""

import gzip
import hashlib
import os
import struct
import sys
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.image import gzip as our_gzip
from scantling.image import zstd as our_zstd
from scantling.image.api import Slice
from scantling.image.budget import Budget
from scantling.image.gaplist import GapList
from scantling.image.stream import open_stream
from tests.image import forge

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, ZstdDict, compress
else:
    from backports.zstd import CompressionParameter, ZstdDict, compress

_TAR = (
    forge.file(b"etc/os-release", b"ID=debian\n")
    + forge.file(b"noise", bytes(range(256)) * 40)
    + forge.END
)
_GZIP = gzip.compress(_TAR, mtime=0)
_SKIPPABLE = b"\x50\x2a\x4d\x18" + struct.pack("<I", 5) + b"extra"
_GZIP_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


def _sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _checked_zstd(data: bytes) -> bytes:
    return compress(data, options={CompressionParameter.checksum_flag: 1})


def _unpacked(data: bytes, *, piece_bytes: int = 0) -> tuple[bytes, str]:
    """Return what a decoder makes of `data`, and the code of the error or blocking gap."""
    gaps = GapList()
    pieces = forge.Pieces(data, piece_bytes or len(data) or 1)
    read = (
        our_zstd.decompress(pieces.read, gaps, window_bytes=2**27)
        if our_zstd.is_magic(data)
        else our_gzip.inflate(pieces.read, gaps)
    )
    out = b""
    try:
        for piece in read:
            out += piece
    except InputError as error:
        return out, error.code
    return out, next((gap.code for gap in gaps.gaps() if gap.kind == "blocking"), "")


@pytest.mark.parametrize(
    ("stored", "compression"),
    [(_TAR, ""), (_GZIP, "gzip"), (forge.zstd(_TAR), "zstd")],
    ids=["plain", "gzip", "zstd"],
)
def test_a_layer_is_read_and_hashed_in_one_pass(stored: bytes, compression: str) -> None:
    walked = forge.read_layer(stored)

    assert walked.digests is not None
    assert walked.compression == compression
    assert walked.codes == set()
    assert walked.files["etc/os-release"] == b"ID=debian\n"
    assert walked.digests.stored == _sha256(stored)
    assert walked.digests.diff_id == _sha256(_TAR)
    assert (walked.digests.bytes_in, walked.digests.bytes_out) == (len(stored), len(_TAR))
    assert walked.digests.complete


@pytest.mark.parametrize("stored", [_TAR, _GZIP], ids=["plain", "gzip"])
def test_digests_that_are_not_wanted_are_empty(stored: bytes) -> None:
    walked = forge.read_layer(stored, hashed=False)

    assert walked.digests is not None
    assert walked.digests.stored == walked.digests.diff_id == ""
    assert len(walked.files) == 2


def test_an_unhashed_plain_layer_is_read_only_where_it_is_wanted() -> None:
    data = b"".join(forge.file(b"f%d" % n, bytes(200_000)) for n in range(5)) + forge.END
    with forge.slice_of(data) as slice_:
        stream = open_stream(slice_, Budget(Limits()), stored="", content="")
        stream.read()
        skipped = stream.skip(900_000)

    assert skipped == 900_000
    assert stream.bytes_in > skipped


def test_the_stored_digest_is_right_even_when_the_content_is_damaged() -> None:
    damaged = bytearray(_GZIP)
    damaged[len(damaged) // 2] ^= 4

    walked = forge.read_layer(bytes(damaged))

    assert walked.digests is not None
    assert walked.blocked
    assert walked.digests.stored == _sha256(bytes(damaged))
    assert walked.digests.diff_id == ""
    assert not walked.digests.complete


def test_digests_cover_what_the_walker_did_not_read() -> None:
    data = forge.file() + forge.END + b"\0" * 700_000 + b"hidden"

    walked = forge.read_layer(gzip.compress(data))

    assert walked.digests is not None
    assert walked.codes == {"tar.trailing"}
    assert walked.digests.diff_id == _sha256(data)


def test_no_bit_of_a_gzip_file_can_change_the_content_unnoticed() -> None:
    silent = []
    for at in range(len(_GZIP)):
        for bit in range(8):
            damaged = bytearray(_GZIP)
            damaged[at] ^= 1 << bit
            content, code = _unpacked(bytes(damaged), piece_bytes=97 if bit % 2 else 0)
            if content != _TAR and not code:
                silent.append((at, bit))

    assert silent == []


def test_no_bit_of_a_checked_zstd_frame_can_change_the_content_unnoticed() -> None:
    stored = _checked_zstd(_TAR)
    silent = []
    for at in range(4, len(stored)):
        for bit in range(8):
            damaged = bytearray(stored)
            damaged[at] ^= 1 << bit
            content, code = _unpacked(bytes(damaged))
            if content != _TAR and not code:
                silent.append((at, bit))

    assert silent == []


@pytest.mark.parametrize("stored", [_GZIP, _checked_zstd(_TAR)], ids=["gzip", "zstd"])
def test_a_compressed_stream_cut_anywhere_is_noticed(stored: bytes) -> None:
    for length in range(5, len(stored)):
        content, code = _unpacked(stored[:length], piece_bytes=64 if length % 2 else 0)

        assert code in {"gzip.corrupt", "zstd.corrupt"}, length
        assert _TAR.startswith(content)


@pytest.mark.parametrize("piece_bytes", [0, 1, 7], ids=["whole", "bytes", "sevens"])
def test_all_members_and_frames_are_read(piece_bytes: int) -> None:
    half = len(_TAR) // 2
    named = b"\x1f\x8b\x08\x1e" + bytes(6) + b"\x03\0abcname\0comment\0"
    named += struct.pack("<H", zlib.crc32(named) & 0xFFFF) + gzip.compress(_TAR[half:])[10:]
    members = gzip.compress(_TAR[:half]) + named + gzip.compress(b"")
    frames = _SKIPPABLE + compress(_TAR[:half]) + _SKIPPABLE + compress(_TAR[half:]) + _SKIPPABLE

    assert _unpacked(members, piece_bytes=piece_bytes) == (_TAR, "")
    assert _unpacked(frames, piece_bytes=piece_bytes) == (_TAR, "")


@pytest.mark.parametrize(
    ("tail", "code"),
    [(bytes(600), "tar.note"), (b"\0\0x", "corrupt"), (b"\x1f", "corrupt"), (b"x" * 9, "corrupt")],
    ids=["zeros", "zeros_and_more", "half_a_magic", "garbage"],
)
@pytest.mark.parametrize("stored", [_GZIP, forge.zstd(_TAR)], ids=["gzip", "zstd"])
def test_what_follows_the_compressed_stream_is_looked_at(
    stored: bytes, tail: bytes, code: str
) -> None:
    walked = forge.read_layer(stored + tail)

    assert walked.files
    assert all(code in found for found in walked.codes)
    assert walked.blocked == (code == "corrupt")


@pytest.mark.parametrize(
    ("media_type", "stored", "codes"),
    [
        (_GZIP_TYPE, _GZIP, set()),
        (_GZIP_TYPE, forge.zstd(_TAR), {"layer.mediatype"}),
        (_GZIP_TYPE, _TAR, {"layer.mediatype"}),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", _TAR, {"layer.mediatype"}),
        ("application/vnd.oci.image.layer.v1.tar", _GZIP, {"layer.mediatype"}),
        ("application/vnd.oci.image.layer.v1.tar+zstd", forge.zstd(_TAR), set()),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", _GZIP, {"layer.encrypted"}),
        ("", b"\xfd7zXZ\x00" + bytes(600), {"layer.unsupported"}),
        ("", b"BZh9" + bytes(600), {"layer.unsupported"}),
        ("", b"hsqs" + bytes(600), {"layer.unsupported"}),
        ("", b"\x00asm" + bytes(600), {"layer.unsupported"}),
        ("", b"", {"tar.truncated"}),
        ("", forge.END, set()),
    ],
)
def test_the_compression_is_told_by_the_bytes(
    media_type: str, stored: bytes, codes: set[str]
) -> None:
    walked = forge.read_layer(stored, media_type=media_type)

    assert walked.codes == codes
    assert bool(walked.files) == ("layer" not in "".join(codes) or "layer.mediatype" in codes) or (
        stored in {b"", forge.END}
    )


def test_a_file_shorter_than_its_slice_is_noticed() -> None:
    with forge.slice_of(_GZIP) as slice_:
        longer = Slice(fd=slice_.fd, offset_bytes=6, length_bytes=len(_GZIP) + 10)
        stream = open_stream(longer, Budget(Limits()))
        digests = stream.finish()

    assert [gap.code for gap in stream.gaps.gaps()] == ["layer.size"]
    assert not digests.complete


def test_a_layer_too_large_as_stored_is_not_opened() -> None:
    walked = forge.read_layer(_GZIP, limits=Limits(layer_compressed_bytes=100))

    assert walked.error == "limit.bytes"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(20), "zstd.window"),  # 2^41
        (b"\x28\xb5\x2f\xfd\x00\x89" + bytes(20), "zstd.window"),  # 2^27 and an eighth
        (b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8 + bytes(20), "zstd.window"),  # one huge segment
        (b"\x28\xb5\x2f\xfd\x01\x00\x07" + bytes(20), "zstd.corrupt"),  # a dictionary's id
        (b"\x28\xb5\x2f\xfd\x08\x00" + bytes(20), "zstd.corrupt"),  # the reserved bit
        (b"\x28\xb5\x2f\xfd", "zstd.corrupt"),
        (b"\x50\x2a\x4d\x18\xff\xff\xff\xff" + bytes(100), "zstd.corrupt"),  # skip 4 GiB
    ],
    ids=["window_2_41", "window_above", "segment", "dictionary", "reserved", "cut", "skippable"],
)
def test_zstd_frames_that_ask_for_too_much_are_refused(frame: bytes, code: str) -> None:
    assert _unpacked(frame) == (b"", code)


def test_a_zstd_frame_made_with_a_dictionary_is_refused() -> None:
    text = bytes(range(256)) * 4

    stored = compress(text, zstd_dict=ZstdDict(text, is_raw=True))

    assert _unpacked(stored)[1] == "zstd.corrupt"


def test_a_zstd_frame_that_lies_about_its_content_size_is_refused() -> None:
    stored = bytearray(compress(b"y" * 1000))
    assert stored[4] == 0x60
    stored[5:7] = struct.pack("<H", 900 - 256)

    assert _unpacked(bytes(stored))[1] == "zstd.corrupt"


@pytest.mark.parametrize(
    "member",
    [
        b"\x1f\x8b\x08\x20" + bytes(600),
        b"\x1f\x8b\x07\x00" + bytes(600),
        b"\x1f\x8b\x08\x04" + bytes(6) + b"\xff\xff" + bytes(600),
        b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 70_000,
        b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 70,
        b"\x1f\x8b\x08\x02" + bytes(6) + b"\x00\x00" + bytes(600),
        # A copy from 32 KiB before the start: fixed tree, length 3, distance 24,577.
        b"\x1f\x8b\x08\x00" + bytes(6) + b"\x03\xe2\xff\x07" + bytes(8),
        b"\x1f\x8b\x08\x00" + bytes(6) + b"\x07" + bytes(20),
    ],
    ids=["flags", "method", "extra", "name", "name_end", "header_crc", "distance", "block_type"],
)
def test_bad_gzip_members_are_refused(member: bytes) -> None:
    assert _unpacked(member)[1] == "gzip.corrupt"


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([b"", our_gzip.MAGIC + b"\x08\0", our_zstd.MAGIC]), st.binary(max_size=600))
def test_arbitrary_layers_raise_nothing_but_input_errors(start: bytes, data: bytes) -> None:
    walked = forge.read_layer(start + data)

    assert walked.blocked or walked.paths == []


def test_the_slice_s_descriptor_stays_open_and_in_place() -> None:
    with forge.slice_of(_GZIP) as slice_:
        os.lseek(slice_.fd, 3, os.SEEK_SET)
        open_stream(slice_, Budget(Limits())).finish()

        assert os.lseek(slice_.fd, 0, os.SEEK_CUR) == 3
