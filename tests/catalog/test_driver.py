"""Reading images: what is found, and what happens when a file or a layer fights back."""

import os
import signal
import zlib
from pathlib import Path

import msgspec
import pytest
from tests.catalog.trial import LINES, facts_of, gaps_of, names, only, opened, with_claims

from scantling.catalog.collect import Collector
from scantling.catalog.driver import read
from scantling.catalog.wants import WantIndex
from scantling.core.errors import TargetError
from scantling.core.limits import MIB, Limits
from scantling.core.model.facts import Owner
from scantling.core.model.gap import GapKind
from scantling.core.model.image import Image, Layer
from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions, OpenImage, Slice
from scantling.image.open import open_image
from scantling.testing.images import (
    DELETED,
    FOLDER,
    OPAQUE,
    Entry,
    Hardlink,
    MemoryImage,
    Symlink,
    digest,
    tar_header,
)


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_a_layer_gives_packages_links_deletions_and_its_paths(
    tmp_path: Path, compression: str
) -> None:
    tree: dict[str, Entry] = {
        "etc": FOLDER,
        "etc/a.pkgs": b"one 1\ntwo 2\n",
        "etc/plain": b"nothing",
        "bin": Symlink("usr/bin"),
        "old": DELETED,
        "srv": OPAQUE,
    }

    (layer,), stats = facts_of(opened(tmp_path, tree, compression=compression))

    assert names(layer) == {"etc/a.pkgs": ["one", "two"]}
    assert layer.links == (("bin", "usr/bin"),)
    assert (layer.deleted, layer.opaque) == (("old",), ("srv",))
    listed = zlib.decompress(layer.paths).decode().split("\0")
    assert set(listed) >= {"etc/", "etc/a.pkgs", "etc/plain"}
    assert (gaps_of(layer), layer.complete, stats.cached) == ([], True, 0)


@pytest.mark.parametrize("workers", [1, 4])
def test_facts_do_not_depend_on_the_number_of_workers(tmp_path: Path, workers: int) -> None:
    layers = [{f"{n}.pkgs": b"x %d\n" % n + b"y 1\n" * n} for n in range(6)]
    layers[2]["z.pkgs"] = b"crash"
    layers[3]["z.pkgs"] = b"bug"
    image = opened(tmp_path, *layers)

    facts, _ = facts_of(image, workers=workers)

    assert facts == facts_of(image, workers=2)[0]
    assert [next(iter(names(layer))) for layer in facts] == [f"{n}.pkgs" for n in range(6)]


def test_equal_layers_are_read_once_and_stand_in_every_place(tmp_path: Path) -> None:
    tree = {"a.pkgs": b"one 1\n"}

    facts, stats = facts_of(opened(tmp_path, tree, {"b.pkgs": b"two 2\n"}, tree))

    assert facts[0] is facts[2]
    assert stats.layers == 3


def test_a_layer_that_a_docker_archive_has_twice_is_read_once(tmp_path: Path) -> None:
    tree = {"a.pkgs": b"one 1\n"}
    image = MemoryImage(layers=(tree, {"b.pkgs": b"two 2\n"}, tree))
    (tmp_path / "image.tar").write_bytes(image.docker_archive())

    facts, _ = facts_of(open_image(str(tmp_path / "image.tar"), ImageOptions(), Quiet()))

    assert facts[0] is facts[2]
    assert names(*facts[:2]) == {"a.pkgs": ["one"], "b.pkgs": ["two"]}


