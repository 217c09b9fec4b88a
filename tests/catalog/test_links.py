"""What a layer adds is found without unpacking its list of paths at once."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from scantling.catalog.links import Paths, folders_above

PARTS = st.lists(st.sampled_from(["a", "b", "ab", "é"]), min_size=1, max_size=4)
PATHS = st.builds(lambda parts, end: "/".join(parts) + end, PARTS, st.sampled_from(["", "/"]))


def _packed(paths: list[str]) -> Paths:
    return Paths(zlib.compress("\0".join(paths).encode()))


@given(st.lists(PATHS, max_size=12), st.sets(PATHS, max_size=6))
def test_names_are_found_wherever_they_are(paths: list[str], names: set[str]) -> None:
    added = _packed(paths)

    assert added.among(names, folders_above(names)) == names.intersection(paths)
    assert all((name in added) == (name in paths) for name in names)


@given(st.lists(PATHS, max_size=12), PARTS)
def test_a_folder_is_there_if_anything_is_in_it(paths: list[str], parts: list[str]) -> None:
    folder = "/".join(parts)

    assert _packed(paths).has_folder(folder) == any(one.startswith(f"{folder}/") for one in paths)


def test_a_long_list_loses_nothing_where_its_pieces_meet() -> None:
    paths = [f"srv/{index * 7919 % 65521:x}/été-{index}" for index in range(30_000)]
    names = {*paths[::7], "srv/0", "etc/os-release"}
    added = _packed([*paths, "etc/os-release"])

    assert added.among(names, folders_above(names)) == names - {"srv/0"}
    assert [path for piece in added.pieces() for path in piece.split("\0")] == [
        *paths,
        "etc/os-release",
    ]


def test_a_folder_with_none_of_the_names_is_passed_over_but_not_its_neighbors() -> None:
    names = {"opt/app/x", "opt/b", "opt/b/"}
    inside = [f"opt/b/{index}" for index in range(5_000)]

    assert _packed(inside).among(names, folders_above(names)) == set()
    assert _packed(["opt/b/", *inside]).among(names, folders_above(names)) == {"opt/b/"}
    assert _packed([*inside, "opt/app/x", *inside]).among(names, folders_above(names)) == {
        "opt/app/x"
    }


def test_no_paths_are_no_paths() -> None:
    assert Paths(b"").among({"a"}, {""}) == set()
    assert "a" not in Paths(b"")
