"""Facts that were read once: content-addressed files, many processes, no lock.

    <root>/verified/ab/<sha256 of a blob's identity>    which facts were read from these very bytes
    <root>/facts/ab/<sha256 of the content>             facts, encoded

A diff ID is a claim that an image makes about a layer. If it alone were the key, an image could
claim the diff ID of someone else's layer, bring other bytes, and leave *its* facts for the next
scan of the honest image (or be spared a look at its own). So the way in is the identity of the
stored bytes, which the image does not choose: blob digest, or file, inode, size and times. Its
record names the diff ID that hashing those bytes gave, and the digest of the facts. A worker that
was taken over can lie about its own bytes only. See docs/decisions/0005-facts-cache.md.

A file is written under another name and renamed, so it is whole or absent; its content is checked
when it is read. What is damaged or belongs to another user counts as absent. A cache that cannot
be written costs time, never a scan: see `problem`.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.catalog import registry
from scantling.catalog.api import Profile
from scantling.catalog.factsform import FORMAT, decode
from scantling.core.limits import Limits
from scantling.core.model.facts import LayerFacts

_RECORD_BYTES: Final = 16 * 1024
_CONTEXTS: Final = 8
"""Facts remembered per blob: other profiles, limits and versions of the catalogers."""
_LEFT_OVER: Final = ".part"
_NEUTRAL: Final = ("worker_", "scan_", "file_cpu_s", "scratch_", "layers", "manifest_", "index_")
"""Limits whose name starts like this cannot change the facts of a layer that was read whole."""


class Known(Struct, frozen=True, kw_only=True):
    """What the cache knows of some stored bytes.

    `diff_id` is what hashing them gave, empty if it is not known. `facts` are None when they were
    read with other catalogers, profile or limits, or are gone.
    """

    diff_id: str = ""
    facts: LayerFacts | None = None


class _Record(Struct, kw_only=True):
    identity: str
    diff_id: str
    facts: list[tuple[str, str]]
    """(context, digest of the facts), newest first."""
    checksum: str = ""


class FactsCache:
    """The cache below `root`, which is created when first written to.

    `problem` says why the last attempt to write failed; empty: none did.
    """

    def __init__(self, root: Path, *, profile: Profile, limits: Limits) -> None:
        self.problem = ""
        self._root = root
        self._limit = limits.worker_result_bytes
        self._context = context(profile, limits)

    def look_up(self, identity: str) -> Known:
        """Return what is known of the bytes with this identity ("": nothing ever is)."""
        record = self._record(identity) if identity else None
        if record is None:
            return Known()
        digest = dict(record.facts).get(self._context, "")
        facts = self._facts(digest) if digest else None
        if facts is not None and facts.diff_id != record.diff_id:
            facts = None
        return Known(diff_id=record.diff_id, facts=facts)

    def store(self, identity: str, diff_id: str, payload: bytes) -> None:
        """Keep encoded facts of a layer that was read whole and whose diff ID was verified."""
        if not identity:
            return
        digest = hashlib.sha256(payload).hexdigest()
        before = self._record(identity)
        others = [] if before is None or before.diff_id != diff_id else before.facts
        others = [pair for pair in others if pair[0] != self._context][: _CONTEXTS - 1]
        record = _Record(
            identity=identity, diff_id=diff_id, facts=[(self._context, digest), *others]
        )
        try:
            _write(_place(self._root / "facts", digest), payload)
            _write(self._record_place(identity), _sealed(record))
        except OSError as error:
            self.problem = f"{self._root}: {error.strerror}"

    def _record_place(self, identity: str) -> Path:
        name = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
        return _place(self._root / "verified", name)

    def _record(self, identity: str) -> _Record | None:
        data = _read(self._record_place(identity), _RECORD_BYTES)
        try:
            record = msgspec.msgpack.decode(data, type=_Record)
        except msgspec.DecodeError:
            return None
        return record if record.identity == identity and _sealed(record) == data else None

    def _facts(self, digest: str) -> LayerFacts | None:
        data = _read(_place(self._root / "facts", digest), self._limit)
        if hashlib.sha256(data).hexdigest() != digest:
            return None
        try:
            return decode(data)
        except msgspec.DecodeError:
            return None


def context(profile: Profile, limits: Limits) -> str:
    """Return the digest of everything but the bytes that facts depend on."""
    bounds = {
        name: value
        for name, value in msgspec.structs.asdict(limits).items()
        if not name.startswith(_NEUTRAL)
    }
    parts = (FORMAT, registry.versions(), profile.value, sorted(bounds.items()))
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def prune(root: Path, max_bytes: int) -> int:
    """Delete the least recently used files until at most `max_bytes` are left; return the bytes
    freed. Other processes may use the cache meanwhile."""
    files: list[tuple[float, int, Path]] = []
    for path in _files(root):
        with suppress(OSError):  # another process deleted or renamed it: nothing to free
            status = path.lstat()
            # A left-over of a process that died is older than any file being written.
            files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    freed = 0
    for _, size, path in sorted(files):
        if total - freed <= max_bytes:
            break
        with suppress(OSError):
            path.unlink()
            freed += size
    return freed


def measure(root: Path) -> tuple[int, int]:
    """Return how many files the cache has, and their bytes."""
    sizes = []
    for path in _files(root):
        with suppress(OSError):  # deleted meanwhile
            sizes.append(path.lstat().st_size)
    return len(sizes), sum(sizes)


def _files(root: Path) -> Iterator[Path]:
    for store in ("verified", "facts"):
        yield from sorted((root / store).glob("??/*"))


def _place(store: Path, name: str) -> Path:
    return store / name[:2] / name


def _sealed(record: _Record) -> bytes:
    record = msgspec.structs.replace(record, checksum="")
    record.checksum = hashlib.sha256(msgspec.msgpack.encode(record)).hexdigest()
    return msgspec.msgpack.encode(record)


def _read(path: Path, limit: int) -> bytes:
    """Return the file's content and mark it as used; empty when it is absent or not ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""  # absent: the layer is read again
    try:
        status = os.fstat(descriptor)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        if not ours or status.st_size > limit:
            return b""
        with suppress(OSError):  # a read-only cache keeps its order of use
            os.utime(descriptor)
        data = os.read(descriptor, status.st_size)
    except OSError:
        return b""  # a failing disk: as if it were absent
    finally:
        os.close(descriptor)
    return data


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.urandom(8).hex()}{_LEFT_OVER}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(data)
        temporary.rename(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
