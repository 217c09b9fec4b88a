"""Attestations beside an image: attached in two forms, found in both.

1. As an OCI 1.1 artifact: a manifest whose `subject` is the image and whose only layer is a
   Sigstore bundle. A registry with the referrers API lists it by itself; where there is none, the
   index under the tag `sha256-<hex>` is kept by us, as the specification has it.
2. As cosign has done it for years: one more layer of the manifest under the tag `sha256-<hex>.att`.

Tags have no compare-and-swap: two writers may overtake each other. So after a write the tag is read
again, and written again until our entry is in it; entries of others are kept as they are.

Whatever a place hands out is hostile: it is bounded, typed, verified by digest where it has one,
and believed only after its signature (`supply.verify`).

Source: OCI image-spec 1.1, manifest.md ("Guidelines for Artifact Usage"); OCI distribution-spec
1.1, "Pushing Manifests with Subject", "Referrers Tag Schema"; cosign, `specs/ATTESTATION_SPEC.md`.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from scantling.core.errors import TargetError
from scantling.core.limits import MIB
from scantling.core.text import neutral
from scantling.image.refs import is_digest
from scantling.supply.dsse import BUNDLE
from scantling.supply.places import INDEX, MANIFEST, Listed, Place, digest_of, tag_of

ENVELOPE_BYTES: Final = 64 * MIB
"""The longest envelope; one with the full report of a large image has a tenth of that."""

_ENVELOPE: Final = "application/vnd.dsse.envelope.v1+json"
_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_EMPTY: Final = "application/vnd.oci.empty.v1+json"
_BUNDLES: Final = "application/vnd.dev.sigstore.bundle"
_KINDS: Final = frozenset({_ENVELOPE, "application/vnd.in-toto+json"})
_CONTENT: Final = "dev.sigstore.bundle.content"
_PREDICATE: Final = "dev.sigstore.bundle.predicateType"
_CREATED: Final = "org.opencontainers.image.created"
_LONG_AGO: Final = "0001-01-01T00:00:00Z"
_MOST: Final = 256
"""Most attachments that are fetched in one verification, and that are kept under one tag."""
_MOST_BYTES: Final = 256 * MIB
_TRIES: Final = 5

_Typed = TypeVar("_Typed")


class Attachment(Struct, frozen=True, kw_only=True):
    """What is attached: the same signature as an envelope and as a bundle.

    `created` is RFC 3339. `replaces` drops what is under the tags and of the same type, by
    whomever; a registry with the referrers API keeps its own list, of which nothing is deleted.
    """

    envelope: bytes
    bundle: bytes
    predicate_type: str
    created: str
    replaces: bool = False


class Found(Struct, frozen=True, kw_only=True):
    """Bytes that may be an envelope or a bundle, and where they were; or why there are none."""

    where: str
    data: bytes = b""
    problem: str = ""


class _Descriptor(Struct, omit_defaults=True):
    mediaType: str  # noqa: N815 - the specification's spelling
    digest: str
    size: int
    artifactType: str = ""  # noqa: N815
    annotations: dict[str, str] | None = None


class _Manifest(Struct):
    layers: list[_Descriptor]


class _Kept(Struct):
    """A manifest or index whose entries are kept byte for byte."""

    layers: list[msgspec.Raw] = []
    manifests: list[msgspec.Raw] = []


class _Typeless(Struct):
    mediaType: str = ""  # noqa: N815


def attach(place: Place, subject: str, attachment: Attachment) -> tuple[str, ...]:
    """Attach to the image with the digest `subject`; return where, in words.

    Raises TargetError: no such image there, no right to write, or others always write at once.
    """
    about = place.manifest(subject)
    if about is None:
        raise TargetError(f"{place.name} has no image {subject}; push the image first")
    kind = _decoded(about, _Typeless, f"the manifest {subject}").mediaType or MANIFEST
    target = _Descriptor(mediaType=kind, digest=subject, size=len(about))
    return (
        *_attach_artifact(place, target, attachment),
        _attach_layer(place, target, attachment),
    )


def attachments(place: Place, subject: str, predicate_type: str) -> Iterator[Found]:
    """Yield what is attached to an image and may be of that type, in both forms.

    What cannot be read is yielded with its problem. Raises TargetError if the place fails.
    """
    budget = _Budget()
    for listed in _referrers(place, subject):
        if _may_be(listed, predicate_type):
            yield from _artifact(place, listed, budget)
    tag = tag_of(subject, ".att")
    data = place.manifest(tag)
    if data is not None:
        yield from _layers(place, data, f"tag {tag}", budget, predicate_type)


def parse_referrers(data: bytes, what: str) -> tuple[Listed, ...]:
    """Return the entries of an index of referrers. Raises TargetError."""
    entries = [
        _decoded(bytes(one), _Descriptor, what) for one in _decoded(data, _Kept, what).manifests
    ]
    return tuple(
        Listed(
            digest=one.digest,
            artifact_type=one.artifactType,
            predicate_type=(one.annotations or {}).get(_PREDICATE, ""),
        )
        for one in entries
        if is_digest(one.digest)
    )


class _Budget:
    """What one verification may still fetch."""

    def __init__(self) -> None:
        self._count = _MOST
        self._left_bytes = _MOST_BYTES

    def fetch(self, place: Place, digest: str, where: str) -> Found:
        """Return a blob; a problem if it cannot be had or too much was fetched already."""
        if not is_digest(digest):
            return Found(where=where, problem="it has an invalid digest")
        self._count -= 1
        if self._count < 0 or self._left_bytes <= 0:
            return Found(where=where, problem="too much is attached; it was not looked at")
        try:
            data = place.blob(digest, min(ENVELOPE_BYTES, self._left_bytes))
        except TargetError as error:
            return Found(where=where, problem=str(error))
        self._left_bytes -= len(data)
        return Found(where=where, data=data)


def _attach_artifact(place: Place, target: _Descriptor, attachment: Attachment) -> tuple[str, ...]:
    """Attach as an artifact, form 1 of the module."""
    place.put_blob(b"{}")
    place.put_blob(attachment.bundle)
    annotations = {
        _CREATED: attachment.created,
        _CONTENT: "dsse-envelope",
        _PREDICATE: attachment.predicate_type,
    }
    data = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": BUNDLE,
            "config": _descriptor(_EMPTY, b"{}"),
            "layers": [_descriptor(BUNDLE, attachment.bundle)],
            "subject": target,
            "annotations": annotations,
        }
    )
    digest = digest_of(data)
    if place.put_manifest(digest, data, MANIFEST):
        return (f"artifact {digest} (referrers API)",)
    entry = _descriptor(MANIFEST, data)
    entry.artifactType = BUNDLE
    entry.annotations = annotations
    tag = tag_of(target.digest)
    _add(place, tag, entry, _index, attachment)
    return (f"artifact {digest} (tag {tag})",)


def _attach_layer(place: Place, target: _Descriptor, attachment: Attachment) -> str:
    """Attach as a layer, form 2 of the module."""
    place.put_blob(attachment.envelope)
    entry = _descriptor(_ENVELOPE, attachment.envelope)
    entry.annotations = {
        # cosign takes a layer for one of its own only with this key.
        "dev.cosignproject.cosign/signature": "",
        "predicateType": attachment.predicate_type,
    }
    tag = tag_of(target.digest, ".att")
    _add(place, tag, entry, _layered, attachment)
    return f"tag {tag}"


def _add(
    place: Place,
    tag: str,
    entry: _Descriptor,
    written: Callable[[Place, list[msgspec.Raw]], tuple[bytes, str]],
    attachment: Attachment,
) -> None:
    """Add an entry to what is under a tag, keeping the others, until it is seen there."""
    what = f"what is under the tag {tag}"
    for _ in range(_TRIES):
        data = place.manifest(tag)
        kept = _decoded(data, _Kept, what) if data is not None else _Kept()
        entries = kept.manifests if written is _index else kept.layers
        if entry.digest in {_decoded(bytes(one), _Descriptor, what).digest for one in entries}:
            return
        if attachment.replaces:
            entries = [one for one in entries if _type(one, what) != attachment.predicate_type]
        if len(entries) >= _MOST:
            raise TargetError(
                f"{place.name} has {len(entries)} attestations under the tag {tag}, the most that "
                "are kept; attest with --replace"
            )
        body, media_type = written(place, [*entries, msgspec.Raw(_json(entry))])
        place.put_manifest(tag, body, media_type)
    after = place.manifest(tag)
    if after is None or entry.digest.encode() not in after:
        raise TargetError(
            f"{place.name}: others write the tag {tag} at the same time; try again when they are "
            "done"
        )


def _type(raw: msgspec.Raw, what: str) -> str:
    """Return the predicate type that an entry of either form is annotated with; empty: none."""
    annotations = _decoded(bytes(raw), _Descriptor, what).annotations or {}
    return annotations.get(_PREDICATE, annotations.get("predicateType", ""))


def _index(_place: Place, entries: list[msgspec.Raw]) -> tuple[bytes, str]:
    return _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}), INDEX


def _layered(place: Place, entries: list[msgspec.Raw]) -> tuple[bytes, str]:
    """Return cosign's manifest of these layers; its configuration is made anew and kept."""
    layers = [_decoded(bytes(one), _Descriptor, "a layer").digest for one in entries]
    config = _json(
        {
            "architecture": "",
            "config": {},
            "created": _LONG_AGO,
            "history": [{"created": _LONG_AGO} for _ in layers],
            "os": "",
            # The layers are not compressed, so their digests are those of their content.
            "rootfs": {"diff_ids": layers, "type": "layers"},
        }
    )
    place.put_blob(config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(_CONFIG, config),
        "layers": entries,
    }
    return _json(manifest), MANIFEST


