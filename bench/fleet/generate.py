"""A fleet made of real package lists that shares layers as fleets do; the same for the same seed.

Each image has a base layer (a real operating system list; a few bases are in most images), mostly
a layer of more packages of that system, a layer of a language's packages (a real list), and a
layer of its own. Three in ten images are other tags of one before: they have its layers. In layers
that are an image's own, one package in five has drifted: the last number of its version is up to
four higher. Everything else is as the lists have it.
"""

import random
import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, TypeVar

from fleet.lists import Lists, Packages, with_version
from scantling.core.model.inventory import Package
from scantling.matching.fleet import Fleet

_LAST_NUMBER: Final = re.compile(r"[0-9]{1,6}(?=[^0-9]*$)")
_SYSTEM_LAYERS: Final = 3_000
_LANGUAGE_LAYERS: Final = 4_000
_OTHER_TAGS: Final = 0.3
_DRIFT: Final = 0.2

_Item = TypeVar("_Item")


class _Skewed:
    """Draws of which the first items are much the most frequent (Zipf's law)."""

    def __init__(self, draw: random.Random, items: Sequence[_Item]) -> None:
        self._draw = draw
        self._items: Sequence[object] = items
        self._weights = [*accumulate(1 / rank for rank in range(1, len(items) + 1))]

    def index(self) -> int:
        """Return the index of an item."""
        return self._draw.choices(range(len(self._items)), cum_weights=self._weights)[0]


def generate(lists: Lists, images: int, seed: int) -> Fleet:
    """Return a fleet of so many images."""
    draw = random.Random(seed)  # noqa: S311 - the same fleet each time
    maker = _Maker(lists, draw)
    for number in range(images):
        maker.add(f"registry.example.com/team-{number % 500}/service-{number}")
    return maker.fleet


class _Maker:
    def __init__(self, lists: Lists, draw: random.Random) -> None:
        self.fleet = Fleet()
        self._draw = draw
        self._bases = [self._layer(one) for one in lists.bases]
        self._base = _Skewed(draw, lists.bases)
        self._systems = self._more_system(lists.bases)
        flat = [(type_, one) for type_, every in lists.languages.items() for one in every]
        chosen = [draw.choice(flat) for _ in range(_LANGUAGE_LAYERS)]
        self._languages = [(type_, self._layer(self._part(one))) for type_, one in chosen]
        self._language = _Skewed(draw, self._languages)
        self._pools = {
            type_: [*dict.fromkeys(package for one in every for package in one)]
            for type_, every in lists.languages.items()
        }
        self._before: list[list[int]] = []

    def add(self, name: str) -> None:
        """Add an image."""
        draw = self._draw
        if self._before and draw.random() < _OTHER_TAGS:
            self.fleet.add_image(name, draw.choice(self._before))
            return
        base = self._base.index()
        layers = [self._bases[base]]
        if self._systems[base] and draw.random() < 0.8:
            layers.append(draw.choice(self._systems[base]))
        type_, language = self._languages[self._language.index()]
        layers += [language, self._own(type_)]
        self.fleet.add_image(name, layers)
        self._before.append(layers)

    def _own(self, type_: str) -> int:
        draw, pool = self._draw, self._pools[type_]
        count = min(draw.randint(5, 60), len(pool))
        return self._layer(tuple(self._drifted(one) for one in draw.sample(pool, count)))

    def _drifted(self, package: Package) -> Package:
        number = _LAST_NUMBER.search(package.version)
        if number is None or self._draw.random() >= _DRIFT:
            return package
        higher = str(int(number[0]) + self._draw.randint(1, 4))
        version = package.version[: number.start()] + higher + package.version[number.end() :]
        return with_version(package, version)

    def _more_system(self, bases: Sequence[Packages]) -> list[list[int]]:
        """Return for each base the layers of more packages of its release."""
        releases: dict[str, dict[Package, None]] = {}
        for base in bases:
            releases.setdefault(base[0].ecosystem, {}).update(dict.fromkeys(base))
        found: list[list[int]] = [[] for _ in bases]
        for _ in range(_SYSTEM_LAYERS):
            index = self._base.index()
            names = {one.name for one in bases[index]}
            every = releases[bases[index][0].ecosystem]
            others = {one.name: one for one in every if one.name not in names}
            if len(others) >= 5:
                count = self._draw.randint(5, min(60, len(others)))
                found[index].append(self._layer(self._draw.sample([*others.values()], count)))
        return found

    def _part(self, packages: Packages) -> Packages:
        """Return most of a list: what another project of the same kind would have."""
        return tuple(one for one in packages if self._draw.random() < 0.9) or packages

    def _layer(self, packages: Sequence[Package]) -> int:
        return self.fleet.add_layer(self.fleet.add_package(one) for one in packages)
