"""dpkg and opkg databases, file lists and license files."""

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.catalog.api import Cataloger, DeclaredLicenses, Found, OpenFile, Unreadable
from scantling.catalog.ecosystems.dpkg import (
    licenses,
    nested,
    opkg,
    owned,
    status,
    status_folder,
)
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.facts import OwnedFiles, PackageFact

DATA = Path(__file__).parent / "data"
STATUS = (DATA / "bookworm.status").read_bytes()
OWN = "var/lib/dpkg/status"
INSTALLED = "Status: install ok installed\n"


def read(
    plugin: Cataloger, data: bytes | str, path: str = OWN, limits: Limits = DEFAULT
) -> list[Found]:
    raw = data.encode() if isinstance(data, str) else data
    return list(plugin.parse(OpenFile(path=path, data=raw, limits=limits)))


def packages(found: list[Found]) -> list[PackageFact]:
    return [one for one in found if isinstance(one, PackageFact)]


def gaps(found: list[Found]) -> list[Unreadable]:
    return [one for one in found if isinstance(one, Unreadable)]


def record(name: str = "zlib1g", fields: str = INSTALLED + "Version: 1:1.2.13\n") -> str:
    return f"Package: {name}\n{fields}\n"


def test_a_record_gives_name_version_source_architecture_and_maintainer() -> None:
    text = (
        "Package: libgcc-s1\nStatus: install ok installed\nPriority: optional\n"
        "Maintainer: Debian GCC Maintainers <debian-gcc@lists.debian.org>\n"
        "Architecture: amd64\nMulti-Arch: same\nSource: gcc-12 (12.2.0-14)\n"
        "Version: 12.2.0-14+b1\nDescription: GCC support library\n Shared version.\n .\n End.\n\n"
    )

    assert read(status.PLUGIN, text) == [
        PackageFact(
            type="deb",
            name="libgcc-s1",
            version="12.2.0-14+b1",
            source_name="gcc-12",
            source_version="12.2.0-14",
            arch="amd64",
            vendor="Debian GCC Maintainers <debian-gcc@lists.debian.org>",
        )
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ("", "")),
        ("Source: openssl\n", ("openssl", "1.2")),
        ("Source: openssl (0:1.1)\n", ("openssl", "1.1")),
        ("Source: libx (1.1)\n", ("libx", "1.1")),
        ("Source: libx\n", ("", "")),
    ],
    ids=["none", "name", "name_and_version", "own_name_other_version", "own_name"],
)
def test_the_source_package_is_named_unless_it_is_the_package(
    source: str, expected: tuple[str, str]
) -> None:
    found = read(status.PLUGIN, record("libx", f"{INSTALLED}Version: 1.2\n{source}"))

    assert [(one.source_name, one.source_version) for one in packages(found)] == [expected]


@pytest.mark.parametrize(
    ("state", "note"),
    [
        ("install ok installed", ""),
        ("hold ok installed", ""),
        ("install ok triggers-pending", ""),
        ("install ok unpacked", "unpacked, but not configured"),
        ("install reinstreq half-installed", "half-installed: an installation or removal"),
        ("install ok half-configured", "half-configured"),
        ("deinstall ok config-files", None),
        ("purge ok not-installed", None),
    ],
)
def test_the_state_decides_whether_a_package_is_on_the_disk(state: str, note: str | None) -> None:
    found = read(status.PLUGIN, record("vim", f"Status: {state}\nVersion: 2:9.0\n"))

    assert [one.note[: len(note or "")] for one in packages(found)] == (
        [] if note is None else [note]
    )
    assert not gaps(found)


def test_a_state_that_dpkg_does_not_have_is_reported_and_the_package_kept() -> None:
    found = read(status.PLUGIN, record("vim", "Status: install ok imstalled\nVersion: 2:9.0\n"))

    assert [one.name for one in packages(found)] == ["vim"]
    assert [one.code for one in gaps(found)] == ["parse.record"]


