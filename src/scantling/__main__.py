"""`python -m scantling` is the `scantling` command."""

from scantling.cli.main import entry

entry()
