"""A progress bar for people: on a terminal only, gone when the work is done."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scantling.core.progress import Progress, Quiet


@contextmanager
def watching(*, quiet: bool) -> Iterator[Progress]:
    """Yield a watcher: a bar on a terminal, silence in CI, in pipes and with `quiet`."""
    if quiet or os.environ.get("CI") or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield Quiet()
        return
    from scantling.cli.bar import Bar  # noqa: PLC0415 - 40 ms that only a terminal pays

    bar = Bar()
    try:
        yield bar
    finally:
        bar.close()
