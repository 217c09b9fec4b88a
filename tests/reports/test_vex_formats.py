"""What we write as VEX is valid, is read back as it was meant, and does what it says."""

import json
from datetime import date
from typing import Any

import jsonschema_rs
import pytest
from msgspec.structs import replace

from scantling.assess.vex.apply import apply
from scantling.assess.vex.read import read_document
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.image import Image
from scantling.core.model.report import ScanReport
from scantling.core.model.vex import VexStatement, VexStatus
from scantling.reports.api import Look
from scantling.reports.claims import image_purl
from scantling.reports.driver import render
from scantling.reports.registry import FORMATS
from scantling.testing.reports import DJANGO, OPENSSL, REPORTS, finding

from .conftest import SCHEMAS, Check

_NAMES = ("openvex", "cyclonedx-vex")
_LABEL = "vulnerable_code_not_present"


def _report() -> ScanReport:
    """Return a report with a finding in each state and with each kind of reason."""
    denied = FindingState.SUPPRESSED
    findings = (
        *REPORTS["findings"].findings,
        finding(OPENSSL, "CVE-2024-1", state=denied, reason=f"{_LABEL}, says Example in x: no"),
        finding(DJANGO, "CVE-2024-1", state=denied, reason=f"{_LABEL}, says Example in x: no"),
        finding(DJANGO, "CVE-2024-2", state=denied, reason="fixed, says Example"),
        finding(DJANGO, "CVE-2024-3", state=FindingState.UNDETERMINED, reason="2.2+x?"),
        finding(DJANGO, "CVE-2024-4", fixed_in=()),
    )
    return replace(REPORTS["findings"], findings=findings)


def _written(name: str, report: ScanReport) -> str:
    return render(report, FORMATS[name], Look())


def _read(name: str, report: ScanReport) -> tuple[VexStatement, ...]:
    document = read_document(_written(name, report).encode(), origin=name, trusted=True)
    assert document.problems == ()
    return document.statements


def _openvex_schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / "openvex-0.2.0.json").read_text("utf-8"))
    return schema


@pytest.mark.parametrize("name", [*REPORTS, "states"])
def test_openvex_satisfies_the_official_schema(name: str) -> None:
    report = _report() if name == "states" else REPORTS[name]
    document = json.loads(_written("openvex", report))
    if not report.findings:  # A document that says nothing; the schema has no word for that.
        assert document.pop("statements") == []
        document["statements"] = [{"vulnerability": {"name": "x"}, "status": "fixed"}]

    jsonschema_rs.Draft202012Validator(_openvex_schema()).validate(document)


@pytest.mark.parametrize("name", [*REPORTS, "states"])
def test_cyclonedx_vex_satisfies_the_official_schema(name: str, check_cyclonedx: Check) -> None:
    check_cyclonedx(_written("cyclonedx-vex", _report() if name == "states" else REPORTS[name]))


@pytest.mark.parametrize("name", _NAMES)
def test_what_is_written_is_read_back(name: str) -> None:
    statements = _read(name, _report())

    said = {
        (one.vulnerabilities[0], one.status, one.justification, one.impact, one.action)
        for one in statements
    }
    assert said == {
        ("CVE-2019-19844", VexStatus.AFFECTED, "", "", "Upgrade django to 2.2.9."),
        (
            "CVE-2025-27587",
            VexStatus.AFFECTED,
            "",
            "",
            "There is no fix yet; reduce the exposure or remove the package.",
        ),
        (
            "CVE-2020-9402",
            VexStatus.NOT_AFFECTED,
            "",
            "debian says of debian/python-django 3:2.2, which owns the files: fixed",
            "",
        ),
        ("CVE-2024-1", VexStatus.NOT_AFFECTED, _LABEL, "says Example in x: no", ""),
        ("CVE-2024-2", VexStatus.FIXED, "", "says Example", ""),
        ("CVE-2024-3", VexStatus.UNDER_INVESTIGATION, "", "2.2+x?", ""),
        (
            "CVE-2024-4",
            VexStatus.AFFECTED,
            "",
            "",
            "No fixed version is known; look for one, or remove the package.",
        ),
    }


def test_both_formats_say_the_same() -> None:
    openvex, cyclonedx = (_read(name, _report()) for name in _NAMES)

    def told(one: VexStatement) -> VexStatement:
        products = tuple(sorted(one.products))
        return replace(one, origin="", document="", products=products)

    assert [told(one) for one in openvex] == [told(one) for one in cyclonedx]


@pytest.mark.parametrize("name", _NAMES)
def test_what_is_written_applies_to_what_was_scanned(name: str) -> None:
    """The states that were written come back when the bare findings are given our own VEX."""
    report = _report()
    bare: tuple[Finding, ...] = tuple(
        replace(one, state=FindingState.UNDETERMINED, reason="?") for one in report.findings
    )

    result = apply(bare, report.packages, report.image, _read(name, report), date(2026, 11, 23))

    before = {(one.id, one.purl): one.state for one in report.findings}
    assert {(one.id, one.purl): one.state for one in result.findings} == before
    assert result.unused == ()


@pytest.mark.parametrize("name", _NAMES)
def test_it_does_not_apply_to_another_image(name: str) -> None:
    report = _report()
    other = replace(report.image, manifest_digest="sha256:" + "00" * 32)

    result = apply(report.findings, report.packages, other, _read(name, report), date(2026, 11, 23))

    assert result.used == ()


def test_one_package_in_two_states_is_stated_once_by_the_worse() -> None:
    owned = replace(DJANGO, owner=OPENSSL.purl)
    findings = (
        finding(DJANGO, "CVE-2024-1"),
        finding(owned, "CVE-2024-1", state=FindingState.SUPPRESSED, reason="reported elsewhere"),
    )

    [one] = _read("openvex", replace(REPORTS["findings"], findings=findings))

    assert one.status is VexStatus.AFFECTED


def _image(reference: str, kind: str, digest: str = "sha256:x", *tags: str) -> Image:
    return Image(reference=reference, kind=kind, manifest_digest=digest, tags=tags)


@pytest.mark.parametrize(
    ("image", "purl"),
    [
        (
            _image("registry.example.com/shop:1", "registry"),
            "pkg:oci/shop@sha256:x?repository_url=registry.example.com%2Fshop&tag=1",
        ),
        (
            _image("/srv/a.tar", "docker-archive", "sha256:x", "nginx:1"),
            "pkg:oci/nginx@sha256:x?repository_url=docker.io%2Flibrary%2Fnginx&tag=1",
        ),
        (_image("/srv/My App.tar", "oci-archive"), "pkg:oci/my-app.tar@sha256:x"),
        (_image("/srv/root", "directory", ""), "pkg:generic/root"),
    ],
)
def test_an_image_is_named_by_its_digest_and_place(image: Image, purl: str) -> None:
    assert image_purl(image) == purl
