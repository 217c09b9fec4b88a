"""What a pipeline decides on: findings with their decision, place and novelty. No syntax.

Formats for continuous integration share it, so that all of them call the same finding blocking, new
or excepted, and name the same image by the same category.
"""

from typing import Final
from urllib.parse import quote

from msgspec import Struct

from scantling.core import image_name, purl
from scantling.core.errors import ExitCode
from scantling.core.model.advisory import Level
from scantling.core.model.base import Part
from scantling.core.model.decision import Action, Decision, ExceptionUse
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.image import Image
from scantling.core.model.inventory import Package
from scantling.core.model.place import Place
from scantling.core.model.report import ScanReport
from scantling.core.text import octets
from scantling.reports import view

_MOST_CHARS: Final = 200
_ENDS: Final = {
    int(ExitCode.PASSED): "passed",
    int(ExitCode.BLOCKED): "blocked",
    int(ExitCode.INCOMPLETE): "incomplete",
    int(ExitCode.NO_ADVISORY_DATA): "no advisory data",
}


class Seen(Struct, frozen=True, kw_only=True):
    """A finding with what decides about it.

    `package` is None for one of an earlier report. `place` is the line that brings the package
    (None: not known), `decision` the policy's (None: no rule spoke of it), `new` whether an earlier
    report lacked it (None: nothing was compared with). `blocks` says that the pipeline stops for
    it, by the policy or by its severity.
    """

    finding: Finding
    package: Package | None = None
    place: Place | None = None
    decision: Decision | None = None
    new: bool | None = None
    blocks: bool = False

    @property
    def exception(self) -> ExceptionUse | None:
        """Return the exception that allows it today, if one does."""
        if self.blocks or self.decision is None or self.decision.action is not Action.ALLOW:
            return None
        return self.decision.exception

    @property
    def counts(self) -> bool:
        """Return whether it is open or undetermined, and not excepted."""
        return self.finding.state is not FindingState.SUPPRESSED and self.exception is None

    @property
    def name(self) -> str:
        """Return the package's name for people; not neutralized."""
        if self.package is None:
            return purl.name_of(self.finding.purl)
        return view.package_name(self.package)

    @property
    def version(self) -> str:
        """Return the installed version, empty if only the earlier report knew it."""
        return "" if self.package is None else self.package.version

    @property
    def type(self) -> str:
        """Return the package type: `deb`, `pypi`."""
        return self.finding.purl.removeprefix("pkg:").partition("/")[0]

    @property
    def part(self) -> Part:
        """Return whose layer the package came with."""
        if self.finding.part is Part.UNKNOWN and self.package is not None:
            return self.package.part
        return self.finding.part


def seen(report: ScanReport) -> tuple[Seen, ...]:
    """Return every finding with what decides about it, in the report's order."""
    decisions = _decisions(report)
    packages = view.packages_by_purl(report)
    places = dict(report.places)
    new = None if report.baseline is None else frozenset(report.baseline.new)
    return tuple(
        Seen(
            finding=one,
            package=packages.get((one.purl, one.owner)),
            place=places.get(one.purl),
            decision=decisions.get(one.identity),
            new=None if new is None else one.identity in new,
            blocks=_blocks(report, one, decisions.get(one.identity)),
        )
        for one in report.findings
    )


def earlier(findings: tuple[Finding, ...]) -> tuple[Seen, ...]:
    """Return findings of an earlier report in the same form."""
    return tuple(Seen(finding=one) for one in findings)


def other_decisions(report: ScanReport) -> tuple[Decision, ...]:
    """Return the decisions on packages, gaps and the image that ask for something, worst first."""
    if report.policy is None:
        return ()
    found = {one.identity for one in report.findings}
    return tuple(
        one
        for one in report.policy.decisions
        if one.subject not in found and (one.action is not Action.ALLOW or one.exception)
    )


def errors(report: ScanReport) -> tuple[str, ...]:
    """Return what went wrong in the policy; each blocks."""
    return report.policy.errors if report.policy else ()


