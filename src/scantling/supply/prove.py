"""Proofs that claimed fixes are in an image. Unknown is never fixed.

For each claim, the report of a new scan is asked, in this order:

1. The finding is still there, be it in a package of another name that sources speak of in the same
   words (`libssl3t64` for `libssl3`, both of openssl): *not fixed*. Suppressed or undetermined:
   *not provable*, since nobody saw a fix. A copy whose owner, an OS package, its distributor clears
   does not count; it is fixed where the owner is.
2. The package is gone: *fixed*, if nothing that could hide a package was left unread.
3. The package is the same version as before: *not provable*; advisories changed, the image did not.
4. Sources know the vulnerability of this package and clear its version: *fixed*. They do not know
   it: *fixed* only from the highest version on that was said to fix it.

A list of claims that people wrote has no evidence that its packages were ever there. So a package
that is not in the image counts as gone only if an advisory about the vulnerability speaks of it:
a misspelled name proves nothing.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from scantling.core import purl
from scantling.core.errors import ExitCode
from scantling.core.model.advisory import Advisory, Stored
from scantling.core.model.finding import Finding, FindingState, Match, Outcome
from scantling.core.model.gap import GapKind
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.matching.match import match_package
from scantling.supply.claims import Claim, matched_by
from scantling.versions.registry import scheme_for

# Blocking gaps of these kinds are about advisories and versions: they hide no package.
_ABOUT_KNOWLEDGE: Final = ("advisories.", "coverage.", "version.", "os.end-of-life", "os.no-rel")
_SHOWN: Final = 3


class Proof(StrEnum):
    """What a rescan shows about a claim."""

    FIXED = "fixed"
    NOT_FIXED = "not-fixed"
    NOT_PROVABLE = "not-provable"


class Advisories(Protocol):
    """What proving asks the database."""

    def lookup(self, ecosystem: str, package: str, /) -> tuple[Stored, ...]: ...

    def find(self, id_: str, /) -> tuple[Advisory, ...]: ...


class Answer(Struct, frozen=True, kw_only=True):
    """The answer about one claim. `because` is a sentence.

    `packages` are those of the new image that it rests on, `layers` (from 0) where they are from.
    """

    claim: Claim
    proof: Proof
    because: str
    packages: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()


def prove(
    claims: Iterable[Claim], report: ScanReport, advisories: Advisories
) -> tuple[Answer, ...]:
    """Return an answer for each claim, in their order."""
    prover = _Prover(report, advisories)
    return tuple(prover.answer(claim) for claim in claims)


def exit_code(answers: Iterable[Answer]) -> ExitCode:
    """Return 0 if everything is proven, 1 if something is not fixed, else 3."""
    proofs = {one.proof for one in answers}
    if Proof.NOT_FIXED in proofs:
        return ExitCode.BLOCKED
    return ExitCode.INCOMPLETE if Proof.NOT_PROVABLE in proofs else ExitCode.PASSED


class _Prover:
    """One report and one database, asked about many claims."""

    def __init__(self, report: ScanReport, advisories: Advisories) -> None:
        self._report = report
        self._advisories = advisories
        self._unread = sorted(
            {
                one.code
                for one in report.gaps
                if one.kind is GapKind.BLOCKING and not one.code.startswith(_ABOUT_KNOWLEDGE)
            }
        )

    def answer(self, claim: Claim) -> Answer:
        """Return the answer about a claim; the steps of the module."""
        about = [one for one in self._report.findings if _is_about(one, claim)]
        settled = {(one.purl, one.owner) for one in about if self._is_settled(one, claim)}
        found = [one for one in about if (one.purl, one.owner) not in settled]
        if found:
            return self._found(claim, found)
        packages = [
            one
            for one in self._report.packages
            if (one.purl, one.owner) not in settled and self._is_meant(one, claim)
        ]
        if packages:
            return _joint(claim, [self._judged(claim, one) for one in packages], packages)
        return self._gone(claim, copies=len(settled))

    def _is_meant(self, package: Package, claim: Claim) -> bool:
        if claim.package:
            return _is_named(package, claim.package)
        return bool(self._words(package, claim))

    def _is_settled(self, finding: Finding, claim: Claim) -> bool:
        """Return whether the distributor's word on the owner of a copy has cleared it."""
        if finding.state is not FindingState.SUPPRESSED or not finding.owner:
            return False
        return not any(
            one.purl == finding.owner
            and one.state is not FindingState.SUPPRESSED
            and not claim.names.isdisjoint((one.id, *one.aliases))
            for one in self._report.findings
        )

    def _found(self, claim: Claim, found: list[Finding]) -> Answer:
        """Step 1: the worst of what is there decides."""
        order = (FindingState.OPEN, FindingState.UNDETERMINED, FindingState.SUPPRESSED)
        worst = min(found, key=lambda one: order.index(one.state))
        fix = f"; fixed in {', '.join(worst.fixed_in)}" if worst.fixed_in else ""
        packages = [one for one in self._report.packages if one.purl == worst.purl]
        if worst.state is FindingState.OPEN:
            proof, because = Proof.NOT_FIXED, f"{worst.purl} still has it{fix}"
        elif worst.state is FindingState.UNDETERMINED:
            proof, because = Proof.NOT_PROVABLE, f"{worst.purl}: {worst.reason}"
        else:
            proof = Proof.NOT_PROVABLE
            because = f"{worst.purl} still has it, suppressed and not fixed: {worst.reason}"
        return _answer(claim, proof, because, packages)

    def _gone(self, claim: Claim, *, copies: int) -> Answer:
        """Step 2: no such package is seen."""
        if self._unread:
            codes = ", ".join(self._unread[:_SHOWN])
            because = f"it is not seen, but the image was not fully read ({codes})"
            return _answer(claim, Proof.NOT_PROVABLE, because)
        if not (claim.identity or copies or self._is_spoken_of(claim)):
            because = "no advisory of this database says that of such a package; check the spelling"
            return _answer(claim, Proof.NOT_PROVABLE, because)
        because = f"{claim.package or 'what had it'} is not in the image"
        if copies:
            because += f", but for {copies} of an OS package that its distributor clears"
        return _answer(claim, Proof.FIXED, because)

    def _judged(self, claim: Claim, package: Package) -> tuple[Proof, str]:
        """Steps 3 and 4, about one package."""
        label = f"{purl.name_of(package.purl)} {package.version}"
        if claim.before and package.version == claim.before:
            because = f"{label} is as before; what changed is what advisories say"
            return Proof.NOT_PROVABLE, because
        words = self._words(package, claim)
        clearing = [one for one in words if one.outcome is Outcome.NOT_AFFECTED]
        if clearing and len(clearing) == len(words):
            word = clearing[0]
            return Proof.FIXED, f"{label}: {word.source} ({word.advisory}): {word.because}"
        if words:
            because = f"{label}: sources disagree or cannot compare ({words[0].because})"
            return Proof.NOT_PROVABLE, because
        return _by_version(claim, package, label)

    def _words(self, package: Package, claim: Claim) -> list[Match]:
        said = match_package(package, self._advisories, everything=True)
        names = claim.names
        return [
            one
            for one in said
            if not names.isdisjoint((one.vulnerability, one.advisory, *one.aliases))
        ]

    def _is_spoken_of(self, claim: Claim) -> bool:
        """Return whether an advisory about the vulnerability speaks of the package by this name."""
        spoken = {
            statement.package.lower()
            for name in claim.names
            for document in self._advisories.find(name)
            for statement in document.statements
            if not claim.names.isdisjoint((statement.vulnerability, document.id, *document.aliases))
        }
        if not claim.package:
            return bool(spoken)
        wanted = claim.package
        return (purl.name_of(wanted) if wanted.startswith("pkg:") else wanted).lower() in {
            *spoken,
            *(name.rpartition("/")[2] for name in spoken),
        }


