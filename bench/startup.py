"""What starting costs: imports in fresh processes, commands, and kinds of record types.

    python bench/startup.py [--runs 15]

Each figure is the least of several runs: noise only ever adds. Libraries that are not installed are
left out. Decisions 0002 and 0004 rest on these figures.
"""

import argparse
import os
import subprocess
import sys
import time
import timeit
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src"

IMPORTS = {
    "the interpreter alone": "pass",
    "argparse": "import argparse",
    "dataclasses": "import dataclasses",
    "msgspec": "import msgspec",
    "msgspec as a scan loads it": "from scantling.cli.lean import load_msgspec; load_msgspec()",
    "click": "import click",
    "cyclopts": "import cyclopts",
    "rich.table": "import rich.table",
    "httpx2": "import httpx2",
    "cryptography (Ed25519)": "import cryptography.hazmat.primitives.asymmetric.ed25519",
    "everything a scan imports": (
        "from scantling.cli.lean import load_msgspec; load_msgspec()\n"
        "import scantling.cli.run, scantling.cli.commands.scan"
    ),
}
COMMANDS = {
    "scantling --version": ["-m", "scantling", "--version"],
    "scantling --help": ["-m", "scantling", "--help"],
}
_FIELDS = """
    a: str
    b: int = 0
    c: tuple = ()
    d: str = ""
    e: str = ""
    f: str = ""
"""
_STRUCT = f"class Record(msgspec.Struct, frozen=True, kw_only=True):{_FIELDS}"
_DATACLASS = f"""
@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:{_FIELDS}
"""
RECORDS = {
    "frozen dataclass": ("import dataclasses", _DATACLASS),
    "frozen msgspec.Struct": ("import msgspec", _STRUCT),
}


def environment() -> dict[str, str]:
    """Return the environment in which the program of this checkout is found."""
    return {**os.environ, "PYTHONPATH": str(SOURCE)}


def process_ms(arguments: list[str], runs: int) -> float | None:
    """Return the least time of a fresh process in milliseconds; None if it fails."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            return None
        times.append(time.perf_counter() - begin)
    return min(times) * 1000


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    programs = {name: ["-c", code] for name, code in IMPORTS.items()} | COMMANDS
    for name, arguments in programs.items():
        found = process_ms(arguments, runs)
        print(f"{name:<32}{'not installed' if found is None else f'{found:8.1f} ms'}")
    for name, (imports, definition) in RECORDS.items():
        names: dict[str, object] = {}
        exec(imports, names)  # noqa: S102 - our own text
        define = min(timeit.repeat(lambda: exec(definition, names), number=40, repeat=3))  # noqa: B023, S102
        make = min(timeit.repeat("Record(a='x', b=1)", globals=names, number=100_000, repeat=3))
        print(f"{name:<32}{define * 1000:8.1f} ms to define 40, {make * 10:.2f} µs to make one")


if __name__ == "__main__":
    main()
