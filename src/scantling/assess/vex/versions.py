"""Versions of VEX statements compared with those in the image."""

from scantling.core.errors import InputError
from scantling.core.purl_parts import Parts
from scantling.versions import vers
from scantling.versions.registry import scheme_for


class Versions:
    """Comparisons; a range is taken apart once. What cannot be compared is no match."""

    def __init__(self) -> None:
        self._ranges: dict[str, vers.Vers | None] = {}

    def equal(self, parts: Parts, version: str, ecosystem: str) -> bool:
        """Return whether a package URL's version is this one, by the ecosystem's order."""
        wanted = parts.version
        if parts.type == "rpm":
            epoch = parts.qualifier("epoch")
            wanted = f"{epoch}:{wanted}" if epoch else wanted
            if not epoch and ":" not in wanted:  # Publishers leave it out, and mean any.
                version = version.rpartition(":")[2]
        if wanted == version:
            return True
        key = scheme_for(ecosystem).key
        mine = key(version)
        return mine is not None and key(wanted) == mine

    def covered(self, text: str, version: str) -> bool:
        """Return whether a VERS range surely holds a version."""
        if text not in self._ranges:
            self._ranges[text] = _parsed(text)
        found = self._ranges[text]
        if found is None:
            return False
        if any(one.comparator == "=" and one.version == version for one in found.constraints):
            return True
        try:
            scheme = vers.scheme_named(found.scheme)
            return vers.to_range(found).covers(scheme.key(version)) is True
        except InputError:  # A scheme that we do not know: nothing can be said.
            return False


def _parsed(text: str) -> vers.Vers | None:
    try:
        return vers.parse(text)
    except InputError:
        return None
