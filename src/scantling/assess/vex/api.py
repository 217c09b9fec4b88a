"""The contract of a VEX format. Read this first; `registry.py` has the list, `read.py` calls.

A format turns one document into statements. What it cannot use (a statement with an unknown status,
a product without any identity) becomes a `VexProblem`, so that the others still count. It never
widens: a statement limited to a part that cannot be identified is a problem, not a statement about
the whole product.
"""

from collections.abc import Callable

from msgspec import Struct

from scantling.core.model.vex import VexProduct, VexStatement


class VexProblem(Struct, frozen=True, kw_only=True, order=True):
    """Something in a document that could not be used. `where` is a path in it, empty: all of it."""

    origin: str
    where: str
    reason: str


class VexDocument(Struct, frozen=True, kw_only=True):
    """What a document says, in its order, and what could not be used of it."""

    statements: tuple[VexStatement, ...] = ()
    problems: tuple[VexProblem, ...] = ()


class Marks(Struct, frozen=True, kw_only=True):
    """What tells formats apart: members of the document's top level, empty where missing.

    Source: OpenVEX `@context`; CycloneDX `bomFormat`; CSAF `document.csaf_version`.
    """

    context: str = ""
    bom_format: str = ""
    csaf_version: str = ""


class Source(Struct, frozen=True, kw_only=True):
    """Where a document is from. `subjects` are the products of an attestation around it."""

    origin: str
    trusted: bool
    subjects: tuple[VexProduct, ...] = ()


class VexFormat(Struct, frozen=True, kw_only=True):
    """One VEX format. `read` raises InputError when the document as a whole breaks it."""

    name: str
    claims: Callable[[Marks], bool]
    read: Callable[[bytes, Source], VexDocument]
