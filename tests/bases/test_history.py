"""Guessing from the build steps where the base ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.bases.history import Cut, guess
from scantling.image.api import History

_NOP = "/bin/sh -c #(nop) "
_DEBIAN_OLD = [
    (f"{_NOP}ADD file:0b1c in / ", False),
    (f'{_NOP} CMD ["bash"]', True),
]
_DEBIAN_NEW = [("# debian.sh --arch 'amd64' out/ 'bookworm' '@1754006400'", False)]
_PYTHON = [
    ("ENV PATH=/usr/local/bin:/usr/bin", True),
    ("RUN /bin/sh -c apt-get update # buildkit", False),
    ("ENV PYTHON_VERSION=3.12.4", True),
    ("RUN /bin/sh -c make install # buildkit", False),
    ('CMD ["python3"]', True),
]
_APP = [
    ("WORKDIR /app", False),
    ("COPY . . # buildkit", False),
    ('CMD ["python3" "app.py"]', True),
]


def _steps(pairs: list[tuple[str, bool]], created: tuple[str, ...] = ()) -> list[History]:
    dates = created or ("",) * len(pairs)
    return [
        History(created=date, created_by=text, empty_layer=empty)
        for (text, empty), date in zip(pairs, dates, strict=True)
    ]


def _cut(pairs: list[tuple[str, bool]], created: tuple[str, ...] = ()) -> Cut:
    cut = guess(_steps(pairs, created))
    assert cut is not None
    return cut


def test_the_base_ends_at_the_last_command_before_new_files() -> None:
    cut = _cut(_DEBIAN_OLD + _PYTHON + _APP)

    assert (cut.layers, cut.name, cut.version) == (3, "python", "3.12.4")
    assert cut.because == 'the last step before new files is CMD ["python3"]'


def test_an_image_of_a_distribution_is_named_by_the_tool_that_made_it() -> None:
    cut = _cut([*_DEBIAN_NEW, ('CMD ["bash"]', True), *_APP])

    assert (cut.layers, cut.name, cut.version) == (1, "debian", "bookworm")


def test_the_final_command_of_the_image_is_not_the_bases() -> None:
    assert guess(_steps(_APP)) is None


def test_python_itself_stands_on_debian() -> None:
    assert _cut(_DEBIAN_OLD + _PYTHON).layers == 1


def test_without_a_command_a_change_of_builder_divides() -> None:
    cut = _cut([(f"{_NOP}COPY dir:1 in / ", False), ("COPY . /app # buildkit", False)])

    assert cut.layers == 1
    assert "the classic builder" in cut.because


def test_without_any_mark_a_long_pause_divides() -> None:
    dates = ("2026-01-01T00:00:00.123456789Z", "2026-01-01T00:01:00Z", "2026-02-01T00:00:00Z")

    cut = _cut([("one", False), ("two", False), ("three", False)], dates)

    assert cut.layers == 2
    assert "30 days later" in cut.because


def test_a_root_file_system_is_a_base_if_nothing_else_tells() -> None:
    cut = _cut([("ADD alpine-minirootfs-3.22.0-x86_64.tar.gz / # buildkit", False), ("x", False)])

    assert cut.layers == 1


def test_steps_that_say_nothing_give_no_base() -> None:
    dates = ("2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z")

    assert guess(_steps([("umoci repack", False), ("umoci repack", False)], dates)) is None
    assert guess([]) is None


_TEXTS = st.sampled_from(
    ['CMD ["x"]', "# debian.sh 'a' '@1'", f"{_NOP} CMD x", "COPY a / # buildkit", "ENV A=1", ""]
) | st.text(max_size=30)
_STEP = st.builds(
    History,
    created=st.sampled_from(["", "2026-01-01T00:00:00Z", "2026-05-01T00:00:00", "x"]),
    created_by=_TEXTS,
    empty_layer=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEP, max_size=8))
def test_a_guess_leaves_layers_on_both_sides(history: list[History]) -> None:
    cut = guess(history)

    if cut is not None:
        assert 0 < cut.layers < sum(not step.empty_layer for step in history)


@pytest.mark.parametrize("length", [2000])
def test_long_steps_are_read_in_linear_time(length: int) -> None:
    noise = "ADD " + "a " * length + "# debian.sh " + "' '@" * length

    assert guess(_steps([(noise, False), ("x", False)])) is None