def test_a_record_without_a_state_counts_as_installed_and_says_so() -> None:
    found = read(status.PLUGIN, record("vim", "Version: 2:9.0\n"))

    assert [one.note for one in packages(found)] == ["its state is not recorded"]


@pytest.mark.parametrize(
    "broken",
    [
        "Package: broken\nStatus: install ok installed\n",
        "Package: broken\nStatus: install ok installed\nVersion: 1 2\n",
        "Package: bro ken\nStatus: install ok installed\nVersion: 1\n",
        "Package: broken\nPackage: again\nStatus: install ok installed\nVersion: 1\n",
        "Package: broken\nStatus: install ok installed\nVersion: 1\nVersion: 2\n",
        "Package: broken\nStatus: install ok installed\nVersion: 1\nnot a field\n",
        "Package: broken\nStatus: install ok installed\nVersion: 1\nSource: a b c\n",
        " only a continuation\n",
        "Version: 1\n",
        f"Package: {'x' * 1025}\nStatus: install ok installed\nVersion: 1\n",
        f"Package: broken\nStatus: install ok installed\nVersion: {'1' * 257}\n",
    ],
    ids=[
        "no_version",
        "version_of_two_words",
        "name_of_two_words",
        "two_packages",
        "two_versions",
        "no_field",
        "source",
        "continuation",
        "no_package",
        "long_name",
        "long_version",
    ],
)
def test_a_broken_record_is_reported_and_does_not_hide_its_neighbors(broken: str) -> None:
    found = read(status.PLUGIN, record("before") + broken + "\n" + record("after"))

    names = [one.name for one in packages(found)]
    assert (names[0], names[-1]) == ("before", "after")
    assert {one.code for one in gaps(found)} == {"parse.record"}


def test_two_records_that_lost_their_empty_line_are_both_read() -> None:
    found = read(status.PLUGIN, record("one").rstrip("\n") + "\n" + record("two"))

    assert [one.name for one in packages(found)] == ["one", "two"]
    assert [one.code for one in gaps(found)] == ["parse.record"]


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_only_a_line_feed_starts_a_field(separator: str) -> None:
    text = f"{INSTALLED}Version: 1\nDescription: a{separator}Version: 2{separator}\n b\n"

    found = read(status.PLUGIN, record("x", text))

    assert [(one.name, one.version) for one in packages(found)] == [("x", "1")]
    assert not gaps(found)


def test_field_names_in_other_letters_and_carriage_returns_are_understood() -> None:
    text = "PACKAGE: a\r\nstatus:\tinstall ok installed\r\nVersion:1\r\n\r\n" + record("b")

    found = read(status.PLUGIN, text)

    assert [(one.name, one.version) for one in packages(found)] == [("a", "1"), ("b", "1:1.2.13")]


def test_an_empty_database_is_no_damage() -> None:
    assert read(status.PLUGIN, b"") == []


def test_limits_on_records_are_reported() -> None:
    text = record("a") + record("b") + record("c")

    few = read(status.PLUGIN, text, limits=Limits(records=2))
    small = read(status.PLUGIN, text, limits=Limits(record_bytes=20))

    assert [one.name for one in packages(few)] == ["a", "b"]
    assert [one.limit for one in gaps(few)] == ["records"]
    assert [one.limit for one in gaps(small)] == ["record_bytes"] * 3


def test_a_database_below_the_root_is_another_systems_and_says_so() -> None:
    found = read(nested.PLUGIN, STATUS, "srv/chroot/var/lib/dpkg/status")

    own = packages(read(status.PLUGIN, STATUS))
    assert [replace(one, note="") for one in packages(found)] == own
    assert {one.note for one in packages(found)} == {
        "installed in a file system inside the image, not in the image's own"
    }
    assert read(nested.PLUGIN, STATUS, OWN) == []
    assert (status.PLUGIN.package_db, nested.PLUGIN.package_db) == ("deb", "")


