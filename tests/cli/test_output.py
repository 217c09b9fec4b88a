"""Reports that are not text go to files, whole."""

import argparse
import sys
from pathlib import Path

import pytest

from scantling.cli.output import outputs, write
from scantling.core.errors import UsageError
from scantling.testing.reports import REPORTS


def _args(*formats: str) -> argparse.Namespace:
    return argparse.Namespace(format=list(formats), color="never", show_suppressed=False)


def test_a_pdf_without_a_file_is_refused_before_anything_is_scanned() -> None:
    with pytest.raises(UsageError, match=r"--format pdf=FILE"):
        outputs(_args("pdf"), default="table")


def test_a_pdf_and_a_page_are_written_as_they_are(tmp_path: Path) -> None:
    pdf, page, sheet = tmp_path / "a.pdf", tmp_path / "a.html", tmp_path / "a.csv"
    args = _args(f"pdf={pdf}", f"html={page}", f"csv={sheet}")

    write(REPORTS["findings"], outputs(args, default="table"), args)

    assert pdf.read_bytes().startswith(b"%PDF-")
    assert page.read_bytes().startswith(b"<!DOCTYPE html>\n")
    assert b"\r\n" in sheet.read_bytes()
    assert [*tmp_path.glob(".*")] == []


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)

    with pytest.raises(UsageError, match=r"pip install 'scantling\[pdf\]'"):
        outputs(_args("pdf=x.pdf"), default="table")
