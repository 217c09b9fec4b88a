"""All version schemes, one line each, and which ecosystem uses which."""

from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.schemes import (
    apk,
    bitnami,
    cargo,
    composer,
    deb,
    gem,
    generic,
    golang,
    hexpm,
    maven,
    npm,
    nuget,
    pep440,
    pub,
    rpm,
    semver,
)

SCHEMES: Final[dict[str, Scheme]] = {
    "apk": apk.PLUGIN,
    "bitnami": bitnami.PLUGIN,
    "cargo": cargo.PLUGIN,
    "composer": composer.PLUGIN,
    "deb": deb.PLUGIN,
    "gem": gem.PLUGIN,
    "generic": generic.PLUGIN,
    "golang": golang.PLUGIN,
    "hex": hexpm.PLUGIN,
    "maven": maven.PLUGIN,
    "npm": npm.PLUGIN,
    "nuget": nuget.PLUGIN,
    "pep440": pep440.PLUGIN,
    "pub": pub.PLUGIN,
    "rpm": rpm.PLUGIN,
    "semver": semver.PLUGIN,
}

# An ecosystem whose name is not its scheme's.
_ECOSYSTEMS: Final = {"pypi": "pep440"}


def scheme_for(ecosystem: str) -> Scheme:
    """Return the scheme of an ecosystem, by the part before `/` (`deb/debian:12`, `pypi`).

    An unknown ecosystem gets `generic`, which has keys only for texts that mean the same
    everywhere.
    """
    kind = ecosystem.partition("/")[0]
    return SCHEMES.get(_ECOSYSTEMS.get(kind, kind), SCHEMES["generic"])
