"""Why a vulnerability applies to an image, or why it does not, and who says so."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Protocol

import msgspec
from msgspec import Struct

from scantling.assess.judge import judge
from scantling.assess.risk.explain import Explanation as RiskExplanation
from scantling.assess.risk.explain import explain as explain_risk
from scantling.assess.risk.rate import rate
from scantling.core.model.advisory import Advisory, Signal, Stored
from scantling.core.model.context import Context
from scantling.core.model.finding import Finding, Match
from scantling.core.model.gap import Gap
from scantling.core.model.inventory import Inventory, Package
from scantling.matching.match import match, match_package


class Advisories(Protocol):
    """What explaining asks the database."""

    def lookup(self, ecosystem: str, package: str, /) -> tuple[Stored, ...]: ...

    def find(self, id_: str, /) -> tuple[Advisory, ...]: ...

    def signals(self, id_: str, /) -> tuple[Signal, ...]: ...


class Explained(Struct, frozen=True, kw_only=True):
    """What is said about one package of the image; `finding` is None when nothing came of it.

    `risk` tells how each factor adds to the finding's risk; None without a finding.
    """

    package: Package
    matches: tuple[Match, ...]
    finding: Finding | None
    risk: RiskExplanation | None = None


class Explanation(Struct, frozen=True, kw_only=True):
    """Everything known about one vulnerability and one image.

    `names` are all identifiers of the vulnerability, `advisories` the documents about it,
    `packages` those of the image that somebody speaks about, by purl. `elsewhere` are (ecosystem,
    package) pairs that the documents are about and that the image does not have. `asked` are the
    packages that were asked for and that nobody speaks about. `gaps` say what of the VEX could not
    be read or was not applied, to this vulnerability or another.
    """

    id: str
    names: tuple[str, ...]
    advisories: tuple[Advisory, ...]
    packages: tuple[Explained, ...]
    elsewhere: tuple[tuple[str, str], ...]
    asked: tuple[Package, ...]
    signals: tuple[Signal, ...]
    gaps: tuple[Gap, ...] = ()


Settle = Callable[[tuple[Finding, ...]], tuple[tuple[Finding, ...], tuple[Gap, ...]]]
"""What VEX makes of all findings of an image: the findings, and what of it was not applied."""


def explain(
    inventory: Inventory,
    advisories: Advisories,
    id_: str,
    package: str = "",
    *,
    context: Context,
    today: date,
    settle: Settle | None = None,
) -> Explanation:
    """Return the explanation of `id_`, for the packages that `package` names (empty: for all).

    `package` is a name, a source package's name, or a package URL with or without its version. The
    risk is that in `context` on the day `today`. `settle` applies VEX (None: there is none).
    """
    documents = advisories.find(id_)
    names = _names(id_, documents)
    chosen = [one for one in inventory.packages if not package or _is_named(one, package)]
    judged = judge(match(inventory.packages, advisories), advisories)
    settled, gaps = (judged, ()) if settle is None else settle(judged)
    findings = {
        (one.purl, one.owner): one
        for one in settled
        if not names.isdisjoint((one.id, *one.aliases))
    }
    references = tuple(link.url for document in documents for link in document.references)
    findings = {
        key: msgspec.structs.replace(one, references=references) for key, one in findings.items()
    }
    explained = [
        _with_risk(_explained(one, advisories, names, findings), context, today) for one in chosen
    ]
    about = tuple(one for one in explained if one.matches)
    met = {(match.ecosystem, match.package) for one in about for match in one.matches}
    spoken = {
        (statement.ecosystem, statement.package)
        for document in documents
        for statement in document.statements
        if names & {statement.vulnerability, document.id, *document.aliases}
    }
    return Explanation(
        id=id_,
        names=tuple(sorted(names)),
        advisories=documents,
        packages=about,
        elsewhere=tuple(sorted(spoken - met)),
        asked=tuple(one.package for one in explained if package and not one.matches),
        signals=tuple(signal for name in sorted(names) for signal in advisories.signals(name)),
        gaps=gaps,
    )


def _with_risk(one: Explained, context: Context, today: date) -> Explained:
    if one.finding is None:
        return one
    risk = explain_risk(rate(one.finding, context, today))
    return msgspec.structs.replace(one, risk=risk)


def _explained(
    package: Package,
    advisories: Advisories,
    names: set[str],
    findings: dict[tuple[str, str], Finding],
) -> Explained:
    said = match_package(package, advisories, everything=True)
    matches = tuple(
        one for one in said if not names.isdisjoint((one.vulnerability, one.advisory, *one.aliases))
    )
    return Explained(
        package=package, matches=matches, finding=findings.get((package.purl, package.owner))
    )


def _names(id_: str, documents: Iterable[Advisory]) -> set[str]:
    """Return all identifiers of the vulnerability; of a bulletin about several, all of them."""
    names = {id_}
    for document in documents:
        about = {one.vulnerability for one in document.statements}
        names |= {document.id, *about} if document.id == id_ else about & {id_}
        if len(about) == 1:
            names |= {document.id, *document.aliases, *about}
    return names


def _is_named(package: Package, name: str) -> bool:
    full = f"{package.namespace}/{package.name}"
    spelled = {package.purl, package.purl.partition("?")[0], full, package.source_name}
    spelled |= {package.purl.partition("@")[0] if "%40" not in package.purl else ""}
    return name in spelled or name.lower() == package.name.lower()
