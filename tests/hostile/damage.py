"""Damage to bytes, to the lines of a text and to JSON documents, from a seeded generator."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Final

from scantling.testing.images import json_bytes

_BLOCK: Final = 512

Damage = Callable[[random.Random, bytes], bytes]


def flip(rng: random.Random, data: bytes) -> bytes:
    """Flip one to eight bits, close to each other."""
    out = bytearray(data)
    at = rng.randrange(len(out))
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        place = min(len(out) - 1, at + rng.randrange(16))
        out[place] ^= 1 << rng.randrange(8)
    return bytes(out)


def cut(rng: random.Random, data: bytes) -> bytes:
    """Drop the end."""
    return data[: rng.randrange(len(data))]


def delete(rng: random.Random, data: bytes) -> bytes:
    """Drop some bytes, or whole blocks."""
    unit = rng.choice((1, 1, 7, _BLOCK))
    at = rng.randrange(len(data)) // unit * unit
    return data[:at] + data[at + unit * rng.randrange(1, 4) :]


def insert(rng: random.Random, data: bytes) -> bytes:
    """Put in some bytes, or whole blocks, random ones or zeros."""
    unit = rng.choice((1, 1, 7, _BLOCK))
    at = rng.randrange(len(data) + 1) // unit * unit
    count = unit * rng.randrange(1, 4)
    return data[:at] + rng.choice((bytes(count), rng.randbytes(count))) + data[at:]


def zero(rng: random.Random, data: bytes) -> bytes:
    """Blank a range."""
    at = rng.randrange(len(data))
    count = min(len(data) - at, rng.choice((1, 16, _BLOCK, 2048)))
    return data[:at] + bytes(count) + data[at + count :]


def copy(rng: random.Random, data: bytes) -> bytes:
    """Overwrite a range by another, or repeat it."""
    count = rng.choice((8, 64, _BLOCK, 1024))
    at, source = (rng.randrange(len(data)) // 8 * 8 for _ in range(2))
    kept = at if rng.random() < 0.3 else at + count
    return data[:at] + data[source : source + count] + data[kept:]


BYTES: Final[tuple[Damage, ...]] = (flip, flip, flip, cut, delete, insert, zero, copy)


def _lines(rng: random.Random, data: bytes, change: Callable[[list[bytes], int], None]) -> bytes:
    lines = data.split(b"\n")
    change(lines, rng.randrange(len(lines)))
    return b"\n".join(lines)


def drop_line(rng: random.Random, data: bytes) -> bytes:
    """Drop one line."""
    return _lines(rng, data, lambda lines, at: lines.__delitem__(at))


def repeat_line(rng: random.Random, data: bytes) -> bytes:
    """Repeat one line."""
    return _lines(rng, data, lambda lines, at: lines.insert(at, lines[at]))


def blank_line(rng: random.Random, data: bytes) -> bytes:
    """Put an empty line in."""
    return _lines(rng, data, lambda lines, at: lines.insert(at, rng.choice((b"", b" ", b"\r"))))


def break_key(rng: random.Random, data: bytes) -> bytes:
    """Change the start of a line."""

    def change(lines: list[bytes], at: int) -> None:
        head, colon, tail = lines[at].partition(b":")
        new = rng.choice(
            (head.lower(), head.upper(), b"X" + head, head[1:], b" " + head, b"#" + head)
        )
        lines[at] = new + colon + tail

    return _lines(rng, data, change)


def no_value(rng: random.Random, data: bytes) -> bytes:
    """Take a line's value away."""

    def change(lines: list[bytes], at: int) -> None:
        head, colon, _ = lines[at].partition(b":")
        lines[at] = head + colon

    return _lines(rng, data, change)


def odd_byte(rng: random.Random, data: bytes) -> bytes:
    """Put a byte in that text should not have."""
    at = rng.randrange(len(data) + 1)
    odd = (
        b"\0",
        b"\r",
        b"\x1b[2J",
        b"\xff",
        "\u2028".encode(),
        "\u202e".encode(),
        b"\x0c",
        b"\n\n",
    )
    return data[:at] + rng.choice(odd) + data[at:]


def carriage_returns(_rng: random.Random, data: bytes) -> bytes:
    """End every line as DOS does."""
    return data.replace(b"\n", b"\r\n")


def wide(rng: random.Random, data: bytes) -> bytes:
    """Encode the text as something else than UTF-8."""
    text = data.decode("latin-1")
    return text.encode(rng.choice(("utf-16", "utf-16-be", "utf-8-sig", "utf-32")))


def nothing(_rng: random.Random, _data: bytes) -> bytes:
    """Leave an empty file."""
    return b""


LINES: Final[tuple[Damage, ...]] = (
    drop_line,
    repeat_line,
    blank_line,
    break_key,
    no_value,
    odd_byte,
    carriage_returns,
    wide,
    nothing,
)


def damaged_json(rng: random.Random, data: bytes) -> tuple[str, bytes]:
    """Damage a document: its bytes, or one of its keys or values; say how."""
    if rng.random() < 0.3:
        damage = rng.choice(BYTES)
        return damage.__name__, damage(rng, data)
    value = json.loads(data)
    node, key = rng.choice(list(_places(value)))
    odd: object = rng.choice(_ODD)
    what = rng.choice(("drop", "null", "type", "rename", "double", "twin", "case"))
    if isinstance(node, list):
        _damage_list(node, int(key), what, odd)
    elif what == "double":
        return f"double {key}", _with_double_key(value, node, str(key), odd)
    else:
        _damage_object(node, str(key), what, odd)
    return f"{what} {key}", json_bytes(value)


_Node = dict[str, object] | list[object]
_ODD: Final[tuple[object, ...]] = (None, 0, -1, "", [], {}, True, "sha256:x", 1e400, "\0")


def _places(node: object) -> Iterator[tuple[_Node, str | int]]:
    """Yield every (container, key) of a document."""
    if isinstance(node, dict | list):
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield node, key
            yield from _places(child)


def _damage_list(node: list[object], at: int, what: str, odd: object) -> None:
    if what == "drop":
        del node[at]
    elif what in {"double", "twin"}:
        node.insert(at, node[at])
    else:
        node[at] = odd


def _damage_object(node: dict[str, object], key: str, what: str, odd: object) -> None:
    match what:
        case "drop":
            del node[key]
        case "rename":
            node[f"{key}x"] = node.pop(key)
        case "case":
            node[key.upper()] = node.pop(key)
        case "twin":
            node[key.upper()] = odd
        case "null":
            node[key] = None
        case _:
            node[key] = odd


def _with_double_key(value: object, node: dict[str, object], key: str, odd: object) -> bytes:
    """Return the document with `key` given twice in `node`, which no dict can hold."""
    marked = json_bytes({**node, f"{key}\ufffe": odd}).replace(
        f"{key}\\ufffe".encode(), key.encode()
    )
    return json_bytes(value).replace(json_bytes(node), marked)