def _is_about(finding: Finding, claim: Claim) -> bool:
    if claim.identity and finding.identity == claim.identity:
        return True
    if claim.names.isdisjoint((finding.id, *finding.aliases)):
        return False
    if not claim.package or claim.package in _names_of(finding):
        return True
    # The package may go by another name now: what sources call it is what counts.
    return finding.state is not FindingState.SUPPRESSED and not matched_by(finding).isdisjoint(
        claim.matched
    )


def _names_of(finding: Finding) -> Iterator[str]:
    """Yield what a person may call the package of a finding."""
    yield purl.without_version(finding.purl)
    full = purl.name_of(finding.purl)
    yield full
    yield full.rpartition("/")[2]
    for one in finding.matches:
        yield one.package


def _is_named(package: Package, name: str) -> bool:
    if not name:
        return False
    full = purl.name_of(package.purl)
    names = {
        purl.without_version(package.purl),
        full.lower(),
        full.rpartition("/")[2].lower(),
        package.name.lower(),
        package.source_name.lower(),
    }
    return name in names or name.lower() in names


def _by_version(claim: Claim, package: Package, label: str) -> tuple[Proof, str]:
    """Return what the versions prove where no source says anything any more."""
    key = scheme_for(claim.ecosystem or package.ecosystem).key
    fixes = [(key(version), version) for version in claim.fixed_in]
    have = key(package.source_version or package.version)
    known = [pair for pair in fixes if pair[0] is not None]
    if have is None or len(known) < len(fixes) or not known:
        because = f"{label}: no source of this database says anything about it"
        return Proof.NOT_PROVABLE, because
    highest = max(known)
    if highest[0] is not None and have >= highest[0]:
        return Proof.FIXED, f"{label} is at least {highest[1]}, which was said to fix it"
    return Proof.NOT_PROVABLE, f"{label} is below {highest[1]}, and no source clears it"


def _joint(claim: Claim, judged: list[tuple[Proof, str]], packages: list[Package]) -> Answer:
    """Return one answer for all copies of a package: fixed only if each is."""
    open_ones = [pair for pair in judged if pair[0] is not Proof.FIXED]
    proof, because = (open_ones or judged)[0]
    return _answer(claim, proof, because, packages)


def _answer(claim: Claim, proof: Proof, because: str, packages: Iterable[Package] = ()) -> Answer:
    packages = tuple(packages)
    return Answer(
        claim=claim,
        proof=proof,
        because=because,
        packages=tuple(one.purl for one in packages),
        layers=tuple(sorted({one.origin for one in packages})),
    )
