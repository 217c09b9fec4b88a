"""The results of `make bench` as text for a terminal, and as a section for docs/benchmarks.md."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final, Protocol

from msgspec import Struct

from goals import FORMS, WORDS, Standing, standings
from limit import Least
from measuring import Machine, Run
from scantling.core import clock


class Scan(Protocol):
    """One image in one form; see `compare.Compared`."""

    @property
    def image(self) -> str: ...
    @property
    def form(self) -> str: ...
    @property
    def runs(self) -> dict[str, list[Run]]: ...
    @property
    def limits(self) -> list[Least]: ...
    @property
    def watched(self) -> dict[str, Run]: ...
    @property
    def stages(self) -> tuple[tuple[str, float], ...]: ...
    def measures(self) -> dict[str, float]: ...


class Number(Protocol):
    """One micro-benchmark; see `micro.Figure`."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def unit(self) -> str: ...
    @property
    def goal(self) -> float | None: ...
    @property
    def said(self) -> str: ...


class Session(Struct, frozen=True, kw_only=True):
    """One run of everything: the machine before and after, and what was measured."""

    begin: Machine
    end: Machine
    runs: int
    syft_runs: int
    versions: tuple[str, ...]
    scans: tuple[Scan, ...]
    figures: tuple[Number, ...]


Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Names of the columns, rows."""

_NONE: Final = "-"
_TOOLS: Final = (
    "scantling cold",
    "trivy cold",
    "syft cold",
    "scantling warm",
    "scantling bare",
    "trivy warm",
)


def text(session: Session) -> str:
    """Return everything as aligned tables."""
    parts = [_machine(session)]
    for title, table in _tables(session):
        parts.append(f"{title}\n\n{_aligned(table)}")
    return "\n\n".join(parts)


def markdown(session: Session) -> str:
    """Return a dated section for the manual."""
    parts = [f"## Everything, {clock.now().date().isoformat()}", _machine(session)]
    for title, table in _tables(session):
        parts.append(f"### {title}\n\n{_piped(table)}")
    return "\n\n".join(parts) + "\n"


def _tables(session: Session) -> Iterable[tuple[str, Table]]:
    if session.scans:
        yield "Whole scans: seconds", _times(session.scans)
        yield "Processor seconds and peak memory", _costs(session.scans)
        yield "Our own share, and the limit", _shares(session.scans)
        yield "Goals", _goals(session)
    if session.figures:
        yield "Parts alone", _figures(session.figures)


def _machine(session: Session) -> str:
    one = session.begin
    return (
        f"{one.processors} processors ({one.model or 'unknown'}), {one.memory_gb:.0f} GB, "
        f"{one.python}; {', '.join(session.versions) or 'no other tool'}. Load average "
        f"{one.load:.1f} at the start, {session.end.load:.1f} at the end. Medians "
        f"of turns after one that is not counted: {session.runs}, Syft {session.syft_runs}."
    )


def _times(scans: Sequence[Scan]) -> Table:
    """Wall-clock medians, and ratios of ours to others' turn by turn."""
    rows = []
    for scan in scans:
        walls = {
            name: f"{median(run.wall_s for run in runs):.2f}" for name, runs in scan.runs.items()
        }
        found = scan.measures()
        ratios = [
            _ratio(found, name) for name in ("cold/trivy", "cold/syft", "warm/trivy", "bare/trivy")
        ]
        rows.append((*_names(scan), *(walls.get(name, _NONE) for name in _TOOLS), *ratios))
    columns = (
        "cold",
        "Trivy",
        "Syft",
        "warm",
        "bare",
        "Trivy warm",
        "cold/Trivy",
        "cold/Syft",
        "warm/Trivy",
        "bare/Trivy",
    )
    return ("image", "form", *columns), rows


def _costs(scans: Sequence[Scan]) -> Table:
    rows = []
    for scan in scans:
        cpu = {name: median(run.cpu_s for run in runs) for name, runs in scan.runs.items()}
        peak = {name: run.peak_bytes / 1e6 for name, run in scan.watched.items()}
        row = [f"{cpu[name]:.2f}" if name in cpu else _NONE for name in _TOOLS]
        row += [f"{peak[name]:.0f}" if name in peak else _NONE for name in _TOOLS[:3]]
        rows.append((*_names(scan), *row, _ratio(scan.measures(), "memory/trivy")))
    cpus = ("CPU cold", "Trivy", "Syft", "warm", "bare", "Trivy warm")
    return ("image", "form", *cpus, "MB cold", "Trivy", "Syft", "MB/Trivy"), rows


def _shares(scans: Sequence[Scan]) -> Table:
    """Stages of one watched cold scan; the limit and what is beyond it, of all turns."""
    stages = list(dict.fromkeys(name for scan in scans for name, _ in scan.stages))
    rows = []
    for scan in scans:
        seconds = dict(scan.stages)
        found = scan.measures()
        wall = median(one.wall_s for one in scan.limits)
        cpu = median(one.cpu_s for one in scan.limits)
        start = scan.watched[_TOOLS[0]].wall_s - sum(seconds.values())
        row = [f"{start:.2f}", *(f"{seconds.get(name, 0):.2f}" for name in stages)]
        row += [f"{wall:.2f}", f"{cpu:.2f}", f"{found['cold/limit']:.2f}"]
        rows.append((*_names(scan), *row, f"{found['cpu/limit']:.2f}"))
    limits = ("limit", "limit CPU", "cold/limit", "CPU/limit CPU")
    return ("image", "form", "start and write", *stages, *limits), rows


def _goals(session: Session) -> Table:
    measured = {(scan.image, scan.form): scan.measures() for scan in session.scans}
    rows = [_goal(one) for one in standings(measured)]
    for figure in session.figures:
        if figure.goal is not None:
            said = "holds" if figure.value <= figure.goal else "does not hold"
            most = f"{figure.goal:g} {figure.unit}"
            rows.append((figure.name, "", most, f"{figure.said} {figure.unit}", "", said))
    return ("goal", "applies to", "at most", "worst", "of", "stands"), rows


def _goal(one: Standing) -> tuple[str, ...]:
    goal = one.goal
    where = ", ".join(filter(None, (goal.image, FORMS.get(goal.form, ""))))
    said = "holds" if one.holds else f"holds for {one.held} of {one.of}"
    worst = f"{one.worst:.2f}" if one.worst < 10 else f"{one.worst:.0f}"
    return WORDS[goal.measure], where or "all", f"{goal.most:g}", worst, one.where, said


def _figures(figures: Sequence[Number]) -> Table:
    rows: list[tuple[str, ...]] = [
        (one.name, one.said, one.unit, "" if one.goal is None else f"{one.goal:g}")
        for one in figures
    ]
    return ("part", "value", "unit", "goal: at most"), rows


def _names(scan: Scan) -> tuple[str, str]:
    return scan.image, FORMS[scan.form]


def _ratio(measures: dict[str, float], name: str) -> str:
    return f"{measures[name]:.2f}" if name in measures else _NONE


def _aligned(table: Table) -> str:
    names, rows = table
    widths = [max(len(row[at]) for row in (names, *rows)) for at in range(len(names))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (names, *rows)
    )


def _piped(table: Table) -> str:
    names, rows = table
    lines = [names, tuple("---" for _ in names), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)
