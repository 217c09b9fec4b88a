"""Installed Node packages."""

import json
import os
import shutil
import subprocess
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

from scantling.catalog.api import Found
from scantling.catalog.ecosystems.node.package_json import PLUGIN
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact

DATA = Path(__file__).parent / "data"
ARBORIST = (DATA / "arborist.package.json").read_bytes()
MS = (DATA / "ms.package.json").read_bytes()


def parsed(path: str, **fields: object) -> list[Found]:
    return read(PLUGIN, f"{path}/package.json", json.dumps(fields).encode())


def test_a_scoped_package_gives_its_scope_as_namespace() -> None:
    assert read(PLUGIN, "app/node_modules/@npmcli/arborist/package.json", ARBORIST) == [
        PackageFact(
            type="npm",
            namespace="@npmcli",
            name="arborist",
            version=json.loads(ARBORIST)["version"],
            licenses=("ISC",),
        )
    ]


@pytest.mark.parametrize(
    "folder",
    [
        "node_modules/ms",
        "app/node_modules/debug/node_modules/ms",
        "app/node_modules/@scope/debug/node_modules/ms",
        "app/node_modules/.pnpm/ms@2.1.3/node_modules/ms",
        "app/node_modules/.store/ms@2.1.3-abc/node_modules/ms",
        "usr/share/nodejs/ms",
        "usr/share/nodejs/debug/node_modules/ms",
        "usr/lib/nodejs/ms",
    ],
)
def test_an_installed_package_is_found_where_node_looks_for_it(folder: str) -> None:
    (package,) = read(PLUGIN, f"{folder}/package.json", MS)

    assert isinstance(package, PackageFact)
    assert (package.name, package.version, package.root, package.note) == (
        "ms",
        "2.1.3",
        False,
        "",
    )


@pytest.mark.parametrize(
    "folder",
    [
        "app/node_modules/ms/dist/esm",
        "app/node_modules/resolve/test/resolver/multirepo",
        "app/node_modules/resolve/test/node_modules/ms",
        "app/node_modules/.cache/ms",
        "app/node_modules/@scope",
        "app/node_modules",
        "usr/share/nodejs/ms/lib",
    ],
)
def test_what_npm_does_not_count_is_no_package(folder: str) -> None:
    assert read(PLUGIN, f"{folder}/package.json", MS) == []
    assert read(PLUGIN, f"{folder}/package.json", b"{broken") == []


def test_a_copy_that_node_can_load_but_npm_does_not_know_is_noted() -> None:
    found = read(PLUGIN, "app/node_modules/meteor/base/node_modules/ms/package.json", MS)

    assert [(one.name, one.note) for one in packages(found)] == [("ms", "inside meteor/base")]


def test_an_application_is_a_root() -> None:
    (package,) = packages(parsed("srv/app", name="app", version="1.0.0"))

    assert package.root


def test_an_alias_is_noted() -> None:
    (package,) = packages(parsed("node_modules/alias", name="real", version="1.0.0"))

    assert (package.name, package.note) == ("real", "installed as alias")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"license": "MIT"}, ("MIT",)),
        ({"license": {"type": "MIT", "url": "https://example.com"}}, ("MIT",)),
        ({"licenses": [{"type": "MIT"}, {"type": "ISC"}]}, ("MIT", "ISC")),
        ({"license": ["MIT", "ISC"]}, ("MIT", "ISC")),
        ({"license": None}, ()),
        ({}, ()),
    ],
)
def test_every_form_of_license_is_read(
    fields: dict[str, object], expected: tuple[str, ...]
) -> None:
    (package,) = packages(parsed("node_modules/a", name="a", version="1", **fields))

    assert package.licenses == expected


def test_a_malformed_license_does_not_hide_the_package() -> None:
    found = parsed("node_modules/a", name="a", version="1", license=[[1]])

    assert ids(found) == ["a@1"]
    assert codes(found) == {"parse.note"}


def test_a_byte_order_mark_is_accepted() -> None:
    assert ids(read(PLUGIN, "node_modules/ms/package.json", b"\xef\xbb\xbf" + MS)) == ["ms@2.1.3"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"ms"',
        b'{"name": "a"}',
        b'{"version": "1"}',
        b'{"name": 1, "version": "1"}',
        b'{"name": "a", "version": ["1"]}',
        b'{"name": "a/b", "version": "1"}',
        b'{"name": "@s/", "version": "1"}',
        b'{"name": "@s/a/b", "version": "1"}',
        b'{"name": "a\\u001b[2J", "version": "1"}',
        b'{"name": "a", "version": "' + b"1" * 257 + b'"}',
        b'{"name": "' + b"a" * 1025 + b'", "version": "1"}',
        b'\xff\xfe{\0"\0',
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda data: ascii(data)[:40],
)
def test_a_broken_installed_package_is_reported(data: bytes) -> None:
    found = read(PLUGIN, "node_modules/a/package.json", data)

    assert not packages(found)
    assert codes(found) == {"parse.failed"}


def test_a_file_that_only_sets_the_module_type_is_no_package() -> None:
    assert parsed("node_modules/a/esm", type="module") == []
    assert parsed("app", type="module") == []


def test_an_installed_package_that_says_nothing_of_itself_is_reported() -> None:
    assert codes(read(PLUGIN, "node_modules/a/package.json", b'{"type": "module"}')) == {
        "parse.failed"
    }


def test_a_template_outside_node_modules_is_a_note() -> None:
    found = read(PLUGIN, "usr/share/templates/package.json", b'{"name": {{name}} }')

    assert codes(found) == {"parse.note"}


def test_limits_are_those_of_the_scan() -> None:
    limits = Limits(version_chars=3)

    found = read(PLUGIN, "node_modules/ms/package.json", MS, limits)

    assert codes(found) == {"parse.failed"}


def test_damage_is_never_silent() -> None:
    assert_damage_is_never_silent(PLUGIN, "node_modules/ms/package.json", MS)
    assert_damage_is_never_silent(PLUGIN, "node_modules/@npmcli/arborist/package.json", ARBORIST)


@given(st.binary(), st.lists(st.sampled_from(["node_modules", "@a", "b", ".pnpm", "test", ""])))
@settings(max_examples=200)
def test_any_bytes_at_any_place_are_harmless(data: bytes, folders: list[str]) -> None:
    read(PLUGIN, "/".join([*folders, "package.json"]), data)


@pytest.mark.oracle
def test_the_packages_of_a_real_tree_are_those_that_npm_lists() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    root = Path(subprocess.check_output([npm, "root", "-g"], text=True).strip())
    listed = subprocess.run(
        [npm, "ls", "-g", "--all", "--parseable"], capture_output=True, text=True, check=False
    )
    expected = {os.path.realpath(line) for line in listed.stdout.split("\n") if line}

    found = {
        str(file.parent)
        for file in root.rglob("package.json")
        if packages(read(PLUGIN, str(file).lstrip("/"), file.read_bytes()))
    }

    assert found == expected - {str(root.parent)}
    assert len(found) > 50


@pytest.mark.oracle
def test_a_real_tree_has_no_gaps() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    root = Path(subprocess.check_output([npm, "root", "-g"], text=True).strip())

    for file in root.rglob("package.json"):
        assert not gaps(read(PLUGIN, str(file).lstrip("/"), file.read_bytes())), file
