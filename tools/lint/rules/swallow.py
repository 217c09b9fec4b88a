"""ER002: a parser that catches says so."""

import ast
from collections.abc import Iterator
from typing import Final

from tools.lint.rule import Rule

_AREAS: Final = ("src/scantling/catalog/ecosystems/", "src/scantling/advisories/feeds/")
_SILENT: Final = (ast.Pass, ast.Continue)


def _check(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and all(
            isinstance(one, _SILENT) for one in node.body
        ):
            yield node


RULE: Final = Rule(
    code="ER002",
    why="What a parser could not read becomes a gap, never silence.",
    fix="Yield Unreadable, or raise InputError.",
    applies=lambda path: path.startswith(_AREAS),
    check=_check,
    bad="try:\n    f()\nexcept ValueError:\n    pass",
    good="try:\n    f()\nexcept ValueError as error:\n    found.append(error)",
)
