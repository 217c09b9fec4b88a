"""VEX documents of every format are read; what cannot be used of one is said."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.assess.vex.api import VexDocument
from scantling.assess.vex.read import read_document
from scantling.core.errors import InputError
from scantling.core.model.vex import VexProduct, VexStatus

DATA = Path(__file__).parent / "data"
_FILES = sorted(DATA.glob("*.json"))
_NOT, _YES = VexStatus.NOT_AFFECTED, VexStatus.AFFECTED


def _read(document: object) -> VexDocument:
    return read_document(json.dumps(document).encode(), origin="x.json", trusted=True)


def _file(name: str) -> VexDocument:
    return read_document((DATA / name).read_bytes(), origin="x.json", trusted=True)


def _openvex(*statements: object, **fields: object) -> dict[str, Any]:
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "doc-1",
        "author": "Example",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [*statements],
        **fields,
    }


def _about(*products: object, **fields: object) -> dict[str, Any]:
    return {
        "vulnerability": {"name": "CVE-2024-1"},
        "products": [*products],
        "status": "not_affected",
        "justification": "component_not_present",
        **fields,
    }


def test_a_real_openvex_document_is_read() -> None:
    first, *_ = _file("trivy.openvex.json").statements

    assert first.vulnerabilities == ("GO-2024-2575", "CVE-2024-26147", "GHSA-r53h-jv2g-vpx6")
    assert first.products == (
        VexProduct(
            purl="pkg:golang/github.com/aquasecurity/trivy", component="pkg:golang/helm.sh/helm/v3"
        ),
    )
    assert (first.status, first.justification) == (_NOT, "vulnerable_code_not_in_execute_path")
    assert (first.author, first.timestamp) == ("Aqua Security", "2024-07-09T11:38:00.115697+04:00")


def test_a_broken_part_does_not_become_the_whole_product() -> None:
    """The publisher's tool wrote an error message where the subcomponent should be."""
    document = _file("nginx-ingress.openvex.json")

    assert len(document.statements) == 3
    assert all(one.products[0].component for one in document.statements)
    [problem] = document.problems
    assert problem.where == "statements[0]"
    assert "CVE type  not mapped" in problem.reason


def test_a_bad_statement_does_not_hide_the_next() -> None:
    good = _about({"@id": "pkg:pypi/django"})
    document = _read(_openvex({"status": "perhaps"}, 7, good | {"status": "odd"}, good))

    assert [one.where for one in document.problems] == [f"statements[{n}]" for n in range(3)]
    assert len(document.statements) == 1


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("pkg:pypi/django", {VexProduct(purl="pkg:pypi/django")}),
        (
            {"@id": "urn:x", "identifiers": {"purl": "pkg:npm/a@1"}},
            {VexProduct(purl="pkg:npm/a@1")},
        ),
        (
            {"@id": "pkg:npm/a", "hashes": {"sha-256": "AB"}},
            {VexProduct(purl="pkg:npm/a", digest="sha256:ab")},
        ),
        (
            {"@id": "pkg:npm/a@1", "hashes": {"sha-256": "ab"}},
            {VexProduct(purl="pkg:npm/a@1"), VexProduct(digest="sha256:ab")},
        ),
        ({"@id": "cpe:/a:example:x:1"}, {VexProduct(cpe="cpe:/a:example:x:1")}),
        (
            {"@id": "pkg:npm/a", "identifiers": {"cpe23": "cpe:2.3:a:e:x:1"}},
            {VexProduct(purl="pkg:npm/a")},
        ),
        (
            {"@id": "registry.example.com/team/shop"},
            {VexProduct(purl="pkg:oci/shop?repository_url=registry.example.com%2Fteam%2Fshop")},
        ),
    ],
)
def test_a_product_is_known_by_each_identity(product: object, expected: set[VexProduct]) -> None:
    [one] = _read(_openvex(_about(product))).statements

    assert {*one.products} == expected


@pytest.mark.parametrize("product", [{"@id": "https://example.com/shop"}, {"@id": "shop"}])
def test_a_product_without_identity_is_a_problem(product: object) -> None:
    document = _read(_openvex(_about(product)))

    assert document.statements == ()
    assert "no identity" in document.problems[0].reason


