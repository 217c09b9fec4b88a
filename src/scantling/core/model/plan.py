"""Fix plans: actions that remove findings, each checked by matching again before it is shown."""

from enum import StrEnum

from msgspec import Struct

from scantling.core.model.advisory import Level
from scantling.core.model.place import Place


class ActionKind(StrEnum):
    """What is done."""

    REBASE = "rebase"
    UPGRADE_OS = "upgrade-os"
    BUMP = "bump"
    REPLACE = "replace"
    REMOVE = "remove"


class Effort(StrEnum):
    """How much may break, least first."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"
    UNKNOWN = "unknown"


class Edit(Struct, frozen=True, kw_only=True):
    """One file's change. `before` and `after` are whole contents; the diff is made from them."""

    path: str
    before: str
    after: str


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One package's change, as package URLs; `before` is empty if it comes, `after` if it goes."""

    before: str = ""
    after: str = ""


class FixAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to do.

    `title` is a sentence (`Upgrade openssl to 3.0.15-1~deb12u1`). `removes` and `adds` are finding
    identities, as matching the changed inventory gave them (`verified`), not as advisories promise.
    `risk_removed` sums the scores of what goes less what comes. `effort` says how far the versions
    are apart; `warnings` what else to know (end of life, no such version seen). `commands` are
    what to run, `edits` what to change, `links` where to read. `place` is the line it starts at.
    `changes` is what happens to the inventory, as it was matched again.
    """

    kind: ActionKind
    title: str
    subject: str
    """What is changed: a package URL without version, or an image name."""
    before: str
    after: str
    removes: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    """Findings of the subject that stay."""
    risk_removed: float = 0.0
    known_exploited: int = 0
    """How many of the removed are known to be exploited."""
    rank: float = 0.0
    """What the order goes by, greatest first; see docs/explanation/fix-order.md."""
    effort: Effort = Effort.UNKNOWN
    verified: bool = False
    warnings: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    links: tuple[str, ...] = ()
    place: Place | None = None
    changes: tuple[Change, ...] = ()


class Named(Struct, frozen=True, kw_only=True):
    """What an identity in a plan is about: the vulnerability's name, the package, how bad it is."""

    identity: str
    id: str
    purl: str
    severity: Level


class FixPlan(Struct, frozen=True, kw_only=True):
    """Actions in the order to do them: most risk removed per effort first.

    Each action's numbers are of the inventory that the actions before it leave. `alternatives` are
    actions that hold as well but are about what another action already changes. `refused` are
    changes that were tried and do not hold: (what it was, why not). `unfixable` are findings that
    no action removes, by identity, with the reason (`no fixed version`). `before` and `after`
    count findings by severity if all actions are done. `findings` tells what the identities are,
    sorted by them. `notes` are sentences about the plan as a whole.
    """

    image: str
    actions: tuple[FixAction, ...] = ()
    alternatives: tuple[FixAction, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    unfixable: tuple[tuple[str, str], ...] = ()
    before: tuple[tuple[str, int], ...] = ()
    after: tuple[tuple[str, int], ...] = ()
    findings: tuple[Named, ...] = ()
    notes: tuple[str, ...] = ()
    applied: bool = False
    """The edits have been made."""
