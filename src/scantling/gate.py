"""From findings to a decision: what is known beside the image and the advisories is brought in.

    base → VEX → risk → places → baseline → policy

Each step is a function of the report's parts so far and of the `Gate`; an empty gate changes
nothing but to recognize the base and to rate the risk. Modules are loaded by the step that needs
them: most scans have no policy, no VEX and no project.
"""

# ruff: noqa: PLC0415 - imports inside functions, as said above

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.core.model.base import BaseImage, Part
from scantling.core.model.context import Context
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import Gap
from scantling.core.model.inventory import Inventory, Package
from scantling.core.model.place import Place
from scantling.core.model.report import InputFile, ScanReport
from scantling.core.model.vex import VexStatement

if TYPE_CHECKING:
    from scantling.assess.policy.document import Acceptance, Policy
    from scantling.image.api import OpenImage
    from scantling.project.find import FoundDockerfile


class Heard(Struct, frozen=True, kw_only=True):
    """VEX about an image: statements, what of the documents could not be read, and which origins
    speak of many products, so that a statement of theirs about something else is no news."""

    statements: tuple[VexStatement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    catalogs: frozenset[str] = frozenset()


class Gate(Struct, frozen=True, kw_only=True):
    """What a decision rests on beside the image and the advisories; all of it may be missing.

    `names` are further names of the image (repositories, digests) that VEX may use. `bases` is the
    folder of known base images. `dockerfile` built the image, `locks` are the texts of the
    project's lockfiles by path. `vex` is asked once the inventory is known, `conditions` once the
    findings are: which of them cannot matter as the image runs. `policies` without
    any: the severity of `fail_on` and the gaps decide alone. `baseline` is an earlier report and
    how the user named it. `files` are those that all this was read from, for the record.
    """

    context: Context = Context()
    names: tuple[str, ...] = ()
    bases: Path | None = None
    dockerfile: "FoundDockerfile | None" = None
    locks: dict[str, str] = {}
    vex: Callable[[Inventory], Heard] | None = None
    conditions: Callable[[tuple[Finding, ...], Inventory], tuple[VexStatement, ...]] | None = None
    policies: "tuple[Policy, ...]" = ()
    exceptions: "tuple[Acceptance, ...]" = ()
    baseline: tuple[str, ScanReport] | None = None
    files: tuple[InputFile, ...] = ()


OPEN_GATE: Final = Gate()
"""Nothing is known and nothing is asked."""


def base_of(gate: Gate, opened: "OpenImage") -> tuple[BaseImage | None, tuple[Gap, ...]]:
    """Return the base of an image that is still open (None: nothing tells), and gaps."""
    from scantling.bases import look

    if opened.folder is not None:
        return None, ()
    indexes, gaps = look.open_indexes(gate.bases) if gate.bases is not None else ((), ())
    seen = look.base_of(opened, indexes, declared=_declared(gate))
    return seen.base, (*gaps, *seen.gaps)


def in_parts(packages: tuple[Package, ...], base: BaseImage | None) -> tuple[Package, ...]:
    """Return the packages, each saying whether it came with the base."""
    if base is None:
        return packages
    from scantling.bases.recognize import part_of

    return tuple(replace(one, part=part_of(one.origin, base)) for one in packages)


def with_vex(
    gate: Gate, findings: tuple[Finding, ...], inventory: Inventory, today: date
) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
    """Return the findings as VEX leaves them, and what of it was unreadable or met nothing."""
    if gate.vex is None and gate.conditions is None:
        return findings, ()
    from scantling.assess.vex.apply import apply
    from scantling.assess.vex.gaps import unused_gaps

    heard = Heard() if gate.vex is None else gate.vex(inventory)
    told = () if gate.conditions is None else gate.conditions(findings, inventory)
    applied = apply(
        findings,
        inventory.packages,
        inventory.image,
        (*heard.statements, *told),
        today,
        also_named=gate.names,
    )
    return applied.findings, (*heard.gaps, *unused_gaps(applied, catalogs=heard.catalogs))


def rated(
    gate: Gate, findings: tuple[Finding, ...], packages: tuple[Package, ...], today: date
) -> tuple[Finding, ...]:
    """Return the findings with their risk and the part of the image that they are in."""
    if not findings:
        return findings
    from scantling.assess.risk.rate import rate_all

    parts = {one.purl: one.part for one in packages if one.part is not Part.UNKNOWN}
    risks = rate_all(findings, gate.context, today)
    return tuple(
        replace(
            one,
            part=parts.get(one.purl, Part.UNKNOWN),
            # The factors are `explain`'s: for every finding they would be half of the report.
            risk=None if one.state is FindingState.SUPPRESSED else replace(risk, factors=()),
        )
        for one, risk in zip(findings, risks, strict=True)
    )


def places_of(
    gate: Gate, inventory: Inventory, base: BaseImage | None
) -> tuple[tuple[str, Place], ...]:
    """Return the line of the project that each package comes from, sorted by package URL.

    A line of a lockfile or manifest says more than the instruction that copied it.
    """
    found: dict[str, Place] = {}
    if gate.dockerfile is not None:
        from scantling.project.lines import places

        dockerfile = gate.dockerfile
        found |= places(
            inventory.packages,
            inventory.image,
            dockerfile.file,
            base,
            path=dockerfile.path,
            target=dockerfile.target,
        )
    if gate.locks:
        from scantling.project.lockfile_lines import lockfile_places

        lines = lockfile_places(inventory.packages, gate.locks)
        found |= {purl: line[0] for purl, line in lines.items() if line}
    return tuple(sorted(found.items()))


def compared(gate: Gate, report: ScanReport) -> ScanReport:
    """Return the report with what changed since the earlier one; unchanged without."""
    if gate.baseline is None:
        return report
    from scantling.assess.compare import baseline_of

    name, before = gate.baseline
    return replace(report, baseline=baseline_of(before, report, name))


def decided(gate: Gate, report: ScanReport, today: date) -> ScanReport:
    """Return the report with what the policies decide; unchanged without policies."""
    if not gate.policies:
        return report
    from scantling.assess.policy.evaluate import evaluate
    from scantling.assess.policy.verdict import verdict_with

    result = evaluate(report, gate.policies, gate.exceptions, report.context, today)
    return replace(report, policy=result, verdict=verdict_with(result, report.verdict))


def _declared(gate: Gate) -> str:
    """Return what follows FROM in the stage that the image's own begins with; empty: not known."""
    found = gate.dockerfile
    if found is None:
        return ""
    chain = found.file.chain(found.target)
    return chain[0].image if chain and chain[0].parent is None else ""
