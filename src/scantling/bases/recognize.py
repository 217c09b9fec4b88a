"""Which base an image stands on.

Evidence, strongest first; what speaks against it is said in `because`:

1. Its lowest layers are exactly those of a known image. Of several the longest chain counts.
2. Its annotations or labels name the base (`org.opencontainers.image.base.name`, `.digest`).
3. The builder's provenance names the images that were used, and one of them can be meant.
4. The Dockerfile's FROM, as the caller read it.
5. The build steps alone: a guess.

A name of 2 to 4 that the index knows with other layers is not believed. Without a known chain the
number of layers is a guess from the build steps, so `certain` is False.

Source: OCI image-spec, annotations.md and config.md ("Layer ChainID").
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.bases.history import Cut, guess
from scantling.bases.index import KnownImages
from scantling.bases.known import Known
from scantling.bases.official import LIBRARY
from scantling.bases.provenance import Material, Provenance
from scantling.bases.tags import specificity
from scantling.core.errors import TargetError
from scantling.core.model.base import BaseImage, Part
from scantling.core.model.image import Image
from scantling.core.text import neutral
from scantling.image.api import History
from scantling.image.refs import is_digest, is_tag, parse_registry

SCRATCH: Final = "scratch"
_BASE_NAME: Final = "org.opencontainers.image.base.name"
_BASE_DIGEST: Final = "org.opencontainers.image.base.digest"
_SHOWN: Final = 3
_DIGEST_SHOWN: Final = 19

Indexes = Sequence[KnownImages]


class _Claim(Struct, frozen=True, kw_only=True):
    """Somebody's word on the base; `by` is the evidence, `who` the subject of a sentence."""

    by: str
    who: str
    name: str = ""
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        text = self.name + (f":{self.tag}" if self.tag else "")
        return neutral(text or self.digest, limit=300)


def recognize(
    image: Image,
    indexes: Indexes,
    *,
    history: Sequence[History] = (),
    provenance: Provenance | None = None,
    declared: str = "",
) -> BaseImage | None:
    """Return the base the image stands on; None if nothing tells.

    `indexes` are asked in order, which decides between equals. `declared` is what follows FROM in
    the image's last stage (`python:3.12-slim`, `scratch`). Raises InputError for a damaged index.
    """
    if declared.strip().lower() == SCRATCH:
        return BaseImage(
            name=SCRATCH, evidence="declared", because="its Dockerfile says FROM scratch"
        )
    claims = _claims(image, provenance, declared)
    chains = _chains(image, indexes)
    doubts = [doubt for claim in claims if (doubt := _doubt(claim, image, chains, indexes))]
    if chains:
        layers, candidates = chains[0]
        return _with_newest(_of_chain(layers, candidates, claims, doubts), image, indexes)
    cut = guess(history or _steps(image))
    for claim in claims:
        if not _is_refuted(claim, image, indexes):
            return _with_newest(_of_claim(claim, cut, doubts, indexes), image, indexes)
    return _of_history(cut, doubts)


def ancestry(image: Image, indexes: Indexes, *, base: BaseImage | None) -> tuple[BaseImage, ...]:
    """Return `base` and what it stands on in turn, nearest first, as far as the indexes know.

    `base` None: there is no ancestry. Raises InputError if an index is damaged.
    """
    if base is None:
        return ()
    found = [base]
    for layers, candidates in _chains(image, indexes):
        if 0 < layers < found[-1].layers:
            found.append(_with_newest(_of_chain(layers, candidates, (), []), image, indexes))
    return tuple(found)


def part_of(origin: int, base: BaseImage | None) -> Part:
    """Return whose layer `origin` is: `unknown` without a base, or one of unknown height."""
    if base is None or (base.layers == 0 and base.name != SCRATCH):
        return Part.UNKNOWN
    return Part.BASE if origin < base.layers else Part.OWN


def _chains(image: Image, indexes: Indexes) -> list[tuple[int, tuple[Known, ...]]]:
    """Return (layers, known images that are exactly these lowest layers), longest first.

    The image itself is no base of itself, nor is another build of the same repository that has all
    its layers (a rebuild that changed only the configuration).
    """
    diff_ids = tuple(layer.diff_id for layer in image.layers)
    found: dict[int, list[Known]] = {}
    names = _own_names(image)
    for index in indexes:
        for layers, candidates in index.prefixes(diff_ids):
            whole = layers == len(diff_ids)
            found.setdefault(layers, []).extend(
                one for one in candidates if not (whole and _is_same(one, image, names))
            )
    return [
        (layers, tuple(found[layers])) for layers in sorted(found, reverse=True) if found[layers]
    ]


