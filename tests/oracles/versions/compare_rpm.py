"""Compare versions by rpm's labelCompare, on the system's Python.

Reads "a<TAB>b" lines; prints -1, 0 or 1, x for a label without a version.
"""

import sys

import rpm  # type: ignore[import-not-found]  # the system's, not ours


def _label(text: str) -> tuple[str, str, str | None]:
    epoch, colon, rest = text.partition(":")
    if not colon or epoch.strip("0123456789"):
        epoch, rest = "0", text
    version, hyphen, release = rest.rpartition("-")
    return (epoch or "0", version, release) if hyphen else (epoch or "0", rest, None)


for line in sys.stdin:
    first, second = (_label(text) for text in line.rstrip("\n").split("\t"))
    answer = rpm.labelCompare(first, second) if first[1] and second[1] else "x"
    sys.stdout.write(f"{answer}\n")
