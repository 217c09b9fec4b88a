"""Compare an inventory of Scantling with one of Syft or Trivy, package URL by package URL.

    scantling sbom IMAGE --format json=ours.json
    syft scan oci-dir:IMAGE -q -o json > theirs.json
    trivy image --input IMAGE --list-all-pkgs --scanners vuln --format json -q > theirs.json
    python tools/compare_inventories.py ours.json theirs.json

Qualifiers and subpaths are left out (an `epoch` joins the version), and each package counts once,
however often it is installed. Printed are, for each type, how many both have, and the packages that
only one has, with a path.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote

import msgspec
from msgspec import Struct

_SHOWN: Final = 60


class _Location(Struct):
    path: str = ""


class _Ours(Struct):
    purl: str
    locations: list[_Location] = []


class _OurReport(Struct):
    packages: list[_Ours] = []


class _OurFile(Struct):
    report: _OurReport


class _Artifact(Struct):
    purl: str = ""
    locations: list[_Location] = []


class _SyftFile(Struct):
    artifacts: list[_Artifact]


class _Identifier(Struct, frozen=True, rename={"purl": "PURL"}):
    purl: str = ""


class _TrivyPackage(Struct, rename="pascal"):
    identifier: _Identifier = _Identifier()
    file_path: str = ""


class _TrivyResult(Struct, rename="pascal"):
    target: str = ""
    packages: list[_TrivyPackage] = []


class _TrivyFile(Struct, rename={"results": "Results"}):
    results: list[_TrivyResult]


_Found = Iterator[tuple[str, str]]


def ours(data: bytes) -> _Found:
    """Yield (purl, path) of a native JSON report."""
    for package in msgspec.json.decode(data, type=_OurFile).report.packages:
        yield package.purl, package.locations[0].path if package.locations else ""


def theirs(data: bytes) -> _Found:
    """Yield (purl, path) of Syft's or Trivy's JSON. Raises msgspec.ValidationError for neither."""
    try:
        results = msgspec.json.decode(data, type=_TrivyFile).results
    except msgspec.ValidationError:
        for artifact in msgspec.json.decode(data, type=_SyftFile).artifacts:
            yield artifact.purl, artifact.locations[0].path if artifact.locations else ""
        return
    for result in results:
        for package in result.packages:
            yield package.identifier.purl, package.file_path or result.target


def by_type(found: _Found) -> dict[str, dict[str, str]]:
    """Return the first path of each package by type and plain package URL; no URL: left out."""
    packages: dict[str, dict[str, str]] = defaultdict(dict)
    for purl, path in found:
        plain = _plain(purl)
        if plain.startswith("pkg:"):
            packages[plain[4:].partition("/")[0]].setdefault(plain, path)
    return packages


def _plain(purl: str) -> str:
    plain, _, qualifiers = purl.partition("#")[0].partition("?")
    name, at, version = unquote(plain).rpartition("@")
    if not at or "/" not in name:
        return unquote(plain)
    epoch = parse_qs(qualifiers).get("epoch", [""])[0]
    return f"{name}@{epoch}:{version}" if epoch and ":" not in version else f"{name}@{version}"


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description="Compare two inventories.")
    parser.add_argument("ours", type=Path)
    parser.add_argument("theirs", type=Path)
    parser.add_argument("--all", action="store_true", help=f"show more than {_SHOWN} of a kind")
    args = parser.parse_args()
    first = by_type(ours(args.ours.read_bytes()))
    second = by_type(theirs(args.theirs.read_bytes()))
    for kind in sorted({*first, *second}):
        mine, other = first.get(kind, {}), second.get(kind, {})
        print(
            f"{kind}: {len(mine)} and {len(other)}, {len(mine.keys() & other.keys())} in both, "
            f"{len(mine.keys() - other.keys())} only ours, "
            f"{len(other.keys() - mine.keys())} only theirs"
        )
        for sign, one, against in (("-", mine, other), ("+", other, mine)):
            only = sorted(one.keys() - against.keys())
            for purl in only if args.all else only[:_SHOWN]:
                print(f"  {sign} {purl}  {one[purl]}")


if __name__ == "__main__":
    main()
