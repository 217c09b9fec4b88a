"""Inventory and advisories become matches: every word about every package, with its reason.

A statement is about versions of the source package or of the binary one; it is compared with the
version of the same kind only. What cannot be compared is `undetermined`, never `not-affected`.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from scantling.core.model.advisory import Interval, Status, Stored
from scantling.core.model.finding import Match, Outcome
from scantling.core.model.inventory import Package
from scantling.matching.api import AdvisoryIndex
from scantling.matching.names import Lookup, is_own_source, lookups
from scantling.versions.api import Scheme
from scantling.versions.ranges import covering
from scantling.versions.registry import scheme_for
from scantling.versions.vers import from_intervals


class Decision(Struct, frozen=True):
    """How one statement compares with one package: what a `Match` is written from.

    `covered` is whether the version, whose key is `key`, is among those the statement is about
    (`affected`: it is), and `interval` the one it lies in; `outcome` also heeds the statement's
    status.
    """

    stored: Stored
    question: Lookup
    outcome: Outcome
    covered: Outcome
    interval: Interval | None
    key: bytes | None


def match(packages: Iterable[Package], advisories: AdvisoryIndex) -> tuple[Match, ...]:
    """Return the matches that findings are made of, in the order of `packages`.

    These are all affected and undetermined ones, with whatever other sources say about the same
    vulnerabilities, and everything about packages that own files of other packages (their word
    decides for those as well).
    """
    packages = tuple(packages)
    owners = {package.owner for package in packages}
    schemes: dict[str, Scheme] = {}
    found: list[Match] = []
    for package in packages:
        scheme = schemes.get(package.ecosystem)
        if scheme is None:
            scheme = schemes[package.ecosystem] = scheme_for(package.ecosystem)
        decisions = _decisions(package, advisories, scheme, everything=package.purl in owners)
        found += [_match(package, one, scheme) for one in decisions]
    return tuple(found)


def match_package(
    package: Package, advisories: AdvisoryIndex, *, everything: bool = False
) -> tuple[Match, ...]:
    """Return the matches of one package, sorted by (question, source, advisory, vulnerability).

    A withdrawn advisory makes none, nor does one about other architectures or modules. Without
    `everything`, words that clear the package are left out unless another source contradicts them.
    """
    scheme = scheme_for(package.ecosystem)
    decisions = decide(package, advisories, everything=everything)
    return tuple(_match(package, one, scheme) for one in decisions)


def decide(
    package: Package, advisories: AdvisoryIndex, *, everything: bool = False
) -> tuple[Decision, ...]:
    """Return what `match_package` writes its matches from: the same answers, without their texts.

    For whoever asks about many packages and shows few.
    """
    scheme = scheme_for(package.ecosystem)
    return tuple(_decisions(package, advisories, scheme, everything=everything))


def _decisions(
    package: Package, advisories: AdvisoryIndex, scheme: Scheme, *, everything: bool
) -> list[Decision]:
    """Return what the statements about a package come to, in their order.

    Without `everything`: those about vulnerabilities that some statement does not clear. Most
    statements clear, so what they come to is only written down when it is asked for.
    """
    said = [
        (one, question, key)
        for question, key, stored in _asked(package, advisories, scheme)
        for one in stored
    ]
    if everything:
        decisions = [_decided(*each) for each in said]
        return [one for one in decisions if one is not None]
    open_ids: set[str] = set()
    found: list[Decision | None] = []
    for one, question, key in said:
        decision = None if _clears(one, key) else _decided(one, question, key)
        found.append(decision)
        if decision is not None and decision.outcome is not Outcome.NOT_AFFECTED:
            open_ids.add(one.statement.vulnerability)
            open_ids.update(one.aliases)
    if not open_ids:
        return []
    shown = [
        decision or _decided(*each)
        for decision, each in zip(found, said, strict=True)
        if each[0].statement.vulnerability in open_ids or not open_ids.isdisjoint(each[0].aliases)
    ]
    return [one for one in shown if one is not None]


def _asked(
    package: Package, advisories: AdvisoryIndex, scheme: Scheme
) -> Iterator[tuple[Lookup, bytes | None, list[Stored]]]:
    """Yield each question about a package, its version's key, and the statements that apply."""
    for question in lookups(package):
        stored = advisories.lookup(package.ecosystem, question.package)
        if stored:
            modular = {one.source for one in stored if one.statement.modules}
            applying = [
                one
                for one in stored
                if _applies(one, package, question, speaks_of_modules=one.source in modular)
            ]
            yield question, scheme.key(question.version), applying


def _clears(stored: Stored, key: bytes | None) -> bool:
    """Tell, for sure and at once, that a version lies above the only range of the statement.

    The usual case; False means that it has to be looked at.
    """
    keys = stored.keys
    if key is None or len(keys) != 1 or stored.statement.versions:
        return False
    high = keys[0][1]
    return high is not None and key > high


