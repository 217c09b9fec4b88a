"""The conditions that come with Scantling, and those of files that a user names."""

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Final

from scantling.assess.conditions.document import read_conditions
from scantling.assess.conditions.model import Condition
from scantling.core.errors import InputError, UsageError

BUILT_IN: Final = ("containers", "libraries", "setuid", "servers")
"""Names of the documents in this package."""


@lru_cache(maxsize=1)
def built_in() -> tuple[Condition, ...]:
    """Return the conditions that come with Scantling, by id."""
    found: list[Condition] = []
    folder = files("scantling.assess.conditions").joinpath("data")
    for name in BUILT_IN:
        data = folder.joinpath(f"{name}.yaml").read_bytes()
        found += read_conditions(data, origin=f"built-in {name}")
    return tuple(sorted(found, key=lambda one: one.id))


def conditions_of(named: Iterable[tuple[str, bytes]]) -> tuple[Condition, ...]:
    """Return the built-in conditions and those of files, given as (name, content), by id.

    A user's condition stands for a built-in one of the same id. Raises UsageError with file and
    line, or if two files have the same id.
    """
    found = {one.id: one for one in built_in()}
    own: dict[str, Condition] = {}
    for name, data in named:
        try:
            conditions = read_conditions(data, origin=name)
        except InputError as error:
            raise UsageError(error.detail) from error
        for one in conditions:
            if one.id in own:
                raise UsageError(f"{name}: {one.id} is a condition of {own[one.id].origin} as well")
            own[one.id] = one
    return tuple(sorted((found | own).values(), key=lambda one: one.id))
