"""Which exceptions bear on a subject, and whether they still count."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from scantling.assess.policy.document import Acceptance, Grants
from scantling.assess.policy.subjects import Setting, Subject
from scantling.core.model.decision import ExceptionUse
from scantling.core.purl import without_version


def here(exceptions: Iterable[Acceptance], setting: Setting) -> tuple[Acceptance, ...]:
    """Return the exceptions whose images, products and environments fit this report."""
    image = setting.report.image
    names = (image.reference, *image.tags, image.manifest_digest, image.config_digest)
    return tuple(
        one
        for one in exceptions
        if _any(one.scope.images, [name for name in names if name])
        and _any(one.scope.products, [setting.context.product])
        and _any(one.scope.environments, [setting.context.environment])
    )


class Finder:
    """Finds the exceptions of a subject without asking each of them."""

    def __init__(self, exceptions: Sequence[Acceptance]) -> None:
        self._by_name: dict[str, list[Acceptance]] = {}
        self._others: list[Acceptance] = []
        for one in exceptions:
            names = one.scope.vulnerabilities or one.scope.gaps
            for name in names:
                self._by_name.setdefault(name, []).append(one)
            if not names:
                self._others.append(one)

    def of(self, subject: Subject) -> list[Acceptance]:
        """Return those whose scope has the subject, sorted by id."""
        if not (self._by_name or self._others):
            return []
        names: list[str] = []
        if subject.finding is not None:
            names = [subject.finding.id, *subject.finding.aliases]
        if subject.gap is not None:
            names = [subject.gap.code]
        near = {id(one): one for name in names for one in self._by_name.get(name, ())}
        near.update({id(one): one for one in self._others})
        return sorted(
            (one for one in near.values() if _has(one, subject)),
            key=lambda one: (one.id, one.place),
        )


def refusal(one: Acceptance, grants: Grants, today: date) -> str:
    """Return why an exception does not count at all, empty if it does (or has expired)."""
    if not grants.by.accepts(one.layer):
        return f"exceptions are granted by {grants.by} only"
    if grants.approver and not one.approver:
        return "it names no approver, and the policy requires one"
    if grants.max_days is not None:
        latest = today + timedelta(days=grants.max_days)
        if date.fromisoformat(one.expires) > latest:
            return f"it expires after {latest}, the latest that the policy lets it"
    return ""


def expired(one: Acceptance, today: date) -> bool:
    """Return whether this day is the exception's end or later."""
    return today >= date.fromisoformat(one.expires)


def use_of(one: Acceptance, today: date) -> ExceptionUse:
    """Return what reports say of the exception."""
    return ExceptionUse(
        id=one.id,
        owner=one.owner,
        reason=one.reason,
        approver=one.approver,
        expires=one.expires,
        expired=expired(one, today),
        origin=one.place,
    )


def _has(one: Acceptance, subject: Subject) -> bool:
    scope = one.scope
    if subject.finding is None and scope.vulnerabilities:
        return False
    if subject.gap is None and scope.gaps:
        return False
    if scope.packages and not _has_package(scope.packages, subject):
        return False
    return not scope.paths or _has_path(scope.paths, subject)


def _has_package(patterns: tuple[str, ...], subject: Subject) -> bool:
    purl = subject.finding.purl if subject.finding is not None else ""
    purl = subject.package.purl if subject.package is not None else purl
    if not purl:
        return False
    return _any(patterns, [purl, purl.partition("?")[0], without_version(purl)])


def _has_path(patterns: tuple[str, ...], subject: Subject) -> bool:
    if subject.gap is not None:
        return bool(subject.gap.path) and _any(patterns, [subject.gap.path])
    if subject.package is None or not subject.package.locations:
        return False
    # All of them: a file elsewhere is another copy, which nobody accepted.
    return all(_any(patterns, [at.path]) for at in subject.package.locations)


def _any(patterns: tuple[str, ...], texts: Sequence[str]) -> bool:
    return not patterns or any(_fits(pattern, text) for pattern in patterns for text in texts)


def _fits(pattern: str, text: str) -> bool:
    """Return whether a text is the pattern, where `*` stands for any characters."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first) or len(text) < len(pattern) - len(rest):
        return False
    at = len(first)
    for part in rest[:-1]:
        at = text.find(part, at) + len(part)
        if at < len(part):
            return False
    return text.endswith(rest[-1]) and at <= len(text) - len(rest[-1])