def test_a_distroless_record_needs_neither_a_state_nor_a_final_line_feed() -> None:
    text = "Package: netbase\nVersion: 6.4\nArchitecture: all\nMaintainer: A <a@example.com>"

    found = read(status_folder.PLUGIN, text, "var/lib/dpkg/status.d/netbase")

    assert found == [
        PackageFact(
            type="deb", name="netbase", version="6.4", arch="all", vendor="A <a@example.com>"
        )
    ]


def test_distroless_checksums_say_which_files_a_package_owns() -> None:
    text = "d41d8cd98f00b204e9800998ecf8427e  etc/protocols\nx\n"

    found = read(status_folder.PLUGIN, text, "var/lib/dpkg/status.d/netbase.md5sums")

    assert found[0] == OwnedFiles(package="netbase", paths=("etc/protocols",))
    assert [one.code for one in gaps(found)] == ["parse.note"]


def test_an_empty_distroless_record_is_reported() -> None:
    found = read(status_folder.PLUGIN, b"\n", "var/lib/dpkg/status.d/netbase")

    assert [one.code for one in gaps(found)] == ["parse.failed"]


def test_a_file_list_names_its_package_architecture_and_paths_also_in_a_merged_usr() -> None:
    text = "/.\n/lib\n/lib/libc.so.6\n/usr/share/doc/libc6/\u00fc\n"

    found = read(owned.PLUGIN, text, "var/lib/dpkg/info/libc6:amd64.list")

    assert found == [
        OwnedFiles(
            package="libc6",
            arch="amd64",
            paths=("lib", "lib/libc.so.6", "usr/share/doc/libc6/\u00fc", "usr/lib/libc.so.6"),
        )
    ]


def test_a_line_of_a_file_list_that_is_no_path_is_noted() -> None:
    found = read(owned.PLUGIN, b"/bin/\xff\nbin/ls\n", "var/lib/dpkg/info/a.list")

    assert found[0] == OwnedFiles(package="a", paths=("bin/\udcff", "usr/bin/\udcff"))
    assert [one.code for one in gaps(found)] == ["parse.note"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(("/.", "/", "/lib/x", "/usr", "", "odd", "//", "/a\rb"))))
def test_a_file_list_is_read_line_by_line_however_it_is_written(lines: list[str]) -> None:
    found = read(owned.PLUGIN, "\n".join(lines), "var/lib/dpkg/info/a.list")

    paths = [line[1:] for line in lines if line.startswith("/") and line != "/."]
    moved = ["usr/" + path for path in paths if path.startswith("lib/")]
    assert [one.paths for one in found if isinstance(one, OwnedFiles)] == (
        [(*paths, *moved)] if paths else []
    )
    assert bool(gaps(found)) == ("odd" in lines)


def test_a_machine_readable_copyright_file_declares_all_its_licenses_once() -> None:
    text = (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
        "Files: *\nCopyright: A\nLicense: GPL-2+ with OpenSSL exception\n text\n\n"
        "Files: b\nLicense: Expat\n\nLicense: Expat\n See /usr/share/common-licenses/GPL-2\n"
    )

    found = read(licenses.PLUGIN, text, "usr/share/doc/wget/copyright")

    assert found == [DeclaredLicenses(licenses=("GPL-2+ with OpenSSL exception", "Expat"))]


def test_a_real_copyright_file_is_read() -> None:
    data = (DATA / "zlib1g.copyright").read_bytes()

    found = read(licenses.PLUGIN, data, "usr/share/doc/zlib1g/copyright")

    assert found == [DeclaredLicenses(licenses=("Zlib",))]


def test_a_free_copyright_text_declares_the_common_licenses_it_refers_to() -> None:
    text = (
        "It was downloaded from example.com.\nLicense: see below\n"
        "On Debian systems the text is in /usr/share/common-licenses/GPL-2.\n"
        "and in /usr/share/common-licenses/LGPL-2.1\n"
    )

    found = read(licenses.PLUGIN, text, "usr/share/doc/wget/copyright")

    assert found == [DeclaredLicenses(licenses=("GPL-2", "LGPL-2.1"))]


