"""Java archives."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.ecosystems.laws import codes, damaged, gaps, ids, packages, read
from tests.image.forge import Zipped, zipped

from scantling.catalog.api import Found
from scantling.catalog.ecosystems.java.archive import PLUGIN
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.facts import PackageFact

DATA = Path(__file__).parent / "data"
JANSI_POM = (DATA / "jansi-2.4.0.pom.properties").read_bytes()
JANSI_XML = (DATA / "jansi-2.4.0.pom.xml").read_bytes()
JANSI_MANIFEST = (DATA / "jansi-2.4.0.MANIFEST.MF").read_bytes()
GUAVA_MANIFEST = (DATA / "guava-31.1.MANIFEST.MF").read_bytes()
MANIFEST = "META-INF/MANIFEST.MF"
CLASS = {"a/A.class": b"\xca\xfe\xba\xbe"}
JANSI_MAVEN = "META-INF/maven/org.fusesource.jansi/jansi"
JANSI = {
    MANIFEST: JANSI_MANIFEST,
    f"{JANSI_MAVEN}/pom.xml": JANSI_XML,
    f"{JANSI_MAVEN}/pom.properties": JANSI_POM,
    **CLASS,
}


def jar(files: dict[str, bytes]) -> bytes:
    return zipped(*(Zipped(name=name.encode(), data=data) for name, data in files.items()))


def maven(group: str, artifact: str, version: str) -> dict[str, bytes]:
    text = f"#Generated\r\nversion={version}\r\ngroupId={group}\r\nartifactId={artifact}\r\n"
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": text.encode()}


def parsed(
    name: str, *files: dict[str, bytes], manifest: str = "", limits: Limits = DEFAULT
) -> list[Found]:
    content = {MANIFEST: manifest.encode()} if manifest else {}
    for part in files:
        content |= part
    return read(PLUGIN, f"app/{name}", jar(content), limits)


def test_a_jar_gives_its_maven_coordinates_licenses_and_hash() -> None:
    data = jar(JANSI)

    assert read(PLUGIN, "usr/share/java/jansi-2.4.0.jar", data) == [
        PackageFact(
            type="maven",
            namespace="org.fusesource.jansi",
            name="jansi",
            version="2.4.0",
            licenses=("The Apache Software License, Version 2.0",),
            hashes=(("sha1", hashlib.sha1(data, usedforsecurity=False).hexdigest()),),
        )
    ]


def test_a_renamed_jar_is_its_only_pom() -> None:
    assert ids(parsed("app.jar", JANSI)) == ["org.fusesource.jansi/jansi@2.4.0"]


def test_a_pom_xml_is_enough_and_may_lean_on_its_parent() -> None:
    pom = (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>org.example'
        "</groupId><version>1.2</version></parent><artifactId>a</artifactId>"
        "<properties><v>7</v></properties><licenses><license><name>MIT</name></license>"
        "</licenses><dependencies><dependency><groupId>x</groupId></dependency></dependencies>"
        "</project>"
    )

    (package,) = packages(
        parsed("a-1.2.jar", {"META-INF/maven/org.example/a/pom.xml": pom.encode()}, CLASS)
    )

    assert (package.namespace, package.name, package.version) == ("org.example", "a", "1.2")
    assert package.licenses == ("MIT",)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("${v}", "7"),
        ("${project.parent.version}", "1.2"),
        ("1.${v}", "1.7"),
        ("${unknown}", ""),
    ],
)
def test_variables_of_a_pom_are_resolved_or_it_says_nothing(version: str, expected: str) -> None:
    pom = (
        f"<project><groupId>g.h</groupId><artifactId>a</artifactId><version>{version}</version>"
        "<parent><version>1.2</version></parent><properties><v>7</v></properties></project>"
    )

    found = parsed("a.jar", {"META-INF/maven/g.h/a/pom.xml": pom.encode()}, CLASS)

    assert ids(found) == ([f"g.h/a@{expected}"] if expected else [])
    assert codes(found) == (set() if expected else {"parse.record", "java.unidentified"})


def test_a_shaded_jar_gives_itself_and_what_was_copied_into_it() -> None:
    found = parsed(
        "client-2.0.jar",
        maven("org.example", "codec", "1.15"),
        maven("org.example", "client", "2.0"),
        maven("org.example", "client-core", "2.0"),
        CLASS,
    )

    assert ids(found) == [
        "org.example/client@2.0",
        "org.example/codec@1.15",
        "org.example/client-core@2.0",
    ]
    assert [one.evidence for one in packages(found)][:2] == [
        "",
        "app/client-2.0.jar!/META-INF/maven/org.example/codec",
    ]
    assert packages(found)[1].note == "copied into client-2.0.jar"
    assert not gaps(found)


def test_a_lone_pom_of_another_name_is_a_copy() -> None:
    """Debian's guice.jar has no POM of its own, but that of the cglib inside it."""
    found = parsed(
        "guice.jar",
        maven("cglib", "cglib", "3.2.12"),
        CLASS,
        manifest="Bundle-SymbolicName: com.google.inject\nBundle-Version: 4.2.3\n",
    )

    assert ids(found) == ["guice@4.2.3", "cglib/cglib@3.2.12"]


