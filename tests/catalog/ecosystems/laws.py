"""Laws that every cataloger keeps, and what tests need to state them."""

import random
from collections.abc import Iterator, Sequence

from scantling.catalog.api import Cataloger, Found, OpenFile, Unreadable
from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.facts import PackageFact
from scantling.core.model.gap import CODES


def read(plugin: Cataloger, path: str, data: bytes, limits: Limits = DEFAULT) -> list[Found]:
    """Return what the cataloger says; an InputError becomes an Unreadable, as in the driver."""
    found: list[Found] = []
    try:
        found.extend(plugin.parse(OpenFile(path=path, data=data, limits=limits)))
    except InputError as error:
        found.append(Unreadable(code=error.code, reason=error.detail, limit=error.limit))
    assert all(one.code in CODES for one in gaps(found))
    return found


def packages(found: Sequence[Found]) -> list[PackageFact]:
    return [one for one in found if isinstance(one, PackageFact)]


def gaps(found: Sequence[Found]) -> list[Unreadable]:
    return [one for one in found if isinstance(one, Unreadable)]


def codes(found: Sequence[Found]) -> set[str]:
    return {one.code for one in gaps(found)}


def ids(found: Sequence[Found]) -> list[str]:
    """Return `namespace/name@version` of the packages, in order."""
    return [
        f"{one.namespace}/{one.name}@{one.version}".removeprefix("/") for one in packages(found)
    ]


def damaged(data: bytes, *, keep: int = 0, seed: int = 1, copies: int = 150) -> Iterator[bytes]:
    """Yield copies of `data` that are cut off somewhere, and copies with one bit flipped.

    The first `keep` bytes stay whole: without its magic number a file is of another kind.
    """
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    for _ in range(copies):
        yield data[: rng.randrange(keep, len(data))]
        at = rng.randrange(keep, len(data))
        yield data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]


def assert_damage_is_never_silent(
    plugin: Cataloger, path: str, data: bytes, *, keep: int = 0, copies: int = 150
) -> None:
    """Damage changes what is said or is reported; it never makes a package disappear."""
    whole = len(packages(read(plugin, path, data)))
    assert whole
    for copy in damaged(data, keep=keep, copies=copies):
        found = read(plugin, path, copy)
        assert len(packages(found)) >= whole or gaps(found), copy[:200]
