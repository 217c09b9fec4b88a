"""Nothing that is scanned runs, writes, connects or stays active in an output.

An image is full of bait: files that would be executed by a build tool, paths and links that lead to
a canary file, addresses of a listener on this machine, names made of terminal and CI commands.
"""

import hashlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scantling.core.errors import ExitCode
from scantling.reports.registry import FORMATS
from scantling.testing.images import Symlink, digest, json_bytes, layer_tar, write_tree
from tests.hostile.bases import Base, Parts, blob_path, parts_of
from tests.image import forge
from tests.image.forge import Zipped, zipped
from tests.journeys.conftest import BASE, Run
from tests.journeys.conftest import database as _database
from tests.journeys.conftest import run as _run

database, run = _database, _run
_ACTIVE = (
    "a\n::stop-commands::x\r##vso[task.complete]\n##teamcity[x]"
    "\x1b[2J\x1b]52;c;aGk=\x07\x1b]8;;http://example.com\x07\x9b\u202e\u200b%0A::error::"
)
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e]")
_COMMAND = re.compile(r"^\s*(?:::|##(?:vso|teamcity)\[)", re.MULTILINE)
_OURS = re.compile(
    r"^(?:::(?:error|warning|notice) (?:file|title)="
    r"|##vso\[task\.(?:logissue|complete) (?:type|result)="
    r"|##teamcity\[(?:inspection|buildProblem|buildStatistic|buildStatus))"
)
_SPEAK_COMMANDS = frozenset({"azure", "github-annotations", "teamcity"})
_NAME_FINDINGS_ONLY = frozenset({"cyclonedx-vex", "openvex"})
_TEXTS = [name for name in FORMATS if FORMATS[name].document is None]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a socket that nobody should connect to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def _is_untouched(server: socket.socket) -> bool:
    try:
        server.accept()
    except BlockingIOError:
        return True
    return False


def _bait(canary: Path, url: str) -> dict[str, bytes | Symlink]:
    """Return files that an incautious reader would run, follow or fetch."""
    write = f"open({str(canary)!r}, 'w')"
    shell = f"#!/bin/sh\necho x > {canary}; curl {url}\n".encode()
    scripts = {"preinstall": f"touch {canary}", "install": f"curl {url}"}
    metadata = f"Name: a\nVersion: 1\nHome-page: {url}\n\n"
    package = {"name": "a", "version": "1", "scripts": scripts, "repository": url}
    pom = (
        f'<!DOCTYPE p [<!ENTITY % e SYSTEM "{url}/e.dtd">%e;<!ENTITY f SYSTEM "file://{canary}">]>'
        f"<project><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version>"
        f"<relativePath>{canary}</relativePath></parent><artifactId>&f;</artifactId></project>"
    )
    jar = zipped(Zipped(name=b"META-INF/maven/g/a/pom.xml", data=pom.encode(), method=8))
    return {
        "setup.py": f"{write}\n".encode(),
        "lib/site-packages/evil.pth": f"import os; {write}\n".encode(),
        "lib/site-packages/sitecustomize.py": f"{write}\n".encode(),
        "lib/site-packages/a-1.dist-info/METADATA": metadata.encode(),
        "lib/specifications/a-1.gemspec": f"File.write('{canary}', '')\n".encode(),
        "app/node_modules/a/package.json": json_bytes(package),
        "app/x.jar": jar,
        "app/requirements.txt": f"-r {canary}\n--index-url {url}\na @ {url}/a.whl\n".encode(),
        "etc/ld.so.preload": b"/evil.so\n",
        "usr/bin/dpkg": shell,
        "usr/bin/python3": shell,
        "var/lib/dpkg/info/libssl3.postinst": shell,
        "etc/debian_version": Symlink(str(canary)),
        "opt/link": Symlink(str(canary.parent)),
    }


def _members(canary: Path) -> bytes:
    """Return tar entries that an extraction would put at the canary's place."""
    name = str(canary).encode()
    return b"".join(
        (
            forge.pax((b"path", name)) + forge.file(b"absolute"),
            forge.pax((b"path", b"../" * 20 + name[1:])) + forge.file(b"upwards"),
            forge.pax((b"path", b"opt/link/" + canary.name.encode())) + forge.file(b"through"),
            forge.pax((b"linkpath", name)) + forge.header(b"hard", kind=b"1"),
        )
    )


