"""Fold the facts of all layers into the inventory a running container would have.

Layers are applied bottom first. A layer hides what it deletes, what it makes opaque and what it
replaces; then it adds its own. A package keeps the layer that first brought this very version, even
when a later layer rewrites the database that lists it.

Source: OCI image-spec, layer.md ("Applying Changesets", "Whiteouts").
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.catalog.distros import distro_from, package_db_of, purl_namespace
from scantling.catalog.links import (
    MUST_READ,
    Paths,
    added_paths,
    folders_above,
    resolved,
    unread_links,
    visible_links,
)
from scantling.catalog.system import system_gaps
from scantling.core import purl
from scantling.core.model.facts import DistroFact, FileFacts, LayerFacts, PackageFact
from scantling.core.model.gap import Gap, GapKind, gap
from scantling.core.model.image import Image
from scantling.core.model.inventory import Distro, Inventory, Location, Package

OS_TYPES: Final = frozenset({"deb", "apk", "rpm", "alpm"})

# Where a distribution says what it is, the most telling first. Source: os-release(5), and the
# files that distributions without it have.
_RELEASE_FILES: Final = (
    "etc/os-release",
    "usr/lib/os-release",
    "etc/alpine-release",
    "etc/debian_version",
    "etc/lsb-release",
)
# What a component's own file does not say does not matter when a package of the system owns it.
_OWNER_ANSWERS: Final = frozenset({"go.unversioned", "java.unidentified", "binary.opaque"})

_Key = tuple[str, str, str, str, str, str]


class _Live(Struct):
    """A file with facts, as visible after the layers so far.

    `before` says which layer brought the packages that it listed before `layer` rewrote it.
    """

    facts: list[FileFacts]
    layer: int
    before: dict[_Key, int]

    def origin(self, fact: PackageFact) -> int:
        """Return the layer that brought this package."""
        return self.before.get(_key(fact), self.layer) if self.before else self.layer


def fold(image: Image, layers: tuple[LayerFacts, ...], gaps: tuple[Gap, ...] = ()) -> Inventory:
    """Return the inventory of these layers, bottom first; `gaps` are what opening already noticed.

    Packages are sorted by (purl, owner), gaps sorted and without doubles. The result depends on the
    facts alone.
    """
    added = added_paths(layers)
    hits, folders = _hits(layers, added)
    live = _visible_files(layers, hits, folders)
    links = visible_links(layers, hits)
    distro = _distro(live)
    packages = _packages(live, distro, layers, links)
    databases = _databases(live)
    told = {one.layer for one in gaps if one.layer is not None}
    reading = _reading_gaps(layers, live, {(one.type, one.name) for one in packages})
    # Why a layer has no bytes was told when the image was opened: foreign, encrypted, not there.
    found = [
        *gaps,
        *(one for one in reading if one.code != "layer.missing" or one.layer not in told),
    ]
    found += system_gaps(layers, added, distro, databases)
    found += unread_links(links, live, added, hits)
    if layers and not packages:
        found.append(gap("image.unrecognized", "so nothing can be said about what is in it"))
    return Inventory(
        image=image,
        distro=distro,
        packages=packages,
        gaps=tuple(sorted(set(found), key=gap_order)),
        databases=tuple(sorted(databases)),
    )


def _reading_gaps(
    layers: tuple[LayerFacts, ...], live: dict[str, _Live], installed: set[tuple[str, str]]
) -> Iterator[Gap]:
    """Yield the gaps of layers and of visible files, with the layer they are in.

    Facts know no layer number: equal layers share them.
    """
    owned = tuple(
        frozenset(one.path for one in layer.owners if (one.type, one.package) in installed)
        for layer in layers
    )
    for index, layer in enumerate(layers):
        yield from (replace(one, layer=index) for one in layer.gaps)
    for path, file in live.items():
        for facts in file.facts:
            for one in facts.gaps:
                # The distribution speaks about the package that owns the file, whatever is in it.
                answered = one.code in _OWNER_ANSWERS and path in owned[file.layer]
                kind = GapKind.INFO if answered else one.kind
                yield replace(one, layer=file.layer, kind=kind)


def gap_order(one: Gap) -> tuple[str, int, str, str, int]:
    """Return the sort key of gaps in a report: code, layer, path, detail, offset."""
    layer = -1 if one.layer is None else one.layer
    return one.code, layer, one.path, one.detail, -1 if one.offset is None else one.offset


def _hits(
    layers: tuple[LayerFacts, ...], added: tuple[Paths, ...]
) -> tuple[list[set[str]], set[str]]:
    """Return for each layer which of its paths can replace a file with facts or a link of the
    layers below; and the folders that such files are in (and others).

    A file is replaced by its own path, by a folder of that path, and by what is put in the place of
    a folder above.
    """
    folders = folders_above(MUST_READ)
    names = {*MUST_READ, *folders} - {""}  # asked for later; one pass over the paths is enough
    hits = []
    for layer, paths in zip(layers, added, strict=True):
        hits.append(paths.among(names, folders))
        files = [facts.path for facts in layer.files]
        links = [path for path, _ in layer.links]
        above = folders_above((*files, *links))
        folders |= above
        names.update(files, [f"{path}/" for path in files], links, above)
        names.discard("")
    return hits, folders


def _visible_files(
    layers: tuple[LayerFacts, ...], hits: list[set[str]], folders: set[str]
) -> dict[str, _Live]:
    live: dict[str, _Live] = {}
    for index, layer in enumerate(layers):
        hidden = _hide(live, layer, hits[index], folders)
        for facts in layer.files:
            entry = live.get(facts.path)
            if entry is None:
                before = _listed(hidden.get(facts.path))
                entry = live[facts.path] = _Live(facts=[], layer=index, before=before)
            entry.facts.append(facts)
    return live


def _listed(file: _Live | None) -> dict[_Key, int]:
    """Return the packages that a file lists or listed, and the layer that brought each."""
    if file is None:
        return {}
    listed = dict(file.before)
    for facts in file.facts:
        for fact in facts.packages:
            listed.setdefault(_key(fact), file.layer)
    return listed


def _key(fact: PackageFact) -> _Key:
    return fact.type, fact.namespace, fact.name, fact.version, fact.arch, fact.evidence


def _hide(
    live: dict[str, _Live], layer: LayerFacts, added: set[str], folders: set[str]
) -> dict[str, _Live]:
    """Remove from `live` what this layer deletes, covers or replaces; return what it replaces."""
    if not live:
        return {}
    gone = folders.intersection(layer.deleted)
    for path in (*_inside(live, gone.union(folders.intersection(layer.opaque))), *layer.deleted):
        live.pop(path, None)
    paths = live.keys() & {path.removesuffix("/") for path in added}
    # A folder among the added paths without its slash is no folder any more.
    paths.update(_inside(live, folders & added))
    return {path: live.pop(path) for path in paths}


def _inside(live: dict[str, _Live], folders: set[str]) -> list[str]:
    """Return the files that are in one of the folders, however deep."""
    if not folders or "" in folders:
        return list(live) if folders else []
    files = sorted(live)
    found: list[str] = []
    above = "/"  # as no folder starts
    for folder in sorted(f"{one}/" for one in folders):
        if not folder.startswith(above):
            above = folder
            end = folder[:-1] + "0"  # the character after the slash
            found += files[bisect_left(files, folder) : bisect_left(files, end)]
    return found


def _distro(live: dict[str, _Live]) -> Distro | None:
    """Return the distribution of the most telling release file; a missing version is filled in
    from the next file of the same distribution."""
    facts = list(_release_facts(live))
    if not facts:
        return None
    first = facts[0]
    for other in facts[1:]:
        if not first.version_id and other.id == first.id and other.version_id:
            return distro_from(_with_version(first, other))
    return distro_from(first)


def _release_facts(live: dict[str, _Live]) -> Iterator[DistroFact]:
    rank = {path: position for position, path in enumerate(_RELEASE_FILES)}
    telling = [path for path, file in live.items() if any(one.distro for one in file.facts)]
    for path in sorted(telling, key=lambda path: (rank.get(path, len(rank)), path)):
        yield from (one.distro for one in live[path].facts if one.distro)


def _with_version(fact: DistroFact, other: DistroFact) -> DistroFact:
    return DistroFact(
        id=fact.id,
        version_id=other.version_id,
        version=fact.version or other.version,
        codename=fact.codename or other.codename,
        name=fact.name,
        pretty_name=fact.pretty_name,
        id_like=fact.id_like,
        variant_id=fact.variant_id,
        cpe_name=fact.cpe_name,
    )


def _databases(live: dict[str, _Live]) -> dict[str, int]:
    """Return the kinds of package databases, and how many packages each kind lists."""
    counts: dict[str, int] = {}
    for file in live.values():
        for one in file.facts:
            if one.package_db:
                counts[one.package_db] = counts.get(one.package_db, 0) + len(one.packages)
    return counts


def _packages(
    live: dict[str, _Live],
    distro: Distro | None,
    layers: tuple[LayerFacts, ...],
    links: dict[str, str],
) -> tuple[Package, ...]:
    """Return the packages by (purl, owner): the system's first, since they may own the others."""
    owners = tuple({one.path: (one.type, one.package) for one in layer.owners} for layer in layers)
    system: dict[tuple[str, str], str] = {}
    merged: dict[tuple[str, str], Package] = {}
    of_system, others = _facts(live)
    for file, facts, fact in of_system:
        package = _package(fact, facts, file, distro, licenses=_doc_licenses(live, fact, links))
        system.setdefault((fact.type, fact.name), package.purl)
        _merge(merged, package)
    for file, facts, fact in others:
        owner = system.get(owners[file.layer].get(facts.path, ("", "")), "")
        _merge(merged, _package(fact, facts, file, distro, owner=owner))
    return tuple([merged[at] for at in sorted(merged)])


