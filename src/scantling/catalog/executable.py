"""Where things lie in an executable: sections and segments of ELF, PE and Mach-O files.

Only headers are read, by offset; nothing is copied. Every table is checked against the file's end
and against a limit before it is walked. Damage is a value (`Executable.damage`), because what is
found before it still counts.

Source: System V ABI, chapters 4 and 5 (ELF); Microsoft PE format; Apple `mach-o/loader.h` and
`mach-o/fat.h`.
"""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits

ELF: Final = b"\x7fELF"
PE: Final = b"MZ"
MACHO: Final = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce")
# A Java class starts with the same four bytes; its next four are a version of 45 or more.
FAT: Final = tuple(b"\xca\xfe\xba\xbe\x00\x00\x00" + bytes((count,)) for count in range(1, 5))

_LOAD: Final = 1
_EXTENDED: Final = 0xFFFF
_NOBITS: Final = 8
_COMPRESSED: Final = 0x800
_WRITE_ONLY: Final = 2  # of the bits execute (1), write (2), read (4): writable, not executable
_PE_DATA: Final = 0xC0000040  # readable, writable, initialized
_PE_ALIGN: Final = 0x00F00000
_MACHO_COMMANDS: Final = 4096
_MACHO_READ_WRITE: Final = 3
_FAT_ARCHES: Final = 16


class Region(Struct, frozen=True, kw_only=True):
    """A section or segment: `size` bytes at `offset` of the file, at `address` in memory.

    `data` says that it is loaded as initialized, writable, not executable memory. `compressed`
    that its bytes are (ELF's SHF_COMPRESSED). A region without bytes in the file has size 0.
    """

    name: str = ""
    address: int = 0
    offset: int = 0
    size: int = 0
    data: bool = False
    compressed: bool = False


class _Table(Struct, frozen=True):
    """A header table as the file claims it: `count` rows of `size` bytes, laid out as `form`."""

    at: int
    count: int
    size: int
    form: struct.Struct


class _Programs(Struct, frozen=True):
    """The program headers of an ELF file.

    `places` are those of type, flags, offset, address and size in the file in each.
    """

    table: _Table
    places: tuple[int, int, int, int, int]


class _ElfForm(Struct, frozen=True):
    """The layouts of one class and byte order; `places` as in `_Programs`."""

    order: str
    header: struct.Struct
    program: struct.Struct
    section: struct.Struct
    places: tuple[int, int, int, int, int]


class Executable(Struct, frozen=True, kw_only=True):
    """One program (a universal Mach-O file has several). `order` is `<` or `>`.

    Of an ELF file, `sections` has those that were asked for.

    `damage` says which table lies outside the file; empty: none.
    """

    file: bytes
    order: str
    sections: tuple[Region, ...] = ()
    loaded: tuple[Region, ...] | _Programs = ()
    damage: str = ""

    def section(self, *names: str) -> Region | None:
        """Return the first section of one of these names."""
        return next((region for region in self.sections if region.name in names), None)

    def segments(self, *, data: bool = False) -> tuple[Region, ...]:
        """Return what is loaded into memory (`data`: only initialized data), in file order.

        Those of an ELF file are read here: only who asks pays for them.
        """
        if isinstance(self.loaded, _Programs):
            return _elf_segments(self.file, self.loaded, data=data)
        return tuple(region for region in self.loaded if region.data or not data)

    def at(self, address: int, size: int) -> bytes:
        """Return `size` bytes of memory at `address`; empty if the file does not hold them all."""
        for region in self.segments():
            start = address - region.address
            if start >= 0 and start + size <= region.size:
                found = self.file[region.offset + start : region.offset + start + size]
                return found if len(found) == size else b""
        return b""


def executables(file: bytes, limits: Limits, sections: tuple[str, ...]) -> tuple[Executable, ...]:
    """Return the programs in a file, empty if it is of no known kind.

    `sections` are the names that the caller will ask for: hardly any ELF file has one of them,
    and the table of names tells before dozens of sections are looked at one by one.
    Raises InputError when a header is cut off or a table is larger than allowed.
    """
    try:
        if file.startswith(ELF):
            return (_elf(file, limits, sections),)
        if file.startswith(PE):
            return _pe(file, limits)
        if file.startswith(MACHO):
            return (_macho(file, 0, len(file), limits),)
        return _fat(file, limits) if file.startswith(FAT) else ()
    except struct.error as error:
        raise InputError("parse.failed", f"an executable's header is cut off: {error}") from None


