"""Python versions: PEP 440, ordered as `packaging` does, local versions included.

Shape of a key: epoch; release numbers without trailing zeros; pre-release; post-release;
development release; local version. Spellings are normalized first (`1.0-alpha.1` is `1.0a1`).
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import MAX_CHARS, finish, number, number_marks, numbers

_SIMPLE: Final = re.compile(r"[0-9]++(?:\.[0-9]++)*+")
_VERSION: Final = re.compile(
    r"""v?+(?:(?P<epoch>[0-9]++)!)?+
    (?P<release>[0-9]++(?:\.[0-9]++)*+)
    (?P<pre>[._-]?+(?P<pre_word>alpha|a|beta|b|preview|pre|c|rc)[._-]?+(?P<pre_number>[0-9]++)?)?+
    (?P<post>-(?P<post_bare>[0-9]++)
        |[._-]?(?P<post_word>post|rev|r)[._-]?(?P<post_number>[0-9]++)?)?+
    (?P<dev>[._-]?+dev[._-]?+(?P<dev_number>[0-9]++)?)?+
    (?:\+(?P<local>[a-z0-9]++(?:[._-][a-z0-9]++)*+))?+""",
    re.VERBOSE,
)
_LOCAL: Final = re.compile(r"[a-z0-9]++")
_BLANKS: Final = " \t\n\r\f\v"
_STAGES: Final = {
    "a": "\x02", "alpha": "\x02", "b": "\x03", "beta": "\x03",
    "c": "\x04", "rc": "\x04", "pre": "\x04", "preview": "\x04",
}  # fmt: skip
_FIRST: Final = number_marks(0)
_NUMBER: Final = number_marks(3)
_END: Final = "\x01"
_DEV_ONLY: Final = "\x01"
_NO_PRE: Final = "\x05"
_NO_POST: Final = "\x01"
_POST: Final = "\x02"
_DEV: Final = "\x01"
_NO_DEV: Final = "\x02"
_NO_LOCAL: Final = "\x00"
_WORD: Final = "\x02"
_RELEASE: Final = _END + _NO_PRE + _NO_POST + _NO_DEV + _NO_LOCAL


def _key(text: str) -> bytes | None:
    if len(text) > MAX_CHARS:
        return None
    if _SIMPLE.fullmatch(text):
        return finish(_FIRST[0] + _release(text) + _RELEASE)
    match = _VERSION.fullmatch(text.strip(_BLANKS).lower()) if text.isascii() else None
    if match is None:
        return None
    post = match["post"]
    dev = match["dev"]
    if match["pre"]:
        pre = _STAGES[match["pre_word"]] + number(match["pre_number"] or "", _FIRST)
    else:
        pre = _DEV_ONLY if dev and not post else _NO_PRE
    post_number = match["post_bare"] or match["post_number"] or ""
    return finish(
        number(match["epoch"] or "", _FIRST)
        + _release(match["release"])
        + _END
        + pre
        + (_POST + number(post_number, _FIRST) if post else _NO_POST)
        + (_DEV + number(match["dev_number"] or "", _FIRST) if dev else _NO_DEV)
        + _local(match["local"])
    )


def _release(dotted: str) -> str:
    """Return the sortable release numbers; trailing zeros do not count."""
    if dotted[-1] == "0":
        parts = dotted.split(".")
        while parts and not parts[-1].strip("0"):
            parts.pop()
        if not parts:
            return ""
        dotted = ".".join(parts)
    return numbers(dotted, _NUMBER)


def _local(text: str | None) -> str:
    """Return the sortable local version: no local < words < numbers, fewer parts < more."""
    if not text:
        return _NO_LOCAL
    pieces = [
        number(part, _NUMBER) if part.isdecimal() else _WORD + part + "\x00"
        for part in _LOCAL.findall(text)
    ]
    return "".join(pieces) + _END


PLUGIN: Final = Scheme(
    name="pep440",
    key=_key,
    vers="pypi",
    source="PEP 440, https://packaging.python.org/en/latest/specifications/version-specifiers/",
)
