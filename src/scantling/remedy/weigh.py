"""What a finding weighs: its risk, or what stands in for it where none was rated."""

from collections.abc import Iterable
from typing import Final

from scantling.core.model.advisory import Level
from scantling.core.model.finding import Finding

KNOWN_EXPLOITED: Final = "kev"

# Stands in for risk where a finding was not rated: about what the formula gives such a finding when
# nothing else is known. An unknown severity weighs like a medium one; it is never nothing.
_BY_LEVEL: Final = {
    Level.CRITICAL: 60.0,
    Level.HIGH: 40.0,
    Level.MEDIUM: 20.0,
    Level.UNKNOWN: 20.0,
    Level.LOW: 8.0,
    Level.NEGLIGIBLE: 2.0,
}
_EXPLOITED: Final = 90.0


def weight(finding: Finding) -> float:
    """Return the finding's risk in 0..100; by its severity and known exploitation if not rated."""
    if finding.risk is not None:
        return finding.risk.score
    return _EXPLOITED if is_exploited(finding) else _BY_LEVEL[finding.severity]


def is_exploited(finding: Finding) -> bool:
    """Return whether it is known to be exploited."""
    return any(signal.kind == KNOWN_EXPLOITED for signal in finding.signals)


def total(findings: Iterable[Finding]) -> float:
    """Return the sum of the weights, to one decimal. A flaw counts once, at its heaviest.

    The binary packages of one source share their flaws, and fixing one fixes all.
    """
    heaviest: dict[str, float] = {}
    for one in findings:
        heaviest[one.id] = max(weight(one), heaviest.get(one.id, 0.0))
    return round(sum(heaviest.values()), 1)
