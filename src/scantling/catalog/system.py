"""Whether the operating system's packages can be trusted to be all known."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from scantling.catalog.distros import package_db_of
from scantling.catalog.links import Paths
from scantling.core.model.facts import LayerFacts
from scantling.core.model.gap import Gap, gap
from scantling.core.model.inventory import Distro

# Paths that a file system made for a dynamic or shell environment has; none of them: from scratch.
_USERLAND: Final = ("bin/sh", "usr/bin/sh", "bin/busybox", "usr/bin/env")
_LOADERS: Final = ("ld-linux", "ld-musl")
_LOADER: Final = re.compile(r"(?:^|[\0/])(?:ld-linux|ld-musl)[^\0/]*+(?:\0|$)")
"""One of them as a file among `Paths.pieces`."""


def system_gaps(
    layers: tuple[LayerFacts, ...],
    added: tuple[Paths, ...],
    distro: Distro | None,
    databases: Mapping[str, int],
) -> Iterator[Gap]:
    """Yield what is missing for trusting that the operating system's packages are all known.

    `databases` are the kinds of package databases found, with how many packages each lists.
    """
    if not layers:
        yield gap("image.empty", "the image has no layers; nothing was looked at")
        return
    if distro is None:
        if not _is_from_scratch(layers, added):
            yield gap("os.unknown", "no release file tells which distribution this is")
        return
    expected = package_db_of(distro.id)
    if not expected and not databases:
        yield gap("os.unknown", f"the distribution {distro.id!r} is not known to Scantling")
    elif expected and expected not in databases:
        yield gap(
            "os.no-package-db",
            f"{distro.id} keeps its packages in a {expected} database, and the image has none",
        )
    elif expected and not databases[expected]:
        # No installed system has none: somebody emptied it, which leaves the files unaccounted for.
        yield gap("os.no-package-db", f"the {expected} database lists no installed packages")
    for kind, packages in sorted(databases.items()):
        if expected and kind != expected and packages:
            yield gap("os.conflict", f"a {kind} database with packages in an image of {distro.id}")


def _is_from_scratch(layers: tuple[LayerFacts, ...], added: tuple[Paths, ...]) -> bool:
    """Return whether no layer ever had a shell or a dynamic loader: no distribution to tell."""
    for layer, paths in zip(layers, added, strict=True):
        links = {path for path, _ in layer.links}
        if any(path in links or path in paths for path in _USERLAND):
            return False
        if any(path.rpartition("/")[2].startswith(_LOADERS) for path in links):
            return False
        if any(map(_LOADER.search, paths.pieces())):
            return False
    return True
