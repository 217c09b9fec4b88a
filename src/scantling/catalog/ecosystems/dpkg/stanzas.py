"""Debian control data: stanzas of `Name: value` fields, separated by empty lines.

Source: Debian Policy, chapter 5, section 5.1 (syntax of control files). Text is split at line feeds
only: `str.splitlines` would let a description start a field after U+2028, U+0085 or a form feed.
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import OpenFile, Unreadable

Stanza = dict[str, str]
"""The fields of interest by name in Debian's capitalization; the first line of each, stripped."""

FIELDS: Final = ("Package", "Status", "Version", "Architecture", "Source", "Maintainer")

_CANONICAL: Final = {name.lower(): name for name in FIELDS}
_WANTED: Final = re.compile(
    r"\n(Package|Status|Version|Architecture|Source|Maintainer):[ \t]*+([^\n]*+)"
)
# The start of a line that is neither a field in the usual spelling nor a continuation. Not even
# dpkg is so strict, but what it writes is; anything else is read line by line.
_UNUSUAL: Final = re.compile(r"\n(?![A-Z][A-Za-z0-9-]*+:|[ \t])")
_FIELD: Final = re.compile(r"(?P<name>[!\"$-,.-9;-~][!-9;-~]*+):[ \t]*+(?P<value>[^\n]*+)")
_TAKEN_AS_SPACE: Final = " \t\r"


def read_stanzas(file: OpenFile) -> Iterator[Stanza | Unreadable]:
    """Yield the stanzas of a file in order; after damage in one, what is left of it and the gap.

    A stanza that repeats its first field is two that lost the empty line between them. A field
    given twice has its first value and is reported.
    """
    text = file.text()
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if not text:
        return
    number = 0
    for block in text.split("\n\n"):
        stanza = "\n" + block.strip("\n")
        if stanza == "\n":
            continue
        number += 1
        if number > file.limits.records:
            yield Unreadable(
                code="limit.records",
                reason=f"it has more than {file.limits.records} records",
                limit="records",
            )
            return
        if len(stanza) > file.limits.record_bytes:
            yield Unreadable(
                code="limit.records", reason=f"record {number} is too large", limit="record_bytes"
            )
            continue
        found = _WANTED.findall(stanza)
        fields = dict(found)
        if len(fields) == len(found) and "Package" in fields and not _UNUSUAL.search(stanza):
            yield fields
        else:
            yield from _read_slowly(stanza[1:], number)
    if not text.endswith("\n"):
        yield Unreadable(code="parse.record", reason="it ends in the middle of a line")


def _read_slowly(stanza: str, number: int) -> Iterator[Stanza | Unreadable]:
    fields: Stanza = {}
    first = ""
    bad: list[str] = []
    for line in stanza.split("\n"):
        if line[:1] in {" ", "\t"} and first:
            continue
        match = _FIELD.fullmatch(line)
        if match is None:
            bad.append("a line is not a field")
            continue
        lowered = match["name"].lower()
        if lowered == first:
            yield fields
            fields = {}
            bad.append("the empty line before the next record is missing")
        first = first or lowered
        name = _CANONICAL.get(lowered)
        if name in fields:
            bad.append(f"it has two {name} fields")
        elif name is not None:
            fields[name] = match["value"].strip(_TAKEN_AS_SPACE)
    yield fields
    for reason in dict.fromkeys(bad):
        yield Unreadable(code="parse.record", reason=f"record {number}: {reason}")
