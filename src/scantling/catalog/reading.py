"""Reading layers in workers: starts them, tries again without the file that ended one.

Digests are computed by the reader itself, beside it (`hashing`: one compressed layer that would
keep a processor busy alone), or apart from it (`digests`: plain layers).

Imported only when something has to be read; a scan from the cache does without.
"""

import codecs
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from scantling.catalog import digests, registry
from scantling.catalog.api import Cataloger, Profile
from scantling.catalog.collect import Casualty, of_subject
from scantling.catalog.factsform import decode
from scantling.catalog.folders import read_folder
from scantling.catalog.hashing import Ring
from scantling.catalog.layers import LayerTask, Readers, read_layer
from scantling.catalog.wants import WantIndex
from scantling.core.errors import ScantlingError
from scantling.core.limits import MIB, Limits
from scantling.core.model.facts import LayerFacts
from scantling.core.model.gap import Gap, gap
from scantling.core.model.image import Layer
from scantling.core.progress import Progress
from scantling.core.sandbox import isolation, pool
from scantling.core.sandbox.worker import Desk, Task
from scantling.image.api import FolderTree, LayerBlob, Slice

_ATTEMPTS: Final = 4
"""One, and three more without what ended the ones before."""
_WORTH_HASHING: Final = 8 * MIB
"""Stored bytes from which on a compressed layer's digests repay a worker beside its reader."""
_WORTH_A_JOB: Final = 4 * MIB
"""Stored bytes from which on a plain layer's digests repay a job, whose start takes 3 ms."""
# Decoders that parsers ask for by name; a worker could not load their modules any more.
_CODECS: Final = (
    "ascii",
    "cp437",
    "cp1252",
    "iso8859-1",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-8-sig",
)


class Request(Struct, frozen=True, kw_only=True):
    """A layer to be read, or a folder. `verify`: the diff ID of these bytes is not known yet."""

    diff_id: str = ""
    layer: Layer | None = None
    blob: LayerBlob | None = None
    folder: FolderTree | None = None
    verify: bool = True


class Reading(Struct, frozen=True, kw_only=True):
    """What came of a request. `payload` are the facts as encoded; empty if no worker made them."""

    facts: LayerFacts
    payload: bytes = b""
    cpu_s: float = 0.0
    peak_bytes: int = 0
    isolation: tuple[str, ...] | None = None
    """What was in force; None: no worker got so far."""


class _Attempts(Struct, kw_only=True):
    """One request and what it has cost so far."""

    request: Request
    skip: dict[tuple[str, str], Casualty]
    missing: str = ""
    count: int = 0
    cpu_s: float = 0.0
    peak_bytes: int = 0
    reading: Reading | None = None
    apart: bool = False
    """Its digests are not computed by its reader; `found` has them."""
    found: digests.Found | None = None
    unhashed: str = ""
    """Why `found` is None."""


def readers_of(catalogers: Sequence[Cataloger] | None, profile: Profile, limits: Limits) -> Readers:
    """Return catalogers (None: the registered ones that `profile` includes) and their index.

    What a confined worker could not load any more is loaded here.
    """
    for name in _CODECS:
        codecs.lookup(name)
    chosen = registry.load(profile) if catalogers is None else tuple(catalogers)
    return Readers(catalogers=chosen, index=WantIndex(chosen), limits=limits)


def isolation_of(readings: Sequence[Reading]) -> tuple[str, ...] | None:
    """Return which parts of the isolation were in force in every worker; None: there was none."""
    ran = [one.isolation for one in readings if one.isolation is not None]
    if not ran:
        return None
    return tuple(part for part in isolation.ALL if all(part in each for each in ran))


def missing_isolation(readings: Sequence[Reading]) -> tuple[str, ...]:
    """Return which parts were not in force in some worker."""
    in_force = isolation_of(readings)
    return () if in_force is None else tuple(p for p in isolation.ALL if p not in in_force)


def read_all(
    requests: Sequence[Request], readers: Readers, *, workers: int, progress: Progress
) -> tuple[Reading, ...]:
    """Return what came of each request, in order; independent of `workers` and timing."""
    limits = readers.limits
    end = time.monotonic() + limits.scan_wall_s
    attempts = [_Attempts(request=request, skip={}) for request in requests]
    waiting = attempts
    while waiting:
        left = msgspec.structs.replace(limits, scan_wall_s=max(0, int(end - time.monotonic())))
        outcomes = _attempt(waiting, readers, workers=workers, limits=left, progress=progress)
        for one, outcome in zip(waiting, outcomes, strict=True):
            _conclude(one, outcome)
        waiting = [one for one in waiting if one.reading is None]
    return tuple(one.reading for one in attempts if one.reading is not None)


