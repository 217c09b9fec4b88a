"""From findings to a changed project: the plan, the patch, the edit, and a scan that proves it."""

import json
import subprocess
from pathlib import Path
from shutil import which

import pytest

from scantling.testing.images import MemoryImage
from tests.remedy.test_patch import deb

from .conftest import APP, BASE, Run

DOCKERFILE = """\
FROM debian:12-slim
RUN pip install --target /app \\
    django==2.2
COPY . /app
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a Dockerfile that pins what the image has."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "Dockerfile").write_text(DOCKERFILE)
    return root


@pytest.mark.skipif(which("git") is None, reason="git is not installed; it applies the patch")
def test_the_patch_applies_and_changes_what_apply_changes(
    run: Run, image: Path, project: Path
) -> None:
    patch = run("fix", image, "--project", project, "--format", "diff", "--quiet")
    assert (project / "Dockerfile").read_text() == DOCKERFILE

    subprocess.run(["git", "apply", "-"], cwd=project, input=patch.out, text=True, check=True)
    patched = (project / "Dockerfile").read_text()
    (project / "Dockerfile").write_text(DOCKERFILE)
    applied = run("fix", image, "--project", project, "--apply", "--quiet")

    assert applied.code == 0
    assert "Edited Dockerfile. Build the image again" in applied.out
    assert applied.err == "scantling: edited Dockerfile\n"
    assert (project / "Dockerfile").read_text() == patched
    assert patched != DOCKERFILE


def test_the_plan_holds_when_what_it_says_is_built_and_scanned(
    run: Run, image: Path, tmp_path: Path
) -> None:
    plan = json.loads(run("fix", image, "--format", "json", "--quiet").out)["plan"]
    (bump,) = (one for one in plan["actions"] if one["subject"] == "pkg:pypi/django")
    fixed = f"Metadata-Version: 2.1\nName: Django\nVersion: {bump['after']}\n\n".encode()
    path = f"app/Django-{bump['after']}.dist-info/METADATA"
    rebuilt = {path if "Django" in name else name: data for name, data in APP.items()}
    rebuilt[path] = fixed
    MemoryImage(layers=(BASE, rebuilt)).write_layout(tmp_path / "rebuilt")

    before = json.loads(run("scan", image, "--format", "json", "--quiet").out)["report"]
    after = json.loads(run("scan", tmp_path / "rebuilt", "--format", "json", "--quiet").out)[
        "report"
    ]

    def counted(report: dict[str, list[dict[str, str]]]) -> set[str]:
        return {one["identity"] for one in report["findings"] if one["state"] != "suppressed"}

    assert counted(before) - counted(after) == set(bump["removes"])


def test_a_stored_report_is_enough(run: Run, image: Path, tmp_path: Path) -> None:
    stored = tmp_path / "report.json"
    run("scan", image, "--format", f"json={stored}", "--quiet")

    scanned = run("fix", image, "--quiet")
    told = run("fix", "no-such-image", "--report", stored)

    assert told.code == 0
    assert told.out == scanned.out


def test_a_candidate_is_measured_against_the_recognized_base(
    run: Run, image: Path, project: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    MemoryImage(layers=(BASE,)).write_layout(base)
    newer = {
        **BASE,
        "var/lib/dpkg/status": BASE["var/lib/dpkg/status"].replace(
            b"3.0.11-1~deb12u2", b"3.0.15-1~deb12u1"
        ),
    }
    MemoryImage(layers=(newer,)).write_layout(tmp_path / "newer")
    run("base", "index", "add", base, "--name", "docker.io/library/debian:12-slim", "--quiet")
    stored = tmp_path / "newer.json"
    run("scan", tmp_path / "newer", "--format", f"json={stored}", "--quiet")

    done = run(
        "fix",
        image,
        "--project",
        project,
        "--quiet",
        "--format",
        "json",
        "--candidate",
        f"docker.io/library/debian:12.9={stored}",
    )

    plan = json.loads(done.out)["plan"]
    rebase = next(one for one in plan["actions"] if one["kind"] == "rebase")
    assert rebase["title"] == "Build on debian:12.9 instead of debian:12-slim"
    assert rebase["edits"][0]["after"].startswith("FROM debian:12.9\n")


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_a_plan_for_people_names_the_actions_and_how_they_are_ordered(
    run: Run, image: Path, format_: str
) -> None:
    said = run("fix", image, "--format", format_, "--quiet").out

    assert "Upgrade django to 2.2.9" in said
    assert "Every action was applied to the inventory and matched again." in said


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--apply",), "--apply needs the project to edit: name its folder with --project"),
        (("--project", "nowhere"), "nowhere is not a folder"),
        (("--report", "nowhere.json"), "cannot read 'nowhere.json'"),
        (("--candidate", "x=nowhere.json"), "cannot read 'nowhere.json'"),
        (("--format", "pdf"), "invalid choice: 'pdf'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    run: Run, image: Path, argv: tuple[str, ...], said: str
) -> None:
    done = run("fix", image, *argv, "--quiet")

    assert done.code == 2
    assert said in done.err


def test_a_dockerfile_outside_the_project_is_not_edited(
    run: Run, image: Path, project: Path, tmp_path: Path
) -> None:
    other = tmp_path / "Dockerfile"
    other.write_text(DOCKERFILE)

    done = run("fix", image, "--project", project, "--dockerfile", other, "--apply", "--quiet")

    assert done.code == 2
    assert "lies outside the project" in done.err
    assert other.read_text() == DOCKERFILE


OPENSSL = """\
Package: libssl3
Version: 3.0.13-1~deb12u1
Architecture: amd64
Source: openssl
"""


def test_a_patched_image_is_written_scanned_again_and_told_as_vex(
    run: Run, image: Path, tmp_path: Path
) -> None:
    debs = tmp_path / "debs"
    debs.mkdir()
    (debs / "libssl3.deb").write_bytes(deb(OPENSSL, {"./usr/lib/libssl.so.3": b"new"}))
    out = tmp_path / "patched"

    done = run("fix", image, "--patch-layer", debs, "--output", f"{out}:safe", "--quiet")

    assert done.code == 0, done.err
    assert "scanned again: 1 findings fixed, 0 new" in done.out
    vex = json.loads((tmp_path / "patched.openvex.json").read_text())
    (statement,) = vex["statements"]
    assert (statement["vulnerability"]["name"], statement["status"]) == ("CVE-2023-5678", "fixed")
    (part,) = statement["products"][0]["subcomponents"]
    assert part["@id"].startswith("pkg:deb/debian/libssl3@3.0.13-1~deb12u1")
    again = json.loads(run("scan", f"oci:{out}:safe", "--format", "json", "--quiet").out)["report"]
    assert "CVE-2023-5678" not in {one["id"] for one in again["findings"]}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "--patch-layer needs --output DIR:TAG"),
        (("--output", "x:-"), "--output takes DIR or DIR:TAG; not 'x:-'"),
        (("--output", "x:y"), "has 0 .deb files; 1 to 256"),
    ],
)
def test_what_is_wrong_with_a_patch_is_said(
    run: Run, image: Path, tmp_path: Path, argv: tuple[str, ...], said: str
) -> None:
    done = run("fix", image, "--patch-layer", tmp_path, *argv, "--quiet")

    assert done.code == 2
    assert said in done.err


def test_output_without_a_patch_is_refused(run: Run, image: Path) -> None:
    done = run("fix", image, "--output", "plan.txt", "--quiet")

    assert done.code == 2
    assert "--output is where --patch-layer writes" in done.err


def test_a_pull_request_is_opened_from_a_job_only(run: Run, image: Path) -> None:
    done = run("fix", image, "--open-pr", "--quiet")

    assert (done.code, "no CI system was recognized" in done.err) == (2, True)
