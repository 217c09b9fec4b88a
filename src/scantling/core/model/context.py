"""Context: what an image is for, as far as the project or the user says so.

Everything may be unknown. What is unknown widens an estimate of risk; it never lowers it.
"""

from enum import StrEnum

from msgspec import Struct


class Criticality(StrEnum):
    """How much the business depends on the product, least first after `unknown`."""

    UNKNOWN = "unknown"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Exposure(StrEnum):
    """Who can reach a running container, fewest first after `unknown`."""

    UNKNOWN = "unknown"
    ISOLATED = "isolated"
    INTERNAL = "internal"
    PARTNER = "partner"
    INTERNET = "internet"


class Context(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known about the place of an image in an organization; an empty text is unknown.

    `environment` is free (`development`, `staging`, `production`), `stage` the point at which the
    question is asked (`build`, `pull-request`, `promotion`, `admission`). `owners` are as
    CODEOWNERS writes them (`@example/platform`, `team@example.com`).
    """

    product: str = ""
    team: str = ""
    repository: str = ""
    criticality: Criticality = Criticality.UNKNOWN
    exposure: Exposure = Exposure.UNKNOWN
    environment: str = ""
    stage: str = ""
    owners: tuple[str, ...] = ()
