"""See and trim the cache of layer facts, which makes a second scan of a layer almost free.

examples:
  scantling cache
  scantling cache --max 2g       keep the most recently used, at most 2 GiB
  scantling cache --max 0        forget everything
"""

import argparse
import sys

from scantling.catalog.cache import measure, prune
from scantling.cli.options import amount, cache_dir
from scantling.core.text import neutral


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--cache-dir", metavar="DIR", help="where facts of layers are kept")
    parser.add_argument("--max", metavar="SIZE", help="delete the least recently used above SIZE")


def run(args: argparse.Namespace) -> int:
    """Trim if asked, and say what is there."""
    folder = cache_dir(args.cache_dir)
    if args.max is not None:
        freed = prune(folder, amount(args.max, "--max"))
        sys.stdout.write(f"freed {freed:,} bytes\n")
    files, size_bytes = measure(folder)
    sys.stdout.write(f"{neutral(str(folder))}: {files:,} files, {size_bytes:,} bytes\n")
    return 0
