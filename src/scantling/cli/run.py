"""Run a command: parse its options, call it, turn what it raises into a sentence and a code."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from scantling.core.errors import ExitCode, ScantlingError
from scantling.core.text import neutral


class Parser(argparse.ArgumentParser):
    """argparse with our exit code and one line on standard error."""

    def format_help(self) -> str:
        """Return the help, as wide as the terminal."""
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line and end with the code for usage."""
        sys.stderr.write(f"{self.prog}: {neutral(message)}\nSee {self.prog} --help.\n")
        raise SystemExit(ExitCode.USAGE)


def run(command: str, argv: Sequence[str]) -> int:
    """Run `command` with its arguments and return the exit code."""
    module = module_of(command)
    parser = parser_of(command)
    try:
        code = module.run(parser.parse_args(_spelled_out(module, argv)))
        sys.stdout.flush()
    except ScantlingError as error:
        sys.stderr.write(f"scantling: {neutral(str(error), limit=4096)}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("scantling: stopped by the user\n")
        return 130
    except BrokenPipeError:
        return _closed_pipe()
    except Exception as error:  # noqa: BLE001 - the edge: whatever is left is our bug
        return _bug(error)
    return int(code)


def module_of(command: str) -> ModuleType:
    """Return the module of a command."""
    return import_module(f"scantling.cli.commands.{command.replace('-', '_')}")


def parser_of(command: str) -> Parser:
    """Return the parser of a command, with its module's docstring as the description."""
    module = module_of(command)
    parser = Parser(
        prog=f"scantling {command}",
        description=module.__doc__,
        # argparse makes a formatter for each option; one that looks for the width of the terminal
        # loads shutil and all it can unpack (3 ms), so only the help itself gets that.
        formatter_class=partial(argparse.HelpFormatter, width=80),
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return parser


def _spelled_out(module: ModuleType, argv: Sequence[str]) -> Sequence[str]:
    """Return the arguments with the word that a command lets people leave out."""
    spell_out: Callable[[Sequence[str]], Sequence[str]] | None
    spell_out = getattr(module, "spell_out", None)
    return spell_out(argv) if spell_out else argv


def _bug(error: Exception) -> int:
    import traceback  # noqa: PLC0415 - 3 ms that only a bug pays

    if os.environ.get("SCANTLING_DEBUG"):
        traceback.print_exception(error)
    at = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{at.filename.rpartition('scantling/')[2]}:{at.lineno}"
    sys.stderr.write(
        f"scantling: internal error, {type(error).__name__} at {place}. This is a bug in Scantling:"
        " please report it, with what SCANTLING_DEBUG=1 prints.\n"
    )
    return ExitCode.BUG


def _closed_pipe() -> int:
    """Whoever read our output went away: not an error of the scan, but nothing was decided."""
    devnull = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115, PTH123 - lives to the end
    sys.stdout = devnull
    return ExitCode.INCOMPLETE
