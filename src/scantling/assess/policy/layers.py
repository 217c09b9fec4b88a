"""Layers: organization, team and project become one set of rules, and locks are held.

Nothing depends on the order of files: policies are told apart by name, rules by `<policy>/<rule>`,
and where two of one layer disagree the stricter word counts. Every broken lock is an error: a
policy that says it is stronger than it is would be worse than none.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from scantling.assess.policy.conditions import Condition, checked
from scantling.assess.policy.document import (
    Acceptance,
    Deferral,
    Granter,
    Grants,
    Layer,
    Lock,
    Override,
    Policy,
    Rule,
    Sla,
)
from scantling.core.errors import UsageError
from scantling.core.model.advisory import Level
from scantling.core.model.context import Criticality
from scantling.core.model.decision import Action, PolicyUsed
from scantling.core.model.gap import CODES, GapKind

MOST_RULES: Final = 500


class Ready(Struct, frozen=True, kw_only=True):
    """A rule that can be asked, with the layer it is from."""

    rule: Rule
    condition: Condition
    layer: Layer


class Effective(Struct, frozen=True, kw_only=True):
    """What holds after all layers. `rules` by name, `gaps` by code, `sla` by name."""

    rules: tuple[Ready, ...]
    gaps: dict[str, tuple[Action, str]]
    """Action and the name of the policy that decides it, for each blocking gap code."""
    gaps_locked: dict[str, Layer]
    """The highest layer that locks a gap code; a lower one cannot accept it either."""
    sla: dict[str, Sla]
    grants: Grants
    used: tuple[PolicyUsed, ...]
    digest: str


def effective(policies: Sequence[Policy], exceptions: Iterable[Acceptance] = ()) -> Effective:
    """Return what the policies come to. Raises UsageError: file, line, what to do.

    `digest` names policies and exceptions, whatever order and files they came in.
    """
    ordered = _distinct(policies)
    locks = [(policy, lock) for policy in ordered for lock in policy.locks]
    tables = {one.name: one for policy in ordered for one in policy.sla}
    rules = _overridden(ordered, locks, tables)
    _check_tables(rules, tables)
    if len(rules) > MOST_RULES:
        raise UsageError(f"{len(rules)} rules; at most {MOST_RULES} can be applied together")
    used = tuple(
        PolicyUsed(name=one.name, layer=str(one.layer), origin=one.origin, digest=one.digest)
        for one in ordered
    )
    return Effective(
        rules=tuple(Ready(rule=one, condition=_checked(one), layer=layer) for one, layer in rules),
        gaps=_gaps(ordered, locks),
        gaps_locked=_locked_gaps(locks),
        sla=tables,
        grants=_grants(ordered),
        used=used,
        digest=_digest(used, exceptions),
    )


def _distinct(policies: Sequence[Policy]) -> list[Policy]:
    """Return the policies, highest layer first, then by name. One given twice counts once."""
    found: dict[str, Policy] = {}
    for one in policies:
        other = found.setdefault(one.name, one)
        if (other.digest, other.layer) != (one.digest, one.layer):
            raise UsageError(
                f"{one.origin}: a policy named {one.name!r} is already in {other.origin}; rename it"
            )
    return sorted(found.values(), key=lambda one: (one.layer.rank, one.name))


def _overridden(
    policies: list[Policy], locks: list[tuple[Policy, Lock]], tables: dict[str, Sla]
) -> list[tuple[Rule, Layer]]:
    rules = {rule.name: (rule, policy.layer) for policy in policies for rule in policy.rules}
    for layer in Layer:
        wanted: dict[str, list[tuple[Policy, Override]]] = {}
        for policy in policies:
            if policy.layer is layer:
                for one in policy.overrides:
                    wanted.setdefault(one.target, []).append((policy, one))
        for target, overrides in sorted(wanted.items()):
            for policy, one in overrides:
                _may_override(policy, one, rules, locks, tables)
            rule, owner = rules[target]
            strictest = min(overrides, key=lambda pair: _strictness(pair[1], tables))[1]
            rules[target] = (_replaced(rule, strictest), owner)
    return [rules[name] for name in sorted(rules)]


def _replaced(rule: Rule, override: Override) -> Rule:
    return replace(
        rule, action=override.action, deferral=override.deferral, overridden=override.place
    )


def _may_override(
    policy: Policy,
    override: Override,
    rules: dict[str, tuple[Rule, Layer]],
    locks: list[tuple[Policy, Lock]],
    tables: dict[str, Sla],
) -> None:
    if override.target not in rules:
        raise UsageError(
            f"{override.place}: there is no rule {override.target!r} to override; its policy must"
            " be given too"
        )
    rule, owner = rules[override.target]
    if owner.rank >= policy.layer.rank:
        raise UsageError(
            f"{override.place}: {override.target} is not of a higher layer than {policy.layer};"
            " change the rule itself"
        )
    for locker, lock in locks:
        if locker.layer.rank >= policy.layer.rank or not _covers(lock.target, override.target):
            continue
        if _weaker(override, rule, tables):
            raise UsageError(
                f"{override.place}: {override.target} is locked by {locker.layer} ({lock.place});"
                f" remove this override{_ask(locker)}"
            )


def _ask(policy: Policy) -> str:
    return f", or ask {policy.owner}" if policy.owner else ""


def _weaker(override: Override, rule: Rule, tables: dict[str, Sla]) -> bool:
    """Return whether the override is weaker, or cannot be compared with what it replaces."""
    if override.action is not rule.action:
        return override.action.rank < rule.action.rank
    new, old = override.deferral, rule.deferral
    if new is None or old is None:
        return False
    if new.until and old.until:
        return new.until > old.until
    if new.until or old.until:
        return True
    return any(
        _days(new, tables, level, one) > _days(old, tables, level, one)
        for level in Level
        for one in Criticality
    )


def _days(deferral: Deferral, tables: dict[str, Sla], level: Level, one: Criticality) -> int:
    if deferral.days is not None:
        return deferral.days
    return tables[deferral.sla].days(level, one) if deferral.sla in tables else 0


def _strictness(one: Override, tables: dict[str, Sla]) -> tuple[int, int, str]:
    """Return a key that is smaller for the stricter of two overrides of one layer.

    Where deferrals differ in kind the choice is only a fixed one, so that the order of files does
    not matter: fewer days first, by the longest of a table, then dates.
    """
    deferral = one.deferral
    if deferral is None:
        return -one.action.rank, 0, ""
    if deferral.until:
        return -one.action.rank, _UNTIL, deferral.until
    longest = max(_days(deferral, tables, level, each) for level in Level for each in Criticality)
    return -one.action.rank, longest, deferral.sla


_UNTIL: Final = 1_000_000


def _check_tables(rules: list[tuple[Rule, Layer]], tables: dict[str, Sla]) -> None:
    for rule, _ in rules:
        name = rule.deferral.sla if rule.deferral else ""
        if name and name not in tables:
            raise UsageError(
                f"{rule.overridden or rule.place}: there is no sla table {name!r}; its policy must"
                " be given too"
            )


def _checked(rule: Rule) -> Condition:
    try:
        return checked(rule.when, rule.about)
    except UsageError as error:
        raise UsageError(f"{rule.place}: rule {rule.name}: {error}") from error


def _gaps(
    policies: list[Policy], locks: list[tuple[Policy, Lock]]
) -> dict[str, tuple[Action, str]]:
    """Return the action on each blocking gap; where no policy speaks it blocks."""
    decided: dict[str, tuple[Action, str]] = {}
    for code, (kind, _, _) in CODES.items():
        if kind is GapKind.BLOCKING:
            decided[code] = _gap(code, policies, locks)
    return decided


def _gap(code: str, policies: list[Policy], locks: list[tuple[Policy, Lock]]) -> tuple[Action, str]:
    current, by = Action.BLOCK, "scantling"
    for layer in Layer:
        words = [
            (word, policy)
            for policy in policies
            if policy.layer is layer
            for word in policy.gaps
            if _covers(word.pattern, code)
        ]
        if not words:
            continue
        exact = max(_exactness(word.pattern) for word, _ in words)
        told = [pair for pair in words if _exactness(pair[0].pattern) == exact]
        word, policy = max(told, key=lambda pair: (pair[0].action.rank, pair[1].name))
        for locker, lock in locks:
            higher = locker.layer.rank < layer.rank
            weaker = word.action.rank < current.rank
            if higher and weaker and _covers(lock.target, f"gaps.{code}"):
                raise UsageError(
                    f"{word.place}: gaps.{code} is locked by {locker.layer} ({lock.place});"
                    f" remove this line{_ask(locker)}"
                )
        current, by = word.action, policy.name
    return current, by


def _locked_gaps(locks: list[tuple[Policy, Lock]]) -> dict[str, Layer]:
    found: dict[str, Layer] = {}
    for policy, lock in locks:  # highest layer first
        for code in CODES:
            if _covers(lock.target, f"gaps.{code}"):
                found.setdefault(code, policy.layer)
    return found


def _exactness(pattern: str) -> int:
    return 0 if pattern == "*" else (1 if pattern.endswith("*") else 2)


def _covers(pattern: str, name: str) -> bool:
    """Return whether `*`, `x/*`, `x.*`, `gaps` or the name itself covers the name."""
    if pattern == "gaps":
        return name.startswith("gaps.")
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return pattern == name


def _grants(policies: list[Policy]) -> Grants:
    """Return the strictest word on exceptions: no layer can make them easier than a higher one."""
    order = [*Granter]
    days = [one.grants.max_days for one in policies if one.grants.max_days is not None]
    return Grants(
        by=min((one.grants.by for one in policies), key=order.index, default=Granter.PROJECT),
        max_days=min(days, default=None),
        approver=any(one.grants.approver for one in policies),
    )


def _digest(used: tuple[PolicyUsed, ...], exceptions: Iterable[Acceptance]) -> str:
    said = {
        "policies": [(one.layer, one.name, one.digest) for one in used],
        "exceptions": sorted(
            msgspec.json.encode(replace(one, place="")).decode() for one in exceptions
        ),
    }
    return f"sha256:{hashlib.sha256(msgspec.json.encode(said, order='sorted')).hexdigest()}"
