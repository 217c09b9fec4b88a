"""What the advisory data cannot tell about this image: gaps of knowledge rather than of reading."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final, Protocol

from scantling.core import clock
from scantling.core.model.advisory import Release, SourceInfo
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import Gap, gap
from scantling.core.model.inventory import Inventory
from scantling.core.model.report import DatabaseInfo

# os-release ids and the product names of endoflife.date where they differ.
_PRODUCTS: Final = {
    "almalinux": "almalinux",
    "alpine": "alpine-linux",
    "amzn": "amazon-linux",
    "ol": "oracle-linux",
    "opensuse-leap": "opensuse",
    "rhel": "rhel",
    "rocky": "rocky-linux",
    "sles": "sles",
}
_SHOWN: Final = 5


class Knowledge(Protocol):
    """Answers what the database speaks about."""

    @property
    def info(self) -> DatabaseInfo: ...

    def covers(self, ecosystem: str, /) -> tuple[tuple[str, str], ...]:
        """Return (source, completeness) pairs of the sources that speak about an ecosystem."""
        ...

    def ecosystems(self) -> tuple[str, ...]: ...

    def releases(self, product: str, /) -> tuple[Release, ...]: ...


def knowledge_gaps(inventory: Inventory, knowledge: Knowledge, now: datetime) -> Iterator[Gap]:
    """Yield what nobody says about the packages, which sources are too old, and what ended."""
    ecosystems: dict[str, list[str]] = {}
    for package in inventory.packages:
        ecosystems.setdefault(package.ecosystem, []).append(package.name)
    used: set[str] = set()
    for ecosystem, names in sorted(ecosystems.items()):
        covering = knowledge.covers(ecosystem)
        used |= {source for source, _ in covering}
        yield from _coverage(ecosystem, names, covering, knowledge)
    yield from _stale(knowledge.info, used, now)
    if not knowledge.info.verified:
        yield gap("advisories.unverified", "the database is not signed by a key you trust")
    yield from _ended(inventory, knowledge, now.date())


def _coverage(
    ecosystem: str,
    names: list[str],
    covering: tuple[tuple[str, str], ...],
    knowledge: Knowledge,
) -> Iterator[Gap]:
    count = len(names)
    what = f"{count} {ecosystem} package{'s' if count > 1 else ''} ({_some(names)})"
    if not covering:
        family = ecosystem.partition(":")[0] + ":"
        known = [one for one in knowledge.ecosystems() if one.startswith(family)]
        if known and ecosystem != family:
            releases = ", ".join(one.partition(":")[2] for one in known)
            yield gap("os.no-release", f"{what}: the database knows releases {releases} only")
        else:
            yield gap("coverage.none", f"{what}: no source speaks about {ecosystem or 'them'}")
        return
    best = {completeness for _, completeness in covering}
    sources = ", ".join(sorted({source for source, _ in covering}))
    if best == {"partial"}:
        yield gap("coverage.partial", f"{what}: {sources} covers only part of them")
    elif "full" not in best:
        yield gap("coverage.fixes-only", f"{what}: {sources} lists fixed vulnerabilities only")


def _some(names: list[str]) -> str:
    listed = sorted(set(names))
    more = ", …" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _stale(info: DatabaseInfo, used: set[str], now: datetime) -> Iterator[Gap]:
    if info.expires and info.expires < clock.rfc3339(now):
        yield gap("advisories.stale", f"the database expired on {info.expires[:10]}")
    for source in info.sources:
        if source.name in used:
            age = age_days(source, now)
            if age is None:
                yield gap("advisories.stale", f"{source.name} does not say how old its content is")
            elif age > source.stale_after_days:
                yield gap(
                    "advisories.stale",
                    f"{source.name} is of {source.as_of[:10]}, {age} days old;"
                    f" more than {source.stale_after_days} is too old",
                )


def age_days(source: SourceInfo, now: datetime) -> int | None:
    """Return how many days old our knowledge of the source is; None if nothing says.

    A publisher that was asked and had nothing new is as fresh as the answer.
    """
    try:
        return (now.date() - date.fromisoformat(max(source.as_of, source.confirmed)[:10])).days
    except ValueError:
        return None


def _ended(inventory: Inventory, knowledge: Knowledge, today: date) -> Iterator[Gap]:
    distro = inventory.distro
    if distro is None or not distro.release:
        return
    product = _PRODUCTS.get(distro.id, distro.id)
    for release in knowledge.releases(product):
        if release.cycle == distro.release:
            last = max(release.end_of_life, release.extended_until)
            name = f"{distro.id} {distro.release}"
            if release.ended or (last and last < today.isoformat()):
                yield gap("os.end-of-life", f"{name} ended on {last or 'an unpublished date'}")
            elif release.end_of_life and release.end_of_life < today.isoformat():
                yield gap(
                    "os.extended-support",
                    f"{name} ended on {release.end_of_life}; extended support until {last}",
                )


def undetermined_gaps(findings: Iterable[Finding]) -> Iterator[Gap]:
    """Yield a gap for each package with findings that could not be determined."""
    counts: dict[str, int] = {}
    for finding in findings:
        if finding.state is FindingState.UNDETERMINED:
            counts[finding.purl] = counts.get(finding.purl, 0) + 1
    for purl, count in sorted(counts.items()):
        yield gap("version.incomparable", f"{purl}: {count} undetermined", count=count)
