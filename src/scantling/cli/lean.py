"""Import msgspec without what it would only like to have.

msgspec asks for typing_extensions and does without it; where another library brought it along, that
question costs 13 ms of a scan's start (CPython 3.11), for helpers that the standard library has.
"""

import sys
from typing import Final

_WISH: Final = "typing_extensions"


def load_msgspec() -> None:
    """Import msgspec; whatever asks for typing_extensions afterwards gets it."""
    if _WISH in sys.modules or "msgspec" in sys.modules:
        return
    sys.modules[_WISH] = None  # type: ignore[assignment]  # the import system's "there is none"
    try:
        import msgspec  # noqa: F401, PLC0415 - for its effect
    finally:
        del sys.modules[_WISH]
