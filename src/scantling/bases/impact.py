"""Which images stand on a base: what to rebuild when the base changes or has a flaw."""

from msgspec import Struct

from scantling.bases.known import Known
from scantling.bases.recognize import Indexes
from scantling.core.errors import TargetError
from scantling.core.text import neutral
from scantling.image.refs import is_digest, parse_registry


class Stood(Struct, frozen=True, kw_only=True):
    """One build of a base, and the images that stand on it, sorted by name, tag and digest."""

    base: Known
    images: tuple[Known, ...]
    newest: bool
    """Whether no newer build of the base is known under the tags and platform it has."""


def impact(reference: str, indexes: Indexes) -> tuple[Stood, ...]:
    """Return what stands on each known build of a base, newest build first.

    `reference` is a repository, with a tag or digest if only that is meant, or a digest alone.
    Builds with the same layers count once. Raises TargetError if nothing of that name is known;
    InputError for a damaged index.
    """
    bases = _meant(reference, indexes)
    if not bases:
        raise TargetError(
            f"no index knows {neutral(reference, limit=200)}; add it with `scantling base index "
            "add`, or look at `scantling base index list`"
        )
    found = []
    for base in _one_per_chain(bases):
        above = {
            (one.name, one.digest or one.config_digest, one.tags): one
            for index in indexes
            for one in index.standing_on(base.diff_ids)
            if (one.name, one.diff_ids) != (base.name, base.diff_ids)
            and not (base.digest and base.digest == one.digest)
        }
        images = tuple(sorted(above.values(), key=lambda one: (one.name, one.tags, one.digest)))
        found.append(Stood(base=base, images=images, newest=_is_newest(base, bases)))
    return tuple(found)


def _meant(reference: str, indexes: Indexes) -> tuple[Known, ...]:
    if is_digest(reference):
        return tuple(one for index in indexes for one in index.with_digest(reference))
    ref = parse_registry(reference)
    name = f"{ref.registry}/{ref.repository}"
    # parse_registry adds `latest`; a repository without a tag means all of its tags here.
    tag = ref.tag if ":" in reference.rpartition("/")[2] else ""
    return tuple(
        one
        for index in indexes
        for one in index.named(name)
        if (not tag or tag in one.tags)
        and (not ref.digest or ref.digest in {one.digest, one.list_digest})
    )


def _one_per_chain(bases: tuple[Known, ...]) -> list[Known]:
    newest: dict[tuple[str, ...], Known] = {}
    for base in sorted(bases, key=lambda one: one.age):
        newest[base.diff_ids] = base
    return sorted(newest.values(), key=lambda one: one.age, reverse=True)


def _is_newest(base: Known, bases: tuple[Known, ...]) -> bool:
    return all(
        one.age <= base.age
        for one in bases
        if one.platform == base.platform and (not one.tags or {*one.tags} & {*base.tags})
    )
