"""Reading JSON of advisory feeds into typed values, with every way to fail as `InputError`."""

from typing import TypeVar

import msgspec

from scantling.core.errors import InputError

T = TypeVar("T")


def from_json(data: bytes, decoder: msgspec.json.Decoder[T], *, what: str = "document") -> T:
    """Return the document as the decoder's type.

    Raises InputError (`advisories.record`) with the path of the first value that does not fit.
    Size is bounded by the fetcher, which is the one that unpacks archives.
    """
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("advisories.record", f"{what}: {error}") from error


def text_of(data: bytes) -> str:
    """Return the bytes as text; what is not UTF-8 becomes U+FFFD."""
    return data.decode("utf-8", errors="replace")
