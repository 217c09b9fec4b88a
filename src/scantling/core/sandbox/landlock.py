"""Landlock: a process gives up the file system and TCP, without privileges and for good.

Three system calls, made through ctypes because the C library has no wrappers. Numbers and
structures are the same on every architecture.

Source: Linux, Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h.
"""

import ctypes
import os
import struct
from typing import Final

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_QUERY_VERSION: Final = 1
_PATH_BENEATH: Final = 1

_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
# Rights that a kernel of this ABI knows; asking for an unknown one is refused as a whole.
_FILE_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP_RIGHTS: Final = {4: 0b11}  # bind, connect
_SCOPES: Final = {6: 0b11}  # abstract unix sockets, signals to processes outside


def abi() -> int:
    """Return the version of Landlock that the kernel offers; 0 when it has none or it is off."""
    return max(0, _call(_CREATE_RULESET, None, 0, _QUERY_VERSION))


def restrict(version: int, folder: int | None) -> bool:
    """Give up all access to files and TCP; below the descriptor `folder` reading stays possible.

    `version` is what `abi` returned. Descriptors that are open already keep working.
    Return False when the kernel refuses. Needs PR_SET_NO_NEW_PRIVS.
    """
    attributes = struct.pack(
        "QQQ",
        _newest(_FILE_RIGHTS, version),
        _newest(_TCP_RIGHTS, version),
        _newest(_SCOPES, version),
    )
    # An older kernel accepts a longer structure as long as the part it does not know is zero.
    rules = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return False
    try:
        if folder is not None:
            beneath = struct.pack("=Qi", _READ_FILE | _READ_DIR, folder)
            if _call(_ADD_RULE, rules, _PATH_BENEATH, beneath, 0) != 0:
                return False
        return _call(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


def _newest(table: dict[int, int], version: int) -> int:
    return max((rights for since, rights in table.items() if since <= version), default=0)


def _call(number: int, *arguments: int | bytes | None) -> int:
    function = ctypes.CDLL(None).syscall
    function.restype = ctypes.c_long
    passed = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return int(function(ctypes.c_long(number), *passed))
