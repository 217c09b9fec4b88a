"""Whatever is wrong: a sentence that says what, where and what next; its exit code; no traceback;
and nothing that was found before is lost."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scantling.testing.images import MemoryImage

from .conftest import APP, BASE, IMAGE, Outcome, Run


def _is_a_sentence(done: Outcome) -> bool:
    return (
        done.err.startswith("scantling")
        and "Traceback" not in done.err + done.out
        and len(done.err.strip().split("\n")) <= 2
    )


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        pytest.param(("scan",), 2, "TARGET", id="no_target"),
        pytest.param(("scna", "x"), 2, "did you mean scan?", id="a_typing_error"),
        pytest.param(("scan", "x", "--fail-on", "hihg"), 2, "one of unknown, neg", id="severity"),
        pytest.param(("scan", "x", "--format", "docx"), 2, "--format takes one of", id="format"),
        pytest.param(("scan", "x", "--frobnicate"), 2, "--frobnicate", id="an_unknown_option"),
        pytest.param(("scan", "x", "--workers", "0"), 2, "from 1 to 999", id="no_workers"),
        pytest.param(("scan", "x", "--limit", "a=1"), 2, "no limit 'a'", id="an_unknown_limit"),
        pytest.param(("scan", "x", "--limit", "layers=many"), 2, "whole number", id="a_limit"),
        pytest.param(("scan", "x", "--allow-incomplete", "all"), 2, "takes one of", id="a_code"),
        pytest.param(("scan", "x", "-f", "json=/nowhere/a"), 2, "no folder", id="a_folder"),
        pytest.param(("scan", "./nowhere.tar"), 4, "nowhere.tar", id="no_such_file"),
        pytest.param(("scan", "x", "--db", "/nowhere"), 5, "db build", id="no_database"),
        pytest.param(("scan", "x", "--db", "sha256:" + "0" * 64), 5, "not in", id="no_version"),
        pytest.param(("explain", "x"), 2, "ID", id="explain_without_id"),
    ],
)
def test_a_wrong_call_says_what_is_right(
    run: Run, argv: tuple[str, ...], code: int, words: str
) -> None:
    done = run(*argv)

    assert done.code == code, done.err
    assert words in done.err
    assert _is_a_sentence(done), done.err


def _scan(run: Run, tmp_path: Path, image: MemoryImage) -> tuple[Outcome, dict[str, Any]]:
    done = run("scan", image.write_layout(tmp_path / "bad"), "--format", "json")
    report: dict[str, Any] = json.loads(done.out)["report"]
    return done, report


def _names(report: dict[str, Any]) -> set[str]:
    return {one["name"] for one in report["packages"]}


def _codes(report: dict[str, Any]) -> set[str]:
    return {one["code"] for one in report["gaps"]}


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.999])
def test_a_truncated_archive_is_unreadable_or_incomplete(
    run: Run, tmp_path: Path, share: float
) -> None:
    # Without the padding at the end, which proves nothing and may be missing.
    data = IMAGE.oci_archive().rstrip(b"\0")
    (tmp_path / "cut.tar").write_bytes(data[: int(len(data) * share)])

    done = run("scan", tmp_path / "cut.tar")

    assert done.code in {3, 4}
    assert "Traceback" not in done.err
    assert done.code == 3 or _is_a_sentence(done)


@pytest.mark.parametrize("compression", ["gzip", "zstd", ""])
def test_a_layer_that_ends_early_loses_nothing_read_before(
    run: Run, tmp_path: Path, compression: str
) -> None:
    image = replace(IMAGE, compression=compression)
    folder = image.write_layout(tmp_path / "cut")
    blob = folder / "blobs" / "sha256" / image.layer_blobs()[1].digest.partition(":")[2]
    blob.write_bytes(blob.read_bytes()[:-40])

    done = run("scan", folder, "--format", "json")

    report = json.loads(done.out)["report"]
    assert done.code == 3
    assert {"libssl3", "python3-django"} <= _names(report)
    assert report["verdict"]["status"] == "unknown"
    assert any(one["layer"] == 1 for one in report["gaps"])


def test_a_wrong_layer_digest_is_told_and_its_packages_are_kept(run: Run, tmp_path: Path) -> None:
    folder = IMAGE.write_layout(tmp_path / "swap")
    swapped = replace(IMAGE, layers=(BASE, {**APP, "x": b"y"})).layer_blobs()[1].data
    blob = folder / "blobs" / "sha256" / IMAGE.layer_blobs()[1].digest.partition(":")[2]
    blob.write_bytes(swapped)

    done = run("scan", folder, "--format", "json")

    report = json.loads(done.out)["report"]
    assert done.code == 3
    assert _codes(report) & {"layer.digest", "layer.diffid", "layer.size"}
    assert "left" in _names(report)


def test_a_wrong_manifest_digest_is_refused(run: Run, tmp_path: Path) -> None:
    folder = IMAGE.write_layout(tmp_path / "swap")
    blob = folder / "blobs" / "sha256" / IMAGE.manifest_blob().digest.partition(":")[2]
    blob.write_bytes(blob.read_bytes().replace(b"schemaVersion", b"schemaversion"))

    done = run("scan", folder)

    assert done.code == 4
    assert "digest" in done.err
    assert _is_a_sentence(done)


def test_an_unknown_distribution_is_unknown(run: Run, tmp_path: Path) -> None:
    strange = {**BASE, "etc/os-release": b"ID=hannahmontana\nVERSION_ID=1\n"}

    done, report = _scan(run, tmp_path, replace(IMAGE, layers=(strange, APP)))

    assert done.code == 3
    assert _codes(report) & {"os.unknown", "coverage.none"}
    assert "libssl3" in _names(report)


def test_a_corrupt_package_database_hides_nothing_else(run: Run, tmp_path: Path) -> None:
    broken = BASE["var/lib/dpkg/status"].replace(b"Package: libssl3", b"Package libssl3")

    done, report = _scan(
        run, tmp_path, replace(IMAGE, layers=({**BASE, "var/lib/dpkg/status": broken}, APP))
    )

    assert done.code == 3
    assert _codes(report) & {"parse.record", "parse.failed"}
    assert {"python3-django", "left"} <= _names(report)


def test_a_missing_package_database_is_a_gap(run: Run, tmp_path: Path) -> None:
    layers = (BASE, APP, {"var/lib/dpkg/.wh.status": b""})

    done, report = _scan(run, tmp_path, replace(IMAGE, layers=layers))

    assert done.code == 3
    assert "os.no-package-db" in _codes(report)


@pytest.mark.parametrize("data", [b"not a zip", b"PK\x03\x04" + b"\0" * 100, b""], ids=len)
def test_an_unreadable_jar_is_a_gap_with_its_path(run: Run, tmp_path: Path, data: bytes) -> None:
    done, report = _scan(run, tmp_path, replace(IMAGE, layers=(BASE, {**APP, "app/x.jar": data})))

    assert done.code == 3
    assert "app/x.jar" in {one["path"] for one in report["gaps"]}
    assert "left" in _names(report)


def test_a_gap_can_be_accepted_by_name_and_stays_in_the_report(run: Run, tmp_path: Path) -> None:
    folder = replace(IMAGE, layers=(BASE, {**APP, "app/x.jar": b"no"})).write_layout(tmp_path / "a")
    [gap] = json.loads(run("scan", folder, "-f", "json").out)["report"]["gaps"]

    done = run("scan", folder, "--allow-incomplete", gap["code"])

    assert done.code == 0
    assert f"accepted: {gap['code']}" in done.out
    assert "UNKNOWN" in done.out


def test_old_advisory_data_is_exit_code_5_and_can_be_accepted(run: Run, image: Path) -> None:
    later = str(1_800_000_000)

    done = run("scan", image, SOURCE_DATE_EPOCH=later)
    accepted = run("scan", image, "--allow-incomplete", "advisories.stale", SOURCE_DATE_EPOCH=later)

    assert (done.code, accepted.code) == (5, 0)
    assert "advisories.stale" in done.out
    assert "Findings: 2" in done.out


def test_an_unreachable_registry_is_exit_code_4(run: Run) -> None:
    done = run("scan", "127.0.0.1:1/team/app:1.0")

    assert done.code == 4
    assert "127.0.0.1:1" in done.err
    assert _is_a_sentence(done), done.err


def test_a_cache_that_cannot_be_written_does_not_stop_a_scan(
    run: Run, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")

    done = run("scan", image, "--cache-dir", tmp_path / "file")

    assert done.code == 0, done.out + done.err


def test_a_damaged_database_is_exit_code_5(
    run: Run, image: Path, tmp_path: Path, database: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(database, copy)
    for file in copy.rglob("*"):
        if file.is_file() and "objects" in file.parts:
            file.chmod(0o644)
            file.write_bytes(b"\0" * file.stat().st_size)

    done = run("scan", image, "--db", copy)

    assert done.code == 5
    assert _is_a_sentence(done), done.err
