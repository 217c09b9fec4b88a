"""Debian's `etc/debian_version`: one line, `12.5` for a release, `trixie/sid` before one.

Ubuntu and other derivatives carry Debian's file unchanged, so os-release goes first where both
exist. Its use is the point release, which os-release does not tell, and images without os-release.

Source: the base-files package of Debian, its README ("/etc/debian_version").
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Unreadable, Want
from scantling.core.model.facts import DistroFact

_NUMBER: Final = re.compile(r"[0-9]++(?:\.[0-9]++)*+")
_CODENAME: Final = re.compile(r"(?P<codename>[a-z]++)/sid|sid")


def parse(file: OpenFile) -> Iterator[DistroFact | Unreadable]:
    """Yield the distribution, or a note if the first line is neither a number nor a codename."""
    text = file.text().partition("\n")[0].strip()
    if len(text) <= file.limits.version_chars:
        if _NUMBER.fullmatch(text):
            yield DistroFact(id="debian", version_id=text, name="Debian GNU/Linux")
            return
        if match := _CODENAME.fullmatch(text):
            codename = match["codename"] or "sid"
            yield DistroFact(id="debian", codename=codename, name="Debian GNU/Linux", version=text)
            return
    yield Unreadable(code="parse.note", reason="its first line is not a version of Debian")


PLUGIN: Final = Cataloger(
    name="debian-version", version=1, wants=(Want(path="etc/debian_version"),), parse=parse
)