@pytest.mark.parametrize(
    ("order", "code", "limit"),
    [
        ("crash", "parser.crashed", ""),
        ("hog", "limit.memory", "worker_memory_bytes"),
        ("spin", "limit.time", "file_cpu_s"),
        ("stick", "limit.time", "file_cpu_s"),
        ("bug", "parser.bug", ""),
        ("escape", "parser.bug", ""),
        ("refuse it", "parse.failed", ""),
        ("unreadable why", "parse.record", ""),
    ],
)
def test_a_file_that_misbehaves_is_reported_and_hides_nothing_else(
    tmp_path: Path, order: str, code: str, limit: str
) -> None:
    tree = {"a.pkgs": b"one 1\n", "bad.pkgs": order.encode(), "z.pkgs": b"two 2\n"}
    image = opened(tmp_path, tree, {"upper.pkgs": b"three 3\n"})

    facts, _ = facts_of(image, limits=Limits(file_cpu_s=1))

    assert names(*facts) == {
        "a.pkgs": ["one"],
        "bad.pkgs": [],
        "upper.pkgs": ["three"],
        "z.pkgs": ["two"],
    }
    (found,) = gaps_of(*facts)
    assert (found.code, found.limit, found.kind) == (code, limit, GapKind.BLOCKING)
    assert found.path.startswith("bad.pkgs")
    assert facts[0].complete


def test_our_bug_is_named_with_its_place(tmp_path: Path) -> None:
    (layer,), _ = facts_of(opened(tmp_path, {"a.pkgs": b"bug text"}))

    (found,) = gaps_of(layer)
    assert found.detail.startswith("dpkg-lines: ZeroDivisionError in _bug (trial.py:")


def test_what_came_before_a_failure_in_a_file_is_kept(tmp_path: Path) -> None:
    (layer,), _ = facts_of(opened(tmp_path, {"a.pkgs": b"one 1\nrefuse rest\ntwo 2\n"}))

    assert names(layer) == {"a.pkgs": ["one"]}
    assert [one.offset for one in gaps_of(layer)] == [3]


def test_text_that_is_not_unicode_costs_only_its_own_record(tmp_path: Path) -> None:
    (layer,), _ = facts_of(opened(tmp_path, {"a.pkgs": b"one 1\nbroken\ntwo 2\n"}))

    assert names(layer) == {"a.pkgs": ["one", "two"]}
    assert [one.code for one in gaps_of(layer)] == ["parse.record"]


def test_a_layer_that_keeps_ending_its_worker_is_given_up_and_says_why(tmp_path: Path) -> None:
    tree = {f"{n}.pkgs": b"crash" for n in range(5)}

    facts, _ = facts_of(opened(tmp_path, tree, {"upper.pkgs": b"three 3\n"}))

    assert not facts[0].complete
    assert [one.code for one in facts[0].gaps] == [
        "parser.crashed",
        "layer.unread",
        *["parser.crashed"] * 3,
    ]
    assert names(facts[1]) == {"upper.pkgs": ["three"]}


def test_three_crashing_files_in_one_layer_leave_the_rest_of_it(tmp_path: Path) -> None:
    tree = {"a.pkgs": b"one 1\n"} | {f"{n}.pkgs": b"crash" for n in range(3)}

    (layer,), _ = facts_of(opened(tmp_path, tree))

    assert names(layer)["a.pkgs"] == ["one"]
    assert [one.path for one in gaps_of(layer)] == ["0.pkgs", "1.pkgs", "2.pkgs"]


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ({"diff_id": "sha256:" + "0" * 64}, "layer.diffid"),
        ({"diff_id": ""}, "layer.diffid"),
        ({"digest": "sha256:" + "0" * 64}, "layer.digest"),
        ({"size_bytes": 1}, "layer.size"),
        ({"media_type": "application/vnd.oci.image.layer.v1.tar+zstd"}, "layer.mediatype"),
    ],
)
def test_a_layer_that_is_not_what_it_claims_is_reported(
    tmp_path: Path, claim: dict[str, object], code: str
) -> None:
    image = opened(tmp_path, {"a.pkgs": b"one 1\n"})

    (layer,), _ = facts_of(with_claims(image, 0, **claim))

    assert [one.code for one in gaps_of(layer)] == [code]
    assert names(layer) == {"a.pkgs": ["one"]}


