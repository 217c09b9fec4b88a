"""What rules judge: the findings, packages and gaps of a report, and the image itself.

The one place that takes a report apart for policies.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from msgspec import Struct

from scantling.assess.policy.document import About
from scantling.core.model.advisory import Fix
from scantling.core.model.context import Context
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import Gap, gap
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport

IMAGE: Final = "image"
"""The subject that is the image as a whole."""


class Setting(Struct, frozen=True, kw_only=True):
    """What all subjects of one evaluation share. `today` is the day it is decided for.

    `first_seen` says when a finding (by identity) was first reported, where somebody remembers; it
    dates fixes whose source gives no date.
    """

    report: ScanReport
    context: Context
    today: date
    first_seen: Mapping[str, date] = {}


class Subject(Struct, frozen=True, kw_only=True):
    """One thing to judge. `key` is `Decision.subject`; `label` names it to people.

    Of `finding`, `package` and `gap` those are set that it is about. `fix_since` is the day a fix
    is known to exist (None: there is none, or its source gives no date).
    """

    key: str
    about: About
    label: str
    finding: Finding | None = None
    package: Package | None = None
    gap: Gap | None = None
    fix_since: date | None = None


def subjects_of(setting: Setting) -> dict[About, tuple[Subject, ...]]:
    """Return every subject by kind, in the report's order. Suppressed findings are none."""
    report = setting.report
    packages = {one.purl: one for one in report.packages}
    findings = tuple(
        Subject(
            key=one.identity,
            about=About.FINDING,
            label=f"{one.id} in {one.purl}",
            finding=one,
            package=packages.get(one.purl),
            fix_since=_fix_since(one) or setting.first_seen.get(one.identity),
        )
        for one in report.findings
        if one.state is not FindingState.SUPPRESSED
    )
    return {
        About.FINDING: findings,
        About.PACKAGE: tuple(
            Subject(key=f"package:{one.purl}", about=About.PACKAGE, label=one.purl, package=one)
            for one in report.packages
        ),
        About.GAP: tuple(
            Subject(key=f"gap:{one.code}", about=About.GAP, label=one.code, gap=one)
            for one in _gaps(report)
        ),
        About.IMAGE: (Subject(key=IMAGE, about=About.IMAGE, label=report.image.reference),),
    }


def _gaps(report: ScanReport) -> tuple[Gap, ...]:
    """Return the report's gaps; that nothing was matched (an inventory) is one as well."""
    missing = "advisories.missing"
    if report.database is not None or any(one.code == missing for one in report.gaps):
        return report.gaps
    return (*report.gaps, gap(missing, "nothing was matched: this is an inventory only"))


def fixable(finding: Finding) -> bool:
    """Return whether somebody published a version without the vulnerability."""
    return finding.fix is Fix.FIXED and bool(finding.fixed_in)


def _fix_since(finding: Finding) -> date | None:
    """Return the earliest date on which a source that knows a fix spoke, None if none has a date.

    Sources date their documents, not the release of a fix; a later edit moves that date. The
    earliest of all is the nearest to the truth that a report has.
    """
    if not fixable(finding):
        return None
    dates = [
        known
        for one in finding.matches
        if one.fix is Fix.FIXED and one.fixed_in and (known := day_of(one.modified))
    ]
    return min(dates, default=None)


def day_of(text: str) -> date | None:
    """Return the day of an RFC 3339 moment or a date, None for anything else."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
