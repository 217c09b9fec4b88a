"""Digests of an uncompressed layer, computed by a job of their own.

Where nothing is compressed, whoever walks the headers need not touch the payloads, and hashing
them takes as long as all the rest. So it is another job: the reader steps over what nobody wants,
and two processors share even an image of one layer. See docs/decisions/0010-plain-layers.md.
"""

import hashlib
import mmap
import os
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, msgpack

from scantling.core.errors import InputError
from scantling.core.limits import MIB
from scantling.core.model.gap import Gap, gap
from scantling.core.model.image import Layer
from scantling.core.sandbox.worker import Desk
from scantling.image import gzip, zstd
from scantling.image.api import Slice

_WINDOW_BYTES: Final = 16 * MIB
"""Mapped at a time: what is resident of the layer never exceeds it."""
_MAGIC_BYTES: Final = 4


class Found(Struct, frozen=True, array_like=True):
    """What hashing gave: one digest per algorithm that was asked for, and how many bytes."""

    digests: tuple[str, ...]
    size_bytes: int


def is_plain(stored: Slice) -> bool:
    """Tell whether these bytes are neither gzip nor zstd, by their first four."""
    start = os.pread(stored.fd, min(_MAGIC_BYTES, stored.length_bytes), stored.offset_bytes)
    return not start.startswith(gzip.MAGIC) and not zstd.is_magic(start)


def algorithms(layer: Layer) -> tuple[str, ...]:
    """Return the hashes that a plain layer's claims name, each once, sorted."""
    named = {claim.partition(":")[0] for claim in (layer.digest, layer.diff_id) if claim}
    return tuple(sorted(named or {"sha256"}))


def hash_slice(desk: Desk, stored: Slice, names: tuple[str, ...]) -> bytes:
    """Return `Found`, encoded. Raises InputError `layer.size` when the file is shorter."""
    hashes = [hashlib.new(name) for name in names]
    done = 0
    while done < stored.length_bytes:
        start = stored.offset_bytes + done
        before = start % mmap.ALLOCATIONGRANULARITY
        length = min(_WINDOW_BYTES, stored.length_bytes - done + before)
        try:
            window = mmap.mmap(
                stored.fd, length, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED, offset=start - before
            )
        except ValueError:  # the file ends before the window does
            raise InputError("layer.size", "the stored bytes end early", offset=start) from None
        with window, memoryview(window) as whole, whole[before:] as view:
            for one in hashes:
                one.update(view)
            done += len(view)
        desk.advance(done)
    return msgpack.encode(
        Found(
            tuple(f"{name}:{one.hexdigest()}" for name, one in zip(names, hashes, strict=True)),
            done,
        )
    )


def differences(
    claimed: Layer, size_bytes: int, stored: Sequence[str], content: Sequence[str]
) -> list[Gap]:
    """Return what the layer says of itself that is not true.

    `stored` are digests of its stored bytes and `content` of the uncompressed ones; no `content`:
    they were not read to their end, which is said elsewhere.
    """
    gaps: list[Gap] = []
    if claimed.size_bytes and size_bytes != claimed.size_bytes:
        gaps.append(gap("layer.size", f"{size_bytes} bytes, declared {claimed.size_bytes}"))
    if claimed.digest and claimed.digest not in stored:
        shown = ", ".join(stored)
        gaps.append(gap("layer.digest", f"its bytes are {shown}, not {claimed.digest}"))
    if content and claimed.diff_id not in content:
        said = claimed.diff_id or "nothing"
        gaps.append(gap("layer.diffid", f"its content is {', '.join(content)}; claimed: {said}"))
    return gaps


def decode(payload: bytes) -> Found:
    """Return what `hash_slice` encoded. Raises msgspec.DecodeError."""
    return msgpack.decode(payload, type=Found)
