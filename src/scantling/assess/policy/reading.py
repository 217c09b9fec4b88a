"""Policies and exceptions from YAML. Whatever is wrong is an error with file and line.

A field nobody knows, a name that is no name, a date that is no date: each is refused. A policy that
is not understood must not decide anything.
"""

import hashlib
import re
from datetime import date
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from scantling.assess.policy.document import (
    About,
    Acceptance,
    Deferral,
    GapWord,
    Granter,
    Grants,
    Layer,
    Lock,
    Override,
    Policy,
    Rule,
    Scope,
    Sla,
)
from scantling.core import yaml
from scantling.core.errors import InputError, UsageError
from scantling.core.model.advisory import Level
from scantling.core.model.context import Criticality
from scantling.core.model.decision import Action
from scantling.core.model.gap import CODES

T = TypeVar("T")

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STARS: Final = 3
_WILD: Final = ("packages", "paths", "images", "products", "environments", "rules")
_SEVERITIES: Final = (Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW)

_Text = Annotated[str, Meta(min_length=1, max_length=1000)]
_Condition = Annotated[str, Meta(min_length=1, max_length=2000)]
_Days = Annotated[int, Meta(ge=0, le=3650)]
_Texts = Annotated[list[_Text], Meta(max_length=1000)]


class _Action(Struct, forbid_unknown_fields=True):
    action: Action
    sla: str = ""
    days: _Days | None = None
    until: str = ""


class _Rule(_Action, forbid_unknown_fields=True, kw_only=True):
    id: _Text
    when: _Condition = "true"
    about: About = About.FINDING
    reason: Annotated[str, Meta(max_length=1000)] = ""
    exceptions: Granter = Granter.PROJECT


class _Grants(Struct, frozen=True, forbid_unknown_fields=True):
    by: Granter = Granter.PROJECT
    max_days: _Days | None = None
    approver: Literal["required", "optional"] = "optional"


class _Policy(Struct, forbid_unknown_fields=True):
    scantling: Literal["policy/1"]
    name: _Text
    description: str = ""
    owner: str = ""
    uses: _Texts = []
    locked: _Texts = []
    rules: Annotated[list[_Rule], Meta(max_length=500)] = []
    overrides: dict[str, _Action] = {}
    sla: dict[str, dict[Level, _Days | dict[Criticality, _Days]]] = {}
    gaps: dict[str, Action] = {}
    exceptions: _Grants = _Grants()


class _Scope(Struct, forbid_unknown_fields=True):
    vulnerabilities: _Texts = []
    packages: _Texts = []
    paths: _Texts = []
    gaps: _Texts = []
    images: _Texts = []
    products: _Texts = []
    environments: _Texts = []
    rules: _Texts = []


class _Exception(Struct, forbid_unknown_fields=True):
    id: _Text
    scope: _Scope
    owner: _Text
    reason: _Text
    expires: str
    approver: str = ""


class _Exceptions(Struct, forbid_unknown_fields=True):
    scantling: Literal["exceptions/1"]
    exceptions: Annotated[list[_Exception], Meta(max_length=10_000)]


def read_policy(data: bytes, *, origin: str, layer: Layer) -> Policy:
    """Return the policy of a file. Raises UsageError: file, line, what is wrong, what to do."""
    document, raw = _decoded(data, origin, _Policy)
    _named(raw.name, document.place("name"))
    rules = [_rule(document, at, one, raw.name) for at, one in enumerate(raw.rules)]
    names = {one.name: one for one in reversed(rules)}
    for rule in rules:
        if names[rule.name] is not rule:
            raise UsageError(f"{rule.place}: a second rule {rule.name!r}; give it another id")
    tables = tuple(_table(document, raw, name) for name in sorted(raw.sla))
    policy = Policy(
        name=raw.name,
        layer=layer,
        origin=origin,
        digest=_digest(raw),
        description=raw.description.strip(),
        owner=raw.owner,
        uses=tuple(sorted(set(raw.uses))),
        rules=tuple(sorted(rules, key=lambda one: one.name)),
        overrides=tuple(_overrides(document, raw)),
        locks=tuple(_locks(document, raw)),
        sla=tables,
        gaps=tuple(_gaps(document, raw)),
        grants=Grants(
            by=raw.exceptions.by,
            max_days=raw.exceptions.max_days,
            approver=raw.exceptions.approver == "required",
        ),
    )
    _tables_exist(policy)
    return policy


