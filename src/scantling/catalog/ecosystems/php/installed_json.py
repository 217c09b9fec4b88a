"""Installed Composer packages: `vendor/composer/installed.json`.

Composer 2 writes an object with `packages`, Composer 1 a list. Packages needed for development
only are listed too, because they are installed. What it cannot see: the application itself;
code that was copied in.

Source: Composer, src/Composer/Repository/FilesystemRepository.php (write).
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.catalog.api import Cataloger, Found, OpenFile, Unreadable, Want
from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact


class _Package(Struct):
    name: str = ""
    version: str = ""
    license: list[str] | str | None = None


class _Installed(Struct):
    packages: list[msgspec.Raw]


_DECODER: Final = msgspec.json.Decoder(_Installed | list[msgspec.Raw])
_PACKAGE: Final = msgspec.json.Decoder(_Package)


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the packages in the file's order. Raises InputError when it is not such a file."""
    try:
        installed = _DECODER.decode(file.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("parse.failed", f"not an installed.json: {error}"[:300]) from None
    records = installed.packages if isinstance(installed, _Installed) else installed
    if len(records) > file.limits.records:
        raise InputError("limit.records", f"{len(records)} packages", limit="records")
    for place, record in enumerate(records):
        yield _fact(record, place, file.limits)


def _fact(record: msgspec.Raw, place: int, limits: Limits) -> Found:
    try:
        package = _PACKAGE.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Unreadable(code="parse.record", reason=f"package {place}: {error}"[:300])
    vendor, slash, name = package.name.partition("/")
    version = package.version
    sound = (
        vendor and name and "/" not in name and version
        and len(package.name) <= limits.name_chars
        and len(version) <= limits.version_chars
        and (package.name + version).isprintable()
    )  # fmt: skip
    if not sound or not slash:
        reason = f"package {place} is none: {package.name[:100]!r} {version[:100]!r}"
        return Unreadable(code="parse.record", reason=reason)
    licenses = package.license or []
    return PackageFact(
        type="composer",
        namespace=vendor.lower(),
        name=name.lower(),
        version=version,
        licenses=(licenses,) if isinstance(licenses, str) else tuple(licenses),
    )


PLUGIN: Final = Cataloger(
    name="php-installed-json",
    version=1,
    wants=(Want(tail="composer/installed.json"),),
    parse=parse,
)
