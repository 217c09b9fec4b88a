"""Installed Python distributions."""

import importlib.metadata
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.ecosystems.laws import (
    assert_damage_is_never_silent,
    codes,
    gaps,
    ids,
    packages,
    read,
)
from tests.image.forge import Zipped, zipped

from scantling.catalog.api import Cataloger, Found
from scantling.catalog.ecosystems.python import dist_info, egg, egg_info
from scantling.catalog.ecosystems.python.core_metadata import normalized
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact

DATA = Path(__file__).parent / "data"
METADATA = (DATA / "packaging-26.3.METADATA").read_bytes()
PKG_INFO = (DATA / "PyJWT-2.6.0.PKG-INFO").read_bytes()
SITE = "usr/lib/python3/site-packages"
PLACE = f"{SITE}/packaging-26.3.dist-info/METADATA"


def metadata(text: str, folder: str = "foo-1.0.dist-info") -> list[Found]:
    return read(dist_info.PLUGIN, f"{SITE}/{folder}/METADATA", text.encode())


def test_a_distribution_gives_name_version_and_declared_licenses() -> None:
    assert read(dist_info.PLUGIN, PLACE, METADATA) == [
        PackageFact(
            type="pypi",
            name="packaging",
            version="26.3",
            licenses=("Apache-2.0 OR BSD-2-Clause",),
        )
    ]


@pytest.mark.parametrize(
    "path",
    [
        f"{SITE}/PyJWT-2.6.0.egg-info/PKG-INFO",
        f"{SITE}/PyJWT-2.6.0-py3.11.egg-info/PKG-INFO",
        f"{SITE}/PyJWT.egg-info/PKG-INFO",
        f"{SITE}/PyJWT-2.6.0.egg-info",
        f"{SITE}/PyJWT-2.6.0-py3.11-linux-x86_64.egg/EGG-INFO/PKG-INFO",
    ],
    ids=["folder", "with_python", "editable", "file", "unpacked_egg"],
)
def test_every_form_of_an_egg_is_read(path: str) -> None:
    (package,) = read(egg_info.PLUGIN, path, PKG_INFO)

    assert isinstance(package, PackageFact)
    assert (package.name, package.version) == ("pyjwt", "2.6.0")
    assert package.licenses == ("MIT", "License :: OSI Approved :: MIT License")


@pytest.mark.parametrize(
    ("name", "version", "folder"),
    [
        ("Foo.Bar__baz", "1.0", "foo_bar_baz-1.0.dist-info"),
        ("foo", "1.0-beta.2", "foo-1.0b2.dist-info"),
        ("foo", "1.0.post1", "foo-1.0_1.dist-info"),
        ("foo", "1.0+local.7", "foo-1.0_local.7.dist-info"),
        ("foo", "01.002", "foo-1.2.dist-info"),
        ("foo-bar", "1.0", "foo-bar-1.0.dist-info"),
        ("foo", "1.0", ".dist-info"),
    ],
)
def test_other_spellings_in_the_folder_are_no_conflict(
    name: str, version: str, folder: str
) -> None:
    found = metadata(f"Name: {name}\nVersion: {version}\n\n", folder)

    assert [(one.name, one.version) for one in packages(found)] == [(normalized(name), version)]
    assert len(found) == 1


@pytest.mark.parametrize("folder", ["bar-1.0.dist-info", "foo-2.0.dist-info"])
def test_when_metadata_and_folder_disagree_both_are_reported(folder: str) -> None:
    found = read(dist_info.PLUGIN, f"{SITE}/{folder}/METADATA", b"Name: foo\nVersion: 1.0\n\n")

    claimed = folder.removesuffix(".dist-info").replace("-", "@")
    assert ids(found) == ["foo@1.0", claimed]
    assert codes(found) == {"parse.conflict"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "Version: 1.0\n\n",
        "Name: foo\n\n",
        "Name: foo\n\nVersion: 1.0\n",
        "Name: f oo\nVersion: 1.0\n\n",
        "Name: foo\nVersion: 1 \x1b[2J\n\n",
        "no header\nName: foo\nVersion: 1.0\n\n",
        "Name: foo\nVersion: 1.0",
    ],
    ids=[
        "empty",
        "blank",
        "no_name",
        "no_version",
        "version_in_the_body",
        "name_of_two_words",
        "escape",
        "after_junk",
        "cut_within_the_version",
    ],
)
def test_unusable_metadata_is_reported_and_the_folder_still_names_the_package(text: str) -> None:
    found = read(dist_info.PLUGIN, f"{SITE}/foo-1.0.dist-info/METADATA", text.encode())

    assert ids(found) == ["foo@1.0"]
    assert codes(found) == {"parse.failed"}


