"""Whole images to damage, and an advisory database in which each of their packages is vulnerable.

A package that goes missing is then a finding that goes missing, whatever its version.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from scantling.advisories.api import Completeness, Coverage, Feed, Spool
from scantling.advisories.build import Plan, Tools, build
from scantling.advisories.database import Database
from scantling.advisories.sign import local_key, sign
from scantling.advisories.store import Store
from scantling.core.model.advisory import Advisory, Statement
from scantling.core.model.inventory import Package
from scantling.core.progress import Quiet
from scantling.matching.names import advisory_name
from scantling.testing.advisories import NOW, OneFetcher
from scantling.testing.images import MemoryImage, compress, digest, json_bytes, layer_tar
from scantling.versions.registry import scheme_for
from tests.image import forge
from tests.image.forge import Zipped, zipped
from tests.journeys.conftest import APP, BASE

_ROOT: Final = Path(__file__).parents[2]
_DATA: Final = _ROOT / "tests" / "catalog" / "ecosystems"
_OCI: Final = "application/vnd.oci.image"
EPOCH: Final = str(int(NOW.timestamp()))
"""SOURCE_DATE_EPOCH at which the database is fresh."""
DPKG: Final = "var/lib/dpkg/status"
APK: Final = "lib/apk/db/installed"


class Base(Struct, frozen=True, kw_only=True):
    """An undamaged image: uncompressed layers, bottom first, and how each is stored."""

    name: str
    tars: tuple[bytes, ...]
    kinds: tuple[str, ...]


class Parts(Struct, kw_only=True):
    """An image on its way to disk. `diff_ids` and `digests` are what will be claimed."""

    stored: list[bytes]
    kinds: list[str]
    diff_ids: list[str]
    digests: list[str]

    def config(self) -> dict[str, object]:
        """Return the configuration."""
        return {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": self.diff_ids},
            "history": [{"created_by": f"step {at}"} for at in range(len(self.diff_ids))],
        }

    def manifest(self, config: bytes) -> dict[str, object]:
        """Return the manifest, with that configuration."""
        layers = [
            {
                "mediaType": f"{_OCI}.layer.v1.tar" + (f"+{kind}" if kind else ""),
                "digest": claimed,
                "size": len(blob),
            }
            for blob, kind, claimed in zip(self.stored, self.kinds, self.digests, strict=True)
        ]
        return {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": {
                "mediaType": f"{_OCI}.config.v1+json",
                "digest": digest(config),
                "size": len(config),
            },
            "layers": layers,
        }

    def layout(self, config: bytes = b"", manifest: bytes = b"") -> dict[str, bytes]:
        """Return the files of the OCI layout; `config` and `manifest` replace the right ones."""
        config = config or json_bytes(self.config())
        manifest = manifest or json_bytes(self.manifest(config))
        index = {
            "schemaVersion": 2,
            "manifests": [
                {
                    "mediaType": f"{_OCI}.manifest.v1+json",
                    "digest": digest(manifest),
                    "size": len(manifest),
                }
            ],
        }
        files = {"oci-layout": json_bytes({"imageLayoutVersion": "1.0.0"})}
        for claimed, blob in zip(self.digests, self.stored, strict=True):
            files[blob_path(claimed)] = blob
        files[blob_path(digest(config))] = config
        files[blob_path(digest(manifest))] = manifest
        files["index.json"] = json_bytes(index)
        return files


def blob_path(name: str) -> str:
    """Return where a layout keeps the blob of this digest."""
    return f"blobs/{name.replace(':', '/')}"


@cache
def _stored(tar: bytes, kind: str) -> bytes:
    return compress(tar, kind)


def parts_of(base: Base) -> Parts:
    """Return the image as it should be stored."""
    stored = [_stored(tar, kind) for tar, kind in zip(base.tars, base.kinds, strict=True)]
    return Parts(
        stored=stored,
        kinds=list(base.kinds),
        diff_ids=[digest(tar) for tar in base.tars],
        digests=[digest(blob) for blob in stored],
    )


def jar() -> bytes:
    """Return a jar with Maven's words about itself and a library inside."""
    inner = zipped(
        Zipped(
            name=b"META-INF/maven/org.example/inner/pom.properties",
            data=b"groupId=org.example\nartifactId=inner\nversion=1.0\n",
            method=8,
        )
    )
    return zipped(
        Zipped(name=b"META-INF/MANIFEST.MF", data=b"Manifest-Version: 1.0\r\n\r\n", method=8),
        Zipped(
            name=b"META-INF/maven/org.example/outer/pom.properties",
            data=b"groupId=org.example\nartifactId=outer\nversion=2.0\n",
            method=8,
        ),
        Zipped(name=b"lib/inner.jar", data=inner),
    )


def _debian() -> Base:
    others = {
        "usr/lib/python3/dist-packages/six-1.16.egg-info": b"Name: six\nVersion: 1.16\n\n",
        "srv/vendor/composer/installed.json": json.dumps(
            {"packages": [{"name": f"v/{name}", "version": "1.2.3"} for name in "abc"]}
        ).encode(),
        "srv/app.deps.json": json.dumps(
            {
                "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0"},
                "targets": {".NETCoreApp,Version=v8.0": {"Newtonsoft.Json/12.0.1": {}}},
                "libraries": {"Newtonsoft.Json/12.0.1": {"type": "package"}},
            }
        ).encode(),
        "srv/app.jar": jar(),
        "usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec": (
            _DATA / "ruby" / "data" / "rake-13.0.6.gemspec"
        ).read_bytes(),
    }
    status = (_DATA / "dpkg" / "data" / "bookworm.status").read_bytes()
    base = {**BASE, DPKG: BASE[DPKG] + status[: status.index(b"\n\n", 4000) + 2]}
    tars = tuple(layer_tar(tree) for tree in (base, APP, others))
    return Base(name="debian", tars=tars, kinds=("gzip", "zstd", "gzip"))


