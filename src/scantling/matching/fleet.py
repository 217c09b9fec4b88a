"""Many images at once: which packages are in which layers, and which layers in which images.

A fleet of 100,000 images has some hundred thousand different packages and shares most of its
layers. Each package, and each set of packages that a layer brings, is kept once and called by its
number; an image is a row of layer numbers. So a question about a package is answered for all images
by following numbers, and what an update changes is found without looking at images.

A *layer* here is what remains of a layer in an image: packages that an upper layer removed or
replaced are not in it. Images in which different parts of the same layer remain have different
layers here.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from scantling.core.model.inventory import Package
from scantling.matching.names import lookups
from scantling.versions.registry import scheme_for

_U32: Final = "I"
_U64: Final = "Q"


class Below(Struct, frozen=True, kw_only=True):
    """Numbers of packages: surely below the version, and those whose version has no order."""

    below: tuple[int, ...]
    undetermined: tuple[int, ...]


class Fleet:
    """Packages, layers and images, by number from 0 in the order they came. Images are only added.

    About 4 bytes for each package of a layer, twice, and 4 for each layer of an image, twice.
    """

    def __init__(self) -> None:
        self._packages: list[Package] = []
        self._package_numbers: dict[Package, int] = {}
        self._by_key: dict[tuple[str, str], array[int]] = {}
        self._layers: list[bytes] = []
        self._layer_numbers: dict[bytes, int] = {}
        self._layers_of: list[array[int]] = []
        self._names: list[str] = []
        self._image_layers: array[int] = array(_U32)
        self._image_ends: array[int] = array(_U32)
        self._images_of: list[array[int]] = []

    @property
    def packages(self) -> Sequence[Package]:
        """Return all different packages, without what tells where they were seen."""
        return self._packages

    @property
    def images(self) -> Sequence[str]:
        """Return the images' names."""
        return self._names

    @property
    def layer_count(self) -> int:
        """Return how many different layers there are."""
        return len(self._layers)

    def add_inventory(self, name: str, packages: Iterable[Package]) -> int:
        """Add an image by what was found in it and return its number.

        A layer is formed of the packages with the same `origin`.
        """
        layers: dict[int, list[int]] = {}
        for package in packages:
            layers.setdefault(package.origin, []).append(self.add_package(package))
        return self.add_image(name, [self.add_layer(layers[origin]) for origin in sorted(layers)])

    def add_package(self, package: Package) -> int:
        """Return the number of a package, which is added if it is new."""
        bare = _bare(package)
        known = self._package_numbers.get(bare)
        if known is not None:
            return known
        number = self._package_numbers[bare] = len(self._packages)
        self._packages.append(bare)
        self._layers_of.append(array(_U32))
        for name in {question.package for question in lookups(bare)}:
            self._by_key.setdefault((bare.ecosystem, name), array(_U32)).append(number)
        return number

    def add_layer(self, packages: Iterable[int]) -> int:
        """Return the number of the layer of these packages, which is added if it is new."""
        members = array(_U32, sorted(set(packages)))
        content = members.tobytes()
        known = self._layer_numbers.get(content)
        if known is not None:
            return known
        number = self._layer_numbers[content] = len(self._layers)
        self._layers.append(content)
        self._images_of.append(array(_U32))
        for package in members:
            self._layers_of[package].append(number)
        return number

    def add_image(self, name: str, layers: Iterable[int]) -> int:
        """Add an image of these layers and return its number."""
        number = len(self._names)
        self._names.append(name)
        for layer in dict.fromkeys(layers):
            self._image_layers.append(layer)
            self._images_of[layer].append(number)
        self._image_ends.append(len(self._image_layers))
        return number

    def packages_of(self, image: int) -> Iterator[Package]:
        """Yield the packages of an image, layer by layer: what `match` takes."""
        for layer in self._layers_in(image):
            for package in memoryview(self._layers[layer]).cast(_U32):
                yield self._packages[package]

    def images_with(self, packages: Iterable[int]) -> tuple[int, ...]:
        """Return the images that have any of these packages, ascending."""
        layers: set[int] = set()
        for package in packages:
            layers.update(self._layers_of[package])
        images: set[int] = set()
        for layer in layers:
            images.update(self._images_of[layer])
        return tuple(sorted(images))

    def asked_by(self, keys: Iterable[tuple[str, str]]) -> tuple[int, ...]:
        """Return the packages that look up any of these (ecosystem, package) keys, ascending."""
        found: set[int] = set()
        for key in keys:
            found.update(self._by_key.get(key, ()))
        return tuple(sorted(found))

    def in_order_of_keys(self) -> list[int]:
        """Return all packages so that those with the same key, and so the same answer, are near."""
        order: dict[int, None] = {}
        # A source package is asked for by several packages; it comes before their own names.
        for numbers in sorted(self._by_key.values(), key=len, reverse=True):
            order.update(dict.fromkeys(numbers))
        return list(order)

    def below(self, ecosystem: str, name: str, version: str) -> Below:
        """Return which packages of a name, or of a source package of that name, are below it.

        All are undetermined when `version` itself is no version of the ecosystem.
        """
        key_of = scheme_for(ecosystem).key
        bound = key_of(version)
        below, undetermined = [], []
        for number in self._by_key.get((ecosystem, name), ()):
            for question in lookups(self._packages[number]):
                if question.package != name:
                    continue
                key = key_of(question.version)
                if key is None or bound is None:
                    undetermined.append(number)
                elif key < bound:
                    below.append(number)
        return Below(
            below=tuple(dict.fromkeys(below)), undetermined=tuple(dict.fromkeys(undetermined))
        )

    def sums(self, values: Sequence[int]) -> Sequence[int]:
        """Return for each image the sum of its packages' values, which are by package number."""
        of_layers = array(_U64)
        for content in self._layers:
            members = memoryview(content).cast(_U32)
            of_layers.append(sum([values[package] for package in members]))
        found = array(_U64)
        for image in range(len(self._names)):
            found.append(sum([of_layers[layer] for layer in self._layers_in(image)]))
        return found

    def _layers_in(self, image: int) -> "array[int]":
        start = self._image_ends[image - 1] if image else 0
        return self._image_layers[start : self._image_ends[image]]


def _bare(package: Package) -> Package:
    """Return what matching reads of a package."""
    return Package(
        purl=package.purl,
        type=package.type,
        ecosystem=package.ecosystem,
        name=package.name,
        version=package.version,
        namespace=package.namespace,
        arch=package.arch,
        source_name=package.source_name,
        source_version=package.source_version,
        module=package.module,
        owner=package.owner,
    )
