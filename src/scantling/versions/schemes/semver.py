"""Semantic Versioning 2.0.0 to the letter: no `v`, no missing numbers, no leading zeros.

Build metadata is ignored, so `1.0.0+a` equals `1.0.0+b`. `0` alone is below every version.
"""

from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.semantic import strict_key

PLUGIN: Final = Scheme(
    name="semver",
    key=strict_key,
    vers="semver",
    source="Semantic Versioning 2.0.0, https://semver.org",
)
