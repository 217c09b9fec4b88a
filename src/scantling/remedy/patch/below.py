"""What lies below a new layer: paths, links and the dpkg files of the image, layer by layer.

Each layer is walked by a sandboxed worker, as for a scan, with the same limits; what a worker could
not read stops the patch, since a layer on top of the unknown may break what it should mend.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from scantling.catalog.links import resolved
from scantling.core.errors import InputError, UsageError
from scantling.core.limits import DEFAULT, Limits
from scantling.core.sandbox.pool import call
from scantling.image.api import LayerBlob, OpenImage, Slice
from scantling.image.budget import Budget
from scantling.image.stream import open_stream
from scantling.image.tar import SKIP, Kind, TarWalker

STATUS: Final = "var/lib/dpkg/status"
INFO: Final = "var/lib/dpkg/info/"
_NOTED: Final = frozenset({"tar.note"})


class _Layer(Struct, frozen=True, kw_only=True):
    """What a layer does: folders end in `/`; `gone` are deletions, `opaque` emptied folders."""

    paths: tuple[str, ...]
    links: dict[str, str]
    gone: tuple[str, ...]
    opaque: tuple[str, ...]
    files: dict[str, bytes]
    damage: str = ""


class Below(Struct, frozen=True, kw_only=True):
    """The image's tree: `paths` with folders among them, `links` by path, contents that were
    asked for. All paths without leading or trailing slash."""

    paths: frozenset[str]
    folders: frozenset[str]
    links: dict[str, str]
    files: dict[str, bytes]

    def place_of(self, path: str) -> str:
        """Return where a path lies once the links of the folders above it are followed.

        The last part stays: a package brings a link as a link. Raises UsageError for a loop.
        """
        folder, slash, leaf = path.rpartition("/")
        if not slash:
            return leaf
        found = resolved(folder, self.links)
        if found is None:
            raise UsageError(f"--patch-layer: the image's links above {path!r} lead in a circle")
        return f"{found}/{leaf}" if found else leaf


def look_below(
    opened: OpenImage, wants: Callable[[str], bool], *, limits: Limits = DEFAULT
) -> Below:
    """Return the tree of an open image with the contents of the wanted paths.

    Raises UsageError if a layer cannot be read completely, TargetError if it cannot be had.
    """
    paths: dict[str, bool] = {}
    links: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for index, blob in enumerate(opened.blobs):
        layer = _read(blob, opened.image.layers[index].media_type, wants, limits)
        if layer.damage:
            raise UsageError(
                f"--patch-layer: layer {index} cannot be read completely ({layer.damage}); a patch"
                " on top of it could break the image"
            )
        _fold(layer, paths, links, files)
    return Below(
        paths=frozenset(paths),
        folders=frozenset(path for path, is_folder in paths.items() if is_folder),
        links=links,
        files=files,
    )


def _read(blob: LayerBlob, media_type: str, wants: Callable[[str], bool], limits: Limits) -> _Layer:
    slice_ = blob.open()

    def walk(_: bytes) -> bytes:
        return msgspec.msgpack.encode(_walk(slice_, media_type, wants, limits))

    try:
        return msgspec.msgpack.decode(
            call(walk, b"", keep=(slice_.fd,), limits=limits), type=_Layer
        )
    except InputError as error:
        return _Layer(paths=(), links={}, gone=(), opaque=(), files={}, damage=str(error))


def _walk(slice_: Slice, media_type: str, wants: Callable[[str], bool], limits: Limits) -> _Layer:
    budget = Budget(limits)
    stream = open_stream(slice_, budget, media_type=media_type)
    walker = TarWalker(
        stream,
        budget,
        select=lambda path, _size, _mode: "database_bytes" if wants(path) else SKIP,
    )
    links: dict[str, str] = {}
    gone: list[str] = []
    opaque: list[str] = []
    files: dict[str, bytes] = {}
    for entry in walker:
        match entry.kind:
            case Kind.SYMLINK:
                links[entry.path] = entry.link
            case Kind.WHITEOUT:
                gone.append(entry.path)
            case Kind.OPAQUE:
                opaque.append(entry.path)
            case Kind.FILE:
                files[entry.path] = entry.data
            case Kind.HARDLINK:
                pass
    found = [one for one in (*walker.gaps.gaps(), *stream.gaps.gaps()) if one.code not in _NOTED]
    return _Layer(
        paths=tuple(iter(walker.paths)),  # type: ignore[call-overload]  # PlainPaths is a list
        links=links,
        gone=tuple(gone),
        opaque=tuple(opaque),
        files=files,
        damage=f"{found[0].code}: {found[0].detail}" if found else "",
    )


def _fold(
    layer: _Layer, paths: dict[str, bool], links: dict[str, str], files: dict[str, bytes]
) -> None:
    """Put a layer on top of what is below it. Source: OCI image-spec, layer.md, "Whiteouts"."""
    cut = tuple(f"{one}/" if one else "" for one in (*layer.opaque, *layer.gone))
    dead = {one for one in paths if one.startswith(cut)} if cut else set()
    for one in (*dead, *layer.gone):
        paths.pop(one, None)
        links.pop(one, None)
        files.pop(one, None)
    for one in layer.paths:
        path = one.rstrip("/")
        is_folder = one.endswith("/")
        if not is_folder and paths.get(path):
            _drop_below(path, paths, links, files)
        _imply_folders(path, paths)
        paths[path] = is_folder
        links.pop(path, None)
        files.pop(path, None)
    links.update(layer.links)
    files.update(layer.files)


def _imply_folders(path: str, paths: dict[str, bool]) -> None:
    """Add the folders above a path that no layer has named: a reader makes them."""
    folder = path.rpartition("/")[0]
    while folder and folder not in paths:
        paths[folder] = True
        folder = folder.rpartition("/")[0]


def _drop_below(
    path: str, paths: dict[str, bool], links: dict[str, str], files: dict[str, bytes]
) -> None:
    """Forget what was in a folder that is one no more."""
    for one in [one for one in paths if one.startswith(f"{path}/")]:
        paths.pop(one)
        links.pop(one, None)
        files.pop(one, None)
