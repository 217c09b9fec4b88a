"""The records of one source, collected into the segments of that source.

Records are encoded as they arrive, so memory holds their bytes and not their objects. An id that
appears several times is one advisory: its statements are united and its texts are those that came
first. The order of records does not change the segments, except through such texts.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from scantling.advisories.api import Record, Unreadable
from scantling.advisories.database import Text
from scantling.advisories.scores import scored
from scantling.advisories.segment_writer import Written, write_segment
from scantling.advisories.segments import Kind, statement_key
from scantling.core.model.advisory import (
    Advisory,
    Interval,
    Release,
    Severity,
    Signal,
    Statement,
    Stored,
)
from scantling.core.text import neutral

KeyFor = Callable[[str], Callable[[str], bytes | None]]
"""From an ecosystem to the function that gives its versions their keys."""

_EXAMPLES: Final = 5
_DATE_CHARS: Final = 10


class Collected(Struct, frozen=True, kw_only=True):
    """What a source came to. `newest` is the date of its newest content, empty if it has none.

    `states` are small summaries of all records, for `sanity`: a number for each key, the same when
    the record says the same of the same versions being affected at all.
    """

    segments: tuple[tuple[Kind, Written], ...]
    ecosystems: tuple[str, ...]
    records: int
    statements: int
    unreadable: int
    incomparable: int
    examples: tuple[str, ...]
    newest: str
    states: dict[int, int]


class Collector:
    """Takes the records of one source and makes its segments.

    `keep(id)` returns the last good form of an advisory (None: there is none); it is asked when a
    new form must be refused, so that a poisoned update cannot take a good statement away.
    `today` (`YYYY-MM-DD`) bounds what counts as a date of content.
    """

    def __init__(
        self, source: str, key_for: KeyFor, *, keep: Callable[[str], Advisory | None], today: str
    ) -> None:
        self._source = source
        self._key_for = key_for
        self._keep = keep
        self._today = today
        self._keys: dict[tuple[str, str], bytes | None] = {}
        self._rows: dict[str, set[tuple[str, str, bytes]]] = {}
        self._texts: dict[str, bytes] = {}
        self._index: dict[str, set[str]] = {}
        self._signals: dict[str, set[Signal]] = {}
        self._releases: dict[str, list[Release]] = {}
        self._states: dict[int, int] = {}
        self._unreadable = 0
        self._incomparable = 0
        self._examples: list[str] = []
        self._newest = ""

    def add(self, record: Record) -> None:
        """Take one record; an advisory whose ranges make no sense becomes an unreadable one."""
        if isinstance(record, Unreadable):
            self._refuse(record.record, record.reason)
            return
        try:
            msgspec.msgpack.encode(record)  # a record that cannot be written is not half taken
            match record:
                case Advisory():
                    self._add_advisory(record)
                case Signal():
                    self._seen(record.date or (record.value if record.kind == "kev" else ""))
                    self._states[hash((record.kind, record.id))] = 0
                    self._signals.setdefault(record.id, set()).add(record)
                case Release():
                    self._seen(record.latest_date or record.released)
                    self._states[hash((record.product, record.cycle))] = 0
                    self._releases.setdefault(record.product, []).append(record)
        except UnicodeEncodeError:  # a lone surrogate: JSON can say it, UTF-8 cannot
            self._refuse(_name_of(record), "it has text that is not Unicode")

    def finish(self) -> Collected:
        """Return the segments, and forget everything collected."""
        segments: list[tuple[Kind, Written]] = []
        statements = sum(map(len, self._rows.values()))
        ecosystems = tuple(sorted({key.partition("\0")[0] for key in self._rows}))
        records = len(self._texts) + len(self._signals) + sum(map(len, self._releases.values()))
        for kind, pairs in (
            (Kind.STATEMENTS, self._take_rows()),
            (Kind.TEXTS, sorted(self._texts.items())),
            (Kind.INDEX, _encoded((key, sorted(ids)) for key, ids in self._index.items())),
            (
                Kind.SIGNALS,
                _encoded((key, sorted(found, key=_order)) for key, found in self._signals.items()),
            ),
            (Kind.RELEASES, _encoded(self._releases.items())),
        ):
            if pairs:
                segments.append((kind, write_segment(kind, pairs)))
        return Collected(
            segments=tuple(segments),
            ecosystems=ecosystems,
            records=records,
            statements=statements,
            unreadable=self._unreadable,
            incomparable=self._incomparable,
            examples=tuple(self._examples),
            newest=self._newest,
            states=self._states,
        )

    def _add_advisory(self, advisory: Advisory) -> None:
        if wrong := self._inverted(advisory):
            self._refuse(advisory.id, wrong)
            kept = self._keep(advisory.id)
            if kept is None or self._inverted(kept):
                return
            advisory = kept
        advisory = replace(
            advisory, source=self._source, severities=_all_scored(advisory.severities)
        )
        self._seen(advisory.modified or advisory.published)
        unclear = False
        packages = set()
        for statement in advisory.statements:
            stored = self._stored(advisory, statement)
            unclear = unclear or _is_unclear(stored)
            self._add_row(stored)
            packages.add((statement.ecosystem, statement.package))
        self._incomparable += unclear
        self._add_text(advisory, packages)

    def _add_row(self, stored: Stored) -> None:
        statement = stored.statement
        key = statement_key(statement.ecosystem, statement.package)
        row = (stored.advisory, statement.vulnerability, msgspec.msgpack.encode(stored))
        self._rows.setdefault(key, set()).add(row)
        about, state = state_of(stored)
        self._states[about] = self._states.get(about, 0) | state

    def _add_text(self, advisory: Advisory, packages: set[tuple[str, str]]) -> None:
        text = Text(advisory=replace(advisory, statements=()))
        known = self._texts.get(advisory.id)
        if known is not None:
            text = _merged(msgspec.msgpack.decode(known, type=Text), text)
        packages.update(() if known is None else msgspec.msgpack.decode(known, type=Text).packages)
        text = replace(text, packages=tuple(sorted(packages)))
        self._texts[advisory.id] = msgspec.msgpack.encode(text)
        vulnerabilities = {statement.vulnerability for statement in advisory.statements}
        for name in {advisory.id, *advisory.aliases, *vulnerabilities}:
            self._index.setdefault(name.casefold(), set()).add(advisory.id)

    def _stored(self, advisory: Advisory, statement: Statement) -> Stored:
        statement = replace(statement, severities=_all_scored(statement.severities))
        ecosystem = statement.ecosystem
        return Stored(
            source=self._source,
            advisory=advisory.id,
            statement=statement,
            aliases=advisory.aliases,
            keys=tuple(self._bounds(ecosystem, one) for one in statement.ranges),
            version_keys=tuple(self._key(ecosystem, one) for one in statement.versions),
            published=advisory.published,
            modified=advisory.modified,
            withdrawn=advisory.withdrawn,
        )

    def _bounds(self, ecosystem: str, interval: Interval) -> tuple[bytes | None, bytes | None]:
        return self._key(ecosystem, interval.low), self._key(ecosystem, interval.high)

    def _key(self, ecosystem: str, version: str) -> bytes | None:
        if not version:
            return None
        at = (ecosystem, version)
        if at not in self._keys:
            self._keys[at] = self._key_for(ecosystem)(version)
        return self._keys[at]

    def _inverted(self, advisory: Advisory) -> str:
        """Return what is wrong with a range that ends before it begins; empty: nothing."""
        for statement in advisory.statements:
            for interval in statement.ranges:
                low, high = self._bounds(statement.ecosystem, interval)
                if low is not None and high is not None and low > high:
                    span = f"{interval.low} to {interval.high}"
                    return f"the range of {statement.package} from {span} is inverted"
        return ""

    def _refuse(self, name: str, reason: str) -> None:
        self._unreadable += 1
        if len(self._examples) < _EXAMPLES:
            self._examples.append(f"{neutral(name, limit=100)}: {neutral(reason, limit=200)}")

    def _seen(self, date: str) -> None:
        if self._newest[:_DATE_CHARS] < date[:_DATE_CHARS] <= self._today:
            self._newest = date

    def _take_rows(self) -> list[tuple[str, bytes]]:
        pairs = []
        for key in sorted(self._rows):
            rows = [msgspec.Raw(row) for _, _, row in sorted(self._rows.pop(key))]
            pairs.append((key, msgspec.msgpack.encode(rows)))
        return pairs


_AFFECTED: Final = 1
_OTHER: Final = 2
_WITHDRAWN: Final = 4
_NOTHING: Final = 8


def state_of(stored: Stored) -> tuple[int, int]:
    """Return what a statement is about and whether it holds, as numbers for `sanity`.

    The second changes when the status turns, the advisory is withdrawn, or its ranges come to end
    at their beginning ("fixed in 0"), and not when a fix is found or a range is corrected.
    """
    statement = stored.statement
    about = hash((statement.ecosystem, statement.package, stored.advisory, statement.vulnerability))
    if stored.withdrawn:
        return about, _WITHDRAWN
    if statement.status != "affected":
        return about, _OTHER
    empty = bool(statement.ranges) and not statement.versions
    empty = empty and all(one.high in {"0", "0.0.0"} for one in statement.ranges)
    return about, _NOTHING if empty else _AFFECTED


def _is_unclear(stored: Stored) -> bool:
    if None in stored.version_keys:
        return True
    return any(
        (interval.low and low is None) or (interval.high and high is None)
        for interval, (low, high) in zip(stored.statement.ranges, stored.keys, strict=True)
    )


def _all_scored(severities: tuple[Severity, ...]) -> tuple[Severity, ...]:
    return tuple(map(scored, severities))


def _merged(first: Text, second: Text) -> Text:
    """Return one text for two documents of the same id: the first one's words, everyone's names."""
    one, other = first.advisory, second.advisory
    merged = replace(
        one,
        aliases=_united(one.aliases, other.aliases),
        related=_united(one.related, other.related),
        references=_united(one.references, other.references),
        severities=_united(one.severities, other.severities),
        cwes=_united(one.cwes, other.cwes),
        summary=one.summary or other.summary,
        details=one.details or other.details,
        published=min(filter(None, (one.published, other.published)), default=""),
        modified=max(one.modified, other.modified),
        withdrawn=one.withdrawn and other.withdrawn,
    )
    return Text(advisory=merged)


def _united(one: tuple[object, ...], other: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _encoded(pairs: Iterable[tuple[str, object]]) -> list[tuple[str, bytes]]:
    return sorted((key, msgspec.msgpack.encode(value)) for key, value in pairs)


def _order(signal: Signal) -> tuple[str, str, str]:
    return signal.kind, signal.date, signal.value


def _name_of(record: Advisory | Signal | Release) -> str:
    return record.product if isinstance(record, Release) else record.id
