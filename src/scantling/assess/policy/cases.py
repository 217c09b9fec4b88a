"""Cases: `scantling policy test` checks policies with examples, written beside them.

A case describes one finding, package, gap or image in a few words; what it leaves out is what a
harmless image has. It becomes a real report, judged as every report is.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from scantling.assess.policy.document import Acceptance, Policy
from scantling.assess.policy.evaluate import decide
from scantling.assess.policy.layers import Effective, effective
from scantling.assess.policy.reading import day
from scantling.assess.policy.subjects import IMAGE, Setting
from scantling.core import yaml
from scantling.core.errors import InputError, UsageError
from scantling.core.model.advisory import Fix, Level, Signal
from scantling.core.model.base import BaseImage, Part
from scantling.core.model.context import Context
from scantling.core.model.decision import Action, Decision
from scantling.core.model.finding import (
    Finding,
    FindingState,
    Match,
    Outcome,
    Verdict,
    VerdictStatus,
)
from scantling.core.model.gap import CODES, Gap, GapKind, gap
from scantling.core.model.image import Image, ImageConfig
from scantling.core.model.inventory import Location, Package
from scantling.core.model.report import DatabaseInfo, ScanReport
from scantling.core.model.risk import Risk
from scantling.core.purl import name_of


class _Finding(Struct, forbid_unknown_fields=True, frozen=True):
    id: str = "CVE-2026-0001"
    severity: Level = Level.LOW
    score: float | None = None
    state: Literal["open", "undetermined"] = "open"
    fix: Fix = Fix.NONE
    fixed_since: str = ""
    kev: bool = False
    ransomware: bool = False
    epss: float | None = None
    risk: float | None = None
    part: Part = Part.UNKNOWN
    source: str = ""
    word: str = ""


class _Package(Struct, forbid_unknown_fields=True, frozen=True):
    purl: str = "pkg:pypi/example@1.0"
    licenses: list[str] = []
    paths: list[str] = []


class _Gap(Struct, forbid_unknown_fields=True, frozen=True):
    code: str
    path: str = ""


class _Image(Struct, forbid_unknown_fields=True, frozen=True):
    reference: str = "registry.example.com/app:1"
    user: str = "1000"
    labels: dict[str, str] = {}
    ports: list[str] = []
    created: str = ""
    database_built: str = ""
    base: str = ""
    base_current: bool | None = None


class _Expected(Struct, forbid_unknown_fields=True, frozen=True):
    action: Action
    rule: str = ""
    due: str = ""
    exception: str = ""


class _Case(Struct, forbid_unknown_fields=True, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=300)]
    expect: Action | _Expected
    finding: _Finding | None = None
    package: _Package | None = None
    gap: _Gap | None = None
    image: _Image = _Image()
    context: Context = Context()
    today: str = ""
    allowed: list[str] = []


class _Cases(Struct, forbid_unknown_fields=True, frozen=True):
    scantling: Literal["policy-tests/1"]
    today: str
    cases: Annotated[list[_Case], Meta(min_length=1, max_length=10_000)]
    policies: list[str] = []
    exceptions: list[str] = []


class Case(Struct, frozen=True, kw_only=True):
    """One case, ready to be judged: the report it describes, the subject, and what is expected."""

    name: str
    place: str
    setting: Setting
    subject: str
    expected: _Expected


class CaseFile(Struct, frozen=True, kw_only=True):
    """A file of cases. `policies` and `exceptions` are words as on the command line."""

    cases: tuple[Case, ...]
    policies: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()


class Tried(Struct, frozen=True, kw_only=True):
    """How a case ended. `wrong` is empty if it was as expected."""

    name: str
    place: str
    wrong: str
    decision: Decision | None


def read_cases(data: bytes, *, origin: str) -> CaseFile:
    """Return the cases of a file. Raises UsageError with file and line."""
    try:
        document = yaml.read(data, name=origin)
        raw = yaml.convert(document, _Cases)
    except InputError as error:
        raise UsageError(f"{error.detail}; see docs/reference/policy.md") from error
    default = day(raw.today, document.place("today"), "today")
    paths = tuple(("cases", at) for at in range(len(raw.cases)))
    lines = yaml.lines(document, paths)
    return CaseFile(
        cases=tuple(
            _case(one, f"{origin}:{line}", default)
            for one, line in zip(raw.cases, lines, strict=True)
        ),
        policies=tuple(raw.policies),
        exceptions=tuple(raw.exceptions),
    )


def try_cases(
    file: CaseFile, policies: Sequence[Policy], exceptions: Sequence[Acceptance]
) -> tuple[Tried, ...]:
    """Return how every case ended, in the file's order. Raises UsageError (policies)."""
    rules = effective(policies, exceptions)
    return tuple(_tried(one, rules, exceptions) for one in file.cases)


def _tried(case: Case, rules: Effective, exceptions: Sequence[Acceptance]) -> Tried:
    result = decide(rules, exceptions, case.setting)
    decision = next((one for one in result.decisions if one.subject == case.subject), None)
    wrong = result.errors[0] if result.errors else _difference(case.expected, decision)
    return Tried(name=case.name, place=case.place, wrong=wrong, decision=decision)


