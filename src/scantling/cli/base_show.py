"""`scantling base of`, `impact` and `tags`."""

import argparse
import sys
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from scantling.bases.advise import advise
from scantling.bases.impact import Stood, impact
from scantling.bases.look import base_of
from scantling.bases.official import embedded
from scantling.bases.recognize import Indexes, part_of
from scantling.cli.base_index import shelf_of
from scantling.cli.databases import open_chosen
from scantling.cli.options import image_options
from scantling.cli.watch import watching
from scantling.core import clock
from scantling.core.errors import ExitCode
from scantling.core.model.base import Advice, BaseImage, Part
from scantling.core.model.image import Image
from scantling.core.text import neutral
from scantling.image.open import open_image
from scantling.image.refs import parse_registry

_SHOWN = 100


class _Layer(Struct, frozen=True, kw_only=True):
    index: int
    part: Part
    diff_id: str
    created_by: str


class _Answer(Struct, frozen=True, kw_only=True):
    """What is written as JSON. `base` null: not recognized; `notes`: what could not be read.

    `known_as` are the names of the image itself, if it is in the index.
    """

    image: str
    digest: str
    platform: str
    known_as: tuple[str, ...]
    base: BaseImage | None
    ancestry: tuple[BaseImage, ...]
    layers: tuple[_Layer, ...]
    advice: tuple[Advice, ...]
    notes: tuple[str, ...]


def run_of(args: argparse.Namespace) -> int:
    """Show the base of an image, whose each layer is, and what to do."""
    indexes = shelf_of(args.bases).open()
    with watching(quiet=args.quiet) as progress:
        opened = open_image(args.target, image_options(args), progress)
        try:
            seen = base_of(opened, indexes, declared=args.declared)
        finally:
            opened.close()
    image, base = opened.image, seen.base
    advice: tuple[Advice, ...] = ()
    if base is not None:
        advice = advise(
            base,
            embedded(),
            indexes,
            open_chosen(args.db).releases,
            today=clock.now().date().isoformat(),
            declared=args.declared,
        )
    answer = _Answer(
        image=image.reference,
        digest=image.digest,
        platform=str(image.platform),
        base=base,
        ancestry=seen.ancestry,
        known_as=_known_as(image, indexes),
        layers=_layers(image, base),
        advice=advice,
        notes=tuple(one.detail for one in seen.gaps),
    )
    if args.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer)).decode() + "\n")
    else:
        sys.stdout.writelines(f"{neutral(line, limit=4096)}\n" for line in _text(answer))
    return ExitCode.PASSED


def run_impact(args: argparse.Namespace) -> int:
    """Show which known images stand on each known build of a base."""
    for one in impact(args.base, shelf_of(args.bases).open()):
        if args.json:
            sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
        else:
            sys.stdout.writelines(f"{neutral(line, limit=4096)}\n" for line in _stood(one))
    return ExitCode.PASSED


def run_tags(args: argparse.Namespace) -> int:
    """List the tags of a repository."""
    # Only this subcommand needs the HTTP client for certain.
    from scantling.image.pull import list_tags  # noqa: PLC0415

    with watching(quiet=args.quiet) as progress:
        tags = list_tags(parse_registry(args.repository), image_options(args), progress)
    sys.stdout.writelines(f"{tag}\n" for tag in tags)
    return ExitCode.PASSED


def _known_as(image: Image, indexes: Indexes) -> tuple[str, ...]:
    """Return the names under which the image itself is known."""
    found = {
        f"{one.name}:{tag}"
        for index in indexes
        for digest in {image.manifest_digest, image.config_digest} - {""}
        for one in index.with_digest(digest)
        for tag in one.tags
    }
    return tuple(sorted(found))


def _layers(image: Image, base: BaseImage | None) -> tuple[_Layer, ...]:
    return tuple(
        _Layer(
            index=layer.index,
            part=part_of(layer.index, base),
            diff_id=layer.diff_id,
            created_by=layer.created_by,
        )
        for layer in image.layers
    )


def _text(answer: _Answer) -> Iterator[str]:
    yield f"{answer.image} ({answer.platform}, {answer.digest or 'no digest'})"
    if answer.known_as:
        yield f"  is {', '.join(answer.known_as)}"
    if answer.base is None:
        yield "  its base is not known: add images it may stand on with `scantling base index add`"
    for depth, base in enumerate(answer.ancestry):
        yield from _base(base, "stands on" if depth == 0 else "which stands on")
    yield from (f"  not read: {note}" for note in answer.notes)
    yield ""
    for layer in answer.layers:
        created = layer.created_by[:_SHOWN]
        yield f"  {layer.index:>3} {layer.part:<8}{layer.diff_id[7:19]}  {created}"
    if answer.advice:
        yield ""
    for one in answer.advice:
        mark = "" if one.certain else " (not certain)"
        yield f"  {one.kind}: {one.title}{mark}"
        yield f"      {one.because}"


def _base(base: BaseImage, words: str) -> Iterator[str]:
    name = (base.name or "an image without a name") + (f":{base.tags[0]}" if base.tags else "")
    guess = "" if base.certain else ", a guess"
    yield f"  {words} {name}{guess}"
    if base.digest:
        yield f"    digest   {base.digest}"
    if len(base.tags) > 1:
        yield f"    also     {', '.join(base.tags[1:])}"
    if base.created:
        yield f"    created  {base.created}"
    yield f"    because  {base.because}"
    if base.current is False:
        yield f"    newer    {base.newest}@{base.newest_digest}"


def _stood(one: Stood) -> Iterator[str]:
    tags = ", ".join(one.base.tags) or "no tag"
    age = "newest known" if one.newest else "there is a newer one"
    digest = one.base.pin or one.base.config_digest
    yield f"{one.base.name} ({tags}) {digest} of {one.base.created[:10]}: {age}"
    for image in one.images:
        own = len(image.diff_ids) - len(one.base.diff_ids)
        tags = f":{','.join(image.tags)}" if image.tags else ""
        yield f"  {image.name}{tags}  {image.pin or image.config_digest}  {own} layers of its own"
    if not one.images:
        yield "  no known image stands on it"
