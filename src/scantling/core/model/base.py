"""The base image: which layers of an image came from somebody else's, and what to do about it."""

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
    image under, else the tag that the evidence names; both may be empty (`provenance` told a digest
    only). `layers` counts how many of the image's lowest layers are the base's (0: not known).
    `evidence` says how it was recognized: `index` (the layer chain equals a known image's),
    `annotation`, `provenance`, `history`, `declared`; `because` is the reason as a sentence.
    `certain` is True only for `index`, and for `declared` as `scratch`: otherwise `layers` is a
    guess. `created` is the base's own date (RFC 3339).
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


class AdviceKind(StrEnum):
    """What is advised about a base image, in the order to show it."""

    END_OF_LIFE = "end-of-life"
    REFRESH = "refresh"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"
    SLIMMER = "slimmer"
    DISTROLESS = "distroless"
    PIN = "pin"


class Advice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to do about the base image.

    `title` is a sentence with the thing to do, `because` one with the reason. `before` is the
    reference as it stands (`docker.io/library/python:3.12-slim`), `after` the one to write in its
    place, `digest` what `after` resolves to; both empty if unknown. `certain` is False where it
    rests on a guess or on names that were not looked up.
    """

    kind: AdviceKind
    title: str
    because: str
    before: str
    after: str = ""
    digest: str = ""
    certain: bool = True
