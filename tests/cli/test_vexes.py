"""VEX is read from files, folders and repositories; what cannot be read is said."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.assess.vex.cases import TODAY

from scantling.assess.vex.apply import apply
from scantling.assess.vex.gaps import unused_gaps
from scantling.cli.vexes import LoadedVex, VexSource, load_vex
from scantling.core.errors import UsageError
from scantling.core.model.finding import FindingState
from scantling.testing.reports import DJANGO, IMAGE, finding

_IMAGE = replace(IMAGE, tags=("registry.example.com/team/shop:1.0",))


def _document(product: str, vulnerability: str = "CVE-2024-1", **fields: object) -> str:
    statement = {
        "vulnerability": {"name": vulnerability},
        "products": [{"@id": product}],
        "status": "not_affected",
        "justification": "component_not_present",
        **fields,
    }
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": product,
        "author": "Example",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [statement],
    }
    return json.dumps(document)


def _load(path: Path, *, trusted: bool = True) -> LoadedVex:
    return load_vex([VexSource(path=path, trusted=trusted)], [DJANGO], _IMAGE)


def test_a_file_is_a_document(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(_document("pkg:pypi/django"))

    loaded = _load(file, trusted=False)

    [one] = loaded.statements
    assert (one.origin, one.trusted) == (str(file), False)
    assert loaded.gaps == ()


def test_a_folder_holds_documents_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.json").write_text(_document("pkg:pypi/b"))
    (tmp_path / "a.json").write_text(_document("pkg:pypi/a"))
    (tmp_path / "c.json").write_text("{}")
    (tmp_path / "readme.txt").write_text("not asked")

    loaded = _load(tmp_path)

    assert [one.document for one in loaded.statements] == ["pkg:pypi/a", "pkg:pypi/b"]
    [gap] = loaded.gaps
    assert (gap.code, gap.kind) == ("vex.unreadable", "info")
    assert str(tmp_path / "c.json") in gap.detail


def test_a_place_without_vex_is_an_error_of_usage(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError):
            _load(path)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository: a package of the image, the image, another package, broken entries."""
    entries = {
        "pkg:pypi/django": "pkg/pypi/django/vex.json",
        "pkg:oci/shop?repository_url=registry.example.com%2Fteam%2Fshop": "pkg/oci/shop/vex.json",
        "pkg:npm/lodash": "pkg/npm/lodash/vex.json",
    }
    for id_, location in entries.items():
        file = tmp_path / location
        file.parent.mkdir(parents=True)
        file.write_text(_document(id_))
    listed = [{"id": id_, "location": location} for id_, location in entries.items()]
    listed += [
        {"id": "pkg:pypi/django", "location": "../outside.json"},
        {"id": "pkg:pypi/django", "location": "link.json"},
        {"id": "pkg:pypi/django", "location": "missing.json"},
        {"id": "django", "location": "x.json"},
    ]
    (tmp_path / "link.json").symlink_to("/etc/hostname")
    (tmp_path / "index.json").write_text(json.dumps({"updated_at": "x", "packages": listed}))
    manifest = {"name": "Example", "versions": [{"spec_version": "0.1", "locations": []}]}
    (tmp_path / "vex-repository.json").write_text(json.dumps(manifest))
    return tmp_path


def test_of_a_repository_only_what_concerns_the_image_is_read(repository: Path) -> None:
    loaded = _load(repository)

    assert {one.document.partition("?")[0] for one in loaded.statements} == {
        "pkg:pypi/django",
        "pkg:oci/shop",
    }
    assert len(loaded.catalogs) == 3
    reasons = " ".join(one.detail for one in loaded.gaps)
    assert "'../outside.json' is no place" in reasons
    assert "a link leads out of the repository" in reasons
    assert "'django' is no package URL" in reasons
    assert "No such file" in reasons


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("index.json", "{"),
        ("vex-repository.json", "[]"),
        ("vex-repository.json", '{"name": "x", "versions": {"v9": {"spec_version": "v9.0"}}}'),
    ],
)
def test_a_repository_that_cannot_be_read_is_a_gap(repository: Path, name: str, text: str) -> None:
    (repository / name).write_text(text)

    loaded = _load(repository)

    assert loaded.statements == ()
    assert [one.code for one in loaded.gaps] == ["vex.unreadable"]


def test_unused_statements_are_told_but_not_of_catalogs_about_other_things(
    repository: Path, tmp_path: Path
) -> None:
    chosen = tmp_path / "chosen.json"
    chosen.write_text(_document("pkg:pypi/django", "CVE-2000-1"))
    sources = [VexSource(path=repository), VexSource(path=chosen)]
    loaded = load_vex(sources, [DJANGO], _IMAGE)

    applied = apply((finding(DJANGO, "CVE-2024-1"),), [DJANGO], _IMAGE, loaded.statements, TODAY)

    assert applied.findings[0].state is FindingState.SUPPRESSED
    [told] = unused_gaps(applied, catalogs=loaded.catalogs)
    assert told.code == "vex.unused"
    assert told.detail == f"{chosen}: CVE-2000-1: the scan did not find this vulnerability"