def stops(report: ScanReport, gap: Gap) -> bool:
    """Return whether the gap leaves the verdict unknown and nobody accepted it."""
    return gap.kind is GapKind.BLOCKING and gap.code not in report.verdict.allowed


def why(one: Seen, fail_on: str) -> str:
    """Return what is decided about a finding in a few words; empty if nothing is."""
    decision = one.decision
    if one.exception is not None:
        until = f" until {one.exception.expires}" if one.exception.expires else ""
        return f"excepted by {one.exception.id}{until}"
    if one.blocks and (decision is None or decision.action is not Action.BLOCK):
        return f"blocked: severity {fail_on} or worse"
    return "" if decision is None else decided(decision)


def decided(decision: Decision) -> str:
    """Return the action, the rule and the date that matters: `blocked by base/known-exploited`."""
    used = decision.exception
    over = f"; {used.id} expired {used.expires}" if used is not None and used.expired else ""
    match decision.action:
        case Action.BLOCK:
            return f"blocked by {decision.rule}{over}"
        case Action.DEFER:
            return f"deferred until {decision.due} by {decision.rule}{over}"
        case Action.WARN:
            return f"warning by {decision.rule}{over}"
        case Action.ALLOW:
            return f"allowed by {used.id if used else decision.rule}"


def outcome(report: ScanReport) -> str:
    """Return verdict and exit code in words: `UNKNOWN, incomplete (exit code 3)`."""
    code = report.verdict.exit_code
    word = f"{_ENDS[code]} " if code in _ENDS else ""
    return f"{report.verdict.status.upper()}, {word}(exit code {code})"


def proof(report: ScanReport) -> str:
    """Return what the verdict rests on, as a sentence; not neutralized."""
    layers = view.number(len(report.image.layers), "layer")
    packages = view.number(len(report.packages), "package")
    parts = [f"{layers} and {packages} of {view.distro_name(report)} read"]
    if report.database is not None:
        data = report.database
        digest = view.short_digest(data.digest)
        sources = view.number(len(data.sources), "source")
        parts.append(f"matched with {sources} of advisory data {digest} built {data.built[:10]}")
    if report.policy is not None:
        parts.append(
            f"decided for {report.policy.today} by policy {view.short_digest(report.policy.digest)}"
        )
    blocking = sum(one.kind is GapKind.BLOCKING for one in report.gaps)
    parts.append(f"{view.number(blocking, 'blocking gap')}" if blocking else "no blocking gap")
    return "; ".join(parts) + "."


def category(report: ScanReport) -> str:
    """Return `scantling/<repository or name>/<platform>`, percent-encoded: one per image.

    It is the same for every build of an image, so that results replace those of the build before.
    """
    name = f"{_name(report.image)[:_MOST_CHARS]}/{report.image.platform}"
    return f"scantling/{quote(octets(name), safe=':/')}"


def where(place: Place) -> str:
    """Return `Dockerfile:12`; not neutralized."""
    return f"{place.path}:{place.line}"


def _decisions(report: ScanReport) -> dict[str, Decision]:
    decisions: dict[str, Decision] = {}
    for one in report.policy.decisions if report.policy else ():
        decisions.setdefault(one.subject, one)
    return decisions


def _blocks(report: ScanReport, finding: Finding, decision: Decision | None) -> bool:
    if decision is not None and decision.action is Action.BLOCK:
        return True
    if not report.fail_on or finding.state is FindingState.SUPPRESSED:
        return False
    if report.new_only and report.baseline and finding.identity not in report.baseline.new:
        return False
    return finding.severity.rank >= Level(report.fail_on).rank


def _name(image: Image) -> str:
    texts = [image.reference.removeprefix("registry:")] if image.kind == "registry" else []
    # OCI layouts may say just `latest`, which names no image (image-spec, annotations, ref.name).
    texts += [tag for tag in image.tags if {"/", ":"} & {*tag}]
    for text in texts:
        name = image_name.split(text)
        if name is not None:
            return name.repository
    return image.reference.rstrip("/").rpartition("/")[2] or "image"
