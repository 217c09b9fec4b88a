"""From a checked manifest and configuration to the `Image` value."""

from typing import Final

from scantling.core.errors import TargetError
from scantling.core.limits import Limits
from scantling.core.model.gap import Gap, gap
from scantling.core.model.image import Image, Layer
from scantling.core.text import neutral
from scantling.image.api import History
from scantling.image.choice import Chosen
from scantling.image.descriptors import Config, Descriptor, digest_of, parse_config

_FOREIGN: Final = ("nondistributable", "foreign")
_LAYER_TYPES: Final = (
    "application/vnd.oci.image.layer.",
    "application/vnd.docker.image.rootfs.",
)


def image_of(
    chosen: Chosen, *, reference: str, kind: str, limits: Limits, tags: tuple[str, ...] = ()
) -> Image:
    """Return the image. Raises TargetError if configuration and layers do not belong together."""
    what = f"the configuration {chosen.manifest.config.digest}"
    config = parse_config(chosen.config, limits=limits, what=what)
    check_count(config, len(chosen.manifest.layers))
    steps = layer_history(config)
    return Image(
        reference=reference,
        kind=kind,
        manifest_digest=chosen.digest,
        config_digest=chosen.manifest.config.digest,
        platform=config.platform,
        layers=tuple(
            _layer(index, diff_id, steps[index], chosen.manifest.layers[index])
            for index, diff_id in enumerate(config.diff_ids)
        ),
        config=config.config,
        annotations=chosen.manifest.annotations,
        tags=tags,
        ambiguity=chosen.ambiguity,
    )


def image_without_manifest(
    data: bytes, *, reference: str, limits: Limits, count: int, tags: tuple[str, ...]
) -> Image:
    """Return the image of a docker archive, which has a configuration and `count` layers."""
    config = parse_config(data, limits=limits, what="the image's configuration")
    check_count(config, count)
    steps = layer_history(config)
    return Image(
        reference=reference,
        kind="docker-archive",
        config_digest=digest_of(data),
        platform=config.platform,
        layers=tuple(
            _layer(index, diff_id, steps[index], None)
            for index, diff_id in enumerate(config.diff_ids)
        ),
        config=config.config,
        tags=tags,
    )


def check_count(config: Config, layers: int) -> None:
    """Raise TargetError unless there is one diff ID for each layer."""
    if len(config.diff_ids) != layers:
        raise TargetError(
            f"the image has {layers} layers and its configuration lists {len(config.diff_ids)}; "
            "they do not belong together, so rebuild or pull the image again"
        )


def layer_history(config: Config) -> list[History]:
    """Return the build step of each layer; empty ones if the history does not fit the layers.

    Source: OCI image-spec, config.md, "history": steps with `empty_layer` made no layer.
    """
    steps = [step for step in config.history if not step.empty_layer]
    if len(steps) != len(config.diff_ids):
        return [History(created="", created_by="", empty_layer=False)] * len(config.diff_ids)
    return steps


def layer_gap(index: int, descriptor: Descriptor, *, present: bool) -> Gap | None:
    """Return why this layer cannot be read as a file system layer; None if it can.

    A layer that lives elsewhere is read if its bytes are here all the same, never fetched.
    """
    kind = descriptor.media_type
    shown = neutral(kind, limit=200)
    if "+encrypted" in kind:
        return gap("layer.encrypted", f"its media type is {shown}", layer=index)
    if kind and not kind.startswith(_LAYER_TYPES):
        return gap("layer.unsupported", f"its media type is {shown}", layer=index)
    if present:
        return None
    if descriptor.urls or any(word in kind for word in _FOREIGN):
        return gap("layer.foreign", f"{descriptor.digest} is kept elsewhere", layer=index)
    return gap("layer.missing", f"{descriptor.digest} is not in the target", layer=index)


def _layer(index: int, diff_id: str, step: History, stored: Descriptor | None) -> Layer:
    return Layer(
        index=index,
        diff_id=diff_id,
        digest=stored.digest if stored else "",
        media_type=stored.media_type if stored else "",
        size_bytes=stored.size_bytes if stored else 0,
        created_by=step.created_by,
        created=step.created,
    )
