"""The contract of a cataloger. Read this first; the list is in `registry.py`.

A cataloger says as data which files it wants and turns one file into facts. It never touches a file
system, the network, the clock or another file. `driver.py` is its only caller: it applies the
limits, catches what goes wrong, and decides by the index of all wants, once per path.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum

from msgspec import Struct

from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.facts import DistroFact, OwnedFiles, PackageFact


class Profile(StrEnum):
    """How deep to look; each level includes the one before. Recorded in the report."""

    FAST = "fast"
    STANDARD = "standard"
    DEEP = "deep"


class Size(StrEnum):
    """Which limit bounds the kept bytes: `text_bytes`, `database_bytes` or `binary_bytes`."""

    TEXT = "text_bytes"
    DATABASE = "database_bytes"
    BINARY = "binary_bytes"


class Want(Struct, frozen=True, kw_only=True):
    """One kind of file. All given conditions must hold; at least one of path, name, suffix, magic.

    Paths have no leading slash and are compared as whole strings, case-sensitive.

    `path`    the exact path from the root: `var/lib/dpkg/status`
    `name`    the last component: `METADATA`
    `suffix`  how the last component ends, from its last dot: `.jar`
    `folder`  the path of the containing folder, exact: `var/lib/dpkg/info`
    `parent`  how the name of the containing folder ends: `.dist-info`
    `within`  a path component somewhere above: `node_modules`
    `tail`    how the whole path ends, at a slash: `lib/apk/db/installed`
    `magic`   the first bytes: b"\\x7fELF"
    `marks`   with `magic`: one of these lies in the first 4 KiB
    `fields`  with `magic`: or there are these bytes at this place, as (place, bytes); neither: any
    """

    path: str = ""
    name: str = ""
    suffix: str = ""
    folder: str = ""
    parent: str = ""
    within: str = ""
    tail: str = ""
    magic: bytes = b""
    marks: tuple[bytes, ...] = ()
    fields: tuple[tuple[int, bytes], ...] = ()
    size: Size = Size.TEXT


class OpenFile(Struct, frozen=True, kw_only=True):
    """One wanted file, whole. `path` has no leading slash; `data` is at most the want's limit."""

    path: str
    data: bytes
    mode: int = 0o644
    limits: Limits = DEFAULT

    @property
    def name(self) -> str:
        """Return the last component of the path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """Return the path without the last component."""
        return self.path.rpartition("/")[0]

    def text(self) -> str:
        """Return the content as UTF-8; undecodable bytes become U+FFFD."""
        return self.data.decode("utf-8", errors="replace")


class Unreadable(Struct, frozen=True, kw_only=True):
    """Something in the file that could not be read; becomes a gap at the file's path.

    `code` is a gap code; `inner` the path inside an archive, empty for the file itself.
    """

    code: str
    reason: str
    inner: str = ""
    offset: int | None = None
    limit: str = ""


class DeclaredLicenses(Struct, frozen=True, kw_only=True):
    """Licenses that this file declares for a package that another file lists, in its order.

    They become `FileFacts.licenses`. Debian keeps them at `usr/share/doc/<package>/copyright`,
    which may be a link to another package's folder: the fold looks them up by path.
    """

    licenses: tuple[str, ...]


Found = PackageFact | DistroFact | OwnedFiles | DeclaredLicenses | Unreadable


class Cataloger(Struct, frozen=True, kw_only=True):
    """One file format.

    `version` goes into the cache key: raise it whenever the same bytes would give other facts.
    `profile` is the shallowest that includes it. `package_db` is `deb`, `apk` or `rpm` when its
    files *are* the operating system's package database. `parse` yields what it finds in the
    file's order and goes on after a bad record; it may raise InputError when the file is not of
    the format at all. Both become gaps. Any other exception is our bug and becomes `parser.bug`.
    """

    name: str
    version: int
    wants: tuple[Want, ...]
    parse: Callable[[OpenFile], Iterator[Found]]
    profile: Profile = Profile.FAST
    package_db: str = ""
