"""An OCI image layout, wherever its files are: from `index.json` to an `OpenImage`.

Source: OCI image-spec, image-layout.md.
"""

import re
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from scantling.core.errors import TargetError
from scantling.core.model.gap import Gap
from scantling.core.text import neutral
from scantling.image.api import ImageOptions, LayerBlob, OpenImage
from scantling.image.assemble import image_of, layer_gap
from scantling.image.blobs import AbsentBlob
from scantling.image.choice import Chosen, attests, choose, find
from scantling.image.descriptors import Descriptor, Index, parse_document
from scantling.image.refs import PathRef, parse_registry
from scantling.image.statements import read_statements

_NAMES: Final = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
_SHOWN: Final = 20
# Tags of signatures, attestations and referrers: what they name is about an image and none itself.
# Source: OCI distribution-spec 1.1, "Referrers Tag Schema"; cosign, specs/SIGNATURE_SPEC.md.
_ABOUT: Final = re.compile(r"(?:sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})(?:\.(?:att|sbom|sig))?")


class Files(Protocol):
    """The files of a layout; `gaps` are what was noticed on the way to them.

    Both methods raise FileNotFoundError, TargetError.
    """

    @property
    def gaps(self) -> tuple[Gap, ...]: ...

    def document(self, name: str) -> bytes:
        """Return a whole file, at most `manifest_bytes` long."""
        ...

    def blob(self, name: str, digest: str) -> LayerBlob:
        """Return a file as a layer."""
        ...


class _Marker(Struct):
    imageLayoutVersion: str  # noqa: N815 - the specification's spelling


class Place(Struct, frozen=True, kw_only=True):
    """How a layout was named and how it is to be read."""

    reference: str
    kind: str
    chosen: PathRef
    options: ImageOptions


def open_layout(files: Files, place: Place, close: Callable[[], None]) -> OpenImage:
    """Return the image chosen in a layout. Raises TargetError."""
    _check_marker(files)
    index = read_index(files, place)
    entry, names = _entry(index, files, place)
    chosen = choose(
        entry,
        reader(files),
        platform=place.options.platform,
        limits=place.options.limits,
    )
    image = image_of(
        chosen,
        reference=place.reference,
        kind=place.kind,
        limits=place.options.limits,
        tags=names,
    )
    blobs, gaps = layer_blobs(chosen, lambda layer: files.blob(blob_name(layer), layer.digest))
    return OpenImage(
        image=image,
        blobs=blobs,
        gaps=(*files.gaps, *gaps),
        close=close,
        history=chosen.history,
        list_digest=chosen.list_digest,
        platforms=chosen.platforms,
        statements=lambda: read_statements(
            chosen.attestations, reader(files), place.options.limits
        ),
    )


def read_index(files: Files, place: Place) -> Index:
    """Return `index.json`. Raises TargetError."""
    try:
        data = files.document("index.json")
    except FileNotFoundError as error:
        raise TargetError(
            f"{neutral(place.reference)} is not an OCI image layout: it has no index.json"
        ) from error
    found = parse_document(data, limits=place.options.limits, what="index.json")
    if not isinstance(found, Index):
        raise TargetError("index.json is a manifest, not an index; export the image again")
    return found


def reader(files: Files) -> Callable[[Descriptor, str], bytes]:
    """Return how documents of the layout are read, for `choice.choose`."""
    return lambda node, _: files.document(blob_name(node))


def blob_name(node: Descriptor) -> str:
    """Return where a blob lies. The digest is checked, so this is never more than a hash's name."""
    algorithm, _, encoded = node.digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"


def layer_blobs(
    chosen: Chosen, get: Callable[[Descriptor], LayerBlob]
) -> tuple[tuple[LayerBlob, ...], tuple[Gap, ...]]:
    """Return a blob for each layer, and a gap for each that cannot be read."""
    blobs: list[LayerBlob] = []
    gaps: list[Gap] = []
    for number, layer in enumerate(chosen.manifest.layers):
        blob: LayerBlob | None
        try:
            blob = get(layer)
        except FileNotFoundError:
            blob = None
        why = layer_gap(number, layer, present=blob is not None)
        if why is not None or blob is None:
            gaps += [why] if why else []
            blob = AbsentBlob(layer.digest, why.detail if why else "its bytes are missing")
        blobs.append(blob)
    return tuple(blobs), tuple(gaps)


def _check_marker(files: Files) -> None:
    try:
        marker = msgspec.json.decode(files.document("oci-layout"), type=_Marker)
    except FileNotFoundError as error:
        raise TargetError(
            "the target has an index.json and no oci-layout file; export the image again"
        ) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise TargetError("its oci-layout file is not valid; export the image again") from error
    if not marker.imageLayoutVersion.startswith("1."):
        version = neutral(marker.imageLayoutVersion, limit=50)
        raise TargetError(f"the image layout has version {version}; version 1 is read")


def _entry(index: Index, files: Files, place: Place) -> tuple[Descriptor | Index, tuple[str, ...]]:
    """Return the entry of `index.json` that is meant, and the names it has there."""
    entries = [each for each in index.manifests if _is_image(each)]
    chosen = place.chosen
    if chosen.digest:
        return _by_digest(index, entries, files, place), ()
    if chosen.choice:
        entries = [each for each in entries if _is_named(each, chosen.choice)]
        if not entries:
            raise TargetError(
                f"the image has no tag {neutral(chosen.choice, limit=200)}; available: "
                f"{_listed(index)}"
            )
    names = {_names(each) for each in entries}
    if len(names) > 1:
        raise TargetError(
            f"the target holds several images: {_listed(index)}; choose one with "
            f"{neutral(chosen.path, limit=200)}:NAME or @DIGEST"
        )
    known = names.pop() if names else ()
    if len(entries) == 1:
        return entries[0], known
    return Index(manifests=tuple(entries)), known


def _by_digest(index: Index, entries: list[Descriptor], files: Files, place: Place) -> Descriptor:
    wanted = place.chosen.digest
    for each in entries:
        if each.digest == wanted:
            return each
    found = find(index, wanted, reader(files), limits=place.options.limits)
    if found is None:
        raise TargetError(f"the target has no image {wanted}; available: {_listed(index)}")
    return found


def _is_image(entry: Descriptor) -> bool:
    names = _names(entry)
    return not attests(entry) and not (names and all(map(_ABOUT.fullmatch, names)))


def _names(entry: Descriptor) -> tuple[str, ...]:
    return tuple(entry.annotations[key] for key in _NAMES if entry.annotations.get(key))


def _is_named(entry: Descriptor, choice: str) -> bool:
    names = _names(entry)
    if choice in names:
        return True
    try:
        full = str(parse_registry(choice))
    except TargetError:
        return False
    return full in names


def _listed(index: Index) -> str:
    """Return the names in the index, or the digests of images without one."""
    names = [(_names(each) or (each.digest,))[-1] for each in index.manifests if _is_image(each)]
    more = ", …" if len(names) > _SHOWN else ""
    return neutral(", ".join(sorted(set(names))[:_SHOWN])) + more
