"""What the views of a plan share: its numbers in words."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from scantling.core.model.plan import Effort, FixAction, FixPlan, Named
from scantling.core.purl import without_version
from scantling.reports.view import number

ORDER: Final = (
    "Order: most risk removed per effort first. Each action's numbers are of its turn, with the"
    " actions before it done. Every action was applied to the inventory and matched again."
)
_STEPS: Final = {
    Effort.PATCH: "patch step",
    Effort.MINOR: "minor step",
    Effort.MAJOR: "major step",
    Effort.UNKNOWN: "step of unknown size",
}


def headline(plan: FixPlan) -> str:
    """Return how many actions leave how many findings, as a sentence."""
    before, after = _sum(plan.before), _sum(plan.after)
    actions = number(len(plan.actions), "action")
    if not before:
        return "there is nothing to fix"
    return f"{actions} of {number(before, 'finding')} leave {after}{_levels(plan.after)}"


def counts(action: FixAction) -> str:
    """Return what an action removes and adds, and what the order goes by."""
    parts = [f"removes {len(action.removes)}"]
    if action.known_exploited:
        parts.append(f"{action.known_exploited} known exploited")
    if action.adds:
        parts.append(f"adds {len(action.adds)}")
    if action.remaining:
        parts.append(f"leaves {len(action.remaining)}")
    parts += [f"{action.risk_removed:g} of risk", _STEPS[action.effort], f"rank {action.rank:g}"]
    return ", ".join(parts)


def names(plan: FixPlan) -> dict[str, Named]:
    """Return what identities are."""
    return {one.identity: one for one in plan.findings}


def listed(identities: Iterable[str], known: dict[str, Named], most: int) -> str:
    """Return the vulnerabilities' names, worst first, each once; the rest as a number."""
    found = [known[one] for one in identities if one in known]
    found.sort(key=lambda one: (-one.severity.rank, one.id))
    ids = list(dict.fromkeys(one.id for one in found))
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more


def left(plan: FixPlan) -> tuple[tuple[str, tuple[Named, ...]], ...]:
    """Return what no action removes by reason, most first."""
    known = names(plan)
    groups: dict[str, list[Named]] = {}
    for identity, reason in plan.unfixable:
        if identity in known:
            groups.setdefault(reason, []).append(known[identity])
    order = sorted(groups, key=lambda reason: (-len(groups[reason]), reason))
    return tuple(
        (reason, tuple(sorted(groups[reason], key=lambda one: (-one.severity.rank, one.id))))
        for reason in order
    )


def spoken(one: Named) -> str:
    """Return a finding as people speak of it: `CVE-… (pkg:deb/debian/openssl)`."""
    return f"{one.id} ({without_version(one.purl)})"


def moves(action: FixAction) -> tuple[str, ...]:
    """Return the packages that change, as `name before → after`; those that come or go as such."""
    found = []
    for one in action.changes:
        name = without_version(one.before or one.after)
        found.append(f"{name} {_version(one.before) or 'none'} → {_version(one.after) or 'none'}")
    return tuple(dict.fromkeys(found))


def _version(purl: str) -> str:
    body = purl.partition("#")[0].partition("?")[0]
    return unquote(body.rpartition("@")[2], errors="surrogateescape") if purl else ""


def _sum(pairs: tuple[tuple[str, int], ...]) -> int:
    return sum(count for _, count in pairs)


def _levels(pairs: tuple[tuple[str, int], ...]) -> str:
    return f" ({', '.join(f'{count} {level}' for level, count in pairs)})" if pairs else ""
