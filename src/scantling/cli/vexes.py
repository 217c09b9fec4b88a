"""VEX from disk: a document, a folder of documents, or a VEX repository.

Documents are bytes from strangers: this process reads them, a sandboxed worker parses them. One
that brings its worker down costs only itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.assess.vex.api import VexDocument, VexProblem
from scantling.assess.vex.gaps import problem_gaps
from scantling.assess.vex.identity import names_of
from scantling.assess.vex.read import read_document
from scantling.assess.vex.registry import FORMATS
from scantling.assess.vex.repository import Keys, check_manifest, keys_of, locations
from scantling.core.errors import InputError, UsageError
from scantling.core.limits import DEFAULT, MIB
from scantling.core.model.gap import Gap
from scantling.core.model.image import Image
from scantling.core.model.inventory import Package
from scantling.core.model.vex import VexStatement
from scantling.core.sandbox import pool

_INDEX: Final = "index.json"
_MANIFEST: Final = "vex-repository.json"
_MOST_FILES: Final = 10_000
_BATCH_BYTES: Final = 16 * MIB


class VexSource(Struct, frozen=True, kw_only=True):
    """A place of VEX that the user named. `trusted`: it is on the trust list."""

    path: Path
    trusted: bool = True


class LoadedVex(Struct, frozen=True, kw_only=True):
    """All statements, in the order of sources and names; gaps for what could not be read.

    `catalogs` are the origins of statements that come from repositories, which speak of many
    products: that a statement of theirs does not fit is no news.
    """

    statements: tuple[VexStatement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    catalogs: frozenset[str] = frozenset()


class _Job(Struct, frozen=True, array_like=True):
    """A document on its way to the worker."""

    origin: str
    trusted: bool
    data: bytes


def load_vex(
    sources: Sequence[VexSource],
    packages: Iterable[Package],
    image: Image,
    *,
    also_named: Iterable[str] = (),
) -> LoadedVex:
    """Return the VEX of the sources; of repositories only what is about this image.

    Raises UsageError if a source does not exist or cannot be opened.
    """
    tuple(FORMATS.values())  # A worker cannot open files, so it cannot import any more.
    loader = _Loader(keys_of(packages, names_of(image, also_named)))
    for source in sources:
        loader.add(source)
    statements: list[VexStatement] = []
    for document in loader.documents():
        statements += document.statements
        loader.problems += document.problems
    return LoadedVex(
        statements=tuple(statements),
        gaps=problem_gaps(loader.problems),
        catalogs=frozenset(loader.catalogs),
    )


class _Loader:
    """Collects files, then reads them in batches."""

    def __init__(self, wanted: Keys) -> None:
        self.problems: list[VexProblem] = []
        self.catalogs: set[str] = set()
        self._wanted = wanted
        self._files: dict[Path, bool] = {}

    def add(self, source: VexSource) -> None:
        """Note the files of a source."""
        path = source.path
        if path.is_file():
            self._files[path] = self._files.get(path, False) or source.trusted
        elif (path / _INDEX).is_file() and (path / _MANIFEST).is_file():
            self._add_repository(source)
        elif path.is_dir():
            self._add_folder(source)
        else:
            raise UsageError(f"there is no VEX document or folder {str(path)!r}")

    def documents(self) -> Iterator[VexDocument]:
        """Yield what the files say, in the order they were added."""
        batch: list[_Job] = []
        size_bytes = 0
        for path, trusted in self._files.items():
            data = self._bytes(path)
            if data is None:
                continue
            if batch and size_bytes + len(data) > _BATCH_BYTES:
                yield from _read(batch)
                batch, size_bytes = [], 0
            batch.append(_Job(str(path), trusted, data))
            size_bytes += len(data)
        if batch:
            yield from _read(batch)

    def _add_folder(self, source: VexSource) -> None:
        files = sorted(one for one in source.path.rglob("*.json") if one.is_file())
        if not files:
            raise UsageError(f"there is no VEX document (*.json) in {str(source.path)!r}")
        for one in files[:_MOST_FILES]:
            self._files[one] = self._files.get(one, False) or source.trusted
        if len(files) > _MOST_FILES:
            reason = f"only {_MOST_FILES:,} of {len(files):,} documents were read"
            self._problem(source.path, reason)

    def _add_repository(self, source: VexSource) -> None:
        root = source.path
        manifest, index = self._bytes(root / _MANIFEST), self._bytes(root / _INDEX)
        if manifest is None or index is None:
            return
        try:
            pool.call(_check_manifest, manifest)
            answer = pool.call(
                lambda data: msgspec.msgpack.encode(locations(data, self._wanted, str(root))),
                index,
            )
        except InputError as error:
            self._problem(root, error.detail)
            return
        found, problems = msgspec.msgpack.decode(
            answer, type=tuple[tuple[str, ...], tuple[VexProblem, ...]]
        )
        self.problems += problems
        inside = root.resolve()
        for location in found:
            path = root / location
            if not path.resolve().is_relative_to(inside):
                self._problem(path, "a link leads out of the repository")
                continue
            self._files[path] = self._files.get(path, False) or source.trusted
            self.catalogs.add(str(path))

    def _bytes(self, path: Path) -> bytes | None:
        """Return a file's bytes; None, and a problem, if it is too large or cannot be read."""
        try:
            with path.open("rb") as stream:
                data = stream.read(DEFAULT.json_bytes + 1)
        except OSError as error:
            self._problem(path, error.strerror or "it cannot be read")
            return None
        if len(data) > DEFAULT.json_bytes:
            self._problem(path, f"it is larger than {DEFAULT.json_bytes:,} bytes (json_bytes)")
            return None
        return data

    def _problem(self, path: Path, reason: str) -> None:
        self.problems.append(VexProblem(origin=str(path), where="", reason=reason))


def _read(batch: list[_Job]) -> list[VexDocument]:
    """Return what the documents say; if a worker dies of a batch, it is read one by one."""
    try:
        answer = pool.call(_parse, msgspec.msgpack.encode(batch))
    except InputError as error:
        if len(batch) > 1:
            return [document for one in batch for document in _read([one])]
        problem = VexProblem(origin=batch[0].origin, where="", reason=error.detail)
        return [VexDocument(problems=(problem,))]
    return msgspec.msgpack.decode(answer, type=list[VexDocument])


def _check_manifest(data: bytes) -> bytes:
    return check_manifest(data).encode("utf-8", "replace")


def _parse(payload: bytes) -> bytes:
    """Return the documents of a batch; runs in the worker."""
    documents = []
    for job in msgspec.msgpack.decode(payload, type=list[_Job]):
        try:
            document = read_document(job.data, origin=job.origin, trusted=job.trusted)
        except InputError as error:
            problem = VexProblem(origin=job.origin, where="", reason=error.detail)
            document = VexDocument(problems=(problem,))
        documents.append(document)
    return msgspec.msgpack.encode(documents)