def _elf_forms() -> Iterator[tuple[bytes, _ElfForm]]:
    """Yield the bytes that say class and byte order, and the layouts."""
    for order_byte, order in ((1, "<"), (2, ">")):
        for class_byte, header, program, section, places in (
            (1, "3I I 6H", "8I", "10I", (0, 6, 1, 2, 4)),
            (2, "3Q I 6H", "2I6Q", "2I4Q2I2Q", (0, 1, 2, 3, 5)),
        ):
            yield (
                bytes((class_byte, order_byte)),
                _ElfForm(
                    order,
                    struct.Struct(order + header),
                    struct.Struct(order + program),
                    struct.Struct(order + section),
                    places,
                ),
            )


_ELF_FORMS: Final = dict(_elf_forms())
_ELF_FIELDS: Final = 24  # where the fields start whose size depends on the class


def _elf(file: bytes, limits: Limits, wanted: tuple[str, ...]) -> Executable:
    form = _ELF_FORMS.get(file[4:6])
    if form is None:
        raise InputError("parse.failed", "an ELF header has no valid class or byte order", offset=4)
    fields = form.header.unpack_from(file, _ELF_FIELDS)
    _, program_at, section_at, _, _, program_size, programs, _, sections, names = fields
    damage: list[str] = []
    loaded: tuple[Region, ...] | _Programs = ()
    if programs:
        table = _Table(program_at, programs, program_size, form.program)
        loaded = _Programs(_clipped(file, table, damage), form.places)
    regions: tuple[Region, ...] = ()
    if section_at:
        table = _section_table(file, fields, form.section, limits, damage)
        regions = _named(file, table, names, wanted, damage)
    elif sections:
        damage.append("section headers")
    return Executable(
        file=file,
        order=form.order,
        sections=regions,
        loaded=loaded,
        damage=", ".join(dict.fromkeys(damage)) if damage else "",
    )


