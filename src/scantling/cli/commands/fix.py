"""Say what to do about an image's findings: few actions, each tried out before it is shown.

Every action is applied to the inventory and matched again with the same database; what it removes
and adds is what came out. The project's files are edited with --apply only.

examples:
  scantling fix app.tar --project .
  scantling fix app.tar --report report.json --format diff > fix.patch
  scantling fix registry.example.com/shop/web:1.4 --candidate python:3.13-slim --apply
"""

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from scantling.cli.databases import open_chosen
from scantling.cli.gates import add_context_options, gate_of
from scantling.cli.options import add_database_option, add_image_options, cache_of, scan_options
from scantling.cli.watch import watching
from scantling.core import clock
from scantling.core.errors import ExitCode, UsageError
from scantling.core.text import neutral
from scantling.image.open import open_image
from scantling.reports.stored import stored_report
from scantling.scan import look, scan

if TYPE_CHECKING:
    from scantling.advisories.database import Database
    from scantling.core.model.base import BaseImage
    from scantling.core.model.plan import FixPlan
    from scantling.core.model.report import ScanReport
    from scantling.core.progress import Progress
    from scantling.gate import Gate
    from scantling.remedy.api import Candidate, Situation
    from scantling.remedy.verify import Checker

_FORMATS: Final = ("text", "markdown", "json", "diff")
_REPORT: Final = ".json"
_ADVISED: Final = 3
_ENDED: Final = frozenset({"os.end-of-life", "os.extended-support"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_image_options(parser)
    add_context_options(parser)
    add_database_option(parser)
    group = parser.add_argument_group("fixing")
    group.add_argument(
        "--report",
        metavar="FILE",
        help="what scan --format json wrote about TARGET: it is not scanned again",
    )
    group.add_argument(
        "--candidate",
        metavar="IMAGE",
        action="append",
        default=[],
        help="measure this image as the new base: any target, or a stored report of it"
        " (NAME=FILE.json); repeatable",
    )
    group.add_argument(
        "--apply", action="store_true", help="edit the project's files; without it nothing changes"
    )
    group.add_argument(
        "--open-pr",
        action="store_true",
        help="in CI: open a pull request with the edits, or update the open one",
    )
    group.add_argument(
        "--patch-layer",
        metavar="DIR",
        help="a stop-gap: upgrade what the image has to the Debian packages in this folder, in one"
        " layer on top; scanned again, with an OpenVEX document",
    )
    group.add_argument(
        "--output",
        metavar="DIR[:TAG]",
        help="the OCI layout that the patched image goes into (tag: patched)",
    )
    group.add_argument(
        "-f",
        "--format",
        choices=_FORMATS,
        default="text",
        help="how to show the plan (default: text); diff is one patch of all edits",
    )


def run(args: argparse.Namespace) -> int:
    """Show the plan, apply it if asked to, and return 0: whether an image may ship is scan's."""
    scan_options(args)  # what is wrong with them is said before anything is read
    gate = gate_of(args)
    root = _root(args)
    database = open_chosen(args.db)
    if args.patch_layer is not None:
        from scantling.cli.patching import patch  # noqa: PLC0415

        return patch(args, database, gate)
    if args.output:
        raise UsageError("--output is where --patch-layer writes; a plan goes to standard output")
    with watching(quiet=args.quiet) as progress:
        report = _report(args, database, gate, progress)
        candidates = tuple(_candidate(one, args, database, progress) for one in args.candidate)
    situation, checker = _situation(
        report, database, gate, root=root, args=args, candidates=candidates
    )
    plan = _plan(situation, checker)
    plan = replace(plan, notes=tuple(_notes(report, database, situation)))
    if args.apply:  # before it is shown: whoever reads may stop reading
        _apply(plan, root)
        plan = replace(plan, applied=True)
    if args.open_pr:
        from scantling.cli.fix_requests import open_request  # noqa: PLC0415 - the HTTP library

        open_request(plan, report, args)
    show = import_module(f"scantling.reports.plans.{args.format}")
    sys.stdout.writelines(show.render(plan))
    return ExitCode.PASSED


def _report(
    args: argparse.Namespace, database: "Database", gate: "Gate", progress: "Progress"
) -> "ScanReport":
    if args.report:
        return stored_report(Path(args.report))
    return scan(
        args.target,
        database,
        scan_options(args),
        cache=cache_of(args),
        progress=progress,
        through=gate,
    )


def _root(args: argparse.Namespace) -> Path | None:
    """Return the folder whose files may be edited; None: no project was named or found."""
    from scantling.project.context import FILE  # noqa: PLC0415 - other commands do without
    from scantling.project.find import find_root  # noqa: PLC0415

    if args.project is not None:
        return find_root(Path(args.project))
    if args.dockerfile is not None:
        return Path(args.dockerfile).resolve().parent
    return Path.cwd() if Path(FILE).is_file() else None


def _situation(
    report: "ScanReport",
    database: "Database",
    gate: "Gate",
    *,
    root: Path | None,
    args: argparse.Namespace,
    candidates: "tuple[Candidate, ...]",
) -> "tuple[Situation, Checker]":
    from scantling.remedy.api import Files  # noqa: PLC0415
    from scantling.remedy.situation import read_files, silenced, situation_of  # noqa: PLC0415
    from scantling.remedy.verify import Checker  # noqa: PLC0415

    today = clock.now().date()
    links = {one.id: one.references for one in report.findings if one.references}
    plain = Checker(database, today=today)
    checker = Checker(
        database,
        today=today,
        context=gate.context,
        silenced=silenced(report, plain),
        links=links,
    )
    files = Files()
    if root is not None:
        files = read_files(root, report, dockerfile=_inside(args.dockerfile, root))
    return situation_of(report, checker, files=files, candidates=candidates), checker


def _inside(dockerfile: str | None, root: Path) -> str:
    """Return the Dockerfile's path in the project; empty: none was named. Raises UsageError."""
    if dockerfile is None:
        return ""
    whole = Path(dockerfile).resolve()
    if not whole.is_relative_to(root):
        raise UsageError(f"--dockerfile: {dockerfile} lies outside the project {root}")
    if not whole.is_file():
        raise UsageError(f"--dockerfile: {dockerfile} cannot be read; name a file")
    return whole.relative_to(root).as_posix()


def _plan(situation: "Situation", checker: "Checker") -> "FixPlan":
    from scantling.remedy.plan import make_plan  # noqa: PLC0415
    from scantling.remedy.registry import STRATEGIES  # noqa: PLC0415

    return make_plan(situation, checker, tuple(STRATEGIES.values()))


def _candidate(
    word: str, args: argparse.Namespace, database: "Database", progress: "Progress"
) -> "Candidate":
    """Return an image as a candidate for the base; it is scanned, or its stored report is read."""
    from scantling.core.model.inventory import Inventory  # noqa: PLC0415
    from scantling.remedy.situation import candidate_of  # noqa: PLC0415

    name, equals, file = word.partition("=")
    if equals and file.endswith(_REPORT):
        report = stored_report(Path(file))
        inventory = Inventory(
            image=report.image, distro=report.distro, packages=report.packages, gaps=report.gaps
        )
        return candidate_of(name, inventory, database, clock.now())
    target = file if equals else name
    options = scan_options(args)
    looked = look(target, options, cache=cache_of(args), progress=progress)
    found = candidate_of(name, looked.inventory, database, clock.now())
    # FROM is pinned to what all platforms share; what was looked into is one of them.
    opened = open_image(target, options.image, progress)
    opened.close()
    return replace(found, digest=opened.list_digest or found.digest)


def _notes(report: "ScanReport", database: "Database", situation: "Situation") -> Iterator[str]:
    """Yield what to know about the plan as a whole."""
    if report.database is not None and report.database.digest != database.info.digest:
        yield (
            "the report was made with another version of the database; its findings were judged"
            f" again with {database.info.digest[:19]}"
        )
    for gap in report.gaps:
        if gap.code in _ENDED:
            yield f"{gap.detail}: no upgrade within it helps for long"
    if any(gap.kind == "blocking" for gap in report.gaps):
        yield "not everything in the image could be read or judged; scantling scan says what"
    if not situation.files.texts:
        yield "no project was given, so there is nothing to edit: name its folder with --project"
    if situation.candidates and not (situation.base and situation.base.layers):
        yield "no base was recognized, so no candidate could be measured: see scantling base"
    if situation.base is not None and not situation.candidates:
        yield from _unmeasured(situation, situation.base, database)


def _unmeasured(situation: "Situation", base: "BaseImage", database: "Database") -> Iterator[str]:
    """Yield bases that are advised by their names: nobody has looked into them here."""
    from scantling.bases.advise import advise  # noqa: PLC0415
    from scantling.bases.official import embedded  # noqa: PLC0415

    parsed = situation.files.parsed()
    chain = parsed.chain(situation.files.target) if parsed else ()
    found = advise(
        base,
        embedded(),
        (),
        database.releases,
        today=clock.now().date().isoformat(),
        declared=chain[0].image if chain else "",
    )
    names = [one.after for one in found if one.after and one.after != one.before]
    for name in tuple(dict.fromkeys(names))[:_ADVISED]:
        yield f"not measured: {name}; --candidate {name} counts what it removes and adds"


def _apply(plan: "FixPlan", root: Path | None) -> None:
    """Write the edits. Raises UsageError where that is not safe."""
    from scantling.remedy.apply import of_plan, write  # noqa: PLC0415

    changes = of_plan(plan)
    if root is None:
        raise UsageError("--apply needs the project to edit: name its folder with --project")
    for path in write(root, changes):
        sys.stderr.write(f"scantling: edited {neutral(path)}\n")
    if not changes:
        sys.stderr.write("scantling: the plan has nothing to edit\n")
