"""Go: go.mod before and after, and which binaries are the project's."""

import pytest
from msgspec.structs import replace

from scantling.remedy.registry import STRATEGIES
from tests.remedy.bumps.cases import changed_lines, only, package, proposals, situation

GO_MOD = """\
module example.com/shop // the shop

go 1.21

require github.com/gin-gonic/gin v1.7.0

require (
\tgolang.org/x/net v0.7.0 // indirect
\tgithub.com/golang-jwt/jwt/v4 v4.4.0
\tgithub.com/dgrijalva/jwt-go v3.2.0+incompatible // indirect
\tgithub.com/example/local v1.0.0
)

replace github.com/gin-gonic/gin v1.7.0 => github.com/gin-gonic/gin v1.7.0

replace (
\tgithub.com/example/local => ../local
\tgithub.com/golang-jwt/jwt/v4 => github.com/fork/jwt/v4 v4.4.0 // fork
)

exclude golang.org/x/net v0.6.0
"""
MAIN = package("golang", "example.com/shop", "v1.0.0", root=True)


@pytest.mark.parametrize(
    ("name", "before", "after", "lines"),
    [
        ("golang.org/x/net", "v0.7.0", "0.17.0", ["\tgolang.org/x/net v0.17.0 // indirect"]),
        (
            "github.com/gin-gonic/gin",
            "v1.7.0",
            "1.9.1",
            [
                "require github.com/gin-gonic/gin v1.9.1",
                "replace github.com/gin-gonic/gin v1.7.0 => github.com/gin-gonic/gin v1.9.1",
            ],
        ),
        (
            "github.com/dgrijalva/jwt-go",
            "v3.2.0+incompatible",
            "3.2.1+incompatible",
            ["\tgithub.com/dgrijalva/jwt-go v3.2.1+incompatible // indirect"],
        ),
    ],
)
def test_the_versions_of_go_mod_change_and_nothing_else(
    name: str, before: str, after: str, lines: list[str]
) -> None:
    found = situation({"go.mod": GO_MOD}, (MAIN, package("golang", name, before)), {name: (after,)})

    proposal, made = only("bump-golang", found)

    assert [new for _, new in changed_lines(GO_MOD, made["go.mod"])] == lines
    assert proposal.commands == (f"go get {name}@v{after}", "go mod tidy")
    assert proposal.added[0].version == f"v{after}"


@pytest.mark.parametrize(
    ("name", "version", "warning"),
    [
        (
            "github.com/example/local",
            "v1.0.0",
            "go.mod replaces it by a folder: change what is there",
        ),
        (
            "github.com/golang-jwt/jwt/v4",
            "v4.4.0",
            "go.mod replaces it by github.com/fork/jwt/v4: change that",
        ),
    ],
)
def test_a_module_that_is_replaced_by_another_is_not_edited(
    name: str, version: str, warning: str
) -> None:
    fixed = version.removeprefix("v").replace("0", "9", 1)
    found = situation(
        {"go.mod": GO_MOD}, (MAIN, package("golang", name, version)), {name: (fixed,)}
    )

    proposal, made = only("bump-golang", found)

    assert made == {}
    assert proposal.warnings == (warning,)


def test_another_major_version_is_another_module() -> None:
    name = "github.com/gin-gonic/gin"
    found = situation(
        {"go.mod": GO_MOD}, (MAIN, package("golang", name, "v1.7.0")), {name: ("2.0.0",)}
    )

    assert proposals("bump-golang", found) == ()


def test_a_binary_with_another_main_module_is_not_the_projects() -> None:
    name = "golang.org/x/net"
    other = "usr/bin/tool"
    packages = (
        MAIN,
        package("golang", "github.com/someone/tool", "v2.0.0", path=other, root=True),
        package("golang", name, "v0.7.0", path=other),
    )
    found = situation({"go.mod": GO_MOD}, packages, {name: ("0.17.0",)})

    assert proposals("bump-golang", found) == ()


def test_what_a_foreign_binary_has_as_well_stays_in_the_inventory() -> None:
    name = "golang.org/x/net"
    both = package("golang", name, "v0.7.0")
    tool = package("golang", "github.com/someone/tool", "v2.0.0", path="usr/bin/tool", root=True)
    both = replace(both, locations=(*both.locations, *tool.locations))
    found = situation({"go.mod": GO_MOD}, (MAIN, tool, both), {name: ("0.17.0",)})

    (made,) = STRATEGIES["bump-golang"].propose(found)

    assert {one.version for one in made.added} == {"v0.17.0", "v0.7.0"}
