"""Seeded damage to whole images: the same seed gives the same damage.

`mutate(seed)` picks an image and one way to damage it. Damage with *right* digests is what a
builder could have meant, so the model is asked what it still says; damage with *stale* digests has
no such excuse, and must never pass for a complete look.
"""

import gzip
import random
from typing import Final

from msgspec import Struct

from scantling.testing.images import compress, digest, json_bytes, layer_tar, tar_header
from tests.hostile.bases import (
    APK,
    DPKG,
    Base,
    Parts,
    bases,
    blob_path,
    docker_archive,
    parts_of,
    plain_archive,
)
from tests.hostile.damage import BYTES, LINES, damaged_json, flip
from tests.hostile.model import Member, members
from tests.image import forge

_BLOCK: Final = 512


class Mutant(Struct, frozen=True, kw_only=True):
    """A damaged image: an archive, or the files of a layout.

    `tars` are its layers as the model should read them; None: nothing excuses a loss. `strict`:
    a digest is wrong, so the report must not even be complete.
    """

    base: Base
    how: str
    archive: bytes = b""
    layout: dict[str, bytes] = {}
    tars: tuple[bytes, ...] | None = None
    strict: bool = False


def mutate(seed: int, only: str = "") -> Mutant:
    """Return the mutant of this seed; `only` is the name of one image."""
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    every = bases()
    # Half of the time the image that has most kinds of files; the large one less often.
    name = only or rng.choice(("debian",) * 5 + ("alpine",) * 2 + tuple(every))
    make = rng.choice(_WAYS)
    return make(rng, every[name])


def _packed(rng: random.Random, base: Base, how: str, parts: Parts, **more: object) -> Mutant:
    return _wrapped(rng, base, how, parts.layout(), **more)


def _wrapped(
    rng: random.Random, base: Base, how: str, files: dict[str, bytes], **more: object
) -> Mutant:
    if rng.random() < 0.5:
        return Mutant(base=base, how=f"{how}, folder", layout=files, **more)  # type: ignore[arg-type]
    return Mutant(base=base, how=f"{how}, archive", archive=plain_archive(files), **more)  # type: ignore[arg-type]


def _stored_bytes(rng: random.Random, base: Base) -> Mutant:
    """Damage a layer as stored: compressed, mostly."""
    parts = parts_of(base)
    at = rng.randrange(len(parts.stored))
    damage = rng.choice(BYTES)
    parts.stored[at] = damage(rng, parts.stored[at]) or b"\0"
    changed = parts.stored[at] != parts_of(base).stored[at]
    right = rng.random() < 0.6
    if right:
        parts.digests[at] = digest(parts.stored[at])
    how = f"{damage.__name__} in stored layer {at}, digest {'right' if right else 'stale'}"
    return _packed(rng, base, how, parts, strict=changed and not right)


def _with_tar(rng: random.Random, base: Base, how: str, at: int, tar: bytes) -> Mutant:
    """Put `tar` in the place of a layer; a quarter of the time its diff ID stays the old one."""
    tars = (*base.tars[:at], tar, *base.tars[at + 1 :])
    parts = parts_of(base)
    parts.stored[at] = compress(tar, parts.kinds[at])
    parts.digests[at] = digest(parts.stored[at])
    right = rng.random() < 0.75
    if right:
        parts.diff_ids[at] = digest(tar)
    strict = not right and tar != base.tars[at]
    how = f"{how} in layer {at}, diff ID {'right' if right else 'stale'}"
    return _packed(rng, base, how, parts, tars=tars if right else None, strict=strict)


def _tar_bytes(rng: random.Random, base: Base) -> Mutant:
    """Damage the uncompressed archive anywhere."""
    at = rng.randrange(len(base.tars))
    damage = rng.choice(BYTES)
    return _with_tar(rng, base, damage.__name__, at, damage(rng, base.tars[at]))


# Start and length of the fields of a header.
_FIELDS: Final = {
    "name": (0, 100),
    "mode": (100, 8),
    "uid": (108, 8),
    "size": (124, 12),
    "mtime": (136, 12),
    "typeflag": (156, 1),
    "linkname": (157, 100),
    "magic": (257, 8),
    "prefix": (345, 155),
}
_VALUES: Final = (
    b"\xff" * 4,
    b"\x80\0\0\0",
    b"777777777777",
    b"-1",
    b"\0",
    b" ",
    b"../",
    b"x",
    b"5",
)


