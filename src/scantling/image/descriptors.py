"""Manifests, indexes and configurations: decoded with types, checked before anything is used.

A document must be one thing. One that two readers could take for two things (both `layers` and
`manifests`, a media type that its content contradicts, a key given twice) is refused, because the
tool that runs the image may take it for the other.

Source: OCI image-spec 1.1, descriptor.md, manifest.md, image-index.md, config.md; Docker image
manifest version 2, schema 2; CVE-2021-41190 (ambiguous documents).
"""

import base64
import binascii
import hashlib
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from scantling.core.errors import TargetError
from scantling.core.limits import Limits
from scantling.core.model.image import ImageConfig, Platform
from scantling.core.text import neutral
from scantling.image.api import History
from scantling.image.refs import is_digest

INDEX_TYPES: Final = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
MANIFEST_TYPES: Final = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
SCHEMA1_TYPES: Final = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
_CONFIG_TYPES: Final = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)
# Go decodes names of fields without regard to case, so these could be given twice unseen.
_FIELDS: Final = ("schemaVersion", "mediaType", "config", "layers", "manifests", "fsLayers")
_GO_ESCAPES: Final = ((rb"\u0026", b"&"), (rb"\u003c", b"<"), (rb"\u003e", b">"))
_CANONICAL: Final = {name.casefold(): name for name in _FIELDS}

_Typed = TypeVar("_Typed")


class Descriptor(Struct, frozen=True, kw_only=True):
    """A pointer to content. `platform` None: not said; `data` None: not embedded.

    `digest` has been checked against the grammar, nothing else has been checked.
    """

    digest: str
    size_bytes: int
    media_type: str = ""
    platform: Platform | None = None
    annotations: dict[str, str] = {}
    urls: tuple[str, ...] = ()
    data: bytes | None = None


class Manifest(Struct, frozen=True, kw_only=True):
    """One image: a configuration and layers, bottom first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = ""
    annotations: tuple[tuple[str, str], ...] = ()


class Index(Struct, frozen=True, kw_only=True):
    """Several images or indexes, in the file's order."""

    manifests: tuple[Descriptor, ...]
    media_type: str = ""


class Config(Struct, frozen=True, kw_only=True):
    """The image configuration. `diff_ids` are checked against the digest grammar."""

    platform: Platform
    diff_ids: tuple[str, ...]
    history: tuple[History, ...]
    config: ImageConfig


class _RawPlatform(Struct):
    os: str = ""
    architecture: str = ""
    variant: str = ""


class _RawDescriptor(Struct):
    digest: str
    size: int
    mediaType: str = ""  # noqa: N815 - the specification's spelling
    platform: _RawPlatform | None = None
    annotations: dict[str, str] | None = None
    urls: list[str] | None = None
    data: str | None = None


class _RawDocument(Struct):
    schemaVersion: int = 0  # noqa: N815
    mediaType: str = ""  # noqa: N815
    config: _RawDescriptor | None = None
    layers: list[_RawDescriptor] | None = None
    manifests: list[_RawDescriptor] | None = None
    fsLayers: list[msgspec.Raw] | None = None  # noqa: N815
    annotations: dict[str, str] | None = None


class _RawHistory(Struct):
    created: str | None = None
    created_by: str | None = None
    empty_layer: bool | None = None


class _RawRootFs(Struct):
    type: str = ""
    diff_ids: list[str] | None = None


class _RawRun(Struct):
    User: str | None = None
    Entrypoint: list[str] | str | None = None
    Cmd: list[str] | str | None = None
    Env: list[str] | None = None
    ExposedPorts: dict[str, msgspec.Raw] | None = None
    WorkingDir: str | None = None
    Labels: dict[str, str] | None = None


class _RawConfig(Struct):
    architecture: str | None = None
    os: str | None = None
    variant: str | None = None
    created: str | None = None
    rootfs: _RawRootFs | None = None
    history: list[_RawHistory] | None = None
    config: _RawRun | None = None


