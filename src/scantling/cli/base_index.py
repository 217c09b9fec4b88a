"""`scantling base index`: add, list, update, import, export, remove and verify known images."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from scantling.bases.exchange import read_lines, write_lines
from scantling.bases.known import Known
from scantling.bases.learn import learn
from scantling.bases.shelf import OWN, Shelf
from scantling.cli.options import data_dir, image_options, setting
from scantling.cli.watch import watching
from scantling.core import clock
from scantling.core.errors import ExitCode, TargetError, UsageError
from scantling.core.limits import DEFAULT
from scantling.core.text import neutral
from scantling.image.refs import parse_registry


def shelf_of(flag: str | None) -> Shelf:
    """Return the shelf: the folder that `--bases` or SCANTLING_BASES names, else the user's own."""
    named = setting(flag, "BASES")
    return Shelf(Path(named) if named else data_dir() / "bases")


def run_add(args: argparse.Namespace) -> int:
    """Add images; one that cannot be read is said, and the others are added all the same."""
    targets = [*args.images, *(_listed(args.list) if args.list else ())]
    if not targets:
        raise UsageError("name an image to add, or a file of them with --list")
    if args.name and len(targets) > 1:
        raise UsageError("--name can name one image only")
    options = image_options(args)
    seen = clock.rfc3339(clock.now())
    found: list[Known] = []
    failed = 0
    with watching(quiet=args.quiet) as progress:
        for target in targets:
            try:
                found += learn(target, options, progress, name=args.name, seen=seen)
            except TargetError as error:
                failed += 1
                sys.stderr.write(f"scantling: {neutral(str(error), limit=4096)}\n")
    shelf_of(args.bases).add(found, to=args.set)
    for one in found:
        _line(_shown(one))
    return ExitCode.UNREADABLE if failed else ExitCode.PASSED


def run_list(args: argparse.Namespace) -> int:
    """Show the sets, or the known images of a repository."""
    shelf = shelf_of(args.bases)
    if not args.name:
        for one in shelf.sets():
            _line(f"{one.name}: {one.images:,} images in {len(one.parts)} files ({shelf.root})")
        return ExitCode.PASSED
    ref = parse_registry(args.name)
    found = [
        one for index in shelf.open() for one in index.named(f"{ref.registry}/{ref.repository}")
    ]
    _write(sorted(found, key=lambda one: one.age, reverse=True), as_json=args.json)
    return ExitCode.PASSED


def run_update(args: argparse.Namespace) -> int:
    """Ask again what each tag means, and add what is new."""
    shelf = shelf_of(args.bases)
    known = [one for index in shelf.open(only=OWN) for one in index.everything()]
    digests = {(one.name, one.digest) for one in known}
    wanted = {(f"{one.name}:{tag}", one.platform) for one in known for tag in one.tags}
    seen = clock.rfc3339(clock.now())
    options = image_options(args)
    found: list[Known] = []
    failed = 0
    with watching(quiet=args.quiet) as progress:
        for target, platform in sorted(wanted):
            try:
                found += learn(
                    f"registry:{target}", replace(options, platform=platform), progress, seen=seen
                )
            except TargetError as error:
                failed += 1
                sys.stderr.write(f"scantling: {neutral(str(error), limit=4096)}\n")
    shelf.add(found)
    fresh = [one for one in found if (one.name, one.digest) not in digests]
    for one in fresh:
        _line(_shown(one))
    _line(f"{len(wanted)} tags asked, {len(fresh)} mean another image now, {failed} not read")
    return ExitCode.UNREADABLE if failed else ExitCode.PASSED


def run_import(args: argparse.Namespace) -> int:
    """Make a set of a file; it replaces the set of that name, completely or not at all."""
    if args.file == "-":
        images = tuple(read_lines(_lines(sys.stdin.buffer)))
    else:
        try:
            with Path(args.file).open("rb") as file:
                images = tuple(read_lines(_lines(file)))
        except OSError as error:
            raise UsageError(f"cannot read {args.file}: {error.strerror}") from error
    made = shelf_of(args.bases).replace(images, name=args.set)
    _line(f"{made.name}: {made.images:,} images")
    return ExitCode.PASSED


def run_export(args: argparse.Namespace) -> int:
    """Write known images as JSON lines."""
    for index in shelf_of(args.bases).open(only=args.set):
        _write(index.everything(), as_json=True)
    return ExitCode.PASSED


def run_remove(args: argparse.Namespace) -> int:
    """Remove a set."""
    shelf = shelf_of(args.bases)
    if args.set not in {one.name for one in shelf.sets()}:
        raise UsageError(f"there is no set {args.set!r}; scantling base index list shows them")
    shelf.replace((), name=args.set)
    return ExitCode.PASSED


def run_verify(args: argparse.Namespace) -> int:
    """Read all of the index; a damaged byte is an error."""
    images = 0
    for index in shelf_of(args.bases).open():
        index.check()
        images += index.images
    _line(f"{images:,} images are intact")
    return ExitCode.PASSED


def _listed(file: str) -> Iterator[str]:
    """Yield the images in a file, one per line; `#` begins a comment line."""
    try:
        data = sys.stdin.buffer.read(DEFAULT.json_bytes) if file == "-" else _whole(Path(file))
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    for line in data.decode("utf-8", "replace").split("\n"):
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _whole(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(DEFAULT.json_bytes)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines of a bounded length; the import refuses one that is longer."""
    while line := file.readline(DEFAULT.record_bytes + 1):
        yield line


def _write(images: Iterable[Known], *, as_json: bool) -> None:
    for one in images:
        if as_json:
            sys.stdout.write(next(write_lines((one,))).decode())
        else:
            _line(_shown(one))


def _shown(known: Known) -> str:
    tags = f":{','.join(known.tags)}" if known.tags else ""
    day = known.created[:10] or "undated"
    layers = "1 layer" if len(known.diff_ids) == 1 else f"{len(known.diff_ids)} layers"
    digest = known.pin or known.config_digest
    return f"{known.name}{tags}  {digest}  {known.platform}  {day}  {layers}"


def _line(text: str) -> None:
    sys.stdout.write(neutral(text, limit=4096) + "\n")
