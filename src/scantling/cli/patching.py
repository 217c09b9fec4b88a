"""`scantling fix --patch-layer`: upgrade system packages in a layer on top, and prove it by a scan.

A stop-gap until the image is built again. Nothing of the packages is run.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from msgspec import Struct

from scantling.advisories.database import Database
from scantling.cli.options import cache_of, scan_options
from scantling.cli.watch import watching
from scantling.core.errors import ExitCode, UsageError
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.report import ScanReport
from scantling.core.progress import Progress
from scantling.core.text import neutral
from scantling.gate import Gate
from scantling.image.open import open_image
from scantling.image.refs import is_tag, parse_path
from scantling.remedy.patch.below import look_below
from scantling.remedy.patch.deb import read_folder
from scantling.remedy.patch.layer import Patch, make_patch, wants
from scantling.remedy.patch.write import add_layer
from scantling.reports.plans import fixed_vex
from scantling.scan import scan

_LAYOUT: Final = "oci-layout"
_LAYOUT_PREFIX: Final = "oci:"
_SHOWN: Final = 20


class _Done(Struct, frozen=True, kw_only=True):
    """What the patched image's scan proved."""

    fixed: tuple[Finding, ...]
    new: tuple[Finding, ...]
    left: int


def patch(args: argparse.Namespace, database: Database, gate: Gate) -> int:
    """Write the patched image and its VEX; 1 if the scan of it proves no fix, or finds new flaws.

    Raises UsageError or TargetError where the image cannot be patched; nothing is tagged then.
    """
    folder, tag = _output(args)
    options = scan_options(args)
    debs = read_folder(Path(args.patch_layer))
    with watching(quiet=args.quiet) as progress:
        before = _scan(args.target, args, database, gate, progress)
        opened = open_image(args.target, options.image, progress)
        try:
            source = _source(args.target, opened.image.kind)
            if folder.resolve() == source.resolve() and tag in opened.image.tags:
                raise UsageError(f"--output: {tag} is the image itself; choose another tag")
            made = make_patch(debs, look_below(opened, wants, limits=options.image.limits))
            digest = opened.image.manifest_digest
        finally:
            opened.close()
        step = ", ".join(f"{name} {after}" for name, _, after in made.upgraded)
        add_layer(source, digest, made.tar, folder, tag, what=f"scantling fix: {step}")
        after = _scan(f"{_LAYOUT_PREFIX}{folder}:{tag}", args, database, gate, progress)
    done = _compared(before, after)
    document = Path(f"{folder}.openvex.json")
    _write(document, fixed_vex.render(after, done.fixed, _now(before, after)))
    sys.stdout.writelines(_text(made, done, f"{folder}:{tag}", document))
    return ExitCode.PASSED if done.fixed and not done.new else ExitCode.BLOCKED


def _output(args: argparse.Namespace) -> tuple[Path, str]:
    if not args.output:
        raise UsageError("--patch-layer needs --output DIR:TAG: where the patched image goes")
    name, colon, tag = args.output.rpartition(":")
    if not colon or "/" in tag:
        name, tag = args.output, "patched"
    if not name or not is_tag(tag):
        raise UsageError(f"--output takes DIR or DIR:TAG; not {args.output!r}")
    return Path(name), tag


def _source(target: str, kind: str) -> Path:
    """Return the layout's folder. Raises UsageError for any other kind of image."""
    if kind != _LAYOUT:
        raise UsageError(
            f"--patch-layer works on OCI layout folders; {neutral(target)} is of kind {kind}: copy"
            " it into one first"
        )
    found = parse_path(target.removeprefix(_LAYOUT_PREFIX))
    if found is None:
        raise UsageError(f"there is no {neutral(target)}")
    return Path(found.path)


def _scan(
    target: str, args: argparse.Namespace, database: Database, gate: Gate, progress: Progress
) -> ScanReport:
    return scan(
        target,
        database,
        scan_options(args),
        cache=cache_of(args),
        progress=progress,
        through=gate,
    )


def _compared(before: ScanReport, after: ScanReport) -> _Done:
    was, is_ = _counted(before), _counted(after)
    return _Done(
        fixed=tuple(was[one] for one in was if one not in is_),
        new=tuple(is_[one] for one in is_ if one not in was),
        left=len(is_),
    )


def _counted(report: ScanReport) -> dict[str, Finding]:
    return {
        one.identity: one for one in report.findings if one.state is not FindingState.SUPPRESSED
    }


def _now(before: ScanReport, after: ScanReport) -> dict[str, str]:
    """Return the package URLs of upgraded packages, by those they had."""
    names = {(one.type, one.name, one.arch): one.purl for one in after.packages}
    return {
        one.purl: names[one.type, one.name, one.arch]
        for one in before.packages
        if (one.type, one.name, one.arch) in names
    }


def _text(made: Patch, done: _Done, image: str, document: Path) -> Iterator[str]:
    yield f"{neutral(image)}: one layer more, {len(made.tar):,} bytes before compression\n"
    for name, before, after in made.upgraded:
        yield f"  {neutral(name)} {neutral(before)} → {neutral(after)}\n"
    yield (
        f"scanned again: {len(done.fixed)} findings fixed, {len(done.new)} new, {done.left} left\n"
    )
    ids = sorted({one.id for one in done.fixed})
    if ids:
        more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
        yield f"  fixed: {neutral(', '.join(ids[:_SHOWN]))}{more}\n"
    yield from (f"  note: {neutral(one)}\n" for one in made.notes)
    yield f"VEX: {neutral(str(document))}\n"
    yield "This is a stop-gap: build the image again as soon as you can.\n"


def _write(path: Path, text: str) -> None:
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            file.write(text)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
