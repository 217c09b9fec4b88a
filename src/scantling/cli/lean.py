"""Import msgspec without what it would only like to have.

msgspec asks for typing_extensions and does without it; where another library brought it along, that
question costs 13 ms of a scan's start (CPython 3.11), for helpers that the standard library has.
It also asks for uuid, which loads the platform module (2 ms) for one word: the system's name.
"""

import os
import sys
from types import ModuleType
from typing import Final

_WISH: Final = "typing_extensions"
_ASKED: Final = "platform"


class _Platform(ModuleType):
    """What uuid asks the platform module."""

    @staticmethod
    def system() -> str:
        """Return the system's name, as `platform.system` does on any POSIX system."""
        return os.uname().sysname


def load_msgspec() -> None:
    """Import msgspec; whatever asks for either of the two afterwards gets the real one."""
    if _WISH in sys.modules or "msgspec" in sys.modules:
        return
    sys.modules[_WISH] = None  # type: ignore[assignment]  # the import system's "there is none"
    try:
        _load_uuid()
        import msgspec  # noqa: F401, PLC0415 - for its effect
    finally:
        del sys.modules[_WISH]


def _load_uuid() -> None:
    if _ASKED in sys.modules or sys.platform in {"win32", "darwin"}:
        return
    sys.modules[_ASKED] = _Platform(_ASKED)
    try:
        import uuid  # noqa: F401, PLC0415 - for its effect
    finally:
        del sys.modules[_ASKED]
