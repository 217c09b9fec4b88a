"""Go module and toolchain versions.

Modules: Semantic Versioning with a `v`, pseudo-versions (`v0.0.0-20190101000000-abcdef123456`) and
`+incompatible` included; the `v` may be left out, as OSV does, and so may trailing numbers.
Toolchains: `go1.21rc2` is read as `1.21.0-rc.2`, the spelling advisories use for the standard
library. `(devel)` and development toolchains have no key. `0` alone is the lowest.
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import LOWEST, MAX_CHARS
from scantling.versions.semantic import key, plain_key

_MODULE: Final = re.compile(
    r"""v?+(?P<core>[0-9]++(?:\.[0-9]++){0,2}+)
    (?:-(?P<pre>[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+))?+
    (?:\+[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)?+""",
    re.VERBOSE,
)
# `go1.22.5 X:boringcrypto`, `go1.22.5 (Red Hat 1.22.5-1.el9)` and `go1.20.6-fips` name a build of
# the release, not another version; boring releases before 1.19 ended in `b4`.
_TOOLCHAIN: Final = re.compile(
    r"""(?:go)?+(?P<core>[0-9]++\.[0-9]++(?:\.[0-9]++)?+)
    (?:(?P<stage>alpha|beta|rc)(?P<number>[0-9]++))?+
    (?:b[0-9]++)?+
    (?:[ -].*+)?+""",
    re.VERBOSE | re.DOTALL,
)


def stdlib_version(reported: str) -> str | None:
    """Return the version of the standard library in a toolchain's own words, as SemVer.

    `go1.21rc2` gives `1.21.0-rc.2`, `go1.20` gives `1.20.0`, `go1.22.5 X:boringcrypto` gives
    `1.22.5`. None for a development version (`devel go1.23-9e3d1e5`), which is of no release.

    Source: Go Toolchains, Go versions, https://go.dev/doc/toolchain#version.
    """
    if len(reported) > MAX_CHARS or "devel" in reported or not reported.isascii():
        return None
    match = _TOOLCHAIN.fullmatch(reported.strip())
    if match is None:
        return None
    core = match["core"] if match["core"].count(".") == 2 else match["core"] + ".0"  # noqa: PLR2004
    return f"{core}-{match['stage']}.{match['number']}" if match["stage"] else core


def _key(text: str) -> bytes | None:
    found = plain_key(text[1:] if text[:1] == "v" else text)
    if found is not None or len(text) > MAX_CHARS:
        return found
    match = _MODULE.fullmatch(text)
    if match is not None:
        return LOWEST if text == "0" else key(match["core"].split("."), match["pre"] or "")
    # A toolchain's remarks follow its own word `go` only.
    toolchain = stdlib_version(text) if text[:2] == "go" or " " not in text else None
    if toolchain is None:
        return None
    core, _, pre = toolchain.partition("-")
    return key(core.split("."), pre)


PLUGIN: Final = Scheme(
    name="golang",
    key=_key,
    vers="golang",
    source="Go Modules Reference, Versions, https://go.dev/ref/mod#versions; https://go.dev/doc/toolchain#version",
)
