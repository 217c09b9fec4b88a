"""What a rule is, and how one is applied to a file."""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

_ESCAPE: Final = re.compile(r"# lint: (?P<code>[A-Z]{2}[0-9]{3}) (?P<reason>\S.*)")


class Rule(Struct, frozen=True, kw_only=True):
    """One trap. `check` yields the nodes that fall into it; `applies` takes a path from `src/`."""

    code: str
    why: str
    fix: str
    applies: Callable[[str], bool]
    check: Callable[[ast.Module], Iterator[ast.AST]]
    bad: str
    good: str


def problems(rule: Rule, path: str, text: str) -> Iterator[str]:
    """Yield a line for each place where the file breaks the rule, unless it is escaped there."""
    lines = text.split("\n")
    for node in rule.check(ast.parse(text)):
        number = getattr(node, "lineno", 1)
        escape = _ESCAPE.search(lines[number - 1])
        if escape is None or escape["code"] != rule.code:
            yield f"{path}:{number}: {rule.code} {rule.why} {rule.fix}"


def calls(tree: ast.Module, *names: str) -> Iterator[ast.Call]:
    """Yield calls of a function or method with one of these names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in names:
                yield node
