"""Facts: what one layer says, before layers are folded and before the distribution is known.

Facts are the unit of caching: they depend on the layer's bytes and the catalogers' versions alone.
"""

from msgspec import Struct

from scantling.core.model.gap import Gap


class PackageFact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One package that a file claims is installed.

    `type`, `namespace`, `name`, `version`, `qualifiers`, `subpath` are package URL components,
    decoded; for OS packages the namespace is left empty (the distribution is not known yet).
    For deb and rpm `version` is the full one, `epoch:version-release`, epoch left out when 0.

    `source_name` and `source_version` name the source package it was built from; empty where the
    format has none or it equals the package itself. `arch` is the package's own architecture word.
    `licenses` are the declared texts, unchanged. `vendor` is the RPM vendor or the Debian
    maintainer. `module` is the RPM modularity label. `evidence` is the path that proves it when
    that is not the file parsed (an inner path of an archive: `app.war!/WEB-INF/lib/x.jar`).
    `root` marks the application itself rather than a dependency. `hashes` are (algorithm, hex).
    `note` is what a reader must know about the claim (`replaced by …`), empty as a rule.
    """

    type: str
    name: str
    version: str
    namespace: str = ""
    qualifiers: tuple[tuple[str, str], ...] = ()
    subpath: str = ""
    source_name: str = ""
    source_version: str = ""
    arch: str = ""
    licenses: tuple[str, ...] = ()
    vendor: str = ""
    module: str = ""
    evidence: str = ""
    root: bool = False
    hashes: tuple[tuple[str, str], ...] = ()
    note: str = ""


class DistroFact(Struct, frozen=True, kw_only=True):
    """What a release file says. Fields of os-release(5); `id` is lower case."""

    id: str
    version_id: str = ""
    version: str = ""
    codename: str = ""
    name: str = ""
    pretty_name: str = ""
    id_like: tuple[str, ...] = ()
    variant_id: str = ""
    cpe_name: str = ""


class OwnedFiles(Struct, frozen=True, kw_only=True):
    """Paths (no leading slash) that an OS package says it installed."""

    package: str
    paths: tuple[str, ...]
    arch: str = ""


class FileFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one cataloger read in one file. `path` has no leading slash."""

    path: str
    cataloger: str
    packages: tuple[PackageFact, ...] = ()
    distro: DistroFact | None = None
    """None: this file does not tell the distribution."""
    gaps: tuple[Gap, ...] = ()
    by_content: bool = False
    """The file was picked by its content, not its name; a later file of any kind replaces it."""
    package_db: str = ""
    """`deb`, `apk`, `rpm`: this file is (part of) a package database, even if it lists nothing."""
    licenses: tuple[str, ...] = ()
    """Declared here for a package that another file lists: `usr/share/doc/<package>/copyright`."""


class Owner(Struct, frozen=True, kw_only=True):
    """An evidence file of this layer and the OS package of this layer that installed it."""

    path: str
    type: str
    package: str


class LayerFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that one layer says.

    `files` are sorted by (path, cataloger), `links` (path, target as written) and `deleted` (paths
    removed from lower layers) and `opaque` (folders whose lower content is hidden) by path.
    `paths` is the zlib-compressed, NUL-separated list of all paths that the layer adds, in archive
    order, folders included (with a trailing slash). `complete` is False when the layer was not
    read to its end.
    """

    diff_id: str
    files: tuple[FileFacts, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    deleted: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    owners: tuple[Owner, ...] = ()
    gaps: tuple[Gap, ...] = ()
    paths: bytes = b""
    entries: int = 0
    size_bytes: int = 0
    complete: bool = True
