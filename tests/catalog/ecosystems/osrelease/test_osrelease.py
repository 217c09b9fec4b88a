"""Files that say which distribution an image is."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.catalog.api import Cataloger, Found, OpenFile, Unreadable
from scantling.catalog.ecosystems.osrelease import (
    alpine_release,
    debian_version,
    lsb_release,
    os_release,
    system_release_cpe,
    vendor_release,
)
from scantling.core.model.facts import DistroFact

DATA = Path(__file__).parent / "data"
PLUGINS = [
    one.PLUGIN
    for one in (
        alpine_release,
        debian_version,
        lsb_release,
        os_release,
        system_release_cpe,
        vendor_release,
    )
]


def read(plugin: Cataloger, data: str | bytes) -> list[Found]:
    raw = data.encode() if isinstance(data, str) else data
    return list(plugin.parse(OpenFile(path="etc/release", data=raw)))


def codes(found: list[Found]) -> list[str]:
    return [one.code for one in found if isinstance(one, Unreadable)]


def distro(found: list[Found]) -> DistroFact:
    (fact,) = [one for one in found if isinstance(one, DistroFact)]
    return fact


def test_alpines_own_file_is_read() -> None:
    found = read(os_release.PLUGIN, (DATA / "alpine-3.18.9.os-release").read_bytes())

    assert found == [
        DistroFact(
            id="alpine", version_id="3.18.9", name="Alpine Linux", pretty_name="Alpine Linux v3.18"
        )
    ]


def test_debians_own_file_is_read() -> None:
    found = read(os_release.PLUGIN, (DATA / "debian-12.os-release").read_bytes())

    assert found == [
        DistroFact(
            id="debian",
            version_id="12",
            version="12 (bookworm)",
            codename="bookworm",
            name="Debian GNU/Linux",
            pretty_name="Debian GNU/Linux 12 (bookworm)",
        )
    ]


def test_every_field_of_interest_is_read() -> None:
    text = (
        "ID=rocky\nID_LIKE='rhel centos Fedora'\nVARIANT_ID=container\n"
        'CPE_NAME="cpe:/o:rocky:rocky:9::baseos"\nVERSION_ID="9.3"\nUBUNTU_CODENAME=jammy\n'
    )

    assert read(os_release.PLUGIN, text) == [
        DistroFact(
            id="rocky",
            version_id="9.3",
            codename="jammy",
            id_like=("rhel", "centos", "fedora"),
            variant_id="container",
            cpe_name="cpe:/o:rocky:rocky:9::baseos",
        )
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("plain", "plain"),
        ('"two words"', "two words"),
        ("'two words'", "two words"),
        (r'"a \"b\" \$c \\ \`d\`"', 'a "b" $c \\ `d`'),
        (r'"a \n b"', r"a \n b"),
        (r"'a \" b'", r"a \" b"),
        (r"a\ b", "a b"),
        ('""', ""),
        ("", ""),
        ("spaced  ", "spaced"),
        ("a=b", "a=b"),
    ],
)
def test_values_are_unquoted_as_a_shell_does(written: str, value: str) -> None:
    found = read(os_release.PLUGIN, f"ID=x\nNAME={written}\n")

    assert distro(found).name == value
    assert not codes(found)


@pytest.mark.parametrize(
    "line",
    ['NAME="open', "NAME=two words", "NAME='a'b'", "no assignment", "1A=x", f"NAME={'x' * 2000}"],
    ids=["open_quote", "two_words", "quote_inside", "no_assignment", "digit_first", "too_long"],
)
def test_a_bad_line_is_noted_and_does_not_hide_the_others(line: str) -> None:
    found = read(os_release.PLUGIN, f"ID=x\n{line}\nVERSION_ID=1\n")

    assert codes(found) == ["parse.note"]
    assert (distro(found).id, distro(found).version_id) == ("x", "1")


def test_comments_empty_lines_and_carriage_returns_are_no_damage() -> None:
    found = read(os_release.PLUGIN, "# comment\r\n\r\n  \t\nID=openEuler\r\n")

    assert found == [DistroFact(id="openeuler")]


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_a_line_feed_ends_a_line(separator: str) -> None:
    found = read(os_release.PLUGIN, f'ID=x\nNAME="a{separator}ID=y"\n')

    assert distro(found).id == "x"


@pytest.mark.parametrize("text", ["", "NAME=Alpine\n", "ID=\n", 'ID="two words"\n', "ID=é\n"])
def test_a_file_without_a_usable_id_leaves_the_distribution_unknown(text: str) -> None:
    assert codes(read(os_release.PLUGIN, text)) == ["os.unknown"]


@pytest.mark.parametrize("version", ["3.18.4", "3.21.0_alpha20240923", "3.19.0_rc1", "2.7.9"])
def test_alpine_release_gives_the_version(version: str) -> None:
    fact = distro(read(alpine_release.PLUGIN, f"{version}\n"))

    assert (fact.id, fact.version_id) == ("alpine", version)


@pytest.mark.parametrize(
    ("text", "version", "codename"),
    [("12.5\n", "12.5", ""), ("trixie/sid\n", "", "trixie"), ("sid\n", "", "sid")],
)
def test_debian_version_gives_a_number_or_a_codename(
    text: str, version: str, codename: str
) -> None:
    fact = distro(read(debian_version.PLUGIN, text))

    assert (fact.id, fact.version_id, fact.codename) == ("debian", version, codename)


def test_lsb_release_gives_the_distribution() -> None:
    text = (
        "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\n"
        'DISTRIB_DESCRIPTION="Ubuntu 22.04.3 LTS"\n'
    )

    assert read(lsb_release.PLUGIN, text) == [
        DistroFact(
            id="ubuntu",
            version_id="22.04",
            codename="jammy",
            name="Ubuntu",
            pretty_name="Ubuntu 22.04.3 LTS",
        )
    ]


def test_an_lsb_release_of_the_standard_alone_tells_nothing_and_is_no_damage() -> None:
    assert read(lsb_release.PLUGIN, "LSB_VERSION=base-4.0-amd64:core-4.0-noarch\n") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Red Hat Enterprise Linux release 9.2 (Plow)", ("rhel", "9.2", "Plow")),
        ("Red Hat Enterprise Linux Server release 6.10 (Santiago)", ("rhel", "6.10", "Santiago")),
        ("CentOS Linux release 7.9.2009 (Core)", ("centos", "7.9.2009", "Core")),
        ("CentOS Stream release 9", ("centos", "9", "")),
        ("Fedora release 39 (Thirty Nine)", ("fedora", "39", "Thirty Nine")),
        ("Rocky Linux release 9.3 (Blue Onyx)", ("rocky", "9.3", "Blue Onyx")),
        (
            "AlmaLinux release 9.3 (Shamrock Pampas Ocelot)",
            ("almalinux", "9.3", "Shamrock Pampas Ocelot"),
        ),
        ("Oracle Linux Server release 8.8", ("ol", "8.8", "")),
        ("Amazon Linux release 2 (Karoo)", ("amzn", "2", "Karoo")),
        ("Amazon Linux AMI release 2018.03", ("amzn", "2018.03", "")),
        ("CBL-Mariner 2.0.20230630", ("mariner", "2.0.20230630", "")),
        ("VMware Photon OS 4.0", ("photon", "4.0", "")),
        ("SUSE Linux Enterprise Server 12 (x86_64)", ("sles", "12", "x86_64")),
    ],
)
def test_one_line_release_files_name_their_distribution(
    line: str, expected: tuple[str, str, str]
) -> None:
    fact = distro(read(vendor_release.PLUGIN, line + "\n"))

    assert (fact.id, fact.version_id, fact.codename) == expected


@pytest.mark.parametrize(
    ("cpe", "expected"),
    [
        ("cpe:/o:redhat:enterprise_linux:9::baseos", ("rhel", "9")),
        ("cpe:2.3:o:amazon:amazon_linux:2", ("amzn", "2")),
        ("cpe:/o:fedoraproject:fedora:39", ("fedora", "39")),
        ("cpe:2.3:o:almalinux:almalinux:*", ("almalinux", "")),
    ],
)
def test_a_cpe_names_its_distribution(cpe: str, expected: tuple[str, str]) -> None:
    fact = distro(read(system_release_cpe.PLUGIN, cpe + "\n"))

    assert (fact.id, fact.version_id, fact.cpe_name) == (*expected, cpe)


@pytest.mark.parametrize(
    ("plugin", "text"),
    [
        (alpine_release.PLUGIN, "edge"),
        (alpine_release.PLUGIN, "3.18." + "1" * 300),
        (debian_version.PLUGIN, "12 5"),
        (vendor_release.PLUGIN, "Example Linux release 1"),
        (vendor_release.PLUGIN, "Fedora"),
        (system_release_cpe.PLUGIN, "cpe:/a:redhat:enterprise_linux:9"),
        (system_release_cpe.PLUGIN, "redhat"),
        (lsb_release.PLUGIN, "DISTRIB_ID=two\\ words\n"),
    ],
)
def test_a_file_that_says_something_else_is_noted(plugin: Cataloger, text: str) -> None:
    assert codes(read(plugin, text)) == ["parse.note"]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(PLUGINS),
    st.binary(max_size=100)
    | st.text(alphabet="ID=\"'\\ \n#ax1.:/$cpeo()", max_size=80).map(str.encode),
)
def test_any_bytes_are_read_or_reported(plugin: Cataloger, data: bytes) -> None:
    for one in read(plugin, data):
        assert isinstance(one, DistroFact | Unreadable)


def test_a_damaged_file_never_tells_another_distribution_with_no_trace() -> None:
    """A flip inside the ID itself cannot be told from another ID; everywhere else it can."""
    data = (DATA / "debian-12.os-release").read_bytes()
    start = data.index(b"\nID=") + 1
    end = data.index(b"\n", start)

    for place in set(range(len(data))) - set(range(start, end)):
        found = read(os_release.PLUGIN, data[:place] + bytes([data[place] ^ 2]) + data[place + 1 :])

        facts = [one for one in found if isinstance(one, DistroFact)]
        assert codes(found) or facts[0].id == "debian"


def test_a_file_cut_before_its_id_leaves_the_distribution_unknown() -> None:
    data = (DATA / "debian-12.os-release").read_bytes()

    for place in range(data.index(b"\nID=") + 4):
        assert "os.unknown" in codes(read(os_release.PLUGIN, data[:place]))