def test_the_first_openvex_is_read_as_well() -> None:
    """0.0.1 has plain texts: a vulnerability, products and their subcomponents."""
    old = {
        "vulnerability": "CVE-2024-1",
        "products": ["pkg:oci/shop"],
        "subcomponents": ["pkg:apk/wolfi/git"],
        "status": "affected",
        "action_statement": "Upgrade.",
    }
    [one] = _read(_openvex(old, **{"@context": "https://openvex.dev/ns"})).statements

    assert one.products == (VexProduct(purl="pkg:oci/shop", component="pkg:apk/wolfi/git"),)
    assert (one.status, one.action) == (_YES, "Upgrade.")


def test_an_unknown_justification_justifies_nothing() -> None:
    document = _read(_openvex(_about("pkg:pypi/django", justification="because")))

    assert document.statements[0].justification == ""
    assert document.problems[0].reason == "'because' is no justification"


def test_a_statement_without_products_is_about_the_attested_image() -> None:
    bare = _about()
    del bare["products"]
    digest = "ab" * 32
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "registry.example.com/shop", "digest": {"sha256": digest}}],
        "predicateType": "https://openvex.dev/ns",
        "predicate": _openvex(bare),
    }
    payload = b64encode(json.dumps(statement).encode()).decode()
    envelope = {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []}

    for wrapped in (statement, envelope):
        [one] = _read(wrapped).statements
        assert one.products == (VexProduct(digest=f"sha256:{digest}"),)
    assert "names no product" in _read(_openvex(bare)).problems[0].reason


@pytest.mark.parametrize(
    "envelope",
    [
        {"payloadType": "text/plain", "payload": ""},
        {"payloadType": "application/vnd.in-toto+json", "payload": "%%%"},
        {"payloadType": "application/vnd.in-toto+json", "payload": "e30="},
        {"_type": "https://in-toto.io/Statement/v9", "predicate": {}},
        {"_type": "https://in-toto.io/Statement/v1"},
        {"payloadType": "application/vnd.in-toto+json"},
        {"payloadType": "application/vnd.in-toto+json", "payload": "_-8="},
    ],
)
def test_a_wrapping_that_holds_no_vex_is_refused(envelope: object) -> None:
    with pytest.raises(InputError) as caught:
        _read(envelope)
    assert caught.value.code == "vex.unreadable"


def test_a_real_csaf_document_is_read() -> None:
    denied, fixed = _file("cve-2023-38545.csaf.json").statements

    assert denied.justification == "vulnerable_code_not_present"
    assert denied.impact == ""  # the publisher's severity is no reason
    assert (denied.author, denied.document) == ("Red Hat Product Security", "CVE-2023-38545")
    assert fixed.status is VexStatus.FIXED
    assert fixed.products[1] == VexProduct(
        cpe="cpe:/a:redhat:rhel_eus:9.0::appstream",
        component="pkg:rpm/redhat/curl@7.76.1-14.el9_0.9?arch=x86_64",
    )


_SHA = [{"algorithm": "sha256", "value": "ab"}]


def _csaf(products: list[object], status: dict[str, list[str]], **fields: object) -> dict[str, Any]:
    return {
        "document": {
            "csaf_version": "2.0",
            "publisher": {"name": "Example"},
            "tracking": {"id": "EX-1", "current_release_date": "2026-01-01T00:00:00Z"},
        },
        "product_tree": {"branches": products, **fields},
        "vulnerabilities": [{"cve": "CVE-2024-1", "product_status": status}],
    }


def _branch(id_: str, category: str, name: str, **helper: object) -> object:
    product = {"product_id": id_, "name": id_, "product_identification_helper": helper}
    return {"category": category, "name": name, "product": product}


def test_the_version_of_a_branch_narrows_a_package_url_without_one() -> None:
    document = _read(
        _csaf(
            [
                _branch("A", "product_version", "1.0+x", purl="pkg:npm/a"),
                _branch("B", "product_version_range", "vers:npm/<2", purl="pkg:npm/b"),
                _branch("C", "product_version_range", "before 3", purl="pkg:npm/c"),
                _branch("D", "product_version", "9", purl="pkg:npm/d@4"),
            ],
            {"known_affected": ["A", "B", "C", "D"]},
        )
    )

    [one] = document.statements
    assert one.products == (
        VexProduct(purl="pkg:npm/a", versions="vers:npm/1.0%2Bx"),
        VexProduct(purl="pkg:npm/b", versions="vers:npm/<2"),
        VexProduct(purl="pkg:npm/d@4"),
    )
    assert document.problems[0].reason.startswith("1 products have no identity")


