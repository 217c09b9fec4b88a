"""Known images for tests: chains by letters, so that a test reads as what stands on what."""

import hashlib
from pathlib import Path

from scantling.bases.index import KnownImages
from scantling.bases.index_writer import write_index
from scantling.bases.known import Known
from scantling.core.model.image import Image, ImageConfig, Layer, Platform


def diff(letter: str) -> str:
    """Return the diff ID of the layer called `letter`."""
    return f"sha256:{hashlib.sha256(letter.encode()).hexdigest()}"


def known(layers: str, name: str, *tags: str, created: str = "2026-01-01T00:00:00Z") -> Known:
    """Return a known image with one layer per letter; its digest depends on all arguments."""
    return Known(
        name=name,
        diff_ids=tuple(map(diff, layers)),
        tags=tags,
        digest=diff(f"manifest {layers} {name} {created}"),
        platform="linux/amd64",
        created=created,
    )


def image(
    layers: str,
    *,
    labels: tuple[tuple[str, str], ...] = (),
    annotations: tuple[tuple[str, str], ...] = (),
) -> Image:
    """Return an image with one layer per letter."""
    return Image(
        reference="app",
        kind="oci-layout",
        manifest_digest=diff(f"app {layers}"),
        platform=Platform(architecture="amd64"),
        layers=tuple(
            Layer(index=number, diff_id=diff(letter)) for number, letter in enumerate(layers)
        ),
        config=ImageConfig(labels=labels),
        annotations=annotations,
    )


def index_of(folder: Path, *images: Known, name: str = "own") -> KnownImages:
    """Return an open index of the images."""
    written = write_index(images)
    path = folder / f"{written.digest[7:]}.idx"
    path.write_bytes(written.data)
    return KnownImages(path, digest=written.digest, name=name)
