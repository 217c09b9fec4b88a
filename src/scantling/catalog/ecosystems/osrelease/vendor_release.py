"""One-line release files of RPM distributions: `etc/redhat-release` and its relatives.

    Rocky Linux release 9.3 (Blue Onyx)
    CBL-Mariner 2.0.20230630

Rebuilds carry a `redhat-release` that may name Red Hat or themselves; os-release goes first where
it exists. It cannot see a distribution whose name is not in the table; that is a note.

Source: the release packages of the distributions named in the table.
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Unreadable, Want
from scantling.core.model.facts import DistroFact

_VERSION: Final = re.compile(r"[ ]v?(?P<version>[0-9]++(?:\.[0-9]++)*+)")
_CODENAME: Final = re.compile(r"\((?P<codename>[^()]*+)\)")

# (how the name starts, in lower case; os-release ID); the longer of two comes first.
_NAMES: Final = (
    ("red hat enterprise linux coreos", "rhcos"),
    ("red hat enterprise linux", "rhel"),
    ("centos", "centos"),
    ("fedora", "fedora"),
    ("rocky linux", "rocky"),
    ("almalinux", "almalinux"),
    ("oracle linux", "ol"),
    ("enterprise linux enterprise linux server", "ol"),
    ("amazon linux", "amzn"),
    ("scientific linux", "scientific"),
    ("cloudlinux", "cloudlinux"),
    ("eurolinux", "eurolinux"),
    ("virtuozzo", "virtuozzo"),
    ("openeuler", "openeuler"),
    ("anolis os", "anolis"),
    ("mageia", "mageia"),
    ("cbl-mariner", "mariner"),
    ("microsoft azure linux", "azurelinux"),
    ("vmware photon", "photon"),
    ("suse linux enterprise server", "sles"),
    ("suse linux enterprise desktop", "sled"),
    ("opensuse leap", "opensuse-leap"),
    ("opensuse tumbleweed", "opensuse-tumbleweed"),
    ("opensuse", "opensuse"),
)

_FILES: Final = (
    "almalinux-release",
    "azurelinux-release",
    "centos-release",
    "fedora-release",
    "mariner-release",
    "oracle-release",
    "photon-release",
    "redhat-release",
    "rocky-release",
    "SuSE-release",
    "system-release",
)


def parse(file: OpenFile) -> Iterator[DistroFact | Unreadable]:
    """Yield the distribution, or a note if the first line names none that is known."""
    line = file.text().partition("\n")[0].strip()
    version = _VERSION.search(line)
    name = line[: version.start()].removesuffix(" release") if version else line
    identifier = next((id_ for start, id_ in _NAMES if name.lower().startswith(start)), "")
    if not identifier or version is None or len(line) > file.limits.name_chars:
        yield Unreadable(code="parse.note", reason="its first line names no known distribution")
        return
    codename = _CODENAME.search(line, version.end())
    yield DistroFact(
        id=identifier,
        version_id=version["version"],
        codename=codename["codename"] if codename else "",
        name=name,
        pretty_name=line,
    )


PLUGIN: Final = Cataloger(
    name="vendor-release",
    version=1,
    wants=tuple(Want(path=f"etc/{name}") for name in _FILES),
    parse=parse,
)
