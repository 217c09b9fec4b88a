"""What changed between two versions of the database, as (ecosystem, package, vulnerability)."""

from collections.abc import Iterator

from msgspec import Struct

from scantling.advisories.database import Database
from scantling.core.model.advisory import Statement, Stored


class Change(Struct, frozen=True, kw_only=True, order=True):
    """One difference. `what` is `added`, `removed` or `changed`; `fields` what differs, sorted.

    Fields are those of the statement, and `withdrawn` of its advisory.
    """

    source: str
    ecosystem: str
    package: str
    vulnerability: str
    advisory: str
    what: str
    fields: tuple[str, ...] = ()


_Key = tuple[str, str, str, str]


def diff(old: Database, new: Database) -> Iterator[Change]:
    """Yield the differences in statements, by source, then ecosystem, package and vulnerability.

    Sources whose statements have the same digest are not read. Texts and signals are not compared.
    """
    names = {source.name for database in (old, new) for source in database.manifest.sources}
    for name in sorted(names):
        if _digest(old, name) != _digest(new, name):
            yield from sorted(_changes(name, _by_key(old, name), _by_key(new, name)))


def changed_keys(old: Database, new: Database) -> tuple[tuple[str, str], ...]:
    """Return the (ecosystem, package) of which anything that matching reads differs, sorted.

    These are the packages to match again after an update. Unlike `diff` it also sees that only a
    document's aliases or dates changed, and decodes nothing.
    """
    names = {source.name for database in (old, new) for source in database.manifest.sources}
    changed: set[tuple[str, str]] = set()
    for name in sorted(names):
        if _digests(old, name) != _digests(new, name):
            before = {(one, package): record for one, package, record in old.records(name)}
            for ecosystem, package, record in new.records(name):
                if before.pop((ecosystem, package), None) != record:
                    changed.add((ecosystem, package))
            changed.update(before)
    return tuple(sorted(changed))


def _digests(database: Database, source: str) -> tuple[str, ...]:
    segments = database.manifest.segments_of(source)
    return tuple(one.digest for one in segments if one.kind == "statements")


def _digest(database: Database, source: str) -> str:
    segments = database.manifest.segments_of(source)
    return next((one.digest for one in segments if one.kind == "statements"), "")


def _by_key(database: Database, source: str) -> dict[_Key, list[Stored]]:
    found: dict[_Key, list[Stored]] = {}
    for stored in database.statements(source):
        said = stored.statement
        key = (said.ecosystem, said.package, said.vulnerability, stored.advisory)
        found.setdefault(key, []).append(stored)
    return found


def _changes(
    source: str, old: dict[_Key, list[Stored]], new: dict[_Key, list[Stored]]
) -> Iterator[Change]:
    for key in old.keys() | new.keys():
        before, after = old.get(key, []), new.get(key, [])
        if before == after:
            continue
        what = "changed" if before and after else "added" if after else "removed"
        fields = _fields(before, after) if what == "changed" else ()
        if what == "changed" and not fields:
            continue
        ecosystem, package, vulnerability, advisory = key
        yield Change(
            source=source,
            ecosystem=ecosystem,
            package=package,
            vulnerability=vulnerability,
            advisory=advisory,
            what=what,
            fields=fields,
        )


def _fields(before: list[Stored], after: list[Stored]) -> tuple[str, ...]:
    """Return the names of the statement's fields that differ."""
    names = [
        name
        for name in Statement.__struct_fields__
        if [getattr(one.statement, name) for one in before]
        != [getattr(one.statement, name) for one in after]
    ]
    if [one.withdrawn for one in before] != [one.withdrawn for one in after]:
        names.append("withdrawn")
    return tuple(sorted(names))
