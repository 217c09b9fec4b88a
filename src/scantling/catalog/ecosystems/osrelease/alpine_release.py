"""Alpine's `etc/alpine-release`: one line with the version, such as `3.18.4`.

Derivatives of Alpine keep the file too, so os-release goes first where both exist.

Source: the alpine-release package; its content is the version of the Alpine release.
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Unreadable, Want
from scantling.core.model.facts import DistroFact

_VERSION: Final = re.compile(r"[0-9]++(?:\.[0-9]++)++(?:[_-][0-9a-z_]++)*+")


def parse(file: OpenFile) -> Iterator[DistroFact | Unreadable]:
    """Yield the distribution, or a note if the first line is no version."""
    version = file.text().partition("\n")[0].strip()
    if len(version) > file.limits.version_chars or not _VERSION.fullmatch(version):
        yield Unreadable(code="parse.note", reason="its first line is not a version of Alpine")
        return
    yield DistroFact(id="alpine", version_id=version, name="Alpine Linux")


PLUGIN: Final = Cataloger(
    name="alpine-release", version=1, wants=(Want(path="etc/alpine-release"),), parse=parse
)
