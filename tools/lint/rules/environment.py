"""OS001: the environment is read at the edge."""

import ast
from collections.abc import Iterator
from typing import Final

from tools.lint.rule import Rule

# Where container clients keep logins is told by their own variables (DOCKER_CONFIG and others).
_PLACES: Final = (
    "src/scantling/cli/",
    "src/scantling/core/clock.py",
    "src/scantling/image/credentials.py",
    "src/scantling/testing/",
)


def _check(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}:
            yield node


RULE: Final = Rule(
    code="OS001",
    why="A setting read deep inside cannot be seen or tested.",
    fix="Take it as a parameter; the command line reads the environment.",
    applies=lambda path: path.startswith("src/") and not path.startswith(_PLACES),
    check=_check,
    bad='import os\nx = os.environ["A"]',
    good="def f(a): return a",
)
