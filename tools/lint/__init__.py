"""The project's own lint: traps that ruff does not know. Run by `make check`.

A rule is a file in `rules/` that ends with `RULE: Final = Rule(...)`. It carries its own bad and
good sample, and a test runs every rule on both. An escape is a comment on the line, with the code
and a reason: `# lint: TX001 it is our own text`.
"""
