"""Packages find the lines of lockfiles and manifests that name them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.limits import Limits
from scantling.core.model.inventory import Package
from scantling.core.model.place import PlaceKind
from scantling.project.lockfile_lines import FORMATS, entries, lockfile_places

# (file, text, what it names: name, version, line). Each text has the form its tool writes.
FILES: dict[str, tuple[str, list[tuple[str, str, int]]]] = {
    "package-lock.json": (
        """{
  "name": "shop",
  "lockfileVersion": 3,
  "packages": {
    "": { "name": "shop", "version": "1.0.0" },
    "node_modules/@babel/core": {
      "version": "7.1.0"
    },
    "node_modules/a/node_modules/ms": {
      "version": "2.0.0",
      "license": "MIT"
    },
    "node_modules/alias": {
      "name": "real",
      "version": "3.0.0"
    }
  },
  "dependencies": { "ms": { "version": "9" } }
}
""",
        [
            ("@babel/core", "7.1.0", 6),
            ("ms", "2.0.0", 9),
            ("real", "", 13),
            ("alias", "3.0.0", 13),
        ],
    ),
    "npm-shrinkwrap.json": (
        """{
  "lockfileVersion": 1,
  "dependencies": {
    "debug": {
      "version": "2.6.9",
      "requires": { "ms": "2.0.0" },
      "dependencies": {
        "ms": { "version": "2.0.0" }
      }
    }
  }
}
""",
        [("debug", "2.6.9", 4), ("ms", "2.0.0", 8)],
    ),
    "package.json": (
        (
            '{\n "name": "x",\n "dependencies": {\n  "ms": "^2",\n  "@a/b": "1"\n },\n'
            ' "devDependencies": {"c": "1"},\n "scripts": {"d": "1"}\n}'
        ),
        [("ms", "", 4), ("@a/b", "", 5), ("c", "", 7)],
    ),
    "yarn.lock": (
        """# yarn lockfile v1


"@babel/core@^7.0.0", "@babel/core@^7.1.0":
  version "7.1.0"
  resolved "https://example.com/core-7.1.0.tgz#0"
  dependencies:
    ms "^2.0.0"

ms@2.0.0:
  version "2.0.0"
""",
        [("@babel/core", "7.1.0", 4), ("ms", "2.0.0", 10)],
    ),
    "berry/yarn.lock": (
        """__metadata:
  version: 8

"@babel/core@npm:^7.1.0":
  version: 7.1.0
  resolution: "@babel/core@npm:7.1.0"
""",
        [("@babel/core", "7.1.0", 4)],
    ),
    "pnpm-lock.yaml": (
        """lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      ms:
        specifier: ^2.0.0
packages:
  '@babel/core@7.1.0':
    resolution: {integrity: sha512-0}
  ms@2.0.0:
    resolution: {integrity: sha512-0}
snapshots:
  ms@2.0.0: {}
""",
        [("@babel/core", "7.1.0", 8), ("ms", "2.0.0", 10)],
    ),
    "old/pnpm-lock.yaml": (
        "packages:\n\n  /@babel/core/7.1.0_x@1:\n    dev: no\n  /ms@2.0.0(y@1):\n    dev: true\n",
        [("@babel/core", "7.1.0", 3), ("ms", "2.0.0", 5)],
    ),
    "requirements-dev.txt": (
        """# dev
-r base.txt
Requests[socks]==2.31.0 \\
    --hash=sha256:0
flask>=2  # web
zope.interface == 5.4 ; python_version < '3'
django==4.*
git+https://example.com/x.git
./local
""",
        [
            ("Requests", "2.31.0", 3),
            ("flask", "", 5),
            ("zope.interface", "5.4", 6),
            ("django", "", 7),
        ],
    ),
    "poetry.lock": (
        """[[package]]
name = "certifi"
version = "2024.2.2"

[package.dependencies]
name = "no"

[[package]]
name = "idna"
version = "3.6"

[metadata]
content-hash = "0"
""",
        [("certifi", "2024.2.2", 2), ("idna", "3.6", 9)],
    ),
    "pyproject.toml": (
        """[project]
