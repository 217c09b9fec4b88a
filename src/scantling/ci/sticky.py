"""One comment per image: found by its hidden mark, edited in place, never two.

Two jobs may finish at the same moment and both write. So after writing the comments are listed
again: the oldest stays and gets the text, younger ones go. Whoever comes last tidies up.
"""

from collections.abc import Callable

from msgspec import Struct


class Comment(Struct, frozen=True, kw_only=True, order=True):
    """A comment of ours. `id` grows with time; `url` may be empty."""

    id: int
    text: str = ""
    url: str = ""


class Box(Struct, frozen=True, kw_only=True):
    """How a forge handles comments of one pull request.

    `ours` returns the comments that start with the mark *and* are by the token's own user: anybody
    may write a comment that starts with the mark, and would then own the words under our verdict.
    """

    ours: Callable[[], tuple[Comment, ...]]
    create: Callable[[str], Comment]
    update: Callable[[Comment, str], Comment]
    remove: Callable[[Comment], None]


def stick(box: Box, text: str) -> str:
    """Make the one comment say `text` and return its address. Raises NetworkError."""
    found = sorted(box.ours())
    if not found:
        made = box.create(text)
        found = sorted({*box.ours(), made}, key=lambda one: one.id)
    kept, *others = found
    if not same(kept.text, text):
        kept = box.update(kept, text)
    for one in others:
        if one.id != kept.id:
            box.remove(one)
    return kept.url


def same(stored: str, text: str) -> bool:
    """Return whether a forge stores this text already; they change line ends and outer space."""
    return stored.replace("\r\n", "\n").strip() == text.strip()


def starts(stored: str, mark: str) -> bool:
    """Return whether a stored comment begins with the mark."""
    return stored.lstrip().startswith(mark)
