"""Evaluate: every rule is asked about every subject, and the strictest answer counts.

Pure and repeatable: the same report, policies, exceptions, context and day give the same bytes. A
rule can only add to what others ask for; the one way to less is an exception, with an owner and an
end. A condition that fails to give an answer blocks.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.assess.policy.conditions import Failure, answer, plain
from scantling.assess.policy.document import About, Acceptance, Layer, Policy, Rule
from scantling.assess.policy.exceptions import Finder, expired, here, refusal, use_of
from scantling.assess.policy.layers import Effective, Ready, effective
from scantling.assess.policy.subjects import (
    Setting,
    Subject,
    fixable,
    subjects_of,
)
from scantling.assess.policy.vocabulary import Fact
from scantling.core.model.context import Context
from scantling.core.model.decision import Action, Decision, PolicyResult
from scantling.core.model.gap import GapKind
from scantling.core.model.report import ScanReport

BUDGET_S: Final = 10.0
"""Processor seconds of one evaluation; 1,300 findings and 10 rules take a hundredth of one."""


_FIRST: Final = {one: -one.rank for one in Action}


_CLOCK_EVERY: Final = 32
"""Evaluations between two looks at the clock; each is bounded by itself to a few milliseconds."""


class _Asked(Struct, frozen=True, kw_only=True):
    """What stays the same while rules are asked; `deadline` in processor seconds."""

    rules: Effective
    setting: Setting
    subjects: Mapping[About, tuple[Subject, ...]]
    deadline: float
    columns: dict[tuple[About, str], list[object]]
    """Values of facts for all subjects of a kind, read once for all rules."""


class Word(Struct, frozen=True, kw_only=True):
    """What one rule asks for today. `due` is the day a deferral ends, empty without one."""

    rule: str
    action: Action
    reason: str
    due: str = ""
    accepts: Callable[[Layer], bool]
    """Whether an exception of this layer counts against the rule."""


def evaluate(
    report: ScanReport,
    policies: Sequence[Policy],
    exceptions: Sequence[Acceptance],
    context: Context,
    today: date,
    *,
    first_seen: Mapping[str, date] | None = None,
    budget_s: float = BUDGET_S,
) -> PolicyResult:
    """Return what the policies decide about the report on this day.

    `context` is what the caller knows, usually the report's own. `first_seen` says when a finding
    (by identity) was first reported, where somebody remembers. Raises UsageError (file, line) when
    the policies do not fit together.
    """
    setting = Setting(report=report, context=context, today=today, first_seen=first_seen or {})
    return decide(effective(policies, exceptions), exceptions, setting, budget_s=budget_s)


def decide(
    rules: Effective,
    exceptions: Sequence[Acceptance],
    setting: Setting,
    *,
    budget_s: float = BUDGET_S,
) -> PolicyResult:
    """Return the result for policies that were put together before; see `evaluate`."""
    subjects = subjects_of(setting)
    asked = _Asked(
        rules=rules,
        setting=setting,
        subjects=subjects,
        deadline=time.process_time() + budget_s,
        columns={},
    )
    words, errors = _words(asked)
    near = here(exceptions, setting)
    refused = {id(one): why for one in near if (why := refusal(one, rules.grants, setting.today))}
    finder = Finder(near)
    decisions: dict[str, Decision] = {}
    used: set[str] = set()
    for kind in About:
        for subject in subjects[kind]:
            told = words.get(id(subject))
            if told:
                decision = _decision(subject, told, finder.of(subject), refused, setting.today)
                _keep(decisions, decision)
                if decision.exception is not None:
                    used.add(decision.exception.id)
    ordered = sorted(decisions.values(), key=lambda one: (-one.action.rank, one.subject))
    worst = max((one.action for one in ordered), key=lambda one: one.rank, default=Action.ALLOW)
    return PolicyResult(
        action=Action.BLOCK if errors else worst,
        digest=rules.digest,
        today=setting.today.isoformat(),
        policies=rules.used,
        decisions=tuple(ordered),
        errors=tuple(errors),
        unused_exceptions=tuple(
            _unused(one, refused.get(id(one), "")) for one in near if one.id not in used
        ),
    )


def _unused(one: Acceptance, why: str) -> str:
    return f"{one.id} ({one.place})" + (f": {why}" if why else "")


def _words(asked: _Asked) -> tuple[dict[int, list[Word]], list[str]]:
    """Return what rules say of each subject, by its `id()`, and what failed."""
    words: dict[int, list[Word]] = {}
    errors: list[str] = []
    for ready in asked.rules.rules:
        failure = _ask(ready, asked, words)
        if failure:
            errors.append(f"{ready.rule.place}: rule {ready.rule.name}: {failure}")
    for subject in asked.subjects[About.GAP]:
        word = _gap_word(subject, asked.rules, asked.setting)
        if word is not None:
            words.setdefault(id(subject), []).append(word)
    return words, errors


def _ask(ready: Ready, asked: _Asked, words: dict[int, list[Word]]) -> str:
    """Ask a rule about its subjects and add its words; return why it failed, empty if it did not.

    Subjects with the same values of the facts it asks for get the same answer, asked for once.
    """
    setting, subjects = asked.setting, asked.subjects[ready.rule.about]
    if not subjects:
        return ""
    condition = ready.condition
    values = {one.name: plain(one.value(setting, subjects[0])) for one in condition.shared}
    names = [one.name for one in condition.own]
    columns = [_column(one, ready.rule.about, asked) for one in condition.own]
    rows = zip(*columns, strict=True) if columns else iter([()] * len(subjects))
    answers: dict[tuple[object, ...], bool | Failure] = {}
    said_words: dict[object, Word] = {}
    for subject, row in zip(subjects, rows, strict=True):
        said = answers.get(row)
        if said is None:
            if len(answers) % _CLOCK_EVERY == 0 and time.process_time() > asked.deadline:
                return "the evaluation took too long; simplify the conditions"
            for name, value in zip(names, row, strict=True):
                values[name] = plain(value)
            said = answers[row] = answer(condition, values)
        if isinstance(said, Failure):
            return f"no answer about {subject.label}: {said.reason}"
        if said:
            key = _deciding(ready.rule, subject)
            word = said_words.get(key)
            if word is None:
                word = said_words[key] = _word(ready.rule, asked.rules, setting, subject)
            words.setdefault(id(subject), []).append(word)
    return ""


def _column(fact: Fact, about: About, asked: _Asked) -> list[object]:
    known = asked.columns.get((about, fact.name))
    if known is None:
        known = [fact.value(asked.setting, one) for one in asked.subjects[about]]
        asked.columns[about, fact.name] = known
    return known


def _deciding(rule: Rule, subject: Subject) -> object:
    """Return what of the subject a rule's word depends on, once its condition is true."""
    if rule.deferral is None or subject.finding is None:
        return None
    return subject.fix_since, subject.finding.severity, fixable(subject.finding)


