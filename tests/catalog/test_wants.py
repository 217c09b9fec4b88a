"""The index over wants answers as if each want had been asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.catalog.api import Cataloger, Size, Want
from scantling.catalog.wants import WantIndex, largest

_PARTS = ("a", "b.jar", "METADATA", "x.dist-info", "lib", "apk", "db", "installed", ".jar", "c.")
_paths = st.lists(st.sampled_from(_PARTS), min_size=1, max_size=5).map("/".join)
_heads = st.sampled_from((b"", b"\x7fELF", b"\x7fELF..go..", b"PK\x03\x04", b"\x7fEL"))
_wants = st.builds(
    Want,
    path=st.one_of(st.just(""), _paths),
    name=st.sampled_from(("", "METADATA", "installed", "a")),
    suffix=st.sampled_from(("", ".jar", ".dist-info")),
    folder=st.one_of(st.just(""), _paths),
    parent=st.sampled_from(("", ".dist-info", "db")),
    within=st.sampled_from(("", "lib", "x.dist-info")),
    tail=st.sampled_from(("", "db/installed", "lib/apk/db/installed", "METADATA")),
    magic=st.sampled_from((b"", b"\x7fELF", b"PK")),
    marks=st.sampled_from(((), (b"go",), (b"rust", b"go"))),
    fields=st.sampled_from(((), ((4, b"go"), (6, b"go")), ((4, b"..go"),))),
    size=st.sampled_from(Size),
).filter(lambda w: bool(w.path or w.name or w.suffix or w.folder or w.tail or w.magic))


def _cataloger(name: str, *wants: Want) -> Cataloger:
    return Cataloger(name=name, version=1, wants=wants, parse=lambda _: iter(()))


def _holds(want: Want, path: str, head: bytes) -> bool:
    """Answer one want by its documentation, slowly."""
    *folders, name = path.split("/")
    suffix = name[name.rfind(".") :] if "." in name else ""
    return all(
        (
            not want.path or want.path == path,
            not want.name or want.name == name,
            not want.suffix or want.suffix == suffix,
            not want.folder or want.folder == "/".join(folders),
            not want.parent or (bool(folders) and folders[-1].endswith(want.parent)),
            not want.within or want.within in folders,
            not want.tail or ("/" + path).endswith("/" + want.tail),
            head.startswith(want.magic),
            not (want.marks or want.fields)
            or any(mark in head for mark in want.marks)
            or any(head[at : at + len(value)] == value for at, value in want.fields),
        )
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(_wants, min_size=1, max_size=6), _paths, _heads)
def test_a_file_goes_to_the_catalogers_that_want_it(
    wants: list[Want], path: str, head: bytes
) -> None:
    index = WantIndex([_cataloger(str(place), want) for place, want in enumerate(wants)])

    picked = [pick.cataloger for pick in index.by_data(path, head)]

    assert picked == [place for place, want in enumerate(wants) if _holds(want, path, head)]


@settings(max_examples=100, deadline=None)
@given(st.lists(_wants, min_size=1, max_size=6), _paths, _heads)
def test_nothing_that_is_wanted_is_missed_before_its_content_is_known(
    wants: list[Want], path: str, head: bytes
) -> None:
    index = WantIndex([_cataloger(str(place), want) for place, want in enumerate(wants)])

    before = {p.cataloger for p in (*index.by_name(path), *index.by_content(path, head))}

    assert {pick.cataloger for pick in index.by_data(path, head)} <= before
    found = index.by_content(path, head)
    assert index.size_by_content(path, head) == (largest(found) if found else None)


def test_of_several_wants_of_one_cataloger_the_largest_limit_counts() -> None:
    index = WantIndex([_cataloger("x", Want(name="a"), Want(path="a", size=Size.BINARY))])

    (pick,) = index.by_data("a", b"")

    assert pick.size is Size.BINARY
    assert largest(index.by_name("a")) is Size.BINARY


def test_a_file_wanted_by_name_is_not_counted_as_found_by_content() -> None:
    index = WantIndex([_cataloger("x", Want(magic=b"PK"), Want(suffix=".jar"))])

    assert [pick.by_content for pick in index.by_data("a.jar", b"PK")] == [False]
    assert [pick.by_content for pick in index.by_data("a", b"PK")] == [True]


def test_short_files_cannot_be_wanted_by_content() -> None:
    assert (
        WantIndex([_cataloger("x", Want(magic=b"\x7fELF"), Want(magic=b"MZ"))]).shortest_magic == 2
    )
    assert WantIndex([_cataloger("x", Want(name="a"))]).shortest_magic == 0


@pytest.mark.parametrize(
    "want", [Want(), Want(parent="x"), Want(suffix="jar"), Want(suffix=".a.b")]
)
def test_a_want_that_cannot_be_indexed_is_refused(want: Want) -> None:
    with pytest.raises(ValueError, match=r"a want needs|does not start"):
        WantIndex([_cataloger("x", want)])
