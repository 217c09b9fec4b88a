"""Advisories in OSV's format, JSON or YAML, one record per file. Shared by the feeds that use it.

What every publisher does alike is here; what one publisher puts into `ecosystem_specific` and
`database_specific` is read by its feed, through `Dialect.notes`.

Not read: commit ranges (they say nothing about versions), credits, upstream texts. A package that
has only commit ranges yields `Unreadable`: nobody could compare it, and it must not become "every
version". The same holds for an ecosystem that has no place here.

Source: OSV schema 1.7, https://ossf.github.io/osv-schema/.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories import osv_ranges, yaml
from scantling.advisories.api import Document, Record, Spool, Unreadable
from scantling.advisories.decode import from_json
from scantling.advisories.ecosystems import Place, key_of, package_name, place_of
from scantling.advisories.identifiers import cve_in, is_cve, primary, unique
from scantling.core.errors import InputError
from scantling.core.model.advisory import (
    Advisory,
    Fix,
    Interval,
    Reference,
    Severity,
    Statement,
)


class Score(Struct):
    """One severity: `type` is `CVSS_V2` … `CVSS_V4`, or a publisher's own."""

    type: str
    score: str


class Range(Struct):
    """One range; only SEMVER and ECOSYSTEM ranges are about versions."""

    type: str
    events: list[osv_ranges.Event] = []
    repo: str = ""


class Package(Struct):
    """The package as the publisher names it."""

    name: str = ""
    ecosystem: str = ""


class Affected(Struct):
    """What the record says of one package."""

    package: Package | None = None
    ranges: list[Range] | None = None
    versions: list[str | int] | None = None
    severity: list[Score] | None = None
    ecosystem_specific: msgspec.Raw = msgspec.Raw(b"null")
    database_specific: msgspec.Raw = msgspec.Raw(b"null")


class Link(Struct):
    """One reference."""

    url: str = ""
    type: str = "WEB"


class OsvRecord(Struct):
    """One document, as published."""

    id: str
    modified: str = ""
    published: str | None = None
    withdrawn: str | None = None
    aliases: list[str] | None = None
    related: list[str] | None = None
    upstream: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    severity: list[Score] | None = None
    affected: list[Affected] | None = None
    references: list[Link] | None = None
    database_specific: msgspec.Raw = msgspec.Raw(b"null")


class Notes(Struct, frozen=True, kw_only=True):
    """What a publisher says in its own fields about one affected package.

    `ranges` replaces the ranges read from the events when it is not None.
    """

    word: str = ""
    symbols: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    ranges: tuple[Interval, ...] | None = None


class Common(Struct, frozen=True, kw_only=True):
    """What a publisher says in its own fields about the whole record."""

    severities: tuple[Severity, ...] = ()
    cwes: tuple[str, ...] = ()


def _no_notes(_record: OsvRecord, _affected: Affected, _ranges: tuple[Interval, ...]) -> Notes:
    return Notes()


def _nothing_common(_record: OsvRecord) -> Common:
    return Common()


class Dialect(Struct, frozen=True, kw_only=True):
    """One publisher's way to use the format.

    `prefixes` are those of the file names to read (empty: every JSON and YAML file). `prepare` may
    rewrite a record before it is read. `places` finds the place of an ecosystem's name. Functions
    raise InputError for what they cannot read; it becomes `Unreadable`.
    """

    source: str
    prefixes: tuple[str, ...] = ()
    prepare: Callable[[OsvRecord], OsvRecord] = lambda record: record
    common: Callable[[OsvRecord], Common] = _nothing_common
    notes: Callable[[OsvRecord, Affected, tuple[Interval, ...]], Notes] = _no_notes
    places: Callable[[str], Place | None] = place_of


class _Said(Struct, frozen=True):
    """What makes two statements about one package mergeable: everything but their versions."""

    place: Place
    package: str
    severities: tuple[Severity, ...]
    word: str
    symbols: tuple[str, ...]
    modules: tuple[str, ...]


class _Versions(Struct):
    ranges: list[Interval] = []
    versions: list[str] = []
    fixed_in: list[str] = []


