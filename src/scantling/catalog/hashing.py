"""Hashes computed beside the walk: by a second worker, on a processor that would be idle.

Nothing of one compressed layer can be read in parallel but its digests, which are a third of the
work. The reading worker copies the bytes into a page that both share and goes on; the hashing
worker has no other way to the image, and its answers are short texts.

Messages to the hashing worker are a kind, the number of the hash, and how many bytes lie in the
next slot of the page: `n` begins a hash of that name, `u` adds these bytes, `d` asks for the digest
so far. It answers each with a full stop, which frees the slot; `d` then with the digest and a line
feed. Each side sees the end of the other's pipe when that one is gone.
"""

import hashlib
import mmap
import os
import struct
from contextlib import suppress
from typing import Final

from scantling.core.limits import KIB
from scantling.core.sandbox.worker import Desk, Task

_SLOTS: Final = 8
_SLOT_BYTES: Final = 512 * KIB
"""The largest piece that a decoder gives."""
_MESSAGE: Final = struct.Struct("=cBI")
_BEGIN: Final = b"n"
_UPDATE: Final = b"u"
_DIGEST: Final = b"d"
_TAKEN: Final = b"."
_END: Final = b"\n"
_ANSWER_BYTES: Final = 4096


class HasherLostError(Exception):
    """The hashing worker is gone. The reader of the layer begins again without it."""


class Ring:
    """What both workers share. Made by their parent before it starts them."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, _SLOTS * _SLOT_BYTES)
        self._orders, self._speak = os.pipe()
        self._listen, self._answers = os.pipe()
        self._open = {self._orders, self._speak, self._listen, self._answers}

    def hasher(self) -> Task:
        """Return the task of the hashing worker; it answers with nothing."""
        return Task(run=self._serve, keep=self._handed(self._orders, self._answers))

    def reader(self) -> tuple["Hashes", tuple[int, ...]]:
        """Return the reading worker's end and the descriptors that it keeps."""
        hashes = Hashes(self._page, speak=self._speak, listen=self._listen)
        return hashes, self._handed(self._speak, self._listen)

    def drop(self) -> None:
        """Close what was not handed to a worker, so that the other one sees an end."""
        for descriptor in self._handed(*self._open):
            os.close(descriptor)

    def _handed(self, *descriptors: int) -> tuple[int, ...]:
        self._open -= set(descriptors)
        return descriptors

    def _serve(self, _desk: Desk) -> bytes:
        hashes: dict[int, hashlib._Hash] = {}
        page = memoryview(self._page)
        waiting = b""
        slot = 0
        # A pipe whose other end is gone means that the reader has died or has all it wants.
        with suppress(BrokenPipeError):
            while more := os.read(self._orders, _MESSAGE.size * _SLOTS):
                waiting += more
                while len(waiting) >= _MESSAGE.size:
                    kind, number, length = _MESSAGE.unpack_from(waiting)
                    waiting = waiting[_MESSAGE.size :]
                    data = page[slot * _SLOT_BYTES : slot * _SLOT_BYTES + length]
                    slot = (slot + 1) % _SLOTS
                    if kind == _BEGIN:
                        hashes[number] = hashlib.new(bytes(data).decode("ascii"))
                    elif kind == _UPDATE:
                        hashes[number].update(data)
                    answer = _TAKEN
                    if kind == _DIGEST:
                        answer += hashes[number].hexdigest().encode("ascii") + _END
                    os.write(self._answers, answer)
        return b""


class Hashes:
    """The reading worker's end: `new` takes the place of `hashlib.new`."""

    def __init__(self, page: mmap.mmap, *, speak: int, listen: int) -> None:
        self._page = page
        self._speak = speak
        self._listen = listen
        self._slot = 0
        self._free = _SLOTS
        self._count = 0

    def new(self, name: str) -> "RemoteHash":
        """Return a hash of this name. Raises HasherLostError."""
        number, self._count = self._count, self._count + 1
        self.send(_BEGIN, number, name.encode("ascii"))
        return RemoteHash(self, number, name)

    def send(self, kind: bytes, number: int, data: bytes | memoryview) -> None:
        """Give one message, its data in the next slot. Raises HasherLostError."""
        while not self._free:
            self._free += len(self._heard())
        at = self._slot * _SLOT_BYTES
        self._page[at : at + len(data)] = data
        self._slot = (self._slot + 1) % _SLOTS
        self._free -= 1
        try:
            os.write(self._speak, _MESSAGE.pack(kind, number, len(data)))
        except BrokenPipeError:
            raise HasherLostError from None

    def digest(self, number: int) -> str:
        """Return the hex digest of a hash. Raises HasherLostError."""
        self.send(_DIGEST, number, b"")
        heard = b""
        while not heard.endswith(_END):
            heard += self._heard()
        self._free = _SLOTS
        return heard.lstrip(_TAKEN).rstrip(_END).decode("ascii")

    def _heard(self) -> bytes:
        heard = os.read(self._listen, _ANSWER_BYTES)
        if not heard:
            raise HasherLostError
        return heard


class RemoteHash:
    """A hash that another worker computes; used as one of `hashlib`."""

    def __init__(self, hashes: Hashes, number: int, name: str) -> None:
        self.name: Final = name
        self._hashes = hashes
        self._number = number

    def update(self, data: bytes) -> None:
        """Add bytes. Raises HasherLostError."""
        if len(data) <= _SLOT_BYTES:
            self._hashes.send(_UPDATE, self._number, data)
            return
        view = memoryview(data)
        for start in range(0, len(view), _SLOT_BYTES):
            self._hashes.send(_UPDATE, self._number, view[start : start + _SLOT_BYTES])

    def hexdigest(self) -> str:
        """Return the digest of what was added. Raises HasherLostError."""
        return self._hashes.digest(self._number)
