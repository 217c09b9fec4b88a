"""Comparison of two reports: what is new, gone and the same, by the identity of findings."""

from msgspec import Struct

from scantling.core.model.finding import Finding


class Change(Struct, frozen=True, kw_only=True):
    """A finding in both reports, before and after; equal when nothing about it changed."""

    before: Finding
    after: Finding


class Comparison(Struct, frozen=True, kw_only=True):
    """Findings of two reports, each tuple sorted as reports sort findings.

    `fixed` are those of the first that the second lacks *and could have seen*; those that it could
    not judge any more (a gap hides them) are `lost`, which is not fixed. `before` and `after` name
    the two images by digest.
    """

    before: str
    after: str
    new: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    lost: tuple[Finding, ...] = ()
    unchanged: tuple[Change, ...] = ()
    packages_added: tuple[str, ...] = ()
    packages_removed: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    """What besides the image changed: the database, the policy, the profile, the version."""
