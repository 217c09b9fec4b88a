"""In-toto statements: what is said about which image. The bytes are the same for the same input.

Our own predicate is a *verdict*: what a scan came to, and what it came from (policy, database,
version), small enough to be read at a gate. A report in full goes into cosign's *vuln* predicate.

Source: in-toto attestation framework v1 (`spec/v1/statement.md`); cosign,
`specs/COSIGN_VULN_ATTESTATION_SPEC.md`. The verdict: `docs/reference/verdict-attestation.md`.
"""

from collections import Counter
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError, UsageError
from scantling.core.model.advisory import Level
from scantling.core.model.decision import PolicyResult
from scantling.core.model.finding import FindingState
from scantling.core.model.gap import GapKind
from scantling.core.model.report import DatabaseInfo, ScanReport
from scantling.core.text import neutral

VERDICT: Final = "https://scantling.readthedocs.io/attestation/verdict/v1"
"""The type of our own predicate. It is a name; nothing is fetched from there."""
VULN: Final = "https://cosign.sigstore.dev/attestation/vuln/v1"

# Our word for a type of predicate: (the type, the report format that is the predicate).
TYPES: Final = {
    "verdict": (VERDICT, ""),
    "vuln": (VULN, "json"),
    "cyclonedx": ("https://cyclonedx.org/bom", "cyclonedx-json"),
    "spdx": ("https://spdx.dev/Document", "spdx"),
    "openvex": ("https://openvex.dev/ns", "openvex"),
}
"""Predicate types by the name that the command line has for them, cosign's where it has one."""

_TYPE: Final = "https://in-toto.io/Statement/v1"
_READ: Final = frozenset({_TYPE, "https://in-toto.io/Statement/v0.1"})
_SUBJECTS: Final = 1024


class Subject(Struct, frozen=True, kw_only=True):
    """An image: its name for people, and the digest that counts (`sha256:…`)."""

    name: str
    digest: str


class Statement(Struct, frozen=True, kw_only=True):
    """What a statement says. `digests` are those of its subjects; `predicate` is JSON."""

    predicate_type: str
    digests: frozenset[str]
    predicate: bytes


class Scanner(Struct, frozen=True, kw_only=True):
    """Who scanned."""

    name: str
    version: str


class Decided(Struct, frozen=True, kw_only=True, rename="camel"):
    """The verdict of the report."""

    status: str
    exit_code: int
    reasons: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    """Codes of gaps that were accepted."""


class Counts(Struct, frozen=True, kw_only=True):
    """Findings by state; open ones by severity, those with none left out."""

    open: dict[str, int] = {}
    undetermined: int = 0
    suppressed: int = 0


class Gaps(Struct, frozen=True, kw_only=True):
    """How many gaps there are of each code."""

    blocking: dict[str, int] = {}
    info: dict[str, int] = {}


class PolicyFact(Struct, frozen=True, kw_only=True):
    """Which policies decided what: how many subjects got which action."""

    digest: str
    action: str
    today: str
    decisions: dict[str, int] = {}
    errors: int = 0


class DatabaseFact(Struct, frozen=True, kw_only=True):
    """Which advisories were known. `oldest` is the date of the oldest source, empty if none."""

    digest: str
    built: str
    verified: bool
    oldest: str = ""


class Verdict(Struct, frozen=True, kw_only=True, rename="camel"):
    """The predicate of type `VERDICT`. `scanned` is RFC 3339; `report` the JSON report's digest."""

    scanner: Scanner
    scanned: str
    verdict: Decided
    platform: str = ""
    config_digest: str = ""
    profile: str = ""
    fail_on: str = ""
    findings: Counts = Counts()
    gaps: Gaps = Gaps()
    policy: PolicyFact | None = None
    database: DatabaseFact | None = None
    report: str = ""


class _Subject(Struct):
    digest: dict[str, str]
    name: str = ""


class _Statement(Struct):
    _type: str
    subject: list[_Subject]
    predicateType: str  # noqa: N815 - the specification's spelling
    predicate: msgspec.Raw = msgspec.Raw(b"{}")


