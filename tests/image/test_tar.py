"""The tar walker against GNU tar, in every format, and against damage of every kind."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.image.budget import Budget
from scantling.image.cursor import BytesSource
from scantling.image.tar import SNIFF, Kind, TarWalker
from tests.image import forge

_GNU_TAR = shutil.which("tar")
_SMALL = (
    forge.header(b"etc/", kind=b"5", mode=0o755)
    + forge.file(b"etc/os-release", b"ID=debian\n")
    + forge.header(b"etc/link", kind=b"2", link=b"os-release")
    + forge.header(b"etc/hard", kind=b"1", link=b"etc/os-release")
    + forge.header(b"usr/.wh.lost")
    + forge.file(b"var/lib/dpkg/status", b"Package: base-files\n" * 40)
    + forge.END
)


# A limit below the fast path's assumptions switches it off.
_CAREFUL = Limits(path_component_bytes=254)


def _tree(root: Path) -> None:
    """Make a tree with long names, links, odd characters and a sparse file."""
    (root / "etc").mkdir()
    (root / "etc/os-release").write_bytes(b"ID=debian\n")
    (root / "etc/empty").touch()
    (root / "etc/link").symlink_to("os-release")
    (root / "etc/far").symlink_to("/" + "long-target/" * 12 + "end")
    os.link(root / "etc/os-release", root / "etc/hard")
    (root / "näme with späce\n").write_bytes(b"x" * 513)
    (root / ".hidden").write_bytes(b"h")
    (root / "block").write_bytes(b"b" * 512)
    (root / "executable").write_bytes(b"\x7fELF" + bytes(9000))
    (root / "executable").chmod(0o4755)


def _deep(root: Path) -> None:
    folder = root / Path(*["directory-of-some-length"] * 8)
    folder.mkdir(parents=True)
    (folder / ("n" * 120)).write_bytes(b"deep")
    (folder / "link").symlink_to("t" * 150)
    ((root / "p" / ("q" * 90)) / ("r" * 60)).mkdir(parents=True)
    ((root / "p" / ("q" * 90)) / ("r" * 60) / "ustar-prefix").write_bytes(b"prefix")


def _sparse(root: Path) -> None:
    with (root / "sparse").open("wb") as out:
        for place in range(12):
            out.seek(place * 65536)
            out.write(b"island %d" % place)
        out.truncate(1_000_000)
    with (root / "hole").open("wb") as out:
        out.truncate(300_000)


def _expected(root: Path) -> tuple[set[str], dict[str, bytes], dict[str, str]]:
    paths, contents, links = set(), {}, {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        paths.add(name + "/" if path.is_dir() and not path.is_symlink() else name)
        if path.is_symlink():
            links[name] = str(path.readlink())
        elif path.is_file():
            contents[name] = path.read_bytes()
    return paths, contents, links


def _packed(root: Path, *options: str) -> bytes:
    assert _GNU_TAR
    return subprocess.run(
        [_GNU_TAR, "-C", str(root), *options, "-cf", "-", "."], check=True, capture_output=True
    ).stdout


@pytest.mark.skipif(_GNU_TAR is None, reason="needs GNU tar")
@pytest.mark.parametrize("piece_bytes", [0, 700, 4096], ids=["whole", "tiny", "pages"])
@pytest.mark.parametrize("form", ["v7", "ustar", "gnu", "oldgnu", "pax"])
def test_a_tree_packed_by_gnu_tar_reads_as_it_is_on_disk(
    tmp_path: Path, form: str, piece_bytes: int
) -> None:
    _tree(tmp_path)
    if form in {"v7", "ustar"}:
        (tmp_path / "etc/far").unlink()
    if form in {"gnu", "oldgnu", "pax"}:
        _deep(tmp_path)

    walked = forge.walk(_packed(tmp_path, f"--format={form}"), piece_bytes=piece_bytes)

    paths, contents, links = _expected(tmp_path)
    hardlinks = {e.path: e.link for e in walked.entries if e.kind is Kind.HARDLINK}
    assert walked.error == ""
    assert not walked.blocked
    assert set(walked.paths) == paths
    assert {e.path: e.link for e in walked.entries if e.kind is Kind.SYMLINK} == links
    assert walked.files == {k: v for k, v in contents.items() if k not in hardlinks}
    assert {frozenset(pair) for pair in hardlinks.items()} == {
        frozenset({"etc/hard", "etc/os-release"})
    }


@pytest.mark.skipif(_GNU_TAR is None, reason="needs GNU tar")
@pytest.mark.parametrize(
    "options",
    [
        ("--format=gnu",),
        ("--format=pax", "--sparse-version=0.0"),
        ("--format=pax", "--sparse-version=0.1"),
        ("--format=pax", "--sparse-version=1.0"),
    ],
    ids=["old_gnu", "pax_0_0", "pax_0_1", "pax_1_0"],
)
def test_sparse_files_are_expanded(tmp_path: Path, options: tuple[str, ...]) -> None:
    _sparse(tmp_path)

    walked = forge.walk(_packed(tmp_path, "-S", *options))

    assert not walked.blocked
    assert walked.files == _expected(tmp_path)[1]


def test_a_sparse_file_too_large_for_its_want_is_a_gap(tmp_path: Path) -> None:
    sparse = forge.pax(
        (b"GNU.sparse.size", b"%d" % 2**60),
        (b"GNU.sparse.numblocks", b"1"),
        (b"GNU.sparse.map", b"0,4"),
    ) + forge.file(b"huge", b"data")

    walked = forge.walk(sparse + forge.file(b"after") + forge.END)

    assert walked.codes == {"limit.file"}
    assert list(walked.files) == ["after"]


def test_the_fast_path_and_the_careful_one_agree() -> None:
    fast = forge.walk(_SMALL)
    careful = forge.walk(_SMALL, limits=_CAREFUL)

    assert fast.facts == careful.facts
    assert fast.codes == careful.codes == set()


@pytest.mark.parametrize("piece_bytes", [1, 511, 512, 513, 1000])
def test_pieces_of_any_size_give_the_same_entries(piece_bytes: int) -> None:
    assert forge.walk(_SMALL, piece_bytes=piece_bytes).facts == forge.walk(_SMALL).facts


def test_the_small_archive_reads_in_full() -> None:
    walked = forge.walk(_SMALL)

    assert walked.codes == set()
    assert walked.paths == [
        "etc/",
        "etc/os-release",
        "etc/link",
        "etc/hard",
        "var/lib/dpkg/status",
    ]
    assert [(e.kind, e.path) for e in walked.entries if not e.data and not e.link] == [
        (Kind.WHITEOUT, "usr/lost")
    ]


def test_a_file_picked_by_its_first_bytes_is_kept_whole() -> None:
    program = b"\x7fELF" + b"p" * 9000
    seen: list[tuple[str, int]] = []

    def sniff(path: str, _size: int, _mode: int, head: bytes) -> str:
        seen.append((path, len(head)))
        return "binary_bytes" if head.startswith(b"\x7fELF") else ""

    data = forge.file(b"a", b"text") + forge.file(b"b", program) + forge.file(b"c") + forge.END
    for piece_bytes in (0, 600):
        seen.clear()
        walked = forge.walk(data, select=lambda *_: SNIFF, sniff=sniff, piece_bytes=piece_bytes)

        assert walked.files == {"b": program}
        assert seen == [("a", 4), ("b", 4096), ("c", 7)]


def test_no_single_bit_of_a_header_can_change_without_notice() -> None:
    """Every flip gives the same facts or a gap: 3,888 flips, none silent."""
    truth = forge.walk(_SMALL).facts
    headers = [at for at in range(0, len(_SMALL) - 1024, 512) if _SMALL[at + 257 :][:5] == b"ustar"]
    assert len(headers) == 6
    silent = []
    for start in headers:
        # Name, numbers, checksum, type, link, prefix: 648 flips for each header.
        for at in [*range(start, start + 20), *range(start + 100, start + 160), start + 345]:
            for bit in range(8):
                damaged = bytearray(_SMALL)
                damaged[at] ^= 1 << bit
                walked = forge.walk(bytes(damaged))
                if walked.facts != truth and not walked.blocked:
                    silent.append((at, bit))

    assert silent == []


def test_no_bit_of_the_end_can_change_without_notice() -> None:
    for at in range(len(_SMALL) - 1024, len(_SMALL), 7):
        damaged = bytearray(_SMALL)
        damaged[at] ^= 1 << (at % 8)

        assert forge.walk(bytes(damaged)).blocked, at


def test_an_archive_cut_anywhere_is_never_complete() -> None:
    for length in range(len(_SMALL)):
        walked = forge.walk(_SMALL[:length], piece_bytes=700 if length % 2 else 0)

        assert walked.blocked, length


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2048))
def test_arbitrary_bytes_raise_nothing_but_input_errors(data: bytes) -> None:
    forge.walk(data)
    forge.walk(forge.summed(data.ljust(512, b"\0")[:512]) + data)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(_SMALL) - 1), st.binary(min_size=1, max_size=40)),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
def test_a_patched_archive_reads_the_same_on_every_path(
    patches: list[tuple[int, bytes]],
    repair: bool,  # noqa: FBT001 - drawn, not passed
) -> None:
    data = bytearray(_SMALL)
    for at, patch in patches:
        data[at : at + len(patch)] = patch[: len(data) - at]
    if repair:
        # With right checksums the damage gets past the first line of defense.
        for at in range(0, len(data) - 511, 512):
            data[at : at + 512] = forge.summed(bytes(data[at : at + 512]))

    fast = forge.walk(bytes(data))
    careful = forge.walk(bytes(data), limits=_CAREFUL, piece_bytes=600)

    assert (fast.facts, fast.codes) == (careful.facts, careful.codes)


@pytest.mark.parametrize("cut", [0, 1, 600, 1500, len(_SMALL) - 1100])
def test_a_sparsely_read_layer_gives_the_same_entries(cut: int) -> None:
    data = _SMALL[: len(_SMALL) - cut]

    for select in (forge.everything, forge.nothing):
        sparse = forge.read_layer(data, hashed=False, select=select)
        whole = forge.walk(data, select=select)

        assert (sparse.facts, sparse.codes) == (whole.facts, whole.codes)


def test_entries_beyond_the_limit_stop_the_walk() -> None:
    data = forge.header(b"e") * 1200 + forge.END

    walked = forge.walk(data, limits=Limits(layer_entries=1000), piece_bytes=4096)

    assert walked.error == "limit.entries"


def test_the_scan_s_entries_are_counted_over_all_layers() -> None:
    budget = Budget(Limits(scan_entries=10), used_entries=8)
    walker = TarWalker(BytesSource(_SMALL), budget, select=forge.nothing)

    with pytest.raises(InputError, match="more than 10 archive entries"):
        list(walker)
