"""The product tree of a CSAF document: which product id means what.

Source: CSAF 2.0, https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html: 3.1.2 (branches),
3.1.3 (full product names and identification helpers), 3.2.2 (product tree, relationships).
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from msgspec import Struct, field
from msgspec.structs import replace

from scantling.assess.vex.products import products
from scantling.core.model.vex import VexProduct
from scantling.core.purl_parts import parse
from scantling.versions.registry import scheme_for

_DEPTH: Final = 32
_VERSIONED: Final = frozenset({"product_version", "product_version_range"})


class FileHash(Struct):
    """One hash of a file."""

    algorithm: str
    value: str


class Hashes(Struct):
    """The hashes of one file."""

    file_hashes: list[FileHash] = []


class Helper(Struct):
    """What identifies a product outside the document."""

    purl: str = ""
    purls: list[str] = []
    cpe: str = ""
    hashes: list[Hashes] = []


class FullName(Struct):
    """A product with its id."""

    product_id: str
    name: str = ""
    product_identification_helper: Helper | None = None


class Branch(Struct):
    """A node of the tree; `category` says what its name is."""

    category: str
    name: str
    branches: "list[Branch]" = []
    product: FullName | None = None


class Relationship(Struct):
    """A product that is one product within another."""

    full_product_name: FullName
    product_reference: str
    relates_to_product_reference: str


class Group(Struct):
    """A named group of products."""

    group_id: str
    product_ids: list[str] = []


class RawTree(Struct):
    """The member `product_tree`."""

    branches: list[Branch] = []
    full_product_names: list[FullName] = []
    relationships: list[Relationship] = []
    product_groups: list[Group] = []


class _Product(Struct):
    """`version` is what the nearest branch says: a version, a VERS text, or free text."""

    helper: Helper = field(default_factory=Helper)
    version: str = ""
    is_range: bool = False


class Tree:
    """The products of a document by id."""

    def __init__(self, raw: RawTree) -> None:
        self._products = {one.product_id: _Product(_helper(one)) for one in raw.full_product_names}
        self._relations: dict[str, tuple[str, str]] = {}
        self._groups = {one.group_id: one.product_ids for one in raw.product_groups}
        self._known: dict[str, tuple[VexProduct, ...]] = {}
        self._grow(raw.branches)
        for one in raw.relationships:
            name = one.full_product_name
            self._relations[name.product_id] = (
                one.product_reference,
                one.relates_to_product_reference,
            )
            if name.product_identification_helper is not None:
                self._products[name.product_id] = _Product(name.product_identification_helper)

    def members(self, product_ids: Iterable[str], group_ids: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of products and of the groups' members, each once."""
        ids = dict.fromkeys(product_ids)
        for one in group_ids:
            ids.update(dict.fromkeys(self._groups.get(one, ())))
        return tuple(ids)

    def identities(self, product_id: str) -> tuple[VexProduct, ...]:
        """Return what the id stands for; empty if it is unknown or has nothing to identify it."""
        if product_id not in self._known:
            self._known[product_id] = self._identities(product_id)
        return self._known[product_id]

    def _grow(self, branches: list[Branch]) -> None:
        waiting = [(branch, "", False) for branch in branches]
        while waiting:
            branch, version, is_range = waiting.pop()
            if branch.category in _VERSIONED:
                version, is_range = branch.name, branch.category == "product_version_range"
            if branch.product is not None:
                self._products[branch.product.product_id] = _Product(
                    _helper(branch.product), version, is_range
                )
            waiting += [(one, version, is_range) for one in branch.branches]

    def _identities(self, product_id: str) -> tuple[VexProduct, ...]:
        part, whole = self._part_and_whole(product_id)
        if not part:
            return _named(self._products.get(whole, _Product()))
        parts = [one for one in _named(self._products.get(part, _Product())) if one.purl]
        wholes = _named(self._products.get(whole, _Product()))
        return tuple(
            replace(outer, component=inner.purl, versions=inner.versions)
            for outer in wholes
            for inner in parts
        )

    def _part_and_whole(self, product_id: str) -> tuple[str, str]:
        """Return the innermost part ('': none) and the outermost product of a relationship."""
        if product_id not in self._relations:
            return "", product_id
        part, whole = self._relations[product_id]
        for _ in range(_DEPTH):  # Relationships may nest, and in a broken document run in circles.
            if part not in self._relations:
                break
            part = self._relations[part][0]
        for _ in range(_DEPTH):
            if whole not in self._relations:
                break
            whole = self._relations[whole][1]
        return part, whole


def _helper(name: FullName) -> Helper:
    return name.product_identification_helper or Helper()


def _named(product: _Product) -> tuple[VexProduct, ...]:
    helper = product.helper
    purls = [one for one in (helper.purl, *helper.purls) if one]
    hashes = {one.algorithm: one.value for file in helper.hashes for one in file.file_hashes}
    found = products(purls=purls, cpes=[helper.cpe] if helper.cpe else (), hashes=hashes)
    return tuple(one for each in found for one in _narrowed(each, product))


def _narrowed(found: VexProduct, product: _Product) -> tuple[VexProduct, ...]:
    """Return the product limited to the branch's version, if its package URL has none.

    Nothing if the version is free text about a range: it cannot be compared.
    """
    parts = parse(found.purl)
    if parts is None or parts.version or found.digest or not product.version:
        return (found,)
    if product.version.startswith("vers:"):
        return (replace(found, versions=product.version),)
    if product.is_range:
        return ()
    scheme = scheme_for(parts.type).vers
    return (replace(found, versions=f"vers:{scheme}/{quote(product.version, safe='')}"),)
