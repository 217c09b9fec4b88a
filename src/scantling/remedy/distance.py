"""How far apart two versions are: what may break on the way."""

import re
from typing import Final

from scantling.core.model.plan import Effort

_NUMBERS: Final = re.compile(r"[0-9]{1,18}+(?:\.[0-9]{1,18}+)*+")
_UNSETTLED: Final = re.compile(
    r"(?:[-._]?(?:alpha|beta|rc|cr|dev|pre|preview|snapshot|nightly|canary|milestone)[0-9.-]*+"
    r"|(?<=[0-9])(?:a|b)[0-9]++)(?:[^a-z]|$)",
    re.IGNORECASE,
)
_SYSTEM: Final = frozenset({"apk", "deb", "rpm"})


def distance(type_: str, before: str, after: str) -> Effort:
    """Return what the step from one version to another may break, by semantic versioning.

    The first number that differs decides; below 1.0 the second number counts as the first, as
    npm, Cargo and Composer read it. Of system packages the upstream part is compared: their
    distributor keeps a release compatible, whatever the revision. `unknown`: not told by numbers.
    """
    old, new = _numbers(type_, before), _numbers(type_, after)
    if not old or not new:
        return Effort.UNKNOWN
    # A leading zero shifts what each number means.
    shift = 1 if old[0] == 0 and new[0] == 0 and type_ not in _SYSTEM else 0
    old, new = old[shift:], new[shift:]
    for index, effort in enumerate((Effort.MAJOR, Effort.MINOR)):
        if (old[index : index + 1] or (0,)) != (new[index : index + 1] or (0,)):
            return effort
    return Effort.PATCH


def is_unsettled(version: str) -> bool:
    """Return whether a version of a language package is one before a release (`2.0rc1`)."""
    return _UNSETTLED.search(version) is not None


def farthest(efforts: tuple[Effort, ...]) -> Effort:
    """Return the greatest of the efforts; `unknown` counts as between minor and major."""
    order = (Effort.PATCH, Effort.MINOR, Effort.UNKNOWN, Effort.MAJOR)
    return max(efforts, key=order.index, default=Effort.UNKNOWN)


def _numbers(type_: str, version: str) -> tuple[int, ...]:
    if type_ in _SYSTEM:
        version = version.partition(":")[2] if ":" in version else version
        version = version.rpartition("-")[0] if "-" in version else version
    else:
        version = version.partition("!")[2] if "!" in version else version
        version = version.removeprefix("go")
    found = _NUMBERS.match(version.removeprefix("v"))
    return tuple(int(one) for one in found[0].split(".")) if found else ()
