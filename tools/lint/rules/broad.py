"""ER001: `except Exception` lives in few places, unless it cleans up and raises again."""

import ast
from collections.abc import Iterator
from typing import Final

from tools.lint.rule import Rule

_PLACES: Final = (
    "src/scantling/cli/run.py",
    "src/scantling/catalog/",
    "src/scantling/core/sandbox/",
    "src/scantling/remedy/driver.py",
)


def _check(tree: ast.Module) -> Iterator[ast.AST]:
    return (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises_again(node)
    )


def _is_broad(node: ast.ExceptHandler) -> bool:
    return node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"}


def _raises_again(node: ast.ExceptHandler) -> bool:
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


RULE: Final = Rule(
    code="ER001",
    why="Catching everything hides our bugs as gaps or silence.",
    fix="Name the exceptions; drivers and the command's edge are the only exceptions.",
    applies=lambda path: path.startswith("src/") and not path.startswith(_PLACES),
    check=_check,
    bad="try:\n    f()\nexcept Exception:\n    pass",
    good="try:\n    f()\nexcept OSError:\n    pass",
)
