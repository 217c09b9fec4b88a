"""From matches to findings: one per vulnerability and package, with everybody's word on it.

Whose word counts, in this order:

1. For files that an operating system package owns, the distribution's word about that package:
   it may have fixed the flaw without changing the upstream version. The language advisory is kept,
   suppressed, with the reason. Where the distribution is silent, the language advisory stands.
2. Among several sources about the same package, one that says "affected" beats one that says "not
   affected" or cannot tell: disagreement is shown, never resolved in favor of silence.
3. What cannot be determined stays `undetermined`.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final, Protocol

from scantling.assess.groups import AliasGroups, preferred
from scantling.assess.severity import choose
from scantling.core import purl
from scantling.core.model.advisory import Fix, Signal
from scantling.core.model.finding import Finding, FindingState, Match, Outcome
from scantling.core.text import octets
from scantling.versions.registry import scheme_for

_STATE_ORDER: Final = (FindingState.OPEN, FindingState.UNDETERMINED, FindingState.SUPPRESSED)
_OUTCOME_ORDER: Final = (Outcome.AFFECTED, Outcome.UNDETERMINED, Outcome.NOT_AFFECTED)
_FIX_ORDER: Final = (
    Fix.FIXED,
    Fix.DEFERRED,
    Fix.WILL_NOT_FIX,
    Fix.END_OF_LIFE,
    Fix.NONE,
    Fix.UNKNOWN,
)


class Signals(Protocol):
    """Answers what is known about an identifier beyond packages."""

    def signals(self, id_: str, /) -> tuple[Signal, ...]:
        """Return known exploitation and its probability; empty if nothing is known."""
        ...


def judge(matches: Iterable[Match], signals: Signals) -> tuple[Finding, ...]:
    """Return the findings, sorted as `ScanReport` says. The order of `matches` does not matter."""
    matches = tuple(matches)
    groups = AliasGroups()
    for match in matches:
        groups.join((match.vulnerability, *match.aliases))
    by_package: dict[tuple[str, str], dict[str, list[Match]]] = {}
    for match in matches:
        package = by_package.setdefault((match.purl, match.owner), {})
        package.setdefault(groups.root(match.vulnerability), []).append(match)
    findings = []
    lore = _Lore(signals)
    for (_, owner), vulnerabilities in by_package.items():
        owned = by_package.get((owner, ""), {}) if owner else {}
        for root, words in vulnerabilities.items():
            if any(one.outcome is not Outcome.NOT_AFFECTED for one in words):
                findings.append(_finding(words, owned.get(root, []), lore))
    return tuple(sorted(findings, key=finding_order))


def finding_order(finding: Finding) -> tuple[int, int, str, str, str]:
    """Return the sort key of findings: state, worst severity first, id, purl, owner."""
    state = _STATE_ORDER.index(finding.state)
    return state, -finding.severity.rank, finding.id, finding.purl, finding.owner


class _Lore:
    """What was worked out about names and versions: many programs in an image share a flaw."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self._names: dict[tuple[str, ...], tuple[str, tuple[Signal, ...]]] = {}
        self._fixes: dict[tuple[str, frozenset[str]], tuple[str, ...]] = {}

    def of_names(self, names: tuple[str, ...]) -> tuple[str, tuple[Signal, ...]]:
        """Return the name to speak of, and the signals of all of them, sorted."""
        known = self._names.get(names)
        if known is None:
            signals = {signal for name in names for signal in self._signals.signals(name)}
            ordered = sorted(signals, key=lambda one: (one.kind, one.id, one.value))
            known = self._names[names] = preferred(names), tuple(ordered)
        return known

    def in_order(self, ecosystem: str, versions: frozenset[str]) -> tuple[str, ...]:
        """Return the versions in their order; what is no version comes last."""
        if len(versions) <= 1:
            return tuple(versions)
        known = self._fixes.get((ecosystem, versions))
        if known is None:
            key = scheme_for(ecosystem).key
            ordered = sorted(versions, key=lambda version: (key(version) or b"\xff", version))
            known = self._fixes[ecosystem, versions] = tuple(ordered)
        return known


def _finding(words: list[Match], owners_words: list[Match], lore: _Lore) -> Finding:
    words = words if len(words) == 1 else sorted(words, key=_match_order)
    deciding = _deciding(words)
    state, reason = _state(deciding, sorted(owners_words, key=_match_order))
    names = sorted({name for one in words for name in (one.vulnerability, *one.aliases)})
    id_, signals = lore.of_names(tuple(names))
    said = (severity for one in words for severity in one.severities)
    chosen = choose(said, deciding.source, signals)
    fix, fixed_in = _fix(words, lore)
    return Finding(
        id=id_,
        purl=deciding.purl,
        owner=deciding.owner,
        identity=_identity(deciding, id_),
        state=state,
        severity=chosen.level,
        severity_source=chosen.source,
        score=chosen.score,
        vector=chosen.vector,
        aliases=tuple(name for name in names if name != id_),
        fix=fix,
        fixed_in=fixed_in,
        word=deciding.word,
        reason=reason,
        decided_by=deciding.source,
        signals=signals,
        matches=tuple(words),
    )


def _match_order(match: Match) -> tuple[object, ...]:
    """Return a sort key that no two different words share, so that input order never shows."""
    return (
        (match.source, match.advisory, match.vulnerability, match.by, match.range),
        (match.outcome, match.because, match.fixed_in, match.fix, match.word),
        (match.aliases, match.severities, match.modified, match.symbols),
    )


def _deciding(words: list[Match]) -> Match:
    """Return the first that says "affected", else the first that cannot tell."""
    return min(words, key=lambda one: _OUTCOME_ORDER.index(one.outcome))


def _state(deciding: Match, owners_words: list[Match]) -> tuple[FindingState, str]:
    if owners_words:
        word = _deciding(owners_words)
        owner = f"{purl.name_of(word.purl)} {word.version}, which owns the files"
        match word.outcome:
            case Outcome.NOT_AFFECTED:
                return FindingState.SUPPRESSED, f"{word.source} says of {owner}: {word.because}"
            case Outcome.AFFECTED:
                return FindingState.SUPPRESSED, f"reported for {owner} ({word.source})"
            case Outcome.UNDETERMINED:
                return FindingState.UNDETERMINED, f"{word.source} on {owner}: {word.because}"
    if deciding.outcome is Outcome.UNDETERMINED:
        return FindingState.UNDETERMINED, deciding.because
    return FindingState.OPEN, ""


def _fix(words: list[Match], lore: _Lore) -> tuple[Fix, tuple[str, ...]]:
    """Return the best fix state that an "affected" word gives, and all fixing versions in order."""
    affected = [one for one in words if one.outcome is Outcome.AFFECTED] or words
    best = min([one.fix for one in affected], key=_FIX_ORDER.index)
    fixed_in = frozenset([version for one in affected for version in one.fixed_in])
    return best, lore.in_order(affected[0].ecosystem, fixed_in)


def _identity(match: Match, id_: str) -> str:
    """Return a name for the finding that survives rebuilds, version changes and new advisories.

    It hashes what the finding is about: package without its version, owner without its version,
    vulnerability. 128 bits, hexadecimal.
    """
    about = "\0".join((purl.without_version(match.purl), purl.without_version(match.owner), id_))
    return sha256(octets(about)).hexdigest()[:32]
