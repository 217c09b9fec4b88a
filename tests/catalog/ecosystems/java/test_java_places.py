"""Java archives that are known by where they lie, and by what a manifest says of several POMs."""

import pytest
from tests.catalog.ecosystems.java.test_java import CLASS, MANIFEST, jar, maven, parsed
from tests.catalog.ecosystems.laws import codes, ids, packages, read

from scantling.catalog.ecosystems.java.archive import PLUGIN

M2 = "root/.m2/repository"
GRADLE = "root/.gradle/caches/modules-2/files-2.1"
DEBIAN = "usr/share/maven-repo"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{M2}/org/example/codec/1.2/codec-1.2.jar", "org.example/codec@1.2"),
        (f"{M2}/junit/junit/4.13.2/junit-4.13.2.jar", "junit/junit@4.13.2"),
        (f"{M2}/g/h/a/1.0/a-1.0-linux-x86_64.jar", "g.h/a@1.0"),
        (f"{M2}/g/a/1-SNAPSHOT/a-1-20240102.030405-6.jar", "g/a@1-SNAPSHOT"),
        (
            f"{DEBIAN}/org/jsr-305/jsr305/0.1-SNAPSHOT/jsr305-0.1-SNAPSHOT.jar",
            "org.jsr-305/jsr305@0.1-SNAPSHOT",
        ),
        (f"{GRADLE}/org.example/codec/1.2/0123abcd/codec-1.2.jar", "org.example/codec@1.2"),
    ],
    ids=["maven", "short_group", "classifier", "snapshot", "debian", "gradle"],
)
def test_the_place_in_a_repository_is_the_identity(path: str, expected: str) -> None:
    found = read(PLUGIN, path, jar(CLASS))

    assert ids(found) == [expected]
    assert codes(found) == set()


@pytest.mark.parametrize(
    "path",
    [
        f"{M2}/org/example/codec/1.2/other.jar",
        f"{M2}/org/example/codec/1.2/codec-1.3.jar",
        f"{M2}/codec-1.2.jar",
        f"{M2}/org/exa mple/codec/1.2/codec-1.2.jar",
        f"{DEBIAN}/org/example/codec/debian/codec-debian.jar",
        f"{DEBIAN}/org/example/codec/1.x/codec-1.x.jar",
        f"{GRADLE}/org.example/codec/1.2/codec-1.2.jar",
        "srv/repository/org/example/codec/1.2/codec-1.2.jar",
    ],
)
def test_a_place_that_the_name_does_not_repeat_is_not_believed(path: str) -> None:
    found = read(PLUGIN, path, jar(CLASS))

    assert codes(found) == {"java.unidentified"}
    assert all(not one.namespace for one in packages(found))


def test_an_own_pom_speaks_before_the_place() -> None:
    files = {**maven("org.example", "codec", "1.3"), **CLASS}
    found = read(PLUGIN, f"{M2}/org/example/codec/1.2/codec-1.2.jar", jar(files))

    assert ids(found) == ["org.example/codec@1.3", "org.example/codec@1.2"]
    assert codes(found) == {"parse.conflict"}


def test_a_manifest_that_contradicts_the_place_is_reported() -> None:
    manifest = b"Implementation-Title: codec\nImplementation-Version: 9.1\n"
    path = f"{M2}/org/example/codec/1.2/codec-1.2.jar"
    found = read(PLUGIN, path, jar({MANIFEST: manifest, **CLASS}))

    assert ids(found) == ["org.example/codec@1.2", "org.example/codec@9.1"]
    assert codes(found) == {"parse.conflict"}


def test_an_archive_inside_one_of_a_repository_is_not_that_artifact() -> None:
    files = {"lib/b.jar": jar(CLASS), **CLASS}
    found = read(PLUGIN, f"{M2}/g/a/1.0/a-1.0.jar", jar(files))

    assert ids(found) == ["g/a@1.0"]
    assert codes(found) == {"java.unidentified"}


def test_title_and_version_tell_which_of_several_poms_is_the_own() -> None:
    """Debian's maven3-slf4j-provider.jar holds the artifact maven-slf4j-provider and a copy."""
    found = parsed(
        "maven3-slf4j-provider.jar",
        maven("org.slf4j", "slf4j-simple", "1.7.32"),
        maven("org.apache.maven", "maven-slf4j-provider", "3.8.7"),
        CLASS,
        manifest="Implementation-Title: Maven SLF4J Simple Provider\n"
        "Implementation-Version: 3.8.7\n",
    )

    assert ids(found) == [
        "org.apache.maven/maven-slf4j-provider@3.8.7",
        "org.slf4j/slf4j-simple@1.7.32",
    ]
    assert codes(found) == set()


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "Implementation-Title: Big Product\nImplementation-Version: 1.0\n",
        "Implementation-Title: one two\nImplementation-Version: 1.0\n",
        "Implementation-Title: one\nImplementation-Version: 2.0\n",
    ],
    ids=["nothing", "another_title", "both", "another_version"],
)
def test_without_one_clear_title_all_poms_are_copies(manifest: str) -> None:
    found = parsed(
        "all.jar", maven("g.h", "one", "1.0"), maven("g.h", "two", "1.0"), CLASS, manifest=manifest
    )

    assert {"g.h/one@1.0", "g.h/two@1.0"} <= set(ids(found))
    assert [one.note for one in packages(found) if one.namespace] == ["copied into all.jar"] * 2


def test_the_mark_of_mavens_assembly_is_no_part_of_a_version() -> None:
    found = parsed("tool-1.0.5-jar-with-dependencies.jar", CLASS, maven("g.h", "copied", "3.0"))

    assert ids(found) == ["tool@1.0.5", "g.h/copied@3.0"]