def _clipped(file: bytes, table: _Table, damage: list[str]) -> _Table:
    """Return the part of a header table that lies in the file; what does not is damage."""
    at, size, form = table.at, table.size, table.form
    if size >= form.size and at + table.count * size <= len(file):
        return table
    damage.append("header tables")
    useless = size < form.size or at >= len(file)
    return _Table(at, 0 if useless else (len(file) - at) // size, size, form)


def _rows(file: bytes, table: _Table) -> list[tuple[int, ...]]:
    unpack = table.form.unpack_from
    places = range(table.at, table.at + table.count * table.size, table.size)
    return [unpack(file, place) for place in places]


def _row(file: bytes, table: _Table, number: int) -> tuple[int, ...]:
    return table.form.unpack_from(file, table.at + number * table.size)


def _elf_segments(file: bytes, programs: _Programs, *, data: bool) -> tuple[Region, ...]:
    kind, flags, offset, address, size = programs.places
    return tuple(
        Region(
            address=row[address],
            offset=row[offset],
            size=row[size],
            data=row[flags] & 3 == _WRITE_ONLY,
        )
        for row in _rows(file, programs.table)
        if row[kind] == _LOAD and (not data or row[flags] & 3 == _WRITE_ONLY)
    )


def _section_table(
    file: bytes,
    fields: tuple[int, ...],
    form: struct.Struct,
    limits: Limits,
    damage: list[str],
) -> _Table:
    """Return the section headers; with 65,280 or more the first one holds the real count."""
    at, size, count = fields[2], fields[7], fields[8]
    if not count:
        first = _clipped(file, _Table(at, 1, size, form), damage)
        count = _row(file, first, 0)[5] if first.count else 0
    if count > limits.elf_sections:
        reason = f"an ELF file claims {count} sections"
        raise InputError("limit.entries", reason, limit="elf_sections")
    return _clipped(file, _Table(at, count, size, form), damage)


def _named(
    file: bytes,
    table: _Table,
    names: int,
    wanted: tuple[str, ...],
    damage: list[str],
) -> tuple[Region, ...]:
    """Return the sections of wanted names; their names are in the string table, section `names`."""
    if names == _EXTENDED and table.count:
        names = _row(file, table, 0)[6]
    if names >= table.count:
        if table.count:
            damage.append("section names")
        return ()
    strings = _row(file, table, names)
    start, size = strings[4], strings[5]
    if start + size > len(file):
        damage.append("section names")
    for name in wanted:
        if file.find(name.encode("latin-1"), start, start + size) >= 0:
            return tuple(_sections(file, _rows(file, table), start, size, wanted))
    return ()


def _sections(
    file: bytes, rows: list[tuple[int, ...]], start: int, size: int, wanted: tuple[str, ...]
) -> Iterator[Region]:
    """Yield the sections of wanted names; the names are the `size` bytes at `start`."""
    for row in rows:
        end = file.find(b"\0", start + row[0], start + min(size, row[0] + 256))
        name = file[start + row[0] : max(end, 0)].decode("latin-1")
        if name in wanted:
            yield Region(
                name=name,
                address=row[3],
                offset=row[4],
                size=0 if row[1] == _NOBITS else row[5],
                compressed=bool(row[2] & _COMPRESSED),
            )


def _pe(file: bytes, limits: Limits) -> tuple[Executable, ...]:
    """Return the program; none when this is a DOS program, which has no PE header."""
    (start,) = struct.unpack_from("<I", file, 0x3C)
    if start >= len(file):
        raise InputError("parse.failed", "a PE header lies outside the file", offset=0x3C)
    if file[start : start + 4] != b"PE\0\0":
        return ()
    count, optional_size = struct.unpack_from("<2x H 12x H", file, start + 4)
    if count > limits.elf_sections:
        raise InputError("limit.entries", f"{count} sections", limit="elf_sections")
    optional = start + 24
    (magic,) = struct.unpack_from("<H", file, optional)
    wide = magic == 0x20B  # noqa: PLR2004 - PE32+
    (base,) = struct.unpack_from("<Q" if wide else "<I", file, optional + (24 if wide else 28))
    damage: list[str] = []
    form = "<8s I I I I 12x I"
    rows = []
    at = optional + optional_size
    for place in range(at, at + count * 40, 40):
        if place + 40 > len(file):
            damage.append("section headers")
            break
        rows.append(struct.unpack_from(form, file, place))
    regions = tuple(
        Region(
            name=name.rstrip(b"\0").decode("latin-1"),
            address=base + address,
            offset=offset,
            size=size,
            data=bool(address and size) and flags & ~_PE_ALIGN == _PE_DATA,
        )
        for name, _, address, size, offset, flags in rows
    )
    program = Executable(
        file=file, order="<", sections=regions, loaded=regions, damage="".join(damage)
    )
    return (program,)


def _macho(file: bytes, base: int, size: int, limits: Limits) -> Executable:
    """Return the program that starts at `base`; offsets inside count from there."""
    magic = file[base : base + 4]
    order = "<" if magic[0] in (0xCF, 0xCE) else ">"
    wide = b"\xcf" in magic
    (count,) = struct.unpack_from(order + "I", file, base + 16)
    if count > _MACHO_COMMANDS:
        raise InputError("limit.entries", f"a Mach-O file claims {count} load commands")
    at = base + (32 if wide else 28)
    end = min(base + size, len(file))
    sections: list[Region] = []
    segments: list[Region] = []
    damage = ""
    for _ in range(count):
        if at + 8 > end:
            damage = "load commands"
            break
        command, length = struct.unpack_from(order + "2I", file, at)
        if length < 8 or at + length > end:  # noqa: PLR2004 - its own two fields
            damage = "load commands"
            break
        if command == (0x19 if wide else 0x01):
            segment, inner = _macho_segment(file[at : at + length], order, base, wide=wide)
            segments.append(segment)
            sections += inner
            if len(sections) > limits.elf_sections:
                raise InputError("limit.entries", "too many sections", limit="elf_sections")
        at += length
    return Executable(
        file=file, order=order, sections=tuple(sections), loaded=tuple(segments), damage=damage
    )


def _macho_segment(
    command: bytes, order: str, base: int, *, wide: bool
) -> tuple[Region, list[Region]]:
    head = order + ("8x 16s 4Q 4I" if wide else "8x 16s 4I 4I")
    name, address, _, offset, size, _, protection, count, _ = struct.unpack_from(head, command)
    segment = Region(
        name=_macho_name(name),
        address=address,
        offset=base + offset,
        size=size,
        data=bool(address and size) and protection == _MACHO_READ_WRITE,
    )
    form = order + ("16s 16s 2Q I 28x" if wide else "16s 16s 2I I 24x")
    step, start = struct.calcsize(form), struct.calcsize(head)
    count = min(count, (len(command) - start) // step)
    sections = []
    for place in range(start, start + count * step, step):
        name, _, address, size, offset = struct.unpack_from(form, command, place)
        sections.append(
            Region(name=_macho_name(name), address=address, offset=base + offset, size=size)
        )
    return segment, sections


def _macho_name(name: bytes) -> str:
    return name.rstrip(b"\0").decode("latin-1")


def _fat(file: bytes, limits: Limits) -> tuple[Executable, ...]:
    """Return the programs of a universal file; each is read where it lies."""
    (count,) = struct.unpack_from(">I", file, 4)
    if count > _FAT_ARCHES:
        raise InputError("limit.entries", f"a universal file claims {count} programs")
    programs = []
    for place in range(count):
        offset, size = struct.unpack_from(">8x 2I", file, 8 + place * 20)
        if file[offset : offset + 4] not in MACHO or offset + size > len(file):
            raise InputError("parse.failed", "a universal file's part is no program", offset=offset)
        programs.append(_macho(file, offset, size, limits))
    return tuple(programs)
