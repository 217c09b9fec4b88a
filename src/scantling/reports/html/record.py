"""The record: what the policy decided, what changed, which data was used, how to ask again."""

import shlex
from typing import Final

from scantling.core.model.decision import Decision
from scantling.core.model.finding import Finding
from scantling.core.model.report import Baseline, ScanReport
from scantling.reports import summary, view
from scantling.reports.html.markup import NOTHING, Markup, element, join, link, text
from scantling.reports.html.parts import (
    Column,
    code,
    folded,
    level,
    listed,
    pairs,
    section,
    table,
    tag,
)

_DECISIONS: Final = (
    Column("About"),
    Column("Action"),
    Column("Rule"),
    Column("Reason"),
    Column("Exception"),
)
_SOURCES: Final = (
    Column("Source"),
    Column("Content of"),
    Column("Age", number=True),
    Column("Completeness"),
    Column("Records", number=True, wide=True),
    Column("License", wide=True),
)
_CHANGED: Final = (
    Column("Vulnerability"),
    Column("Package"),
    Column("Severity"),
    Column("What became of it"),
)


def policy(report: ScanReport) -> Markup:
    """Return the policy's decisions, worst first; nothing without a policy."""
    result = report.policy
    if result is None:
        return NOTHING
    about = {one.identity: one for one in report.findings}
    rows = (_decision(one, about.get(one.subject)) for one in result.decisions)
    names = join([tag(f"{one.layer}: {one.name}") for one in result.policies])
    parts = [
        element("p", "Decided for ", result.today, ": ", tag(result.action, result.action), names),
        listed(f"Could not be evaluated, so it blocks: {one}" for one in result.errors),
        listed(f"This exception applied to nothing: {one}" for one in result.unused_exceptions),
    ]
    shown = NOTHING
    if result.decisions:
        title = text(view.number(len(result.decisions), "decision"))
        shown = folded(title, table("Decisions", Markup("Worst first"), _DECISIONS, rows))
    return section("policy", "Policy", *parts, shown)


def _decision(one: Decision, finding: Finding | None) -> tuple[Markup, ...]:
    due = f" until {one.due}" if one.due else ""
    use = one.exception
    words = ""
    if use is not None:
        words = f"{summary.exception_words(use)}, of {use.owner}: {use.reason}"
    subject = one.subject
    if finding is not None:
        subject = f"{finding.id} in {view.display_name(finding.purl)}"
    return (
        text(subject),
        tag(f"{one.action}{due}", one.action),
        code(one.rule),
        text(one.reason),
        text(words),
    )


def changes(report: ScanReport) -> Markup:
    """Return what is new and what is gone since the baseline; nothing without one."""
    earlier = report.baseline
    if earlier is None:
        return NOTHING
    new = frozenset(earlier.new)
    rows = [_changed(one, "new") for one in summary.by_risk(report.findings) if one.identity in new]
    rows += [_changed(one, "lost: a gap hides it now") for one in earlier.lost]
    rows += [_changed(one, "fixed") for one in earlier.fixed]
    parts = [
        element("p", f"Compared with {earlier.name} ", code(earlier.digest), ".", class_="card"),
        listed(f"Beside the image, this differs: {one}" for one in earlier.because),
    ]
    caption = Markup(f"<b>{_counts(earlier)}</b>")
    parts.append(
        table("Changes", caption, _CHANGED, rows) if rows else element("p", _counts(earlier))
    )
    return section("changes", "Since the baseline", *parts)


def _counts(earlier: Baseline) -> str:
    return (
        f"{len(earlier.new)} new, {len(earlier.fixed)} fixed, {len(earlier.lost)} lost, "
        f"{earlier.unchanged} unchanged"
    )


def _changed(one: Finding, what: str) -> tuple[Markup, ...]:
    kind = {"new": "kev", "fixed": "new"}.get(what, "warn")
    return (
        Markup(f'<span class="nw">{text(one.id)}</span>'),
        text(view.display_name(one.purl)),
        level(one.severity),
        tag(what, kind),
    )


def sources(report: ScanReport) -> Markup:
    """Return the advisory data: which database, each source with its age on the day of the scan."""
    database = report.database
    if database is None:
        words = "Nothing was matched: this is an inventory, not a scan."
        return section("sources", "Advisory data", element("p", words, class_="card"))
    rows = []
    for one in database.sources:
        age = summary.age_days(one.as_of, report.created)
        old = age is not None and age > one.stale_after_days
        known = "not known" if age is None else view.number(age, "day")
        shown = tag(f"{known}, stale", "stale") if old else text(known)
        rows.append(
            (
                Markup(f"{link(one.url, one.name)}<small>{text(one.attribution)}</small>"),
                text(one.as_of[:10]),
                shown,
                text(one.complete),
                text(f"{one.records:,}"),
                text(one.license),
            )
        )
    signed = "signature verified" if database.verified else "signature not verified"
    caption = Markup(
        f"Database {code(database.digest)}, built {text(database.built)}, from "
        f"{text(database.origin)}, {signed}"
    )
    title = text(f"{view.number(len(rows), 'source')} of the database")
    return section(
        "sources", "Advisory data", folded(title, table("Sources", caption, _SOURCES, rows))
    )


def reproduce(report: ScanReport) -> Markup:
    """Return what it takes to get this report again."""
    database, policy_used, image = report.database, report.policy, report.image
    context = report.context
    facts = pairs(
        (
            ("Image", code(image.reference)),
            ("Manifest", code(image.manifest_digest)),
            ("Configuration", code(image.config_digest)),
            ("Read as", image.kind),
            ("Tool", f"scantling {report.tool_version}"),
            ("Database", code(database.digest) if database else ""),
            ("Policies", code(policy_used.digest) if policy_used else ""),
            ("Profile", report.profile),
            ("Product", context.product),
            ("Team", context.team),
            ("Exposure", "" if context.exposure == "unknown" else context.exposure),
            ("Criticality", "" if context.criticality == "unknown" else context.criticality),
        )
    )
    command = " ".join(map(shlex.quote, summary.command(report)))
    words = "The same image, database, policy and version give the same report, byte for byte."
    return section(
        "reproduce",
        "Ask again",
        element("div", element("p", words), facts, element("pre", command), class_="card"),
    )
