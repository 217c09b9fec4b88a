"""The table of hostile inputs for the manual, from the tests' own recipes.

`python -m tests.hostile.table` writes docs/reference/hostile-inputs.md; a test compares them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scantling.core.model.gap import CODES, GapKind
from tests.hostile import test_compression, test_tar, test_zip
from tests.hostile.rows import rows

PATH: Final = Path(__file__).parents[2] / "docs" / "reference" / "hostile-inputs.md"
_HEAD: Final = """\
# Hostile inputs

What becomes of damaged and malicious images. Each row is a test (`tests/hostile`, searchable by its
name) that makes the input and compares the outcome. *Incomplete* is exit code 3 and the verdict
`unknown`; *complete* means that the input is read and judged like any other. Either way the rest of
the image is read, and its findings are reported. See also the [gaps](gaps.md) and
[limits](limits.md).
"""


def _lines(title: str, table: dict[str, set[str]]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield "| input | outcome | gaps |"
    yield "|---|---|---|"
    for name, codes in sorted(table.items()):
        blocking = any(CODES[code][0] is GapKind.BLOCKING for code in codes)
        outcome = "incomplete" if blocking else "complete"
        shown = ", ".join(f"`{code}`" for code in sorted(codes))
        yield f"| `{name}` | {outcome} | {shown} |"


def text() -> str:
    """Return the page."""
    images = {name: set(row.codes) for name, row in rows().items()}
    lines = [
        *_lines("Images", images),
        *_lines("Layer archives", {name: case.codes for name, case in test_tar.CASES.items()}),
        *_lines(
            "Compressed layers", {name: case.codes for name, case in test_compression.CASES.items()}
        ),
        *_lines("Zip and Java archives", {name: c.codes for name, c in test_zip.CASES.items()}),
    ]
    return _HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
