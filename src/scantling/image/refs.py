"""What a target on the command line means.

A target is a path or a registry reference; a prefix settles it, else what exists on disk wins:

    oci:PATH[:TAG|@DIGEST]              an OCI image layout (a folder)
    oci-archive:PATH[:TAG|@DIGEST]      the same in a tar, also compressed
    docker-archive:PATH[:NAME]          what `docker save` and `podman save` write
    dir:PATH                            a root file system
    registry:[HOST[:PORT]/]NAME[:TAG][@DIGEST]

After a path, `:` and `@` choose one of several images: `app.tar:example/app:1.2`. The longest part
that exists on disk is the path.

Source: OCI distribution-spec, "Pulling manifests" (name and tag); the reference grammar of
https://pkg.go.dev/github.com/distribution/reference; OCI image-spec, descriptor.md ("Digests").
"""

import os
import re
from typing import Final

from msgspec import Struct

from scantling.core.errors import TargetError
from scantling.core.text import neutral

PREFIXES: Final = ("oci", "oci-archive", "docker-archive", "dir", "registry")
DEFAULT_REGISTRY: Final = "docker.io"

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_NAME_PART: Final = re.compile(r"[a-z0-9]++(?:(?:\.|__?|-++)[a-z0-9]++)*+")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_HOST_PART: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_HOST6: Final = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\]")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_NAME_CHARS: Final = 255
_PORTS: Final = 65_535
_ARCHIVE_NAMES: Final = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".tar.bz2")


class PathRef(Struct, frozen=True, kw_only=True):
    """A target on disk. `choice` is the tag or name after it, `digest` the digest; else empty."""

    path: str
    choice: str = ""
    digest: str = ""


class RegistryRef(Struct, frozen=True, kw_only=True):
    """A target in a registry. `digest` wins over `tag`; `tag` is empty if only a digest is given.

    `registry` is `host` or `host:port`, `docker.io` by default.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """Return the reference in full."""
        text = f"{self.registry}/{self.repository}"
        text += f":{self.tag}" if self.tag else ""
        return text + (f"@{self.digest}" if self.digest else "")


def is_digest(text: str) -> bool:
    """Return whether `text` is a digest we can verify: sha256 or sha512, lower-case hex."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Return whether `text` can be a tag."""
    return _TAG.fullmatch(text) is not None


def split_prefix(reference: str) -> tuple[str, str]:
    """Return (prefix, rest); the prefix is empty when there is none of ours."""
    head, colon, rest = reference.partition(":")
    return (head, rest) if colon and head in PREFIXES else ("", reference)


def parse_path(text: str) -> PathRef | None:
    """Return the longest part of `text` that exists, and what is chosen in it; None if nothing is.

    Raises TargetError for what cannot be a path or a choice.
    """
    if "\0" in text:
        raise TargetError("a path cannot have a NUL character in it; check the target's spelling")
    if os.path.lexists(text):
        return PathRef(path=text)
    for end in range(len(text) - 1, 0, -1):
        if text[end] not in ":@" or not os.path.lexists(text[:end]):
            continue
        chosen = text[end + 1 :]
        if text[end] == ":":
            return PathRef(path=text[:end], choice=chosen)
        if not is_digest(chosen):
            raise TargetError(
                f"{neutral(chosen, limit=200)} is not a digest; write sha256: and 64 lower-case "
                "hexadecimal digits"
            )
        return PathRef(path=text[:end], digest=chosen)
    return None


def looks_like_path(text: str) -> bool:
    """Return whether a person who writes this means a file, whether or not it exists."""
    body = text.partition(":")[0]
    return text.startswith(("/", "./", "../", "~")) or body.endswith(_ARCHIVE_NAMES)


def parse_registry(text: str) -> RegistryRef:
    """Return the registry reference. Raises TargetError with the rule that `text` breaks."""
    rest, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise _bad(text, "its digest must be sha256: and 64 lower-case hexadecimal digits")
    host, name = _split_host(rest)
    name, colon, tag = name.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise _bad(text, "its tag must be at most 128 letters, digits, dots, dashes, underscores")
    if host == DEFAULT_REGISTRY and "/" not in name:
        name = f"library/{name}"
    if len(name) > _NAME_CHARS or not all(map(_NAME_PART.fullmatch, name.split("/"))):
        raise _bad(text, "its name must be lower-case words joined by single separators")
    if not _is_host(host):
        raise _bad(text, "its registry must be a host name with an optional port")
    tag = tag if tag or digest else "latest"
    return RegistryRef(registry=host, repository=name, tag=tag, digest=digest)


def _split_host(text: str) -> tuple[str, str]:
    """Return (registry, name). A first part with a dot, a colon or capitals is a host."""
    first, slash, rest = text.partition("/")
    is_host = "." in first or ":" in first or first == "localhost" or first != first.lower()
    if not slash or not is_host:
        return DEFAULT_REGISTRY, text
    return (DEFAULT_REGISTRY if first == "index.docker.io" else first), rest


def _is_host(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, "443"
    if not _PORT.fullmatch(port) or not 0 < int(port) <= _PORTS:
        return False
    if _HOST6.fullmatch(host):
        return True
    return len(host) <= _NAME_CHARS and all(map(_HOST_PART.fullmatch, host.split(".")))


def _bad(text: str, rule: str) -> TargetError:
    return TargetError(f"{neutral(text, limit=200)} is not an image reference: {rule}")
