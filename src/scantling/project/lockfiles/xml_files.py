"""XML files: pom.xml, project files of .NET.

Source: POM reference, https://maven.apache.org/pom.html; NuGet, "PackageReference in project
files", "Central Package Management", packages.config. Entities and DTDs are refused.
"""

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from scantling.core.text import octets
from scantling.project.lockfiles.entry import Entry

_DEPTH: Final = 128
_CHARS: Final = 1024
_REFERENCES: Final = frozenset({"PackageReference", "PackageVersion", "GlobalPackageReference"})
_DEPENDENCY: Final = frozenset({"dependency", "plugin", "extension", "parent"})


def pom(text: str) -> Iterator[Entry]:
    """Yield the dependencies, plugins and parent of pom.xml, named `group:artifact`."""
    return iter(_read(text).dependencies)


def dotnet(text: str) -> Iterator[Entry]:
    """Yield the package references of a project file, Directory.Packages.props, packages.config."""
    return iter(_read(text).references)


class _Refused(Exception):  # noqa: N818 - leaves this file never
    """The document has what no such file needs."""


class _Reader:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.path: list[str] = []
        self.open: list[tuple[int, int, dict[str, str]]] = []  # depth, line, parts
        self.dependencies: list[Entry] = []
        self.references: list[Entry] = []

    def doctype(self, *_: object) -> None:
        raise _Refused

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.path) >= _DEPTH:
            raise _Refused
        name = name.rpartition(":")[2]
        self.path.append(name)
        line = self.parser.CurrentLineNumber
        if name in _DEPENDENCY:
            self.open.append((len(self.path), line, {}))
        package = ""
        if name in _REFERENCES:
            package = attributes.get("Include", attributes.get("Update", ""))
        elif name == "package":
            package = attributes.get("id", "")
        if package:
            given = attributes.get("Version", attributes.get("version", ""))
            known = "" if "$(" in given else given.strip("[]")
            self.references.append(Entry(name=package, version=known, line=line))

    def text(self, text: str) -> None:
        if self.open and len(self.path) == self.open[-1][0] + 1:
            parts = self.open[-1][2]
            so_far = parts.get(self.path[-1], "")
            if len(so_far) < _CHARS:
                parts[self.path[-1]] = so_far + text

    def end(self, _name: str) -> None:
        if self.open and len(self.path) == self.open[-1][0]:
            _, begun, parts = self.open.pop()
            group, artifact = parts.get("groupId", "").strip(), parts.get("artifactId", "").strip()
            version = parts.get("version", "").strip()
            if artifact:
                self.dependencies.append(
                    Entry(
                        name=f"{group}:{artifact}",
                        version="" if "${" in version else version,
                        line=begun,
                    )
                )
        self.path.pop()


def _read(text: str) -> _Reader:
    reader = _Reader()
    try:
        reader.parser.Parse(octets(text), True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, _Refused):
        # What stands before the damage keeps its place.
        return reader
    return reader
