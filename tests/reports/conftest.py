"""Validators of the official schemas."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

SCHEMAS = Path(__file__).parent.parent / "schemas"

Check = Callable[[str], None]


def _load(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return schema


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
