"""Which attestation counts, and whether it says enough: the decision at a promotion gate.

1. An attestation is *valid* if one of the given keys signed it, it is of the wanted type, its
   subject is the image at hand, and it does not come from the future.
2. Of the valid ones the newest counts, whatever it says: an older pass does not outlive a newer
   block. One that was decided by another policy than the wanted one says nothing here.
3. The demands (passed, status, age, age of the database) are made of that one.

Everything that was not valid is kept with the reason. Without a signature nothing is read but what
is needed to say so.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import ExitCode, InputError
from scantling.core.text import neutral
from scantling.supply.dsse import IN_TOTO, Envelope, parse_envelope, signer
from scantling.supply.keys import PublicKey
from scantling.supply.oci import Found
from scantling.supply.statement import (
    VERDICT,
    Statement,
    Verdict,
    parse_statement,
    parse_verdict,
)

_SKEW: Final = timedelta(minutes=10)
"""Clocks differ by so much; one from further ahead would win for ever."""
_SECONDS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class Demands(Struct, frozen=True, kw_only=True):
    """What is wanted. `subject` is the image's digest; None and empty demand nothing.

    `statuses` narrows what a verdict may be; it must have passed in any case.
    """

    predicate_type: str
    subject: str
    keys: tuple[PublicKey, ...]
    now: datetime
    statuses: frozenset[str] = frozenset()
    policy_digest: str = ""
    max_age: timedelta | None = None
    database_max_age: timedelta | None = None


class Valid(Struct, frozen=True, kw_only=True):
    """An attestation to believe. `moment` is when it was made by its own words, None: not said."""

    where: tuple[str, ...]
    key: PublicKey
    statement: Statement
    moment: datetime | None
    verdict: Verdict | None = None
    """None for predicates of other types."""


class Rejected(Struct, frozen=True, kw_only=True, order=True):
    """An attestation that does not count, and why."""

    where: tuple[str, ...]
    because: str


class Judgment(Struct, frozen=True, kw_only=True):
    """The answer. `counts` is the attestation that it rests on, None if there is none.

    `unmet` are sentences; `older` says how many valid ones were overtaken.
    """

    exit_code: ExitCode
    counts: Valid | None
    unmet: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    older: int = 0


class _Metadata(Struct, frozen=True):
    scanFinishedOn: str = ""  # noqa: N815 - cosign's spelling
    timestamp: str = ""


class _Creation(Struct, frozen=True):
    created: str = ""


class _Moments(Struct):
    """Where the types of predicates keep the time they were made at."""

    scanned: str = ""
    timestamp: str = ""
    metadata: _Metadata = _Metadata()
    creationInfo: _Creation = _Creation()  # noqa: N815


def judge(found: Iterable[Found], demands: Demands) -> Judgment:
    """Return which attestation counts and whether it meets the demands."""
    valid: list[Valid] = []
    rejected: list[Rejected] = []
    for envelope, where in _envelopes(found, rejected).items():
        try:
            valid.append(_believed(envelope, tuple(where), demands))
        except InputError as error:
            rejected.append(Rejected(where=tuple(where), because=error.detail))
    valid.sort(key=_age_order)
    counts = valid[-1] if valid else None
    unmet = [*_unmet(counts, demands)] if counts else [_none(rejected)]
    return Judgment(
        exit_code=ExitCode.PASSED if not unmet else _worst(unmet),
        counts=counts,
        unmet=tuple(sentence for _, sentence in unmet),
        rejected=tuple(sorted(rejected)),
        older=max(0, len(valid) - 1),
    )


def age_words(age: timedelta) -> str:
    """Return an age in words: `3 days`, `1 hour`."""
    seconds = int(age.total_seconds())
    for size, unit in _SECONDS:
        number = seconds // size
        if number:
            return f"{number} {unit}" + ("s" if number > 1 else "")
    return "0 seconds"


def _envelopes(found: Iterable[Found], rejected: list[Rejected]) -> dict[Envelope, list[str]]:
    """Return the envelopes, each once, and where they were; add the others to `rejected`."""
    envelopes: dict[Envelope, list[str]] = {}
    for one in found:
        if one.problem:
            rejected.append(Rejected(where=(one.where,), because=one.problem))
            continue
        try:
            envelopes.setdefault(parse_envelope(one.data), []).append(one.where)
        except InputError as error:
            rejected.append(Rejected(where=(one.where,), because=error.detail))
    return envelopes


def _believed(envelope: Envelope, where: tuple[str, ...], demands: Demands) -> Valid:
    """Return a valid attestation, rule 1 of the module. Raises InputError with the reason."""
    key = signer(envelope, demands.keys)
    if key is None:
        raise _no("none of the given keys signed it")
    if envelope.payload_type != IN_TOTO:
        raise _no(f"its payload is of type {neutral(envelope.payload_type, limit=100)!r}")
    statement = parse_statement(envelope.payload)
    if statement.predicate_type != demands.predicate_type:
        raise _no(f"it is of type {neutral(statement.predicate_type, limit=200)}")
    if demands.subject not in statement.digests:
        about = neutral(", ".join(sorted(statement.digests)), limit=200) or "nothing"
        raise _no(f"it is about another image ({about})")
    verdict = parse_verdict(statement.predicate) if demands.predicate_type == VERDICT else None
    if demands.policy_digest and _policy(verdict) != demands.policy_digest:
        raise _no(f"it was decided by {_policy(verdict) or 'no policy'}")
    moment = _moment(statement)
    if moment is not None and moment > demands.now + _SKEW:
        raise _no(f"it claims to be from the future ({moment.isoformat()})")
    return Valid(where=where, key=key, statement=statement, moment=moment, verdict=verdict)


def _unmet(counts: Valid, demands: Demands) -> Iterable[tuple[ExitCode, str]]:
    """Yield what the attestation that counts lacks, and the exit code of that."""
    if demands.max_age is not None:
        yield from _too_old(counts.moment, demands.max_age, demands.now)
    verdict = counts.verdict
    if verdict is None:
        return
    decided = verdict.verdict
    if decided.exit_code != ExitCode.PASSED:
        why = neutral("; ".join(decided.reasons[:3])) or f"exit code {decided.exit_code}"
        yield _code(decided.exit_code), f"the scan did not pass: {why}"
    if demands.statuses and decided.status not in demands.statuses:
        wanted = " or ".join(sorted(demands.statuses))
        yield ExitCode.BLOCKED, f"the verdict is {neutral(decided.status)}, not {wanted}"
    if demands.database_max_age is not None:
        built = _parsed(verdict.database.built) if verdict.database else None
        for _, sentence in _too_old(built, demands.database_max_age, demands.now):
            yield ExitCode.NO_ADVISORY_DATA, f"the advisory database: {sentence}"


def _too_old(
    moment: datetime | None, most: timedelta, now: datetime
) -> Iterable[tuple[ExitCode, str]]:
    if moment is None:
        yield ExitCode.BLOCKED, "it does not say when it was made"
    elif now - moment > most:
        yield (
            ExitCode.BLOCKED,
            f"it is {age_words(now - moment)} old; at most {age_words(most)} are accepted",
        )


def _none(rejected: list[Rejected]) -> tuple[ExitCode, str]:
    if rejected:
        return ExitCode.BLOCKED, "no attestation is valid"
    return ExitCode.BLOCKED, "no attestation of this type is there"


def _worst(unmet: list[tuple[ExitCode, str]]) -> ExitCode:
    """Return the code that decides: a block, then advisory data, then what is incomplete."""
    codes = {code for code, _ in unmet}
    order = (ExitCode.BLOCKED, ExitCode.NO_ADVISORY_DATA, ExitCode.INCOMPLETE)
    return next((code for code in order if code in codes), ExitCode.BLOCKED)


def _code(exit_code: int) -> ExitCode:
    """Return the attested exit code if it is one of a scan that was decided, else BLOCKED."""
    known = {ExitCode.INCOMPLETE, ExitCode.NO_ADVISORY_DATA}
    return next((code for code in known if code == exit_code), ExitCode.BLOCKED)


def _age_order(one: Valid) -> tuple[datetime, bool, bytes]:
    """Return the sort key: of two made in the same second, the one that did not pass is last."""
    moment = one.moment or datetime.min.replace(tzinfo=UTC)
    failed = one.verdict is not None and one.verdict.verdict.exit_code != ExitCode.PASSED
    return moment, failed, one.statement.predicate


def _policy(verdict: Verdict | None) -> str:
    return verdict.policy.digest if verdict and verdict.policy else ""


def _moment(statement: Statement) -> datetime | None:
    try:
        said = msgspec.json.decode(statement.predicate, type=_Moments)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    text = (
        said.scanned
        or said.metadata.scanFinishedOn
        or said.metadata.timestamp
        or said.timestamp
        or said.creationInfo.created
    )
    return _parsed(text)


def _parsed(text: str) -> datetime | None:
    """Return the time of an RFC 3339 text, None if it is none with a zone."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _no(why: str) -> InputError:
    return InputError("parse.failed", why)
