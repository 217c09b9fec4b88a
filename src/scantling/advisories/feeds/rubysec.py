"""Ruby Advisory Database: gems, and the interpreters (`generic`, `ruby`, `jruby`, …).

An advisory lists the versions that are patched and those that were never affected, as requirements
(`~> 3.1.21`, `>= 3.2.6`); everything else is affected. The intervals here are the complement of
those lists in the order of gem versions, so nothing is lost between two branches.

A file without either list affects every version. `platform: jruby` is kept as the word.

Source: https://github.com/rubysec/ruby-advisory-db (README, "Schema"); requirements:
https://guides.rubygems.org/patterns/ and Gem::Requirement.
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
from scantling.advisories.ecosystems import key_of
from scantling.advisories.identifiers import primary, unique
from scantling.advisories.intervals import EVERYTHING, complement, intersection
from scantling.advisories.yaml import from_yaml
from scantling.core.errors import InputError
from scantling.core.model.advisory import (
    Advisory,
    Fix,
    Interval,
    Reference,
    Severity,
    Statement,
)

_CLAUSE: Final = re.compile(
    r" *(?P<op>~>|>=|<=|!=|>|<|=)? *"
    r"(?P<version>[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?) *"
)
_LOWEST: Final = ".A"
"""Ending of the lowest pre-release of a version: no other word sorts before `A`."""
_LETTER: Final = re.compile(r"[A-Za-z]")
_GROUPS: Final = frozenset({"gems", "rubies"})
_SUFFIXES: Final = (".yml", ".yaml")


class _Related(Struct):
    cve: list[str] | None = None
    ghsa: list[str] | None = None
    url: list[str] | None = None


class _Raw(Struct):
    title: str
    url: str = ""
    gem: str = ""
    engine: str = ""
    date: str = ""
    description: str = ""
    cve: str | int | None = None
    ghsa: str | None = None
    osvdb: int | str | None = None
    platform: str = ""
    cvss_v2: float | None = None
    cvss_v3: float | None = None
    cvss_v4: float | None = None
    patched_versions: list[str] | None = None
    unaffected_versions: list[str] | None = None
    related: _Related | None = None


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each file below `gems` and `rubies`."""
    for document in spool.documents():
        *folders, file = document.name.split("/")
        if file.endswith(_SUFFIXES) and _GROUPS & set(folders):
            yield _record(document)


def affected(requirements: list[str]) -> tuple[Interval, ...]:
    """Return the versions that satisfy none of the requirements. Raises InputError."""
    key = key_of("gem")
    satisfied = [interval for text in requirements for interval in satisfying(text)]
    return complement(satisfied, key)


def satisfying(requirement: str) -> tuple[Interval, ...]:
    """Return the versions that satisfy every clause of a requirement (`>= 2.0, < 2.4`)."""
    key = key_of("gem")
    found: tuple[Interval, ...] = EVERYTHING
    for clause in requirement.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise InputError("advisories.record", f"not a requirement: {requirement!r}")
        found = intersection(found, _clause(match["op"] or "=", match["version"]), key)
    return found


def _clause(op: str, version: str) -> tuple[Interval, ...]:
    match op:
        case "~>":
            return (Interval(low=version, high=_next_branch(version)),)
        case ">=":
            return (Interval(low=version),)
        case ">":
            return (Interval(low=version, low_inclusive=False),)
        case "<=":
            return (Interval(high=version, high_inclusive=True),)
        case "<":
            return (Interval(high=version),)
        case "!=":
            return (Interval(high=version), Interval(low=version, low_inclusive=False))
        case _:
            return (Interval(low=version, high=version, high_inclusive=True),)


def _next_branch(version: str) -> str:
    """Return the bound of `~>`: the last number dropped, the one before raised.

    Pre-releases of the next branch do not satisfy `~>` (Gem::Requirement compares their release),
    so the bound is the lowest of them.
    """
    numbers: list[str] = []
    for part in version.replace("-", ".pre.").split("."):
        if _LETTER.search(part):
            break
        numbers.append(part)
    if len(numbers) > 1:
        numbers.pop()
    last = numbers.pop()
    if len(last) > 18:  # noqa: PLR2004 - more digits than any version number; int() would be slow
        raise InputError("advisories.record", "a version number is too long")
    return ".".join((*numbers, str(int(last) + 1))) + _LOWEST


