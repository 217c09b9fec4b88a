"""The command line: choose the command, run it, turn errors into sentences and exit codes.

Only the chosen command is imported: start-up is part of the speed.
"""

import gc
import sys
from collections.abc import Sequence
from typing import Final

# command: what it is for. The module is `scantling.cli.commands.<command>`,
# with an underscore for each dash.
COMMANDS: Final = {
    "scan": "scan an image and decide whether it may ship",
    "sbom": "list what is in an image, without judging it",
    "diff": "compare two scans: what is new, fixed, or hidden now",
    "explain": "say why a vulnerability does or does not apply to an image",
    "fix": "plan what to do about an image's findings, and edit the project",
    "ci": "scan in a pipeline, with reports and comments where its people look",
    "base": "tell which base image an image stands on, and what to do about it",
    "verify": "prove by a rescan that claimed fixes are in an image",
    "replay": "scan again as a stored report says, and compare byte for byte",
    "attest": "sign what a scan came to, beside the image",
    "verify-attestation": "check what was signed about an image, by whom, and how old it is",
    "conditions": "say under which conditions vulnerabilities matter, and whether they hold",
    "policy": "write, check and try the rules of what may ship",
    "db": "build, update and inspect the advisory database",
    "cache": "see and trim the cache of layer facts",
    "doctor": "check what this machine offers and what is missing",
}

_OBJECTS: Final = 100_000
"""New objects between two searches for garbage in cycles; those are a few MB."""

_HELP: Final = """\
Scan container images, explain what is wrong, decide whether they may ship.

usage: scantling COMMAND [OPTIONS]

commands:
{commands}

  scantling COMMAND --help   the options of a command
  scantling --version        the version

exit codes: 0 passed, 1 blocked, 2 usage, 3 incomplete, 4 target unreadable,
            5 advisory data missing, stale or unverified
"""


def entry() -> None:
    """Run the command line of this process.

    What a scan makes has hardly any cycles: looking for some in all of it every 700 objects, and
    once more at the end, is a sixth of its time.
    """
    gc.set_threshold(_OBJECTS)
    code = main(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code. Nothing is raised but SystemExit of `--help`."""
    if not argv or argv[0] in {"-h", "--help", "help"}:
        print_help()
        return 0 if argv else 2
    if argv[0] in {"-V", "--version"}:
        return _print_version()
    if argv[0] not in COMMANDS:
        return _unknown(argv[0])
    from scantling.cli.lean import load_msgspec  # noqa: PLC0415 - help and version must not pay

    load_msgspec()
    from scantling.cli.run import run  # noqa: PLC0415

    return run(argv[0], argv[1:])


def print_help() -> None:
    """Write the list of commands to standard output."""
    width = max(map(len, COMMANDS)) + 2
    commands = "\n".join(f"  {name:<{width}}{what}" for name, what in COMMANDS.items())
    sys.stdout.write(_HELP.format(commands=commands))


def _print_version() -> int:
    from scantling.core.version import __version__  # noqa: PLC0415

    sys.stdout.write(f"scantling {__version__}\n")
    return 0


def _unknown(word: str) -> int:
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else "scantling --help lists the commands."
    sys.stderr.write(f"scantling: there is no command {ascii(word)[1:-1]!r}; {hint}\n")
    return 2
