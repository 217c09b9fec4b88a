"""Build the advisory database that is embedded in the package, from local copies of the feeds.

    python tools/build_starter.py DATA [--out DIR] [--feeds FILE]

DATA is a folder of archives or folders as tools/data-feeds.toml names them. Only feeds whose terms
allow passing their data on go in. What is left out keeps the whole at most 12 MB:

- EPSS: only scores of vulnerabilities that an advisory in the database names, or of at least 0.1
  (one in ten of which is exploited within a month); the others can meet no package of a scan.
- Texts: `details` go where there is a summary, and are cut to 160 characters at a word where there
  is none; at most two references stay, advisories and fixes first. The full texts come with
  `scantling db update`.
- Distribution releases that no image of the last years has: Alpine before 3.15, Debian before 10.
- Release cycles that ended before 2015.
- The psf feed: its records name commits only, so none of them could ever match.

Nothing is taken away from a statement that stays. The time in the manifest is that of the newest
source (or SOURCE_DATE_EPOCH), so the same data gives the same bytes. Prints the size of each
source; exits 1 when the whole is too large or a feed could not be read.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from scantling.advisories.api import Feed, Fetched, Fetcher, Record, Spool, Unchanged
from scantling.advisories.build import Outcome, Plan, Tools, build
from scantling.advisories.ecosystems import key_of
from scantling.advisories.fetch import LocalFetcher, Location
from scantling.advisories.locations import read_locations
from scantling.advisories.registry import FEEDS
from scantling.advisories.sign import sign
from scantling.advisories.store import Store
from scantling.core.errors import AdvisoryDataError
from scantling.core.model.advisory import Advisory, Reference, Release, Signal
from scantling.core.progress import Quiet
from scantling.core.transfer import Downloaded

MAX_BYTES: Final = 12 * 1000 * 1000
DETAIL_CHARS: Final = 160
REFERENCES: Final = 2
EPSS_THRESHOLD: Final = 0.1
OLDEST_END: Final = "2015"

_ROOT: Final = Path(__file__).parent.parent
_STARTER: Final = _ROOT / "src" / "scantling" / "advisories" / "starter"
_LEFT_OUT: Final = frozenset({"psf"})
_BEST: Final = {"ADVISORY": 0, "FIX": 1}
_OLD: Final = frozenset(
    [f"apk/alpine:3.{minor}" for minor in range(15)]
    + [f"deb/debian:{release}" for release in ("3.0", "3.1", *range(4, 10))]
)


def main() -> int:
    """Build, print what went in, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=_STARTER)
    parser.add_argument("--feeds", type=Path, default=_ROOT / "tools" / "data-feeds.toml")
    options = parser.parse_args()
    locations = read_locations(options.feeds)
    outcomes = build_starter(options.data, options.out, locations)
    for outcome in outcomes:
        print(
            f"{outcome.feed:20} {outcome.state:8} {outcome.records:7} records "
            f"{outcome.statements:7} statements {outcome.unreadable:4} unreadable"
        )
    size = report_sizes(options.out)
    failed = [outcome.feed for outcome in outcomes if outcome.state != "new"]
    if failed or size > MAX_BYTES:
        print(f"not usable: {size} bytes (at most {MAX_BYTES}); failed: {failed}", file=sys.stderr)
        return 1
    return 0


class Unmarked:
    """Leaves out fingerprints: those of local files depend on the machine they lie on."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def get(self, url: str, fingerprint: str) -> Fetched | Unchanged:
        """Return the documents at `url`, as `advisories.api.Fetcher` says."""
        del fingerprint
        found = self._fetcher.get(url, "")
        return found if isinstance(found, Unchanged) else replace(found, fingerprint="")


def build_starter(data: Path, out: Path, locations: Mapping[str, Location]) -> tuple[Outcome, ...]:
    """Replace the store at `out` by one built from `data`; return what became of each feed."""
    if out.exists():
        shutil.rmtree(out)
    tools = Tools(
        fetcher=Unmarked(LocalFetcher(data, no_downloads)),
        key_for=key_of,
        progress=Quiet(),
        now=newest(locations),
        sign=sign,
    )
    chosen = tuple(trimmed(starter_feeds(locations)))
    _, outcomes = build(Plan(feeds=chosen, locations=locations), Store(out), tools)
    (out / "lock").unlink(missing_ok=True)  # nobody writes to an embedded store
    return outcomes


def starter_feeds(locations: Mapping[str, Location]) -> tuple[Feed, ...]:
    """Return the feeds that may and can go in; EPSS last, since it depends on the others."""
    usable = [
        feed
        for feed in FEEDS
        if feed.redistributable and feed.name in locations and feed.name not in _LEFT_OUT
    ]
    return tuple(sorted(usable, key=lambda feed: feed.name == "epss"))


def trimmed(feeds: tuple[Feed, ...]) -> Iterator[Feed]:
    """Yield the feeds with parsers that leave out what the docstring of this file says."""
    named: set[str] = set()

    def parser(parse: Callable[[Spool], Iterator[Record]]) -> Callable[[Spool], Iterator[Record]]:
        def parse_and_trim(spool: Spool) -> Iterator[Record]:
            for record in parse(spool):
                yield from kept(record, named)

        return parse_and_trim

    for feed in feeds:
        yield replace(feed, parse=parser(feed.parse))


def kept(record: Record, named: set[str]) -> Iterator[Record]:
    """Yield the record as it goes in, or nothing; add the ids it names to `named`."""
    match record:
        case Advisory():
            advisory = short(record)
            if record.statements and not advisory.statements:
                return
            named.update((record.id, *record.aliases))
            named.update(statement.vulnerability for statement in advisory.statements)
            yield advisory
        case Signal(kind="epss") if record.id not in named and float(record.value) < EPSS_THRESHOLD:
            return
        case Release() if "" < record.end_of_life < OLDEST_END:
            return
        case _:
            yield record


def short(advisory: Advisory) -> Advisory:
    """Return the advisory without long texts and without statements about old releases."""
    details = "" if advisory.summary else advisory.details
    if len(details) > DETAIL_CHARS:
        details = details[:DETAIL_CHARS].rpartition(" ")[0] + " …"
    references: list[Reference] = sorted(
        advisory.references, key=lambda reference: _BEST.get(reference.kind, len(_BEST))
    )
    return replace(
        advisory,
        details=details,
        references=tuple(references[:REFERENCES]),
        statements=tuple(
            statement for statement in advisory.statements if statement.ecosystem not in _OLD
        ),
    )


def newest(locations: Mapping[str, Location]) -> datetime:
    """Return the moment of the build: the newest date among the sources, or SOURCE_DATE_EPOCH."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch:
        return datetime.fromtimestamp(int(epoch), tz=UTC)
    date = max(location.as_of for location in locations.values())
    return datetime.fromisoformat(date).replace(tzinfo=UTC)


def no_downloads(url: str, fingerprint: str) -> Downloaded | None:
    """Refuse: the starter database is built from local files only."""
    del fingerprint
    raise AdvisoryDataError(f"{url} is not a local file")


def report_sizes(out: Path) -> int:
    """Print the bytes of each source's segments, and return those of all files."""
    manifest = Store(out).open().manifest
    for source in manifest.sources:
        sizes = {one.kind: one.size for one in manifest.segments_of(source.name)}
        print(f"{source.name:20} {sum(sizes.values()):9} bytes {sizes}")
    total = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{'all':20} {total:9} bytes")
    return total


if __name__ == "__main__":
    sys.exit(main())
