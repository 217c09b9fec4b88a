"""A layer's bytes: read once, hashed and decompressed in the same pass.

    stream = open_stream(slice_, budget, media_type=layer.media_type)   # raises InputError
    walker = TarWalker(stream, budget, select=select, sniff=sniff)
    try:
        for entry in walker: …
    except InputError as error: …           # becomes a gap
    digests = stream.finish()               # reads what is left; call it also after an error
    gaps = walker.gaps.gaps() + stream.gaps.gaps()

`finish` is what makes the digests true: they cover every stored byte, whatever the walker read. An
uncompressed layer whose digests are not wanted is read sparsely: payloads nobody asked for are
stepped over.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import KIB
from scantling.image import gzip, tarheader, zstd
from scantling.image.api import Slice
from scantling.image.budget import Budget
from scantling.image.gaplist import GapList

_CHUNK_BYTES: Final = 256 * KIB
_WINDOW_BYTES: Final = 32 * KIB
"""Read at a new place of a sparsely read layer: a header and, mostly, the next few."""
_SNIFF_BYTES: Final = 512
_UNSUPPORTED: Final = (
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"]\x00\x00", "lzma"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"hsqs", "squashfs"),
    (b"\x00asm", "WebAssembly"),
    (b"PK\x03\x04", "zip"),
)


class Hash(Protocol):
    """What is used of a `hashlib` object."""

    @property
    def name(self) -> str: ...

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class Digests(Struct, frozen=True, kw_only=True):
    """What was read. Digests are `<algorithm>:<hex>`, empty when not wanted or not to be had.

    `stored` is of the stored bytes, `diff_id` of the uncompressed stream; the latter is empty when
    decompression failed. `complete`: the content was decompressed to its end.
    """

    stored: str
    diff_id: str
    bytes_in: int
    bytes_out: int
    complete: bool


class LayerStream:
    """The uncompressed bytes of one layer, as a `tar.ByteSource`. Made by `open_stream`.

    `compression` is `gzip`, `zstd` or empty. `gaps` are problems that did not stop the reading.
    """

    def __init__(
        self,
        slice_: Slice,
        budget: Budget,
        *,
        stored: str,
        content: str,
        new_hash: Callable[[str], Hash],
    ) -> None:
        self.gaps: Final = GapList()
        self.compression = ""
        self.bytes_in = 0
        self.bytes_out = 0
        self._slice: Final = slice_
        self._budget: Final = budget
        self._stored = new_hash(stored) if stored else None
        self._content = new_hash(content) if content else None
        self._pieces: Iterator[bytes] = iter(())
        self._failed = False
        self._short = False
        self._sparse = False

    def start(self, compression: str) -> None:
        """Choose the decoder; called once, by `open_stream`."""
        self.compression = compression
        if compression == "gzip":
            self._pieces = gzip.inflate(self._read_stored, self.gaps)
        elif compression == "zstd":
            window = self._budget.limits.window_bytes
            self._pieces = zstd.decompress(self._read_stored, self.gaps, window_bytes=window)
        else:
            # Stored bytes and content are the same bytes: hashed once, as stored.
            self._stored, self._content = self._stored or self._content, None
            self._sparse = self._stored is None
            self._pieces = iter(self._read_stored, b"")

    def read(self) -> bytes:
        """Return the next uncompressed bytes; empty at the end.

        Raises InputError: `gzip.*`, `zstd.*`, `limit.bytes`, `limit.ratio`, `layer.size`.
        """
        try:
            piece = next(self._pieces, b"")
            self.bytes_out += len(piece)
            self._budget.spend_bytes(len(piece))
            if self.compression:
                self._budget.check_ratio(self.bytes_in, self.bytes_out)
        except InputError:
            self._failed = True
            raise
        if self._content is not None:
            self._content.update(piece)
        return piece

    def skip(self, count: int) -> int:
        """Step over up to `count` bytes; 0 when they must be read (compressed or hashed)."""
        if not self._sparse:
            return 0
        count = min(count, self._slice.length_bytes - self.bytes_in)
        self.bytes_in += count
        self.bytes_out += count
        return count

    def fetch(self, offset: int, count: int) -> bytes:
        """Return bytes from anywhere and go on behind them; empty when all must be read in order.

        Raises InputError as `read` does.
        """
        if not self._sparse:
            return b""
        count = min(count, self._slice.length_bytes - offset)
        data = os.pread(self._slice.fd, count, self._slice.offset_bytes + offset)
        self._budget.spend_bytes(len(data))
        self.bytes_in = self.bytes_out = offset + len(data)
        return data

    def finish(self) -> Digests:
        """Read to the end and return the digests.

        When the content cannot be read to its end the stored bytes still are; the problem is then
        in `gaps`, unless `read` already raised it. Never raises InputError, except `layer.size`
        as a gap.
        """
        if not self._sparse:
            self._drain()
        stored = self._hex(self._stored)
        content = self._hex(self._content) if self.compression else stored
        return Digests(
            stored=stored,
            diff_id="" if self._failed else content,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            complete=not self._failed,
        )

    def _drain(self) -> None:
        try:
            while not self._failed and self.read():  # lint: RD001 a piece is bounded
                pass
        except InputError as error:
            self.gaps.add_error(error)
        try:
            while self._read_stored():
                pass
        except InputError as error:
            self.gaps.add_error(error)

    @staticmethod
    def _hex(digest: Hash | None) -> str:
        return "" if digest is None else f"{digest.name}:{digest.hexdigest()}"

    def _read_stored(self) -> bytes:
        """Return the next stored bytes, hashed; empty at the slice's end."""
        left = self._slice.length_bytes - self.bytes_in
        size = min(left, _WINDOW_BYTES if self._sparse else _CHUNK_BYTES)
        if size <= 0 or self._short:
            return b""
        data = os.pread(self._slice.fd, size, self._slice.offset_bytes + self.bytes_in)
        if not data:
            self._short = True
            raise InputError(
                "layer.size", f"the stored bytes end {left} bytes early", offset=self.bytes_in
            )
        self.bytes_in += len(data)
        if self._stored is not None:
            self._stored.update(data)
        return data


