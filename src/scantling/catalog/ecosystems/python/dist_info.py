"""Installed Python distributions: `METADATA` in a `.dist-info` folder.

Written by every installer of today (pip, uv, poetry, conda) into `site-packages`. Example:
`usr/lib/python3/dist-packages/requests-2.31.0.dist-info/METADATA`. The result agrees with
`importlib.metadata`. What it cannot see: code copied without its metadata, and what a
distribution bundles without saying so.

Source: Recording installed projects,
https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, Found, OpenFile, Want
from scantling.catalog.ecosystems.python.core_metadata import distribution, folder_claim


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the distribution; a second one when metadata and folder name disagree."""
    folder = file.folder.rpartition("/")[2]
    claim = folder_claim(folder.removesuffix(".dist-info"))
    yield from distribution(file.data, claim, file.limits, path=file.path)


PLUGIN: Final = Cataloger(
    name="python-dist-info",
    version=1,
    wants=(Want(name="METADATA", parent=".dist-info"),),
    parse=parse,
)
