"""Severity: from everybody's words to one level, by a rule that is stated and shown.

The rule. (1) The word of the source that decides about this package (a distribution knows how it
builds it). (2) The highest CVSS base score among newer vector versions first: v4, v3, v2, since a
newer one replaces an older judgment. (3) Any other source's word, the worst of them. (4) The CVSS
of the CVE record, which a signal brings. (5) Unknown. Every word stays in the report beside the
chosen one; a word is accompanied by the best vector that there is.

Source of the levels of a score: CVSS v3.1 and v4.0 specifications, "Qualitative Severity Rating
Scale"; for v2 the same scale is used, as NVD does not publish "critical" for it.
"""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from scantling.core.model.advisory import Level, Severity, Signal

# What distributors' words mean. Debian's urgencies: security-tracker, "Severity levels"; Red Hat's
# and SUSE's: their severity rating pages; Ubuntu's: its CVE priority page; GHSA's: its own.
_WORDS: Final = {
    "unimportant": Level.NEGLIGIBLE,
    "negligible": Level.NEGLIGIBLE,
    "none": Level.NEGLIGIBLE,
    "informational": Level.NEGLIGIBLE,
    "low": Level.LOW,
    "minor": Level.LOW,
    "low**": Level.LOW,
    "low*": Level.LOW,
    "medium": Level.MEDIUM,
    "medium*": Level.MEDIUM,
    "medium**": Level.MEDIUM,
    "moderate": Level.MEDIUM,
    "high": Level.HIGH,
    "high*": Level.HIGH,
    "high**": Level.HIGH,
    "important": Level.HIGH,
    "critical": Level.CRITICAL,
    "urgent": Level.CRITICAL,
}
_SCALE: Final = ((9.0, Level.CRITICAL), (7.0, Level.HIGH), (4.0, Level.MEDIUM), (0.1, Level.LOW))
_VECTORS: Final = ("cvss4", "cvss3", "cvss2")
_SCORE: Final = re.compile(r"10\.0|[0-9]\.[0-9]")


class Chosen(Struct, frozen=True):
    """The chosen severity, who said it, and the CVSS behind it (None and '' for a word)."""

    level: Level
    source: str = ""
    score: float | None = None
    vector: str = ""


def choose(severities: Iterable[Severity], deciding: str, signals: Iterable[Signal] = ()) -> Chosen:
    """Return the severity by the rule above; `deciding` names the source whose word comes first."""
    ordered = sorted(set(severities))
    own = [one for one in ordered if one.source == deciding]
    vector = _best_vector(own) or _best_vector(ordered)
    word = _worst_word(own)
    if word is None and vector is not None and vector.score is not None:
        return Chosen(level_of_score(vector.score), vector.source, vector.score, vector.value)
    word = word or _worst_word(ordered)
    vector = vector or _best_vector([_of_record(one) for one in signals if one.kind in _VECTORS])
    if word is not None:
        return Chosen(_level_of_word(word), word.source, *_cvss(vector))
    if vector is not None and vector.score is not None:
        return Chosen(level_of_score(vector.score), vector.source, vector.score, vector.value)
    return Chosen(Level.UNKNOWN)


def _of_record(signal: Signal) -> Severity:
    """Return a signal's vector as a severity; without a score if its note does not give one."""
    who, _, score = signal.note.partition(" ")
    known = _SCORE.fullmatch(score) is not None
    return Severity(who, signal.kind, signal.value, float(score) if known else None)


def _cvss(vector: Severity | None) -> tuple[float | None, str]:
    return (None, "") if vector is None else (vector.score, vector.value)


def level_of_score(score: float) -> Level:
    """Return the level of a CVSS base score; 0.0 is negligible ("None" in the specification)."""
    return next((level for least, level in _SCALE if score >= least), Level.NEGLIGIBLE)


def _best_vector(severities: list[Severity]) -> Severity | None:
    for kind in _VECTORS:
        scored = [one for one in severities if one.kind == kind and one.score is not None]
        if scored:
            return max(scored, key=lambda one: (one.score or 0.0, one.source, one.value))
    return None


def _worst_word(severities: list[Severity]) -> Severity | None:
    words = [one for one in severities if one.kind == "word" and _level_of_word(one).rank > 0]
    return max(words, key=lambda one: (_level_of_word(one).rank, one.source), default=None)


def _level_of_word(severity: Severity) -> Level:
    return _WORDS.get(severity.value.strip().lower(), Level.UNKNOWN)
