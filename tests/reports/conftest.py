"""Validators of the official schemas."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

SCHEMAS = Path(__file__).parent.parent / "schemas"

Check = Callable[[str], None]


def _load(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return schema


def xml_of(text: str) -> ET.Element:
    """Return the root of an XML document."""
    return ET.fromstring(text)  # noqa: S314 - ours, or a schema beside the tests


@pytest.fixture(scope="session")
def check_cyclonedx() -> Check:
    """Return a check that a text is a valid CycloneDX 1.6 document."""
    base = "http://cyclonedx.org/schema/"
    registry = jsonschema_rs.Registry(
        [
            (base + "spdx.SNAPSHOT.schema.json", _load("spdx.SNAPSHOT.schema.json")),
            (base + "jsf-0.82.SNAPSHOT.schema.json", _load("jsf-0.82.SNAPSHOT.schema.json")),
        ]
    )
    validator = jsonschema_rs.Draft7Validator(
        _load("bom-1.6.SNAPSHOT.schema.json"), registry=registry
    )
    return lambda text: validator.validate(json.loads(text))


@pytest.fixture(scope="session")
def check_sarif() -> Check:
    """Return a check that a text is a valid SARIF 2.1.0 document."""
    validator = jsonschema_rs.Draft202012Validator(_load("sarif-2.1.0.json"))
    return lambda text: validator.validate(json.loads(text))


@pytest.fixture(scope="session")
def check_gitlab() -> Check:
    """Return a check that a text is a valid container scanning report of GitLab."""
    schema = _load("gitlab-container-scanning-15.2.1.json")
    validator = jsonschema_rs.Draft7Validator(schema)
    return lambda text: validator.validate(json.loads(text))


@pytest.fixture(scope="session")
def check_junit() -> Check:
    """Return a check that a text has only what the JUnit XML schema of Jenkins knows.

    It reads the schema's elements, attributes and children; that is all the schema says, but for
    the order of elements in `testsuites` and the form of times, which we do not write.
    """
    space = "{http://www.w3.org/2001/XMLSchema}"
    schema = xml_of((SCHEMAS / "junit-10.xsd").read_text(encoding="utf-8"))
    known = {one.attrib["name"]: one for one in schema.findall(f"{space}element")}
    plain = {name for name, one in known.items() if one.get("type") == "xs:string"}
    mixed = {name for name, one in known.items() if one.find("*[@mixed='true']") is not None}

    def check(element: ET.Element) -> None:
        model = known[element.tag]
        attributes = {one.attrib["name"]: one for one in model.iter(f"{space}attribute")}
        children = {one.get("ref") for one in model.iter(f"{space}element")}
        needed = {name for name, one in attributes.items() if one.get("use") == "required"}
        assert needed <= set(element.attrib) <= set(attributes), element.tag
        assert {one.tag for one in element} <= children, element.tag
        if element.tag not in plain | mixed:
            assert not (element.text or "").strip()
        for one in element:
            assert not (one.tail or "").strip()
            check(one)

    return lambda text: check(xml_of(text))
