"""Digests computed by a second worker are those that the reader would have computed."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.catalog.trial import facts_of, gaps_of, names, opened, with_claims

from scantling.catalog import digests, reading
from scantling.catalog.hashing import HasherLostError, Hashes, Ring
from scantling.core.limits import KIB, MIB
from scantling.core.sandbox import pool
from scantling.core.sandbox.worker import Desk, Task
from scantling.image.api import Slice

_PIECES = (b"", b"a", b"xyz" * 100_000, bytes(512 * KIB), os.urandom(2 * MIB + 1), b"end")
_LARGE = 9 * MIB


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _answer(ring: Ring, ask: Callable[[Hashes], bytes]) -> bytes:
    """Return what a worker answers that has the reader's end, with a hasher beside it."""

    def prepare() -> Task:
        hashes, kept = ring.reader()
        return Task(run=lambda _desk: ask(hashes), keep=kept)

    jobs = [pool.Job(prepare=ring.hasher, weight=1), pool.Job(prepare=prepare)]
    _, reader = pool.run(jobs, workers=2)
    assert isinstance(reader, pool.Finished), reader
    return reader.payload


def test_two_hashes_at_a_time_come_out_as_hashlib_computes_them() -> None:
    def ask(hashes: Hashes) -> bytes:
        first, second = hashes.new("sha256"), hashes.new("sha512")
        early = b""
        for piece in _PIECES * 8:
            first.update(piece)
            second.update(piece[::2])
            early = early or first.hexdigest().encode()
        return b" ".join((early, first.hexdigest().encode(), second.hexdigest().encode()))

    early, first, second = _answer(Ring(), ask).decode().split(" ")

    assert early == hashlib.sha256(b"").hexdigest()
    assert first == hashlib.sha256(b"".join(_PIECES * 8)).hexdigest()
    assert second == hashlib.sha512(b"".join(piece[::2] for piece in _PIECES * 8)).hexdigest()


def test_a_reader_without_a_hasher_is_told_instead_of_waiting() -> None:
    ring = Ring()
    hashes, kept = ring.reader()
    ring.drop()

    with pytest.raises(HasherLostError):
        hashes.new("sha256")

    for descriptor in kept:
        os.close(descriptor)


def test_a_hasher_without_a_reader_ends() -> None:
    ring = Ring()
    task = ring.hasher()
    ring.drop()

    (outcome,) = pool.run([pool.Job(prepare=lambda: task)], workers=1)

    assert isinstance(outcome, pool.Finished)


@pytest.mark.parametrize("compression", ["gzip", "zstd", ""])
def test_a_large_layer_gives_the_same_facts_with_and_without_a_second_worker(
    tmp_path: Path, compression: str
) -> None:
    tree = {"a.pkgs": b"one 1\n", "large": os.urandom(_LARGE), "z.pkgs": b"two 2\ncrash"}
    image = opened(tmp_path, tree, compression=compression)

    alone, _ = facts_of(image, workers=1)
    beside, _ = facts_of(image, workers=2)

    assert alone == beside
    assert names(*beside)["a.pkgs"] == ["one"]
    assert [gap.code for gap in gaps_of(*beside)] == ["parser.crashed"]


@pytest.mark.parametrize("compression", ["gzip", ""])
@pytest.mark.parametrize("claim", ["digest", "diff_id"])
def test_a_large_layer_that_is_not_what_it_claims_is_reported(
    tmp_path: Path, claim: str, compression: str
) -> None:
    image = opened(tmp_path, {"large": os.urandom(_LARGE)}, compression=compression)
    wrong = with_claims(image, 0, **{claim: "sha256:" + "0" * 64})

    (facts,), _ = facts_of(wrong, workers=2)

    assert [gap.code for gap in gaps_of(facts)] == [
        {"digest": "layer.digest", "diff_id": "layer.diffid"}[claim]
    ]


def test_a_layer_is_read_all_the_same_when_its_hasher_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = opened(tmp_path, {"a.pkgs": b"one 1\n", "large": os.urandom(_LARGE)})
    expected, _ = facts_of(image, workers=1)
    monkeypatch.setattr(Ring, "_serve", lambda _ring, _desk: os.abort())

    facts, _ = facts_of(image, workers=2)

    assert facts == expected


def test_a_plain_layer_whose_digests_cannot_be_computed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = opened(tmp_path, {"a.pkgs": b"one 1\n", "large": os.urandom(_LARGE)}, compression="")
    monkeypatch.setattr(digests, "hash_slice", lambda *_: os.abort())

    (facts,), _ = facts_of(image)

    assert names(facts)["a.pkgs"] == ["one"]
    assert [gap.code for gap in gaps_of(facts)] == ["layer.digest"]


def test_a_plain_layer_that_is_shorter_than_declared_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = opened(tmp_path, {"large": os.urandom(_LARGE)}, compression="")
    honest = digests.hash_slice

    def cut(desk: Desk, stored: Slice, names: tuple[str, ...]) -> bytes:
        return honest(desk, Slice(fd=stored.fd, offset_bytes=0, length_bytes=MIB), names)

    monkeypatch.setattr(digests, "hash_slice", cut)

    (facts,), _ = facts_of(image)

    assert [gap.code for gap in gaps_of(facts)] == ["layer.size", "layer.digest", "layer.diffid"]


def test_a_plain_layer_that_changes_while_it_is_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = opened(tmp_path, {"large": os.urandom(_LARGE)}, compression="")
    (path,) = (p for p in (tmp_path / "blobs" / "sha256").iterdir() if p.stat().st_size > MIB)
    take = reading._take_digests

    def take_late(*arguments: object) -> None:
        os.utime(path)
        take(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_take_digests", take_late)

    (facts,), _ = facts_of(image)

    assert [gap.code for gap in gaps_of(facts)] == ["layer.digest"]


def test_a_large_layer_that_cannot_be_had_leaves_no_worker_waiting(tmp_path: Path) -> None:
    image = opened(tmp_path, {"large": os.urandom(_LARGE)})
    for blob in sorted((tmp_path / "blobs" / "sha256").iterdir()):
        if blob.stat().st_size > MIB:
            blob.unlink()
    before = _open_files()

    (facts,), _ = facts_of(image, workers=2)

    assert [gap.code for gap in facts.gaps] == ["layer.missing"]
    assert _open_files() == before
