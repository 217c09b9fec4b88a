"""Decisions: what a policy says about findings and about the scan itself."""

from enum import StrEnum

from msgspec import Struct


class Action(StrEnum):
    """What a rule asks for, mildest first. `defer` blocks from its date on."""

    ALLOW = "allow"
    WARN = "warn"
    DEFER = "defer"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """Return 0 for allow up to 3 for block."""
        return _RANKS[self]


_RANKS = {action: rank for rank, action in enumerate(Action)}


class ExceptionUse(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An exception that bears on a decision. `expires` is `YYYY-MM-DD`; from that day it is over.

    An expired exception no longer allows: the decision blocks, and `expired` says why.
    """

    id: str
    owner: str
    reason: str
    approver: str = ""
    expires: str = ""
    expired: bool = False
    origin: str = ""
    """File and line it was read from."""


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to happen about one subject.

    `subject` is the identity of a finding, `package:<purl>`, `gap:<code>`, or `image`. `action` is
    what counts today: a deferred one is `defer` until `due` (`YYYY-MM-DD`), `block` from then on.
    `rule` names the deciding rule as `<policy>/<rule>`; `reason` is a sentence for people.
    `others` are further rules that spoke, milder or equal.
    """

    subject: str
    action: Action
    rule: str
    reason: str
    due: str = ""
    exception: ExceptionUse | None = None
    others: tuple[str, ...] = ()


class PolicyUsed(Struct, frozen=True, kw_only=True):
    """A policy that was applied: its name, layer, origin and the digest of its canonical form."""

    name: str
    layer: str
    """`built-in`, `organization`, `team` or `project`."""
    origin: str
    digest: str


class PolicyResult(Struct, frozen=True, kw_only=True):
    """All decisions on one report.

    `action` is the worst of all; `digest` names the whole set of policies and exceptions, so that
    the decision can be repeated. `decisions` are sorted worst first, then by subject; subjects that
    no rule spoke of are not listed. `errors` are evaluations that failed: each blocks. `today` is
    the day it was decided for.
    """

    action: Action
    digest: str
    today: str
    policies: tuple[PolicyUsed, ...] = ()
    decisions: tuple[Decision, ...] = ()
    errors: tuple[str, ...] = ()
    unused_exceptions: tuple[str, ...] = ()
