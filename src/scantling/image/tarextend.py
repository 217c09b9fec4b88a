"""Extended headers in front of a tar entry: what they change, and where readers could disagree.

Source: POSIX.1-2017, pax ("pax Header Block"); GNU tar manual, types `L` and `K`. Where pax and
GNU headers contradict each other the GNU one holds, as in Go's archive/tar, which container engines
use.
"""

from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.image import tarpax
from scantling.image.gaplist import GapList
from scantling.image.tarheader import Header

KINDS: Final = b"xgLK"
_RUN: Final = 16
"""Extended headers in front of one entry; writers need three at most."""
_OCTAL_SIZE_END: Final = 8**11
_NAME_BYTES: Final = 100
_APPLIES_TO_ALL: Final = frozenset({b"path", b"linkpath", b"size"})


class Extension(Struct, kw_only=True):
    """What extended headers said so far of the next entry; None or empty: nothing.

    `broken`: one of them could not be read, so the entry's name or size is not known.
    """

    records: tarpax.Records = tarpax.Records()
    has_records: bool = False
    name: bytes | None = None
    link: bytes | None = None
    count: int = 0
    broken: bool = False

    def begin(self, offset: int) -> None:
        """Count one more header. Raises InputError `tar.ambiguous` when there is a run of them."""
        self.count += 1
        if self.count > _RUN:
            raise InputError(
                "tar.ambiguous", f"tar: more than {_RUN} extended headers in a row", offset=offset
            )

    def add(self, kind: int, body: bytes, limits: Limits, gaps: GapList) -> None:
        """Take in one header's body; an unreadable one is noted and makes the entry `broken`."""
        try:
            match chr(kind):
                case "x":
                    self._once(gaps, seen=self.has_records)
                    self.has_records = True
                    self.records = tarpax.parse(body, limits)
                    self._once(gaps, seen=self.records.doubled)
                case "L":
                    self._once(gaps, seen=self.name is not None)
                    self.name = body.partition(b"\0")[0]
                case "K":
                    self._once(gaps, seen=self.link is not None)
                    self.link = body.partition(b"\0")[0]
                case _:
                    _note_global(body, limits, gaps)
        except InputError as error:
            gaps.add_error(error)
            self.broken = self.broken or chr(kind) != "g"

    @staticmethod
    def _once(gaps: GapList, *, seen: bool) -> None:
        if seen:
            gaps.add("tar.ambiguous", "tar: an extended header comes twice before one entry")

    def apply(self, header: Header, offset: int, gaps: GapList) -> None:
        """Change the header's name, link and size to the effective ones."""
        said = self.records.path
        if said is not None:
            if self.name is not None and self.name != said:
                gaps.add("tar.ambiguous", "tar: two long names for one entry", offset=offset)
            elif _would_fit(said) and header.name != said and not self.records.sparse:
                gaps.add("tar.note", "tar: an extended header renames a short name", offset=offset)
            header.name = said
        if self.name is not None:
            header.name = self.name
        if self.records.link is not None:
            if self.link is not None and self.link != self.records.link:
                gaps.add("tar.ambiguous", "tar: two long links for one entry", offset=offset)
            header.link = self.records.link
        if self.link is not None:
            header.link = self.link
        size = self.records.size
        if size is not None and size != header.size:
            # A size beyond eleven octal digits cannot be in the header; writers put zero there.
            if header.size or size < _OCTAL_SIZE_END:
                gaps.add("tar.ambiguous", "tar: two sizes for one entry", offset=offset)
            header.size = size


def _would_fit(name: bytes) -> bool:
    return len(name) <= _NAME_BYTES and name.isascii()


def _note_global(body: bytes, limits: Limits, gaps: GapList) -> None:
    """Global headers are not applied: container engines do not either, but others could."""
    keys = {key for key, _ in tarpax.split(body, limits)}
    if keys & _APPLIES_TO_ALL or any(key.startswith(b"GNU.sparse.") for key in keys):
        gaps.add("tar.pax", "tar: a global header sets names or sizes of all entries")
    else:
        gaps.add("tar.note", "tar: a global header was not applied")
