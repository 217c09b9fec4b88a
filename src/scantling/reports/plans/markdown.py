"""A plan as Markdown, for a pull request or an issue."""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.plan import FixAction, FixPlan, Named
from scantling.core.text import neutral
from scantling.reports.markdown_syntax import code, inert, row
from scantling.reports.plans import diff, words
from scantling.reports.view import link, number

_MOVES: Final = 30
_IDS: Final = 20
_LEFT: Final = 10
_DIFF_CHARS: Final = 20_000
"""A pull request's text holds 65,536; a lockfile's difference alone may be larger."""


def render(plan: FixPlan) -> Iterator[str]:
    """Yield the plan as GitHub-flavored Markdown."""
    yield f"## Fix plan: {inert(plan.image)}\n\n{inert(words.headline(plan))}\n\n"
    yield from (f"- {inert(one)}\n" for one in plan.notes)
    known = words.names(plan)
    for place, action in enumerate(plan.actions, 1):
        yield from _action(place, action, known)
    if plan.actions:
        yield f"\n{words.ORDER}\n"
    if plan.alternatives:
        yield "\n### Instead\n\n"
        yield row("action", "what it does") + row("---", "---")
        for action in plan.alternatives:
            yield row(inert(action.title), inert(words.counts(action)))
    yield from _left(plan)
    if plan.refused:
        yield "\n### Tried and not offered\n\n"
        yield from (f"- {inert(what)}: {inert(why)}\n" for what, why in plan.refused)
    yield from _diff(plan)


def _action(place: int, action: FixAction, known: dict[str, Named]) -> Iterator[str]:
    yield f"\n### {place}. {inert(action.title)}\n\n{inert(words.counts(action))}\n\n"
    listed = words.listed(action.removes, known, _IDS)
    if listed:
        yield f"- removes {inert(listed, limit=4096)}\n"
    if action.adds:
        yield f"- adds {inert(words.listed(action.adds, known, _IDS), limit=4096)}\n"
    if action.place is not None:
        yield f"- at {code(f'{action.place.path}:{action.place.line}')}\n"
    yield from (f"- run {code(one, limit=8192)}\n" for one in action.commands)
    yield from (f"- note: {inert(one)}\n" for one in action.warnings)
    links = [found for one in action.links[:5] if (found := link(one))]
    yield from (f"- see <{one}>\n" for one in links)
    moves = words.moves(action)
    if moves:
        yield "\n<details><summary>packages</summary>\n\n"
        yield from (f"- {code(one)}\n" for one in moves[:_MOVES])
        if len(moves) > _MOVES:
            yield f"- and {number(len(moves) - _MOVES, 'package')} more\n"
        yield "\n</details>\n"


def _left(plan: FixPlan) -> Iterator[str]:
    if not plan.unfixable:
        return
    yield f"\n### Left: {number(len(plan.unfixable), 'finding')}\n\n"
    for reason, found in words.left(plan):
        shown = ", ".join(map(words.spoken, found[:_LEFT]))
        more = f" and {len(found) - _LEFT} more" if len(found) > _LEFT else ""
        yield f"- {inert(reason)}: {inert(shown, limit=4096)}{more}\n"


def _diff(plan: FixPlan) -> Iterator[str]:
    """Yield the difference in a code block that no line of it can close."""
    text = "".join(diff.render(plan))
    if not text:
        return
    lines = [neutral(one, limit=_DIFF_CHARS) for one in text[:_DIFF_CHARS].split("\n")]
    fence = "`" * max(3, 1 + max(_ticks(one) for one in lines))
    yield f"\n### Edits\n\n{fence}diff\n" + "\n".join(lines).rstrip("\n") + f"\n{fence}\n"
    if len(text) > _DIFF_CHARS:
        yield "\nThe rest of it: `scantling fix --format diff`.\n"


def _ticks(line: str) -> int:
    """Return the longest run of backticks."""
    return max((len(run) for run in _runs(line)), default=0)


def _runs(line: str) -> Iterator[str]:
    rest = line
    while "`" in rest:
        rest = rest[rest.index("`") :]
        run = rest[: len(rest) - len(rest.lstrip("`"))]
        yield run
        rest = rest[len(run) :]