def test_a_second_blob_under_the_same_diff_id_is_looked_at_too(tmp_path: Path) -> None:
    image = opened(tmp_path, {"a.pkgs": b"one 1\n"}, {"b.pkgs": b"two 2\n"})
    claimed = image.image.layers[0].diff_id

    facts, _ = facts_of(with_claims(image, 1, diff_id=claimed))

    assert names(facts[1]) == {"b.pkgs": ["two"]}
    assert [one.code for one in gaps_of(*facts)] == ["layer.diffid"]


class _Elsewhere:
    """A blob that cannot be had."""

    identity = ""
    digest = ""
    length_bytes = 0

    def open(self) -> Slice:
        raise TargetError("the registry said no")


def test_a_layer_that_cannot_be_had_is_a_gap_and_the_others_are_read(tmp_path: Path) -> None:
    image = opened(tmp_path, {"a.pkgs": b"one 1\n"}, {"b.pkgs": b"two 2\n"})
    image = msgspec.structs.replace(image, blobs=(_Elsewhere(), image.blobs[1]))

    facts, _ = facts_of(image)

    assert [(one.code, one.detail) for one in gaps_of(*facts)] == [
        ("layer.missing", "the registry said no")
    ]
    assert [layer.complete for layer in facts] == [False, True]
    assert names(*facts) == {"b.pkgs": ["two"]}


def test_a_truncated_layer_is_incomplete(tmp_path: Path) -> None:
    (blob,) = MemoryImage(layers=({"a.pkgs": b"one 1\n", "b": bytes(5000)},)).layer_blobs()
    image = opened(tmp_path, {"a.pkgs": b"one 1\n", "b": bytes(5000)})
    path = tmp_path / "blobs" / "sha256" / blob.digest[7:]
    path.write_bytes(blob.data[:-30])
    image.close()
    image = open_image(str(tmp_path), ImageOptions(), Quiet())

    (layer,), _ = facts_of(image)

    assert not layer.complete
    assert {"layer.digest", "gzip.corrupt"} & {one.code for one in gaps_of(layer)}


@pytest.mark.parametrize("first", ["store", "link.pkgs"])
def test_a_wanted_hard_link_gets_the_content_of_the_file_it_names(
    tmp_path: Path, first: str
) -> None:
    both: dict[str, Entry] = {"store": b"one 1\n", "link.pkgs": Hardlink("store")}
    tree = {name: both[name] for name in sorted(both, key=lambda name: name != first)}

    (layer,), _ = facts_of(opened(tmp_path, tree))

    assert names(layer) == {"link.pkgs": ["one"]}


def test_hard_links_to_a_file_found_by_content_are_found_too(tmp_path: Path) -> None:
    tree: dict[str, Entry] = {"bin/a": b"#!pkgs\none 1\n", "bin/b": Hardlink("bin/a")}

    (layer,), _ = facts_of(opened(tmp_path, tree))

    assert names(layer) == {"bin/a": ["#!pkgs", "one"], "bin/b": ["#!pkgs", "one"]}
    assert all(file.by_content for file in layer.files)


@pytest.mark.parametrize(
    ("tree", "code"),
    [
        ({"a.pkgs": Hardlink("nowhere")}, "link.missing"),
        ({"a.pkgs": Hardlink("a.pkgs")}, "link.loop"),
        ({"a.pkgs": Hardlink("b.pkgs"), "b.pkgs": Hardlink("a.pkgs")}, "link.loop"),
    ],
)
def test_a_wanted_hard_link_that_leads_nowhere_is_a_gap(
    tmp_path: Path, tree: dict[str, Hardlink], code: str
) -> None:
    (layer,), _ = facts_of(opened(tmp_path, tree))

    assert {(one.code, one.path) for one in gaps_of(layer)} >= {(code, path) for path in tree}


def test_owners_are_kept_for_evidence_with_and_without_merged_usr(tmp_path: Path) -> None:
    tree = {
        "usr/lib/a.pkgs": b"one 1\n",
        "usr/bin/tool": b"#!pkgs\n",
        "owned.pkgs": b"owns lib/a.pkgs usr/bin/tool usr/share/other below/in-a-lower-layer.pkgs",
    }

    (layer,), _ = facts_of(opened(tmp_path, tree))

    assert layer.owners == tuple(
        Owner(path=path, type="deb", package="owner")
        for path in ("below/in-a-lower-layer.pkgs", "usr/bin/tool", "usr/lib/a.pkgs")
    )


