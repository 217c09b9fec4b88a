"""Where reports go: the formats a user asks for, each to standard output or to a file."""

import argparse
import os
import sys
from pathlib import Path

from msgspec import Struct

from scantling.core.errors import UsageError
from scantling.core.model.report import ScanReport
from scantling.reports.api import Format, Look
from scantling.reports.driver import render, written
from scantling.reports.registry import FORMATS


class Output(Struct, frozen=True):
    """A format and the file it goes to; '' is standard output."""

    format: Format
    file: str


def add_output_options(parser: argparse.ArgumentParser, *, default: str) -> None:
    """Add which formats to write."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "-f",
        "--format",
        metavar="FORMAT[=FILE]",
        action="append",
        default=[],
        help=f"one of {', '.join(FORMATS)} (default: {default}); repeatable, one without a file",
    )
    group.add_argument(
        "--show-suppressed", action="store_true", help="list suppressed findings as well"
    )
    group.add_argument(
        "--color", choices=["auto", "always", "never"], default="auto", help="color the table"
    )


def outputs(
    args: argparse.Namespace, *, default: str, inventory: bool = False
) -> tuple[Output, ...]:
    """Return what to write. Raises UsageError before anything is scanned."""
    chosen = tuple(_output(text, inventory=inventory) for text in args.format or [default])
    if sum(not one.file for one in chosen) > 1:
        raise UsageError("only one --format can go to standard output; give the others =FILE")
    for one in chosen:
        folder = Path(one.file).parent
        if one.file and not folder.is_dir():
            raise UsageError(f"--format {one.format.name}: there is no folder {str(folder)!r}")
    return chosen


def _output(text: str, *, inventory: bool) -> Output:
    name, _, file = text.partition("=")
    if name not in FORMATS:
        raise UsageError(f"--format takes one of {', '.join(FORMATS)}; not {name!r}")
    if inventory and not FORMATS[name].inventory:
        raise UsageError(f"--format {name} needs findings; use scantling scan")
    _check_binary(FORMATS[name], file)
    return Output(FORMATS[name], file)


def _check_binary(format_: Format, file: str) -> None:
    if format_.document is not None and not file:
        raise UsageError(f"--format {format_.name} goes to a file: --format {format_.name}=FILE")
    if format_.needs:
        from importlib.util import find_spec  # noqa: PLC0415 - only for what an extra brings

        if find_spec(format_.needs) is None:
            extra = f"pip install 'scantling[{format_.name}]'"
            raise UsageError(f"--format {format_.name} needs {format_.needs}; install it: {extra}")


def write(report: ScanReport, chosen: tuple[Output, ...], args: argparse.Namespace) -> None:
    """Write the report in every chosen format; files appear whole or not at all."""
    for one in chosen:
        look = Look(
            color=not one.file and _color(args.color),
            width=os.get_terminal_size().columns if sys.stdout.isatty() else 120,
            show_suppressed=args.show_suppressed,
        )
        if one.file:
            _replace(Path(one.file), written(report, one.format, look))
        else:
            sys.stdout.write(render(report, one.format, look))


def _color(wish: str) -> bool:
    """Return whether to color. Source: https://no-color.org/."""
    if wish == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return wish == "always"


def _replace(path: Path, content: bytes) -> None:
    from tempfile import NamedTemporaryFile  # noqa: PLC0415 - 8 ms, only for files

    try:
        if path.exists() and not path.is_file():
            # A device or a pipe is written to; a file in its place would be somebody's surprise.
            with path.open("wb") as pipe:
                pipe.write(content)
            return
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise UsageError(f"cannot write the report to {str(path)!r}: {error.strerror}") from error
