"""What matching needs from a database; `advisories.database.Database` has this shape."""

from typing import Protocol

from scantling.core.model.advisory import Stored


class AdvisoryIndex(Protocol):
    """Answers what is said about a package of an ecosystem."""

    def lookup(self, ecosystem: str, package: str) -> tuple[Stored, ...]:
        """Return all statements, sorted by (source, advisory, vulnerability); empty if none."""
        ...
