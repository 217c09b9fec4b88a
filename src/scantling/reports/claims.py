"""What the findings of a report say as VEX, for every format that writes it.

An open finding is `affected` with what to do about it, an undetermined one `under_investigation`, a
suppressed one `not_affected` or `fixed` with the reason. The product is the image, known by its
digest; the packages are parts of it.

Source: CISA, "Minimum Requirements for Vulnerability Exploitability eXchange (VEX)", 2023.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.core import image_name, purl
from scantling.core.model.advisory import Fix
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.image import Image
from scantling.core.model.report import ScanReport
from scantling.core.model.vex import JUSTIFICATIONS, VexStatus
from scantling.core.text import neutral

_MOST_CHARS: Final = 4096
_ODD: Final = re.compile(r"[^a-z0-9._-]++")
_STATES: Final = {
    FindingState.OPEN: VexStatus.AFFECTED,
    FindingState.UNDETERMINED: VexStatus.UNDER_INVESTIGATION,
    FindingState.SUPPRESSED: VexStatus.NOT_AFFECTED,
}
# For one package in several places: what counts of several states.
_ORDER: Final = (*_STATES,)
_ACTIONS: Final = {
    Fix.NONE: "There is no fix yet; reduce the exposure or remove the package.",
    Fix.WILL_NOT_FIX: "The source will not fix it; replace or remove the package.",
    Fix.DEFERRED: "The source has deferred a fix; reduce the exposure until then.",
    Fix.END_OF_LIFE: "The release gets no more fixes; move to a supported one.",
}
_OTHERWISE: Final = "No fixed version is known; look for one, or remove the package."


class Claim(Struct, frozen=True, kw_only=True, order=True):
    """One statement: a vulnerability, what is said of it, and the packages it is said of, sorted.

    All texts are neutralized. `impact` says why for `not_affected`, and what is unclear for
    `under_investigation`.
    """

    vulnerability: str
    status: VexStatus
    aliases: tuple[str, ...] = ()
    justification: str = ""
    impact: str = ""
    action: str = ""
    components: tuple[str, ...] = ()


def claims(report: ScanReport) -> tuple[Claim, ...]:
    """Return the statements, sorted by vulnerability and status."""
    chosen: dict[tuple[str, str], Finding] = {}
    for finding in sorted(report.findings, key=lambda one: _ORDER.index(one.state)):
        chosen.setdefault((finding.id, finding.purl), finding)
    groups: dict[Claim, list[str]] = {}
    for finding in chosen.values():
        groups.setdefault(_claim(finding), []).append(finding.purl)
    return tuple(
        sorted(
            Claim(
                vulnerability=one.vulnerability,
                status=one.status,
                aliases=one.aliases,
                justification=one.justification,
                impact=one.impact,
                action=one.action,
                components=tuple(sorted(purls)),
            )
            for one, purls in groups.items()
        )
    )


def image_purl(image: Image) -> str:
    """Return the package URL of the image: with its digest, and repository and tag where known.

    An image with neither digest nor name (a folder) is `pkg:generic`, which nothing else is.
    """
    texts = [*image.tags]
    if image.kind == "registry":
        texts.insert(0, image.reference.removeprefix("registry:"))
    name = next((one for one in map(image_name.split, texts) if one is not None), None)
    known = neutral(image.platform.architecture)
    arch = (("arch", known),) if known else ()
    if name is not None:
        places = (("repository_url", name.repository), ("tag", name.tag), *arch)
        return purl.build("oci", "", name.short, image.digest, qualifiers=places)
    last = image.reference.rstrip("/").rpartition("/")[2].partition(":")[0].lower()
    plain = _ODD.sub("-", last)[:128].strip("-.") or "image"
    if not image.digest:
        return purl.build("generic", "", plain)
    return purl.build("oci", "", plain, image.digest, qualifiers=arch)


def not_seen(report: ScanReport) -> Iterator[str]:
    """Yield the codes of what was not looked at, sorted: VEX has no field for that."""
    yield from sorted({one.code for one in report.gaps})


def _claim(finding: Finding) -> Claim:
    status = _STATES[finding.state]
    label, _, rest = finding.reason.partition(", ")
    justification, impact, action = "", finding.reason, ""
    match status:
        case VexStatus.NOT_AFFECTED if label in JUSTIFICATIONS:
            justification, impact = label, rest
        case VexStatus.NOT_AFFECTED if label in {VexStatus.NOT_AFFECTED, VexStatus.FIXED}:
            status, impact = VexStatus(label), rest
        case VexStatus.NOT_AFFECTED:
            impact = finding.reason or "suppressed without a reason"
        case VexStatus.AFFECTED:
            impact, action = "", _action(finding)
        case _:
            impact = finding.reason
    return Claim(
        vulnerability=neutral(finding.id),
        aliases=tuple(sorted({neutral(one) for one in finding.aliases})),
        status=status,
        justification=justification,
        impact=neutral(impact, limit=_MOST_CHARS),
        action=neutral(action, limit=_MOST_CHARS),
    )


def _action(finding: Finding) -> str:
    if finding.fixed_in:
        name = purl.name_of(finding.purl)
        return f"Upgrade {name} to {' or '.join(finding.fixed_in)}."
    return _ACTIONS.get(finding.fix, _OTHERWISE)
