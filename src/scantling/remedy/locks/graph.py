"""What a lockfile says about who needs whom: packages, dependencies and their ranges."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

ROOT: Final = ""
"""The key of the project itself."""
_SHOWN: Final = 3


class Edge(Struct, frozen=True):
    """`source` needs `target`. `range` is as written; empty: the lockfile does not tell it."""

    source: str
    target: str
    range: str = ""


class Graph(Struct, frozen=True, kw_only=True):
    """Packages by a key of the lockfile's own, as (name, version), and who needs them.

    `roots` are keys of the project and of its workspaces; `bundled` those that come inside another
    package and cannot be exchanged by themselves.
    """

    packages: dict[str, tuple[str, str]]
    edges: tuple[Edge, ...] = ()
    roots: frozenset[str] = frozenset({ROOT})
    bundled: frozenset[str] = frozenset()

    def keys(self, name: str, version: str) -> frozenset[str]:
        """Return the keys of a package at a version; versions are compared without a `v`."""
        wanted = (name, version.removeprefix("v"))
        return frozenset(
            key
            for key, (own, at) in self.packages.items()
            if (own, at.removeprefix("v")) == wanted and key not in self.roots
        )

    def needed_by(self, keys: Iterable[str]) -> tuple[Edge, ...]:
        """Return the edges that lead to any of these, in the file's order."""
        keys = frozenset(keys)
        return tuple(one for one in self.edges if one.target in keys)

    def chain(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return a shortest way from a direct dependency to one of these: names, both ends in.

        Empty: nothing of the project leads there.
        """
        sources: dict[str, list[str]] = {}
        for edge in self.edges:
            sources.setdefault(edge.target, []).append(edge.source)
        queue: deque[tuple[str, tuple[str, ...]]] = deque(
            (key, (self.packages[key][0],)) for key in sorted(keys)
        )
        seen = set(keys)
        while queue:
            key, way = queue.popleft()
            above = sources.get(key, [])
            if any(one in self.roots for one in above):
                return way
            for one in above:
                if one not in seen and one in self.packages:
                    seen.add(one)
                    queue.append((one, (self.packages[one][0], *way)))
        return ()

    def names(self, edges: Iterable[Edge]) -> tuple[str, ...]:
        """Return the names of the packages that these edges start from, sorted, each once."""
        return tuple(
            sorted({self.packages[one.source][0] for one in edges if one.source in self.packages})
        )


def through(graph: Graph, keys: Iterable[str]) -> tuple[str, ...]:
    """Return the sentence that says how a package gets into the project; none if it is direct."""
    chain = graph.chain(keys)
    return (f"it comes through {' > '.join(chain)}",) if len(chain) > 1 else ()


def held_back(names: tuple[str, ...], package: str) -> tuple[str, ...]:
    """Return the sentence that says which packages do not take a newer one; none if there are."""
    if not names:
        return ()
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    verb = "ask" if len(names) > 1 else "asks"
    return (f"{', '.join(names[:_SHOWN])}{more} {verb} for an older {package}: upgrade that too",)
