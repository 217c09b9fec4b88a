"""A stored report is read back as it was, or refused with what is wrong."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import InputError, UsageError
from scantling.core.model.report import SCHEMA_VERSION
from scantling.reports.api import Look
from scantling.reports.formats.json import render
from scantling.reports.stored import is_report, read_report, stored_report
from scantling.testing.reports import REPORTS

_WHOLE = "".join(render(REPORTS["findings"], Look())).encode()


@pytest.mark.parametrize("name", ["clean", "findings", "unknown", "inventory"])
def test_a_report_is_read_back_as_it_was(name: str) -> None:
    data = "".join(render(REPORTS[name], Look())).encode()

    assert read_report(data) == REPORTS[name]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "not a report", id="empty"),
        pytest.param(b"[]", "not a report", id="a_list"),
        pytest.param(b'{"schema_version": "99.0.0"}', "schema 99.0.0", id="another_schema"),
        pytest.param(
            b'{"schema_version": "' + SCHEMA_VERSION.encode() + b'"}', "report", id="none"
        ),
        pytest.param(_WHOLE[: len(_WHOLE) // 2], "not a report", id="truncated"),
        pytest.param(
            _WHOLE.replace(b'"coverage.fixes-only"', b'"no.such-code"'), "gap code", id="odd_gap"
        ),
        pytest.param(b'{"schema_version":' + b"[" * 100_000, "not a report", id="deep"),
        pytest.param(b'{"schema_version": "\xff"}', "not a report", id="not_text"),
    ],
)
def test_what_is_no_report_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_report(data)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255))
def test_a_damaged_report_is_read_or_refused(at: int, byte: int) -> None:
    damaged = _WHOLE[:at] + bytes([byte]) + _WHOLE[at + 1 :]

    try:
        report = read_report(damaged)
    except InputError:
        return
    assert len(report.findings) == len(REPORTS["findings"].findings)


def test_a_file_is_named_in_the_error(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")

    for path in (bad, tmp_path / "missing.json", tmp_path):
        with pytest.raises(UsageError, match=path.name):
            stored_report(path)


def test_reports_are_told_from_images(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"\n  " + msgspec.json.encode({"schema_version": "1"}))
    (tmp_path / "a.tar").write_bytes(b"bin/sh\0")

    assert is_report(file)
    for other in (
        tmp_path,
        tmp_path / "a.tar",
        tmp_path / "none",
        Path("registry.example.com/a:1"),
    ):
        assert not is_report(other)
