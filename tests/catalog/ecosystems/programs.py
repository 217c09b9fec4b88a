"""Executables forged byte by byte: small, but with every table that readers look at."""

import struct
from collections.abc import Mapping

BASE = 0x400000


def elf(
    sections: Mapping[str, bytes],
    *,
    head: bytes = b"",
    order: str = "<",
    wide: bool = True,
    flags: int = 6,
    section_flags: int = 0,
) -> bytes:
    """Return a program whose sections follow each other in one segment, 16-byte aligned.

    `head` comes right after the header: notes. `flags` are the segment's (4 read, 2 write).
    """
    header_bytes, program_bytes, row_bytes = (64, 56, 64) if wide else (52, 32, 40)
    body = bytearray(bytes(header_bytes + program_bytes) + head)
    names = b"\0"
    rows = [(0, 0, 0, 0, 0, 0)]
    for name, data in {**sections, ".shstrtab": b""}.items():
        body += bytes(-len(body) % 16)
        content = data or names + name.encode() + b"\0"
        rows.append((len(names), 1, section_flags, BASE + len(body), len(body), len(content)))
        names += name.encode() + b"\0"
        body += content
    table = len(body)
    form = order + ("2I4Q2I2Q" if wide else "10I")
    for row in rows:
        body += struct.pack(form, *row, 0, 0, 1, 0)
    size = len(body)
    body[:24] = (
        b"\x7fELF"
        + bytes((2 if wide else 1, 1 if order == "<" else 2, 1))
        + bytes(9)
        + (struct.pack(order + "2HI", 2, 62, 1))
    )
    body[24:header_bytes] = struct.pack(
        order + ("3QI6H" if wide else "3II6H"),
        *(BASE, header_bytes, table, 0, header_bytes, program_bytes, 1, row_bytes),
        *(len(rows), len(rows) - 1),
    )
    segment = (
        struct.pack(order + "2I6Q", 1, flags, 0, BASE, BASE, size, size, 4096)
        if wide
        else struct.pack(order + "8I", 1, 0, BASE, BASE, size, size, flags, 4096)
    )
    body[header_bytes : header_bytes + program_bytes] = segment
    return bytes(body)


def pe(data: bytes, *, name: bytes = b".data", wide: bool = True) -> bytes:
    """Return a Windows program with one writable section."""
    optional = bytearray(240 if wide else 224)
    struct.pack_into("<H", optional, 0, 0x20B if wide else 0x10B)
    struct.pack_into("<Q" if wide else "<I", optional, 24 if wide else 28, BASE)
    start = 0x80
    header = b"MZ" + bytes(0x3A) + struct.pack("<I", start) + bytes(start - 0x40)
    header += b"PE\0\0" + struct.pack("<2H3I2H", 0x8664, 1, 0, 0, 0, len(optional), 0)
    at = 0x400
    row = struct.pack("<8s6I2HI", name, len(data), 0x1000, len(data), at, 0, 0, 0, 0, 0xC0000040)
    return (header + bytes(optional) + row).ljust(at, b"\0") + data


def macho(data: bytes, *, section: bytes = b"__go_buildinfo", segment: bytes = b"__DATA") -> bytes:
    """Return a 64-bit Mach-O program with one section in one segment."""
    at = 0x200
    command = struct.pack(
        "<2I16s4Q4I", 0x19, 72 + 80, segment, BASE, len(data), at, len(data), 3, 3, 1, 0
    )
    command += struct.pack("<16s16s2Q8I", section, segment, BASE, len(data), at, *(0,) * 7)
    header = struct.pack("<8I", 0xFEEDFACF, 0x0100000C, 0, 2, 1, len(command), 0, 0)
    return (header + command).ljust(at, b"\0") + data


def fat(*programs: bytes) -> bytes:
    """Return a universal file of these programs."""
    at = 0x1000
    rows, body = b"", b""
    for program in programs:
        rows += struct.pack(">5I", 0, 0, at + len(body), len(program), 12)
        body += program
    return (struct.pack(">2I", 0xCAFEBABE, len(programs)) + rows).ljust(at, b"\0") + body
