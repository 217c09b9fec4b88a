"""The report as Markdown for a change request: short, worst first, and never longer than a budget.

What is dropped to stay within the budget are rows, from the end of the least important table first;
every table says how many of its rows are left out.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.core.model.base import Part
from scantling.core.model.decision import Action, Decision, ExceptionUse
from scantling.core.model.finding import FindingState
from scantling.core.model.gap import GapKind
from scantling.core.model.report import ScanReport
from scantling.reports import gate, view
from scantling.reports.gate import Seen
from scantling.reports.markdown_syntax import code, inert, row

_MOST_ALIKE: Final = 4
_CELL: Final = 120
"""Characters of a value from outside in a table."""
_SENTENCE: Final = 400
_HEAD: Final = row(
    "severity", "vulnerability", "package", "version → fix", "risk", "where", "decision"
) + row(*["---"] * 7)


class _Section(Struct, frozen=True, kw_only=True):
    """Rows with what stands before and after them; nothing is written when there are no rows.

    `rank` says in which order sections get their share of the budget, 0 first.
    """

    rank: int
    rows: tuple[str, ...]
    head: str = ""
    tail: str = ""

    def text(self, most: int) -> str:
        left = len(self.rows) - most
        note = f"\n{left} more rows are left out here; the JSON report has all.\n" if left else ""
        return self.head + "".join(self.rows[:most]) + note + self.tail


def digest(report: ScanReport, budget: int) -> Iterator[str]:
    """Yield the digest in pieces, together at most `budget` bytes of UTF-8 (at least 16,384)."""
    sections = [one for one in _sections(report) if one.rows]
    # What stands whatever happens: heads, tails and the longest note.
    left = budget - sum(_size(one.text(0)) for one in sections)
    kept: dict[int, int] = {}
    for at, one in sorted(enumerate(sections), key=lambda item: item[1].rank):
        kept[at] = 0
        for line in one.rows:
            left -= _size(line)
            if left < 0:
                left += _size(line)
                break
            kept[at] += 1
    yield from (one.text(kept[at]) for at, one in enumerate(sections))


def _size(text: str) -> int:
    return len(text.encode())


def _sections(report: ScanReport) -> Iterator[_Section]:
    """Yield the sections in the order of the page."""
    found = gate.seen(report)
    counting = [one for one in found if one.counts]
    yield _Section(rank=0, rows=_verdict(report))
    yield _Section(rank=1, rows=tuple(f"- {_sentence(one)}\n" for one in report.verdict.reasons))
    yield _Section(rank=1, rows=_changes(report), head="\n")
    title = "Why it is blocked" if report.verdict.exit_code else "Decisions"
    yield _Section(rank=2, rows=_stops(report, found), head=f"\n### {title}\n\n")
    yield from _tables(report, counting)
    yield _Section(rank=5, rows=_exceptions(report, found), head="\n### Exceptions\n\n")
    yield _Section(rank=4, rows=_gaps(report), head="\n### Not looked at, or worth knowing\n\n")
    yield _parts(report, counting)
    yield _lost(report)
    yield _fixed(report)
    yield _sources(report)


def _folded(title: str) -> str:
    return f"\n<details><summary>{title}</summary>\n\n"


_UNFOLDED: Final = "\n</details>\n"


def _sentence(text: str) -> str:
    return inert(text, limit=_SENTENCE)


def _verdict(report: ScanReport) -> tuple[str, ...]:
    accepted = ", ".join(report.verdict.allowed)
    digest_ = code(report.image.digest or "without digest", limit=_CELL)
    lines = [
        f"## Scantling: {inert(report.image.reference, limit=_CELL)}\n\n",
        f"**{gate.outcome(report)}**\n\n{_sentence(gate.proof(report))}\n",
        f"Image {digest_}, {inert(str(report.image.platform), limit=_CELL)}.\n\n",
    ]
    lines += [f"- accepted gaps: {_sentence(accepted)}\n"] if accepted else []
    return tuple(lines)


def _changes(report: ScanReport) -> tuple[str, ...]:
    baseline = report.baseline
    if baseline is None:
        return ()
    hidden = f", **{len(baseline.lost)} hidden by gaps**" if baseline.lost else ""
    line = (
        f"Compared with {code(baseline.name, limit=_CELL)}: **{len(baseline.new)} new**, "
        f"{len(baseline.fixed)} fixed, {baseline.unchanged} unchanged{hidden}.\n"
    )
    other = _sentence("; ".join(baseline.because))
    return (line, f"Besides the image, this differs: {other}.\n") if other else (line,)


def _stops(report: ScanReport, found: tuple[Seen, ...]) -> tuple[str, ...]:
    """Return a line for each rule that blocks, for other decisions, and for failed evaluations."""
    rules: Counter[tuple[str, str]] = Counter()
    for one in found:
        if one.blocks and one.decision is not None and one.decision.action is Action.BLOCK:
            rules[one.decision.rule, one.decision.reason] += 1
        elif one.blocks:
            rules["--fail-on", f"severity {report.fail_on} or worse"] += 1
    lines = [
        f"- {code(rule, limit=_CELL)}: {_sentence(reason)} ({view.number(count, 'finding')})\n"
        for (rule, reason), count in sorted(rules.items())
    ]
    others = [one for one in gate.other_decisions(report) if one.action is not Action.ALLOW]
    lines += [_other(one) for one in others]
    lines += [f"- a rule failed: {_sentence(one)}\n" for one in gate.errors(report)]
    return tuple(lines)


def _other(decision: Decision) -> str:
    what = inert(gate.decided(decision), limit=_CELL)
    return f"- {code(decision.subject, limit=_CELL)}: {what}: {_sentence(decision.reason)}\n"


def _tables(report: ScanReport, counting: list[Seen]) -> Iterator[_Section]:
    """Yield the tables of findings: new ones first, old ones folded; blocking ones lead."""
    new = [one for one in counting if one.new is not False]
    old = [one for one in counting if one.new is False]
    title = "Findings" if report.baseline is None else "New findings"
    yield _Section(
        rank=6, rows=_rows(report, new), head=f"\n### {title}: {len(new)}{_levels(new)}\n\n{_HEAD}"
    )
    yield _Section(
        rank=7,
        rows=_rows(report, old),
        head=_folded(f"Findings that were there before: {len(old)}{_levels(old)}") + _HEAD,
        tail=_UNFOLDED,
    )
    hidden = len(view.by_state(report, FindingState.SUPPRESSED))
    if hidden:
        yield _Section(
            rank=1, rows=(f"\n{hidden} suppressed, each with its reason in the JSON report.\n",)
        )


def _levels(some: list[Seen]) -> str:
    counts = view.level_counts(tuple(one.finding for one in some))
    text = ", ".join(f"{count} {level}" for level, count in counts)
    return f" ({text})" if text else ""


def _rows(report: ScanReport, some: list[Seen]) -> tuple[str, ...]:
    return tuple(_row(report, one) for one in sorted(some, key=lambda one: not one.blocks))


def _row(report: ScanReport, one: Seen) -> str:
    finding = one.finding
    exploited = any(signal.kind == "kev" for signal in finding.signals)
    doubt = f", {finding.state}" if finding.state is not FindingState.OPEN else ""
    decision = inert(gate.why(one, report.fail_on), limit=_CELL)
    return row(
        f"{finding.severity}{' (exploited)' if exploited else ''}{doubt}",
        code(finding.id, limit=_CELL),
        f"{inert(one.type, limit=_CELL)} {code(one.name, limit=_CELL)}",
        f"{code(one.version, limit=_CELL)} → {inert(view.fix_words(finding), limit=_CELL)}",
        f"{finding.risk.score:.0f}" if finding.risk else "",
        _where(report, one),
        f"**{decision}**" if one.blocks and decision else decision,
    )


def _where(report: ScanReport, one: Seen) -> str:
    if one.place is not None:
        return code(gate.where(one.place), limit=_CELL)
    if one.package is None:
        return ""
    step = view.instruction(report, one.package.origin)
    return inert(step, limit=60) or f"layer {one.package.origin}"


def _exceptions(report: ScanReport, found: tuple[Seen, ...]) -> tuple[str, ...]:
    """Return a row for each exception that was used or is over, soonest end first."""
    if report.policy is None:
        return ()
    names = {one.finding.identity: f"{one.finding.id} in {one.name}" for one in found}
    used: dict[ExceptionUse, list[str]] = {}
    for decision in report.policy.decisions:
        if decision.exception is not None:
            about = names.get(decision.subject, decision.subject)
            used.setdefault(decision.exception, []).append(about)
    ordered = sorted(used, key=lambda one: (one.expires or "9999", one.id))
    lines = [_exception(one, used[one]) for one in ordered]
    lines += [f"- {code(one, limit=_CELL)} is used by nothing\n" for one in _unused(report)]
    return tuple(lines)


def _exception(used: ExceptionUse, subjects: list[str]) -> str:
    until = f"until {inert(used.expires, limit=_CELL)}" if used.expires else "without an end"
    if used.expired:
        until = f"**expired {inert(used.expires, limit=_CELL)}**"
    more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
    return (
        f"- {code(used.id, limit=_CELL)} {until}: {inert(subjects[0], limit=_CELL)}{more}; "
        f"{inert(used.owner, limit=_CELL)}: {_sentence(used.reason)}\n"
    )


def _unused(report: ScanReport) -> tuple[str, ...]:
    return report.policy.unused_exceptions if report.policy else ()


def _gaps(report: ScanReport) -> tuple[str, ...]:
    lines = []
    for kind in (GapKind.BLOCKING, GapKind.INFO):
        for alike in view.by_code([one for one in report.gaps if one.kind is kind]):
            for one in alike[:_MOST_ALIKE]:
                place = view.place(one)
                at = f" at {code(place, limit=_CELL)}" if place else ""
                text = f"{_sentence(one.detail)}. {_sentence(one.advice)}"
                lines.append(f"- {code(one.code)} ({kind}){at}: {text}\n")
            if len(alike) > _MOST_ALIKE:
                more = len(alike) - _MOST_ALIKE
                lines.append(f"- {code(alike[0].code)} ({kind}): {more} more\n")
    return tuple(lines)


def _parts(report: ScanReport, counting: list[Seen]) -> _Section:
    """Return the split of what counts by whose layer it came with; nothing without a base."""
    base = report.base
    if base is None:
        return _Section(rank=3, rows=())
    tags = f":{base.tags[0]}" if base.tags else ""
    name = code(f"{base.name}{tags}" if base.name else base.digest, limit=_CELL)
    sure = "" if base.certain else " (a guess)"
    newer = f" A newer one is {code(base.newest, limit=_CELL)}." if base.newest else ""
    rows = []
    for part in (Part.OWN, Part.BASE, Part.UNKNOWN):
        some = [one for one in counting if one.part is part]
        levels = Counter(one.finding.severity for one in some)
        counts = [*(levels[level] for level in view.LEVELS), len(some), sum(x.blocks for x in some)]
        if some or part is not Part.UNKNOWN:
            rows.append(row(part, *map(str, counts)))
    return _Section(
        rank=3,
        rows=tuple(rows),
        head="\n### Base and own\n\n"
        f"Base image: {name}, {view.number(base.layers, 'layer')}{sure}.{newer}\n\n"
        + row("part", *view.LEVELS, "all", "blocking")
        + row("---", *["---:"] * (len(view.LEVELS) + 2)),
    )


def _lost(report: ScanReport) -> _Section:
    lost = report.baseline.lost if report.baseline else ()
    return _Section(
        rank=5,
        rows=_rows(report, [*gate.earlier(lost)]),
        head=f"\n### Hidden by gaps, perhaps still there: {len(lost)}\n\n{_HEAD}",
    )


def _fixed(report: ScanReport) -> _Section:
    fixed = report.baseline.fixed if report.baseline else ()
    return _Section(
        rank=8,
        rows=_rows(report, [*gate.earlier(fixed)]),
        head=_folded(f"Fixed: {len(fixed)}") + _HEAD,
        tail=_UNFOLDED,
    )


def _sources(report: ScanReport) -> _Section:
    if report.database is None:
        return _Section(rank=9, rows=())
    return _Section(
        rank=9,
        rows=tuple(
            row(*(inert(value, limit=_CELL) for value in (one.name, one.as_of[:10], one.complete)))
            for one in report.database.sources
        ),
        head=_folded("Advisory data")
        + f"{code(report.database.digest, limit=_CELL)}\n\n"
        + row("source", "of", "completeness")
        + row("---", "---", "---"),
        tail=_UNFOLDED,
    )
