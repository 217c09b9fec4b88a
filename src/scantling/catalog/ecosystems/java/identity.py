"""Which artifact a jar is, from what its manifest, its Maven files and its name say.

1. A POM whose artifact the file name repeats is the jar's own; so is the only one of a jar whose
   name and manifest say nothing else. All others are artifacts that were copied in ("shaded").
2. Without an own POM the place in a Maven repository counts (see `repository`); elsewhere the name
   gives artifact and version, the manifest what is missing.
3. The group is taken from the manifest only where that is sound; else it stays unknown.
4. Where POM, name and manifest disagree about the version, every version is reported.

Source: JAR File Specification; OSGi Core 8, 3.2.1 (bundle headers); Maven Archiver (default
entries); Jenkins plugin manifests (`Group-Id`, `Short-Name`, `Plugin-Version`).
"""

import re
from typing import Final

from msgspec import Struct

from scantling.catalog.ecosystems.java.pom import Coordinates, coordinates
from scantling.core.limits import Limits

_NUMBERS: Final = re.compile(r"[0-9]+(?:[._][0-9]+)*")
_DIGIT: Final = re.compile(r"-v?(?=[0-9])")
# `geronimo-annotation-1.3-spec-1.3`: a word that is no pre-release, then a dotted number.
_LATER: Final = re.compile(
    r"-(?!(?:alpha|beta|rc|cr|m|b|sp|ga|snapshot)-)[A-Za-z]+-(?=[0-9]+\.[0-9])", re.IGNORECASE
)
_ARTIFACT: Final = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*")
_GROUP: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_-]+)+")
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_SEPARATOR: Final = re.compile(r"[._]")
_ASSEMBLY: Final = "-jar-with-dependencies"
"""What Maven's assembly plug-in appends to name and version; no version ends so."""
_PLATFORM: Final = "Java Platform API Specification"


class Name(Struct, frozen=True, kw_only=True):
    """A file name without suffix, and the artifact and version (or empty) it seems to say."""

    stem: str
    artifact: str
    version: str


class Identity(Struct, frozen=True, kw_only=True):
    """What a jar is. `group` is empty when unknown; `others` are versions that contradict."""

    group: str
    artifact: str
    version: str
    licenses: tuple[str, ...] = ()
    note: str = ""
    others: tuple[str, ...] = ()


def file_name(stem: str) -> Name:
    """Return what a name like `guava-31.1-jre` says."""
    plain = stem.removesuffix(_ASSEMBLY)
    first = _DIGIT.search(plain)
    if first is None or first.start() == 0:
        return Name(stem=stem, artifact=plain, version="")
    artifact, version = plain[: first.start()], plain[first.start() + 1 :]
    later = list(_LATER.finditer(version))
    if later:
        cut = first.start() + 1 + later[-1].end()
        artifact, version = plain[: cut - 1], plain[cut:]
    return Name(stem=stem, artifact=artifact, version=version)


def is_platform(manifest: dict[str, str]) -> bool:
    """Return whether the jar is a part of the Java runtime itself."""
    return manifest.get("specification-title") == _PLATFORM


def own_pom(poms: list[Coordinates], name: Name, manifest: dict[str, str]) -> Coordinates | None:
    """Return the POM of the jar itself; None when there is none or it cannot be told."""
    fitting = [pom for pom in poms if _repeats(name.stem, pom.artifact)]
    if fitting:
        return max(fitting, key=lambda pom: (len(pom.artifact), pom.version in name.stem))
    if len(poms) > 1:
        return _titled(poms, manifest)
    if not poms or name.version not in ("", poms[0].version):
        return None
    titles = [manifest.get(title, "") for title in ("implementation-title", "bundle-symbolicname")]
    about = [title for title in titles if title]
    own = not about or any(_mentions(title, poms[0].artifact) for title in about)
    return poms[0] if own else None


def _titled(poms: list[Coordinates], manifest: dict[str, str]) -> Coordinates | None:
    """Return the only POM that has the title and the version of the manifest, if there is one."""
    title = manifest.get("implementation-title", "")
    version = manifest.get("implementation-version", "")
    named = [pom for pom in poms if pom.version == version and _mentions(title, pom.artifact)]
    return named[0] if len(named) == 1 else None


def from_pom(pom: Coordinates, name: Name, manifest: dict[str, str]) -> Identity:
    """Return the jar's identity by its own POM, with the versions that contradict it."""
    others = []
    if name.version and _repeats(name.stem, pom.artifact):
        said = name.stem[len(pom.artifact) + 1 :]
        if said and not _extends(said, pom.version):
            others.append(said)
    for said in _manifest_versions(manifest, pom.artifact):
        if not _same_numbers(said, pom.version) and said not in others:
            others.append(said)
    return Identity(
        group=pom.group,
        artifact=pom.artifact,
        version=pom.version,
        licenses=pom.licenses or _licenses(manifest),
        others=tuple(others),
    )


