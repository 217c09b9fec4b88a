"""The zip reader against archives as tools write them, and against damage."""

import os
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.image.budget import Budget
from scantling.image.zip import ZipArchive
from tests.image import forge
from tests.image.forge import Zipped

_ZIP = shutil.which("zip")
_MANIFEST = b"Manifest-Version: 1.0\r\nImplementation-Title: example\r\n" * 20
_JAR = forge.zipped(
    Zipped(name=b"META-INF/"),
    Zipped(name=b"META-INF/MANIFEST.MF", data=_MANIFEST, method=8),
    Zipped(name=b"lib/inner.jar", data=b"stored bytes"),
)


def opened(data: bytes, limits: Limits | None = None) -> ZipArchive:
    return ZipArchive(data, Budget(limits or Limits()))


def contents(data: bytes) -> tuple[dict[str, bytes], set[str]]:
    """Return what can be read, and every code that was raised or noted."""
    try:
        archive = opened(data)
    except InputError as error:
        return {}, {error.code}
    found, codes = {}, set()
    for entry in archive.entries:
        try:
            found[entry.name] = archive.read(entry, "text_bytes")
        except InputError as error:
            codes.add(error.code)
    return found, codes | {gap.code for gap in archive.gaps.gaps()}


def test_an_ordinary_archive_is_read_without_a_gap() -> None:
    found, codes = contents(_JAR)

    assert codes == set()
    assert found == {
        "META-INF/": b"",
        "META-INF/MANIFEST.MF": _MANIFEST,
        "lib/inner.jar": b"stored bytes",
    }


def test_entries_are_found_by_name_and_in_order() -> None:
    archive = opened(_JAR)

    assert [entry.name for entry in archive.entries] == [
        "META-INF/",
        "META-INF/MANIFEST.MF",
        "lib/inner.jar",
    ]
    assert [entry.size_bytes for entry in archive.named("lib/inner.jar")] == [12]
    assert archive.named("absent") == ()
    assert archive.entries[0].is_folder


@pytest.mark.skipif(_ZIP is None, reason="needs Info-ZIP's zip")
@pytest.mark.parametrize("streamed", [False, True], ids=["file", "with_descriptors"])
def test_an_archive_packed_by_info_zip_reads_as_it_is_on_disk(
    tmp_path: Path, *, streamed: bool
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/text").write_bytes(b"line\n" * 5000)
    (tmp_path / "a/noise").write_bytes(os.urandom(3000))
    (tmp_path / "a/empty").touch()
    if not streamed:
        (tmp_path / "a/link").symlink_to("text")
    assert _ZIP
    options = ["-fd"] if streamed else []
    subprocess.run([_ZIP, "-qry", *options, "out.zip", "a"], cwd=tmp_path, check=True)
    data = (tmp_path / "out.zip").read_bytes()

    found, codes = contents(data)

    assert codes == set()
    assert found == {
        "a/": b"",
        "a/text": b"line\n" * 5000,
        "a/noise": (tmp_path / "a/noise").read_bytes(),
        "a/empty": b"",
    } | ({} if streamed else {"a/link": b"text"})
    assert [entry.name for entry in opened(data).entries if entry.is_link] == (
        [] if streamed else ["a/link"]
    )


def test_reading_one_entry_does_not_touch_the_others() -> None:
    broken = Zipped(name=b"broken", data=b"not deflate", method=0, crc=1)
    archive = opened(forge.zipped(broken, Zipped(name=b"good", data=b"fine")))

    assert archive.read(archive.named("good")[0], "text_bytes") == b"fine"
    with pytest.raises(InputError) as caught:
        archive.read(archive.named("broken")[0], "text_bytes")
    assert (caught.value.code, caught.value.path) == ("zip.corrupt", "broken")


def test_a_zstd_entry_is_read_and_its_checksum_compared() -> None:
    stored = forge.zstd(b"content")
    right = Zipped(name=b"z", data=stored, method=93, crc=zlib.crc32(b"content"), size=7)
    wrong = Zipped(name=b"z", data=stored, method=93, crc=1, size=7)

    assert contents(forge.zipped(right)) == ({"z": b"content"}, set())
    assert contents(forge.zipped(wrong)) == ({}, {"zip.corrupt"})


def test_zip64_numbers_are_read() -> None:
    extra = struct.pack("<2HQQ", 1, 16, 4, 4)
    data = bytearray(forge.zipped(Zipped(name=b"a", data=b"wide", extra=extra)))
    central = data.index(b"PK\1\2")
    data[central + 20 : central + 28] = b"\xff" * 8

    assert contents(bytes(data)) == ({"a": b"wide"}, set())


def test_an_entry_larger_than_the_limit_is_not_inflated() -> None:
    archive = opened(_JAR, Limits(text_bytes=100))

    with pytest.raises(InputError) as caught:
        archive.read(archive.named("META-INF/MANIFEST.MF")[0], "text_bytes")

    assert (caught.value.code, caught.value.limit) == ("limit.file", "text_bytes")


def test_all_archives_of_a_scan_share_one_budget() -> None:
    budget = Budget(Limits(scan_bytes=30, nested_archives=2, nested_depth=1))
    with budget.nested():
        archive = ZipArchive(_JAR, budget)
        archive.read(archive.named("lib/inner.jar")[0], "text_bytes")
        with pytest.raises(InputError, match="1 deep"), budget.nested():
            pytest.fail("too deep")
    with pytest.raises(InputError, match="more than 2 archives"), budget.nested():
        pytest.fail("too many")
    archive.read(archive.named("lib/inner.jar")[0], "text_bytes")
    with pytest.raises(InputError, match="more than 30 bytes"):
        archive.read(archive.named("lib/inner.jar")[0], "text_bytes")


def test_expansion_is_judged_over_the_whole_archive() -> None:
    entries = [Zipped(name=b"%d" % n, data=bytes(10 * forge.MIB), method=8) for n in range(7)]
    archive = opened(forge.zipped(*entries), Limits(nested_ratio=10))

    for entry in archive.entries[:6]:
        archive.read(entry, "text_bytes")
    with pytest.raises(InputError) as caught:
        archive.read(archive.entries[6], "text_bytes")

    assert (caught.value.code, caught.value.limit) == ("limit.ratio", "nested_ratio")


def test_no_single_bit_of_a_jar_can_change_without_notice() -> None:
    """Every bit: the same content, or an error, or a gap. Times and attributes are harmless."""
    truth, _ = contents(_JAR)
    silent = []
    for at in range(len(_JAR)):
        for bit in range(8):
            damaged = bytearray(_JAR)
            damaged[at] ^= 1 << bit
            found, codes = contents(bytes(damaged))
            if found != truth and not codes:
                silent.append((at, bit))

    assert silent == []


def test_a_jar_cut_anywhere_is_noticed() -> None:
    for length in range(len(_JAR)):
        assert contents(_JAR[:length])[1], length


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.integers(0, len(_JAR)), st.integers(0, len(_JAR)))
def test_arbitrary_bytes_raise_nothing_but_input_errors(data: bytes, start: int, end: int) -> None:
    contents(data)
    contents(_JAR[:start] + data + _JAR[end:])


def test_names_are_kept_as_data() -> None:
    names = ["../../etc/passwd", "/etc/shadow", "..\\win.ini", "C:\\boot.ini", "a\0b", "ok..txt"]
    archive = opened(forge.zipped(*(Zipped(name=name.encode()) for name in names)))

    assert [entry.name for entry in archive.entries] == names
    assert [gap.path for gap in archive.gaps.gaps()] == [*names[:4], names[4]]
