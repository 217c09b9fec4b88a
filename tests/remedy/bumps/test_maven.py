"""Java: pom.xml before and after, read again by the readers of lockfile lines."""

import pytest

from scantling.project.lockfile_lines import entries
from tests.remedy.bumps.cases import changed_lines, only, package, proposals, situation

DATABIND = "com.fasterxml.jackson.core:jackson-databind"
CORE = "com.fasterxml.jackson.core:jackson-core"
LOG4J = "org.apache.logging.log4j:log4j-core"
YAML = "org.yaml:snakeyaml"
POM = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- the shop -->
<project xmlns="http://maven.apache.org/POM/4.0.0">
    <groupId>com.example</groupId>
    <artifactId>shop</artifactId>
    <version>1.0</version>
    <properties>
        <jackson.version>2.13.0</jackson.version> <!-- both -->
    </properties>
    <dependencies>
        <dependency>
            <groupId>com.fasterxml.jackson.core</groupId>
            <artifactId>jackson-databind</artifactId>
            <version>${jackson.version}</version>
        </dependency>
        <dependency>
            <groupId>com.fasterxml.jackson.core</groupId>
            <artifactId>jackson-core</artifactId>
            <version>${jackson.version}</version>
        </dependency>
        <dependency>
            <groupId>org.apache.logging.log4j</groupId>
            <artifactId>log4j-core</artifactId>
            <version>2.14.1</version>
            <exclusions><exclusion><groupId>a</groupId><artifactId>b</artifactId></exclusion></exclusions>
        </dependency>
    </dependencies>
    <build><plugins><plugin>
        <artifactId>x</artifactId>
        <dependencies><dependency>
            <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId>
            <version>2.14.1</version>
        </dependency></dependencies>
    </plugin></plugins></build>
</project>
"""
PACKAGES = (
    package("maven", DATABIND, "2.13.0"),
    package("maven", CORE, "2.13.0"),
    package("maven", LOG4J, "2.14.1"),
    package("maven", YAML, "1.29"),
)


def _versions(text: str, name: str) -> list[str]:
    return [one.version for one in entries("pom.xml", text) if one.name == name]


def test_a_version_changes_where_it_stands_and_no_plugins_does() -> None:
    found = situation({"pom.xml": POM}, PACKAGES, {LOG4J: ("2.17.1",)})

    _, made = only("bump-maven", found)

    assert changed_lines(POM, made["pom.xml"]) == [
        ("            <version>2.14.1</version>", "            <version>2.17.1</version>")
    ]
    assert _versions(made["pom.xml"], LOG4J) == ["2.17.1", "2.14.1"]


def test_a_property_moves_all_packages_it_is_the_version_of() -> None:
    found = situation({"pom.xml": POM}, PACKAGES, {DATABIND: ("2.13.5",)})

    proposal, made = only("bump-maven", found)

    assert [new.strip() for _, new in changed_lines(POM, made["pom.xml"])] == [
        "<jackson.version>2.13.5</jackson.version> <!-- both -->"
    ]
    assert {(one.name, one.version) for one in proposal.added} == {
        ("jackson-databind", "2.13.5"),
        ("jackson-core", "2.13.5"),
    }
    assert any("jackson-core" in one for one in proposal.warnings)


def test_a_property_is_changed_in_the_pom_that_has_it() -> None:
    parent = POM.partition("    <dependencies>")[0] + "</project>\n"
    child = POM.replace("<jackson.version>2.13.0</jackson.version> <!-- both -->", "")
    files = {"pom.xml": parent, "api/pom.xml": child}
    found = situation(files, PACKAGES, {DATABIND: ("2.13.5",)})

    _, made = only("bump-maven", found)

    assert made == {"pom.xml": parent.replace("2.13.0", "2.13.5")}


@pytest.mark.parametrize("crlf", [False, True])
def test_a_dependency_of_others_gets_an_entry_in_dependency_management(*, crlf: bool) -> None:
    text = POM.replace("\n", "\r\n") if crlf else POM
    found = situation({"pom.xml": text}, PACKAGES, {YAML: ("2.0",)})

    _, made = only("bump-maven", found)
    after = made["pom.xml"]

    assert _versions(after, YAML) == ["2.0"]
    assert ("\r\n" in after) == crlf
    assert after.count("\n") - text.count("\n") == 9
    assert "\r\n    <dependencyManagement>\r\n" in after or not crlf
    added = after.replace("\r", "").partition("    <dependencyManagement>\n")
    assert added[2].startswith("        <dependencies>\n            <dependency>\n")


def test_an_entry_is_added_to_the_dependency_management_there_is() -> None:
    section = "        <dependencies>\n        </dependencies>\n"
    managed = f"<dependencyManagement>\n{section}    </dependencyManagement>\n    "
    text = POM.replace("<dependencies>", managed + "<dependencies>", 1)
    found = situation({"pom.xml": text}, PACKAGES, {YAML: ("2.0",)})

    _, made = only("bump-maven", found)

    assert _versions(made["pom.xml"], YAML) == ["2.0"]
    assert made["pom.xml"].count("<dependencyManagement>") == 1
    assert made["pom.xml"].count("\n") - text.count("\n") == 5


def test_a_jar_elsewhere_in_the_image_is_not_the_projects() -> None:
    other = package("maven", YAML, "1.29", path="opt/tool/lib/snakeyaml.jar")
    found = situation({"pom.xml": POM}, (*PACKAGES[:3], other), {YAML: ("2.0",)})

    assert proposals("bump-maven", found) == ()


def test_a_copy_in_a_jar_in_a_jar_is_not_the_projects() -> None:
    path = "app/app.jar!/BOOT-INF/lib/fat.jar!/META-INF/maven/log4j-core"
    found = situation(
        {"pom.xml": POM}, (package("maven", LOG4J, "2.14.1", path=path),), {LOG4J: ("2.17.1",)}
    )

    assert proposals("bump-maven", found) == ()


def test_gradles_lockfile_gets_its_command() -> None:
    lock = f"# This is a Gradle generated file\n{LOG4J}:2.14.1=runtimeClasspath\nempty=\n"
    found = situation({"gradle.lockfile": lock}, (PACKAGES[2],), {LOG4J: ("2.17.1",)})

    proposal, made = only("bump-maven", found)

    assert made == {}
    assert proposal.commands == (f"gradle dependencies --update-locks {LOG4J}",)


def test_bytes_of_another_encoding_stay_as_they_are() -> None:
    text = POM.replace("UTF-8", "ISO-8859-1").replace("the shop", "\udce4")
    found = situation({"pom.xml": text}, PACKAGES, {LOG4J: ("2.17.1",)})

    _, made = only("bump-maven", found)

    assert [new.strip() for _, new in changed_lines(text, made["pom.xml"])] == [
        "<version>2.17.1</version>"
    ]


@pytest.mark.parametrize(
    "text",
    [
        POM.replace("<project", '<!DOCTYPE x [<!ENTITY a "b">]><project', 1),
        POM.replace("UTF-8", "UTF-16"),
        POM[:-20],
    ],
    ids=["entities", "encoding", "truncated"],
)
def test_a_pom_that_cannot_be_read_safely_is_not_edited(text: str) -> None:
    found = situation({"pom.xml": text}, PACKAGES, {LOG4J: ("2.17.1",)})

    assert proposals("bump-maven", found) == ()
