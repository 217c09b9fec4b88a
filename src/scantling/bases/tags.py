"""What a tag says by the habits of public images: a version, a date, and what it stands on.

    3.12.4-slim-bookworm       version 3.12.4, on slim, bookworm
    bookworm-20260803-slim     dated 20260803, on bookworm, slim
    3.15.0rc1                  version 3.15.0, not released yet

Nothing obliges anyone to these habits, so whatever follows from a tag alone is advice, never a fact
about the image.
"""

import re
from typing import Final

from msgspec import Struct

_VERSION: Final = re.compile(
    r"v?(?P<version>[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}+)(?P<pre>(?:alpha|beta|rc|a|b|m|ea)[0-9.]*+)?"
)
_DATE: Final = re.compile(r"20[0-9]{6}(?:\.[0-9]{1,9})?")
_UNRELEASED: Final = frozenset(
    {"alpha", "beta", "rc", "ea", "dev", "devel", "edge", "tip", "snapshot"}
)
_UNTOLD: Final = frozenset({"latest"})


class Tag(Struct, frozen=True):
    """A tag taken apart. `version` is empty if it has none; `words` are the rest, in order."""

    text: str
    version: tuple[int, ...] = ()
    date: str = ""
    words: tuple[str, ...] = ()
    released: bool = True

    @property
    def shape(self) -> tuple[int, bool, int]:
        """Return what two tags of the same form have in common."""
        return (len(self.version), bool(self.date), len(self.words))


def parse_tag(text: str) -> Tag:
    """Return the tag taken apart; any text has an answer."""
    version: tuple[int, ...] = ()
    date, words, released = "", [], True
    for number, word in enumerate(text.split("-")):
        found = _VERSION.fullmatch(word)
        if _DATE.fullmatch(word):
            date = word
        elif number == 0 and found:
            version = tuple(map(int, found["version"].split(".")))
            released = not found["pre"]
        elif word not in _UNTOLD:
            words.append(word)
    return Tag(text, version, date, tuple(words), released and not _UNRELEASED & {*words})


def family(words: tuple[str, ...]) -> frozenset[str]:
    """Return the words without the versions in them: `alpine3.24` is of the family `alpine`."""
    return frozenset(word.rstrip("0123456789.") or word for word in words)


def specificity(text: str) -> tuple[int, int, str]:
    """Return a key that puts the tag that says most first: `3.12.4-slim` before `3-slim`."""
    tag = parse_tag(text)
    return (-(len(tag.version) + bool(tag.date)), -len(text), text)
