"""Measure an advisory database: opening, look-ups, size.

    python bench/micro_db.py STORE [PURLS]

STORE is a store that `scantling db build --db STORE` made. PURLS is a JSON-lines file of objects
with `image` and `purls` (package URLs, `distro` and `upstream` among their qualifiers): the images
with about a thousand packages are asked for. Times are the best of several runs in one process,
in processor seconds, segments opened within; the cold ones are those of a new process.

Beside the size stands what the same hot facts need at least in a B+tree of JSON values such as
Trivy's (bbolt): for each statement its key, a value like `{"FixedVersion":"1.2.3"}` and a 16-byte
element header, all pages full, no vulnerability details.
"""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from urllib.parse import parse_qsl, unquote

import msgspec

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
_RUNS = 15


class _Image(msgspec.Struct):
    image: str
    purls: list[str]


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
    for path in sys.argv[2:]:
        for image, questions in _images(Path(path)):
            _look_ups(root, image[:27], questions)


def _questions(database: Database) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    chosen = ("deb/debian:12", "pypi", "npm", "golang", "gem", "cargo", "rpm/almalinux:9")
    draw = random.Random(1)  # noqa: S311 - the same questions each time
    known = [(one, name) for one in chosen for name in database.packages(one)]
    draw.shuffle(known)
    unknown = [(ecosystem, f"{name}-none") for ecosystem, name in known]
    return known[:1000], unknown[:1000]


def _images(path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the questions of the five images that have nearest to a thousand packages."""
    with path.open("rb") as lines:
        images = [msgspec.json.decode(line, type=_Image) for line in lines]
    images.sort(key=lambda one: abs(len(one.purls) - 1000))
    for one in images[:5]:
        yield one.image, [*map(_question, one.purls)]


def _question(purl: str) -> tuple[str, str]:
    """Return the ecosystem and name that a scan would ask for; close enough to time it."""
    body, _, query = purl.removeprefix("pkg:").partition("?")
    kind, _, path = body.partition("/")
    qualifiers = dict(parse_qsl(query))
    name = unquote(path.rpartition("@")[0] or path)
    if kind in {"deb", "apk", "rpm"}:
        distro, _, release = qualifiers.get("distro", "").partition("-")
        upstream = qualifiers.get("upstream", "").partition("@")[0]
        return f"{kind}/{distro}:{release}", upstream or name.rpartition("/")[2]
    return kind, name.replace("/", ":") if kind == "maven" else name


def _look_ups(root: Path, label: str, questions: list[tuple[str, str]]) -> None:
    best = 1e9
    statements = 0
    for _ in range(_RUNS):
        database = Store(root).open()
        begin = process_time()
        statements = sum(len(database.lookup(*question)) for question in questions)
        best = min(best, process_time() - begin)
    each = best / len(questions) * 1e6
    print(
        f"{label:<27} {best * 1e3:8.2f} ms  {each:6.1f} µs each, {statements} statements"
        f" ({len(questions)} questions)"
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
