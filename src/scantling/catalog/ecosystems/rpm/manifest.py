"""The package list of RPM images without an RPM database: CBL-Mariner's distroless images.

Reads `var/lib/rpmmanifest/container-manifest-2`, one package for each line, fields between tabs:

    zlib<TAB>1.2.12-2.cm2<TAB>1696000000<TAB>…<TAB>x86_64<TAB>0<TAB>zlib-1.2.12-2.cm2.src.rpm

Fields: name, version-release, times of installation and build, vendor, epoch, size, architecture,
epoch as a number, source package.

Source: CBL-Mariner toolkit, the query format of container-manifest-2.
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Unreadable, Want
from scantling.catalog.ecosystems.rpm.header import source_of
from scantling.core.model.facts import PackageFact

_FIELDS: Final = 10
_ABSENT: Final = "(none)"
_WORD: Final = re.compile(r"[!-~]++")
_VERSION: Final = re.compile(r"[!-9;-~]+-[!-,.-9;-~]++")
_EPOCH: Final = re.compile(r"[0-9]{1,10}+|\(none\)")


def parse(file: OpenFile) -> Iterator[PackageFact | Unreadable]:
    """Yield the packages and the damaged lines in the file's order."""
    text = file.text()
    for number, line in enumerate(text.split("\n"), 1):
        if number > file.limits.records:
            reason = f"it has more than {file.limits.records} lines"
            yield Unreadable(code="limit.records", reason=reason, limit="records")
            return
        if line.strip():
            yield _package(line.rstrip("\r").split("\t"), file, number)
    if text and not text.endswith("\n"):
        yield Unreadable(code="parse.note", reason="it ends in the middle of a line")


def _package(fields: list[str], file: OpenFile, number: int) -> PackageFact | Unreadable:
    if len(fields) != _FIELDS:
        return Unreadable(code="parse.record", reason=f"line {number} has not {_FIELDS} fields")
    name, version, _, _, vendor, epoch, _, arch, _, source_file = fields
    if len(name) > file.limits.name_chars or len(version) > file.limits.version_chars:
        return Unreadable(code="limit.records", reason=f"line {number} is too long")
    if not (_WORD.fullmatch(name) and _VERSION.fullmatch(version) and _EPOCH.fullmatch(epoch)):
        return Unreadable(code="parse.record", reason=f"line {number} is not a package")
    prefix = "" if epoch.strip("0") in {"", _ABSENT} else f"{epoch}:"
    source_name, source_version = source_of(source_file)
    # See `header`: the same version and release is the same build, and has the same epoch.
    source_version = prefix + source_version if source_version == version else source_version
    own = (source_name, source_version) == (name, prefix + version)
    return PackageFact(
        type="rpm",
        name=name,
        version=prefix + version,
        source_name="" if own else source_name,
        source_version="" if own else source_version,
        arch="" if arch == _ABSENT else arch,
        vendor="" if vendor == _ABSENT else vendor,
    )


PLUGIN: Final = Cataloger(
    name="rpm-manifest",
    version=1,
    wants=(Want(path="var/lib/rpmmanifest/container-manifest-2"),),
    parse=parse,
    package_db="rpm",
)