def test_relationships_nest_and_may_run_in_circles() -> None:
    def related(id_: str, part: str, whole: str) -> object:
        name = {"product_id": id_, "name": id_}
        return {
            "category": "default_component_of",
            "full_product_name": name,
            "product_reference": part,
            "relates_to_product_reference": whole,
        }

    document = _read(
        _csaf(
            [
                _branch("OS", "product_name", "OS", cpe="cpe:/o:example:os:1"),
                _branch("M", "product_version", "1", purl="pkg:rpmmod/example/m"),
                _branch("P", "product_version", "1", purl="pkg:rpm/example/p@1"),
            ],
            {"fixed": ["OS:M:P", "LOOP"]},
            relationships=[
                related("OS:M", "M", "OS"),
                related("OS:M:P", "P", "OS:M"),
                related("LOOP", "LOOP", "LOOP"),
            ],
        )
    )

    [one] = document.statements
    assert one.products == (VexProduct(cpe="cpe:/o:example:os:1", component="pkg:rpm/example/p@1"),)
    assert "LOOP" in document.problems[0].reason


def test_reasons_and_actions_reach_products_through_groups() -> None:
    document = _csaf(
        [
            _branch("A", "product_name", "A", purl="pkg:npm/a"),
            _branch("B", "product_name", "B", hashes=[{"file_hashes": _SHA}]),
        ],
        {"known_not_affected": ["A"], "known_affected": ["B"], "under_investigation": ["C"]},
        product_groups=[{"group_id": "G", "product_ids": ["A", "B"]}],
        full_product_names=[
            {"product_id": "C", "product_identification_helper": {"purls": ["pkg:npm/c"]}},
            {"product_id": "A"},
        ],
    )
    told = {
        "threats": [{"category": "impact", "details": "never called", "group_ids": ["G"]}],
        "remediations": [{"details": "Upgrade.", "url": "https://x", "group_ids": ["G"]}],
        "flags": [{"label": "odd", "product_ids": ["A"]}],
    }
    document["vulnerabilities"] = [document["vulnerabilities"][0] | told, {"title": "x"}, 7]

    read = _read(document)

    assert [(one.status, one.impact, one.action) for one in read.statements] == [
        (_NOT, "never called", ""),
        (_YES, "", "Upgrade. https://x"),
        (VexStatus.UNDER_INVESTIGATION, "", ""),
    ]
    assert read.statements[1].products == (VexProduct(digest="sha256:ab"),)
    assert [one.where for one in read.problems] == ["vulnerabilities[1]", "vulnerabilities[2]"]


def _cyclonedx(*vulnerabilities: object, **fields: object) -> object:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": "urn:uuid:1",
        "metadata": {"timestamp": "2026-01-01T00:00:00Z", "supplier": {"name": "Example"}},
        "vulnerabilities": [*vulnerabilities],
        **fields,
    }


def _analyzed(state: str, ref: str, *versions: object, **fields: object) -> object:
    return {
        "id": "CVE-2024-1",
        "references": [{"id": "GHSA-1", "source": {}}],
        "analysis": {"state": state, **fields},
        "affects": [{"ref": ref, "versions": [*versions]}],
    }


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("resolved", VexStatus.FIXED),
        ("resolved_with_pedigree", VexStatus.FIXED),
        ("exploitable", _YES),
        ("in_triage", VexStatus.UNDER_INVESTIGATION),
        ("false_positive", _NOT),
        ("not_affected", _NOT),
    ],
)
def test_states_of_an_analysis_are_mapped(state: str, status: VexStatus) -> None:
    [one] = _read(_cyclonedx(_analyzed(state, "pkg:npm/a@1", detail="why"))).statements

    assert (one.status, one.impact, one.author) == (status, "why", "Example")
    assert one.vulnerabilities == ("CVE-2024-1", "GHSA-1")
    assert one.products == (VexProduct(purl="pkg:npm/a@1"),)


def test_references_are_found_here_and_in_other_documents() -> None:
    component = {"bom-ref": "c1", "name": "a", "version": "1", "purl": "pkg:npm/a"}
    main = {"bom-ref": "app", "name": "shop", "version": "sha256:" + "ab" * 32}
    link = "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg%3Anpm%2Fa%401"

    def products(ref: str, **fields: object) -> set[VexProduct]:
        document = _read(
            _cyclonedx(
                _analyzed("exploitable", ref), components=[{"components": [component]}], **fields
            )
        )
        return {product for one in document.statements for product in one.products}

    inside = {VexProduct(digest="sha256:" + "ab" * 32, component="pkg:npm/a@1")}
    assert products("c1") == {VexProduct(purl="pkg:npm/a@1")}
    assert products(link) == {VexProduct(purl="pkg:npm/a@1")}
    assert products("c1", metadata={"component": main}) == inside
    assert products(link, metadata={"component": main}) == inside
    assert products("app", metadata={"component": main}) == {
        VexProduct(digest="sha256:" + "ab" * 32)
    }
    nameless = {"component": {"bom-ref": "app", "name": "shop", "version": "1"}}
    assert products("c1", metadata=nameless) == set()


