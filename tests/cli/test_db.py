"""`scantling db`, as a user types it."""

import json
from pathlib import Path

import pytest

from scantling.cli.main import main

KEV = {
    "title": "CISA Catalog of Known Exploited Vulnerabilities",
    "catalogVersion": "2026.08.07",
    "dateReleased": "2026-08-07T12:00:00.000Z",
    "count": 1,
    "vulnerabilities": [
        {
            "cveID": "CVE-2024-3094",
            "vendorProject": "Example",
            "product": "xz",
            "vulnerabilityName": "Example",
            "dateAdded": "2024-04-01",
            "shortDescription": "words",
            "requiredAction": "update",
            "dueDate": "2024-04-21",
            "knownRansomwareCampaignUse": "Known",
            "notes": "",
        }
    ],
}
GO = {
    "schema_version": "1.3.1",
    "id": "GO-2024-0001",
    "modified": "2026-08-01T00:00:00Z",
    "published": "2024-01-01T00:00:00Z",
    "aliases": ["CVE-2024-3094"],
    "summary": "a \u001b[31m red summary",
    "affected": [
        {
            "package": {"name": "example.com/xz", "ecosystem": "Go"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.3"}]}],
        }
    ],
}


@pytest.fixture
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two feeds, and a data folder of its own."""
    monkeypatch.setenv("SCANTLING_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1788264000")
    folder = tmp_path / "feeds"
    (folder / "go").mkdir(parents=True)
    (folder / "kev.json").write_text(json.dumps(KEV))
    (folder / "go" / "GO-2024-0001.json").write_text(json.dumps(GO))
    (folder / "feeds.toml").write_text('[sources]\nkev = "kev.json"\ngo = { places = ["go"] }\n')
    return folder


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["db", *argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_build_search_info_and_verify(feeds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "build", "--from", str(feeds))
    assert code == 0
    assert "1 records, 1 statements" in out

    code, out, _ = run(capsys, "search", "cve-2024-3094")
    assert code == 0
    assert "golang example.com/xz: CVE-2024-3094 affected <1.2.3; fixed in 1.2.3" in out
    assert "kev of CVE-2024-3094: 2024-04-01 ransomware" in out
    assert "\x1b" not in out

    assert "GO-2024-0001" in run(capsys, "search", "golang/example.com/xz")[1]
    (found,) = json.loads(run(capsys, "search", "example.com/xz", "--json")[1])
    assert found["ranges"][0]["high"] == "1.2.3"
    assert "nothing is known" in run(capsys, "search", "none")[2]

    code, out, _ = run(capsys, "info")
    assert code == 0
    assert "content of 2024-04-01" in out
    assert "signature checked" in out
    info = json.loads(run(capsys, "info", "--json")[1])
    assert [source["name"] for source in info["manifest"]["sources"]] == ["go", "kev"]

    code, out, _ = run(capsys, "verify")
    assert code == 0
    assert "intact: 1 statements, 1 advisories, 1 signals" in out


def test_a_failed_feed_gives_a_nonzero_code_and_a_usable_database(
    feeds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (feeds / "kev.json").write_text("<html>")

    code, out, _ = run(capsys, "build", "--from", str(feeds))

    assert code == 5
    assert "failed" in out
    assert run(capsys, "search", "GO-2024-0001")[0] == 0


def test_export_import_and_diff(
    feeds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "build", "--from", str(feeds))
    first = json.loads(run(capsys, "info", "--json")[1])["digest"]
    changed = json.loads(json.dumps(GO).replace("1.2.3", "1.2.4"))
    (feeds / "go" / "GO-2024-0001.json").write_text(json.dumps(changed))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1788267600")
    run(capsys, "build", "--from", str(feeds))

    code, out, _ = run(capsys, "diff", first)
    assert code == 0
    assert "~ golang example.com/xz CVE-2024-3094 go:GO-2024-0001 (fixed_in, ranges)" in out
    assert "0 added, 0 removed, 1 changed" in out

    bundle = str(tmp_path / "db.tar")
    assert run(capsys, "export", bundle)[0] == 0
    keys = tmp_path / "data" / "keys"
    monkeypatch.setenv("SCANTLING_DATA_DIR", str(tmp_path / "elsewhere"))
    code, _, err = run(capsys, "import", bundle)
    assert (code, "not trusted" in err) == (5, True)
    code, out, _ = run(capsys, "import", bundle, "--allow-unsigned")
    assert (code, "not signed" in out) == (0, True)
    (tmp_path / "elsewhere" / "keys").mkdir()
    (tmp_path / "elsewhere" / "keys" / "a.pub").write_bytes((keys / "local.pub").read_bytes())
    code, out, _ = run(capsys, "import", bundle)
    assert (code, "signed by sha256:" in out) == (0, True)
    assert run(capsys, "prune")[0] == 0


@pytest.mark.parametrize(
    "argv",
    [
        ("build",),
        ("build", "--from", "/nonexistent"),
        ("build", "--source", "go"),
        ("build", "--source", "nosuchfeed=/tmp"),
        ("update", "--only", "nosuchfeed"),
        ("prune", "--keep", "0"),
    ],
    ids="_".join,
)
def test_a_wrong_command_line_is_a_usage_error(
    feeds: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...]
) -> None:
    code, _, err = run(capsys, *argv)

    assert code == 2
    assert err


@pytest.mark.parametrize(
    "line",
    ["{ place = [] }", '{ places = ["kev.json"], as_of = "yesterday" }', "7", '"kev.json'],
    ids=["unknown_key", "no_date", "a_number", "no_toml"],
)
def test_a_feeds_file_that_cannot_be_understood_is_refused(
    feeds: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    (feeds / "feeds.toml").write_text(f"[sources]\nkev = {line}\n")

    code, _, err = run(capsys, "build", "--from", str(feeds))

    assert code == 2
    assert "feeds.toml" in err


def test_an_unreachable_mirror_keeps_what_is_there_and_says_its_age(
    feeds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "build", "--from", str(feeds))

    code, _, err = run(capsys, "update", "--mirror", "ftp://example.com/db")

    assert code == 5
    assert "2026-09-01" in err
    assert run(capsys, "search", "GO-2024-0001")[0] == 0
