"""Which attestation counts: only a valid one, the newest of them, whatever it says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.errors import ExitCode
from scantling.core.model.decision import Action, PolicyResult
from scantling.core.model.finding import Verdict, VerdictStatus
from scantling.core.model.report import ScanReport
from scantling.supply.dsse import bundle_of, sign
from scantling.supply.oci import Found
from scantling.supply.statement import VERDICT, Subject, statement_of, verdict_of
from scantling.supply.verify import Demands, Judgment, age_words, judge
from scantling.testing.reports import REPORTS

from .making import key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SUBJECT = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
PASSED = Verdict(status=VerdictStatus.CLEAN, exit_code=0)
BLOCKED = Verdict(status=VerdictStatus.FINDINGS, exit_code=1, reasons=("1 finding",))


def _report(verdict: Verdict = PASSED, *, days: float = 1, policy: str = "") -> ScanReport:
    made = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    result = PolicyResult(action=Action.ALLOW, digest=policy, today="") if policy else None
    return replace(REPORTS["clean"], verdict=verdict, created=made, policy=result)


def _attested(
    report: ScanReport, *, by: str = "ours", subject: str = SUBJECT, type_: str = VERDICT
) -> bytes:
    subjects = (Subject(name="app", digest=subject),)
    return sign(statement_of(subjects, type_, verdict_of(report, "")), key(by))


def _judged(*envelopes: bytes, **demands: object) -> Judgment:
    wanted = Demands(predicate_type=VERDICT, subject=SUBJECT, keys=(key().public,), now=NOW)
    found = [Found(where=f"place {number}", data=data) for number, data in enumerate(envelopes)]
    return judge(found, replace(wanted, **demands))


def test_a_passed_scan_signed_by_the_key_is_verified() -> None:
    judgment = _judged(_attested(_report()))

    assert judgment.exit_code is ExitCode.PASSED
    assert judgment.unmet == ()
    assert judgment.counts is not None
    assert judgment.counts.key is key().public
    assert judgment.counts.where == ("place 0",)


def test_nothing_attached_is_no_pass() -> None:
    judgment = _judged()

    assert judgment.exit_code is ExitCode.BLOCKED
    assert judgment.unmet == ("no attestation of this type is there",)


_MOVED = _attested(_report(), subject=OTHER)


@pytest.mark.parametrize(
    ("envelope", "because"),
    [
        pytest.param(_attested(_report(), by="other"), "none of the given keys", id="other_key"),
        pytest.param(_MOVED, "about another image", id="replayed"),
        pytest.param(_attested(_report(), type_="https://x/y"), "of type https://x/y", id="type"),
        pytest.param(_attested(_report(days=-1)), "from the future", id="future"),
        pytest.param(sign(b"{}", key()), "not an in-toto statement", id="no_statement"),
        pytest.param(sign(b"{}", key(), "text/plain"), "of type 'text/plain'", id="payload_type"),
        pytest.param(b"junk", "not a signed envelope", id="junk"),
        pytest.param(
            sign(statement_of((Subject(name="", digest=SUBJECT),), VERDICT, b"{}"), key()),
            "not a verdict",
            id="no_verdict",
        ),
        pytest.param(
            _attested(_report()).replace(b'"payload":"', b'"payload":"AAAA'),
            "none of the given keys",
            id="tampered",
        ),
    ],
)
def test_an_invalid_attestation_is_told_and_blocks(envelope: bytes, because: str) -> None:
    judgment = _judged(envelope)

    assert judgment.exit_code is ExitCode.BLOCKED
    assert judgment.counts is None
    assert judgment.unmet == ("no attestation is valid",)
    [rejected] = judgment.rejected
    assert because in rejected.because


def test_invalid_ones_beside_a_valid_one_are_told_and_do_no_harm() -> None:
    judgment = _judged(b"junk", _attested(_report(), by="other"), _attested(_report()))

    assert judgment.exit_code is ExitCode.PASSED
    assert len(judgment.rejected) == 2


def test_the_newest_valid_one_counts_even_if_it_blocks() -> None:
    judgment = _judged(_attested(_report(days=5)), _attested(_report(BLOCKED, days=2)))

    assert judgment.exit_code is ExitCode.BLOCKED
    assert judgment.unmet == ("the scan did not pass: 1 finding",)
    assert judgment.older == 1


def test_a_newer_one_of_somebody_else_does_not_count() -> None:
    newer = _attested(_report(BLOCKED), by="other")

    assert _judged(_attested(_report(days=5)), newer).exit_code is ExitCode.PASSED


def test_the_same_attestation_in_both_forms_is_one() -> None:
    envelope = _attested(_report())

    judgment = _judged(envelope, bundle_of(envelope, key().public))

    assert judgment.older == 0
    assert judgment.counts is not None
    assert judgment.counts.where == ("place 0", "place 1")


@pytest.mark.parametrize(
    ("exit_code", "answer"), [(1, 1), (3, 3), (5, 5), (0, 0), (2, 1), (70, 1), (-1, 1)]
)
def test_the_exit_code_is_that_of_the_scan(exit_code: int, answer: int) -> None:
    verdict = Verdict(status=VerdictStatus.UNKNOWN, exit_code=exit_code)

    assert _judged(_attested(_report(verdict))).exit_code == answer


def test_statuses_narrow_what_passes() -> None:
    accepted = Verdict(status=VerdictStatus.UNKNOWN, exit_code=0, allowed=("parse.failed",))
    envelope = _attested(_report(accepted))

    assert _judged(envelope).exit_code is ExitCode.PASSED
    narrowed = _judged(envelope, statuses=frozenset({"clean", "findings"}))
    assert narrowed.unmet == ("the verdict is unknown, not clean or findings",)
    assert narrowed.exit_code is ExitCode.BLOCKED


def test_a_status_that_is_asked_for_does_not_make_a_block_pass() -> None:
    judgment = _judged(_attested(_report(BLOCKED)), statuses=frozenset({"findings"}))

    assert judgment.exit_code is ExitCode.BLOCKED


@pytest.mark.parametrize(("days", "code"), [(6.9, 0), (7.1, 1)])
def test_an_old_attestation_expires(days: float, code: int) -> None:
    judgment = _judged(_attested(_report(days=days)), max_age=timedelta(days=7))

    assert judgment.exit_code == code
    if code:
        assert judgment.unmet == ("it is 7 days old; at most 7 days are accepted",)


def test_an_old_database_has_the_code_for_advisory_data() -> None:
    envelope = _attested(_report())

    assert _judged(envelope, database_max_age=timedelta(days=365)).exit_code is ExitCode.PASSED
    judgment = _judged(envelope, database_max_age=timedelta(days=7))
    assert judgment.exit_code is ExitCode.NO_ADVISORY_DATA
    assert "the advisory database: it is 93 days old" in judgment.unmet[0]
    both = _judged(envelope, database_max_age=timedelta(days=7), max_age=timedelta(hours=1))
    assert both.exit_code is ExitCode.BLOCKED


def test_only_decisions_of_the_wanted_policies_count() -> None:
    ours = _attested(_report(days=3, policy="sha256:1"))
    theirs = _attested(_report(BLOCKED, policy="sha256:2"))

    judgment = _judged(ours, theirs, policy_digest="sha256:1")

    assert judgment.exit_code is ExitCode.PASSED
    assert judgment.rejected[0].because == "it was decided by sha256:2"
    none = _judged(_attested(_report()), policy_digest="sha256:1")
    assert none.rejected[0].because == "it was decided by no policy"


@pytest.mark.parametrize(
    ("predicate", "dated"),
    [
        (b'{"metadata": {"scanFinishedOn": "2026-11-20T00:00:00Z"}}', True),
        (b'{"metadata": {"timestamp": "2026-11-20T00:00:00+01:00"}}', True),
        (b'{"creationInfo": {"created": "2026-11-20T00:00:00Z"}}', True),
        (b'{"timestamp": "2026-11-20T00:00:00Z"}', True),
        (b'{"timestamp": "2026-11-20T00:00:00"}', False),
        (b'{"timestamp": "soon"}', False),
        (b'{"timestamp": 7}', False),
        (b"[]", False),
    ],
)
def test_predicates_of_other_types_have_an_age_too(predicate: bytes, dated: bool) -> None:  # noqa: FBT001
    subjects = (Subject(name="app", digest=SUBJECT),)
    envelope = sign(statement_of(subjects, "https://x/y", predicate), key())

    judgment = _judged(envelope, predicate_type="https://x/y", max_age=timedelta(days=30))

    assert judgment.exit_code == (ExitCode.PASSED if dated else ExitCode.BLOCKED)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(days=3, hours=5), "3 days"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(seconds=61), "1 minute"),
        (timedelta(), "0 seconds"),
        (timedelta(milliseconds=-5), "0 seconds"),
    ],
)
def test_ages_are_said_in_words(age: timedelta, words: str) -> None:
    assert age_words(age) == words


_KINDS = st.tuples(
    st.sampled_from(["ours", "other"]),
    st.sampled_from([SUBJECT, OTHER]),
    st.sampled_from([PASSED, BLOCKED]),
    st.integers(min_value=-3, max_value=9),
)


@settings(max_examples=80, deadline=None)
@given(kinds=st.lists(_KINDS, max_size=6), junk=st.binary(max_size=20))
def test_it_passes_only_if_the_newest_of_ours_about_this_image_passed(
    kinds: list[tuple[str, str, Verdict, int]], junk: bytes
) -> None:
    envelopes = [
        _attested(_report(verdict, days=days), by=by, subject=subject)
        for by, subject, verdict, days in kinds
    ]
    ours = [
        (days, verdict)
        for by, subject, verdict, days in kinds
        if by == "ours" and subject == SUBJECT and days >= 0
    ]
    newest = min((days for days, _ in ours), default=None)
    verdicts = {verdict.status for days, verdict in ours if days == newest}

    judgment = _judged(junk, *envelopes)

    assert (judgment.exit_code == 0) == (verdicts == {VerdictStatus.CLEAN})
