"""Distributions as data: which release advisories speak of, and which package database to expect.

A release file says `VERSION_ID=9.3`; AlmaLinux publishes advisories for `9`, openSUSE for `15.5`,
Wolfi for no release at all. The table says how much of the version each distribution means.

Sources: os-release(5) for the identifiers; the release names in each distribution's own advisories;
purl-spec, types/deb, apk and rpm, for namespaces.
"""

import re
from typing import Final

from msgspec import Struct

from scantling.core.model.facts import DistroFact
from scantling.core.model.inventory import Distro


class _Rule(Struct, frozen=True):
    """`parts`: how many numbers of the version name a release; 0: it rolls, there are none.

    `namespace` is the package URL's; empty: the distribution's identifier.
    """

    database: str
    parts: int
    namespace: str = ""


_WHOLE: Final = 99
"""More parts than any version has: the release is the version as written."""

_RULES: Final[dict[str, _Rule]] = {
    # Debian and its kin
    "debian": _Rule("deb", 1),
    "ubuntu": _Rule("deb", 2),
    "raspbian": _Rule("deb", 1),
    "devuan": _Rule("deb", 1),
    "kali": _Rule("deb", 0),
    "linuxmint": _Rule("deb", 2),
    "pop": _Rule("deb", 2),
    "elementary": _Rule("deb", 1),
    "echo": _Rule("deb", 0),
    "deepin": _Rule("deb", 1),
    # apk
    "alpine": _Rule("apk", 2),
    "wolfi": _Rule("apk", 0),
    "chainguard": _Rule("apk", 0),
    "minimos": _Rule("apk", 0),
    "postmarketos": _Rule("apk", _WHOLE),
    "alpaquita": _Rule("apk", _WHOLE),
    "bellsoft-hardened-containers": _Rule("apk", _WHOLE),
    # Red Hat's kin
    "rhel": _Rule("rpm", 1, "redhat"),
    "rhcos": _Rule("rpm", 2, "redhat"),
    "centos": _Rule("rpm", 1),
    "fedora": _Rule("rpm", 1),
    "almalinux": _Rule("rpm", 1),
    "rocky": _Rule("rpm", 1),
    "ol": _Rule("rpm", 1),
    "scientific": _Rule("rpm", 1),
    "amzn": _Rule("rpm", 1),
    "cloudlinux": _Rule("rpm", 1),
    "eurolinux": _Rule("rpm", 1),
    "virtuozzo": _Rule("rpm", 1),
    "anolis": _Rule("rpm", 1),
    "openeuler": _Rule("rpm", 2),
    "mageia": _Rule("rpm", 1),
    # SUSE
    "sles": _Rule("rpm", 2, "suse"),
    "sled": _Rule("rpm", 2, "suse"),
    "sles_sap": _Rule("rpm", 2, "suse"),
    "sle-micro": _Rule("rpm", 2, "suse"),
    "sl-micro": _Rule("rpm", 2, "suse"),
    "suse-microos": _Rule("rpm", 2, "suse"),
    "opensuse-leap": _Rule("rpm", 2, "opensuse"),
    "opensuse": _Rule("rpm", 2, "opensuse"),
    "opensuse-tumbleweed": _Rule("rpm", 0, "opensuse"),
    "opensuse-microos": _Rule("rpm", 0, "opensuse"),
    # VMware, Microsoft
    "photon": _Rule("rpm", 2),
    "mariner": _Rule("rpm", 2),
    "azurelinux": _Rule("rpm", 2),
    # neither deb, apk nor rpm
    "arch": _Rule("", 0),
    "archarm": _Rule("", 0),
    "manjaro": _Rule("", 0),
    "gentoo": _Rule("", 0),
    "void": _Rule("", 0),
    "nixos": _Rule("", 2),
    "bottlerocket": _Rule("", _WHOLE),
    "openwrt": _Rule("", 2),  # opkg up to 24.10, apk since
}

# Debian's testing has a codename and no VERSION_ID. Source: https://www.debian.org/releases/.
DEBIAN_CODENAMES: Final = {
    "woody": "3.0",
    "sarge": "3.1",
    "etch": "4",
    "lenny": "5",
    "squeeze": "6",
    "wheezy": "7",
    "jessie": "8",
    "stretch": "9",
    "buster": "10",
    "bullseye": "11",
    "bookworm": "12",
    "trixie": "13",
    "forky": "14",
    "duke": "15",
    "sid": "sid",
}

# The first Amazon Linux is dated (`2018.03`); its advisories call all of it release 1.
_AMAZON_DATED: Final = frozenset(str(year) for year in range(2011, 2019))

_LEADING_NUMBER: Final = re.compile(r"v?+(?P<numbers>[0-9]++(?:\.[0-9]++)*+)")


def distro_from(facts: DistroFact) -> Distro:
    """Return the distribution with the release that its advisories are published for.

    `release` is empty for a rolling distribution and for a version that is missing or says
    nothing; an unknown distribution keeps its whole version. Never raises.
    """
    return Distro(
        id=facts.id,
        release=_release(facts),
        version_id=facts.version_id,
        codename=facts.codename,
        pretty_name=facts.pretty_name,
        like=facts.id_like,
    )


def purl_namespace(distro: Distro | None) -> str:
    """Return the namespace of package URLs of this distribution's packages; '' for None."""
    if distro is None:
        return ""
    rule = _RULES.get(distro.id)
    return (rule.namespace if rule else "") or distro.id


def package_db_of(distro_id: str) -> str:
    """Return the database this distribution keeps its packages in: `deb`, `apk` or `rpm`.

    Empty for a distribution that is not in the table or uses another kind.
    """
    rule = _RULES.get(distro_id)
    return rule.database if rule else ""


def _release(facts: DistroFact) -> str:
    rule = _RULES.get(facts.id, _Rule("", _WHOLE))
    version = facts.version_id
    if facts.id == "alpine" and _is_alpine_edge(facts):
        return "edge"
    if facts.id == "debian" and not _LEADING_NUMBER.match(version):
        return DEBIAN_CODENAMES.get(facts.codename or version.partition("/")[0], "")
    if rule.parts == 0:
        return ""
    if rule.parts == _WHOLE:
        return version
    number = _LEADING_NUMBER.match(version)
    if number is None:
        return ""
    release = ".".join(number["numbers"].split(".")[: rule.parts])
    return "1" if facts.id == "amzn" and release in _AMAZON_DATED else release


def _is_alpine_edge(facts: DistroFact) -> bool:
    """Tell edge by its version (`3.21.0_alpha20240923`) or, in old images, by its name."""
    return "_alpha" in facts.version_id or facts.pretty_name.endswith(" edge")
