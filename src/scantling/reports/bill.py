"""What a bill of materials says of a report, for both versions of SPDX. No syntax.

An entry is the image, its operating system, or a package. Identifiers of entries are made of what
they name and a hash, so that the same package has the same identifier in every document.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral, octets
from scantling.reports import view
from scantling.reports.licenses import Declared, declared

_ODD: Final = re.compile(r"[^A-Za-z0-9.]++")
_HEX: Final = re.compile(r"[0-9a-f]++")
_DIGITS: Final = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}
_MOST_PLACES: Final = 20


class Entry(Struct, frozen=True, kw_only=True):
    """One package. `hashes` are (algorithm, hex digits); texts are neutralized."""

    id: str
    name: str
    version: str
    purl: str
    vendor: str
    license: Declared
    hashes: tuple[tuple[str, str], ...]
    source: str
    """How it was found, as a sentence."""
    comments: tuple[str, ...]
    """Where it was seen, each as `path (layer N)`, and what is odd about it."""
    owner: str
    """The `id` of the entry that it belongs to, '' for the image."""


def entries(report: ScanReport) -> tuple[Entry, ...]:
    """Return the packages in the report's order."""
    ids = {(one.purl, one.owner): identifier(one) for one in report.packages}
    return tuple(
        Entry(
            id=identifier(one),
            name=neutral(view.package_name(one)) or "unnamed",
            version=neutral(one.version),
            purl=neutral(one.purl, limit=4096),
            vendor=neutral(one.vendor),
            license=declared(one.licenses),
            hashes=hashes(one.hashes),
            source=_source(report, one),
            comments=(*_comments(one),),
            owner=ids.get((one.owner, ""), "") if one.owner else "",
        )
        for one in report.packages
    )


def identifier(package: Package) -> str:
    """Return the identifier: letters, digits, points and hyphens only."""
    words = _ODD.sub("-", f"{package.type}-{package.name[:60]}").strip("-.")
    digest = sha256(octets(f"{package.purl}\n{package.owner}")).hexdigest()[:12]
    return f"Package-{words}-{digest}"


def hashes(given: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return those that are what they say: hex digits of the algorithm's length."""
    return tuple(
        (algorithm, value)
        for algorithm, value in given
        if len(value) == _DIGITS.get(algorithm) and _HEX.fullmatch(value)
    )


def digests(report: ScanReport) -> tuple[tuple[str, str], ...]:
    """Return the image's own digest as a hash; none if it has none."""
    algorithm, _, value = report.image.digest.partition(":")
    return hashes(((algorithm, value),))


def uuid(body: object) -> str:
    """Return a UUID that is a hash of a document's content."""
    digest = sha256(msgspec.json.encode(body, order="sorted")).digest()
    return str(UUID(bytes=digest[:16], version=5))


def statement(report: ScanReport) -> str:
    """Return how complete the bill is, as a sentence."""
    blocking = [one for one in report.gaps if one.kind is GapKind.BLOCKING]
    verdict = f"Scantling's verdict: {view.status_words(report)}."
    if not blocking:
        return f"{verdict} Everything in the image was read."
    codes = ", ".join(sorted({one.code for one in blocking}))
    return f"{verdict} This bill is incomplete: {codes}."


def gap_words(one: Gap) -> str:
    """Return a gap as one line."""
    where = view.place(one)
    text = f"scantling:gap {one.code} ({one.kind}){f' at {where}' if where else ''}: {one.detail}"
    return neutral(text, limit=4096)


def _source(report: ScanReport, package: Package) -> str:
    step = view.instruction(report, package.origin)
    words = f"found by {', '.join(package.catalogers) or 'scantling'} in layer {package.origin}"
    if step:
        words += f" ({step[:300]})"
    if package.source_name:
        version = package.source_version or package.version
        words += f"; built from source package {package.source_name} {version}"
    return neutral(words, limit=4096)


def _comments(package: Package) -> Iterator[str]:
    for one in package.locations[:_MOST_PLACES]:
        yield neutral(f"scantling:location {one.path} (layer {one.layer})", limit=4096)
    if len(package.locations) > _MOST_PLACES:
        yield f"scantling:locations {len(package.locations)} in all"
    if package.part != "unknown":
        yield f"scantling:part {package.part}"
    if package.note:
        yield neutral(f"scantling:note {package.note}", limit=4096)
