"""The catalogue of hostile inputs through the whole pipeline: exit code, verdict and gaps per row.

What single readers make of a recipe is in `test_tar`, `test_compression` and `test_zip`; here the
same recipes lie in an image beside a vulnerable package, and the scan must both say what is wrong
and still find it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scantling.advisories.database import Database
from scantling.advisories.store import Store
from scantling.core.errors import ExitCode, TargetError
from scantling.core.limits import DEFAULT
from scantling.core.model.finding import VerdictStatus
from scantling.core.model.gap import CODES, GapKind
from scantling.core.model.report import ScanReport
from scantling.scan import ScanOptions, scan
from scantling.testing.images import digest, layer_tar, write_tree
from tests.hostile import table, test_compression, test_tar, test_zip
from tests.hostile.bases import EPOCH, Base, parts_of
from tests.hostile.rows import Row, hidden_layer, padded_zip, rows
from tests.journeys.conftest import APP, BASE
from tests.journeys.conftest import database as _database

_OPTIONS = ScanOptions(workers=1)
_VULNERABLE = "CVE-2023-5678"
_ROWS = rows()
store = _database  # the journeys' small signed database: libssl3 of Debian 12 is vulnerable

# What the whole scan says differently from a reader that was asked for every file.
_IN_AN_IMAGE = {
    "H023_huge_base_256": {"tar.truncated"},
    "H028_a_hole_of_an_exbibyte": set[str](),  # nobody wants the file
    "H033_twice": {"tar.note"},
    "H034_spellings": {"tar.note"},
    "H079_only_central": {"zip.ambiguous"},  # nobody reads the entry
    "H081_encrypted": set[str](),
    "H081_aes": set[str](),
    "H083_claims_4_gib": set[str](),
    "H083_claims_more": set[str](),
    "H083_claims_less": set[str](),
    "H086_methods": set[str](),
}


@pytest.fixture(scope="module")
def known(store: Path) -> Iterator[Database]:
    patch = pytest.MonkeyPatch()
    patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    database = Store(store).open()
    yield database
    database.close()
    patch.undo()


def _scan(tmp_path: Path, tars: tuple[bytes, ...], database: Database) -> ScanReport:
    base = Base(name="row", tars=tars, kinds=("gzip",) * len(tars))
    return scan(str(write_tree(tmp_path / "i", parts_of(base).layout())), database, _OPTIONS)


def _codes(report: ScanReport) -> set[str]:
    return {one.code for one in report.gaps}


def _has_its_outcome(report: ScanReport, codes: set[str]) -> None:
    blocking = {code for code in codes if CODES[code][0] is GapKind.BLOCKING}
    assert _codes(report) == codes
    assert report.verdict.exit_code == (ExitCode.INCOMPLETE if blocking else ExitCode.PASSED)
    assert (report.verdict.status is VerdictStatus.UNKNOWN) == bool(blocking)


def _is_found(report: ScanReport) -> bool:
    return _VULNERABLE in {one.id for one in report.findings}


@pytest.mark.parametrize("row", _ROWS.values(), ids=_ROWS.keys())
def test_a_hostile_image_has_its_outcome(row: Row, known: Database, tmp_path: Path) -> None:
    report = _scan(tmp_path, row.layers, known)

    _has_its_outcome(report, set(row.codes))
    assert _is_found(report) != row.lost
    assert row.names <= {one.name for one in report.packages}


@pytest.mark.parametrize("row", test_tar.CASES)
def test_a_hostile_layer_hides_nothing_of_the_image(
    row: str, known: Database, tmp_path: Path
) -> None:
    case = test_tar.CASES[row]
    report = _scan(tmp_path, hidden_layer(case.recipe, test_tar.AFTER, case.end), known)

    _has_its_outcome(report, _IN_AN_IMAGE.get(row, case.codes))
    assert _is_found(report)


@pytest.mark.parametrize("row", test_compression.CASES)
def test_a_hostile_stored_layer_hides_nothing_of_the_image(
    row: str, known: Database, tmp_path: Path
) -> None:
    case = test_compression.CASES[row]
    parts = parts_of(Base(name="row", tars=(layer_tar(BASE),), kinds=("gzip",)))
    parts.stored.append(case.stored)
    parts.digests.append(digest(case.stored))
    parts.diff_ids.append(digest(b""))
    parts.kinds.append(_kind(case))
    report = scan(str(write_tree(tmp_path / "i", parts.layout())), known, _OPTIONS)

    # The content's digest cannot be right for all of these, which is one more gap; and the file
    # that tells the distribution is replaced where the layer can be read.
    assert case.codes - {"tar.note"} <= _codes(report)
    assert report.verdict.exit_code == ExitCode.INCOMPLETE
    assert _is_found(report) != case.found
    assert "libssl3" in {one.name for one in report.packages}


def _kind(case: test_compression.Case) -> str:
    if case.media_type:
        return case.media_type.rpartition("tar")[2].removeprefix("+")
    return "zstd" if case.stored[:4] == b"\x28\xb5\x2f\xfd" else "gzip"


@pytest.mark.parametrize(
    "row", [row for row, case in test_zip.CASES.items() if case.limits == DEFAULT]
)
def test_a_hostile_archive_hides_nothing_of_the_image(
    row: str, known: Database, tmp_path: Path
) -> None:
    case = test_zip.CASES[row]
    report = _scan(tmp_path, (layer_tar(BASE), padded_zip(case.data)), known)

    _has_its_outcome(report, _IN_AN_IMAGE.get(row, case.codes))
    assert _is_found(report)


@pytest.mark.parametrize(
    "row", ["H051_fewer", "H051_more", "H051_order", "H051_value", "H051_none"]
)
def test_diff_ids_that_are_not_the_layers_are_never_complete(
    row: str, known: Database, tmp_path: Path
) -> None:
    parts = parts_of(Base(name="ids", tars=(layer_tar(BASE), layer_tar(APP)), kinds=("gzip", "")))
    changed = {
        "H051_fewer": parts.diff_ids[:1],
        "H051_more": [*parts.diff_ids, parts.diff_ids[0]],
        "H051_order": parts.diff_ids[::-1],
        "H051_value": [parts.diff_ids[0], digest(b"another")],
        "H051_none": [],
    }
    parts.diff_ids = changed[row]
    target = str(write_tree(tmp_path / "i", parts.layout()))

    if len(parts.diff_ids) != len(parts.stored):
        with pytest.raises(TargetError, match="do not belong together"):
            scan(target, known, _OPTIONS)
        return
    report = scan(target, known, _OPTIONS)

    assert "layer.diffid" in _codes(report)
    assert report.verdict.exit_code == ExitCode.INCOMPLETE
    assert _is_found(report)


def test_the_manual_lists_these_inputs() -> None:
    assert table.PATH.read_text(encoding="utf-8") == table.text(), (
        "run: python -m tests.hostile.table"
    )