def _header(rng: random.Random, base: Base) -> Mutant:
    """Damage one field of one header, with a right checksum or a wrong one."""
    at = rng.randrange(len(base.tars))
    tar = base.tars[at]
    place = rng.choice(members(tar)).data_at - _BLOCK
    field = rng.choice(tuple(_FIELDS))
    start, length = _FIELDS[field]
    block = bytearray(tar[place : place + _BLOCK])
    if rng.random() < 0.5:
        value = flip(rng, bytes(block[start : start + length]))
    else:
        value = rng.choice(_VALUES)[:length]
    block[start : start + len(value)] = value
    summed = rng.random() < 0.7
    header = forge.summed(bytes(block)) if summed else bytes(block)
    how = f"{field} of a header, checksum {'right' if summed else 'stale'}"
    return _with_tar(rng, base, how, at, tar[:place] + header + tar[place + _BLOCK :])


def _entry_bytes(tar: bytes, one: Member) -> bytes:
    return tar[one.start : one.end]


def _entries(rng: random.Random, base: Base) -> Mutant:
    """Swap, repeat, move or drop entries; change what one is; add deletions."""
    at = rng.randrange(len(base.tars))
    tar = base.tars[at]
    listed = members(tar)
    pieces = [_entry_bytes(tar, one) for one in listed]
    first, second = (rng.randrange(len(pieces)) for _ in range(2))
    what = rng.choice(("swap", "repeat", "drop", "link", "hardlink", "whiteout", "opaque", "empty"))
    name = listed[first].name.encode()[:90]
    folder, _, leaf = name.rpartition(b"/")
    match what:
        case "swap":
            pieces[first], pieces[second] = pieces[second], pieces[first]
        case "repeat":
            pieces.insert(second, pieces[first])
        case "drop":
            del pieces[first]
        case "link" | "hardlink":
            kind = b"2" if what == "link" else b"1"
            target = listed[second].name.encode()[:90]
            pieces[first] = tar_header(
                name, kind=kind, link=b"/" + target if kind == b"2" else target
            )
        case "whiteout":
            pieces.insert(second, tar_header((folder + b"/.wh." + leaf).lstrip(b"/")))
        case "opaque":
            pieces.insert(second, tar_header((folder + b"/.wh..wh..opq").lstrip(b"/")))
        case _:
            pieces[first] = tar_header(name)
    return _with_tar(rng, base, f"{what} an entry", at, b"".join(pieces) + bytes(1024))


def _ends(rng: random.Random, base: Base) -> Mutant:
    """Drop the end of an archive, or put something after it."""
    at = rng.randrange(len(base.tars))
    tar = base.tars[at]
    end = members(tar)[-1].end
    more = layer_tar({"hidden": b"x"})
    what, changed = rng.choice(
        (
            ("no end", tar[:end]),
            ("half an end", tar[:end] + bytes(512)),
            ("an odd end", tar[:end] + bytes(1024 + rng.randrange(512))),
            ("garbage after", tar + rng.randbytes(rng.randrange(1, 2000))),
            ("an archive after", tar + more),
            ("an entry after", tar[:end] + bytes(1024) + more),
            (
                "one zero block inside",
                tar[: members(tar)[0].end] + bytes(512) + tar[members(tar)[0].end :],
            ),
        )
    )
    return _with_tar(rng, base, what, at, changed)


def _second_member(rng: random.Random, base: Base) -> Mutant:
    """Store a layer as two gzip members, or with something after the first."""
    parts = parts_of(base)
    at = rng.randrange(len(base.tars))
    tar = base.tars[at]
    place = rng.randrange(len(tar))
    halves = gzip.compress(tar[:place], 1, mtime=0), gzip.compress(tar[place:], 1, mtime=0)
    whole = gzip.compress(tar, 1, mtime=0)
    what, stored = rng.choice(
        (
            ("two members", b"".join(halves)),
            ("second member damaged", halves[0] + flip(rng, halves[1])),
            ("second member missing", halves[0]),
            ("an archive as second member", whole + gzip.compress(layer_tar({"x": b"y"}))),
            ("garbage after", whole + rng.randbytes(rng.randrange(1, 100))),
            ("a member after garbage", halves[0] + b"\0" * rng.randrange(1, 9) + halves[1]),
        )
    )
    parts.stored[at], parts.kinds[at] = stored, "gzip"
    parts.digests[at] = digest(stored)
    return _packed(rng, base, f"{what}, layer {at}", parts)


def _members_of_interest(base: Base) -> list[tuple[int, Member]]:
    return [
        (at, one)
        for at, tar in enumerate(base.tars)
        for one in members(tar)
        if one.kind == "0" and one.size
    ]


