"""Names of images: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, brought to one spelling.

Everybody shortens them, and differently: `nginx`, `docker.io/nginx` and
`index.docker.io/library/nginx:latest` are one repository.

Source: the reference grammar of https://pkg.go.dev/github.com/distribution/reference.
"""

import re
from typing import Final

from msgspec import Struct

HUB: Final = "docker.io"

_MOST_CHARS: Final = 1024
_HUBS: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_PATH: Final = re.compile(r"[a-z0-9]++(?:[._/-]++[a-z0-9]++)*+")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST: Final = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_HOST: Final = re.compile(r"[A-Za-z0-9.\[\]:-]++")


class ImageName(Struct, frozen=True, kw_only=True):
    """`repository` is host and path (`docker.io/library/nginx`); empty tag or digest: not given."""

    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def short(self) -> str:
        """Return the last part of the path: `nginx`."""
        return self.repository.rpartition("/")[2]


def split(text: str) -> ImageName | None:
    """Return the parts of an image's name in full; None if it cannot be one."""
    if len(text) > _MOST_CHARS:
        return None
    rest, at, digest = text.partition("@")
    if at and not is_digest(digest):
        return None
    first, slash, path = rest.partition("/")
    if slash and (set(".:") & set(first) or first == "localhost"):
        host = first.lower()
    else:
        host, path = HUB, rest
    path, colon, tag = path.partition(":")
    if not _PATH.fullmatch(path) or not _HOST.fullmatch(host):
        return None
    if colon and not _TAG.fullmatch(tag):
        return None
    return ImageName(repository=_repository(host, path), tag=tag, digest=digest)


def is_digest(text: str) -> bool:
    """Return whether `text` is a digest that names content: sha256 or sha512, lower-case hex."""
    return _DIGEST.fullmatch(text) is not None


def _repository(host: str, path: str) -> str:
    if host not in _HUBS:
        return f"{host}/{path}"
    return f"{HUB}/{path}" if "/" in path else f"{HUB}/library/{path}"
