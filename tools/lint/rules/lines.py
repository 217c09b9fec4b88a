"""TX001: text is split at line feeds only."""

from typing import Final

from tools.lint.rule import Rule, calls

RULE: Final = Rule(
    code="TX001",
    why="splitlines() also splits at U+2028, U+0085 and \\x1c: a description could start a field.",
    fix='Use split("\\n").',
    applies=lambda path: path.startswith("src/"),
    check=lambda tree: calls(tree, "splitlines"),
    bad="text.splitlines()",
    good='text.split("\\n")',
)
