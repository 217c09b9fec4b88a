"""A user scans from a real registry on loopback: with a login, without, with the wrong one."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scantling.testing.registries import DockerRegistry, copy_image

from .conftest import IMAGE, Run

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not (DockerRegistry.is_installed() and shutil.which("htpasswd")),
        reason="docker-registry, skopeo or htpasswd is not installed: NOT tested",
    ),
]

USER, PASSWORD = "reader", "pass-w0rd"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a registry that wants a password and has the standard image."""
    folder = tmp_path_factory.mktemp("registry")
    users = folder / "htpasswd"
    subprocess.run(
        ["htpasswd", "-Bbc", str(users), USER, PASSWORD], check=True, capture_output=True
    )
    auth = {"htpasswd": {"realm": "scantling", "path": str(users)}}
    layout = IMAGE.write_layout(folder / "image")
    with DockerRegistry.run(folder, auth=auth) as running:
        target = f"docker://{running.place}/team/app:1.0"
        copy_image(f"oci:{layout}:latest", target, login=f"{USER}:{PASSWORD}")
        yield running.place


def _login(folder: Path, place: str, password: str) -> Path:
    word = base64.b64encode(f"{USER}:{password}".encode()).decode()
    path = folder / "config.json"
    path.write_text(json.dumps({"auths": {place: {"auth": word}}}))
    return path


def test_an_image_in_a_registry_gives_the_report_of_the_image_on_disk(
    run: Run, place: str, image: Path, tmp_path: Path
) -> None:
    login = _login(tmp_path, place, PASSWORD)

    pulled = run("scan", f"{place}/team/app:1.0", "--auth-file", login, "-f", "json")
    on_disk = run("scan", image, "-f", "json")

    assert pulled.code == on_disk.code == 0, pulled.err
    ours, theirs = (json.loads(one.out)["report"] for one in (pulled, on_disk))
    for part in ("packages", "findings", "gaps", "verdict"):
        assert ours[part] == theirs[part]
    assert ours["image"]["manifest_digest"] == theirs["image"]["manifest_digest"]


def test_a_wrong_password_is_said_and_never_shown(run: Run, place: str, tmp_path: Path) -> None:
    done = run("scan", f"{place}/team/app:1.0", "--auth-file", _login(tmp_path, place, "wr0ng"))

    assert done.code == 4
    assert place in done.err
    assert "the password or token of 'reader' is wrong" in done.err
    assert "wr0ng" not in done.err + done.out


def test_no_login_and_no_such_tag_are_told_apart(run: Run, place: str, tmp_path: Path) -> None:
    nobody = run("scan", f"{place}/team/app:1.0")
    missing = run("scan", f"{place}/team/app:9", "--auth-file", _login(tmp_path, place, PASSWORD))

    assert (nobody.code, missing.code) == (4, 4)
    assert "9" in missing.err
    assert "there is no login for it" in nobody.err
