"""Replay: what policies would have decided about reports that are already there.

Each report is judged for its own day, so that the answer is what a pipeline would have got then.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from scantling.assess.policy.document import Acceptance
from scantling.assess.policy.evaluate import decide
from scantling.assess.policy.layers import Effective
from scantling.assess.policy.subjects import Setting, day_of
from scantling.assess.policy.verdict import verdict_with
from scantling.assess.verdict import decide as scan_verdict
from scantling.core.errors import UsageError
from scantling.core.model.context import Context
from scantling.core.model.decision import Action
from scantling.core.model.report import ScanReport


class Replayed(Struct, frozen=True, kw_only=True, order=True):
    """One report, judged again. `before` and `after` are exit codes; `day` is `YYYY-MM-DD`.

    `whom` is the product, team or first owner that is known, else the image. `rules` are those that
    block, with how often; `counts` how many subjects each action has.
    """

    day: str
    image: str
    name: str
    whom: str
    action: Action
    before: int
    after: int
    rules: tuple[tuple[str, int], ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    errors: tuple[str, ...] = ()


class Summary(Struct, frozen=True, kw_only=True):
    """All of them together; pairs are sorted by number, greatest first, then by name."""

    reports: int
    passed: int
    blocked: int
    newly_blocked: int
    newly_passed: int
    by_rule: tuple[tuple[str, int], ...]
    by_whom: tuple[tuple[str, int], ...]
    by_month: tuple[tuple[str, int], ...]


def replay(
    name: str,
    report: ScanReport,
    rules: Effective,
    exceptions: Sequence[Acceptance],
    context: Context,
    *,
    today: date | None = None,
) -> Replayed:
    """Return what the policies say of a stored report, called `name`; `today`: on another day.

    What the scan was stopped by then, a limit or other policies, does not count; gaps that the run
    accepted stay accepted. Raises UsageError for a report without a date.
    """
    day = today or day_of(report.created)
    if day is None:
        raise UsageError(f"{name}: the report has no date ('created'); give one with --today")
    setting = Setting(report=report, context=context, today=day)
    result = decide(rules, exceptions, setting)
    scanned = scan_verdict(report.findings, report.gaps, allowed=frozenset(report.verdict.allowed))
    blocking = Counter(one.rule for one in result.decisions if one.action is Action.BLOCK)
    counts = Counter(str(one.action) for one in result.decisions)
    return Replayed(
        day=day.isoformat(),
        image=report.image.reference,
        name=name,
        whom=_whom(context, report.image.reference),
        action=result.action,
        before=report.verdict.exit_code,
        after=verdict_with(result, scanned).exit_code,
        rules=_ranked(blocking),
        counts=_ranked(counts),
        errors=result.errors,
    )


def summary(replayed: Iterable[Replayed]) -> Summary:
    """Return the sums over many reports."""
    many = [*replayed]
    blocked = [one for one in many if one.after]
    return Summary(
        reports=len(many),
        passed=len(many) - len(blocked),
        blocked=len(blocked),
        newly_blocked=sum(not one.before for one in blocked),
        newly_passed=sum(bool(one.before) and not one.after for one in many),
        by_rule=_ranked(Counter(rule for one in blocked for rule, _ in one.rules)),
        by_whom=_ranked(Counter(one.whom for one in blocked)),
        by_month=tuple(sorted(Counter(one.day[:7] for one in blocked).items())),
    )


def _whom(context: Context, image: str) -> str:
    owner = context.owners[0] if context.owners else ""
    return context.product or context.team or owner or image


def _ranked(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
