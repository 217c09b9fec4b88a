"""What `docker save` and `podman save` write: a tar with `manifest.json`.

Old archives have `<id>/layer.tar` files (some are links to others) and a `<hash>.json`; archives of
Docker 25 and later are an OCI layout as well. Then both descriptions must agree, since some tools
load by one and some by the other. Target: `app.tar`, `docker-archive:app.tar`, `app.tar:NAME` where
the archive holds several images. Any tar or compressed tar without a prefix comes here first; one
that is only an OCI layout is opened as that.

Names in `manifest.json` are looked up in the archive's index and nowhere else.

Source: Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format";
moby, image/tarexport.
"""

import re
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import TargetError
from scantling.core.progress import Progress
from scantling.core.text import neutral
from scantling.image.api import ImageOptions, LayerBlob, OpenImage, Source
from scantling.image.archive import Archive, open_archive
from scantling.image.assemble import image_of, image_without_manifest
from scantling.image.choice import Chosen
from scantling.image.descriptors import (
    Index,
    Manifest,
    digest_of,
    parse_config,
    parse_document,
    verify,
)
from scantling.image.layout import Place, blob_name, open_layout, read_index
from scantling.image.refs import PathRef, is_digest, parse_path, parse_registry, split_prefix

_HASH_NAME: Final = re.compile(r"(?:blobs/sha256/)?(?P<hash>[0-9a-f]{64})(?:\.json)?")
_BLOB: Final = re.compile(r"blobs/(?P<algorithm>sha256|sha512)/(?P<hash>[0-9a-f]{64,128})")
_IMAGES: Final = 1024
_SHOWN: Final = 20


class _Entry(Struct):
    Config: str
    Layers: list[str] | None = None
    RepoTags: list[str] | None = None


def _claims(reference: str) -> bool:
    prefix, rest = split_prefix(reference)
    if prefix:
        return prefix == "docker-archive"
    found = parse_path(rest)
    if found is None:
        return False
    return not Path(found.path).is_dir()


def _open(reference: str, options: ImageOptions, progress: Progress) -> OpenImage:
    archive, found = open_archive(reference, options, progress)
    try:
        return _open_found(archive, found, reference, options)
    except BaseException:
        archive.close()
        raise


def _open_found(
    archive: Archive, found: PathRef, reference: str, options: ImageOptions
) -> OpenImage:
    if "manifest.json" in archive.members:
        return _open_saved(archive, found, reference, options)
    if "index.json" in archive.members and not split_prefix(reference)[0]:
        place = Place(reference=reference, kind="oci-archive", chosen=found, options=options)
        return open_layout(archive, place, archive.close)
    raise TargetError(
        f"{neutral(found.path, limit=200)} is a tar but not an image: it has no manifest.json or "
        "index.json; unpack a root file system and scan the folder with dir:"
    )


def _open_saved(
    archive: Archive, found: PathRef, reference: str, options: ImageOptions
) -> OpenImage:
    entry = _entry(archive, found, options)
    config = _config(archive, entry)
    names = entry.Layers or []
    tags = tuple(entry.RepoTags or ())
    blobs = tuple(_blob(archive, name) for name in names)
    image = image_without_manifest(
        config, reference=reference, limits=options.limits, count=len(blobs), tags=tags
    )
    if "index.json" in archive.members:
        place = Place(reference=reference, kind="docker-archive", chosen=found, options=options)
        digest, manifest = _twin(archive, place, image.config_digest, names)
        chosen = Chosen(manifest=manifest, digest=digest, config=config)
        image = image_of(
            chosen,
            reference=reference,
            kind="docker-archive",
            limits=options.limits,
            tags=tags,
        )
    history = parse_config(config, limits=options.limits, what="the image's configuration").history
    return OpenImage(
        image=image, blobs=blobs, gaps=archive.gaps, close=archive.close, history=history
    )


