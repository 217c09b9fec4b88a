"""What several formats show of a report: counts, sentences, places. No syntax of any format."""

from collections import Counter
from typing import Final
from urllib.parse import quote

from scantling.core import purl
from scantling.core.model.advisory import Fix, Level
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.core.text import octets

LEVELS: Final = tuple(reversed(Level))
"""Levels, worst first."""

_FIX_WORDS: Final = {
    Fix.FIXED: "fixed",
    Fix.NONE: "no fix yet",
    Fix.WILL_NOT_FIX: "will not be fixed",
    Fix.DEFERRED: "fix deferred",
    Fix.END_OF_LIFE: "end of life",
    Fix.UNKNOWN: "not known",
}


def number(count: int, noun: str) -> str:
    """Return `1 layer`, `2 layers`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def by_state(report: ScanReport, state: FindingState) -> tuple[Finding, ...]:
    """Return the findings in this state, in the report's order."""
    return tuple(one for one in report.findings if one.state is state)


def level_counts(findings: tuple[Finding, ...]) -> tuple[tuple[Level, int], ...]:
    """Return (level, count) for levels that occur, worst first."""
    counts = Counter(one.severity for one in findings)
    return tuple((level, counts[level]) for level in LEVELS if counts[level])


def type_counts(packages: tuple[Package, ...]) -> tuple[tuple[str, int], ...]:
    """Return (package type, count), most frequent first, then by name."""
    counts = Counter(one.type for one in packages)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def packages_by_purl(report: ScanReport) -> dict[tuple[str, str], Package]:
    """Return the packages by (purl, owner), as findings name them."""
    return {(one.purl, one.owner): one for one in report.packages}


def package_name(package: Package) -> str:
    """Return the package's name with its namespace, as a person writes it; not neutralized."""
    if package.type in {"deb", "apk", "rpm"} or not package.namespace:
        return package.name
    joiner = ":" if package.type == "maven" else "/"
    return f"{package.namespace}{joiner}{package.name}"


def fix_words(finding: Finding) -> str:
    """Return the fixing versions, or what the source does about it."""
    if finding.fixed_in:
        return ", ".join(finding.fixed_in)
    return _FIX_WORDS[finding.fix]


def not_judged(report: ScanReport) -> bool:
    """Return whether this is an inventory that was fully read: *clean* would promise too much."""
    blocking = any(one.kind is GapKind.BLOCKING for one in report.gaps)
    return report.database is None and not blocking


def status_words(report: ScanReport) -> str:
    """Return the verdict's word for titles: `clean`, `findings`, `unknown` or `not judged`."""
    return "not judged" if not_judged(report) else report.verdict.status


def headline(report: ScanReport) -> str:
    """Return the verdict as one sentence with its reasons."""
    verdict = report.verdict
    if not_judged(report):
        said = "everything was read, nothing was matched against advisories"
        return f"NOT JUDGED, exit code {verdict.exit_code}: {said}"
    reasons = "; ".join(verdict.reasons) or "everything was looked at and nothing was found"
    accepted = f" (accepted: {', '.join(verdict.allowed)})" if verdict.allowed else ""
    return f"{verdict.status.upper()}, exit code {verdict.exit_code}: {reasons}{accepted}"


def distro_name(report: ScanReport) -> str:
    """Return the distribution's name, or that there is none."""
    if report.distro is None:
        return "no distribution"
    return report.distro.pretty_name or f"{report.distro.id} {report.distro.version_id}".strip()


def instruction(report: ScanReport, layer: int) -> str:
    """Return the build instruction of a layer, without the shell's wrapping; '' if unknown.

    Source: classic builders write `/bin/sh -c #(nop) CMD …` for instructions without a command;
    BuildKit appends `# buildkit`.
    """
    if not 0 <= layer < len(report.image.layers):
        return ""
    text = report.image.layers[layer].created_by.strip()
    text = text.removesuffix("# buildkit").rstrip()
    if text.startswith("RUN /bin/sh -c "):
        return "RUN " + text.removeprefix("RUN /bin/sh -c ")
    text = text.removeprefix("/bin/sh -c ")
    if text.startswith("#(nop)"):
        return text.removeprefix("#(nop)").strip()
    return text


def by_code(gaps: list[Gap]) -> tuple[tuple[Gap, ...], ...]:
    """Return the gaps in groups of one code, in the order the codes come."""
    groups: dict[str, list[Gap]] = {}
    for one in gaps:
        groups.setdefault(one.code, []).append(one)
    return tuple(map(tuple, groups.values()))


def place(gap: Gap) -> str:
    """Return where a gap is: layer, path, offset; '' if it concerns the whole image."""
    parts = [] if gap.layer is None else [f"layer {gap.layer}"]
    parts += [gap.path] if gap.path else []
    parts += [f"byte {gap.offset}"] if gap.offset is not None else []
    return ", ".join(parts)


def short_digest(digest: str) -> str:
    """Return `sha256:` and the first twelve digits."""
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}" if value else digest


def link(url: str) -> str:
    """Return the address, inert by percent-encoding; empty if it is no web page.

    Source: RFC 3986, 2.2 and 3.5 (one fragment at the most).
    """
    if not url.lower().startswith(("https://", "http://")):
        return ""
    address, hash_, fragment = url.partition("#")
    return (
        quote(octets(address), safe=":/?&=%~+,;@") + hash_ + quote(octets(fragment), safe="/?&=%")
    )


def display_name(purl_text: str) -> str:
    """Return a package URL's name for people, decoded."""
    return purl.name_of(purl_text)
