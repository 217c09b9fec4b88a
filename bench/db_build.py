"""How long building the advisory database takes: python bench/db_build.py DATA [--runs 1]

DATA has the archives of real advisory data that `tools/data-feeds.toml` names, unpacked. Each run
builds into a new store; wall-clock and processor seconds are those of `scantling db build`.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from contestants import ROOT
from measuring import machine, measure
from scantling.advisories.store import Store

GOAL_S: Final = 60


def main() -> int:
    """Build and print; return 1 if it takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=int, default=1)
    args = parser.parse_args()
    facts = machine()
    print(f"{facts.processors} processors, {facts.python}, load average {facts.load:.1f}")
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    walls = []
    for _ in range(args.runs):
        with tempfile.TemporaryDirectory() as store:
            command = f"-m scantling db build --quiet --db {store} --from {args.data}".split()
            feeds = ("--feeds", ROOT / "tools" / "data-feeds.toml")
            run = measure([sys.executable, *command, *feeds], env, watch=True)
            manifest = Store(Path(store)).open().manifest
        statements = sum(source.statements for source in manifest.sources)
        size = sum(segment.size for segment in manifest.segments)
        print(
            f"{run.wall_s:.1f} s ({run.cpu_s:.1f} s CPU), peak {run.peak_bytes / 1e6:.0f} MB: "
            f"{statements:,} statements of {len(manifest.sources)} sources, {size / 1e6:.1f} MB"
        )
        walls.append(run.wall_s)
    held = min(walls) <= GOAL_S
    print(f"goal: at most {GOAL_S} s, {'holds' if held else 'does not hold'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