def _record(document: Document) -> Record:
    try:
        return _advisory(from_yaml(document.data, _Raw, what="advisory"), document.name)
    except InputError as error:
        return Unreadable(record=document.name, reason=error.detail)


def _advisory(raw: _Raw, name: str) -> Advisory:
    related = raw.related or _Related()
    ids = _ids(raw)
    own = name.rpartition("/")[2].rpartition(".")[0]
    severities = _severities(raw)
    return Advisory(
        id=own,
        source="rubysec",
        aliases=unique(id_ for id_ in ids if id_ != own),
        related=unique(
            (*(_named("CVE", id_) for id_ in related.cve or ()),
             *(_named("GHSA", id_) for id_ in related.ghsa or ()))
        ),
        summary=raw.title.strip(),
        details=raw.description.strip(),
        published=raw.date,
        severities=severities,
        references=tuple(Reference(url=url) for url in unique((raw.url, *(related.url or ())))),
        statements=(_statement(raw, primary("", (*ids, own)), severities),),
    )  # fmt: skip


def _ids(raw: _Raw) -> tuple[str, ...]:
    named = (("CVE", raw.cve), ("GHSA", raw.ghsa), ("OSVDB", raw.osvdb))
    return unique(_named(kind, str(value)) for kind, value in named if value is not None)


def _named(kind: str, value: str) -> str:
    return value if value.startswith(f"{kind}-") else f"{kind}-{value}"


def _severities(raw: _Raw) -> tuple[Severity, ...]:
    """Return the base scores; the database gives numbers without their vectors."""
    scores = (("cvss2", raw.cvss_v2), ("cvss3", raw.cvss_v3), ("cvss4", raw.cvss_v4))
    return tuple(
        Severity(source="rubysec", kind=kind, value="", score=score)
        for kind, score in scores
        if score is not None and 0 <= score <= 10  # noqa: PLR2004 - the range of CVSS scores
    )


def _statement(raw: _Raw, vulnerability: str, severities: tuple[Severity, ...]) -> Statement:
    if not raw.gem and not raw.engine:
        raise InputError("advisories.record", "names neither a gem nor an interpreter")
    patched = raw.patched_versions or []
    ranges = affected([*patched, *(raw.unaffected_versions or ())])
    if not ranges:
        raise InputError("advisories.record", "its requirements leave no affected version")
    if not raw.gem:
        ranges = tuple(_plain(interval) for interval in ranges)
    return Statement(
        ecosystem="gem" if raw.gem else "generic",
        package=raw.gem or raw.engine,
        vulnerability=vulnerability,
        fix=Fix.FIXED if patched else Fix.NONE,
        ranges=() if ranges == EVERYTHING else ranges,
        fixed_in=unique(_fixed(text) for text in patched),
        word=f"platform: {raw.platform}" if raw.platform else "",
        severities=severities,
    )


def _plain(interval: Interval) -> Interval:
    """Return the interval of an interpreter without `.A`, which only gems have a place for."""
    low, high = interval.low.removesuffix(_LOWEST), interval.high.removesuffix(_LOWEST)
    return replace(interval, low=low, high=high)


def _fixed(requirement: str) -> str:
    """Return the first patched version of a branch: its inclusive lower bound, empty if none."""
    lows = [interval for interval in satisfying(requirement) if interval.low]
    return lows[0].low if lows and lows[0].low_inclusive else ""


PLUGIN: Final = Feed(
    name="rubysec",
    title="Ruby Advisory Database",
    license="LicenseRef-public-domain",
    attribution="Ruby Advisory Database, https://rubysec.com (public domain)",
    urls=("https://github.com/rubysec/ruby-advisory-db/archive/refs/heads/master.zip",),
    covers=(
        Coverage(ecosystem="gem", completeness=Completeness.FULL),
        Coverage(ecosystem="generic", completeness=Completeness.PARTIAL),
    ),
    parse=parse,
    redistributable=True,
    homepage="https://rubysec.com",
)
