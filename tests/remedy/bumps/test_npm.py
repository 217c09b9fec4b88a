"""npm: lockfiles as the tools write them, and what package.json becomes."""

import json
from pathlib import Path

import pytest

from scantling.remedy.locks import npm_graph
from scantling.remedy.locks.graph import Graph
from tests.remedy.bumps.cases import (
    changed_lines,
    edited,
    only,
    package,
    proposals,
    situation,
)

DATA = Path(__file__).parent / "data"
MANIFEST = (DATA / "package.json").read_text(encoding="utf-8")
WANTED = {"body-parser": "1.19.0", "minimist": "^1.2.0", "mkdirp": "0.5.1"}
LOCKS = {
    "package-lock-3.json": "package-lock.json",
    "package-lock-1.json": "package-lock.json",
    "yarn-1.lock": "yarn.lock",
    "yarn-berry.lock": "yarn.lock",
    "pnpm-lock-9.yaml": "pnpm-lock.yaml",
    "pnpm-lock-6.yaml": "pnpm-lock.yaml",
    "pnpm-lock-5.yaml": "pnpm-lock.yaml",
}


def _files(lock: str, manifest: str = MANIFEST) -> dict[str, str]:
    return {
        "package.json": manifest,
        LOCKS[lock]: (DATA / lock).read_text(encoding="utf-8"),
    }


def _graph(lock: str) -> Graph:
    text = (DATA / lock).read_text(encoding="utf-8")
    if lock.startswith("pnpm"):
        return npm_graph.pnpm_lock(text)
    read = npm_graph.yarn_lock if lock.startswith("yarn") else npm_graph.package_lock
    return read(text, WANTED)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_lockfile_tells_how_each_package_gets_into_the_project(lock: str) -> None:
    graph = _graph(lock)
    used = {key: one for key, one in graph.packages.items() if key not in graph.roots}

    assert len(set(used.values())) == 25
    assert graph.chain(graph.keys("qs", "6.7.0")) == ("body-parser", "qs")
    assert graph.chain(graph.keys("minimist", "0.0.8")) == ("mkdirp", "minimist")
    assert len(graph.chain(graph.keys("toidentifier", "1.0.0"))) == 3
    assert [key for key in used if not graph.chain({key})] == []


@pytest.mark.parametrize("lock", ["package-lock-3.json", "package-lock-1.json", "yarn-1.lock"])
def test_the_ranges_of_dependents_are_read(lock: str) -> None:
    graph = _graph(lock)

    assert [one.range for one in graph.needed_by(graph.keys("qs", "6.7.0"))] == ["6.7.0"]
    assert [one.range for one in graph.needed_by(graph.keys("ms", "2.0.0"))] == ["2.0.0"]


@pytest.mark.parametrize(
    ("lock", "command"),
    [
        ("package-lock-3.json", "npm update minimist --package-lock-only"),
        ("yarn-1.lock", "yarn upgrade minimist"),
        ("yarn-berry.lock", "yarn up -R minimist"),
        ("pnpm-lock-9.yaml", "pnpm update minimist --lockfile-only"),
    ],
)
def test_a_version_the_constraint_takes_needs_a_command_only(lock: str, command: str) -> None:
    found = situation(
        _files(lock), (package("npm", "minimist", "1.2.8"),), {"minimist": ("1.3.0",)}
    )

    proposal, files = only("bump-npm", found)

    assert files == {}
    assert proposal.commands == (command,)
    assert proposal.place is not None
    assert (proposal.place.path, proposal.place.line) == ("package.json", 7)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_constraint_that_does_not_take_it_is_moved_in_its_style(lock: str) -> None:
    found = situation(_files(lock), (package("npm", "mkdirp", "0.5.1"),), {"mkdirp": ("0.5.6",)})

    _, files = only("bump-npm", found)

    assert changed_lines(MANIFEST, files["package.json"]) == [
        ('    "mkdirp": "0.5.1"', '    "mkdirp": "0.5.6"')
    ]


@pytest.mark.parametrize(
    ("lock", "path"),
    [
        ("package-lock-3.json", ("overrides",)),
        ("package-lock-1.json", ("overrides",)),
        ("yarn-1.lock", ("resolutions",)),
        ("yarn-berry.lock", ("resolutions",)),
        ("pnpm-lock-9.yaml", ("pnpm", "overrides")),
    ],
)
def test_a_dependency_that_others_hold_below_is_overridden(
    lock: str, path: tuple[str, ...]
) -> None:
    found = situation(_files(lock), (package("npm", "qs", "6.7.0"),), {"qs": ("6.7.3",)})

    proposal, files = only("bump-npm", found)
    made = json.loads(files["package.json"])
    table = made
    for key in path:
        table = table[key]

    assert table == {"qs": "~6.7.3"}
    assert files["package.json"].startswith(MANIFEST.rstrip("}\n").rstrip())
    assert "it comes through body-parser > qs" in proposal.warnings


