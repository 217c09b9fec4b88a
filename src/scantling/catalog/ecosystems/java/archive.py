"""Java archives: jar, war, ear and their kin, and the archives inside them.

An archive is identified by `META-INF/maven/**/pom.properties`, `pom.xml`, its place in a Maven
repository or Gradle's cache, its manifest and its name (see `identity`). Artifacts that were copied
into a jar are packages of their own when their Maven files were copied with them. A part of the
Java runtime itself, sources, documentation and archives without classes are no packages. What it
cannot see: copied classes without Maven files; the artifact of an archive that says nothing
(`java.unidentified`) until its SHA-1 is looked up.

Source: JAR File Specification (Java SE 21); Jakarta EE platform, chapter 8 (war, ear).
"""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.catalog.api import Cataloger, Found, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.java import identity, pom
from scantling.catalog.ecosystems.java.identity import Identity
from scantling.catalog.ecosystems.java.manifest import main_section
from scantling.catalog.ecosystems.java.repository import coordinates_at
from scantling.core.errors import InputError
from scantling.core.model.facts import PackageFact
from scantling.image.budget import Budget
from scantling.image.zip import ZipArchive
from scantling.image.zipdir import ZipEntry

_SUFFIXES: Final = (
    *(".jar", ".war", ".ear", ".par", ".sar", ".jpi", ".hpi", ".nar", ".kar", ".rar", ".lpkg"),
)
_WANTED: Final = tuple(suffix for suffix in _SUFFIXES if suffix != ".rar")
"""A `.rar` inside an ear is a resource adapter; on its own it is rather an archive of WinRAR."""
_APPLICATIONS: Final = (".war", ".ear")
_BOOT: Final = "BOOT-INF/"
_NO_CODE: Final = ("-sources", "-javadoc", "-test-sources")
_MANIFEST: Final = "meta-inf/manifest.mf"
_MAVEN: Final = "META-INF/maven/"
_MAVEN_FILES: Final = ("pom.properties", "pom.xml")
_CONTRADICTIONS: Final = 5


class _Contents(Struct, kw_only=True):
    """The entries of an archive that matter. `maven`: folder under META-INF/maven: its files."""

    manifests: list[ZipEntry]
    maven: dict[str, list[ZipEntry]]
    inner: list[ZipEntry]
    classes: bool = False
    boot: bool = False


