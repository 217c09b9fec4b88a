"""`python -m tools.lint`: apply every rule to every file; exit 1 if one is broken."""

import sys
from pathlib import Path

from tools.lint.registry import RULES
from tools.lint.rule import problems

ROOT = Path(__file__).parent.parent.parent


def main() -> int:
    """Print each problem and return the exit code."""
    found = [
        line
        for file in sorted((ROOT / "src").rglob("*.py"))
        for rule in RULES
        if rule.applies(path := file.relative_to(ROOT).as_posix())
        for line in problems(rule, path, file.read_text(encoding="utf-8"))
    ]
    print("\n".join(found) or "no problems")
    return 1 if found else 0


sys.exit(main())
