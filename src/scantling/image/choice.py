"""Which image of an index is meant.

1. An index may list indexes; they are opened, each digest once, to a limited depth.
2. Attestations (`unknown/unknown`, or marked as belonging to another manifest) are no images.
3. `--platform` must be met. Without it: this machine's processor, else the only one there is.
4. Of several equal ones the first counts, and the report says so.

Source: OCI image-spec, image-index.md ("platform"); BuildKit, attestation storage (annotation
`vnd.docker.reference.type`).
"""

import os
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from scantling.core.errors import TargetError, UsageError
from scantling.core.limits import Limits
from scantling.core.model.image import Platform
from scantling.core.text import neutral
from scantling.image.api import History
from scantling.image.descriptors import (
    INDEX_TYPES,
    Config,
    Descriptor,
    Index,
    Manifest,
    parse_config,
    parse_document,
    verify,
)

_GO_NAMES: Final = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "i686": "386",
    "i386": "386",
    "loongarch64": "loong64",
}
_DEFAULT_VARIANTS: Final = {"arm64": "v8", "amd64": "v1", "arm": "v7"}
_ABOUT: Final = "vnd.docker.reference.digest"
ANY: Final = "any"
"""As a platform: the first image listed, where only its index matters."""
_PARTS: Final = 3
_SHOWN: Final = 20
_UNTOLD: Final = 32
"""Images of an index that are opened to learn their platform; each may be a download."""

Read = Callable[[Descriptor, str], bytes]
"""(descriptor, what it is) -> bytes, not verified yet. Raises TargetError, FileNotFoundError."""


class Chosen(Struct, frozen=True, kw_only=True):
    """A manifest and where it came from; `ambiguity` as in `Image`.

    `history`, `list_digest` and `platforms` as in `OpenImage`; `attestations` are the documents of
    the index that say they are about this image.
    """

    manifest: Manifest
    digest: str
    config: bytes
    ambiguity: str = ""
    list_digest: str = ""
    platforms: tuple[str, ...] = ()
    history: tuple[History, ...] = ()
    attestations: tuple[Descriptor, ...] = ()


class _Leaf(Struct):
    """A manifest an index leads to; `platform` None: not said there."""

    descriptor: Descriptor
    platform: Platform | None
    list_digest: str = ""
    """Of the index that lists it; empty if that is not one of its own."""


def choose(root: Descriptor | Index, read: Read, *, platform: str, limits: Limits) -> Chosen:
    """Return the image that `root` leads to on the wanted platform (empty: the default, ANY: any).

    Raises TargetError: no such platform (lists those there are), loops, depth, broken documents;
    UsageError: `platform` is not `os/arch[/variant]`.
    """
    wanted = _wanted("" if platform == ANY else platform)
    walk = _Walk(read, limits)
    walk.visit(root, 0, None)
    leaves = walk.leaves
    if not leaves:
        raise TargetError("the index lists no image; push the image again")
    if len(leaves) == 1:
        only = walk.load(leaves[0])[0].platform
        if platform not in {"", ANY} and not _matches(wanted, only):
            raise _no_platform(wanted, [only])
        return _finished(walk, leaves[0], [only], "")
    if sum(leaf.platform is None for leaf in leaves) > _UNTOLD:
        raise TargetError(
            f"the index lists more than {_UNTOLD} images without saying their platforms; choose "
            "one by its digest"
        )
    known = [(leaf, leaf.platform or walk.load(leaf)[0].platform) for leaf in leaves]
    meant = [pair for pair in known if _matches(wanted, pair[1])]
    if platform == ANY:
        return _finished(walk, known[0][0], [pair[1] for pair in known], "")
    if not meant and not platform and len({str(pair[1]) for pair in known}) == 1:
        meant = known
    if not meant:
        raise _no_platform(wanted, [pair[1] for pair in known])
    best = min(meant, key=lambda pair: _rank(wanted, pair[1]))
    equal = [pair for pair in meant if _full(pair[1]) == _full(best[1])]
    ambiguity = ""
    if len(equal) > 1:
        ambiguity = f"{len(equal)} images for {best[1]} in the index; the first was read"
    return _finished(walk, best[0], [pair[1] for pair in known], ambiguity)


def find(root: Index, digest: str, read: Read, *, limits: Limits) -> Descriptor | None:
    """Return the image of this digest under `root`, None if there is none. Raises TargetError."""
    walk = _Walk(read, limits)
    walk.visit(root, 0, None)
    return next((one.descriptor for one in walk.leaves if one.descriptor.digest == digest), None)


def attests(descriptor: Descriptor) -> bool:
    """Return whether this is no image but a statement about one."""
    if "vnd.docker.reference.type" in descriptor.annotations:
        return True
    where = descriptor.platform
    return where is not None and where.os == "unknown" and where.architecture == "unknown"


def default_platform() -> Platform:
    """Return linux on this machine's processor, in Go's spelling."""
    machine = os.uname().machine
    return Platform(os="linux", architecture=_GO_NAMES.get(machine, machine))


