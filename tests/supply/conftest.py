"""The database of the journeys, and the command in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct

from scantling.cli.main import main
from tests.journeys.conftest import EPOCH, database

__all__ = ["database"]


class Outcome(Struct, frozen=True):
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(
    tmp_path: Path,
    database: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Return a function that runs a command with that database, at its date."""
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    settings = {
        "HOME": str(tmp_path / "home"),
        "CI": "true",
        "SCANTLING_DB": str(database),
        "SCANTLING_CACHE_DIR": str(tmp_path / "cache"),
        "SOURCE_DATE_EPOCH": EPOCH,
        "COSIGN_PASSWORD": "correct horse",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*argv: object) -> Outcome:
        code = main([*map(str, argv)])
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run