def from_manifest(name: Name, manifest: dict[str, str], limits: Limits) -> Identity | None:
    """Return the jar's identity by its name and manifest; None: they do not give one."""
    plugin = _jenkins_plugin(manifest, limits)
    if plugin is not None:
        return plugin
    artifact, version, note = name.artifact, name.version, ""
    if not version:
        version = next(iter(_manifest_versions(manifest, "")), "")
        if not version and "specification-version" in manifest:
            version = manifest["specification-version"]
            note = "version of the specification it implements"
    if not version or not _ARTIFACT.fullmatch(artifact):
        return None
    group = _group(artifact, manifest)
    if coordinates(group or "unknown", artifact, version, limits) is None:
        return None
    if not group:
        note = "; ".join(filter(None, ("group unknown", note)))
    return Identity(
        group=group, artifact=artifact, version=version, licenses=_licenses(manifest), note=note
    )


def _jenkins_plugin(manifest: dict[str, str], limits: Limits) -> Identity | None:
    group, artifact = manifest.get("group-id", ""), manifest.get("short-name", "")
    version = manifest.get("plugin-version", "").partition(" ")[0]  # `1.0-SNAPSHOT (private …)`
    if coordinates(group, artifact, version, limits) is None:
        return None
    return Identity(group=group, artifact=artifact, version=version, licenses=_licenses(manifest))


def _group(artifact: str, manifest: dict[str, str]) -> str:
    """Return the group if the manifest gives it away, else an empty text.

    Maven writes it into `Implementation-Vendor-Id`. Of a bundle's symbolic name only
    `group.artifact` with a hyphen in the artifact is unmistakable: `com.google.guava` could be
    `com.google:guava` as well as `com.google.guava:guava`.
    """
    vendor = manifest.get("implementation-vendor-id", "")
    if _GROUP.fullmatch(vendor):
        return vendor
    symbolic = manifest.get("bundle-symbolicname", "").partition(";")[0].strip()
    group = symbolic.removesuffix("." + artifact)
    return group if "-" in artifact and group != symbolic and _GROUP.fullmatch(group) else ""


def _manifest_versions(manifest: dict[str, str], artifact: str) -> list[str]:
    """Return versions of the jar; with `artifact`, only such as are said of that artifact.

    Products write their own version into the manifests of all their jars, so a version counts
    against a POM only next to the artifact's name.
    """
    found = []
    for version, title in (
        ("implementation-version", "implementation-title"),
        ("bundle-version", "bundle-symbolicname"),
    ):
        text, about = manifest.get(version, ""), manifest.get(title, "").partition(";")[0]
        if _NUMBERS.match(text) and (not artifact or _repeats(about[::-1], artifact[::-1])):
            found.append(text)
    return found


def _repeats(text: str, artifact: str) -> bool:
    """Return whether `text` is `artifact`, alone or followed by a separator and more."""
    text, artifact = text.replace("_", "-"), artifact.replace("_", "-")
    return text.startswith(artifact) and text[len(artifact) : len(artifact) + 1] in ("", "-", ".")


def _mentions(title: str, artifact: str) -> bool:
    """Return whether `Maven Artifact Resolver Provider` is about `maven-resolver-provider`."""
    title, artifact = title.lower(), artifact.lower()
    words = set(_NO_WORD.split(title))
    joined = _NO_WORD.sub("", artifact)
    return words.issuperset(_NO_WORD.split(artifact)) or joined in _NO_WORD.sub("", title)


def _extends(said: str, version: str) -> bool:
    """Return whether a name's version is the POM's, maybe with a classifier or a snapshot's time.

    The classifier stands behind the version, or (`http-shaded-3.5.3`) as a word before it.
    """
    base = version.removesuffix("-SNAPSHOT")
    before = said[0].isalpha() and said.endswith("-" + version)
    return before or said in (version, base) or said.startswith((version + "-", base + "-"))


def _same_numbers(first: str, second: str) -> bool:
    """Return whether two spellings start with the same numbers, zeros at the end left out.

    OSGi writes `31.1.0.jre` for `31.1-jre`.
    """
    return _numbers(first) == _numbers(second)


def _numbers(version: str) -> list[str]:
    match = _NUMBERS.match(version)
    numbers = _SEPARATOR.split(match[0]) if match else [version]
    numbers = [number.lstrip("0") for number in numbers]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


def _licenses(manifest: dict[str, str]) -> tuple[str, ...]:
    text = manifest.get("bundle-license", "")
    return (text,) if text and text != "<<EXTERNAL>>" else ()
