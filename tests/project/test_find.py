"""A project's files are found, and only inside it."""

from pathlib import Path

import pytest

from scantling.core.errors import UsageError
from scantling.project.context import Project, read_project
from scantling.project.find import (
    find_dockerfile,
    find_root,
    load_codeowners,
    load_lockfiles,
    load_project,
    owners_of,
    read_bytes,
)


def test_the_root_is_where_the_project_or_the_repository_begins(tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    inner = repository / "services" / "shop"
    deep = inner / "src"
    deep.mkdir(parents=True)
    (repository / ".git").mkdir()

    assert find_root(deep) == repository.resolve()
    (inner / ".scantling.yaml").write_text("product: shop\n", encoding="utf-8")
    assert find_root(deep) == inner.resolve()
    assert load_project(inner).context.product == "shop"


def test_nothing_above_the_repository_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / ".scantling.yaml").write_text("product: outer\n", encoding="utf-8")
    repository = tmp_path / "repo"
    (repository / ".git").mkdir(parents=True)

    assert find_root(repository) == repository.resolve()
    assert load_project(repository) == Project()


def test_a_root_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        find_root(tmp_path / "absent")


def test_a_rule_names_the_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "Web").write_text("ARG T=1\nFROM a:$T AS f\nFROM b", encoding="utf-8")
    (tmp_path / "Dockerfile").write_text("FROM other", encoding="utf-8")
    project = read_project(
        b"images: [{name: example.com/web, dockerfile: deploy/Web, target: f, "
        b"build-args: {T: '2'}}]"
    )

    found = find_dockerfile(tmp_path, project, "example.com/web:9")

    assert found is not None
    assert (found.path, found.target, found.certain) == ("deploy/Web", "f", True)
    stage = found.file.stage(found.target)
    assert stage is not None
    assert stage.image == "a:2"


def test_a_rule_that_names_a_missing_file_is_an_error(tmp_path: Path) -> None:
    project = read_project(b"images:\n- name: a\n  dockerfile: b\n")

    with pytest.raises(UsageError, match=r"\.scantling\.yaml:2: there is no readable file b"):
        find_dockerfile(tmp_path, project, "a")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["Dockerfile", "Containerfile"], "Dockerfile"),
        (["Containerfile"], "Containerfile"),
        (["Dockerfile", "web.Dockerfile"], "web.Dockerfile"),
        (["Dockerfile", "docker/Dockerfile.web"], "docker/Dockerfile.web"),
        (["Dockerfile", "web/Dockerfile"], "web/Dockerfile"),
        (["docker/Dockerfile"], "docker/Dockerfile"),
        (["x/y/api.Dockerfile"], "x/y/api.Dockerfile"),
        (["a.Dockerfile", "b.Dockerfile"], None),
        (["node_modules/a.Dockerfile"], None),
        ([], None),
    ],
)
def test_without_a_rule_the_usual_names_are_tried(
    tmp_path: Path, files: list[str], expected: str | None
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("FROM a", encoding="utf-8")

    found = find_dockerfile(tmp_path, Project(), "example.com/shop/web:1")

    assert (found.path if found else None) == expected
    assert found is None or not found.certain


def test_files_outside_are_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "inner").symlink_to(root / "file")
    (root / "file").write_bytes(b"ok")

    assert read_bytes(root, "link", most_bytes=9) is None
    assert read_bytes(root, "../secret", most_bytes=9) is None
    assert read_bytes(root, str(tmp_path / "secret"), most_bytes=9) is None
    assert read_bytes(root, "a\x00b", most_bytes=9) is None
    assert read_bytes(root, "inner", most_bytes=9) == b"ok"
    with pytest.raises(UsageError, match="more than 1 bytes"):
        read_bytes(root, "file", most_bytes=1)


def test_owners_are_those_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "CODEOWNERS").write_text("/shop/Dockerfile @shop\n", encoding="utf-8")
    inner = tmp_path / "shop"
    inner.mkdir()

    assert owners_of(inner, "Dockerfile") == ("@shop",)
    assert owners_of(tmp_path, "shop/Dockerfile") == ("@shop",)
    (tmp_path / "CODEOWNERS").write_text("* @root\n", encoding="utf-8")
    assert owners_of(inner, "Dockerfile") == ("@root",)


def test_a_project_without_owners_has_none(tmp_path: Path) -> None:
    assert load_codeowners(tmp_path) is None
    assert owners_of(tmp_path, "a") == ()


def test_lockfiles_are_found_and_installed_packages_passed_over(tmp_path: Path) -> None:
    for name in ("web/package.json", "web/node_modules/a/package.json", "go.mod", "README"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff")

    assert load_lockfiles(tmp_path) == {"go.mod": "\udcff", "web/package.json": "\udcff"}
