"""The store: all versions of the database on this machine, and which one is in use.

A version arrives in this order: segments, manifest, signature, and last the switch of `current`,
each written to a temporary name, synced and renamed. A crash or a full disk at any point leaves the
version in use as it was. Readers take no lock; writers take one, so that two updates cannot mix.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from scantling.advisories.database import Database, open_database
from scantling.advisories.manifest import (
    Manifest,
    SegmentEntry,
    decode_manifest,
    digest_of,
    is_digest,
    moment,
)
from scantling.advisories.paths import CURRENT, manifest_name, object_name
from scantling.advisories.segments import damaged
from scantling.core.errors import AdvisoryDataError
from scantling.core.limits import MIB

_FUTURE: Final = timedelta(days=1)
"""Clocks differ; a manifest from further ahead would make every later one look old."""
_READ_BYTES: Final = 1 * MIB


class Version(Struct, frozen=True, kw_only=True):
    """One kept version of the database. `signed_by` is empty when nobody we trust signed it."""

    digest: str
    built: str
    sequence: int
    signed_by: str
    current: bool


class Offer(Struct, frozen=True, kw_only=True):
    """A manifest that wants to become the one in use. `signed_by`: who signed it, checked."""

    data: bytes
    signature: bytes = b""
    signed_by: str = ""


class Store:
    """The store in the folder `root`, which need not exist yet.

    `embedded`: the one inside the installed package, whose signature is the package's own.
    """

    def __init__(self, root: Path, *, embedded: bool = False) -> None:
        self.root = root
        self.embedded = embedded

    def current(self) -> str:
        """Return the digest of the version in use; empty if there is none.

        Raises AdvisoryDataError if the file that names it is damaged.
        """
        try:
            text = (self.root / CURRENT).read_text("ascii").strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise AdvisoryDataError(f"{self.root / CURRENT} cannot be read: {error}") from error
        if not is_digest(text):
            raise AdvisoryDataError(
                f"{self.root / CURRENT} is damaged; run `scantling db update` to repair it"
            )
        return text

    def open(self, digest: str = "") -> Database:
        """Return the version with this digest (`sha256:` may be left out), by default the current.

        A unique beginning of at least 8 characters will do. Raises AdvisoryDataError.
        """
        digest = self.resolved(digest)
        path = self.root / manifest_name(digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise AdvisoryDataError(
                f"the database {digest} is not in {self.root}; `scantling db info` lists what is"
            ) from error
        if digest_of(data) != digest:
            raise damaged("manifest", f"{path} does not have its digest")
        verified = self.embedded or bool(self.signed_by(digest))
        origin = "embedded" if self.embedded else "local"
        return open_database(path, self.root, origin=origin, verified=verified)

    def resolved(self, digest: str) -> str:
        """Return the whole digest that a text names; see `open`. Raises AdvisoryDataError."""
        digest = digest.removeprefix("sha256:") or self.current()
        if not digest:
            raise AdvisoryDataError(
                f"there is no advisory database in {self.root}; run `scantling db update`"
            )
        if is_digest(digest):
            return digest
        names = [path.stem for path in self.root.glob("manifests/*.json")]
        found = [name for name in names if len(digest) >= 8 and name.startswith(digest)]  # noqa: PLR2004
        if len(found) != 1:
            raise AdvisoryDataError(
                f"{digest[:80]!r} names no version in {self.root}; `scantling db info` lists them"
            )
        return found[0]

    def signed_by(self, digest: str) -> str:
        """Return the key whose signature was checked when this version arrived; empty: none."""
        path = self.root / f"{manifest_name(digest)}.verified"
        return path.read_text("ascii").strip() if path.exists() else ""

    def signature(self, digest: str) -> bytes:
        """Return the signature file of a version; empty if it is not signed."""
        path = self.root / f"{manifest_name(digest)}.sig"
        return path.read_bytes() if path.exists() else b""

    def manifest_bytes(self, digest: str) -> bytes:
        """Return the manifest as it came. Raises AdvisoryDataError if it is not there."""
        path = self.root / manifest_name(digest)
        if not path.exists():
            raise AdvisoryDataError(f"the database {digest} is not in {self.root}")
        return path.read_bytes()

    def versions(self) -> tuple[Version, ...]:
        """Return all kept versions, newest first."""
        current = self.current()
        found = []
        for path in self.root.glob("manifests/*.json"):
            if is_digest(path.stem):
                manifest = decode_manifest(path.read_bytes())
                found.append(
                    Version(
                        digest=path.stem,
                        built=manifest.built,
                        sequence=manifest.sequence,
                        signed_by=self.signed_by(path.stem),
                        current=path.stem == current,
                    )
                )
        return tuple(sorted(found, key=lambda one: (one.sequence, one.digest), reverse=True))

    def as_of(self, date: str) -> str:
        """Return the digest of the newest version built on or before a date or time."""
        limit = moment(date) + (
            timedelta(days=1) if len(date) == len("2026-01-01") else timedelta()
        )
        for version in self.versions():
            if moment(version.built) < limit:
                return version.digest
        raise AdvisoryDataError(f"no kept version of the database is as old as {date}")

    def has(self, segment: SegmentEntry) -> bool:
        """Return whether the segment is here, judged by its size; `check` reads it."""
        path = self.root / object_name(segment.digest)
        return path.exists() and path.stat().st_size == segment.size

    def put(self, data: bytes, digest: str) -> None:
        """Keep a segment. Raises AdvisoryDataError unless it has this digest."""
        if hashlib.sha256(data).hexdigest() != digest:
            raise AdvisoryDataError(f"a segment does not have its digest {digest}; not kept")
        _write(self.root / object_name(digest), data)

    def check(self, segment: SegmentEntry) -> None:
        """Read a whole segment. Raises AdvisoryDataError unless it is as the manifest says."""
        sha = hashlib.sha256()
        path = self.root / object_name(segment.digest)
        try:
            with path.open("rb") as file:
                while part := file.read(_READ_BYTES):
                    sha.update(part)
        except OSError as error:
            raise damaged(segment.name, f"{error.strerror} ({path})") from error
        if sha.hexdigest() != segment.digest:
            raise damaged(segment.name, "it does not have its digest")

    def admit(self, offer: Offer, now: datetime, *, allow_older: bool = False) -> Manifest:
        """Return the offered manifest if it may follow the one in use.

        Refused with AdvisoryDataError: one that is older (a rollback) unless `allow_older`, or one
        from the future. Source: The Update Framework, specification 1.0.33, section 5.4.
        """
        manifest = decode_manifest(offer.data)
        if moment(manifest.built) > now + _FUTURE:
            raise AdvisoryDataError(
                f"the offered database claims to be of {manifest.built}, which is in the future; "
                "check this machine's clock"
            )
        digest = self.current()
        if digest and not allow_older and digest != digest_of(offer.data):
            have = decode_manifest(self.manifest_bytes(digest))
            older = moment(manifest.built) < moment(have.built)
            if older or manifest.sequence < have.sequence:
                raise AdvisoryDataError(
                    f"the offered database ({manifest.built}, number {manifest.sequence}) is older "
                    f"than the one in use ({have.built}, number {have.sequence}); it was not taken "
                    "(--allow-older takes it)"
                )
        return manifest

    def switch(self, offer: Offer, now: datetime, *, allow_older: bool = False) -> str:
        """Put the offered manifest in use and return its digest; every segment must be here.

        Raises AdvisoryDataError, and changes nothing, if it may not follow or is not complete.
        """
        manifest = self.admit(offer, now, allow_older=allow_older)
        for segment in manifest.segments:
            self.check(segment)
        digest = digest_of(offer.data)
        path = self.root / manifest_name(digest)
        _write(path, offer.data)
        if offer.signature:
            _write(path.with_name(f"{path.name}.sig"), offer.signature)
        if offer.signed_by:
            _write(path.with_name(f"{path.name}.verified"), offer.signed_by.encode() + b"\n")
        _write(self.root / CURRENT, digest.encode() + b"\n")
        return digest

    def prune(self, *, keep: int) -> tuple[int, int]:
        """Remove all but the newest `keep` versions and the one in use, and unused segments.

        Return how many versions and how many bytes of segments are gone.
        """
        versions = self.versions()
        gone = [one for index, one in enumerate(versions) if index >= keep and not one.current]
        for version in gone:
            path = self.root / manifest_name(version.digest)
            for suffix in ("", ".sig", ".verified"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        used = {
            segment.digest
            for version in self.versions()
            for segment in decode_manifest(self.manifest_bytes(version.digest)).segments
        }
        freed = 0
        for path in self.root.glob("objects/sha256/*/*"):
            if path.name not in used:
                freed += path.stat().st_size
                path.unlink()
        return len(gone), freed

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writers' lock. Raises AdvisoryDataError if another process has it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise AdvisoryDataError(f"cannot write to {self.root}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise AdvisoryDataError(
                f"another process is updating {self.root}; try again when it is done"
            ) from error
        try:
            yield
        finally:
            os.close(lock)


def starter_store() -> Store:
    """Return the store inside this package; nobody writes to it."""
    return Store(Path(__file__).parent / "starter", embedded=True)


def open_starter() -> Database:
    """Return the database inside this package: openly licensed sources, of the release's date.

    It is as trustworthy as the installed package, whose installer checked the digest of each file,
    so it counts as verified. Raises AdvisoryDataError if the package was built without it.
    """
    store = starter_store()
    if not store.current():
        raise AdvisoryDataError(
            "there is no advisory database yet, and this installation has no embedded one; "
            "run `scantling db update`"
        )
    return store.open()


def _write(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole, or not at all, also after a power failure."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise AdvisoryDataError(f"cannot write {path}: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
