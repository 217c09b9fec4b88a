"""Micro-benchmarks: parts of a scan alone, each beside the usual way where there is one.

    make micro                                      the embedded database
    python bench/micro.py --db STORE                one that `scantling db build --db STORE` made

Each figure is the best of several runs: noise only ever adds. Rates are per second of processor
time of one process; times of new processes are wall-clock. `make bench` has these figures, too.
"""

import argparse
import gc
import io
import random
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable
from functools import cmp_to_key
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Final

from msgspec import Struct

import startup
from comparator import compare_deb
from goals import MICRO
from scantling.advisories.database import Database
from scantling.advisories.store import Store, starter_store
from scantling.catalog.api import OpenFile
from scantling.catalog.ecosystems.dpkg.status import PLUGIN as DPKG_STATUS
from scantling.core.limits import DEFAULT
from scantling.core.model.inventory import Package
from scantling.image.budget import Budget
from scantling.image.cursor import BytesSource
from scantling.image.tar import TarWalker
from scantling.matching.match import match
from scantling.versions.registry import scheme_for
from synthetic import entries
from walk import select

_RUNS: Final = 5
_ENTRIES: Final = 50_000
_RECORDS: Final = 2_000
_VERSIONS: Final = 5_000
_PACKAGES: Final = 1_000
_KNOWN: Final = 300
_OUTDATED: Final = 0.3
"""Of the known packages; the others have the newest fix that the database knows."""
_OPEN: Final = """
from time import perf_counter
from pathlib import Path
from scantling.advisories.store import Store
begin = perf_counter()
Store(Path({root!r})).open()
print((perf_counter() - begin) * 1e3)
"""
_STANZA: Final = """\
Package: library{number}
Status: install ok installed
Priority: optional
Section: libs
Installed-Size: 1203
Maintainer: Library Maintainers <library@example.com>
Architecture: amd64
Multi-Arch: same
Source: library (1:2.{number}.4-1+b2)
Version: 1:2.{number}.4-1+deb12u2
Replaces: library-common (<< 2.0~), liblibrary-dev
Depends: libc6 (>= 2.34), libgcc-s1 (>= 3.0), zlib1g (>= 1:1.1.4), libother{number} (= 1.0)
Breaks: library-common (<< 2.0~)
Conffiles:
 /etc/library/{number}.conf 5d41402abc4b2a76b9719d911017c592
Description: shared library for something, number {number}
 This paragraph says what it does, over two or three lines of some seventy
 characters each, as most descriptions in the archive do.
Homepage: https://library.example.com/

"""


class Figure(Struct, frozen=True, kw_only=True):
    """One number; `goal` is the most it may be, None if there is none."""

    name: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def said(self) -> str:
        """Return the value with three significant digits, thousands apart."""
        return f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.3g}"


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--db", type=Path, help="store for look-ups (default: the embedded one)")
    for one in measure(parser.parse_args().db):
        goal = "" if one.goal is None else f"  (goal: at most {one.goal:g})"
        print(f"{one.name:<44}{one.said:>12} {one.unit}{goal}")


def measure(root: Path | None = None) -> list[Figure]:
    """Return all figures; look-ups in the database of the store `root`, or the embedded one."""
    store = starter_store() if root is None else Store(root)
    return [*_tar(), *_dpkg(), *_versions(store.open()), *_database(store), *_starting()]


def _tar() -> list[Figure]:
    data = b"".join(entries(_ENTRIES)) + bytes(1024)

    def ours() -> None:
        for _ in TarWalker(BytesSource(data), Budget(DEFAULT), select=select):
            pass

    def usual() -> None:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for _ in archive:
                pass

    ours_s, usual_s = _best(ours), _best(usual)
    return [
        _rate("tar headers", _ENTRIES, ours_s),
        _rate("tar headers, tarfile", _ENTRIES, usual_s),
        Figure(name="tar headers, ours over tarfile", value=usual_s / ours_s, unit="times"),
    ]


def _dpkg() -> list[Figure]:
    text = "".join(_STANZA.format(number=number) for number in range(_RECORDS))
    file = OpenFile(path="var/lib/dpkg/status", data=text.encode())
    return [_rate("dpkg records", _RECORDS, _best(lambda: [*DPKG_STATUS.parse(file)]))]


