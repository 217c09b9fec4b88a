"""VEX: somebody's word on whether a vulnerability matters in a product."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

JUSTIFICATIONS: Final = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
"""Why something is not affected (CISA, "VEX Status Justifications", 2022).

The reason of a finding that VEX suppressed begins with one of these, or with `not_affected` or
`fixed`, and a comma: so that a format can say it again.
"""


class VexStatus(StrEnum):
    """The four words of every VEX format (CISA, "Minimum Requirements for VEX", 2023)."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


class VexProduct(Struct, frozen=True, kw_only=True, omit_defaults=True, order=True):
    """What a statement is about. At least one of the fields is set; all that are must agree.

    `purl` may have no version (every version) and no qualifiers (any); `digest` is an image's or
    a file's (`sha256:…`); `repository` an image repository without tag. `component` is the package
    URL of a part of the product that the statement is limited to (OpenVEX subcomponent).
    """

    purl: str = ""
    digest: str = ""
    repository: str = ""
    cpe: str = ""
    versions: str = ""
    """A VERS range of versions: of `component` if there is one, else of the product; empty: any."""
    component: str = ""


class VexStatement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement of one document.

    `vulnerabilities` are all names of one vulnerability. `justification` is the OpenVEX / CISA
    label (`vulnerable_code_not_present`), `impact` and `action` free texts. `document` is its id,
    `author` as it names itself, `origin` where it was read (a path or address), `timestamp`
    RFC 3339. `trusted` tells whether the author is on the trust list, which is decided by the
    origin, never by what the document says of itself.
    """

    vulnerabilities: tuple[str, ...]
    products: tuple[VexProduct, ...]
    status: VexStatus
    justification: str = ""
    impact: str = ""
    action: str = ""
    document: str = ""
    author: str = ""
    origin: str = ""
    timestamp: str = ""
    trusted: bool = False
