"""Write empty databases into a Trivy cache folder, so that Trivy runs without a network.

Source: bbolt's file format (magic 0xED0CDAED, version 2; meta, free list and leaf pages with FNV-1a
checksums, https://github.com/etcd-io/bbolt, page.go, db.go), and the schema of Trivy's database of
Java archives.
"""

import json
import sqlite3
import struct
from pathlib import Path

PAGE = 4096
_JAVA = """
CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);
CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT);
CREATE UNIQUE INDEX artifacts_idx ON artifacts(artifact_id, group_id);
CREATE INDEX indices_artifact_idx ON indices(artifact_id);
CREATE UNIQUE INDEX indices_sha1_idx ON indices(sha1);
"""


def write_empty_databases(cache: Path) -> None:
    """Make `cache/db` and `cache/java-db`, valid for ten years and without any record."""
    for name, version in (("db", 2), ("java-db", 1)):
        folder = cache / name
        folder.mkdir(parents=True, exist_ok=True)
        dates = {"NextUpdate": "2036-01-01T00:00:00Z", "UpdatedAt": "2026-01-01T00:00:00Z"}
        (folder / "metadata.json").write_text(
            json.dumps({"Version": version, "DownloadedAt": dates["UpdatedAt"], **dates})
        )
    with sqlite3.connect(cache / "java-db" / "trivy-java.db") as database:
        database.executescript(_JAVA)
    pages = (_meta(0, 0), _meta(1, 1), _page(2, 0x10), _page(3, 0x02))
    (cache / "db" / "trivy.db").write_bytes(b"".join(pages))


def _page(number: int, flags: int, body: bytes = b"") -> bytes:
    return (struct.pack("<QHHI", number, flags, 0, 0) + body).ljust(PAGE, b"\0")


def _meta(number: int, transaction: int) -> bytes:
    body = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, 3, 0, 2, 4, transaction)
    return _page(number, 0x04, body + struct.pack("<Q", _fnv1a(body)))


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
