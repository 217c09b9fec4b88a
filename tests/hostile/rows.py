"""Recipes of whole hostile images, by their row in the catalogue of hostile inputs.

Each lies on top of a sound layer with a vulnerable package, which has to be found all the same
unless the row is about losing it.
"""

import struct
from pathlib import Path
from typing import Final

from msgspec import Struct

from scantling.testing.images import (
    DELETED,
    FOLDER,
    Entry,
    Hardlink,
    LayerTree,
    Marker,
    Symlink,
    layer_tar,
)
from tests.hostile.bases import APK, DPKG, jar
from tests.image import forge
from tests.image.forge import END, Zipped, file, header, zipped
from tests.journeys.conftest import APP, BASE, STATUS

_RPM_DATA: Final = Path(__file__).parents[1] / "catalog" / "ecosystems" / "rpm" / "data"
_RPM: Final = "var/lib/rpm/"
_UNKNOWN_OS: Final = {"os.unknown", "coverage.none"}
"""Without a distribution nobody speaks about its packages either."""


class Row(Struct, frozen=True, kw_only=True):
    """`layers` of an image and the codes of all its gaps. `lost`: libssl3 cannot be found in it.

    `names` are packages that have to be in the report.
    """

    layers: tuple[bytes, ...]
    codes: frozenset[str] = frozenset()
    lost: bool = False
    names: frozenset[str] = frozenset()


def _row(
    *layers: bytes | LayerTree,
    codes: set[str] | None = None,
    lost: bool = False,
    names: tuple[str, ...] = (),
) -> Row:
    tars = (one if isinstance(one, bytes) else layer_tar(one) for one in layers)
    return Row(layers=tuple(tars), codes=frozenset(codes or ()), lost=lost, names=frozenset(names))


def _on_base(
    *layers: bytes | LayerTree,
    codes: set[str] | None = None,
    lost: bool = False,
    names: tuple[str, ...] = (),
) -> Row:
    return _row(BASE, *layers, codes=codes, lost=lost, names=names)


def _status(record: bytes, codes: set[str], *names: str) -> Row:
    return _row({**BASE, DPKG: STATUS + record}, codes=codes, names=names)


def _installed(record: bytes, codes: set[str]) -> Row:
    good = b"P:zlib\nV:1.2-r0\nA:x86_64\n\n"
    release = b"ID=alpine\nVERSION_ID=3.18.1\n"
    tree = {"etc/os-release": release, "bin/sh": b"", APK: good + record}
    return _row(tree, codes=codes | {"coverage.none"}, lost=True, names=("zlib",))


def _rpm(codes: set[str], *names: str, **databases: bytes) -> Row:
    files = {_RPM + name.replace("_", "."): data for name, data in databases.items()}
    tree = {"etc/os-release": b"ID=centos\nVERSION_ID=7\n", "bin/sh": b"", **files}
    return _row(tree, codes=codes, lost=True, names=names)


def _link(name: bytes, target: bytes, kind: bytes = b"2") -> bytes:
    return header(name, kind=kind, link=target)


def _package_json(data: bytes, codes: set[str], *names: str) -> Row:
    return _on_base({"n/node_modules/a/package.json": data}, codes=codes, names=names)


def elf(
    *, sections: tuple[int, int, int, int] = (0, 0, 64, 0), programs: int = 0, rest: bytes = b""
) -> bytes:
    """Return an ELF header; `sections` are offset, count, size of a row, and index of names."""
    at, count, size, names = sections
    return (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<2HI3Q", 2, 62, 1, 0, 64 if programs else 0, at)
        + struct.pack("<I6H", 0, 64, 56, programs, size, count, names)
        + rest
    )


def _data(name: str) -> bytes:
    return (_RPM_DATA / name).read_bytes()


