"""Statements: what is said, always in the same bytes, and read back only if it is one."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.errors import InputError, UsageError
from scantling.core.model.decision import Action, Decision, PolicyResult
from scantling.supply.statement import (
    VERDICT,
    VULN,
    Subject,
    parse_statement,
    parse_verdict,
    statement_of,
    verdict_of,
    vuln_of,
)
from scantling.testing.reports import HOSTILE_NAME, REPORTS

_DIGEST = "sha256:" + "ab" * 32
_SUBJECT = Subject(name="registry.example.com/app", digest=_DIGEST)


def test_a_statement_is_of_version_one_and_about_the_image() -> None:
    data = statement_of((_SUBJECT,), VERDICT, b'{"b":1,"a":2}')

    assert data == (
        b'{"_type":"https://in-toto.io/Statement/v1","predicate":{"a":2,"b":1},"predicateType":"'
        + VERDICT.encode()
        + b'","subject":[{"digest":{"sha256":"'
        + b"ab" * 32
        + b'"},"name":"registry.example.com/app"}]}'
    )


def test_what_was_written_is_read_back() -> None:
    read = parse_statement(statement_of((_SUBJECT,), VERDICT, b'{"a":1}'))

    assert read.digests == {_DIGEST}
    assert (read.predicate_type, read.predicate) == (VERDICT, b'{"a":1}')


def test_a_verdict_says_what_was_found_and_from_what() -> None:
    report = REPORTS["findings"]

    verdict = parse_verdict(verdict_of(report, _DIGEST))

    assert (verdict.verdict.status, verdict.verdict.exit_code) == ("findings", 1)
    assert verdict.findings.open == {"critical": 1, "negligible": 1}
    assert (verdict.findings.suppressed, verdict.findings.undetermined) == (1, 0)
    assert verdict.gaps.info == {"coverage.fixes-only": 1}
    assert verdict.scanned == report.created
    assert verdict.platform == "linux/amd64"
    assert verdict.fail_on == "high"
    assert verdict.report == _DIGEST
    assert verdict.database is not None
    assert report.database is not None
    assert verdict.database.digest == report.database.digest
    assert verdict.database.oldest == "2026-07-23"
    assert verdict.policy is None


def test_a_verdict_says_what_the_policies_decided() -> None:
    decisions = tuple(
        Decision(subject=name, action=action, rule="a/b", reason="c")
        for name, action in (("x", Action.BLOCK), ("y", Action.WARN), ("z", Action.WARN))
    )
    policy = PolicyResult(
        action=Action.BLOCK, digest=_DIGEST, today="2026-11-23", decisions=decisions, errors=("e",)
    )

    verdict = parse_verdict(verdict_of(replace(REPORTS["findings"], policy=policy), ""))

    assert verdict.policy is not None
    assert verdict.policy.decisions == {"block": 1, "warn": 2}
    assert (verdict.policy.action, verdict.policy.errors) == ("block", 1)


def test_gaps_are_in_the_verdict() -> None:
    verdict = parse_verdict(verdict_of(REPORTS["unknown"], ""))

    assert verdict.gaps.blocking == {"parse.failed": 1, "version.incomparable": 1}
    assert verdict.verdict.allowed == ("parse.failed",)
    assert verdict.findings.undetermined == 1


def test_an_inventory_has_no_verdict() -> None:
    with pytest.raises(UsageError, match="decides nothing"):
        verdict_of(REPORTS["inventory"], "")


def test_the_vulnerability_predicate_is_cosigns() -> None:
    predicate = json.loads(vuln_of(REPORTS["findings"], b'{"report": {}}'))

    assert VULN == "https://cosign.sigstore.dev/attestation/vuln/v1"
    assert predicate["scanner"]["result"] == {"report": {}}
    assert predicate["scanner"]["uri"] == "pkg:pypi/scantling@0.0.0"
    assert predicate["scanner"]["db"]["lastUpdate"] == "2026-08-22T00:00:00Z"
    assert predicate["metadata"] == {
        "scanStartedOn": "2026-08-23T10:00:00Z",
        "scanFinishedOn": "2026-08-23T10:00:00Z",
    }
    assert set(predicate["invocation"]) == {"parameters", "uri", "event_id", "builder.id"}


def test_names_of_images_are_inert() -> None:
    hostile = Subject(name=HOSTILE_NAME, digest=_DIGEST)

    name = json.loads(statement_of((hostile,), VERDICT, b"{}"))["subject"][0]["name"]

    assert "\x1b" not in name
    assert "\ud800" not in name


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b'{"_type": "https://in-toto.io/Statement/v2", "subject": [], "predicateType": "x"}',
        b'{"_type": "https://in-toto.io/Statement/v1", "subject": {}, "predicateType": "x"}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_statement_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not an in-toto statement"):
        parse_statement(data)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_as_statement_and_verdict(data: bytes) -> None:
    for parse in (parse_statement, parse_verdict):
        with pytest.raises(InputError):
            parse(data)
