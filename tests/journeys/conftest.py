"""A small signed database, images, and a way to run the command as a user would."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.build import Plan, Tools, build
from scantling.advisories.sign import local_key, sign
from scantling.advisories.store import Store
from scantling.core.model.advisory import Advisory, Fix, Interval, Severity, Statement
from scantling.core.progress import Quiet
from scantling.testing.advisories import NOW, OneFetcher
from scantling.testing.images import MemoryImage
from scantling.versions.registry import scheme_for

EPOCH = str(int(NOW.timestamp()))

OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
STATUS = b"""Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.11-1~deb12u2

Package: python3-django
Status: install ok installed
Architecture: all
Source: python-django
Version: 3:2.2-1+deb12u1

"""
DISTRO_DJANGO = "usr/lib/python3/dist-packages/Django-2.2.dist-info/METADATA"
BASE = {
    "etc/os-release": OS_RELEASE,
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/python3-django.list": f"/.\n/usr\n/{DISTRO_DJANGO}\n".encode(),
    "bin/sh": b"",
    DISTRO_DJANGO: b"Metadata-Version: 2.1\nName: Django\nVersion: 2.2\n\n",
}
APP = {
    "app/Django-2.2.dist-info/METADATA": b"Metadata-Version: 2.1\nName: Django\nVersion: 2.2\n\n",
    "app/node_modules/left/package.json": b'{"name": "left", "version": "1.0.0"}',
}
IMAGE = MemoryImage(layers=(BASE, APP))


class Outcome(Struct, frozen=True):
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


def _advisory(id_: str, *statements: Statement, source: str, **fields: object) -> Advisory:
    known = {"source": source, "modified": "2026-08-30", "summary": f"about {id_}"}
    return Advisory(id=id_, statements=statements, **{**known, **fields})  # type: ignore[arg-type]


def _feed(name: str, ecosystem: str, *records: Record) -> Feed:
    def parse(_spool: Spool) -> Iterator[Record]:
        return iter(records)

    return Feed(
        name=name,
        title=name,
        license="CC0-1.0",
        attribution="Example",
        urls=(f"https://example.com/{name}",),
        covers=(Coverage(ecosystem=ecosystem, completeness=Completeness.FULL),),
        parse=parse,
    )


def _records() -> tuple[Feed, ...]:
    high = (Severity("pypa", "cvss3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),)
    django = Statement(
        ecosystem="pypi",
        package="django",
        vulnerability="CVE-2019-19844",
        ranges=(Interval(high="2.2.9"),),
        fix=Fix.FIXED,
        fixed_in=("2.2.9",),
        severities=high,
    )
    fixed = Statement(
        ecosystem="deb/debian:12",
        package="python-django",
        vulnerability="CVE-2019-19844",
        source_package=True,
        ranges=(Interval(high="3:2.2-1+deb12u1"),),
        fix=Fix.FIXED,
        fixed_in=("3:2.2-1+deb12u1",),
    )
    openssl = Statement(
        ecosystem="deb/debian:12",
        package="openssl",
        vulnerability="CVE-2023-5678",
        source_package=True,
        ranges=(Interval(high="3.0.13-1~deb12u1"),),
        fix=Fix.FIXED,
        fixed_in=("3.0.13-1~deb12u1",),
        severities=(Severity("debian", "word", "low"),),
    )
    left = Statement(ecosystem="npm", package="left", vulnerability="CVE-2020-1", versions=("0.1",))
    return (
        _feed("pypa", "pypi", _advisory("PYSEC-2019-16", django, source="pypa")),
        _feed(
            "debian",
            "deb/debian:",
            _advisory("DSA-1", fixed, source="debian"),
            _advisory("DSA-2", openssl, source="debian"),
        ),
        _feed("npm", "npm", _advisory("NPM-1", left, source="npm")),
    )


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a signed database of three sources."""
    root = tmp_path_factory.mktemp("database")
    tools = Tools(
        fetcher=OneFetcher(),
        key_for=lambda ecosystem: scheme_for(ecosystem).key,
        progress=Quiet(),
        now=NOW,
        sign=sign,
    )
    build(Plan(feeds=_records(), key_file=local_key(root / "keys")), Store(root / "db"), tools)
    return root / "db"


@pytest.fixture
def run(tmp_path: Path, database: Path) -> Run:
    """Return a function that runs `scantling` with that database, at its date."""

    def run(*argv: object, **environment: str) -> Outcome:
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
            "HOME": str(tmp_path / "home"),
            "CI": "true",
            "SCANTLING_DB": str(database),
            "SCANTLING_CACHE_DIR": str(tmp_path / "cache"),
            "SOURCE_DATE_EPOCH": EPOCH,
            **environment,
        }
        done = subprocess.run(
            [sys.executable, "-m", "scantling", *map(str, argv)],
            env={name: value for name, value in env.items() if value},
            capture_output=True,
            check=False,
            text=True,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return the standard image as a folder in the OCI layout."""
    return IMAGE.write_layout(tmp_path / "image")
