"""The contract of an image source. Read this first; the list is in `registry.py`.

A source turns a reference into an `OpenImage`: the image's own words (digests checked) and, for
each layer, a `LayerBlob` that hands out a file descriptor to its bytes. Bytes are read only by a
sandboxed worker that inherits the descriptor; names from the image never reach a file system call.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.gap import Gap
from scantling.core.model.image import Image
from scantling.core.progress import Progress


class Slice(Struct, frozen=True, kw_only=True):
    """Part of an open file: `length_bytes` bytes from `offset_bytes`. The holder closes `fd`."""

    fd: int
    offset_bytes: int
    length_bytes: int


class LayerBlob(Protocol):
    """A layer's stored bytes.

    `identity` names the bytes for the cache of verified digests: it changes whenever the bytes
    could have (blob digest plus the file's device, inode, size and times); empty if it cannot be
    known without reading. `digest` is the expected digest of the stored bytes, empty if none is.
    `length_bytes` is how many there seem to be, to plan by; 0 if that is not known.
    """

    @property
    def identity(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def length_bytes(self) -> int: ...

    def open(self) -> Slice:
        """Return the bytes; may download them first. The caller closes the descriptor.

        Raises TargetError when they cannot be had.
        """
        ...


class History(Struct, frozen=True, kw_only=True):
    """One build step; `empty_layer` steps made no layer."""

    created: str
    created_by: str
    empty_layer: bool


class FolderTree(Protocol):
    """A root file system on disk, read in place (no layers, no digests)."""

    def open(self) -> int:
        """Return a descriptor of the folder; the caller closes it."""
        ...


class OpenImage(Struct, frozen=True, kw_only=True):
    """An image whose layers can be read.

    `blobs` pairs with `image.layers`. For a root file system `blobs` is empty and `folder` is set.
    `gaps` are what opening already noticed (a foreign layer, an ambiguous index). `history` has
    all build steps, those that made no layer included. `list_digest` is that of the index in which
    the image was found, empty if there is none; `platforms` are those it lists (`linux/arm64`).
    `statements` returns the in-toto statements that are attached to the image, read when called;
    they are not signed, so they say what the builder says. It raises TargetError.
    """

    image: Image
    blobs: tuple[LayerBlob, ...] = ()
    folder: FolderTree | None = None
    gaps: tuple[Gap, ...] = ()
    close: Callable[[], None] = lambda: None
    history: tuple[History, ...] = ()
    list_digest: str = ""
    platforms: tuple[str, ...] = ()
    statements: Callable[[], tuple[bytes, ...]] = lambda: ()


class ImageOptions(Struct, frozen=True, kw_only=True):
    """How to open a target.

    `platform` is `os/arch[/variant]`; empty: this machine's, else the only one; `any`: the first.
    """

    platform: str = ""
    limits: Limits = DEFAULT
    insecure_registry: bool = False
    """Plain HTTP and unverified TLS; loopback registries get plain HTTP without it."""
    mirrors: tuple[tuple[str, str], ...] = ()
    """(registry, mirror) pairs, tried in order before the registry itself."""
    ca_file: str = ""
    """Certificates (PEM) to trust instead of the system's."""
    token_hosts: tuple[tuple[str, str], ...] = ()
    """(registry, host) pairs: where else than on its own domain a registry may send logins."""
    auth_file: str = ""
    """A docker `config.json`; empty: DOCKER_CONFIG, then ~/.docker, then podman's auth.json."""


class Source(Struct, frozen=True, kw_only=True):
    """One way to get at images.

    `claims(reference)` says, without reading more than a few bytes, whether this source can open
    the reference. `open` raises TargetError with a sentence when it cannot after all.
    """

    name: str
    claims: Callable[[str], bool]
    open: Callable[[str, ImageOptions, Progress], OpenImage]
