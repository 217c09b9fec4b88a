"""A user scans an image."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from .conftest import APP, BASE, IMAGE, Run


def _report(text: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(text)["report"]
    return report


def test_a_scan_finds_explains_and_decides(run: Run, image: Path) -> None:
    done = run("scan", image, "--fail-on", "high", "--show-suppressed")

    assert done.code == 1
    assert "Findings: 2 (1 critical, 1 low)" in done.out
    assert "CVE-2019-19844" in done.out
    assert "Suppressed: 1" in done.out
    assert "exit code 1" in done.out
    assert done.err == ""


def test_without_a_limit_findings_do_not_fail_a_complete_scan(run: Run, image: Path) -> None:
    done = run("scan", image)

    assert (done.code, "FINDINGS, exit code 0" in done.out) == (0, True)


def test_the_distributions_fix_clears_its_own_copy_and_not_the_other(run: Run, image: Path) -> None:
    report = _report(run("scan", image, "--format", "json").out)

    django = [one for one in report["findings"] if one["id"] == "CVE-2019-19844"]
    assert [(bool(one["owner"]), one["state"]) for one in django if "owner" in one] == [
        (True, "suppressed")
    ]
    assert [one["state"] for one in django if "owner" not in one] == ["open"]


def test_each_package_knows_its_layer_and_instruction(run: Run, image: Path) -> None:
    report = _report(run("scan", image, "--format", "json").out)

    [left] = [one for one in report["packages"] if one["name"] == "left"]
    assert left["locations"] == [{"path": "app/node_modules/left/package.json", "layer": 1}]
    assert report["image"]["layers"][1]["created_by"] == "step 1"


def test_an_image_without_findings_is_clean_with_proof(run: Run, tmp_path: Path) -> None:
    fixed = BASE["var/lib/dpkg/status"].replace(b"3.0.11-1~deb12u2", b"3.0.15-1~deb12u1")
    clean = replace(IMAGE, layers=({**BASE, "var/lib/dpkg/status": fixed},))

    done = run("scan", clean.write_layout(tmp_path / "clean"))

    assert done.code == 0
    assert "Verdict: CLEAN" in done.out


def test_all_forms_of_an_image_give_the_same_report(run: Run, image: Path, tmp_path: Path) -> None:
    forms = {
        "oci.tar": IMAGE.oci_archive(),
        "oci.tar.gz": IMAGE.oci_archive("gzip"),
        "docker.tar": IMAGE.docker_archive("legacy"),
        "docker25.tar": IMAGE.docker_archive("oci"),
    }
    reports = [_report(run("scan", image, "--format", "json").out)]
    for name, data in forms.items():
        (tmp_path / name).write_bytes(data)
        reports.append(_report(run("scan", tmp_path / name, "--format", "json").out))
    zstd = replace(IMAGE, compression="zstd").write_layout(tmp_path / "zstd")
    reports.append(_report(run("scan", zstd, "--format", "json").out))

    for part in ("packages", "findings", "gaps", "distro", "verdict"):
        assert all(one[part] == reports[0][part] for one in reports), part


def test_a_root_file_system_gives_the_same_packages(run: Run, image: Path, tmp_path: Path) -> None:
    for path, data in {**BASE, **APP}.items():
        target = tmp_path / "root" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    folder = _report(run("scan", f"dir:{tmp_path / 'root'}", "--format", "json").out)
    layered = _report(run("scan", image, "--format", "json").out)

    assert [one["purl"] for one in folder["packages"]] == [
        one["purl"] for one in layered["packages"]
    ]


@pytest.mark.parametrize("form", ["json", "cyclonedx-json", "sarif", "markdown", "table"])
def test_a_report_is_the_same_each_time(run: Run, image: Path, form: str) -> None:
    texts = {
        run("scan", image, "--format", form, PYTHONHASHSEED="1").out,
        run("scan", image, "--format", form, "--workers", "1", PYTHONHASHSEED="2").out,
        run("scan", image, "--format", form, "--no-cache", "--workers", "3").out,
    }

    assert len(texts) == 1


def test_several_formats_are_written_at_once(run: Run, image: Path, tmp_path: Path) -> None:
    sarif, cdx = tmp_path / "a.sarif", tmp_path / "b.json"

    done = run("scan", image, "-f", "table", "-f", f"sarif={sarif}", "-f", f"cyclonedx-json={cdx}")

    assert "Verdict" in done.out
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    assert json.loads(cdx.read_text())["specVersion"] == "1.6"


def test_an_sbom_lists_packages_without_judging(run: Run, image: Path) -> None:
    done = run("sbom", image)

    document = json.loads(done.out)
    assert done.code == 0
    assert {one["name"] for one in document["components"]} >= {"libssl3", "left"}
    assert "vulnerabilities" not in document


def test_a_deleted_package_is_not_found(run: Run, tmp_path: Path) -> None:
    gone = replace(IMAGE, layers=(BASE, APP, {"app/.wh.node_modules": b""}))

    report = _report(run("scan", gone.write_layout(tmp_path / "gone"), "--format", "json").out)

    assert "left" not in {one["name"] for one in report["packages"]}


def test_explain_says_why_it_applies(run: Run, image: Path) -> None:
    done = run("explain", image, "CVE-2019-19844")

    assert done.code == 0
    for words in (
        "pypa PYSEC-2019-16",
        "2.2 is < 2.2.9",
        "at app/Django-2.2.dist-info/METADATA, layer 1 (step 1)",
        "installed by pkg:deb/debian/python3-django",
        "suppressed: debian says of debian/python3-django",
        "vers:pypi/<2.2.9",
    ):
        assert words in done.out


def test_explain_says_why_it_does_not_apply(run: Run, image: Path) -> None:
    other = run("explain", image, "CVE-2020-1", "left")
    unknown = run("explain", image, "CVE-1999-0001")
    package = run("explain", image, "CVE-2020-1", "django")

    assert "not-affected, 1.0.0 is outside the range" in other.out
    assert "No source of this database knows CVE-1999-0001" in unknown.out
    assert "nobody says anything about it and CVE-2020-1" in package.out


def test_a_second_scan_reads_no_layer_again(run: Run, image: Path) -> None:
    run("scan", image)

    again = _report(run("scan", image, "--format", "json", "--timings").out)

    assert again["resources"]["layers_cached"] == 2


def test_the_cache_can_be_seen_and_emptied(run: Run, image: Path) -> None:
    run("scan", image)

    seen = run("cache")
    emptied = run("cache", "--max", "0")
    wrong = run("cache", "--max", "lots")

    assert "4 files" in seen.out
    assert "0 files, 0 bytes" in emptied.out
    assert (wrong.code, "whole number" in wrong.err) == (2, True)


def test_doctor_lists_isolation_and_sources(run: Run) -> None:
    done = run("doctor")

    assert "workers are confined by" in done.out
    assert "source debian" in done.out
    assert "layer_ratio" in done.out


def test_explain_as_json_is_inert_too(run: Run, tmp_path: Path) -> None:
    """A direction override and a lone surrogate are data of a package.json, not of our output."""
    odd = b'{"name": "left", "version": "1.0.0", "license": "x\\u202e\\ud800"}'
    layers = (BASE, {"app/node_modules/left/package.json": odd})

    done = run(
        "explain",
        replace(IMAGE, layers=layers).write_layout(tmp_path / "odd"),
        "CVE-2020-1",
        "--json",
    )

    assert done.code == 0, done.err
    assert "\u202e" not in done.out
    assert json.loads(done.out)["id"] == "CVE-2020-1"


def test_a_report_goes_into_a_pipe_without_taking_its_place(
    run: Run, image: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = run("scan", image, "--format", f"json={pipe}")
        read = os.read(reader, 64)
    finally:
        os.close(reader)

    assert (done.code, pipe.is_fifo()) == (0, True)
    assert read.startswith(b"{")
