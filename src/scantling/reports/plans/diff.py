"""A plan's edits as one unified difference, for `git apply` and `patch -p1`.

Here nothing is neutralized: a patch must be the file's own text. It is the user's own project's.
Source: GNU diffutils, "Detailed Description of Unified Format"; git-apply(1).
"""

from collections.abc import Iterator
from difflib import unified_diff

from scantling.core.model.plan import FixPlan


def render(plan: FixPlan) -> Iterator[str]:
    """Yield the difference from before the first to after the last action, by path."""
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for action in plan.actions:
        for edit in action.edits:
            first.setdefault(edit.path, edit.before)
            last[edit.path] = edit.after
    for path in sorted(first):
        yield from unified(path, first[path], last[path])


def unified(path: str, before: str, after: str) -> Iterator[str]:
    """Yield the difference of one file; nothing if there is none."""
    lines = unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}")
    for line in lines:
        if line.endswith("\n"):
            yield line
        else:
            yield line + "\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Return the lines with their ends; `splitlines` would also cut at other signs."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines
