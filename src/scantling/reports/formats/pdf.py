"""PDF: the report on paper, for people who file and sign.

Needs the extra `scantling[pdf]`, which brings the typesetter Typst (84 MB). The file is PDF 1.7,
tagged for screen readers (PDF/UA-1), with its fonts embedded and no date of its own: the same
report gives the same bytes. It has the verdict, what was not looked at, charts, all findings by
risk, changes, decisions, layers, data; the packages are in the other formats. Write it to a file:
`--format pdf=report.pdf`.

The fonts have Latin, Greek and Cyrillic letters and common signs. Any other character is shown as
its code point (`\\u6f22`).
"""

from collections.abc import Iterator
from importlib import resources
from typing import Final

import msgspec

from scantling.core.errors import UsageError
from scantling.core.model.report import ScanReport
from scantling.reports.api import Format, Look
from scantling.reports.pdf.content import content

_EPOCH: Final = 0
"""Seconds since 1970: the document has no date; the scan's is in its text."""


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the content that is typeset, as JSON: what `document` says, for programs and tests."""
    del look
    yield msgspec.json.format(content(report), indent=2).decode()


def document(report: ScanReport, look: Look) -> bytes:
    """Return the PDF. Raises UsageError if the typesetter is not installed."""
    del look
    try:
        import typst  # noqa: PLC0415 - 84 MB that only this format needs
    except ImportError:
        raise UsageError(
            "--format pdf needs the typesetter Typst; install it with: pip install 'scantling[pdf]'"
        ) from None
    layout = resources.files("scantling.reports.pdf").joinpath("report.typ").read_bytes()
    made: bytes = typst.compile(
        layout,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"content": content(report).decode()},
        timestamp=_EPOCH,
        pdf_standards="ua-1",
    )
    return made


PLUGIN: Final = Format(
    name="pdf",
    media_type="application/pdf",
    suffix=".pdf",
    render=render,
    document=document,
    needs="typst",
)
