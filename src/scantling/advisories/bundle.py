"""Bundles: one version of the database as a tar file, to carry it to where there is no network.

A bundle is a store in a tar: `current`, the manifest, its signature and its segments, in that
order. It is read by our own tar reader, and checked completely before it is put in use.

Source: POSIX.1-2017, pax, "ustar Interchange Format".
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from scantling.advisories.manifest import decode_manifest, digest_of
from scantling.advisories.paths import CURRENT, manifest_name, object_name, object_path
from scantling.advisories.store import Store
from scantling.advisories.unpack import LIMITS
from scantling.advisories.update import Terms, verified
from scantling.core.errors import AdvisoryDataError, InputError
from scantling.core.limits import GIB
from scantling.image import stream, tar
from scantling.image.api import Slice
from scantling.image.budget import Budget

_BLOCK: Final = 512
_LIMITS: Final = replace(LIMITS, text_bytes=4 * GIB, layer_compressed_bytes=64 * GIB)


def write_bundle(store: Store, digest: str, path: Path) -> int:
    """Write a version to the file `path` and return its size. The same version, the same bytes.

    Every segment is checked on the way. Raises AdvisoryDataError.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            for part in _parts(store, digest):
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        temporary.replace(path)
    except OSError as error:
        raise AdvisoryDataError(f"cannot write {path}: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return size


def read_bundle(path: Path, store: Store, terms: Terms) -> str:
    """Put the version in a bundle in use and return its digest.

    Raises AdvisoryDataError, and changes nothing in use, for a bundle that is truncated, has
    anything missing or more than it should, is not signed by a trusted key, or is older.
    """
    try:
        with path.open("rb") as file, store.writing():
            return _taken(file.fileno(), store, terms)
    except OSError as error:
        raise AdvisoryDataError(f"cannot read {path}: {error.strerror}") from error
    except InputError as error:
        raise AdvisoryDataError(
            f"{path} is not a complete bundle: {error.detail} ({error.code}); copy it again"
        ) from error


def _taken(descriptor: int, store: Store, terms: Terms) -> str:
    size = os.fstat(descriptor).st_size
    slice_ = Slice(fd=descriptor, offset_bytes=0, length_bytes=size)
    source = stream.open_stream(slice_, Budget(_LIMITS), stored="", content="")
    walker = tar.TarWalker(
        source, Budget(_LIMITS), select=lambda _path, _size, _mode: "text_bytes", whiteouts=False
    )
    entries = (entry for entry in walker if entry.kind is tar.Kind.FILE)
    digest = _next(entries, CURRENT).decode("ascii", "replace").strip()
    data = _next(entries, manifest_name(digest))
    if digest_of(data) != digest:
        raise AdvisoryDataError("the bundle's manifest does not have its digest")
    signature = _next(entries, f"{manifest_name(digest)}.sig")
    offer = verified(data, signature, terms)
    manifest = store.admit(offer, terms.now, allow_older=terms.allow_older)
    for segment in {one.digest: one for one in manifest.segments}.values():
        store.put(_next(entries, object_name(segment.digest)), segment.digest)
    for entry in entries:
        raise AdvisoryDataError(f"the bundle has a file that no manifest names: {entry.path[:200]}")
    gaps = walker.gaps.gaps() + source.gaps.gaps()
    if gaps:
        raise AdvisoryDataError(f"the bundle is damaged: {gaps[0].detail} ({gaps[0].code})")
    return store.switch(offer, terms.now, allow_older=terms.allow_older)


def _next(entries: Iterator[tar.Entry], name: str) -> bytes:
    entry = next(entries, None)
    if entry is None or entry.path != name:
        found = "its end" if entry is None else entry.path[:200]
        raise AdvisoryDataError(f"the bundle has {found} where {name} should be")
    return entry.data


def _parts(store: Store, digest: str) -> Iterator[bytes]:
    data = store.manifest_bytes(digest)
    yield from _file(CURRENT, digest.encode() + b"\n")
    yield from _file(manifest_name(digest), data)
    yield from _file(f"{manifest_name(digest)}.sig", store.signature(digest))
    segments = {one.digest: one for one in decode_manifest(data).segments}
    for segment in segments.values():
        store.check(segment)
        content = object_path(store.root, segment.digest).read_bytes()
        yield from _file(object_name(segment.digest), content)
    yield bytes(2 * _BLOCK)


def _file(name: str, data: bytes) -> Iterator[bytes]:
    """Yield one ustar entry: mode 0644, owner 0, time 0, so that bundles can be compared."""
    header = bytearray(_BLOCK)
    header[: len(name)] = name.encode()
    header[100:124] = b"0000644 0000000 0000000 "
    header[124:136] = f"{len(data):011o} ".encode()
    header[136:148] = b"00000000000 "
    header[148:156] = b"        "
    header[156:157] = b"0"
    header[257:265] = b"ustar\x0000"
    header[148:156] = f"{sum(header):06o}\x00 ".encode()
    yield bytes(header)
    yield data
    yield bytes(-len(data) % _BLOCK)