name = "shop"
dependencies = [
  "requests[socks]>=2; python_version < '3' and x",
  # "commented"
  'idna',
]
[project.optional-dependencies]
dev = ["pytest>=8", "ruff"]
[tool.poetry.group.dev.dependencies]
black = "^24"
[tool.ruff]
select = ["ALL"]
""",
        [
            ("requests", "", 4),
            ("idna", "", 6),
            ("pytest", "", 9),
            ("ruff", "", 9),
            ("black", "", 11),
        ],
    ),
    "Pipfile": (
        (
            '[[source]]\nurl = "https://example.com"\n[packages]\nrequests = "*"\n[dev-packages]\n'
            'pytest = {version = ">=8"}\n'
        ),
        [("requests", "", 4), ("pytest", "", 6)],
    ),
    "Pipfile.lock": (
        (
            '{\n "_meta": {"pipfile-spec": 6},\n "default": {\n  "idna": {\n   "hashes": [\n'
            '    "sha256:0"\n   ],\n   "version": "==3.6"\n  }\n },\n "develop": {}\n}'
        ),
        [("idna", "3.6", 4)],
    ),
    "go.mod": (
        """module example.com/shop

go 1.22

require github.com/google/uuid v1.6.0

require (
	golang.org/x/net v0.17.0 // indirect
)

replace example.com/a => ../a
exclude golang.org/x/net v0.1.0
""",
        [("github.com/google/uuid", "1.6.0", 5), ("golang.org/x/net", "0.17.0", 8)],
    ),
    "go.sum": (
        "golang.org/x/net v0.17.0 h1:0=\ngolang.org/x/net v0.17.0/go.mod h1:0=\n",
        [("golang.org/x/net", "0.17.0", 1)],
    ),
    "Cargo.toml": (
        (
            '[package]\nname = "x"\n[dependencies]\nserde = "1"\nlog.workspace = true\n'
            '[dependencies.tokio]\nversion = "1"\n[target.\'cfg(unix)\'.dependencies]\nnix = "0"\n'
        ),
        [("serde", "", 4), ("log", "", 5), ("tokio", "", 6), ("nix", "", 9)],
    ),
    "Gemfile.lock": (
        """GEM
  remote: https://example.com/
  specs:
    nokogiri (1.15.4-x86_64-linux)
      racc (~> 1.4)
    racc (1.7.1)

DEPENDENCIES
  nokogiri
""",
        [("nokogiri", "1.15.4", 4), ("racc", "1.7.1", 6)],
    ),
    "Gemfile": (
        "source 'https://example.com'\ngem 'rails', '~> 7'\n  gem \"pg\"\n# gem 'no'\n",
        [("rails", "", 2), ("pg", "", 3)],
    ),
    "composer.lock": (
        (
            '{\n "packages": [\n  {\n   "name": "twig/twig",\n   "version": "v3.0.1",\n'
            '   "require": {"php": "8"},\n   "authors": [{"name": "x"}]\n  }\n ]\n}'
        ),
        [("twig/twig", "3.0.1", 4)],
    ),
    "pom.xml": (
        """<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent>
    <groupId>org.example</groupId><artifactId>parent</artifactId><version>1</version>
  </parent>
  <dependencies>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-core</artifactId>
      <version>2.14.1</version>
      <exclusions><exclusion><artifactId>no</artifactId></exclusion></exclusions>
    </dependency>
    <dependency>
      <groupId>a</groupId><artifactId>b</artifactId><version>${b.version}</version>
    </dependency>
  </dependencies>
