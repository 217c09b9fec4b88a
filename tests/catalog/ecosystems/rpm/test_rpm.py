"""RPM databases in their three formats, the headers in them, and lists without a database."""

import hashlib
import random
import shutil
import sqlite3
import struct
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.catalog.api import Cataloger, Found, OpenFile, Unreadable
from scantling.catalog.ecosystems.rpm import berkeley, journal, manifest, ndb, nested, sqlite
from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.facts import OwnedFiles, PackageFact

DATA = Path(__file__).parent / "data"
REAL = {
    "cbl-mariner-2.0.rpmdb.sqlite": sqlite.PLUGIN,
    "sles-15.3.Packages.db": ndb.PLUGIN,
    "libuuid.Packages": berkeley.PLUGIN,
    "epoch.Packages": berkeley.PLUGIN,
    "several.Packages": berkeley.PLUGIN,
    "big-endian.Packages": berkeley.PLUGIN,
}
INT32, STRING, BINARY, STRINGS = 4, 6, 7, 8
NAME, VERSION, RELEASE, EPOCH, ARCH, SOURCE = 1000, 1001, 1002, 1003, 1022, 1044
DIR_INDEXES, BASE_NAMES, DIR_NAMES = 1116, 1117, 1118
SHA256_HEADER = 273


def read(plugin: Cataloger, data: bytes, path: str = "x", limits: Limits = DEFAULT) -> list[Found]:
    """Return what the cataloger finds, with an InputError as the gap the driver makes of it."""
    found: list[Found] = []
    try:
        found += plugin.parse(OpenFile(path=path, data=data, limits=limits))
    except InputError as error:
        found.append(Unreadable(code=error.code, reason=error.detail, limit=error.limit))
    return found


def real(name: str) -> bytes:
    return (DATA / name).read_bytes()


def packages(found: Sequence[Found]) -> list[PackageFact]:
    return [one for one in found if isinstance(one, PackageFact)]


def gaps(found: Sequence[Found]) -> list[Unreadable]:
    return [one for one in found if isinstance(one, Unreadable)]


