"""What the first 4 KiB of an ELF file say about being made by Go."""

import re
import struct
from typing import Final

_HEAD_BYTES: Final = 4096
_NOTE_NAME: Final = b"Go\0\0"
# A note: name size 4, size of the content, type 4, name. In either byte order.
_NOTE: Final = re.compile(
    rb"(?:\x04\0\0\0.{2}\0\0\x04\0\0\0|\0\0\0\x04\0\0.{2}\0\0\0\x04)Go\0\0", re.DOTALL
)
# Go's linker writes 7 program headers into a static program and up to 14 into a dynamic one.
_PROGRAM_HEADERS: Final = range(4, 15)


def _tables(order: str, form: str, header: int, program: int) -> tuple[tuple[int, bytes], ...]:
    """Return place and bytes of `e_shoff` to `e_phentsize` for each number of programs.

    `e_shoff` comes after 16 bytes of identification, 8 of type, machine and version, and the
    addresses of the entry and of the program headers, as large as itself.
    """
    at = 24 + 2 * struct.calcsize(order + form[0])
    return tuple(
        (at, struct.pack(order + form, header + count * program, 0, header, program))
        for count in _PROGRAM_HEADERS
    )


MARKS: Final = (_NOTE_NAME,)
"""Go's note is in the first 4 KiB."""

FIELDS: Final = (
    *_tables("<", "Q I 2H", 64, 56),
    *_tables(">", "Q I 2H", 64, 56),
    # The zero between is flags: 32-bit ARM and MIPS set some and are recognized by the note only.
    *_tables("<", "I I 2H", 52, 32),
)
"""ELF header fields that place the section headers right after the program headers.

Programs linked by Go with an empty build ID (`-ldflags=-buildid=`) have no note.
"""

_TABLES: Final = frozenset(value for _, value in FIELDS)
_PLACES: Final = sorted({(at, at + len(value)) for at, value in FIELDS})


def is_marked(file: bytes) -> bool:
    """Return whether `binary` asks for this ELF file."""
    by_table = any(file[start:end] in _TABLES for start, end in _PLACES)
    return by_table or file.rfind(_NOTE_NAME, 0, _HEAD_BYTES) >= 0


def is_go(file: bytes) -> bool:
    """Return whether the note with the Go build ID is there, so this is a Go program for sure."""
    return _NOTE.search(file[:_HEAD_BYTES]) is not None
