"""Ways in and out: files, archives, HTTP mirrors and bundles. Nothing half-read is ever used."""

import gzip
import hashlib
import http.server
import io
import os
import subprocess
import sys
import tarfile  # noqa: TID251 - an archive made by another implementation than the one tested
import threading  # noqa: TID251 - the server of the test
import zipfile  # noqa: TID251
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from scantling.advisories.api import Fetched, Unchanged
from scantling.advisories.bundle import read_bundle, write_bundle
from scantling.advisories.cold import compress
from scantling.advisories.fetch import LocalFetcher, fetch_all, http_downloads, network_client
from scantling.advisories.paths import object_path
from scantling.advisories.sign import create_key, local_key, trusted_keys, verify
from scantling.advisories.store import Store
from scantling.advisories.update import Terms, http_get, pull
from scantling.core.errors import AdvisoryDataError, GoneError
from scantling.core.progress import Quiet
from scantling.testing.advisories import NOW, OneFetcher, advisory, build_with, feed_of

DOCUMENTS = {"data/b.json": b"{}", "data/a.json": b"[]" * 3000, "README": b"hello"}


def tar_of(files: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


ARCHIVES = {
    "all.tar": tar_of(DOCUMENTS),
    "all.tar.gz": tar_of(DOCUMENTS, "w:gz"),
    "all.tar.zst": compress(tar_of(DOCUMENTS), 3),
    "all.zip": zip_of(DOCUMENTS),
}


def fetcher(base: Path) -> LocalFetcher:
    return LocalFetcher(base, http_downloads(network_client))


def contents(outcome: Fetched | Unchanged) -> list[tuple[str, bytes]]:
    assert isinstance(outcome, Fetched)
    return [(one.name, one.data) for one in outcome.spool.documents()]


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_gives_its_documents_by_name_each_time(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(ARCHIVES[name])

    outcome = fetcher(tmp_path).get(name, "")

    assert contents(outcome) == sorted(DOCUMENTS.items())
    assert contents(outcome) == sorted(DOCUMENTS.items())


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_truncated_archive_is_refused(tmp_path: Path, name: str) -> None:
    data = ARCHIVES[name]
    for cut in (len(data) // 2, len(data) - 1100 if name == "all.tar" else len(data) - 5):
        (tmp_path / name).write_bytes(data[:cut])

        with pytest.raises(AdvisoryDataError):
            contents(fetcher(tmp_path).get(name, ""))


def test_a_path_may_lead_into_an_archive(tmp_path: Path) -> None:
    (tmp_path / "feed.zip").write_bytes(zip_of({f"feed/{k}": v for k, v in DOCUMENTS.items()}))

    assert [name for name, _ in contents(fetcher(tmp_path).get("feed/data", ""))] == [
        "a.json",
        "b.json",
    ]
    assert contents(fetcher(tmp_path).get("feed.zip/feed/README", "")) == [("README", b"hello")]
    with pytest.raises(AdvisoryDataError, match="nothing below"):
        contents(fetcher(tmp_path).get("feed/none", ""))
    with pytest.raises(AdvisoryDataError, match="no file, folder or archive"):
        fetcher(tmp_path).get("none/data", "")


def test_a_folder_is_read_without_links_and_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "f" / ".git").mkdir(parents=True)
    (tmp_path / "f" / ".git" / "config").write_text("x")
    (tmp_path / "f" / "b").write_text("2")
    (tmp_path / "f" / "a").write_text("1")
    (tmp_path / "f" / "link").symlink_to("/etc/passwd")

    outcome = fetcher(tmp_path).get("f", "")

    assert contents(outcome) == [("a", b"1"), ("b", b"2")]
    assert isinstance(outcome, Fetched)
    assert isinstance(fetcher(tmp_path).get("f", outcome.fingerprint), Unchanged)
    (tmp_path / "f" / "a").write_text("other")
    assert isinstance(fetcher(tmp_path).get("f", outcome.fingerprint), Fetched)


def test_a_compressed_file_is_one_document_without_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "epss.csv.gz").write_bytes(gzip.compress(b"a,b\n"))

    assert contents(fetcher(tmp_path).get("epss.csv.gz", "")) == [("epss.csv", b"a,b\n")]


def test_when_one_of_several_places_changes_all_are_read(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    places = ("two", "one")
    first = fetch_all(fetcher(tmp_path), places, "")
    assert isinstance(first, Fetched)
    assert contents(first) == [("one", b"one"), ("two", b"two")]
    assert isinstance(fetch_all(fetcher(tmp_path), places, first.fingerprint), Unchanged)

    (tmp_path / "two").write_text("changed")

    assert contents(fetch_all(fetcher(tmp_path), places, first.fingerprint)) == [
        ("one", b"one"),
        ("two", b"changed"),
    ]
    with pytest.raises(AdvisoryDataError):
        fetch_all(fetcher(tmp_path), ("one", "none"), "")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address of a server of it."""
    root = tmp_path / "www"
    root.mkdir()
    handler = partial(_Handler, directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield root, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def test_an_address_is_fetched_once_and_then_only_when_it_changed(
    served: tuple[Path, str],
) -> None:
    root, address = served
    (root / "v3.18").mkdir()
    (root / "v3.18" / "main.json").write_text("{}")
    os.utime(root / "v3.18" / "main.json", (1_780_000_000, 1_780_000_000))
    get = partial(fetcher(root).get, f"{address}/v3.18/main.json")

    first = get("")

    assert contents(first) == [("v3.18/main.json", b"{}")]
    assert isinstance(first, Fetched)
    assert first.spool.as_of == "2026-05-28T20:26:40Z"
    assert isinstance(get(first.fingerprint), Unchanged)
    with pytest.raises(AdvisoryDataError, match="404"):
        fetcher(root).get(f"{address}/none", "")


def terms(keys: Path, **fields: bool) -> Terms:
    return Terms(verify=partial(_verify, keys), now=NOW + timedelta(days=2), **fields)


def _verify(keys: Path, data: bytes, signature: bytes) -> str:
    return verify(data, signature, trusted_keys(keys))


def publish(root: Path, keys: Path, count: int, hours: int = 0) -> Store:
    store = Store(root)
    build_with(
        store,
        feed_of(*(advisory(f"D-{number}") for number in range(count))),
        feed_of(advisory("SAME"), name="same"),
        now=NOW + timedelta(hours=hours),
        fetcher=OneFetcher(str(hours)),
        key_file=local_key(keys),
        accept=frozenset({"deb"}),
    )
    return store


def test_a_mirror_gives_only_what_changed(served: tuple[Path, str], tmp_path: Path) -> None:
    root, address = served
    keys, mine = tmp_path / "keys", Store(tmp_path / "mine")
    publish(root, keys, 3)

    first = pull(address, mine, http_get(), terms(keys), Quiet())
    again = pull(address, mine, http_get(), terms(keys), Quiet())
    theirs = publish(root, keys, 4, hours=24)
    second = pull(address, mine, http_get(), terms(keys), Quiet())

    assert (first.changed, again.changed, second.changed) == (True, False, True)
    assert 0 < second.segments < first.segments
    assert second.digest == theirs.current() == mine.current()
    assert mine.open().info.verified
    assert len(mine.open().lookup("deb/debian:12", "openssl")) == 5


def test_a_mirror_may_hold_compressed_segments(served: tuple[Path, str], tmp_path: Path) -> None:
    root, address = served
    keys, mine = tmp_path / "keys", Store(tmp_path / "mine")
    publish(root, keys, 3)
    for path in (root / "objects").glob("*/*/*"):
        path.with_name(f"{path.name}.zst").write_bytes(compress(path.read_bytes(), 3))
        path.unlink()

    pull(address, mine, http_get(), terms(keys), Quiet())

    assert len(mine.open().lookup("deb/debian:12", "openssl")) == 4


def _flip_objects(root: Path) -> None:
    for path in (root / "objects").glob("*/*/*"):
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)


def _lose_objects(root: Path) -> None:
    for path in (root / "objects").glob("*/*/*"):
        path.unlink()


def _change_manifest(root: Path) -> None:
    path = root / "manifests" / f"{(root / 'current').read_text().strip()}.json"
    path.write_bytes(path.read_bytes().replace(b"Example", b"Exbmple"))


def _forge_manifest(root: Path) -> None:
    """Change it and name it properly: only the signature can tell."""
    path = root / "manifests" / f"{(root / 'current').read_text().strip()}.json"
    data = path.read_bytes().replace(b"Example", b"Exbmple")
    digest = hashlib.sha256(data).hexdigest()
    (root / "manifests" / f"{digest}.json").write_bytes(data)
    (root / "manifests" / f"{digest}.json.sig").write_bytes(
        path.with_name(path.name + ".sig").read_bytes()
    )
    (root / "current").write_text(digest)


def _drop_signature(root: Path) -> None:
    path = root / "manifests" / f"{(root / 'current').read_text().strip()}.json.sig"
    path.unlink()


def _go_back(root: Path) -> None:
    oldest = Store(root).versions()[-1]
    (root / "current").write_text(oldest.digest)


def _break_current(root: Path) -> None:
    (root / "current").write_text("<html>captive portal</html>")


@pytest.mark.parametrize(
    "harm",
    [
        _flip_objects,
        _lose_objects,
        _change_manifest,
        _forge_manifest,
        _drop_signature,
        _go_back,
        _break_current,
    ],
)
def test_a_bad_mirror_changes_nothing(
    served: tuple[Path, str], tmp_path: Path, harm: object
) -> None:
    root, address = served
    keys, mine = tmp_path / "keys", Store(tmp_path / "mine")
    publish(root, keys, 1)
    publish(root, keys, 3, hours=5)
    pull(address, mine, http_get(), terms(keys), Quiet())
    have = mine.current()
    publish(root, keys, 40, hours=10)
    with Store(root).writing():
        Store(root).prune(keep=3)
    harm(root)  # type: ignore[operator]

    with pytest.raises(AdvisoryDataError):
        pull(address, mine, http_get(), terms(keys), Quiet())

    assert mine.current() == have
    assert len(mine.open().lookup("deb/debian:12", "openssl")) == 4


def test_a_bundle_carries_a_whole_version(tmp_path: Path) -> None:
    keys, bundle = tmp_path / "keys", tmp_path / "db.tar"
    store = publish(tmp_path / "one", keys, 3)
    mine = Store(tmp_path / "mine")

    size = write_bundle(store, store.current(), bundle)
    write_bundle(store, store.current(), tmp_path / "again.tar")
    digest = read_bundle(bundle, mine, terms(keys))

    assert size == bundle.stat().st_size
    assert bundle.read_bytes() == (tmp_path / "again.tar").read_bytes()
    assert digest == store.current() == mine.current()
    assert mine.open().info.verified
    assert mine.open().lookup("deb/debian:12", "openssl") == store.open().lookup(
        "deb/debian:12", "openssl"
    )
    with tarfile.open(bundle) as archive:  # other readers agree on what is in it
        assert archive.getnames()[0] == "current"


def test_a_truncated_or_changed_bundle_is_refused_whole(tmp_path: Path) -> None:
    keys, bundle = tmp_path / "keys", tmp_path / "db.tar"
    store = publish(tmp_path / "one", keys, 3)
    mine = Store(tmp_path / "mine")
    write_bundle(store, store.current(), bundle)
    data = bundle.read_bytes()
    cuts = [data[:cut] for cut in range(0, len(data), 769)]
    flips = [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(0, 2000, 97)]

    for bad in (*cuts, *flips):
        bundle.write_bytes(bad)
        try:
            digest = read_bundle(bundle, mine, terms(keys))
        except AdvisoryDataError:
            assert mine.current() == ""
        else:  # the flip hit a byte that says nothing, such as padding
            assert digest == store.current()
            (mine.root / "current").unlink()


def test_an_unsigned_or_strange_bundle_needs_consent(tmp_path: Path) -> None:
    keys, bundle = tmp_path / "keys", tmp_path / "db.tar"
    store = Store(tmp_path / "one")
    build_with(store, feed_of(advisory()))
    mine = Store(tmp_path / "mine")
    write_bundle(store, store.current(), bundle)
    local_key(keys)

    with pytest.raises(AdvisoryDataError, match="not signed"):
        read_bundle(bundle, mine, terms(keys))
    read_bundle(bundle, mine, terms(keys, allow_unsigned=True))
    assert not mine.open().info.verified

    other = publish(tmp_path / "other", tmp_path / "strangers", 2, hours=1)
    write_bundle(other, other.current(), bundle)
    with pytest.raises(AdvisoryDataError, match="not trusted"):
        read_bundle(bundle, mine, terms(keys))
    read_bundle(bundle, mine, terms(keys, allow_unsigned=True))
    assert not mine.open().info.verified


def test_consent_to_unsigned_ones_does_not_hide_a_good_signature(tmp_path: Path) -> None:
    keys, bundle = tmp_path / "keys", tmp_path / "db.tar"
    store = publish(tmp_path / "one", keys, 1)
    write_bundle(store, store.current(), bundle)
    mine = Store(tmp_path / "mine")

    read_bundle(bundle, mine, terms(keys, allow_unsigned=True))

    assert mine.open().info.verified


def test_a_bundle_cannot_bring_more_than_its_manifest_names(tmp_path: Path) -> None:
    keys, bundle = tmp_path / "keys", tmp_path / "db.tar"
    store = publish(tmp_path / "one", keys, 1)
    write_bundle(store, store.current(), bundle)
    with tarfile.open(bundle, "a") as archive:
        archive.addfile(tarfile.TarInfo("../../evil"), io.BytesIO())

    with pytest.raises(AdvisoryDataError):
        read_bundle(bundle, Store(tmp_path / "mine"), terms(keys))
    assert not (tmp_path / "evil").exists()


def test_export_refuses_a_damaged_version(tmp_path: Path) -> None:
    store = publish(tmp_path / "one", tmp_path / "keys", 1)
    segment = store.open().manifest.segments[0]
    path = object_path(store.root, segment.digest)
    path.write_bytes(path.read_bytes()[:-1] + b"x")

    with pytest.raises(AdvisoryDataError, match="damaged"):
        write_bundle(store, store.current(), tmp_path / "db.tar")
    assert not (tmp_path / "db.tar").exists()


def test_the_database_opens_without_network_signature_or_sql_libraries() -> None:
    code = (
        "import sys, scantling.advisories.store\n"
        "bad = {'httpx2', 'cryptography', 'sqlite3', 'ssl', 'backports.zstd', 'cvss'}\n"
        "print(sorted(bad & set(sys.modules)))"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_a_key_elsewhere_can_sign(tmp_path: Path) -> None:
    key = tmp_path / "release.pem"
    create_key(key)
    store = Store(tmp_path / "db")

    digest, _ = build_with(store, feed_of(advisory()), key_file=key)

    assert store.signed_by(digest) == trusted_keys(tmp_path)[0].fingerprint


def test_a_publishers_missing_release_does_not_stop_the_others(served: tuple[Path, str]) -> None:
    root, address = served
    (root / "v3.24.json").write_text("{}")
    downloads = LocalFetcher(root, http_downloads(network_client))
    there, missing = f"{address}/v3.24.json", f"{address}/v3.25.json"

    outcome = fetch_all(downloads, (missing, there), "")

    assert isinstance(outcome, Fetched)
    assert outcome.gone == (missing,)
    assert contents(outcome) == [("v3.24.json", b"{}")]
    assert isinstance(fetch_all(downloads, (missing, there), outcome.fingerprint), Unchanged)
    with pytest.raises(GoneError):
        fetch_all(downloads, (missing,), "")