def _links() -> dict[str, Row]:
    chain = b"".join(_link(b"l%d" % n, b"l%d" % (n + 1)) for n in range(10_000))
    release = b"etc/os-release"
    up = b"../" * 6
    return {
        "H004_through_a_link": _on_base(
            _link(b"l", b"/") + file(b"l/etc/os-release", b"ID=alpine\n") + END,
            codes={"tree.conflict"},
        ),
        "H005_chain": _on_base(
            _link(release, b"../l0") + chain + file(b"l10000", b"ID=alpine\n") + END,
            codes={"link.loop", *_UNKNOWN_OS},
            lost=True,
        ),
        "H006_loop": _on_base(
            _link(release, b"../a") + _link(b"a", b"b") + _link(b"b", b"a") + END,
            codes={"link.loop", *_UNKNOWN_OS},
            lost=True,
        ),
        "H006_self": _on_base(
            _link(release, b"os-release") + END, codes={"link.loop", *_UNKNOWN_OS}, lost=True
        ),
        "H007_trampoline": _on_base(
            b"".join(_link(b"t%d" % n, up) for n in range(13))
            + _link(release, b"/t1/t2/t3/../../../tmp/canary")
            + END,
            codes=_UNKNOWN_OS,
            lost=True,
        ),
        "H008_to_nothing": _on_base(
            _link(DPKG.encode(), b"nowhere", b"1") + END,
            codes={"link.missing", "os.no-package-db"},
            lost=True,
        ),
        "H009_to_itself": _on_base(
            _link(DPKG.encode(), DPKG.encode(), b"1") + END,
            codes={"link.loop", "os.no-package-db"},
            lost=True,
        ),
        "H009_forward": _on_base(
            _link(DPKG.encode(), b"later", b"1") + file(b"later", STATUS) + END
        ),
        "H010_into_a_lower_layer": _row(
            {**BASE, "x/status": STATUS},
            {DPKG: Hardlink("x/status")},
            codes={"link.missing", "os.no-package-db"},
            lost=True,
        ),
        "H010_to_a_deleted_file": _row(
            {**BASE, "x/status": STATUS},
            {"x/status": DELETED},
            {DPKG: Hardlink("x/status")},
            codes={"link.missing", "os.no-package-db"},
            lost=True,
        ),
        "H141_linked_manifest": _on_base(
            {"x.json": b'{"name":"a","version":"1"}'},
            {"n/node_modules/a/package.json": Symlink("/x.json")},
            codes={"link.unread"},
        ),
        "H140_linked_metadata": _on_base(
            {"s/M": b"Name: y\nVersion: 2\n\n", "a/y-2.dist-info/METADATA": Symlink("../../s/M")},
            codes={"link.unread"},
        ),
        "H140_linked_folder": _on_base(
            {"s/METADATA": b"Name: y\nVersion: 2\n\n", "a/y-2.dist-info": Symlink("../s")},
            codes={"link.unread"},
        ),
        "H088_linked_jar": _on_base(
            {"store/blob": jar(), "app/x.jar": Symlink("/store/blob")}, codes={"link.unread"}
        ),
        "H088_linked_jar_of_a_jar": _on_base(
            {
                "store/y.jar": jar(),
                "app/x.jar": Symlink("link"),
                "app/link": Symlink("/store/y.jar"),
            },
            codes={"coverage.none"},
            names=("outer", "inner"),
        ),
        "H088_dangling_jar": _on_base({"app/x.jar": Symlink("/dev/null")}),
        "H141_farm_of_links": _on_base(
            {"store/a/package.json": b'{"name":"a","version":"1"}'},
            {f"n/node_modules/a{n}": Symlink("/store/a") for n in range(100)},
            names=("a",),
        ),
    }


def _system() -> dict[str, Row]:
    gone: dict[str, Entry] = {DPKG: DELETED}
    no_database = {"os.no-package-db"}

    def release(entry: bytes | Symlink | Marker, codes: set[str]) -> Row:
        return _on_base({"etc/os-release": entry}, codes=codes, lost=True)

    return {
        "H043_opaque_after_its_siblings": _on_base(
            file(b"etc/os-release", BASE["etc/os-release"]) + header(b"etc/.wh..wh..opq") + END
        ),
        "H044_whiteout_and_file": _on_base(
            header(b"var/lib/dpkg/.wh.status") + file(DPKG.encode(), STATUS) + END
        ),
        "H047_database_deleted": _on_base(gone, codes=no_database, lost=True),
        "H047_database_emptied": _on_base({DPKG: b""}, codes=no_database, lost=True),
        "H047_folder_made_opaque": _on_base(
            {"var/lib/dpkg": Marker.OPAQUE}, codes=no_database, lost=True
        ),
        "H047_database_is_a_folder": _on_base({DPKG: FOLDER}, codes=no_database, lost=True),
        "H048_missing": release(DELETED, _UNKNOWN_OS),
        "H048_link_out": release(
            Symlink("../../../../etc/os-release"), {"link.loop", *_UNKNOWN_OS}
        ),
        "H048_dangling": release(Symlink("/nowhere"), _UNKNOWN_OS),
        "H048_folder": release(FOLDER, _UNKNOWN_OS),
        "H048_another": release(b"ID=nobody\n", {"coverage.none"}),
        "H048_too_long": release(b"#" * (70 << 20), {"limit.file", *_UNKNOWN_OS}),
        "H049_two_systems": _on_base(
            {APK: b"P:musl\nV:1\nA:x\n\n"},
            codes={"os.conflict", "coverage.none"},
            names=("musl",),
        ),
        "H050_a_layer_twice": _on_base(APP, APP, names=("left",)),
        "H050_an_empty_layer": _on_base({}),
        "H050_no_layers": _row(codes={"image.empty"}, lost=True),
        "H052_owner": _on_base(
            header(b"f", fields=[(108, b"7777777\0"), (116, b"\xff" * 8)]) + END
        ),
    }


