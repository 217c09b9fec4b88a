"""All version schemes, one line each, and which ecosystem uses which."""

from typing import Final

from scantling.core.plugins import Plugins
from scantling.versions.api import Scheme

SCHEMES: Final = Plugins(
    "scantling.versions.schemes",
    Scheme,
    {
        "apk": "apk",
        "bitnami": "bitnami",
        "cargo": "cargo",
        "composer": "composer",
        "deb": "deb",
        "gem": "gem",
        "generic": "generic",
        "golang": "golang",
        "hex": "hexpm",
        "maven": "maven",
        "npm": "npm",
        "nuget": "nuget",
        "pep440": "pep440",
        "pub": "pub",
        "rpm": "rpm",
        "semver": "semver",
    },
)
"""Schemes by name; each is imported when it is asked for."""

# An ecosystem whose name is not its scheme's.
_ECOSYSTEMS: Final = {"pypi": "pep440"}


def scheme_for(ecosystem: str) -> Scheme:
    """Return the scheme of an ecosystem, by the part before `/` (`deb/debian:12`, `pypi`).

    An unknown ecosystem gets `generic`, which has keys only for texts that mean the same
    everywhere.
    """
    kind = ecosystem.partition("/")[0]
    name = _ECOSYSTEMS.get(kind, kind)
    return SCHEMES[name if name in SCHEMES else "generic"]
