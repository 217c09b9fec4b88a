"""The circuit breaker: an update that changes too much at once is held until a person agrees.

A poisoned or broken feed typically withdraws everything, turns everything to "not affected", or
comes back almost empty. Each of these makes findings disappear; none of them happens in earnest
from one day to the next.
"""

from typing import Final

_TURNED: Final = 0.02
_GONE: Final = 0.20
_FEW: Final = 10
"""Below this many records a share says nothing: one correction in a small feed is ordinary."""


def objection(old: dict[int, int], new: dict[int, int]) -> str:
    """Return why `new` must not replace `old` without a person's word; empty if it may.

    Both map what a statement is about to whether it holds (`collect.state_of`).
    """
    if not old:
        return ""
    gone = sum(1 for about in old if about not in new)
    if not new or (gone > _FEW and gone > _GONE * len(old)):
        return f"{gone} of {len(old)} statements or records would disappear"
    turned = sum(1 for about, state in old.items() if new.get(about, state) != state)
    if turned > _FEW and turned > _TURNED * len(old):
        return f"{turned} of {len(old)} statements would change their status"
    return ""
