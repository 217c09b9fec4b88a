"""The index of known images: writing. Same images, same bytes.

Source: docs/reference/base-index-format.md, version 1.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

import msgspec
from msgspec import Struct

from scantling.bases.index import (
    FORMAT_VERSION,
    HEADER,
    IMAGE,
    KEY,
    LOOKUP,
    MAGIC,
    NO_NODE,
    NODE,
    PAGE_BYTES,
    PAGE_DIGEST_BYTES,
    Record,
    chain_key,
    raw_diff,
    word_key,
)
from scantling.bases.known import Known, merged, next_chain

_ENCODER: Final = msgspec.msgpack.Encoder()


class Written(Struct, frozen=True, kw_only=True):
    """A finished index: its bytes, its digest (of the head, `sha256:…`), how many images."""

    data: bytes
    digest: str
    images: int


class _Node(Struct):
    key: int
    below: int
    first: int
    diff: bytes
    end: int = 0


def indexable(image: Known) -> bool:
    """Return whether an index can hold the image: layers, all named by SHA-256."""
    return bool(image.diff_ids) and all(map(raw_diff, image.diff_ids))


def write_index(images: Iterable[Known]) -> Written:
    """Return the index of these images; the same one given twice is merged.

    ValueError: an image is not `indexable`.
    """
    known = sorted(merged(images), key=_order)
    if not all(map(indexable, known)):
        raise ValueError("an image without layers, or with other than SHA-256 diff IDs")
    nodes, tops = _tree(known)
    order = sorted(range(len(nodes)), key=lambda number: (nodes[number].key, number))
    place = {number: at for at, number in enumerate(order)}
    place[NO_NODE] = NO_NODE
    records = [_ENCODER.encode(_record(image)) for image in known]
    lookups = sorted(
        (word_key(word), number) for number, image in enumerate(known) for word in _words(image)
    )
    body = b"".join(
        (
            b"".join(KEY.pack(nodes[number].key) for number in order),
            b"".join(_packed(nodes[number], place) for number in order),
            _image_rows(records, [place[top] for top in tops]),
            b"".join(LOOKUP.pack(*pair) for pair in lookups),
            *records,
        )
    )
    pages = -(-len(body) // PAGE_BYTES)
    header = HEADER.pack(
        MAGIC,
        FORMAT_VERSION,
        0,
        len(known),
        len(nodes),
        len(lookups),
        pages,
        HEADER.size + PAGE_DIGEST_BYTES * pages + len(body),
    )
    head = header + b"".join(
        hashlib.sha256(body[at : at + PAGE_BYTES]).digest()[:PAGE_DIGEST_BYTES]
        for at in range(0, len(body), PAGE_BYTES)
    )
    digest = f"sha256:{hashlib.sha256(head).hexdigest()}"
    return Written(data=head + body, digest=digest, images=len(known))


def _order(image: Known) -> tuple[object, ...]:
    """Images above a layer lie side by side, those that end at it first."""
    return (image.diff_ids, image.name, image.digest, image.config_digest, image.platform)


def _tree(known: Sequence[Known]) -> tuple[list[_Node], list[int]]:
    """Return the nodes, and the topmost one of each image."""
    nodes: list[_Node] = []
    tops: list[int] = []
    path: list[int] = []
    chains: list[str] = []
    before: tuple[str, ...] = ()
    for number, image in enumerate(known):
        pairs = zip(before, image.diff_ids, strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        for closed in path[shared:]:
            nodes[closed].end = number
        del path[shared:], chains[shared:]
        for diff_id in image.diff_ids[shared:]:
            chains.append(next_chain(chains[-1] if chains else "", diff_id))
            below = path[-1] if path else NO_NODE
            nodes.append(_Node(chain_key(chains[-1]), below, number, raw_diff(diff_id)))
            path.append(len(nodes) - 1)
        tops.append(path[-1])
        before = image.diff_ids
    for closed in path:
        nodes[closed].end = len(known)
    return nodes, tops


def _packed(node: _Node, place: dict[int, int]) -> bytes:
    return NODE.pack(place[node.below], node.first, node.end, node.diff)


def _image_rows(records: list[bytes], tops: list[int]) -> bytes:
    rows, end = [], 0
    for record, top in zip(records, tops, strict=True):
        end += len(record)
        rows.append(IMAGE.pack(top, end))
    return b"".join(rows)


def _record(image: Known) -> Record:
    return Record(
        name=image.name,
        tags=image.tags,
        digest=_raw(image.digest),
        list_digest=_raw(image.list_digest),
        config_digest=_raw(image.config_digest),
        platform=image.platform,
        created=image.created,
        seen=image.seen,
        size_bytes=image.size_bytes,
    )


def _raw(digest: str) -> bytes:
    """Return the bytes of a digest; its length says which algorithm it is of."""
    return bytes.fromhex(digest.partition(":")[2])


def _words(image: Known) -> set[str]:
    return {image.name, image.digest, image.list_digest, image.config_digest} - {""}
