"""CVSS base scores, computed once when the database is built."""

from msgspec.structs import replace

from scantling.core.cvss.scores import base_score
from scantling.core.model.advisory import Severity


def scored(severity: Severity) -> Severity:
    """Return the severity with its base score; unchanged for words and unreadable vectors."""
    if severity.kind == "word" or severity.score is not None:
        return severity
    return replace(severity, score=base_score(severity.kind, severity.value))
