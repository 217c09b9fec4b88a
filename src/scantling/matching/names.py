"""Under which names, and with which version, a package is looked up in the advisories."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.core.model.inventory import Package

_PEP503: Final = re.compile(r"[-_.]+")
# Ecosystems whose advisories join namespace and name with this character.
_JOIN: Final = {"maven": ":"}
_LOWER: Final = frozenset({"composer", "nuget", "hex", "pub", "github"})


class Lookup(Struct, frozen=True):
    """One question to the database: `by` is `name` or `source-name`."""

    by: str
    package: str
    version: str


def lookups(package: Package) -> Iterator[Lookup]:
    """Yield the questions to ask for a package.

    An operating system's package is asked for by its source package, with the source's version,
    and by its own name. Statements say which of the two their versions are about; a package that
    is its own source answers for both.
    """
    own = advisory_name(package.type, package.namespace, package.name)
    yield Lookup("name", own, package.version)
    if package.source_name and not is_own_source(package):
        yield Lookup("source-name", package.source_name, package.source_version or package.version)


def is_own_source(package: Package) -> bool:
    """Return whether the source package has the same name and version (or none is known)."""
    return package.source_name in {"", package.name} and package.source_version in {
        "",
        package.version,
    }


def advisory_name(type_: str, namespace: str, name: str) -> str:
    """Return the name as advisories of this type spell it.

    Source: PEP 503 for `pypi`; OSV schema, "affected[].package" for the others.
    """
    if type_ in {"deb", "apk", "rpm", "alpm"}:
        return name
    if type_ == "pypi":
        return _PEP503.sub("-", name).lower()
    full = f"{namespace}{_JOIN.get(type_, '/')}{name}" if namespace else name
    return full.lower() if type_ in _LOWER else full