_Found = list[tuple[_Live, FileFacts, PackageFact]]


def _facts(live: dict[str, _Live]) -> tuple[_Found, _Found]:
    """Return the packages of operating systems and all others, by path."""
    of_system: _Found = []
    others: _Found = []
    for path in sorted(live):
        file = live[path]
        for facts in file.facts:
            for fact in facts.packages:
                kind = of_system if fact.type in OS_TYPES else others
                kind.append((file, facts, fact))
    return of_system, others


def _package(
    fact: PackageFact,
    facts: FileFacts,
    file: _Live,
    distro: Distro | None,
    *,
    owner: str = "",
    licenses: tuple[str, ...] = (),
) -> Package:
    origin = file.origin(fact)
    namespace, version, qualifiers = fact.namespace, fact.version, fact.qualifiers
    if fact.type in OS_TYPES:
        namespace = namespace or purl_namespace(distro)
        version, qualifiers = _os_purl_parts(fact, distro)
    return Package(
        purl=purl.build(
            fact.type,
            namespace,
            fact.name,
            version,
            qualifiers=qualifiers,
            subpath=fact.subpath,
        ),
        type=fact.type,
        ecosystem=_ecosystem(fact.type, distro if facts.package_db else None),
        name=fact.name,
        version=fact.version,
        namespace=namespace,
        arch=fact.arch,
        source_name=fact.source_name,
        source_version=fact.source_version,
        module=fact.module,
        vendor=fact.vendor,
        licenses=fact.licenses + licenses,
        hashes=fact.hashes,
        locations=(Location(path=fact.evidence or facts.path, layer=origin),),
        origin=origin,
        owner=owner,
        catalogers=(facts.cataloger,),
        root=fact.root,
        note=fact.note,
    )