class _Jar(Struct, kw_only=True):
    """An archive being read. `inner` is its path in the outermost file, empty for that itself."""

    outer: str
    inner: str
    name: str
    data: bytes
    archive: ZipArchive
    contents: _Contents

    @property
    def evidence(self) -> str:
        return f"{self.outer}!/{self.inner}" if self.inner else ""

    def at(self, entry: str) -> str:
        """Return the path of an entry in the outermost file."""
        return f"{self.inner}!/{entry}" if self.inner else entry


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the artifacts in an archive, and in archives inside it, in directory order.

    Raises InputError when the file is no zip archive.
    """
    yield from _archive(file, "", file.name, file.data, Budget(file.limits))


def _archive(file: OpenFile, inner: str, name: str, data: bytes, budget: Budget) -> Iterator[Found]:
    archive = ZipArchive(data, budget)
    contents = _contents(archive)
    jar = _Jar(
        outer=file.path, inner=inner, name=name, data=data, archive=archive, contents=contents
    )
    yield from _artifacts(jar, file)
    for entry in contents.inner:
        try:
            with budget.nested():
                content = archive.read(entry, "binary_bytes")
                base = entry.name.rpartition("/")[2]
                yield from _archive(file, jar.at(entry.name), base, content, budget)
        except InputError as error:
            yield _unread(jar, entry.name, error)
    for gap in archive.gaps.gaps():
        yield Unreadable(
            code=gap.code,
            reason=gap.detail,
            inner=jar.at(gap.path) if gap.path else inner,
            offset=gap.offset,
            limit=gap.limit,
        )


def _contents(archive: ZipArchive) -> _Contents:
    found = _Contents(manifests=[], maven={}, inner=[])
    for entry in archive.entries:
        name = entry.name
        if name.endswith(".class"):
            found.classes = True
        elif name.startswith(_MAVEN):
            folder, _, base = name.rpartition("/")
            if base in _MAVEN_FILES:
                found.maven.setdefault(folder, []).append(entry)
        elif name.lower() == _MANIFEST:
            found.manifests.append(entry)
        elif name.endswith(_SUFFIXES) and not entry.is_link:
            found.inner.append(entry)
        if not found.boot and name.startswith(_BOOT):
            found.boot = True
    return found


def _artifacts(jar: _Jar, file: OpenFile) -> Iterator[Found]:
    """Yield the archive itself and what was copied into it."""
    stem, _, suffix = jar.name.rpartition(".")
    if stem.endswith(_NO_CODE) and not jar.contents.classes:
        return
    problems: list[Unreadable] = []
    manifest = _manifest(jar, file, problems)
    poms = [
        (folder, coordinates)
        for folder, entries in jar.contents.maven.items()
        for coordinates in _coordinates(jar, folder, entries, file, problems)
    ]
    yield from problems
    if identity.is_platform(manifest):
        yield _note(jar, "a part of the Java runtime")
        return
    is_application = f".{suffix}" in _APPLICATIONS or jar.contents.boot
    name = identity.file_name(stem)
    own = identity.own_pom([coordinates for _, coordinates in poms], name, manifest)
    found = None
    if own is not None:
        found = identity.from_pom(own, name, manifest)
    elif jar.contents.classes or is_application:
        placed = None if jar.inner else coordinates_at(file.path, file.limits)
        if placed is not None:
            found = identity.from_pom(placed, name, manifest)
        else:
            found = identity.from_manifest(name, manifest, file.limits)
    if found is not None:
        yield from _own(jar, found, root=is_application and not jar.inner)
    yield from _doubt(jar, found, is_application=is_application, copied=bool(poms))
    yield from (_copied(jar, folder, one) for folder, one in poms if one is not own)


def _manifest(jar: _Jar, file: OpenFile, problems: list[Unreadable]) -> dict[str, str]:
    """Return the attributes of all manifests; there is one unless somebody cheats."""
    manifest: dict[str, str] = {}
    for entry in jar.contents.manifests:
        try:
            content = jar.archive.read(entry, "text_bytes")
        except InputError as error:
            problems.append(_unread(jar, entry.name, error))
            continue
        manifest = {**main_section(content, file.limits), **manifest}
    return manifest


def _coordinates(
    jar: _Jar, folder: str, entries: list[ZipEntry], file: OpenFile, problems: list[Unreadable]
) -> list[pom.Coordinates]:
    """Return what one Maven folder says: one artifact, more if its files disagree."""
    found: dict[tuple[str, str, str], pom.Coordinates] = {}
    licenses: tuple[str, ...] = ()
    for entry in sorted(entries, key=lambda entry: entry.name):
        read = pom.from_xml if entry.name.endswith(".xml") else pom.from_properties
        try:
            one = read(jar.archive.read(entry, "text_bytes"), file.limits)
        except InputError as error:
            problems.append(_unread(jar, entry.name, error))
            continue
        if one is not None:
            found.setdefault((one.group, one.artifact, one.version), one)
            licenses = licenses or one.licenses
    if len(found) != 1:
        claims = ", ".join(":".join(key) for key in list(found)[:_CONTRADICTIONS])
        code = "parse.conflict" if found else "parse.record"
        reason = f"Maven's files disagree: {claims[:300]}" if found else "no artifact and version"
        problems.append(Unreadable(code=code, reason=reason, inner=jar.at(folder)))
    return [msgspec.structs.replace(one, licenses=licenses) for one in found.values()]


def _own(jar: _Jar, found: Identity, *, root: bool) -> Iterator[Found]:
    """Yield the archive's own package, and one more for each version that contradicts it."""
    digest = hashlib.sha1(jar.data, usedforsecurity=False).hexdigest()
    for version in (found.version, *found.others[:_CONTRADICTIONS]):
        contradicts = "" if version == found.version else "by another part of the same archive"
        yield PackageFact(
            type="maven",
            namespace=found.group,
            name=found.artifact,
            version=version,
            licenses=found.licenses,
            evidence=jar.evidence,
            root=root,
            hashes=(("sha1", digest),),
            note=contradicts or found.note,
        )
    if found.others:
        versions = ", ".join((found.version, *found.others[:_CONTRADICTIONS]))
        reason = f"{found.artifact} has several versions: {versions[:300]}"
        yield Unreadable(code="parse.conflict", reason=reason, inner=jar.inner)


def _doubt(
    jar: _Jar, found: Identity | None, *, is_application: bool, copied: bool
) -> Iterator[Found]:
    """Yield a gap for classes whose artifact no advisory can be looked up for.

    An application, and a jar that others were copied into, is the image builder's own as a rule:
    that is a note.
    """
    if (found is not None and found.group) or not jar.contents.classes:
        return
    who = f"{found.artifact} {found.version}: its group is unknown" if found else "no identity"
    if is_application or copied:
        yield _note(jar, who)
    else:
        yield Unreadable(code="java.unidentified", reason=who, inner=jar.inner)


def _copied(jar: _Jar, folder: str, coordinates: pom.Coordinates) -> PackageFact:
    return PackageFact(
        type="maven",
        namespace=coordinates.group,
        name=coordinates.artifact,
        version=coordinates.version,
        licenses=coordinates.licenses,
        evidence=f"{jar.outer}!/{jar.at(folder)}",
        note=f"copied into {jar.name[:200]}",
    )


def _unread(jar: _Jar, name: str, error: InputError) -> Unreadable:
    return Unreadable(
        code=error.code,
        reason=error.detail,
        inner=jar.at(name),
        offset=error.offset,
        limit=error.limit,
    )


def _note(jar: _Jar, reason: str) -> Unreadable:
    return Unreadable(code="parse.note", reason=reason, inner=jar.inner)


PLUGIN: Final = Cataloger(
    name="java-archive",
    version=2,
    wants=tuple(Want(suffix=suffix, size=Size.BINARY) for suffix in _WANTED),
    parse=parse,
)
