"""Dart packages: Semantic Versioning, except that build metadata takes part in the order.

`1.0.0` < `1.0.0+1` < `1.0.0+2`: pub uses it for fixes of a pinned release. `0` alone is the lowest.
"""

from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import finish
from scantling.versions.semantic import key, prerelease, strict_key, strict_parts


def _key(text: str) -> bytes | None:
    parts = strict_parts(text)
    if parts is None:
        return strict_key(text)
    core, pre, build = parts
    return key(core.split("."), pre) + (finish("\x01" + prerelease(build)) if build else b"\x00")


PLUGIN: Final = Scheme(
    name="pub",
    key=_key,
    vers="pub",
    source="pub_semver, https://pub.dev/packages/pub_semver",
)
