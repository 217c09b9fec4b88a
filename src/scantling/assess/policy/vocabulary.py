"""The facts that conditions may ask for: name, type, meaning, and where the value comes from.

Numbers that grow with danger have their greatest value when they are unknown, and a fact beside
them says so (`finding.epss_known`): what nobody knows must not pass as harmless. The manual's page
is made from this table.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from scantling.assess.policy import values
from scantling.assess.policy.document import About
from scantling.assess.policy.subjects import Setting, Subject, fixable
from scantling.core.model.advisory import Fix, Level
from scantling.core.model.base import Part
from scantling.core.model.context import Criticality, Exposure
from scantling.core.model.finding import FindingState, VerdictStatus
from scantling.core.model.gap import CODES, GapKind


class Fact(Struct, frozen=True, kw_only=True):
    """One fact. `type` is CEL's word for it, `values` all it can be (empty: anything).

    `shared` facts are the same for every subject of a report; `value` then ignores the subject.
    """

    name: str
    type: str
    meaning: str
    value: Callable[[Setting, Subject], object]
    values: tuple[str, ...] = ()
    shared: bool = False


def facts_about(about: About) -> tuple[Fact, ...]:
    """Return the facts that a rule about this may use."""
    groups = {
        About.FINDING: (*_FINDING, *_PACKAGE),
        About.PACKAGE: _PACKAGE,
        About.GAP: _GAP,
        About.IMAGE: (),
    }
    return (*groups[about], *_SHARED)


def _fact(
    name: str,
    type_: str,
    meaning: str,
    value: Callable[[Setting, Subject], object],
    values_: tuple[str, ...] = (),
) -> Fact:
    return Fact(name=name, type=type_, meaning=meaning, value=value, values=values_)


def _shared(
    name: str,
    type_: str,
    meaning: str,
    value: Callable[[Setting], object],
    values_: tuple[str, ...] = (),
) -> Fact:
    def ignoring(setting: Setting, _: Subject) -> object:
        return value(setting)

    return Fact(name=name, type=type_, meaning=meaning, value=ignoring, values=values_, shared=True)


def _distro(setting: Setting) -> str:
    distro = setting.report.distro
    return f"{distro.id}:{distro.release}" if distro else ""


_LEVELS: Final = tuple(map(str, Level))

_FINDING: Final = (
    _fact(
        "finding.id", "string", "the CVE, else the best other id", lambda _, s: values.finding(s).id
    ),
    _fact(
        "finding.aliases", "list(string)", "all other ids", lambda _, s: values.finding(s).aliases
    ),
    _fact(
        "finding.severity",
        "string",
        "severity in words, as the followed source says",
        lambda _, s: str(values.finding(s).severity),
        _LEVELS,
    ),
    _fact("finding.score", "double", "CVSS base score; 10.0 if unknown", values.score),
    _fact("finding.score_known", "bool", "whether a source gives a vector", values.known_score),
    _fact(
        "finding.state",
        "string",
        "`undetermined`: versions could not be compared",
        lambda _, s: str(values.finding(s).state),
        (str(FindingState.OPEN), str(FindingState.UNDETERMINED)),
    ),
    _fact(
        "finding.fix",
        "string",
        "what the followed source does about it",
        lambda _, s: str(values.finding(s).fix),
        tuple(map(str, Fix)),
    ),
    _fact(
        "finding.fixable",
        "bool",
        "whether a version without it was published",
        lambda _, s: fixable(values.finding(s)),
    ),
    _fact(
        "finding.fixed_in",
        "list(string)",
        "fixing versions",
        lambda _, s: values.finding(s).fixed_in,
    ),
    _fact(
        "finding.fix_age_days",
        "int",
        f"days since a fix exists; 0 without one, {values.UNKNOWN_DAYS} if its date is unknown",
        values.fix_age,
    ),
    _fact(
        "finding.fix_date_known",
        "bool",
        "whether a fix exists and has a date",
        lambda _, s: s.fix_since is not None,
    ),
    _fact(
        "finding.kev",
        "bool",
        "known to be exploited (CISA's catalog)",
        lambda _, s: values.signal(s, "kev") is not None,
    ),
    _fact("finding.ransomware", "bool", "known to be used by ransomware", values.ransomware),
    _fact(
        "finding.epss", "double", "probability of exploitation, 0 to 1; 1.0 if unknown", values.epss
    ),
    _fact(
        "finding.epss_known",
        "bool",
        "whether FIRST publishes a probability",
        lambda _, s: values.number(values.signal(s, "epss")) is not None,
    ),
    _fact(
        "finding.risk",
        "double",
        "risk, 0 to 100; 100.0 if it was not computed",
        lambda _, s: values.risk(s),
    ),
    _fact(
        "finding.risk_high",
        "double",
        "the most the risk can be, with what is unknown at its worst",
        lambda _, s: values.risk_high(s),
    ),
    _fact(
        "finding.risk_known",
        "bool",
        "whether risk was computed",
        lambda _, s: values.finding(s).risk is not None,
    ),
    _fact(
        "finding.part",
        "string",
        "whose layer the package is in: the base image's or your own",
        lambda _, s: str(values.finding(s).part),
        tuple(map(str, Part)),
    ),
    _fact(
        "finding.new",
        "bool",
        "whether the report it was compared with did not have it; true without one",
        values.is_new,
    ),
    _fact(
        "finding.source",
        "string",
        "the source that was followed",
        lambda _, s: values.finding(s).decided_by,
    ),
    _fact(
        "finding.word",
        "string",
        "that source's own word for the state",
        lambda _, s: values.finding(s).word,
    ),
)

_PACKAGE: Final = (
    _fact("pkg.purl", "string", "package URL", values.of_package(lambda one: one.purl, "")),
    _fact("pkg.name", "string", "its name", values.of_package(lambda one: one.name, "")),
    _fact("pkg.version", "string", "its version", values.of_package(lambda one: one.version, "")),
    _fact(
        "pkg.type",
        "string",
        "purl type: `deb`, `npm`, `pypi`, …",
        values.of_package(lambda one: one.type, ""),
    ),
    _fact(
        "pkg.ecosystem",
        "string",
        "where advisories are looked up: `deb/debian:12`, `pypi`",
        values.of_package(lambda one: one.ecosystem, ""),
    ),
    _fact(
        "pkg.source_name",
        "string",
        "the source package, empty if none is named",
        values.of_package(lambda one: one.source_name, ""),
    ),
    _fact(
        "pkg.licenses",
        "list(string)",
        "licenses as the package states them; empty: none stated",
        values.of_package(lambda one: one.licenses, ()),
    ),
    _fact(
        "pkg.owned",
        "bool",
        "whether an OS package installed its files",
        values.of_package(lambda one: bool(one.owner), otherwise=False),
    ),
    _fact(
        "pkg.part",
        "string",
        "whose layer brought it",
        values.of_package(lambda one: str(one.part), str(Part.UNKNOWN)),
        tuple(map(str, Part)),
    ),
    _fact(
        "pkg.paths",
        "list(string)",
        "files in the image that show it",
        values.of_package(lambda one: tuple(at.path for at in one.locations), ()),
    ),
    _fact(
        "pkg.layer",
        "int",
        "the layer that first brought it, from 0",
        values.of_package(lambda one: one.origin, 0),
    ),
)

_GAP: Final = (
    _fact(
        "gap.code",
        "string",
        "its code, see gaps.md",
        lambda _, s: values.gap_of(s).code,
        tuple(CODES),
    ),
    _fact(
        "gap.kind",
        "string",
        "whether it blocks",
        lambda _, s: str(values.gap_of(s).kind),
        tuple(map(str, GapKind)),
    ),
    _fact("gap.path", "string", "the file, empty if none", lambda _, s: values.gap_of(s).path),
    _fact("gap.detail", "string", "what happened", lambda _, s: values.gap_of(s).detail),
    _fact("gap.count", "int", "how many were alike", lambda _, s: values.gap_of(s).count),
)

_SHARED: Final = (
    _shared(
        "image.reference",
        "string",
        "the target as it was given",
        lambda one: one.report.image.reference,
    ),
    _shared(
        "image.digest",
        "string",
        "what names it, empty if unknown",
        lambda one: one.report.image.digest,
    ),
    _shared("image.tags", "list(string)", "its names", lambda one: one.report.image.tags),
    _shared(
        "image.labels",
        "map(string, string)",
        "labels of its configuration",
        lambda one: dict(one.report.image.config.labels),
    ),
    _shared(
        "image.user", "string", "the user it runs as", lambda one: one.report.image.config.user
    ),
    _shared("image.root", "bool", "whether that is root, or nobody is named", values.root),
    _shared(
        "image.ports",
        "list(string)",
        "exposed ports: `8080/tcp`",
        lambda one: one.report.image.config.exposed_ports,
    ),
    _shared(
        "image.distro",
        "string",
        "`debian:12`; empty if it cannot be told",
        _distro,
    ),
    _shared(
        "image.age_days",
        "int",
        f"days since it was built; {values.UNKNOWN_DAYS} if unknown",
        values.image_age,
    ),
    _shared(
        "image.base",
        "string",
        "repository of the base image, empty if unknown",
        lambda one: one.report.base.name if one.report.base else "",
    ),
    _shared(
        "image.base_current",
        "string",
        "whether that is the newest known",
        values.base_current,
        ("yes", "no", "unknown"),
    ),
    _shared(
        "scan.complete",
        "bool",
        "whether nothing blocks the word *clean*",
        lambda one: one.report.verdict.status is not VerdictStatus.UNKNOWN,
    ),
    _shared("scan.gaps", "list(string)", "codes of blocking gaps", values.blocking),
    _shared(
        "scan.open",
        "map(string, int)",
        "open findings by severity: `scan.open.high > 3`",
        values.counts,
    ),
    _shared("scan.profile", "string", "how deep it looked", lambda one: one.report.profile),
    _shared(
        "scan.database_age_days",
        "int",
        f"age of the advisory database; {values.UNKNOWN_DAYS} without one",
        values.database_age,
    ),
    _shared(
        "context.criticality",
        "string",
        "how much depends on the product",
        lambda one: str(one.context.criticality),
        tuple(map(str, Criticality)),
    ),
    _shared(
        "context.exposure",
        "string",
        "who can reach it",
        lambda one: str(one.context.exposure),
        tuple(map(str, Exposure)),
    ),
    _shared(
        "context.environment",
        "string",
        "`production`, …; empty if unknown",
        lambda one: one.context.environment,
    ),
    _shared(
        "context.stage",
        "string",
        "`build`, `pull-request`, `promotion`, `admission`; empty if unknown",
        lambda one: one.context.stage,
    ),
    _shared("context.owners", "list(string)", "who owns it", lambda one: one.context.owners),
    _shared("context.product", "string", "empty if unknown", lambda one: one.context.product),
    _shared("context.team", "string", "empty if unknown", lambda one: one.context.team),
    _shared("context.repository", "string", "empty if unknown", lambda one: one.context.repository),
    _shared("today", "timestamp", "the day of the decision, 00:00 UTC", values.today),
)
