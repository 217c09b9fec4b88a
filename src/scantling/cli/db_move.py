"""`scantling db export`, `import` and `prune`."""

import argparse
import sys
from pathlib import Path

from scantling.advisories.bundle import read_bundle, write_bundle
from scantling.cli.databases import store_of
from scantling.cli.db_build import terms_of
from scantling.core.errors import AdvisoryDataError, ExitCode, UsageError


def run_export(args: argparse.Namespace) -> int:
    """Write a version of the database to a file."""
    store = store_of(args.db)
    digest = store.resolved(args.version)
    size = write_bundle(store, digest, Path(args.file))
    sys.stdout.write(f"wrote {digest[:12]}, {size / 1e6:.1f} MB\n")
    return ExitCode.PASSED


def run_import(args: argparse.Namespace) -> int:
    """Check a bundle completely, then put it in use."""
    store = store_of(args.db)
    digest = read_bundle(Path(args.file), store, terms_of(args))
    signer = store.signed_by(digest)
    word = f"signed by {signer}" if signer else "not signed: every report will say so"
    sys.stdout.write(f"database {digest[:12]} is in use; {word}\n")
    return ExitCode.PASSED


def run_prune(args: argparse.Namespace) -> int:
    """Remove old versions and segments that no version uses."""
    if args.keep < 1:
        raise UsageError("--keep takes a number from 1")
    store = store_of(args.db)
    if not store.current():
        raise AdvisoryDataError(f"there is no advisory database in {store.root}")
    with store.writing():
        versions, freed = store.prune(keep=args.keep)
    sys.stdout.write(f"removed {versions} versions, {freed / 1e6:.1f} MB\n")
    return ExitCode.PASSED
