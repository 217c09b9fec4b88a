"""A plan for the terminal: actions in their order, then what is left, and why."""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.plan import FixAction, FixPlan, Named
from scantling.core.text import neutral
from scantling.reports.plans import words
from scantling.reports.view import number

_MOVES: Final = 6
_IDS: Final = 6
_LEFT: Final = 4


def render(plan: FixPlan) -> Iterator[str]:
    """Yield the plan as plain text."""
    yield f"Fix plan for {neutral(plan.image)}: {words.headline(plan)}\n"
    yield from (f"  {neutral(one)}\n" for one in plan.notes)
    known = words.names(plan)
    for place, action in enumerate(plan.actions, 1):
        yield from _action(f"{place}.", action, known)
    if plan.actions:
        yield f"\n{words.ORDER}\n"
    if plan.alternatives:
        yield "\nInstead of an action above:\n"
        for action in plan.alternatives:
            yield f"  {neutral(action.title)}: {words.counts(action)}\n"
    yield from _left(plan)
    if plan.refused:
        yield "\nTried and not offered:\n"
        yield from (f"  {neutral(what)}: {neutral(why)}\n" for what, why in plan.refused)
    edited = sorted({edit.path for action in plan.actions for edit in action.edits})
    if edited:
        files = ", ".join(neutral(one) for one in edited)
        if plan.applied:
            yield f"\nEdited {files}. Build the image again, and scan it to prove the fix.\n"
        else:
            yield f"\nEdits {files}: --format diff shows them, --apply makes them.\n"


def _action(mark: str, action: FixAction, known: dict[str, Named]) -> Iterator[str]:
    yield f"\n{mark} {neutral(action.title)}\n"
    yield f"   {words.counts(action)}\n"
    listed = words.listed(action.removes, known, _IDS)
    if listed:
        yield f"   removes: {neutral(listed)}\n"
    if action.adds:
        yield f"   adds: {neutral(words.listed(action.adds, known, _IDS))}\n"
    moves = words.moves(action)
    yield from (f"   {neutral(one)}\n" for one in moves[:_MOVES])
    if len(moves) > _MOVES:
        yield f"   … and {number(len(moves) - _MOVES, 'package')} more\n"
    if action.place is not None:
        at = action.place
        yield f"   at {neutral(at.path)}:{at.line} {neutral(at.text)}\n"
    yield from (f"   edits {neutral(one.path)}\n" for one in action.edits)
    yield from (f"   $ {neutral(one)}\n" for one in action.commands)
    yield from (f"   note: {neutral(one)}\n" for one in action.warnings)
    yield from (f"   see {neutral(one)}\n" for one in action.links[:2])


def _left(plan: FixPlan) -> Iterator[str]:
    if not plan.unfixable:
        return
    yield f"\nLeft: {number(len(plan.unfixable), 'finding')} that no action removes\n"
    for reason, found in words.left(plan):
        shown = ", ".join(map(words.spoken, found[:_LEFT]))
        more = f" and {len(found) - _LEFT} more" if len(found) > _LEFT else ""
        yield f"  {neutral(reason)}: {neutral(shown)}{more}\n"
