"""Packages of published .NET applications."""

import json
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

from scantling.catalog.ecosystems.dotnet.deps_json import PLUGIN
from scantling.catalog.wants import HEAD_BYTES, WantIndex
from scantling.core.limits import Limits

REAL = (Path(__file__).parent / "data" / "Python.Runtime.deps.json").read_bytes()
PATH = "app/Shop.deps.json"
DEPS = {
    "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0", "signature": ""},
    "compilationOptions": {},
    "targets": {
        ".NETCoreApp,Version=v8.0": {
            "Shop/1.0.0": {
                "dependencies": {"Newtonsoft.Json": "13.0.1"},
                "runtime": {"Shop.dll": {}},
            },
            "Newtonsoft.Json/13.0.1": {
                "runtime": {"lib/netstandard2.0/Newtonsoft.Json.dll": {"fileVersion": "13.0.1.0"}}
            },
            "SQLitePCLRaw.lib/2.1.0": {"runtimeTargets": {"runtimes/linux-x64/x.so": {}}},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.0": {"native": {"a.so": {}}},
            "System.Net.Http/4.3.0": {"dependencies": {"System.IO": "4.3.0"}},
            "Analyzers/1.0.0": {"runtime": {}},
        }
    },
    "libraries": {
        "Shop/1.0.0": {"type": "project", "serviceable": False, "sha512": ""},
        "Newtonsoft.Json/13.0.1": {"type": "package", "sha512": "sha512-x"},
        "SQLitePCLRaw.lib/2.1.0": {"type": "package"},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.0": {"type": "runtimepack"},
        "System.Net.Http/4.3.0": {"type": "package"},
        "Analyzers/1.0.0": {"type": "package"},
        "Untargeted/1.0.0": {"type": "package"},
    },
}
DATA = json.dumps(DEPS, indent=2).encode()


def test_a_real_file_gives_all_libraries_but_the_one_used_while_building() -> None:
    found = read(PLUGIN, "runtime/Python.Runtime.deps.json", REAL)

    listed = [key.replace("/", "@") for key in json.loads(REAL)["libraries"]]
    assert ids(found) == [key for key in listed if not key.startswith("Microsoft.SourceLink")]
    assert [one.name for one in packages(found) if one.root] == ["Python.Runtime"]


def test_libraries_with_files_are_installed_and_others_are_not() -> None:
    found = read(PLUGIN, PATH, DATA)

    assert ids(found) == [
        "Shop@1.0.0",
        "Newtonsoft.Json@13.0.1",
        "SQLitePCLRaw.lib@2.1.0",
        "Microsoft.NETCore.App.Runtime.linux-x64@8.0.0",
        "Untargeted@1.0.0",
    ]
    assert [one.name for one in packages(found) if one.root] == ["Shop"]
    assert {one.type for one in packages(found)} == {"nuget"}
    assert not gaps(found)


def test_a_byte_order_mark_is_accepted() -> None:
    assert len(packages(read(PLUGIN, PATH, b"\xef\xbb\xbf" + DATA))) == 5


@pytest.mark.parametrize("data", [DATA, b"\xef\xbb\xbf" + DATA], ids=["plain", "with_mark"])
def test_only_such_files_are_picked_among_all_json(data: bytes) -> None:
    index = WantIndex((PLUGIN,))

    assert index.by_data(PATH, data[:HEAD_BYTES])
    assert not index.by_data("app/tsconfig.json", b'{"compilerOptions": {}}')
    assert read(PLUGIN, "app/other.json", data) == []


@pytest.mark.parametrize("key", ["", "Name", "/1.0", "Name/", "N\x1b[2J/1", "N/" + "1" * 257])
def test_a_broken_library_is_reported_and_does_not_hide_the_next(key: str) -> None:
    libraries = {key: {"type": "package"}, "Good/1.0": {"type": "package"}}

    found = read(PLUGIN, PATH, json.dumps({"libraries": libraries}).encode())

    assert ids(found) == ["Good@1.0"]
    assert codes(found) == {"parse.record"}


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b'{"libraries": []}', b"[" * 100_000])
def test_another_file_is_reported(data: bytes) -> None:
    assert codes(read(PLUGIN, PATH, data)) == {"parse.failed"}


def test_the_number_of_libraries_is_limited() -> None:
    (gap,) = gaps(read(PLUGIN, PATH, DATA, Limits(records=2)))

    assert gap.limit == "records"


def test_a_file_that_was_cut_off_is_reported() -> None:
    for length in range(0, len(DATA) - 1, 7):
        assert gaps(read(PLUGIN, PATH, DATA[:length])), length


def test_damage_to_the_libraries_is_never_silent() -> None:
    data = json.dumps({"libraries": DEPS["libraries"]}).encode()

    assert_damage_is_never_silent(PLUGIN, PATH, data, keep=len(b'{"libraries"'))


@given(st.binary())
@settings(max_examples=150)
def test_any_bytes_are_harmless(data: bytes) -> None:
    read(PLUGIN, PATH, data)
