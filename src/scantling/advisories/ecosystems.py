"""Names: of ecosystems as OSV spells them, and of packages as advisories are looked up.

Source: OSV schema 1.7, "affected[].package field" and its table of ecosystems,
https://ossf.github.io/osv-schema/.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from msgspec import Struct

from scantling.versions.registry import scheme_for

Key = Callable[[str], bytes | None]


class Place(Struct, frozen=True, kw_only=True):
    """Where statements of an OSV ecosystem belong.

    `source_package` says that its packages are source packages; `word` is kept on every statement
    (Ubuntu Pro: the fix is only for its subscribers).
    """

    ecosystem: str
    source_package: bool = False
    word: str = ""


LANGUAGES: Final = {
    "PyPI": "pypi",
    "npm": "npm",
    "Maven": "maven",
    "Go": "golang",
    "crates.io": "cargo",
    "RubyGems": "gem",
    "Packagist": "composer",
    "NuGet": "nuget",
    "Hex": "hex",
    "Pub": "pub",
    "SwiftURL": "swift",
    "GitHub Actions": "github",
    "Bitnami": "bitnami",
    "ConanCenter": "conan",
    "CRAN": "cran",
    "Bioconductor": "bioconductor",
    "Hackage": "hackage",
    "opam": "opam",
    "Julia": "julia",
}
# OSV ecosystem: database type, os-release ID, and whether its packages are source packages.
_SYSTEMS: Final = {
    "Alpine": ("apk", "alpine", True),
    "Alpaquita": ("apk", "alpaquita", True),
    "Chainguard": ("apk", "chainguard", True),
    "MinimOS": ("apk", "minimos", True),
    "Wolfi": ("apk", "wolfi", True),
    "Debian": ("deb", "debian", True),
    "Ubuntu": ("deb", "ubuntu", True),
    "Echo": ("deb", "echo", True),
    "AlmaLinux": ("rpm", "almalinux", False),
    "Rocky Linux": ("rpm", "rocky", False),
    "Red Hat": ("rpm", "rhel", False),
    "Mageia": ("rpm", "mageia", True),
    "Photon OS": ("rpm", "photon", False),
    "Azure Linux": ("rpm", "azurelinux", False),
    "SUSE": ("rpm", "sles", True),
    "openSUSE": ("rpm", "opensuse-leap", True),
}
SYSTEMS: Final = tuple(f"{kind}/{distro}:" for kind, distro, _ in _SYSTEMS.values())
"""Prefixes of the ecosystems of distributions that OSV records can be about."""

_ROLLING: Final = frozenset({"Chainguard", "MinimOS", "Wolfi", "Echo"})
_NUMBER: Final = re.compile(r"v?(?P<release>[0-9]+(?:\.[0-9]+)*)")
_UBUNTU: Final = re.compile(r"(?P<pro>Pro:)?(?P<release>[0-9]{2}\.[0-9]{2})(?::LTS)?")
# The repositories of the base product. EUS, AUS and the like are other streams with other fixes.
_RED_HAT: Final = re.compile(r"enterprise_linux:(?P<release>[0-9]+)(?:::[a-z_]+)?")
_SUSE: Final = re.compile(
    r"Linux Enterprise (?:Server|Module for [A-Za-z0-9 -]+) (?P<major>[0-9]+)(?: SP(?P<sp>[0-9]+))?"
)
_LEAP: Final = re.compile(r"Leap (?P<release>[0-9]+\.[0-9]+)")
_PEP503: Final = re.compile(r"[-_.]+")
_SCHEME: Final = re.compile(r"[a-z]+://")
_LOWER: Final = frozenset({"composer", "nuget", "hex", "pub", "github"})


def place_of(osv: str) -> Place | None:
    """Return where an OSV ecosystem's statements belong; None if we have no such place.

    None for a distribution without the release, and for streams that a plain system does not
    follow (extended support, FIPS): their fixed versions would be wrong for it.
    """
    base, _, suffix = osv.partition(":")
    if base in LANGUAGES:
        return Place(ecosystem=LANGUAGES[base])
    if base not in _SYSTEMS:
        return None
    kind, distro, source = _SYSTEMS[base]
    if base == "Ubuntu":
        return _ubuntu(suffix)
    if osv == "openSUSE:Tumbleweed":
        return Place(ecosystem="rpm/opensuse-tumbleweed:", source_package=True)
    release = "" if base in _ROLLING else _release(base, suffix)
    if release is None:
        return None
    if base == "Azure Linux" and release == "2.0":
        distro = "mariner"  # the second release still had the old name
    return Place(ecosystem=f"{kind}/{distro}:{release}", source_package=source)


def package_name(ecosystem: str, name: str) -> str:
    """Return a package's name as it is looked up; the same rules as `matching.names`.

    Source: PEP 503 for `pypi`; the registries' own rules on case for the others.
    """
    if ecosystem == "pypi":
        return _PEP503.sub("-", name).lower()
    if ecosystem == "swift":
        return _SCHEME.sub("", name).removesuffix(".git")
    return name.lower() if ecosystem in _LOWER else name


@lru_cache(maxsize=256)
def key_of(ecosystem: str) -> Key:
    """Return the function that gives a version of this ecosystem its sort key, or None."""
    return scheme_for(ecosystem).key


def _ubuntu(suffix: str) -> Place | None:
    found = _UBUNTU.fullmatch(suffix)
    if found is None:
        return None
    word = "pro" if found["pro"] else ""
    return Place(ecosystem=f"deb/ubuntu:{found['release']}", source_package=True, word=word)


def _release(base: str, suffix: str) -> str | None:
    """Return the release as os-release has it, None if the suffix does not name one of ours."""
    if base == "Red Hat":
        found = _RED_HAT.fullmatch(suffix)
        return found["release"] if found else None
    if base == "SUSE":
        found = _SUSE.fullmatch(suffix)
        return f"{found['major']}.{found['sp']}" if found and found["sp"] else None
    if base == "openSUSE":
        found = _LEAP.fullmatch(suffix)
        return found["release"] if found else None
    if suffix in {"edge", "stream"} and base in {"Alpine", "Alpaquita"}:
        return suffix
    found = _NUMBER.fullmatch(suffix)
    if found is None:
        return None
    release: str = found["release"]
    return (
        f"{release}.0" if base in {"Azure Linux", "Photon OS"} and "." not in release else release
    )
