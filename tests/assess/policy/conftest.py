"""Small policies, exceptions and reports, written as a person would."""

from collections.abc import Sequence
from datetime import date
from textwrap import dedent

from scantling.assess.policy.document import Acceptance, Layer, Policy
from scantling.assess.policy.evaluate import evaluate
from scantling.assess.policy.reading import read_exceptions, read_policy
from scantling.core.model.advisory import Level
from scantling.core.model.context import Context
from scantling.core.model.decision import Decision, PolicyResult
from scantling.core.model.finding import Finding, Verdict, VerdictStatus
from scantling.core.model.gap import Gap
from scantling.core.model.report import ScanReport
from scantling.testing.reports import DATABASE, DISTRO, DJANGO, IMAGE, OPENSSL, finding, match

TODAY = date(2026, 8, 23)
HIGH = finding(DJANGO, "CVE-2026-1", Level.HIGH)


def policy(text: str, *, layer: Layer = Layer.PROJECT, origin: str = "policy.yaml") -> Policy:
    """Return a policy; the header and a name are added if the text has none."""
    body = dedent(text)
    name = "" if "name:" in body else "name: test\n"
    return read_policy(f"scantling: policy/1\n{name}{body}".encode(), origin=origin, layer=layer)


def exceptions(
    text: str, *, layer: Layer = Layer.PROJECT, origin: str = "exceptions.yaml"
) -> tuple[Acceptance, ...]:
    """Return the exceptions of a list."""
    body = f"scantling: exceptions/1\nexceptions:\n{dedent(text)}"
    return read_exceptions(body.encode(), origin=origin, layer=layer)


def report(
    *findings: Finding, gaps: Sequence[Gap] = (), allowed: tuple[str, ...] = ()
) -> ScanReport:
    """Return a report about two packages."""
    status = VerdictStatus.UNKNOWN if gaps else VerdictStatus.FINDINGS
    return ScanReport(
        tool_version="0",
        created="2026-08-23T10:00:00Z",
        image=IMAGE,
        distro=DISTRO,
        database=DATABASE,
        packages=(OPENSSL, DJANGO),
        findings=findings,
        gaps=tuple(gaps),
        verdict=Verdict(status=status, exit_code=3 if gaps else 0, allowed=allowed),
    )


def dated(id_: str, fixed: str, severity: Level = Level.HIGH) -> Finding:
    """Return a finding whose fix is dated."""
    return finding(DJANGO, id_, severity, matches=(match(DJANGO, id_, modified=fixed),))


def judge(
    text: str | Sequence[Policy],
    *findings: Finding,
    accepted: Sequence[Acceptance] = (),
    context: Context | None = None,
    today: date = TODAY,
) -> PolicyResult:
    """Return the result of policies on these findings."""
    policies = [policy(text)] if isinstance(text, str) else text
    return evaluate(report(*findings), policies, accepted, context or Context(), today)


def only(result: PolicyResult) -> Decision:
    """Return the only decision."""
    [decision] = result.decisions
    return decision
