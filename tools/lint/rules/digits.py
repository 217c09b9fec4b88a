"""TX002: digits are 0 to 9."""

import ast
from collections.abc import Iterator
from typing import Final

from tools.lint.rule import Rule, calls


def _check(tree: ast.Module) -> Iterator[ast.AST]:
    guarded = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And)
        if any(_is_ascii(value) for value in node.values)
        for value in node.values
        for part in ast.walk(value)
    }
    return (call for call in calls(tree, "isdigit", "isnumeric") if id(call) not in guarded)


def _is_ascii(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Attribute) and part.attr == "isascii" for part in ast.walk(node)
    )


RULE: Final = Rule(
    code="TX002",
    why='"²".isdigit() is true and int("²") raises; int("٣") is 3.',
    fix="Ask isascii() as well, or match [0-9].",
    applies=lambda path: path.startswith("src/"),
    check=_check,
    bad="if text.isdigit(): pass",
    good="if text.isascii() and text.isdigit(): pass",
)