def _word(rule: Rule, rules: Effective, setting: Setting, subject: Subject) -> Word:
    reason = rule.reason or f"{rule.name} asks for it"
    action, due, note = rule.action, "", ""
    if rule.deferral is not None:
        action, due, note = _deferred(rule, rules, setting, subject)
    return Word(
        rule=rule.name,
        action=action,
        due=due,
        reason=f"{reason.rstrip('.')}; {note}" if note else reason,
        accepts=rule.exceptions.accepts,
    )


def _deferred(
    rule: Rule, rules: Effective, setting: Setting, subject: Subject
) -> tuple[Action, str, str]:
    """Return action, due day and a note for a rule that defers."""
    deferral = rule.deferral
    if deferral is None:
        raise AssertionError("only for rules that defer")
    if deferral.until:
        return _until(date.fromisoformat(deferral.until), setting.today, "")
    finding = subject.finding
    if finding is None:
        raise AssertionError("the reader lets only rules about findings count days")
    days = deferral.days
    if days is None:
        days = rules.sla[deferral.sla].days(finding.severity, setting.context.criticality)
    if not fixable(finding):
        return Action.WARN, "", f"no fix exists; {_days(days)} count from the day there is one"
    if subject.fix_since is None:
        due = setting.today + timedelta(days=days)
        since = f"{_days(days)} from today, for no source dates the fix"
        return _until(due, setting.today, since)
    due = min(subject.fix_since, setting.today) + timedelta(days=days)
    return _until(
        due, setting.today, f"{_days(days)} from {subject.fix_since}, when a source knew a fix"
    )


