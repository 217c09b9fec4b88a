"""Licenses that Debian packages declare: `usr/share/doc/<package>/copyright`.

In a machine-readable file these are the values of all License fields. In a free text they are the
names of the common licenses it refers to:

    License: GPL-2+ with OpenSSL exception          (machine-readable)
    /usr/share/common-licenses/Apache-2.0           (free text)

It cannot see a license that a free text merely quotes. Slim images delete these files.

Source: Debian Policy 12.5 and "Machine-readable debian/copyright file" 1.0 (DEP-5).
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, DeclaredLicenses, OpenFile, Profile, Want

_HEADER: Final = re.compile(r"(?:[ \t]*+(?:#[^\n]*+)?+\n)*+Format(?:-Specification)?+:")
_FIELD: Final = re.compile(r"\nLicense:[ \t]*+(?P<name>[^\n]++)")
_COMMON: Final = re.compile(r"/usr/share/common-licenses/(?P<name>[A-Za-z0-9][A-Za-z0-9.+-]*+)")

_DEPTH: Final = 4


def parse(file: OpenFile) -> Iterator[DeclaredLicenses]:
    """Yield the declared licenses as written, each once, in the file's order; nothing if none."""
    if not file.path.startswith("usr/share/doc/") or file.path.count("/") != _DEPTH:
        return
    text = file.text()
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    names = _FIELD.findall(text) if _HEADER.match(text) else []
    # A sentence may end in the name's dot.
    names = names or [name.rstrip(".-") for name in _COMMON.findall(text)]
    limit = file.limits.name_chars
    declared = dict.fromkeys(name.strip()[:limit] for name in names if name.strip())
    if declared:
        yield DeclaredLicenses(licenses=tuple(declared))


PLUGIN: Final = Cataloger(
    name="dpkg-licenses",
    version=1,
    wants=(Want(name="copyright", within="doc"),),
    parse=parse,
    profile=Profile.STANDARD,
)
