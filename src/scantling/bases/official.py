"""The library of official images: which tags mean the same image, and which others there are.

It is the definition of the images on Docker Hub without a user name: tags, processors, the commit
and folder of each Dockerfile. It has no digests and no layers, so it never recognizes a base; it
says what a recognized one could be exchanged for.

Source: docker-library/official-images, "Library definition files" (README); Apache-2.0.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import MIB

LIBRARY: Final = "docker.io/library/"
_DATA: Final = Path(__file__).parent / "official.data"
_DATA_BYTES: Final = 16 * MIB
_FORMAT: Final = 1
_WINDOWS: Final = "windows-"


class Definition(Struct, frozen=True, kw_only=True, array_like=True):
    """One image of a repository: all its tags, the general ones last, and how it is made.

    `commit` is the Git commit and `directory` the folder of its Dockerfile there.
    """

    tags: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    commit: str = ""
    directory: str = ""


class Library(Struct, frozen=True, kw_only=True):
    """All repositories. `as_of` is the date of the data, `revision` its commit."""

    as_of: str
    revision: str
    repositories: Mapping[str, tuple[Definition, ...]]
    format: int = _FORMAT

    def definitions(self, name: str) -> tuple[Definition, ...]:
        """Return the images of a repository (`docker.io/library/python`), in the file's order.

        Empty if it is no official image.
        """
        if not name.startswith(LIBRARY):
            return ()
        return self.repositories.get(name.removeprefix(LIBRARY), ())

    def definition(self, name: str, tag: str) -> Definition | None:
        """Return the image that a tag means now; None if it is not listed (any more)."""
        return next((one for one in self.definitions(name) if tag in one.tags), None)

    def aliases(self, name: str, tag: str) -> tuple[str, ...]:
        """Return all tags that mean the same image as this one, itself included; may be empty."""
        found = self.definition(name, tag)
        return found.tags if found else ()


@cache
def embedded() -> Library:
    """Return the library as of the release of this program. Raises InputError if damaged."""
    return unpack(_DATA.read_bytes())


def pack(library: Library) -> bytes:
    """Return the compact form, always the same bytes."""
    return zlib.compress(msgspec.msgpack.Encoder(order="deterministic").encode(library), 9)


def unpack(data: bytes) -> Library:
    """Return the library in a compact form. Raises InputError."""
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(data, _DATA_BYTES)
        found = msgspec.msgpack.decode(raw, type=Library)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unusable(str(error)) from error
    if inflater.unconsumed_tail or found.format != _FORMAT:
        raise _unusable("it is too long or of another version")
    return found


def read_folder(folder: Path, *, as_of: str, revision: str) -> Library:
    """Return the library in a checkout's `library` folder. Raises InputError."""
    repositories = {}
    for path in sorted(folder.iterdir()):
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(f"{path.name}: {error}") from error
        repositories[path.name] = tuple(parse_library(text))
    return Library(as_of=as_of, revision=revision, repositories=repositories)


def parse_library(text: str) -> Iterator[Definition]:
    """Yield the images that a library file defines, those for Windows only left out.

    The first stanza may give defaults. A field goes on in lines that begin with a space.
    Raises InputError for a line that is no field.
    """
    defaults: dict[str, str] = {}
    for number, stanza in enumerate(_stanzas(text)):
        fields = {**defaults, **stanza}
        if number == 0 and "Tags" not in stanza:
            defaults = stanza
        if "Tags" not in stanza:
            continue
        architectures = _list(fields.get("Architectures", "amd64"))
        kept = tuple(one for one in architectures if not one.startswith(_WINDOWS))
        if kept:
            yield Definition(
                tags=(*_list(fields["Tags"]), *_list(fields.get("SharedTags", ""))),
                architectures=kept,
                commit=fields.get("GitCommit") or fields.get(f"{kept[0]}-GitCommit", ""),
                directory=fields.get("Directory") or fields.get(f"{kept[0]}-Directory", ""),
            )


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    last = ""
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, ""
        elif line[0] in " \t" and last:
            fields[last] += line.strip()
        else:
            name, colon, value = line.partition(":")
            if not colon or not name.strip():
                raise _unusable(f"line {number} is no field")
            last = name.strip()
            fields[last] = value.strip()


def _list(text: str) -> tuple[str, ...]:
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)


def without(definitions: Iterable[Definition], *tags: str) -> tuple[Definition, ...]:
    """Return the definitions that have none of these tags."""
    return tuple(one for one in definitions if not {*one.tags} & {*tags})


def _unusable(why: str) -> InputError:
    return InputError("base.unread", f"the list of official images cannot be used: {why}")
