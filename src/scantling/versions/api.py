"""The contract of a version scheme. Read this first; the list is in `registry.py`.

A scheme turns the text of a version into a *key*: bytes whose order, as bytes, is the order of the
versions. Keys are computed once and compared with `<`; they can be stored and indexed. Equal keys
mean equal versions. The order is total over all texts that have a key.
"""

from collections.abc import Callable

from msgspec import Struct


class Scheme(Struct, frozen=True, kw_only=True):
    """One ecosystem's order of versions.

    `key(text)` returns the key, or None when the text is not a version of this scheme (never an
    exception, whatever the text). A comparison with None is undetermined, never false.
    `vers` is the scheme's name in VERS texts (`vers:deb/>=1.0|<2.0`).
    """

    name: str
    key: Callable[[str], bytes | None]
    vers: str
    source: str
    """Specification or reference implementation, with a link."""
