"""Python's manifests: where a dependency's constraint stands, and the file with it moved.

Source: PyPA, "Writing your pyproject.toml", "Dependency groups"; PEP 508; Poetry, "The
pyproject.toml file"; Pipenv, "Pipfile".
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.project.lockfiles.entry import same_name
from scantling.remedy.locks.line_text import requirement
from scantling.remedy.locks.ranges import moved
from scantling.remedy.locks.toml_text import Literal, literals, replaced

_LISTS: Final = frozenset({"dependencies", "dev-dependencies", "constraint-dependencies"})
_DEPENDENCIES: Final = 2
"""Keys before a name in `tool.poetry.dependencies.<name>`: `tool`, `poetry` and what follows."""
_PIPFILE: Final = frozenset({"packages", "dev-packages"})


class Constraint(Struct, frozen=True, kw_only=True):
    """A direct dependency. `grammar` is `pypi` or `poetry`; `literal` the text it stands in."""

    name: str
    constraint: str
    grammar: str
    literal: Literal
    start: int = 0
    end: int = 0
    """Where in the literal's text the constraint is."""


def pyproject(text: str) -> Iterator[Constraint]:
    """Yield the direct dependencies that have a constraint in a text. Raises InputError."""
    for literal in literals(text):
        path = literal.path
        if _is_list(path):
            found = requirement(literal.text)
            if found is not None:
                yield Constraint(
                    name=found.name,
                    constraint=found.constraint,
                    grammar="pypi",
                    literal=literal,
                    start=found.start,
                    end=found.end,
                )
        elif path[:2] == ("tool", "poetry"):
            yield from _keyed(path[_DEPENDENCIES:], literal, "poetry")


def pipfile(text: str) -> Iterator[Constraint]:
    """Yield the dependencies of a Pipfile. Raises InputError."""
    for literal in literals(text):
        if literal.path[:1] and literal.path[0] in _PIPFILE:
            yield from _keyed(("dependencies", *literal.path[1:]), literal, "pypi")


def constraints(path: str, text: str) -> tuple[Constraint, ...]:
    """Return the direct dependencies of pyproject.toml or a Pipfile. Raises InputError."""
    return tuple(pipfile(text) if path.endswith("Pipfile") else pyproject(text))


def required(text: str, name: str, version: str, *, path: str) -> str:
    """Return the manifest with a package's constraints moved; unchanged where they cannot be."""
    wanted = same_name("pypi", name)
    for one in reversed(constraints(path, text)):
        if same_name("pypi", one.name) != wanted:
            continue
        constraint = "" if one.constraint == "*" and one.grammar == "pypi" else one.constraint
        made = moved(one.grammar, constraint, version)
        if made and made != one.constraint:
            old = one.literal.text
            text = replaced(text, one.literal, old[: one.start] + made + old[one.end :])
    return text


def _is_list(path: tuple[str, ...]) -> bool:
    match path:
        case ("project", "dependencies") | ("project", "optional-dependencies", _):
            return True
        case ("dependency-groups", _) | ("tool", "pdm", "dev-dependencies", _):
            return True
        case ("tool", "uv", key):
            return key in _LISTS
        case _:
            return False


def _keyed(path: tuple[str, ...], literal: Literal, grammar: str) -> Iterator[Constraint]:
    """Yield a dependency of a table: `name = "^1.2"` or `name = { version = "^1.2" }`."""
    match path:
        case ("dependencies" | "dev-dependencies", name):
            pass
        case ("dependencies" | "dev-dependencies", name, "version"):
            pass
        case ("group", _, "dependencies", name) | ("group", _, "dependencies", name, "version"):
            pass
        case _:
            return
    if name.lower() != "python":
        yield Constraint(
            name=name,
            constraint=literal.text,
            grammar=grammar,
            literal=literal,
            end=len(literal.text),
        )
