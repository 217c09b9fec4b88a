"""What a document calls a product, as values that can be compared with a scan.

Several identifiers of one product are different names of it. A digest, or a package URL with a
version, says exactly which; each stands for itself. A package URL without version is narrowed by a
digest beside it. A CPE counts only where nothing better is given: CPEs of platforms are broad.
"""

from collections.abc import Iterable, Mapping

from scantling.core import image_name, purl
from scantling.core.model.vex import VexProduct
from scantling.core.purl_parts import parse


def products(
    *,
    ids: Iterable[str] = (),
    purls: Iterable[str] = (),
    cpes: Iterable[str] = (),
    hashes: Mapping[str, str] | None = None,
    component: str = "",
    versions: str = "",
) -> tuple[VexProduct, ...]:
    """Return the product's identities, sorted; empty if it has none that a scan could meet.

    `ids` are free identifiers: package URLs, digests, names of images, CPEs. `hashes` map
    algorithms, as any format spells them, to hexadecimal digests.
    """
    named = [one for one in purls if parse(one)]
    digests = [
        f"{name.lower().replace('-', '', 1)}:{value.lower()}"
        for name, value in (hashes or {}).items()
    ]
    platforms = [*cpes]
    for one in ids:
        if image_name.is_digest(one):
            digests.append(one)
        elif one.startswith("cpe:"):
            platforms.append(one)
        elif found := _purl(one):
            named.append(found)
    found_products: set[VexProduct] = set()
    for one in named:
        exact = _is_exact(one) or not digests
        found_products |= {
            VexProduct(purl=one, digest=digest, component=component, versions=versions)
            for digest in ([""] if exact else digests)
        }
    if not named or any(map(_is_exact, named)):
        found_products |= {VexProduct(digest=one, component=component) for one in digests}
    if not found_products:
        found_products = {VexProduct(cpe=one, component=component) for one in platforms}
    return tuple(sorted(found_products))


def component(*, ids: Iterable[str] = (), purls: Iterable[str] = ()) -> str:
    """Return the package URL of a part of a product, empty if it has none."""
    return min((one for one in (*purls, *ids) if parse(one)), default="")


def _is_exact(text: str) -> bool:
    parts = parse(text)
    return parts is not None and bool(parts.version)


def _purl(text: str) -> str:
    """Return the package URL that `text` is, or that stands for the image it names; else ''."""
    if text.startswith("pkg:"):
        return text if parse(text) else ""
    # A bare word is a name within a document, not an image.
    name = image_name.split(text) if set("/:@") & set(text) and "://" not in text else None
    if name is None or text.startswith("urn:"):
        return ""
    qualifiers = (("repository_url", name.repository), ("tag", name.tag))
    return purl.build("oci", "", name.short, name.digest, qualifiers=qualifiers)
