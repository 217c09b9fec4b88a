"""The rules, in the order of their codes."""

from typing import Final

from tools.lint.rule import Rule
from tools.lint.rules import (
    broad,
    digits,
    docstrings,
    environment,
    lines,
    reads,
    regexes,
    swallow,
)

RULES: Final[tuple[Rule, ...]] = (
    docstrings.RULE,
    broad.RULE,
    swallow.RULE,
    environment.RULE,
    reads.RULE,
    regexes.RULE,
    lines.RULE,
    digits.RULE,
)
