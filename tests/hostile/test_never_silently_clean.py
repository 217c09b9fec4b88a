"""Damage that hides a vulnerable package must never look like a complete scan.

For an image in which every package is vulnerable, and any damage to it, one of these holds: all
findings are still there; the verdict is `unknown`; the image is refused with a typed error. And
whatever happens takes seconds at most, and ends no process but a worker.

`make hostile N=5000` runs more; `SCANTLING_MUTATIONS=5000 SCANTLING_SEED=1` the same by hand. A
failure prints its seed: `mutate(seed)` makes the image again.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest
from msgspec import Struct

from scantling.advisories.database import Database
from scantling.core.errors import TargetError
from scantling.core.limits import Limits
from scantling.core.model.finding import FindingState, VerdictStatus
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.image.api import ImageOptions
from scantling.scan import ScanOptions, look, scan
from scantling.testing.images import write_tree
from tests.hostile.bases import EPOCH, bases, build_database, parts_of, plain_archive
from tests.hostile.model import demand, evidence, visible
from tests.hostile.mutations import Mutant, mutate

MUTATIONS = int(os.environ.get("SCANTLING_MUTATIONS", "160"))
FIRST_SEED = int(os.environ.get("SCANTLING_SEED", "0"))
CHUNKS = 8
_OPTIONS = ScanOptions(image=ImageOptions(limits=Limits(scan_wall_s=30)), workers=1)
_SECONDS = 20


class Sound(Struct, frozen=True, kw_only=True):
    """An undamaged image: its packages and its files."""

    packages: tuple[Package, ...]
    files: dict[str, bytes]


class Bench(Struct, frozen=True, kw_only=True):
    """The undamaged images by name, and the database."""

    sound: dict[str, Sound]
    database: Database


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    root = tmp_path_factory.mktemp("bench")
    patch = pytest.MonkeyPatch()
    patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    sound = {}
    for name, base in bases().items():
        path = root / f"{name}.tar"
        path.write_bytes(plain_archive(parts_of(base).layout()))
        packages = look(str(path), _OPTIONS).inventory.packages
        sound[name] = Sound(packages=packages, files=visible(base.tars))
    database = build_database(root, (one for image in sound.values() for one in image.packages))
    yield Bench(sound=sound, database=database)
    database.close()
    patch.undo()


def _report(path: Path, mutant: Mutant, database: Database) -> ScanReport | None:
    """Return the report; None if the image was refused."""
    if mutant.archive:
        target = path / "image.tar"
        target.write_bytes(mutant.archive)
    else:
        target = write_tree(path / "image", mutant.layout)
    try:
        return scan(str(target), database, _OPTIONS)
    except TargetError:
        return None


def _complaint(mutant: Mutant, report: ScanReport | None, bench: Bench) -> str:
    """Return what is wrong with the report, empty if nothing is."""
    if report is None or report.verdict.status is VerdictStatus.UNKNOWN:
        return ""
    if mutant.strict:
        return "a digest is wrong and nothing was said"
    sound = bench.sound[mutant.base.name]
    wanted = demand(sound.packages, sound.files, mutant.tars)
    ids = {one.id for one in report.findings if one.state is not FindingState.SUPPRESSED}
    if wanted.ids - ids:
        return f"silently lost: {sorted(wanted.ids - ids)}"
    found = evidence(report.packages)
    fewer = {
        path: (count, found[path]) for path, count in wanted.counts.items() if found[path] < count
    }
    return f"silently fewer packages: {fewer}" if fewer else ""


@pytest.mark.parametrize("name", ["debian", "alpine", "mariner", "sles", "centos", "shop"])
def test_an_undamaged_image_has_every_finding_and_no_gap(
    name: str, bench: Bench, tmp_path: Path
) -> None:
    base = bases()[name]
    mutant = Mutant(base=base, how="none", layout=parts_of(base).layout(), tars=base.tars)

    report = _report(tmp_path, mutant, bench.database)

    assert report is not None
    assert report.verdict.status is VerdictStatus.FINDINGS, report.gaps
    assert _complaint(mutant, report, bench) == ""
    assert len(bench.sound[name].packages) > 1


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_damage_never_hides_a_package_silently(chunk: int, bench: Bench, tmp_path: Path) -> None:
    failures = []
    for seed in range(FIRST_SEED + chunk, FIRST_SEED + MUTATIONS, CHUNKS):
        mutant = mutate(seed)
        place = tmp_path / str(seed)
        place.mkdir()
        begin = perf_counter()
        try:
            report = _report(place, mutant, bench.database)
        except Exception as error:  # noqa: BLE001 - every exception is a failure, with its seed
            failures.append(
                (seed, mutant.base.name, mutant.how, f"{type(error).__name__}: {error}")
            )
            continue
        seconds = perf_counter() - begin
        complaint = _complaint(mutant, report, bench)
        if seconds > _SECONDS:
            complaint = f"took {seconds:.0f} s"
        bugs = (
            [one for one in report.gaps if one.code in {"parser.bug", "parser.crashed"}]
            if report
            else []
        )
        if complaint or bugs:
            failures.append((seed, mutant.base.name, mutant.how, complaint or str(bugs)))
        for file in sorted(place.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()

    assert not failures, "\n".join(map(str, failures))
