"""DC001: public names say what they give."""

import ast
from collections.abc import Iterator
from typing import Final

from tools.lint.rule import Rule

_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _check(tree: ast.Module) -> Iterator[ast.AST]:
    if ast.get_docstring(tree) is None and tree.body:
        yield tree.body[0]
    yield from _undocumented(tree.body)


def _undocumented(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for node in body:
        if isinstance(node, _Definition) and not node.name.startswith("_"):
            if ast.get_docstring(node) is None and not _is_declaration(node):
                yield node
            if isinstance(node, ast.ClassDef):
                yield from _undocumented(node.body)


def _is_declaration(node: _Definition) -> bool:
    """Return whether it is a name of a Protocol, whose docstring speaks for all."""
    last = node.body[-1]
    return isinstance(last, ast.Expr) and getattr(last.value, "value", None) is Ellipsis


RULE: Final = Rule(
    code="DC001",
    why="A public name without a docstring has to be read to be used.",
    fix="Say what comes back, units, None, errors, source.",
    applies=lambda path: path.startswith("src/"),
    check=_check,
    bad='"""A."""\ndef f(): return 1',
    good='"""A."""\ndef f():\n    """Return one."""\n    return 1',
)