def _own_names(image: Image) -> set[str]:
    names = set()
    references = (*image.tags, image.reference) if image.kind == "registry" else image.tags
    for text in references:
        try:
            ref = parse_registry(text.removeprefix("registry:"))
        except TargetError:
            continue
        names.add(f"{ref.registry}/{ref.repository}")
    return names


def _is_same(known: Known, image: Image, names: set[str]) -> bool:
    digests = {known.digest, known.config_digest, known.list_digest} - {""}
    return bool(digests & {image.manifest_digest, image.config_digest}) or known.name in names


def _claims(image: Image, provenance: Provenance | None, declared: str) -> list[_Claim]:
    found = [*_annotated(image)]
    materials = provenance.materials if provenance else ()
    found += [
        _Claim(
            by="provenance",
            who="its provenance",
            name=one.name,
            tag=one.tag,
            digest=one.digest,
        )
        for one in _plausible(materials, declared)
    ]
    if declared:
        found += _named("declared", "its Dockerfile", declared, "")
    return found


def _annotated(image: Image) -> Iterable[_Claim]:
    """Yield what annotations say, then what labels say: labels may be inherited from the base."""
    for who, pairs in (("its annotation", image.annotations), ("its label", image.config.labels)):
        said = dict(pairs)
        digest = said.get(_BASE_DIGEST, "")
        digest = digest if is_digest(digest) else ""
        name = said.get(_BASE_NAME, "")
        if name:
            yield from _named("annotation", who, name, digest)
        elif digest:
            yield _Claim(by="annotation", who=who, digest=digest)


def _named(by: str, who: str, text: str, digest: str) -> list[_Claim]:
    """Return the claim that a reference makes; none if it cannot be one (an argument, a stage)."""
    try:
        ref = parse_registry(text.strip())
    except TargetError:
        return []
    tag = ref.tag if ":" in text.rpartition("/")[2] or not (ref.digest or digest) else ""
    name = f"{ref.registry}/{ref.repository}"
    return [_Claim(by=by, who=who, name=name, tag=tag, digest=ref.digest or digest)]


def _plausible(materials: tuple[Material, ...], declared: str) -> tuple[Material, ...]:
    """Return the one image that the result can stand on; none if several were used."""
    if len(materials) > 1 and declared:
        meant = _named("", "", declared, "")
        materials = tuple(one for one in materials if meant and one.name == meant[0].name)
    return materials if len(materials) == 1 else ()


def _doubt(
    claim: _Claim, image: Image, chains: list[tuple[int, tuple[Known, ...]]], indexes: Indexes
) -> str:
    """Return what a claim says against the layers, as a clause; empty if they agree."""
    if chains and any(_agrees(claim, one) for one in chains[0][1]):
        return ""
    for layers, candidates in chains[1:]:
        if any(_agrees(claim, one) for one in candidates):
            return f"{claim.who} names {claim}, which has only the lowest {layers} of them"
    if _is_refuted(claim, image, indexes):
        return f"{claim.who} names {claim}, which is known to have other layers"
    if not chains:
        return ""
    return f"{claim.who} names {claim}, which no index knows"


def _agrees(claim: _Claim, known: Known) -> bool:
    if claim.digest:
        return claim.digest in {known.digest, known.list_digest}
    return claim.name == known.name and (not claim.tag or claim.tag in known.tags)


def _is_refuted(claim: _Claim, image: Image, indexes: Indexes) -> bool:
    """Return whether the very image that is named is known for this platform with other layers.

    A tag moves, so only a digest can be refuted.
    """
    if not claim.digest:
        return False
    diff_ids = tuple(layer.diff_id for layer in image.layers)
    meant = [
        one
        for index in indexes
        for one in index.with_digest(claim.digest)
        if _runs_alike(one, image) or one.digest == claim.digest
    ]
    return bool(meant) and all(diff_ids[: len(one.diff_ids)] != one.diff_ids for one in meant)