_OF_INTEREST: Final = (
    DPKG,
    APK,
    "etc/os-release",
    "METADATA",
    "package.json",
    ".egg-info",
    "installed.json",
    ".deps.json",
    ".jar",
    ".gemspec",
    "Packages",
    "Packages.db",
    "rpmdb.sqlite",
    "usr/sbin/gosu",
    "/status.d/",
)


def _evidence(rng: random.Random, base: Base) -> Mutant:
    """Damage the content of a file that lists packages; sizes and digests are right."""
    wanted = [
        pair
        for pair in _members_of_interest(base)
        if pair[1].name.endswith(_OF_INTEREST) or "/status.d/" in pair[1].name
    ]
    at, one = rng.choice(wanted)
    tar = base.tars[at]
    data = tar[one.data_at : one.data_at + one.size]
    is_text = b"\0" not in data
    damage = rng.choice((*BYTES, *LINES, *LINES) if is_text else BYTES)
    changed = damage(rng, data)
    header = bytearray(tar[one.data_at - _BLOCK : one.data_at])
    header[124:136] = b"%011o\0" % len(changed)
    body = forge.summed(bytes(header)) + forge.padded(changed)
    how = f"{damage.__name__} in {one.name}"
    before = tar[: one.data_at - _BLOCK]
    return _with_tar(rng, base, how, at, before + body + tar[one.end :])


def _documents(rng: random.Random, base: Base) -> Mutant:
    """Damage the configuration, the manifest or the index."""
    parts = parts_of(base)
    right = rng.random() < 0.7
    which = rng.choice(("config", "manifest", "index"))
    config = json_bytes(parts.config())
    manifest = json_bytes(parts.manifest(config))
    how = ""
    if which == "config":
        how, changed = damaged_json(rng, config)
        files = parts.layout(changed) if right else parts.layout()
        files.update({} if right else {blob_path(digest(config)): changed})
        same = changed == config
    elif which == "manifest":
        how, changed = damaged_json(rng, manifest)
        files = parts.layout(b"", changed or b" ") if right else parts.layout()
        files.update({} if right else {blob_path(digest(manifest)): changed})
        same = changed == manifest
    else:
        files = parts.layout()
        name = rng.choice(("index.json", "oci-layout"))
        how, files[name] = damaged_json(rng, files[name])
        same = right = True
    how = f"{which}: {how}, digest {'right' if right else 'stale'}"
    return _wrapped(rng, base, how, files, strict=not right and not same)


def _layer_list(rng: random.Random, base: Base) -> Mutant:
    """Swap, repeat or drop layers in one of the two lists, or swap the blobs themselves."""
    parts = parts_of(base)
    first, second = (rng.randrange(len(parts.stored)) for _ in range(2))
    what = rng.choice(
        ("swap diff IDs", "swap digests", "drop a diff ID", "drop a blob", "wrong kind")
    )
    files: dict[str, bytes] | None = None
    match what:
        case "swap diff IDs":
            ids = parts.diff_ids
            ids[first], ids[second] = ids[second], ids[first]
        case "swap digests":
            claimed = parts.digests
            claimed[first], claimed[second] = claimed[second], claimed[first]
        case "drop a diff ID":
            del parts.diff_ids[first]
            second = first + 1
        case "drop a blob":
            files = parts.layout()
            del files[blob_path(parts.digests[first])]
            second = first + 1
        case _:
            kinds = ("", "gzip", "zstd")
            parts.kinds[first] = rng.choice([one for one in kinds if one != parts.kinds[first]])
            second = first + 1
    return _wrapped(rng, base, what, files or parts.layout(), strict=first != second)


def _outer(rng: random.Random, base: Base) -> Mutant:
    """Damage the archive that holds the image."""
    style = rng.choice(("layout", "legacy", "oci"))
    if style == "layout":
        archive = plain_archive(parts_of(base).layout())
    else:
        archive = docker_archive(base, style=style)
    damage = rng.choice(BYTES)
    if rng.random() < 0.4:
        one = rng.choice(members(archive))
        place = rng.choice((one.data_at - _BLOCK, one.data_at - _BLOCK, one.data_at))
        changed = (
            archive[:place] + flip(rng, archive[place : place + _BLOCK]) + archive[place + _BLOCK :]
        )
        how = f"flip at an entry of the {style} archive"
    else:
        changed = damage(rng, archive)
        how = f"{damage.__name__} in the {style} archive"
    return Mutant(base=base, how=how, archive=changed or b"\0")


_WAYS: Final = (
    _stored_bytes,
    _tar_bytes,
    _tar_bytes,
    _header,
    _header,
    _entries,
    _ends,
    _second_member,
    _evidence,
    _evidence,
    _evidence,
    _documents,
    _documents,
    _layer_list,
    _outer,
)
