"""The manifest: what a database consists of. Its SHA-256 is the version of the database.

Canonical JSON: the fields in the order below, no spaces, segments by (source, kind), sources by
name. A reader keeps the bytes as they came; nothing is ever encoded again to check a digest.

Source: docs/reference/segment-format.md, "Manifest", version 1.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories.api import Coverage
from scantling.advisories.segments import Kind
from scantling.core.errors import AdvisoryDataError
from scantling.core.limits import MIB

MANIFEST_VERSION: Final = 1
MAX_MANIFEST_BYTES: Final = 16 * MIB
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MAX_SEQUENCE: Final = 1 << 53
"""Every JSON reader keeps integers up to here exact."""


class SegmentEntry(Struct, frozen=True, kw_only=True):
    """One segment: `digest` (hex SHA-256) names its file, `head` is the digest of its head."""

    source: str
    kind: str
    digest: str
    head: str
    size: int
    keys: int
    ecosystems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return `debian/statements`, for messages."""
        return f"{self.source}/{self.kind}"


class SourceEntry(Struct, frozen=True, kw_only=True):
    """One source and the state of its data.

    `fetched` is when the content was last read; `confirmed` when its publisher was last asked over
    a network and gave or confirmed it, empty for a local copy, whose age nobody knows. `records`
    are advisories (or signals or releases), `statements` what they say. `unreadable` were refused,
    `incomparable` have a bound that is no version (matches of it are undetermined). `failure` says
    why the data is older than this build, empty if it is not. `fingerprint` is for the next fetch.
    """

    name: str
    title: str
    license: str
    attribution: str
    url: str
    as_of: str
    fetched: str
    records: int
    statements: int
    unreadable: int
    incomparable: int
    stale_after_days: int
    redistributable: bool
    covers: tuple[Coverage, ...]
    fingerprint: str = ""
    failure: str = ""
    confirmed: str = ""
    examples: tuple[str, ...] = ()
    """Some of the unreadable records, as `record: reason`."""


class Manifest(Struct, frozen=True, kw_only=True):
    """A database. `sequence` only grows; after `expires` nobody may call the data current."""

    version: int
    sequence: int
    built: str
    expires: str
    tool: str
    sources: tuple[SourceEntry, ...]
    segments: tuple[SegmentEntry, ...]

    def source(self, name: str) -> SourceEntry | None:
        """Return the source of this name; None if it is not in the database."""
        return next((one for one in self.sources if one.name == name), None)

    def segments_of(self, source: str) -> tuple[SegmentEntry, ...]:
        """Return the segments of a source, in the manifest's order."""
        return tuple(one for one in self.segments if one.source == source)


_DECODER: Final = msgspec.json.Decoder(Manifest)


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the canonical bytes, with a line break at the end."""
    return msgspec.json.encode(manifest) + b"\n"


def decode_manifest(data: bytes) -> Manifest:
    """Return the manifest. Raises AdvisoryDataError if it is not one, or not one we understand."""
    if len(data) > MAX_MANIFEST_BYTES:
        raise AdvisoryDataError(f"the manifest has more than {MAX_MANIFEST_BYTES} bytes")
    try:
        manifest = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise AdvisoryDataError(f"this is not a manifest of advisory data: {error}") from error
    if manifest.version != MANIFEST_VERSION:
        raise AdvisoryDataError(
            f"the manifest has version {manifest.version}, this program reads {MANIFEST_VERSION}; "
            "update scantling"
        )
    _check(manifest)
    return manifest


def digest_of(data: bytes) -> str:
    """Return the version of the database with this manifest: its SHA-256, hex."""
    return hashlib.sha256(data).hexdigest()


def is_digest(text: str) -> bool:
    """Return whether `text` is a hex SHA-256. Nothing else ever becomes part of a path."""
    return _DIGEST.fullmatch(text) is not None


def moment(text: str) -> datetime:
    """Return an RFC 3339 time or a date (midnight UTC). Raises AdvisoryDataError for others."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise AdvisoryDataError(f"{text!r} is not a date") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _check(manifest: Manifest) -> None:
    names = [source.name for source in manifest.sources]
    if len(set(names)) != len(names):
        raise AdvisoryDataError("the manifest names a source twice")
    if not 0 <= manifest.sequence < _MAX_SEQUENCE:
        raise AdvisoryDataError("the manifest's sequence is out of range")
    moment(manifest.built)
    moment(manifest.expires)
    seen = set()
    for segment in manifest.segments:
        if not is_digest(segment.digest) or not is_digest(segment.head) or segment.size <= 0:
            raise AdvisoryDataError(f"the manifest's entry for {segment.name} is not valid")
        if segment.source not in names or segment.kind.upper() not in Kind.__members__:
            raise AdvisoryDataError(f"the manifest's segment {segment.name} belongs to no source")
        if segment.name in seen:
            raise AdvisoryDataError(f"the manifest has two segments {segment.name}")
        seen.add(segment.name)