def test_archives_inside_archives_are_read() -> None:
    library = jar(JANSI)
    war = jar({"WEB-INF/lib/jansi-2.4.0.jar": library, "WEB-INF/classes/A.class": b""})
    found = parsed("shop.ear", {"web.war": war}, {"lib/jansi-2.4.0.jar": library})

    assert [(one.name, one.evidence) for one in packages(found)] == [
        ("jansi", "app/shop.ear!/web.war!/WEB-INF/lib/jansi-2.4.0.jar"),
        ("jansi", "app/shop.ear!/lib/jansi-2.4.0.jar"),
    ]
    assert codes(found) == {"parse.note"}


def test_an_executable_spring_archive_is_an_application() -> None:
    found = parsed(
        "app.jar", maven("com.example", "app", "1.0"), {"BOOT-INF/lib/jansi-2.4.0.jar": jar(JANSI)}
    )

    assert [(one.name, one.root) for one in packages(found)] == [("app", True), ("jansi", False)]


@pytest.mark.parametrize(
    ("name", "manifest", "expected", "code"),
    [
        ("jansi-2.4.0.jar", JANSI_MANIFEST.decode(), "jansi@2.4.0", "java.unidentified"),
        ("guava.jar", GUAVA_MANIFEST.decode(), "guava@31.1.0.jre", "java.unidentified"),
        (
            "core-utils-1.0.jar",
            "Bundle-SymbolicName: org.example.core-utils;singleton:=true\n",
            "org.example/core-utils@1.0",
            "",
        ),
        (
            "thing.jar",
            "Implementation-Version: 1.2\nImplementation-Vendor-Id: org.example\n",
            "org.example/thing@1.2",
            "",
        ),
        (
            "servlet-api.jar",
            "Specification-Version: 4.0\nSpecification-Title: Servlet\n",
            "servlet-api@4.0",
            "java.unidentified",
        ),
        (
            "git.hpi",
            "Group-Id: org.jenkins-ci.plugins\nShort-Name: git\nPlugin-Version: 5.0 (x)\n",
            "org.jenkins-ci.plugins/git@5.0",
            "",
        ),
    ],
    ids=["name", "bundle", "symbolic_name", "vendor_id", "specification", "jenkins"],
)
def test_without_maven_files_name_and_manifest_say_what_it_is(
    name: str, manifest: str, expected: str, code: str
) -> None:
    found = parsed(name, CLASS, manifest=manifest)

    assert ids(found) == [expected]
    assert codes(found) == ({code} if code else set())


@pytest.mark.parametrize("manifest", ["", "Main-Class: a.A\n", "Implementation-Version: ${v}\n"])
def test_classes_without_any_identity_are_a_gap(manifest: str) -> None:
    assert codes(parsed("a.jar", CLASS, manifest=manifest)) == {"java.unidentified"}


def test_what_has_no_classes_is_no_package() -> None:
    assert parsed("a-1.0.jar", {"x.txt": b""}) == []
    assert parsed("a-1.0-sources.jar", maven("g", "a", "1.0"), {"a/A.java": b""}) == []


def test_a_false_name_does_not_hide_classes() -> None:
    found = parsed("log4j-sources.jar", maven("org.example", "log4j", "1.0"), CLASS)

    assert ids(found) == ["org.example/log4j@1.0"]


def test_a_part_of_the_java_runtime_is_a_note() -> None:
    found = parsed("rt.jar", CLASS, manifest="Specification-Title: Java Platform API Specification")

    assert codes(found) == {"parse.note"}
    assert not packages(found)


@pytest.mark.parametrize(
    ("name", "manifest", "others"),
    [
        ("a-2.0.jar", "", ["2.0"]),
        ("a-1.0.jar", "Implementation-Title: a\nImplementation-Version: 3.0\n", ["3.0"]),
        ("a-1.0.jar", "Bundle-SymbolicName: g.h.a\nBundle-Version: 1.0.0.v2023\n", []),
        ("a-1.0.jar", "Implementation-Title: Big Product\nImplementation-Version: 9\n", []),
        ("a-1.0-linux-x86_64.jar", "", []),
        ("a-shaded-1.0.jar", "", []),
        ("a.jar", "", []),
    ],
    ids=["name", "manifest", "osgi", "product", "classifier", "word_before", "no_claim"],
)
def test_versions_that_disagree_are_all_reported(
    name: str, manifest: str, others: list[str]
) -> None:
    found = parsed(name, maven("g.h", "a", "1.0"), CLASS, manifest=manifest)

    assert ids(found) == ["g.h/a@1.0", *(f"g.h/a@{version}" for version in others)]
    assert codes(found) == ({"parse.conflict"} if others else set())


