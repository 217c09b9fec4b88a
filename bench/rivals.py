"""The hot facts of our database in the layouts of two others, for `sizes.py`.

Hot is what matching needs: which package, which vulnerability, which versions, fixed where. What
others keep with it and we keep apart (texts, links, CVSS vectors) is in none of the three. Where a
layout leaves a choice, the smaller one is taken.

Source: Grype's database schema 6.1 (https://github.com/anchore/grype, schema/grype/db/sql; blobs in
grype/db/v6/blobs.go); Trivy's (https://github.com/aquasecurity/trivy-db, pkg/types/types.go,
pkg/vulnsrc/bucket, pkg/db).
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from bbolt import Tree
from scantling.core.model.advisory import Fix, Interval, Statement, Stored

_Key = TypeVar("_Key")

_TRIVY_OS: Final = {"almalinux": "alma", "azurelinux": "Azure Linux"}
_TRIVY_LANGUAGE: Final = {
    "pypi": "pip",
    "golang": "go",
    "gem": "rubygems",
    "hex": "erlang",
    "npm": "npm",
}
_TRIVY_STATUS: Final = {Fix.NONE: 2, Fix.WILL_NOT_FIX: 5, Fix.DEFERRED: 6, Fix.END_OF_LIFE: 7}
_TRIVY_SEVERITY: Final = {"low": 1, "medium": 2, "high": 3, "critical": 4}
_GRYPE_TYPE: Final = {"deb": "dpkg", "pypi": "python", "golang": "go", "cargo": "semver"}
_GRYPE_STATE: Final = {Fix.FIXED: "fixed", Fix.NONE: "not-fixed", Fix.WILL_NOT_FIX: "wont-fix"}

_GRYPE: Final = """
CREATE TABLE providers (id text, version text, processor text, date_captured datetime,
  input_digest text, PRIMARY KEY (id));
CREATE TABLE blobs (id integer PRIMARY KEY AUTOINCREMENT, value text NOT NULL);
CREATE TABLE packages (id integer PRIMARY KEY AUTOINCREMENT, ecosystem text, name text);
CREATE TABLE operating_systems (id integer PRIMARY KEY AUTOINCREMENT, name text, release_id text,
  major_version text, minor_version text, label_version text, codename text, channel text,
  eol_date datetime, eoas_date datetime);
CREATE TABLE vulnerability_handles (id integer PRIMARY KEY AUTOINCREMENT, name text NOT NULL,
  status text NOT NULL, published_date datetime, modified_date datetime, withdrawn_date datetime,
  provider_id text NOT NULL, blob_id integer);
CREATE TABLE vulnerability_aliases (name text, alias text NOT NULL, PRIMARY KEY (name, alias));
CREATE TABLE affected_package_handles (id integer PRIMARY KEY AUTOINCREMENT,
  vulnerability_id integer NOT NULL, operating_system_id integer, package_id integer,
  blob_id integer);
CREATE INDEX aph_os ON affected_package_handles(operating_system_id);
CREATE INDEX aph_package ON affected_package_handles(package_id);
CREATE INDEX aph_vulnerability ON affected_package_handles(vulnerability_id);
CREATE INDEX os_eol ON operating_systems(eol_date);
CREATE INDEX os_major ON operating_systems(major_version);
CREATE INDEX os_minor ON operating_systems(minor_version);
CREATE UNIQUE INDEX os_idx ON operating_systems(name, release_id, major_version, minor_version,
  label_version, channel);
CREATE INDEX package_name ON packages(name COLLATE NOCASE);
CREATE UNIQUE INDEX package_idx ON packages(ecosystem COLLATE NOCASE, name COLLATE NOCASE);
CREATE INDEX vh_name ON vulnerability_handles(name COLLATE NOCASE, provider_id COLLATE NOCASE);
CREATE INDEX vh_modified ON vulnerability_handles(modified_date);
CREATE INDEX vh_provider ON vulnerability_handles(provider_id);
CREATE INDEX vh_published ON vulnerability_handles(published_date);
CREATE INDEX vh_withdrawn ON vulnerability_handles(withdrawn_date);
"""


def write_grype(path: Path, statements: Iterable[Stored]) -> int:
    """Write an SQLite file in Grype's layout, compacted; return its size in bytes."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;" + _GRYPE)
    rows = _GrypeRows()
    insert = "INSERT INTO affected_package_handles VALUES (NULL, ?, ?, ?, ?)"
    database.executemany(insert, map(rows.handle, statements))
    for table, values in rows.tables():
        if values:
            marks = ", ".join("?" * len(values[0]))
            insert = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - names of our own
            database.executemany(insert, values)
    database.executescript("VACUUM")
    database.close()
    return path.stat().st_size


def trivy_tree(statements: Iterable[Stored]) -> Tree:
    """Return Trivy's buckets: one for each source or release, in it one for each package."""
    buckets: dict[bytes, dict[bytes, dict[bytes, list[dict[str, object]]]]] = {}
    for stored in statements:
        said = stored.statement
        package = "::".join((*said.modules[:1], said.package))
        bucket = buckets.setdefault(_trivy_bucket(stored).encode(), {})
        values = bucket.setdefault(package.encode(), {})
        name = (said.vulnerability or stored.advisory).encode()
        values.setdefault(name, []).append(_trivy_value(stored))
    return {
        name: {
            package: {key: _trivy_joined(found) for key, found in values.items()}
            for package, values in bucket.items()
        }
        for name, bucket in buckets.items()
    }


