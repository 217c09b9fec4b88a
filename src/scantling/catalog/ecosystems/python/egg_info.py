"""Installed Python distributions of the older kind: `.egg-info` and unpacked `.egg`.

Three places hold the same headers: `PKG-INFO` in a folder `PyYAML-6.0.egg-info`, a *file*
`PyYAML-6.0.egg-info` (distutils; Debian still ships some), and `EGG-INFO/PKG-INFO` in an unpacked
egg. Editable installs have a folder without version. What it cannot see: as for `.dist-info`.

Source: https://setuptools.pypa.io/en/latest/deprecated/python_eggs.html
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, Found, OpenFile, Want
from scantling.catalog.ecosystems.python.core_metadata import distribution, egg_claim


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the distribution; a second one when metadata and folder name disagree."""
    claim = egg_claim(_stem(file.path))
    yield from distribution(file.data, claim, file.limits, path=file.path)


def _stem(path: str) -> str:
    """Return `PyYAML-6.0` of whichever component names the egg."""
    components = path.split("/")
    for component in components[-1:-4:-1]:
        for suffix in (".egg-info", ".egg"):
            if component.endswith(suffix):
                return component.removesuffix(suffix)
    return ""


PLUGIN: Final = Cataloger(
    name="python-egg-info",
    version=1,
    wants=(
        Want(name="PKG-INFO", parent=".egg-info"),
        Want(suffix=".egg-info"),
        Want(name="PKG-INFO", parent="EGG-INFO"),
    ),
    parse=parse,
)
