"""Advice about the base, and what stands on it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from scantling.bases.advise import advise
from scantling.bases.impact import impact
from scantling.bases.index import KnownImages
from scantling.bases.official import Library, read_folder
from scantling.bases.recognize import recognize
from scantling.core.errors import TargetError
from scantling.core.model.advisory import Release
from scantling.core.model.base import Advice, AdviceKind, BaseImage
from scantling.image.api import History
from tests.bases.images import diff, image, index_of, known

_DATA = Path(__file__).parent / "data" / "library"
_DIGEST = diff("digest")
_CYCLES = {
    "python": (
        Release(product="python", cycle="3.12", end_of_life="2028-10-31"),
        Release(product="python", cycle="3.9", end_of_life="2025-10-31"),
    ),
    "debian": (
        Release(
            product="debian", cycle="12", end_of_life="2026-07-11", extended_until="2028-06-30"
        ),
        Release(product="debian", cycle="13", end_of_life="2028-08-09"),
    ),
    "nodejs": (
        Release(product="nodejs", cycle="24", ended=True),
        Release(product="nodejs", cycle="22", ended=False),
    ),
}


def _releases(product: str) -> tuple[Release, ...]:
    return _CYCLES.get(product, ())


def _library() -> Library:
    return read_folder(_DATA, as_of="2026-08-21", revision="37079fb336f5")


def _base(name: str, *tags: str) -> BaseImage:
    return BaseImage(
        name=f"docker.io/library/{name}", tags=tags, digest=_DIGEST, layers=1, evidence="index"
    )


def _advice(
    base: BaseImage, *, declared: str = "", indexes: tuple[KnownImages, ...] = ()
) -> dict[AdviceKind, Advice]:
    found = advise(base, _library(), indexes, _releases, today="2026-11-23", declared=declared)
    return {one.kind: one for one in reversed(found)}


def test_a_tag_is_pinned_with_the_exact_line_to_write() -> None:
    base = replace(_base("python", "3.12-slim", "3.12.4-slim"), current=True)

    pin = _advice(base, declared="python:3.12-slim")[AdviceKind.PIN]

    assert pin.title == f"Write FROM python:3.12-slim@{_DIGEST}"
    assert pin.after == f"docker.io/library/python:3.12-slim@{_DIGEST}"
    assert pin.certain


def test_an_outdated_digest_is_not_what_is_pinned() -> None:
    newest = diff("newest")
    base = replace(
        _base("python", "3.12-slim"),
        current=False,
        newest="docker.io/library/python:3.12-slim",
        newest_digest=newest,
    )

    found = _advice(base, declared="python:3.12-slim")

    assert found[AdviceKind.PIN].digest == newest
    assert found[AdviceKind.REFRESH].digest == newest


def test_a_pinned_or_undeclared_base_needs_no_pin() -> None:
    base = _base("python", "3.12-slim")

    assert AdviceKind.PIN not in _advice(base)
    assert AdviceKind.PIN not in _advice(base, declared=f"python:3.12-slim@{_DIGEST}")
    assert AdviceKind.PIN not in _advice(base, declared="debian:12")


def test_without_a_digest_the_pin_says_so() -> None:
    base = replace(_base("python", "3.12-slim"), digest="")

    pin = _advice(base, declared="python:3.12-slim")[AdviceKind.PIN]

    assert (pin.digest, pin.certain) == ("", False)


def test_newer_versions_come_with_where_they_are_from() -> None:
    found = _advice(_base("python", "3.12.4-slim-bookworm"))

    assert found[AdviceKind.PATCH].after == "docker.io/library/python:3.12.14-slim-bookworm"
    assert found[AdviceKind.MINOR].after == "docker.io/library/python:3.14.7-slim-bookworm"
    assert "official images of 2026-08-21" in found[AdviceKind.PATCH].because
    assert not found[AdviceKind.PATCH].certain


def test_an_ended_version_is_left_for_a_living_one() -> None:
    ended = _advice(_base("python", "3.9"))[AdviceKind.END_OF_LIFE]

    assert ended.title == "Leave python 3.9 for python:3.14"
    assert ended.because == "the support of python 3.9 ended on 2025-10-31"


def test_an_ended_system_is_left_on_the_same_line() -> None:
    ended = _advice(_base("python", "3.12.4-slim-bookworm"))[AdviceKind.END_OF_LIFE]

    assert ended.title == "Leave debian 12 for python:3.12.14-slim-trixie"
    assert "extended until 2028-06-30" in ended.because


def test_a_tag_that_names_no_system_is_judged_by_its_aliases() -> None:
    ended = _advice(_base("node", "22"))[AdviceKind.END_OF_LIFE]

    assert ended.title == "Leave debian 12 for node:22-trixie"


def test_a_major_version_that_has_ended_is_not_advised() -> None:
    assert AdviceKind.MAJOR not in _advice(_base("node", "22"))


def test_slimmer_images_come_with_both_sizes_where_they_are_known(tmp_path: Path) -> None:
    big = replace(known("a", "docker.io/library/python", "3.12"), size_bytes=380_000_000)
    slim = replace(known("b", "docker.io/library/python", "3.12-slim"), size_bytes=45_000_000)
    index = index_of(tmp_path, big, slim)

    found = _advice(_base("python", "3.12"), indexes=(index,))[AdviceKind.SLIMMER]

    assert found.after == "docker.io/library/python:3.12-slim"
    assert "45 MB instead of 380 MB" in found.because


def test_distroless_is_advised_without_certainty() -> None:
    found = _advice(_base("node", "22"))[AdviceKind.DISTROLESS]

    assert found.after == "gcr.io/distroless/nodejs22-debian13"
    assert not found.certain


def test_a_guessed_version_is_judged_but_not_called_too_big() -> None:
    steps = (
        History(created="", created_by="ENV PYTHON_VERSION=3.12.4", empty_layer=True),
        History(created="", created_by="RUN make # buildkit", empty_layer=False),
        History(created="", created_by='CMD ["python3"]', empty_layer=True),
        History(created="", created_by="COPY . /app # buildkit", empty_layer=False),
    )
    base = recognize(image("ab"), [], history=steps)
    assert base is not None

    found = _advice(base)

    assert found[AdviceKind.PATCH].after == "docker.io/library/python:3.12.14"
    assert not found[AdviceKind.PATCH].certain
    assert AdviceKind.SLIMMER not in found


def test_advice_comes_in_a_declared_order() -> None:
    found = advise(
        _base("node", "22"),
        _library(),
        (),
        _releases,
        today="2026-11-23",
        declared="node:22",
    )

    order = [*AdviceKind]
    assert [one.kind for one in found] == sorted((one.kind for one in found), key=order.index)


@pytest.mark.parametrize("name", ["", "scratch"])
def test_a_base_without_a_name_gets_no_advice(name: str) -> None:
    base = BaseImage(name=name, layers=1)

    assert advise(base, _library(), (), _releases, today="2026-11-23") == ()


def test_a_private_base_is_only_refreshed_and_pinned(tmp_path: Path) -> None:
    name = "registry.example.com/base/python"
    older = known("a", name, "3.12")
    newer = known("b", name, "3.12", created="2026-06-01T00:00:00Z")
    index = index_of(tmp_path, older, newer)
    base = recognize(image("ac"), [index])
    assert base is not None

    found = _advice(base, declared=f"{name}:3.12", indexes=(index,))

    assert {*found} == {AdviceKind.REFRESH, AdviceKind.PIN}
    assert found[AdviceKind.PIN].after == f"{name}:3.12@{newer.digest}"


_OLD = known("a", "docker.io/library/debian", "12")
_NEW = known("b", "docker.io/library/debian", "12", created="2026-06-01T00:00:00Z")
_APP1 = known("ac", "registry.example.com/shop/one", "1")
_APP2 = known("acd", "registry.example.com/shop/two", "1")
_APP3 = known("be", "registry.example.com/shop/three", "1")


def test_images_are_listed_below_the_build_of_the_base_they_stand_on(tmp_path: Path) -> None:
    own = index_of(tmp_path, _APP1, _APP2, _APP3, name="own")
    shared = index_of(tmp_path, _OLD, _NEW, name="imported")

    newest, oldest = impact("debian:12", [own, shared])

    assert (newest.base, newest.images, newest.newest) == (_NEW, (_APP3,), True)
    assert (oldest.base, oldest.images, oldest.newest) == (_OLD, (_APP1, _APP2), False)


@pytest.mark.parametrize("reference", ["debian", "debian:12", _OLD.digest])
def test_a_base_is_meant_by_name_tag_or_digest(tmp_path: Path, reference: str) -> None:
    index = index_of(tmp_path, _OLD, _APP1)

    (stood,) = impact(reference, [index])

    assert stood.images == (_APP1,)


def test_a_base_nobody_knows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no index knows"):
        impact("debian:11", [index_of(tmp_path, _OLD)])