@pytest.mark.parametrize(
    "path",
    ["usr/share/doc/copyright", "srv/usr/share/doc/a/copyright", "usr/share/doc/a/b/copyright"],
)
def test_a_copyright_file_elsewhere_is_not_a_packages(path: str) -> None:
    assert read(licenses.PLUGIN, "Format: 1.0\nLicense: MIT\n", path) == []


def test_opkg_records_are_read_and_their_source_folder_is_not_a_source_package() -> None:
    text = (
        "Package: busybox\nVersion: 1.36.1-r1\nDepends: libc\nStatus: install user installed\n"
        "Source: package/utils/busybox\nArchitecture: mipsel_24kc\nInstalled-Time: 1700000000\n\n"
    )

    found = read(opkg.PLUGIN, text, "usr/lib/opkg/status")

    assert found == [
        PackageFact(type="opkg", name="busybox", version="1.36.1-r1", arch="mipsel_24kc")
    ]


def test_real_records_are_read_without_a_gap() -> None:
    found = read(status.PLUGIN, STATUS)

    assert not gaps(found)
    assert len(packages(found)) == STATUS.count(b"Package: ")


def test_a_flipped_bit_never_takes_a_package_away_silently() -> None:
    whole = len(packages(read(status.PLUGIN, STATUS)))

    for damaged in flipped(STATUS, 400):
        found = read(status.PLUGIN, damaged)

        assert len(packages(found)) >= whole or gaps(found)


def test_a_list_that_was_cut_says_so_unless_it_ends_with_a_record() -> None:
    whole = len(packages(read(status.PLUGIN, STATUS)))
    places = random.Random(2).sample(range(1, len(STATUS)), 100)  # noqa: S311 - repeatable

    for place in places:
        found = read(status.PLUGIN, STATUS[:place])

        cut_between = STATUS[:place].endswith(b"\n\n")
        assert len(packages(found)) == whole or gaps(found) or cut_between


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([one.PLUGIN for one in (status, status_folder, nested, opkg, owned, licenses)]),
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            ["Package: a", "Status: install ok installed", "Version: 1", "", " x", "\t", "::", "é:"]
        )
    ).map(lambda lines: "\n".join(lines).encode()),
)
def test_any_bytes_are_read_or_reported(plugin: Cataloger, data: bytes) -> None:
    for one in read(plugin, data, "usr/share/doc/x/copyright"):
        assert isinstance(one, PackageFact | OwnedFiles | DeclaredLicenses | Unreadable)


def flipped(data: bytes, count: int) -> Iterator[bytes]:
    chance = random.Random(1)  # noqa: S311 - repeatable
    for _ in range(count):
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        yield bytes(damaged)


@pytest.mark.oracle
def test_this_machines_packages_are_those_that_dpkg_query_lists() -> None:
    if not shutil.which("dpkg-query") or not Path("/" + OWN).exists():
        pytest.skip("needs dpkg-query and its database")
    form = (
        "${db:Status-Status} ${Package} ${Version} ${Architecture} ${source:Package} "
        "${source:Version} ${Maintainer}\n"
    )
    output = subprocess.run(
        ["dpkg-query", "-W", "-f", form], capture_output=True, check=True
    ).stdout
    gone = ("config-files ", "not-installed ")
    expected = {
        line.partition(" ")[2]
        for line in output.decode().split("\n")
        if line and not line.startswith(gone)
    }

    found = read(status.PLUGIN, Path("/" + OWN).read_bytes())

    assert not gaps(found)
    assert expected == {
        f"{one.name} {one.version} {one.arch} {one.source_name or one.name} "
        f"{one.source_version or one.version} {one.vendor}"
        for one in packages(found)
    }
