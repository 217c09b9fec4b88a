"""Draw the README's picture: what a terminal shows of a scan of the example image.

python tools/picture.py        writes docs/img/scan.svg
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

ROOT: Final = Path(__file__).parent.parent
COLUMNS: Final = 118
_HEAD_LINES: Final = 16


def main() -> int:
    """Scan, cut the long middle out visibly, and draw."""
    command = "scantling scan examples/shop.tar"
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), "--color", "always", "--no-cache", "--quiet"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src", "SCANTLING_DATA_DIR": "/nonexistent"},
        capture_output=True,
        check=False,
        text=True,
    )
    if not done.stdout:
        sys.exit(f"the scan failed: {done.stderr}")
    console = Console(record=True, width=COLUMNS, file=Path(os.devnull).open("w"))  # noqa: SIM115
    console.print(f"$ {command}")
    for line in _shortened(done.stdout):
        console.print(Text.from_ansi(line[: COLUMNS * 3]), soft_wrap=False)
    target = ROOT / "docs" / "img" / "scan.svg"
    target.parent.mkdir(exist_ok=True)
    target.write_text(console.export_svg(title="Scantling", unique_id="scan"), encoding="utf-8")
    return 0


def _shortened(text: str) -> list[str]:
    lines = text.split("\n")
    at = next(n for n, line in enumerate(lines) if "Not looked at" in line)
    middle = f"  … {at - _HEAD_LINES} more lines …"
    return [*lines[:_HEAD_LINES], middle, "", *lines[at:]]


if __name__ == "__main__":
    sys.exit(main())
