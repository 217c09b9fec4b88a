"""Pieces of version keys: texts of code points below 256 that are encoded once, as Latin-1.

A key is built as `str`, because joining short texts is the fastest thing Python does with them,
and turned into bytes by `finish`. Numbers never become `int`: a run of digits is written as its
length and its digits, so its size is bounded by the text and its order is the numbers' order.
"""

from typing import Final

from scantling.core.limits import DEFAULT

MAX_CHARS: Final = DEFAULT.version_chars
"""Longer texts have no key (H120, L21)."""

LOWEST: Final = b"\x00"
"""Below every other key of a scheme that uses it: OSV's `0`, "since the first version"."""


def number_marks(base: int) -> tuple[str, ...]:
    """Return what stands before a number of n digits (no leading zeros), at index n.

    The marks rise with n, begin with a character from `base` up, and none begins another; so
    `marks[len(digits)] + digits` sorts as the number. The number 0 has no digits.
    """
    room = 255 - base
    short = [chr(base + length) for length in range(min(room, MAX_CHARS + 1))]
    long = ["\xff" + chr(length - room) for length in range(room, MAX_CHARS + 1)]
    return (*short, *long)


def number(digits: str, marks: tuple[str, ...]) -> str:
    """Return the sortable form of a run of ASCII digits."""
    digits = digits.lstrip("0")
    return marks[len(digits)] + digits


def numbers(dotted: str, marks: tuple[str, ...]) -> str:
    """Return the sortable forms of `1.2.3`, joined; every part is a run of ASCII digits."""
    return "".join(
        [marks[len(digits)] + digits for digits in [part.lstrip("0") for part in dotted.split(".")]]
    )


def finish(pieces: str) -> bytes:
    """Return the key that the pieces make."""
    return pieces.encode("latin-1")
