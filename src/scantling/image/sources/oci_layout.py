"""An OCI image layout: a folder with `oci-layout`, `index.json` and `blobs/`.

Written by `skopeo copy … oci:app`, `buildah push … oci:app` or `docker buildx build --output
type=oci,tar=false`. Target: `app`, `oci:app`, `app:TAG`, `app@sha256:…`.

Files in the folder that are links are refused: a layout is content by digest, and a link could
lead anywhere on this machine. A layer whose bytes are missing is a gap.

Source: OCI image-spec 1.1, image-layout.md.
"""

import os
from typing import Final

from scantling.core.errors import TargetError
from scantling.core.limits import Limits
from scantling.core.model.gap import Gap
from scantling.core.progress import Progress
from scantling.core.text import neutral
from scantling.image.api import ImageOptions, LayerBlob, OpenImage, Source
from scantling.image.blobs import FolderBlob, open_folder, open_regular, read_whole
from scantling.image.layout import Place, open_layout
from scantling.image.refs import parse_path, split_prefix


class _Folder:
    """The files of a layout on disk; every step is taken from a descriptor, never a path."""

    gaps: tuple[Gap, ...] = ()

    def __init__(self, path: str, limits: Limits) -> None:
        self._limits = limits
        try:
            self._fd = open_folder(path)
        except OSError as error:
            raise TargetError(
                f"cannot open the folder {neutral(path, limit=200)}: {error.strerror}"
            ) from error
        self._inner: dict[str, int] = {}

    def document(self, name: str) -> bytes:
        """Return a whole file. Raises FileNotFoundError, TargetError."""
        folder, _, leaf = name.rpartition("/")
        fd = open_regular(self._folder(folder), leaf)
        try:
            return read_whole(fd, self._limits.manifest_bytes, neutral(name, limit=200))
        finally:
            os.close(fd)

    def blob(self, name: str, digest: str) -> LayerBlob:
        """Return a file as a layer. Raises FileNotFoundError, TargetError."""
        folder, _, leaf = name.rpartition("/")
        return FolderBlob(self._folder(folder), leaf, digest)

    def close(self) -> None:
        """Close all folders, once."""
        self._inner.setdefault("", self._fd)
        while self._inner and self._fd >= 0:
            os.close(self._inner.popitem()[1])
        self._fd = -1

    def _folder(self, name: str) -> int:
        """Return the descriptor of `blobs/<algorithm>` or of the layout itself."""
        if not name:
            return self._fd
        if name not in self._inner:
            parent, _, leaf = name.rpartition("/")
            try:
                self._inner[name] = open_folder(leaf, dir_fd=self._folder(parent))
            except FileNotFoundError:
                raise
            except OSError as error:
                raise TargetError(
                    f"{name} in the image folder is not a folder ({error.strerror}); links are "
                    "not accepted in its place"
                ) from error
        return self._inner[name]


def _claims(reference: str) -> bool:
    prefix, rest = split_prefix(reference)
    if prefix:
        return prefix == "oci"
    found = parse_path(rest)
    return found is not None and os.path.lexists(f"{found.path}/oci-layout")


def _open(reference: str, options: ImageOptions, progress: Progress) -> OpenImage:
    _, rest = split_prefix(reference)
    found = parse_path(rest)
    if found is None:
        raise TargetError(f"{neutral(rest, limit=200)} does not exist; check the path")
    progress.start("open", neutral(reference), 0)
    folder = _Folder(found.path, options.limits)
    try:
        place = Place(reference=reference, kind="oci-layout", chosen=found, options=options)
        return open_layout(folder, place, folder.close)
    except BaseException:
        folder.close()
        raise
    finally:
        progress.finish("open")


PLUGIN: Final = Source(name="oci-layout", claims=_claims, open=_open)
