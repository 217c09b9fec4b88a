"""Where feeds are fetched from instead of their publishers: `feeds.toml` and `NAME=PLACE`.

    # feeds.toml; paths are relative to its folder
    [sources]
    go = "go-vulndb-osv/data/osv"
    alpine = ["alpine/v3.19.json", "alpine/v3.20.json"]
    epss = { places = ["epss.csv.gz"], as_of = "2026-08-16" }

A place is an address, a file, a folder, or a path that leads into an archive.

Source: TOML 1.0.0.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories.fetch import Location
from scantling.advisories.manifest import moment
from scantling.core.errors import AdvisoryDataError, UsageError

FILE_NAME: Final = "feeds.toml"


class _Place(Struct, forbid_unknown_fields=True):
    places: list[str]
    as_of: str = ""


class _File(Struct, forbid_unknown_fields=True):
    sources: dict[str, str | list[str] | _Place]


def read_locations(path: Path) -> dict[str, Location]:
    """Return the locations in a `feeds.toml`. Raises UsageError if it cannot be understood."""
    try:
        with path.open("rb") as file:
            found = msgspec.convert(tomllib.load(file), _File)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    return {name: _location(value, path) for name, value in found.sources.items()}


def parse_location(text: str) -> tuple[str, Location]:
    """Return the name and location in `NAME=PLACE`. Raises UsageError for other texts."""
    name, equals, place = text.partition("=")
    if not (name and equals and place):
        raise UsageError(f"--source takes NAME=URL_OR_PATH; not {text!r}")
    return name, Location(places=(place,))


def check_names(locations: Mapping[str, Location], known: frozenset[str]) -> None:
    """Raise UsageError for a name that no feed has: its data would be left out silently."""
    for name in sorted(locations):
        if name not in known:
            raise UsageError(f"there is no feed {name!r}; known are {', '.join(sorted(known))}")


def _location(value: "str | list[str] | _Place", path: Path) -> Location:
    match value:
        case str():
            return Location(places=(value,))
        case list():
            return Location(places=tuple(value))
        case _Place():
            if value.as_of:
                try:
                    moment(value.as_of)
                except AdvisoryDataError as error:
                    raise UsageError(f"{path}: as_of: {error}") from error
            return Location(places=tuple(value.places), as_of=value.as_of)
