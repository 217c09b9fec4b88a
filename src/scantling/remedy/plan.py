"""From a situation to a plan: propose, check, take the best, check the rest again.

What an action fixes depends on the actions before it: an upgrade is worth nothing once a new base
has brought it. So the best proposal is taken, and the next only after it was matched again on what
the others leave. The numbers of each action are of its turn.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from msgspec.structs import replace

from scantling.core.model.advisory import Fix, Level
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.inventory import Package
from scantling.core.model.plan import ActionKind, Change, Edit, FixAction, FixPlan, Named
from scantling.remedy.api import Proposal, Situation, Strategy
from scantling.remedy.driver import edits_of, propose
from scantling.remedy.rank import order, rank
from scantling.remedy.verify import Checked, Checker, State

_ROUNDS: Final = 6
"""Times that strategies are asked anew: after a new base, and when a proposal no longer applies."""

_NO_FIX: Final = {
    Fix.NONE: "there is no fixed version yet",
    Fix.WILL_NOT_FIX: "the source will not fix it",
    Fix.DEFERRED: "the source has deferred the fix",
    Fix.END_OF_LIFE: "the release is at its end of life; only another base helps",
    Fix.UNKNOWN: "no source tells a fixed version",
}


def make_plan(situation: Situation, checker: Checker, strategies: tuple[Strategy, ...]) -> FixPlan:
    """Return the plan. Every action in it was applied, matched and judged again.

    The situation's findings are those of the checker, whatever a stored report says: both sides
    of each comparison come from one database.
    """
    planner = _Planner(situation, checker, strategies)
    for _ in range(_ROUNDS):
        if not planner.round():
            break
    return planner.plan()


class _Planner:
    """The state of one planning: what is taken, and the situation that it leaves."""

    def __init__(
        self, situation: Situation, checker: Checker, strategies: tuple[Strategy, ...]
    ) -> None:
        self.checker = checker
        self.strategies = strategies
        self.start = checker.state(situation.packages)
        self.given = replace(situation, findings=self.start.findings, judged=checker.judged)
        self.begin()
        self.others: dict[tuple[str, str, str], FixAction] = {}
        self.refused: dict[tuple[str, str], None] = {}
        self.named: dict[str, Named] = {}
        self._name(self.start)

    def begin(self) -> None:
        """Go back to where nothing is taken."""
        self.state, self.situation = self.start, self.given
        self.actions: list[FixAction] = []
        self.subjects: set[tuple[ActionKind, str]] = set()

    def round(self) -> bool:
        """Take what holds, best first; return whether asking again may give more."""
        proposed = propose(self.situation, self.strategies)
        self.refused |= dict.fromkeys(proposed.troubles)
        queue = self._ranked(
            one for one in proposed.proposals if (one.kind, one.subject) not in self.subjects
        )
        taken = stale = False
        while queue:
            proposal, checked = queue.pop(0)
            if (proposal.kind, proposal.subject) in self.subjects:
                self._put_aside(proposal, checked)
                continue
            now = self.checker.check(proposal, self.state)
            if now.after is None or now.refusal:
                # Something before it changed the same packages, or fixed the same.
                stale = stale or now.after is None
                if proposal.kind is ActionKind.REBASE:
                    self._put_aside(proposal, checked)
                continue
            ranked = order(proposal, rank(proposal, now))
            if queue and ranked > order(queue[0][0], rank(*queue[0])):
                queue.append((proposal, now))
                queue.sort(key=lambda pair: order(pair[0], rank(*pair)))
                continue
            if proposal.kind is ActionKind.REBASE:
                self._rebase(proposal, now, queue)
                return True
            self._take(proposal, now, now.after)
            taken = True
        return taken and stale

    def plan(self) -> FixPlan:
        """Return what was taken so far as a plan."""
        taken = {one.title for one in self.actions}
        others = [self.others[at] for at in sorted(self.others) if at[0] not in taken]
        others.sort(key=lambda one: (-one.rank, one.kind, one.subject, one.after))
        refused = tuple(sorted(one for one in self.refused if one[0] not in taken))
        return FixPlan(
            image=self.situation.image.reference,
            actions=tuple(self.actions),
            alternatives=tuple(others),
            refused=refused,
            unfixable=_unfixable(self.state.findings, others),
            findings=tuple(self.named[at] for at in sorted(self.named)),
            before=_counts(self.start),
            after=_counts(self.state),
        )

    def _ranked(self, proposals: Iterable[Proposal]) -> list[tuple[Proposal, Checked]]:
        """Return the proposals that hold by themselves, best first; note why the others do not."""
        queue = []
        for proposal in proposals:
            checked = self.checker.check(proposal, self.state)
            if checked.refusal:
                self.refused[proposal.title, checked.refusal] = None
            else:
                queue.append((proposal, checked))
        return sorted(queue, key=lambda pair: order(pair[0], rank(*pair)))

    def _rebase(
        self, proposal: Proposal, checked: Checked, queue: list[tuple[Proposal, Checked]]
    ) -> None:
        """Take a new base, before all else: upgrades of what it replaces would undo it."""
        if any(one.kind is ActionKind.UPGRADE_OS for one in self.actions):
            self.begin()
            checked = self.checker.check(proposal, self.state)
        if checked.after is not None:
            self._take(proposal, checked, checked.after)
        self.subjects.add((proposal.kind, proposal.subject))
        for rest in queue:
            if (rest[0].kind, rest[0].subject) in self.subjects:
                self._put_aside(*rest)

    def _name(self, state: State) -> None:
        """Remember what the identities of a state are."""
        for one in state.findings:
            if one.identity not in self.named:
                self.named[one.identity] = Named(
                    identity=one.identity, id=one.id, purl=one.purl, severity=one.severity
                )

    def _put_aside(self, proposal: Proposal, checked: Checked) -> None:
        if checked.after is not None:
            self._name(checked.after)
        at = (proposal.title, proposal.subject, proposal.after)
        self.others.setdefault(at, _action(proposal, checked, (), ""))

    def _take(self, proposal: Proposal, checked: Checked, after: State) -> None:
        edits, trouble = edits_of(proposal, self.situation.files)
        self.actions.append(_action(proposal, checked, edits, trouble))
        self.subjects.add((proposal.kind, proposal.subject))
        self._name(after)
        self.state = after
        self.situation = replace(
            self.situation,
            packages=after.packages,
            findings=after.findings,
            files=self.situation.files.edited(edits),
        )


def _action(
    proposal: Proposal, checked: Checked, edits: tuple[Edit, ...], trouble: str
) -> FixAction:
    return FixAction(
        kind=proposal.kind,
        title=proposal.title,
        subject=proposal.subject,
        before=proposal.before,
        after=proposal.after,
        removes=checked.removes,
        adds=checked.adds,
        remaining=checked.remaining,
        risk_removed=checked.risk,
        known_exploited=checked.exploited,
        rank=rank(proposal, checked),
        effort=proposal.effort,
        verified=True,
        warnings=(*proposal.warnings, *checked.warnings, *([trouble] if trouble else ())),
        commands=proposal.commands,
        edits=edits,
        links=proposal.links,
        place=proposal.place,
        changes=changes(proposal.removed, proposal.added),
    )


def changes(removed: Iterable[Package], added: Iterable[Package]) -> tuple[Change, ...]:
    """Return the packages that change, paired by name where they only change their version."""
    gone, come = _by_name(removed), _by_name(added)
    found: list[Change] = []
    for name in sorted({*gone, *come}):
        old, new = gone.get(name, []), come.get(name, [])
        same = set(old) & set(new)
        old, new = [one for one in old if one not in same], [one for one in new if one not in same]
        pairs = zip_longest(old, new, fillvalue="")
        found += [Change(before=before, after=after) for before, after in pairs]
    return tuple(found)


def _by_name(packages: Iterable[Package]) -> dict[tuple[str, str, str, str], list[str]]:
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for one in packages:
        found.setdefault((one.type, one.namespace, one.name, one.arch), []).append(one.purl)
    return {name: sorted(purls) for name, purls in found.items()}


def _unfixable(
    findings: tuple[Finding, ...], others: list[FixAction]
) -> tuple[tuple[str, str], ...]:
    """Return what is left, by identity, with the reason; each identity once."""
    reasons: dict[str, str] = {}
    for one in findings:
        reasons.setdefault(one.identity, _reason(one, others))
    return tuple(sorted(reasons.items()))


def _reason(finding: Finding, others: list[FixAction]) -> str:
    for other in others:
        if finding.identity in other.removes:
            return f"left by the plan's choice; another would remove it: {other.title}"
    if finding.state is FindingState.UNDETERMINED:
        return f"it cannot be told whether it applies: {finding.reason}"
    if finding.fixed_in and finding.owner:
        return (
            "a fixed version is known, but the distribution's own package has the files and no"
            " newer one is known"
        )
    if finding.fixed_in:
        return "a fixed version is known, but nothing here can bring it in"
    return _NO_FIX.get(finding.fix, "a fix is announced without a version")


def _counts(state: State) -> tuple[tuple[str, int], ...]:
    counts = Counter(one.severity for one in state.findings)
    return tuple((str(level), counts[level]) for level in reversed(Level) if counts[level])
