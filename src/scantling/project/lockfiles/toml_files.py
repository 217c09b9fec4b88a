"""TOML files: Poetry, uv, PDM, Cargo, Pipenv, pyproject.toml.

Read by lines, since a position is all that is wanted: lockfiles are written by tools in one
form, and manifests in few.

Source: TOML 1.0.0; pyproject.toml specification (PyPA); The Cargo Book, "Cargo.lock", "The
Manifest Format".
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.project.lockfiles.entry import Entry

_TABLE: Final = re.compile(r"\[++[ \t]*+(?P<name>[^\]\n]++)\]++.*")
_KEY: Final = re.compile(
    r"""[ \t]*+["']?(?P<key>[A-Za-z0-9_.-]++)["']?[ \t]*+=[ \t]*+(?P<value>.*)"""
)
_TEXT: Final = re.compile(r"""(?P<quote>["'])(?P<text>(?:(?!(?P=quote))[^\n])++)(?P=quote)""")
_NAME: Final = re.compile(r"[ \t]*+(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_LIST_TABLES: Final = frozenset(
    {"project.optional-dependencies", "dependency-groups", "tool.pdm.dev-dependencies"}
)
_LIST_KEYS: Final = frozenset({"dependencies", "dev-dependencies", "requires"})
_KEY_TABLE: Final = re.compile(r"(?:.+\.)?(?:dev-|build-)?(?:dependencies|packages|dev-packages)")


def toml_lock(text: str) -> Iterator[Entry]:
    """Yield the `[[package]]` tables of a lockfile, at the line of their name."""
    inside, name, line = False, "", 0
    for number, row in enumerate(text.split("\n"), 1):
        if row.startswith("["):
            inside, name = row.strip() == "[[package]]", ""
            continue
        found = _KEY.match(row) if inside else None
        value = _TEXT.match(found["value"]) if found else None
        if found is None or value is None:
            continue
        if found["key"] == "name":
            name, line = value["text"], number
        elif found["key"] == "version" and name:
            yield Entry(name=name, version=value["text"], line=line)
            name = ""


def pyproject(text: str) -> Iterator[Entry]:
    """Yield the direct dependencies of pyproject.toml: PEP 621, groups, Poetry, PDM, uv."""
    table, listing = "", False
    for number, row in enumerate(text.split("\n"), 1):
        head = _TABLE.fullmatch(row.strip())
        if head is not None and not listing:
            table = head["name"].strip()
            continue
        found = None if listing else _KEY.match(row)
        if found is not None and _lists(table, found["key"]):
            listing = found["value"].startswith("[")
            row = found["value"]  # noqa: PLW2901 - the rest of the row is the list's start
        if listing and not row.lstrip().startswith("#"):
            yield from _requirements(row, number)
            listing = not _closes(row)
        elif found is not None and table.startswith("tool.poetry") and _KEY_TABLE.fullmatch(table):
            yield Entry(name=found["key"], version="", line=number)


def key_tables(text: str) -> Iterator[Entry]:
    """Yield the direct dependencies of Cargo.toml or Pipfile: keys, or tables of their own."""
    table = ""
    for number, row in enumerate(text.split("\n"), 1):
        head = _TABLE.fullmatch(row.strip())
        if head is not None:
            table = head["name"].strip()
            outer, _, name = table.rpartition(".")
            if _KEY_TABLE.fullmatch(outer):
                yield Entry(name=name.strip("\"' "), version="", line=number)
            continue
        found = _KEY.match(row)
        if found is not None and _KEY_TABLE.fullmatch(table):
            yield Entry(name=found["key"].partition(".")[0], version="", line=number)


def _lists(table: str, key: str) -> bool:
    return table in _LIST_TABLES or (
        table in {"project", "build-system", "tool.uv"} and key in _LIST_KEYS
    )


def _closes(row: str) -> bool:
    return row.partition("#")[0].rstrip().endswith("]")


def _requirements(row: str, number: int) -> Iterator[Entry]:
    for one in _TEXT.finditer(row):
        name = _NAME.match(one["text"])
        if name is not None:
            yield Entry(name=name["name"], version="", line=number)
