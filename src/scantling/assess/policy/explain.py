"""Explain: which rules were asked about a subject, with what values, and what they said."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from scantling.assess.policy.conditions import Failure, answer, plain
from scantling.assess.policy.document import About, Acceptance
from scantling.assess.policy.evaluate import decide
from scantling.assess.policy.layers import Effective, Ready
from scantling.assess.policy.subjects import Setting, Subject, subjects_of
from scantling.core.model.decision import Action, Decision


class Asked(Struct, frozen=True, kw_only=True):
    """One rule that was asked. `said` is True, False, or why there was no answer."""

    rule: str
    place: str
    action: Action
    when: str
    said: bool | str
    values: tuple[tuple[str, str], ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """Everything about one subject; no decision: no rule spoke, it passes."""

    subject: str
    label: str
    asked: tuple[Asked, ...]
    decision: Decision | None = None


def explain(
    rules: Effective, exceptions: Sequence[Acceptance], setting: Setting, term: str
) -> Iterator[Explanation]:
    """Yield what was decided about every subject that `term` names, and why.

    `term` is an id or alias, a purl or the name of a package, a gap code, an identity or `image`.
    """
    result = decide(rules, exceptions, setting)
    decisions = {one.subject: one for one in result.decisions}
    subjects = subjects_of(setting)
    for kind in About:
        ready = [one for one in rules.rules if one.rule.about is kind]
        for subject in subjects[kind]:
            if term in _names(subject):
                yield Explanation(
                    subject=subject.key,
                    label=subject.label,
                    asked=tuple(_asked(one, setting, subject) for one in ready),
                    decision=decisions.get(subject.key),
                )


def _names(subject: Subject) -> set[str]:
    names = {subject.key}
    if subject.finding is not None:
        names |= {subject.finding.id, subject.finding.purl, *subject.finding.aliases}
    if subject.package is not None:
        names |= {subject.package.purl, subject.package.name}
    if subject.gap is not None:
        names.add(subject.gap.code)
    return names


def _asked(ready: Ready, setting: Setting, subject: Subject) -> Asked:
    values = {one.name: one.value(setting, subject) for one in ready.condition.facts}
    said = answer(ready.condition, {name: plain(value) for name, value in values.items()})
    return Asked(
        rule=ready.rule.name,
        place=ready.rule.overridden or ready.rule.place,
        action=ready.rule.action,
        when=" ".join(ready.rule.when.split()),
        said=said.reason if isinstance(said, Failure) else said,
        values=tuple((name, _shown(value)) for name, value in values.items()),
    )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
