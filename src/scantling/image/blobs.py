"""Layer bytes in files: the `LayerBlob`s of sources on disk.

Every blob is known by a descriptor, a range, and an identity that changes whenever the bytes could
have. Folders are entered by descriptor and without following links, so a name can only ever lead to
a file that lies where it says.
"""

import os
import stat
from typing import Final

from scantling.core.errors import TargetError
from scantling.core.text import neutral
from scantling.image.api import Slice

_OPEN_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""O_NONBLOCK: a named pipe must not make us wait; it has no effect on files."""


class FileBlob:
    """A range of an open file, which must stay open.

    `origin` is the stamp of the file that the user named, when `fd` is an inflated copy of it.
    """

    def __init__(self, fd: int, part: tuple[int, int], digest: str, origin: str = "") -> None:
        self._fd = fd
        self._slice = part
        self._digest = digest
        self._stamp = stamp(fd)
        self._origin = origin or self._stamp

    @property
    def identity(self) -> str:
        """Digest, file and place."""
        offset_bytes, length_bytes = self._slice
        return f"{self._digest} {self._origin} {offset_bytes}+{length_bytes}"

    @property
    def digest(self) -> str:
        """The expected digest of the bytes, empty where the container has none."""
        return self._digest

    @property
    def length_bytes(self) -> int:
        """Of the range."""
        return self._slice[1]

    def open(self) -> Slice:
        """Return the bytes. Raises TargetError if the file changed since it was opened."""
        if stamp(self._fd) != self._stamp:
            raise TargetError("the image file changes while it is read; scan it again")
        offset_bytes, length_bytes = self._slice
        return Slice(fd=os.dup(self._fd), offset_bytes=offset_bytes, length_bytes=length_bytes)


class FolderBlob:
    """A whole file in a folder, by plain name. The folder's descriptor must stay open."""

    def __init__(self, folder_fd: int, name: str, digest: str) -> None:
        self._folder_fd = folder_fd
        self._name = name
        self._digest = digest
        fd = open_regular(folder_fd, name)
        try:
            self._stamp = stamp(fd)
            self._length_bytes = os.fstat(fd).st_size
        finally:
            os.close(fd)

    @property
    def identity(self) -> str:
        """Digest and file."""
        return f"{self._digest} {self._stamp}"

    @property
    def digest(self) -> str:
        """The expected digest of the bytes."""
        return self._digest

    @property
    def length_bytes(self) -> int:
        """Of the file when it was found."""
        return self._length_bytes

    def open(self) -> Slice:
        """Return the bytes. Raises TargetError if the file is gone or another one."""
        changed = TargetError("the image folder changes while it is read; scan it again")
        try:
            fd = open_regular(self._folder_fd, self._name)
        except FileNotFoundError:
            raise changed from None
        if stamp(fd) != self._stamp:
            os.close(fd)
            raise changed
        return Slice(fd=fd, offset_bytes=0, length_bytes=os.fstat(fd).st_size)


class AbsentBlob:
    """A layer whose bytes cannot be had; `open` says why."""

    def __init__(self, digest: str, why: str) -> None:
        self._digest = digest
        self._why = why

    @property
    def identity(self) -> str:
        """Empty: there are no bytes."""
        return ""

    @property
    def digest(self) -> str:
        """The digest the bytes would have."""
        return self._digest

    @property
    def length_bytes(self) -> int:
        """None that anyone could read."""
        return 0

    def open(self) -> Slice:
        """Raise TargetError."""
        raise TargetError(self._why)


def stamp(fd: int) -> str:
    """Return what tells this file, in this state, from any other."""
    found = os.fstat(fd)
    return (
        f"{found.st_dev:x}:{found.st_ino:x}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
    )


def open_folder(path: str | bytes, *, dir_fd: int | None = None) -> int:
    """Return a descriptor of a folder; a link is followed only where `dir_fd` is None.

    Raises OSError.
    """
    follow = 0 if dir_fd is None else os.O_NOFOLLOW
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | follow, dir_fd=dir_fd)


def open_regular(folder_fd: int, name: str) -> int:
    """Return a descriptor of the regular file `name` in a folder; links are refused.

    Raises FileNotFoundError when there is none, TargetError when it is anything else.
    """
    try:
        fd = os.open(name, _OPEN_FLAGS, dir_fd=folder_fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise TargetError(
            f"{neutral(name, limit=200)} in the image folder cannot be read ({error.strerror}); "
            "links and folders are not accepted in its place"
        ) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise TargetError(f"{neutral(name, limit=200)} in the image folder is not a file")
    return fd


def read_whole(fd: int, limit_bytes: int, what: str, *, offset: int = 0, length: int = -1) -> bytes:
    """Return the bytes of a file, or of a range of it. Raises TargetError beyond the limit."""
    size = os.fstat(fd).st_size - offset if length < 0 else length
    if size > limit_bytes:
        raise TargetError(
            f"{what} is longer than {limit_bytes} bytes; raise the limit manifest_bytes if you "
            "trust the image"
        )
    pieces = []
    while size > 0:
        piece = os.pread(fd, size, offset)
        if not piece:
            break
        pieces.append(piece)
        offset += len(piece)
        size -= len(piece)
    return b"".join(pieces)
