"""Installed Composer packages."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.ecosystems.laws import (
    assert_damage_is_never_silent,
    codes,
    gaps,
    ids,
    packages,
    read,
)

from scantling.catalog.ecosystems.php.installed_json import PLUGIN
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact

PATH = "var/www/vendor/composer/installed.json"
LOG = {"name": "psr/log", "version": "3.0.0", "version_normalized": "3.0.0.0", "license": ["MIT"]}
UNIT = {"name": "PHPUnit/PHPUnit", "version": "v10.5.0", "license": "BSD-3-Clause"}
SECOND = json.dumps({"packages": [LOG, UNIT], "dev": True, "dev-package-names": []}).encode()


@pytest.mark.parametrize("data", [SECOND, json.dumps([LOG, UNIT]).encode()], ids=["v2", "v1"])
def test_both_forms_give_the_packages(data: bytes) -> None:
    assert read(PLUGIN, PATH, data) == [
        PackageFact(
            type="composer", namespace="psr", name="log", version="3.0.0", licenses=("MIT",)
        ),
        PackageFact(
            type="composer",
            namespace="phpunit",
            name="phpunit",
            version="v10.5.0",
            licenses=("BSD-3-Clause",),
        ),
    ]


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"name": "log", "version": "1"},
        {"name": "psr/", "version": "1"},
        {"name": "psr/log/x", "version": "1"},
        {"name": "psr/log"},
        {"name": "psr/log", "version": 1},
        {"name": "psr/\x1b[2J", "version": "1"},
        {"name": "psr/log", "version": "1" * 257},
        None,
        "psr/log",
    ],
    ids=lambda record: ascii(record)[:30],
)
def test_a_broken_record_is_reported_and_does_not_hide_the_next(record: object) -> None:
    found = read(PLUGIN, PATH, json.dumps({"packages": [record, LOG]}).encode())

    assert ids(found) == ["psr/log@3.0.0"]
    assert codes(found) == {"parse.record"}


@pytest.mark.parametrize("data", [b"", b"{}", b"null", b'{"packages": {}}', b"[" * 100_000])
def test_another_file_is_reported(data: bytes) -> None:
    assert codes(read(PLUGIN, PATH, data)) == {"parse.failed"}


def test_the_number_of_records_is_limited() -> None:
    (gap,) = gaps(read(PLUGIN, PATH, SECOND, Limits(records=1)))

    assert gap.limit == "records"


def test_an_empty_list_is_no_problem() -> None:
    assert read(PLUGIN, PATH, b'{"packages": []}') == []


def test_damage_is_never_silent() -> None:
    assert_damage_is_never_silent(PLUGIN, PATH, SECOND)


@given(st.binary())
@settings(max_examples=150)
def test_any_bytes_give_packages_or_gaps(data: bytes) -> None:
    found = read(PLUGIN, PATH, data)

    assert packages(found) or gaps(found) or data.strip() in {b"[]", b'{"packages":[]}'}
