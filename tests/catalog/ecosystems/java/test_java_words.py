"""File names and manifests of Java archives, taken apart."""

import pytest

from scantling.catalog.ecosystems.java.identity import file_name
from scantling.catalog.ecosystems.java.manifest import main_section
from scantling.core.limits import DEFAULT


@pytest.mark.parametrize(
    ("stem", "artifact", "version"),
    [
        ("guava-31.1-jre", "guava", "31.1-jre"),
        ("geronimo-annotation-1.3-spec-1.3", "geronimo-annotation-1.3-spec", "1.3"),
        ("netty-transport-4.1.9-linux-x86_64", "netty-transport", "4.1.9-linux-x86_64"),
        ("log4j-1.2-api-2.20.0", "log4j-1.2-api", "2.20.0"),
        ("a-1.0-beta-2", "a", "1.0-beta-2"),
        ("servlet-api", "servlet-api", ""),
        ("jsr305", "jsr305", ""),
        ("-1.0", "-1.0", ""),
        ("", "", ""),
    ],
)
def test_a_file_name_is_taken_apart(stem: str, artifact: str, version: str) -> None:
    name = file_name(stem)

    assert (name.artifact, name.version) == (artifact, version)


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_folded_lines_of_a_manifest_are_joined_and_sections_ignored(newline: str) -> None:
    text = newline.join(
        (
            "Bundle-Symbolic",
            "Bundle-SymbolicName: org.exam",
            " ple.a",
            "X: 1",
            "",
            "Name: b",
            "X: 2",
        )
    )

    attributes = main_section(text.encode(), DEFAULT)

    assert attributes == {"bundle-symbolicname": "org.example.a", "x": "1"}
