"""From wanted files to facts: runs the catalogers on one file after the other, in a worker.

This is the driver's inner half: the only place that calls `parse`, applies the limit of CPU time
per file, and turns whatever goes wrong into a gap at the file.
"""

import signal
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Final

import msgspec
from msgspec import Struct

from scantling.catalog.api import Cataloger, DeclaredLicenses, OpenFile, Size, Unreadable
from scantling.catalog.factsform import clean
from scantling.catalog.wants import HEAD_BYTES, Pick, WantIndex
from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.core.model.facts import DistroFact, FileFacts, OwnedFiles, Owner, PackageFact
from scantling.core.model.gap import Gap, gap
from scantling.core.sandbox.worker import describe
from scantling.image.gaplist import GapList

_MERGED: Final = ("bin/", "lib/", "lib32/", "lib64/", "libx32/", "sbin/")
_UNMERGED: Final = tuple("usr/" + folder for folder in _MERGED)
_DATABASES: Final = {"apk": "apk", "dpkg": "deb", "rpm": "rpm"}
_GRACE: Final = 1.1
"""Times `file_cpu_s`: then a parser that does not come back to Python ends the worker."""
_FILES_SHARE: Final = 0.75
"""Part of `worker_result_bytes` that facts may fill; the rest is for paths and links."""


class Casualty(Struct, frozen=True, kw_only=True):
    """A file that ended the worker of an earlier attempt: not parsed again, reported instead."""

    code: str
    reason: str
    limit: str = ""


class Collected(Struct, frozen=True, kw_only=True):
    """Facts of all files, encoded, sorted by (path, cataloger), and the owners, by path."""

    files: tuple[msgspec.Raw, ...]
    owners: tuple[Owner, ...]


class _TooLongError(BaseException):
    """Raised in a parser by the timer; no `except` clause of a parser catches it."""


class _Claim(Struct, frozen=True):
    type: str
    owned: OwnedFiles


class _Reading(Struct):
    """What one cataloger has said about one file so far."""

    packages: list[PackageFact]
    licenses: list[str]
    claims: list[_Claim]
    gaps: GapList
    distro: DistroFact | None = None


