"""The index of known images: what is put in is found again, and nothing else is."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.bases.exchange import read_lines, write_lines
from scantling.bases.index import KnownImages
from scantling.bases.index_writer import write_index
from scantling.bases.known import Known, chain_ids, merged
from scantling.bases.shelf import Shelf
from scantling.core.errors import InputError, UsageError
from tests.bases.images import diff, index_of, known

_DEBIAN = known("a", "docker.io/library/debian", "12", "bookworm")
_PYTHON = known("abc", "docker.io/library/python", "3.12")
_NODE = known("axy", "docker.io/library/node", "22")
_APP = known("abcde", "registry.example.com/shop/app", "1.0")

_CHAINS = st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=12, unique=True)
_FAST = settings(max_examples=60, deadline=None)


def test_chain_ids_are_those_of_the_specification() -> None:
    first, second = diff("a"), diff("b")

    chains = chain_ids((first, second))

    assert chains[0] == first
    assert chains[1] == diff(f"{first} {second}")


def test_all_known_prefixes_are_found_longest_first(tmp_path: Path) -> None:
    index = index_of(tmp_path, _DEBIAN, _PYTHON, _NODE, _APP)

    found = index.prefixes(tuple(map(diff, "abcde!")))

    assert [(depth, one.name) for depth, (one,) in found] == [
        (5, _APP.name),
        (3, _PYTHON.name),
        (1, _DEBIAN.name),
    ]


def test_images_above_a_layer_are_found_by_one_lookup(tmp_path: Path) -> None:
    index = index_of(tmp_path, _DEBIAN, _PYTHON, _NODE, _APP)

    above = index.standing_on(tuple(map(diff, "abc")))

    assert above == (_PYTHON, _APP)
    assert index.standing_on(tuple(map(diff, "abz"))) == ()


def test_names_and_digests_are_looked_up(tmp_path: Path) -> None:
    index = index_of(tmp_path, _DEBIAN, _PYTHON)

    assert index.named(_DEBIAN.name) == (_DEBIAN,)
    assert index.with_digest(_PYTHON.digest) == (_PYTHON,)
    assert index.named("docker.io/library/debia") == ()


@_FAST
@given(_CHAINS, st.text("abc", max_size=7))
def test_the_index_says_what_comparing_every_chain_says(chains: list[str], asked: str) -> None:
    images = tuple(known(chain, f"example.com/{chain}") for chain in chains)
    with TemporaryDirectory() as folder:
        index = index_of(Path(folder), *images)

        found = index.prefixes(tuple(map(diff, asked)))
        above = index.standing_on(tuple(map(diff, asked)))
        everything = tuple(index.everything())
        index.close()

    prefixes = sorted((one for one in chains if asked.startswith(one)), key=len, reverse=True)
    assert [(depth, one.name) for depth, (one,) in found] == [
        (len(chain), f"example.com/{chain}") for chain in prefixes
    ]
    expected = {f"example.com/{one}" for one in chains if asked and one.startswith(asked)}
    assert {one.name for one in above} == expected
    assert sorted(everything, key=str) == sorted(images, key=str)


@_FAST
@given(st.permutations([_DEBIAN, _PYTHON, _NODE, _APP, _APP]))
def test_the_same_images_give_the_same_file_in_any_order(images: list[Known]) -> None:
    assert write_index(images) == write_index([_APP, _DEBIAN, _NODE, _PYTHON])


def test_an_image_seen_twice_keeps_all_its_tags() -> None:
    later = known("a", "docker.io/library/debian", "12.15")

    (one,) = merged((_DEBIAN, later))

    assert one.tags == ("12", "12.15", "bookworm")


def test_every_damaged_byte_is_an_error_or_changes_nothing(tmp_path: Path) -> None:
    written = write_index((_DEBIAN, _PYTHON, _NODE, _APP))
    path = tmp_path / "index.idx"
    asked = tuple(map(diff, "abcde!"))
    path.write_bytes(written.data)
    truth = KnownImages(path, digest=written.digest).prefixes(asked)

    for at in range(0, len(written.data), 7):
        damaged = bytearray(written.data)
        damaged[at] ^= 0x40
        path.write_bytes(damaged)
        try:
            said = KnownImages(path, digest=written.digest).prefixes(asked)
        except InputError as error:
            assert error.code == "base.unread"  # noqa: PT017
        else:
            assert said == truth


@pytest.mark.parametrize("kept", [0, 1, 63, 64, 200, 400])
def test_a_truncated_index_is_an_error(tmp_path: Path, kept: int) -> None:
    written = write_index((_DEBIAN, _PYTHON, _NODE, _APP))
    path = tmp_path / "index.idx"
    path.write_bytes(written.data[:kept])

    with pytest.raises(InputError):
        KnownImages(path)


@_FAST
@given(st.binary(max_size=400))
def test_any_bytes_with_a_true_head_are_read_or_refused(noise: bytes) -> None:
    written = write_index((_DEBIAN, _PYTHON))
    data = written.data[:64] + noise
    with TemporaryDirectory() as folder:
        path = Path(folder) / "index.idx"
        path.write_bytes(data)
        with pytest.raises(InputError):
            KnownImages(path).prefixes((diff("a"),))


def test_lines_are_read_back_as_written() -> None:
    images = (_DEBIAN, _PYTHON, _APP)

    assert tuple(read_lines(write_lines(images))) == images


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"[1]",
        b'{"name": "debian", "diff_ids": []}',
        b'{"name": "docker.io/library/debian", "diff_ids": []}',
        b'{"name": "docker.io/library/debian", "diff_ids": ["sha256:12"]}',
        b'{"name": "docker.io/library/debian\\u001b", "diff_ids": ["sha256:%s"]}' % (b"0" * 64),
        b'{"name": "docker.io/a", "diff_ids": ["sha256:%s"], "digest": "x"}' % (b"0" * 64),
        b"\xff\xfe",
    ],
)
def test_a_line_that_is_no_known_image_ends_the_import(line: bytes) -> None:
    good = next(write_lines((_DEBIAN,)))

    with pytest.raises(InputError, match="line 2 "):
        tuple(read_lines([good, line]))


@_FAST
@given(st.lists(st.binary(max_size=80), max_size=4))
def test_any_lines_are_images_or_an_error(lines: list[bytes]) -> None:
    try:
        found = tuple(read_lines(lines))
    except InputError:
        return
    assert not found
    assert not any(line.strip() for line in lines)


def test_a_shelf_keeps_sets_apart_and_asks_the_own_one_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "bases")
    shelf.replace((_DEBIAN,), name="imported")
    shelf.add((_APP,))

    assert [one.name for one in shelf.sets()] == ["own", "imported"]
    assert [tuple(index.everything()) for index in shelf.open()] == [(_APP,), (_DEBIAN,)]
    assert [index.name for index in shelf.open(only="imported")] == ["imported"]


def test_adding_one_by_one_keeps_few_files(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    images = [known("a" * number, f"example.com/{number}") for number in range(1, 25)]

    for one in images:
        shelf.add((one,))

    (own,) = shelf.sets()
    assert own.images == len(images)
    assert len(own.parts) <= 4
    assert len([*tmp_path.glob("*.idx")]) == len(own.parts)


def test_replacing_a_set_by_nothing_removes_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.replace((_DEBIAN,), name="imported")

    shelf.replace((), name="imported")

    assert shelf.sets() == ()
    assert not [*tmp_path.glob("*.idx")]


def test_a_damaged_or_missing_file_of_a_set_is_an_error(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.add((_DEBIAN,))
    (path,) = tmp_path.glob("*.idx")
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="own"):
        shelf.open()

    (tmp_path / "sets.json").write_text('{"format": 1, "sets": [{"name": 3}]}')
    with pytest.raises(InputError, match=r"sets\.json"):
        shelf.sets()


def test_a_name_that_could_be_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Shelf(tmp_path).replace((_DEBIAN,), name="../elsewhere")