def _referrers(place: Place, subject: str) -> tuple[Listed, ...]:
    listed = place.referrers(subject)
    if listed is not None:
        return listed
    tag = tag_of(subject)
    data = place.manifest(tag)
    return () if data is None else parse_referrers(data, f"the index under the tag {tag}")


def _may_be(listed: Listed, predicate_type: str) -> bool:
    """Return whether it is worth a look. A place that lies here could as well list nothing."""
    if listed.predicate_type not in {"", predicate_type}:
        return False
    kind = listed.artifact_type
    return kind in _KINDS or kind.startswith(_BUNDLES)


def _artifact(place: Place, listed: Listed, budget: _Budget) -> Iterator[Found]:
    where = f"artifact {listed.digest}"
    data = place.manifest(listed.digest)
    if data is None:
        yield Found(where=where, problem="it is listed and not there")
        return
    yield from _layers(place, data, where, budget, "")


def _layers(
    place: Place, data: bytes, where: str, budget: _Budget, predicate_type: str
) -> Iterator[Found]:
    """Yield the layers of a manifest that may be of that type (empty: of any)."""
    try:
        manifest = _decoded(data, _Manifest, where)
    except TargetError as error:
        yield Found(where=where, problem=str(error))
        return
    if len(manifest.layers) > _MOST:
        yield Found(where=where, problem=f"more than {_MOST} are attached; not all were looked at")
    # The newest are the last.
    for number, layer in [*enumerate(manifest.layers)][-_MOST:]:
        said = (layer.annotations or {}).get("predicateType", "")
        if not predicate_type or said in {"", predicate_type}:
            yield budget.fetch(place, layer.digest, f"{where}, layer {number}")


def _descriptor(media_type: str, data: bytes) -> _Descriptor:
    return _Descriptor(mediaType=media_type, digest=digest_of(data), size=len(data))


def _json(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _decoded(data: bytes, type_: type[_Typed], what: str) -> _Typed:
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        said = neutral(str(error), limit=200)
        raise TargetError(f"{what} is not valid: {said}") from error
