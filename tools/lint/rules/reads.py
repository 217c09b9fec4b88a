"""RD001: every read has a limit."""

import ast
from collections.abc import Iterator
from typing import Final

from tools.lint.rule import Rule, calls


def _check(tree: ast.Module) -> Iterator[ast.AST]:
    return (call for call in calls(tree, "read") if not call.args and not call.keywords)


RULE: Final = Rule(
    code="RD001",
    why="A read without a size takes whatever the other side sends.",
    fix="Pass a size from core.limits.",
    applies=lambda path: path.startswith("src/"),
    check=_check,
    bad="stream.read()",
    good="stream.read(limits.text_bytes)",
)
