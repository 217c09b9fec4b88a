"""Which cataloger wants which file, answered for a hundred thousand paths.

The wants of all catalogers are turned once into dictionaries by file name, suffix and folder. How
a path ends and starts, a few characters, tells of nearly every path that nobody wants it (0.2
microseconds). Content is asked only through the few distinct magic numbers.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec import Struct

from scantling.catalog.api import Cataloger, Size, Want

HEAD_BYTES: Final = 4096
"""How much of a file's start by-content wants may look at."""

_ORDER: Final = (Size.TEXT, Size.DATABASE, Size.BINARY)

_Rules = tuple["_Rule", ...]
_NONE: Final[_Rules] = ()


class Pick(Struct, frozen=True, kw_only=True):
    """A cataloger, by its place in the index's list, that wants a file, and under which limit.

    `by_content`: no name was part of the want.
    """

    cataloger: int
    size: Size
    by_content: bool = False


class _Rule(Struct, frozen=True, kw_only=True):
    """A want and who has it; `fields` are the want's, by place and length.

    `key` says that a path found by the index fits: the want has no other condition on it.
    """

    want: Want
    pick: Pick
    key: bool
    fields: tuple[tuple[slice, frozenset[bytes]], ...] = ()


class WantIndex:
    """The index over the wants of `catalogers`. ValueError: a want that names nothing.

    A loop over very many paths may ask before it calls: no name is wanted where both
    `path[-end_chars:] in ends` and `path[:start_chars] in starts` are false, and no content that
    starts with none of `magics`, of `shortest_magic` bytes each.
    """

    def __init__(self, catalogers: Sequence[Cataloger]) -> None:
        self._names: dict[str, _Rules] = {}
        self._suffixes: dict[str, _Rules] = {}
        self._folders: dict[str, _Rules] = {}
        self._magics: dict[bytes, _Rules] = {}
        for place, cataloger in enumerate(catalogers):
            for want in cataloger.wants:
                self._add(want, place)
        endings = (*self._names, *self._suffixes)
        self.end_chars: Final = min(map(len, endings), default=1)
        self.ends: Final = frozenset(ending[-self.end_chars :] for ending in endings)
        self.start_chars: Final = min(map(len, self._folders), default=1)
        self.starts: Final = frozenset(folder[: self.start_chars] for folder in self._folders)
        self._magic_lengths = tuple(sorted({len(magic) for magic in self._magics}))
        self.shortest_magic: Final = min(self._magic_lengths, default=0)
        """A file shorter than this cannot be wanted by content; 0: nothing is."""
        self.magics: Final = frozenset(magic[: self.shortest_magic] for magic in self._magics)

    def by_name(self, path: str) -> tuple[Pick, ...]:
        """Return who may want the file at `path`, as far as its name tells; no order is promised.

        Wants that ask for name and content are included; `by_data` decides them.
        """
        if path[-self.end_chars :] not in self.ends and path[: self.start_chars] not in self.starts:
            return ()
        rules = self._named(path)
        return tuple([rule.pick for rule in rules if rule.key or _fits(rule.want, path)])

    def possible(self, paths: Iterable[str], others: AbstractSet[str]) -> list[str]:
        """Return those of `paths` that may be wanted by name, are in `others` or are not ASCII."""
        ends, end, starts, start = self.ends, -self.end_chars, self.starts, self.start_chars
        return [
            path
            for path in paths
            if path[end:] in ends or path in others or path[:start] in starts or not path.isascii()
        ]

    def by_content(self, path: str, head: bytes) -> tuple[Pick, ...]:
        """Return who wants a file for what it starts with; `head` is its first 4 KiB."""
        return tuple(rule.pick for rule in self._started(head) if _agrees(rule, path, head))

    def size_by_content(self, path: str, head: bytes) -> Size | None:
        """Return the largest limit among `by_content`; None when nobody wants the file."""
        if head[: self.shortest_magic] not in self.magics:
            return None
        found: Size | None = None
        for rule in self._started(head):
            size = rule.pick.size
            if (found is None or _ORDER.index(size) > _ORDER.index(found)) and _agrees(
                rule, path, head
            ):
                found = size
        return found

    def by_data(self, path: str, head: bytes) -> tuple[Pick, ...]:
        """Return who wants this file, by name or content: one pick per cataloger, in list order.

        A cataloger that wants it by name and by content gets it by name; of several such wants
        the one with the largest limit counts.
        """
        chosen: dict[int, Pick] = {}
        for rule in self._named(path):
            pick = rule.pick
            if head.startswith(rule.want.magic) and _agrees(rule, path, head):
                known = chosen.get(pick.cataloger)
                if known is None or _ORDER.index(known.size) < _ORDER.index(pick.size):
                    chosen[pick.cataloger] = pick
        for rule in self._started(head):
            if rule.pick.cataloger not in chosen and _agrees(rule, path, head):
                chosen[rule.pick.cataloger] = rule.pick
        if len(chosen) < 2:  # noqa: PLR2004 - nothing to sort
            return tuple(chosen.values())
        return tuple(chosen[place] for place in sorted(chosen))

    def _started(self, head: bytes) -> _Rules:
        """Return the wants whose magic number is at the start of `head`."""
        if head[: self.shortest_magic] not in self.magics:
            return _NONE
        rules = _NONE
        for length in self._magic_lengths:
            rules += self._magics.get(head[:length], _NONE)
        return rules

    def _named(self, path: str) -> _Rules:
        """Return the wants that name this file's name, suffix or folder."""
        if path[-self.end_chars :] not in self.ends and path[: self.start_chars] not in self.starts:
            return _NONE
        slash = path.rfind("/")
        name = path[slash + 1 :]
        rules = self._names.get(name, _NONE) + self._suffixes.get(name[name.rfind(".") :], _NONE)
        return rules + self._folders.get(path[:slash], _NONE) if slash > 0 else rules

    def _add(self, want: Want, place: int) -> None:
        name = want.name or (want.path or want.tail).rpartition("/")[2]
        by_content = not (name or want.suffix or want.folder)
        rule = _Rule(
            want=want,
            pick=Pick(cataloger=place, size=want.size, by_content=by_content),
            key=_is_found_by_key(want),
            fields=_by_place(want.fields),
        )
        if name:
            self._names[name] = (*self._names.get(name, ()), rule)
        elif want.suffix:
            if want.suffix.rfind(".") != 0:
                raise ValueError(f"suffix {want.suffix!r} does not start at its only dot")
            self._suffixes[want.suffix] = (*self._suffixes.get(want.suffix, ()), rule)
        elif want.folder:
            self._folders[want.folder] = (*self._folders.get(want.folder, ()), rule)
        elif want.magic:
            # Those without marks first: what is wanted anyway need not be searched for them.
            rules = (*self._magics.get(want.magic, ()), rule)
            self._magics[want.magic] = tuple(
                sorted(rules, key=lambda one: len(one.want.marks + one.want.fields))
            )
        else:
            raise ValueError("a want needs a path, name, suffix, tail, folder or magic")