def _of_chain(
    layers: int, candidates: tuple[Known, ...], claims: Iterable[_Claim], doubts: list[str]
) -> BaseImage:
    claims = tuple(claims)

    def rank(pair: tuple[int, Known]) -> tuple[object, ...]:
        place, one = pair
        agreed = any(_agrees(claim, one) for claim in claims)
        newest_first = tuple(-ord(letter) for letter in one.created[:19])
        return (not agreed, not one.name.startswith(LIBRARY), place, newest_first, str(one))

    # The place of an index is that of its first candidate: equal names are joined below.
    places = {one.name: place for place, one in reversed([*enumerate(candidates)])}
    chosen = min(((places[one.name], one) for one in candidates), key=rank)[1]
    same = [one for one in candidates if (one.name, one.digest) == (chosen.name, chosen.digest)]
    tags = sorted({tag for one in same for tag in one.tags}, key=specificity)
    others = sorted({_shown(one) for one in candidates if one not in same})
    count = "its lowest layer is that" if layers == 1 else f"its lowest {layers} layers are those"
    clauses = [f"{count} of {_shown(chosen)}"]
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        clauses.append(f"also known as {', '.join(others[:_SHOWN])}{more}")
    return BaseImage(
        name=chosen.name,
        tags=tuple(tags),
        digest=chosen.pin,
        layers=layers,
        evidence="index",
        because="; ".join((*clauses, *dict.fromkeys(doubts))),
        created=chosen.created,
    )


def _of_claim(claim: _Claim, cut: Cut | None, doubts: list[str], indexes: Indexes) -> BaseImage:
    height = f"where it ends is a guess: {cut.because}" if cut else "where it ends is not known"
    known = [one for index in indexes for one in index.with_digest(claim.digest) if claim.digest]
    return BaseImage(
        name=claim.name or (known[0].name if known else ""),
        tags=(claim.tag,) if claim.tag else (),
        digest=claim.digest,
        layers=cut.layers if cut else 0,
        evidence=claim.by,
        because="; ".join((f"{claim.who} names {claim}", height, *dict.fromkeys(doubts))),
        certain=False,
    )


def _of_history(cut: Cut | None, doubts: list[str]) -> BaseImage | None:
    if cut is None:
        return None
    version = f" {neutral(cut.version, limit=100)}" if cut.version else ""
    named = f"its steps speak of {cut.name}{version}" if cut.name else ""
    clauses = [f"a guess from the build steps: {neutral(cut.because, limit=300)}", named, *doubts]
    return BaseImage(
        name=f"{LIBRARY}{cut.name}" if cut.name else "",
        tags=(cut.version,) if is_tag(cut.version) else (),
        layers=cut.layers,
        evidence="history",
        because="; ".join(filter(None, dict.fromkeys(clauses))),
        certain=False,
    )


def _with_newest(base: BaseImage, image: Image, indexes: Indexes) -> BaseImage:
    """Return the base with the newest image that is known under one of its tags."""
    if not base.name or not base.tags:
        return base
    known = [one for index in indexes for one in index.named(base.name) if _runs_alike(one, image)]
    mine = [one for one in known if base.digest and base.digest in {one.digest, one.list_digest}]
    if not mine:
        return base
    age = max(one.age for one in mine)
    for tag in base.tags:
        newest = max((one for one in known if tag in one.tags), key=_age, default=None)
        if newest and newest.age > age and newest.pin != base.digest:
            return replace(
                base, newest=f"{base.name}:{tag}", newest_digest=newest.pin, current=False
            )
    return replace(base, current=True)


def _age(known: Known) -> tuple[str, str, str]:
    return known.age


def _runs_alike(known: Known, image: Image) -> bool:
    """Return whether a known image is of the image's system and processor, variants aside."""
    return not known.platform or known.platform.split("/")[:2] == str(image.platform).split("/")[:2]


def _steps(image: Image) -> tuple[History, ...]:
    """Return the steps that made layers, where the others are not known any more."""
    return tuple(
        History(created=layer.created, created_by=layer.created_by, empty_layer=False)
        for layer in image.layers
    )


def _shown(known: Known) -> str:
    tag = min(known.tags, key=specificity, default="")
    name = known.name + (f":{tag}" if tag else "")
    digest = known.digest or known.list_digest
    return neutral(name + (f"@{digest[:_DIGEST_SHOWN]}" if digest else ""), limit=300)
