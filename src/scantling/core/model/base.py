"""The base image: which layers of an image came from somebody else's."""

from enum import StrEnum

from msgspec import Struct


class Part(StrEnum):
    """Whose layer something is in; `unknown` where no base could be told."""

    UNKNOWN = "unknown"
    BASE = "base"
    OWN = "own"


class BaseImage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A base that was recognized.

    `name` is the repository (`docker.io/library/debian`) and `tags` what the index knows this very
    image under; both may be empty (`provenance` told a digest only). `layers` counts how many of
    the image's lowest layers are the base's. `evidence` says how it was recognized: `index` (the
    layer chain equals a known image's), `annotation`, `provenance`, `history`, `declared`;
    `because` is the reason as a sentence. `certain` is False for a guess from the history alone.
    `created` is the base's own date (RFC 3339).
    `newest` is the name of a newer image under the same tag, with `newest_digest`, empty if none
    is known; `current`: whether it is the newest known (None: cannot be told).
    """

    name: str = ""
    tags: tuple[str, ...] = ()
    digest: str = ""
    layers: int = 0
    evidence: str = ""
    because: str = ""
    certain: bool = True
    created: str = ""
    newest: str = ""
    newest_digest: str = ""
    current: bool | None = None
