"""The encoded form of facts: what a worker answers and what the cache keeps (MessagePack)."""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.model.facts import LayerFacts, Owner
from scantling.core.model.gap import Gap

FORMAT: Final = 1
"""Version of what is in the facts; raise it whenever the same layer would give other facts."""


class Wire(Struct, kw_only=True, omit_defaults=True):
    """`LayerFacts` on its way out of a worker: the same fields, `files` encoded already."""

    diff_id: str
    files: tuple[msgspec.Raw, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    deleted: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    owners: tuple[Owner, ...] = ()
    gaps: tuple[Gap, ...] = ()
    paths: bytes = b""
    entries: int = 0
    size_bytes: int = 0
    complete: bool = True


_FACTS: Final = msgspec.msgpack.Decoder(LayerFacts)


def encode(wire: Wire) -> bytes:
    """Return the encoded facts; paths in gaps are spelled as in facts."""
    gaps = tuple(
        msgspec.structs.replace(one, path=clean(one.path), detail=clean(one.detail))
        for one in wire.gaps
    )
    return msgspec.msgpack.encode(msgspec.structs.replace(wire, gaps=gaps))


def decode(payload: bytes) -> LayerFacts:
    """Return the facts. Raises msgspec.DecodeError when the bytes are none."""
    return _FACTS.decode(payload)


def clean(path: str) -> str:
    r"""Return `path` as facts spell it: undecodable bytes as `\xNN`, the rest unchanged.

    A path in memory keeps such bytes as surrogates, which no encoder accepts.
    """
    if path.isascii():
        return path
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte: from an escape in JSON
        data = path.encode("utf-8", "backslashreplace")
    return data.decode("utf-8", "backslashreplace")


def pack_links(links: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return (path, target) pairs as facts spell them, sorted by path; the last counts."""
    return tuple(sorted({clean(path): clean(target) for path, target in links}.items()))
