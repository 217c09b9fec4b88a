"""Project files of .NET: where a package's version stands, and the file with another one.

Source: NuGet, "PackageReference in project files", "Central Package Management", packages.config;
MSBuild project file schema.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.remedy.locks import xml_text
from scantling.remedy.locks.ranges import moved

_REFERENCES: Final = frozenset({"PackageReference", "PackageVersion", "GlobalPackageReference"})
_VERSIONS: Final = ("Version", "VersionOverride", "version")
_PROPERTY: Final = re.compile(r"\$\((?P<name>[A-Za-z0-9_.-]++)\)")


class Reference(Struct, frozen=True, kw_only=True):
    """A package that a file names. `version` is as written, empty if it has none there.

    `start:end` are the version's bytes; `property` is the property it is, if it is just one.
    `element` is PackageReference, PackageVersion, … or `package` (packages.config).
    """

    name: str
    version: str
    element: str
    start: int = 0
    end: int = 0
    property: str = ""


def references(document: xml_text.Document) -> Iterator[Reference]:
    """Yield the packages, in order; one with several versions (an override) comes several times."""
    for index, one in enumerate(document.elements):
        if one.name in _REFERENCES:
            name = one.attribute("Include") or one.attribute("Update")
        elif one.name == "package" and one.path[:1] == ("packages",):
            name = one.attribute("id")
        else:
            continue
        if name is None:
            continue
        places = [place for each in _VERSIONS if (place := one.attribute(each)) is not None]
        for at in document.children(index, *_VERSIONS):
            child = document.elements[at]
            if child.text is not None:
                places.append((child.text, child.start, child.end))
        for text, start, end in places or [("", 0, 0)]:
            found = _PROPERTY.fullmatch(text.strip())
            yield Reference(
                name=name[0],
                version=text,
                element=one.name,
                start=start,
                end=end,
                property=found["name"] if found else "",
            )


def properties(document: xml_text.Document) -> dict[str, tuple[str, int, int]]:
    """Return the properties that are a plain text, with their bytes."""
    return {
        one.name: (one.text, one.start, one.end)
        for one in document.elements
        if one.text and len(one.path) > 1 and one.path[-2] == "PropertyGroup"
    }


def with_version(text: str, name: str, version: str) -> str:
    """Return the file with the versions that stand at a package moved."""
    document = xml_text.read(text)
    changes = []
    for one in references(document):
        if one.name.lower() == name.lower() and one.version and not one.property:
            grammar = "maven" if one.element == "package" else "nuget"  # packages.config is exact
            made = moved(grammar, one.version, version)
            if made and made != one.version:
                changes.append((one.start, one.end, made))
    return document.replaced(*changes) if changes else text


def with_property(text: str, name: str, version: str) -> str:
    """Return the file with a property's version moved."""
    document = xml_text.read(text)
    found = properties(document).get(name)
    made = moved("nuget", found[0], version) if found else ""
    if found is None or made in {"", found[0]}:
        return text
    return document.replaced((found[1], found[2], made))


def with_reference(text: str, name: str, version: str, *, element: str) -> str:
    """Return the file with a reference of its own to a package; moved if it has one.

    It is added behind the last one of its kind; `version` empty: none is written. Raises
    InputError: there is no group of such references.
    """
    document = xml_text.read(text)
    if any(
        one.name.lower() == name.lower() and one.element == element for one in references(document)
    ):
        return with_version(text, name, version) if version else text
    last = next((one for one in reversed(document.elements) if one.name == element), None)
    if last is None or "ItemGroup" not in last.path:
        raise InputError("parse.failed", f"the file has no {element} to put another behind")
    newline = "\r\n" if b"\r\n" in document.data else "\n"
    start = document.data.rfind(b"\n", 0, last.open) + 1
    indent = document.data[start : last.open].decode("utf-8", "surrogateescape")
    if indent.strip():
        raise InputError("parse.failed", f"the {element} does not stand on a line of its own")
    said = f' Version="{version}"' if version else ""
    made = f'{newline}{indent}<{element} Include="{name}"{said} />'
    return document.replaced((last.close, last.close, made))
