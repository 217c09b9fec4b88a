"""One budget for everything that a scan unpacks: bytes, expansion, entries, nesting.

All readers of one worker share one `Budget`, so that a bomb cannot hide by splitting itself over
many archives: a layer, the jars in it and the jars in those draw from the same account.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from scantling.core.errors import InputError
from scantling.core.limits import MIB, Limits

FREE_BYTES: Final = 64 * MIB
"""Expansion is judged only after this much output: small files of zeros are ordinary."""


class Budget:
    """What may still be spent. Counters only grow; `InputError` says which limit was met.

    `used_bytes` and `used_entries` are what earlier layers of the same scan already spent.
    """

    def __init__(self, limits: Limits, *, used_bytes: int = 0, used_entries: int = 0) -> None:
        self.limits: Final = limits
        self.bytes = used_bytes
        self.entries = used_entries
        self.archives = 0
        self.depth = 0

    def spend_bytes(self, count: int) -> None:
        """Count uncompressed bytes. Raises InputError `limit.bytes` beyond `scan_bytes`."""
        self.bytes += count
        if self.bytes > self.limits.scan_bytes:
            raise InputError(
                "limit.bytes",
                f"more than {self.limits.scan_bytes} bytes of content",
                limit="scan_bytes",
            )

    def spend_entries(self, count: int) -> None:
        """Count archive entries. Raises InputError `limit.entries` beyond `scan_entries`."""
        self.entries += count
        if self.entries > self.limits.scan_entries:
            raise InputError(
                "limit.entries",
                f"more than {self.limits.scan_entries} archive entries",
                limit="scan_entries",
            )

    def check_ratio(self, bytes_in: int, bytes_out: int, *, nested: bool = False) -> None:
        """Compare what went in and came out of one stream, both counted from its start.

        For an archive inside a layer `nested_ratio` holds, else `layer_ratio`; the first 64 MiB
        of output are free. Raises InputError `limit.ratio`.
        """
        if bytes_out <= FREE_BYTES:
            return
        name = "nested_ratio" if nested else "layer_ratio"
        ratio: int = getattr(self.limits, name)
        if bytes_out - FREE_BYTES > ratio * bytes_in:
            raise InputError("limit.ratio", f"content expands more than {ratio} times", limit=name)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Hold this open while an archive inside another is read.

        Raises InputError `limit.nested` when the depth or the number of archives is exceeded.
        """
        self.archives += 1
        if self.archives > self.limits.nested_archives:
            raise InputError(
                "limit.nested",
                f"more than {self.limits.nested_archives} archives inside archives",
                limit="nested_archives",
            )
        if self.depth >= self.limits.nested_depth:
            raise InputError(
                "limit.nested",
                f"archives nested more than {self.limits.nested_depth} deep",
                limit="nested_depth",
            )
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
