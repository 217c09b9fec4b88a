"""A root file system in a folder, read in place: `dir:/mnt/rootfs`, or any folder that is no image.

There are no layers and no digests, so nothing proves that the folder is what an image would have.
Links in it are resolved inside it. A folder written by `skopeo copy … dir:` is not a root file
system and is refused with advice.
"""

import os
from pathlib import Path
from typing import Final

from scantling.core.errors import TargetError
from scantling.core.model.image import Image
from scantling.core.progress import Progress
from scantling.core.text import neutral
from scantling.image.api import ImageOptions, OpenImage, Source
from scantling.image.blobs import open_folder
from scantling.image.choice import default_platform
from scantling.image.refs import parse_registry, split_prefix

_TRANSPORT_MARKER: Final = b"Directory Transport Version"


class _Folder:
    """A folder that stays open."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def open(self) -> int:
        """Return a descriptor of the folder; the caller closes it."""
        return os.dup(self._fd)

    def close(self) -> None:
        """Close the folder, once."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _claims(reference: str) -> bool:
    prefix, rest = split_prefix(reference)
    return prefix == "dir" or (not prefix and Path(rest).is_dir())


def _open(reference: str, _options: ImageOptions, _progress: Progress) -> OpenImage:
    prefix, path = split_prefix(reference)
    try:
        fd = open_folder(path)
    except OSError as error:
        raise TargetError(
            f"cannot open the folder {neutral(path, limit=200)}: {error.strerror}; check the path"
        ) from error
    if _is_transport(fd):
        os.close(fd)
        raise TargetError(
            f"{neutral(path, limit=200)} is an image in skopeo's dir format, not a root file "
            "system; copy it to an OCI layout (skopeo copy dir:… oci:…) and scan that"
        )
    ambiguity = "" if prefix else _also_a_name(path)
    image = Image(
        reference=reference, kind="directory", platform=default_platform(), ambiguity=ambiguity
    )
    folder = _Folder(fd)
    return OpenImage(image=image, folder=folder, close=folder.close)


def _is_transport(fd: int) -> bool:
    try:
        marker = os.open("version", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd)
    except OSError:
        return False
    try:
        return os.read(marker, 64).startswith(_TRANSPORT_MARKER)
    except OSError:
        return False
    finally:
        os.close(marker)


def _also_a_name(path: str) -> str:
    """Return a word of warning when the target could have meant an image of that name."""
    if path.startswith((".", "/")):
        return ""
    try:
        parse_registry(path)
    except TargetError:
        return ""
    shown = neutral(path, limit=200)
    return f"the folder {shown} was read; for the image of that name write registry:{shown}"


PLUGIN: Final = Source(name="directory", claims=_claims, open=_open)
