"""What a line of a lockfile or manifest says: a package, and where it says so."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from scantling.core.model.place import PlaceKind

_RUNS: Final = re.compile(r"[-_.]++")
_FOLDED: Final = frozenset({"composer", "nuget"})


class Entry(Struct, frozen=True, kw_only=True):
    """A package in a file. `version` is empty where the file has a range or a variable."""

    name: str
    version: str
    line: int


class Format(Struct, frozen=True, kw_only=True):
    """A file that lists packages of one package URL type. `read` never raises."""

    type: str
    kind: PlaceKind
    read: Callable[[str], Iterator[Entry]]


def same_name(type_: str, name: str) -> str:
    """Return a name in the spelling in which equal packages of a type have equal names.

    Source: PyPA, "Names and normalization"; Composer and NuGet compare without case.
    """
    if type_ == "pypi":
        return _RUNS.sub("-", name).lower()
    return name.lower() if type_ in _FOLDED else name
