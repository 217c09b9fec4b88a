"""Worked examples of the formula: the table of docs/explanation/risk.md, in its order."""

from datetime import date
from typing import NamedTuple

from scantling.core.model.advisory import Fix, Level, Signal
from scantling.core.model.context import Context, Criticality, Exposure
from scantling.core.model.finding import Finding, FindingState

TODAY = date(2026, 11, 23)
TAKE_OVER = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
READ_MEMORY = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
STOP = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
SLOW_DOWN = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"
SCRIPT = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"
LOCAL = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"
NOWHERE = Context()


def kev(*, ransomware: bool = False) -> Signal:
    return _signal("kev", "2026-03-02", "ransomware" if ransomware else "")


def epss(probability: float) -> Signal:
    return _signal("epss", str(probability), "0.5")


def ssvc(value: str) -> Signal:
    return _signal("ssvc", value)


def _signal(kind: str, value: str, note: str = "") -> Signal:
    return Signal(id="CVE-2025-1000", kind=kind, value=value, note=note, date="2026-11-20")


def finding(
    level: Level = Level.UNKNOWN,
    vector: str = "",
    score: float | None = None,
    *signals: Signal,
    fix: Fix = Fix.FIXED,
    state: FindingState = FindingState.OPEN,
    id_: str = "CVE-2025-1000",
) -> Finding:
    return Finding(
        id=id_,
        purl="pkg:pypi/example@1.0",
        identity="",
        state=state,
        severity=level,
        vector=vector,
        score=score,
        fix=fix,
        signals=signals,
        reason="" if state is FindingState.OPEN else "its version has no order",
    )


def context(
    exposure: Exposure = Exposure.UNKNOWN, criticality: Criticality = Criticality.UNKNOWN
) -> Context:
    return Context(exposure=exposure, criticality=criticality)


class Example(NamedTuple):
    title: str
    finding: Finding
    context: Context


_CRITICAL, _HIGH, _MEDIUM = Level.CRITICAL, Level.HIGH, Level.MEDIUM
_INTERNET = context(Exposure.INTERNET)
_SHOP = context(Exposure.INTERNET, Criticality.HIGH)
_TOOL = context(Exposure.INTERNAL, Criticality.MEDIUM)
_LAB = context(Exposure.ISOLATED, Criticality.LOW)

EXAMPLES = (
    Example(
        "take-over, exploited by ransomware; internet, high",
        finding(_CRITICAL, TAKE_OVER, 9.8, kev(ransomware=True), epss(0.94)),
        _SHOP,
    ),
    Example("take-over, in KEV; internet", finding(_CRITICAL, TAKE_OVER, 9.8, kev()), _INTERNET),
    Example("memory read, in KEV; internet", finding(_HIGH, READ_MEMORY, 7.5, kev()), _INTERNET),
    Example(
        "word `high`, in KEV; internet",
        finding(_HIGH, "", None, kev(), fix=Fix.UNKNOWN, id_="EXAMPLE-1"),
        _INTERNET,
    ),
    Example("take-over, in KEV; isolated, low", finding(_CRITICAL, TAKE_OVER, 9.8, kev()), _LAB),
    Example(
        "take-over, EPSS 0.5; internet, high",
        finding(_CRITICAL, TAKE_OVER, 9.8, epss(0.5)),
        _SHOP,
    ),
    Example(
        "take-over, EPSS 0.1; internet, high",
        finding(_CRITICAL, TAKE_OVER, 9.8, epss(0.1)),
        _SHOP,
    ),
    Example(
        "take-over, EPSS 0.001, proof of concept, automatable; internet, high",
        finding(_CRITICAL, TAKE_OVER, 9.8, epss(0.001), ssvc("poc/yes/total")),
        _SHOP,
    ),
    Example(
        "take-over, EPSS 0.001; nothing stated",
        finding(_CRITICAL, TAKE_OVER, 9.8, epss(0.001)),
        NOWHERE,
    ),
    Example(
        "take-over, EPSS 0.001, CISA: none, not automatable; internal, medium",
        finding(_CRITICAL, TAKE_OVER, 9.8, epss(0.001), ssvc("none/no/total")),
        _TOOL,
    ),
    Example(
        "take-over, EPSS 0.001; isolated, low",
        finding(_CRITICAL, TAKE_OVER, 9.8, epss(0.001)),
        _LAB,
    ),
    Example("outage, EPSS 0.004; internet, high", finding(_HIGH, STOP, 7.5, epss(0.004)), _SHOP),
    Example(
        "cross-site scripting, EPSS 0.002; internal, medium",
        finding(_MEDIUM, SCRIPT, 6.1, epss(0.002)),
        _TOOL,
    ),
    Example(
        "slower answers, EPSS 0.002; internet, high",
        finding(_MEDIUM, SLOW_DOWN, 5.3, epss(0.002)),
        _SHOP,
    ),
    Example(
        "local privileges, EPSS 0.0005, no fix; internal, medium",
        finding(_HIGH, LOCAL, 7.8, epss(0.0005), fix=Fix.NONE),
        _TOOL,
    ),
    Example(
        "distribution says `low` of a 9.8, EPSS 0.001; internet, high",
        finding(Level.LOW, TAKE_OVER, 9.8, epss(0.001), fix=Fix.WILL_NOT_FIX),
        _SHOP,
    ),
    Example("word `negligible`, no signals; isolated, low", finding(Level.NEGLIGIBLE), _LAB),
    Example(
        "nothing known at all",
        finding(fix=Fix.UNKNOWN, id_="EXAMPLE-2"),
        NOWHERE,
    ),
    Example(
        "take-over, in KEV, undetermined; internet",
        finding(_CRITICAL, TAKE_OVER, 9.8, kev(), state=FindingState.UNDETERMINED),
        _INTERNET,
    ),
    Example(
        "take-over, in KEV, suppressed; internet",
        finding(_CRITICAL, TAKE_OVER, 9.8, kev(), state=FindingState.SUPPRESSED),
        _INTERNET,
    ),
)
