"""The tutorial of the gate is run as it is written, on a copy of the example images.

A block `sh` is run by bash, all blocks in one shell; the block `text` behind it is what it must
print: its lines, in this order. `…` stands for anything, as a line for any lines.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from msgspec import Struct

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "tutorial" / "gate.md"
EPOCH: Final = "1795564800"
"""2026-11-25: risk and the age of data depend on the day."""

_BLOCK: Final = re.compile(r"^```(?P<kind>[a-z]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK: Final = "-- end of block --"


class _Step(Struct, frozen=True):
    commands: str
    expected: tuple[str, ...]


def _steps(page: str) -> list[_Step]:
    blocks = [(one["kind"], one["text"]) for one in _BLOCK.finditer(page)]
    return [
        _Step(text, tuple(blocks[at + 1][1].split("\n")[:-1]) if _shown(blocks, at) else ())
        for at, (kind, text) in enumerate(blocks)
        if kind == "sh"
    ]


def _shown(blocks: list[tuple[str, str]], at: int) -> bool:
    return at + 1 < len(blocks) and blocks[at + 1][0] == "text"


def _missing(expected: tuple[str, ...], printed: list[str]) -> str:
    """Return the first expected line that is not printed behind the one before it, or ''."""
    rest = iter(printed)
    for line in expected:
        pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
        if line != "…" and not any(pattern.fullmatch(one) for one in rest):
            return line
    return ""


def _run(steps: list[_Step], tmp_path: Path) -> list[list[str]]:
    """Return what each step prints, on both streams."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program = bin_ / "scantling"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m scantling "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-s"],
        input="".join(f"{one.commands}echo '{_MARK}'\n" for one in steps),
        cwd=ROOT,
        env={
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(tmp_path / "home"),
            "TMPDIR": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "SCANTLING_DATA_DIR": str(tmp_path / "data"),
            "SCANTLING_CACHE_DIR": str(tmp_path / "cache"),
            "SOURCE_DATE_EPOCH": EPOCH,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        text=True,
    )
    return [one.strip("\n").split("\n") for one in done.stdout.split(f"{_MARK}\n")[:-1]]


def test_the_walk_to_a_green_gate_prints_what_the_tutorial_shows(tmp_path: Path) -> None:
    steps = _steps(PAGE.read_text())

    printed = _run(steps, tmp_path)

    missing = {
        step.commands: line
        for step, lines in zip(steps, printed, strict=True)
        if (line := _missing(step.expected, lines))
    }
    assert len(steps) > 9
    assert missing == {}


def test_the_fixed_example_is_what_the_plan_edits(tmp_path: Path) -> None:
    """`shop-fixed.tar` holds the versions that the tutorial's project has after the plan."""
    page = PAGE.read_text()
    pins = re.findall(r"^([a-z0-9]+)==([0-9.]+)$", page, re.MULTILINE)
    steps = [_Step("scantling sbom examples/shop-fixed.tar --quiet\n", ())]

    (lines,) = _run(steps, tmp_path)

    purls = set(re.findall(r'"purl": ?"(pkg:pypi/[^"]+)"', "\n".join(lines)))
    assert len(pins) == 8
    assert purls == {f"pkg:pypi/{name}@{version}" for name, version in pins}


@pytest.mark.parametrize(
    ("expected", "missing"),
    [
        (("b", "a"), "a"),
        (("a", "…", "c"), ""),
        (("a", "…x…"), "…x…"),
        (("…", "d"), "d"),
    ],
)
def test_a_line_that_is_not_printed_is_noticed(expected: tuple[str, ...], missing: str) -> None:
    assert _missing(expected, ["a", "b", "c"]) == missing
