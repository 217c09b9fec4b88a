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

    def fetch(self, offset: int, count: int) -> bytes:
        """Return `count` bytes at `offset` of the stream in one piece and go on behind them.

        Fewer at the end; empty when only `read` gives bytes.
        """
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

    def fetch(self, offset: int, count: int) -> bytes:
        """Return nothing: everything is in the first piece."""
        del offset, count
        return b""


class Cursor:
    """A place in a source. The walker's inner loop works on `buffer[at:]` and writes `at` back.

    `base` is the position of `buffer[0]` in the stream. `at` may lie beyond the buffer's end; the
    bytes between are stepped over when the next ones are needed. Pieces are not copied together:
    only what spans two of them is, and the rest of the second waits in `_spare`.
    """

    __slots__ = ("_source", "_spare", "_spare_at", "at", "base", "buffer")

    def __init__(self, source: ByteSource) -> None:
        self.buffer = b""
        self.at = 0
        self.base = 0
        self._source = source
        self._spare = b""
        self._spare_at = 0

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
        while (have := len(self.buffer) - self.at) < count:
            if not have:
                if not self._more():
                    break
            elif self._spare:
                self._span(count - have)
            else:
                self._spare_at = 0
                self._spare = self._source.read()  # lint: RD001 a piece is bounded
                if not self._spare:
                    break
        return self.buffer[self.at : self.at + count]

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes and move behind them; fewer only at the end.

        Memory grows with the bytes that really come, not with `count`.
        """
        if self.at > len(self.buffer):
            self._jump()
        data = self.buffer[self.at : self.at + count]
        self.at += len(data)
        if len(data) == count:
            return data
        if not self._spare and (whole := self._source.fetch(self.offset - len(data), count)):
            self.base += self.at - len(data) + len(whole)
            self.buffer, self.at = b"", 0
            return whole
        out = BytesIO()
        out.write(data)
        while out.tell() < count and self._more():
            # A view: a slice of bytes would be copied twice.
            self.at += out.write(memoryview(self.buffer)[self.at : self.at + count - out.tell()])
        return out.getvalue()

    def rest_is_zero(self) -> bool:
        """Read on until a piece has a byte that is not zero; True when none has, up to the end."""
        while True:
            rest = self.buffer[self.at :]
            # A comparison, because counting zeros is a hundred times slower.
            if rest != bytes(len(rest)):
                return False
            self.at = len(self.buffer)
            if not self._more():
                return True

    def _more(self) -> bool:
        """Replace the used-up buffer by what follows it; False at the end."""
        self.base += len(self.buffer)
        if self._spare:
            self.buffer, self.at = self._spare, self._spare_at
            self.base -= self._spare_at
            self._spare = b""
        else:
            self.at = 0
            self.buffer = self._source.read()  # lint: RD001 a piece is bounded
        return bool(self.buffer)

    def _span(self, count: int) -> None:
        """Move up to `count` bytes of the spare piece behind the buffer's rest."""
        end = self._spare_at + count
        self.base += self.at
        self.buffer = self.buffer[self.at :] + self._spare[self._spare_at : end]
        self.at = 0
        self._spare_at = end
        if end >= len(self._spare):
            self._spare = b""

    def _jump(self) -> None:
        missing = self.at - len(self.buffer)
        self.at = len(self.buffer)
        while missing:
            if not self._spare and (skipped := self._source.skip(missing)):
                self.base += len(self.buffer) + skipped
                self.buffer = b""
                self.at = 0
                missing -= skipped
                continue
            if not self._more():
                raise InputError(
                    "tar.truncated", "tar: the archive ends inside a file", offset=self.base
                )
            step = min(missing, len(self.buffer) - self.at)
            self.at += step
            missing -= step