def _databases() -> dict[str, Row]:
    state = b"Package: a\nStatus: install ok installed\n"
    bad = {"parse.record"}
    several, ndb, sqlite = (
        _data(name)
        for name in ("several.Packages", "sles-15.3.Packages.db", "cbl-mariner-2.0.rpmdb.sqlite")
    )
    unread = {"parse.record", "os.no-package-db", "image.unrecognized"}
    no_source = {"coverage.none"}
    return {
        "H119_no_version": _status(state + b"\n", bad),
        "H119_two_packages": _status(b"Package: z\n" + state + b"Version: 1\n\n", bad, "a"),
        "H119_long_description": _status(
            state + b"Version: 1\nDescription: " + b"x" * (5 << 20) + b"\n\n", {"limit.records"}
        ),
        "H119_half_installed": _status(
            b"Package: a\nStatus: install ok half-installed\nVersion: 1\n\n", set(), "a"
        ),
        "H119_carriage_returns": _status(
            (state + b"Version: 1\n\n").replace(b"\n", b"\r\n"), set(), "a"
        ),
        "H119_tabs": _status((state + b"Version: 1\n\n").replace(b": ", b":\t"), set(), "a"),
        "H119_unknown_state": _status(
            b"Package: a\nStatus: install ok sleeping\nVersion: 1\n\n", bad, "a"
        ),
        "H120_long_version": _status(state + b"Version: " + b"1" * 300 + b"\n\n", bad),
        "H120_odd_version": _status(state + b"Version: 1:2:3~^a\n\n", set(), "a"),
        "H121_no_name": _installed(b"V:1\nA:x\n\n", bad),
        "H121_no_version": _installed(b"P:a\nA:x\n\n", bad),
        "H121_large_provides": _installed(
            b"P:a\nV:1-r0\np:" + b"so:x " * (1 << 20) + b"\n\n", {"limit.records"}
        ),
        "H121_two_origins": _installed(b"P:a\nV:1-r0\no:x\no:y\n\n", bad),
        "H123_pages_of_zeros": _rpm(unread, Packages=several[:4096] + bytes(len(several) - 4096)),
        "H123_cut": _rpm(
            {"parse.record", "parse.failed", *no_source}, Packages=several[: len(several) // 2]
        ),
        "H124_nonsense": _rpm(unread, Packages_db=ndb[:16] + b"\xff" * (len(ndb) - 16)),
        "H124_empty_slots": _rpm(unread, Packages_db=ndb[:32] + bytes(4064) + ndb[4096:]),
        "H125_log_beside": _rpm(
            {"parse.failed", *no_source},
            rpmdb_sqlite=sqlite,
            **{"rpmdb_sqlite-wal": b"\x37\x7f\x06\x82" + bytes(60)},
        ),
        "H126_cut_headers": _rpm(
            unread | {"parse.failed"}, rpmdb_sqlite=sqlite[: len(sqlite) // 8]
        ),
        "H127_two_databases": _row(
            {
                "etc/os-release": b"ID=centos\nVERSION_ID=7\n",
                "bin/sh": b"",
                f"{_RPM}Packages": several,
                "usr/lib/sysimage/rpm/rpmdb.sqlite": sqlite,
            },
            codes=no_source,
            lost=True,
        ),
    }


def _programs() -> dict[str, Row]:
    failed = {"parse.failed"}
    fat = b"\xca\xfe\xba\xbe\0\0\0\2" + struct.pack(">5I", 7, 3, 0, 2**31, 0) * 2

    def program(data: bytes, codes: set[str], name: str = "x") -> Row:
        return _on_base({name: data}, codes=codes)

    return {
        "H128_sections_beyond_the_end": program(elf(sections=(2**60, 3, 64, 0)), failed),
        "H128_rows_of_no_size": program(elf(sections=(64, 3, 0, 0), rest=bytes(500)), failed),
        "H128_names_out_of_range": program(elf(sections=(64, 3, 64, 9), rest=bytes(500)), failed),
        "H128_a_trillion_sections": program(
            elf(sections=(64, 0, 64, 0), rest=bytes(32) + struct.pack("<Q", 2**40) + bytes(500)),
            {"limit.entries"},
        ),
        "H131_many_programs": program(elf(programs=65_535, rest=bytes(500)), failed),
        "H135_overlapping_slices": program(fat, failed),
        "H136_header_beyond_the_end": program(
            b"MZ" + bytes(58) + struct.pack("<I", 2**31) + bytes(100), failed, "x.exe"
        ),
    }


def _languages() -> dict[str, Row]:
    failed = {"parse.failed"}
    properties = b"META-INF/maven/g/a/pom.properties"

    def metadata(data: bytes, codes: set[str], *names: str) -> Row:
        return _on_base({"a/x-1.dist-info/METADATA": data}, codes=codes, names=names)

    def archive(*entries: Zipped, codes: set[str], names: tuple[str, ...] = ()) -> Row:
        return _on_base({"app/a-1.jar": zipped(*entries)}, codes=codes, names=names)

    code = Zipped(name=b"a/A.class", data=b"\xca\xfe\xba\xbe")
    maven = Zipped(name=properties, data=b"groupId=g\nartifactId=a\nversion=9\n", method=8)
    return {
        "H081_needed_entry_encrypted": archive(
            Zipped(name=properties, data=b"x" * 40, flags=1),
            codes={"zip.encrypted", "parse.record"},
        ),
        "H083_needed_entry_lies": archive(
            Zipped(name=properties, data=b"version=1\n", method=8, size=1000),
            codes={"zip.corrupt", "parse.record"},
        ),
        "H086_needed_entry_by_deflate64": archive(
            Zipped(name=properties, data=b"x", method=9), codes={"zip.method", "parse.record"}
        ),
        "H088_no_metadata": archive(code, codes={"java.unidentified", "coverage.none"}),
        "H088_long_manifest": archive(
            code,
            Zipped(name=b"META-INF/MANIFEST.MF", data=b"A: " + b"x" * (10 << 20), method=8),
            codes={"java.unidentified", "coverage.none"},
        ),
        "H089_name_contradicts": archive(
            maven, codes={"parse.conflict", "coverage.none"}, names=("a",)
        ),
        "H140_folder_contradicts": metadata(b"Name: y\nVersion: 2\n\n", {"parse.conflict"}, "y"),
        "H140_empty": metadata(b"", failed),
        "H141_null": _package_json(b"null", failed),
        "H141_array": _package_json(b"[]", failed),
        "H141_deep": _package_json(b"[" * 100_000, failed),
        "H141_no_version": _package_json(b'{"name":"a"}', failed),
        "H141_nothing": _package_json(b"{}", failed),
        "H141_numbers": _package_json(b'{"name":1,"version":2}', failed),
        "H141_another_name": _package_json(b'{"name":"b","version":"1"}', set(), "b"),
        "H142_list_in_the_image": _on_base(
            {
                "opt/.spdx-x.spdx": b'{"spdxVersion":"SPDX-2.3","packages":[]}',
                "sbom.cdx.json": b'{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"x",'
                b'"analysis":{"state":"not_affected"}}]}',
            }
        ),
    }


def rows() -> dict[str, Row]:
    """Return every row, by the catalogue's number and what it tries."""
    return {**_links(), **_system(), **_databases(), **_programs(), **_languages()}


def hidden_layer(recipe: bytes, after: bytes, end: bytes) -> tuple[bytes, ...]:
    """Return the layers of an image that has an archive recipe on top of a sound layer."""
    return (layer_tar(BASE), recipe + after + end)


def padded_zip(data: bytes) -> bytes:
    """Return a layer with that archive as a jar."""
    return file(b"app/x.jar", data) + forge.END