def _versions(database: Database) -> list[Figure]:
    found = []
    debian: list[str] = []
    for kind in ("deb", "rpm", "pypi", "npm", "maven"):
        texts = _texts(database, kind)
        debian = texts if kind == "deb" else debian
        key = scheme_for(kind).key
        seconds = _best(lambda texts=texts, key=key: [*map(key, texts)])  # type: ignore[misc]
        found.append(_rate(f"version keys, {kind}", len(texts), seconds))
    made = [key or b"" for key in map(scheme_for("deb").key, debian)]
    ours_s = _best(lambda: [a < b for a, b in pairwise(made)])
    usual_s = _best(lambda: [compare_deb(a, b) for a, b in pairwise(debian)])
    keyed_s = _best(lambda: sorted(debian, key=lambda one: scheme_for("deb").key(one) or b""))
    sorted_s = _best(lambda: sorted(debian, key=cmp_to_key(compare_deb)))
    return [
        *found,
        _rate("comparisons of deb keys", len(made), ours_s),
        _rate("comparisons of deb versions, plain", len(debian), usual_s),
        Figure(
            name="sorting deb versions, keys over plain", value=sorted_s / keyed_s, unit="times"
        ),
    ]


def _texts(database: Database, kind: str) -> list[str]:
    """Return real versions of an ecosystem, always the same ones."""
    found: set[str] = set()
    for ecosystem in database.ecosystems():
        if ecosystem.partition("/")[0] == kind and len(found) < 4 * _VERSIONS:
            for package in database.packages(ecosystem)[:2000]:
                for stored in database.lookup(ecosystem, package):
                    said = stored.statement
                    found.update(said.fixed_in, said.versions[:20])
    # A database may say nothing of an ecosystem; versions of no package do as well.
    found = found or {f"{one % 50}.{one % 30}.{one % 7}-beta-{one}" for one in range(_VERSIONS)}
    chosen = sorted(found)
    random.Random(1).shuffle(chosen)  # noqa: S311 - the same order each time
    return chosen[:_VERSIONS]


def _database(store: Store) -> list[Figure]:
    code = _OPEN.format(root=str(store.root))
    opened = min(
        float(subprocess.check_output([sys.executable, "-c", code], env=startup.environment()))
        for _ in range(_RUNS)
    )
    packages = _packages(store.open())
    matches = len(match(packages, store.open()))
    matched_s = _best(lambda: match(packages, store.open()))
    database = store.open()
    asked = sum(len(database.lookup(one.ecosystem, one.name)) for one in packages)
    statements = sum(source.statements for source in database.manifest.sources)
    return [
        Figure(name="statements in the database", value=statements, unit=""),
        _goal("open the database", opened),
        _goal("match 1,000 packages", matched_s * 1e3),
        Figure(name="… statements compared", value=asked, unit=""),
        Figure(name="… matches", value=matches, unit=""),
    ]


def _packages(database: Database) -> list[Package]:
    """Return a thousand packages, of which the database knows three in ten."""
    draw = random.Random(1)  # noqa: S311 - the same packages each time
    known = [
        (ecosystem, name)
        for ecosystem in database.ecosystems()
        if ecosystem in {"deb/debian:12", "pypi", "npm", "golang", "rpm/almalinux:9"}
        for name in database.packages(ecosystem)
    ]
    draw.shuffle(known)
    found = [_package(database, draw, *one) for one in known[:_KNOWN]]
    unknown = known[: _PACKAGES - _KNOWN]
    return found + [_package(database, draw, one, f"{name}-none") for one, name in unknown]


def _package(database: Database, draw: random.Random, ecosystem: str, name: str) -> Package:
    """Return a package with a version that fixed something: the newest one, or now and then any."""
    fixes = {
        one for stored in database.lookup(ecosystem, name) for one in stored.statement.fixed_in
    }
    key = scheme_for(ecosystem).key
    ordered = sorted(fixes, key=lambda one: (key(one) or b"", one)) or ["1.0-1"]
    kind = ecosystem.partition("/")[0]
    version = draw.choice(ordered) if draw.random() < _OUTDATED else ordered[-1]
    return Package(
        purl=f"pkg:{kind}/{name}@{version}",
        type=kind,
        ecosystem=ecosystem,
        name=name,
        version=version,
    )


def _starting() -> list[Figure]:
    found = []
    for name, arguments in startup.COMMANDS.items():
        took = startup.process_ms(arguments, 3 * _RUNS)
        found.append(Figure(name=name, value=took or float("nan"), unit="ms"))
    return found


def _goal(name: str, milliseconds: float) -> Figure:
    return Figure(name=name, value=milliseconds, unit="ms", goal=MICRO[name])


def _rate(name: str, count: int, seconds: float) -> Figure:
    return Figure(name=name, value=count / seconds, unit="/s")


def _best(run: Callable[[], Iterable[object] | None]) -> float:
    """Return the least processor seconds of several runs, without the collector, as in a scan."""
    times = []
    gc.disable()
    for _ in range(_RUNS):
        begin = process_time()
        run()
        times.append(process_time() - begin)
    gc.enable()
    return min(times)


if __name__ == "__main__":
    main()
