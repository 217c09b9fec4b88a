"""RPM versions: `[epoch:]version[-release]`, ordered by rpmvercmp with `~` and `^`.

A missing epoch is 0. A missing release is below every release: this is how rpm's label compare
orders two packages, and it keeps the order total. Inside a dependency rpm ignores the release when
one side has none; as a bound without release is then `< 4.2` below `4.2-1` here as there, `>= 4.2`
covers `4.2-1` here as there, but `<= 4.2` does not cover `4.2-1` here. Advisories name releases.

Shape of a key: epoch, version, release. Separators vanish; what is left are segments, with
`~` < end < `^` < letters < digits. Texts outside printable ASCII have no key.
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import MAX_CHARS, finish, number, number_marks

_VISIBLE: Final = re.compile(r"[!-~]++")
_SEGMENTS: Final = re.compile(r"[0-9]++|[A-Za-z]++|[~^]")
_EPOCH: Final = number_marks(0)
_NUMBER: Final = number_marks(5)
_END: Final = "\x02"
_MARKS: Final = {"~": "\x01", "^": "\x03"}
_ALPHA: Final = "\x04"
_NO_RELEASE: Final = "\x00"
_RELEASE: Final = "\x01"


def _key(text: str) -> bytes | None:
    if len(text) > MAX_CHARS or not _VISIBLE.fullmatch(text):
        return None
    epoch, colon, rest = text.partition(":")
    if colon and (not epoch or (epoch.isascii() and epoch.isdecimal())):
        start = number(epoch, _EPOCH)
    else:
        start, rest = _EPOCH[0], text
    version, hyphen, release = rest.rpartition("-")
    if not hyphen:
        return finish(start + _part(rest) + _NO_RELEASE) if rest else None
    if not version:
        return None
    return finish(start + _part(version) + _RELEASE + _part(release))


def _part(text: str) -> str:
    """Return the sortable form of a version or a release (rpmvercmp)."""
    pieces = []
    for segment in _SEGMENTS.findall(text):
        first = segment[0]
        if "0" <= first <= "9":
            digits = segment.lstrip("0")
            pieces.append(_NUMBER[len(digits)] + digits)
        elif first in _MARKS:
            pieces.append(_MARKS[first])
        else:
            pieces.append(_ALPHA + segment + "\x00")
    return "".join(pieces) + _END


PLUGIN: Final = Scheme(
    name="rpm",
    key=_key,
    vers="rpm",
    source="rpm 4.18 rpmio/rpmvercmp.c and lib/rpmver.c, https://rpm-software-management.github.io/rpm/man/rpm-version.7",
)