def test_versions_limit_a_statement_and_may_contradict_it() -> None:
    document = _read(
        _cyclonedx(
            _analyzed(
                "exploitable",
                "pkg:npm/a",
                {"range": "vers:npm/<2", "status": "affected"},
                {"version": "2.0", "status": "unaffected"},
            )
        )
    )

    said = {one.status: one for one in document.statements}
    assert said[_YES].products == (VexProduct(purl="pkg:npm/a", versions="vers:npm/<2"),)
    assert said[_NOT].products == (VexProduct(purl="pkg:npm/a@2.0"),)
    assert (said[_NOT].justification, said[_NOT].impact) == ("", "")


def test_versions_that_contradict_the_name_are_a_problem() -> None:
    document = _read(
        _cyclonedx(
            _analyzed("exploitable", "pkg:npm/a@1", {"version": "1"}, {"version": "2"}),
            {"id": "CVE-2", "analysis": {"state": "resolved"}},
            "odd",
        )
    )

    assert [one.products for one in document.statements] == [(VexProduct(purl="pkg:npm/a@1"),)]
    assert [one.reason.partition(" ")[0] for one in document.problems] == [
        "versions",
        "it",
        "Expected",
    ]


@pytest.mark.parametrize(
    ("label", "kept", "expected"),
    [
        ("code_not_reachable", "", "vulnerable_code_not_in_execute_path"),
        ("code_not_present", "component_not_present", "component_not_present"),
        ("requires_environment", "odd", "vulnerable_code_cannot_be_controlled_by_adversary"),
        ("protected_by_compiler", "", "inline_mitigations_already_exist"),
        ("", "", ""),
    ],
)
def test_justifications_are_translated(label: str, kept: str, expected: str) -> None:
    vulnerability = _analyzed("not_affected", "pkg:npm/a", justification=label)
    assert isinstance(vulnerability, dict)
    vulnerability["properties"] = [{"name": "scantling:justification", "value": kept}]

    [one] = _read(_cyclonedx(vulnerability)).statements

    assert one.justification == expected


def test_a_list_of_vulnerabilities_is_no_vex_and_says_so() -> None:
    document = _read(_cyclonedx({"id": "CVE-1"}, {"id": "CVE-2"}, _analyzed("odd", "pkg:npm/a")))

    assert document.statements == ()
    assert [one.reason for one in document.problems] == [
        "'odd' is no state of an analysis",
        "2 vulnerabilities have no analysis: they are no VEX",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"@context": 7}',
        b'{"bomFormat": "CycloneDX", "specVersion": "1.3"}',
        b'{"document": {"csaf_version": "2.0"}}',
        b'{"@context": "https://openvex.dev/ns/v0.2.0"}',
        b'{"a":' * 5000,
    ],
)
def test_what_is_no_vex_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_document(data, origin="x", trusted=True)


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    for raw in (data, b'{"@context":"https://openvex.dev/ns","statements":[' + data + b"]}"):
        try:
            read_document(raw, origin="x", trusted=True)
        except InputError as error:
            assert error.detail  # noqa: PT017 - nothing else may be raised


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_damaged_documents_lose_no_statement_silently(file: Path) -> None:
    data = file.read_bytes()
    whole = len(_file(file.name).statements)

    for at in range(0, len(data), max(1, len(data) // 60)):
        flipped = data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :]
        for broken in (data[:at], flipped):
            try:
                found = read_document(broken, origin="x", trusted=True)
            except InputError:
                continue
            assert len(found.statements) >= whole - len(found.problems) - 1


def test_whether_it_is_trusted_is_not_up_to_the_document() -> None:
    claim = _openvex(_about("pkg:pypi/django"), trusted=True)
    data = json.dumps(claim).encode()

    [one] = read_document(data, origin="somewhere", trusted=False).statements

    assert (one.trusted, one.origin) == (False, "somewhere")
