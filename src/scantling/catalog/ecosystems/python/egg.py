"""Installed Python distributions in a zipped egg: `EGG-INFO/PKG-INFO` inside `name-1.0-py3.8.egg`.

`easy_install` left them in `site-packages`. What it cannot see: as for `.dist-info`.

Source: https://setuptools.pypa.io/en/latest/deprecated/python_eggs.html
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, Found, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.python.core_metadata import distribution, egg_claim
from scantling.core.errors import InputError
from scantling.image.budget import Budget
from scantling.image.zip import ZipArchive

_METADATA: Final = "EGG-INFO/PKG-INFO"


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the distribution; a second one when metadata and file name disagree.

    Raises InputError when the file is no zip archive.
    """
    archive = ZipArchive(file.data, Budget(file.limits))
    entries = archive.named(_METADATA)
    if not entries:
        yield Unreadable(code="parse.failed", reason=f"an egg without {_METADATA}")
    claim = egg_claim(file.name.removesuffix(".egg"))
    for entry in entries:
        try:
            data = archive.read(entry, "text_bytes")
        except InputError as error:
            yield Unreadable(
                code=error.code, reason=error.detail, inner=entry.name, limit=error.limit
            )
            continue
        evidence = f"{file.path}!/{_METADATA}"
        yield from distribution(data, claim, file.limits, path=file.path, evidence=evidence)
    for gap in archive.gaps.gaps():
        yield Unreadable(
            code=gap.code, reason=gap.detail, inner=gap.path, offset=gap.offset, limit=gap.limit
        )


PLUGIN: Final = Cataloger(
    name="python-egg",
    version=1,
    wants=(Want(suffix=".egg", size=Size.BINARY),),
    parse=parse,
)
