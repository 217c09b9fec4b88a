"""Is it a fix? Change the inventory, match it again, judge it again, and compare.

Nothing else may call an action verified. What the database cannot judge after the change is no fix:
an image does not become better because nobody speaks about what is in it.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from scantling.assess.judge import Signals, judge
from scantling.assess.risk.rate import rate_all
from scantling.core.model.advisory import Release
from scantling.core.model.context import Context
from scantling.core.model.finding import Finding, FindingState, Match
from scantling.core.model.inventory import Package
from scantling.matching.api import AdvisoryIndex
from scantling.matching.match import match_package
from scantling.remedy import weigh
from scantling.remedy.api import Proposal
from scantling.remedy.swap import exchanged

_SYSTEM: Final = frozenset({"apk", "deb", "rpm"})


class Knowledge(AdvisoryIndex, Signals, Protocol):
    """What is asked of the advisory database; `advisories.database.Database` has this shape."""

    def covers(self, ecosystem: str, /) -> tuple[tuple[str, str], ...]:
        """Return (source, completeness) pairs of the sources that speak about an ecosystem."""
        ...

    def releases(self, product: str, /) -> tuple[Release, ...]:
        """Return a product's release cycles; empty: unknown."""
        ...


class State(Struct, frozen=True, kw_only=True):
    """An inventory and what counts in it: open and undetermined findings that no word silences."""

    packages: tuple[Package, ...]
    findings: tuple[Finding, ...]

    @property
    def identities(self) -> Counter[str]:
        """Return how many findings have each identity: several versions of a package share one."""
        return Counter(one.identity for one in self.findings)


class Checked(Struct, frozen=True, kw_only=True):
    """What a proposal comes to. `refusal` is why it is no fix, empty if it is one.

    `after` is the state with the change; None: it cannot be applied to this inventory. The
    identities are sorted. `risk` is what goes less what comes, `exploited` how many of those that
    go are known to be exploited.
    """

    refusal: str = ""
    after: State | None = None
    removes: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    risk: float = 0.0
    exploited: int = 0
    warnings: tuple[str, ...] = ()


class Checker:
    """Matches and judges inventories with one database; what it saw once it does not match again.

    `silenced` are identities of findings that count nowhere (somebody's VEX document says so).
    `links` are references by vulnerability, for the risk; `context` and `today` are as well.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        *,
        today: date,
        context: Context = Context(),  # noqa: B008 - frozen
        silenced: frozenset[str] = frozenset(),
        links: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.knowledge = knowledge
        self._today = today
        self._context = context
        self._silenced = silenced
        self._links = links or {}
        self._matches: dict[tuple[Package, bool], tuple[Match, ...]] = {}

    def everything(self, packages: Iterable[Package]) -> tuple[Finding, ...]:
        """Return all findings of an image of these packages, rated, suppressed ones included."""
        packages = tuple(packages)
        owners = {package.owner for package in packages}
        found: list[Match] = []
        for package in packages:
            found += self._matched(package, owns=package.purl in owners)
        findings = [
            replace(one, references=self._links[one.id]) if one.id in self._links else one
            for one in judge(found, self.knowledge)
        ]
        risks = rate_all(findings, self._context, self._today)
        return tuple(replace(one, risk=risk) for one, risk in zip(findings, risks, strict=True))

    def state(self, packages: Iterable[Package]) -> State:
        """Return an inventory with the findings that count in it."""
        packages = tuple(packages)
        counted = [
            one
            for one in self.everything(packages)
            if one.state is not FindingState.SUPPRESSED and one.identity not in self._silenced
        ]
        return State(packages=packages, findings=tuple(counted))

    def judged(self, packages: tuple[Package, ...]) -> tuple[Finding, ...]:
        """Return the findings that count in an image of just these packages."""
        return self.state(packages).findings

    def check(self, proposal: Proposal, before: State) -> Checked:
        """Return what a proposal does to an inventory."""
        packages = exchanged(before.packages, proposal.removed, proposal.added)
        if packages is None:
            return Checked(refusal="what it changes is not in the image any more")
        refusal = self._uncovered(proposal)
        if refusal:
            return Checked(refusal=refusal)
        after = self.state(packages)
        was, is_ = before.identities, after.identities
        fewer, more = was - is_, is_ - was
        gone, come = _of(before.findings, fewer), _of(after.findings, more)
        touched = {one.purl for one in (*proposal.removed, *proposal.added)}
        checked = Checked(
            after=after,
            removes=tuple(sorted(one for one in fewer if one not in is_)),
            adds=tuple(sorted(one for one in more if one not in was)),
            remaining=tuple(
                sorted({one.identity for one in after.findings if one.purl in touched} & set(was))
            ),
            risk=round(weigh.total(gone) - weigh.total(come), 1),
            exploited=len({one.id for one in gone if weigh.is_exploited(one)}),
            warnings=self._weaker(proposal),
        )
        return replace(checked, refusal=_refusal(proposal, checked, fewer, after))

    def _matched(self, package: Package, *, owns: bool) -> tuple[Match, ...]:
        found = self._matches.get((package, owns))
        if found is None:
            found = match_package(package, self.knowledge, everything=owns)
            self._matches[package, owns] = found
        return found

    def _uncovered(self, proposal: Proposal) -> str:
        """Return why the change cannot be judged: nobody speaks about what would come."""
        had = {one.ecosystem for one in proposal.removed}
        for ecosystem in sorted({one.ecosystem for one in proposal.added} - had):
            if ecosystem.partition("/")[0] in _SYSTEM and not self.knowledge.covers(ecosystem):
                return f"the database has nothing about {ecosystem}, so that cannot be judged"
        return ""

    def _weaker(self, proposal: Proposal) -> tuple[str, ...]:
        """Return warnings about ecosystems that come anew and that few or none speak about."""
        had = {one.ecosystem for one in proposal.removed}
        come = sorted({one.ecosystem for one in proposal.added} - had)
        return tuple(
            f"no source speaks about {one} packages, which come with it"
            for one in come
            if not self.knowledge.covers(one)
        )


def _of(findings: Iterable[Finding], counts: Counter[str]) -> list[Finding]:
    """Return as many findings of each identity as are counted, the heaviest first."""
    left = Counter(counts)
    found: list[Finding] = []
    for one in sorted(findings, key=lambda one: (-weigh.weight(one), one.id, one.purl, one.owner)):
        if left[one.identity] > 0:
            left[one.identity] -= 1
            found.append(one)
    return found


def _refusal(proposal: Proposal, checked: Checked, fewer: Counter[str], after: State) -> str:
    """Return why a change that could be judged is no fix; empty if it is one."""
    missed = [one for one in proposal.aims if fewer[one] == 0]
    if missed:
        names = sorted({one.id for one in after.findings if one.identity in missed})
        return f"matched again, the image still has {', '.join(names[:3]) or 'what it should fix'}"
    if not fewer:
        return "matched again, the image has the same findings"
    if checked.risk <= 0:
        return "matched again, it brings as much risk as it removes"
    return ""
