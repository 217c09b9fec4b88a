"""Measure an advisory database: opening, look-ups, size.

    python bench/micro_db.py STORE [PURLS]

STORE is a store that `scantling db build --db STORE` made. PURLS is a JSON-lines file of lists of
package URLs, one list an image; without it, packages of the database and as many unknown ones are
asked for. Times are the best of several runs in one process, the cold one that of a new process.

Beside the size stands what the same hot facts need at least in a B+tree of JSON values such as
Trivy's (bbolt): for each statement its key, a value like `{"FixedVersion":"1.2.3"}` and a 16-byte
element header, all pages full, no vulnerability details.
"""

import random
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from scantling.advisories.database import Database
from scantling.advisories.store import Store

_COLD = """
from time import perf_counter
from pathlib import Path
from scantling.advisories.store import Store
begin = perf_counter()
database = Store(Path({root!r})).open()
opened = perf_counter()
database.lookup("pypi", "jinja2")
print((opened - begin) * 1e3, (perf_counter() - opened) * 1e3)
"""
_RUNS = 7
_ELEMENT_BYTES = 16


def main() -> None:
    """Print the measurements."""
    root = Path(sys.argv[1])
    code = _COLD.format(root=str(root))
    colds = [
        tuple(map(float, subprocess.check_output([sys.executable, "-c", code]).split()))
        for _ in range(5)
    ]
    opening, first = min(colds)
    print(f"open, new process           {opening:8.2f} ms")
    print(f"first look-up (pypi)        {first:8.2f} ms")
    _sizes(Store(root).open())
    known, unknown = _questions(Store(root).open())
    _look_ups(root, "known packages", known)
    _look_ups(root, "unknown packages", unknown)
    _look_ups(root, "1,000 packages, 30% known", known[:300] + unknown[:700])


def _questions(database: Database) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    chosen = ("deb/debian:12", "pypi", "npm", "golang", "gem", "cargo", "rpm/almalinux:9")
    draw = random.Random(1)  # noqa: S311 - the same questions each time
    known = [(one, name) for one in chosen for name in database.packages(one)]
    draw.shuffle(known)
    unknown = [(ecosystem, f"{name}-none") for ecosystem, name in known]
    return known[:1000], unknown[:1000]


def _look_ups(root: Path, label: str, questions: list[tuple[str, str]]) -> None:
    best = 1e9
    statements = 0
    for _ in range(_RUNS):
        database = Store(root).open()
        begin = perf_counter()
        statements = sum(len(database.lookup(*question)) for question in questions)
        best = min(best, perf_counter() - begin)
    each = best / len(questions) * 1e6
    print(
        f"{label:<27} {best * 1e3:8.2f} ms  {each:6.1f} µs each, {statements} statements"
        f" ({len(questions)} questions, segments opened within)"
    )


def _sizes(database: Database) -> None:
    sizes: dict[str, int] = {}
    for segment in database.manifest.segments:
        sizes[segment.kind] = sizes.get(segment.kind, 0) + segment.size
    statements = sum(source.statements for source in database.manifest.sources)
    tree = sum(_tree_bytes(database, source.name) for source in database.manifest.sources)
    hot = sizes["statements"]
    print(
        f"statements                  {statements:8,} in {hot / 1e6:.2f} MB, "
        f"{hot / statements:.1f} bytes each; B+tree at least {tree / 1e6:.2f} MB "
        f"(ratio {hot / tree:.2f})"
    )
    for kind, size in sorted(sizes.items()):
        print(f"  {kind:<12} {size / 1e6:8.2f} MB")


def _tree_bytes(database: Database, source: str) -> int:
    total = 0
    packages = set()
    for stored in database.statements(source):
        said = stored.statement
        packages.add((said.ecosystem, said.package))
        fixed = ", ".join(said.fixed_in)
        total += _ELEMENT_BYTES + len(said.vulnerability) + len('{"FixedVersion":""}') + len(fixed)
        ranges = [f"{one.low}, {one.high}" for one in said.ranges if one.low]
        total += sum(len(one) + 6 for one in ranges) + (25 if ranges else 0)
    return total + sum(2 * _ELEMENT_BYTES + len(name) + 16 for _, name in packages)


if __name__ == "__main__":
    main()
