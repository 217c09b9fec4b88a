"""Cargo, Bundler, Composer and NuGet: manifests before and after, commands for lockfiles."""

import json

import pytest

from scantling.project.lockfile_lines import entries
from tests.remedy.bumps.cases import changed_lines, only, package, situation

CARGO = """\
[package]
name = "shop"
version = "0.1.0"

[dependencies]
tokio = "1.20" # async
hyper = { version = "0.14.1", features = ["client"] }
h2x = { package = "h2", version = "=0.3.0" }

[target.'cfg(unix)'.dependencies.time]
version = "0.1.40"

[workspace.dependencies]
regex = "1.5.1"
"""
CARGO_LOCK = "version = 3\n" + "\n".join(
    f'[[package]]\nname = "{name}"\nversion = "{version}"\n{rest}'
    for name, version, rest in (
        ("shop", "0.1.0", 'dependencies = ["tokio", "hyper", "h2", "time", "regex"]\n'),
        ("tokio", "1.20.0", 'source = "registry"\ndependencies = ["mio"]\n'),
        ("hyper", "0.14.1", 'source = "registry"\n'),
        ("h2", "0.3.0", 'source = "registry"\n'),
        ("time", "0.1.40", 'source = "registry"\n'),
        ("regex", "1.5.1", 'source = "registry"\n'),
        ("mio", "0.8.1", 'source = "registry"\n'),
    )
)


@pytest.mark.parametrize(
    ("name", "before", "after", "lines"),
    [
        ("tokio", "1.20.0", "1.38.2", []),
        ("mio", "0.8.1", "0.8.11", []),
        ("regex", "1.5.1", "1.5.5", []),
        (
            "hyper",
            "0.14.1",
            "1.4.0",
            ['hyper = { version = "1.4.0", features = ["client"] }'],
        ),
        ("h2", "0.3.0", "0.3.26", ['h2x = { package = "h2", version = "=0.3.26" }']),
        ("time", "0.1.40", "0.2.23", ['version = "0.2.23"']),
        ("regex", "1.5.1", "2.0.0", ['regex = "2.0.0"']),
    ],
)
def test_cargo(name: str, before: str, after: str, lines: list[str]) -> None:
    files = {"Cargo.toml": CARGO, "Cargo.lock": CARGO_LOCK}
    found = situation(files, (package("cargo", name, before),), {name: (after,)})

    proposal, made = only("bump-cargo", found)

    assert [new for _, new in changed_lines(CARGO, made.get("Cargo.toml", CARGO))] == lines
    assert proposal.commands == (f"cargo update -p {name} --precise {after}",)


def test_a_crate_that_another_line_of_is_needed_names_its_dependents() -> None:
    files = {"Cargo.toml": CARGO, "Cargo.lock": CARGO_LOCK}
    found = situation(files, (package("cargo", "mio", "0.8.1"),), {"mio": ("1.0.1",)})

    proposal, _ = only("bump-cargo", found)

    assert proposal.commands[0] == "cargo update -p tokio"
    assert "tokio asks for an older mio: upgrade that too" in proposal.warnings


GEMFILE = """\
source "https://gems.example.com"

gem 'rails', '~> 6.0.3', require: false
gem "rack", "~> 2.0"
gem("sinatra", ">= 1.0", "< 2")
  gem "puma", "4.3.1" # server
gem "own", "1.0", git: "https://example.com/own.git"
"""
GEMFILE_LOCK = """\
GEM
  remote: https://gems.example.com/
  specs:
    actionpack (6.0.3)
    nokogiri (1.11.0-x86_64-linux)
    own (1.0)
    puma (4.3.1)
    rack (2.0.1)
    rails (6.0.3)
      actionpack (= 6.0.3)
      nokogiri (~> 1.6)
    sinatra (1.0)

PLATFORMS
  ruby

DEPENDENCIES
  own!
  puma (= 4.3.1)
  rack (~> 2.0)
  rails (~> 6.0.3)
  sinatra (>= 1.0, < 2)

BUNDLED WITH
   2.3.0
"""


@pytest.mark.parametrize(
    ("name", "before", "after", "lines"),
    [
        ("rails", "6.0.3", "6.0.6", []),
        (
            "rails",
            "6.0.3",
            "6.1.7.2",
            ["gem 'rails', '~> 6.1.7', '>= 6.1.7.2', require: false"],
        ),
        ("rack", "2.0.1", "2.2.6.4", []),
        ("puma", "4.3.1", "4.3.12", ['  gem "puma", "4.3.12" # server']),
        ("sinatra", "1.0", "2.2.3", ['gem("sinatra", ">= 2.2.3", "< 3")']),
        ("nokogiri", "1.11.0", "1.13.6", []),
        ("own", "1.0", "1.1", []),
    ],
)
def test_bundler(name: str, before: str, after: str, lines: list[str]) -> None:
    files = {"Gemfile": GEMFILE, "Gemfile.lock": GEMFILE_LOCK}
    found = situation(files, (package("gem", name, before),), {name: (after,)})

    proposal, made = only("bump-gem", found)

    assert [new for _, new in changed_lines(GEMFILE, made.get("Gemfile", GEMFILE))] == lines
    assert proposal.commands == (f"bundle update --conservative {name}",)


def test_a_gem_that_others_hold_is_updated_with_them() -> None:
    files = {"Gemfile": GEMFILE, "Gemfile.lock": GEMFILE_LOCK}
    found = situation(files, (package("gem", "actionpack", "6.0.3"),), {"actionpack": ("6.0.4",)})

    proposal, _ = only("bump-gem", found)

    assert proposal.commands == ("bundle update --conservative actionpack rails",)
    assert proposal.warnings[0] == "it comes through rails > actionpack"


