r"""Debian security advisories: DSA, DLA and DTSA, from the lists that the tracker keeps.

    [29 Mar 2023] DSA-5380-1 xorg-server - security update
        {CVE-2023-1393}
        [bullseye] - xorg-server 2:1.20.11-1+deb11u6

Each (package, release) line of an advisory makes a statement for each of its ids; an advisory that
names none is about itself, unless it is a regression update, which fixes no vulnerability. Lines
that start with NOTE are for people.

Cannot see: what is fixed without an advisory (in a point release), and what is not fixed.

Source: https://salsa.debian.org/security-tracker-team/security-tracker, data/DSA/list.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.advisories.api import (
    Completeness,
    Coverage,
    Document,
    Feed,
    Record,
    Spool,
    Unreadable,
)
from scantling.advisories.debian_tracker import ecosystem_of
from scantling.advisories.decode import text_of
from scantling.advisories.identifiers import unique
from scantling.core.errors import InputError
from scantling.core.model.advisory import Advisory, Fix, Interval, Severity, Statement, Status

_HEADER: Final = re.compile(
    r"\[(?P<date>[^\]]{4,40})\] (?P<id>D(?:SA|LA|TSA)-[0-9]+(?:-[0-9]+)?) (?P<title>.+)"
)
_DATE: Final = re.compile(
    r"(?:(?P<day>[0-9]{1,2}) (?P<month>[A-Z][a-z]+)|(?P<month2>[A-Z][a-z]+) (?P<day2>[0-9]{1,2})"
    r"[a-z]{2}),? (?P<year>[0-9]{4})"
)
_IDS: Final = re.compile(r"\{(?P<ids>[^{}]*)\}")
_LINE: Final = re.compile(
    r"\[(?P<release>[a-z]+)\] +- +(?P<package>[a-z0-9][a-z0-9.+-]+) +(?P<version>[^ ()]+)"
    r"(?: +\((?P<note>.*)\))?"
)
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_SPACE: Final = " \t\r"
_SEVERITIES: Final = ("unimportant", "low", "medium", "high")


class _Entry(Struct):
    """One advisory while its lines are read."""

    id: str
    title: str
    date: str
    ids: tuple[str, ...] = ()
    lines: list[str] = []


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each entry of each file named `list`, in the files' order."""
    for document in spool.documents():
        *folders, file = document.name.split("/")
        if file == "list" and folders and folders[-1] in {"DSA", "DLA", "DTSA"}:
            yield from _document(document)


def _document(document: Document) -> Iterator[Record]:
    entry: _Entry | None = None
    for number, line in enumerate(text_of(document.data).split("\n"), start=1):
        text = line.strip(_SPACE)
        if line.startswith("["):
            if entry is not None:
                yield from _advisory(entry)
            entry = _started(text)
            if entry is None:
                yield Unreadable(record=f"{document.name}:{number}", reason="not an advisory")
        elif text and entry is None:
            yield Unreadable(record=f"{document.name}:{number}", reason="belongs to no advisory")
        elif text and entry is not None:
            _take(entry, text)
    if entry is not None:
        yield from _advisory(entry)


def _started(text: str) -> _Entry | None:
    header = _HEADER.fullmatch(text)
    if header is None:
        return None
    return _Entry(id=header["id"], title=header["title"], date=_date(header["date"]))


def _take(entry: _Entry, text: str) -> None:
    ids = _IDS.fullmatch(text)
    if ids is not None:
        entry.ids = unique((*entry.ids, *ids["ids"].split()))
    elif not text.startswith("NOTE"):
        entry.lines.append(text)


def _date(text: str) -> str:
    """Return `YYYY-MM-DD`; empty if the date is written in some other way."""
    found = _DATE.fullmatch(text)
    month = (found["month"] or found["month2"])[:3] if found else ""
    if found is None or month not in _MONTHS:
        return ""
    day = (found["day"] or found["day2"]).zfill(2)
    return f"{found['year']}-{_MONTHS.index(month) + 1:02}-{day}"


def _advisory(entry: _Entry) -> Iterator[Record]:
    statements: list[Statement] = []
    for line in entry.lines:
        try:
            statements += _statements(entry, line)
        except InputError as error:
            yield Unreadable(record=entry.id, reason=error.detail)
    yield Advisory(
        id=entry.id,
        source="debian-advisories",
        related=entry.ids,
        summary=entry.title,
        published=entry.date,
        statements=tuple(statements),
    )


def _statements(entry: _Entry, line: str) -> Iterator[Statement]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise InputError("advisories.record", f"not a package line: {line!r}")
    note = found["note"] or ""
    words = [word for word in _SEVERITIES if word in _words(note)]
    base = Statement(
        ecosystem=ecosystem_of(found["release"]),
        package=found["package"],
        vulnerability=entry.id,
        severities=tuple(
            Severity(source="debian-advisories", kind="word", value=word) for word in words
        ),
        source_package=True,
    )
    said = _said(base, found["version"])
    ids = entry.ids or (() if "regression" in entry.title else (entry.id,))
    for id_ in ids:
        yield replace(said, vulnerability=id_)


def _words(note: str) -> list[str]:
    """Return the words of a note such as `bug #123456; medium`."""
    return note.replace(";", " ").split()


def _said(base: Statement, version: str) -> Statement:
    match version:
        case "<not-affected>":
            return replace(base, status=Status.NOT_AFFECTED, word="not-affected")
        case "<end-of-life>":
            return replace(base, fix=Fix.END_OF_LIFE, word="end-of-life")
        case "<unfixed>" | "<no-dsa>" | "<ignored>" | "<postponed>":
            return replace(base, fix=Fix.NONE, word=version.strip("<>"))
        case _ if version.startswith("<"):
            raise InputError("advisories.record", f"unknown state {version}")
        case _:
            fixed = (version,)
            return replace(base, fix=Fix.FIXED, ranges=(Interval(high=version),), fixed_in=fixed)


_HOME: Final = "https://salsa.debian.org/security-tracker-team/security-tracker"

PLUGIN: Final = Feed(
    name="debian-advisories",
    title="Debian security advisories (DSA, DLA)",
    license="LicenseRef-facts",
    attribution="Debian Security Team and Debian LTS Team, https://www.debian.org/security/",
    urls=tuple(f"{_HOME}/-/raw/master/data/{kind}/list" for kind in ("DSA", "DLA", "DTSA")),
    covers=(Coverage(ecosystem="deb/debian:", completeness=Completeness.PARTIAL),),
    parse=parse,
    redistributable=True,
    homepage="https://www.debian.org/security/",
)
