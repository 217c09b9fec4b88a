"""What is new, gone and the same between two reports.

1. A finding is about a package (version, architecture and place do not matter), its owner, and a
   vulnerability. Two are the same if they have the same identity or share a CVE; where one of them
   has no CVE, if they share another name: an advisory often has its own name first.
2. A finding in both reports is unchanged, whatever else is said of it: severity, layer, version,
   even whether it is suppressed. Its two sides show that.
3. One that only the first has is fixed if the second could have seen it (`sight`), else lost.
4. One that only the second has is new. If the first could not have seen it, `because` says so.

Several findings may share an identity (two versions of a package). What is in both reports by
identity is in both: one copy less is no fix as long as another is there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from scantling.assess.judge import finding_order
from scantling.assess.sight import Sight
from scantling.core.model.compare import Change, Comparison
from scantling.core.model.finding import Finding
from scantling.core.model.report import Baseline, DatabaseInfo, ScanReport
from scantling.core.purl import without_version

_SHORT: Final = 19
"""Characters of a digest that are shown: the algorithm and twelve digits."""


def compare(before: ScanReport, after: ScanReport) -> Comparison:
    """Return what changed from one report to the other, each part sorted as reports are."""
    common = _Pairing(before.findings, after.findings)
    fixed, lost = _split(common.only_before, before, after)
    _, doubtful = _split(common.only_after, after, before)
    had, has = ({one.purl for one in report.packages} for report in (before, after))
    return Comparison(
        before=before.image.digest,
        after=after.image.digest,
        new=common.only_after,
        fixed=fixed,
        lost=lost,
        unchanged=common.changes,
        packages_added=tuple(sorted(has - had)),
        packages_removed=tuple(sorted(had - has)),
        because=tuple(_because(before, after, len(doubtful))),
    )


def baseline_of(before: ScanReport, after: ScanReport, name: str) -> Baseline:
    """Return what changed since `before`, which the user named `name`, as `after` carries it."""
    found = compare(before, after)
    return Baseline(
        name=name,
        digest=found.before,
        new=tuple(sorted({one.identity for one in found.new})),
        fixed=found.fixed,
        lost=found.lost,
        unchanged=len(after.findings) - len(found.new),
        because=found.because,
    )


class _Pairing:
    """Two lists of findings, paired. All three parts are sorted as reports sort findings."""

    def __init__(self, before: Sequence[Finding], after: Sequence[Finding]) -> None:
        names = _Names()
        sides = ([names.named(one) for one in before], [names.named(one) for one in after])
        changes = [*_linked(*sides, _sure)]
        left = _rest(sides, changes)
        if all(left):
            # What met nothing by a sure name may still have been called by an advisory's name.
            found = [*_linked(*left, _loose)]
            left = _rest(left, found)
            changes += found
        self.only_before, self.only_after = (
            tuple(sorted((one.finding for one in side), key=_order)) for side in left
        )
        self.changes = tuple(
            sorted(
                (Change(before=old.finding, after=new.finding) for old, new in changes),
                key=lambda one: (_order(one.after), _order(one.before)),
            )
        )


class _Named(Struct, frozen=True, eq=False):
    """A finding, the package and owner it is about without their versions, and its CVEs."""

    finding: Finding
    about: tuple[str, str]
    cves: tuple[str, ...]


class _Names:
    """Takes package URLs apart, each once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {"": ""}

    def named(self, finding: Finding) -> _Named:
        """Return the finding with what it is about."""
        about = self._plain(finding.purl), self._plain(finding.owner)
        cves = [one for one in (finding.id, *finding.aliases) if one.startswith("CVE-")]
        return _Named(finding, about, tuple(cves))

    def _plain(self, purl: str) -> str:
        plain = self._known.get(purl)
        if plain is None:
            plain = self._known[purl] = without_version(purl)
        return plain


def _sure(one: _Named) -> tuple[str, ...]:
    """Return the names that no two different findings of one package share."""
    return (f"={one.finding.identity}", *(one.cves or (one.finding.id, *one.finding.aliases)))


