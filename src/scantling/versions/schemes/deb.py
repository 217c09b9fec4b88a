"""Debian versions: `[epoch:]upstream[-revision]`, ordered as dpkg does.

What has a key is what `dpkg --compare-versions` compares: it warns about odd characters and an
upstream part that starts with a letter, and compares all the same. Not compared, so without a key:
an empty text, upstream part, revision or epoch, an epoch that is no number or above 2147483647,
and blanks inside. Texts outside printable ASCII have no key either.

Shape of a key: epoch, upstream, revision. Each of the last two is non-digits, end mark, number,
repeated, and closed by a further end mark; `~` is below the end mark, letters are above it and
everything else is above letters. A missing number is 0, a missing revision an empty one, so `1.0`,
`1.0-0` and `1.0-` followed by nothing but zeros are one version.
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import MAX_CHARS, finish, number, number_marks

_MAX_EPOCH: Final = "2147483647"
_EPOCH: Final = re.compile(r"(?P<sign>[+-]?+)0*+(?P<digits>[0-9]*+)")
_VISIBLE: Final = re.compile(r"[!-~]++")
_RUNS: Final = re.compile(r"([0-9]+)")
_PLAIN: Final = re.compile(r"[0-9]++(?:\.[0-9]++)*+")
_NUMBER: Final = number_marks(0)
_END: Final = "\x02"
_DOT: Final = chr(0x80 + ord(".")) + _END
_CHARS: Final = {
    code: "\x01" if code == ord("~") else chr(code if chr(code).isalpha() else 0x80 + code)
    for code in range(0x21, 0x7F)
}
_NO_REVISION: Final = _END + _NUMBER[0] + _END


def _key(text: str) -> bytes | None:
    if len(text) > MAX_CHARS:
        return None
    text = text.strip(" \t")
    if not _VISIBLE.fullmatch(text):
        return None
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch_mark, rest = _NUMBER[0], text
    else:
        found = _epoch(epoch)
        if found is None:
            return None
        epoch_mark = found
    upstream, hyphen, revision = rest.rpartition("-")
    if not hyphen:
        return finish(epoch_mark + _part(rest) + _NO_REVISION) if rest else None
    if not upstream or not revision:
        return None
    return finish(epoch_mark + _part(upstream) + _part(revision))


def _epoch(text: str) -> str | None:
    """Return the sortable epoch; None where dpkg refuses it. A sign is allowed, as by strtol."""
    match = _EPOCH.fullmatch(text)
    if match is None or not (match["digits"] or "0" in text):
        return None
    digits = match["digits"]
    if match["sign"] == "-" and digits:
        return None
    if (len(digits), digits) > (len(_MAX_EPOCH), _MAX_EPOCH):
        return None
    return number(digits, _NUMBER)


def _part(text: str) -> str:
    """Return the sortable form of an upstream part or a revision (dpkg's verrevcmp)."""
    if _PLAIN.fullmatch(text):
        forms = [
            _NUMBER[len(digits)] + digits
            for digits in [part.lstrip("0") for part in text.split(".")]
        ]
        return _END + _DOT.join(forms) + _END
    runs = _RUNS.split(text)
    if runs[-1]:
        runs += ["0", ""]
    pieces = []
    for index in range(0, len(runs) - 1, 2):
        digits = runs[index + 1].lstrip("0")
        other = runs[index].translate(_CHARS)
        pieces.append(other + _END + _NUMBER[len(digits)] + digits)
    return "".join(pieces) + _END


PLUGIN: Final = Scheme(
    name="deb",
    key=_key,
    vers="deb",
    source="Debian Policy 5.6.12, "
    "https://www.debian.org/doc/debian-policy/ch-controlfields.html#version; "
    "dpkg lib/dpkg/version.c and parsehelp.c",
)
