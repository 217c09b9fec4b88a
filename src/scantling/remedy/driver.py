"""The only caller of strategies: asks each, and turns what goes wrong into a sentence."""

from itertools import islice
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.model.plan import Edit
from scantling.remedy.api import Files, Proposal, Situation, Strategy

_PROPOSALS: Final = 2000
"""Of one strategy. Images with 2,500 packages have some hundred that can be fixed."""
_EDIT_CHARS: Final = 64 * 1024 * 1024
"""Of one edited file; `core.limits.text_bytes`, which is what was read."""


class Proposed(Struct, frozen=True, kw_only=True):
    """What the strategies proposed, in their order, and what went wrong: (strategy, sentence)."""

    proposals: tuple[Proposal, ...] = ()
    troubles: tuple[tuple[str, str], ...] = ()


def propose(situation: Situation, strategies: tuple[Strategy, ...]) -> Proposed:
    """Return what all strategies propose. One that fails hides no other."""
    found: list[Proposal] = []
    troubles: list[tuple[str, str]] = []
    for strategy in strategies:
        own: list[Proposal] = []
        try:
            own.extend(islice(strategy.propose(situation), _PROPOSALS + 1))
        except InputError as error:
            troubles.append((strategy.name, f"not all was proposed: {error}"))
        except Exception as error:  # noqa: BLE001 - the driver: a plug-in's bug ends no plan
            troubles.append((strategy.name, f"failed with {type(error).__name__}: our bug"))
        if len(own) > _PROPOSALS:
            troubles.append((strategy.name, f"only the first {_PROPOSALS:,} proposals were tried"))
        found += own[:_PROPOSALS]
    return Proposed(proposals=tuple(found), troubles=tuple(troubles))


def edits_of(proposal: Proposal, files: Files) -> tuple[tuple[Edit, ...], str]:
    """Return the proposal's edits of the files as they are, and why there are none (else empty).

    An edit that does not start from the file's text, or changes nothing, is not given out.
    """
    try:
        edits = proposal.edit(files)
        files.edited(edits)
    except InputError as error:
        return (), f"no edit is offered: {error}"
    except Exception as error:  # noqa: BLE001 - the driver: a plug-in's bug ends no plan
        return (), f"no edit is offered: making it failed with {type(error).__name__}, our bug"
    if any(len(one.after) > _EDIT_CHARS for one in edits):
        return (), "no edit is offered: the file would be too large"
    return tuple(one for one in edits if one.after != one.before), ""
