"""What the tests of this folder share: opening a target and reading its layers."""

import os
from pathlib import Path

from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions, OpenImage
from scantling.image.open import open_image
from scantling.testing.images import MemoryImage

SMALL = MemoryImage(
    layers=(
        {"etc/os-release": b"ID=debian\n", "usr/lib/a": b"a" * 5000},
        {"etc/passwd": b"root:x:0:0\n"},
    ),
    config={"config": {"User": "app", "Env": ["A=b"], "Labels": {"b": "2", "a": "1"}}},
)
DEFAULT = ImageOptions(platform="linux/amd64")


def opened(target: Path | str, options: ImageOptions = DEFAULT) -> OpenImage:
    """Open a target."""
    return open_image(str(target), options, Quiet())


def stored_layers(image: OpenImage) -> list[bytes]:
    """Read the stored bytes of all layers."""
    found = []
    for blob in image.blobs:
        part = blob.open()
        found.append(os.pread(part.fd, part.length_bytes, part.offset_bytes))
        os.close(part.fd)
    return found
