"""The policies that come with Scantling, and every file a user names."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from scantling.assess.policy.document import Acceptance, Layer, Policy
from scantling.assess.policy.reading import read_exceptions, read_policy
from scantling.core.errors import UsageError
from scantling.core.yaml import SETTINGS_BYTES

BUILT_IN: Final = ("advisory-only", "baseline", "sla", "strict")
"""Names of the policies in this package."""


def built_in_text(name: str) -> str:
    """Return the text of a built-in policy. Raises UsageError for a name there is not."""
    if name not in BUILT_IN:
        raise UsageError(f"there is no built-in policy {name!r}; there are {', '.join(BUILT_IN)}")
    place = files("scantling.assess.policy").joinpath("built_in", f"{name}.yaml")
    return place.read_text(encoding="utf-8")


@lru_cache(maxsize=len(BUILT_IN))
def built_in(name: str) -> Policy:
    """Return a built-in policy. Raises UsageError for a name there is not."""
    data = built_in_text(name).encode()
    return read_policy(data, origin=f"built-in {name}", layer=Layer.BUILT_IN)


def policies_of(words: Sequence[str]) -> tuple[Policy, ...]:
    """Return the policies that words name, with the built-in ones that those use.

    A word is a built-in name, a file, or `LAYER=FILE`; a file alone is the project's. Raises
    UsageError with file and line.
    """
    found: dict[str, Policy] = {}
    chosen = [_policy(word) for word in words]
    for one in chosen:
        for name in one.uses:
            try:
                found.setdefault(f"built-in {name}", built_in(name))
            except UsageError as error:
                raise UsageError(f"{one.origin}: uses: {error}") from error
    for one in chosen:
        found.setdefault(one.origin, one)
    return tuple(found.values())


def exceptions_of(words: Sequence[str]) -> tuple[Acceptance, ...]:
    """Return the exceptions in files, each named as `FILE` (the project's) or `LAYER=FILE`."""
    found: list[Acceptance] = []
    for word in words:
        layer, file = _layered(word)
        found.extend(read_exceptions(file_bytes(file), origin=file, layer=layer))
    return tuple(found)


def _policy(word: str) -> Policy:
    if word in BUILT_IN:
        return built_in(word)
    layer, file = _layered(word)
    if not Path(file).exists() and "/" not in file and "." not in file:
        raise UsageError(
            f"there is no built-in policy and no file {file!r}; built in are {', '.join(BUILT_IN)}"
        )
    policy = read_policy(file_bytes(file), origin=file, layer=layer)
    if policy.name in BUILT_IN:
        raise UsageError(f"{file}: {policy.name!r} is a built-in policy's name; choose another")
    return policy


def _layered(word: str) -> tuple[Layer, str]:
    name, equals, file = word.partition("=")
    names = [str(one) for one in Layer if one is not Layer.BUILT_IN]
    if not equals:
        return Layer.PROJECT, word
    if name not in names:
        raise UsageError(f"{word!r}: the layer before '=' is one of {', '.join(names)}")
    return Layer(name), file


def file_bytes(file: str) -> bytes:
    """Return what a file of settings holds, a byte more than allowed at most. Raises UsageError."""
    try:
        with Path(file).open("rb") as opened:
            return opened.read(SETTINGS_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {file!r}: {error.strerror}") from error