class Collector:
    """Collects the facts of one layer.

    `skip` names (cataloger, path) pairs not to be parsed. `note` is told the pair before a parser
    starts, as `subject` writes it, and "" after it.
    """

    def __init__(
        self,
        catalogers: Sequence[Cataloger],
        index: WantIndex,
        limits: Limits,
        *,
        skip: Mapping[tuple[str, str], Casualty],
        note: Callable[[str], None],
    ) -> None:
        self._catalogers = catalogers
        self._index = index
        self._limits = limits
        self._skip = skip
        self._note = note
        self._encode = msgspec.msgpack.Encoder().encode
        self._room = int(limits.worker_result_bytes * _FILES_SHARE)
        self._files: dict[str, list[tuple[str, bytes]]] = {}
        self._claims: dict[str, list[_Claim]] = {}
        self._by_content: set[str] = set()
        self._small: int = min(getattr(limits, size.value) for size in Size)
        self._parsing = False
        self._clock_runs = False
        self._clock_rang = False
        signal.signal(signal.SIGVTALRM, self._ring)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)

    def add(self, path: str, data: bytes, mode: int) -> None:
        """Parse the file with every cataloger that wants it; replaces an earlier one at `path`."""
        shown = clean(path)
        self._forget(shown)
        picks = self._index.by_data(path, data[:HEAD_BYTES])
        if not picks:
            return
        file = OpenFile(path=shown, data=data, mode=mode, limits=self._limits)
        kept: list[tuple[str, bytes]] = []
        try:
            for pick in picks:
                facts = self._facts(self._catalogers[pick.cataloger], pick, file)
                if facts is not None:
                    kept.append((facts.cataloger, self._encoded(facts)))
        finally:
            self._stop_clock()
            self._note("")
        if kept:
            self._files[shown] = kept
            if any(pick.by_content for pick in picks):
                self._by_content.add(shown)

    def refuse(self, path: str, one: Gap) -> None:
        """Record that a wanted file could not be read, for every cataloger that wants its name."""
        shown = clean(path)
        self._forget(shown)
        names = {self._catalogers[p.cataloger].name for p in self._index.by_name(path)} or {""}
        facts = (FileFacts(path=shown, cataloger=name, gaps=(one,)) for name in sorted(names))
        self._files[shown] = [(each.cataloger, self._encoded(each)) for each in facts]

    def forget(self, path: str) -> None:
        """Drop what was collected at `path`: another entry takes its place."""
        self._forget(clean(path))

    def _forget(self, shown: str) -> None:
        self._files.pop(shown, None)
        self._claims.pop(shown, None)
        self._by_content.discard(shown)

    def known_by_content(self, path: str) -> bool:
        """Tell whether the file at `path` has facts because of its content, not its name."""
        return clean(path) in self._by_content

    def collected(self) -> Collected:
        """Return everything; the collector is of no use afterwards."""
        pairs = sorted(
            (path, cataloger, data)
            for path, found in self._files.items()
            for cataloger, data in found
        )
        return Collected(
            files=tuple(msgspec.Raw(data) for _, _, data in pairs), owners=self._owners()
        )

    def _facts(self, cataloger: Cataloger, pick: Pick, file: OpenFile) -> FileFacts | None:
        """Return what the cataloger says about the file; None: nothing at all."""
        path = file.path
        reading = _Reading(packages=[], licenses=[], claims=[], gaps=GapList())
        casualty = self._skip.get((cataloger.name, path)) if self._skip else None
        if casualty is not None:
            reading.gaps.add(casualty.code, casualty.reason, path=path, limit=casualty.limit)
        elif self._is_too_large(file, pick):
            detail = f"{len(file.data)} bytes, {getattr(self._limits, pick.size.value)} allowed"
            reading.gaps.add("limit.file", detail, path=path, limit=pick.size.value)
        else:
            self._parse(cataloger, file, reading)
        if reading.claims:
            self._claims.setdefault(path, []).extend(reading.claims)
        said = reading.packages or reading.gaps or reading.licenses or reading.distro is not None
        if not said and not cataloger.package_db:
            return None
        return FileFacts(
            path=path,
            cataloger=cataloger.name,
            packages=tuple(reading.packages),
            distro=reading.distro,
            gaps=reading.gaps.gaps(),
            by_content=pick.by_content,
            package_db=cataloger.package_db,
            licenses=tuple(reading.licenses),
        )

    def _is_too_large(self, file: OpenFile, pick: Pick) -> bool:
        size = len(file.data)
        return size > self._small and size > getattr(self._limits, pick.size.value)

    def _parse(self, cataloger: Cataloger, file: OpenFile, reading: _Reading) -> None:
        """Run one parser on one file. Only _TooLongError may come out late, and is ignored."""
        gaps, path = reading.gaps, file.path
        self._note(subject(cataloger.name, path))
        try:
            self._start_clock()
            for found in cataloger.parse(file):
                _sort_in(found, reading, cataloger, path)
            self._parsing = False
        except InputError as error:
            gaps.add_error(error, path=path)
        except MemoryError:
            limit = "worker_memory_bytes"
            gaps.add("limit.memory", "parsing took too much memory", path=path, limit=limit)
        except _TooLongError:
            limit = "file_cpu_s"
            gaps.add("limit.time", "parsing took too much CPU time", path=path, limit=limit)
        except Exception as error:  # noqa: BLE001 - the plug-in driver: our bug becomes a gap
            gaps.add("parser.bug", f"{cataloger.name}: {describe(error)}", path=path)
        finally:
            self._parsing = False

    def _start_clock(self) -> None:
        # Two timers: the first interrupts Python code (and `re`, which looks for signals); the
        # second, of which nobody is told, ends a worker that is stuck in a library. They run on
        # for the file's next parser, unless one took all of the time.
        self._parsing = True
        if not self._clock_runs or self._clock_rang:
            self._clock_runs, self._clock_rang = True, False
            signal.setitimer(signal.ITIMER_VIRTUAL, self._limits.file_cpu_s)
            signal.setitimer(signal.ITIMER_PROF, self._limits.file_cpu_s * _GRACE)

    def _stop_clock(self) -> None:
        if self._clock_runs:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            self._clock_runs = False

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        self._clock_rang = True
        if self._parsing:  # else the parser ended between the signal and now
            self._parsing = False
            raise _TooLongError

    def _encoded(self, facts: FileFacts) -> bytes:
        try:
            data = self._encode(facts)
        except UnicodeEncodeError:
            data = self._encode(_without_broken_text(facts))
        if len(data) > self._room:
            one = gap(
                "limit.results",
                "the layer's files yield more facts than allowed",
                path=facts.path,
                limit="worker_result_bytes",
            )
            return self._encode(FileFacts(path=facts.path, cataloger=facts.cataloger, gaps=(one,)))
        self._room -= len(data)
        return data

    def _owners(self) -> tuple[Owner, ...]:
        """Return the owners of this layer's files, and of wanted files that lower layers may have.

        Claims are compared with /usr merged: dpkg says `lib/x` for a file at `usr/lib/x`.
        """
        here = {merged(path): path for path in self._files}
        spelled = {*here, *(path[4:] for path in here if path.startswith(_UNMERGED))}
        owners: set[tuple[str, str, str]] = set()
        for claims in self._claims.values():
            for claim in claims:
                # Thousands of paths in each system, of which a few are evidence.
                for said in self._index.possible(claim.owned.paths, spelled):
                    path = clean(said)
                    place = here.get(merged(path))
                    if place or self._index.by_name(path):
                        owners.add((place or path, claim.type, claim.owned.package))
        return tuple(Owner(path=p, type=t, package=name) for p, t, name in sorted(owners))


