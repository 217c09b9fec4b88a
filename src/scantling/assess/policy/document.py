"""What a policy is, once it is read: plain values with the place of everything that can be wrong.

A *policy* has rules; a *rule* has a condition, an action and a name, `<policy>/<rule>`. Policies
come in layers. A lower layer may add rules, and may override those of a higher one unless they are
locked. See docs/explanation/policy.md.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from scantling.core.model.advisory import Level
from scantling.core.model.context import Criticality
from scantling.core.model.decision import Action


class Layer(StrEnum):
    """Who speaks, highest first. A lower layer cannot weaken what a higher one locks."""

    BUILT_IN = "built-in"
    ORGANIZATION = "organization"
    TEAM = "team"
    PROJECT = "project"

    @property
    def rank(self) -> int:
        """Return 0 for built-in up to 3 for project."""
        return _RANKS[self]


_RANKS: Final = {layer: rank for rank, layer in enumerate(Layer)}


class About(StrEnum):
    """What a rule judges: each finding, each package, each gap, or the image as a whole."""

    FINDING = "finding"
    PACKAGE = "package"
    GAP = "gap"
    IMAGE = "image"


class Granter(StrEnum):
    """The lowest layer whose exceptions a rule accepts."""

    NOBODY = "nobody"
    ORGANIZATION = "organization"
    TEAM = "team"
    PROJECT = "project"

    def accepts(self, layer: Layer) -> bool:
        """Return whether an exception of this layer counts."""
        return self is not Granter.NOBODY and layer.rank <= Layer(self.value).rank


class Deferral(Struct, frozen=True, kw_only=True):
    """Until when a deferred finding is tolerated: exactly one of the three is given.

    `sla` names a table (`<policy>/<table>`); `days` count from the day a fix exists; `until` is a
    date (`YYYY-MM-DD`), on which it begins to block.
    """

    sla: str = ""
    days: int | None = None
    until: str = ""


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. `name` is `<policy>/<id>`; `place` is `file:line`. `deferral` only for `defer`."""

    name: str
    about: About
    when: str
    action: Action
    reason: str
    place: str
    deferral: Deferral | None = None
    exceptions: Granter = Granter.PROJECT
    overridden: str = ""
    """Place of the override that set the action, empty if none did."""


class Override(Struct, frozen=True, kw_only=True):
    """Another action for a rule of a higher layer, by the rule's name."""

    target: str
    action: Action
    place: str
    deferral: Deferral | None = None


class Sla(Struct, frozen=True, kw_only=True):
    """Days from the day a fix exists, by severity and criticality. See `days`."""

    name: str
    rows: tuple[tuple[Level, tuple[tuple[Criticality, int], ...]], ...]

    def days(self, severity: Level, criticality: Criticality) -> int:
        """Return the days. What is unknown, or not in the table, has the strictest of the rest."""
        rows = dict(self.rows)
        if severity is Level.NEGLIGIBLE and severity not in rows:
            severity = Level.LOW
        chosen = [rows[severity]] if severity in rows else [*rows.values()]
        known = [dict(row)[criticality] for row in chosen if criticality in dict(row)]
        return min(known) if known else min(days for row in chosen for _, days in row)


class GapWord(Struct, frozen=True, kw_only=True):
    """What a policy says of blocking gaps: `pattern` is a code, `<class>.*` or `*`."""

    pattern: str
    action: Action
    place: str


class Lock(Struct, frozen=True, kw_only=True):
    """What no lower layer may weaken: `<policy>/<rule>`, `<policy>/*`, `gaps`, `gaps.<code>`."""

    target: str
    place: str


class Grants(Struct, frozen=True, kw_only=True):
    """What exceptions must fulfil. The strictest word of all layers counts.

    `max_days`: how far ahead an exception may end (None: any). `approver`: it must name one.
    """

    by: Granter = Granter.PROJECT
    max_days: int | None = None
    approver: bool = False


class Policy(Struct, frozen=True, kw_only=True):
    """One policy. `rules` are sorted by name; `digest` is of what it says, not of its layout."""

    name: str
    layer: Layer
    origin: str
    digest: str
    description: str = ""
    owner: str = ""
    uses: tuple[str, ...] = ()
    """Built-in policies it stands on."""
    rules: tuple[Rule, ...] = ()
    overrides: tuple[Override, ...] = ()
    locks: tuple[Lock, ...] = ()
    sla: tuple[Sla, ...] = ()
    gaps: tuple[GapWord, ...] = ()
    grants: Grants = Grants()


class Scope(Struct, frozen=True, kw_only=True):
    """What an exception is about; every field that is given must fit, an empty one always does.

    `vulnerabilities` are ids or aliases; `packages` purls without a version (any version) or with
    one; `gaps` codes; `packages`, `images`, `paths`, `products` and `environments` may have `*`.
    """

    vulnerabilities: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class Acceptance(Struct, frozen=True, kw_only=True):
    """An exception: an accepted risk with an owner and an end. `expires` is its first day without.

    (The word `exception` is Python's; in files and reports it is *exception*.)
    """

    id: str
    layer: Layer
    scope: Scope
    owner: str
    reason: str
    expires: str
    approver: str = ""
    place: str = ""