def test_two_values_of_a_field_are_a_conflict_and_the_first_counts() -> None:
    text = b"Name: foo\nVersion: 1.0\nVersion: 2.0\n\n"

    found = read(dist_info.PLUGIN, f"{SITE}/foo-1.0.dist-info/METADATA", text)

    assert ids(found) == ["foo@1.0"]
    assert codes(found) == {"parse.conflict"}


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_every_kind_of_line_end_is_one(newline: str) -> None:
    text = newline.join(("Name: foo", "Version: 1.0", "", "Version: 2.0", ""))

    assert ids(metadata(text)) == ["foo@1.0"]


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x85", "\u2028"])
def test_nothing_else_is_a_line_end(separator: str) -> None:
    found = read(
        dist_info.PLUGIN,
        f"{SITE}/foo-1.0.dist-info/METADATA",
        f"Summary: x{separator}Version: 9\nName: foo\nVersion: 1.0\n\n".encode(),
    )

    assert ids(found) == ["foo@1.0"]


def test_a_copy_inside_another_distribution_says_so() -> None:
    path = f"{SITE}/setuptools/_vendor/packaging-26.3.dist-info/METADATA"

    (package,) = packages(read(dist_info.PLUGIN, path, METADATA))

    assert package.note == "a copy inside setuptools"


def test_too_long_headers_are_reported() -> None:
    data = b"Name: foo\nVersion: 1.0\n" + b"Keywords: x\n" * 50 + b"\n"

    found = read(
        dist_info.PLUGIN, f"{SITE}/foo-1.0.dist-info/METADATA", data, Limits(record_bytes=100)
    )

    assert ids(found) == ["foo@1.0"]
    assert [(one.code, one.limit) for one in gaps(found)] == [("limit.records", "record_bytes")]


def test_fifty_thousand_headers_are_no_trouble() -> None:
    data = b"Name: foo\nVersion: 1.0\n" + b"License: a\n b\r\n\tc\r" * 50_000 + b"\n"

    found = read(dist_info.PLUGIN, f"{SITE}/foo-1.0.dist-info/METADATA", data)

    assert ids(found) == ["foo@1.0"]


def test_a_license_text_is_cut() -> None:
    found = read(
        dist_info.PLUGIN,
        f"{SITE}/foo-1.0.dist-info/METADATA",
        b"Name: foo\nVersion: 1.0\nLicense: " + b"x" * 5000 + b"\n\n",
    )

    assert [len(text) for one in packages(found) for text in one.licenses] == [1024]


def test_a_zipped_egg_is_read() -> None:
    data = zipped(
        Zipped(name=b"jwt/__init__.py", data=b"x = 1\n"),
        Zipped(name=b"EGG-INFO/PKG-INFO", data=PKG_INFO, method=8),
    )

    found = read(egg.PLUGIN, f"{SITE}/PyJWT-2.6.0-py3.11.egg", data)

    assert ids(found) == ["pyjwt@2.6.0"]
    assert packages(found)[0].evidence == f"{SITE}/PyJWT-2.6.0-py3.11.egg!/EGG-INFO/PKG-INFO"
    assert not gaps(found)


def test_an_egg_without_metadata_is_reported() -> None:
    found = read(egg.PLUGIN, f"{SITE}/a-1.egg", zipped(Zipped(name=b"a.py")))

    assert codes(found) == {"parse.failed"}


@pytest.mark.parametrize(
    ("plugin", "path", "data"),
    [
        (dist_info.PLUGIN, PLACE, METADATA),
        (egg_info.PLUGIN, f"{SITE}/PyJWT-2.6.0.egg-info", PKG_INFO),
        (
            egg.PLUGIN,
            f"{SITE}/PyJWT-2.6.0.egg",
            zipped(Zipped(name=b"EGG-INFO/PKG-INFO", data=PKG_INFO, method=8)),
        ),
    ],
    ids=["dist_info", "egg_info", "egg"],
)
def test_damage_is_never_silent(plugin: Cataloger, path: str, data: bytes) -> None:
    assert_damage_is_never_silent(plugin, path, data)


@given(st.one_of(st.binary(), st.binary().map(lambda tail: b"Name: foo\nVersion: 1.0\n" + tail)))
@settings(max_examples=150)
def test_any_bytes_give_packages_or_gaps(data: bytes) -> None:
    for plugin, path in ((dist_info.PLUGIN, PLACE), (egg_info.PLUGIN, f"{SITE}/a.egg-info")):
        assert read(plugin, path, data)
    read(egg.PLUGIN, f"{SITE}/a.egg", data)


@pytest.mark.oracle
def test_the_result_is_that_of_importlib_metadata() -> None:
    folders = [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))]
    debian = "/usr/lib/python3/dist-packages"
    distributions = list(importlib.metadata.distributions(path=[*folders, debian]))
    assert len(distributions) > 10

    for distribution in distributions:
        place = Path(str(distribution._path))  # type: ignore[attr-defined]
        if place.suffix == ".dist-info":
            plugin, file = dist_info.PLUGIN, place / "METADATA"
        else:
            plugin, file = egg_info.PLUGIN, place / "PKG-INFO" if place.is_dir() else place
        found = read(plugin, str(file).lstrip("/"), file.read_bytes())
        name = normalized(distribution.metadata["Name"])
        assert ids(found) == [f"{name}@{distribution.version}"], file
        assert not gaps(found), file