def test_a_snapshot_may_have_its_time_in_the_name() -> None:
    found = parsed("a-1.0-20240101.120000-1.jar", maven("g.h", "a", "1.0-SNAPSHOT"), CLASS)

    assert not gaps(found)


def test_maven_files_that_disagree_are_both_reported() -> None:
    pom = b"<project><groupId>g</groupId><artifactId>a</artifactId><version>2</version></project>"

    found = parsed("a.jar", maven("g", "a", "1"), {"META-INF/maven/g/a/pom.xml": pom}, CLASS)

    assert set(ids(found)) == {"g/a@1", "g/a@2"}
    assert "parse.conflict" in codes(found)


def test_a_huge_manifest_line_is_left_out() -> None:
    line = "X: " + "\n ".join(["a" * 70] * 150_000)

    found = parsed("a-1.0.jar", CLASS, manifest=f"{line}\nImplementation-Vendor-Id: org.example\n")

    assert ids(found) == ["org.example/a@1.0"]


@pytest.mark.parametrize(
    "pom",
    [
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><project/>",
        b"<project><groupId>g</project>",
        b"<a>" * 200 + b"</a>" * 200,
        b"",
        b"\xff\xfe",
        b"<?xml version='1.0' encoding='unknown'?><project/>",
    ],
    ids=["dtd", "not_closed", "deep", "empty", "no_text", "encoding"],
)
def test_a_broken_pom_is_reported_and_does_not_hide_the_properties(pom: bytes) -> None:
    found = parsed("a-1.0.jar", maven("g", "a", "1.0"), {"META-INF/maven/g/a/pom.xml": pom}, CLASS)

    assert ids(found) == ["g/a@1.0"]
    assert codes(found) == {"parse.failed"}


def test_two_manifests_are_reported_and_both_read() -> None:
    data = zipped(
        Zipped(name=b"META-INF/MANIFEST.MF", data=b"X: 1\n"),
        Zipped(name=b"META-INF/MANIFEST.MF", data=b"Implementation-Vendor-Id: org.example\n"),
        Zipped(name=b"a.class"),
    )

    found = read(PLUGIN, "a-1.0.jar", data)

    assert ids(found) == ["org.example/a@1.0"]
    assert codes(found) == {"zip.ambiguous"}


def test_an_archive_inside_that_is_broken_does_not_hide_the_next() -> None:
    found = parsed("a.war", {"WEB-INF/lib/x.jar": b"no zip"}, {"WEB-INF/lib/y.jar": jar(JANSI)})

    assert ids(found) == ["org.fusesource.jansi/jansi@2.4.0"]
    assert [(one.code, one.inner) for one in gaps(found)] == [("zip.corrupt", "WEB-INF/lib/x.jar")]


def test_nesting_meets_a_limit() -> None:
    data = jar(JANSI)
    for _ in range(7):
        data = jar({"inner.jar": data})

    found = read(PLUGIN, "outer.jar", data)

    assert [(one.code, one.limit) for one in gaps(found)] == [("limit.nested", "nested_depth")]


def test_a_file_that_is_no_archive_is_reported() -> None:
    assert codes(read(PLUGIN, "a.jar", b"no zip")) == {"zip.corrupt"}


def test_damage_is_never_silent() -> None:
    data = jar(JANSI)

    for copy in damaged(data, copies=150):
        found = read(PLUGIN, "jansi-2.4.0.jar", copy)
        # A flip in the name of the only class leaves an archive without classes, as declared.
        assert packages(found) or gaps(found)


@given(st.binary(max_size=200), st.sampled_from(["pom.xml", "pom.properties", "MANIFEST.MF"]))
@settings(max_examples=150)
def test_any_bytes_give_packages_or_gaps(data: bytes, name: str) -> None:
    folder = "META-INF" if name == "MANIFEST.MF" else "META-INF/maven/g/a"

    assert read(PLUGIN, "a.jar", jar({f"{folder}/{name}": data, **CLASS}))
    read(PLUGIN, "a.jar", data)


@pytest.mark.oracle
def test_real_jars_agree_with_the_repository_they_lie_in() -> None:
    """Debian's Maven repository has `group/artifact/version/artifact-version.jar`.

    The version may also be `debian` or `2.x`: links under which any version is found.
    """
    repository = Path("/usr/share/maven-repo")
    jars = [
        file
        for file in repository.rglob("*.jar")
        if file.parent.name != "debian" and not file.parent.name.endswith("x")
    ]
    if not jars:
        pytest.skip("there is no Maven repository of Debian's")
    own = 0

    for file in jars:
        artifact, version = file.parent.parent.name, file.parent.name
        data = Path(os.path.realpath(file)).read_bytes()
        found = read(PLUGIN, f"usr/share/java/{file.name}", data)
        assert packages(found) or gaps(found) or b".class" not in data, file
        assert "parse.conflict" not in codes(found), file
        own += any((one.name, one.version) == (artifact, version) for one in packages(found))

    assert own >= len(jars) * 0.9
