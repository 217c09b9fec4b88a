"""Links inside the image: where a path leads, without ever asking the file system.

Source: path_resolution(7); OCI image-spec, layer.md, on links in layers.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from isal import isal_zlib

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

    Unpacked at the first question. Of some ten thousand names few are ever asked for, so no set of
    them is made: many names are looked for in one pass, and the answer is remembered.
    """

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._text: str | None = None
        self._asked: frozenset[str] = frozenset()
        self._found: frozenset[str] = frozenset()

    def __contains__(self, path: str) -> bool:
        if path in self._asked:
            return path in self._found
        return path in self.among(frozenset((path,)))

    def among(self, names: frozenset[str]) -> frozenset[str]:
        """Return which of `names` the layer adds; the way to ask for many at once."""
        new = names - self._asked
        if new:
            self._asked |= new
            self._found |= new.intersection(self.text().split("\0")) - {""}
        return names & self._found

    def has_folder(self, folder: str) -> bool:
        """Return whether something lies in this folder, or it is there itself."""
        text = self.text()
        return text.startswith(f"{folder}/") or f"\0{folder}/" in text

    def text(self) -> str:
        """Return all paths, with NUL characters between them."""
        if self._text is None:
            self._text = self._unpacked()
        return self._text

    def _unpacked(self) -> str:
        if not self._packed:
            return ""
        limit = DEFAULT.layer_entries * DEFAULT.path_bytes
        data: bytes = isal_zlib.decompressobj().decompress(self._packed, limit)
        return data.decode("utf-8", "surrogateescape")


def added_paths(layers: Iterable[LayerFacts]) -> tuple[Paths, ...]:
    """Return the paths of each layer."""
    return tuple(Paths(layer.paths) for layer in layers)


def visible_links(
    layers: tuple[LayerFacts, ...], added: Sequence[frozenset[str]]
) -> dict[str, str]:
    """Return the symbolic links that are left after all layers: path to target, as written.

    `added` are the paths of each layer, or those of them that were links in a layer below.
    """
    links: dict[str, str] = {}
    for layer, paths in zip(layers, added, strict=True):
        for path in paths.union(layer.deleted).intersection(links):
            del links[path]
        links.update(layer.links)
    return links


def unread_links(
    links: dict[str, str], read: Iterable[str], added: tuple[Paths, ...]
) -> Iterator[Gap]:
    """Yield a gap for a release file, database or package that is a link to a file nobody read."""
    read = frozenset(read)
    for path in MUST_READ:
        target = resolved(path, links)
        if target is None:
            yield gap("link.loop", "its links lead in a circle", path=path)
        elif target not in {path, *read} and any(target in paths for paths in added):
            yield gap("link.unread", f"it leads to {target}", path=path)
    unread: dict[str, str] = {}
    for path in filter(_is_telling, links):
        target = resolved(path, links)
        if target and target not in read and not f"/{target}".endswith(_ending(path)):
            unread[path] = target
    targets = frozenset(unread.values())
    there = {target for paths in added for target in paths.among(targets)}
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
