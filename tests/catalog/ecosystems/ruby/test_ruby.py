"""Installed Ruby gems."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.ecosystems.laws import (
    assert_damage_is_never_silent,
    codes,
    ids,
    packages,
    read,
)

from scantling.catalog.api import Found
from scantling.catalog.ecosystems.ruby.gemspec import PLUGIN
from scantling.core.model.facts import PackageFact

RAKE = (Path(__file__).parent / "data" / "rake-13.0.6.gemspec").read_bytes()
FOLDER = "usr/local/bundle/specifications"


def parsed(text: str, name: str = "a-1.0") -> list[Found]:
    return read(PLUGIN, f"{FOLDER}/{name}.gemspec", text.encode())


def test_a_specification_gives_the_gem() -> None:
    assert read(PLUGIN, f"{FOLDER}/rake-13.0.6.gemspec", RAKE) == [
        PackageFact(type="gem", name="rake", version="13.0.6", licenses=("MIT",))
    ]


def test_default_gems_are_installed_too() -> None:
    assert ids(read(PLUGIN, f"{FOLDER}/default/rake-13.0.6.gemspec", RAKE)) == ["rake@13.0.6"]


@pytest.mark.parametrize(
    "folder", ["usr/src/rake", "specifications/extra/rake", "usr/src/specifications/rake/lib"]
)
def test_a_specification_elsewhere_is_source_code(folder: str) -> None:
    assert read(PLUGIN, f"{folder}/rake-13.0.6.gemspec", RAKE) == []


def test_a_platform_in_the_file_name_is_no_conflict() -> None:
    text = 's.name = "a".freeze\ns.version = "1.0"\ns.platform = "x86_64-linux".freeze\n'

    assert ids(parsed(text, "a-1.0-x86_64-linux")) == ["a@1.0"]
    assert not codes(parsed(text, "a-1.0-x86_64-linux"))


@pytest.mark.parametrize(
    "text",
    [
        "  s.name = 'a'\n  s.version = '1.0'\n",
        '  spec.name = "a"\n  spec.version = Gem::Version.new("1.0")\n',
        "# stub: a 1.0 ruby lib\n  s.version = VERSION\n",
        's.name = "a"\ns.version = "1.0"\ns.name = "b"\n',
    ],
    ids=["single_quotes", "version_object", "stub_only", "first_counts"],
)
def test_every_way_to_write_name_and_version_is_read(text: str) -> None:
    assert ids(parsed(text)) == ["a@1.0"]
    assert not codes(parsed(text))


def test_several_licenses_are_all_declared() -> None:
    text = 's.name = "a"\ns.version = "1.0"\ns.licenses = ["MIT".freeze, "Ruby".freeze]\n'

    assert packages(parsed(text))[0].licenses == ("MIT", "Ruby")


def test_when_specification_and_file_name_disagree_both_are_reported() -> None:
    found = parsed('s.name = "b"\ns.version = "2.0"\n')

    assert ids(found) == ["b@2.0", "a@1.0"]
    assert codes(found) == {"parse.conflict"}


@pytest.mark.parametrize("text", ["", "puts 1", 's.name = "a"', 's.name = "a"\ns.version = V'])
def test_an_unusual_specification_is_reported_and_its_name_still_counts(text: str) -> None:
    assert ids(parsed(text)) == ["a@1.0"]
    assert codes(parsed(text)) == {"parse.failed"}


def test_damage_is_never_silent() -> None:
    assert_damage_is_never_silent(PLUGIN, f"{FOLDER}/rake-13.0.6.gemspec", RAKE)


@given(st.binary())
@settings(max_examples=150)
def test_any_bytes_give_packages_or_gaps(data: bytes) -> None:
    assert read(PLUGIN, f"{FOLDER}/a.gemspec", data)


@pytest.mark.oracle
def test_the_result_is_that_of_rubygems() -> None:
    ruby = shutil.which("ruby")
    if ruby is None:
        pytest.skip("ruby is not installed")
    script = (
        "Gem::Specification.each { |s| "
        "puts [s.loaded_from, s.name, s.version, s.licenses.join('|')].join(\"\\t\") }"
    )
    lines = subprocess.check_output([ruby, "-e", script], text=True).strip().split("\n")
    assert len(lines) > 10

    for line in lines:
        path, name, version, licenses = line.split("\t")
        (package,) = read(PLUGIN, path.lstrip("/"), Path(path).read_bytes())
        assert isinstance(package, PackageFact), path
        assert (package.name, package.version) == (name, version)
        assert "|".join(package.licenses) == licenses
