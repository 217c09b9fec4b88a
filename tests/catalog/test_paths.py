"""Paths of a layer: packed as they come, and still checked as a list would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scantling.catalog import paths as module
from scantling.catalog.factsform import clean
from scantling.catalog.paths import PathList, texts, unpacked
from scantling.image.gaplist import GapList
from scantling.image.tar import PlainPaths

_NAMES = st.lists(
    st.lists(st.sampled_from(["a", "b", "é", "x\udcff"]), min_size=1, max_size=3).map("/".join)
    | st.sampled_from(["a/", "b/", "a/b/"]),
    max_size=30,
)
_MANY = [f"usr/share/{number % 997}/name{number}" for number in range(200_000)]


def _noted(listed: PathList | PlainPaths, evidence: set[str]) -> list[tuple[str, str, str]]:
    gaps = GapList()
    listed.check(evidence, gaps)
    return [(one.code, clean(one.path), one.detail) for one in gaps.gaps()]


def _filled(names: list[str]) -> PathList:
    listed = PathList()
    for name in names:
        listed.append(name)
        listed.settle()
    return listed


@pytest.fixture(params=[3, 65_536], ids=["small parts", "one part"])
def parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PART", request.param)


@pytest.mark.usefixtures("parts")
@given(names=_NAMES, evidence=st.sets(st.sampled_from(["a", "a/b", "x\udcff"])))
def test_packed_paths_are_checked_as_a_list_is(names: list[str], evidence: set[str]) -> None:
    assert _noted(_filled(names), evidence) == _noted(PlainPaths(names), evidence)


@pytest.mark.usefixtures("parts")
@given(names=_NAMES)
def test_packed_paths_come_out_in_order(names: list[str]) -> None:
    listed = _filled(names)

    assert len(listed) == len(names)
    assert list(unpacked(listed.packed())) == [clean(name) for name in names]
    assert listed.packed() == _filled(names).packed()


def test_many_paths_come_out_in_pieces_that_end_between_paths() -> None:
    packed = _filled(_MANY).packed()

    pieces = list(texts(packed))

    assert len(pieces) > 3
    assert "\0".join(pieces).split("\0") == _MANY


def test_packing_does_not_depend_on_when_it_is_asked_for() -> None:
    late = PathList()
    for name in _MANY:
        late.append(name)

    assert late.packed() == _filled(_MANY).packed()


def test_a_double_is_found_a_hundred_thousand_paths_later() -> None:
    listed = _filled([*_MANY, _MANY[3], _MANY[5], "usr/share"])

    assert _noted(listed, {_MANY[3]}) == [
        ("tar.duplicate", _MANY[3], "a layer has two entries for this path"),
        ("tar.note", "", "1 paths that were not read come twice"),
        ("tree.conflict", "usr/share", "a path is both a file and a folder"),
    ]


def test_no_paths_pack_to_something_that_holds_none() -> None:
    assert list(unpacked(PathList().packed())) == []
