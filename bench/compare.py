"""Time Scantling beside Trivy and Syft on the same images, in one run; say which goals hold.

    make bench                                       builds the images first, if they are not there
    make bench IMAGES=FOLDER ARGS="--runs 3 --images py-app --forms oci --markdown FILE"

Cold means an empty cache of facts, warm a full one; the page cache is warm for all, since a first
turn is not counted. In each turn every tool runs once, one after the other, and so does the least
that reading the image can take (`limit.py`): a machine that changes its speed changes it for all,
and ratios are taken turn by turn. Memory and stages come from one more turn, in which the processes
are watched. Syft has fewer turns (`--syft-runs`), since it takes long. Micro-benchmarks follow
(`micro.py`). Timings are no tests: the exit code is 0 whether goals hold or not, 2 without images.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from msgspec import Struct

import build_images
import micro
from contestants import ROOT, Contestant, contestants
from goals import FORMS
from limit import Least, least
from measuring import Run, machine
from tables import Session, markdown, text

IMAGES: Final = ("debian-min", "py-app", "node-app", "large")


class _Resources(Struct):
    stages: tuple[tuple[str, float], ...]


class _Timed(Struct):
    resources: _Resources


class _File(Struct):
    report: _Timed


class Compared(Struct, frozen=True, kw_only=True):
    """One image in one form: all turns of all tools."""

    image: str
    form: str
    runs: dict[str, list[Run]]
    limits: list[Least]
    watched: dict[str, Run]
    stages: tuple[tuple[str, float], ...]
    """Of a cold scan of ours, wall-clock seconds."""

    def measures(self) -> dict[str, float]:
        """Return what goals are about, by name; without what was not measured."""
        found = {
            f"{state}/{rival}": self.ratio(f"scantling {state}", f"{rival} {state}")
            for state in ("cold", "warm")
            for rival in ("trivy", "syft")
            if f"{rival} {state}" in self.runs
        }
        if {"trivy warm", "scantling bare"} <= self.runs.keys():
            found["bare/trivy"] = self.ratio("scantling bare", "trivy warm")
        ours = self.watched["scantling cold"].peak_bytes
        found["memory_mb"] = ours / 1e6
        if "trivy cold" in self.watched:
            found["memory/trivy"] = ours / self.watched["trivy cold"].peak_bytes
        cold = self.runs["scantling cold"]
        pairs = [*zip(cold, self.limits, strict=True)]
        found["cold/limit"] = median(run.wall_s / best.wall_s for run, best in pairs)
        found["cpu/limit"] = median(run.cpu_s / best.cpu_s for run, best in pairs)
        return found

    def ratio(self, ours: str, theirs: str) -> float:
        """Return the median of our time over theirs, turn by turn, as far as both had turns."""
        pairs = zip(self.runs[ours], self.runs[theirs], strict=False)
        return median(a.wall_s / b.wall_s for a, b in pairs)


def main() -> int:
    """Measure and print; return the exit code."""
    args = _arguments()
    given = args.folder is not None
    folder = args.folder or ROOT / "bench" / "images"
    names = args.images.split(",")
    if not given:
        build_images.build(folder, [name for name in names if not _is_built(folder, name)])
    if not any(_is_built(folder, name) for name in names):
        print(f"there are no images in {folder}", file=sys.stderr)
        return 2
    begin = machine()
    with tempfile.TemporaryDirectory() as work:
        tools = contestants(Path(work))
        done = []
        for image, form, path in _present(folder, names, args.forms.split(",")):
            print(f"{image}, {FORMS[form]} …", file=sys.stderr, flush=True)
            taking_part = [tool for tool in tools if form in tool.forms]
            turns = _Turns(path, taking_part, runs=args.runs, syft_runs=args.syft_runs)
            done.append(turns.compare(image, form))
    figures = [] if args.no_micro else micro.measure(args.db)
    session = Session(
        begin=begin,
        end=machine(),
        runs=args.runs,
        syft_runs=min(args.runs, args.syft_runs),
        versions=tuple(f"{tool.name.split()[0]} {tool.version}" for tool in tools if tool.version),
        scans=tuple(done),
        figures=tuple(figures),
    )
    print(text(session))
    if args.markdown:
        args.markdown.write_text(markdown(session))
    return 0


class _Turns:
    """One image, and the tools that take turns on it."""

    def __init__(self, path: Path, tools: list[Contestant], *, runs: int, syft_runs: int) -> None:
        self._path = path
        self._tools = tools
        self._runs = runs
        self._syft_runs = min(runs, syft_runs)

    def compare(self, image: str, form: str) -> Compared:
        """Run all turns: one that is not counted, those that are, one that is watched."""
        usual = [tool for tool in self._tools if not tool.name.startswith("syft")]
        slow = [tool for tool in self._tools if tool.name.startswith("syft")]
        for tool in usual:
            tool.run(self._path)
        runs: dict[str, list[Run]] = {tool.name: [] for tool in self._tools}
        limits = []
        for turn in range(self._runs):
            for tool in usual if turn >= self._syft_runs else self._tools:
                # Syft's memory is watched meanwhile: its runs are long and it starts few processes.
                runs[tool.name].append(tool.run(self._path, watch=tool in slow))
            limits.append(least(self._path))
        ours = usual[0].run(self._path, "--timings", watch=True, keep=True)
        watched = {tool.name: tool.run(self._path, watch=True) for tool in usual[1:]}
        watched |= {tool.name: runs[tool.name][-1] for tool in slow if runs[tool.name]}
        return Compared(
            image=image,
            form=form,
            runs={name: done for name, done in runs.items() if done},
            limits=limits,
            watched={usual[0].name: ours, **watched},
            stages=msgspec.json.decode(ours.output, type=_File).report.resources.stages,
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="images (default: our own)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--syft-runs", type=int, default=1)
    parser.add_argument("--images", default=",".join(IMAGES))
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--db", type=Path, help="store for look-ups (default: the embedded one)")
    parser.add_argument("--no-micro", action="store_true", help="whole scans only")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there, too")
    return parser.parse_args()


def _present(folder: Path, names: list[str], forms: list[str]) -> Iterator[tuple[str, str, Path]]:
    for name in names:
        for form in forms:
            path = folder / build_images.FILES[form].format(name=name)
            if path.exists():
                yield name, form, path
            else:
                print(f"{name}, {FORMS[form]}: {path} is not there, left out", file=sys.stderr)


def _is_built(folder: Path, name: str) -> bool:
    return all((folder / one.format(name=name)).exists() for one in build_images.FILES.values())


if __name__ == "__main__":
    sys.exit(main())
