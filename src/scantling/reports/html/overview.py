"""The first screen: the verdict with its proof, what was not looked at, the counts, the charts."""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.base import BaseImage, Part
from scantling.core.model.finding import FindingState, VerdictStatus
from scantling.core.model.gap import CODES, Gap, GapKind
from scantling.core.model.report import ScanReport
from scantling.reports import summary, view
from scantling.reports.html import charts
from scantling.reports.html.markup import NOTHING, Markup, element, join, text
from scantling.reports.html.parts import code, folded, level, listed, section, tag

_WORDS: Final = {
    VerdictStatus.CLEAN: ("clean", "Clean"),
    VerdictStatus.FINDINGS: ("findings", "Findings"),
    VerdictStatus.UNKNOWN: ("unk", "Unknown"),
}
_MOST_ALIKE: Final = 8
"""Gaps of one code that are shown open."""


def banner(report: ScanReport) -> Iterator[Markup]:
    """Yield the head of the page: which image, when."""
    image = report.image
    yield element("h1", image.reference)
    facts = [
        view.distro_name(report),
        str(image.platform),
        view.number(len(image.layers), "layer"),
        view.number(len(report.packages), "package"),
        f"scanned {report.created}",
    ]
    yield element("p", " · ".join(facts))
    if image.digest:
        yield element("p", code(image.digest))
    if image.ambiguity:
        yield element("p", image.ambiguity)


def verdict(report: ScanReport) -> Markup:
    """Return the verdict with the reasons that prove it."""
    said = report.verdict
    class_, word = ("unk", "Not judged") if view.not_judged(report) else _WORDS[said.status]
    inner = [
        element("p", word, class_="word"),
        element("p", summary.meaning(report), class_="lead"),
    ]
    inner.append(listed(said.reasons))
    if said.allowed:
        accepted = join([tag(one, "warn") for one in said.allowed])
        inner.append(element("p", "Accepted although incomplete: ", accepted))
    if report.policy is not None:
        action = report.policy.action
        inner.append(element("p", "The policy says ", tag(action, action)))
    inner.append(element("p", f"Exit code {said.exit_code}.", class_="note"))
    return section(
        "verdict",
        "Verdict",
        element("div", *inner, class_=f"card verdict {class_}"),
        _tiles(report),
    )


def _tiles(report: ScanReport) -> Markup:
    if report.database is None:
        return NOTHING
    found = view.by_state(report, FindingState.OPEN)
    known = sum(summary.exploited(one) is not None for one in found)
    fixable = sum(summary.fix_group(one) is summary.FixGroup.AVAILABLE for one in found)
    blocking = sum(one.kind is GapKind.BLOCKING for one in report.gaps)
    counts = [Markup(f"<span>{level(name)} {n}</span>") for name, n in view.level_counts(found)]
    tiles = [
        _tile(len(found), "open findings", join(counts)),
        _tile(known, "known to be exploited (CISA KEV)", class_="bad" if known else "ok"),
        _tile(fixable, f"with a fix available, of {len(found)}"),
        _tile(blocking, "things not looked at", class_="bad" if blocking else "ok"),
    ]
    undetermined = len(view.by_state(report, FindingState.UNDETERMINED))
    if undetermined:
        tiles.append(_tile(undetermined, "undetermined: versions that cannot be compared"))
    ours = sum(one.part is Part.OWN for one in found)
    base = sum(one.part is Part.BASE for one in found)
    if ours or base:
        tiles.append(_tile(ours, f"in our own layers; {base} came with the base image"))
    if report.baseline is not None:
        fixed = len(report.baseline.fixed)
        tiles.append(_tile(len(report.baseline.new), f"new since the baseline; {fixed} fixed"))
    return element("div", *tiles, class_="grid")


def _tile(count: int, words: str, more: Markup = NOTHING, class_: str | None = None) -> Markup:
    extra = element("div", more, class_="counts") if more else NOTHING
    number = element("b", f"{count:,}", class_=class_)
    name = "card tile wide" if more else "card tile"
    return element("div", number, element("span", words), extra, class_=name)


def gaps(report: ScanReport) -> Markup:
    """Return what was not looked at, the blocking first; that there is none is said too."""
    blocking = [one for one in report.gaps if one.kind is GapKind.BLOCKING]
    info = [one for one in report.gaps if one.kind is GapKind.INFO]
    inner = []
    if blocking:
        inner.append(element("div", *_grouped(blocking), class_="card"))
    else:
        words = "Nothing was left out: every layer, package list and advisory source was read."
        inner.append(element("p", words, class_="card"))
    if info:
        title = text(f"Worth knowing, without a bearing on the verdict: {len(info)}")
        inner.append(folded(title, *_grouped(info)))
    return section("gaps", "Not looked at", *inner)


def _grouped(some: list[Gap]) -> Iterator[Markup]:
    for alike in view.by_code(some):
        kind, meaning, advice = CODES[alike[0].code]
        del kind
        times = sum(one.count for one in alike)
        head = f"{meaning[:1].upper()}{meaning[1:]}{f' ({times} times)' if times > 1 else ''}"
        yield element("h3", head, " ", tag(alike[0].code, "kev"))
        yield element("p", advice, class_="note")
        yield listed(map(_gap, alike[:_MOST_ALIKE]), "gaps")
        if len(alike) > _MOST_ALIKE:
            more = text(f"{len(alike) - _MOST_ALIKE} more")
            yield folded(more, listed(map(_gap, alike[_MOST_ALIKE:]), "gaps"), class_="more")


def _gap(one: Gap) -> Markup:
    where = view.place(one)
    at = code(where) + ": " if where else NOTHING
    limit = f" (limit {one.limit})" if one.limit else ""
    return Markup(f"{at}{text(one.detail)}{text(limit)}")


def pictures(report: ScanReport) -> Markup:
    """Return the charts of open findings, and what is known of the base image."""
    found = view.by_state(report, FindingState.OPEN)
    drawn = [NOTHING]
    if found:
        chosen = (
            charts.risks(found),
            charts.fixes(found),
            charts.parts(found),
            charts.ages(found),
        )
        drawn = [charts.figure(one) for one in chosen]
    base = [] if report.base is None else [_base(report.base)]
    if not any(drawn) and not base:
        return NOTHING
    return section("overview", "Overview", *base, element("div", *drawn, class_="charts"))


def _base(base: BaseImage) -> Markup:
    name = f"{base.name}:{base.tags[0]}" if base.tags else base.name or "without a name"
    fresh = {True: "the newest known", False: "not the newest known", None: ""}[base.current]
    parts = [
        element("b", "Base image "),
        code(name),
        text(f", {view.number(base.layers, 'layer')}"),
        text(f", of {base.created[:10]}" if base.created else ""),
        text(f", {fresh}" if fresh else ""),
        text("" if base.certain else ", a guess"),
        text(". "),
        text(base.because),
        text("" if base.because.endswith(".") else "."),
    ]
    if base.newest:
        parts.append(Markup(f" Newer: {code(base.newest)} {code(base.newest_digest)}"))
    return element("p", *parts, class_="card")
