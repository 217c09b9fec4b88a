"""The main section of a jar's `META-INF/MANIFEST.MF`.

Source: JAR File Specification, "Name-Value pairs and Sections" and "JAR Manifest" (Java SE 21).
"""

import re
from typing import Final

from scantling.core.limits import Limits

_BLANK: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")
# A line of more than 72 bytes is folded; the next one starts with a space that is not content.
_FOLD: Final = re.compile(rb"(?:\r\n|\n|\r) ")
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


def main_section(data: bytes, limits: Limits) -> dict[str, str]:
    """Return the attributes of the main section by lower-case name; the last of a name counts.

    Values longer than `name_chars` characters, and unresolved build variables, are left out:
    neither can name anything.
    """
    end = _BLANK.search(data)
    section = data[: end.start()] if end else data
    attributes: dict[str, str] = {}
    for line in _LINE_END.split(_FOLD.sub(b"", section)):
        name, colon, value = line.partition(b":")
        if colon and len(value) <= limits.name_chars:
            text = value.decode("utf-8", errors="replace").strip()
            if text and "${" not in text:
                attributes[name.decode("latin-1").lower()] = text
    return attributes
