"""Where attestations are kept beside an image. Read this first; `registry` and `layout` are places.

A place keeps blobs by digest and manifests by tag or digest. What it hands out by digest has that
digest; what it hands out by tag is whatever somebody put there.
"""

import hashlib
from typing import Final, Protocol

from msgspec import Struct

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"


class Listed(Struct, frozen=True, kw_only=True):
    """One entry of a list of referrers, in the place's own words; `digest` fits the grammar."""

    digest: str
    artifact_type: str = ""
    predicate_type: str = ""
    """As annotated; empty if it is not."""


class Place(Protocol):
    """A repository that can be read and written. Every method raises TargetError."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    def manifest(self, name: str) -> bytes | None:
        """Return the manifest or index of a tag or digest; None if there is none."""
        ...

    def blob(self, digest: str, limit_bytes: int) -> bytes:
        """Return a blob, its digest verified; missing is an error, and so is a longer one."""
        ...

    def put_blob(self, data: bytes) -> None:
        """Keep a blob."""
        ...

    def put_manifest(self, name: str, data: bytes, media_type: str) -> bool:
        """Keep a manifest or index; return whether the place lists it with its subject itself."""
        ...

    def referrers(self, digest: str) -> tuple[Listed, ...] | None:
        """Return what refers to a manifest; None if the place does not keep such lists."""
        ...


def digest_of(data: bytes) -> str:
    """Return `sha256:…` of `data`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tag_of(digest: str, suffix: str = "") -> str:
    """Return the tag that is about a digest: `sha256-<hex>` and cosign's suffix (`.att`).

    Source: OCI distribution-spec 1.1, "Referrers Tag Schema"; cosign, `specs/SIGNATURE_SPEC.md`.
    """
    return digest.replace(":", "-") + suffix
