"""Fetching: the publishers' addresses, mirrors of them, and files and folders on this machine."""

import hashlib
import heapq
import os
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from scantling.advisories.api import Document, Fetched, Fetcher, Spool, Unchanged
from scantling.advisories.unpack import FolderSpool, InsideSpool, files_below, unpacked
from scantling.core.clock import rfc3339
from scantling.core.errors import AdvisoryDataError, GoneError, NetworkError
from scantling.core.limits import GIB
from scantling.core.transfer import Downloaded
from scantling.image.api import Slice

DOWNLOAD_BYTES: Final = 4 * GIB
"""The largest feed we know, all of OSV as a zip, has 0.9 GB."""
_ARCHIVES: Final = (".tar.zst", ".tar.gz", ".tgz", ".tar", ".zip")


class Downloads(Protocol):
    """What fetching needs of the network: `core.http.Http` behind the settings of the user."""

    def __call__(self, url: str, fingerprint: str) -> Downloaded | None:
        """Return the body of `url`; None when it is still what `fingerprint` names."""
        ...


class Location(Struct, frozen=True, kw_only=True):
    """Where a feed's data is: addresses or paths, and its date if the data does not tell one."""

    places: tuple[str, ...]
    as_of: str = ""


_GONE: Final = frozenset({404, 410})


class LocalFetcher:
    """Gets files and folders, relative ones from `base`, and addresses through `downloads`.

    A path may lead into an archive: `pypa.tar.zst/vulns` (and `pypa/vulns`, when there is no folder
    `pypa` but an archive of that name) gives the documents below `vulns`.
    """

    def __init__(self, base: Path, downloads: Downloads) -> None:
        self._base = base
        self._downloads = downloads

    def get(self, url: str, fingerprint: str) -> Fetched | Unchanged:
        """Return the documents at `url`, as `advisories.api.Fetcher` says."""
        if url.startswith(("http://", "https://")):
            return self._downloaded(url, fingerprint)
        path = self._base / url.removeprefix("file://")
        if path.is_dir():
            return _folder(path, fingerprint)
        archive, inside = _archive(path)
        return _local_file(archive, inside, fingerprint)

    def _downloaded(self, url: str, fingerprint: str) -> Fetched | Unchanged:
        try:
            body = self._downloads(url, fingerprint)
        except NetworkError as error:
            gone = error.status in _GONE
            raise (GoneError if gone else AdvisoryDataError)(str(error)) from error
        if body is None:
            return Unchanged()
        try:
            found = body.fingerprint or body.digest
            if found == fingerprint:
                return Unchanged()
            name = urlsplit(url).path.lstrip("/") or "index"
            slice_ = Slice(fd=body.fd, offset_bytes=0, length_bytes=body.size_bytes)
            spool = unpacked(slice_, name, _date(body.fingerprint))
        finally:
            os.close(body.fd)
        return Fetched(spool=spool, fingerprint=found)


def http_downloads(make: Callable[[], "Client"]) -> Downloads:
    """Return downloads through a client that is made when the first address is asked for.

    Loading the HTTP library takes 0.1 s; a build from local files does without.
    """
    made: list[Client] = []

    def download(url: str, fingerprint: str) -> Downloaded | None:
        if not made:
            made.append(make())
        return made[0](url, "" if fingerprint.startswith("sha256:") else fingerprint)

    return download


Client = Callable[[str, str], Downloaded | None]


def network_client() -> Client:
    """Return a client that downloads with the default settings of `core.http`."""
    from scantling.core.http import Http, NotModified  # noqa: PLC0415 - 0.1 s
    from scantling.core.scratch import Scratch  # noqa: PLC0415
    from scantling.core.transfer import Wanted  # noqa: PLC0415

    http = Http(scratch=Scratch(quota_bytes=2 * DOWNLOAD_BYTES))

    def download(url: str, fingerprint: str) -> Downloaded | None:
        wanted = Wanted(limit_bytes=DOWNLOAD_BYTES)
        body = http.download(url, wanted=wanted, fingerprint=fingerprint)
        return None if isinstance(body, NotModified) else body

    return download


