"""VEX suppresses what it should, nothing else, and says what became of each statement."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.assess.vex.apply import Effect, Why, apply
from scantling.core.model.finding import FindingState
from scantling.core.model.vex import VexStatement, VexStatus
from scantling.testing.reports import finding

from .cases import (
    CURL,
    CVE,
    DIGEST,
    HELM,
    IMAGE,
    JINJA,
    LIBSSL,
    PACKAGES,
    TODAY,
    TRIVY,
    applied,
    product,
    statement,
)

_SUPPRESSED = FindingState.SUPPRESSED
_JINJA = product("pkg:pypi/jinja2")


def test_not_affected_suppresses_and_says_who_where_and_why() -> None:
    result = applied(statement(_JINJA, impact="sandbox is off"))

    [one] = result.findings
    assert one.state is _SUPPRESSED
    assert one.reason == "vulnerable_code_not_present, says Example in doc-1: sandbox is off"
    assert one.decided_by == "pypa"  # fix and severity are still that source's
    assert result.used[0].on == ((one.identity, JINJA.purl, Effect.SUPPRESSED),)
    assert result.unused == ()


def test_any_name_of_the_vulnerability_will_do() -> None:
    known = (finding(JINJA, CVE, aliases=("GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1")),)
    by_alias = statement(_JINJA, vulnerabilities=("ghsa-AAAA-bbbb-cccc",))

    assert applied(by_alias, findings=known).findings[0].state is _SUPPRESSED


def test_an_advisory_of_several_vulnerabilities_does_not_join_them() -> None:
    known = (finding(JINJA, CVE, aliases=("DSA-1-1",)),)
    of_another = statement(_JINJA, vulnerabilities=("CVE-2024-2000", "DSA-1-1"))

    result = applied(of_another, findings=known)

    assert result.findings == known
    assert result.unused[0].why is Why.PRODUCT


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"trusted": False}, Why.UNTRUSTED),
        ({"justification": ""}, Why.UNJUSTIFIED),
        ({"timestamp": "2026-12-24T00:00:00Z"}, Why.FUTURE),
        ({"vulnerabilities": ("CVE-2000-1",)}, Why.VULNERABILITY),
        ({"products": (product("pkg:pypi/django"),)}, Why.PRODUCT),
        ({"status": VexStatus.FIXED}, Why.UNVERSIONED),
    ],
    ids=lambda value: value.value if isinstance(value, Why) else "",
)
def test_what_does_not_count_is_unused_with_a_reason(changes: dict[str, object], why: Why) -> None:
    one = replace(statement(_JINJA), **changes)

    result = applied(one)

    assert result.findings[0].state is FindingState.OPEN
    assert result.used == ()
    assert [(unused.statement, unused.why) for unused in result.unused] == [(one, why)]
    assert result.unused[0].detail


def test_fixed_counts_for_the_version_it_names() -> None:
    same = statement(product("pkg:pypi/Jinja2@2.10"), status=VexStatus.FIXED)
    other = statement(product("pkg:pypi/jinja2@2.11"), status=VexStatus.FIXED)

    assert applied(same).findings[0].reason == "fixed, says Example in doc-1"
    assert applied(other).findings[0].state is FindingState.OPEN
    assert applied(other).unused[0].detail == "the version in the image is another"


def test_of_one_author_the_latest_word_counts() -> None:
    old = statement(_JINJA)
    new = statement(_JINJA, status=VexStatus.AFFECTED, timestamp="2026-02-01T00:00:00+01:00")

    result = applied(old, new)

    assert result.findings[0].state is FindingState.OPEN
    assert [one.why for one in result.unused] == [Why.SUPERSEDED]
    turned = replace(old, timestamp="2026-03-01T00:00:00Z")
    assert applied(turned, new).findings[0].state is _SUPPRESSED


def test_between_authors_affected_wins_and_it_is_said() -> None:
    denies = statement(_JINJA, timestamp="2026-06-01T00:00:00Z")
    affirms = statement(_JINJA, status=VexStatus.AFFECTED, author="Somebody")

    result = applied(denies, affirms)

    assert result.findings[0].state is FindingState.OPEN
    assert result.unused[0].why is Why.CONTRADICTED
    assert "Somebody says affected" in result.unused[0].detail


def test_a_word_without_a_date_is_never_outdated() -> None:
    affirms = statement(_JINJA, status=VexStatus.AFFECTED, timestamp="yesterday")

    assert applied(affirms, statement(_JINJA)).findings[0].state is FindingState.OPEN


def test_affected_opens_what_was_undetermined() -> None:
    unsure = (finding(JINJA, CVE, state=FindingState.UNDETERMINED, reason="2.10?"),)

    result = applied(statement(_JINJA, status=VexStatus.AFFECTED), findings=unsure)

    assert (result.findings[0].state, result.findings[0].reason) == (FindingState.OPEN, "")
    assert result.used[0].on[0][2] is Effect.OPENED


def test_affected_does_not_repeat_what_the_owner_has() -> None:
    owned = replace(JINJA, owner=LIBSSL.purl)
    findings = (
        finding(LIBSSL, CVE),
        finding(owned, CVE, state=_SUPPRESSED, reason="reported for libssl3"),
    )

    result = applied(
        statement(_JINJA, status=VexStatus.AFFECTED),
        findings=findings,
        packages=(LIBSSL, owned),
    )

    assert result.findings == findings


def test_a_source_that_suppressed_it_keeps_its_reason() -> None:
    known = (finding(JINJA, CVE, state=_SUPPRESSED, reason="debian says so"),)

    result = applied(statement(_JINJA), findings=known)

    assert result.findings == known
    assert result.used[0].on[0][2] is Effect.AGREED


def test_affected_agrees_with_what_is_open() -> None:
    result = applied(statement(_JINJA, status=VexStatus.AFFECTED))

    assert result.findings == (finding(JINJA, CVE),)
    assert result.used[0].on[0][2] is Effect.AGREED


def test_without_statements_nothing_changes() -> None:
    assert applied().findings == (finding(JINJA, CVE),)


def test_an_image_without_a_name_says_that_this_is_why() -> None:
    local = replace(IMAGE, kind="oci-archive", reference="shop.tar")

    result = applied(statement(product("pkg:oci/shop")), image=local)

    assert "this image has none" in result.unused[0].detail


def test_under_investigation_is_shown_and_changes_nothing() -> None:
    result = applied(statement(_JINJA, status=VexStatus.UNDER_INVESTIGATION))

    assert result.findings[0] == finding(JINJA, CVE)
    assert result.used[0].on[0][2] is Effect.SHOWN


def test_findings_come_in_the_order_of_reports() -> None:
    findings = (finding(HELM, CVE), finding(JINJA, CVE))

    result = applied(statement(product(HELM.purl)), findings=findings)

    assert [one.purl for one in result.findings] == [JINJA.purl, HELM.purl]


_PRODUCTS = st.sampled_from(
    [
        _JINJA,
        product("pkg:pypi/jinja2@2.10"),
        product("pkg:pypi/jinja2@3.0"),
        product("pkg:oci/shop", component="pkg:pypi/jinja2"),
        product(digest=DIGEST),
        product("pkg:golang/github.com/aquasecurity/trivy", component="pkg:golang/helm.sh/helm/v3"),
        product("pkg:deb/ubuntu/openssl?arch=source"),
        product("pkg:pypi/jinja2", versions="vers:pypi/<3"),
    ]
)
_STATEMENTS = st.builds(
    statement,
    _PRODUCTS,
    status=st.sampled_from(VexStatus),
    vulnerabilities=st.sampled_from([(CVE,), ("GHSA-1",), (CVE, "GHSA-1")]),
    justification=st.sampled_from(["", "component_not_present"]),
    author=st.sampled_from(["Example", "Somebody", ""]),
    timestamp=st.sampled_from(["", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2027-01-01"]),
    trusted=st.booleans(),
)
_FINDINGS = tuple(
    finding(package, id_, state=state)
    for package, id_, state in zip(
        (JINJA, HELM, LIBSSL, TRIVY, CURL),
        (CVE, CVE, CVE, "GHSA-1", CVE),
        [*FindingState, FindingState.OPEN, FindingState.OPEN],
        strict=True,
    )
)


def _states(statements: list[VexStatement]) -> dict[str, FindingState]:
    result = apply(_FINDINGS, PACKAGES, IMAGE, statements, TODAY)
    assert len(result.used) + len(result.unused) == len(statements)
    return {one.purl: one.state for one in result.findings}


@settings(max_examples=60)
@given(
    st.lists(_STATEMENTS, max_size=6).flatmap(lambda x: st.tuples(st.just(x), st.permutations(x)))
)
def test_the_order_of_statements_changes_nothing(
    both: tuple[list[VexStatement], list[VexStatement]],
) -> None:
    first, second = both

    one = apply(_FINDINGS, PACKAGES, IMAGE, first, TODAY)
    other = apply(_FINDINGS, PACKAGES, IMAGE, second, TODAY)

    assert one.findings == other.findings
    assert {(u.statement, u.on) for u in one.used} == {(u.statement, u.on) for u in other.used}


@settings(max_examples=60)
@given(st.lists(_STATEMENTS, max_size=5), _STATEMENTS)
def test_untrusted_unjustified_and_affected_statements_never_suppress(
    statements: list[VexStatement], more: VexStatement
) -> None:
    before = _states(statements)

    for harmless in (
        replace(more, trusted=False),
        replace(more, status=VexStatus.NOT_AFFECTED, justification="", impact=""),
        replace(more, status=VexStatus.AFFECTED),
    ):
        after = _states([*statements, harmless])
        assert {purl for purl, state in after.items() if state is _SUPPRESSED} <= {
            purl for purl, state in before.items() if state is _SUPPRESSED
        }
