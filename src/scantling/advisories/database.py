"""The advisory database, open for questions.

Opening reads the manifest only; a segment is mapped when the first question reaches it. Nothing is
locked: files are immutable, and an update that happens meanwhile makes new ones.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from scantling.advisories.api import Completeness
from scantling.advisories.manifest import (
    Manifest,
    SegmentEntry,
    SourceEntry,
    decode_manifest,
    digest_of,
)
from scantling.advisories.paths import object_path
from scantling.advisories.segments import Kind, Segment, damaged, statement_key
from scantling.core.errors import AdvisoryDataError
from scantling.core.model.advisory import Advisory, Release, Signal, SourceInfo, Stored
from scantling.core.model.report import DatabaseInfo

_KEPT: Final = 256
"""Answers kept. Binary packages of one source package ask the same question again."""

_Answer = TypeVar("_Answer")


class Text(Struct, frozen=True, kw_only=True, array_like=True):
    """A record of a texts segment: an advisory without statements, and whom they are about."""

    advisory: Advisory
    packages: tuple[tuple[str, str], ...] = ()


_ROWS: Final = msgspec.msgpack.Decoder(tuple[Stored, ...])
_TEXT: Final = msgspec.msgpack.Decoder(Text)
_NAMES: Final = msgspec.msgpack.Decoder(tuple[str, ...])
_SIGNALS: Final = msgspec.msgpack.Decoder(tuple[Signal, ...])
_RELEASES: Final = msgspec.msgpack.Decoder(tuple[Release, ...])


class Database:
    """One version of the database. Every method raises AdvisoryDataError on damaged data.

    `manifest` is what it consists of, `info` what a report says of it, `objects` the folder of its
    segments (the store). Use it from one process; a forked child may use it as well.
    """

    def __init__(self, manifest: Manifest, info: DatabaseInfo, objects: Path) -> None:
        self.manifest = manifest
        self.info = info
        self._objects = objects
        self._open: dict[str, Segment] = {}
        self._statements: dict[str, list[SegmentEntry]] = {}
        self._by_kind: dict[str, list[SegmentEntry]] = {}
        for entry in manifest.segments:
            self._by_kind.setdefault(entry.kind, []).append(entry)
            for ecosystem in entry.ecosystems:
                self._statements.setdefault(ecosystem, []).append(entry)
        self._answers: dict[str, tuple[Stored, ...]] = {}

    def lookup(self, ecosystem: str, package: str) -> tuple[Stored, ...]:
        """Return all statements about a package, sorted by (source, advisory, vulnerability)."""
        entries = self._statements.get(ecosystem)
        if not entries:
            return ()
        key = statement_key(ecosystem, package)
        known = self._answers.get(key)
        if known is not None:
            return known
        word = zlib.crc32(key.encode("utf-8", "surrogatepass"))
        found: tuple[Stored, ...] = ()
        for entry in entries:  # the manifest has them by source
            segment = self._open.get(entry.digest) or self._segment(entry)
            record = segment.get(key, word)
            if record is not None:
                found += _decoded(_ROWS, record, entry)
        if len(self._answers) >= _KEPT:
            self._answers.clear()
        self._answers[key] = found
        return found

    def covers(self, ecosystem: str) -> tuple[tuple[str, Completeness], ...]:
        """Return (source, completeness) of the sources that speak about an ecosystem.

        A source that covers a family (`apk/alpine:`) speaks about those of its releases that it has
        statements for; silence about a release it never mentions would prove nothing.
        """
        having = {entry.source for entry in self._statements.get(ecosystem, ())}
        return tuple(
            (source.name, coverage.completeness)
            for source in self.manifest.sources
            for coverage in source.covers
            if _is_covered(coverage.ecosystem, ecosystem, source.name in having)
            and self.manifest.segments_of(source.name)
        )

    def ecosystems(self) -> tuple[str, ...]:
        """Return the ecosystems that there are statements for, sorted."""
        return tuple(sorted(self._statements))

    def signals(self, id_: str) -> tuple[Signal, ...]:
        """Return what is known about an identifier beyond packages; empty if nothing is."""
        return self._from_all(Kind.SIGNALS, id_, _SIGNALS)

    def releases(self, product: str) -> tuple[Release, ...]:
        """Return the release cycles of a product, as its source orders them; empty if unknown."""
        return self._from_all(Kind.RELEASES, product, _RELEASES)

    def advisory(self, source: str, id_: str) -> Advisory | None:
        """Return a document with its texts and statements; None if the source has none such."""
        for entry in self._by_kind.get("texts", ()):
            if entry.source == source:
                record = self._get(entry, id_)
                return None if record is None else self._whole(entry, record)
        return None

    def text(self, source: str, id_: str) -> Advisory | None:
        """Return a document's texts, without its statements; None if the source has none such."""
        for entry in self._by_kind.get("texts", ()):
            if entry.source == source:
                record = self._get(entry, id_)
                return None if record is None else _decoded(_TEXT, record, entry).advisory
        return None

    def find(self, id_: str) -> tuple[Advisory, ...]:
        """Return all documents that have this id, alias or vulnerability, by (source, id).

        Case does not matter. Each comes with its statements.
        """
        found: list[Advisory] = []
        for entry in self._by_kind.get("index", ()):
            record = self._get(entry, id_.strip().casefold())
            names = () if record is None else _decoded(_NAMES, record, entry)
            for name in names:
                advisory = self.advisory(entry.source, name)
                if advisory is None:
                    raise damaged(entry.name, f"it names {name}, which has no text")
                found.append(advisory)
        return tuple(found)

    def statements(self, source: str) -> Iterator[Stored]:
        """Yield all statements of a source, by (ecosystem, package, advisory, vulnerability)."""
        for entry in self._by_kind.get("statements", ()):
            if entry.source == source:
                for _, record in self._segment(entry).pairs():
                    yield from _decoded(_ROWS, record, entry)

    def records(self, source: str) -> Iterator[tuple[str, str, bytes]]:
        """Yield (ecosystem, package, all that the source says of it, encoded), by segment and key.

        Equal bytes say the same; telling that costs a fiftieth of reading them.
        """
        for entry in self._by_kind.get("statements", ()):
            if entry.source == source:
                for key, record in self._segment(entry).pairs():
                    ecosystem, _, package = key.partition("\0")
                    yield ecosystem, package, record

    def texts(self, source: str) -> Iterator[Advisory]:
        """Yield the documents of a source without their statements, by id."""
        for entry in self._by_kind.get("texts", ()):
            if entry.source == source:
                for _, record in self._segment(entry).pairs():
                    yield _decoded(_TEXT, record, entry).advisory

    def signal_kinds(self, source: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield (id, kinds of signals) of a source, by id."""
        for entry in self._by_kind.get("signals", ()):
            if entry.source == source:
                for key, record in self._segment(entry).pairs():
                    found = _decoded(_SIGNALS, record, entry)
                    yield key, tuple(signal.kind for signal in found)

    def all_releases(self, source: str) -> Iterator[Release]:
        """Yield the releases of a source, by product."""
        for entry in self._by_kind.get("releases", ()):
            if entry.source == source:
                for _, record in self._segment(entry).pairs():
                    yield from _decoded(_RELEASES, record, entry)

    def packages(self, ecosystem: str, prefix: str = "") -> tuple[str, ...]:
        """Return the packages of an ecosystem that start with `prefix`, sorted."""
        start = statement_key(ecosystem, "")
        found: set[str] = set()
        for entry in self._statements.get(ecosystem, ()):
            keys = self._segment(entry).pairs(start + prefix)
            found.update(key.removeprefix(start) for key, _ in keys)
        return tuple(sorted(found))

    def close(self) -> None:
        """Release all files."""
        for segment in self._open.values():
            segment.close()
        self._open.clear()

    def _segment(self, entry: SegmentEntry) -> Segment:
        segment = self._open.get(entry.digest)
        if segment is None:
            segment = self._open[entry.digest] = Segment(
                object_path(self._objects, entry.digest),
                size=entry.size,
                head_digest=entry.head,
                kind=Kind[entry.kind.upper()],
                name=entry.name,
            )
        return segment

    def _get(self, entry: SegmentEntry, key: str) -> bytes | None:
        word = zlib.crc32(key.encode("utf-8", "surrogatepass"))
        return self._segment(entry).get(key, word)

    def _from_all(
        self, kind: Kind, key: str, decoder: msgspec.msgpack.Decoder[tuple[_Answer, ...]]
    ) -> tuple[_Answer, ...]:
        found: tuple[_Answer, ...] = ()
        for entry in self._by_kind.get(kind.name.lower(), ()):
            record = self._get(entry, key)
            if record is not None:
                found += _decoded(decoder, record, entry)
        return found

    def _whole(self, entry: SegmentEntry, record: bytes) -> Advisory:
        text = _decoded(_TEXT, record, entry)
        statements = tuple(
            stored.statement
            for ecosystem, package in text.packages
            for stored in self.lookup(ecosystem, package)
            if stored.source == entry.source and stored.advisory == text.advisory.id
        )
        return replace(text.advisory, statements=statements)


def open_database(
    manifest_path: Path, objects: Path, *, origin: str = "local", verified: bool = False
) -> Database:
    """Return the database of a manifest file whose segments are in the folder `objects`.

    `verified` is what the caller knows about the signature (checking one takes 50 ms, so the store
    does it when a database arrives). Raises AdvisoryDataError when the manifest cannot be read.
    """
    try:
        data = manifest_path.read_bytes()
    except OSError as error:
        raise AdvisoryDataError(
            f"there is no advisory database at {manifest_path} ({error.strerror}); "
            "run `scantling db update`"
        ) from error
    manifest = decode_manifest(data)
    info = DatabaseInfo(
        digest=f"sha256:{digest_of(data)}",
        built=manifest.built,
        origin=origin,
        verified=verified,
        expires=manifest.expires,
        sources=tuple(source_info(manifest, source) for source in manifest.sources),
    )
    return Database(manifest, info, objects)


def source_info(manifest: Manifest, source: SourceEntry) -> SourceInfo:
    """Return what a report says of a source. `complete` is the weakest of what it covers."""
    segments = manifest.segments_of(source.name)
    kinds = {coverage.completeness for coverage in source.covers}
    weakest = [one for one in reversed(Completeness) if one in kinds]
    return SourceInfo(
        name=source.name,
        license=source.license,
        attribution=source.attribution,
        url=source.url,
        as_of=source.as_of,
        fetched=source.fetched,
        confirmed=source.confirmed,
        records=source.records,
        complete=weakest[0] if weakest else Completeness.PARTIAL,
        stale_after_days=source.stale_after_days,
        ecosystems=tuple(sorted({name for one in segments for name in one.ecosystems})),
        digest=next((f"sha256:{one.digest}" for one in segments), ""),
    )


def _is_covered(claim: str, ecosystem: str, has_statements: bool) -> bool:  # noqa: FBT001
    if claim.endswith(":"):
        return has_statements and ecosystem.startswith(claim)
    return claim == ecosystem


def _decoded(
    decoder: msgspec.msgpack.Decoder[_Answer], record: bytes, entry: SegmentEntry
) -> _Answer:
    try:
        return decoder.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise damaged(entry.name, f"a record cannot be decoded ({error})") from error
