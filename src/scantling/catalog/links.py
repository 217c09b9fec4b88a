"""Links inside the image: where a path leads, without ever asking the file system.

Source: path_resolution(7); OCI image-spec, layer.md, on links in layers.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from scantling.core.limits import DEFAULT
from scantling.core.model.facts import LayerFacts
from scantling.core.model.gap import Gap, gap

Added = tuple[frozenset[str], ...]
"""The paths each layer adds, folders with a trailing slash."""

# Files whose content decides what the image is; a link in their place must lead to one we read.
_MUST_READ: Final = (
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


def added_paths(layers: tuple[LayerFacts, ...]) -> Added:
    """Return the paths of each layer, unpacked once."""
    return tuple(frozenset(_paths(layer)) - {""} for layer in layers)


def _paths(layer: LayerFacts) -> Iterable[str]:
    if not layer.paths:
        return ()
    inflater = zlib.decompressobj()
    limit = DEFAULT.layer_entries * DEFAULT.path_bytes
    return inflater.decompress(layer.paths, limit).decode("utf-8", "surrogateescape").split("\0")


def visible_links(layers: tuple[LayerFacts, ...], added: Added) -> dict[str, str]:
    """Return the symbolic links that are left after all layers: path to target, as written."""
    links: dict[str, str] = {}
    for layer, paths in zip(layers, added, strict=True):
        deleted = frozenset(layer.deleted)
        for path in [one for one in links if one in paths or one in deleted]:
            del links[path]
        links.update(layer.links)
    return links


def unread_links(links: dict[str, str], read: Iterable[str], added: Added) -> Iterator[Gap]:
    """Yield a gap for a release file, database or package that is a link to a file nobody read."""
    read = frozenset(read)
    for path in _MUST_READ:
        target = resolved(path, links)
        if target is None:
            yield gap("link.loop", "its links lead in a circle", path=path)
        elif target not in {path, *read} and any(target in paths for paths in added):
            yield gap("link.unread", f"it leads to {target}", path=path)
    for path in filter(_is_telling, links):
        target = resolved(path, links)
        if not target or target in read or f"/{target}".endswith(_ending(path)):
            continue
        # A link to nothing, or in a circle, loads nothing either. Folders may be implied.
        if any(target in paths or _has_folder(paths, target) for paths in added):
            yield gap("link.unread", f"it leads to {target}", path=path)


def _has_folder(paths: frozenset[str], folder: str) -> bool:
    return any(path.startswith(f"{folder}/") for path in paths)


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
