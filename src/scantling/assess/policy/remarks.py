"""Lint: what is allowed and yet most likely not meant.

What cannot be read at all is an error of the reader. Here are rules that never speak, conditions
that ask nothing, exceptions that are over, too wide or of no use, and policies nobody owns.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import product
from math import prod
from typing import Final

from msgspec import Struct

from scantling.assess.policy.conditions import Condition, Failure, answer
from scantling.assess.policy.document import Acceptance, Policy, Rule
from scantling.assess.policy.evaluate import decide
from scantling.assess.policy.exceptions import expired, refusal
from scantling.assess.policy.layers import Effective, Ready, effective
from scantling.assess.policy.subjects import Setting, day_of
from scantling.assess.policy.values import UNKNOWN_DAYS
from scantling.assess.policy.vocabulary import Fact
from scantling.core.model.context import Context
from scantling.core.model.decision import Action
from scantling.core.model.report import ScanReport

_MOST_TRIED: Final = 5000
_BUDGET_S: Final = 0.5
"""Processor seconds for the values of one condition; a usual one takes a hundredth."""
_CLOCK_EVERY: Final = 32
_SOON_DAYS: Final = 14
_TEXT: Final = re.compile(r"\"(?P<double>[^\"\\\n]*+)\"|'(?P<single>[^'\\\n]*+)'")
_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9_.])[0-9]++(?:\.[0-9]++)?+")


class Remark(Struct, frozen=True, kw_only=True, order=True):
    """One remark: `file:line`, a code that stays the same, and a sentence with what to do."""

    place: str
    code: str
    message: str


def remarks(
    policies: Sequence[Policy], exceptions: Sequence[Acceptance], today: date
) -> tuple[Remark, ...]:
    """Return what is to be said, sorted by place. Raises UsageError if they do not fit together."""
    rules = effective(policies, exceptions)
    found = [
        *_about_policies(policies),
        *_about_overrides(policies),
        *(one for ready in rules.rules for one in _about_rule(ready, rules.rules)),
        *_about_exceptions(exceptions, rules, today),
    ]
    return tuple(sorted(found, key=lambda one: (_by_line(one.place), one.code, one.message)))


def unneeded(
    reports: Iterable[ScanReport], rules: Effective, exceptions: Sequence[Acceptance]
) -> tuple[Remark, ...]:
    """Return a remark on each exception that decides nothing in any of the reports.

    Reports are judged on their own days; images, products and environments are those of the scopes,
    so that an exception for another product is not told.
    """
    needed: set[str] = set()
    for report in reports:
        today = day_of(report.created)
        if today is None:
            continue
        for one in exceptions:
            if one.id not in needed and _decides(one, report, rules, today):
                needed.add(one.id)
    return tuple(
        Remark(
            place=one.place,
            code="exception-unused",
            message=f"exception {one.id!r} is not needed by any of the reports; remove it",
        )
        for one in exceptions
        if one.id not in needed
    )


def _decides(one: Acceptance, report: ScanReport, rules: Effective, today: date) -> bool:
    context = Context(
        product=next(iter(one.scope.products), ""),
        environment=next(iter(one.scope.environments), ""),
    )
    result = decide(rules, [one], Setting(report=report, context=context, today=today))
    return any(decision.exception is not None for decision in result.decisions)


def _by_line(place: str) -> tuple[str, int]:
    file, _, line = place.rpartition(":")
    return file, int(line) if line.isascii() and line.isdigit() else 0


def _about_policies(policies: Sequence[Policy]) -> Iterator[Remark]:
    for one in policies:
        if not one.owner:
            yield Remark(
                place=f"{one.origin}:1",
                code="owner-missing",
                message=f"policy {one.name!r} has no owner; say who answers questions about it",
            )
        if not (one.rules or one.gaps or one.overrides or one.uses):
            yield Remark(
                place=f"{one.origin}:1",
                code="policy-empty",
                message=f"policy {one.name!r} has no rules, so it decides nothing",
            )


def _about_overrides(policies: Sequence[Policy]) -> Iterator[Remark]:
    rules = {rule.name: rule for policy in policies for rule in policy.rules}
    for policy in policies:
        for one in policy.overrides:
            rule = rules.get(one.target)
            if rule and (rule.action, rule.deferral) == (one.action, one.deferral):
                yield Remark(
                    place=one.place,
                    code="override-same",
                    message=f"{one.target} asks for {one.action} already; remove the override",
                )


def _about_rule(ready: Ready, rules: Sequence[Ready]) -> Iterator[Remark]:
    rule, condition = ready.rule, ready.condition
    place = rule.place
    if rule.action is Action.ALLOW and not rule.overridden:
        yield Remark(
            place=place,
            code="rule-allows",
            message=f"{rule.name} has no effect: other rules still count; use an exception or an"
            " override",
        )
    truth = _truth(condition)
    if truth == "never":
        yield Remark(
            place=place,
            code="condition-never",
            message=f"the condition of {rule.name} can never be true; the rule never speaks",
        )
    elif truth == "always" and condition.facts:
        yield Remark(
            place=place,
            code="condition-always",
            message=f'the condition of {rule.name} is always true; write when: "true" if that is'
            " meant",
        )
    for other in rules:
        if _shadows(other.rule, rule):
            yield Remark(
                place=place,
                code="rule-unreachable",
                message=f"{rule.name} never decides: {other.rule.name} has the same condition and"
                f" asks for {other.rule.action}",
            )


def _shadows(other: Rule, rule: Rule) -> bool:
    """Return whether another rule always decides before this one."""
    same = other.name != rule.name and other.about is rule.about and _bare(other) == _bare(rule)
    stricter = other.action.rank > rule.action.rank and other.action is Action.BLOCK
    twice = (other.action, other.deferral) == (rule.action, rule.deferral)
    return same and (stricter or (twice and other.name < rule.name))


def _bare(rule: Rule) -> str:
    return " ".join(rule.when.split())


def _truth(condition: Condition) -> str:
    """Return `always`, `never` or empty: told by trying every kind of value the facts can have.

    Facts with few values have all of them tried; texts and numbers those that the condition names,
    and their neighbors. Nothing is said of a condition with too many combinations.
    """
    domains = [_domain(one, condition.source) for one in condition.facts]
    if prod(map(len, domains)) > _MOST_TRIED:
        return ""
    names = [one.name for one in condition.facts]
    said: set[bool | Failure] = set()
    deadline = time.process_time() + _BUDGET_S
    for at, values in enumerate(product(*domains)):
        if at % _CLOCK_EVERY == 0 and time.process_time() > deadline:
            return ""
        said.add(answer(condition, dict(zip(names, values, strict=True))))
        if len(said) > 1:
            return ""
    if said == {True}:
        return "always"
    return "never" if said == {False} else ""


def _domain(fact: Fact, source: str) -> list[object]:
    texts = sorted({one["double"] or one["single"] or "" for one in _TEXT.finditer(source)})
    numbers = [float(one[0]) for one in _NUMBER.finditer(source)]
    match fact.type:
        case "bool":
            return [False, True]
        case "string":
            return [*fact.values] if fact.values else ["", "\N{REPLACEMENT CHARACTER}", *texts]
        case "double":
            near = {0.0, 1.0, 10.0, 100.0}
            near.update(number + step for number in numbers for step in (-0.001, 0.0, 0.001))
            return [*sorted(near)]
        case "int":
            whole = {0, 1, UNKNOWN_DAYS}
            whole.update(int(number) + step for number in numbers for step in (-1, 0, 1))
            return [*sorted(whole)]
        case "list(string)":
            return [[], ["\N{REPLACEMENT CHARACTER}"], *([text] for text in texts), texts]
        case _:
            # Maps and times have no few values to try.
            return [None] * (_MOST_TRIED + 1)


def _about_exceptions(
    exceptions: Iterable[Acceptance], rules: Effective, today: date
) -> Iterator[Remark]:
    names = {one.rule.name for one in rules.rules}
    for one in exceptions:
        for code, message in _about_exception(one, rules, names, today):
            yield Remark(place=one.place, code=code, message=f"exception {one.id!r} {message}")


def _about_exception(
    one: Acceptance, rules: Effective, names: set[str], today: date
) -> Iterator[tuple[str, str]]:
    scope = one.scope
    if expired(one, today):
        yield (
            "exception-expired",
            f"expired on {one.expires}, so what it accepted blocks; fix it, or have it renewed",
        )
    elif expired(one, today + timedelta(days=_SOON_DAYS)):
        yield "exception-ends", f"expires on {one.expires}; fix it, or have it renewed"
    why = refusal(one, rules.grants, today)
    if why:
        yield "exception-refused", f"does not count: {why}"
    if not one.approver and not why:
        yield "approver-missing", "names no approver; say who agreed"
    if scope.vulnerabilities and scope.gaps:
        yield "exception-useless", "is about vulnerabilities and gaps; nothing is both, split it"
    if not (scope.vulnerabilities or scope.gaps):
        yield "exception-wide", "accepts vulnerabilities not known yet; name those it is about"
    wide = [text for text in (*scope.packages, *scope.paths) if not text.strip("*/")]
    if wide:
        yield "exception-wide", f"has {wide[0]!r}, which is everything; leave it out"
    for rule in scope.rules:
        if not rule.endswith("*") and "/gaps." not in rule and rule not in names:
            yield "exception-useless", f"is about rule {rule!r}, which there is not"