@pytest.mark.parametrize(
    ("lock", "key"),
    [
        ("package-lock-3.json", "minimist@0.0.8"),
        ("pnpm-lock-9.yaml", "minimist@0.0.8"),
        ("yarn-1.lock", "**/mkdirp/minimist"),
        ("yarn-berry.lock", "mkdirp/minimist"),
    ],
)
def test_of_several_versions_only_the_flawed_one_is_overridden(lock: str, key: str) -> None:
    packages = (package("npm", "minimist", "0.0.8"), package("npm", "minimist", "1.2.8"))
    found = situation(_files(lock), packages, {"minimist": ("0.2.4",)})

    proposal, files = only("bump-npm", found)

    assert proposal.subject == "pkg:npm/minimist@0.0.8"
    assert f'"{key}": "~0.2.4"' in files["package.json"]


def test_an_override_of_a_direct_dependency_refers_to_it() -> None:
    manifest = '{"dependencies": {"a": "1.0.0", "b": "^1.0.0"}}'
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"a": "1.0.0", "b": "^1.0.0"}},
            "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "1.0.0"}},
            "node_modules/b": {"version": "1.0.0"},
        },
    }
    files = {"package.json": manifest, "package-lock.json": json.dumps(lock)}
    found = situation(files, (package("npm", "b", "1.0.0"),), {"b": ("1.0.5",)})

    _, after = only("bump-npm", found)

    assert after["package.json"] == (
        '{"dependencies": {"a": "1.0.0", "b": "^1.0.5"}, "overrides": { "b": "$b" }}'
    )


def test_a_package_carried_inside_another_is_not_overridden() -> None:
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"a": "^1.0.0"}},
            "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "1.0.0"}},
            "node_modules/a/node_modules/b": {"version": "1.0.0", "inBundle": True},
        },
    }
    files = {
        "package.json": '{"dependencies": {"a": "^1.0.0"}}',
        "package-lock.json": json.dumps(lock),
    }
    found = situation(files, (package("npm", "b", "1.0.0"),), {"b": ("1.0.5",)})

    proposal, after = only("bump-npm", found)

    assert after == {}
    assert proposal.warnings == ("a carries b inside: upgrade that",)


def test_a_global_tools_own_packages_are_not_the_projects() -> None:
    path = "usr/local/lib/node_modules/npm/node_modules/qs/package.json"
    packages = (package("npm", "qs", "6.7.0", path=path),)

    assert (
        proposals("bump-npm", situation(_files("yarn-1.lock"), packages, {"qs": ("6.7.3",)})) == ()
    )


def test_without_a_lockfile_the_constraint_itself_is_raised() -> None:
    found = situation(
        {"web/package.json": MANIFEST.replace("\n", "\r\n")},
        (package("npm", "minimist", "1.2.0"),),
        {"minimist": ("1.2.6",)},
    )

    proposal, files = only("bump-npm", found)

    assert files["web/package.json"] == MANIFEST.replace("\n", "\r\n").replace("^1.2.0", "^1.2.6")
    assert proposal.commands == ("cd web && npm install",)


def test_workspaces_are_edited_where_the_constraint_is() -> None:
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "": {"workspaces": ["packages/*"]},
            "packages/api": {"name": "api", "dependencies": {"b": "~1.0.0"}},
            "node_modules/api": {"resolved": "packages/api", "link": True},
            "node_modules/b": {"version": "1.0.0"},
        },
    }
    files = {
        "package.json": '{"workspaces": ["packages/*"]}',
        "packages/api/package.json": '{"dependencies": {"b": "~1.0.0"}}',
        "package-lock.json": json.dumps(lock),
    }
    found = situation(files, (package("npm", "b", "1.0.0"),), {"b": ("1.1.0",)})

    _, after = only("bump-npm", found)

    assert after == {"packages/api/package.json": '{"dependencies": {"b": "~1.1.0"}}'}


def test_each_size_of_step_is_one_alternative() -> None:
    found = situation(
        _files("package-lock-3.json"),
        (package("npm", "mkdirp", "0.5.1"),),
        {"mkdirp": ("0.5.6", "1.0.4")},
    )

    made = proposals("bump-npm", found)

    assert [(one.after, str(one.effort)) for one in made][-1] == ("1.0.4", "major")
    assert {one.subject for one in made} == {"pkg:npm/mkdirp"}
    assert all(edited(found, one) for one in made)
