"""Markdown: for a pull-request comment or a step summary.

Every value is escaped so that it cannot start a link, a mention, an image or HTML.
"""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import GapKind
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.reports import view
from scantling.reports.api import Format, Look
from scantling.reports.markdown_syntax import code, inert

_MOST_ROWS: Final = 200
_MOST_ALIKE: Final = 4


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the report as GitHub-flavored Markdown."""
    yield f"## Scantling: {inert(report.image.reference)}\n\n"
    yield f"**{report.verdict.status.upper()}** (exit code {report.verdict.exit_code})\n\n"
    for reason in report.verdict.reasons:
        yield f"- {inert(reason)}\n"
    if report.verdict.allowed:
        yield f"- accepted: {inert(', '.join(report.verdict.allowed))}\n"
    yield f"\n{inert(view.distro_name(report))}, {view.number(len(report.packages), 'package')}, "
    yield f"image {code(report.image.digest or 'without digest')}\n"
    packages = view.packages_by_purl(report)
    yield from _section(report, packages, FindingState.OPEN, "Findings")
    yield from _section(report, packages, FindingState.UNDETERMINED, "Undetermined")
    if look.show_suppressed:
        yield from _section(report, packages, FindingState.SUPPRESSED, "Suppressed")
    else:
        hidden = len(view.by_state(report, FindingState.SUPPRESSED))
        yield f"\n{hidden} suppressed, each with its reason in the JSON report.\n" if hidden else ""
    yield from _gaps(report)
    yield from _sources(report)


def _section(
    report: ScanReport, packages: dict[tuple[str, str], Package], state: FindingState, title: str
) -> Iterator[str]:
    found = view.by_state(report, state)
    if not found:
        return
    counts = ", ".join(f"{count} {level}" for level, count in view.level_counts(found))
    yield f"\n### {title}: {len(found)} ({counts})\n\n"
    yield "| severity | vulnerability | package | version | fixed in | from |\n"
    yield "|---|---|---|---|---|---|\n"
    for one in found[:_MOST_ROWS]:
        yield _row(report, one, packages[one.purl, one.owner])
    if len(found) > _MOST_ROWS:
        yield f"\n{len(found) - _MOST_ROWS} more are in the JSON report.\n"


def _row(report: ScanReport, finding: Finding, package: Package) -> str:
    exploited = " (exploited)" if any(one.kind == "kev" for one in finding.signals) else ""
    cells = (
        finding.severity + exploited,
        code(finding.id),
        f"{inert(package.type)} {code(view.package_name(package))}",
        code(package.version),
        inert(view.fix_words(finding)),
        inert(view.instruction(report, package.origin)[:80] or f"layer {package.origin}"),
    )
    return f"| {' | '.join(cells)} |\n"


def _gaps(report: ScanReport) -> Iterator[str]:
    for kind, title in ((GapKind.BLOCKING, "Not looked at"), (GapKind.INFO, "Worth knowing")):
        some = [one for one in report.gaps if one.kind is kind]
        if some:
            yield f"\n### {title}\n\n"
        for alike in view.by_code(some):
            for one in alike[:_MOST_ALIKE]:
                where = view.place(one)
                at = f" at {code(where)}" if where else ""
                yield f"- {code(one.code)}{at}: {inert(one.detail)}. {inert(one.advice)}\n"
            if len(alike) > _MOST_ALIKE:
                more = len(alike) - _MOST_ALIKE
                yield f"- {code(alike[0].code)}: {more} more in the JSON report\n"


def _sources(report: ScanReport) -> Iterator[str]:
    if report.database is None:
        return
    yield f"\n<details><summary>Advisory data {inert(report.database.digest)}</summary>\n\n"
    yield "| source | of | completeness |\n|---|---|---|\n"
    for one in report.database.sources:
        yield f"| {inert(one.name)} | {inert(one.as_of[:10])} | {inert(one.complete)} |\n"
    yield "\n</details>\n"


PLUGIN: Final = Format(name="markdown", media_type="text/markdown", suffix=".md", render=render)
