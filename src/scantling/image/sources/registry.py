"""An image in a registry: `debian:12`, `example.com/app@sha256:…`, `registry:localhost:5000/app`.

The default registry is docker.io, the default tag `latest`. Logins are those of docker and podman.
Layers are downloaded into nameless scratch files when they are needed, and verified while they
are written. With several platforms, `--platform` chooses. Foreign layers are not fetched: a gap.

Source: OCI distribution-spec 1.1.
"""

from typing import Final

from scantling.core.errors import TargetError
from scantling.core.progress import Progress
from scantling.core.text import neutral
from scantling.image.api import ImageOptions, OpenImage, Source
from scantling.image.refs import looks_like_path, parse_path, parse_registry, split_prefix


def _claims(reference: str) -> bool:
    prefix, rest = split_prefix(reference)
    return prefix == "registry" or (not prefix and parse_path(rest) is None)


def _open(reference: str, options: ImageOptions, progress: Progress) -> OpenImage:
    prefix, rest = split_prefix(reference)
    if not prefix and looks_like_path(rest):
        raise TargetError(f"{neutral(rest, limit=200)} does not exist; check the path")
    ref = parse_registry(rest)
    # A scan of local files must not pay 0.1 s for the HTTP client.
    from scantling.image.pull import open_pulled  # noqa: PLC0415

    return open_pulled(ref, reference, options, progress)


PLUGIN: Final = Source(name="registry", claims=_claims, open=_open)