def subject(cataloger: str, path: str) -> str:
    """Return what a worker notes before it parses; `of_subject` reads it back."""
    return f"{cataloger}\n{path}"


def of_subject(note: str) -> tuple[str, str]:
    """Return (cataloger, path) of a note."""
    cataloger, _, path = note.partition("\n")
    return cataloger, path


def merged(path: str) -> str:
    """Return the place of `path` in a system whose /bin, /lib and /sbin are links into /usr."""
    return "usr/" + path if path.startswith(_MERGED) else path


def _sort_in(found: object, reading: _Reading, cataloger: Cataloger, path: str) -> None:
    match found:
        case PackageFact():
            reading.packages.append(found)
        case DistroFact():
            reading.distro = found
        case OwnedFiles():
            # A list of files does not make a database (its cataloger has no `package_db`), but
            # the database it belongs to is the first word of the cataloger's name.
            kind = cataloger.package_db or _DATABASES[cataloger.name.partition("-")[0]]
            reading.claims.append(_Claim(kind, found))
        case DeclaredLicenses():
            reading.licenses.extend(found.licenses)
        case Unreadable():
            where = f"{path}!/{found.inner}" if found.inner else path
            reading.gaps.add(
                found.code, found.reason, path=where, offset=found.offset, limit=found.limit
            )
        case _:
            raise TypeError(f"a cataloger cannot yield {type(found).__name__}")


def _without_broken_text(facts: FileFacts) -> FileFacts:
    """Return the facts without those that hold half a surrogate pair, each reported instead."""
    gaps = GapList()
    packages = [one for one in facts.packages if _encodable(one)]
    licenses = [one for one in facts.licenses if _encodable(one)]
    lost = len(facts.packages) - len(packages) + len(facts.licenses) - len(licenses)
    for _ in range(lost):
        gaps.add("parse.record", "a record's text is not valid Unicode", path=facts.path)
    if facts.distro is not None and not _encodable(facts.distro):
        gaps.add("parse.record", "a release file's text is not valid Unicode", path=facts.path)
    distro = facts.distro if facts.distro is not None and _encodable(facts.distro) else None
    return msgspec.structs.replace(
        facts,
        packages=tuple(packages),
        distro=distro,
        licenses=tuple(licenses),
        gaps=(*(_inert(one) for one in facts.gaps), *gaps.gaps()),
    )


def _inert(one: Gap) -> Gap:
    def spelled(text: str) -> str:
        return text.encode("utf-8", "backslashreplace").decode()

    return msgspec.structs.replace(one, detail=spelled(one.detail), path=spelled(one.path))


def _encodable(value: object) -> bool:
    try:
        msgspec.msgpack.encode(value)
    except UnicodeEncodeError:
        return False
    return True
