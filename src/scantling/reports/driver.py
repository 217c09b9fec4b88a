"""The only caller of formats."""

from scantling.core.model.report import ScanReport
from scantling.reports.api import Format, Look


def render(report: ScanReport, format_: Format, look: Look) -> str:
    """Return the whole document as text, ending in one line break."""
    text = "".join(format_.render(report, look))
    return text if text.endswith("\n") else text + "\n"


def written(report: ScanReport, format_: Format, look: Look) -> bytes:
    """Return the whole document as it goes into a file."""
    if format_.document is not None:
        return format_.document(report, look)
    return render(report, format_, look).encode()