_DECODER: Final = msgspec.json.Decoder(OsvRecord)
_KINDS: Final = {"CVSS_V2": "cvss2", "CVSS_V3": "cvss3", "CVSS_V4": "cvss4"}
# Advisories of distributions name the vulnerabilities that one update fixes; before `upstream`
# existed they did so in `related` or `aliases`.
_DISTRIBUTIONS: Final = (
    "ALSA-", "ALBA-", "ALEA-", "RLSA-", "RLBA-", "RLEA-", "RXSA-", "RHSA-", "RHBA-", "RHEA-",
    "USN-", "LSN-", "DSA-", "DLA-", "DTSA-", "SUSE-", "openSUSE-", "MGASA-", "ELSA-", "BELL-SA-",
    "ALPINE-SA-",
)  # fmt: skip
_NO_VERSIONS: Final = "names no version or range, so nothing can be compared"
_ONLY_COMMITS: Final = "has only commit ranges, which no version can be compared with"


def records(spool: Spool, dialect: Dialect) -> Iterator[Record]:
    """Yield the advisory of each file of the dialect, and what could not be read of it.

    A record about several vulnerabilities (`upstream`; of distributions also `related`) makes a
    statement for each. Statements about one package are merged when they differ in versions only.
    """
    for document in spool.documents():
        if wanted(document.name, dialect.prefixes):
            yield from read(document, dialect)


def wanted(name: str, prefixes: tuple[str, ...]) -> bool:
    """Return whether a file is a record: JSON or YAML, not hidden, with one of the prefixes."""
    *folders, file = name.split("/")
    if not file.endswith((".json", ".yaml", ".yml")) or file.startswith("."):
        return False
    if any(folder.startswith(".") for folder in folders):
        return False
    return not prefixes or file.startswith(prefixes)


def read(document: Document, dialect: Dialect) -> Iterator[Record]:
    """Yield the advisory in one file; `Unreadable` for it or for each package that cannot be read.

    A withdrawn advisory is kept, with what of it can be read.
    """
    try:
        record = dialect.prepare(decoded(document))
        common = dialect.common(record)
    except InputError as error:
        yield Unreadable(record=document.name, reason=error.detail)
        return
    merged: dict[_Said, _Versions] = {}
    problems: list[str] = []
    for affected in record.affected or ():
        try:
            _add(merged, record, affected, dialect, common)
        except InputError as error:
            problems.append(error.detail)
    yield _advisory(record, merged, dialect, common)
    if not record.withdrawn:
        for problem in unique(problems):
            yield Unreadable(record=document.name, reason=problem)


def decoded(document: Document) -> OsvRecord:
    """Return the record in a JSON or YAML file. Raises InputError."""
    data = document.data
    if not document.name.endswith(".json"):
        data = yaml.to_json(data, what="record")
    return from_json(data, _DECODER, what="record")


def _add(
    merged: dict[_Said, _Versions],
    record: OsvRecord,
    affected: Affected,
    dialect: Dialect,
    common: Common,
) -> None:
    """Add what is said of one package to the statements so far. Raises InputError."""
    package = affected.package or Package()
    place = dialect.places(package.ecosystem) if package.ecosystem else None
    if place is None or not package.name:
        named = package.ecosystem or "no ecosystem"
        only_commits = not package.ecosystem and _is_only_commits(affected)
        raise InputError(
            "advisories.record", _ONLY_COMMITS if only_commits else f"ecosystem not known: {named}"
        )
    key = key_of(place.ecosystem)
    name = package_name(place.ecosystem, package.name)
    ranges, fixed_in = _ranges(affected, name, place)
    notes = dialect.notes(record, affected, ranges)
    if notes.ranges is not None:
        ranges = notes.ranges
    own = (*_severities(affected.severity, dialect.source), *notes.severities)
    said = _Said(
        place, name,
        own or (*_severities(record.severity, dialect.source), *common.severities),
        notes.word or place.word, notes.symbols, notes.modules,
    )  # fmt: skip
    versions = merged.setdefault(said, _Versions())
    versions.ranges += ranges
    versions.fixed_in += fixed_in
    listed = unique(str(version) for version in affected.versions or ())
    versions.versions += osv_ranges.uncovered(listed, ranges, key) if ranges else listed


