"""The size of our database beside the same facts in the layouts of Grype and Trivy.

    python bench/sizes.py STORE

STORE is a store that `scantling db build --db STORE` made. What is compared is what matching needs
(`rivals.py`): our statements segments, an SQLite file in the layout of Grype's database version 6,
and a bbolt file in that of Trivy's. Ours hold more of each statement: the document's id, its
aliases and dates, version keys, vulnerable functions.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import bbolt
from rivals import trivy_tree, write_grype
from scantling.advisories.database import Database
from scantling.advisories.store import Store
from scantling.core.model.advisory import Stored

GOAL: Final = 0.5
"""Ours over each of theirs, at most."""


def main() -> int:
    """Write both, print the sizes; return 1 when ours are more than half of one of theirs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("store", type=Path)
    args = parser.parse_args()
    database = Store(args.store).open()
    count = sum(source.statements for source in database.manifest.sources)
    ours = sum(one.size for one in database.manifest.segments if one.kind == "statements")
    print(f"{count:,} statements of {len(database.manifest.sources)} sources")
    print(f"{'our segments':<28}{ours / 1e6:9.2f} MB{ours / count:8.1f} bytes each")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        sizes = {
            "SQLite in Grype's layout": write_grype(Path(folder) / "g.db", _all(database)),
            "bbolt in Trivy's layout": bbolt.write(
                Path(folder) / "t.db", trivy_tree(_all(database))
            ),
        }
    for name, size in sizes.items():
        good &= ours <= GOAL * size
        said = "holds" if ours <= GOAL * size else "does NOT hold"
        print(
            f"{name:<28}{size / 1e6:9.2f} MB{size / count:8.1f} bytes each; ours over it: "
            f"{ours / size:.2f} (goal: at most {GOAL}, {said})"
        )
    return 0 if good else 1


def _all(database: Database) -> Iterator[Stored]:
    for source in database.manifest.sources:
        yield from database.statements(source.name)


if __name__ == "__main__":
    sys.exit(main())
