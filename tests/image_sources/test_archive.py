"""The outer tar of an archive: rare headers are read, odd ones refused."""

from pathlib import Path

import pytest

from scantling.core.errors import TargetError
from scantling.core.limits import DEFAULT as LIMITS
from scantling.image.archive import Archive
from scantling.testing.images import Symlink, layer_tar, tar_header

END = bytes(1024)
LONG = "folder/" * 30 + "name"


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def _special(kind: bytes, data: bytes) -> bytes:
    return tar_header(b"special", kind=kind, size=len(data)) + _padded(data)


def _record(text: str) -> bytes:
    """Return a pax record; its length has two digits."""
    return f"{len(text) + 4} {text}\n".encode()


FILE = tar_header(b"file", size=3) + _padded(b"abc")


def _archive(path: Path, content: bytes) -> Archive:
    (path / "a.tar").write_bytes(content)
    return Archive(str(path / "a.tar"), LIMITS)


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (FILE, "file", b"abc"),
        (_special(b"L", LONG.encode() + b"\0") + FILE, LONG, b"abc"),
        (layer_tar({LONG: b"abc"})[:-1024], LONG, b"abc"),
        (_special(b"x", _record("path=other")) + FILE, "other", b"abc"),
        (_special(b"x", _record("size=2") + _record("mtime=1")) + FILE, "file", b"ab"),
        (_special(b"g", _record("comment=hi")) + FILE, "file", b"abc"),
        (layer_tar({"./a//b/../file": b"abc"})[:-1024], "a/file", b"abc"),
        (layer_tar({"x/link": Symlink("../file"), "file": b"abc"})[:-1024], "x/link", b"abc"),
        (layer_tar({LONG: b"abc", "link": Symlink(LONG)})[:-1024], "link", b"abc"),
        (_special(b"K", LONG.encode()) + tar_header(b"l", kind=b"1", link=b"x")
         + layer_tar({LONG: b"abc"})[:-1024], "l", b"abc"),
        (tar_header(b"file", kind=b"\0", size=3) + _padded(b"abc"), "file", b"abc"),
    ],
    ids=[
        "plain", "gnu_long", "pax_long", "pax_path", "pax_size", "pax_global", "dots", "symlink",
        "long_symlink", "gnu_long_link", "old_kind",
    ],
)  # fmt: skip
def test_a_member_is_found(tmp_path: Path, content: bytes, name: str, expected: bytes) -> None:
    archive = _archive(tmp_path, content + END)

    assert archive.document(name) == expected
    archive.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_special(b"x", b"99 path=a\n") + FILE, "extended header is malformed"),
        (_special(b"x", b"path=a\n") + FILE, "extended header is malformed"),
        (_special(b"x", b"-5 path=a\n") + FILE, "extended header is malformed"),
        (_special(b"x", _record("size=-1")) + FILE, "size record is not a number"),
        (_special(b"x", _record("size=99999999")) + FILE, "ends inside a member"),
        (_special(b"x", _record("GNU.sparse.major=1")) + FILE, "sparse file"),
        (_special(b"g", _record("path=evil")) + FILE, "global header renames"),
        (tar_header(b"file", kind=b"S") + FILE, "unusual kind"),
        (tar_header(b"file", kind=b"Q") + FILE, "unusual kind"),
        (tar_header(b"x", kind=b"x", size=2**21) + FILE, "long header is too long"),
        (tar_header(b"x", kind=b"x", size=600)[:512] + bytes(100), "ends inside a header"),
        (tar_header(b"file", size=2**30), "ends inside a member"),
        (b"x" + FILE[1:], "wrong checksum"),
        (FILE, "ends early"),
    ],
    ids=[
        "pax_length", "pax_no_length", "pax_negative", "pax_size", "pax_huge", "pax_sparse",
        "global", "sparse", "unknown", "long", "cut_long", "cut", "checksum", "no_end",
    ],
)  # fmt: skip
def test_an_odd_header_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    ends = b"" if words.startswith("ends") else END

    with pytest.raises(TargetError, match=words):
        _archive(tmp_path, content + ends)


@pytest.mark.parametrize("name", ["../file", "/file", "a/../../file"])
def test_a_name_that_leads_out_is_no_name(tmp_path: Path, name: str) -> None:
    archive = _archive(tmp_path, layer_tar({name: b"abc"}))

    for asked in (name, "file", ""):
        with pytest.raises((FileNotFoundError, TargetError)):
            archive.document(asked)
    archive.close()


def test_a_link_that_leads_out_leads_nowhere(tmp_path: Path) -> None:
    links = {"a": Symlink("/etc/passwd"), "b": Symlink("../../etc/passwd"), "c": Symlink("")}
    archive = _archive(tmp_path, layer_tar(links))

    for name in links:
        with pytest.raises((FileNotFoundError, TargetError)):
            archive.document(name)
    archive.close()


def test_a_long_chain_of_links_ends(tmp_path: Path) -> None:
    chain = {f"{number}": Symlink(f"{number + 1}") for number in range(100)}
    archive = _archive(tmp_path, layer_tar({**chain, "100": b"end"}))

    assert archive.document("70") == b"end"
    with pytest.raises(TargetError, match="lead in a circle"):
        archive.document("0")
    archive.close()
