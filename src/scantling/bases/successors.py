"""What an official image could be exchanged for, by its tag: newer versions, slimmer variants.

Versions have a *line* in which only fixes are made: the first two numbers, or the first one where
the repository has only two (`debian:12.15`, `postgres:17.6`). Ubuntu's releases are lines of two.
"""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from scantling.bases.official import LIBRARY, Definition, Library
from scantling.bases.releases import is_system, system_of
from scantling.bases.tags import Tag, family, parse_tag, specificity

_UNSETTLED: Final = frozenset({"devel", "edge", "nightly", "tip"})
_LTS: Final = "lts"
_SLIM: Final = ("slim", "minimal")
_ALPINE: Final = "alpine"
_WHOLE_LINES: Final = frozenset({f"{LIBRARY}ubuntu"})
_LINE: Final = 2


class Choice(Struct, frozen=True, kw_only=True):
    """An image to take instead: its tag in the form of the present one, and its full version.

    `same_words` is False when it stands on something else (`alpine3.24` for `alpine3.19`).
    """

    tag: str
    version: tuple[int, ...]
    same_words: bool = True


class Place(Struct, frozen=True, kw_only=True):
    """Where a tag stands among its repository's: its full version, and how long a line is."""

    name: str
    tag: Tag
    words: tuple[str, ...]
    version: tuple[int, ...]
    line: int
    listed: bool


class _Entry(Struct, frozen=True):
    """One image under one choice of words: its longest version, all its tags."""

    version: tuple[int, ...]
    words: tuple[str, ...]
    tags: tuple[str, ...]
    settled: bool


def place_of(library: Library, name: str, tag: str) -> Place | None:
    """Return where the tag stands; None if it is no official image, or has no version."""
    definitions = library.definitions(name)
    if not definitions:
        return None
    entries = _entries(definitions)
    own = parse_tag(tag)
    undated = "-".join(word for word in tag.split("-") if word != own.date)
    found = library.definition(name, undated)
    version, words = own.version, own.words
    if found and (not version or len(version) < max(len(one.version) for one in entries)):
        named = sorted(
            (parse_tag(one) for one in found.tags), key=lambda one: specificity(one.text)
        )
        told = [one for one in named if one.version and one.released]
        alike = [one for one in told if set(own.words) == set(one.words)] or told
        version = alike[0].version if alike else version
        words = words if own.version else (alike[0].words if alike else words)
    if not version:
        return None
    fullest = max((len(one.version) for one in entries), default=len(version))
    line = _LINE if name in _WHOLE_LINES else min(_LINE, max(1, fullest - 1))
    return Place(
        name=name, tag=own, words=words, version=version, line=line, listed=found is not None
    )


def newer_date(library: Library, name: str, tag: str) -> str:
    """Return the newest tag that differs from this one in its date only; empty if there is none."""
    own = parse_tag(tag)
    dated = (parse_tag(one) for definition in library.definitions(name) for one in definition.tags)
    newer = [
        one
        for one in dated
        if (one.version, one.words) == (own.version, own.words) and one.date > own.date > ""
    ]
    return max(newer, key=lambda one: one.date).text if newer else ""


def newer_patch(library: Library, place: Place) -> Choice | None:
    """Return the newest version of the same line; None if there is none, or the tag floats."""
    if place.listed and not _is_full(library, place):
        return None
    return _best(
        library,
        place,
        lambda version: (
            version[: place.line] == place.version[: place.line] and version > place.version
        ),
    )


def newer_minor(library: Library, place: Place) -> Choice | None:
    """Return the newest line with the same first number; None if there is none."""
    if place.line < _LINE or place.name in _WHOLE_LINES:
        return None
    return _best(
        library,
        place,
        lambda version: (
            version[0] == place.version[0] and version[: place.line] > place.version[: place.line]
        ),
    )


def newer_major(library: Library, place: Place) -> Choice | None:
    """Return the newest long-supported version with a greater first number, else any such."""
    first = slice(None, _LINE if place.name in _WHOLE_LINES else 1)

    def is_newer(version: tuple[int, ...]) -> bool:
        return version[first] > place.version[first]

    lasting = [
        one.version
        for one in _entries(library.definitions(place.name))
        if any(tag == _LTS or tag.startswith(f"{_LTS}-") for tag in one.tags)
    ]
    if lasting:
        return _best(
            library, place, lambda version: is_newer(version) and version[0] == max(lasting)[0]
        )
    return _best(library, place, is_newer)


