"""What the commands about attestations share: the image they are about, and where it keeps them."""

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from scantling.cli.options import TARGET_HELP, add_registry_options, image_options
from scantling.core.errors import TargetError, UsageError
from scantling.core.model.image import Image
from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions
from scantling.image.open import open_image
from scantling.image.refs import parse_path, parse_registry, split_prefix
from scantling.image.registry import SOURCES
from scantling.supply.layout import LayoutPlace
from scantling.supply.places import Place
from scantling.supply.statement import TYPES

_SPAN: Final = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhdw]?)")
_UNITS: Final = {
    "": timedelta(days=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


class Target(Struct, frozen=True, kw_only=True):
    """An image by digest. `index_digest` is that of the index it was found in, empty if none.

    `platforms` are those of that index; `name` is a repository or a path, without a tag.
    """

    image: Image
    name: str
    index_digest: str
    platforms: tuple[str, ...]


def add_target_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the image and how to reach it."""
    parser.add_argument(
        "target", metavar="TARGET", nargs=None if required else "?", help=TARGET_HELP
    )
    parser.add_argument("--platform", metavar="OS/ARCH", help="which image of a multi-platform one")
    add_registry_options(parser)
    parser.set_defaults(limit=[])


def target_of(args: argparse.Namespace) -> Target:
    """Return the image that the arguments name. Raises TargetError: none, or it has no digest."""
    options = image_options(args)
    opened = open_image(args.target, options, Quiet())
    opened.close()
    if not opened.image.manifest_digest:
        raise TargetError(
            f"{args.target} has no manifest digest that an attestation could be about; push the "
            "image, or export it as an OCI layout"
        )
    return Target(
        image=opened.image,
        name=_name(args.target),
        index_digest=opened.list_digest,
        platforms=opened.platforms,
    )


@contextmanager
def place_of(reference: str, options: ImageOptions, *, write: bool) -> Iterator[Place]:
    """Yield where attestations of a target are kept. Raises UsageError for an archive or folder."""
    prefix, rest = split_prefix(reference)
    source = next((name for name, one in SOURCES.items() if one.claims(reference)), prefix)
    if source == "registry":
        # Only a registry needs the HTTP client (0.1 s).
        from scantling.supply.registry import RegistryPlace  # noqa: PLC0415

        place = RegistryPlace(parse_registry(rest), options, write=write)
        try:
            yield place
        finally:
            place.close()
        return
    found = parse_path(rest)
    if source != "oci-layout" or found is None:
        raise UsageError(
            f"attestations are kept in a registry or an OCI layout folder, not in {reference!r}; "
            "use a file for them: attest --output, verify-attestation --attestation"
        )
    yield LayoutPlace(Path(found.path))


def predicate_type(name: str) -> str:
    """Return the predicate type of our word for it, or the URI itself. Raises UsageError."""
    if name in TYPES:
        return TYPES[name][0]
    if ":" in name:
        return name
    raise UsageError(f"--type takes one of {', '.join(TYPES)}, or a URI; not {name!r}")


def span(text: str, option: str) -> timedelta | None:
    """Return a span of time: `7d`, `12h`, a bare number is days; None for the empty text."""
    if not text:
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        raise UsageError(f"{option} takes a number with s, m, h, d or w (7d); not {text!r}")
    return int(match["number"]) * _UNITS[match["unit"]]


def _name(reference: str) -> str:
    """Return the repository of a registry reference, else what was written."""
    prefix, rest = split_prefix(reference)
    if SOURCES["registry"].claims(reference):
        ref = parse_registry(rest)
        return f"{ref.registry}/{ref.repository}"
    return rest if prefix else reference
