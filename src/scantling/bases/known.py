"""A known image: a chain of layers and the names it goes by."""

import hashlib
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace


class Known(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One image of one platform, as an index knows it.

    `name` is the repository (`docker.io/library/debian`), `tags` what it has been seen under,
    sorted; `diff_ids` its layers, bottom first. `digest` is the manifest's, `list_digest` that of
    the multi-platform index it was found in (what `FROM name@…` should say), `config_digest` that
    of the configuration; each empty if unknown. `size_bytes` is what its layers take in a registry,
    0 if unknown. `created` is the image's own date, `seen` when it was added (RFC 3339).
    """

    name: str
    diff_ids: tuple[str, ...]
    tags: tuple[str, ...] = ()
    digest: str = ""
    list_digest: str = ""
    config_digest: str = ""
    platform: str = ""
    created: str = ""
    seen: str = ""
    size_bytes: int = 0

    @property
    def pin(self) -> str:
        """Return the digest to pin: of all platforms if known, else of this one; may be empty."""
        return self.list_digest or self.digest

    @property
    def age(self) -> tuple[str, str, str]:
        """Return a key that is greater for newer images; the digest makes it total."""
        return (self.created[:19], self.seen, self.digest)


def chain_ids(diff_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the chain ID of each layer: the digest of it and everything below.

    Source: OCI image-spec, config.md, "Layer ChainID".
    """
    chains: list[str] = []
    for diff_id in diff_ids:
        chains.append(next_chain(chains[-1] if chains else "", diff_id))
    return tuple(chains)


def next_chain(below: str, diff_id: str) -> str:
    """Return the chain ID of a layer on top of the chain `below` (empty: of the first layer)."""
    if not below:
        return diff_id
    return f"sha256:{hashlib.sha256(f'{below} {diff_id}'.encode()).hexdigest()}"


def merged(images: Iterable[Known]) -> tuple[Known, ...]:
    """Return the images, each once, with all tags it was seen under, in a declared order."""
    by_key: dict[tuple[tuple[str, ...], str, str, str], Known] = {}
    for image in images:
        key = (image.diff_ids, image.name, image.digest or image.config_digest, image.platform)
        have = by_key.get(key)
        by_key[key] = image if have is None else _joined(have, image)
    return tuple(by_key[key] for key in sorted(by_key))


def _joined(one: Known, other: Known) -> Known:
    newer, older = (one, other) if one.seen >= other.seen else (other, one)
    return replace(
        newer,
        tags=tuple(sorted({*one.tags, *other.tags})),
        list_digest=newer.list_digest or older.list_digest,
        config_digest=newer.config_digest or older.config_digest,
        size_bytes=newer.size_bytes or older.size_bytes,
    )
