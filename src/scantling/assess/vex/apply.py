"""VEX statements applied to findings.

1. A statement bears on a finding if it names the vulnerability (by any name; where both sides know
   a CVE, by the same one) and the product is what was scanned (`identity`).
2. Only trusted authors count. `not_affected` counts with a justification or an impact statement,
   `fixed` if it says which version or image is fixed, neither before its date.
3. Of one author's words the latest counts; a word without a date is neither older nor newer.
4. `affected` wins over everything else. It opens what was undetermined, or suppressed by a source.
5. `not_affected` and `fixed` suppress, with the reason; `under_investigation` changes nothing.

Every statement ends up either used or unused with a reason; nothing disappears. Neither the order
of statements nor that of findings matters.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.assess.judge import finding_order
from scantling.assess.vex.identity import WORDS, Fit, Identity, names_of
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.image import Image
from scantling.core.model.inventory import Package
from scantling.core.model.vex import VexStatement, VexStatus

_SUPPRESSING: Final = frozenset({VexStatus.NOT_AFFECTED, VexStatus.FIXED})
_NAMELESS: Final = "it is about an image by name, and this image has none; name it"
_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class Why(StrEnum):
    """Why a statement was not applied. The first two are normal in a catalog of many products."""

    VULNERABILITY = "vulnerability"
    PRODUCT = "product"
    UNTRUSTED = "untrusted"
    UNJUSTIFIED = "unjustified"
    UNVERSIONED = "unversioned"
    FUTURE = "future"
    SUPERSEDED = "superseded"
    CONTRADICTED = "contradicted"


class Effect(StrEnum):
    """What a statement did to a finding."""

    SUPPRESSED = "suppressed"
    OPENED = "opened"
    AGREED = "agreed"
    SHOWN = "shown"


class Used(Struct, frozen=True, kw_only=True):
    """A statement that bears on findings: (identity, purl, effect) of each, sorted."""

    statement: VexStatement
    on: tuple[tuple[str, str, Effect], ...]


class Unused(Struct, frozen=True, kw_only=True):
    """A statement that was not applied to anything; `detail` is the reason as a sentence."""

    statement: VexStatement
    why: Why
    detail: str


class Applied(Struct, frozen=True, kw_only=True):
    """The findings in the order of reports, and what became of each statement, in their order."""

    findings: tuple[Finding, ...]
    used: tuple[Used, ...] = ()
    unused: tuple[Unused, ...] = ()


class _Word(Struct, frozen=True):
    """One statement that bears on a finding, with its place in the input."""

    at: int
    statement: VexStatement
    when: datetime


def apply(
    findings: Sequence[Finding],
    packages: Iterable[Package],
    image: Image,
    statements: Sequence[VexStatement],
    today: date,
    *,
    also_named: Iterable[str] = (),
) -> Applied:
    """Return the findings with the statements applied.

    `also_named` are names or digests of the image that the user vouches for, for images that have
    none (`registry.example.com/app:1.2`). Statements dated after `today` suppress nothing yet.
    """
    if not statements:
        return Applied(findings=tuple(findings))
    bench = _Bench(findings, packages, image, today, also_named)
    for at, statement in enumerate(statements):
        bench.weigh(at, statement)
    return bench.settle(statements)


class _Bench:
    """The findings, what bears on each, and what became of each statement."""

    def __init__(
        self,
        findings: Sequence[Finding],
        packages: Iterable[Package],
        image: Image,
        today: date,
        also_named: Iterable[str],
    ) -> None:
        packages = tuple(packages)
        self._findings = findings
        self._today = today
        self._packages = {(one.purl, one.owner): one for one in packages}
        names = names_of(image, also_named)
        self._named = bool(names.names)
        self._identity = Identity(packages, names)
        self._by_name: dict[str, list[int]] = {}
        self._cves = [_cves((one.id, *one.aliases)) for one in findings]
        for index, finding in enumerate(findings):
            for name in _names(finding):
                self._by_name.setdefault(name, []).append(index)
        self._words: dict[int, list[_Word]] = {}
        self._unused: dict[int, tuple[Why, str]] = {}
        self._used: dict[int, list[tuple[str, str, Effect]]] = {}

    def weigh(self, at: int, statement: VexStatement) -> None:
        """Note on which findings a statement bears, or why on none."""
        candidates: set[int] = set()
        for name in statement.vulnerabilities:
            candidates.update(self._by_name.get(name.casefold(), ()))
        if not candidates:
            self._unused[at] = (Why.VULNERABILITY, "the scan did not find this vulnerability")
            return
        cves = _cves(statement.vulnerabilities)
        best, reached = Fit.PRODUCT, []
        for index in candidates:
            known = self._cves[index]
            # Advisories that cover several vulnerabilities (DSA, USN, RHSA) are given as aliases.
            if cves and known and cves.isdisjoint(known):
                continue
            fit = self._fit(statement, self._findings[index])
            best = max(best, fit)
            if fit >= Fit.LOOSE:
                reached.append((index, fit))
        if not reached:
            nameless = best is Fit.PRODUCT and not self._named and _is_of_image(statement)
            self._unused[at] = (Why.PRODUCT, _NAMELESS if nameless else WORDS[best])
            return
        moment = _moment(statement.timestamp)
        refused = self._refused(statement, best, moment)
        if refused is not None:
            self._unused[at] = refused
            return
        word = _Word(at, statement, moment)
        for index, fit in reached:
            if statement.status is not VexStatus.FIXED or fit is Fit.EXACT:
                self._words.setdefault(index, []).append(word)

    def settle(self, statements: Sequence[VexStatement]) -> Applied:
        """Return the result once all statements are weighed."""
        findings = [*self._findings]
        open_at = {
            (one.purl, one.id) for one in findings if one.state is not FindingState.SUPPRESSED
        }
        for index, words in self._words.items():
            finding = findings[index]
            repeats = bool(finding.owner) and (finding.owner, finding.id) in open_at
            findings[index] = self._settled(finding, words, repeats=repeats)
        return Applied(
            findings=tuple(sorted(findings, key=finding_order)),
            used=tuple(
                Used(statement=statements[at], on=tuple(sorted(self._used[at])))
                for at in sorted(self._used)
            ),
            unused=tuple(
                Unused(statement=statements[at], why=why, detail=detail)
                for at, (why, detail) in sorted(self._unused.items())
                if at not in self._used
            ),
        )

    def _fit(self, statement: VexStatement, finding: Finding) -> Fit:
        package = self._packages.get((finding.purl, finding.owner))
        if package is None:
            return Fit.PRODUCT
        best, fit = Fit.PRODUCT, self._identity.fit
        for product in statement.products:
            found = fit(product, package)
            if found > best:
                best = found
                if best is Fit.EXACT:
                    break
        return best

    def _refused(
        self, statement: VexStatement, best: Fit, moment: datetime
    ) -> tuple[Why, str] | None:
        """Return why a fitting statement does not count, None if it does."""
        if not statement.trusted:
            return Why.UNTRUSTED, "it fits, but its origin is not on the trust list"
        if statement.status not in _SUPPRESSING:
            return None
        if moment.date() > self._today:
            return Why.FUTURE, f"it is dated {statement.timestamp}"
        if statement.status is VexStatus.FIXED:
            if best is not Fit.EXACT:
                return Why.UNVERSIONED, "it says fixed, but not in which version"
        elif not (statement.justification or statement.impact):
            return Why.UNJUSTIFIED, "it says not affected without justification or impact"
        return None

    def _settled(self, finding: Finding, words: list[_Word], *, repeats: bool) -> Finding:
        """Return the finding after the words about it; `repeats`: its owner has the same, open."""
        latest = _latest(words)
        kept = {one.at for one in latest}
        for word in words:
            if word.at not in kept:
                self._unused[word.at] = (Why.SUPERSEDED, "its author says otherwise since")
        affected = [one for one in latest if one.statement.status is VexStatus.AFFECTED]
        denied = [one for one in latest if one.statement.status in _SUPPRESSING]
        for word in latest:
            if word.statement.status is VexStatus.UNDER_INVESTIGATION:
                self._note(word, finding, Effect.SHOWN)
        if affected:
            speaker = _speaker(min(affected, key=_order).statement)
            for word in denied:
                self._unused[word.at] = (Why.CONTRADICTED, f"{speaker} says affected, which wins")
            return self._affected(finding, affected, repeats=repeats)
        return self._denied(finding, denied) if denied else finding

    def _affected(self, finding: Finding, words: list[_Word], *, repeats: bool) -> Finding:
        opens = finding.state is FindingState.UNDETERMINED or (
            finding.state is FindingState.SUPPRESSED and not repeats
        )
        for word in words:
            self._note(word, finding, Effect.OPENED if opens else Effect.AGREED)
        if not opens:
            return finding
        return replace(finding, state=FindingState.OPEN, reason="")

    def _denied(self, finding: Finding, words: list[_Word]) -> Finding:
        changes = finding.state is not FindingState.SUPPRESSED
        for word in words:
            self._note(word, finding, Effect.SUPPRESSED if changes else Effect.AGREED)
        if not changes:
            return finding
        statement = min(words, key=_order).statement
        # `decided_by` stays: fix, severity and texts are still that source's.
        return replace(finding, state=FindingState.SUPPRESSED, reason=_reason(statement))

    def _note(self, word: _Word, finding: Finding, effect: Effect) -> None:
        self._used.setdefault(word.at, []).append((finding.identity, finding.purl, effect))


def _is_of_image(statement: VexStatement) -> bool:
    return any(one.purl.startswith(("pkg:oci/", "pkg:docker/")) for one in statement.products)


def _names(finding: Finding) -> set[str]:
    """Return everything that it is called: some publishers name advisories, not vulnerabilities."""
    advisories = (one.advisory for one in finding.matches)
    return {name.casefold() for name in (finding.id, *finding.aliases, *advisories)}


def _cves(names: Iterable[str]) -> frozenset[str]:
    return frozenset([upper for one in names if (upper := one.upper()).startswith("CVE-")])


def _latest(words: list[_Word]) -> list[_Word]:
    """Return each author's latest words; several of one moment, and undated ones, all stay."""
    newest: dict[str, datetime] = {}
    for one in words:
        voice = _voice(one.statement)
        newest[voice] = max(one.when, newest.get(voice, _ALWAYS))
    return [one for one in words if one.when in {_ALWAYS, newest[_voice(one.statement)]}]


def _voice(statement: VexStatement) -> str:
    return statement.author or statement.document or statement.origin


def _speaker(statement: VexStatement) -> str:
    return statement.author or statement.origin or statement.document


def _reason(statement: VexStatement) -> str:
    """Return the reason of a suppressed finding; its first word is for formats to say again."""
    label = statement.justification or statement.status.value
    document = f" in {statement.document}" if statement.document else ""
    text = f"{label}, says {_speaker(statement)}{document}"
    return f"{text}: {statement.impact}" if statement.impact else text


def _order(word: _Word) -> tuple[str, ...]:
    """Return a sort key that no two different statements share as far as the reason shows them."""
    one = word.statement
    return (one.author, one.document, one.origin, one.status, one.justification, one.impact)


def _moment(text: str) -> datetime:
    """Return the moment of an RFC 3339 text, the least there is for none or an unreadable one."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # Midnight of the first day has no earlier zone.
        return _ALWAYS