def _ranges(affected: Affected, name: str, place: Place) -> tuple[tuple[Interval, ...], list[str]]:
    key = key_of(place.ecosystem)
    found: list[Interval] = []
    fixed_in: list[str] = []
    for range_ in affected.ranges or ():
        if range_.type not in {"SEMVER", "ECOSYSTEM"}:
            continue
        try:
            found += osv_ranges.intervals(range_.events, key)
        except InputError as error:
            raise InputError(error.code, f"{name}: {error.detail}") from error
        fixed_in += osv_ranges.fixes(range_.events)
    if not found and not affected.versions:
        reason = _ONLY_COMMITS if _is_only_commits(affected) else _NO_VERSIONS
        raise InputError("advisories.record", f"{name}: {reason}")
    return tuple(found), fixed_in


def _is_only_commits(affected: Affected) -> bool:
    ranges = affected.ranges or []
    return bool(ranges) and all(range_.type == "GIT" for range_ in ranges)


def _severities(scores: list[Score] | None, source: str) -> tuple[Severity, ...]:
    return tuple(
        Severity(source=source, kind=_KINDS.get(score.type, "word"), value=score.score)
        for score in scores or ()
        if score.score
    )


def _advisory(
    record: OsvRecord, merged: dict[_Said, _Versions], dialect: Dialect, common: Common
) -> Advisory:
    vulnerabilities = _vulnerabilities(record)
    of_many = len(vulnerabilities) > 1 or record.id.startswith(_DISTRIBUTIONS)
    related = (*(record.related or ()), *(record.upstream or ()))
    return Advisory(
        id=record.id,
        source=dialect.source,
        aliases=() if of_many else unique(record.aliases or ()),
        related=unique((*(record.aliases or ()), *related) if of_many else related),
        summary=record.summary or "",
        details=record.details or "",
        published=_date(record.published),
        modified=_date(record.modified),
        withdrawn=_date(record.withdrawn),
        severities=(*_severities(record.severity, dialect.source), *common.severities),
        cwes=common.cwes,
        references=tuple(
            Reference(url=link.url, kind=link.type) for link in record.references or () if link.url
        ),
        statements=tuple(
            _statement(said, versions, vulnerability)
            for said, versions in merged.items()
            for vulnerability in vulnerabilities
        ),
    )


def _vulnerabilities(record: OsvRecord) -> tuple[str, ...]:
    aliases = record.aliases or []
    upstream = [cve_in(name) for name in record.upstream or ()]
    if record.id.startswith(_DISTRIBUTIONS):
        others = (cve_in(name) for name in (*aliases, *(record.related or ())))
        return unique((*upstream, *others)) or (record.id,)
    first = cve_in(record.id) or primary(record.id, aliases)
    return (first,) if is_cve(first) else unique(upstream) or (first,)


def _date(text: str | None) -> str:
    """Return the date; the zero date of some generators means that there is none."""
    return "" if not text or text.startswith("0001-") else text


def _statement(said: _Said, versions: _Versions, vulnerability: str) -> Statement:
    return Statement(
        ecosystem=said.place.ecosystem,
        package=said.package,
        vulnerability=vulnerability,
        fix=_fix(versions),
        ranges=tuple(dict.fromkeys(versions.ranges)),
        versions=tuple(sorted(set(versions.versions))),
        fixed_in=unique(versions.fixed_in),
        word=said.word,
        severities=said.severities,
        modules=said.modules,
        source_package=said.place.source_package,
        symbols=said.symbols,
    )


def _fix(versions: _Versions) -> Fix:
    """Return `none` only where the source leaves a range open: it knows no version without."""
    if versions.fixed_in:
        return Fix.FIXED
    is_open = any(not interval.high for interval in versions.ranges)
    return Fix.NONE if is_open else Fix.UNKNOWN
