"""Language packages without a lockfile, and binaries that are built again."""

import pytest

from scantling.core.model.advisory import Stored
from scantling.core.model.base import Part
from scantling.core.model.inventory import Location
from scantling.core.model.plan import ActionKind
from scantling.remedy.api import Situation
from scantling.remedy.situation import silenced
from tests.remedy.world import after, flaw, image, library, plan, situation, system


def go(id_: str, package: str, *fixed: str) -> Stored:
    return flaw(id_, package, *fixed, ecosystem="golang")


def test_a_pin_in_the_dockerfile_is_changed_where_it_stands() -> None:
    dockerfile = 'FROM python:3\nRUN pip install \\\n    "flask[async]==1.0" \\\n    requests==2\n'

    made = plan(
        situation(library("flask", "1.0"), dockerfile=dockerfile),
        flaw("CVE-1", "flask", "1.1", ecosystem="pypi"),
    )

    assert after(made) == dockerfile.replace("1.0", "1.1")
    assert made.actions[0].place is not None
    assert made.actions[0].place.line == 2
    assert made.actions[0].warnings == ()


@pytest.mark.parametrize(
    ("kind", "name", "command"),
    [
        ("pypi", "flask", 'pip install "flask==2.0.0"'),
        ("npm", "lodash", "npm install lodash@2.0.0"),
        ("gem", "rails", "gem install rails -v 2.0.0"),
        ("nuget", "Some.Thing", "dotnet add package Some.Thing --version 2.0.0"),
    ],
)
def test_without_a_file_to_edit_the_command_of_the_ecosystem_is_told(
    kind: str, name: str, command: str
) -> None:
    made = plan(
        situation(library(name, "1.0.0", kind=kind)),
        flaw("CVE-1", name.lower(), "2.0.0", ecosystem=kind),
    )

    (action,) = made.actions
    assert action.kind is ActionKind.BUMP
    assert action.commands == (command,)
    assert action.edits == ()
    assert f"app/{name}" in action.warnings[0]


def test_all_versions_of_a_package_that_have_findings_are_changed_together() -> None:
    old, newer, safe = (
        library("minimatch", version, kind="npm", path=f"app/{version}")
        for version in ("0.2.14", "2.0.10", "3.0.4")
    )

    made = plan(situation(old, newer, safe), flaw("CVE-1", "minimatch", "3.0.2", ecosystem="npm"))

    (action,) = made.actions
    assert action.before == "2.0.10, 0.2.14"
    assert {one.before for one in action.changes} == {old.purl, newer.purl}
    assert made.after == ()


def _binary(name: str, version: str, *paths: str, owner: str = "") -> object:
    one = library(name, version, kind="golang", owner=owner)
    places = tuple(Location(path=path, layer=1) for path in paths)
    return type(one)(
        **{
            **{field: getattr(one, field) for field in one.__struct_fields__},
            "locations": places,
            "part": Part.OWN,
        }
    )


def _where(*packages: object, of: object = None) -> Situation:
    return situation(*packages, of=of)  # type: ignore[arg-type]


def test_a_binary_is_built_again_with_the_least_toolchain_and_modules() -> None:
    of = image("ADD rootfs.tar /", "COPY tool /usr/bin/tool")
    where = _where(
        _binary("stdlib", "1.19.8", "usr/bin/tool"),
        _binary("golang.org/x/net", "v0.7.0", "usr/bin/tool"),
        of=of,
    )

    made = plan(where, go("CVE-1", "stdlib", "1.19.9"), go("CVE-2", "golang.org/x/net", "0.17.0"))

    (action,) = made.actions
    assert action.kind is ActionKind.REPLACE
    assert action.title == ("Build usr/bin/tool again with Go 1.19.9, golang.org/x/net 0.17.0")
    assert action.commands == ("go get golang.org/x/net@v0.17.0",)
    assert action.warnings == ("it came with layer 1: COPY tool /usr/bin/tool",)
    assert made.after == ()


def test_binaries_that_share_what_must_change_are_one_action() -> None:
    where = _where(
        _binary("stdlib", "1.19.8", "usr/bin/a", "usr/bin/b"),
        _binary("golang.org/x/net", "v0.7.0", "usr/bin/b", "usr/bin/c"),
        _binary("stdlib", "1.20.1", "usr/bin/d"),
    )

    made = plan(where, go("CVE-1", "stdlib", "1.20.2"), go("CVE-2", "golang.org/x/net", "0.17.0"))

    assert sorted(one.subject for one in made.actions) == [
        "usr/bin/a, usr/bin/b, usr/bin/c",
        "usr/bin/d",
    ]


def test_a_binary_of_a_system_package_is_told_with_its_package() -> None:
    owner = system("gosu", "1.14")

    made = plan(
        _where(owner, _binary("stdlib", "1.19.8", "usr/sbin/gosu", owner=owner.purl)),
        go("CVE-1", "stdlib", "1.19.9"),
    )

    (action,) = made.actions
    assert action.warnings[0] == "it belongs to x/gosu, whose distribution says nothing about this"


def test_silenced_is_nothing_when_the_report_suppresses_nothing() -> None:
    from scantling.testing.reports import REPORTS  # noqa: PLC0415
    from tests.remedy.world import checker  # noqa: PLC0415

    assert silenced(REPORTS["clean"], checker()) == frozenset()
