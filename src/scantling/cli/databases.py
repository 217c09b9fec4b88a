"""Which advisory database a command uses: the chosen one, the newest one here, or the starter."""

from pathlib import Path

from scantling.advisories.database import Database
from scantling.advisories.store import Store, open_starter
from scantling.cli.options import data_dir, setting
from scantling.core.errors import AdvisoryDataError


def store_of(flag: str | None) -> Store:
    """Return the store: the folder that `--db` or SCANTLING_DB names, else the user's own."""
    named = setting(flag, "DB")
    return Store(Path(named) if named and not is_digest(named) else data_dir() / "db")


def is_digest(text: str) -> bool:
    """Return whether the text names a version of the database rather than a folder."""
    return text.startswith("sha256:")


def open_chosen(flag: str | None) -> Database:
    """Return the database to use.

    With `--db` exactly that one: a folder's current version, or the version with that digest in
    the user's own store. Without it the newest one here, else the embedded starter. Raises
    AdvisoryDataError with what to do when the chosen one cannot be used; never falls back from it.
    """
    store = store_of(flag)
    named = setting(flag, "DB")
    if named and is_digest(named):
        return store.open(named)
    if named and not store.current():
        raise AdvisoryDataError(
            f"there is no advisory database in {named!r}; make one with"
            f" `scantling db build --db {named}`, or leave --db out"
        )
    return store.open() if store.current() else open_starter()
