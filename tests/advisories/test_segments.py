"""Segments: what was written is found, nothing else is, and damage never looks like silence."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.advisories.segment_writer import Written, write_segment
from scantling.advisories.segments import Kind, Segment, key_filter
from scantling.core.errors import AdvisoryDataError

KINDS = st.sampled_from(list(Kind))
TABLES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.binary(max_size=3000),
    max_size=40,
)


def opened(folder: Path, written: Written, kind: Kind) -> Segment:
    path = folder / "segment"
    path.write_bytes(written.data)
    return Segment(path, size=len(written.data), head_digest=written.head, kind=kind, name="s")


def found(segment: Segment, key: str) -> bytes | None:
    return segment.get(key, key_filter(key))


@settings(max_examples=60, deadline=None)
@given(TABLES, KINDS, st.text(max_size=12))
def test_a_segment_answers_like_the_table_it_was_made_of(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, bytes], kind: Kind, other: str
) -> None:
    written = write_segment(kind, sorted(table.items()))

    segment = opened(tmp_path_factory.mktemp("s"), written, kind)

    assert {key: found(segment, key) for key in table} == table
    assert found(segment, other) == table.get(other)
    assert list(segment.pairs()) == sorted(table.items())


@settings(max_examples=60, deadline=None)
@given(TABLES, st.text(max_size=2))
def test_a_prefix_gives_the_keys_that_start_with_it(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, bytes], prefix: str
) -> None:
    kind = Kind.STATEMENTS
    segment = opened(tmp_path_factory.mktemp("s"), write_segment(kind, sorted(table.items())), kind)

    assert [key for key, _ in segment.pairs(prefix)] == sorted(
        key for key in table if key.startswith(prefix)
    )


@pytest.mark.parametrize("kind", Kind)
def test_the_same_records_give_the_same_bytes(kind: Kind) -> None:
    table = {f"package {number}": bytes([number]) * 100 for number in range(200)}

    assert write_segment(kind, sorted(table.items())) == write_segment(
        kind, iter(sorted(table.items()))
    )


def test_keys_out_of_order_are_a_programming_error() -> None:
    with pytest.raises(ValueError, match="ascend"):
        write_segment(Kind.STATEMENTS, [("b", b""), ("a", b"")])


def test_two_keys_with_one_filter_word_are_told_apart(tmp_path: Path) -> None:
    one, other = "plumless", "buckeroo"  # a known CRC-32 collision
    assert key_filter(one) == key_filter(other)

    segment = opened(tmp_path, write_segment(Kind.STATEMENTS, [(one, b"1")]), Kind.STATEMENTS)

    assert found(segment, one) == b"1"
    assert found(segment, other) is None


@pytest.mark.parametrize("kind", [Kind.STATEMENTS, Kind.TEXTS])
def test_a_flipped_bit_gives_an_error_or_the_right_answers(tmp_path: Path, kind: Kind) -> None:
    """Each bit of the head, and a sample of the rest: never a wrong or a missing answer."""
    table = {f"p{number:03}": f"record {number}".encode() * 20 for number in range(60)}
    written = write_segment(kind, sorted(table.items()))
    size = len(written.data)
    errors = 0
    for position in range(0, size * 8, 7):
        data = bytearray(written.data)
        data[position // 8] ^= 1 << (position % 8)
        path = tmp_path / "segment"
        path.write_bytes(data)

        for key, record in table.items():
            try:
                segment = Segment(path, size=size, head_digest=written.head, kind=kind, name="s")
                assert found(segment, key) == record
            except AdvisoryDataError:
                errors += 1
                break

    assert errors == len(range(0, size * 8, 7))  # every byte is read by some look-up


@pytest.mark.parametrize("cut", [0, 1, 63, 64, 200, -1])
def test_a_truncated_segment_is_refused(tmp_path: Path, cut: int) -> None:
    written = write_segment(Kind.STATEMENTS, [("a", b"x" * 500), ("b", bytes(range(256)))])
    path = tmp_path / "segment"
    path.write_bytes(written.data[:cut])

    with pytest.raises(AdvisoryDataError, match="damaged"):
        Segment(
            path,
            size=len(written.data),
            head_digest=written.head,
            kind=Kind.STATEMENTS,
            name="s",
        )


def test_a_segment_of_another_kind_is_refused(tmp_path: Path) -> None:
    written = write_segment(Kind.SIGNALS, [("a", b"x")])

    with pytest.raises(AdvisoryDataError, match="damaged"):
        opened(tmp_path, written, Kind.STATEMENTS)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_even_with_their_own_digest(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    import hashlib  # noqa: PLC0415

    path = tmp_path_factory.mktemp("s") / "segment"
    path.write_bytes(data)

    with pytest.raises(AdvisoryDataError):
        Segment(
            path,
            size=len(data),
            head_digest=hashlib.sha256(data).hexdigest(),
            kind=Kind.STATEMENTS,
            name="s",
        )


def test_questions_in_any_order_and_again_get_the_same_answers(tmp_path: Path) -> None:
    """More blocks than are kept: some are read again, none is mixed up."""
    table = {f"{index:05}": bytes([index % 256]) * 3000 for index in range(1_000)}
    segment = opened(
        tmp_path, write_segment(Kind.STATEMENTS, sorted(table.items())), Kind.STATEMENTS
    )

    for step in (1, 7, 13):
        for index in range(0, 1_000 * step, step):
            key = f"{index % 1_000:05}"
            assert found(segment, key) == table[key]
