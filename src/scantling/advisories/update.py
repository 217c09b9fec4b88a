"""Pulling a finished database from a mirror: any HTTP server laid out like a store.

Asked for are `current`, the manifest it names, its signature, and the segments that are not here
yet (`<object>`, else `<object>.zst`). Everything is checked before anything is in use: the manifest
by its digest and signature, each segment by its digest.

Source: The Update Framework, specification 1.0.33, sections 5.3 to 5.6, for the order of checks.
"""

import os
from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct

from scantling.advisories.manifest import (
    MAX_MANIFEST_BYTES,
    SegmentEntry,
    decode_manifest,
    digest_of,
    is_digest,
)
from scantling.advisories.paths import CURRENT, manifest_name, object_name
from scantling.advisories.store import Offer, Store
from scantling.core.errors import AdvisoryDataError, NetworkError
from scantling.core.limits import GIB, KIB
from scantling.core.progress import Progress

_CURRENT_BYTES: Final = 4 * KIB
_SIGNATURE_BYTES: Final = 16 * KIB
_SEGMENT_BYTES: Final = 4 * GIB

Get = Callable[[str, int], bytes]
"""(URL, most bytes) -> body. Raises NetworkError; its `status` tells what is simply not there."""
Verify = Callable[[bytes, bytes], str]
"""(data, signature file) -> fingerprint of the trusted key. Raises AdvisoryDataError."""


class Pulled(Struct, frozen=True, kw_only=True):
    """What an update did. `segments` were fetched, of `bytes_fetched` stored bytes in all."""

    digest: str
    changed: bool
    segments: int
    bytes_fetched: int
    signed_by: str


class Terms(Struct, frozen=True, kw_only=True):
    """What is accepted. A database that only `allow_unsigned` lets in is marked in every report."""

    verify: Verify
    now: datetime
    allow_unsigned: bool = False
    allow_older: bool = False


def pull(url: str, store: Store, get: Get, terms: Terms, progress: Progress) -> Pulled:
    """Put the mirror's database in use, fetching only what is not here.

    Raises AdvisoryDataError, with the version in use unchanged, when the mirror cannot be reached,
    is incomplete, or offers what may not be taken (unsigned, forged, older).
    """
    base = url.rstrip("/") + "/"
    with store.writing():
        digest = get_text(get, base + CURRENT)
        if digest == store.current():
            return Pulled(
                digest=digest,
                changed=False,
                segments=0,
                bytes_fetched=0,
                signed_by=store.signed_by(digest),
            )
        offer = _offer(base, digest, get, terms)
        manifest = store.admit(offer, terms.now, allow_older=terms.allow_older)
        missing = [one for one in manifest.segments if not store.has(one)]
        fetched = 0
        progress.start("mirror", f"{len(missing)} segments", sum(one.size for one in missing))
        for segment in missing:
            data = _segment(base, segment, get)
            store.put(data, segment.digest)
            fetched += len(data)
            progress.advance("mirror", fetched)
        progress.finish("mirror")
        store.switch(offer, terms.now, allow_older=terms.allow_older)
    return Pulled(
        digest=digest,
        changed=True,
        segments=len(missing),
        bytes_fetched=fetched,
        signed_by=offer.signed_by,
    )


def http_get() -> Get:
    """Return a `Get` through `core.http`, which is loaded here."""
    from scantling.core.http import Http  # noqa: PLC0415 - 0.1 s
    from scantling.core.scratch import Scratch  # noqa: PLC0415
    from scantling.core.transfer import Downloaded, Wanted  # noqa: PLC0415

    http = Http(scratch=Scratch(quota_bytes=2 * _SEGMENT_BYTES))

    def get(url: str, limit_bytes: int) -> bytes:
        body = http.download(url, wanted=Wanted(limit_bytes=limit_bytes))
        if not isinstance(body, Downloaded):
            raise AdvisoryDataError(f"{url} was not changed, but nothing was asked about it")
        with os.fdopen(body.fd, "rb") as file:
            return file.read(limit_bytes)

    return get


def get_text(get: Get, url: str) -> str:
    """Return the digest at `url`. Raises AdvisoryDataError if it is not one."""
    text = _got(get, url, _CURRENT_BYTES).decode("ascii", "replace").strip()
    if not is_digest(text):
        raise AdvisoryDataError(f"{url} does not name a database; is this a mirror?")
    return text


def verified(data: bytes, signature: bytes, terms: Terms) -> Offer:
    """Return the manifest as an offer. Raises AdvisoryDataError if it must be signed and is not."""
    if not signature and not terms.allow_unsigned:
        raise AdvisoryDataError(
            "the offered database is not signed; --allow-unsigned takes it all the same, and every "
            "report will say so"
        )
    signed_by = ""
    try:
        signed_by = terms.verify(data, signature) if signature else ""
    except AdvisoryDataError:
        if not terms.allow_unsigned:
            raise
    return Offer(data=data, signature=signature, signed_by=signed_by)


def _offer(base: str, digest: str, get: Get, terms: Terms) -> Offer:
    address = base + manifest_name(digest)
    data = _got(get, address, MAX_MANIFEST_BYTES)
    if digest_of(data) != digest:
        raise AdvisoryDataError(f"{address} does not have the digest in its name")
    try:
        signature = get(f"{address}.sig", _SIGNATURE_BYTES)
    except NetworkError as error:
        if error.status != 404:  # noqa: PLR2004
            raise AdvisoryDataError(str(error)) from error
        signature = b""
    decode_manifest(data)
    return verified(data, signature, terms)


def _segment(base: str, segment: SegmentEntry, get: Get) -> bytes:
    address = base + object_name(segment.digest)
    try:
        return get(address, segment.size)
    except NetworkError as error:
        if error.status != 404:  # noqa: PLR2004
            raise AdvisoryDataError(str(error)) from error
    from scantling.advisories.cold import decompress  # noqa: PLC0415 - 10 ms

    packed = _got(get, f"{address}.zst", segment.size + KIB)
    try:
        return decompress(packed, segment.size)
    except ValueError as error:
        raise AdvisoryDataError(f"{address}.zst is damaged: {error}") from error


def _got(get: Get, url: str, limit_bytes: int) -> bytes:
    try:
        return get(url, limit_bytes)
    except NetworkError as error:
        raise AdvisoryDataError(str(error)) from error
