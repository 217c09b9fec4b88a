"""Node.js security working group: packages of npm (until 2019) and Node.js itself.

`vuln/npm/*.json` names the vulnerable versions of a package. `vuln/core/*.json` is about the
runtime (`generic`, `node`): its vulnerable lines (`18.x`) less what is patched (`^18.9.1`).
Records about the runtime's own dependencies (`vuln/deps`) say the same again and are skipped, as
are the joined `index.json` files.

Source: https://github.com/nodejs/security-wg, vuln/README.md.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories import npm_ranges
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
from scantling.advisories.ecosystems import key_of
from scantling.advisories.identifiers import primary, unique
from scantling.advisories.intervals import difference
from scantling.core.errors import InputError
from scantling.core.model.advisory import (
    Advisory,
    Fix,
    Interval,
    Reference,
    Severity,
    Statement,
)


class _Npm(Struct):
    id: int
    title: str
    module_name: str
    vulnerable_versions: str
    cves: list[str] = []
    patched_versions: str | None = None
    publish_date: str = ""
    updated_at: str = ""
    overview: str = ""
    cvss_vector: str | None = None
    references: list[str] | None = None


class _Core(Struct):
    vulnerable: str
    patched: str = ""
    cve: list[str] = []
    ref: str = ""
    description: str = ""
    overview: str = ""
    severity: str = ""
    publish_date: str = ""


_NPM: Final = msgspec.json.Decoder(_Npm)
_CORE: Final = msgspec.json.Decoder(_Core)
_KINDS: Final = {"CVSS:3": "cvss3", "CVSS:4": "cvss4"}
_NO_FIX: Final = frozenset({"", "<0.0.0"})
"""How the group writes that no version is patched."""


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each file below `vuln/npm` and `vuln/core`."""
    for document in spool.documents():
        *folders, file = document.name.split("/")
        stem, _, suffix = file.rpartition(".")
        if suffix != "json" or not stem.isdecimal() or len(folders) < 1:
            continue
        if folders[-1] == "npm":
            yield _read(document, _npm_advisory)
        elif folders[-1] == "core":
            yield _read(document, _core_advisory)


def _npm_advisory(document: Document) -> Advisory:
    raw = from_json(document.data, _NPM, what="advisory")
    own = f"NSWG-ECO-{raw.id}"
    severities = _vector(raw.cvss_vector)
    patched = (raw.patched_versions or "").replace(" ", "")
    fixed_in = (
        () if patched in _NO_FIX else _starts(npm_ranges.intervals(raw.patched_versions or ""))
    )
    return Advisory(
        id=own,
        source="nodejs",
        aliases=unique(raw.cves),
        summary=raw.title,
        details=raw.overview,
        published=raw.publish_date,
        modified=raw.updated_at,
        severities=severities,
        references=tuple(Reference(url=url) for url in unique(raw.references or ())),
        statements=(
            Statement(
                ecosystem="npm",
                package=raw.module_name,
                vulnerability=primary(own, raw.cves),
                fix=Fix.FIXED if fixed_in else Fix.NONE,
                ranges=npm_ranges.intervals(raw.vulnerable_versions),
                fixed_in=fixed_in,
                severities=severities,
            ),
        ),
    )


def _core_advisory(document: Document) -> Advisory:
    raw = from_json(document.data, _CORE, what="advisory")
    own = f"NSWG-COR-{document.name.rpartition('/')[2].removesuffix('.json')}"
    patched = npm_ranges.intervals(raw.patched) if raw.patched.strip() else ()
    vulnerable = npm_ranges.intervals(raw.vulnerable)
    ranges = difference(vulnerable, patched, key_of("npm")) if patched else vulnerable
    if not ranges:
        raise InputError("advisories.record", "what is patched leaves nothing vulnerable")
    words = (Severity(source="nodejs", kind="word", value=raw.severity),)
    severities = words if raw.severity not in {"", "unknown"} else ()
    fixed_in = _starts(patched)
    return Advisory(
        id=own,
        source="nodejs",
        aliases=unique(raw.cve),
        summary=raw.description,
        details=raw.overview,
        published=raw.publish_date,
        severities=severities,
        references=(Reference(url=raw.ref),) if raw.ref else (),
        statements=(
            Statement(
                ecosystem="generic",
                package="node",
                vulnerability=primary(own, raw.cve),
                fix=Fix.FIXED if fixed_in else Fix.NONE,
                ranges=tuple(_plain(interval) for interval in ranges),
                fixed_in=fixed_in,
                severities=severities,
            ),
        ),
    )


def _read(document: Document, advisory: Callable[[Document], Advisory]) -> Record:
    try:
        return advisory(document)
    except InputError as error:
        return Unreadable(record=document.name, reason=error.detail)


def _starts(patched: tuple[Interval, ...]) -> tuple[str, ...]:
    return unique(interval.low for interval in patched if interval.low_inclusive)


def _plain(interval: Interval) -> Interval:
    """Return the interval without the `-0` bounds that npm's grammar needs.

    Node.js releases have no pre-releases of the next line that a bound could be confused with, and
    `9.0.0-0` has no place in the order of plain versions.
    """
    return msgspec.structs.replace(
        interval, low=interval.low.removesuffix("-0"), high=interval.high.removesuffix("-0")
    )


def _vector(text: str | None) -> tuple[Severity, ...]:
    kind = _KINDS.get((text or "")[:6])
    return (Severity(source="nodejs", kind=kind, value=text),) if kind and text else ()


PLUGIN: Final = Feed(
    name="nodejs",
    title="Node.js security working group",
    license="MIT",
    attribution="Node.js Security Working Group, https://github.com/nodejs/security-wg (MIT)",
    urls=("https://github.com/nodejs/security-wg/archive/refs/heads/main.zip",),
    covers=(
        Coverage(ecosystem="npm", completeness=Completeness.PARTIAL),
        Coverage(ecosystem="generic", completeness=Completeness.PARTIAL),
    ),
    parse=parse,
    redistributable=True,
    homepage="https://github.com/nodejs/security-wg",
)
