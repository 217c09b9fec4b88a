"""npm versions, ordered by npm's `semver` in loose mode: `v1.2.3`, `=1.2.3`, `1.2.3beta`.

Build metadata is ignored. Bounds such as `1` and `1.0`, which no package has but ranges name, are
read as `1.0.0`; `0` alone is below every version. Numbers above 2^53, which npm refuses because
JavaScript cannot hold them, are compared exactly.
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import LOWEST, MAX_CHARS
from scantling.versions.semantic import key, plain_key

_LOOSE: Final = re.compile(
    r"""[v=\s]*+(?P<core>[0-9]++\.[0-9]++\.[0-9]++)
    (?:-?(?P<pre>(?:[0-9]++(?![0-9A-Za-z-])|[0-9]*+[A-Za-z-][0-9A-Za-z-]*+)
       (?:\.(?:[0-9]++(?![0-9A-Za-z-])|[0-9]*+[A-Za-z-][0-9A-Za-z-]*+))*+))?
    (?:\+[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)?+""",
    re.VERBOSE | re.ASCII,
)
_PARTIAL: Final = re.compile(r"v?+(?P<core>[0-9]++(?:\.[0-9]++)?+)")


def _key(text: str) -> bytes | None:
    found = plain_key(text)
    if found is not None or len(text) > MAX_CHARS or not text.isascii():
        return found
    match = _LOOSE.fullmatch(text.strip())
    if match is not None:
        return key(match["core"].split("."), match["pre"] or "")
    if text == "0":
        return LOWEST
    match = _PARTIAL.fullmatch(text)
    return match and key(match["core"].split("."), "")


PLUGIN: Final = Scheme(
    name="npm",
    key=_key,
    vers="npm",
    source="node-semver, loose mode, https://github.com/npm/node-semver",
)
