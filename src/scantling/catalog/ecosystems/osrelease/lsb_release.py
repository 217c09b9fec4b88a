"""The Linux Standard Base's `etc/lsb-release`, in images that have no os-release.

    DISTRIB_ID=Ubuntu
    DISTRIB_RELEASE=22.04
    DISTRIB_CODENAME=jammy

Source: lsb_release(1), files; the variables are those Ubuntu and Arch Linux ship.
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Unreadable, Want
from scantling.catalog.ecosystems.osrelease.assignments import read_assignments
from scantling.core.model.facts import DistroFact

_IDENTIFIER: Final = re.compile(r"[a-z0-9][a-z0-9._-]*+")

# Where the name is not the os-release ID in capitals.
_IDS: Final = {
    "chainguard images": "chainguard",
    "manjarolinux": "manjaro",
    "vmware photon": "photon",
}


def parse(file: OpenFile) -> Iterator[DistroFact | Unreadable]:
    """Yield notes on unreadable lines, then the distribution, or a note if it is not named.

    Red Hat's kin have a file of this name with `LSB_VERSION` alone: that is no damage.
    """
    values, notes = read_assignments(file)
    yield from notes
    if "DISTRIB_ID" not in values:
        return
    name = values["DISTRIB_ID"].lower()
    identifier = _IDS.get(name, name)
    if not _IDENTIFIER.fullmatch(identifier):
        yield Unreadable(code="parse.note", reason="its DISTRIB_ID is not a word")
        return
    yield DistroFact(
        id=identifier,
        version_id=values.get("DISTRIB_RELEASE", ""),
        codename=values.get("DISTRIB_CODENAME", ""),
        name=values["DISTRIB_ID"],
        pretty_name=values.get("DISTRIB_DESCRIPTION", ""),
    )


PLUGIN: Final = Cataloger(
    name="lsb-release", version=1, wants=(Want(path="etc/lsb-release"),), parse=parse
)
