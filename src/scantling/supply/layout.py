"""An OCI image layout on disk as a place for attestations.

Tags are the names in `index.json`; there is no list of referrers, so the tag schema is used, as in
a registry without the API. Only the layout's own folders are written to: a link in place of one is
refused. Files appear whole or not at all, and one writer at a time changes `index.json`.

Source: OCI image-spec 1.1, image-layout.md.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import TargetError
from scantling.core.limits import DEFAULT
from scantling.core.text import neutral
from scantling.image.descriptors import digest_of as hashed
from scantling.image.refs import is_digest
from scantling.supply.places import INDEX, Listed, digest_of

_NAME: Final = "org.opencontainers.image.ref.name"
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class _Entry(Struct):
    digest: str
    annotations: dict[str, str] | None = None


class _Index(Struct):
    manifests: list[msgspec.Raw]
    schemaVersion: int = 2  # noqa: N815 - the specification's spelling
    mediaType: str = INDEX  # noqa: N815


class _New(Struct):
    mediaType: str  # noqa: N815
    digest: str
    size: int
    annotations: dict[str, str]


class LayoutPlace:
    """The layout in the folder `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The folder, as given."""
        return neutral(str(self._path), limit=200)

    def manifest(self, name: str) -> bytes | None:
        """Return the manifest of a tag or digest, None if there is none. Raises TargetError."""
        digest = name if is_digest(name) else self._tagged(name)
        if not digest:
            return None
        try:
            return self._blob(digest, DEFAULT.manifest_bytes)
        except FileNotFoundError:
            return None

    def blob(self, digest: str, limit_bytes: int) -> bytes:
        """Return a blob, verified. Raises TargetError."""
        try:
            return self._blob(digest, limit_bytes)
        except FileNotFoundError as error:
            raise TargetError(f"{self.name} lacks the blob {digest}") from error

    def put_blob(self, data: bytes) -> None:
        """Keep a blob. Raises TargetError."""
        try:
            with self._folder("blobs/sha256") as folder:
                _write(folder, digest_of(data).partition(":")[2], data)
        except FileNotFoundError as error:
            raise TargetError(f"{self.name} is not an OCI image layout") from error

    def put_manifest(self, name: str, data: bytes, media_type: str) -> bool:
        """Keep a manifest, under its tag if `name` is one; return False. Raises TargetError."""
        self.put_blob(data)
        if is_digest(name):
            return False
        with self._folder("") as folder:
            fcntl.flock(folder, fcntl.LOCK_EX)
            kept = [raw for raw in self._index().manifests if _name(_entry(raw, self.name)) != name]
            entry = _New(
                mediaType=media_type,
                digest=digest_of(data),
                size=len(data),
                annotations={_NAME: name},
            )
            index = _Index(manifests=[*kept, msgspec.Raw(msgspec.json.encode(entry))])
            _write(folder, "index.json", msgspec.json.encode(index, order="sorted"))
        return False

    def referrers(self, digest: str) -> tuple[Listed, ...] | None:
        """Return None: a folder keeps no such lists."""
        del digest
        return None

    def _tagged(self, tag: str) -> str:
        for raw in self._index().manifests:
            entry = _entry(raw, self.name)
            if _name(entry) == tag and is_digest(entry.digest):
                return entry.digest
        return ""

    def _index(self) -> _Index:
        try:
            with self._folder("") as folder:
                data = _read(folder, "index.json", DEFAULT.manifest_bytes, self.name)
            return msgspec.json.decode(data, type=_Index)
        except FileNotFoundError as error:
            raise TargetError(f"{self.name} is not an OCI image layout") from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise TargetError(f"{self.name}: its index.json is not valid") from error

    def _blob(self, digest: str, limit_bytes: int) -> bytes:
        algorithm, _, name = digest.partition(":")
        with self._folder(f"blobs/{algorithm}") as folder:
            data = _read(folder, name, limit_bytes, self.name)
        if hashed(data, like=digest) != digest:
            raise TargetError(f"{self.name}: a blob does not have its digest {digest}")
        return data

    @contextmanager
    def _folder(self, name: str) -> Iterator[int]:
        """Yield a descriptor of a folder of the layout; links below the layout are refused."""
        opened = [os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        try:
            for part in filter(None, name.split("/")):
                flags = _READ | os.O_DIRECTORY
                opened.append(os.open(part, flags, dir_fd=opened[-1]))
            yield opened[-1]
        except FileNotFoundError:
            raise
        except OSError as error:
            raise TargetError(f"cannot use {self.name}: {error.strerror}") from error
        finally:
            for fd in opened:
                os.close(fd)


def _read(folder: int, name: str, limit_bytes: int, what: str) -> bytes:
    with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as file:
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise TargetError(f"{what}: a file is longer than {limit_bytes} bytes")
    return data


def _write(folder: int, name: str, data: bytes) -> None:
    part = f".{name}.{os.getpid()}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(part, flags, 0o644, dir_fd=folder), "wb") as file:
            file.write(data)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        if part in os.listdir(folder):
            os.unlink(part, dir_fd=folder)
        raise


def _entry(raw: msgspec.Raw, what: str) -> _Entry:
    try:
        return msgspec.json.decode(raw, type=_Entry)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TargetError(f"{what}: its index.json is not valid") from error


def _name(entry: _Entry) -> str:
    return (entry.annotations or {}).get(_NAME, "")