</project>
""",
        [
            ("org.example:parent", "1", 3),
            ("org.apache.logging.log4j:log4j-core", "2.14.1", 7),
            ("a:b", "", 13),
        ],
    ),
    "gradle.lockfile": (
        "# Gradle generated file\norg.a:b:1.2=compileClasspath,runtimeClasspath\nempty=\n",
        [("org.a:b", "1.2", 2)],
    ),
    "packages.lock.json": (
        (
            '{\n "version": 1,\n "dependencies": {\n  "net8.0": {\n   "Newtonsoft.Json": {\n'
            '    "type": "Direct",\n    "resolved": "13.0.1"\n   }\n  }\n }\n}'
        ),
        [("Newtonsoft.Json", "13.0.1", 5)],
    ),
    "src/Shop.csproj": (
        (
            '<Project>\n <ItemGroup>\n  <PackageReference Include="Serilog"\n    Version="2.0" />\n'
            '  <PackageReference Include="X" Version="$(V)" />\n </ItemGroup>\n</Project>'
        ),
        [("Serilog", "2.0", 3), ("X", "", 5)],
    ),
    "packages.config": (
        '<packages>\n <package id="jQuery" version="3.1" />\n</packages>',
        [("jQuery", "3.1", 2)],
    ),
}


@pytest.mark.parametrize("path", FILES)
def test_a_file_names_its_packages_with_their_lines(path: str) -> None:
    text, expected = FILES[path]

    assert [(one.name, one.version, one.line) for one in entries(path, text)] == expected


@pytest.mark.parametrize("path", FILES)
def test_the_ends_of_lines_do_not_matter(path: str) -> None:
    text, expected = FILES[path]

    found = entries(path, text.replace("\n", "\r\n"))

    assert [(one.name, one.version, one.line) for one in found] == expected


@pytest.mark.parametrize("path", FILES)
def test_a_truncated_file_gives_what_stands_before_the_damage(path: str) -> None:
    text, expected = FILES[path]
    half = text[: len(text) * 2 // 3]
    lines = half.count("\n")

    found = {(one.name, one.line) for one in entries(path, half)}

    assert {(name, line) for name, _, line in expected if line < lines - 3} <= found


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted({*FORMATS, "a.csproj", "requirements.txt"})), st.data())
def test_any_text_is_read_without_an_error(path: str, data: st.DataObject) -> None:
    known = FILES.get(path, ("", []))[0]
    parts = st.sampled_from([*known.split("\n"), "{", "[", '"', ":", "<a>", "</a>", "<!DOCTYPE x>"])
    text = "\n".join(data.draw(st.lists(parts | st.text(max_size=5), max_size=20)))

    for one in entries(path, text):
        assert 1 <= one.line <= text.count("\n") + 1


def test_deep_and_long_files_end() -> None:
    deep = "[" * 100_000
    xml = "<a>" * 100_000

    assert [*entries("package-lock.json", deep)] == []
    assert [*entries("pom.xml", xml)] == []
    assert [*entries("go.sum", "a v1 h1:0=\n" * 10, limits=Limits(records=3))][3:] == []
    assert [*entries("go.sum", "a v1 h1:0=\n", limits=Limits(text_bytes=3))] == []


def test_an_unknown_file_names_nothing() -> None:
    assert [*entries("README.md", "requests==1")] == []


def _package(type_: str, name: str, version: str, namespace: str = "") -> Package:
    return Package(
        purl=f"pkg:{type_}/{namespace}/{name}@{version}",
        type=type_,
        ecosystem=type_,
        name=name,
        version=version,
        namespace=namespace,
    )


def test_a_package_is_placed_in_its_manifest_and_its_lockfile() -> None:
    files = {
        "web/package-lock.json": FILES["package-lock.json"][0],
        "web/package.json": FILES["package.json"][0],
    }
    ms, core = _package("npm", "ms", "2.0.0"), _package("npm", "core", "7.1.0", "%40babel")

    found = lockfile_places([ms, core, _package("npm", "absent", "1")], files)

    assert sorted(found) == sorted([ms.purl, core.purl])
    manifest, lock = found[ms.purl]
    assert (manifest.path, manifest.line, manifest.kind) == (
        "web/package.json",
        4,
        PlaceKind.MANIFEST,
    )
    assert (lock.path, lock.line, lock.kind, lock.certain) == (
        "web/package-lock.json",
        9,
        PlaceKind.LOCKFILE,
        True,
    )
    assert found[core.purl][0].text == '"node_modules/@babel/core": {'


def test_the_line_with_the_version_wins() -> None:
    text = 'ms@1:\n  version "1.0.0"\n\nms@2:\n  version "2.0.0"\n'
    two, three = _package("npm", "ms", "2.0.0"), _package("npm", "ms", "3.0.0")

    found = lockfile_places([two, three], {"yarn.lock": text})

    assert [(place.line, place.certain) for place in found[two.purl]] == [(4, True)]
    assert [(place.line, place.certain) for place in found[three.purl]] == [(1, False)]


def test_names_are_compared_as_their_ecosystem_does() -> None:
    packages = [
        _package("pypi", "zope-interface", "5.4"),
        _package("maven", "log4j-core", "2.14.1", "org.apache.logging.log4j"),
        _package("golang", "net", "v0.17.0", "golang.org/x"),
        _package("composer", "Twig", "3.0.1", "twig"),
    ]
    files = {
        path: FILES[path][0]
        for path in ("requirements-dev.txt", "pom.xml", "go.mod", "composer.lock")
    }

    found = lockfile_places(packages, files)

    assert [found[one.purl][0].line for one in packages] == [6, 7, 8, 4]
    assert all(found[one.purl][0].certain for one in packages)