def read_exceptions(data: bytes, *, origin: str, layer: Layer) -> tuple[Acceptance, ...]:
    """Return the exceptions of a file, sorted by id. Raises UsageError with file and line."""
    document, raw = _decoded(data, origin, _Exceptions)
    paths = tuple(("exceptions", at) for at in range(len(raw.exceptions)))
    lines = yaml.lines(document, paths)
    seen: dict[str, Acceptance] = {}
    for one, line in zip(raw.exceptions, lines, strict=True):
        place = f"{origin}:{line}"
        if one.id in seen:
            raise UsageError(f"{place}: a second exception {one.id!r}; give it another id")
        seen[one.id] = _acceptance(one, layer, place)
    return tuple(seen[id_] for id_ in sorted(seen))


def day(text: str, place: str, what: str) -> date:
    """Return a date. Raises UsageError naming the place for anything but `YYYY-MM-DD`."""
    try:
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError as error:
        raise UsageError(
            f"{place}: {what} takes a date such as 2026-12-31; not {text!r}"
        ) from error


def _decoded(data: bytes, origin: str, type_: type[T]) -> tuple[yaml.Document, T]:
    try:
        document = yaml.read(data, name=origin)
        return document, yaml.convert(document, type_)
    except InputError as error:
        raise UsageError(f"{error.detail}; see docs/reference/policy.md") from error


def _named(text: str, place: str) -> None:
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{place}: a name has small letters, digits, '.', '_' and '-', at most 64;"
            f" {text!r} does not fit"
        )


def _rule(document: yaml.Document, at: int, raw: _Rule, policy: str) -> Rule:
    place = document.place("rules", at)
    _named(raw.id, document.place("rules", at, "id"))
    if raw.about is not About.FINDING and (raw.sla or raw.days is not None):
        raise UsageError(f"{place}: only a finding has a day a fix exists; use 'until' instead")
    return Rule(
        name=f"{policy}/{raw.id}",
        about=raw.about,
        when=raw.when.strip(),
        action=raw.action,
        reason=" ".join(raw.reason.split()),
        place=place,
        deferral=_deferral(raw, place, policy),
        exceptions=raw.exceptions,
    )


def _deferral(raw: _Action, place: str, policy: str) -> Deferral | None:
    given = [name for name in ("sla", "days", "until") if getattr(raw, name) not in {"", None}]
    if raw.action is not Action.DEFER:
        if given:
            raise UsageError(f"{place}: {given[0]!r} belongs to action defer, not {raw.action}")
        return None
    if len(given) != 1:
        raise UsageError(f"{place}: action defer takes one of sla, days and until")
    if raw.until:
        day(raw.until, place, "until")
    sla = raw.sla if not raw.sla or "/" in raw.sla else f"{policy}/{raw.sla}"
    return Deferral(sla=sla, days=raw.days, until=raw.until)


def _overrides(document: yaml.Document, raw: _Policy) -> list[Override]:
    found = []
    for target in sorted(raw.overrides):
        place = document.place("overrides", target)
        if "/" not in target or target.startswith(f"{raw.name}/"):
            raise UsageError(
                f"{place}: overrides name a rule of another policy as policy/rule; not {target!r}"
            )
        one = raw.overrides[target]
        deferral = _deferral(one, place, raw.name)
        found.append(Override(target=target, action=one.action, place=place, deferral=deferral))
    return found


