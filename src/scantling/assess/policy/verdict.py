"""The verdict once policies have spoken: the same exit codes, decided by the policies.

A scan alone ends with 3 or 5 when something was not looked at. A policy may say of a gap that it
only warns; then, and only then, the scan passes in spite of it, and stays `unknown`.
"""

from typing import Final

from msgspec.structs import replace

from scantling.core.errors import ExitCode
from scantling.core.model.decision import Action, Decision, PolicyResult
from scantling.core.model.finding import Verdict

_ADVISORIES: Final = "gap:advisories."
_GAP: Final = "gap:"
_INCOMPLETE: Final = (ExitCode.INCOMPLETE, ExitCode.NO_ADVISORY_DATA)
_SHOWN: Final = 3


def verdict_with(result: PolicyResult, verdict: Verdict) -> Verdict:
    """Return the verdict of the scan and the policies together; its status stays as it was.

    1 if anything but a gap blocks, an evaluation failed, or the scan's own limit (`--fail-on`)
    blocks; else 5 or 3 if a gap blocks, or the scan is incomplete and no policy spoke of its gaps;
    else 0.
    """
    blocked = [one for one in result.decisions if one.action is Action.BLOCK]
    gaps = [one for one in blocked if one.subject.startswith(_GAP)]
    certain = [one for one in blocked if not one.subject.startswith(_GAP)]
    said = _reasons(certain, gaps, result)
    return replace(
        verdict,
        exit_code=int(_exit_code(result, verdict, certain, gaps)),
        reasons=(
            *said,
            *(one for one in verdict.reasons if one not in said),
            *_passed(result, verdict),
        ),
    )


def _exit_code(
    result: PolicyResult, verdict: Verdict, certain: list[Decision], gaps: list[Decision]
) -> int:
    if certain or result.errors or verdict.exit_code == ExitCode.BLOCKED:
        return ExitCode.BLOCKED
    if any(one.subject.startswith(_ADVISORIES) for one in gaps):
        return ExitCode.NO_ADVISORY_DATA
    if gaps:
        return ExitCode.INCOMPLETE
    heard = any(one.subject.startswith(_GAP) for one in result.decisions)
    if verdict.exit_code in _INCOMPLETE and heard:
        return ExitCode.PASSED
    # A block that is none of the above is one we do not understand.
    return ExitCode.BLOCKED if result.action is Action.BLOCK else verdict.exit_code


def _reasons(
    certain: list[Decision], gaps: list[Decision], result: PolicyResult
) -> tuple[str, ...]:
    by_rule: dict[str, int] = {}
    for one in (*certain, *gaps):
        by_rule[one.rule] = by_rule.get(one.rule, 0) + 1
    rules = [
        f"{rule} blocks" + (f" {count} times" if count > 1 else "")
        for rule, count in by_rule.items()
    ]
    late = sum(one.exception is not None and one.exception.expired for one in certain)
    more = [f"{late} expired exception{'' if late == 1 else 's'}"] if late else []
    errors = [f"a policy could not be evaluated: {one}" for one in result.errors[:_SHOWN]]
    return (*errors, *rules, *more)


def _passed(result: PolicyResult, verdict: Verdict) -> tuple[str, ...]:
    """Say which gaps would have stopped the scan alone: among the reasons they look like blocks."""
    let = [
        one.subject.removeprefix(_GAP)
        for one in result.decisions
        if one.subject.startswith(_GAP) and one.action is not Action.BLOCK
    ]
    codes = [code for code in let if any(one.startswith(f"{code}:") for one in verdict.reasons)]
    return (f"the policy lets pass: {', '.join(codes)}",) if codes else ()