def test_the_budget_of_a_scan_is_spent_in_layer_order(tmp_path: Path) -> None:
    layers = [{f"{n}.pkgs": b"one 1\n", "fill": bytes(1 * MIB)} for n in range(3)]

    facts, _ = facts_of(opened(tmp_path, *layers), limits=Limits(scan_bytes=5 * MIB // 2))

    assert [layer.complete for layer in facts] == [True, True, False]
    assert [(one.code, one.limit) for one in gaps_of(*facts)] == [("limit.bytes", "scan_bytes")]


def test_a_wanted_file_above_its_limit_is_a_gap(tmp_path: Path) -> None:
    (layer,), _ = facts_of(
        opened(tmp_path, {"a.pkgs": b"one 1\n" * 99}), limits=Limits(text_bytes=9)
    )

    assert [(one.code, one.path, one.limit) for one in gaps_of(layer)] == [
        ("limit.file", "a.pkgs", "text_bytes")
    ]


class _Plain:
    """An uncompressed layer in memory."""

    identity = ""
    digest = ""
    length_bytes = 0

    def __init__(self, tar: bytes) -> None:
        self._tar = tar

    def open(self) -> Slice:
        memory = os.memfd_create("layer")
        os.write(memory, self._tar)
        return Slice(fd=memory, offset_bytes=0, length_bytes=len(self._tar))


def test_names_that_are_not_utf8_are_spelled_out() -> None:
    header = tar_header(b"caf\xe9.pkgs", size=6)
    tar = header + b"one 1\n".ljust(512, b"\0") + bytes(1024)
    layers = (Layer(index=0, diff_id=digest(tar)),)
    image = Image(reference="test", kind="oci-layout", layers=layers)

    (layer,), _ = facts_of(OpenImage(image=image, blobs=(_Plain(tar),)))

    assert names(layer) == {"caf\\xe9.pkgs": ["one"]}
    assert zlib.decompress(layer.paths) == b"caf\\xe9.pkgs"


def test_an_image_without_layers_has_no_facts(tmp_path: Path) -> None:
    assert facts_of(opened(tmp_path))[0] == ()


def test_the_sandbox_is_reported_in_the_statistics(tmp_path: Path) -> None:
    _, stats = read(opened(tmp_path, {"a.pkgs": b""}), catalogers=[LINES])

    degraded = [one for one in stats.gaps if one.code == "sandbox.degraded"]
    assert stats.isolation is not None
    assert bool(degraded) == (set(stats.isolation) != {"landlock", "seccomp", "rlimits"})


def test_the_cost_of_reading_is_known(tmp_path: Path) -> None:
    (layer,), stats = facts_of(opened(tmp_path, {"a.pkgs": b"one 1\n", "b": bytes(MIB)}))

    assert stats.read_bytes == layer.size_bytes > MIB
    assert stats.cpu_s > 0
    assert stats.peak_bytes > MIB
    assert only(layer.files).cataloger == "dpkg-lines"


def test_no_clock_runs_between_files() -> None:
    index = WantIndex([LINES])
    notes: list[str] = []
    before = [signal.getsignal(number) for number in (signal.SIGVTALRM, signal.SIGPROF)]
    try:
        collector = Collector([LINES], index, Limits(), skip={}, note=notes.append)
        collector.add("a.pkgs", b"one 1\n", 0o644)
        timers = [signal.getitimer(each) for each in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)]
    finally:
        for number, handler in zip((signal.SIGVTALRM, signal.SIGPROF), before, strict=True):
            signal.signal(number, handler)

    assert timers == [(0, 0), (0, 0)]
    assert notes == ["dpkg-lines\na.pkgs", ""]
