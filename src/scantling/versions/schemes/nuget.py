"""NuGet versions: one to four numbers, then as Semantic Versioning, letters of any case.

Missing numbers are 0, leading zeros are dropped, build metadata is ignored. A label is a number
only if it fits 32 bits; larger ones are compared as text, as NuGet does. `0` alone is `0.0.0`.
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import MAX_CHARS, finish, number_marks, numbers

_VERSION: Final = re.compile(
    r"""(?P<core>[0-9]++(?:\.[0-9]++){0,3}+)
    (?:-(?P<pre>[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+))?+
    (?:\+[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)?+""",
    re.VERBOSE,
)
_NUMBERS: Final = 4
_MAX_LABEL: Final = (10, "2147483647")
_NUMBER: Final = number_marks(1)
_END: Final = "\x01"
_NUMERIC: Final = number_marks(2)
_WORD: Final = "\xfe"
_RELEASE: Final = "\xff"


def _key(text: str) -> bytes | None:
    match = _VERSION.fullmatch(text) if len(text) <= MAX_CHARS else None
    if match is None:
        return None
    core = match["core"]
    core += ".0" * (_NUMBERS - 1 - core.count("."))
    pre = match["pre"]
    return finish(numbers(core, _NUMBER) + (_labels(pre) if pre else _RELEASE))


def _labels(pre: str) -> str:
    # .NET compares ordinally ignoring case by upper-casing; only letters, digits and `-` occur.
    pieces = []
    for label in pre.upper().split("."):
        digits = label.lstrip("0")
        if label.isdecimal() and (len(digits), digits) <= _MAX_LABEL:
            pieces.append(_NUMERIC[len(digits)] + digits)
        else:
            pieces.append(_WORD + label + "\x00")
    return "".join(pieces) + _END


PLUGIN: Final = Scheme(
    name="nuget",
    key=_key,
    vers="nuget",
    source="NuGet package versioning, https://learn.microsoft.com/nuget/concepts/package-versioning",
)
