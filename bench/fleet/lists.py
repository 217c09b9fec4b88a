"""Real package lists: of popular images, of Debian, Ubuntu and Alpine base images.

The folder is DATA/fleet: `popular-images-2022-12/*.jsonl` (objects with `purls`), Debian and Ubuntu
manifests (`name<TAB>version`), and Alpine's installed databases, each beside its os-release.
Manifests do not name source packages; those are learned from the package URLs of the same names.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from scantling.catalog.distros import distro_from
from scantling.core import purl
from scantling.core.model.facts import DistroFact
from scantling.core.model.inventory import Package

OS_TYPES: Final = frozenset({"deb", "apk", "rpm"})
_TYPES: Final = {"alpine": "apk", "dotnet": "nuget"}
_REBUILD: Final = re.compile(r"\+b[0-9]+$")
_SOURCE_RPM: Final = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:no)?src\.rpm")
# What the manifests' names meant when they were made (2024-12 and 2022-08).
_DEBIAN: Final = {
    "oldstable": "11",
    "bullseye": "11",
    "stable": "12",
    "bookworm": "12",
    "testing": "13",
    "trixie": "13",
    "unstable": "sid",
    "sid": "sid",
}
_UBUNTU: Final = {
    "trusty": "14.04",
    "xenial": "16.04",
    "bionic": "18.04",
    "focal": "20.04",
    "jammy": "22.04",
    "kinetic": "22.10",
}

Packages = tuple[Package, ...]


class Lists(Struct, frozen=True, kw_only=True):
    """Real lists. `bases` are of operating systems, the most official first; `languages` by type,
    one for each image that has packages of the type; all in the order of files and lines."""

    bases: tuple[Packages, ...]
    languages: dict[str, list[Packages]]


class _Image(msgspec.Struct):
    purls: list[str]


def read_lists(folder: Path) -> Lists:
    """Return all lists of DATA/fleet."""
    images = []
    for file in sorted(folder.glob("popular-images-*/*.jsonl")):
        for line in file.read_bytes().split(b"\n"):
            if line:
                purls = msgspec.json.decode(line, type=_Image).purls
                images.append([one for one in map(_from_purl, purls) if one is not None])
    sources = _sources(package for image in images for package in image)
    bases = [*_manifests(folder, sources), *_alpine(folder)]
    languages: dict[str, list[Packages]] = {}
    for image in images:
        system = tuple(one for one in image if one.type in OS_TYPES)
        if system:
            bases.append(system)
        for type_ in sorted({one.type for one in image} - OS_TYPES):
            found = tuple(one for one in image if one.type == type_)
            languages.setdefault(type_, []).append(found)
    return Lists(bases=tuple(bases), languages=languages)


def with_version(package: Package, version: str) -> Package:
    """Return the same package of another version (a language's: without a source package)."""
    return replace(
        package,
        version=version,
        purl=purl.build(package.type, package.namespace, package.name, version),
    )


def _from_purl(text: str) -> Package | None:
    """Return the package of a package URL; None for types that no advisory speaks of."""
    body, _, query = text.removeprefix("pkg:").partition("#")[0].partition("?")
    type_, _, path = body.partition("/")
    type_ = _TYPES.get(type_, type_)
    path, _, version = path.rpartition("@")
    namespace, _, name = unquote(path).rpartition("/")
    if not name or type_ == "generic":
        return None
    version, qualifiers = unquote(version), dict(parse_qsl(query))
    if type_ not in OS_TYPES:
        return Package(
            purl=purl.build(type_, namespace, name, version),
            type=type_,
            ecosystem=type_,
            namespace=namespace,
            name=name,
            version=version,
        )
    id_, _, release = qualifiers.get("distro", "").rpartition("-")
    if type_ == "rpm" and qualifiers.get("epoch"):
        version = f"{qualifiers['epoch']}:{version}"
    source, _, source_version = qualifiers.get("upstream", "").partition("@")
    if named := _SOURCE_RPM.fullmatch(source):
        source, source_version = named["name"], named["version"]
    return _system(
        type_,
        DistroFact(id=id_, version_id=release),
        (name, version, qualifiers.get("arch", "")),
        (source, source_version),
    )


def _system(
    type_: str, fact: DistroFact, binary: tuple[str, str, str], source: tuple[str, str]
) -> Package:
    name, version, arch = binary
    return Package(
        purl=purl.build(type_, fact.id, name, version, qualifiers=(("arch", arch),)),
        type=type_,
        ecosystem=f"{type_}/{fact.id}:{distro_from(fact).release}",
        namespace=fact.id,
        name=name,
        version=version,
        arch=arch,
        source_name=source[0],
        source_version=source[1] if source[0] else "",
    )


def _sources(packages: Iterator[Package]) -> dict[str, tuple[str, bool]]:
    """Return of each Debian package its source, and whether the source's version has no epoch."""
    found: dict[str, tuple[str, bool]] = {}
    for one in packages:
        if one.type == "deb" and one.source_name:
            bare = ":" in one.version and bool(one.source_version) and ":" not in one.source_version
            found.setdefault(one.name, (one.source_name, bare))
    return found


def _manifests(folder: Path, sources: dict[str, tuple[str, bool]]) -> Iterator[Packages]:
    for id_, releases in (("debian", _DEBIAN), ("ubuntu", _UBUNTU)):
        for file in sorted(folder.glob(f"{id_}-image-manifests/*.manifest")):
            named = file.stem.split("_")[1].removesuffix("-slim")
            fact = DistroFact(id=id_, version_id=releases[named], codename=named)
            yield tuple(_listed(file, fact, sources))


def _listed(
    file: Path, fact: DistroFact, sources: dict[str, tuple[str, bool]]
) -> Iterator[Package]:
    for line in file.read_text("utf-8").split("\n"):
        name, _, version = line.partition("\t")
        name, _, arch = name.partition(":")
        if version:
            source, without_epoch = sources.get(name, ("", False))
            source_version = _REBUILD.sub("", version)
            if without_epoch:
                source_version = source_version.partition(":")[2] or source_version
            if source_version != version and not source:
                source = name
            yield _system("deb", fact, (name, version, arch or "amd64"), (source, source_version))


def _alpine(folder: Path) -> Iterator[Packages]:
    for file in sorted(folder.glob("alpine-minirootfs-apkdb/*.installed")):
        release = file.with_name(file.name.removesuffix(".installed") + ".os-release")
        lines = release.read_text("utf-8").split("\n")
        said = {name: value.strip('"') for name, _, value in (one.partition("=") for one in lines)}
        fact = DistroFact(
            id=said["ID"],
            version_id=said["VERSION_ID"],
            pretty_name=said.get("PRETTY_NAME", ""),
        )
        stanzas = file.read_text("utf-8").split("\n\n")
        yield tuple(_stanza(stanza, fact) for stanza in stanzas if stanza.strip())


def _stanza(stanza: str, fact: DistroFact) -> Package:
    fields = dict(line.split(":", 1) for line in stanza.split("\n") if line[1:2] == ":")
    version = fields["V"]
    return _system("apk", fact, (fields["P"], version, fields["A"]), (fields["o"], version))
