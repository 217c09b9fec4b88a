"""Alpine's order against a second reading of its rules: two token rows walked side by side.

apk itself is seldom on a developer's machine; `tests/oracles` asks it where it is.
"""

import re

from scantling.testing.versions import pairs
from scantling.versions.registry import SCHEMES

_TOKENS = re.compile(
    r"(?P<DIGIT>\.[0-9]+)|(?P<FIRST>^[0-9]+)|(?P<LETTER>[a-z])|(?P<SUFFIX>_[a-z]+)"
    r"|(?P<NUMBER>[0-9]+)|(?P<HASH>~[0-9a-fA-F]+)|(?P<REVISION>-r[0-9]+)"
)
_KINDS = ["FIRST", "DIGIT", "LETTER", "SUFFIX", "NUMBER", "HASH", "REVISION", "END"]
_SUFFIXES = ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"]
_NONE = _SUFFIXES.index("")


def test_keys_are_ordered_as_the_token_walk() -> None:
    key = SCHEMES["apk"].key
    compared = 0
    for first, second in pairs("apk", 6000, seed=7):
        low, high = key(first), key(second)
        if low is None or high is None:
            continue
        compared += 1

        assert (low > high) - (low < high) == _walk(_row(first), _row(second)), (first, second)

    assert compared > 1000


def _row(text: str) -> list[tuple[str, str]]:
    signs = {"DIGIT": ".", "SUFFIX": "_", "HASH": "~", "REVISION": "-r"}
    found = [(match.lastgroup or "", match[0]) for match in _TOKENS.finditer(text)]
    row = [(kind, value.removeprefix(signs.get(kind, ""))) for kind, value in found]
    return [*row, ("END", "")]


def _walk(left: list[tuple[str, str]], right: list[tuple[str, str]]) -> int:
    for (kind, value), (other_kind, other) in zip(left, right, strict=False):
        if kind != other_kind:
            return _by_kind(kind, value, other_kind, other)
        if kind == "END":
            return 0
        order = _by_value(kind, value, other)
        if order:
            return order
    return 0


def _by_kind(kind: str, value: str, other_kind: str, other: str) -> int:
    if kind == "SUFFIX" and _SUFFIXES.index(value) < _NONE:
        return -1
    if other_kind == "SUFFIX" and _SUFFIXES.index(other) < _NONE:
        return 1
    return -1 if _KINDS.index(kind) > _KINDS.index(other_kind) else 1


def _by_value(kind: str, value: str, other: str) -> int:
    if kind in {"LETTER", "HASH"} or (kind == "DIGIT" and "0" in {value[0], other[0]}):
        return (value > other) - (value < other)
    if kind == "SUFFIX":
        first, second = _SUFFIXES.index(value), _SUFFIXES.index(other)
    else:
        first, second = int(value), int(other)
    return (first > second) - (first < second)