def _alpine() -> Base:
    installed = (_DATA / "apk" / "data" / "alpine-3.18.9.installed").read_bytes()
    base = {
        "etc/os-release": b'ID=alpine\nVERSION_ID=3.18.9\nNAME="Alpine Linux"\n',
        "bin/busybox": b"",
        APK: installed[: installed.index(b"\n\n", 4000) + 2],
    }
    return Base(name="alpine", tars=(layer_tar(base), layer_tar(APP)), kinds=("gzip", ""))


def _rpm(name: str, release: bytes, database: str, path: str) -> Base:
    data = (_DATA / "rpm" / "data" / database).read_bytes()
    tree = {"etc/os-release": release, "bin/sh": b"", path: data}
    return Base(name=name, tars=(layer_tar(tree), layer_tar(APP)), kinds=("gzip", "gzip"))


def _shop() -> Base:
    """Return the example image: real packages, a Go program, an archive that umoci wrote."""
    walked = forge.walk((_ROOT / "examples" / "shop.tar").read_bytes())
    files = walked.files

    def blob(name: str) -> bytes:
        return files[blob_path(name)]

    index = json.loads(files["index.json"])
    manifest = json.loads(blob(index["manifests"][0]["digest"]))
    tars = tuple(gzip.decompress(blob(layer["digest"])) for layer in manifest["layers"])
    return Base(name="shop", tars=tars, kinds=("gzip",) * len(tars))


@cache
def bases() -> dict[str, Base]:
    """Return the images by name."""
    rpm = "var/lib/rpm/"
    every = (
        _debian(),
        _alpine(),
        _rpm(
            "mariner",
            b"ID=mariner\nVERSION_ID=2.0\n",
            "cbl-mariner-2.0.rpmdb.sqlite",
            rpm + "rpmdb.sqlite",
        ),
        _rpm("sles", b"ID=sles\nVERSION_ID=15.3\n", "sles-15.3.Packages.db", rpm + "Packages.db"),
        _rpm("centos", b"ID=centos\nVERSION_ID=7\n", "libuuid.Packages", rpm + "Packages"),
        _shop(),
    )
    return {base.name: base for base in every}


def vulnerability(package: Package) -> str:
    """Return the one vulnerability that a package has in our database."""
    return f"TEST-{package.type}-{advisory_name(package.type, package.namespace, package.name)}"


def build_database(root: Path, packages: Iterable[Package]) -> Database:
    """Return a signed database that has every version of every one of these packages affected."""
    names: dict[str, set[tuple[str, str]]] = {}
    for one in packages:
        name = advisory_name(one.type, one.namespace, one.name)
        names.setdefault(one.ecosystem, set()).add((name, vulnerability(one)))
    feeds = tuple(_feed(ecosystem, sorted(pairs)) for ecosystem, pairs in sorted(names.items()))
    tools = Tools(
        fetcher=OneFetcher(),
        key_for=lambda ecosystem: scheme_for(ecosystem).key,
        progress=Quiet(),
        now=NOW,
        sign=sign,
    )
    build(Plan(feeds=feeds, key_file=local_key(root / "keys")), Store(root / "db"), tools)
    return Store(root / "db").open()


def _feed(ecosystem: str, pairs: list[tuple[str, str]]) -> Feed:
    source = ecosystem.replace("/", "-").replace(":", "-").replace(".", "-")

    def parse(_spool: Spool) -> Iterator[Advisory]:
        for name, id_ in pairs:
            statement = Statement(ecosystem=ecosystem, package=name, vulnerability=id_)
            yield Advisory(id=id_, source=source, modified="2026-08-30", statements=(statement,))

    return Feed(
        name=source,
        title=source,
        license="CC0-1.0",
        attribution="Example",
        urls=(f"https://example.com/{source}",),
        covers=(Coverage(ecosystem=ecosystem, completeness=Completeness.FULL),),
        parse=parse,
    )


def plain_archive(files: dict[str, bytes]) -> bytes:
    """Return an OCI layout as a tar."""
    return layer_tar(files)


def docker_archive(base: Base, *, style: str) -> bytes:
    """Return a `docker save` archive of the layers, in the old or the new form."""
    names = [f"{digest(tar)[7:]}/layer.tar" for tar in base.tars]
    parts = parts_of(Base(name=base.name, tars=base.tars, kinds=("",) * len(base.tars)))
    config = json_bytes(parts.config())
    if style == "oci":
        files = parts.layout()
        names = [blob_path(one) for one in parts.digests]
        config_name = blob_path(digest(config))
    else:
        config_name = f"{digest(config)[7:]}.json"
        files = {config_name: config, **dict(zip(names, base.tars, strict=True))}
    entry = {"Config": config_name, "RepoTags": ["example/app:1"], "Layers": names}
    return layer_tar({**files, "manifest.json": json_bytes([entry])})


def standard() -> MemoryImage:
    """Return the standard image of the user journeys."""
    return MemoryImage(layers=(BASE, APP))