def parse_document(
    data: bytes, *, limits: Limits, what: str, media_type: str = ""
) -> Manifest | Index:
    """Return the manifest or index in `data`; `media_type` is what its descriptor or header says.

    `what` names the document in messages. Raises TargetError.
    """
    _check_shape(data, limits, what)
    raw = _decode(data, _RawDocument, what)
    if raw.schemaVersion == 1 or raw.fsLayers is not None or media_type in SCHEMA1_TYPES:
        raise TargetError(
            f"{what} is a schema 1 manifest, which has no verifiable content; push the image "
            "again with a current tool"
        )
    if raw.layers is not None and raw.manifests is not None:
        raise _ambiguous(what, "it has both layers and manifests")
    for said in (raw.mediaType, media_type):
        if said in INDEX_TYPES and (raw.layers is not None or raw.manifests is None):
            raise _ambiguous(what, "its media type says index and its content does not")
        if said in MANIFEST_TYPES and (raw.manifests is not None or raw.layers is None):
            raise _ambiguous(what, "its media type says manifest and its content does not")
    known = media_type in INDEX_TYPES | MANIFEST_TYPES
    if known and raw.mediaType not in {"", media_type}:
        raise _ambiguous(what, "it has a media type other than the one it is served with")
    descriptors = raw.manifests if raw.manifests is not None else raw.layers
    if descriptors is None:
        raise TargetError(f"{what} is neither an image manifest nor an index")
    most = limits.descriptors if raw.manifests is not None else limits.layers
    if len(descriptors) > most:
        name = "descriptors" if raw.manifests is not None else "layers"
        raise TargetError(
            f"{what} lists {len(descriptors)} {name}, more than {most}; raise the limit {name} if "
            "you trust the image"
        )
    listed = tuple(_descriptor(each, what) for each in descriptors)
    if raw.manifests is not None:
        return Index(manifests=listed, media_type=raw.mediaType or media_type)
    return _manifest(raw, listed, what, media_type)


def parse_config(data: bytes, *, limits: Limits, what: str) -> Config:
    """Return the image configuration in `data`. Raises TargetError."""
    _check_shape(data, limits, what)
    raw = _decode(data, _RawConfig, what)
    diff_ids = tuple((raw.rootfs.diff_ids if raw.rootfs else None) or ())
    if len(diff_ids) > limits.layers:
        raise TargetError(
            f"{what} lists {len(diff_ids)} layers, more than {limits.layers}; raise the limit "
            "layers if you trust the image"
        )
    if not all(map(is_digest, diff_ids)):
        raise TargetError(f"{what} has a diff ID that is not a digest; rebuild the image")
    return Config(
        platform=_platform(raw),
        diff_ids=diff_ids,
        history=tuple(
            History(
                created=each.created or "",
                created_by=each.created_by or "",
                empty_layer=bool(each.empty_layer),
            )
            for each in (raw.history or ())[: limits.descriptors]
        ),
        config=_run_config(raw),
    )


def verify(data: bytes, descriptor: Descriptor, what: str) -> bytes:
    """Return `data` if it is what the descriptor says. Raises TargetError."""
    if len(data) != descriptor.size_bytes:
        raise TargetError(
            f"{what} has {len(data)} bytes where {descriptor.size_bytes} are declared; export or "
            "pull the image again"
        )
    if digest_of(data, like=descriptor.digest) != descriptor.digest:
        raise TargetError(
            f"{what} does not have the digest {descriptor.digest}; export or pull the image again"
        )
    if descriptor.data is not None and descriptor.data != data:
        raise TargetError(f"{what} differs from the copy embedded beside its digest")
    return data