COMPOSER = """\
{
    "require": {
        "php": ">=7.4",
        "guzzlehttp/guzzle": "^7.0",
        "Twig/Twig": "~2.11.0"
    },
    "config": {"sort-packages": true}
}
"""
COMPOSER_LOCK = json.dumps(
    {
        "content-hash": "0",
        "packages": [
            {
                "name": "guzzlehttp/guzzle",
                "version": "7.0.1",
                "require": {"guzzlehttp/psr7": "^1.7", "php": "^7.2.5"},
            },
            {"name": "guzzlehttp/psr7", "version": "1.7.0", "require": []},
            {"name": "twig/twig", "version": "v2.11.0"},
        ],
        "packages-dev": [],
    }
)


@pytest.mark.parametrize(
    ("name", "before", "after", "lines", "also"),
    [
        ("guzzlehttp/guzzle", "7.0.1", "7.4.5", [], ""),
        ("guzzlehttp/psr7", "1.7.0", "1.8.4", [], ""),
        ("guzzlehttp/psr7", "1.7.0", "2.4.5", [], " guzzlehttp/guzzle"),
        ("twig/twig", "v2.11.0", "2.15.3", ['        "Twig/Twig": "~2.15.3"'], ""),
    ],
)
def test_composer(name: str, before: str, after: str, lines: list[str], also: str) -> None:
    files = {"composer.json": COMPOSER, "composer.lock": COMPOSER_LOCK}
    found = situation(files, (package("composer", name, before),), {name: (after,)})

    proposal, made = only("bump-composer", found)

    text = made.get("composer.json", COMPOSER)
    assert [new for _, new in changed_lines(COMPOSER, text)] == lines
    assert proposal.commands == (f"composer update {name}{also} --with-all-dependencies",)


PROJECT = """\
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <JwtVersion>5.0.0</JwtVersion>
  </PropertyGroup>
  <ItemGroup Condition="'$(A)' > '1'">
    <PackageReference Include="Newtonsoft.Json" Version="12.0.1" /> <!-- json -->
    <PackageReference Include="System.Text.Json">
      <Version>[6.0.0,7.0.0)</Version>
    </PackageReference>
    <PackageReference Include="Jwt" Version='$(JwtVersion)' PrivateAssets="all" />
  </ItemGroup>
</Project>
"""
NUGET_LOCK = json.dumps(
    {
        "version": 1,
        "dependencies": {
            "net8.0": {
                "Jwt": {
                    "type": "Direct",
                    "requested": "[5.0.0, )",
                    "resolved": "5.0.0",
                    "dependencies": {"System.Net.Http": "4.3.0"},
                },
                "System.Net.Http": {"type": "Transitive", "resolved": "4.3.0"},
            }
        },
    }
)


@pytest.mark.parametrize(
    ("name", "before", "after", "line"),
    [
        (
            "newtonsoft.json",
            "12.0.1",
            "13.0.1",
            '    <PackageReference Include="Newtonsoft.Json" Version="13.0.1" /> <!-- json -->',
        ),
        ("System.Text.Json", "6.0.0", "8.0.4", "      <Version>[8.0.4,9.0.0)</Version>"),
        ("Jwt", "5.0.0", "5.7.0", "    <JwtVersion>5.7.0</JwtVersion>"),
    ],
)
def test_nuget(name: str, before: str, after: str, line: str) -> None:
    found = situation({"Shop.csproj": PROJECT}, (package("nuget", name, before),), {name: (after,)})

    _, made = only("bump-nuget", found)

    assert [new for _, new in changed_lines(PROJECT, made["Shop.csproj"])] == [line]


@pytest.mark.parametrize("central", [False, True])
def test_a_dependency_of_others_gets_a_reference_of_its_own(*, central: bool) -> None:
    props = (
        '<Project>\n  <ItemGroup>\n    <PackageVersion Include="Jwt" Version="5.0.0" />\n'
        "  </ItemGroup>\n</Project>\n"
    )
    files = {"src/Shop.csproj": PROJECT, "src/packages.lock.json": NUGET_LOCK}
    files |= {"Directory.Packages.props": props} if central else {}
    name = "System.Net.Http"
    found = situation(files, (package("nuget", name, "4.3.0"),), {name: ("4.3.4",)})

    proposal, made = only("bump-nuget", found)

    version = "" if central else ' Version="4.3.4"'
    reference = f'\n    <PackageReference Include="System.Net.Http"{version} />'
    assert made["src/Shop.csproj"].replace(reference, "") == PROJECT
    holder = "Directory.Packages.props" if central else "src/Shop.csproj"
    assert ("System.Net.Http", "4.3.4") in [
        (one.name, one.version) for one in entries(holder, made[holder])
    ]
    assert proposal.commands[-1] == "cd src && dotnet restore --force-evaluate"


def test_packages_config_has_exact_versions() -> None:
    text = (
        '<packages>\n  <package id="Jwt" version="5.0.0" targetFramework="net48" />\n</packages>\n'
    )
    found = situation(
        {"packages.config": text}, (package("nuget", "Jwt", "5.0.0"),), {"Jwt": ("5.7.0",)}
    )

    _, made = only("bump-nuget", found)

    assert made == {"packages.config": text.replace("5.0.0", "5.7.0")}
