"""`scantling base`, as a user types it."""

import json
from pathlib import Path

import pytest

from scantling.cli.main import main
from scantling.testing.images import MemoryImage

_ROOT = {"etc/os-release": b"ID=debian\n"}
_DEBIAN = MemoryImage(layers=(_ROOT,), name="docker.io/library/debian", tag="12")
_PYTHON = MemoryImage(
    layers=(_ROOT, {"usr/bin/python": b"3"}), name="docker.io/library/python", tag="3.12-slim"
)
_APP = MemoryImage(
    layers=(_ROOT, {"usr/bin/python": b"3"}, {"app/main.py": b"pass"}),
    name="registry.example.com/shop/app",
    tag="1.0",
)


@pytest.fixture(autouse=True)
def _own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SCANTLING_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795460400")


@pytest.fixture
def targets(tmp_path: Path) -> dict[str, str]:
    """Return archives of the three images, as `docker save` writes them."""
    found = {}
    for name, image in (("debian", _DEBIAN), ("python", _PYTHON), ("app", _APP)):
        path = tmp_path / f"{name}.tar"
        path.write_bytes(image.docker_archive())
        found[name] = str(path)
    return found


def _said(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    assert main(["base", *argv]) == code
    return capsys.readouterr().out


def test_the_base_is_told_with_layers_ancestry_and_advice(
    targets: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _said(capsys, "index", "add", "-q", targets["debian"], targets["python"])

    said = _said(capsys, targets["app"], "-q", "--from", "python:3.12-slim")

    assert "stands on docker.io/library/python:3.12-slim" in said
    assert "which stands on docker.io/library/debian:12" in said
    assert "  1 base    " in said
    assert "  2 own     " in said
    assert "minor: Take python:3.14-slim instead of python:3.12-slim" in said


def test_the_json_has_the_same_answer(
    targets: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _said(capsys, "index", "add", "-q", targets["python"])

    value = json.loads(_said(capsys, "of", targets["app"], "-q", "--json"))

    assert value["base"]["name"] == "docker.io/library/python"
    assert [layer["part"] for layer in value["layers"]] == ["base", "base", "own"]
    assert value["notes"] == []


def test_an_unknown_base_is_said_with_what_to_do(
    targets: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = _said(capsys, targets["app"], "-q")

    assert "its base is not known" in said
    assert "unknown" in said


def test_impact_lists_the_images_on_a_base(
    targets: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _said(capsys, "index", "add", "-q", *targets.values())

    said = _said(capsys, "impact", "debian:12")

    assert "registry.example.com/shop/app:1.0" in said
    assert "2 layers of its own" in said


def test_an_index_moves_between_machines(
    targets: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _said(capsys, "index", "add", "-q", *targets.values())
    lines = tmp_path / "known.jsonl"
    lines.write_text(_said(capsys, "index", "export"))
    there = ("--bases", str(tmp_path / "there"))

    assert "shared: 3 images" in _said(
        capsys, "index", "import", str(lines), "--set", "shared", *there
    )
    assert "3 images are intact" in _said(capsys, "index", "verify", *there)
    assert "docker.io/library/debian:12" in _said(capsys, "index", "list", "debian", *there)
    assert "shared: 3" in _said(capsys, "index", "list", *there)
    _said(capsys, "index", "remove", "shared", *there)
    assert _said(capsys, "index", "list", *there) == ""


def test_a_broken_file_imports_nothing(
    targets: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _said(capsys, "index", "add", "-q", targets["debian"])
    lines = tmp_path / "known.jsonl"
    lines.write_text(_said(capsys, "index", "export") + "{}\n")

    assert main(["base", "index", "import", str(lines)]) == 3
    assert "line 2" in capsys.readouterr().err
    assert "imported" not in _said(capsys, "index", "list")


def test_an_image_without_a_full_name_must_be_given_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = str(_DEBIAN.write_layout(tmp_path / "layout"))

    assert main(["base", "index", "add", "-q", target]) == 4
    assert "--name" in capsys.readouterr().err
    name = "registry.example.com/base/debian:12"
    assert name in _said(capsys, "index", "add", "-q", target, "--name", name)


def test_a_list_of_images_is_added_as_far_as_it_can_be_read(
    targets: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listed = tmp_path / "images.txt"
    listed.write_text(f"# ours\n{targets['debian']}\n{tmp_path}/missing.tar\n{targets['app']}\n")

    assert main(["base", "index", "add", "-q", "--list", str(listed)]) == 4
    assert "missing.tar" in capsys.readouterr().err
    assert "own: 2 images" in _said(capsys, "index", "list")


@pytest.mark.parametrize(
    "argv",
    [
        ["index", "add"],
        ["index", "add", "--name", "a.example.com/b", "one", "two"],
        ["index", "remove", "nothing"],
        ["index", "import", "/no/such/file"],
        ["index"],
        [],
    ],
)
def test_a_wrong_command_line_is_a_usage_error(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["base", *argv])
    except SystemExit as error:
        code = int(str(error.code))

    assert code == 2
    assert capsys.readouterr().err


def test_help_names_the_subcommands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["base", "--help"])

    said = capsys.readouterr().out
    assert "impact" in said
    assert "index" in said
