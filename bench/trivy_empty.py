"""Write databases into a Trivy cache folder, so that Trivy runs without a network.

Source: the layout of Trivy's cache folder (`db/trivy.db`, bbolt, and `java-db/trivy-java.db`,
SQLite, each with a `metadata.json`), and the schema of its database of Java archives.
"""

import json
import sqlite3
from pathlib import Path

import bbolt

_JAVA = """
CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);
CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT);
CREATE UNIQUE INDEX artifacts_idx ON artifacts(artifact_id, group_id);
CREATE INDEX indices_artifact_idx ON indices(artifact_id);
CREATE UNIQUE INDEX indices_sha1_idx ON indices(sha1);
"""


def write_empty_databases(cache: Path) -> None:
    """Make `cache/db` and `cache/java-db`, valid for ten years and without any record."""
    write_databases(cache, {})


def write_databases(cache: Path, advisories: bbolt.Tree) -> int:
    """Make `cache/db` of these buckets, an empty `cache/java-db`; return the size of the first."""
    for name, version in (("db", 2), ("java-db", 1)):
        folder = cache / name
        folder.mkdir(parents=True, exist_ok=True)
        dates = {"NextUpdate": "2036-01-01T00:00:00Z", "UpdatedAt": "2026-01-01T00:00:00Z"}
        (folder / "metadata.json").write_text(
            json.dumps({"Version": version, "DownloadedAt": dates["UpdatedAt"], **dates})
        )
    with sqlite3.connect(cache / "java-db" / "trivy-java.db") as database:
        database.executescript(_JAVA)
    return bbolt.write(cache / "db" / "trivy.db", advisories)
