"""Maven versions: ComparableVersion of Maven 3.

A version is a list of numbers and words; `-` and a change between digits and letters open a list
inside the list, as its last item. Trailing nulls (0, `final`, `ga`, `release`, nothing) vanish.
At each place: words below a release (alpha < beta < milestone < rc < snapshot), lists that begin
with such, the end, `sp` and unknown words, lists that begin with those or with numbers, numbers.

ComparableVersion itself is no order: `1.sp.1` < `1-alpha` < `1` < `1.sp.1`. It happens where a word
stands behind a number and before a dot or hyphen, where zeros or nothing precede a word's list, and
where a text begins with a word. Such texts (`is_circular`) are put where their meaning is: a word
after a dot sorts as after a hyphen would, relative to the release. Everything else is exact.

A text with anything but letters, digits and `.-_+~` has no key: `${revision}` and `[1.0,2.0)` are
no versions.
"""

import re
from itertools import pairwise
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import MAX_CHARS, finish, number_marks, numbers

_VISIBLE: Final = re.compile(r"[0-9A-Za-z._+~-]++")
_PLAIN: Final = re.compile(r"[0-9]++(?:\.[0-9]++)*+")
_PIECES: Final = re.compile(r"[0-9]++|[^0-9.-]++|[.-]")
_RANKS: Final = {"alpha": "0", "beta": "1", "milestone": "2", "rc": "3", "snapshot": "4", "sp": "6"}
_ALIASES: Final = {"ga": "", "final": "", "release": "", "cr": "rc"}
_SHORT: Final = {"a": "alpha", "b": "beta", "m": "milestone"}

_LOW_WORD: Final = "\x10"
_LOW_LIST: Final = "\x20"
_END: Final = "\x30"
_NULL_WORD: Final = "\x38"
_HIGH_WORD: Final = "\x40"
_HIGH_LIST: Final = "\x50"
_NUMBER: Final = number_marks(0x60)
_ZERO: Final = _NUMBER[0]


def _key(text: str) -> bytes | None:
    if len(text) > MAX_CHARS or not _VISIBLE.fullmatch(text):
        return None
    if _PLAIN.fullmatch(text):
        parts = text.split(".")
        while parts and not parts[-1].strip("0"):
            parts.pop()
        return finish((numbers(".".join(parts), _NUMBER) if parts else "") + _END)
    lists = [_settled(items) for items in _lists(text.lower())]
    key = ""
    # Innermost first: a list that came out empty, with nothing inside, vanishes.
    for items in reversed(lists):
        if not key:
            key = "".join(_trimmed(items)) + _END if _trimmed(items) else ""
        else:
            outer = _trimmed(items)
            key = "".join(outer) + (_HIGH_LIST if _is_high(key) else _LOW_LIST) + key
    return finish(key or _END)


def is_circular(text: str) -> bool:
    """Return whether ComparableVersion may order the text in a circle with others.

    The keys of all other texts are ordered exactly as ComparableVersion orders the versions.
    """
    lists = [_trimmed(items) for items in _lists(text.lower())]
    while lists and not lists[-1]:
        lists.pop()
    if not lists:
        return False
    if lists[0] and lists[0][0][0] in (_NULL_WORD, _HIGH_WORD):
        return True
    for items in lists:
        for before, item in pairwise(items):
            if not _is_number(item) and (item[0] != _LOW_WORD or before == _ZERO):
                return True
    # An empty list that holds a lower one: `1-0-alpha`.
    rest = ""
    for items in reversed(lists[1:]):
        rest = "".join(items) + rest
        if not items and not _is_high(rest):
            return True
    return False


def _lists(text: str) -> list[list[str]]:
    """Return the nested lists, outermost first, each with its sortable items.

    ComparableVersion appends one list at most, as the last item, so a row of lists is all there is.
    """
    lists: list[list[str]] = [[]]
    pieces = _PIECES.findall(text)
    last = len(pieces) - 1
    empty = True
    for index, piece in enumerate(pieces):
        if piece in ".-":
            if empty:
                lists[-1].append(_ZERO)
            if piece == "-":
                lists.append([])
            empty = True
            continue
        following = pieces[index + 1] if index < last else "end"
        empty = False
        if "0" <= piece[0] <= "9":
            digits = piece.lstrip("0")
            lists[-1].append(_NUMBER[len(digits)] + digits)
            if following not in ".-" and index < last:
                lists.append([])
        elif following in ".-":
            lists[-1].append(_word(piece))
        else:
            if lists[-1]:
                lists.append([])
            lists[-1].append(_word(piece if index == last else _SHORT.get(piece, piece)))
            if index < last:
                lists.append([])
    return lists


def _word(word: str) -> str:
    word = _ALIASES.get(word, word)
    if not word:
        return _NULL_WORD
    rank = _RANKS.get(word)
    if rank is None:
        return _HIGH_WORD + "7" + word + "\x00"
    return (_LOW_WORD if rank < "5" else _HIGH_WORD) + rank


def _settled(items: list[str]) -> list[str]:
    """Return the items without zeros directly before a word, which a list would have removed."""
    if len(items) < 2 or all(_is_number(item) for item in items[1:]):  # noqa: PLR2004 - a pair
        return items
    kept: list[str] = []
    for item in items:
        if not _is_number(item):
            while kept and kept[-1] == _ZERO:
                kept.pop()
        kept.append(item)
    return kept


def _trimmed(items: list[str]) -> list[str]:
    end = len(items)
    while end and items[end - 1] in (_ZERO, _NULL_WORD):
        end -= 1
    return items[:end]


def _is_number(item: str) -> bool:
    return item[0] >= _ZERO


def _is_high(key: str) -> bool:
    """Return whether the first item that is not null, inner lists included, is above a release."""
    return next((char for char in key if char not in _NULLS), _END) >= _HIGH_WORD


_NULLS: Final = frozenset((_ZERO, _NULL_WORD, _LOW_LIST, _HIGH_LIST))


PLUGIN: Final = Scheme(
    name="maven",
    key=_key,
    vers="maven",
    source="Maven 3.9 ComparableVersion, https://maven.apache.org/pom.html#version-order-specification",
)
