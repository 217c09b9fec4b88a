"""Where to read before an upgrade: release notes first, then what the advisories point to."""

import re
from collections.abc import Iterable
from typing import Final

from scantling.core.model.finding import Finding
from scantling.remedy.weigh import weight

_NOTES: Final = re.compile(
    r"/releases?/|release[-_]?notes|change[-_]?log|/changes|/news|/tags/", re.IGNORECASE
)
_MOST: Final = 5


def reading(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return at most five links of the findings: release notes, then one of each of the gravest."""
    gravest = sorted(findings, key=lambda one: (-weight(one), one.id))
    links = [link for one in gravest for link in one.references]
    notes = [link for link in links if _NOTES.search(link)]
    first = [link for one in gravest for link in one.references[:1]]
    return tuple(dict.fromkeys((*notes[: _MOST - 2], *first)))[:_MOST]
