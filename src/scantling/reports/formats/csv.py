"""CSV: one row for each finding, for a spreadsheet or a query.

Columns keep their names and their order; new ones come last. Rows are sorted as in the other
reports for people: open, undetermined, suppressed; in each the highest risk first. Lists are joined
with spaces, a missing value is empty, numbers have a point. What was not looked at comes as rows of
its own after the findings, with `gap` as the state and the code as the id, so that a sheet of an
incomplete scan cannot be taken for the whole.

A cell that a spreadsheet would run (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return)
begins with an apostrophe instead. A program that reads the file takes one leading apostrophe off.

The columns:

- `state`: `open`, `undetermined`, `suppressed` or `gap`; `id`, `aliases`: of the vulnerability
- `severity`, `severity_source`, `score`, `vector`: who rated it how, with the CVSS base score
- `risk`, `risk_low`, `risk_high`: 0 to 100, and the range that missing facts leave
- `kev`: the day it was listed as exploited; `epss`: the probability in 0 to 1
- `type`, `package`, `version`, `purl`, `owner`: the package, and the one that installed it
- `fix`, `fixed_in`: what the source does about it, and the fixing versions
- `part`: `base` or `own`; `layer`, from 0; `path`: where the package was seen
- `project_file`, `project_line`: the line to edit
- `decision`, `due`, `exception`, `exception_expires`: what the policy says
- `reason`, `decided_by`, `summary`: why it has its state, by whose word, and what it is about
- `identity`: stays the same through rebuilds; `image`, `image_digest`, `verdict`: of the scan

Source: RFC 4180; OWASP, "CSV Injection".
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from scantling.core.model.decision import Decision
from scantling.core.model.finding import Finding
from scantling.core.model.gap import Gap
from scantling.core.model.inventory import Package
from scantling.core.model.place import Place
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import summary, view
from scantling.reports.api import Format, Look

COLUMNS: Final = (
    "state",
    "id",
    "aliases",
    "severity",
    "severity_source",
    "score",
    "vector",
    "risk",
    "risk_low",
    "risk_high",
    "kev",
    "epss",
    "type",
    "package",
    "version",
    "fix",
    "fixed_in",
    "purl",
    "owner",
    "part",
    "layer",
    "path",
    "project_file",
    "project_line",
    "decision",
    "due",
    "exception",
    "exception_expires",
    "reason",
    "decided_by",
    "summary",
    "identity",
    "image",
    "image_digest",
    "verdict",
)
_QUOTED: Final = re.compile(r'[",\r\n]|^ | $')
# Fullwidth forms too: some spreadsheets take them for the plain ones.
_FORMULA: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "'",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)
_LONGEST: Final = 4096


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the head and the rows, each with CR LF. Suppressed findings are always there."""
    del look
    yield _line(COLUMNS)
    packages = view.packages_by_purl(report)
    decisions = summary.decisions(report)
    places = summary.places(report)
    image = {
        "image": report.image.reference,
        "image_digest": report.image.digest,
        "verdict": report.verdict.status.value,
    }
    for one in summary.by_risk(report.findings):
        package = packages.get((one.purl, one.owner))
        found = _package(package) | _place(places.get(one.purl))
        yield _row(_finding(one) | found | _decision(decisions.get(one.identity)) | image)
    for gap in report.gaps:
        yield _row(_gap(gap) | image)


def _finding(one: Finding) -> dict[str, str]:
    chance = summary.probability(one)
    risk = one.risk
    known = summary.exploited(one)
    return {
        "state": one.state,
        "id": one.id,
        "aliases": " ".join(one.aliases),
        "severity": one.severity,
        "severity_source": one.severity_source,
        "score": "" if one.score is None else f"{one.score:.1f}",
        "vector": one.vector,
        "risk": "" if risk is None else f"{risk.score:.1f}",
        "risk_low": "" if risk is None else f"{risk.low:.1f}",
        "risk_high": "" if risk is None else f"{risk.high:.1f}",
        "kev": "" if known is None else known.value or "yes",
        "epss": "" if chance is None else f"{chance:.5f}",
        "fix": one.fix,
        "fixed_in": " ".join(one.fixed_in),
        "purl": one.purl,
        "owner": one.owner,
        "part": one.part,
        "reason": one.reason,
        "decided_by": one.decided_by,
        "summary": one.summary,
        "identity": one.identity,
    }


def _package(one: Package | None) -> dict[str, str]:
    if one is None:
        return {}
    return {
        "type": one.type,
        "package": view.package_name(one),
        "version": one.version,
        "layer": str(one.origin),
        "path": one.locations[0].path if one.locations else "",
    }


def _place(one: Place | None) -> dict[str, str]:
    return {} if one is None else {"project_file": one.path, "project_line": str(one.line)}


def _decision(one: Decision | None) -> dict[str, str]:
    if one is None:
        return {}
    said = {"decision": one.action.value, "due": one.due}
    if one.exception is not None:
        said |= {"exception": one.exception.id, "exception_expires": one.exception.expires}
    return said


def _gap(one: Gap) -> dict[str, str]:
    return {
        "state": "gap",
        "id": one.code,
        "severity": one.kind,
        "layer": "" if one.layer is None else str(one.layer),
        "path": one.path,
        "reason": one.detail,
        "summary": one.advice,
    }


def _row(cells: dict[str, str]) -> str:
    return _line([cells.get(name, "") for name in COLUMNS])


def _line(cells: Iterable[str]) -> str:
    return ",".join(map(_cell, cells)) + "\r\n"


def _cell(value: str) -> str:
    """Return the value as one cell: on one line, never a formula, quoted where it must be."""
    armed = value.lstrip().startswith(_FORMULA) or value.startswith(_FORMULA)
    shown = neutral(value, limit=_LONGEST)
    if armed:
        shown = "'" + shown
    if _QUOTED.search(shown):
        return '"' + shown.replace('"', '""') + '"'
    return shown


PLUGIN = Format(
    name="csv", media_type="text/csv; charset=utf-8; header=present", suffix=".csv", render=render
)