def _with_foreign_layer(parts: Parts, url: str) -> dict[str, bytes]:
    """Return the layout with a further layer that lives at `url` only."""
    parts.diff_ids.append(digest(b""))
    config = json_bytes(parts.config())
    manifest = json.loads(json_bytes(parts.manifest(config)))
    foreign = {
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "digest": digest(b"elsewhere"),
        "size": 9,
        "urls": [url],
    }
    manifest["layers"].append(foreign)
    return parts.layout(config, json_bytes(manifest))


def _snapshot(root: Path, *, without: tuple[str, ...]) -> dict[str, str]:
    """Return every path below `root` with a hash of its content."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(root.rglob("*"))
        if path.relative_to(root).parts[0] not in without
    }


def test_a_scan_runs_nothing_writes_nothing_and_calls_nobody(
    run: Run, tmp_path: Path, listener: socket.socket
) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    canary = tmp_path / "canary"
    (tmp_path / "tmp").mkdir()
    bait = layer_tar(_bait(canary, url)).rstrip(b"\0")
    bait += bytes(-len(bait) % 512) + _members(canary) + forge.END
    parts = parts_of(Base(name="bait", tars=(layer_tar(BASE), bait), kinds=("gzip", "gzip")))
    target = write_tree(tmp_path / "image", _with_foreign_layer(parts, url))
    before = _snapshot(tmp_path, without=("cache",))

    done = run("scan", target, "--format", "json", TMPDIR=str(tmp_path / "tmp"))

    report = json.loads(done.out)["report"]
    assert done.code == ExitCode.INCOMPLETE, done.err
    assert {"layer.foreign", "path.escape"} <= {one["code"] for one in report["gaps"]}
    assert "CVE-2023-5678" in {one["id"] for one in report["findings"]}
    assert _snapshot(tmp_path, without=("cache",)) == before
    assert not canary.exists()
    assert _is_untouched(listener)


@pytest.mark.parametrize("name", _TEXTS)
def test_names_from_an_image_are_inert_in_every_output(name: str, run: Run, tmp_path: Path) -> None:
    """H037, H192, H193: names of files, packages, tags and steps, on both channels."""
    tree = {
        **BASE,
        f"app/{_ACTIVE}.jar": b"no archive",
        "srv/composer/installed.json": json_bytes(
            {"packages": [{"name": "v/a", "version": "1", "license": [_ACTIVE]}]}
        ),
    }
    parts = parts_of(Base(name="active", tars=(layer_tar(tree),), kinds=("gzip",)))
    config = json_bytes({**parts.config(), "history": [{"created_by": _ACTIVE, "author": _ACTIVE}]})
    files = parts.layout(config)
    index = json.loads(files["index.json"])
    index["manifests"][0]["annotations"] = {"org.opencontainers.image.ref.name": _ACTIVE}
    files["index.json"] = json_bytes(index)

    done = run("scan", write_tree(tmp_path / "image", files), "--format", name)

    assert done.code == ExitCode.INCOMPLETE, done.err
    assert ("stop-commands" in done.out) != (name in _NAME_FINDINGS_ONLY)
    for text in (done.out, done.err):
        assert not _CONTROL.search(text), _CONTROL.search(text)
        commands = [line for line in text.split("\n") if _COMMAND.search(line)]
        assert not commands or name in _SPEAK_COMMANDS
        assert [line for line in commands if not _OURS.search(line)] == []


def test_a_refused_name_is_inert_in_the_message(run: Run, tmp_path: Path) -> None:
    parts = parts_of(Base(name="active", tars=(layer_tar(BASE),), kinds=("gzip",)))
    files = parts.layout()
    del files[blob_path(digest(json_bytes(parts.config())))]
    files["index.json"] = files["index.json"].replace(
        b"application/vnd.oci.image.manifest.v1+json", json.dumps(_ACTIVE)[1:-1].encode()
    )

    done = run("scan", write_tree(tmp_path / "image", files))

    assert done.code == ExitCode.UNREADABLE
    assert done.out == ""
    assert not _CONTROL.search(done.err)
    assert not _COMMAND.search(done.err)