def digest_of(data: bytes, *, like: str = "sha256:") -> str:
    """Return the digest of `data` in the algorithm of the digest `like`."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def _manifest(
    raw: _RawDocument, layers: tuple[Descriptor, ...], what: str, media_type: str
) -> Manifest:
    if raw.config is None:
        raise TargetError(f"{what} names no configuration; export the image again")
    config = _descriptor(raw.config, what)
    if config.media_type not in _CONFIG_TYPES:
        raise TargetError(
            f"{what} is not a container image but an artifact of type "
            f"{neutral(config.media_type, limit=200) or 'unknown'}"
        )
    return Manifest(
        config=config,
        layers=layers,
        media_type=raw.mediaType or media_type,
        annotations=tuple(sorted((raw.annotations or {}).items())),
    )


def _descriptor(raw: _RawDescriptor, what: str) -> Descriptor:
    if not is_digest(raw.digest):
        raise TargetError(
            f"{what} names a digest that cannot be verified, {neutral(raw.digest, limit=100)}; "
            "only sha256 and sha512 are accepted"
        )
    if raw.size < 0:
        raise TargetError(f"{what} declares a negative size")
    platform = None
    if raw.platform is not None:
        platform = Platform(
            os=raw.platform.os,
            architecture=raw.platform.architecture,
            variant=raw.platform.variant,
        )
    return Descriptor(
        digest=raw.digest,
        size_bytes=raw.size,
        media_type=raw.mediaType,
        platform=platform,
        annotations=raw.annotations or {},
        urls=tuple(raw.urls or ()),
        data=None if raw.data is None else _embedded(raw, what),
    )


def _embedded(raw: _RawDescriptor, what: str) -> bytes:
    """Return the embedded copy, which must have the descriptor's digest (descriptor.md, "data")."""
    try:
        data = base64.b64decode((raw.data or "").encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise TargetError(f"{what} embeds content that is not base64") from error
    if len(data) != raw.size or digest_of(data, like=raw.digest) != raw.digest:
        raise TargetError(f"{what} embeds content that differs from its digest")
    return data


def _platform(raw: _RawConfig) -> Platform:
    return Platform(
        os=raw.os or "linux", architecture=raw.architecture or "", variant=raw.variant or ""
    )


def _run_config(raw: _RawConfig) -> ImageConfig:
    run = raw.config or _RawRun()
    return ImageConfig(
        created=raw.created or "",
        user=run.User or "",
        entrypoint=_words(run.Entrypoint),
        command=_words(run.Cmd),
        environment=tuple(run.Env or ()),
        exposed_ports=tuple(run.ExposedPorts or ()),
        working_dir=run.WorkingDir or "",
        labels=tuple((run.Labels or {}).items()),
    )


def _words(value: list[str] | str | None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(value or ())


def _check_shape(data: bytes, limits: Limits, what: str) -> None:
    """Refuse what is too long, or has a key twice: readers differ on which one counts."""
    if len(data) > limits.manifest_bytes:
        raise TargetError(
            f"{what} is longer than {limits.manifest_bytes} bytes; raise the limit manifest_bytes "
            "if you trust the image"
        )
    top = _decode(data, dict[str, msgspec.Raw], what)
    for name in top:
        if _CANONICAL.get(name.casefold(), name) != name:
            raise _ambiguous(what, f"it has the key {neutral(name, limit=50)}")
    if _is_plain(data):
        return
    import json  # noqa: PLC0415 - 3 ms that few documents need

    try:
        json.loads(data, object_pairs_hook=_without_doubles, parse_int=str, parse_float=str)
    except _DoubleKeyError as error:
        raise _ambiguous(what, "it has a key twice") from error
    except (ValueError, RecursionError) as error:
        raise TargetError(f"{what} is not valid JSON") from error


def _is_plain(data: bytes) -> bool:
    """Return whether the document is what its content is encoded as: then no key is there twice.

    False when it is not certain. Go escapes three characters that need no escape.
    """
    for escape, character in _GO_ESCAPES:
        data = data.replace(escape, character)
    try:
        return msgspec.json.encode(msgspec.json.decode(data)) == msgspec.json.format(
            data, indent=-1
        )
    except (ValueError, RecursionError):  # not JSON, or only after the replacement
        return False


class _DoubleKeyError(Exception):
    """A key is there twice."""


def _without_doubles(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _DoubleKeyError


def _decode(data: bytes, type_: type[_Typed], what: str) -> _Typed:
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise TargetError(
            f"{what} is not valid: {neutral(str(error), limit=300)}; export or pull the image again"
        ) from error


def _ambiguous(what: str, why: str) -> TargetError:
    return TargetError(
        f"{what} is ambiguous: {why}; tools could disagree on what it is, so it is refused"
    )
