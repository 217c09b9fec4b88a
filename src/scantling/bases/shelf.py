"""Where indexes of known images are kept: named sets, each of a few immutable files.

    bases/sets.json                which files each set consists of
    bases/<digest>.idx             indexes, named by the digest of their head

The user's own set is asked first, then the imported ones by name. Adding images writes a small file
beside the others; files of similar size are merged, so that adding one image to 100,000 rewrites
few of them. A change is complete when `sets.json` is replaced: a crash before that changes nothing.
"""

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.bases.index import KnownImages
from scantling.bases.index_writer import write_index
from scantling.bases.known import Known
from scantling.core.errors import InputError, UsageError

OWN: Final = "own"
_SETS: Final = "sets.json"
_FORMAT: Final = 1
_GROWTH: Final = 4
"""A file is merged with its smaller neighbor unless it holds this many times as many images."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class Part(Struct, frozen=True, kw_only=True):
    """One index file of a set."""

    digest: str
    images: int


class ImageSet(Struct, frozen=True, kw_only=True):
    """A named set of known images; `images` counts one twice that is in two parts."""

    name: str
    parts: tuple[Part, ...] = ()

    @property
    def images(self) -> int:
        """Return how many images its parts have."""
        return sum(part.images for part in self.parts)


class _Sets(Struct, frozen=True, kw_only=True):
    format: int
    sets: tuple[ImageSet, ...] = ()


class Shelf:
    """The indexes in the folder `root`, which need not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def sets(self) -> tuple[ImageSet, ...]:
        """Return the sets in the order in which they are asked. Raises InputError if damaged."""
        path = self.root / _SETS
        try:
            found = msgspec.json.decode(path.read_bytes(), type=_Sets)
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unusable(path, str(error)) from error
        if found.format != _FORMAT:
            raise _unusable(path, f"it has format {found.format}, this program reads {_FORMAT}")
        if not all(_DIGEST.fullmatch(part.digest) for one in found.sets for part in one.parts):
            raise _unusable(path, "it names a file by something else than its digest")
        return tuple(sorted(found.sets, key=lambda one: (one.name != OWN, one.name)))

    def open(self, *, only: str = "") -> tuple[KnownImages, ...]:
        """Return the indexes to ask, in order; those of one set if it is named.

        Raises InputError if one of them is missing or damaged.
        """
        return tuple(
            KnownImages(self._path(part), digest=part.digest, name=one.name)
            for one in self.sets()
            for part in one.parts
            if only in {"", one.name}
        )

    def add(self, images: Iterable[Known], *, to: str = OWN) -> int:
        """Add images to a set and return how many files were written for it (0: nothing to add).

        Raises UsageError for an impossible name or a folder that cannot be written.
        """
        with self._writing():
            have = next((one.parts for one in self.sets() if one.name == _checked(to)), ())
            fresh = tuple(images)
            if not fresh:
                return 0
            small, kept = list(fresh), list(have)
            while kept and kept[-1].images < _GROWTH * len(small):
                small += self._images(kept.pop())
            self._put(to, (*kept, self._written(small)))
        return 1

    def replace(self, images: Iterable[Known], *, name: str) -> ImageSet:
        """Make the set consist of exactly these images, and return it; empty: remove it."""
        with self._writing():
            fresh = tuple(images)
            parts = (self._written(fresh),) if fresh else ()
            return self._put(_checked(name), parts)

    def _images(self, part: Part) -> tuple[Known, ...]:
        index = KnownImages(self._path(part), digest=part.digest)
        try:
            return tuple(index.everything())
        finally:
            index.close()

    def _written(self, images: Iterable[Known]) -> Part:
        written = write_index(images)
        part = Part(digest=written.digest, images=written.images)
        _write(self._path(part), written.data)
        return part

    def _put(self, name: str, parts: tuple[Part, ...]) -> ImageSet:
        fresh = ImageSet(name=name, parts=parts)
        others = tuple(one for one in self.sets() if one.name != name)
        sets = (*others, fresh) if parts else others
        value = _Sets(format=_FORMAT, sets=tuple(sorted(sets, key=lambda one: one.name)))
        _write(self.root / _SETS, msgspec.json.format(msgspec.json.encode(value)))
        used = {self._path(part).name for part in chain(*(one.parts for one in sets))}
        for path in self.root.glob("*.idx"):
            if path.name not in used:
                path.unlink(missing_ok=True)
        return fresh

    def _path(self, part: Part) -> Path:
        return self.root / f"{part.digest.removeprefix('sha256:')}.idx"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the writers' lock; readers need none. Raises UsageError."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UsageError(f"cannot write to {self.root}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} cannot name a set of images; use lower-case letters, digits, . _ -"
        )
    return name


def _unusable(path: Path, why: str) -> InputError:
    return InputError(
        "base.unread",
        f"{path} cannot be used: {why}; remove it and import or add the images again",
    )


def _write(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole, or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
