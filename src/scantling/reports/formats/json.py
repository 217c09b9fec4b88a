"""Scantling's own JSON: the whole report, nothing left out.

The schema is committed under `docs/schema/` and versioned by `schema_version`; a field is never
removed or given another meaning without a new major version. Strings from the image are kept as
they are (JSON escapes control characters); undecodable bytes become visible escapes.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from scantling.core.model.report import SCHEMA_VERSION, ScanReport
from scantling.core.text import neutral
from scantling.reports.api import Format, Look


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What the JSON document holds."""

    schema_version: str
    report: ScanReport


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces."""
    del look
    document = _inert(msgspec.to_builtins(Document(schema_version=SCHEMA_VERSION, report=report)))
    yield msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _inert(value: object) -> object:
    """Return the value with every string neutralized, keys included."""
    match value:
        case str():
            return neutral(value, limit=65_536)
        case dict():
            return {_inert(key): _inert(one) for key, one in value.items()}
        case list() | tuple():
            return [_inert(one) for one in value]
        case _:
            return value


PLUGIN: Final = Format(
    name="json",
    media_type="application/json",
    suffix=".json",
    render=render,
    inventory=True,
)