def verdict_of(report: ScanReport, report_digest: str) -> bytes:
    """Return the verdict predicate of a report, as JSON.

    Raises UsageError for an inventory: it has no verdict.
    """
    if report.database is None:
        raise UsageError("the report is an inventory of `scantling sbom`, which decides nothing")
    image, verdict = report.image, report.verdict
    return _json(
        Verdict(
            scanner=Scanner(name="scantling", version=report.tool_version),
            scanned=report.created,
            platform=str(image.platform),
            config_digest=image.config_digest,
            verdict=Decided(
                status=verdict.status,
                exit_code=verdict.exit_code,
                reasons=verdict.reasons,
                allowed=verdict.allowed,
            ),
            profile=report.profile,
            fail_on=report.fail_on,
            findings=_counts(report),
            gaps=_gaps(report),
            policy=_policy(report.policy),
            database=_database(report.database),
            report=report_digest,
        )
    )


def vuln_of(report: ScanReport, document: bytes) -> bytes:
    """Return cosign's vulnerability predicate around the JSON report, as JSON."""
    database = report.database
    version = database.digest if database else ""
    updated = database.built if database else ""
    return _json(
        {
            "invocation": {"builder.id": "", "event_id": "", "parameters": [], "uri": ""},
            "scanner": {
                "uri": f"pkg:pypi/scantling@{report.tool_version}",
                "version": report.tool_version,
                "db": {"uri": "", "version": version, "lastUpdate": updated},
                "result": msgspec.json.decode(document),
            },
            "metadata": {"scanStartedOn": report.created, "scanFinishedOn": report.created},
        }
    )


def statement_of(subjects: tuple[Subject, ...], predicate_type: str, predicate: bytes) -> bytes:
    """Return the statement as JSON with sorted keys; `predicate` is JSON."""
    return _json(
        {
            "_type": _TYPE,
            "subject": [
                {
                    "name": neutral(one.name),
                    "digest": dict([one.digest.split(":", 1)]),
                }
                for one in subjects
            ],
            "predicateType": predicate_type,
            "predicate": msgspec.json.decode(predicate),
        }
    )


def parse_statement(data: bytes) -> Statement:
    """Return what a statement says. Raises InputError."""
    try:
        raw = msgspec.json.decode(data, type=_Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(neutral(str(error), limit=200)) from error
    if raw._type not in _READ:  # noqa: SLF001 - the specification's name
        raise _bad(f"its type is {neutral(raw._type, limit=100)!r}")  # noqa: SLF001
    if len(raw.subject) > _SUBJECTS:
        raise _bad(f"it has more than {_SUBJECTS} subjects")
    return Statement(
        predicate_type=raw.predicateType,
        digests=frozenset(
            f"{name}:{value}" for one in raw.subject for name, value in one.digest.items()
        ),
        predicate=bytes(raw.predicate),
    )


def parse_verdict(predicate: bytes) -> Verdict:
    """Return the verdict predicate. Raises InputError."""
    try:
        return msgspec.json.decode(predicate, type=Verdict)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            "parse.failed", f"not a verdict: {neutral(str(error), limit=200)}"
        ) from error


def _counts(report: ScanReport) -> Counts:
    states = Counter(one.state for one in report.findings)
    levels = Counter(one.severity for one in report.findings if one.state is FindingState.OPEN)
    return Counts(
        open={str(level): levels[level] for level in reversed(Level) if levels[level]},
        undetermined=states[FindingState.UNDETERMINED],
        suppressed=states[FindingState.SUPPRESSED],
    )


def _gaps(report: ScanReport) -> Gaps:
    counted: dict[GapKind, Counter[str]] = {kind: Counter() for kind in GapKind}
    for one in report.gaps:
        counted[one.kind][one.code] += one.count
    return Gaps(blocking={**counted[GapKind.BLOCKING]}, info={**counted[GapKind.INFO]})


def _policy(policy: PolicyResult | None) -> PolicyFact | None:
    if policy is None:
        return None
    return PolicyFact(
        digest=policy.digest,
        action=policy.action,
        today=policy.today,
        decisions={**Counter(str(one.action) for one in policy.decisions)},
        errors=len(policy.errors),
    )


def _database(database: DatabaseInfo) -> DatabaseFact:
    dates = [source.as_of for source in database.sources if source.as_of]
    return DatabaseFact(
        digest=database.digest,
        built=database.built,
        verified=database.verified,
        oldest=min(dates, default=""),
    )


def _json(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _bad(why: str) -> InputError:
    return InputError("parse.failed", f"not an in-toto statement: {why}")
