"""endoflife.date: release cycles of products and when their support ends.

Reads the published API (`products/full`, schema version 1) and the product pages of the source
repository (`products/*.md`, YAML front matter). In both, a date or a plain yes or no may stand for
an end.

Source: https://endoflife.date/docs/api/v1/ and
https://github.com/endoflife-date/endoflife.date/blob/master/CONTRIBUTING.md.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct, field

from scantling.advisories.api import Document, Feed, Record, Spool, Unreadable
from scantling.advisories.decode import from_json, text_of
from scantling.advisories.yaml import from_yaml
from scantling.core.errors import InputError
from scantling.core.model.advisory import Release


class _Latest(Struct):
    name: str = ""
    date: str | None = None


class _ApiRelease(Struct, rename="camel"):
    name: str
    release_date: str | None = None
    eoas_from: str | None = None
    is_eol: bool | None = None
    eol_from: str | None = None
    eoes_from: str | None = None
    latest: _Latest | None = None


class _Product(Struct):
    name: str
    releases: list[msgspec.Raw] = field(default_factory=list)


class _Products(Struct):
    result: list[_Product]


class _PageRelease(Struct, rename="camel"):
    release_cycle: str | int
    release_date: str | None = None
    eoas: str | bool | None = None
    eol: str | bool | None = None
    eoes: str | bool | None = None
    latest: str | int | None = None
    latest_release_date: str | None = None


class _Page(Struct):
    releases: list[_PageRelease] = field(default_factory=list)


_PRODUCTS: Final = msgspec.json.Decoder(_Products)
_API_RELEASE: Final = msgspec.json.Decoder(_ApiRelease)
_FRONT: Final = "---"
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse(spool: Spool) -> Iterator[Record]:
    """Yield the release cycles of each product, in the documents' order."""
    for document in spool.documents():
        parts = document.name.split("/")
        if document.name.endswith(".md") and "products" in parts[:-1]:
            yield from _page(document)
        elif parts[-1] in {"full", "full.json", "products.json"}:
            yield from _api(document)


def _api(document: Document) -> Iterator[Record]:
    try:
        products = from_json(document.data, _PRODUCTS, what="products")
    except InputError as error:
        yield Unreadable(record=document.name, reason=error.detail)
        return
    for product in products.result:
        for data in product.releases:
            try:
                yield _from_api(
                    product.name, from_json(bytes(data), _API_RELEASE, what=product.name)
                )
            except InputError as error:
                yield Unreadable(record=document.name, reason=error.detail)


def _from_api(product: str, raw: _ApiRelease) -> Release:
    latest = raw.latest or _Latest()
    return Release(
        product=product,
        cycle=raw.name,
        released=_date(raw.release_date),
        support_until=_date(raw.eoas_from),
        end_of_life=_date(raw.eol_from),
        extended_until=_date(raw.eoes_from),
        latest=latest.name,
        latest_date=_date(latest.date),
        ended=None if raw.eol_from else raw.is_eol,
    )


def _page(document: Document) -> Iterator[Record]:
    product = document.name.rpartition("/")[2].removesuffix(".md")
    before, mark, rest = text_of(document.data).partition(f"{_FRONT}\n")
    front, end, _ = rest.partition(f"\n{_FRONT}\n")
    if before or not mark or not end:
        yield Unreadable(record=document.name, reason="has no front matter")
        return
    try:
        page = from_yaml(front.encode(), _Page, what=product)
        yield from [_from_page(product, raw) for raw in page.releases]
    except InputError as error:
        yield Unreadable(record=document.name, reason=error.detail)


def _from_page(product: str, raw: _PageRelease) -> Release:
    return Release(
        product=product,
        cycle=str(raw.release_cycle),
        released=_date(raw.release_date),
        support_until=_date(raw.eoas),
        end_of_life=_date(raw.eol),
        extended_until=_date(raw.eoes),
        latest="" if raw.latest is None else str(raw.latest),
        latest_date=_date(raw.latest_release_date),
        ended=raw.eol if isinstance(raw.eol, bool) else None,
    )


def _date(value: str | bool | None) -> str:  # noqa: FBT001 - the publisher's own union
    """Return the date; empty for a plain yes, no or nothing. Raises InputError for other texts."""
    if value is None or isinstance(value, bool) or value == "":
        return ""
    if not _DATE.fullmatch(value):
        raise InputError("advisories.record", f"not a date: {value!r}")
    return value


PLUGIN: Final = Feed(
    name="endoflife",
    title="endoflife.date",
    license="MIT",
    attribution="endoflife.date contributors, https://endoflife.date (MIT)",
    urls=("https://endoflife.date/api/v1/products/full",),
    covers=(),
    parse=parse,
    stale_after_days=60,
    redistributable=True,
    homepage="https://endoflife.date",
)