def open_stream(
    slice_: Slice,
    budget: Budget,
    *,
    media_type: str = "",
    stored: str = "sha256",
    content: str = "sha256",
    new_hash: Callable[[str], Hash] = hashlib.new,
) -> LayerStream:
    """Return the uncompressed bytes of a layer, its compression told by its first bytes.

    `stored` and `content` name the hashes of the stored and the uncompressed bytes (empty: none),
    which `new_hash` begins.
    `media_type` is what the manifest declares (empty: it declares nothing); when it names another
    compression the layer is still read and `layer.mediatype` noted. Raises InputError
    `layer.encrypted`, `layer.unsupported` (neither gzip, zstd nor tar), `limit.bytes` (a stored
    layer above `layer_compressed_bytes`) or `layer.size` (the file is shorter than the slice).

    Source: OCI image-spec, layer.md ("Media types").
    """
    limits = budget.limits
    if slice_.length_bytes > limits.layer_compressed_bytes:
        raise InputError(
            "limit.bytes",
            f"a layer of {slice_.length_bytes} bytes",
            limit="layer_compressed_bytes",
        )
    if media_type.endswith("+encrypted"):
        raise InputError("layer.encrypted", f"the layer is encrypted ({media_type})")
    compression = _compression(slice_)
    stream = LayerStream(slice_, budget, stored=stored, content=content, new_hash=new_hash)
    stream.start(compression)
    declared = _declared(media_type)
    if declared is not None and declared != compression:
        stream.gaps.add(
            "layer.mediatype",
            f"declared as {media_type}, but its bytes are {compression or 'an uncompressed tar'}",
        )
    return stream


def _declared(media_type: str) -> str | None:
    """Return the compression that a media type names, None when it says nothing we can judge."""
    base = media_type.partition(";")[0].strip()
    if base.endswith((".tar.gzip", "+gzip", ".tar.gz")):
        return "gzip"
    if base.endswith(("+zstd", ".tar.zstd")):
        return "zstd"
    if base.endswith(".tar"):
        return ""
    return None


def _compression(slice_: Slice) -> str:
    start = os.pread(slice_.fd, min(_SNIFF_BYTES, slice_.length_bytes), slice_.offset_bytes)
    if start.startswith(gzip.MAGIC):
        return "gzip"
    if zstd.is_magic(start):
        return "zstd"
    # An empty layer may be nothing at all; the walker then notes the missing end.
    if not start or tarheader.is_header(start):
        return ""
    name = next((name for magic, name in _UNSUPPORTED if start.startswith(magic)), "")
    raise InputError(
        "layer.unsupported",
        f"the layer is {name}" if name else "the layer is neither gzip, zstd nor tar",
        offset=0,
    )
