"""Identifiers that name the same vulnerability, grouped whatever order they come in."""

import re
from collections.abc import Iterable
from typing import Final

_NUMBERS: Final = re.compile(r"[0-9]+")
# Which kind of identifier people speak of, first to last.
_PREFERRED: Final = ("CVE-", "GHSA-", "PYSEC-", "GO-", "RUSTSEC-", "OSV-")


class AliasGroups:
    """A union-find over identifiers: joining is symmetric and transitive, order does not matter."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def join(self, names: Iterable[str]) -> None:
        """Record that all of `names` are one vulnerability."""
        first = ""
        for name in names:
            root = self.root(name)
            if not first:
                first = root
            elif root != first:
                low, high = sorted((first, root))
                self._parent[high] = low
                first = low

    def root(self, name: str) -> str:
        """Return the representative of the group of `name`: its least member."""
        root = self._parent.setdefault(name, name)
        while (above := self._parent[root]) != root:
            root = above
        while name != root:  # Shorten the way for the next question.
            name, self._parent[name] = self._parent[name], root
        return root


def preferred(names: Iterable[str]) -> str:
    """Return the identifier to speak of: a CVE if there is one, the oldest of its kind."""
    return min(names, key=_preference)


def _preference(name: str) -> tuple[int, list[tuple[int, str]], str]:
    rank = next((at for at, prefix in enumerate(_PREFERRED) if name.startswith(prefix)), 99)
    numbers = [(len(digits.lstrip("0")), digits.lstrip("0")) for digits in _NUMBERS.findall(name)]
    return rank, numbers, name
