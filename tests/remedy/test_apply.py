"""Edits are written whole, inside the project, onto the text they start from, or not at all."""

from pathlib import Path

import pytest

from scantling.core.errors import UsageError
from scantling.core.model.plan import Edit
from scantling.remedy.apply import Change, combined, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with a Dockerfile and a lockfile in a folder."""
    made = tmp_path / "project"
    (made / "web").mkdir(parents=True)
    (made / "Dockerfile").write_bytes(b"FROM a\xff\n")
    (made / "web" / "package-lock.json").write_text("{}")
    return made


DOCKERFILE = Change(path="Dockerfile", before="FROM a\udcff\n", after="FROM b\udcff\n")
LOCK = Change(path="web/package-lock.json", before="{}", after="[]")


def test_files_get_their_new_text_and_keep_their_mode_and_odd_bytes(root: Path) -> None:
    (root / "Dockerfile").chmod(0o640)

    done = write(root, (DOCKERFILE, LOCK))

    assert done == ("Dockerfile", "web/package-lock.json")
    assert (root / "Dockerfile").read_bytes() == b"FROM b\xff\n"
    assert (root / "Dockerfile").stat().st_mode & 0o777 == 0o640
    assert (root / "web" / "package-lock.json").read_text() == "[]"
    assert sorted(one.name for one in root.iterdir()) == ["Dockerfile", "web"]


def test_a_file_that_changed_meanwhile_stops_all_of_it(root: Path) -> None:
    (root / "web" / "package-lock.json").write_text("{ }")

    with pytest.raises(UsageError, match=r"package-lock.json has changed since the plan was made"):
        write(root, (DOCKERFILE, LOCK))

    assert (root / "Dockerfile").read_bytes() == b"FROM a\xff\n"


@pytest.mark.parametrize(
    "path",
    ["../outside", "/etc/passwd", "web/../../outside", "~/x", "a\x00b", ""],
)
def test_a_path_that_leads_out_is_refused(root: Path, path: str) -> None:
    (root.parent / "outside").write_text("x")

    with pytest.raises(UsageError, match="not a path inside the project"):
        write(root, (Change(path=path, before="x", after="y"),))

    assert (root.parent / "outside").read_text() == "x"


def test_a_link_is_not_followed_be_it_the_file_or_a_folder(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (root / "link").symlink_to(outside / "file")
    (root / "folder").symlink_to(outside)

    for path in ("link", "folder/file"):
        with pytest.raises(UsageError, match="behind a symbolic link"):
            write(root, (Change(path=path, before="x", after="y"),))

    assert (outside / "file").read_text() == "x"


def test_a_file_that_is_gone_is_said(root: Path) -> None:
    with pytest.raises(UsageError, match="cannot read gone: No such file"):
        write(root, (Change(path="gone", before="x", after="y"),))


def test_edits_of_one_file_become_one_change() -> None:
    edits = (
        Edit(path="b", before="1", after="2"),
        Edit(path="a", before="x", after="y"),
        Edit(path="b", before="2", after="3"),
        Edit(path="c", before="1", after="2"),
        Edit(path="c", before="2", after="1"),
    )

    assert combined(edits) == (
        Change(path="a", before="x", after="y"),
        Change(path="b", before="1", after="3"),
    )
