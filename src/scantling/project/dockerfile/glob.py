"""The patterns of `${name#pattern}`: `*`, `?` and escapes, matched in time that has a bound.

Source: Dockerfile reference, "Environment replacement"; POSIX 2.13, without bracket expressions.
"""

from typing import Final

_STAR: Final = ""
_ANY: Final = "?"
_STEPS: Final = 4_000_000
"""Length of value times length of pattern; a tenth of a second."""

Token = tuple[bool, str]


class PatternError(ValueError):
    """A pattern cannot be used; the text says why."""


def tokens(pattern: str) -> list[Token]:
    """Return a pattern as (is wildcard, character); `\\` quotes `*`, `?`, `\\`, `}` and `/`.

    Raises PatternError for any other escape.
    """
    found: list[Token] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            found.append((True, _STAR))
        elif char == "?":
            found.append((True, _ANY))
        elif char == "\\":
            at += 1
            if at == len(pattern) or pattern[at] not in "*?\\}/":
                raise PatternError(f"\\{pattern[at : at + 1]} is no escape of a pattern")
            found.append((False, pattern[at]))
        else:
            found.append((False, char))
        at += 1
    return found


def without_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """Return the value without the shortest or longest start that matches; raises PatternError."""
    ends = _ends(value, tokens(pattern), longest=longest)
    return value if ends is None else value[ends:]


def without_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """Return the value without the shortest or longest end that matches; raises PatternError."""
    ends = _ends(value[::-1], tokens(pattern)[::-1], longest=longest)
    return value if ends is None else value[: len(value) - ends]


def replaced(value: str, pattern: str, by: str, *, every: bool) -> str:
    """Return the value with the first or every match replaced, as long as it can be.

    An empty pattern matches before the first character only. Raises PatternError.
    """
    parts = tokens(pattern)
    if parts and not any(wild for wild, _ in parts):
        return value.replace("".join(char for _, char in parts), by, -1 if every else 1)
    if len(value) * len(value) * max(len(parts), 1) > _STEPS:
        raise PatternError("the value is too long for a replacement")
    out: list[str] = []
    at = 0
    while at <= len(value):
        ends = _ends(value[at:], parts, longest=True)
        if ends is None:
            out.append(value[at : at + 1])
            at += 1
            continue
        out.append(by)
        at += ends
        if not every or ends == 0:
            break
        if at == len(value):
            break
    out.append(value[at:])
    return "".join(out)


def _ends(value: str, parts: list[Token], *, longest: bool) -> int | None:
    """Return how much of the value's start the pattern takes; None if it does not match."""
    if len(value) * max(len(parts), 1) > _STEPS:
        raise PatternError("value and pattern are too long")
    reached = [True] + [False] * len(value)
    for wild, char in parts:
        if wild and char == _STAR:
            first = reached.index(True) if True in reached else len(reached)
            reached = [at >= first for at in range(len(reached))]
            continue
        reached = [False] + [
            here and (wild or value[at] == char) for at, here in enumerate(reached[:-1])
        ]
    if True not in reached:
        return None
    if longest:
        return len(reached) - 1 - reached[::-1].index(True)
    return reached.index(True)
