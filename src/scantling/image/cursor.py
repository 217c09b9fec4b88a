"""A position in a stream that comes in pieces: look at blocks, take bytes, step over the rest."""

from io import BytesIO
from typing import Protocol

from scantling.core.errors import InputError


class ByteSource(Protocol):
    """What the tar walker reads from; `stream.LayerStream` is one."""

    def read(self) -> bytes:
        """Return the next bytes, as many as are convenient; empty at the end."""
        ...

    def skip(self, count: int) -> int:
        """Step over up to `count` bytes unread; return how many (0: read them instead)."""
        ...


class BytesSource:
    """Bytes in memory as a ByteSource."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> bytes:
        """Return all bytes, then none."""
        data, self._data = self._data, b""
        return data

    def skip(self, count: int) -> int:
        """Return 0: everything is in the first piece."""
        del count
        return 0


class Cursor:
    """A place in a source. The walker's inner loop works on `buffer[at:]` and writes `at` back.

    `base` is the position of `buffer[0]` in the stream. `at` may lie beyond the buffer's end; the
    bytes between are stepped over when the next ones are needed.
    """

    __slots__ = ("at", "base", "buffer", "source")

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.buffer = b""
        self.at = 0
        self.base = 0

    @property
    def offset(self) -> int:
        """Return the position in the stream, in bytes."""
        return self.base + self.at

    def peek(self, count: int) -> bytes:
        """Return the next bytes without moving; fewer than `count` only at the end.

        Raises InputError `tar.truncated` when the stream ended before this place.
        """
        if self.at > len(self.buffer):
            self._jump()
        if len(self.buffer) - self.at < count:
            pieces = [self.buffer[self.at :]]
            have = len(pieces[0])
            while have < count and (piece := self.source.read()):
                pieces.append(piece)
                have += len(piece)
            self.base += self.at
            self.at = 0
            self.buffer = b"".join(pieces)
        return self.buffer[self.at : self.at + count]

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes and move behind them; fewer only at the end.

        Memory grows with the bytes that really come, not with `count`.
        """
        if self.at > len(self.buffer):
            self._jump()
        end = self.at + count
        if end <= len(self.buffer):
            data = self.buffer[self.at : end]
            self.at = end
            return data
        out = BytesIO()
        out.write(self.buffer[self.at :])
        self.base += len(self.buffer)
        self.buffer = b""
        self.at = 0
        while out.tell() < count and (piece := self.source.read()):
            part = piece[: count - out.tell()]
            out.write(part)
            self.base += len(part)
            self.buffer = piece[len(part) :]
        return out.getvalue()

    def rest_is_zero(self) -> bool:
        """Read on until a byte is not zero; True when there is none up to the end."""
        piece = self.buffer[self.at :]
        self.at = len(self.buffer)
        while piece.count(0) == len(piece):
            self.base += len(self.buffer)
            self.at = 0
            self.buffer = b""
            piece = self.source.read()
            if not piece:
                return True
            self.buffer = piece
            self.at = len(piece)
        return False

    def _jump(self) -> None:
        missing = self.at - len(self.buffer)
        self.base += len(self.buffer)
        self.buffer = b""
        self.at = 0
        while missing:
            skipped = self.source.skip(missing)
            if not skipped:
                self.buffer = self.source.read()
                if not self.buffer:
                    raise InputError(
                        "tar.truncated", "tar: the archive ends inside a file", offset=self.base
                    )
                skipped = min(missing, len(self.buffer))
                if skipped < len(self.buffer):
                    self.at = skipped
                    return
                self.buffer = b""
            self.base += skipped
            missing -= skipped
