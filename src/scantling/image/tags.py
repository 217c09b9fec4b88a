"""The tags of a repository, as a registry lists them.

Source: OCI distribution-spec 1.1, "Content Discovery" (`/v2/<name>/tags/list`).
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import RegistryError
from scantling.core.http import Reply
from scantling.core.text import neutral
from scantling.image.refs import is_tag

_PER_PAGE: Final = 1000
_PAGES: Final = 1000


class _Page(Struct):
    tags: list[str] | None = None


def parse_tags(data: bytes, what: str) -> tuple[str, ...]:
    """Return the tags of one page, as listed; what cannot be a tag is left out.

    Raises RegistryError if it is no list of tags; `what` names it in the message.
    """
    try:
        page = msgspec.json.decode(data, type=_Page)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RegistryError(f"{what} cannot be read: {neutral(str(error), limit=200)}") from error
    return tuple(filter(is_tag, page.tags or ()))


def all_tags(get: Callable[[str], Reply], what: str) -> tuple[str, ...]:
    """Return all tags, sorted; `get` asks for a path below the repository.

    The next page is asked for by the last tag rather than by the address that the registry gives,
    so that no registry can send us elsewhere. Raises RegistryError.
    """
    found: set[str] = set()
    last = ""
    for _ in range(_PAGES):
        reply = get(f"tags/list?n={_PER_PAGE}" + (f"&last={last}" if last else ""))
        page = parse_tags(reply.body, what)
        fresh = set(page) - found
        found |= fresh
        if not fresh or "link" not in reply.headers:
            return tuple(sorted(found))
        last = page[-1]
    raise RegistryError(f"{what} do not end after {_PAGES * _PER_PAGE:,}")
