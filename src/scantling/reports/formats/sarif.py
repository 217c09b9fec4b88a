"""SARIF 2.1.0: for code scanning. One run per image, one rule per vulnerability or policy rule.

`automationDetails.id` is a category per image and platform, so that results of one image never
replace another's, and fingerprints are the findings' identities, so that a rebuild does not reopen
everything. A result is at the line of the project that brings the package when it is known, else at
the package's file in the image. A scan with blocking gaps says `executionSuccessful: false` and
lists them as notifications.

GitHub shows results with `suppressions` and with `baselineState: absent` as open alerts. Therefore
suppressed, excepted and fixed findings are written only with `--show-suppressed`, and counted in a
notification otherwise. What exceeds GitHub's limits (25,000 results, 10 MB compressed) is left out
from the end, and counted as well.

Source: OASIS SARIF 2.1.0; GitHub Docs, "SARIF support for code scanning" (`security-severity`,
`primaryLocationLineHash`), "SARIF results exceed one or more limits".
"""

import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from scantling.core.model.decision import Action
from scantling.core.model.gap import CODES, Gap, GapKind
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import gate, sarif_results, view
from scantling.reports.api import Format, Look
from scantling.reports.gate import Seen
from scantling.reports.sarif_results import Json

MOST_RESULTS: Final = 25_000
MOST_BYTES: Final = 10_000_000
"""Of the gzip stream that is uploaded."""
_MOST_GAPS: Final = 1000
_MOST_CHARS: Final = 4096
_LEFT_OUT: Final = "report.left-out"
_POLICY: Final = "policy.error"
_OWN_CODES: Final = {
    _LEFT_OUT: "what this document leaves out",
    _POLICY: "a rule of the policy could not be evaluated",
}


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces."""
    most = MOST_RESULTS
    while True:
        encoded = msgspec.json.encode(_document(report, look, most))
        size = len(zlib.compress(encoded, 6)) if len(encoded) > MOST_BYTES else len(encoded)
        if size <= MOST_BYTES or not most:
            yield msgspec.json.format(encoded, indent=2).decode()
            return
        most = min(most, len(report.findings)) * MOST_BYTES // size * 9 // 10


def _document(report: ScanReport, look: Look, most: int) -> Json:
    wanted = [*_wanted(report, look)]
    others = [one for one in gate.other_decisions(report) if one.action is not Action.ALLOW]
    kept, decided = wanted[: max(most - len(others), 0)], others[:most]
    rules = sarif_results.Rules([one.finding for one in kept], decided)
    left_out = [*_left_out(report, look, len(wanted) - len(kept) + len(others) - len(decided))]
    codes = sorted({one.code for one in report.gaps} | {one for one, _ in left_out})
    run: Json = {
        "tool": {
            "driver": {
                "name": "Scantling",
                "version": report.tool_version,
                "semanticVersion": report.tool_version,
                "rules": rules.values,
                "notifications": [_descriptor(code) for code in codes],
            }
        },
        "automationDetails": {"id": f"{gate.category(report)}/"},
        "originalUriBaseIds": {
            sarif_results.ROOT: {"description": {"text": "The root of the project."}}
        },
        "invocations": [_invocation(report, codes, left_out)],
        "results": [
            *(sarif_results.of_decision(one, rules) for one in decided),
            *(sarif_results.of_finding(report, one, rules) for one in kept),
        ],
        "columnKind": "unicodeCodePoints",
        "properties": _properties(report),
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }


def _wanted(report: ScanReport, look: Look) -> Iterator[Seen]:
    """Yield what is to be a result: blocking ones first, then in the report's order."""
    found = [one for one in gate.seen(report) if one.counts or look.show_suppressed]
    yield from sorted(found, key=lambda one: not one.blocks)
    if report.baseline is not None and look.show_suppressed:
        yield from gate.earlier(report.baseline.fixed)


def _left_out(report: ScanReport, look: Look, beyond: int) -> Iterator[tuple[str, str]]:
    """Yield (code, sentence) for what is no result although the report has it."""
    if beyond:
        yield _LEFT_OUT, f"{view.number(beyond, 'result')} beyond the limits of code scanning"
    hidden = sum(not one.counts for one in gate.seen(report))
    if hidden and not look.show_suppressed:
        yield _LEFT_OUT, f"{view.number(hidden, 'finding')} suppressed or excepted"
    baseline = report.baseline
    if baseline is not None and baseline.fixed and not look.show_suppressed:
        yield (
            _LEFT_OUT,
            f"{view.number(len(baseline.fixed), 'finding')} fixed since {baseline.name}",
        )
    if baseline is not None and baseline.lost:
        lost = view.number(len(baseline.lost), "finding")
        yield _LEFT_OUT, f"{lost} of {baseline.name} hidden by gaps, perhaps still there"
    if len(report.gaps) > _MOST_GAPS:
        yield _LEFT_OUT, f"{len(report.gaps) - _MOST_GAPS} gaps"
    for text in gate.errors(report):
        yield _POLICY, text


def _properties(report: ScanReport) -> Json:
    properties: Json = {
        "verdict": report.verdict.status,
        "imageDigest": neutral(report.image.digest),
        "imageReference": neutral(report.image.reference),
        "databaseDigest": report.database.digest if report.database else "",
    }
    if report.base is not None:
        base = f"{report.base.name}@{report.base.digest}".strip("@")
        properties |= {"baseImage": neutral(base), "baseLayers": report.base.layers}
    if report.policy is not None:
        properties |= {"policyDigest": report.policy.digest, "policyAction": report.policy.action}
    return properties


def _descriptor(code: str) -> Json:
    text = _OWN_CODES[code] if code in _OWN_CODES else CODES[code][1]
    return {"id": code, "shortDescription": {"text": text}}


def _invocation(report: ScanReport, codes: list[str], left_out: list[tuple[str, str]]) -> Json:
    blocking = any(one.kind is GapKind.BLOCKING for one in report.gaps)
    failed = bool(gate.errors(report))
    notifications = [_notification(one, codes) for one in report.gaps[:_MOST_GAPS]]
    for code, text in left_out:
        level = "error" if code == _POLICY else "note"
        notifications.append(_note(code, level, text, codes))
    return {
        "executionSuccessful": not (blocking or failed),
        "exitCode": report.verdict.exit_code,
        "exitCodeDescription": neutral(view.headline(report), limit=_MOST_CHARS),
        "endTimeUtc": report.created,
        "toolExecutionNotifications": notifications,
    }


def _notification(one: Gap, codes: list[str]) -> Json:
    where = view.place(one)
    text = f"{f'{where}: ' if where else ''}{one.detail}. {one.advice}"
    return _note(one.code, "error" if one.kind is GapKind.BLOCKING else "note", text, codes)


def _note(code: str, level: str, text: str, codes: list[str]) -> Json:
    return {
        "descriptor": {"id": code, "index": codes.index(code)},
        "level": level,
        "message": {"text": neutral(text, limit=_MOST_CHARS)},
    }


PLUGIN: Final = Format(
    name="sarif", media_type="application/sarif+json", suffix=".sarif", render=render
)
