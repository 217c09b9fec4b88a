"""Proofs about claims, one rule at a time. Unknown is never fixed."""

import pytest
from msgspec.structs import replace

from scantling.core.errors import ExitCode
from scantling.core.model.advisory import Advisory, Interval, Statement, Stored
from scantling.core.model.finding import FindingState
from scantling.core.model.gap import gap
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.supply.claims import Claim, chosen, claims_of_report
from scantling.supply.prove import Answer, Proof, exit_code, prove
from scantling.testing.reports import DJANGO, REPORTS, finding, match
from scantling.versions.registry import scheme_for

CLAIM = Claim(
    vulnerability="CVE-1",
    package="pkg:pypi/django",
    identity="id",
    before="2.2",
    fixed_in=("2.2.9", "3.0.3"),
    ecosystem="pypi",
)


class _Known:
    """A database that knows one statement about Django: affected below 2.2.9."""

    def __init__(self, *, knows: bool = True) -> None:
        self._statements = (
            (
                Statement(
                    ecosystem="pypi",
                    package="django",
                    vulnerability="CVE-1",
                    ranges=(Interval(high="2.2.9"),),
                ),
            )
            if knows
            else ()
        )

    def lookup(self, ecosystem: str, package: str, /) -> tuple[Stored, ...]:
        key = scheme_for("pypi").key
        return tuple(
            Stored(source="pypa", advisory="PYSEC-1", statement=one, keys=((None, key("2.2.9")),))
            for one in self._statements
            if (ecosystem, package) == ("pypi", "django")
        )

    def find(self, id_: str, /) -> tuple[Advisory, ...]:
        known = id_ in {"CVE-1", "PYSEC-1"}
        return (
            (Advisory(id="PYSEC-1", source="pypa", statements=self._statements),) if known else ()
        )


def _django(version: str) -> Package:
    return replace(DJANGO, version=version, purl=f"pkg:pypi/django@{version}")


def _report(*packages: Package, **fields: object) -> ScanReport:
    return replace(REPORTS["clean"], packages=packages, **fields)


def _answer(report: ScanReport, claim: Claim = CLAIM, *, knows: bool = True) -> Answer:
    [answer] = prove([claim], report, _Known(knows=knows))
    return answer


def test_a_version_that_sources_clear_is_fixed() -> None:
    answer = _answer(_report(_django("2.2.9")))

    assert answer.proof is Proof.FIXED
    assert "pypa (PYSEC-1)" in answer.because
    assert answer.layers == (1,)


def test_an_open_finding_is_not_fixed() -> None:
    still = finding(DJANGO, "CVE-1")

    assert _answer(_report(DJANGO, findings=(still,))).proof is Proof.NOT_FIXED


def test_a_finding_under_another_name_is_not_fixed() -> None:
    still = finding(DJANGO, "GHSA-1", aliases=("CVE-1",))

    assert _answer(_report(DJANGO, findings=(still,))).proof is Proof.NOT_FIXED


def test_a_package_of_another_name_that_sources_call_the_same_is_not_fixed() -> None:
    renamed = replace(DJANGO, name="django3", purl="pkg:pypi/django3@2.2")
    still = finding(renamed, "CVE-1", matches=(match(renamed, "CVE-1", package="django"),))
    claim = replace(CLAIM, matched=(("pypi", "django"),))

    assert _answer(_report(renamed, findings=(still,)), claim).proof is Proof.NOT_FIXED
    assert _answer(_report(renamed), claim).proof is Proof.FIXED


@pytest.mark.parametrize("state", [FindingState.UNDETERMINED, FindingState.SUPPRESSED])
def test_what_is_undetermined_or_suppressed_is_not_provable(state: FindingState) -> None:
    still = finding(_django("3.0"), "CVE-1", state=state, reason="says VEX")

    answer = _answer(_report(_django("3.0"), findings=(still,)))

    assert answer.proof is Proof.NOT_PROVABLE
    assert "says VEX" in answer.because


def test_a_package_that_is_gone_is_fixed() -> None:
    assert _answer(_report()).proof is Proof.FIXED


@pytest.mark.parametrize("code", ["parse.failed", "layer.unread", "os.no-package-db", "limit.time"])
def test_a_package_that_a_gap_may_hide_is_not_provable(code: str) -> None:
    assert _answer(_report(gaps=(gap(code, "x"),))).proof is Proof.NOT_PROVABLE


@pytest.mark.parametrize("code", ["advisories.stale", "coverage.partial", "parse.note"])
def test_a_gap_that_hides_no_package_does_no_harm(code: str) -> None:
    assert _answer(_report(gaps=(gap(code, "x"),))).proof is Proof.FIXED


def test_the_same_version_is_no_fix_whatever_advisories_say_now() -> None:
    answer = _answer(_report(_django("2.2.9")), replace(CLAIM, before="2.2.9"))

    assert answer.proof is Proof.NOT_PROVABLE
    assert "what changed is what advisories say" in answer.because


@pytest.mark.parametrize(
    ("version", "proof"),
    [
        ("3.0.3", Proof.FIXED),
        ("4", Proof.FIXED),
        ("3.0.2", Proof.NOT_PROVABLE),
        ("2.2.9", Proof.NOT_PROVABLE),
        ("odd version", Proof.NOT_PROVABLE),
    ],
)
def test_where_sources_are_silent_only_the_highest_fix_proves(version: str, proof: Proof) -> None:
    assert _answer(_report(_django(version)), knows=False).proof is proof


def test_without_any_fixing_version_silence_proves_nothing() -> None:
    claim = replace(CLAIM, fixed_in=())

    assert _answer(_report(_django("4")), claim, knows=False).proof is Proof.NOT_PROVABLE


def test_one_bad_copy_spoils_the_others() -> None:
    report = _report(_django("2.2.9"), _django("2.2"))

    assert _answer(report).proof is Proof.NOT_PROVABLE


def test_a_name_that_no_advisory_knows_proves_nothing_when_it_is_not_there() -> None:
    written = Claim(vulnerability="CVE-1", package="djagno")

    assert _answer(_report(), written).proof is Proof.NOT_PROVABLE
    assert _answer(_report(), replace(written, package="Django")).proof is Proof.FIXED
    assert _answer(_report(), replace(written, package="")).proof is Proof.FIXED
    unknown = Claim(vulnerability="CVE-9")
    assert _answer(_report(), unknown).proof is Proof.NOT_PROVABLE


def test_a_report_claims_what_was_open_or_undetermined() -> None:
    claims = claims_of_report(REPORTS["findings"])

    assert [one.vulnerability for one in claims] == ["CVE-2019-19844", "CVE-2025-27587"]
    assert claims[0].before == "2.2"
    assert claims[0].package == "pkg:pypi/django"
    assert chosen(claims, frozenset({"PYSEC-2019-16"})) == claims[:1]


def test_the_exit_code_is_that_of_the_worst_answer() -> None:
    def code(*proofs: Proof) -> ExitCode:
        return exit_code(Answer(claim=CLAIM, proof=one, because="") for one in proofs)

    assert code(Proof.FIXED) is ExitCode.PASSED
    assert code(Proof.FIXED, Proof.NOT_PROVABLE) is ExitCode.INCOMPLETE
    assert code(Proof.NOT_PROVABLE, Proof.NOT_FIXED) is ExitCode.BLOCKED
