"""What to do about the base image: is it current, what is newer, what is smaller, is it pinned.

No network: what is known are the indexes (through the base's own `newest`), the list of official
images of the program's release, and the release cycles in the advisory database. Names that
come from a list rather than from a look-up are marked as not certain.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.bases.official import LIBRARY, Library
from scantling.bases.recognize import SCRATCH, Indexes
from scantling.bases.releases import Releases, cycle_of, is_over, systems_of
from scantling.bases.successors import (
    Choice,
    Place,
    elsewhere,
    newer_date,
    newer_major,
    newer_minor,
    newer_patch,
    place_of,
    slimmer,
)
from scantling.bases.tags import parse_tag, specificity
from scantling.core.errors import TargetError
from scantling.core.model.advisory import Release
from scantling.core.model.base import Advice, AdviceKind, BaseImage
from scantling.image.refs import RegistryRef, parse_registry

_DISTROLESS: Final = "gcr.io/distroless/"
_HUB: Final = "docker.io/"
_DEBIAN: Final = "debian13"
# Of the distroless project: what runs a language, and which of its versions there are images of.
# Source: https://github.com/GoogleContainerTools/distroless, README ("What images are available?").
_RUNTIMES: Final[dict[str, tuple[str, frozenset[int]]]] = {
    "python": ("python3-{debian}", frozenset()),
    "node": ("nodejs{major}-{debian}", frozenset({20, 22, 24})),
    "eclipse-temurin": ("java{major}-{debian}", frozenset({17, 21, 25})),
    "amazoncorretto": ("java{major}-{debian}", frozenset({17, 21, 25})),
    "golang": ("static-{debian}", frozenset()),
    "rust": ("cc-{debian}", frozenset()),
    "gcc": ("cc-{debian}", frozenset()),
}
_MEGABYTE: Final = 1_000_000


class _Question(Struct, frozen=True, kw_only=True):
    """The base, its name with the tag that is written, and what is known."""

    base: BaseImage
    before: str
    tag: str
    library: Library
    indexes: Indexes
    releases: Releases
    today: str


def advise(
    base: BaseImage,
    library: Library,
    indexes: Indexes,
    releases: Releases,
    *,
    today: str,
    declared: str = "",
) -> tuple[Advice, ...]:
    """Return what to do about the base, in the order of `AdviceKind`; empty: nothing is known.

    `releases` gives the cycles of a product, `today` is `YYYY-MM-DD`, `declared` what follows FROM
    in the Dockerfile, which decides what the advice starts from. Raises InputError for a damaged
    index.
    """
    if not base.name or base.name == SCRATCH:
        return ()
    ref = _written(declared, base)
    tag = ref.tag if ref else min(base.tags, key=specificity, default="")
    question = _Question(
        base=base,
        before=base.name + (f":{tag}" if tag else ""),
        tag=tag,
        library=library,
        indexes=indexes,
        releases=releases,
        today=today,
    )
    place = place_of(library, base.name, tag) if tag else None
    found = [*_refresh(question), *_pin(question, ref)]
    if place is not None:
        found += [*_ended(question, place), *_newer(question, place), *_smaller(question, place)]
    order = [*AdviceKind]
    return tuple(sorted(found, key=lambda one: order.index(one.kind)))


def _written(declared: str, base: BaseImage) -> RegistryRef | None:
    """Return the reference in the Dockerfile if it is the base's; None otherwise."""
    try:
        ref = parse_registry(declared.strip()) if declared.strip() else None
    except TargetError:
        return None
    return ref if ref and f"{ref.registry}/{ref.repository}" == base.name else None


def _refresh(question: _Question) -> Iterator[Advice]:
    base = question.base
    if base.current is False:
        yield Advice(
            kind=AdviceKind.REFRESH,
            title=f"Build again on the present {_short(base.newest)}",
            because=f"{_short(base.newest)} is a newer image now; this one is of "
            f"{base.created[:10] or 'an unknown date'}",
            before=question.before,
            after=base.newest,
            digest=base.newest_digest,
            certain=base.certain,
        )
    dated = newer_date(question.library, base.name, question.tag) if question.tag else ""
    if dated:
        yield _to(question, AdviceKind.PATCH, dated, "it is a later build of the same release")


def _pin(question: _Question, ref: RegistryRef | None) -> Iterator[Advice]:
    """Yield the advice to pin a FROM that names a tag only."""
    if ref is None or ref.digest:
        return
    base = question.base
    digest = base.digest if ref.tag in base.tags and base.current is not False else ""
    digest = digest or (base.newest_digest if base.newest == question.before else "")
    text = f"{_short(question.before)}" + (f"@{digest}" if digest else "")
    yield Advice(
        kind=AdviceKind.PIN,
        title=f"Write FROM {text}" if digest else f"Pin {text} by its digest",
        because="a tag can mean another image tomorrow; a digest cannot",
        before=question.before,
        after=question.before + (f"@{digest}" if digest else ""),
        digest=digest,
        certain=bool(digest) and base.certain,
    )


