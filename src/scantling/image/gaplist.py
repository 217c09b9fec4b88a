"""A bounded list of gaps: a million like problems become a few gaps with a count."""

from typing import Final

import msgspec

from scantling.core.errors import InputError
from scantling.core.model.gap import Gap, gap

_EACH: Final = 20
"""Gaps of one code shown one by one; the rest is folded into one more."""


class GapList:
    """Collects gaps in the order they were noticed; false while there is none."""

    def __init__(self) -> None:
        self._seen: dict[str, list[Gap]] = {}
        self._folded: dict[str, Gap] = {}

    def __bool__(self) -> bool:
        return bool(self._seen)

    def add(
        self, code: str, detail: str, *, path: str = "", offset: int | None = None, limit: str = ""
    ) -> None:
        """Note one problem. KeyError: an unknown code."""
        seen = self._seen.setdefault(code, [])
        if len(seen) < _EACH:
            seen.append(gap(code, detail, path=path, offset=offset, limit=limit))
            return
        last = self._folded.get(code)
        self._folded[code] = (
            gap(code, f"more like: {detail}", path=path, offset=offset, limit=limit)
            if last is None
            else msgspec.structs.replace(last, count=last.count + 1)
        )

    def add_error(self, error: InputError, *, path: str = "", offset: int | None = None) -> None:
        """Note the error that a reader raised; `path` and `offset` are used when it has none."""
        self.add(
            error.code,
            error.detail,
            path=error.path or path,
            offset=offset if error.offset is None else error.offset,
            limit=error.limit,
        )

    def gaps(self) -> tuple[Gap, ...]:
        """Return all gaps; the one that stands for the rest of its code has a count above one."""
        found: list[Gap] = []
        for code, seen in self._seen.items():
            found.extend(seen)
            if code in self._folded:
                found.append(self._folded[code])
        return tuple(found)
