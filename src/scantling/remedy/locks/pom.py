"""pom.xml: where a dependency's version stands, and the file with another one.

Source: POM reference, https://maven.apache.org/pom.html ("Dependencies", "Dependency Management",
"Properties").
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.remedy.locks import xml_text
from scantling.remedy.locks.ranges import moved

_PROPERTY: Final = re.compile(r"\$\{(?P<name>[A-Za-z0-9_.-]++)\}")
_INDENT: Final = re.compile(rb"\n(?P<indent>[ \t]++)<")
_OWN: Final = ("project.", "pom.", "env.")
# Properties of a project's own version: changing one changes what is built, not a dependency.
_REVISIONS: Final = frozenset({"revision", "version", "sha1", "changelist"})
_PLUGINS: Final = frozenset({"build", "reporting", "plugin"})


class Dependency(Struct, frozen=True, kw_only=True):
    """A dependency of the project. `version` is as written, empty if there is none.

    `start:end` are the bytes of the version; `property` is the property it is, if it is just one.
    `managed`: it stands in dependencyManagement.
    """

    name: str
    version: str
    start: int = 0
    end: int = 0
    property: str = ""
    managed: bool = False


def dependencies(document: xml_text.Document) -> Iterator[Dependency]:
    """Yield the dependencies, named `group:artifact`, in order; those of plugins are left out."""
    for index, one in enumerate(document.elements):
        if one.name != "dependency" or one.path[:1] != ("project",) or _PLUGINS & {*one.path}:
            continue
        group = document.child_text(index, "groupId")
        artifact = document.child_text(index, "artifactId")
        at = next(iter(document.children(index, "version")), None)
        element = document.elements[at] if at is not None else None
        text = (element.text or "") if element is not None else ""
        found = _PROPERTY.fullmatch(text.strip())
        lead = len(text) - len(text.lstrip())
        yield Dependency(
            name=f"{group}:{artifact}",
            version=text.strip(),
            start=element.start + lead if element else 0,
            end=element.start + len(text.rstrip()) if element else 0,
            property=found["name"] if found else "",
            managed="dependencyManagement" in one.path,
        )


def properties(document: xml_text.Document) -> dict[str, tuple[str, int, int]]:
    """Return the project's properties: text and bytes; profiles' ones are left out."""
    found: dict[str, tuple[str, int, int]] = {}
    for one in document.elements:
        if one.path[:2] == ("project", "properties") and len(one.path) == 3 and one.text:  # noqa: PLR2004
            text = one.text.strip()
            start = one.start + len(one.text) - len(one.text.lstrip())
            found[one.name] = (text, start, start + len(text))
    return found


def is_free(name: str) -> bool:
    """Return whether a property is a setting for dependencies, not what Maven itself defines."""
    return not name.startswith(_OWN) and name not in _REVISIONS


def readable(texts: Mapping[str, str]) -> dict[str, xml_text.Document]:
    """Return the documents that can be read, by path."""
    found: dict[str, xml_text.Document] = {}
    for path, text in texts.items():
        try:
            found[path] = xml_text.read(text)
        except InputError:
            continue  # It cannot be edited either; what it names is looked for elsewhere.
    return found


def with_version(text: str, name: str, version: str) -> str:
    """Return the file with the versions that stand at a dependency moved."""
    document = xml_text.read(text)
    changes = [
        (one.start, one.end, made)
        for one in dependencies(document)
        if one.name == name and one.version and "${" not in one.version
        if (made := moved("maven", one.version, version)) not in {"", one.version}
    ]
    return document.replaced(*changes) if changes else text


def with_property(text: str, name: str, version: str) -> str:
    """Return the file with a property's version moved."""
    document = xml_text.read(text)
    found = properties(document).get(name)
    made = moved("maven", found[0], version) if found else ""
    if found is None or made in {"", found[0]} or "${" in found[0]:
        return text
    return document.replaced((found[1], found[2], made))


def with_managed(text: str, name: str, version: str) -> str:
    """Return the file with a version for a dependency of others: in dependencyManagement.

    It is moved if it is there, else added at the end. Raises InputError: it is no POM.
    """
    document = xml_text.read(text)
    if any(one.managed and one.name == name for one in dependencies(document)):
        return with_version(text, name, version)
    root = next((at for at, one in enumerate(document.elements) if one.path == ("project",)), None)
    if root is None:
        raise InputError("parse.failed", "the file is no POM")
    newline = "\r\n" if b"\r\n" in document.data else "\n"
    unit = _INDENT.search(document.data)
    indent = unit["indent"].decode() if unit else "  "
    group, _, artifact = name.partition(":")
    lines = [
        "<dependency>",
        f"{indent}<groupId>{group}</groupId>",
        f"{indent}<artifactId>{artifact}</artifactId>",
        f"{indent}<version>{version}</version>",
        "</dependency>",
    ]
    for section in document.children(root, "dependencyManagement"):
        for inner in document.children(section, "dependencies"):
            element = document.elements[inner]
            at = _before_close(document.data, element.end)
            made = "".join(f"{indent * 3}{line}{newline}" for line in lines)
            return document.replaced((at, at, made))
    lines = [
        "<dependencyManagement>",
        f"{indent}<dependencies>",
        *(indent * 2 + line for line in lines),
        f"{indent}</dependencies>",
        "</dependencyManagement>",
    ]
    made = "".join(f"{indent}{line}{newline}" for line in lines)
    direct = document.children(root, "dependencies")
    where = document.elements[direct[0]].open if direct else document.elements[root].end
    at = _before_close(document.data, where)
    return document.replaced((at, at, made))


def _before_close(data: bytes, at: int) -> int:
    """Return the start of the line on which a tag stands by itself, else the tag's own place."""
    start = data.rfind(b"\n", 0, at) + 1
    return at if data[start:at].strip() else start
