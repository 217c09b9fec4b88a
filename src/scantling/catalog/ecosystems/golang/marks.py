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


def _table_fields(order: str, form: str, header: int, program: int) -> tuple[bytes, ...]:
    """Return the header fields from `e_shoff` to `e_phentsize` for each number of programs."""
    return tuple(
        struct.pack(order + form, header + count * program, 0, header, program)
        for count in _PROGRAM_HEADERS
    )


MARKS: Final = (
    _NOTE_NAME,
    *_table_fields("<", "Q I 2H", 64, 56),
    *_table_fields(">", "Q I 2H", 64, 56),
    # The zero between is flags: 32-bit ARM and MIPS set some and are recognized by the note only.
    *_table_fields("<", "I I 2H", 52, 32),
)
"""One of these is in the first 4 KiB: Go's note, or section headers right after the program's.

Programs linked by Go with an empty build ID (`-ldflags=-buildid=`) have no note.
"""


def is_marked(file: bytes) -> bool:
    """Return whether `binary` asks for this ELF file."""
    head = file[:_HEAD_BYTES]
    return any(mark in head for mark in MARKS)


def is_go(file: bytes) -> bool:
    """Return whether the note with the Go build ID is there, so this is a Go program for sure."""
    return _NOTE.search(file[:_HEAD_BYTES]) is not None
