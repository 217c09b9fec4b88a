"""SPDX in both versions: valid for their own checkers, complete, and open about what is missing."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from spdx_python_model import v3_0_1

from scantling.core.model.report import ScanReport
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.registry import FORMATS
from scantling.testing.reports import DJANGO, HOSTILE_NAME, OPENSSL, REPORTS


def _document(name: str, report: ScanReport) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render(report, FORMATS[name], Look()))
    return document


def _kinds(report: ScanReport) -> dict[str, list[dict[str, Any]]]:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for one in _document("spdx3", report)["@graph"]:
        kinds.setdefault(one["type"], []).append(one)
    return kinds


def test_the_image_is_described_and_contains_its_packages() -> None:
    document = _document("spdx", REPORTS["findings"])

    related = [
        (one["spdxElementId"], one["relationshipType"], one["relatedSpdxElement"])
        for one in document["relationships"]
    ]
    names = {one["SPDXID"]: one["name"] for one in document["packages"]}
    assert related[0] == ("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image")
    assert [(how, names[to]) for _, how, to in related] == [
        ("DESCRIBES", "shop.tar"),
        ("CONTAINS", "debian"),
        ("CONTAINS", "libssl3"),
        ("CONTAINS", "Django"),
    ]


def test_a_package_has_its_address_license_and_place() -> None:
    packages = _document("spdx", REPORTS["findings"])["packages"]
    [django] = [one for one in packages if one["name"] == "Django"]

    assert django["externalRefs"][0]["referenceLocator"] == "pkg:pypi/django@2.2"
    assert django["licenseDeclared"] == "BSD-3-Clause"
    assert django["annotations"][0]["comment"] == (
        "scantling:location app/Django-2.2.dist-info/METADATA (layer 1)"
    )
    assert "pip install django==2.2" in django["sourceInfo"]


def test_what_another_package_installed_is_contained_in_that_one() -> None:
    owned = replace(DJANGO, owner=OPENSSL.purl)
    report = replace(REPORTS["findings"], packages=(OPENSSL, owned), findings=())

    last = _document("spdx", report)["relationships"][-1]
    held = [one["from"] for one in _kinds(report)["Relationship"] if "Contains-P" in one["spdxId"]]

    assert last["spdxElementId"].startswith("SPDXRef-Package-deb-libssl3-")
    assert len(held) == 1


@pytest.mark.parametrize("name", ["spdx", "spdx3"])
def test_an_incomplete_bill_says_so(name: str) -> None:
    text = render(REPORTS["unknown"], FORMATS[name], Look())

    assert "This bill is incomplete: parse.failed, version.incomparable." in text
    assert "scantling:gap parse.failed (blocking) at layer 0, var/lib/dpkg/status" in text


def test_contained_is_complete_only_if_everything_was_read() -> None:
    def told(name: str) -> set[str]:
        kinds = _kinds(REPORTS[name])
        return {one["completeness"] for one in kinds["Relationship"] if "completeness" in one}

    assert told("unknown") == {"incomplete"}
    assert told("findings") == {"complete"}


def test_words_that_are_no_license_are_kept_as_text() -> None:
    odd = replace(DJANGO, licenses=("MIT", "do what you like"))
    report = replace(REPORTS["findings"], packages=(odd,), findings=())

    document = _document("spdx", report)
    [text] = document["hasExtractedLicensingInfos"]
    kinds = _kinds(report)

    assert text["extractedText"] == "do what you like"
    assert document["packages"][-1]["licenseDeclared"] == f"MIT AND {text['licenseId']}"
    [expression] = kinds["simplelicensing_LicenseExpression"]
    [link] = expression["simplelicensing_customIdToUri"]
    [kept] = kinds["simplelicensing_SimpleLicensingText"]
    assert link == {"type": "DictionaryEntry", "key": text["licenseId"], "value": kept["spdxId"]}


@pytest.mark.parametrize("name", ["spdx", "spdx3"])
def test_the_same_content_has_the_same_name_and_other_content_another(name: str) -> None:
    def space(report: ScanReport) -> str:
        document = _document(name, report)
        if name == "spdx":
            return str(document["documentNamespace"])
        return str(document["@graph"][1]["spdxId"]).partition("#")[0]

    report = REPORTS["findings"]
    assert space(report) == space(report)
    assert space(report) != space(replace(report, packages=(DJANGO,)))


@settings(max_examples=20, deadline=None)
@given(st.one_of(st.just(HOSTILE_NAME), st.text(max_size=8)))
def test_spdx_3_satisfies_the_official_model_whatever_an_image_says(said: str) -> None:
    package = replace(
        DJANGO, name=said, version=said, licenses=(said, "MIT"), vendor=said, note=said
    )
    report = replace(REPORTS["findings"], packages=(OPENSSL, package), findings=())

    _check_with_the_model(render(report, FORMATS["spdx3"], Look()))


@pytest.mark.parametrize("name", REPORTS)
def test_spdx_3_of_every_report_satisfies_the_official_model(name: str) -> None:
    _check_with_the_model(render(REPORTS[name], FORMATS["spdx3"], Look()))


def _check_with_the_model(text: str) -> None:
    """Read it, find all that it speaks of, and write it: that checks what must be there."""
    known = v3_0_1.SHACLObjectSet()
    v3_0_1.JSONLDDeserializer().read(io.BytesIO(text.encode()), known)

    assert known.missing_ids == set()
    v3_0_1.JSONLDSerializer().write(known, io.BytesIO())
