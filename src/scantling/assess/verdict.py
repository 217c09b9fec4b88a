"""The verdict: `unknown` > `findings` > `clean`, and the exit code that says it to a pipeline."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from scantling.core.errors import ExitCode
from scantling.core.model.advisory import Level
from scantling.core.model.finding import Finding, FindingState, Verdict, VerdictStatus
from scantling.core.model.gap import CODES, Gap, GapKind

_ADVISORY_CODES: Final = frozenset(
    {"advisories.stale", "advisories.missing", "advisories.unverified"}
)


def decide(
    findings: Iterable[Finding],
    gaps: Iterable[Gap],
    *,
    fail_on: Level | None = None,
    allowed: frozenset[str] = frozenset(),
    new: frozenset[str] | None = None,
) -> Verdict:
    """Return the verdict.

    `fail_on` blocks open findings of this severity or worse; None blocks nothing. With `new` only
    findings of these identities block (None: all can). `allowed` are gap
    codes that the user accepts: they no longer stop the pipeline, but an unknown stays unknown.
    A finding that blocks is certain whatever else is unknown, so it decides the exit code first;
    advisory data comes before other gaps, since it is the first thing to mend.
    """
    counted = [one for one in findings if one.state is not FindingState.SUPPRESSED]
    blocking = [one for one in gaps if one.kind is GapKind.BLOCKING]
    stopping = [one for one in blocking if one.code not in allowed]
    judged = counted if new is None else [one for one in counted if one.identity in new]
    blocked = _blocked(judged, fail_on, "finding" if new is None else "new finding")
    reasons = [*blocked, *_gap_reasons(stopping), *_counts(counted)]
    return Verdict(
        status=_status(counted, blocking),
        exit_code=_exit_code(bool(blocked), stopping),
        reasons=tuple(reasons),
        allowed=tuple(sorted(allowed & {one.code for one in blocking})),
    )


def not_judged(verdict: Verdict) -> Verdict:
    """Return the verdict of an inventory: nothing was matched, so nothing is known to be clean."""
    return replace(
        verdict,
        status=VerdictStatus.UNKNOWN,
        reasons=("not judged: an inventory only", *verdict.reasons),
    )


def _status(findings: list[Finding], blocking: list[Gap]) -> VerdictStatus:
    if blocking:
        return VerdictStatus.UNKNOWN
    return VerdictStatus.FINDINGS if findings else VerdictStatus.CLEAN


def _exit_code(blocked: bool, stopping: list[Gap]) -> int:  # noqa: FBT001 - private
    if blocked:
        return ExitCode.BLOCKED
    if any(one.code in _ADVISORY_CODES for one in stopping):
        return ExitCode.NO_ADVISORY_DATA
    return ExitCode.INCOMPLETE if stopping else ExitCode.PASSED


def _blocked(findings: list[Finding], fail_on: Level | None, noun: str) -> list[str]:
    if fail_on is None:
        return []
    worst = [one for one in findings if one.severity.rank >= fail_on.rank]
    if not worst:
        return []
    ids = sorted({one.id for one in worst})
    return [f"{_number(len(worst), noun)} of severity {fail_on} or worse ({_some(ids)})"]


def _gap_reasons(gaps: list[Gap]) -> list[str]:
    codes: dict[str, list[Gap]] = {}
    for one in gaps:
        codes.setdefault(one.code, []).append(one)
    return [
        f"{code}: {CODES[code][1]}" + (f" ({len(alike)} times)" if len(alike) > 1 else "")
        for code, alike in sorted(codes.items(), key=lambda item: item[0] not in _ADVISORY_CODES)
    ]


def _counts(findings: list[Finding]) -> list[str]:
    open_ones = sum(one.state is FindingState.OPEN for one in findings)
    undetermined = len(findings) - open_ones
    counts = [_number(open_ones, "finding")] if open_ones else []
    return counts + ([f"{undetermined} undetermined"] if undetermined else [])


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")  # noqa: PLR2004