def header(*tags: tuple[int, int, int, bytes], index: bytes = b"") -> bytes:
    """Return a header of (tag, type, count, data); `index` replaces the made one."""
    made, store = b"", b""
    for tag, kind, count, data in tags:
        store += bytes(-len(store) % 4)
        made += struct.pack(">iIiI", tag, kind, len(store), count)
        store += data
    index = index or made
    return struct.pack(">II", len(index) // 16, len(store)) + index + store


def text(tag: int, value: str) -> tuple[int, int, int, bytes]:
    return tag, STRING, 1, value.encode() + b"\0"


def package(name: str = "zlib", *more: tuple[int, int, int, bytes]) -> bytes:
    return header(
        text(NAME, name), text(VERSION, "1.2"), text(RELEASE, "3.el9"), text(ARCH, "x86_64"), *more
    )


def database(*headers: bytes) -> bytes:
    """Return an SQLite database with these headers, as rpm lays it out."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)"
    )
    connection.executemany("INSERT INTO Packages(blob) VALUES (?)", [(one,) for one in headers])
    connection.commit()
    data = connection.serialize()
    connection.close()
    return data


def scripted(*statements: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    data = connection.serialize()
    connection.close()
    return data


def slots(*headers: bytes) -> bytes:
    """Return an ndb database with these headers."""
    table, body, block = b"", b"", 4096 // 16
    for number, one in enumerate(headers, 1):
        blob = struct.pack("<4sIII", b"BlbS", number, 1, len(one)) + one
        blob += bytes(-(len(blob) + 12) % 16)
        blob += struct.pack("<II4s", zlib.adler32(blob), len(one), b"BlbE")
        table += struct.pack("<4sIII", b"Slot", number, block, len(blob) // 16)
        block += len(blob) // 16
        body += blob
    head = struct.pack("<4sIIII", b"RpmP", 0, 1, 1, len(headers) + 1) + bytes(12)
    free = struct.pack("<4sIII", b"Slot", 0, 0, 0)
    page = head + table
    return page + free * ((4096 - len(page)) // 16) + body


def test_a_header_gives_the_package_and_then_its_files() -> None:
    one = package(
        "zlib-devel",
        (EPOCH, INT32, 1, struct.pack(">I", 2)),
        text(1011, "Example"),
        text(1014, "zlib and Boost"),
        text(SOURCE, "zlib-1.2-3.el9.src.rpm"),
        (DIR_INDEXES, INT32, 3, struct.pack(">III", 1, 0, 1)),
        (BASE_NAMES, STRINGS, 3, b"zlib.h\0zlib.pc\0\xffz\0"),
        (DIR_NAMES, STRINGS, 2, b"/usr/lib/\0/usr/include/\0"),
        text(5096, "zlib:rhel9:1:2"),
    )

    assert read(sqlite.PLUGIN, database(one)) == [
        PackageFact(
            type="rpm",
            name="zlib-devel",
            version="2:1.2-3.el9",
            source_name="zlib",
            source_version="2:1.2-3.el9",
            arch="x86_64",
            licenses=("zlib and Boost",),
            vendor="Example",
            module="zlib:rhel9:1:2",
        ),
        OwnedFiles(
            package="zlib-devel",
            arch="x86_64",
            paths=("usr/include/zlib.h", "usr/lib/zlib.pc", "usr/include/\udcffz"),
        ),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("zlib-1.2-3.el9.src.rpm", ("", "")),
        ("zlib-1.2-4.el9.src.rpm", ("zlib", "1.2-4.el9")),
        ("zlib-ng-2.0-1.nosrc.rpm", ("zlib-ng", "2.0-1")),
        ("(none)", ("", "")),
    ],
)
def test_the_source_package_is_named_unless_it_is_the_package(
    source: str, expected: tuple[str, str]
) -> None:
    (found,) = packages(read(sqlite.PLUGIN, database(package("zlib", text(SOURCE, source)))))

    assert (found.source_name, found.source_version) == expected


def test_an_epoch_of_zero_is_left_out() -> None:
    zero = (EPOCH, INT32, 1, struct.pack(">I", 0))

    (found,) = packages(read(sqlite.PLUGIN, database(package("zlib", zero))))

    assert found.version == "1.2-3.el9"


def test_the_file_list_of_old_packages_is_read() -> None:
    old = (1027, STRINGS, 2, b"/etc/a\0/etc/b\0")

    found = read(sqlite.PLUGIN, database(package("zlib", old)))

    assert found[1] == OwnedFiles(package="zlib", arch="x86_64", paths=("etc/a", "etc/b"))


def test_a_public_key_is_no_package_but_a_package_of_that_name_is() -> None:
    key = header(text(NAME, "gpg-pubkey"), text(VERSION, "1"), text(RELEASE, "2"))
    disguised = package("gpg-pubkey", text(SOURCE, "gpg-pubkey-1.2-3.el9.src.rpm"))

    found = read(sqlite.PLUGIN, database(key, disguised))

    assert [one.arch for one in packages(found)] == ["x86_64"]
    assert not gaps(found)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\0\0\0",
        struct.pack(">II", 2**31, 0),
        struct.pack(">II", 1, 2**31) + bytes(16),
        package()[:-1],
        package() + b"\0",
        header(text(VERSION, "1"), text(RELEASE, "1")),
        header(text(NAME, "a"), text(RELEASE, "1")),
        header(text(NAME, "a"), text(VERSION, "1:2"), text(RELEASE, "1")),
        header(text(NAME, "a b"), text(VERSION, "1"), text(RELEASE, "1")),
        header(text(NAME, "a" * 2000), text(VERSION, "1"), text(RELEASE, "1")),
        header(text(NAME, "a"), text(VERSION, "1" * 300), text(RELEASE, "1")),
        header((NAME, INT32, 1, b"zlib\0"), text(VERSION, "1"), text(RELEASE, "1")),
        header((NAME, STRING, 1, b"zlib")),
        header(text(NAME, "a"), index=struct.pack(">iIiI", NAME, STRING, 2**31 - 1, 1)),
        header(text(NAME, "a"), index=struct.pack(">iIiI", NAME, STRING, -1, 1)),
        package("a", (EPOCH, STRING, 1, b"1\0")),
        package("a", (EPOCH, INT32, 2**32 - 1, b"\0\0\0\1")),
    ],
    ids=range(18),
)
@pytest.mark.parametrize("kind", ["sqlite", "ndb"])
def test_a_broken_header_is_reported_and_does_not_hide_its_neighbors(
    broken: bytes, kind: str
) -> None:
    headers = (package("before"), broken, package("after"))

    found = (
        read(sqlite.PLUGIN, database(*headers))
        if kind == "sqlite"
        else read(ndb.PLUGIN, slots(*headers))
    )

    assert [one.name for one in packages(found)] == ["before", "after"]
    assert {one.code for one in gaps(found)} <= {"parse.record", "limit.records"}
    assert gaps(found)


@pytest.mark.parametrize(
    "tags",
    [
        [(BASE_NAMES, STRINGS, 2, b"a\0b\0"), (DIR_NAMES, STRINGS, 1, b"/\0")],
        [
            (BASE_NAMES, STRINGS, 1, b"a\0"),
            (DIR_NAMES, STRINGS, 1, b"/\0"),
            (DIR_INDEXES, INT32, 1, struct.pack(">I", 7)),
        ],
        [(BASE_NAMES, STRINGS, 2**32 - 1, b"a\0")],
        [(BASE_NAMES, STRINGS, 2, b"a\0b")],
        [(BASE_NAMES, INT32, 1, b"\0\0\0\0")],
    ],
    ids=["no_indexes", "index_outside", "count", "cut", "kind"],
)
def test_a_broken_file_list_is_reported_and_the_package_kept(
    tags: list[tuple[int, int, int, bytes]],
) -> None:
    found = read(sqlite.PLUGIN, database(package("a", *tags)))

    assert [one.name for one in packages(found)] == ["a"]
    assert [one.code for one in gaps(found)] == ["parse.record"]


def test_a_header_that_does_not_have_its_digest_is_reported() -> None:
    found = read(sqlite.PLUGIN, database(package("a", text(SHA256_HEADER, "0" * 64))))

    assert [one.name for one in packages(found)] == ["a"]
    assert "digest" in gaps(found)[0].reason


def test_a_header_with_its_digest_is_believed() -> None:
    trailer = struct.pack(">iIiI", 63, BINARY, -32, 16)
    index = struct.pack(">iIiI", 63, BINARY, 14, 16) + struct.pack(">iIiI", NAME, STRING, 0, 1)
    store = b"a\0" + bytes(12) + trailer
    magic = b"\x8e\xad\xe8\x01\0\0\0\0"
    region = magic + struct.pack(">II", 2, len(store)) + index + store
    added = hashlib.sha256(region).hexdigest().encode() + b"\x001\x002\0"
    for tag, offset in ((SHA256_HEADER, 0), (VERSION, 65), (RELEASE, 67)):
        index += struct.pack(">iIiI", tag, STRING, len(store) + offset, 1)
    store += added

    found = read(sqlite.PLUGIN, database(struct.pack(">II", 5, len(store)) + index + store))

    assert [(one.name, one.version) for one in packages(found)] == [("a", "1-2")]
    assert not gaps(found)


def test_limits_on_headers_and_records_are_reported() -> None:
    data = database(package("a"), package("b"), package("c", text(1014, "x" * 9000)))

    few = read(sqlite.PLUGIN, data, limits=Limits(records=2))
    small = read(sqlite.PLUGIN, data, limits=Limits(rpm_header_bytes=5000))
    tags = read(sqlite.PLUGIN, data, limits=Limits(rpm_header_entries=4))

    assert [one.limit for one in gaps(few)] == ["records"]
    assert [one.limit for one in gaps(small)] == ["rpm_header_bytes"]
    assert [one.limit for one in gaps(tags)] == ["rpm_header_entries"]
    assert [one.name for one in packages(tags)] == ["a", "b"]


def test_rows_of_many_pages_are_read_in_order() -> None:
    names = [f"package-{number:04}" for number in range(600)]
    headers = [
        package(name, text(1014, "x" * (index * 31 % 9000))) for index, name in enumerate(names)
    ]

    found = read(sqlite.PLUGIN, database(*headers))

    assert [one.name for one in packages(found)] == names
    assert not gaps(found)


@pytest.mark.parametrize(
    "statements",
    [
        [
            "CREATE VIEW Packages AS WITH RECURSIVE "  # noqa: ISC004 - one statement
            "n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, x'00' AS blob FROM n"
        ],
        ["CREATE TABLE Packagez (hnum INTEGER PRIMARY KEY, blob BLOB)"],
        ["CREATE TABLE a (b)", "DROP TABLE a"],
    ],
    ids=["endless_view", "other_name", "empty"],
)
def test_a_database_without_a_real_table_of_packages_is_reported(statements: list[str]) -> None:
    found = read(sqlite.PLUGIN, scripted(*statements))

    assert [one.code for one in gaps(found)] == ["parse.failed"]


def test_a_table_of_another_kind_is_reported() -> None:
    data = scripted(
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB) WITHOUT ROWID",
        "INSERT INTO Packages VALUES (1, x'00')",
    )

    assert [one.code for one in gaps(read(sqlite.PLUGIN, data))] == ["parse.record"]


def test_a_package_that_only_the_index_of_names_has_is_reported() -> None:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(database(package("a"), package("lost")))
    connection.execute("CREATE TABLE 'Name' (key 'TEXT', hnum INTEGER, idx INTEGER)")
    connection.execute("INSERT INTO Name VALUES ('a', 1, 0), ('lost', 2, 0)")
    connection.execute("DELETE FROM Packages WHERE hnum = 2")
    connection.commit()

    found = read(sqlite.PLUGIN, connection.serialize())
    connection.close()

    assert [one.name for one in packages(found)] == ["a"]
    assert ["'lost'" in one.reason for one in gaps(found)] == [True]


def test_a_page_that_leads_to_itself_is_visited_once() -> None:
    headers = [package(f"package-{number}", text(1014, "x" * 900)) for number in range(40)]
    data = bytearray(database(*headers))
    page = next(at for at in range(4096, len(data), 4096) if data[at] == 5)
    data[page + 8 : page + 12] = (page // 4096 + 1).to_bytes(4, "big")

    found = read(sqlite.PLUGIN, bytes(data))

    assert 0 < len(packages(found)) < len(headers)
    assert [one.code for one in gaps(found)] == ["parse.record"]


def test_an_overflow_chain_in_a_circle_is_followed_once() -> None:
    data = bytearray(database(package("a", text(1014, "x" * 20_000))))
    at = next(at for at in range(8192, len(data), 4096) if data[at : at + 4] == b"\0\0\0\5")
    data[at : at + 4] = b"\0\0\0\4"

    found = read(sqlite.PLUGIN, bytes(data))

    assert packages(found) == []
    assert [one.code for one in gaps(found)] == ["parse.record"]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("rpmdb.sqlite-wal", b"", []),
        ("rpmdb.sqlite-wal", bytes(32), []),
        ("rpmdb.sqlite-wal", bytes(5000), ["parse.failed"]),
        ("rpmdb.sqlite-journal", bytes(5000), []),
        ("rpmdb.sqlite-journal", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(99), ["parse.failed"]),
    ],
    ids=["empty_log", "header_only", "log", "finished_journal", "journal"],
)
def test_changes_that_were_not_applied_are_reported(
    name: str, data: bytes, expected: list[str]
) -> None:
    found = read(journal.PLUGIN, data, f"var/lib/rpm/{name}")

    assert [one.code for one in gaps(found)] == expected


def test_a_record_in_no_slot_and_a_slot_for_no_record_are_reported() -> None:
    data = bytearray(slots(package("a"), package("b")))
    data[48 + 4 : 48 + 8] = bytes(4)
    data[64 : 64 + 16] = struct.pack("<4sIII", b"Slot", 9, 2**31, 2)

    found = read(ndb.PLUGIN, bytes(data))

    assert [one.name for one in packages(found)] == ["a"]
    assert len(gaps(found)) == 2


@pytest.mark.parametrize("blocks", [0, 2**31], ids=["the_same", "all_that_follows"])
def test_slots_that_share_a_record_read_it_once(blocks: int) -> None:
    data = bytearray(slots(package("a")))
    data[48 : 48 + 16] = data[32:48]
    data[60:64] = (blocks or int.from_bytes(data[44:48], "little")).to_bytes(4, "little")
    data[56] += bool(blocks)

    found = read(ndb.PLUGIN, bytes(data))

    assert [one.name for one in packages(found)] == ["a"]
    assert [one.code for one in gaps(found)] == ["parse.record"]


@pytest.mark.parametrize(
    ("place", "value"),
    [(12, b"abcd"), (20, b"\1\0\0\0"), (24, b"\1"), (26, b"\1")],
    ids=["magic", "page_size", "encrypted", "checksums"],
)
def test_another_kind_of_berkeley_database_is_refused(place: int, value: bytes) -> None:
    data = bytearray(real("epoch.Packages"))
    data[place : place + len(value)] = value

    assert [one.code for one in gaps(read(berkeley.PLUGIN, bytes(data)))] == ["parse.failed"]


def test_a_berkeley_record_in_a_circle_is_followed_once() -> None:
    data = bytearray(real("libuuid.Packages"))
    first = next(at for at in range(0, len(data), 4096) if data[at + 25] == 7)
    data[first + 16 : first + 20] = (first // 4096).to_bytes(4, "little")

    found = read(berkeley.PLUGIN, bytes(data))

    assert packages(found) == []
    assert {one.code for one in gaps(found)} == {"parse.record"}


def test_a_database_below_the_root_is_another_systems_and_owns_nothing() -> None:
    path = "srv/root/var/lib/rpm/Packages.db"

    found = read(nested.PLUGIN, real("sles-15.3.Packages.db"), path)

    assert len(packages(found)) == 8
    assert {one.note for one in packages(found)} == {
        "installed in a file system inside the image, not in the image's own"
    }
    assert not any(isinstance(one, OwnedFiles) for one in found)
    assert read(nested.PLUGIN, real("sles-15.3.Packages.db"), "var/lib/rpm/Packages.db") == []


def test_a_manifest_line_is_a_package() -> None:
    line = (
        "openssl-libs\t1.1.1k-28.cm2\t1696000000\t1695000000\tMicrosoft Corporation\t1\t4711\t"
        "x86_64\t1\topenssl-1.1.1k-28.cm2.src.rpm\n"
    )

    found = read(manifest.PLUGIN, line.encode() + line.replace("\t1\t", "\t(none)\t", 1).encode())

    assert [(one.version, one.source_version) for one in packages(found)] == [
        ("1:1.1.1k-28.cm2", "1:1.1.1k-28.cm2"),
        ("1.1.1k-28.cm2", "1.1.1k-28.cm2"),
    ]
    assert {(one.name, one.source_name, one.arch, one.vendor) for one in packages(found)} == {
        ("openssl-libs", "openssl", "x86_64", "Microsoft Corporation")
    }


@pytest.mark.parametrize("line", ["a\tb", "a\t1\t\t\t\tx\t\t\t\t", "\t1-1\t\t\t\t(none)\t\t\t\t"])
def test_a_broken_manifest_line_is_reported_and_does_not_hide_the_next(line: str) -> None:
    good = "filesystem\t1.1-8.cm2\t1\t1\tM\t(none)\t0\tx86_64\t0\tfilesystem-1.1-8.cm2.src.rpm\n"

    found = read(manifest.PLUGIN, f"{line}\n{good}".encode())

    assert [one.name for one in packages(found)] == ["filesystem"]
    assert [one.code for one in gaps(found)] == ["parse.record"]


@pytest.mark.parametrize("name", REAL)
def test_a_real_database_is_read_without_a_gap(name: str) -> None:
    found = read(REAL[name], real(name))

    assert packages(found)
    assert not gaps(found)


@pytest.mark.parametrize("name", REAL)
def test_a_flipped_bit_never_changes_the_packages_silently(name: str) -> None:
    whole = packages(read(REAL[name], real(name)))
    chance = random.Random(1)  # noqa: S311 - repeatable

    for _ in range(150):
        damaged = bytearray(real(name))
        # Half of the flips hit the structure at the start of a page.
        place = chance.randrange(len(damaged))
        place = place // 4096 * 4096 + place % 40 if chance.random() < 0.5 else place
        damaged[place] ^= 1 << chance.randrange(8)
        found = read(REAL[name], bytes(damaged))

        assert names(packages(found)) == names(whole) or gaps(found)


def names(found: list[PackageFact]) -> list[tuple[str, str]]:
    return [(one.name, one.version) for one in found]


@pytest.mark.parametrize("name", REAL)
def test_a_database_that_was_cut_says_so(name: str) -> None:
    data = real(name)
    places = random.Random(2).sample(range(len(data)), 60)  # noqa: S311 - repeatable

    for place in [0, 1, 15, 16, 99, 100, 511, 512, *places]:
        assert gaps(read(REAL[name], data[:place])) or place > len(data) - 4096


@pytest.mark.parametrize("plugin", [sqlite.PLUGIN, ndb.PLUGIN, berkeley.PLUGIN])
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600), st.data())
def test_any_bytes_are_read_or_reported(
    plugin: Cataloger, noise: bytes, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([name for name in REAL if REAL[name] is plugin]))
    place = data.draw(st.integers(0, len(real(name))))
    damaged = real(name)[:place] + noise + real(name)[place + len(noise) :]

    for one in [*read(plugin, noise), *read(plugin, damaged)]:
        assert isinstance(one, PackageFact | OwnedFiles | Unreadable)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
def test_any_header_and_any_manifest_are_read_or_reported(noise: bytes) -> None:
    headers = [noise, struct.pack(">II", len(noise) // 16, len(noise) % 16) + noise]

    assert gaps(read(ndb.PLUGIN, slots(*headers)))
    for one in read(manifest.PLUGIN, noise):
        assert isinstance(one, PackageFact | Unreadable)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("name", "own_name"),
    [
        ("cbl-mariner-2.0.rpmdb.sqlite", "rpmdb.sqlite"),
        ("libuuid.Packages", "Packages"),
        ("epoch.Packages", "Packages"),
        ("several.Packages", "Packages"),
        ("big-endian.Packages", "Packages"),
    ],
)
def test_the_packages_and_files_are_those_that_rpm_lists(
    name: str, own_name: str, tmp_path: Path
) -> None:
    """The headers of the ndb sample are in `several`: rpm is built without ndb in Debian."""
    if not shutil.which("rpm"):
        pytest.skip("needs rpm")
    (tmp_path / own_name).write_bytes(real(name))
    form = "%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}|%{VENDOR}|%{LICENSE}\\n"
    files = "[%{=NAME} %{FILENAMES}\\n]"

    found = read(REAL[name], real(name))

    assert {
        f"{one.name} {one.version if ':' in one.version else '0:' + one.version} {one.arch}"
        f"|{one.vendor or '(none)'}|{one.licenses[0]}"
        for one in packages(found)
    } == queried(tmp_path, form)
    assert {
        f"{one.package} /{path}"
        for one in found
        if isinstance(one, OwnedFiles)
        for path in one.paths
    } == queried(tmp_path, files)


def queried(folder: Path, form: str) -> set[str]:
    command = ["rpm", "--dbpath", str(folder), "-qa", "--qf", form]
    output = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return {line for line in output.split("\n") if line and not line.startswith("gpg-pubkey")}