class _Walk:
    """Opens indexes and manifests, each digest once."""

    def __init__(self, read: Read, limits: Limits) -> None:
        self._read = read
        self._limits = limits
        self._seen: set[str] = set()
        self._loaded: dict[str, tuple[Config, Manifest, bytes]] = {}
        self.leaves: list[_Leaf] = []
        self.attestations: list[Descriptor] = []

    def visit(
        self, node: Descriptor | Index, depth: int, platform: Platform | None, *, digest: str = ""
    ) -> None:
        """Collect the images under `node`; `digest` is its own."""
        if depth > self._limits.index_depth:
            raise TargetError(
                f"indexes are nested more than {self._limits.index_depth} deep; raise the limit "
                "index_depth if you trust the image"
            )
        if isinstance(node, Index):
            for each in node.manifests:
                self._enter(each, depth, platform, digest)
            return
        self._enter(node, depth, platform, digest)

    def _enter(self, node: Descriptor, depth: int, above: Platform | None, digest: str) -> None:
        if attests(node):
            self.attestations.append(node)
            return
        if node.media_type not in INDEX_TYPES:
            self.leaves.append(
                _Leaf(descriptor=node, platform=node.platform or above, list_digest=digest)
            )
            return
        if node.digest in self._seen:
            raise TargetError(f"an index leads to itself or twice to {node.digest}; rebuild it")
        self._seen.add(node.digest)
        if len(self._seen) > self._limits.descriptors:
            raise TargetError("an index leads to too many indexes; raise the limit descriptors")
        found = self._document(node)
        if not isinstance(found, Index):
            raise TargetError(f"the document {node.digest} is not the index it is said to be")
        self.visit(found, depth + 1, node.platform or above, digest=node.digest)

    def load(self, leaf: _Leaf) -> tuple[Config, Manifest, bytes]:
        """Return configuration and manifest of one image, all verified; and the former's bytes."""
        digest = leaf.descriptor.digest
        if digest not in self._loaded:
            found = self._document(leaf.descriptor)
            if not isinstance(found, Manifest):
                raise TargetError(f"the document {digest} is not the manifest it is said to be")
            what = f"the configuration {found.config.digest}"
            data = self._bytes(found.config, what)
            config = parse_config(data, limits=self._limits, what=what)
            self._loaded[digest] = (config, found, data)
        return self._loaded[digest]

    def _document(self, node: Descriptor) -> Manifest | Index:
        what = f"the document {node.digest}"
        data = self._bytes(node, what)
        return parse_document(data, limits=self._limits, what=what, media_type=node.media_type)

    def _bytes(self, node: Descriptor, what: str) -> bytes:
        if node.size_bytes > self._limits.manifest_bytes:
            raise TargetError(
                f"{what} is longer than {self._limits.manifest_bytes} bytes; raise the limit "
                "manifest_bytes if you trust the image"
            )
        try:
            return verify(self._read(node, what), node, what)
        except FileNotFoundError as error:
            raise TargetError(f"{what} is not in the target; export the image again") from error


def _finished(walk: _Walk, leaf: _Leaf, there: list[Platform], ambiguity: str) -> Chosen:
    config, manifest, data = walk.load(leaf)
    said, digest = leaf.platform, leaf.descriptor.digest
    differs = said is not None and said.architecture and not _same_arch(said, config.platform)
    if differs and not ambiguity:
        ambiguity = f"the index says {said}, the image itself says {config.platform}"
    return Chosen(
        manifest=manifest,
        digest=digest,
        config=data,
        ambiguity=neutral(ambiguity),
        list_digest=leaf.list_digest,
        platforms=tuple(sorted({str(each) for each in there})),
        history=config.history,
        attestations=tuple(
            each for each in walk.attestations if each.annotations.get(_ABOUT) == digest
        ),
    )


def _wanted(text: str) -> Platform:
    if not text:
        return default_platform()
    parts = text.split("/")
    if not 1 < len(parts) <= _PARTS or not all(parts):
        raise UsageError(
            f"{neutral(text, limit=100)} is not a platform; write os/architecture, for example "
            "linux/arm64"
        )
    return Platform(os=parts[0], architecture=parts[1], variant="".join(parts[2:]))


def _matches(wanted: Platform, found: Platform) -> bool:
    if not _same_arch(wanted, found):
        return False
    return not wanted.variant or _full(wanted) == _full(found)


def _same_arch(one: Platform, other: Platform) -> bool:
    return (one.os, one.architecture) == (other.os, other.architecture)


def _full(where: Platform) -> tuple[str, str, str]:
    """Return the platform with the variant that its architecture has when none is written."""
    default = _DEFAULT_VARIANTS.get(where.architecture, "")
    return (where.os, where.architecture, where.variant or default)


def _rank(wanted: Platform, found: Platform) -> int:
    """Return 0 for the default variant; the order in the index decides between others."""
    return 0 if _full(wanted) == _full(found) else 1


def _no_platform(wanted: Platform, there: list[Platform]) -> TargetError:
    names = sorted({str(each) for each in there})
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return TargetError(
        f"the image has no manifest for {wanted}; available: {neutral(shown)} (choose with "
        "--platform)"
    )
