"""From an opened image to the facts of its layers: from the cache where possible, else by reading.

`read` is the one way in. It decides what has to be read; `reading` does it in workers.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.catalog.api import Cataloger, Profile
from scantling.catalog.cache import FactsCache
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.facts import LayerFacts
from scantling.core.model.gap import Gap, gap
from scantling.core.model.image import Layer
from scantling.core.progress import Progress, Quiet
from scantling.image.api import FolderTree, LayerBlob, OpenImage

# Gaps that may not be there next time, or that say the bytes are not what the key says.
_PASSING: Final = ("layer.", "limit.", "parser.", "scan.", "link.unread")


class Stats(Struct, frozen=True, kw_only=True):
    """What reading took.

    `layers` are the image's, `cached` how many of them came from the cache, `read_bytes` the
    uncompressed bytes of the others. `cpu_s` is that of all workers, `peak_bytes` the largest
    worker's. `isolation` is what was in force in every worker, None if none ran. `gaps` belong
    to the scan rather than to a layer: a degraded sandbox, a cache that cannot be written.
    """

    layers: int = 0
    cached: int = 0
    read_bytes: int = 0
    cpu_s: float = 0.0
    peak_bytes: int = 0
    isolation: tuple[str, ...] | None = None
    gaps: tuple[Gap, ...] = ()


class _Unit(Struct, kw_only=True):
    """Bytes that are read once, and the places in the image where they are."""

    layer: Layer
    blob: LayerBlob
    places: list[int]
    facts: LayerFacts | None = None
    verify: bool = True


class _Way(Struct, frozen=True, kw_only=True):
    """How to read: the arguments of `read` that go all the way down."""

    profile: Profile
    limits: Limits
    workers: int
    progress: Progress
    catalogers: Sequence[Cataloger] | None


def read(
    image: OpenImage,
    *,
    profile: Profile = Profile.STANDARD,
    limits: Limits = DEFAULT,
    workers: int = 0,
    cache: Path | None = None,
    progress: Progress | None = None,
    catalogers: Sequence[Cataloger] | None = None,
) -> tuple[tuple[LayerFacts, ...], Stats]:
    """Return the facts of every layer, bottom first (of a folder: one), and what it took.

    The facts depend on the image, the profile and the limits alone: not on `workers` (0: one per
    processor), the cache (a folder; None: none) or chance. A layer that cannot be read has
    `complete` False and a gap that says why. Gaps have no layer number; their place says it.
    `catalogers` replaces the registered ones, and the cache is then left alone.
    """
    way = _Way(
        profile=profile,
        limits=limits,
        workers=workers or len(os.sched_getaffinity(0)),
        progress=progress or Quiet(),
        catalogers=catalogers,
    )
    if image.folder is not None:
        return _read_folder(image.folder, way)
    units = _units(image)
    shelf = None
    if cache is not None and catalogers is None:
        shelf = FactsCache(cache, profile=profile, limits=limits)
        _recall(units, shelf)
    cached = sum(len(unit.places) for unit in units if unit.facts is not None)
    stats = _read_units([unit for unit in units if unit.facts is None], shelf, way)
    stats = msgspec.structs.replace(stats, layers=len(image.blobs), cached=cached)
    return _in_order(units, limits), stats


def _units(image: OpenImage) -> list[_Unit]:
    """Return what has to be looked at, each once.

    Two layers are one only if diff ID *and* stored bytes are the same: a second blob that merely
    claims the diff ID of the first must not escape being read.
    """
    units: dict[tuple[str, str], _Unit] = {}
    for place, (layer, blob) in enumerate(zip(image.image.layers, image.blobs, strict=True)):
        stored = blob.digest or blob.identity or f"place {place}"
        unit = units.get((layer.diff_id, stored))
        if unit is None:
            unit = units[layer.diff_id, stored] = _Unit(layer=layer, blob=blob, places=[])
        unit.places.append(place)
    return list(units.values())


def _recall(units: list[_Unit], shelf: FactsCache) -> None:
    for unit in units:
        known = shelf.look_up(unit.blob.identity)
        unit.verify = not known.diff_id or known.diff_id != unit.layer.diff_id
        unit.facts = None if unit.verify else known.facts


def _read_units(units: list[_Unit], shelf: FactsCache | None, way: _Way) -> Stats:
    """Read these in workers, fill in their facts, keep them for the next time."""
    if not units:
        return Stats()
    # Parsers, decoders and the sandbox: a scan from the cache never loads them.
    from scantling.catalog import reading  # noqa: PLC0415

    requests = [
        reading.Request(
            diff_id=unit.layer.diff_id, layer=unit.layer, blob=unit.blob, verify=unit.verify
        )
        for unit in units
    ]
    readings = reading.read_all(
        requests,
        reading.readers_of(way.catalogers, way.profile, way.limits),
        workers=way.workers,
        progress=way.progress,
    )
    for unit, one in zip(units, readings, strict=True):
        unit.facts = one.facts
        if shelf is not None and one.payload and _is_lasting(one.facts):
            shelf.store(unit.blob.identity, unit.layer.diff_id, one.payload)
    gaps = list(_sandbox_gaps(reading.missing_isolation(readings)))
    if shelf is not None and shelf.problem:
        gaps.append(gap("cache.unusable", shelf.problem))
    return Stats(
        read_bytes=sum(one.facts.size_bytes for one in readings),
        cpu_s=sum(one.cpu_s for one in readings),
        peak_bytes=max(one.peak_bytes for one in readings),
        isolation=reading.isolation_of(readings),
        gaps=tuple(gaps),
    )


def _read_folder(folder: FolderTree, way: _Way) -> tuple[tuple[LayerFacts, ...], Stats]:
    """Read a tree on disk, which is never cached: nothing names its content."""
    from scantling.catalog import reading  # noqa: PLC0415 - as above

    readers = reading.readers_of(way.catalogers, way.profile, way.limits)
    (one,) = reading.read_all(
        [reading.Request(folder=folder)], readers, workers=1, progress=way.progress
    )
    stats = Stats(
        layers=1,
        read_bytes=one.facts.size_bytes,
        cpu_s=one.cpu_s,
        peak_bytes=one.peak_bytes,
        isolation=one.isolation,
        gaps=tuple(_sandbox_gaps(reading.missing_isolation([one]))),
    )
    return (one.facts,), stats


def _in_order(units: list[_Unit], limits: Limits) -> tuple[LayerFacts, ...]:
    """Return the facts by place, as far as the scan's budget of bytes and entries goes.

    Counted here, in the image's order, so that it does not matter which worker was faster.
    """
    by_place = {place: unit.facts for unit in units for place in unit.places}
    ordered: list[LayerFacts] = []
    used_bytes = used_entries = 0
    for place in sorted(by_place):
        facts = by_place[place]
        if facts is None:
            raise AssertionError("every unit has been read or recalled")
        used_bytes += facts.size_bytes
        used_entries += facts.entries
        for used, name, code in (
            (used_bytes, "scan_bytes", "limit.bytes"),
            (used_entries, "scan_entries", "limit.entries"),
        ):
            allowed: int = getattr(limits, name)
            if used > allowed and facts.complete:
                detail = f"the layers up to this one have {used}, {allowed} are allowed"
                one = gap(code, detail, limit=name)
                facts = LayerFacts(diff_id=facts.diff_id, gaps=(one,), complete=False)
        ordered.append(facts)
    return tuple(ordered)


def _is_lasting(facts: LayerFacts) -> bool:
    """Tell whether these facts are all there is to know, for good."""
    gaps = [*facts.gaps, *(one for file in facts.files for one in file.gaps)]
    return facts.complete and not any(one.code.startswith(_PASSING) for one in gaps)


def _sandbox_gaps(missing: tuple[str, ...]) -> tuple[Gap, ...]:
    if not missing:
        return ()
    return (gap("sandbox.degraded", f"not in force: {', '.join(missing)}"),)
