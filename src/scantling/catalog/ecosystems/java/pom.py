"""Maven's own words in a jar: `pom.properties`, else `pom.xml`, under `META-INF/maven/`.

Source: Apache Maven Archiver, https://maven.apache.org/shared/maven-archiver/ (pom.properties);
POM reference, https://maven.apache.org/pom.html; java.util.Properties.load (line format).
"""

import re
from typing import Final
from xml.parsers import expat

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits

_DEPTH: Final = 128
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]+")
_VERSION: Final = re.compile(r"[A-Za-z0-9_.+~-]+")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$\{(?P<name>[^{}$]+)\}")
_PROPERTY: Final = re.compile(r"\s*(?P<key>[A-Za-z.]+)\s*[=:]\s*(?P<value>.*?)\s*")
_LICENSE: Final = ("project", "licenses", "license", "name")


class Coordinates(Struct, frozen=True, kw_only=True):
    """Group, artifact and version of one Maven artifact, and the licenses its POM declares."""

    group: str
    artifact: str
    version: str
    licenses: tuple[str, ...] = ()


def from_properties(data: bytes, limits: Limits) -> Coordinates | None:
    """Return what `pom.properties` says; None if a part is missing or is no coordinate."""
    values: dict[str, str] = {}
    for line in data.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        match = _PROPERTY.fullmatch(line) if len(line) <= limits.name_chars else None
        if match is not None:
            values[match["key"]] = _ESCAPE.sub(r"\1", match["value"])
    group, artifact = values.get("groupId", ""), values.get("artifactId", "")
    return coordinates(group, artifact, values.get("version", ""), limits)


def from_xml(data: bytes, limits: Limits) -> Coordinates | None:
    """Return what `pom.xml` says; group and version may be the parent's.

    None if a part is missing or depends on a variable that the file does not define. Raises
    InputError for broken XML, for any DTD, and for elements nested too deeply.
    """
    texts, licenses = _texts(data, limits)

    def value(path: str) -> str:
        text = texts.get("project/" + path, "")
        return _VARIABLE.sub(lambda found: _variable(found, texts), text)

    group = value("groupId") or value("parent/groupId")
    version = value("version") or value("parent/version")
    found = coordinates(group, value("artifactId"), version, limits)
    if found is None:
        return None
    return Coordinates(
        group=found.group, artifact=found.artifact, version=found.version, licenses=licenses
    )


def coordinates(group: str, artifact: str, version: str, limits: Limits) -> Coordinates | None:
    """Return the coordinates if all three parts can be what they claim."""
    sound = (
        len(group) + len(artifact) <= limits.name_chars
        and len(version) <= limits.version_chars
        and _WORD.fullmatch(group)
        and _WORD.fullmatch(artifact)
        and _VERSION.fullmatch(version)
    )
    return Coordinates(group=group, artifact=artifact, version=version) if sound else None


def _variable(found: re.Match[str], texts: dict[str, str]) -> str:
    """Return a variable's value: `project.…`, or a property; itself if neither is there."""
    name = found["name"]
    if name.startswith(("project.", "pom.")):
        path = "project/" + name.partition(".")[2].replace(".", "/")
        inherited = path.replace("project/", "project/parent/", 1)
        return texts.get(path) or texts.get(inherited) or found[0]
    return texts.get(f"project/properties/{name}") or found[0]


def _texts(data: bytes, limits: Limits) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the texts of shallow elements by path, first of a path, and the license names.

    Every DTD is refused, so no entity is ever expanded.
    """
    path: list[str] = []
    pieces: list[str] = []
    texts: dict[str, str] = {}
    licenses: list[str] = []

    def started(name: str, _: dict[str, str]) -> None:
        path.append(name.rpartition(":")[2])
        pieces.clear()
        if len(path) > _DEPTH:
            raise InputError("parse.failed", f"pom.xml is nested more than {_DEPTH} deep")

    def ended(_: str) -> None:
        text = "".join(pieces).strip()
        pieces.clear()
        if 0 < len(text) <= limits.name_chars:
            if tuple(path) == _LICENSE:
                licenses.append(text)
            elif len(path) <= 3:  # noqa: PLR2004 - project/parent/version is the deepest used
                texts.setdefault("/".join(path), text)
        path.pop()

    def refused(*_: object) -> None:
        raise InputError("parse.failed", "pom.xml has a DTD, which is never read")

    parser = expat.ParserCreate()
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = pieces.append
    parser.StartDoctypeDeclHandler = refused
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat takes "this is all" by position only
    except (expat.ExpatError, UnicodeError, ValueError, LookupError) as error:
        raise InputError("parse.failed", f"pom.xml is not XML: {error}") from None
    return texts, tuple(licenses)
