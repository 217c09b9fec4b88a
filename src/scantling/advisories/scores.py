"""CVSS base scores, computed once when the database is built.

Source: FIRST, CVSS v2.0, v3.0, v3.1 and v4.0 specifications, through the `cvss` library.
"""

from functools import lru_cache
from typing import Final

import cvss
from msgspec.structs import replace

from scantling.core.model.advisory import Severity

_MAX_VECTOR_CHARS: Final = 512
_KINDS: Final = {
    "cvss2": cvss.CVSS2,
    "cvss3": cvss.CVSS3,
    "cvss4": cvss.CVSS4,
}


def scored(severity: Severity) -> Severity:
    """Return the severity with its base score; unchanged for words and unreadable vectors."""
    if severity.kind not in _KINDS or severity.score is not None:
        return severity
    return replace(severity, score=base_score(severity.kind, severity.value))


@lru_cache(maxsize=65_536)
def base_score(kind: str, vector: str) -> float | None:
    """Return the base score of a vector (0.0 to 10.0); None if it cannot be read."""
    if len(vector) > _MAX_VECTOR_CHARS:
        return None
    try:
        return float(_KINDS[kind](vector).base_score)
    except (cvss.exceptions.CVSSError, ValueError):
        return None