class _GrypeRows:
    """Rows of the tables that others refer to: each said once."""

    def __init__(self) -> None:
        self._blobs: dict[str, int] = {}
        self._packages: dict[tuple[str, str], int] = {}
        self._systems: dict[str, int] = {}
        self._handles: dict[tuple[str, str], int] = {}
        self._vulnerabilities: list[tuple[object, ...]] = []
        self._aliases: set[tuple[str, str]] = set()
        self._providers: set[str] = set()

    def handle(self, stored: Stored) -> tuple[int, int | None, int, int]:
        """Return the row of one statement, and note the rows it refers to."""
        said = stored.statement
        kind, _, release = said.ecosystem.partition("/")
        package = (kind, said.package.lower())  # names that differ in case are one there
        return (
            self._vulnerability(stored),
            _number(self._systems, release) if release else None,
            _number(self._packages, package),
            _number(self._blobs, _compact(_grype_blob(stored, kind))),
        )

    def tables(self) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
        yield "providers", [(one, None, None, None, None) for one in sorted(self._providers)]
        yield "blobs", [(number, value) for value, number in self._blobs.items()]
        yield "packages", [(number, *one) for one, number in self._packages.items()]
        systems: list[tuple[object, ...]] = []
        for release, number in self._systems.items():
            name, _, version = release.partition(":")
            major, _, minor = version.partition(".")
            systems.append((number, name, name, major, minor, None, None, None, None, None))
        yield "operating_systems", systems
        yield "vulnerability_handles", self._vulnerabilities
        yield "vulnerability_aliases", [*self._aliases]

    def _vulnerability(self, stored: Stored) -> int:
        name = stored.statement.vulnerability or stored.advisory
        key = (stored.source, name)
        if key in self._handles:
            return self._handles[key]
        number = _number(self._handles, key)
        self._providers.add(stored.source)
        self._aliases.update((name, alias) for alias in stored.aliases)
        status = "rejected" if stored.withdrawn else "active"
        blob = _number(self._blobs, _compact({"id": name.lower()}))
        dates = (stored.published or None, stored.modified or None, stored.withdrawn or None)
        self._vulnerabilities.append((number, name, status, *dates, stored.source, blob))
        return number


def _number(table: dict[_Key, int], key: _Key) -> int:
    return table.setdefault(key, len(table) + 1)


def _grype_blob(stored: Stored, kind: str) -> dict[str, object]:
    said = stored.statement
    fix = said.fixed_in[0] if said.fixed_in else ""
    state = {"version": fix, "state": _GRYPE_STATE.get(said.fix, "unknown")}
    ranges = [
        {"version": {"type": _GRYPE_TYPE.get(kind, kind), "constraint": one}, "fix": state}
        for one in _constraints(said)
    ]
    blob: dict[str, object] = {"ranges": ranges}
    if said.vulnerability.startswith("CVE-"):
        blob["cves"] = [said.vulnerability]
    if said.modules:
        blob["qualifiers"] = {"rpm_modularity": said.modules[0]}
    return blob


def _trivy_bucket(stored: Stored) -> str:
    kind, _, release = stored.statement.ecosystem.partition("/")
    if release:
        name, _, version = release.partition(":")
        return f"{_TRIVY_OS.get(name, name)} {version}".strip()
    return f"{_TRIVY_LANGUAGE.get(kind, kind)}::{stored.source}"


def _trivy_value(stored: Stored) -> dict[str, object]:
    said = stored.statement
    value: dict[str, object] = {}
    if "/" in said.ecosystem:
        if said.fixed_in:
            value["FixedVersion"] = said.fixed_in[0]
        elif said.fix in _TRIVY_STATUS:
            value["Status"] = _TRIVY_STATUS[said.fix]
        if said.archs:
            value["Arches"] = said.archs
        if stored.advisory != said.vulnerability:
            value["VendorIDs"] = [stored.advisory]
    if "/" not in said.ecosystem or not _is_plain(said):
        value["VulnerableVersions"] = _constraints(said)
        if "/" not in said.ecosystem and said.fixed_in:
            value["PatchedVersions"] = said.fixed_in
    words = [one.value for one in said.severities if one.kind == "word"]
    if words and words[0] in _TRIVY_SEVERITY:
        value["Severity"] = _TRIVY_SEVERITY[words[0]]
    return value


def _trivy_joined(found: list[dict[str, object]]) -> bytes:
    return _compact(found[0] if len(found) == 1 else {"Entries": found}).encode()


def _is_plain(said: Statement) -> bool:
    """Return whether "everything before the fix", or everything, is all that is said."""
    until = said.fixed_in[0] if said.fixed_in else ""
    return said.ranges in {(), (Interval(high=until),)} and not said.versions


def _constraints(said: Statement) -> list[str]:
    found = []
    for one in said.ranges:
        low = f">{'=' * one.low_inclusive}{one.low}" if one.low else ""
        high = f"<{'=' * one.high_inclusive}{one.high}" if one.high else ""
        found.append(",".join(filter(None, (low, high))))
    return found + [f"={version}" for version in said.versions]


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
