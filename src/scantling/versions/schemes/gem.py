"""Ruby gems: Gem::Version.

A version is a row of numbers and words (`1.0.0.rc2` is 1, 0, 0, rc, 2), endless zeros behind it.
Words are below numbers, so a word makes a pre-release; `-` is read as `.pre.`. Zeros before the
first word do not count. An empty text, which RubyGems reads as 0, has no key: it is a missing
version.

Shape of a key: a row is compared with endless zeros. Zeros before a word sink the row the less
the more they are, zeros before a number raise it the less the more they are; so each run of zeros
is written as a count beside what follows it.
"""

import re
from itertools import takewhile
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import MAX_CHARS, finish, number_marks

_VERSION: Final = re.compile(
    r"[0-9]++(?:\.[0-9A-Za-z]++)*+(?:-[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)?+"
)
_SEGMENTS: Final = re.compile(r"[0-9]++|[A-Za-z]++")
_BLANKS: Final = " \t\n\r\f\v"
_WORD: Final = "\x01"
_END: Final = "\x02"
_RAISES: Final = "\x03"
_NUMBER: Final = number_marks(0)
_PLAIN: Final = re.compile(r"[0-9]++(?:\.[0-9]++)*+")
_COUNTS: Final = 255


def _key(text: str) -> bytes | None:
    if len(text) > MAX_CHARS:
        return None
    if _PLAIN.fullmatch(text):
        return finish(_row(text.split(".")))
    text = text.strip(_BLANKS)
    if not _VERSION.fullmatch(text):
        return None
    row = _SEGMENTS.findall(text.replace("-", ".pre."))
    numbers = list(takewhile(str.isdecimal, row))
    words = row[len(numbers) :]
    if words:
        while numbers and not numbers[-1].strip("0"):
            numbers.pop()
    return finish(_row(numbers + words))


def _row(segments: list[str]) -> str:
    pieces = []
    zeros = 0
    for segment in segments:
        if segment[0] > "9":
            pieces.append(_WORD + chr(zeros) + segment + "\x00")
            zeros = 0
            continue
        digits = segment.lstrip("0")
        if not digits:
            zeros += 1
            continue
        pieces.append(_RAISES + chr(_COUNTS - zeros) + _NUMBER[len(digits)] + digits)
        zeros = 0
    return "".join(pieces) + _END


PLUGIN: Final = Scheme(
    name="gem",
    key=_key,
    vers="gem",
    source="RubyGems Gem::Version, https://docs.ruby-lang.org/en/3.3/Gem/Version.html",
)
