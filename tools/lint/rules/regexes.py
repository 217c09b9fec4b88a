"""RE001: regular expressions are constants of their module."""

import ast
from collections.abc import Iterator
from typing import Final

from tools.lint.rule import Rule

_FUNCTIONS: Final = frozenset(
    {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
)


def _check(tree: ast.Module) -> Iterator[ast.AST]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and getattr(node.func.value, "id", "") == "re"
                    and node.func.attr in _FUNCTIONS
                ):
                    yield node


RULE: Final = Rule(
    code="RE001",
    why="A pattern made inside a function cannot be reviewed or checked for backtracking.",
    fix="Make it a Final constant of the module.",
    applies=lambda path: path.startswith("src/"),
    check=_check,
    bad='def f(text):\n    return re.match("a", text)',
    good='_A = re.compile("a")\ndef f(text):\n    return _A.match(text)',
)
