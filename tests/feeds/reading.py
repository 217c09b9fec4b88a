"""Reading the trimmed downloads, and one line of text per thing that a feed says."""

from collections.abc import Iterator
from pathlib import Path

from scantling.advisories.api import Document, Feed, Record, Unreadable
from scantling.advisories.registry import FEEDS
from scantling.advisories.unpack import MemorySpool
from scantling.core.model.advisory import Advisory, Interval, Release, Signal, Statement

DATA = Path(__file__).parent / "data"
BY_NAME = {feed.name: feed for feed in FEEDS}


def documents(name: str) -> list[Document]:
    """Return the trimmed download of a feed."""
    root = DATA / name / "docs"
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return [Document(name=str(path.relative_to(root)), data=path.read_bytes()) for path in paths]


def parsed(feed: Feed, *docs: Document) -> list[Record]:
    """Return what the feed makes of the documents."""
    return list(feed.parse(MemorySpool(list(docs), "")))


def parsed_one(feed: str, name: str, data: str | bytes) -> list[Record]:
    """Return what the feed makes of one document."""
    content = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return parsed(BY_NAME[feed], Document(name=name, data=content))


def statements(records: list[Record]) -> list[Statement]:
    """Return all statements of all advisories."""
    return [one for record in records if isinstance(record, Advisory) for one in record.statements]


def lines(records: list[Record]) -> Iterator[str]:
    """Yield the meaning of the records as text; what is empty is left out."""
    for record in records:
        match record:
            case Advisory():
                yield _advisory(record)
                yield from (f"    {_statement(statement)}" for statement in record.statements)
            case Signal():
                yield f"signal {record.kind} {record.id} {record.value} {record.note} {record.date}"
            case Release():
                yield _release(record)
            case Unreadable():
                yield f"unreadable {record.record}: {record.reason}"


def interval_text(interval: Interval) -> str:
    """Return `[1.0, 2.0)`; a missing bound is empty."""
    return (
        f"{'[' if interval.low_inclusive else '('}{interval.low}, "
        f"{interval.high}{']' if interval.high_inclusive else ')'}"
    )


def _advisory(advisory: Advisory) -> str:
    parts = [
        advisory.id,
        *_named("aliases", advisory.aliases),
        *_named("related", advisory.related),
        *_named("cwes", advisory.cwes),
        *_named("published", (advisory.published,)),
        *_named("withdrawn", (advisory.withdrawn,)),
    ]
    return "  ".join(parts)


def _statement(statement: Statement) -> str:
    covered = (*map(interval_text, statement.ranges), *statement.versions)
    versions = " ".join(covered) or "every version"
    severities = [f"{one.kind}:{one.value or one.score}" for one in statement.severities]
    parts = [
        f"{statement.ecosystem} {statement.package}",
        statement.vulnerability,
        f"{statement.status} {versions}",
        *_named("fix", (statement.fix, *statement.fixed_in)),
        *_named("word", (statement.word,)),
        *_named("severity", tuple(severities)),
        *_named("modules", statement.modules),
        *_named("symbols", statement.symbols),
        *(["source"] if statement.source_package else []),
    ]
    return "  ".join(parts)


def _release(release: Release) -> str:
    return (
        f"release {release.product} {release.cycle}  released={release.released} "
        f"support={release.support_until} end={release.end_of_life} "
        f"extended={release.extended_until} latest={release.latest}@{release.latest_date} "
        f"ended={release.ended}"
    )


def _named(name: str, values: tuple[str, ...]) -> list[str]:
    text = " ".join(value for value in values if value)
    return [f"{name}={text}"] if text else []