def _applies(
    stored: Stored, package: Package, question: Lookup, *, speaks_of_modules: bool
) -> bool:
    statement = stored.statement
    if stored.withdrawn:
        return False
    if statement.source_package and question.by == "name" and not is_own_source(package):
        return False
    if not statement.source_package and question.by == "source-name":
        return False
    if statement.archs and package.arch not in {*statement.archs, "noarch", "all", ""}:
        return False
    if statement.modules:
        return any(_same_module(package.module, module) for module in statement.modules)
    # Beside statements about module streams, one without is about the package outside of them. A
    # source that never speaks of modules may mean either, and is not to be silenced.
    return not (package.module and speaks_of_modules)


def _same_module(label: str, module: str) -> bool:
    """Return whether an RPM module label (`name:stream:version:context`) is of `name:stream`."""
    return label == module or label.startswith(module + ":")


def _decided(stored: Stored, question: Lookup, key: bytes | None) -> Decision | None:
    """Return what the statement comes to; None when it only clears other versions."""
    status = stored.statement.status
    covered, interval = _compared(stored, question.version, key)
    outcome = covered
    if status is Status.NOT_AFFECTED:
        if covered is Outcome.NOT_AFFECTED:
            return None
        outcome = Outcome.NOT_AFFECTED if covered is Outcome.AFFECTED else covered
    elif status is Status.UNDER_INVESTIGATION and covered is Outcome.AFFECTED:
        outcome = Outcome.UNDETERMINED
    return Decision(stored, question, outcome, covered, interval, key)


def _match(package: Package, decision: Decision, scheme: Scheme) -> Match:
    stored, statement = decision.stored, decision.stored.statement
    decided = decision.interval
    return Match(
        purl=package.purl,
        owner=package.owner,
        source=stored.source,
        advisory=stored.advisory,
        vulnerability=statement.vulnerability,
        outcome=decision.outcome,
        by=decision.question.by,
        ecosystem=package.ecosystem,
        package=decision.question.package,
        version=decision.question.version,
        range=from_intervals(
            scheme,
            statement.ranges if decided is None else (decided,),
            statement.versions if decided is None else (),
        ),
        because=_because(decision),
        status=statement.status,
        fix=statement.fix,
        fixed_in=statement.fixed_in,
        word=statement.word,
        severities=statement.severities,
        aliases=stored.aliases,
        modified=stored.modified or stored.published,
        symbols=statement.symbols,
    )


def _word(stored: Stored) -> str:
    return stored.statement.word or "not affected"


def _compared(stored: Stored, version: str, key: bytes | None) -> tuple[Outcome, Interval | None]:
    """Return whether the version is among those the statement is about, and in which interval."""
    statement = stored.statement
    ranges, versions = statement.ranges, statement.versions
    if versions:
        if version in versions or (key is not None and key in stored.version_keys):
            return Outcome.AFFECTED, None
    elif not ranges:
        return Outcome.AFFECTED, None
    decided = covering(ranges, stored.keys, key)
    if decided is None and key is not None:
        return Outcome.NOT_AFFECTED, None
    if isinstance(decided, Interval):
        return Outcome.AFFECTED, decided
    return Outcome.UNDETERMINED, None


def _because(decision: Decision) -> str:
    """Return the reason as a sentence."""
    statement, version = decision.stored.statement, decision.question.version
    if decision.covered is Outcome.AFFECTED:
        return _because_covered(decision)
    if decision.key is None:
        return f"{version!r} is not a version that can be compared"
    if decision.covered is Outcome.UNDETERMINED:
        return "a bound of the range cannot be compared"
    fixed = ", ".join(statement.fixed_in)
    because = f"{version} is outside the range"
    return f"{because}; fixed in {fixed}" if fixed else because


def _because_covered(decision: Decision) -> str:
    statement, version = decision.stored.statement, decision.question.version
    if statement.status is Status.NOT_AFFECTED:
        return f"the source says: {_word(decision.stored)}"
    if statement.status is Status.UNDER_INVESTIGATION:
        return "the source is still investigating"
    if decision.interval is not None:
        return _reason(version, decision.interval)
    if statement.versions:
        return f"{version} is listed"
    return "the statement is about every version"


def _reason(version: str, interval: Interval) -> str:
    low = f"{'≥' if interval.low_inclusive else '>'} {interval.low}" if interval.low else ""
    high = f"{'≤' if interval.high_inclusive else '<'} {interval.high}" if interval.high else ""
    bounds = " and ".join(part for part in (low, high) if part)
    return f"{version} is {bounds}" if bounds else f"{version} is in an unbounded range"