def _until(due: date, today: date, since: str) -> tuple[Action, str, str]:
    note = f"due {due}" + (f", {since}" if since else "")
    return (Action.BLOCK if today >= due else Action.DEFER), due.isoformat(), note


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _gap_word(subject: Subject, rules: Effective, setting: Setting) -> Word | None:
    """Return what holds for a blocking gap: a policy's table, else it blocks; None for others."""
    gap = subject.gap
    if gap is None or gap.kind is not GapKind.BLOCKING:
        return None
    # A report of a newer Scantling may have a code we do not know: it blocks.
    action, by = rules.gaps.get(gap.code, (Action.BLOCK, "scantling"))
    reason = "what was not looked at may hide anything"
    accepted = gap.code in setting.report.verdict.allowed
    if accepted and action is Action.BLOCK:
        if gap.code in rules.gaps_locked:
            reason += "; it was accepted for this run, but a policy locks that"
        else:
            action, reason = Action.WARN, "accepted for this run"
    lowest = rules.gaps_locked.get(gap.code, Layer.PROJECT)

    def accepts(layer: Layer) -> bool:
        return layer.rank <= lowest.rank

    return Word(rule=f"{by}/gaps.{gap.code}", action=action, reason=reason, accepts=accepts)


def _decision(
    subject: Subject,
    words: list[Word],
    exceptions: list[Acceptance],
    refused: Mapping[int, str],
    today: date,
) -> Decision:
    if not exceptions:
        return _made(subject, words)
    valid = [one for one in exceptions if id(one) not in refused and not expired(one, today)]
    strict = [one for one in words if one.action is not Action.ALLOW]
    left = [word for word in strict if not any(_covers(one, word) for one in valid)]
    useful = [one for one in valid if any(_covers(one, word) for word in strict)]
    if strict and not left:
        chosen = min(useful, key=lambda one: (one.id, one.place))
        decision = _made(subject, words, f"accepted: {chosen.reason}")
        return replace(decision, action=Action.ALLOW, due="", exception=use_of(chosen, today))
    over = [
        one
        for one in exceptions
        if id(one) not in refused
        and expired(one, today)
        and any(_covers(one, word) for word in left)
    ]
    if over:
        late = min(over, key=lambda one: (one.id, one.place))
        decision = _made(subject, left, _expiry(late))
        return replace(decision, action=Action.BLOCK, due="", exception=use_of(late, today))
    decision = _made(subject, left or words)
    spoken = [one for one in exceptions if id(one) in refused]
    if spoken and left:
        why = f"exception {spoken[0].id} does not count: {refused[id(spoken[0])]}"
        return replace(decision, reason=f"{decision.reason}; {why}")
    return decision


def _expiry(one: Acceptance) -> str:
    return (
        f"exception {one.id} of {one.owner} expired on {one.expires} ({one.place}): fix it, or have"
        " the exception renewed"
    )


def _made(subject: Subject, words: list[Word], reason: str = "") -> Decision:
    worst, *others = sorted(words, key=_order) if len(words) > 1 else words
    return Decision(
        subject=subject.key,
        action=worst.action,
        rule=worst.rule,
        reason=reason or worst.reason,
        due=worst.due,
        others=tuple(one.rule for one in others),
    )


def _order(word: Word) -> tuple[int, str, str]:
    return _FIRST[word.action], word.due or "9999", word.rule


def _covers(one: Acceptance, word: Word) -> bool:
    rules = one.scope.rules
    named = not rules or any(
        word.rule == rule or (rule.endswith("*") and word.rule.startswith(rule[:-1]))
        for rule in rules
    )
    return named and word.accepts(one.layer)


def _keep(decisions: dict[str, Decision], one: Decision) -> None:
    """Keep the stricter of two decisions about one subject (a gap code may occur many times)."""
    other = decisions.get(one.subject)
    if other is None or _rank(one) < _rank(other):
        decisions[one.subject] = one


def _rank(one: Decision) -> tuple[int, str, str, str]:
    return -one.action.rank, one.due or "9999", one.rule, one.reason
