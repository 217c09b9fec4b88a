"""Matches, findings and the verdict.

A *match* says "this statement is about this package, and comparing versions gave this".
A *finding* says "and here is what it means for you": all words about one vulnerability of one
package.
"""

from enum import StrEnum

from msgspec import Struct

from scantling.core.model.advisory import Fix, Level, Severity, Signal, Status
from scantling.core.model.base import Part
from scantling.core.model.risk import Risk


class Outcome(StrEnum):
    """What comparing a package with a statement gave. `undetermined` is never `not-affected`."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not-affected"
    UNDETERMINED = "undetermined"


class Match(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement met one package.

    `by` says how it was found: `name`, `source-name` (through the source package), `provides`.
    `version` is the one compared, `range` the deciding range as VERS text (of the statement when
    none decided). `because` is the reason as a sentence.
    """

    purl: str
    source: str
    advisory: str
    vulnerability: str
    outcome: Outcome
    by: str
    ecosystem: str
    package: str
    version: str
    range: str
    because: str
    status: Status = Status.AFFECTED
    fix: Fix = Fix.UNKNOWN
    fixed_in: tuple[str, ...] = ()
    word: str = ""
    severities: tuple[Severity, ...] = ()
    aliases: tuple[str, ...] = ()
    modified: str = ""
    symbols: tuple[str, ...] = ()
    owner: str = ""
    """Purl of the OS package that owns the matched package's files, empty if none."""


class FindingState(StrEnum):
    """`open` counts; `undetermined` also blocks `clean`; `suppressed` is shown with its reason."""

    OPEN = "open"
    UNDETERMINED = "undetermined"
    SUPPRESSED = "suppressed"


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One vulnerability of one package, with everybody's word on it.

    `id` is the identifier to speak of (a CVE where one is known), `aliases` all others, sorted.
    `identity` stays the same across rebuilds and rescans. `severity` was said by `severity_source`;
    `score` is its CVSS base score (None: no vector). `fix` and `fixed_in` follow the deciding
    source. `reason` says why it is suppressed or undetermined, empty for open ones.
    `matches` are sorted by (source, advisory).
    """

    id: str
    purl: str
    identity: str
    state: FindingState
    severity: Level
    severity_source: str = ""
    score: float | None = None
    vector: str = ""
    aliases: tuple[str, ...] = ()
    summary: str = ""
    fix: Fix = Fix.UNKNOWN
    fixed_in: tuple[str, ...] = ()
    word: str = ""
    reason: str = ""
    decided_by: str = ""
    """Source whose word was followed for state and fix."""
    signals: tuple[Signal, ...] = ()
    owner: str = ""
    """Purl of the OS package that owns the package's files, empty if none."""
    matches: tuple[Match, ...] = ()
    references: tuple[str, ...] = ()
    part: Part = Part.UNKNOWN
    """Whether the package came with the base image."""
    risk: Risk | None = None
    """None: it was not rated (nothing was matched, or it is suppressed)."""


class VerdictStatus(StrEnum):
    """`unknown` > `findings` > `clean`. Clean needs proof that everything was looked at."""

    CLEAN = "clean"
    FINDINGS = "findings"
    UNKNOWN = "unknown"


class Verdict(Struct, frozen=True, kw_only=True):
    """What the scan comes to.

    `exit_code` as in `core.errors.ExitCode`. `reasons` are sentences, the deciding ones first.
    `allowed` are the gap codes that the user accepted and that were present.
    """

    status: VerdictStatus
    exit_code: int
    reasons: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
