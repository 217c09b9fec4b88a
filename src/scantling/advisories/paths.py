"""Where things are in a store, a mirror and a bundle: the same layout everywhere.

current                            digest of the manifest in use
manifests/<digest>.json            manifests, named by their SHA-256
manifests/<digest>.json.sig        detached signature, if there is one
manifests/<digest>.json.verified   local only: the key that the signature was checked with
objects/sha256/<2 hex>/<digest>    segments, named by their SHA-256
"""

from pathlib import Path

from scantling.advisories.manifest import is_digest
from scantling.core.errors import AdvisoryDataError

CURRENT = "current"


def manifest_name(digest: str) -> str:
    """Return the relative path of a manifest. Raises AdvisoryDataError unless it is a digest."""
    return f"manifests/{_checked(digest)}.json"


def object_name(digest: str) -> str:
    """Return the relative path of a segment. Raises AdvisoryDataError unless it is a digest."""
    return f"objects/sha256/{_checked(digest)[:2]}/{digest}"


def object_path(root: Path, digest: str) -> Path:
    """Return the file of a segment below the store's folder."""
    return root / object_name(digest)


def _checked(digest: str) -> str:
    if not is_digest(digest):
        raise AdvisoryDataError(f"{digest[:80]!r} is not the digest of a database or segment")
    return digest
