"""Scantling's own JSON: the whole report, nothing left out.

The schema is committed under `docs/schema/` and versioned by `schema_version`; a field is never
removed or given another meaning without a new major version. Strings from the image are shown as
every output shows them: active characters become visible escapes.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from scantling.core.model.report import SCHEMA_VERSION, ScanReport
from scantling.core.text import ACTIVE, neutral
from scantling.reports.api import Format, Look

_MOST_CHARS: Final = 65_536
_PART: Final = 16
"""Items of a list that are encoded and looked at together; together they are some 10 KB."""
_OURS: Final = "\u2264\u2265".encode()
"""The bytes of the two signs in our own sentences; no active character is made of these alone."""
_SUSPECT: Final = (b"\\", b"::", b"##", b"\x7f")
"""Without these an encoded value has no escaped character and no order to a CI system."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What the JSON document holds."""

    schema_version: str
    report: ScanReport


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces."""
    del look
    document = {"schema_version": SCHEMA_VERSION, "report": _members(report)}
    yield msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _members(report: ScanReport) -> dict[str, object]:
    """Return the report's fields; lists in parts, so that an odd item does not slow the rest."""
    members: dict[str, object] = {}
    for name in report.__struct_fields__:
        value = getattr(report, name)
        members[name] = _inert_list(value) if isinstance(value, tuple) else inert(value)
    return members


def _inert_list(values: tuple[object, ...]) -> msgspec.Raw:
    """Return the JSON text of a list whose strings are neutralized."""
    parts: list[bytes] = []
    for start in range(0, len(values), _PART):
        part = values[start : start + _PART]
        try:
            data = msgspec.json.encode(part)
        except UnicodeEncodeError:  # a lone surrogate
            data = b"\\"
        if not _is_inert(data):
            data = msgspec.json.encode([*map(inert, part)])
        parts.append(data[1:-1])
    return msgspec.Raw(b"[" + b",".join(parts) + b"]")


def inert(value: object) -> object:
    """Return what msgspec encodes as the value with all strings neutralized.

    That is its JSON text where nothing has to be changed, else plain lists and dictionaries.
    """
    try:
        data = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a lone surrogate
        return _inert(msgspec.to_builtins(value))
    return msgspec.Raw(data) if _is_inert(data) else _inert(msgspec.to_builtins(value))


def _is_inert(data: bytes) -> bool:
    """Return whether no string in this JSON text would be changed; False when it is not certain."""
    if len(data) > _MOST_CHARS or any(mark in data for mark in _SUSPECT):
        return False
    if data.isascii() or data.translate(None, _OURS).isascii():
        return True
    return ACTIVE.search(data.decode()) is None


def _inert(value: object) -> object:
    """Return the value with every string neutralized, keys included."""
    match value:
        case str():
            return neutral(value, limit=_MOST_CHARS)
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
