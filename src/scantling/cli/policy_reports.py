"""`scantling policy explain` and `replay`: policies and reports that were stored as JSON."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from scantling.assess.policy.document import Acceptance
from scantling.assess.policy.explain import Explanation, explain
from scantling.assess.policy.layers import Effective, effective
from scantling.assess.policy.library import exceptions_of, policies_of
from scantling.assess.policy.reading import day
from scantling.assess.policy.replay import Replayed, Summary, replay, summary
from scantling.assess.policy.subjects import Setting, day_of
from scantling.core.errors import ExitCode, UsageError
from scantling.core.model.context import Context
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports.stored import stored_report

_SHOWN: Final = 5


def run_explain(args: argparse.Namespace) -> int:
    """Write which rules spoke about what was asked for, with the values they saw."""
    rules, exceptions = _effective(args)
    report = stored_report(Path(args.report))
    today = day(args.today, "--today", "it") if args.today else day_of(report.created)
    if today is None:
        raise UsageError(f"{args.report}: the report has no date; give one with --today")
    context = replace(report.context, **_context(args.context))
    setting = Setting(report=report, context=context, today=today)
    found = [*explain(rules, exceptions, setting, args.term)]
    if args.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    elif found:
        sys.stdout.write("\n".join(row for one in found for row in _explained(one)) + "\n")
    else:
        sys.stdout.write(f"{_nothing(report, args.term)}\n")
    return ExitCode.PASSED


def _nothing(report: ScanReport, term: str) -> str:
    """Return why no rule was asked about this."""
    for one in report.findings:
        if term in {one.id, one.identity, one.purl, *one.aliases}:
            said = f"{neutral(term)} is suppressed, so no rule is asked about it"
            return f"{said}: {neutral(one.reason)}"
    return f"nothing in the report is called {neutral(term)!r}"


def _explained(one: Explanation) -> Iterator[str]:
    yield f"{neutral(one.label)}: {one.decision.action if one.decision else 'no rule spoke'}"
    if one.decision is not None:
        due = f", due {one.decision.due}" if one.decision.due else ""
        yield f"  by {one.decision.rule}{due}: {neutral(one.decision.reason)}"
    for asked in one.asked:
        said = str(asked.said).lower() if isinstance(asked.said, bool) else "no answer, blocks"
        yield f"  {asked.rule} ({neutral(asked.place)}) {asked.action} when {neutral(asked.when)}"
        yield f"    {said}" + (f": {asked.said}" if isinstance(asked.said, str) else "")
        for name, value in asked.values:
            yield f"      {name} = {neutral(value, limit=200)}"
    yield ""


def run_replay(args: argparse.Namespace) -> int:
    """Write what would have been decided; 3 if a file in a folder is not a report."""
    rules, exceptions = _effective(args)
    told = _context(args.context)
    today = day(args.today, "--today", "it") if args.today else None
    replayed: list[Replayed] = []
    unread: list[str] = []
    for path, named in _files(args.reports):
        try:
            report = stored_report(path)
            context = replace(report.context, **told)
            replayed.append(replay(str(path), report, rules, exceptions, context, today=today))
        except UsageError as error:
            if named:
                raise
            unread.append(str(error))
    replayed.sort()
    _write_replayed(replayed, summary(replayed), unread, as_json=args.json)
    return ExitCode.INCOMPLETE if unread else ExitCode.PASSED


def _files(names: list[str]) -> Iterator[tuple[Path, bool]]:
    """Yield (file, was named); folders give their `*.json`, sorted."""
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from ((one, False) for one in sorted(path.rglob("*.json")))
        else:
            yield path, True


def _effective(args: argparse.Namespace) -> tuple[Effective, tuple[Acceptance, ...]]:
    if not args.policy:
        raise UsageError("which policy? Give --policy, such as --policy baseline")
    exceptions = exceptions_of(args.exceptions)
    return effective(policies_of(args.policy), exceptions), exceptions


def _context(words: list[str]) -> dict[str, object]:
    """Return the fields of a context that NAME=VALUE words give. Raises UsageError."""
    values: dict[str, object] = {}
    owners: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in {*Context.__struct_fields__, "owner"} - {"owners"}:
            raise UsageError(f"--context {word!r}: see --help for the names")
        if name == "owner":
            owners.append(value)
        else:
            values[name] = value
    if owners:
        values["owners"] = owners
    try:
        known = msgspec.convert(values, Context)
    except msgspec.ValidationError as error:
        raise UsageError(f"--context: {error}") from error
    return {name: getattr(known, name) for name in values}


def _write_replayed(
    replayed: list[Replayed], sums: Summary, unread: list[str], *, as_json: bool
) -> None:
    if as_json:
        rows = [msgspec.json.encode(one).decode() for one in (*replayed, sums)]
        sys.stdout.write("\n".join(rows) + "\n")
    else:
        sys.stdout.write("\n".join([*map(_row, replayed), "", *_sums(sums)]) + "\n")
    for one in unread:
        sys.stderr.write(f"scantling: {neutral(one, limit=400)}\n")


def _row(one: Replayed) -> str:
    rules = ", ".join(
        f"{rule} {count} times" if count > 1 else rule for rule, count in one.rules[:_SHOWN]
    )
    errors = f"; {len(one.errors)} rules failed" if one.errors else ""
    whom = f" ({neutral(one.whom)})" if one.whom != one.image else ""
    return (
        f"{one.day}  {one.action:<5}  exit {one.before} → {one.after}  {neutral(one.image)}{whom}"
        f"{'  ' + rules if rules else ''}{errors}"
    )


def _sums(sums: Summary) -> Iterator[str]:
    yield (
        f"{sums.reports} reports: {sums.blocked} blocked, {sums.passed} passed;"
        f" {sums.newly_blocked} passed before and would not, {sums.newly_passed} the other way"
    )
    for title, pairs in (
        ("by rule", sums.by_rule),
        ("for whom", sums.by_whom),
        ("when", sums.by_month),
    ):
        if pairs:
            said = ", ".join(f"{neutral(name)} {count}" for name, count in pairs[: _SHOWN * 3])
            yield f"{title}: {said}"
