"""The order of actions: most risk removed per effort first.

docs/explanation/fix-order.md says it in words; change both together.
"""

from typing import Final

from scantling.core.model.plan import Effort
from scantling.remedy.api import Proposal
from scantling.remedy.verify import Checked

# What a step costs, as a multiple of a step that semantic versioning says breaks nothing. Nobody
# knows these numbers for all software; they say that three minor steps are about a major one, and
# that a step nobody can tell is dearer than a minor one.
COSTS: Final = {Effort.PATCH: 1.0, Effort.MINOR: 1.5, Effort.UNKNOWN: 3.0, Effort.MAJOR: 5.0}
WARNED: Final = 1.2
"""Each warning makes a step that much dearer; there is something to look at first."""
_WARNINGS: Final = 3


def rank(proposal: Proposal, checked: Checked) -> float:
    """Return the risk removed per effort, to two decimals; greater is sooner."""
    warnings = min(_WARNINGS, len(proposal.warnings) + len(checked.warnings))
    return round(checked.risk / (COSTS[proposal.effort] * WARNED**warnings), 2)


def order(proposal: Proposal, ranked: float) -> tuple[float, str, str, str]:
    """Return the sort key of a proposal: greatest rank first, then by name."""
    return (-ranked, proposal.kind, proposal.subject, proposal.after)
