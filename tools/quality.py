"""Agreement with hand-made labels: which of our matches are right, which are missing.

    make quality DATA=FOLDER            FOLDER holds match-labels and the feeds' data
    python tools/quality.py FOLDER [--db STORE] [--list]

The labels (CC0, github.com/anchore/vulnerability-match-labels) say of a package, a version and a
vulnerability whether a match is a true or a false positive. They name no ecosystem, so a label is
scored in each ecosystem where the data at hand speaks of that package *and* that vulnerability:
operating system labels in the release that the image's name tells, language labels where the
package's name exists. Labels that no data speaks of are counted, not scored. A false positive that
came from the labeled tool's confusion of two packages is cleared here when we say "not affected".
"""

import argparse
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories.database import Database
from scantling.advisories.store import Store
from scantling.core.model.finding import Match, Outcome
from scantling.core.model.inventory import Package
from scantling.matching.match import match_package

LANGUAGES: Final = ("pypi", "npm", "gem", "golang", "maven", "cargo", "composer")
_DISTRO: Final = re.compile(r"(?P<id>alpine|almalinux|debian|ubuntu)[-:@]?(?P<release>[0-9.]*)")
_TYPES: Final = {"alpine": "apk", "almalinux": "rpm", "debian": "deb", "ubuntu": "deb"}


class _Image(Struct):
    exact: str = ""


class _LabeledPackage(Struct):
    name: str = ""
    version: str = ""


class _Label(Struct):
    label: str
    vulnerability_id: str = ""
    effective_cve: str = ""
    image: _Image = msgspec.field(default_factory=_Image)
    package: _LabeledPackage = msgspec.field(default_factory=_LabeledPackage)


def labels(folder: Path) -> Iterator[_Label]:
    """Yield the labels that say true or false, in the order of their files' names."""
    decoder = msgspec.json.Decoder(_Label)
    for file in sorted(folder.rglob("*.json")):
        try:
            label = decoder.decode(file.read_bytes())
        except msgspec.MsgspecError as error:
            print(f"unreadable label {file.name}: {error}")
            continue
        if label.label in {"TP", "FP"} and label.package.name:
            yield label


def ecosystems(label: _Label, database: Database) -> Iterator[str]:
    """Yield the ecosystems a label can be about."""
    yield from LANGUAGES
    named = _DISTRO.search(label.image.exact)
    if named is not None:
        prefix = f"{_TYPES[named['id']]}/{named['id']}:{named['release']}"
        yield from (one for one in database.ecosystems() if one == prefix)


def said(label: _Label, ecosystem: str, database: Database) -> list[Match]:
    """Return what the data says of the labeled package and vulnerability in this ecosystem."""
    ids = {label.vulnerability_id, label.effective_cve} - {""}
    found: list[Match] = []
    for namespace, name in _names(label.package.name, ecosystem, database):
        package = Package(
            purl="",
            type=ecosystem.partition("/")[0],
            ecosystem=ecosystem,
            namespace=namespace,
            name=name,
            version=label.package.version,
        )
        matches = match_package(package, database, everything=True)
        found += [one for one in matches if ids & {one.vulnerability, one.advisory, *one.aliases}]
    return found


def _names(name: str, ecosystem: str, database: Database) -> Iterator[tuple[str, str]]:
    if ecosystem != "maven":
        yield "", name
        return
    for full in _maven(database).get(name, ()):
        group, _, artifact = full.partition(":")
        yield group, artifact


_MAVEN: dict[str, list[str]] = {}


def _maven(database: Database) -> dict[str, list[str]]:
    """Return the full names by artifact: the labels leave the group out."""
    if not _MAVEN:
        for full in database.packages("maven"):
            _MAVEN.setdefault(full.partition(":")[2], []).append(full)
    return _MAVEN


def score(folder: Path, database: Database, *, listing: bool) -> int:
    """Print agreement per ecosystem; return the number of scored labels."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    unspoken = total = scored = 0
    for label in labels(folder):
        total += 1
        spoken = False
        for ecosystem in ecosystems(label, database):
            matches = said(label, ecosystem, database)
            if not matches:
                continue
            spoken = True
            outcomes = {one.outcome for one in matches}
            ours = "affected" if Outcome.AFFECTED in outcomes else "clear"
            if ours == "clear" and Outcome.UNDETERMINED in outcomes:
                ours = "undetermined"
            table[ecosystem][f"{label.label} {ours}"] += 1
            if listing and (label.label, ours) not in {("TP", "affected"), ("FP", "clear")}:
                print(_line(label, ecosystem, ours, matches))
        scored += spoken
        unspoken += not spoken
    _print(table)
    print(f"\n{total} labels, {scored} scored; of {unspoken} the data at hand says nothing")
    return scored


def _line(label: _Label, ecosystem: str, ours: str, matches: list[Match]) -> str:
    package = f"{label.package.name} {label.package.version}"
    reasons = "; ".join(sorted({f"{one.source}: {one.because}" for one in matches}))
    return f"{label.label} but {ours}: {ecosystem} {package} {label.vulnerability_id} ({reasons})"


def _print(table: dict[str, Counter[str]]) -> None:
    print(f"{'ecosystem':<20}{'true: found':>16}{'false: cleared':>18}{'undetermined':>14}")
    for ecosystem, counts in sorted(table.items()):
        true = sum(count for name, count in counts.items() if name.startswith("TP"))
        false = sum(counts.values()) - true
        found = f"{counts['TP affected']}/{true}"
        cleared = f"{counts['FP clear']}/{false}"
        open_ones = counts["TP undetermined"] + counts["FP undetermined"]
        print(f"{ecosystem:<20}{found:>16}{cleared:>18}{open_ones:>14}")


def main() -> int:
    """Score the labels; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--db", type=Path, help="a database that is built already")
    parser.add_argument("--list", action="store_true", help="print every disagreement")
    args = parser.parse_args()
    labels_folder = args.folder / "match-labels" / "labels"
    if not labels_folder.is_dir():
        print(f"there are no labels in {labels_folder}; nothing was measured")
        return 2
    if args.db is not None:
        return 0 if score(labels_folder, Store(args.db).open(), listing=args.list) else 1
    with tempfile.TemporaryDirectory() as store:
        _build(args.folder, Path(store))
        return 0 if score(labels_folder, Store(Path(store)).open(), listing=args.list) else 1


def _build(folder: Path, store: Path) -> None:
    from scantling.cli.main import main as scantling  # noqa: PLC0415 - only when one must be built

    feeds = str(Path(__file__).parent / "data-feeds.toml")
    options = ["--from", str(folder), "--feeds", feeds, "--db", str(store), "--quiet"]
    if code := scantling(["db", "build", *options]):
        sys.exit(f"the database could not be built (exit code {code})")


if __name__ == "__main__":
    sys.exit(main())