def _doc_licenses(
    live: dict[str, _Live], fact: PackageFact, links: dict[str, str]
) -> tuple[str, ...]:
    """Return what Debian declares beside the package. Source: Debian Policy, 12.5.

    The folder may be a link to that of another package of the same source.
    """
    if fact.type != "deb":
        return ()
    path = f"usr/share/doc/{fact.name}/copyright"
    doc = live.get(path) or live.get(resolved(path, links) or "")
    return tuple(text for one in doc.facts for text in one.licenses) if doc else ()


def _os_purl_parts(
    fact: PackageFact, distro: Distro | None
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return version and qualifiers as the purl types `deb`, `apk` and `rpm` want them.

    Source: purl-spec types: `arch` and `distro` for all, `epoch` as a qualifier for rpm only.
    """
    qualifiers = [*fact.qualifiers]
    version = fact.version
    if fact.arch:
        qualifiers.append(("arch", fact.arch))
    if distro is not None:
        label = f"{distro.id}-{distro.version_id}" if distro.version_id else distro.id
        qualifiers.append(("distro", label))
    if fact.type == "rpm" and ":" in version:
        epoch, _, version = version.partition(":")
        qualifiers.append(("epoch", epoch))
    return version, tuple(qualifiers)


def _ecosystem(type_: str, distro: Distro | None) -> str:
    """Return where advisories for this type of package are looked up.

    None: the packages belong to a system inside this one (a chroot), whose distribution is not
    known; they are in the inventory, and that nobody speaks about them is a gap.
    """
    if type_ not in OS_TYPES:
        return type_
    if distro is None or package_db_of(distro.id) != type_:
        return f"{type_}/"
    return f"{type_}/{distro.id}:{distro.release}"


def _merge(merged: dict[tuple[str, str], Package], package: Package) -> None:
    at = package.purl, package.owner
    before = merged.setdefault(at, package)
    if before is package:
        return
    merged[at] = replace(
        before,
        locations=tuple(sorted({*before.locations, *package.locations})),
        catalogers=tuple(sorted({*before.catalogers, *package.catalogers})),
        licenses=tuple(dict.fromkeys((*before.licenses, *package.licenses))),
        hashes=tuple(sorted({*before.hashes, *package.hashes})),
        origin=min(before.origin, package.origin),
        root=before.root or package.root,
    )
