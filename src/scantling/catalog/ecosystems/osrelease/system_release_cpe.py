"""The platform's CPE name: `etc/system-release-cpe`, in Red Hat's kin and Amazon Linux.

    cpe:/o:redhat:enterprise_linux:9::baseos

Source: CPE 2.2 URI binding and CPE 2.3 formatted strings (NIST IR 7695, sections 6.1 and 6.2).
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Unreadable, Want
from scantling.core.model.facts import DistroFact

# (vendor, product) of the CPE: os-release ID.
_PRODUCTS: Final = {
    ("redhat", "enterprise_linux"): "rhel",
    ("centos", "linux"): "centos",
    ("centos", "centos"): "centos",
    ("fedoraproject", "fedora"): "fedora",
    ("rocky", "rocky"): "rocky",
    ("rocky", "rocky_linux"): "rocky",
    ("almalinux", "almalinux"): "almalinux",
    ("oracle", "linux"): "ol",
    ("amazon", "amazon_linux"): "amzn",
    ("amazon", "linux"): "amzn",
    ("scientificlinux", "scientificlinux"): "scientific",
}


def parse(file: OpenFile) -> Iterator[DistroFact | Unreadable]:
    """Yield the distribution, or a note if the first line is no CPE of a known one."""
    line = file.text().partition("\n")[0].strip()
    body = line.removeprefix("cpe:2.3:").removeprefix("cpe:/")
    part, vendor, product, version, *_ = [*body.split(":"), "", "", ""]
    identifier = _PRODUCTS.get((vendor, product), "")
    if body == line or part != "o" or not identifier or len(line) > file.limits.name_chars:
        yield Unreadable(code="parse.note", reason="it is not the CPE of a known distribution")
        return
    # GA versions are written `9:ga`, any version as `*`.
    yield DistroFact(id=identifier, version_id=version.strip("*-"), cpe_name=line)


PLUGIN: Final = Cataloger(
    name="system-release-cpe", version=1, wants=(Want(path="etc/system-release-cpe"),), parse=parse
)
