"""Whether a product of a VEX statement is what was scanned.

This is where VEX usually fails: documents that match nothing. So every spelling that means the same
thing matches, and whatever does not match says how close it came (`Fit`).

- An image is known by its digests (manifest, configuration, and one that the user scanned it by),
  and by its names; `pkg:oci` and `pkg:docker` name it with or without digest, tag, repository.
- A package is known by its package URL. What the statement leaves out (version, qualifiers) is any.
- A package is part of a product if the product is the image, owns the package's files, or is the
  application (Go or Rust binary, jar, Node.js folder, .NET project) that holds *all* its places.
- A CPE is compared as a whole with the image's label, or names the distribution of a component.

Source: purl-spec, types `oci`, `docker`, `deb`, `rpm`, `apk`; CPE 2.3 naming, NISTIR 7695, 6.1.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from scantling.assess.vex.versions import Versions
from scantling.core import image_name
from scantling.core.image_name import ImageName
from scantling.core.model.image import Image
from scantling.core.model.inventory import Location, Package
from scantling.core.model.vex import VexProduct
from scantling.core.purl_parts import Parts, key, parse

_IMAGES: Final = frozenset({"docker", "oci"})
_SYSTEMS: Final = frozenset({"apk", "deb", "rpm"})
_SOURCES: Final = frozenset({"source", "src"})
_CODENAMES: Final = {
    "buster": "10",
    "bullseye": "11",
    "bookworm": "12",
    "trixie": "13",
    "forky": "14",
    "trusty": "14.04",
    "xenial": "16.04",
    "bionic": "18.04",
    "focal": "20.04",
    "jammy": "22.04",
    "noble": "24.04",
    "plucky": "25.04",
    "questing": "25.10",
    "resolute": "26.04",
}
# Distributions whose CPE has other words than os-release. Source: CPE_NAME in their os-release.
_PLATFORMS: Final = {
    "amzn": ("amazon", "amazon_linux"),
    "alpine": ("alpinelinux", "alpine_linux"),
    "debian": ("debian", "debian_linux"),
    "fedora": ("fedoraproject", "fedora"),
    "ol": ("oracle", "linux"),
    "opensuse-leap": ("opensuse", "leap"),
    "rhel": ("redhat", "enterprise_linux"),
    "rocky": ("rocky", "rocky"),
    "sles": ("suse", "sles"),
    "ubuntu": ("canonical", "ubuntu_linux"),
}


class Fit(IntEnum):
    """How close a product comes to a package of the image, farthest first. From LOOSE on it fits.

    EXACT: the statement says which version, or the image's digest.
    """

    PRODUCT = 0
    PART = 1
    OUTSIDE = 2
    QUALIFIER = 3
    VERSION = 4
    LOOSE = 5
    EXACT = 6


WORDS: Final = {
    Fit.PRODUCT: "the product is not in this image",
    Fit.PART: "the finding is of another package than the statement names",
    Fit.OUTSIDE: "the package is not, or not only, inside the product",
    Fit.QUALIFIER: "architecture, distribution or another qualifier differs",
    Fit.VERSION: "the version in the image is another",
    Fit.LOOSE: "it fits",
    Fit.EXACT: "it fits",
}


class ImageNames(Struct, frozen=True, kw_only=True):
    """What an image can be called."""

    digests: frozenset[str] = frozenset()
    names: tuple[ImageName, ...] = ()
    architecture: str = ""
    cpes: frozenset[str] = frozenset()


def names_of(image: Image, also: Iterable[str] = ()) -> ImageNames:
    """Return the names of an image; `also` are further ones that the user vouches for.

    The digest of an index is known if the user scanned the image by it.
    """
    texts = [*image.tags, *also]
    if image.kind == "registry":
        texts.append(image.reference.removeprefix("registry:"))
    names = {name for name in map(image_name.split, texts) if name is not None}
    given = {one for one in also if image_name.is_digest(one)}
    digests = {image.manifest_digest, image.config_digest, *given} | {one.digest for one in names}
    chosen = image.reference.rpartition("@")[2]
    if image_name.is_digest(chosen):
        digests.add(chosen)
    return ImageNames(
        digests=frozenset(digests - {""}),
        names=tuple(sorted(names, key=lambda one: (one.repository, one.tag, one.digest))),
        architecture=image.platform.architecture,
        cpes=frozenset(value for name, value in image.config.labels if name == "cpe" and value),
    )


class Identity:
    """Answers `fit` for one image; what is taken apart once is remembered."""

    def __init__(self, packages: Iterable[Package], names: ImageNames) -> None:
        self._names = names
        self._versions = Versions()
        self._parsed: dict[str, tuple[Parts | None, tuple[str, str, str]]] = {}
        self._images: dict[tuple[str, ...], Fit] = {}
        self._by_key: dict[tuple[str, str, str], list[Package]] = {}
        for package in packages:
            self._by_key.setdefault(self._parse(package.purl)[1], []).append(package)

    def fit(self, product: VexProduct, package: Package) -> Fit:
        """Return how well the product covers the package."""
        if product.component:
            part = self._package(product.component, product.versions, package)
            if part < Fit.LOOSE:
                return part or Fit.PART
            whole = self._holds(product, package, versions="")
            return whole if whole < Fit.LOOSE else max(part, whole)
        own = Fit.PRODUCT
        if product.purl and not (product.repository or product.cpe):
            own = self._package(product.purl, product.versions, package)
            own = own if own < Fit.LOOSE or self._has_digest(package, product) else Fit.VERSION
        elif product.digest and not (product.repository or product.cpe):
            own = Fit.EXACT if self._has_digest(package, product) else Fit.PRODUCT
        if own >= Fit.LOOSE:
            return own
        return max(own, self._holds(product, package, versions=product.versions))

    def _holds(self, product: VexProduct, package: Package, *, versions: str) -> Fit:
        """Return how well the product, as a whole, is what the package is part of."""
        # A tuple: hashing the struct costs ten times as much.
        about = (product.purl, product.digest, product.repository, product.cpe, product.component)
        image = self._images.get(about)
        if image is None:
            image = self._images[about] = self._image(product)
        if image >= Fit.LOOSE and versions:  # An image has no versions to be in a range.
            return Fit.VERSION
        if image is not Fit.PRODUCT:
            return image
        if product.cpe:
            named = product.component and not (product.purl or product.digest)
            return Fit.LOOSE if named and _is_platform(product.cpe, package) else Fit.PRODUCT
        if product.repository:
            return Fit.PRODUCT
        best = Fit.PRODUCT
        for holder in self._by_key.get(self._parse(product.purl)[1], ()):
            fit = self._package(product.purl, versions, holder)
            if fit >= Fit.LOOSE and not self._has_digest(holder, product):
                fit = Fit.VERSION
            if fit >= Fit.LOOSE and not _is_inside(package, holder):
                fit = Fit.OUTSIDE
            best = max(best, fit)
        return best

    def _image(self, product: VexProduct) -> Fit:
        """Return how well the product is the image: all that is given must agree."""
        fits = []
        if product.purl:
            parts, _ = self._parse(product.purl)
            if parts is None or parts.type not in _IMAGES:
                return Fit.PRODUCT
            fits.append(self._image_purl(parts))
        if product.digest:
            fits.append(Fit.EXACT if product.digest in self._names.digests else Fit.PRODUCT)
        if product.repository:
            name = image_name.split(product.repository)
            known = {one.repository for one in self._names.names}
            fits.append(Fit.LOOSE if name and name.repository in known else Fit.PRODUCT)
        if product.cpe and not product.component:
            fits.append(Fit.LOOSE if product.cpe in self._names.cpes else Fit.PRODUCT)
        elif product.cpe and product.cpe not in self._names.cpes:
            return Fit.PRODUCT
        elif product.cpe:
            fits.append(Fit.LOOSE)
        if not fits or min(fits) < Fit.LOOSE:
            return min(fits, default=Fit.PRODUCT)
        return max(fits)

    def _image_purl(self, parts: Parts) -> Fit:
        """Compare `pkg:oci` or `pkg:docker`: a digest decides; else names and tag must agree."""
        arch = parts.qualifier("arch")
        if parts.version.startswith(("sha256:", "sha512:")):
            return Fit.EXACT if parts.version in self._names.digests else self._stale(parts)
        found = self._named(parts)
        if not found:
            return Fit.PRODUCT
        if arch and self._names.architecture and arch != self._names.architecture:
            return Fit.QUALIFIER
        tag = parts.version or parts.qualifier("tag")
        if not tag:
            return Fit.LOOSE
        # A tag may name another image tomorrow: it is no version.
        return Fit.LOOSE if any(one.tag == tag for one in found) else Fit.VERSION

    def _stale(self, parts: Parts) -> Fit:
        """Return how far another digest is: of the same repository, or of another image."""
        return Fit.VERSION if self._named(parts) else Fit.PRODUCT

    def _named(self, parts: Parts) -> list[ImageName]:
        """Return the image's names that the package URL allows."""
        place = parts.qualifier("repository_url").removeprefix("https://").strip("/")
        last = parts.name.lower()
        if parts.type == "docker":
            place = "/".join(one for one in (place, parts.namespace, last) if one)
        if not place:
            return [one for one in self._names.names if one.short == last]
        # The qualifier holds the repository, in older documents what is before its last part.
        spelled = {image_name.split(place), image_name.split(f"{place}/{last}")}
        wanted = {one.repository for one in spelled if one is not None and one.short == last}
        return [one for one in self._names.names if one.repository in wanted]

    def _package(self, text: str, versions: str, package: Package) -> Fit:
        """Compare a package URL with a package."""
        parts, wanted = self._parse(text)
        _, has = self._parse(package.purl)
        if parts is None or wanted[0] != has[0]:
            return Fit.PRODUCT
        version = package.version
        if wanted[0] in _SYSTEMS and parts.qualifier("arch") in _SOURCES:
            has = (has[0], has[1], package.source_name or has[2])
            version = package.source_version or version
        if wanted[2] != has[2] or (wanted[1] != has[1] and (wanted[1] or wanted[0] != "deb")):
            return Fit.PRODUCT
        if parts.subpath or not _agrees(parts, package):
            return Fit.QUALIFIER
        if parts.version and not self._versions.equal(parts, version, package.ecosystem):
            return Fit.VERSION
        if versions and not self._versions.covered(versions, version):
            return Fit.VERSION
        return Fit.EXACT if parts.version or versions else Fit.LOOSE

    def _has_digest(self, package: Package, product: VexProduct) -> bool:
        algorithm, _, value = product.digest.partition(":")
        return not product.digest or (algorithm, value) in package.hashes

    def _parse(self, text: str) -> tuple[Parts | None, tuple[str, str, str]]:
        """Return a package URL's parts and the key that is equal for the same package."""
        found = self._parsed.get(text)
        if found is None:
            parts = parse(text)
            found = parts, (("", "", text) if parts is None else key(parts))
            self._parsed[text] = found
        return found


