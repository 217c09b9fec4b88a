"""Semantic Versioning's order, shared by the schemes that are variations of it.

Shape of a key: three numbers (or more, where a scheme has them), then `\\xff` for a release or the
identifiers of the pre-release: numeric ones before alphanumeric ones, fewer before more.

Source: Semantic Versioning 2.0.0, section 11, https://semver.org/#spec-item-11.
"""

import re
from typing import Final

from scantling.versions.encoding import LOWEST, MAX_CHARS, finish, number, number_marks, numbers

RELEASE: Final = "\xff"
_NUMBER: Final = number_marks(1)
_NUMERIC: Final = number_marks(2)
_END: Final = "\x01"
_ALNUM: Final = "\xfe"
_STOP: Final = "\x00"
_PLAIN: Final = re.compile(r"[0-9]++\.[0-9]++\.[0-9]++")
_STRICT: Final = re.compile(
    r"""(?P<core>(?:0|[1-9][0-9]*+)\.(?:0|[1-9][0-9]*+)\.(?:0|[1-9][0-9]*+))
    (?:-(?P<pre>(?:0|[1-9][0-9]*+|[0-9]*+[A-Za-z-][0-9A-Za-z-]*+)
        (?:\.(?:0|[1-9][0-9]*+|[0-9]*+[A-Za-z-][0-9A-Za-z-]*+))*+))?+
    (?:\+(?P<build>[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+))?+""",
    re.VERBOSE,
)


def strict_key(text: str) -> bytes | None:
    """Return the key of a text that follows the grammar to the letter; build metadata is ignored.

    The text `0` is below all versions: OSV's word for "since the first".
    """
    if len(text) > MAX_CHARS:
        return None
    match = _STRICT.fullmatch(text)
    if match is None:
        return LOWEST if text == "0" else None
    pre = match["pre"]
    return finish(numbers(match["core"], _NUMBER) + (prerelease(pre) if pre else RELEASE))


def strict_parts(text: str) -> tuple[str, str, str] | None:
    """Return core, pre-release and build metadata (empty if none); None if not SemVer."""
    match = _STRICT.fullmatch(text) if len(text) <= MAX_CHARS else None
    return match and (match["core"], match["pre"] or "", match["build"] or "")


def plain_key(text: str) -> bytes | None:
    """Return the key of a bare `1.2.3` (leading zeros allowed), None for anything else: fast."""
    if len(text) <= MAX_CHARS and _PLAIN.fullmatch(text):
        return finish(numbers(text, _NUMBER) + RELEASE)
    return None


def key(parts: list[str], pre: str) -> bytes:
    """Return the key of numbers and a pre-release (empty: a release); missing numbers are 0."""
    parts = parts + ["0"] * (3 - len(parts))
    return finish(numbers(".".join(parts), _NUMBER) + (prerelease(pre) if pre else RELEASE))


def prerelease(text: str) -> str:
    """Return the sortable form of dot-separated identifiers, compared as in section 11.4."""
    return "".join([_identifier(part) for part in text.split(".")]) + _END


def _identifier(part: str) -> str:
    if "0" <= part[:1] <= "9" and part.isdecimal():
        return number(part, _NUMERIC)
    return _ALNUM + part + _STOP
