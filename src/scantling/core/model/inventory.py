"""The inventory: what is in the image as a running container would see it."""

from msgspec import Struct

from scantling.core.model.base import Part
from scantling.core.model.gap import Gap
from scantling.core.model.image import Image


class Location(Struct, frozen=True, kw_only=True, order=True):
    """Where a package was seen: `path` in the image, and the `layer` (from 0) that brought it."""

    path: str
    layer: int


class Distro(Struct, frozen=True, kw_only=True):
    """The distribution, as advisories name it.

    `release` is the part of the version that advisories are published for (`12`, `3.18`, `9`,
    `edge`), empty for a rolling one. `like` are the identifiers of os-release's ID_LIKE.
    """

    id: str
    release: str = ""
    version_id: str = ""
    codename: str = ""
    pretty_name: str = ""
    like: tuple[str, ...] = ()


class Package(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One installed package.

    `purl` identifies it, and sorts it. `ecosystem` is where advisories are looked up
    (`deb/debian:12`, `pypi`); see `versions.registry`. `origin` is the layer that first brought
    this version. `owner` is the purl of the OS package that installed its files, empty if none.
    Other fields as in `PackageFact`.
    """

    purl: str
    type: str
    ecosystem: str
    name: str
    version: str
    namespace: str = ""
    arch: str = ""
    source_name: str = ""
    source_version: str = ""
    module: str = ""
    vendor: str = ""
    licenses: tuple[str, ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
    locations: tuple[Location, ...] = ()
    origin: int = 0
    owner: str = ""
    catalogers: tuple[str, ...] = ()
    root: bool = False
    note: str = ""
    part: Part = Part.UNKNOWN
    """Whether `origin` is a layer of the base image."""


class Inventory(Struct, frozen=True, kw_only=True):
    """Image, distribution (None: not told), packages by purl, and everything that was not read."""

    image: Image
    distro: Distro | None = None
    packages: tuple[Package, ...] = ()
    gaps: tuple[Gap, ...] = ()
    databases: tuple[str, ...] = ()
    """Kinds of package databases found, sorted: `apk`, `deb`, `rpm`."""
