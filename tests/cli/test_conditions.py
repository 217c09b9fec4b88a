"""`scantling conditions` lists, explains and checks; its OpenVEX is applied by a scan."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from scantling.assess.vex.apply import apply
from scantling.cli.main import main
from scantling.cli.vexes import VexSource, load_vex
from scantling.core import clock
from scantling.core.model.finding import FindingState
from scantling.core.model.report import ScanReport
from scantling.reports.api import Look
from scantling.reports.formats.json import render
from scantling.testing.reports import DJANGO, HOSTILE_NAME, OPENSSL, REPORTS, finding

_ZLIB = replace(
    OPENSSL,
    purl="pkg:deb/debian/zlib1g@1.2.13?arch=amd64&distro=debian-12",
    name="zlib1g",
    version="1.2.13",
)
_SUDO = replace(OPENSSL, purl="pkg:deb/debian/sudo@1.9.5", name="sudo", version="1.9.5")
_REPORT = replace(
    REPORTS["findings"],
    packages=(_ZLIB, _SUDO, DJANGO),
    findings=(
        finding(_ZLIB, "CVE-2023-45853"),
        finding(_SUDO, "CVE-2021-3156"),
        finding(DJANGO, "CVE-2019-19844"),
    ),
    gaps=(),
)
_POD = """\
kind: Pod
metadata: {name: shop}
spec:
  containers:
    - name: app
      image: registry.example.com/shop:1
      securityContext: {allowPrivilegeEscalation: false}
"""
_NAME = ("--image-name", "registry.example.com/shop:1")


@pytest.fixture
def stored(tmp_path: Path) -> str:
    """Return a stored report."""
    return _write(tmp_path / "app.json", _REPORT)


@pytest.fixture
def manifests(tmp_path: Path) -> str:
    """Return a folder with a manifest."""
    folder = tmp_path / "k8s"
    folder.mkdir()
    (folder / "pod.yaml").write_text(_POD)
    (folder / "notes.txt").write_text("not a manifest")
    return str(folder)


def _write(path: Path, report: ScanReport) -> str:
    path.write_text("".join(render(report, Look())), encoding="utf-8")
    return str(path)


def test_the_list_names_conditions_and_vulnerabilities(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conditions", "list"]) == 0

    said = capsys.readouterr().out
    assert "zlib-minizip: The flaw is in minizip" in said
    assert "xz-backdoor" in said
    assert "(explains only)" in said


@pytest.mark.parametrize("term", ["runc-starts-containers", "cve-2024-21626"])
def test_a_condition_is_written_out(term: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conditions", "explain", term]) == 0

    said = capsys.readouterr().out
    assert "GHSA-xr7r-f8xq-vfvv" in said
    assert "    any of\n      privileged\n      capability: name SYS_ADMIN\n" in said


def test_there_is_no_such_condition(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conditions", "explain", "nothing"]) == 2
    assert "no condition 'nothing'" in capsys.readouterr().err


def test_check_says_what_holds_and_why(
    stored: str, manifests: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conditions", "check", stored]) == 0
    alone = capsys.readouterr().out
    assert main(["conditions", "check", stored, "--manifests", manifests, *_NAME]) == 0
    run = capsys.readouterr().out

    assert (
        "CVE-2023-45853  pkg:deb/debian/zlib1g@1.2.13?arch=amd64&distro=debian-12: not affected"
        in alone
    )
    assert "CVE-2021-3156  pkg:deb/debian/sudo@1.9.5: no statement" in alone
    assert "CVE-2021-3156  pkg:deb/debian/sudo@1.9.5: not affected" in run
    assert "allowPrivilegeEscalation is false" in run
    assert "CVE-2019-19844" not in run


def test_an_image_that_no_container_runs_needs_a_name(
    stored: str, manifests: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["conditions", "check", stored, "--manifests", manifests])

    said = capsys.readouterr().out
    assert "--image-name" in said
    assert "CVE-2021-3156  pkg:deb/debian/sudo@1.9.5: no statement" in said


def test_a_manifest_that_cannot_be_read_is_told(
    stored: str, manifests: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(manifests) / "bad.yaml").write_text("kind: Deployment\nspec: {{ .x }}\n")

    main(["conditions", "check", stored, "--manifests", manifests, *_NAME])

    said = capsys.readouterr().out
    assert "bad.yaml:1: Deployment: it has no list of containers" in said
    assert "CVE-2021-3156  pkg:deb/debian/sudo@1.9.5: no statement" in said


def test_the_openvex_document_is_applied_by_a_scan(
    stored: str, manifests: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["conditions", "check", stored, "--manifests", manifests, *_NAME, "-f", "openvex"]
    assert main(argv) == 0
    document = tmp_path / "app.openvex.json"
    document.write_text(capsys.readouterr().out)

    loaded = load_vex([VexSource(path=document)], _REPORT.packages, _REPORT.image)
    applied = apply(
        _REPORT.findings, _REPORT.packages, _REPORT.image, loaded.statements, clock.now().date()
    )

    states = {one.id: one.state for one in applied.findings}
    assert states == {
        "CVE-2023-45853": FindingState.SUPPRESSED,
        "CVE-2021-3156": FindingState.SUPPRESSED,
        "CVE-2019-19844": FindingState.OPEN,
    }


def test_json_holds_every_fact_and_is_inert(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = replace(_SUDO, purl="pkg:deb/debian/sudo@" + HOSTILE_NAME)
    report = replace(_REPORT, packages=(odd,), findings=(finding(odd, "CVE-2021-3156"),))
    file = _write(tmp_path / "odd.json", report)

    for format_ in ("json", "text", "openvex"):
        assert main(["conditions", "check", file, "--format", format_]) == 0
        said = capsys.readouterr().out
        assert "\x1b" not in said
        if format_ == "json":
            [one] = json.loads(said)["explanations"]
            kinds = [each["kind"] for each in one["places"][0]["evidence"]]
            assert kinds == ["component", "privilege_escalation"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--answer", "x"], "--answer takes NAME=yes or NAME=no"),
        (["--manifests", "nowhere"], "cannot read 'nowhere'"),
        (["--conditions", "nowhere"], "cannot read 'nowhere'"),
    ],
)
def test_mistakes_are_errors_of_usage(
    stored: str, argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conditions", "check", stored, *argv]) == 2
    assert said in capsys.readouterr().err