def _agrees(parts: Parts, package: Package) -> bool:
    """Return whether no qualifier of the statement contradicts the package.

    Qualifiers that say where to get a package, or how a tool found it, limit nothing.
    """
    for name, value in parts.qualifiers:
        match name:
            case "arch" if parts.type in _SYSTEMS and value not in _SOURCES:
                same = value == package.arch
            case "distro":
                same = _is_distro(value.lower(), package)
            case "rpmmod":
                same = value.split(":")[:2] == package.module.split(":")[:2]
            case "classifier":
                same = f"classifier={value}" in unquote(package.purl.partition("?")[2]).split("&")
            case _:
                same = True
        if not same:
            return False
    return True


def _is_distro(text: str, package: Package) -> bool:
    """Return whether `debian-12`, `12`, `12.4`, `bookworm` or `debian:12` is where it is from."""
    id_, _, release = package.ecosystem.partition("/")[2].partition(":")
    text = text.rpartition("/")[2]
    for separator in "-:":
        text = text.removeprefix(id_ + separator)
    text = _CODENAMES.get(text, text)
    return text in {id_, release} or (bool(release) and text.startswith(f"{release}."))


def _is_platform(cpe: str, package: Package) -> bool:
    """Return whether the CPE is of the release of the distribution that the package is from."""
    body = cpe.removeprefix("cpe:2.3:").removeprefix("cpe:/")
    fields = [unquote(one) for one in body.split(":")]
    id_, _, release = package.ecosystem.partition("/")[2].partition(":")
    words = _PLATFORMS.get(id_, (id_, id_))
    return len(fields) > 3 and (*fields[1:4],) == (*words, release)  # noqa: PLR2004


def _is_inside(package: Package, holder: Package) -> bool:
    """Return whether every place of the package is within the holder."""
    if package is holder or (package.owner and package.owner == holder.purl):
        return True
    if not holder.root or not package.locations:
        return False
    return all(
        any(_is_within(place, outer) for outer in holder.locations) for place in package.locations
    )


def _is_within(place: Location, outer: Location) -> bool:
    """Return whether a place is in the same file as an application, or in its node_modules."""
    if place.path.partition("!/")[0] == outer.path.partition("!/")[0]:
        return True
    folder = outer.path.removesuffix("package.json")
    return folder != outer.path and place.path.startswith(f"{folder}node_modules/")
