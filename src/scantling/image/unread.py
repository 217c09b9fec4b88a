"""Compressed bytes that a decoder has not used yet: frames rarely end where chunks do."""

from collections.abc import Callable

from scantling.image.gaplist import GapList


class Unread:
    """A look-ahead over `read`, which returns the next bytes and nothing at the end.

    `data` is what has been read and not used; `offset` the position of its first byte.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self.data = b""
        self.offset = 0

    def fill(self, count: int) -> bool:
        """Make at least `count` bytes available in `data`; False when the stream has fewer."""
        while len(self.data) < count:
            more = self._read()
            if not more:
                return False
            self.data += more
        return True

    def drop(self, count: int) -> None:
        """Step over `count` available bytes."""
        self.data = self.data[count:]
        self.offset += count

    def skip(self, count: int) -> bool:
        """Step over `count` bytes, available or not; False when the stream has fewer."""
        while count > len(self.data):
            count -= len(self.data)
            self.offset += len(self.data)
            self.data = self._read()
            if not self.data:
                return False
        self.drop(count)
        return True

    def next(self) -> bytes:
        """Return what is available, else the next chunk; empty at the end."""
        data = self.data or self._read()
        self.data = b""
        self.offset += len(data)
        return data

    def give_back(self, data: bytes) -> None:
        """Make the last bytes that `next` returned available again."""
        self.data = data
        self.offset -= len(data)

    def note_rest(self, gaps: GapList, code: str, what: str) -> None:
        """Look at what follows the last frame: zeros are padding, anything else was not read."""
        offset = self.offset
        while data := self.next():
            if data != bytes(len(data)):
                gaps.add(code, f"data follows the last {what}", offset=offset)
                return
        gaps.add("tar.note", f"zeros follow the last {what}", offset=offset)
