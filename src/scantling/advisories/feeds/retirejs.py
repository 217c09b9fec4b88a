"""Retire.js repository: JavaScript libraries, as packages of npm.

Reads the repository for the browser (`jsrepository*.json`, where a library says which npm package
it is) and the one for Node (`npmrepository.json`, whose names are packages). A library that names
no npm package is unreadable: no package manager would list it. Ranges are `atOrAbove` (inclusive)
and `below` (exclusive). When several generations of the browser repository are present, the newest
(`-master`) is read; they say the same.

The repository has no ids of its own; an advisory is named by its library and its best identifier.

Source: https://github.com/RetireJS/retire.js, repository/ (README, "repository format").
"""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct, field

from scantling.advisories.api import (
    Completeness,
    Coverage,
    Document,
    Feed,
    Record,
    Spool,
    Unreadable,
)
from scantling.advisories.decode import from_json
from scantling.advisories.identifiers import primary, unique
from scantling.core.errors import InputError
from scantling.core.model.advisory import (
    Advisory,
    Fix,
    Interval,
    Reference,
    Severity,
    Statement,
)


class _Range(Struct):
    at_or_above: str = field(default="", name="atOrAbove")
    below: str = ""


class _Identifiers(Struct):
    cves: list[str] = field(default_factory=list, name="CVE")
    github: str = field(default="", name="githubID")
    retire: str = field(default="", name="retid")
    summary: str = ""


class _Vulnerability(Struct):
    identifiers: _Identifiers = field(default_factory=_Identifiers)
    ranges: list[_Range] | None = None
    at_or_above: str = field(default="", name="atOrAbove")
    below: str = ""
    severity: str = ""
    cwe: list[str] = field(default_factory=list)
    info: list[str] = field(default_factory=list)
    summary: str = ""
    details: str = ""


class _Library(Struct):
    vulnerabilities: list[msgspec.Raw] = field(default_factory=list)
    npmname: str = ""


_DECODER: Final = msgspec.json.Decoder(dict[str, _Library])
_VULNERABILITY: Final = msgspec.json.Decoder(_Vulnerability)
_BROWSER: Final = (
    "jsrepository-master.json", "jsrepository-v5.json", "jsrepository-v4.json",
    "jsrepository-v3.json", "jsrepository-v2.json", "jsrepository.json",
)  # fmt: skip
_NODE: Final = "npmrepository.json"
_EXAMPLE: Final = "retire-example"


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each (library, identifier), in the documents' order."""
    names = {document.name.rpartition("/")[2] for document in spool.documents()}
    browser = next((name for name in _BROWSER if name in names), "")
    for document in spool.documents():
        if document.name.rpartition("/")[2] in {browser, _NODE}:
            yield from _document(document)


def _document(document: Document) -> Iterator[Record]:
    try:
        libraries = from_json(document.data, _DECODER, what="repository")
    except InputError as error:
        yield Unreadable(record=document.name, reason=error.detail)
        return
    is_node = document.name.endswith(_NODE)
    for name, library in libraries.items():
        package = name if is_node else library.npmname
        if name == _EXAMPLE or not library.vulnerabilities:
            continue
        if not package:
            yield Unreadable(record=f"{document.name}: {name}", reason="names no npm package")
            continue
        yield from _library(library, package, f"{document.name}: {name}")


def _library(library: _Library, package: str, record: str) -> Iterator[Record]:
    found: dict[str, tuple[_Vulnerability, list[Interval]]] = {}
    for data in library.vulnerabilities:
        try:
            raw = from_json(bytes(data), _VULNERABILITY, what="vulnerability")
            intervals = _intervals(raw)
        except InputError as error:
            yield Unreadable(record=record, reason=error.detail)
            continue
        found.setdefault(_own_id(raw, package), (raw, []))[1].extend(intervals)
    for own, (raw, intervals) in found.items():
        yield _advisory(raw, own, package, tuple(dict.fromkeys(intervals)))


def _own_id(raw: _Vulnerability, package: str) -> str:
    ids = raw.identifiers
    best = primary("", (*ids.cves, ids.github, ids.retire and f"retid-{ids.retire}"))
    if not best:
        text = "\0".join((raw.summary, ids.summary, *raw.info))
        best = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    return f"RETIREJS-{package}/{best}"


def _intervals(raw: _Vulnerability) -> list[Interval]:
    ranges = (
        raw.ranges
        if raw.ranges is not None
        else [_Range(at_or_above=raw.at_or_above, below=raw.below)]
    )
    if not ranges or any(not one.at_or_above and not one.below for one in ranges):
        raise InputError("advisories.record", "a vulnerability has no range")
    return [Interval(low=one.at_or_above, high=one.below) for one in ranges]


def _advisory(
    raw: _Vulnerability, own: str, package: str, ranges: tuple[Interval, ...]
) -> Advisory:
    ids = raw.identifiers
    aliases = unique((*ids.cves, ids.github))
    words = (Severity(source="retirejs", kind="word", value=raw.severity),)
    severities = words if raw.severity not in {"", "none"} else ()
    fixed_in = unique(interval.high for interval in ranges)
    return Advisory(
        id=own,
        source="retirejs",
        aliases=aliases,
        summary=raw.summary or ids.summary,
        details=raw.details,
        severities=severities,
        cwes=unique(raw.cwe),
        references=tuple(Reference(url=url) for url in unique(raw.info)),
        statements=(
            Statement(
                ecosystem="npm",
                package=package,
                vulnerability=primary(own, aliases) if ids.cves else (aliases or (own,))[0],
                fix=Fix.FIXED if fixed_in else Fix.NONE,
                ranges=ranges,
                fixed_in=fixed_in,
                severities=severities,
            ),
        ),
    )


_RAW: Final = "https://raw.githubusercontent.com/RetireJS/retire.js/master/repository"

PLUGIN: Final = Feed(
    name="retirejs",
    title="Retire.js repository",
    license="Apache-2.0",
    attribution="Retire.js, https://retirejs.github.io/retire.js/ (Apache-2.0)",
    urls=(f"{_RAW}/jsrepository-master.json", f"{_RAW}/npmrepository.json"),
    covers=(Coverage(ecosystem="npm", completeness=Completeness.PARTIAL),),
    parse=parse,
    redistributable=True,
    homepage="https://retirejs.github.io/retire.js/",
)
