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
