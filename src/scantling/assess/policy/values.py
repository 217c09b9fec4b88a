"""How the facts of the vocabulary are read from a report, where that takes more than a field."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

from scantling.assess.policy.subjects import Setting, Subject, day_of, fixable
from scantling.core.model.advisory import Level
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.inventory import Package

UNKNOWN_DAYS: Final = 36_500
"""An age nobody knows: a hundred years."""


def finding(subject: Subject) -> Finding:
    """Return the finding that the subject is."""
    if subject.finding is None:
        raise AssertionError("a rule about findings was asked of something else")
    return subject.finding


def gap_of(subject: Subject) -> Gap:
    """Return the gap that the subject is."""
    if subject.gap is None:
        raise AssertionError("a rule about gaps was asked of something else")
    return subject.gap


def of_package(
    read: Callable[[Package], object], otherwise: object
) -> Callable[[Setting, Subject], object]:
    """Return a reader of the package; `otherwise` where the report does not list it."""

    def value(_: Setting, subject: Subject) -> object:
        return otherwise if subject.package is None else read(subject.package)

    return value


def known_score(_: Setting, subject: Subject) -> object:
    """Return whether there is a score."""
    return finding(subject).score is not None


def score(_: Setting, subject: Subject) -> object:
    """Return the CVSS base score."""
    known = finding(subject).score
    return 10.0 if known is None else float(known)


def signal(subject: Subject, kind: str) -> str | None:
    """Return the value of the first signal of this kind."""
    return next((one.value for one in finding(subject).signals if one.kind == kind), None)


def ransomware(_: Setting, subject: Subject) -> object:
    """Return whether ransomware is known to use it."""
    signals = finding(subject).signals
    return any(one.kind == "kev" and one.note == "ransomware" for one in signals)


def number(text: str | None) -> float | None:
    """Return a probability, None if the text is none."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def epss(_: Setting, subject: Subject) -> object:
    """Return the probability of exploitation."""
    known = number(signal(subject, "epss"))
    return 1.0 if known is None else known


def is_new(setting: Setting, subject: Subject) -> object:
    """Return whether the earlier report did not have it; True where nothing was compared."""
    baseline = setting.report.baseline
    return baseline is None or finding(subject).identity in baseline.new


def risk(subject: Subject) -> float:
    """Return the score of risk."""
    rated = finding(subject).risk
    return 100.0 if rated is None else float(rated.score)


def risk_high(subject: Subject) -> float:
    """Return the upper end of the range of risk."""
    rated = finding(subject).risk
    return 100.0 if rated is None else float(rated.high)


def fix_age(setting: Setting, subject: Subject) -> object:
    """Return the days since a fix exists."""
    if not fixable(finding(subject)):
        return 0
    return age(setting.today, subject.fix_since)


def age(today: date, since: date | None) -> int:
    """Return whole days, never negative."""
    return UNKNOWN_DAYS if since is None else max(0, (today - since).days)


def image_age(setting: Setting) -> object:
    """Return the age of the image."""
    created = day_of(setting.report.image.config.created)
    # Reproducible builds are dated 1970 or 1980: no date at all.
    return age(setting.today, created if created and created.year > 1980 else None)  # noqa: PLR2004


def database_age(setting: Setting) -> object:
    """Return the age of the advisory database."""
    database = setting.report.database
    return age(setting.today, day_of(database.built) if database else None)


def root(setting: Setting) -> object:
    """Return whether the image runs as root."""
    user = setting.report.image.config.user.partition(":")[0]
    return user in {"", "0", "root"}


def base_current(setting: Setting) -> object:
    """Return whether the base is the newest known."""
    base = setting.report.base
    current = base.current if base else None
    return "unknown" if current is None else ("yes" if current else "no")


def counts(setting: Setting) -> object:
    """Return the number of open findings of each severity."""
    counts = dict.fromkeys(map(str, Level), 0)
    for one in setting.report.findings:
        if one.state is FindingState.OPEN:
            counts[one.severity] += 1
    return counts


def blocking(setting: Setting) -> list[str]:
    """Return the codes of blocking gaps, sorted."""
    return sorted({one.code for one in setting.report.gaps if one.kind is GapKind.BLOCKING})


def today(setting: Setting) -> object:
    """Return the first moment of the day."""
    return datetime(setting.today.year, setting.today.month, setting.today.day, tzinfo=UTC)