def _ended(question: _Question, place: Place) -> Iterator[Advice]:
    """Yield what to leave because its support is over: the product itself, and its system."""
    cycle = cycle_of(place.name, place.version, question.releases)
    if cycle is not None and is_over(cycle, question.today):
        yield _leave(question, cycle, _living(question, place))
    seen = {(cycle.product, cycle.cycle)} if cycle else set()
    for tag in question.library.aliases(place.name, question.tag) or (question.tag,):
        for one in systems_of(tag, question.releases):
            if (one.product, one.cycle) not in seen and is_over(one, question.today):
                seen.add((one.product, one.cycle))
                yield _leave(question, one, _moved(question, place, tag))


def _leave(question: _Question, cycle: Release, choice: Choice | None) -> Advice:
    name = question.base.name
    return Advice(
        kind=AdviceKind.END_OF_LIFE,
        title=f"Leave {cycle.product} {cycle.cycle}"
        + (f" for {_short(name)}:{choice.tag}" if choice else ""),
        because=_end(cycle),
        before=question.before,
        after=f"{name}:{choice.tag}" if choice else "",
        certain=question.base.certain,
    )


def _moved(question: _Question, place: Place, tag: str) -> Choice | None:
    """Return the same line on the system's release that lives longest, or a newer line."""
    ends: dict[str, tuple[str, Choice]] = {}
    for choice in elsewhere(question.library, place, parse_tag(tag).words):
        systems = [*systems_of(choice.tag, question.releases)]
        if systems and not any(is_over(one, question.today) for one in systems):
            ends[choice.tag] = (min(one.end_of_life for one in systems), choice)
    if not ends:
        return None
    return max(ends.values(), key=lambda pair: (pair[0], pair[1].tag))[1]


def _end(release: Release) -> str:
    name = f"{release.product} {release.cycle}"
    when = f"ended on {release.end_of_life}" if release.end_of_life else "has ended"
    if release.extended_until > release.end_of_life:
        return f"the regular support of {name} {when}; extended until {release.extended_until}"
    return f"the support of {name} {when}"


def _newer(question: _Question, place: Place) -> Iterator[Advice]:
    for kind, find, why in (
        (AdviceKind.PATCH, newer_patch, "it has fixes only"),
        (AdviceKind.MINOR, newer_minor, "it is the newest line of the same major version"),
        (
            AdviceKind.MAJOR,
            newer_major,
            "it is the newest major version that is supported for long",
        ),
    ):
        choice = find(question.library, place)
        if choice is None or not _lives(question, place, choice):
            continue
        other = "" if choice.same_words else "; it stands on another release of the system"
        yield _to(question, kind, choice.tag, why + other)


def _living(question: _Question, place: Place) -> Choice | None:
    """Return the nearest newer version that is still supported."""
    for find in (newer_minor, newer_major):
        choice = find(question.library, place)
        if choice is not None and _lives(question, place, choice):
            return choice
    return None


def _lives(question: _Question, place: Place, choice: Choice) -> bool:
    cycle = cycle_of(place.name, choice.version, question.releases)
    return cycle is None or not is_over(cycle, question.today)


def _smaller(question: _Question, place: Place) -> Iterator[Advice]:
    # Build steps give a version, not the variant: it may be a slim one already.
    guessed = question.base.evidence == "history"
    for choice in () if guessed else slimmer(question.library, place):
        musl = "alpine" in choice.tag
        why = "it has fewer packages" + (
            "; its C library is musl, so compiled dependencies must be built for it" if musl else ""
        )
        yield _to(question, AdviceKind.SLIMMER, choice.tag, why + _sizes(question, choice.tag))
    repository = place.name.removeprefix(LIBRARY)
    form, majors = _RUNTIMES.get(repository, ("", frozenset()))
    if form and (not majors or place.version[0] in majors):
        name = _DISTROLESS + form.format(major=place.version[0], debian=_DEBIAN)
        yield Advice(
            kind=AdviceKind.DISTROLESS,
            title=f"Copy the built application into {name}",
            because="it has the runtime only: no shell, no package manager; its version of "
            f"{repository} is its own choice",
            before=question.before,
            after=name,
            certain=False,
        )


def _sizes(question: _Question, tag: str) -> str:
    """Return both sizes as a clause where the indexes know them, else nothing."""
    known = [one for index in question.indexes for one in index.named(question.base.name)]
    here = [one for one in known if question.tag in one.tags and one.size_bytes]
    there = [one for one in known if tag in one.tags and one.size_bytes]
    if not here or not there:
        return ""
    sizes = [max(side, key=lambda one: one.age).size_bytes / _MEGABYTE for side in (there, here)]
    return f"; {sizes[0]:.0f} MB instead of {sizes[1]:.0f} MB, compressed"


def _to(question: _Question, kind: AdviceKind, tag: str, why: str) -> Advice:
    """Return the advice to take another tag of the same repository."""
    name = question.base.name
    known = [
        one
        for index in question.indexes
        for one in index.named(name)
        if tag in one.tags and one.list_digest
    ]
    after = f"{name}:{tag}"
    return Advice(
        kind=kind,
        title=f"Take {_short(after)} instead of {_short(question.before)}",
        because=f"{why} (official images of {question.library.as_of})",
        before=question.before,
        after=after,
        digest=max(known, key=lambda one: one.age).list_digest if known else "",
        certain=bool(known) and question.base.certain,
    )


def _short(reference: str) -> str:
    """Return a reference as people write it: official images by their own name."""
    return reference.removeprefix(LIBRARY).removeprefix(_HUB)
