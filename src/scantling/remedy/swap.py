"""A package at another version, and inventories with some packages exchanged."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from scantling.core import purl
from scantling.core.model.inventory import Package
from scantling.matching.names import is_own_source

_RPM: Final = "rpm"


def at_version(package: Package, version: str, *, source_version: str = "") -> Package:
    """Return the package at another version, as a scan would see it there.

    Its hashes and its place in the layers are no longer known. `source_version` is that of its
    source package where the two differ; left out, a source version that was the package's own
    follows it, and any other stays.
    """
    if not source_version:
        follows = is_own_source(package) or package.source_version == package.version
        source_version = version if follows and package.source_version else package.source_version
    return replace(
        package,
        purl=_purl_at(package.purl, package.type, version),
        version=version,
        source_version=source_version,
        hashes=(),
    )


def exchanged(
    packages: Iterable[Package], removed: Iterable[Package], added: Iterable[Package]
) -> tuple[Package, ...] | None:
    """Return the packages after a change, sorted; None if one to remove is not there.

    A package owned by one that goes is re-owned by what comes under the same name; where nothing
    does, its files are nobody's any more.
    """
    left = {(one.purl, one.owner): one for one in packages}
    gone: list[str] = []
    for one in removed:
        if left.pop((one.purl, one.owner), None) != one:
            return None
        gone.append(one.purl)
    coming = tuple(added)
    for one in coming:
        left[one.purl, one.owner] = one
    heirs = {_who(one.purl): one.purl for one in coming}
    owners = {one: heirs.get(_who(one), "") for one in gone}
    after = [
        replace(one, owner=owners[one.owner])
        if one.owner in owners and (one.owner, "") not in left
        else one
        for one in left.values()
    ]
    return tuple(sorted(after, key=lambda one: (one.purl, one.owner)))


def _who(text: str) -> str:
    return purl.without_version(text)


def _purl_at(text: str, type_: str, version: str) -> str:
    """Return the package URL with another version. Source: purl-spec; rpm has its epoch apart."""
    body, hash_, subpath = text.partition("#")
    head, _, query = body.partition("?")
    qualifiers = [part for part in query.split("&") if part]
    if type_ == _RPM:
        qualifiers = [part for part in qualifiers if not part.startswith("epoch=")]
        if ":" in version:
            epoch, _, version = version.partition(":")
            qualifiers = sorted([*qualifiers, f"epoch={epoch}"])
    base = purl.without_version(head)
    made = purl.build("x", "", "x", version).partition("@")[2]
    query = "&".join(qualifiers)
    return f"{base}@{made}" + (f"?{query}" if query else "") + hash_ + subpath
