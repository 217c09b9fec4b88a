"""Which version to go to: tried out with the database, not read from advisories.

An advisory names several fixing versions, one for each line that is kept up, and the fix of one
flaw may have another. So each version that is named is put in the package's place and judged.
"""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from scantling.core import purl
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.inventory import Package
from scantling.core.model.plan import Effort
from scantling.remedy import weigh
from scantling.remedy.api import Situation
from scantling.remedy.distance import distance, is_unsettled
from scantling.remedy.safe import is_version
from scantling.remedy.swap import at_version
from scantling.versions.registry import scheme_for

_TRIED: Final = 64
"""Versions tried for one package; the smallest that clears all is rarely beyond the twentieth."""
_SYSTEM: Final = frozenset({"apk", "deb", "rpm"})


class Choice(Struct, frozen=True, kw_only=True):
    """A version to go to. `packages` are the packages as they would then be, in the order given.

    `clears` are identities of findings that go, sorted; `left` what they weigh that stay or come.
    """

    version: str
    packages: tuple[Package, ...]
    clears: tuple[str, ...]
    left: float
    effort: Effort


def choices(
    situation: Situation,
    packages: tuple[Package, ...],
    findings: Iterable[Finding],
    *,
    version: str = "",
    at: Callable[[Package, str], Package] = at_version,
) -> tuple[Choice, ...]:
    """Return the versions worth going to, smallest first; each leaves less than all before it.

    `packages` move together (the binary packages of one source); `findings` are theirs, `version`
    is where they stand (empty: that of the first). Versions before a release are left out unless
    there is no other. `at` gives a package at a version.
    """
    findings = tuple(one for one in findings if one.state is not FindingState.SUPPRESSED)
    first = packages[0]
    version = stands = version or first.version
    named = {one for finding in findings for one in finding.fixed_in}
    named.update(situation.versions.get(purl.without_version(first.purl), ()))
    had = {one.identity for one in findings}
    best = weigh.total(findings)
    found: list[Choice] = []
    for _ in range(_TRIED):
        candidate = next(iter(_above(first.ecosystem, version, named)), "")
        if not candidate:
            break
        moved = tuple(at(one, candidate) for one in packages)
        still = situation.judged(moved)
        clears = tuple(sorted(had - {one.identity for one in still}))
        left = weigh.total(still)
        if clears and left < best:
            best = left
            effort = distance(first.type, stands, candidate)
            found.append(
                Choice(version=candidate, packages=moved, clears=clears, left=left, effort=effort)
            )
        if not still:
            break
        # A version may have flaws that the present one has not; what fixes those is tried as well.
        named.update(one for finding in still for one in finding.fixed_in)
        version = candidate
    return tuple(found)


def worthwhile(found: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Return the choices to propose: of each effort the one that leaves least, smallest first."""
    of_effort = {one.effort: one for one in found}
    return tuple(one for one in found if of_effort[one.effort] is one)


def _above(ecosystem: str, version: str, named: Iterable[str]) -> list[str]:
    """Return the versions that may be written and come after this one, in order, each once."""
    key = scheme_for(ecosystem).key
    now = key(version)
    if now is None:
        return []
    keys = {one: key(one) for one in set(named) if is_version(one)}
    later = sorted((at, one) for one, at in keys.items() if at is not None and at > now)
    found = [one for _, one in later]
    if ecosystem.partition("/")[0] in _SYSTEM:
        return found
    return [one for one in found if not is_unsettled(one)] or found
