"""The store: whatever happens during an update, there is one good version in use."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from scantling.advisories.manifest import encode_manifest
from scantling.advisories.paths import object_path
from scantling.advisories.sign import create_key, local_key, sign, trusted_keys, verify
from scantling.advisories.store import Offer, Store
from scantling.core.errors import AdvisoryDataError
from scantling.testing.advisories import NOW, OneFetcher, advisory, build_with, feed_of


def grow(store: Store, count: int, hours: int) -> str:
    """Build a version with `count` advisories, `hours` after the first."""
    records = [advisory(f"D-{number}") for number in range(count)]
    digest, _ = build_with(
        store,
        feed_of(*records),
        now=NOW + timedelta(hours=hours),
        fetcher=OneFetcher(str(hours)),
        accept=frozenset({"deb"}),
    )
    return digest


def test_an_old_version_stays_usable_until_it_is_pruned(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old = grow(store, 1, 0)
    new = grow(store, 2, 24)

    assert len(store.open(old).lookup("deb/debian:12", "openssl")) == 1
    assert len(store.open(f"sha256:{old}").lookup("deb/debian:12", "openssl")) == 1
    assert len(store.open(old[:12]).lookup("deb/debian:12", "openssl")) == 1
    assert len(store.open().lookup("deb/debian:12", "openssl")) == 2
    assert store.as_of("2026-09-01") == old
    assert store.as_of("2026-09-02") == new
    assert [one.digest for one in store.versions()] == [new, old]

    with store.writing():
        versions, freed = store.prune(keep=1)

    assert versions == 1
    assert freed > 0
    assert [one.digest for one in store.versions()] == [new]
    assert len(store.open().lookup("deb/debian:12", "openssl")) == 2
    with pytest.raises(AdvisoryDataError):
        store.open(old)


@pytest.mark.parametrize("name", ["", "abc", "../../etc/passwd", "sha256:" + "0" * 64, "0" * 63])
def test_a_version_that_is_not_there_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(AdvisoryDataError):
        Store(tmp_path).open(name)


def test_an_older_version_is_refused_unless_asked_for(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old = grow(store, 1, 0)
    new = grow(store, 2, 24)
    offer = Offer(data=store.manifest_bytes(old))

    with pytest.raises(AdvisoryDataError, match="older"):
        store.switch(offer, NOW + timedelta(days=2))
    assert store.current() == new
    store.switch(offer, NOW + timedelta(days=2), allow_older=True)
    assert store.current() == old


def test_a_version_from_the_future_is_refused(tmp_path: Path) -> None:
    """Otherwise one bad clock would make every later version look old."""
    store = Store(tmp_path)
    grow(store, 1, 0)
    ahead = replace(store.open().manifest, built="2031-01-01T00:00:00Z", sequence=2**40)

    with pytest.raises(AdvisoryDataError, match="future"):
        store.switch(Offer(data=encode_manifest(ahead)), NOW)


@pytest.mark.parametrize("sequence", [-1, 2**53, 2**63])
def test_a_sequence_out_of_range_is_refused(tmp_path: Path, sequence: int) -> None:
    store = Store(tmp_path)
    grow(store, 1, 0)
    ahead = replace(store.open().manifest, sequence=sequence)

    with pytest.raises(AdvisoryDataError, match="sequence"):
        store.switch(Offer(data=encode_manifest(ahead)), NOW)


def test_a_version_with_a_damaged_segment_never_gets_in_use(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "one"), Store(tmp_path / "other")
    grow(store, 50, 0)
    have = grow(other, 1, 0)
    manifest = store.open().manifest
    for segment in manifest.segments:
        data = bytearray(object_path(store.root, segment.digest).read_bytes())
        data[-1] ^= 1
        path = object_path(other.root, segment.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    offer = Offer(data=store.manifest_bytes(store.current()))
    with pytest.raises(AdvisoryDataError, match="damaged"):
        other.switch(offer, NOW)
    assert other.current() == have


def test_two_writers_cannot_mix(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with store.writing(), pytest.raises(AdvisoryDataError, match="another process"):
        grow(Store(tmp_path), 1, 0)

    grow(store, 1, 0)


def test_a_damaged_manifest_is_an_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = grow(store, 1, 0)
    path = tmp_path / "manifests" / f"{digest}.json"
    path.write_bytes(path.read_bytes().replace(b"Example", b"Exbmple"))

    with pytest.raises(AdvisoryDataError, match="digest"):
        store.open()


_UPDATES = """
    import itertools, sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from test_store import Store, grow
    store = Store(Path({root!r}))
    for hours in itertools.count(1):
        grow(store, 1 + hours % 7, hours)
        print(hours, flush=True)