def _entry(archive: Archive, found: PathRef, options: ImageOptions) -> _Entry:
    """Return the image that is meant. Raises TargetError, with the list when there are several."""
    try:
        entries = msgspec.json.decode(archive.document("manifest.json"), type=list[_Entry])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise TargetError(
            f"manifest.json is not valid: {neutral(str(error), limit=300)}; save the image again"
        ) from error
    if not entries or len(entries) > _IMAGES:
        raise TargetError(f"the archive lists {len(entries)} images; save one of them again")
    meant = [each for each in entries if _is_meant(each, found)]
    if len(meant) > 1 and len({each.Config for each in meant}) > 1:
        raise TargetError(
            f"the archive holds several images: {_listed(entries)}; choose one with "
            f"{neutral(found.path, limit=200)}:NAME"
        )
    if not meant:
        wanted = neutral(found.choice or found.digest, limit=200)
        raise TargetError(f"the archive has no image {wanted}; available: {_listed(entries)}")
    if len(meant[0].Layers or ()) > options.limits.layers:
        raise TargetError(
            f"the image has more than {options.limits.layers} layers; raise the limit layers if "
            "you trust it"
        )
    return meant[0]


def _is_meant(entry: _Entry, found: PathRef) -> bool:
    if found.digest:
        named = _HASH_NAME.fullmatch(entry.Config)
        return named is not None and f"sha256:{named['hash']}" == found.digest
    return not found.choice or _full(found.choice) in {_full(tag) for tag in entry.RepoTags or ()}


def _full(name: str) -> str:
    """Return the name with its defaults; unchanged if it is none."""
    try:
        return str(parse_registry(name))
    except TargetError:
        return name


def _listed(entries: list[_Entry]) -> str:
    names = sorted({tag for each in entries for tag in each.RepoTags or (each.Config,)})
    return neutral(", ".join(names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")


def _config(archive: Archive, entry: _Entry) -> bytes:
    """Return the configuration; a name that is a hash must be its hash."""
    shown = neutral(entry.Config, limit=200)
    try:
        data = archive.document(entry.Config)
    except FileNotFoundError as error:
        raise TargetError(f"the configuration {shown} is not in the archive; save it again") from (
            error
        )
    named = _HASH_NAME.fullmatch(entry.Config)
    if named is not None and digest_of(data) != f"sha256:{named['hash']}":
        raise TargetError(f"the configuration {shown} does not have its digest; save it again")
    return data


def _blob(archive: Archive, name: str) -> LayerBlob:
    try:
        return archive.blob(name, _digest_in(name))
    except FileNotFoundError as error:
        raise TargetError(
            f"the layer {neutral(name, limit=200)} is not in the archive; save the image again"
        ) from error


def _digest_in(name: str) -> str:
    """Return the digest that a blob's name states; empty for the old kind of name."""
    found = _BLOB.fullmatch(name)
    digest = f"{found['algorithm']}:{found['hash']}" if found else ""
    return digest if is_digest(digest) else ""


def _twin(
    archive: Archive, place: Place, config_digest: str, names: list[str]
) -> tuple[str, Manifest]:
    """Return (digest, manifest) of the same image in the layout that the archive is as well.

    Raises TargetError unless the layout has the image, with the same layers. Manifests that are
    not in the archive are other platforms that were not saved.
    """
    pending = list(read_index(archive, place).manifests)
    for _ in range(place.options.limits.descriptors):
        if not pending:
            break
        node = pending.pop(0)
        try:
            data = archive.document(blob_name(node))
        except FileNotFoundError:
            continue
        what = f"the document {node.digest}"
        verify(data, node, what)
        found = parse_document(
            data, limits=place.options.limits, what=what, media_type=node.media_type
        )
        if isinstance(found, Index):
            pending += found.manifests
        elif found.config.digest == config_digest:
            if [blob_name(layer) for layer in found.layers] != names:
                break
            return node.digest, found
    raise TargetError(
        "the archive describes its image twice and the two descriptions differ; tools could load "
        "another image than the one scanned, so it is refused"
    )


PLUGIN: Final = Source(name="docker-archive", claims=_claims, open=_open)
