"""CISA Vulnrichment: what CISA decided about a CVE, and the severity its publisher gave.

    {"containers": {"adp": [{"providerMetadata": {"shortName": "CISA-ADP"},
       "metrics": [{"other": {"type": "ssvc", "content": {"options": [{"Exploitation": "poc"},
                    {"Automatable": "no"}, {"Technical Impact": "total"}]}}}]}]}}

Signals per CVE: `ssvc` with CISA's three decision points; `cvss2`, `cvss3`, `cvss4` with vectors,
by CISA (note `cisa-adp 9.8`) where the publisher of the record gave none, else by the publisher
(note `cna 9.8`); `cwe` with weaknesses. KEV entries are left to the feed `kev`. A condensed copy
with one line per CVE (`cve`, `ssvc`, `cvss`, `by`, `cwe`; `.jsonl`) is read as well.

Source: CVE JSON record format 5.1; CISA, "Stakeholder-Specific Vulnerability Categorization";
https://github.com/cisagov/vulnrichment.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct, field

from scantling.advisories.api import Document, Feed, Record, Spool, Unreadable
from scantling.advisories.decode import from_json
from scantling.advisories.identifiers import is_cve, unique
from scantling.core.cvss.scores import base_score
from scantling.core.errors import InputError
from scantling.core.model.advisory import Signal

_DATE_CHARS: Final = 10
_CWE: Final = re.compile(r"CWE-[0-9]{1,6}")
_CISA: Final = "CISA-ADP"
_WORDS: Final = (("none", "poc", "active"), ("no", "yes"), ("partial", "total"))


class _Points(Struct):
    """Decision points of SSVC: all of them, or one of a list."""

    exploitation: str = field(default="", name="Exploitation")
    automatable: str = field(default="", name="Automatable")
    technical: str = field(default="", name="Technical Impact")


class _Content(Struct):
    options: list[_Points] = []
    timestamp: str = ""


class _Other(Struct):
    type: str = ""
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Cvss(Struct):
    vector: str = field(default="", name="vectorString")


class _Metric(Struct):
    v4_0: _Cvss | None = field(default=None, name="cvssV4_0")
    v3_1: _Cvss | None = field(default=None, name="cvssV3_1")
    v3_0: _Cvss | None = field(default=None, name="cvssV3_0")
    v2_0: _Cvss | None = field(default=None, name="cvssV2_0")
    other: _Other | None = None


class _Description(Struct):
    cwe: str = field(default="", name="cweId")


class _Problem(Struct):
    descriptions: list[_Description] = []


class _Provider(Struct):
    name: str = field(default="", name="shortName")
    updated: str = field(default="", name="dateUpdated")


class _Container(Struct):
    provider: _Provider = field(default_factory=_Provider, name="providerMetadata")
    metrics: list[_Metric] = []
    problems: list[_Problem] = field(default_factory=list, name="problemTypes")


class _Containers(Struct):
    cna: _Container = field(default_factory=_Container)
    adp: list[_Container] = []


class _Metadata(Struct):
    cve: str = field(name="cveId")


class _Entry(Struct):
    metadata: _Metadata = field(name="cveMetadata")
    containers: _Containers = field(default_factory=_Containers)


class _Line(Struct):
    cve: str
    ssvc: _Points | None = None
    cvss: str = ""
    by: str = ""
    cwe: list[str] = []


_ENTRY: Final = msgspec.json.Decoder(_Entry)
_CONTENT: Final = msgspec.json.Decoder(_Content)
_LINE: Final = msgspec.json.Decoder(_Line)


def parse(spool: Spool) -> Iterator[Record]:
    """Yield the signals of each CVE record, and of each line of a condensed copy."""
    for document in spool.documents():
        name = document.name.rpartition("/")[2]
        if name.endswith(".jsonl"):
            yield from _lines(document, spool.as_of)
        elif name.endswith(".json") and name.startswith("CVE-"):
            yield from _readable(document.name, document.data)


def _readable(name: str, data: bytes) -> Iterator[Record]:
    try:
        yield from _signals(from_json(data, _ENTRY, what="record"))
    except InputError as error:
        yield Unreadable(record=name, reason=error.detail)


def _lines(document: Document, as_of: str) -> Iterator[Record]:
    for number, data in enumerate(document.data.split(b"\n"), start=1):
        if not data.strip():
            continue
        try:
            yield from _of_line(from_json(data, _LINE, what="line"), as_of[:_DATE_CHARS])
        except InputError as error:
            yield Unreadable(record=f"{document.name}:{number}", reason=error.detail)


def _signals(entry: _Entry) -> list[Signal]:
    cve, publisher = _id(entry.metadata.cve), entry.containers.cna
    cisa = [one for one in entry.containers.adp if one.provider.name == _CISA]
    found = [
        _decision(cve, metric.other.content, container.provider.updated)
        for container in cisa
        for metric in container.metrics
        if metric.other is not None and metric.other.type == "ssvc"
    ]
    for who, containers in (("cisa-adp", cisa), ("cna", [publisher])):
        for container in containers:
            date = container.provider.updated[:_DATE_CHARS]
            texts = unique(text for one in container.metrics for text in _vectors(one))
            found += [_severity(cve, text, who, date) for text in texts]
    for container in (*cisa, publisher):
        weaknesses = (one.cwe for problem in container.problems for one in problem.descriptions)
        found += _weaknesses(cve, weaknesses, container.provider.updated[:_DATE_CHARS])
    return found


def _of_line(line: _Line, date: str) -> list[Signal]:
    cve = _id(line.cve)
    found = [] if line.ssvc is None else [_decided(cve, [line.ssvc], date)]
    if line.cvss:
        found.append(_severity(cve, line.cvss, "cisa-adp" if line.by == "adp" else "cna", date))
    return [*found, *_weaknesses(cve, line.cwe, date)]


def _id(text: str) -> str:
    if not is_cve(text):
        raise InputError("advisories.record", f"not a CVE id: {text!r}")
    return text


def _decision(cve: str, data: msgspec.Raw, updated: str) -> Signal:
    content = from_json(bytes(data), _CONTENT, what="ssvc")
    return _decided(cve, content.options, (content.timestamp or updated)[:_DATE_CHARS])


def _decided(cve: str, options: list[_Points], date: str) -> Signal:
    """Return the decision as `exploitation/automatable/technical impact`; case varies."""
    words = [
        next((word for word in said if word), "").lower()
        for said in (
            [one.exploitation for one in options],
            [one.automatable for one in options],
            [one.technical for one in options],
        )
    ]
    for word, known in zip(words, _WORDS, strict=True):
        if word not in known:
            raise InputError("advisories.record", f"not a decision of SSVC: {word!r}")
    return Signal(id=cve, kind="ssvc", value="/".join(words), date=date)


def _vectors(metric: _Metric) -> Iterator[str]:
    for said in (metric.v4_0, metric.v3_1, metric.v3_0, metric.v2_0):
        if said is not None and said.vector:
            yield said.vector


def _severity(cve: str, text: str, who: str, date: str) -> Signal:
    kind = f"cvss{text[5]}" if text.startswith(("CVSS:3", "CVSS:4")) else "cvss2"
    score = base_score(kind, text)
    if score is None:
        raise InputError("advisories.record", f"not a CVSS vector: {text!r}")
    return Signal(id=cve, kind=kind, value=text, note=f"{who} {score}", date=date)


def _weaknesses(cve: str, names: Iterable[str], date: str) -> list[Signal]:
    known = unique(name for name in names if _CWE.fullmatch(name))
    return [Signal(id=cve, kind="cwe", value=" ".join(known), date=date)] if known else []


PLUGIN: Final = Feed(
    name="vulnrichment",
    title="CISA Vulnrichment",
    license="CC0-1.0 AND cve-tou",
    attribution=(
        "CISA Vulnrichment (CC0 1.0); CVE records, copyright (c) 1999-2026 The MITRE Corporation"
        " (CVE Terms of Use)"
    ),
    urls=("https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.zip",),
    covers=(),
    parse=parse,
    stale_after_days=14,
    redistributable=True,
    homepage="https://github.com/cisagov/vulnrichment",
)
