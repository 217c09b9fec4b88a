"""A plain comparator of Debian versions: two texts in, walked together each time.

What most implementations do, for comparison with keys that are made once.

Source: Debian Policy, section 5.6.12.
"""

import re
from itertools import zip_longest
from typing import Final

_PARTS: Final = re.compile(r"([^0-9]*)([0-9]*)")


def compare_deb(left: str, right: str) -> int:
    """Return less than, equal to or more than 0, as `left` is to `right`."""
    (epoch, upstream, revision), other = _split(left), _split(right)
    return epoch - other[0] or _compare(upstream, other[1]) or _compare(revision, other[2])


def _split(text: str) -> tuple[int, str, str]:
    epoch, colon, rest = text.partition(":")
    if not colon or not epoch.isdecimal():
        epoch, rest = "0", text
    upstream, hyphen, revision = rest.rpartition("-")
    return (int(epoch), upstream, revision) if hyphen else (int(epoch), rest, "0")


def _compare(left: str, right: str) -> int:
    pairs = zip_longest(_PARTS.findall(left), _PARTS.findall(right), fillvalue=("", ""))
    for (words, digits), (other_words, other_digits) in pairs:
        found = _compare_words(words, other_words) or int(digits or 0) - int(other_digits or 0)
        if found:
            return found
    return 0


def _compare_words(left: str, right: str) -> int:
    for one, other in zip_longest(left, right, fillvalue=""):
        if one != other:
            return _rank(one) - _rank(other)
    return 0


def _rank(letter: str) -> int:
    """Return the rank: `~` before the end before letters before everything else."""
    if letter == "~":
        return -1
    if not letter:
        return 0
    return ord(letter) if letter.isalpha() else ord(letter) + 256
