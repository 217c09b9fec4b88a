"""os-release: what the distribution says of itself.

Reads `etc/os-release`, `usr/lib/os-release` and the variants in `usr/lib/os.release.d` that older
Fedora images link to. An example:

    ID=alpine
    VERSION_ID=3.18.4
    PRETTY_NAME="Alpine Linux v3.18"

It cannot see whether the file tells the truth: a changed `ID` is believed. A file without an `ID`
is a gap (os-release(5) would call it `linux`, which no advisory speaks of).

Source: os-release(5), https://www.freedesktop.org/software/systemd/man/latest/os-release.html.
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Unreadable, Want
from scantling.catalog.ecosystems.osrelease.assignments import read_assignments
from scantling.core.model.facts import DistroFact

_IDENTIFIER: Final = re.compile(r"[a-z0-9][a-z0-9._-]*+")


def parse(file: OpenFile) -> Iterator[DistroFact | Unreadable]:
    """Yield notes on unreadable lines, then the distribution, or a gap if there is no usable ID.

    Identifiers are made lower case (`ID=openEuler` exists, against the specification).
    """
    values, notes = read_assignments(file)
    yield from notes
    identifier = values.get("ID", "").lower()
    if not _IDENTIFIER.fullmatch(identifier):
        yield Unreadable(
            code="os.unknown", reason="it has no ID" if not identifier else "its ID is not a word"
        )
        return
    yield DistroFact(
        id=identifier,
        version_id=values.get("VERSION_ID", ""),
        version=values.get("VERSION", ""),
        codename=values.get("VERSION_CODENAME", "") or values.get("UBUNTU_CODENAME", ""),
        name=values.get("NAME", ""),
        pretty_name=values.get("PRETTY_NAME", ""),
        id_like=tuple(values.get("ID_LIKE", "").lower().split()),
        variant_id=values.get("VARIANT_ID", ""),
        cpe_name=values.get("CPE_NAME", ""),
    )


PLUGIN: Final = Cataloger(
    name="os-release",
    version=1,
    wants=(
        Want(path="etc/os-release"),
        Want(path="usr/lib/os-release"),
        Want(folder="usr/lib/os.release.d"),
    ),
    parse=parse,
)
