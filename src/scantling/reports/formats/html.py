"""HTML: one file for people, without a script and without a request.

The page holds everything the report says: the verdict and what was not looked at first, then
counts, charts, findings by risk, the words of every source, packages with licenses, decisions and
data. It forbids itself scripts, frames, forms and every connection (Content-Security-Policy); its
style is allowed by its hash. It follows the reader's light or dark setting, prints, and works with
a keyboard and a screen reader.
"""

from collections.abc import Iterator

from scantling.core.model.report import ScanReport
from scantling.reports import view
from scantling.reports.api import Format, Look
from scantling.reports.html import contents, findings, overview, record, style


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the page. Suppressed findings are there, folded, whatever the look says."""
    del look
    sections = {
        ("verdict", "Verdict"): overview.verdict(report),
        ("gaps", "Not looked at"): overview.gaps(report),
        ("overview", "Overview"): overview.pictures(report),
        ("changes", "Changes"): record.changes(report),
        ("findings", "Findings"): findings.findings(report),
        ("layers", "Layers"): contents.layers(report),
        ("policy", "Policy"): record.policy(report),
        ("details", "Details"): findings.details(report),
        ("packages", "Packages"): contents.packages(report),
        ("sources", "Data"): record.sources(report),
        ("reproduce", "Ask again"): record.reproduce(report),
    }
    shown = {name: made for name, made in sections.items() if made}
    title = f"{view.status_words(report)}: {report.image.reference} - Scantling"
    yield style.page(title, overview.banner(report), shown, shown.values())
    yield style.end(
        f"Scantling {report.tool_version}. This file holds no script and asks for nothing."
    )


PLUGIN = Format(name="html", media_type="text/html", suffix=".html", render=render, inventory=True)
