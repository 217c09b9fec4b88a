"""Versions of unknown kind: dotted numbers, and at most one plain pre-release word.

`1.2.3`, `v1.2`, `1.0-rc.1`, `2.0beta2`: these mean the same everywhere, with missing numbers read
as 0 and alpha < beta < rc < release. For anything else (letters as in `1.0.2k`, revisions, dates
with words) ecosystems disagree on the order, so it has no key: undetermined rather than guessed.
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import MAX_CHARS, finish, number, number_marks, numbers

_VERSION: Final = re.compile(
    r"[vV]?+(?P<core>[0-9]++(?:\.[0-9]++)*+)"
    r"(?:[.-]?+(?P<word>alpha|beta|rc)[.-]?+(?P<number>[0-9]*+))?+"
)
_STAGES: Final = {"alpha": "\x01", "beta": "\x02", "rc": "\x03"}
_FIRST: Final = number_marks(0)
_NUMBER: Final = number_marks(2)
_RELEASE: Final = "\x01\x04"


def _key(text: str) -> bytes | None:
    match = _VERSION.fullmatch(text) if len(text) <= MAX_CHARS else None
    if match is None:
        return None
    core = match["core"].split(".")
    while core and not core[-1].strip("0"):
        core.pop()
    key = numbers(".".join(core), _NUMBER) if core else ""
    word = match["word"]
    if not word:
        return finish(key + _RELEASE)
    return finish(key + "\x01" + _STAGES[word] + number(match["number"], _FIRST))


PLUGIN: Final = Scheme(
    name="generic",
    key=_key,
    vers="generic",
    source="what all ecosystems of the other schemes agree on",
)
