"""Reports where a CI system looks for them: log, folder, and the files that its variables name."""

import sys
from pathlib import Path
from typing import Final

from scantling.ci.api import Environment, Output, Run
from scantling.ci.detect import outputs_of
from scantling.ci.registry import SYSTEMS
from scantling.cli import output
from scantling.core.errors import UsageError
from scantling.core.limits import MIB
from scantling.core.model.report import ScanReport
from scantling.core.text import ACTIVE
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.registry import FORMATS

BASELINE: Final = "baseline.json"
"""The name in the folder for reports under which an earlier report is compared with."""

FETCHED: Final = "base-branch.json"
"""The same, fetched by us; another name, since it is fetched again for each scan."""

_MOST_READ: Final = 4 * MIB


def read_start(path: str) -> bytes | None:
    """Return the start of a file that a variable names; None if there is none to read."""
    if not path:
        return None
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST_READ)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None


def folder_of(name: str, run: Run | None) -> Path:
    """Return the folder for reports, made with those inside it. Raises UsageError."""
    folder = Path(name)
    if ACTIVE.search(name):
        raise UsageError(f"--reports: {name!r} cannot be the name of a folder here")
    try:
        for one in {(folder / wanted.file).parent for wanted in outputs_of(run) if wanted.file}:
            if one.is_symlink():
                raise UsageError(f"--reports: {str(one)!r} is a link; reports go to real folders")
            one.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--reports: cannot make {name!r}: {error.strerror}") from error
    return folder


def files_of(run: Run | None, folder: Path) -> tuple[output.Output, ...]:
    """Return the reports that go to standard output and to files."""
    return tuple(
        output.Output(FORMATS[one.format], str(folder / one.file) if one.file else "")
        for one in outputs_of(run)
        if not one.append_to
    )


def tell(report: ScanReport, run: Run | None, folder: Path, environment: Environment) -> None:
    """Tell the system of the reports that `files_of` wrote. Raises UsageError."""
    for one in outputs_of(run):
        path = str((folder / one.file).resolve())
        if one.append_to:
            _append(environment, one.append_to, render(report, FORMATS[one.format], Look()))
        if one.announce and not ACTIVE.search(path):
            sys.stdout.write(one.announce.format(path=path) + "\n")
    if run is not None and SYSTEMS[run.system].export_to:
        _append(environment, SYSTEMS[run.system].export_to, _exports(report, run, folder))


def _exports(report: ScanReport, run: Run, folder: Path) -> str:
    """Return `name=value` lines for later steps; a path with a line break in it is left out."""
    verdict = report.verdict
    lines = [f"verdict={verdict.status}", f"exit-code={verdict.exit_code}"]
    for one in filter(_is_exported, outputs_of(run)):
        path = str((folder / one.file).resolve())
        if not ACTIVE.search(path):
            lines.append(f"{one.export}={path}")
    return "".join(f"{line}\n" for line in lines)


def _is_exported(one: Output) -> bool:
    return bool(one.export and one.file)


def _append(environment: Environment, variable: str, text: str) -> None:
    name = environment.get(variable)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"{variable} names a file that cannot be written: {error}") from error
