"""Which product's end of life ends an image: the repository's own, and that of its system.

Source: endoflife.date, names of products and cycles; the names of Debian and Ubuntu releases.
"""

from collections.abc import Callable, Iterator
from typing import Final

from scantling.bases.official import LIBRARY
from scantling.bases.tags import parse_tag
from scantling.core.model.advisory import Release

Releases = Callable[[str], tuple[Release, ...]]
"""Product (endoflife.date's spelling) -> its cycles; empty if unknown."""

# Repositories of official images whose product has another name, or none that fits.
_PRODUCTS: Final = {
    "alpine": "alpine-linux",
    "amazoncorretto": "amazon-corretto",
    "amazonlinux": "amazon-linux",
    "cassandra": "apache-cassandra",
    "couchdb": "apache-couchdb",
    "golang": "go",
    "httpd": "apache-http-server",
    "ibm-semeru-runtimes": "ibm-semeru",
    "jetty": "eclipse-jetty",
    "maven": "apache-maven",
    "mongo": "mongodb",
    "node": "nodejs",
    "oraclelinux": "oracle-linux",
    "photon": "vmware-photon",
    "postgres": "postgresql",
    "rockylinux": "rocky-linux",
}
_SYSTEMS: Final = {
    "buster": ("debian", "10"),
    "bullseye": ("debian", "11"),
    "bookworm": ("debian", "12"),
    "trixie": ("debian", "13"),
    "focal": ("ubuntu", "20.04"),
    "jammy": ("ubuntu", "22.04"),
    "noble": ("ubuntu", "24.04"),
    "resolute": ("ubuntu", "26.04"),
}
_ALPINE: Final = "alpine"


def is_system(word: str) -> bool:
    """Return whether a word of a tag names a release of a system (`bookworm`)."""
    return word in _SYSTEMS


def system_of(word: str) -> str:
    """Return the system whose release a word of a tag names; empty for any other word."""
    is_alpine = word.startswith(_ALPINE) and word != _ALPINE
    return "alpine-linux" if is_alpine else _SYSTEMS.get(word, ("", ""))[0]


def product_of(name: str) -> str:
    """Return the product that a repository of official images is; empty for any other."""
    if not name.startswith(LIBRARY):
        return ""
    repository = name.removeprefix(LIBRARY)
    return _PRODUCTS.get(repository, repository)


def cycle_of(name: str, version: tuple[int, ...], releases: Releases) -> Release | None:
    """Return the cycle that a version of an official image belongs to; None if unknown."""
    product = product_of(name)
    cycles = {one.cycle: one for one in releases(product)} if product and version else {}
    for length in range(len(version), 0, -1):
        found = cycles.get(".".join(map(str, version[:length])))
        if found:
            return found
    return None


def systems_of(tag: str, releases: Releases) -> Iterator[Release]:
    """Yield the releases of systems that the words of a tag name (`bookworm`, `alpine3.20`)."""
    for word in parse_tag(tag).words:
        product, cycle = _SYSTEMS.get(word, ("", ""))
        if word.startswith(_ALPINE) and word != _ALPINE:
            product, cycle = "alpine-linux", word.removeprefix(_ALPINE)
        yield from (one for one in releases(product) if one.cycle == cycle) if product else ()


def is_over(release: Release, today: str) -> bool:
    """Return whether the regular support of a cycle has ended on `today` (`YYYY-MM-DD`)."""
    return bool(release.ended) or bool(release.end_of_life and release.end_of_life < today)
