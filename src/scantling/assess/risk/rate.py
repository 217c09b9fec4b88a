"""The risk of a finding: its factors, and what the formula makes of them."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from scantling.assess.risk import factors, likelihood
from scantling.assess.risk.formula import FORMULA, risk_of
from scantling.assess.risk.impact import impact
from scantling.core.model.context import Context
from scantling.core.model.finding import Finding
from scantling.core.model.risk import Factor, Risk


def rate(finding: Finding, context: Context, today: date) -> Risk:
    """Return the risk of a finding in its context, with its factors in the formula's order.

    A suppressed finding has the risk 0, for it is known not to count. An undetermined one is rated
    like an open one that is there with a likelihood of 0.8; its `low` is 0. Links to exploits
    count when `finding.references` are filled in.
    """
    return risk_from(factors_of(finding, context, today))


def rate_all(findings: Iterable[Finding], context: Context, today: date) -> tuple[Risk, ...]:
    """Return the risk of each finding, in their order, as `rate` does.

    Binary packages of one source package share a flaw, and so its risk: it is worked out once.
    """
    known: dict[tuple[object, ...], Risk] = {}
    risks = []
    for finding in findings:
        link, modified = _linked(finding), _modified(finding)
        # All of a finding that `factors_of` reads.
        key = (
            (finding.id, finding.state, finding.reason, finding.severity, finding.score),
            (finding.vector, finding.signals, finding.fix, link, modified),
        )
        risk = known.get(key)
        if risk is None:
            risk = known[key] = risk_from(
                _factors(finding, context, today, link=link, modified=modified)
            )
        risks.append(risk)
    return tuple(risks)


def factors_of(finding: Finding, context: Context, today: date) -> tuple[Factor, ...]:
    """Return the factors of a finding, in the formula's order."""
    return _factors(finding, context, today, link=_linked(finding), modified=_modified(finding))


def risk_from(found: tuple[Factor, ...]) -> Risk:
    """Return the risk that these factors amount to, to one decimal."""
    return Risk(
        score=round(risk_of([one.value for one in found]), 1),
        low=round(risk_of([one.low for one in found]), 1),
        high=round(risk_of([one.high for one in found]), 1),
        factors=found,
        formula=FORMULA,
    )


def _linked(finding: Finding) -> bool:
    return bool(finding.references) and likelihood.has_exploit_link(finding.references)


def _modified(finding: Finding) -> str:
    """Return the oldest date that a source last changed its words, empty if none gives one."""
    return min([one.modified for one in finding.matches if one.modified], default="")


def _factors(
    finding: Finding, context: Context, today: date, *, link: bool, modified: str
) -> tuple[Factor, ...]:
    said = likelihood.evidence(finding.signals) if finding.signals else likelihood.NO_EVIDENCE
    vector = finding.vector
    return (
        factors.presence(finding.state, finding.reason),
        impact(finding.severity, finding.score, vector, said.ssvc.rpartition("/")[2]),
        likelihood.likelihood(said, vector, link=link, since=_year_before(today)),
        factors.exposure(context.exposure, vector),
        factors.effort(vector),
        factors.criticality(context.criticality),
        factors.fix(finding.fix),
        factors.age(finding.id, modified, today),
    )


@lru_cache(maxsize=8)
def _year_before(today: date) -> str:
    return (today - timedelta(days=365)).isoformat()
