"""A summary of a GitHub Actions job: append it to the file that `GITHUB_STEP_SUMMARY` names.

    scantling scan app.tar --format github-summary=summary.md
    cat summary.md >> "$GITHUB_STEP_SUMMARY"

Azure Pipelines shows the same file with `##vso[task.uploadsummary]` and its absolute path. The text
stays below 1,000,000 bytes by leaving out rows, and says how many.

Source: GitHub Docs, "Workflow commands for GitHub Actions", "Adding a job summary": 1 MiB per step.
"""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.report import ScanReport
from scantling.reports.api import Format, Look
from scantling.reports.digest import digest

_BUDGET: Final = 1_000_000


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the summary."""
    del look
    yield from digest(report, _BUDGET)


PLUGIN: Final = Format(
    name="github-summary", media_type="text/markdown", suffix=".summary.md", render=render
)
