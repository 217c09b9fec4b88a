"""Measure a fleet: matching all its images, matching again after an update, asking about it.

    make fleet DATA=FOLDER [ARGS="--images 100000 --seed 1 --days 7 --db STORE"]

FOLDER holds the folder `fleet` (real package lists; see `lists.py`) and the advisory data of
`tools/data-feeds.toml`. STORE has a database built from that data; without it, one is built first.
What changes between the two databases are the records of the last `--days` days of several feeds.
With `--dense` every package has advisories; see `dense.py`. Times are wall-clock seconds of one
process, each measured once. The exit code is 1 when matching again and matching all with the new
database do not give the same for every package.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from fleet.databases import build_all
from fleet.dense import Dense, Key, names_of
from fleet.generate import generate
from fleet.lists import read_lists
from scantling.advisories.database import Database
from scantling.advisories.diff import changed_keys, diff
from scantling.advisories.store import Store
from scantling.matching.api import AdvisoryIndex
from scantling.matching.fleet import Fleet
from scantling.matching.match import match
from scantling.matching.standing import Standing

_Result = TypeVar("_Result")


def main() -> None:
    """Make the fleet and the databases, print the table."""
    args = _arguments()
    data = Path(args.data)
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        new = Store(Path(args.db)) if args.db else build_all(data, scratch / "new")
        # In its own process, so that its memory is not counted.
        subprocess.run(
            [
                sys.executable,
                "-m",
                "fleet.databases",
                data,
                new.root,
                scratch / "old",
                f"{args.days}",
            ],
            check=True,
        )
        old = Store(scratch / "old")
        lists = read_lists(data / "fleet")
        before = _memory()
        fleet, seconds = _timed(lambda: generate(lists, args.images, args.seed))
        _row("made from lists and indexed", seconds, _contents(fleet))
        _memory_row("memory of the index", before, args.images)
        same = _matching(fleet, _Databases(old.open(), new.open(), is_dense=args.dense))
    sys.exit(0 if same else "matching again gave another result than matching all")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("data")
    parser.add_argument("--db", default="")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--dense", action="store_true")
    return parser.parse_args()


class _Databases:
    """The two databases, as they are or with something about every package."""

    def __init__(self, old: Database, new: Database, *, is_dense: bool) -> None:
        self.files = (old, new)
        names = names_of(new) if is_dense else {}
        self._dense = Dense(new, names) if is_dense else None
        self.old: AdvisoryIndex = Dense(old, names) if is_dense else old
        self.new: AdvisoryIndex = self._dense or new

    def changed(self, fleet: Fleet, keys: tuple[Key, ...]) -> tuple[Key, ...]:
        """Return the keys to match again."""
        return self._dense.changed(keys, fleet.packages) if self._dense else keys


def _matching(fleet: Fleet, databases: _Databases) -> bool:
    """Print the rows of matching and asking; return whether both ways came to the same."""
    before = _memory()
    standing = Standing(fleet)
    _, judged = _timed(lambda: standing.refresh(databases.old))
    counts = standing.counts()
    _row("all packages matched", judged, f"{sum(counts):,} words against {_some(counts):,}")
    totals, joined = _timed(lambda: fleet.sums(counts))
    _row("joined to images", joined, f"{sum(totals):,} words, {_some(totals):,} images")
    _row("FULL MATCH", judged + joined, "")
    _memory_row("memory of the matches", before, len(fleet.images))
    same = _again(fleet, standing, databases)
    _questions(fleet, standing, databases.new)
    return same


def _again(fleet: Fleet, standing: Standing, databases: _Databases) -> bool:
    new = databases.new
    keys, compared = _timed(lambda: changed_keys(*databases.files))
    _row("databases compared", compared, f"{len(keys):,} (ecosystem, package) changed")
    keys = databases.changed(fleet, keys)
    changed, judged = _timed(lambda: standing.refresh(new, keys))
    asked = len(fleet.asked_by(keys))
    _row("those matched again", judged, f"{asked:,} packages, {len(changed):,} answers changed")
    touched, found = _timed(lambda: fleet.images_with(changed))
    _row("images found", found, f"{len(touched):,} of {len(fleet.images):,}")
    _, joined = _timed(lambda: fleet.sums(standing.counts()))
    _row("joined to images again", joined, "")
    _row("MATCHED AGAIN", compared + judged + found + joined, "")
    _row("peak memory of the process so far", None, f"{_peak_mb():,.0f} MB")
    listed, seconds = _timed(lambda: sum(1 for _ in diff(*databases.files)))
    _row("the list of changes for people", seconds, f"{listed:,} changes; not needed above")
    full = Standing(fleet)
    full.refresh(new)
    different = [
        number
        for number in range(len(fleet.packages))
        if full.words_of(number) != standing.words_of(number)
    ]
    _row("equal to a full match", None, f"{len(different)} packages differ")
    return not different and bool(keys)


def _questions(fleet: Fleet, standing: Standing, new: AdvisoryIndex) -> None:
    for ecosystem, name, version in (
        ("deb/debian:11", "openssl", "1.1.1n-0+deb11u4"),
        ("golang", "golang.org/x/net", "0.17.0"),
        ("npm", "minimist", "1.2.6"),
        ("maven", "com.fasterxml.jackson.core:jackson-databind", "2.14.0"),
    ):
        begin = perf_counter()
        found = fleet.below(ecosystem, name, version)
        images = fleet.images_with(found.below)
        label = f"{name.rpartition(':')[2]} < {version}"
        detail = f"{len(images):,} images; {len(found.undetermined)} versions undetermined"
        _row(label, perf_counter() - begin, detail)
    for id_ in ("CVE-2022-37434", "CVE-2023-0286", "CVE-2022-41723", "CVE-2023-39325"):
        begin = perf_counter()
        about = standing.affected_by(id_)
        images = fleet.images_with(about.affected)
        detail = f"{len(images):,} images by {len(about.affected):,} packages"
        _row(id_, perf_counter() - begin, detail)
    middle = len(fleet.images) // 2
    matches, seconds = _timed(lambda: match(fleet.packages_of(middle), new))
    _row("one image, all matches with texts", seconds, f"{len(matches):,} matches")


def _contents(fleet: Fleet) -> str:
    pairs = sum(fleet.sums([1] * len(fleet.packages)))
    return (
        f"{len(fleet.images):,} images, {fleet.layer_count:,} layers, "
        f"{len(fleet.packages):,} packages, {pairs:,} pairs"
    )


def _some(values: Sequence[int]) -> int:
    return sum(1 for one in values if one)


def _timed(work: Callable[[], _Result]) -> tuple[_Result, float]:
    begin = perf_counter()
    result = work()
    return result, perf_counter() - begin


def _row(label: str, seconds: float | None, detail: str) -> None:
    time = "" if seconds is None else f"{seconds:.3f} s"
    print(f"{label:<36}{time:>12}  {detail}".rstrip(), flush=True)


def _memory_row(label: str, before: int, images: int) -> None:
    used = _memory() - before
    _row(label, None, f"{used / 1e6:,.0f} MB, {used / images:,.0f} bytes per image")


def _memory() -> int:
    """Return the bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