"""


def updating(root: Path) -> subprocess.Popen[str]:
    code = textwrap.dedent(_UPDATES).format(tests=str(Path(__file__).parent), root=str(root))
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_a_reader_sees_whole_versions_while_another_process_updates(tmp_path: Path) -> None:
    store = Store(tmp_path)
    grow(store, 1, 0)
    child = updating(tmp_path)
    try:
        seen: set[str] = set()
        end = time.monotonic() + 30
        while len(seen) < 5 and time.monotonic() < end:
            found = store.open()
            assert (
                len(found.lookup("deb/debian:12", "openssl")) == found.manifest.sources[0].records
            )
            seen.add(found.info.digest)
    finally:
        child.kill()
        child.communicate()

    assert len(seen) == 5


def test_a_killed_update_leaves_a_good_version_in_use(tmp_path: Path) -> None:
    store = Store(tmp_path)
    grow(store, 1, 0)
    for round_ in range(4):
        child = updating(tmp_path)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.01 * round_ + 0.003)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()

        found = store.open()
        for segment in found.manifest.segments:
            store.check(segment)
        assert len(found.lookup("deb/debian:12", "openssl")) == found.manifest.sources[0].records


def test_a_signature_is_checked_against_the_trusted_keys_only(tmp_path: Path) -> None:
    key = local_key(tmp_path / "mine")
    stranger = tmp_path / "stranger.pem"
    create_key(stranger)
    trusted = trusted_keys(tmp_path / "mine")
    signature, name = sign(b"data", key)

    assert verify(b"data", signature, trusted) == name == trusted[0].fingerprint
    assert key.stat().st_mode & 0o777 == 0o600
    assert local_key(tmp_path / "mine") == key
    with pytest.raises(AdvisoryDataError, match="changed after"):
        verify(b"datb", signature, trusted)
    with pytest.raises(AdvisoryDataError, match="not trusted"):
        verify(b"data", sign(b"data", stranger)[0], trusted)
    with pytest.raises(AdvisoryDataError, match="not trusted"):
        verify(b"data", signature, ())
    for position in range(0, len(signature), 5):
        forged = bytearray(signature)
        forged[position] ^= 2
        with pytest.raises(AdvisoryDataError):
            verify(b"data", bytes(forged), trusted)


def test_a_key_is_never_overwritten_and_a_bad_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    create_key(path)
    with pytest.raises(AdvisoryDataError, match="cannot write"):
        create_key(path)

    (tmp_path / "bad.pub").write_text("hello")
    with pytest.raises(AdvisoryDataError, match=r"bad\.pub"):
        trusted_keys(tmp_path)
    with pytest.raises(AdvisoryDataError, match=r"bad\.pub"):
        sign(b"", tmp_path / "bad.pub")


def test_a_signed_build_is_verified_when_opened(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    key = local_key(tmp_path / "keys")

    digest, _ = build_with(store, feed_of(advisory()), key_file=key)

    assert store.open().info.verified
    assert verify(store.manifest_bytes(digest), store.signature(digest), trusted_keys(key.parent))
