"""FriendsOfPHP security advisories: Composer packages.

A file lists, for each branch, the affected versions as constraints that all must hold
(`['>=7.4.0', '<7.4.12']`). A branch without an upper bound has no fix.

Source: https://github.com/FriendsOfPHP/security-advisories (README).
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.advisories.api import (
    Completeness,
    Coverage,
    Document,
    Feed,
    Record,
    Spool,
    Unreadable,
)
from scantling.advisories.ecosystems import key_of, package_name
from scantling.advisories.identifiers import unique
from scantling.advisories.intervals import EVERYTHING, intersection
from scantling.advisories.yaml import from_yaml
from scantling.core.errors import InputError
from scantling.core.model.advisory import Advisory, Fix, Interval, Reference, Statement

_CONSTRAINT: Final = re.compile(r" *(?P<op><=|>=|==|<|>|=)? *v?(?P<version>[0-9][0-9A-Za-z.+-]*) *")
_PREFIX: Final = "composer://"


class _Branch(Struct):
    versions: list[str]
    time: str | int | None = None


class _Raw(Struct):
    title: str
    branches: dict[str | int | float, _Branch]
    reference: str
    link: str = ""
    cve: str | None = None


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each file in a `vendor/package` folder."""
    for document in spool.documents():
        *folders, file = document.name.split("/")
        hidden = any(folder.startswith(".") for folder in folders)
        if file.endswith(".yaml") and len(folders) > 1 and not hidden:
            yield _record(document)


def _record(document: Document) -> Record:
    try:
        return _advisory(from_yaml(document.data, _Raw, what="advisory"), document.name)
    except InputError as error:
        return Unreadable(record=document.name, reason=error.detail)


def _advisory(raw: _Raw, name: str) -> Advisory:
    if not raw.reference.startswith(_PREFIX):
        raise InputError("advisories.record", f"not a Composer package: {raw.reference!r}")
    package = package_name("composer", raw.reference.removeprefix(_PREFIX))
    # The file name is a CVE id or a date; with its package it names the advisory for ever.
    own = f"FOP-{package}/{name.rpartition('/')[2].removesuffix('.yaml')}"
    cve = (raw.cve or "").strip()
    times = sorted(str(branch.time)[:10] for branch in raw.branches.values() if branch.time)
    return Advisory(
        id=own,
        source="friendsofphp",
        aliases=unique((cve,)),
        summary=raw.title,
        published=times[0] if times else "",
        references=(Reference(url=raw.link),) if raw.link else (),
        statements=(_statement(raw, package, cve or own),),
    )


def _statement(raw: _Raw, package: str, vulnerability: str) -> Statement:
    ranges = tuple(
        interval for branch in raw.branches.values() for interval in _affected(branch.versions)
    )
    if not ranges:
        raise InputError("advisories.record", "no branch names an affected version")
    fixed_in = unique(
        interval.high for interval in ranges if interval.high and not interval.high_inclusive
    )
    is_open = any(not interval.high for interval in ranges)
    unfixed = Fix.NONE if is_open else Fix.UNKNOWN
    return Statement(
        ecosystem="composer",
        package=package,
        vulnerability=vulnerability,
        fix=Fix.FIXED if fixed_in else unfixed,
        ranges=tuple(dict.fromkeys(ranges)),
        fixed_in=fixed_in,
    )


def _affected(constraints: list[str]) -> tuple[Interval, ...]:
    if not constraints:
        raise InputError("advisories.record", "a branch has no constraints")
    found: tuple[Interval, ...] = EVERYTHING
    for text in constraints:
        match = _CONSTRAINT.fullmatch(text)
        if match is None:
            raise InputError("advisories.record", f"not a constraint: {text!r}")
        one = _interval(match["op"] or "=", match["version"])
        found = intersection(found, (one,), key_of("composer"))
    return found


def _interval(op: str, version: str) -> Interval:
    match op:
        case "<":
            return Interval(high=version)
        case "<=":
            return Interval(high=version, high_inclusive=True)
        case ">":
            return Interval(low=version, low_inclusive=False)
        case ">=":
            return Interval(low=version)
        case _:
            return Interval(low=version, high=version, high_inclusive=True)


PLUGIN: Final = Feed(
    name="friendsofphp",
    title="FriendsOfPHP security advisories",
    license="Unlicense",
    attribution="FriendsOfPHP security advisories, "
    "https://github.com/FriendsOfPHP/security-advisories (Unlicense)",
    urls=("https://github.com/FriendsOfPHP/security-advisories/archive/refs/heads/master.zip",),
    covers=(Coverage(ecosystem="composer", completeness=Completeness.FULL),),
    parse=parse,
    redistributable=True,
    homepage="https://github.com/FriendsOfPHP/security-advisories",
)