def slimmer(library: Library, place: Place) -> tuple[Choice, ...]:
    """Return smaller variants of the same version: slim ones first, then Alpine's."""
    if {*_SLIM, _ALPINE} & family(place.words):
        return ()
    found = []
    entries = [one for one in _entries(library.definitions(place.name)) if one.settled]
    for kind in (*_SLIM, _ALPINE):
        kept = [word for word in place.words if kind != _ALPINE or not is_system(word)]
        for one in entries:
            if set(one.words) == {*kept, kind} and _is_line(one.version, place):
                found.append(_choice(one, place, len(kept) + 1))
                break
    return tuple(found)


def elsewhere(library: Library, place: Place, words: tuple[str, ...]) -> tuple[Choice, ...]:
    """Return images of the same line and kind on other releases of a system, in the list's order.

    `words` are those of the tag that names the present release.
    """
    return tuple(
        _choice(one, place, len(words))
        for one in _entries(library.definitions(place.name))
        if one.settled
        and _is_line(one.version, place)
        and one.words != words
        and _kinds(one.words) == _kinds(words)
    )


def _kinds(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return words with the names of a system's releases replaced by the system's."""
    return tuple(sorted(system_of(word) or word for word in words))


def _is_line(version: tuple[int, ...], place: Place) -> bool:
    """Return whether a listed version is the one meant, or the newest of its line."""
    return version[: place.line] == place.version[: place.line]


def _is_full(library: Library, place: Place) -> bool:
    entries = _entries(library.definitions(place.name))
    return len(place.tag.version) >= max(len(one.version) for one in entries)


def _best(
    library: Library, place: Place, is_meant: Callable[[tuple[int, ...]], bool]
) -> Choice | None:
    """Return the newest image that is meant, on the same words if there is one."""
    entries = [
        one
        for one in _entries(library.definitions(place.name))
        if one.settled and is_meant(one.version)
    ]
    same = [one for one in entries if set(one.words) == set(place.words)]
    alike = [one for one in entries if family(one.words) == family(place.words)]
    chosen = max(same or alike, key=lambda one: (one.version, _numbers(one.words)), default=None)
    return _choice(chosen, place, len(place.tag.words), same=bool(same)) if chosen else None


def _numbers(words: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the versions within words, so that `alpine3.24` is above `alpine3.9`."""
    return tuple(parse_tag(word.lstrip("abcdefghijklmnopqrstuvwxyz")).version for word in words)


def _choice(entry: _Entry, place: Place, words: int, *, same: bool = True) -> Choice:
    """Return the tag of an image that has the form of the present one, as far as there is one."""
    tags = [parse_tag(tag) for tag in entry.tags]
    fitting = [
        one
        for one in tags
        if one.shape == (len(place.tag.version), bool(place.tag.date), words)
        and (not one.version or set(one.words) == set(entry.words))
    ]
    fitting.sort(key=lambda one: (set(one.words) != set(entry.words), specificity(one.text)))
    return Choice(
        tag=fitting[0].text if fitting else min(entry.tags, key=specificity),
        version=entry.version,
        same_words=same,
    )


def _entries(definitions: tuple[Definition, ...]) -> tuple[_Entry, ...]:
    """Return each image under each choice of words that it has with a version."""
    return tuple(entry for definition in definitions for entry in _of(definition))


def _of(definition: Definition) -> Iterator[_Entry]:
    tags = [parse_tag(tag) for tag in definition.tags]
    settled = all(tag.released for tag in tags) and not _UNSETTLED & {*definition.tags}
    versions: dict[tuple[str, ...], tuple[int, ...]] = {}
    for tag in tags:
        if tag.version and len(tag.version) > len(versions.get(tag.words, ())):
            versions[tag.words] = tag.version
    for words, version in versions.items():
        yield _Entry(version, words, definition.tags, settled)