def _attempt(
    waiting: Sequence[_Attempts],
    readers: Readers,
    *,
    workers: int,
    limits: Limits,
    progress: Progress,
) -> Sequence[pool.Outcome | None]:
    """Run one attempt at each of these and return how it ended."""
    plain = [one for one in waiting if _is_plain_work(one)]
    alone = None if plain else _alone(waiting, workers)
    ring = Ring() if alone is not None else None
    jobs = [
        _job(one, readers, place, ring if one is alone else None)
        for place, one in enumerate(waiting)
    ]
    jobs += [_digests_job(one) for one in plain]
    if ring is None or alone is None:
        outcomes = pool.run(jobs, workers=workers, limits=limits, progress=progress)
    else:
        jobs.append(_hashing_job(ring, alone))
        try:
            outcomes = pool.run(jobs, workers=workers + 1, limits=limits, progress=progress)
        finally:
            ring.drop()
        alone.cpu_s += outcomes[-1].cpu_s if outcomes[-1] is not None else 0.0
    for one, outcome in zip(plain, outcomes[len(waiting) :], strict=False):
        _take_digests(one, outcome)
    return outcomes[: len(waiting)]


def _is_plain_work(attempts: _Attempts) -> bool:
    """Tell whether this seems to be a plain layer whose digests repay a job of their own."""
    request = attempts.request
    packed = request.layer is None or request.layer.media_type.endswith(("gzip", "zstd"))
    known = not request.verify or attempts.found is not None
    return not packed and not known and _size(attempts) >= _WORTH_A_JOB


def _digests_job(attempts: _Attempts) -> pool.Job:
    attempts.apart = True
    layer = attempts.request.layer
    size = _size(attempts)
    label = f"layer {layer.index + 1}, digests" if layer else ""
    return pool.Job(
        prepare=lambda: _prepare_digests(attempts), weight=size, label=label, total_bytes=size
    )


def _prepare_digests(attempts: _Attempts) -> Task | None:
    """Open the bytes; None when they cannot be had or are not plain after all."""
    stored = _opened(attempts)
    if stored is None or attempts.request.layer is None:
        return None
    if not digests.is_plain(stored):
        attempts.unhashed = "the layer turned out to be compressed"
        os.close(stored.fd)
        return None
    names = digests.algorithms(attempts.request.layer)
    return Task(run=lambda desk: digests.hash_slice(desk, stored, names), keep=(stored.fd,))


def _take_digests(attempts: _Attempts, outcome: pool.Outcome | None) -> None:
    if outcome is None:
        return
    attempts.cpu_s += outcome.cpu_s
    attempts.peak_bytes = max(attempts.peak_bytes, outcome.peak_bytes)
    if isinstance(outcome, pool.Died):
        attempts.unhashed = outcome.reason
        return
    try:
        attempts.found = digests.decode(outcome.payload)
    except msgspec.DecodeError as error:
        attempts.unhashed = f"the worker's answer is no digest: {error}"


def _alone(waiting: Sequence[_Attempts], workers: int) -> _Attempts | None:
    """Return the layer that keeps one worker busy while another has nothing left to do, if any."""
    longest = max(filter(_is_work, waiting), key=_size, default=None)
    if longest is None or workers < 2:  # noqa: PLR2004 - one to read and one to hash
        return None
    share = sum(map(_size, waiting)) / workers
    return longest if _size(longest) >= max(_WORTH_HASHING, share) else None


def _is_work(attempts: _Attempts) -> bool:
    """Tell whether digests are asked for and the layer is compressed: copying a plain one for the
    second worker takes as long as hashing it."""
    layer = attempts.request.layer
    packed = layer is not None and layer.media_type.endswith(("gzip", "zstd"))
    return packed and attempts.request.verify


def _size(attempts: _Attempts) -> int:
    blob = attempts.request.blob
    return blob.length_bytes if blob else 0


def _hashing_job(ring: Ring, attempts: _Attempts) -> pool.Job:
    # Begins before the layer itself, so that the two never wait for each other.
    layer = attempts.request.layer
    label = f"layer {layer.index + 1}, digests" if layer else ""
    return pool.Job(prepare=ring.hasher, weight=_size(attempts) + 1, label=label)


def _job(attempts: _Attempts, readers: Readers, place: int, ring: Ring | None = None) -> pool.Job:
    layer = attempts.request.layer
    size = _size(attempts)
    label = f"layer {layer.index + 1}" if layer else f"folder {place + 1}"
    return pool.Job(
        prepare=lambda: _prepare(attempts, readers, ring),
        weight=size,
        label=label,
        total_bytes=size,
    )


