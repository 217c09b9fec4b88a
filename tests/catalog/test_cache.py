"""The facts cache: never another answer, whatever is in it and whoever else uses it."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from tests.catalog.trial import gaps_of, opened, with_claims

from scantling.catalog import registry
from scantling.catalog.api import Profile
from scantling.catalog.cache import FactsCache, context, prune
from scantling.catalog.driver import Stats, read
from scantling.catalog.factsform import Wire, encode
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.facts import LayerFacts
from scantling.image.api import OpenImage
from scantling.testing.images import Entry

_STATUS = b"Package: %b\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\n\n"
_HONEST: Mapping[str, Entry] = {"var/lib/dpkg/status": _STATUS % b"honest"}
_OTHER: Mapping[str, Entry] = {"var/lib/dpkg/status": _STATUS % b"other"}


def _read(image: OpenImage, cache: Path) -> tuple[tuple[LayerFacts, ...], Stats]:
    return read(image, cache=cache, workers=1)


def _packages(*layers: LayerFacts) -> list[str]:
    return [one.name for layer in layers for file in layer.files for one in file.packages]


def _shelf(root: Path) -> FactsCache:
    return FactsCache(root, profile=Profile.STANDARD, limits=DEFAULT)


def _payload(diff_id: str, entries: int = 1) -> bytes:
    return encode(Wire(diff_id=diff_id, entries=entries))


def _stored(root: Path, kind: str) -> list[Path]:
    return sorted((root / kind).glob("??/*"))


def test_a_second_scan_gives_the_same_facts_without_reading(tmp_path: Path) -> None:
    image = opened(tmp_path / "image", _HONEST, _OTHER)

    first, cold = _read(image, tmp_path / "cache")
    second, warm = _read(image, tmp_path / "cache")

    assert first == second
    assert _packages(*first) == ["honest", "other"]
    assert (cold.cached, warm.cached, warm.isolation) == (0, 2, None)


def test_the_same_bytes_elsewhere_are_read_again_and_their_facts_stored_once(
    tmp_path: Path,
) -> None:
    _read(opened(tmp_path / "one", _HONEST), tmp_path / "cache")
    _, stats = _read(opened(tmp_path / "two", _HONEST), tmp_path / "cache")

    assert stats.cached == 0
    assert len(_stored(tmp_path / "cache", "facts")) == 1
    assert len(_stored(tmp_path / "cache", "verified")) == 2


def test_an_image_that_claims_the_diff_id_of_another_layer_gets_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    cache = tmp_path / "cache"
    honest = opened(tmp_path / "honest", _HONEST)
    hostile = opened(tmp_path / "hostile", _OTHER)
    hostile = with_claims(hostile, 0, diff_id=honest.image.layers[0].diff_id)

    before, _ = _read(hostile, cache)
    _read(honest, cache)
    after, stats = _read(hostile, cache)
    facts, _ = _read(honest, cache)

    assert before == after
    assert stats.cached == 0
    assert _packages(*after) == ["other"]
    assert [one.code for one in gaps_of(*after)] == ["layer.diffid"]
    assert _packages(*facts) == ["honest"]


def test_facts_with_a_gap_that_may_pass_are_not_kept(tmp_path: Path) -> None:
    image = opened(tmp_path / "image", _HONEST)

    read(image, cache=tmp_path / "cache", limits=Limits(database_bytes=5))

    assert _stored(tmp_path / "cache", "facts") == []


@pytest.mark.parametrize("kind", ["facts", "verified"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "grown", "link", "folder"])
def test_a_damaged_entry_is_ignored_and_written_again(
    tmp_path: Path, kind: str, damage: str
) -> None:
    image = opened(tmp_path / "image", _HONEST)
    cache = tmp_path / "cache"
    first, _ = _read(image, cache)
    (entry,) = _stored(cache, kind)
    _damage(entry, damage)

    second, stats = _read(image, cache)
    third, warm = _read(image, cache)

    assert first == second == third
    assert stats.cached == 0
    assert warm.cached == (0 if damage == "folder" else 1)


def _damage(entry: Path, damage: str) -> None:
    data = entry.read_bytes()
    match damage:
        case "flipped":
            entry.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
        case "cut":
            entry.write_bytes(data[:-1])
        case "empty":
            entry.write_bytes(b"")
        case "grown":
            entry.write_bytes(data + b"\0")
        case "link":
            entry.rename(entry.with_name("real"))
            entry.symlink_to("real")
        case _:
            entry.unlink()
            entry.mkdir()


def test_entries_of_another_user_are_ignored(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    image = opened(tmp_path / "image", _HONEST)
    _read(image, tmp_path / "cache")
    for entry in _stored(tmp_path / "cache", "verified"):
        os.chown(entry, 12345, 12345)

    assert _read(image, tmp_path / "cache")[1].cached == 0


def test_a_cache_that_cannot_be_written_is_reported_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("not a folder")
    image = opened(tmp_path / "image", _HONEST)

    facts, stats = _read(image, tmp_path / "cache")

    assert _packages(*facts) == ["honest"]
    assert [one.code for one in stats.gaps if one.code != "sandbox.degraded"] == ["cache.unusable"]


def test_bytes_without_an_identity_are_never_known(tmp_path: Path) -> None:
    shelf = _shelf(tmp_path)

    shelf.store("", "sha256:a", _payload("sha256:a"))

    assert shelf.look_up("").facts is None
    assert _stored(tmp_path, "facts") == []


def test_a_verified_diff_id_is_known_even_when_the_facts_are_of_other_limits(
    tmp_path: Path,
) -> None:
    _shelf(tmp_path).store("blob", "sha256:a", _payload("sha256:a"))
    other = FactsCache(tmp_path, profile=Profile.STANDARD, limits=Limits(text_bytes=9))

    known = other.look_up("blob")

    assert (known.diff_id, known.facts) == ("sha256:a", None)


def test_profiles_do_not_push_each_other_out(tmp_path: Path) -> None:
    fast = FactsCache(tmp_path, profile=Profile.FAST, limits=DEFAULT)
    deep = FactsCache(tmp_path, profile=Profile.DEEP, limits=DEFAULT)

    fast.store("blob", "sha256:a", _payload("sha256:a", 1))
    deep.store("blob", "sha256:a", _payload("sha256:a", 2))

    kept = [shelf.look_up("blob").facts for shelf in (fast, deep)]
    assert [one.entries for one in kept if one] == [1, 2]


def test_the_context_changes_with_everything_that_changes_facts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = context(Profile.FAST, DEFAULT)

    assert context(Profile.DEEP, DEFAULT) != before
    assert context(Profile.FAST, Limits(records=1)) != before
    assert context(Profile.FAST, Limits(worker_wall_s=1, scan_bytes=1, file_cpu_s=1)) == before
    monkeypatch.setattr(registry, "MODULES", {**registry.MODULES, "dpkg.status": 10**6})
    assert context(Profile.FAST, DEFAULT) != before


def test_pruning_removes_what_was_used_least_recently(tmp_path: Path) -> None:
    shelf = _shelf(tmp_path)
    for number in range(4):
        shelf.store(f"blob {number}", f"sha256:{number}", _payload(f"sha256:{number}"))
    for age, entry in enumerate((*_stored(tmp_path, "facts"), *_stored(tmp_path, "verified"))):
        os.utime(entry, (age, age))
    assert shelf.look_up("blob 2").facts is not None
    total = sum(one.stat().st_size for one in tmp_path.rglob("*") if one.is_file())

    freed = prune(tmp_path, total // 2)

    left = sum(one.stat().st_size for one in tmp_path.rglob("*") if one.is_file())
    assert (left, left <= total // 2) == (total - freed, True)
    assert shelf.look_up("blob 2").facts is not None


def test_pruning_an_absent_cache_frees_nothing(tmp_path: Path) -> None:
    assert prune(tmp_path / "absent", 0) == 0


def test_many_processes_may_use_one_cache_at_once(tmp_path: Path) -> None:
    """Each writes and prunes the same few entries; what is read must be what one wrote."""
    workers = [_forked(tmp_path, number) for number in range(4)]

    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers] == [0] * 4


def _forked(root: Path, number: int) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _hammer(root, number)
            code = 0
        finally:
            os._exit(code)
    return pid


def _hammer(root: Path, number: int) -> None:
    shelf = _shelf(root)
    for turn in range(150):
        name = f"sha256:{turn % 3}"
        shelf.store(f"blob {name}", name, _payload(name, number + 1))
        facts = shelf.look_up(f"blob {name}").facts
        if facts is not None:
            assert facts.diff_id == name
            assert 1 <= facts.entries <= 4
        if turn % 50 == 49:
            prune(root, 2000)
    assert shelf.problem == ""


def test_facts_survive_their_encoding(tmp_path: Path) -> None:
    facts, _ = _read(opened(tmp_path / "image", _HONEST), tmp_path / "cache")

    again, _ = _read(opened(tmp_path / "image", _HONEST), tmp_path / "cache")

    assert msgspec.msgpack.encode(facts) == msgspec.msgpack.encode(again)