def _locks(document: yaml.Document, raw: _Policy) -> list[Lock]:
    own = {one.id for one in raw.rules}
    found = []
    for at, text in enumerate(raw.locked):
        place = document.place("locked", at)
        gaps = text == "gaps" or (text.startswith("gaps.") and text[5:] in CODES)
        if not gaps and "/" not in text and text != "*" and text not in own:
            raise UsageError(
                f"{place}: there is nothing named {text!r} to lock; locked takes ids of own rules,"
                " policy/rule, policy/*, *, gaps, and gaps.<code>"
            )
        target = text if gaps or "/" in text else f"{raw.name}/{text}"
        found.append(Lock(target=target, place=place))
    return sorted(found, key=lambda one: one.target)


def _table(document: yaml.Document, raw: _Policy, name: str) -> Sla:
    place = document.place("sla", name)
    _named(name, place)
    rows = raw.sla[name]
    missing = [str(one) for one in _SEVERITIES if one not in rows]
    if missing:
        raise UsageError(f"{place}: the table has no row for {', '.join(missing)}")
    empty = [str(level) for level, row in rows.items() if row == {}]
    if empty:
        raise UsageError(f"{place}: the row {empty[0]} has no days")
    return Sla(
        name=f"{raw.name}/{name}",
        rows=tuple((level, _row(rows[level])) for level in Level if level in rows),
    )


def _row(row: int | dict[Criticality, int]) -> tuple[tuple[Criticality, int], ...]:
    if isinstance(row, int):
        return tuple((one, row) for one in Criticality)
    return tuple((one, row[one]) for one in Criticality if one in row)


def _tables_exist(policy: Policy) -> None:
    own = {one.name for one in policy.sla}
    deferring = [
        *((one.place, one.deferral) for one in policy.rules),
        *((one.place, one.deferral) for one in policy.overrides),
    ]
    for place, deferral in deferring:
        if deferral and deferral.sla.startswith(f"{policy.name}/") and deferral.sla not in own:
            raise UsageError(f"{place}: this policy has no sla table {deferral.sla!r}")


def _gaps(document: yaml.Document, raw: _Policy) -> list[GapWord]:
    found = []
    classes = {code.partition(".")[0] for code in CODES}
    for pattern in sorted(raw.gaps):
        place = document.place("gaps", pattern)
        if pattern != "*" and pattern not in CODES and pattern.removesuffix(".*") not in classes:
            raise UsageError(
                f"{place}: there is no gap code {pattern!r}; see docs/reference/gaps.md"
            )
        if raw.gaps[pattern] is Action.DEFER:
            raise UsageError(f"{place}: a gap cannot be deferred; use allow, warn or block")
        found.append(GapWord(pattern=pattern, action=raw.gaps[pattern], place=place))
    return found


def _acceptance(raw: _Exception, layer: Layer, place: str) -> Acceptance:
    day(raw.expires, place, "expires")
    scope = Scope(
        **{name: tuple(sorted(getattr(raw.scope, name))) for name in _Scope.__struct_fields__}
    )
    if not (scope.vulnerabilities or scope.packages or scope.gaps or scope.paths or scope.rules):
        raise UsageError(
            f"{place}: the scope of exception {raw.id!r} has neither vulnerabilities, packages,"
            " paths, gaps nor rules, so it would accept everything"
        )
    unknown = [code for code in scope.gaps if code not in CODES]
    if unknown:
        raise UsageError(
            f"{place}: there is no gap code {unknown[0]!r}; see docs/reference/gaps.md"
        )
    wild = [text for field in _WILD for text in getattr(scope, field) if text.count("*") > _STARS]
    if wild:
        raise UsageError(f"{place}: {wild[0]!r} has more than {_STARS} asterisks")
    return Acceptance(
        id=raw.id,
        layer=layer,
        scope=scope,
        owner=raw.owner,
        reason=" ".join(raw.reason.split()),
        expires=raw.expires,
        approver=raw.approver,
        place=place,
    )


def _digest(raw: _Policy) -> str:
    """Return the digest of what is said: order of rules, comments and descriptions do not count."""
    said = msgspec.structs.replace(
        raw,
        description="",
        rules=sorted(raw.rules, key=lambda one: one.id),
        uses=sorted(raw.uses),
        locked=sorted(raw.locked),
    )
    data = msgspec.json.encode(said, order="deterministic")
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
