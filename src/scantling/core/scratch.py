"""Scratch space: files without a name, so that a crash leaves nothing behind.

A file is made with O_TMPFILE in the scratch folder, or in memory where the file system cannot.
What a scratch hands out in all is limited.
"""

import errno
import os
from typing import Final

from scantling.core.errors import TargetError
from scantling.core.limits import DEFAULT, GIB

_NO_FILES_HERE: Final = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EROFS, errno.EACCES})
_MEMORY_BYTES: Final = 1 * GIB
"""Most that a file in memory may hold; the machine needs the rest."""


class ScratchFile:
    """A nameless file being written; `fd` is readable and belongs to whoever takes it."""

    def __init__(self, scratch: "Scratch", fd: int, limit_bytes: int) -> None:
        self._scratch = scratch
        self._limit_bytes = limit_bytes
        self.fd = fd
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Append `data`. Raises TargetError when the scratch quota or the disk is used up."""
        self._scratch.charge(len(data))
        self.size_bytes += len(data)
        if self.size_bytes > self._limit_bytes:
            raise TargetError(
                f"scratch files in memory hold at most {self._limit_bytes} bytes; point TMPDIR to "
                "a folder on a file system that supports unnamed files"
            )
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.fd, view) :]
        except OSError as error:
            raise TargetError(
                f"cannot write scratch data: {error.strerror}; free some space or point TMPDIR "
                "elsewhere"
            ) from error

    def restart(self) -> None:
        """Forget everything written so far."""
        os.ftruncate(self.fd, 0)
        os.lseek(self.fd, 0, os.SEEK_SET)
        self._scratch.charge(-self.size_bytes)
        self.size_bytes = 0

    def close(self) -> None:
        """Throw the file away and give its bytes back to the quota."""
        os.close(self.fd)
        self._scratch.charge(-self.size_bytes)
        self.size_bytes = 0


class Scratch:
    """Scratch space of one scan: at most `quota_bytes` in files that are still open here."""

    def __init__(self, folder: str = "", quota_bytes: int = DEFAULT.scratch_bytes) -> None:
        self._folder = folder
        self._quota_bytes = quota_bytes
        self._used_bytes = 0
        self._files: list[tuple[ScratchFile, tuple[int, int]]] = []

    def file(self) -> ScratchFile:
        """Return a new empty file. Raises TargetError when not even memory can hold one."""
        made = self._new_file()
        # A file whose descriptor this one got was closed by whoever took it.
        self._files = [(file, key) for file, key in self._files if file.fd != made.fd]
        self._files.append((made, _key(made.fd)))
        return made

    def charge(self, size_bytes: int) -> None:
        """Count `size_bytes` (negative: given back). Raises TargetError beyond the quota."""
        self._used_bytes += size_bytes
        if self._used_bytes > self._quota_bytes:
            self._count_again(size_bytes)
        if self._used_bytes > self._quota_bytes:
            raise TargetError(
                f"the scan needs more than {self._quota_bytes} bytes of scratch space; raise the "
                "limit scratch_bytes if you trust the target"
            )

    def _new_file(self) -> ScratchFile:
        import tempfile  # noqa: PLC0415 - 8 ms that only a download or an archive pays

        folder = self._folder or tempfile.gettempdir()
        try:
            fd = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno not in _NO_FILES_HERE:
                raise TargetError(
                    f"cannot create scratch data in {folder}: {error.strerror}; point TMPDIR to "
                    "a writable folder"
                ) from error
            return ScratchFile(self, os.memfd_create("scantling"), _MEMORY_BYTES)
        return ScratchFile(self, fd, self._quota_bytes)

    def _count_again(self, size_bytes: int) -> None:
        """Leave out the files that whoever took their descriptors has closed meanwhile."""
        self._files = [(file, key) for file, key in self._files if _key(file.fd) == key]
        self._used_bytes = size_bytes + sum(file.size_bytes for file, _ in self._files)


def _key(fd: int) -> tuple[int, int]:
    """Return what tells an open file from others, (0, 0) for a closed descriptor."""
    try:
        found = os.fstat(fd)
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