def fetch_all(fetcher: Fetcher, places: tuple[str, ...], fingerprint: str) -> Fetched | Unchanged:
    """Return the documents of all places as one spool; Unchanged if none of them changed.

    `fingerprint` is that of the last call with the same places. Raises AdvisoryDataError when any
    place fails: half of a source would look like all of it. Only where a publisher of several
    files answers that one is not there (a release not begun, or dropped) the others do; packages
    of that release then have no source, which is a gap of its own.
    """
    known = _fingerprints(fingerprint)
    first: dict[str, Fetched | Unchanged] = {}
    gone: list[str] = []
    for place in places:
        try:
            first[place] = fetcher.get(place, known.get(place, ""))
        except GoneError:
            gone.append(place)
            if len(gone) == len(places):
                raise
    if all(isinstance(one, Unchanged) for one in first.values()):
        return Unchanged()
    spools: list[Spool] = []
    found: dict[str, str] = {}
    for place, outcome in first.items():
        whole = fetcher.get(place, "") if isinstance(outcome, Unchanged) else outcome
        if isinstance(whole, Unchanged):
            raise AdvisoryDataError(f"{place} says that it did not change, but we have nothing")
        spools.append(whole.spool)
        found[place] = whole.fingerprint
    return Fetched(
        gone=tuple(gone),
        spool=spools[0] if len(spools) == 1 else _Joined(spools),
        fingerprint=msgspec.json.encode(found, order="sorted").decode(),
    )


class _Joined:
    """Several spools as one, by document name."""

    def __init__(self, spools: list[Spool]) -> None:
        self._spools = spools

    def documents(self) -> Iterator[Document]:
        return heapq.merge(*(one.documents() for one in self._spools), key=lambda one: one.name)

    @property
    def as_of(self) -> str:
        """Return the date of the oldest part: the whole is no newer than that."""
        dates = [one.as_of for one in self._spools]
        return min(dates) if all(dates) else ""


def _fingerprints(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str]) if text else {}
    except msgspec.MsgspecError:
        return {}  # of another version: fetched again, nothing lost


def _folder(path: Path, fingerprint: str) -> Fetched | Unchanged:
    names = files_below(path)
    if not names:
        raise AdvisoryDataError(f"there are no files in {path}")
    sha = hashlib.sha256()
    for name in names:
        status = (path / name).stat()
        sha.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="replace"))
    found = f"sha256:{sha.hexdigest()}"
    if found == fingerprint:
        return Unchanged()
    return Fetched(spool=FolderSpool(path, names, ""), fingerprint=found)


def _archive(path: Path) -> tuple[Path, str]:
    """Return the file to read and the folder inside it that `path` names (empty: all)."""
    for at in (path, *path.parents):
        inside = path.relative_to(at).as_posix()
        for suffix in ("", *_ARCHIVES):
            archive = at.with_name(at.name + suffix) if at.name else at
            if archive.is_file():
                if suffix:  # an archive of a folder has its name as the first part of every path
                    inside = path.relative_to(at.parent).as_posix()
                return archive, "" if inside == "." else inside
        if at.is_dir():
            break
    raise AdvisoryDataError(f"there is no file, folder or archive {path}")


def _local_file(path: Path, inside: str, fingerprint: str) -> Fetched | Unchanged:
    try:
        with path.open("rb") as file:
            sha = hashlib.file_digest(file, "sha256")
            found = f"sha256:{sha.hexdigest()}"
            if found == fingerprint:
                return Unchanged()
            size = os.fstat(file.fileno()).st_size
            slice_ = Slice(fd=file.fileno(), offset_bytes=0, length_bytes=size)
            spool = unpacked(slice_, path.name)
    except OSError as error:
        raise AdvisoryDataError(f"cannot read {path}: {error.strerror}") from error
    return Fetched(spool=InsideSpool(spool, inside) if inside else spool, fingerprint=found)


def _date(fingerprint: str) -> str:
    """Return the date of a Last-Modified header; empty for an ETag."""
    if not fingerprint or fingerprint.startswith(('"', "W/")):
        return ""
    try:
        return rfc3339(parsedate_to_datetime(fingerprint))
    except ValueError:
        return ""
