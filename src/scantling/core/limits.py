"""Limits on everything that is read. Each has a unit, a reason, and a name that messages use.

No limit is ever "unlimited": a user may raise one, never remove it. Sizes that an archive declares
are compared with these and never used to allocate.
"""

from typing import Final

from msgspec import Struct

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds of one scan. Field names are the names that gaps and `--limit NAME=VALUE` use."""

    layer_compressed_bytes: int = 10 * GIB
    scan_bytes: int = 64 * GIB
    """Uncompressed bytes a scan may read, nested archives included."""
    layer_ratio: int = 200
    """Expansion after the first 64 MiB; gzip tops out at 1,028:1, real layers are 2-5:1."""
    nested_ratio: int = 100
    layer_entries: int = 1_000_000
    scan_entries: int = 4_000_000
    text_bytes: int = 64 * MIB
    """Bytes kept of one manifest or metadata file."""
    database_bytes: int = 512 * MIB
    """Bytes kept of one package database."""
    binary_bytes: int = 1 * GIB
    """Bytes kept of one executable or archive."""
    path_bytes: int = 4096
    path_component_bytes: int = 255
    path_depth: int = 256
    link_hops: int = 40
    """As Linux's ELOOP."""
    long_header_bytes: int = 1 * MIB
    """One pax or GNU long header; Go's own cap."""
    pax_records: int = 1024
    sparse_entries: int = 65_536
    nested_depth: int = 5
    nested_archives: int = 20_000
    zip_entries: int = 500_000
    window_bytes: int = 128 * MIB
    """zstd window (windowLog 27), the zstd command's default."""
    manifest_bytes: int = 4 * MIB
    """Manifest, index and configuration; the distribution specification asks for at least 4 MB."""
    descriptors: int = 4096
    layers: int = 512
    index_depth: int = 3
    json_bytes: int = 64 * MIB
    json_depth: int = 128
    yaml_bytes: int = 32 * MIB
    record_bytes: int = 4 * MIB
    """One record of a text database (dpkg, apk)."""
    records: int = 500_000
    rpm_header_bytes: int = 64 * MIB
    rpm_header_entries: int = 65_535
    elf_sections: int = 65_535
    elf_section_bytes: int = 64 * MIB
    build_info_bytes: int = 16 * MIB
    version_chars: int = 256
    name_chars: int = 1024
    worker_memory_bytes: int = 1 * GIB
    """Address space a worker may add to what it started with."""
    worker_cpu_s: int = 600
    """CPU seconds of one layer's worker; a gigabyte takes about two."""
    file_cpu_s: int = 60
    """CPU seconds of parsing one file."""
    worker_wall_s: int = 900
    worker_result_bytes: int = 256 * MIB
    scan_wall_s: int = 900
    scratch_bytes: int = 16 * GIB
    """Downloaded layers and inflated archives, unnamed files in TMPDIR; freed when closed."""


DEFAULT: Final = Limits()
