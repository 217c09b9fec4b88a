"""AlmaLinux errata: security (`ALSA`), bug fix (`ALBA`) and enhancement (`ALEA`) updates.

Each update makes a statement for each of its CVEs and binary packages. A bug fix without a CVE is
kept as an advisory without statements; a security update without one is about itself.

Two things need care. A package is often listed once per minor release, with the same build number
and another suffix (`…el8_4`, `…el8_5`): each of these builds has the fix, so the lowest is the
bound. And a build for a module (`.module_el8`) counts only for its stream, which the record names
in the summary alone (`nodejs:18 security update`); where it does not, the package is unreadable,
because without the stream every other stream would look affected.

Cannot see: vulnerabilities that are not fixed.

Source: https://github.com/AlmaLinux/osv-database.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.ecosystems import Key, key_of, place_of
from scantling.advisories.identifiers import is_cve, unique
from scantling.advisories.osv import (
    Affected,
    Common,
    Dialect,
    Notes,
    OsvRecord,
    Package,
    Range,
    records,
)
from scantling.advisories.osv_ranges import Event
from scantling.core.errors import InputError
from scantling.core.model.advisory import Interval, Severity

_STREAM: Final = re.compile(
    r"(?<![^ :])(?P<label>[a-z0-9][A-Za-z0-9_.+-]*:[A-Za-z0-9_.+-]+)(?=[ /])"
)
_SUFFIX: Final = re.compile(r"\.(?:module_)?el[0-9].*")
_WORD: Final = re.compile(r"(?P<word>Critical|Important|Moderate|Low): ")


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `ALSA-`, `ALBA-` and `ALEA-` record."""
    return records(spool, _DIALECT)


def _prepare(record: OsvRecord) -> OsvRecord:
    """Return the record with one entry per build; no entries when it fixes no vulnerability."""
    is_security = record.id.startswith("ALSA-")
    if not is_security and not any(is_cve(name) for name in record.related or ()):
        return replace(record, affected=[])
    groups: dict[tuple[str, str, str], list[Affected]] = {}
    for affected in record.affected or ():
        package = affected.package or Package()
        stem = _SUFFIX.sub("", _fixed(affected))
        groups.setdefault((package.ecosystem, package.name, stem), []).append(affected)
    return replace(record, affected=[_lowest(group) for group in groups.values()])


def _fixed(affected: Affected) -> str:
    """Return the fixed version; empty unless the entry is one range with one fixed version."""
    match affected.ranges:
        case [Range(events=[Event(introduced="0"), Event(fixed=str(fixed))])]:
            return fixed
        case _:
            return ""


def _lowest(group: list[Affected]) -> Affected:
    place = place_of((group[0].package or Package()).ecosystem)
    if len(group) == 1 or place is None:
        return group[0]
    key: Key = key_of(place.ecosystem)
    keyed = [(key(_fixed(affected)), affected) for affected in group]
    if any(at is None for at, _ in keyed):
        raise InputError("version.incomparable", "builds of one package cannot be compared")
    return min(keyed, key=lambda item: item[0] or b"")[1]


def _notes(record: OsvRecord, affected: Affected, _ranges: tuple[Interval, ...]) -> Notes:
    if ".module_el" not in _fixed(affected):
        return Notes()
    streams = unique(_STREAM.findall(record.summary or ""))
    if not streams:
        name = (affected.package or Package()).name
        raise InputError("advisories.record", f"{name}: a module build whose stream is not named")
    return Notes(modules=streams)


def _common(record: OsvRecord) -> Common:
    found = _WORD.match(record.summary or "")
    if found is None:
        return Common()
    return Common(severities=(Severity(source="almalinux", kind="word", value=found["word"]),))


_DIALECT: Final = Dialect(
    source="almalinux",
    prefixes=("ALSA-", "ALBA-", "ALEA-"),
    prepare=_prepare,
    common=_common,
    notes=_notes,
)

PLUGIN: Final = Feed(
    name="almalinux",
    title="AlmaLinux errata",
    license="MIT",
    attribution="AlmaLinux OS Foundation, https://errata.almalinux.org (MIT)",
    urls=("https://github.com/AlmaLinux/osv-database/archive/refs/heads/master.zip",),
    covers=(Coverage(ecosystem="rpm/almalinux:", completeness=Completeness.FIXES_ONLY),),
    parse=parse,
    redistributable=True,
    homepage="https://errata.almalinux.org",
)
