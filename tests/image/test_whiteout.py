"""Deletion markers, by name alone."""

import pytest

from scantling.core.errors import InputError
from scantling.image.whiteout import Whiteout, classify


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b", None),
        ("a/x.wh.y", None),
        (".wh", None),
        (".wh.a", Whiteout("a", opaque=False)),
        ("usr/bin/.wh.sh", Whiteout("usr/bin/sh", opaque=False)),
        ("usr/.wh...x", Whiteout("usr/..x", opaque=False)),
        (".wh..wh..opq", Whiteout("", opaque=True)),
        ("a/.wh..wh..opq", Whiteout("a", opaque=True)),
    ],
)
def test_names_say_what_is_deleted(path: str, expected: Whiteout | None) -> None:
    assert classify(path) == expected


@pytest.mark.parametrize(
    "path",
    [".wh.", "a/.wh.", ".wh..", ".wh...", "a/.wh..wh.plnk", ".wh.a/b", "a/.wh.b/c", ".wh..wh.x/y"],
)
def test_malformed_markers_are_refused(path: str) -> None:
    with pytest.raises(InputError) as caught:
        classify(path)

    assert (caught.value.code, caught.value.path) == ("whiteout.invalid", path)
