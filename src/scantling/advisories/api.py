"""The contract of an advisory feed. Read this first; the list is in `registry.py`.

Fetching and parsing are two things. `fetch` knows where the publisher keeps the data and what
changed since the last time; `parse` turns bytes into advisories and cannot reach the network.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from scantling.core.model.advisory import Advisory, Release, Signal


class Completeness(StrEnum):
    """What silence of this source means.

    `full`: it lists every vulnerability it knows, fixed or not; silence means "not known".
    `fixes-only`: it lists every fix; an unfixed vulnerability is not in it.
    `partial`: it lists some; silence means nothing, so it can never support "clean".
    """

    FULL = "full"
    FIXES_ONLY = "fixes-only"
    PARTIAL = "partial"


class Unreadable(Struct, frozen=True, kw_only=True):
    """A record that could not be read: where (`record`, a file name or id) and why."""

    record: str
    reason: str


class Document(Struct, frozen=True, kw_only=True):
    """One file of a download: its name inside the archive or folder, and its bytes."""

    name: str
    data: bytes


class Spool(Protocol):
    """A finished download. Iterating gives its documents sorted by name, again at each call."""

    def documents(self) -> Iterator[Document]: ...

    @property
    def as_of(self) -> str:
        """Date of the content (RFC 3339 or YYYY-MM-DD), empty if the publisher does not say."""
        ...


class Fetched(Struct, frozen=True, kw_only=True):
    """New content, and the fingerprint to bring next time."""

    spool: Spool
    fingerprint: str
    gone: tuple[str, ...] = ()
    """Addresses that their publisher has nothing at; the spool is of the others."""


class Unchanged(Struct, frozen=True, kw_only=True):
    """Nothing changed since the given fingerprint."""


class Fetcher(Protocol):
    """Gets URLs and local folders; the only way a feed reaches anything."""

    def get(self, url: str, fingerprint: str) -> "Fetched | Unchanged":
        """Return the documents at `url` (http, https or file), unpacked if it is an archive.

        Archives: .zip, .tar, .tar.gz, .tar.zst, .gz (one document). A folder gives its files.
        `fingerprint` is that of the last call, empty for none. Raises AdvisoryDataError; GoneError
        when the publisher answers that there is nothing.
        """
        ...


Record = Advisory | Signal | Release | Unreadable


class Coverage(Struct, frozen=True, kw_only=True):
    """What a source speaks about: an ecosystem, or all that start with it when it ends in `:`."""

    ecosystem: str
    completeness: Completeness


class Feed(Struct, frozen=True, kw_only=True):
    """One source of advisories or signals.

    `urls` are the publisher's own; a user may point each feed elsewhere (mirror, folder). `parse`
    yields records in document order, `Unreadable` for a bad one, and goes on. `license` is an SPDX
    expression; `redistributable` says whether it may go into the embedded starter database.
    """

    name: str
    title: str
    license: str
    attribution: str
    urls: tuple[str, ...]
    covers: tuple[Coverage, ...]
    parse: Callable[[Spool], Iterator[Record]]
    stale_after_days: int = 7
    redistributable: bool = False
    homepage: str = ""
