"""Links inside the image: where a path leads, without ever asking the file system.

Source: path_resolution(7); OCI image-spec, layer.md, on links in layers.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from scantling.catalog.paths import texts
from scantling.core.limits import DEFAULT
from scantling.core.model.facts import LayerFacts
from scantling.core.model.gap import Gap, gap

MUST_READ: Final = (
    "etc/os-release",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "usr/lib/sysimage/rpm/Packages",
    "usr/lib/sysimage/rpm/Packages.db",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "var/lib/dpkg/status",
    "var/lib/rpm/Packages",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
)
"""Files whose content decides what the image is; a link there must lead to one that was read."""

# How the path of a package's own evidence ends. A link of such a name is what a program loads; it
# is read under the name of the file it leads to, so that must have the same ending.
_TELLING: Final = (
    ".dist-info",
    ".dist-info/METADATA",
    ".egg-info",
    ".egg-info/PKG-INFO",
    "EGG-INFO/PKG-INFO",
    "/composer/installed.json",
    "/package.json",
    ".ear",
    ".egg",
    ".gemspec",
    ".jar",
    ".war",
)


class Paths:
    """The paths that a layer adds, folders with a trailing slash.

    Of some ten thousand names few are ever asked for. So they are never all in memory: many names
    are looked for in one pass over pieces that fit the processor's cache.
    """

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    def __contains__(self, path: str) -> bool:
        inside = f"\0{path}\0"
        return any(inside in f"\0{piece}\0" for piece in self.pieces())

    def among(self, names: set[str], folders: set[str]) -> set[str]:
        """Return which of `names` the layer adds; `folders` are at least all folders above them."""
        found: set[str] = set()
        for piece in self.pieces():
            if not _is_elsewhere(piece, names, folders):
                found.update(names.intersection(piece.split("\0")))
        return found

    def has_folder(self, folder: str) -> bool:
        """Return whether something lies in this folder, or it is there itself."""
        start, inside = f"{folder}/", f"\0{folder}/"
        return any(piece.startswith(start) or inside in piece for piece in self.pieces())

    def pieces(self) -> Iterator[str]:
        """Yield all paths, many at a time, with NUL characters between them."""
        return texts(self._packed)


def _is_elsewhere(piece: str, names: set[str], folders: set[str]) -> bool:
    """Return whether all paths are in one folder that none of the names is in.

    Neighbors mostly are, and to count is ten times as fast as to split.
    """
    first, last = piece[: piece.find("\0")], piece[piece.rfind("\0") + 1 :]
    # The folder that these two share; the count tells whether the others are in it as well.
    folder = first.rpartition("/")[0]
    while not last.startswith(f"{folder}/"):
        folder = folder.rpartition("/")[0]
        if not folder:
            return False
    if not folder or folder in folders or f"{folder}/" in names:
        return False
    return piece.count(f"\0{folder}/") == piece.count("\0")


def added_paths(layers: Iterable[LayerFacts]) -> tuple[Paths, ...]:
    """Return the paths of each layer."""
    return tuple(Paths(layer.paths) for layer in layers)


def folders_above(paths: Iterable[str]) -> set[str]:
    """Return the folders that the paths are in, without a slash at the end; '' is one."""
    folders = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def visible_links(
    layers: tuple[LayerFacts, ...], added: Sequence[AbstractSet[str]]
) -> dict[str, str]:
    """Return the symbolic links that are left after all layers: path to target, as written.

    `added` are the paths of each layer, or those of them that were links in a layer below.
    """
    links: dict[str, str] = {}
    for layer, paths in zip(layers, added, strict=True):
        for path in links.keys() & {*paths, *layer.deleted}:
            del links[path]
        links.update(layer.links)
    return links


def unread_links(
    links: dict[str, str],
    read: Iterable[str],
    added: tuple[Paths, ...],
    hits: Sequence[AbstractSet[str]],
) -> Iterator[Gap]:
    """Yield a gap for a release file, database or package that is a link to a file nobody read.

    `hits` are those of `MUST_READ` that each layer adds, and perhaps others.
    """
    read = frozenset(read)
    for path in MUST_READ:
        target = resolved(path, links)
        if target is None:
            yield gap("link.loop", "its links lead in a circle", path=path)
        elif target not in {path, *read} and any(
            target in where for where in (hits if target in MUST_READ else added)
        ):
            yield gap("link.unread", f"it leads to {target}", path=path)
    unread: dict[str, str] = {}
    for path in filter(_is_telling, links):
        target = resolved(path, links)
        if target and target not in read and not f"/{target}".endswith(_ending(path)):
            unread[path] = target
    targets = {*unread.values()}
    above = folders_above(targets)
    there = {target for paths in added if targets for target in paths.among(targets, above)}
    # A link to nothing, or in a circle, loads nothing either. Folders may be implied.
    there |= {one for one in targets - there if any(paths.has_folder(one) for paths in added)}
    for path, target in unread.items():
        if target in there:
            yield gap("link.unread", f"it leads to {target}", path=path)


def _is_telling(path: str) -> bool:
    return path.endswith(_TELLING)


def _ending(path: str) -> str:
    return next(one for one in _TELLING if path.endswith(one))


def resolved(path: str, links: dict[str, str]) -> str | None:
    """Return where `path` leads inside the image; None for a loop. Names never leave the image.

    Source: path_resolution(7); `..` at the root stays there, as in a chroot.
    """
    done: list[str] = []
    todo = path.split("/")[::-1]
    hops = 0
    while todo:
        part = todo.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            done = done[:-1]
            continue
        target = links.get("/".join((*done, part)))
        if target is None:
            done.append(part)
            continue
        hops += 1
        if hops > DEFAULT.link_hops:
            return None
        if target.startswith("/"):
            done = []
        todo += target.split("/")[::-1]
    return "/".join(done)