def _difference(expected: _Expected, decision: Decision | None) -> str:
    action = decision.action if decision else Action.ALLOW
    by = f" by {decision.rule} ({decision.reason})" if decision else ", no rule spoke"
    if action is not expected.action:
        return f"expected {expected.action}, got {action}{by}"
    rule = decision.rule if decision else ""
    if expected.rule not in {"", rule}:
        return f"expected rule {expected.rule}, got {rule or 'none'}"
    due = decision.due if decision else ""
    if expected.due not in {"", due}:
        return f"expected due {expected.due}, got {due or 'no day'}"
    exception = decision.exception.id if decision and decision.exception else ""
    if expected.exception not in {"", exception}:
        return f"expected exception {expected.exception}, got {exception or 'none'}"
    return ""


def _case(raw: _Case, place: str, default: date) -> Case:
    about = [one for one in (raw.finding, raw.gap) if one is not None]
    if len(about) > 1:
        raise UsageError(f"{place}: a case is about a finding or a gap; make it two")
    if raw.gap is not None and raw.gap.code not in CODES:
        raise UsageError(f"{place}: there is no gap code {raw.gap.code!r}")
    package = _package(raw.package or _Package())
    listed = raw.finding is not None or raw.package is not None
    finding = _finding(raw.finding, package, place) if raw.finding else None
    gaps = (gap(raw.gap.code, "of a case", path=raw.gap.path),) if raw.gap else ()
    today = day(raw.today, place, "today") if raw.today else default
    report = _report(raw, (package,) if listed else (), (finding,) if finding else (), gaps)
    report = replace(report, database=_database(raw.image.database_built or today.isoformat()))
    setting = Setting(report=report, context=raw.context, today=today)
    return Case(
        name=raw.name,
        place=place,
        setting=setting,
        subject=_subject(raw, finding, package),
        expected=raw.expect if isinstance(raw.expect, _Expected) else _Expected(raw.expect),
    )


def _subject(raw: _Case, finding: Finding | None, package: Package) -> str:
    if finding is not None:
        return finding.identity
    if raw.gap is not None:
        return f"gap:{raw.gap.code}"
    return f"package:{package.purl}" if raw.package else IMAGE


def _package(raw: _Package) -> Package:
    type_ = raw.purl.removeprefix("pkg:").partition("/")[0]
    bare = raw.purl.partition("?")[0]
    return Package(
        purl=raw.purl,
        type=type_,
        ecosystem=type_,
        name=name_of(raw.purl),
        version=bare.rpartition("@")[2] if "@" in bare else "",
        licenses=tuple(raw.licenses),
        locations=tuple(Location(path=path, layer=0) for path in raw.paths),
    )


def _finding(raw: _Finding, package: Package, place: str) -> Finding:
    if raw.fixed_since:
        day(raw.fixed_since, place, "fixed_since")
    fixed = ("2.0",) if raw.fix is Fix.FIXED else ()
    match = Match(
        purl=package.purl,
        source=raw.source,
        advisory=raw.id,
        vulnerability=raw.id,
        outcome=Outcome.AFFECTED,
        by="name",
        ecosystem=package.ecosystem,
        package=package.name,
        version=package.version,
        range="",
        because="a case says so",
        fix=raw.fix,
        fixed_in=fixed,
        modified=raw.fixed_since,
    )
    return Finding(
        id=raw.id,
        purl=package.purl,
        identity="case",
        state=FindingState(raw.state),
        severity=raw.severity,
        score=raw.score,
        fix=raw.fix,
        fixed_in=fixed,
        word=raw.word,
        decided_by=raw.source,
        signals=_signals(raw),
        part=raw.part,
        risk=_risk(raw.risk),
        matches=(match,),
    )


def _signals(raw: _Finding) -> tuple[Signal, ...]:
    found = []
    if raw.kev or raw.ransomware:
        note = "ransomware" if raw.ransomware else ""
        found.append(Signal(id=raw.id, kind="kev", value="2026-01-01", note=note))
    if raw.epss is not None:
        found.append(Signal(id=raw.id, kind="epss", value=str(raw.epss)))
    return tuple(found)


def _base(raw: _Image) -> BaseImage | None:
    return BaseImage(name=raw.base, current=raw.base_current) if raw.base else None


def _risk(score: float | None) -> Risk | None:
    if score is None:
        return None
    return Risk(score=score, low=score, high=score, factors=(), formula="a case")


def _report(
    raw: _Case,
    packages: tuple[Package, ...],
    findings: tuple[Finding, ...],
    gaps: tuple[Gap, ...],
) -> ScanReport:
    blocking = any(one.kind is GapKind.BLOCKING for one in gaps)
    status = VerdictStatus.FINDINGS if findings else VerdictStatus.CLEAN
    config = ImageConfig(
        user=raw.image.user,
        created=raw.image.created,
        labels=tuple(sorted(raw.image.labels.items())),
        exposed_ports=tuple(raw.image.ports),
    )
    return ScanReport(
        tool_version="",
        created="",
        image=Image(reference=raw.image.reference, kind="case", config=config),
        verdict=Verdict(
            status=VerdictStatus.UNKNOWN if blocking else status,
            exit_code=0,
            allowed=tuple(raw.allowed),
        ),
        packages=packages,
        findings=findings,
        gaps=gaps,
        base=_base(raw.image),
    )


def _database(built: str) -> DatabaseInfo:
    return DatabaseInfo(digest="", built=built, origin="case", verified=True)