def largest(picks: Sequence[Pick]) -> Size:
    """Return the kind of limit under which all of these (at least one) can be served."""
    return max((pick.size for pick in picks), key=_ORDER.index)


def _fits(want: Want, path: str) -> bool:
    """Tell whether all conditions on the path hold."""
    folder, _, name = path.rpartition("/")
    return (
        (not want.path or path == want.path)
        and (not want.name or name == want.name)
        and name.endswith(want.suffix)
        and (not want.tail or path == want.tail or path.endswith("/" + want.tail))
        and (not want.folder or folder == want.folder)
        and (not want.parent or folder.endswith(want.parent))
        and (not want.within or f"/{want.within}/" in f"/{folder}/")
    )


def _agrees(rule: _Rule, path: str, head: bytes) -> bool:
    """Tell whether path, fields and marks fit, the magic number being there."""
    if not rule.key and not _fits(rule.want, path):
        return False
    marks = rule.want.marks
    if not (marks or rule.fields):
        return True
    # A place is looked at in no time, a mark is searched for in all of the 4 KiB.
    for place, known in rule.fields:
        if head[place] in known:
            return True
    for mark in marks:  # noqa: SIM110 - any() takes three times as long
        if head.rfind(mark) >= 0:  # half as long as `in` where most bytes are zeros
            return True
    return False


def _is_found_by_key(want: Want) -> bool:
    """Tell whether the name, suffix or folder by which the index finds the want is all it asks."""
    others = want.path or want.tail or want.parent or want.within
    return not others and bool(want.name) + bool(want.suffix) + bool(want.folder) <= 1


def _by_place(fields: Sequence[tuple[int, bytes]]) -> tuple[tuple[slice, frozenset[bytes]], ...]:
    places: dict[tuple[int, int], set[bytes]] = {}
    for at, value in fields:
        places.setdefault((at, at + len(value)), set()).add(value)
    return tuple((slice(*place), frozenset(values)) for place, values in places.items())
