"""CISA's catalog of known exploited vulnerabilities.

A signal per CVE: the date it was added, and the note `ransomware` where campaigns are known to use
it. Being absent means nothing.

Source: https://www.cisa.gov/known-exploited-vulnerabilities-catalog (JSON schema there).
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct, field

from scantling.advisories.api import Document, Feed, Record, Spool, Unreadable
from scantling.advisories.decode import from_json
from scantling.advisories.identifiers import is_cve
from scantling.core.errors import InputError
from scantling.core.model.advisory import Signal


class _Entry(Struct):
    cve: str = field(name="cveID")
    added: str = field(name="dateAdded")
    ransomware: str = field(default="", name="knownRansomwareCampaignUse")


class _Catalog(Struct):
    vulnerabilities: list[msgspec.Raw]


_CATALOG: Final = msgspec.json.Decoder(_Catalog)
_ENTRY: Final = msgspec.json.Decoder(_Entry)


def parse(spool: Spool) -> Iterator[Record]:
    """Yield a signal for each entry of each JSON document."""
    for document in spool.documents():
        if document.name.endswith(".json"):
            yield from _document(document)


def _document(document: Document) -> Iterator[Record]:
    try:
        catalog = from_json(document.data, _CATALOG, what="catalog")
    except InputError as error:
        yield Unreadable(record=document.name, reason=error.detail)
        return
    for number, data in enumerate(catalog.vulnerabilities, start=1):
        try:
            yield _signal(from_json(bytes(data), _ENTRY, what="entry"))
        except InputError as error:
            yield Unreadable(record=f"{document.name}: entry {number}", reason=error.detail)


def _signal(entry: _Entry) -> Signal:
    if not is_cve(entry.cve):
        raise InputError("advisories.record", f"not a CVE id: {entry.cve!r}")
    return Signal(
        id=entry.cve,
        kind="kev",
        value=entry.added,
        note="ransomware" if entry.ransomware == "Known" else "",
        date=entry.added,
    )


PLUGIN: Final = Feed(
    name="kev",
    title="CISA known exploited vulnerabilities",
    license="CC0-1.0",
    attribution="CISA Known Exploited Vulnerabilities Catalog (CC0 1.0)",
    urls=("https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",),
    covers=(),
    parse=parse,
    redistributable=True,
    homepage="https://www.cisa.gov/known-exploited-vulnerabilities-catalog",
)
