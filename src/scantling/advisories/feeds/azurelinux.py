"""Azure Linux and CBL-Mariner: vulnerabilities of source packages, from Microsoft's OVAL documents.

A definition is about one CVE and one package: affected below a version, or up to one where there is
no fix (`patchable` false). Only the plain form is read (every criterion is an RPM version test that
the definition joins by AND); anything else is unreadable rather than simplified.

Source: https://github.com/microsoft/AzureLinuxVulnerabilityData; OVAL 5.11, "rpminfo_test".
"""

import re
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from msgspec import Struct, field

from scantling.advisories.api import (
    Completeness,
    Coverage,
    Document,
    Feed,
    Record,
    Spool,
    Unreadable,
)
from scantling.core.errors import InputError
from scantling.core.model.advisory import (
    Advisory,
    Fix,
    Interval,
    Reference,
    Severity,
    Statement,
)

_FILE: Final = re.compile(
    r"(?P<product>azurelinux|cbl-mariner)-(?P<release>[0-9]+\.[0-9]+)-oval\.xml"
)
_DISTROS: Final = {"azurelinux": "azurelinux", "cbl-mariner": "mariner"}
_TEXTS: Final = frozenset(
    {"title", "patchable", "advisory_date", "severity", "description", "name", "evr"}
)
_TEXT_CHARS: Final = 65_536


class _Definition(Struct):
    id: str
    cve: str = ""
    url: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    operators: set[str] = field(default_factory=set)
    tests: list[str] = field(default_factory=list)


class _Bound(Struct):
    operation: str = ""
    evr: str = ""


class _Oval:
    """Collects what expat reports; entities and document types are refused."""

    def __init__(self) -> None:
        self.definitions: list[_Definition] = []
        self.tests: dict[str, tuple[str, str]] = {}
        self.objects: dict[str, str] = {}
        self.states: dict[str, _Bound] = {}
        self._test = ""
        self._current = ""
        self._text: list[str] | None = None
        self._length = 0

    def read(self, data: bytes) -> None:
        """Read a document. Raises InputError when it is not well-formed or declares entities."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        try:
            parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
        except (expat.ExpatError, ValueError) as error:  # ValueError: an unknown encoding
            raise InputError("advisories.record", f"not well-formed XML: {error}") from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        id_ = attributes.get("id", "")
        definition = self.definitions[-1] if self.definitions else None
        if name in _TEXTS:
            self._text, self._length = [], 0
        match name:
            case "definition":
                self.definitions.append(_Definition(id=id_))
            case "reference" if definition and attributes.get("source") == "CVE":
                definition.cve = attributes.get("ref_id", "")
                definition.url = attributes.get("ref_url", "")
            case "criteria" if definition:
                definition.operators.add(attributes.get("operator", "AND"))
            case "criterion" if definition:
                definition.tests.append(attributes.get("test_ref", ""))
            case "rpminfo_test":
                self._test = id_
            case "object" | "state" if self._test:
                one, other = self.tests.get(self._test, ("", ""))
                found = attributes.get(f"{name}_ref", "")
                self.tests[self._test] = (found, other) if name == "object" else (one, found)
            case "rpminfo_object" | "rpminfo_state":
                self._current = id_
            case "evr":
                self.states[self._current] = _Bound(operation=attributes.get("operation", ""))
            case _:
                pass  # The other elements say nothing about versions.

    def _end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "rpminfo_test":
            self._test = ""
        if self._text is None or name not in _TEXTS:
            return
        text = "".join(self._text).strip()
        self._text = None
        if name == "name":
            self.objects[self._current] = text
        elif name == "evr":
            self.states[self._current].evr = text.replace(" ", "")  # `0: 1.20.10-1.azl3` occurs
        elif self.definitions:
            self.definitions[-1].texts[name] = text

    def _data(self, text: str) -> None:
        if self._text is None:
            return
        self._length += len(text)
        if self._length > _TEXT_CHARS:
            raise InputError("limit.records", "a text is longer than allowed")
        self._text.append(text)


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each definition of each `*-oval.xml` document."""
    for document in spool.documents():
        found = _FILE.fullmatch(document.name.rpartition("/")[2])
        if found is not None:
            ecosystem = f"rpm/{_DISTROS[found['product']]}:{found['release']}"
            yield from _document(document, ecosystem)


def _document(document: Document, ecosystem: str) -> Iterator[Record]:
    oval = _Oval()
    try:
        oval.read(document.data)
    except InputError as error:
        yield Unreadable(record=document.name, reason=error.detail)
        return
    for definition in oval.definitions:
        try:
            yield _advisory(definition, oval, ecosystem)
        except InputError as error:
            yield Unreadable(record=f"{document.name}: {definition.id}", reason=error.detail)


def _advisory(definition: _Definition, oval: _Oval, ecosystem: str) -> Advisory:
    if not definition.cve or len(definition.tests) != 1 or definition.operators - {"AND"}:
        raise InputError("advisories.record", "not about one CVE and one package test")
    object_, state = oval.tests.get(definition.tests[0], ("", ""))
    package, bound = oval.objects.get(object_, ""), oval.states.get(state, _Bound())
    if not package or not bound.evr or bound.operation not in {"less than", "less than or equal"}:
        raise InputError("advisories.record", f"its test says {bound.operation!r} {bound.evr!r}")
    fixed = bound.operation == "less than"
    word = definition.texts.get("severity", "")
    severities = (Severity(source="azurelinux", kind="word", value=word),) if word else ()
    return Advisory(
        id=definition.id,
        source="azurelinux",
        aliases=(definition.cve,),
        summary=definition.texts.get("title", ""),
        details=definition.texts.get("description", ""),
        published=definition.texts.get("advisory_date", ""),
        severities=severities,
        references=(Reference(url=definition.url),) if definition.url else (),
        statements=(
            Statement(
                ecosystem=ecosystem,
                package=package,
                vulnerability=definition.cve,
                fix=Fix.FIXED if fixed else Fix.NONE,
                ranges=(Interval(high=bound.evr, high_inclusive=not fixed),),
                fixed_in=(bound.evr,) if fixed else (),
                severities=severities,
                source_package=True,
            ),
        ),
    )


def _refuse(*_: object) -> None:
    raise InputError("advisories.record", "declares a document type or an entity")


_RAW: Final = "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main"

PLUGIN: Final = Feed(
    name="azurelinux",
    title="Azure Linux and CBL-Mariner OVAL",
    license="MIT",
    attribution="Azure Linux Vulnerability Data, Microsoft (MIT)",
    urls=tuple(
        f"{_RAW}/{name}-oval.xml"
        for name in ("azurelinux-3.0", "cbl-mariner-2.0", "cbl-mariner-1.0")
    ),
    covers=(
        Coverage(ecosystem="rpm/azurelinux:", completeness=Completeness.FULL),
        Coverage(ecosystem="rpm/mariner:", completeness=Completeness.FULL),
    ),
    parse=parse,
    redistributable=True,
    homepage="https://github.com/microsoft/AzureLinuxVulnerabilityData",
)