def _prepare(attempts: _Attempts, readers: Readers, ring: Ring | None) -> Task | None:
    """Open the bytes; None when they cannot be had."""
    attempts.count += 1
    request = attempts.request
    try:
        if request.folder is not None:
            descriptor = request.folder.open()
            run = _folder_run(descriptor, readers, attempts)
            return Task(run=run, keep=(descriptor,), folder=descriptor)
    except ScantlingError as error:
        attempts.missing = str(error)
        return None
    stored = _opened(attempts)
    if stored is None or request.layer is None:
        if ring is not None:
            ring.drop()
        return None
    attempts.apart = attempts.apart and digests.is_plain(stored)
    hashes, kept = (None, ()) if ring is None else ring.reader()
    task = LayerTask(
        slice=stored,
        layer=request.layer,
        readers=readers,
        skip=attempts.skip,
        verify=request.verify and not attempts.apart,
        hashes=hashes,
    )
    return Task(run=lambda desk: read_layer(desk, task), keep=(stored.fd, *kept))


def _opened(attempts: _Attempts) -> Slice | None:
    """Return the layer's bytes; None, and why in `missing`, when they cannot be had."""
    blob = attempts.request.blob
    if blob is None:
        raise AssertionError("a request names a folder, or a layer and its blob")
    try:
        return blob.open()
    except ScantlingError as error:
        attempts.missing = str(error)
        return None


def _folder_run(descriptor: int, readers: Readers, attempts: _Attempts) -> Callable[[Desk], bytes]:
    return lambda desk: read_folder(desk, descriptor, readers, attempts.skip)


def _conclude(attempts: _Attempts, outcome: pool.Outcome | None) -> None:
    """Take note of how the attempt ended; no reading afterwards means: try again."""
    match outcome:
        case None:
            attempts.reading = _lost(attempts, gap("layer.missing", attempts.missing))
        case pool.Finished():
            attempts.cpu_s += outcome.cpu_s
            attempts.peak_bytes = max(attempts.peak_bytes, outcome.peak_bytes)
            attempts.reading = _finished(attempts, outcome)
        case pool.Died():
            attempts.cpu_s += outcome.cpu_s
            attempts.peak_bytes = max(attempts.peak_bytes, outcome.peak_bytes)
            _mourn(attempts, outcome)


def _finished(attempts: _Attempts, outcome: pool.Finished) -> Reading:
    try:
        facts = decode(outcome.payload)
    except msgspec.DecodeError as error:
        return _lost(attempts, gap("parser.crashed", f"the worker's answer is no facts: {error}"))
    if attempts.apart:
        facts = msgspec.structs.replace(facts, gaps=(*facts.gaps, *_untrue(attempts)))
    return Reading(
        facts=facts,
        payload=outcome.payload,
        cpu_s=attempts.cpu_s,
        peak_bytes=attempts.peak_bytes,
        isolation=outcome.isolation,
    )


def _untrue(attempts: _Attempts) -> list[Gap]:
    """Return what the digests say of a layer that was hashed apart from being read."""
    layer, found = attempts.request.layer, attempts.found
    if layer is None or found is None:
        return [gap("layer.digest", f"its digests were not computed: {attempts.unhashed}")]
    again = _opened(attempts)
    if again is None:  # what was hashed may not be what was read
        return [gap("layer.digest", attempts.missing)]
    os.close(again.fd)
    return digests.differences(layer, found.size_bytes, found.digests, found.digests)


def _mourn(attempts: _Attempts, died: pool.Died) -> None:
    cataloger, path = of_subject(died.last_note)
    again = path and attempts.count < _ATTEMPTS and died.limit != "scan_wall_s"
    if again and (cataloger, path) not in attempts.skip:
        casualty = Casualty(code=died.code, reason=died.reason, limit=died.limit)
        attempts.skip[cataloger, path] = casualty
        return
    attempts.reading = _lost(
        attempts,
        gap(died.code, died.reason, path=died.path or path, offset=died.offset, limit=died.limit),
        gap("layer.unread", f"its worker ended before its end: {died.reason}"),
    )


def _lost(attempts: _Attempts, *gaps: Gap) -> Reading:
    casualties = tuple(
        gap(one.code, one.reason, path=path, limit=one.limit)
        for (_, path), one in sorted(attempts.skip.items())
    )
    facts = LayerFacts(diff_id=attempts.request.diff_id, gaps=(*gaps, *casualties), complete=False)
    return Reading(facts=facts, cpu_s=attempts.cpu_s, peak_bytes=attempts.peak_bytes)
