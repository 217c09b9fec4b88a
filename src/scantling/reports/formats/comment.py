"""One comment on a change request, in Markdown, that a later run finds again and replaces.

Its first line is a hidden mark, `<!-- scantling:<category> -->`, with a category for each image and
platform: a job looks for a comment that starts with the mark and edits it, or else makes one. The
text stays below 65,000 bytes by leaving out rows, and says how many.

Source: GitHub takes 65,536 characters of a comment, GitLab 1,000,000, Azure Repos 150,000.
"""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.report import ScanReport
from scantling.reports import gate
from scantling.reports.api import Format, Look
from scantling.reports.digest import digest

_BUDGET: Final = 65_000


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the mark and the comment."""
    del look
    mark = f"<!-- scantling:{gate.category(report)} -->\n"
    yield mark
    yield from digest(report, _BUDGET - len(mark))


PLUGIN: Final = Format(
    name="comment", media_type="text/markdown", suffix=".comment.md", render=render
)
