"""Learning an image: its chain and its names, from manifest and configuration. No layer is read."""

from typing import Final

from msgspec.structs import replace

from scantling.bases.index_writer import indexable
from scantling.bases.known import Known
from scantling.core.errors import TargetError
from scantling.core.progress import Progress
from scantling.core.text import neutral
from scantling.image.api import ImageOptions, OpenImage
from scantling.image.choice import ANY
from scantling.image.open import open_image
from scantling.image.refs import RegistryRef, parse_registry, split_prefix

_ALL: Final = "all"


def learn(
    target: str, options: ImageOptions, progress: Progress, *, name: str = "", seen: str = ""
) -> tuple[Known, ...]:
    """Return what an index should know of a target: one image for each platform that is meant.

    `options.platform` may be `all`. `name` (`registry/repository[:tag]`) names an image that has
    no name of its own; `seen` is the present time (RFC 3339). Raises TargetError.
    """
    every = options.platform == _ALL
    first = replace(options, platform=ANY) if every else options
    opened = open_image(target, first, progress)
    opened.close()
    found = [known_of(opened, name=name, seen=seen)]
    for platform in opened.platforms if every else ():
        if platform != str(opened.image.platform):
            other = open_image(target, replace(options, platform=platform), progress)
            other.close()
            found.append(known_of(other, name=name, seen=seen))
    return tuple(found)


def known_of(opened: OpenImage, *, name: str = "", seen: str = "") -> Known:
    """Return an open image as an index knows it; see `learn`. Raises TargetError."""
    image = opened.image
    refs = [parse_registry(name)] if name else _names(opened)
    if not refs:
        raise TargetError(
            f"{neutral(image.reference, limit=200)} has no full name of its own; give it one with "
            "--name registry.example.com/team/app:tag"
        )
    home = f"{refs[0].registry}/{refs[0].repository}"
    tags = {ref.tag for ref in refs if f"{ref.registry}/{ref.repository}" == home}
    known = Known(
        name=home,
        diff_ids=tuple(layer.diff_id for layer in image.layers),
        tags=tuple(sorted(tags - {""})),
        digest=image.manifest_digest,
        list_digest=opened.list_digest,
        config_digest=image.config_digest,
        platform=str(image.platform),
        created=image.config.created,
        seen=seen,
        size_bytes=sum(layer.size_bytes for layer in image.layers),
    )
    if not indexable(known):
        raise TargetError(
            f"{neutral(image.reference, limit=200)} has no layers with sha256 diff IDs, so nothing "
            "can be recognized by it"
        )
    return known


def _names(opened: OpenImage) -> list[RegistryRef]:
    """Return the full names that the container gives the image.

    A name without a slash and a colon is a tag of a layout (`latest`), not a repository.
    """
    image = opened.image
    if image.kind == "registry":
        ref = parse_registry(split_prefix(image.reference)[1])
        return [ref]
    return [parse_registry(tag) for tag in image.tags if "/" in tag or ":" in tag]
