"""Bitnami versions: Semantic Versioning whose numeric "pre-release" is a package revision.

`1.2.3-4` is the fourth build of `1.2.3` and above it; `1.2.3-rc.1` is a pre-release and below.
Missing numbers are 0 in bounds; `0` alone is the lowest.
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import LOWEST, MAX_CHARS, finish, number, number_marks
from scantling.versions.semantic import key

_VERSION: Final = re.compile(
    r"""(?P<core>[0-9]++(?:\.[0-9]++){0,2}+)
    (?:-(?:(?P<revision>[0-9]++)(?![0-9A-Za-z.-])|(?P<pre>[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)))?+
    (?:\+[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)?+""",
    re.VERBOSE,
)
_REVISION: Final = number_marks(0)


def _key(text: str) -> bytes | None:
    if text == "0":
        return LOWEST
    match = _VERSION.fullmatch(text) if len(text) <= MAX_CHARS else None
    if match is None:
        return None
    revision = finish(number(match["revision"] or "", _REVISION))
    return key(match["core"].split("."), match["pre"] or "") + revision


PLUGIN: Final = Scheme(
    name="bitnami",
    key=_key,
    vers="bitnami",
    source="Bitnami's go-version, https://github.com/bitnami/go-version",
)
