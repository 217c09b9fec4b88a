"""Alpine versions: `digits{.digits}{letter}{_suffix{digits}}{~hash}{-r digits}`.

Ordered as apk-tools 3 does. At each place a pre-release suffix is below the end, and the end is
below a revision, a hash, a suffix' number, a post-release suffix, a letter and a further number,
in this order. Numbers after the first are compared as fractions when they start with 0: as text,
and below all that do not. A text outside the grammar has no key (apk calls it invalid).
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import MAX_CHARS, finish, number_marks, numbers

# apk reads a letter directly after a number only; `1.2a.3` and `1.2ab` are invalid.
_VERSION: Final = re.compile(
    r"""(?P<first>[0-9]++)(?P<rest>(?:\.[0-9]++)*+)(?P<letter>[a-z]?+)
    (?P<suffixes>(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*+)*+)
    (?:~(?P<hash>[0-9A-Fa-f]++))?+
    (?:-r(?P<revision>[0-9]++))?+""",
    re.VERBOSE,
)
_SUFFIX: Final = re.compile(r"_([a-z]++)([0-9]*+)")
_PRE: Final = {"alpha": "\x01", "beta": "\x02", "pre": "\x03", "rc": "\x04"}
_END: Final = "\x05"
_REVISION: Final = "\x06"
_HASH: Final = "\x07"
_SUFFIX_NUMBER: Final = "\x08"
_POST: Final = {"cvs": "\x09", "svn": "\x0a", "git": "\x0b", "hg": "\x0c", "p": "\x0d"}
_LETTER: Final = "\x0e"
_FRACTION: Final = "\x0f"
_NUMBER: Final = number_marks(0x10)
_SUFFIXES: Final = _PRE | _POST
_FIRST: Final = number_marks(0)


def _key(text: str) -> bytes | None:
    match = _VERSION.fullmatch(text) if len(text) <= MAX_CHARS else None
    if match is None:
        return None
    first, rest, letter, suffixes, commit, revision = match.groups()
    key = numbers(first, _FIRST)
    if ".0" in rest:
        key += "".join([_fraction(part) for part in rest[1:].split(".")])
    elif rest:
        key += numbers(rest[1:], _NUMBER)
    if letter:
        key += _LETTER + letter
    if suffixes:
        for name, digits in _SUFFIX.findall(suffixes):
            key += _SUFFIXES[name]
            if digits:
                key += _SUFFIX_NUMBER + numbers(digits, _FIRST)
    if commit:
        key += _HASH + commit + "\x00"
    if revision:
        key += _REVISION + numbers(revision, _FIRST)
    return finish(key + _END)


def _fraction(part: str) -> str:
    return _FRACTION + part + "\x00" if part[0] == "0" else _NUMBER[len(part)] + part


PLUGIN: Final = Scheme(
    name="apk",
    key=_key,
    vers="apk",
    source="apk-tools 3 src/version.c and test/unit/version.data, https://gitlab.alpinelinux.org/alpine/apk-tools",
)