def _loose(one: _Named) -> tuple[str, ...]:
    """Return all names."""
    return (one.finding.id, *one.finding.aliases)


def _linked(
    before: Sequence[_Named],
    after: Sequence[_Named],
    called: Callable[[_Named], tuple[str, ...]],
) -> Iterator[tuple[_Named, _Named]]:
    """Yield pairs that share a name; each finding that has a partner is in at least one.

    Of findings that both know a CVE, only a shared CVE counts: a bulletin about several
    vulnerabilities lends its name to all of them.
    """
    by_name: dict[tuple[str, str, str], list[_Named]] = {}
    for one in before:
        for name in called(one):
            by_name.setdefault((*one.about, name), []).append(one)
    taken: set[_Named] = set()
    waiting: dict[_Named, list[_Named]] = {}
    for new in sorted(after, key=_place):
        found = {old: None for name in called(new) for old in by_name.get((*new.about, name), ())}
        partners = [old for old in found if _may_be(old, new)]
        if not partners:
            continue
        best = min(partners, key=lambda old: (old in taken, _distance(old, new), _place(old)))
        taken.add(best)
        yield best, new
        for old in partners:
            waiting.setdefault(old, []).append(new)
    for old, partners in waiting.items():
        if old not in taken:
            yield old, min(partners, key=lambda new: (_distance(old, new), _place(new)))


def _may_be(old: _Named, new: _Named) -> bool:
    if not (old.cves and new.cves) or old.finding.identity == new.finding.identity:
        return True
    return not set(old.cves).isdisjoint(new.cves)


def _distance(old: _Named, new: _Named) -> tuple[bool, bool]:
    return old.finding.identity != new.finding.identity, old.finding.purl != new.finding.purl


def _rest(
    sides: tuple[list[_Named], list[_Named]], changes: Iterable[tuple[_Named, _Named]]
) -> tuple[list[_Named], list[_Named]]:
    """Return the findings of the two sides that are in no pair."""
    paired = {one for pair in changes for one in pair}
    before, after = ([one for one in side if one not in paired] for side in sides)
    return before, after


def _place(one: _Named) -> tuple[object, ...]:
    return _order(one.finding)


def _order(finding: Finding) -> tuple[object, ...]:
    """Return the reports' sort key; where a report has a finding twice, all that may differ."""
    return (*finding_order(finding), finding.identity, finding.aliases, finding.reason)


def _split(
    findings: Iterable[Finding], held: ScanReport, other: ScanReport
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return those findings of `held` that `other` could have seen, and those that it could not."""
    sight = Sight(other)
    packages = {(one.purl, one.owner): one for one in held.packages}
    seen: list[Finding] = []
    hidden: list[Finding] = []
    for one in findings:
        package = packages.get((one.purl, one.owner))
        could = sight.could_see(one, package, held.profile)
        (seen if could else hidden).append(one)
    return tuple(seen), tuple(hidden)


def _because(before: ScanReport, after: ScanReport, doubtful: int) -> Iterator[str]:
    """Yield what else may have made the difference, as sentences."""
    old, new = _database(before.database), _database(after.database)
    if old != new:
        yield f"the advisory database differs: {old}, then {new}"
    if before.tool_version != after.tool_version:
        yield f"the version of Scantling differs: {before.tool_version}, then {after.tool_version}"
    if before.profile != after.profile:
        yield f"the profile differs: {before.profile}, then {after.profile}"
    rules = [_short(one.policy.digest) if one.policy else "none" for one in (before, after)]
    if rules[0] != rules[1]:
        yield f"the policies differ: {rules[0]}, then {rules[1]}"
    if before.image.platform != after.image.platform:
        yield f"the platform differs: {before.image.platform}, then {after.image.platform}"
    if doubtful:
        yield (
            f"{doubtful} of the new findings may have been there before:"
            " the first report could not have seen them"
        )


def _database(info: DatabaseInfo | None) -> str:
    return f"{_short(info.digest)} of {info.built[:10]}" if info else "none"


def _short(digest: str) -> str:
    return digest[:_SHORT]
