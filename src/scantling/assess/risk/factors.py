"""The other factors of risk: from what is known about a finding to a value between bounds.

Each section is one factor; impact and likelihood have their own files. The values are published in
docs/explanation/risk.md. 0 is the best a factor can be and 1 the worst. What is not known keeps the
bounds apart; a fact that becomes known brings them together, within the bounds it had before.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from scantling.assess.risk.ranges import KEPT, Range, exactly, factor, unknown, vector_of
from scantling.core.model.advisory import Fix
from scantling.core.model.context import Criticality, Exposure
from scantling.core.model.finding import FindingState
from scantling.core.model.risk import Factor

# -- presence: is the flaw in the image at all? ----------------------------------------------------

_UNDETERMINED: Final = Range(0.0, 0.8, 1.0)


@lru_cache(maxsize=KEPT)
def presence(state: FindingState, reason: str) -> Factor:
    """Return 1 for an open finding, 0 for a suppressed one, and all between when undetermined."""
    match state:
        case FindingState.OPEN:
            return factor("presence", exactly(1.0), "the finding is open")
        case FindingState.SUPPRESSED:
            return factor("presence", exactly(0.0), f"suppressed: {reason}")
        case FindingState.UNDETERMINED:
            because = f"undetermined: {reason}"
            return factor("presence", _UNDETERMINED, because, known=False)


# -- exposure: who can reach it? -------------------------------------------------------------------

# A row for each exposure, a column for each attack vector: network, adjacent, local, physical.
_REACH: Final[Mapping[Exposure, Mapping[str, float]]] = {
    Exposure.INTERNET: {"N": 1.0, "A": 0.5, "L": 0.45, "P": 0.1},
    Exposure.PARTNER: {"N": 0.85, "A": 0.45, "L": 0.4, "P": 0.1},
    Exposure.INTERNAL: {"N": 0.6, "A": 0.4, "L": 0.35, "P": 0.1},
    Exposure.ISOLATED: {"N": 0.15, "A": 0.15, "L": 0.12, "P": 0.05},
}
_PLACES: Final = {
    Exposure.INTERNET: 0.5,
    Exposure.PARTNER: 0.05,
    Exposure.INTERNAL: 0.4,
    Exposure.ISOLATED: 0.05,
}
"""The prior of an exposure that nobody stated."""
_WAYS: Final = {"N": 0.86, "A": 0.01, "L": 0.127, "P": 0.003}
"""The prior of an attack vector: 14,500 vectors of packages of languages and applications."""


@lru_cache(maxsize=KEPT)
def exposure(where: Exposure, text: str) -> Factor:
    """Return how far the stated exposure and the attack vector let attackers come."""
    vector = vector_of(text)
    way = "" if vector is None else vector.modified("AV")
    places = _PLACES if where is Exposure.UNKNOWN else {where: 1.0}
    ways = {way: 1.0} if way else _WAYS
    reaches = [_REACH[place][one] for place in places for one in ways]
    value = sum(
        _REACH[place][one] * share * part
        for place, share in places.items()
        for one, part in ways.items()
    )
    stated = "exposure not stated" if where is Exposure.UNKNOWN else f"exposure: {where}"
    because = f"{stated}; attack vector {f'AV:{way}' if way else 'not known'}"
    at = Range(min(reaches), value, max(reaches))
    return factor("exposure", at, because, known=where is not Exposure.UNKNOWN)


# -- effort: what does an attack need? -------------------------------------------------------------

_EFFORT: Final[Mapping[str, Mapping[str, Mapping[str, float]]]] = {
    "2.0": {
        "AC": {"L": 1.0, "M": 0.85, "H": 0.6},
        "Au": {"N": 1.0, "S": 0.8, "M": 0.5},
    },
    "3": {
        "AC": {"L": 1.0, "H": 0.7},
        "PR": {"N": 1.0, "L": 0.8, "H": 0.5},
        "UI": {"N": 1.0, "R": 0.8},
    },
    "4.0": {
        "AC": {"L": 1.0, "H": 0.7},
        "AT": {"N": 1.0, "P": 0.8},
        "PR": {"N": 1.0, "L": 0.8, "H": 0.5},
        "UI": {"N": 1.0, "P": 0.85, "A": 0.75},
    },
}


@lru_cache(maxsize=KEPT)
def effort(text: str) -> Factor:
    """Return 1 for an attack that anybody can make at once, less for each thing it needs."""
    vector = vector_of(text)
    if vector is None:
        return unknown("effort", "no CVSS vector")
    table = _EFFORT["3" if vector.version.startswith("3") else vector.version]
    value = 1.0
    for name, values in table.items():
        value *= values[vector.modified(name)]
    because = "/".join(f"{name}:{vector.modified(name)}" for name in table)
    return factor("effort", exactly(value), f"CVSS {vector.version} {because}")


# -- criticality: how much depends on it? ----------------------------------------------------------

_CRITICALITY: Final = {
    Criticality.LOW: 0.2,
    Criticality.MEDIUM: 0.5,
    Criticality.HIGH: 0.8,
    Criticality.CRITICAL: 1.0,
}


@lru_cache(maxsize=KEPT)
def criticality(stated: Criticality) -> Factor:
    """Return how much the business depends on the product."""
    if stated is Criticality.UNKNOWN:
        return unknown("criticality", "criticality not stated")
    value = _CRITICALITY[stated]
    return factor("criticality", exactly(value), f"criticality: {stated}")


# -- fix: can something be done now? ---------------------------------------------------------------

_FIXES: Final = {
    Fix.WILL_NOT_FIX: (0.3, "the source will not fix it"),
    Fix.NONE: (0.4, "there is no fix yet"),
    Fix.DEFERRED: (0.5, "the fix is put off"),
    Fix.END_OF_LIFE: (0.7, "the package is at its end of life: no fix will come"),
    Fix.FIXED: (1.0, "a fix exists and is not applied"),
}


@lru_cache(maxsize=KEPT)
def fix(state: Fix) -> Factor:
    """Return the urgency that the fix state gives: a fix that is there and not taken is worst."""
    if state is Fix.UNKNOWN:
        return unknown("fix", "nobody says whether there is a fix")
    value, because = _FIXES[state]
    return factor("fix", exactly(value), because)


# -- age: for how long has it been known? ----------------------------------------------------------

_HALF_LIFE_DAYS: Final = 90
_YEAR: Final = re.compile(r"(?:CVE|GO|PYSEC|RUSTSEC)-(?P<year>[12][0-9]{3})-[0-9]{1,19}")
_DAY_CHARS: Final = 10


def age(id_: str, modified: str, today: date) -> Factor:
    """Return how far the flaw has become common knowledge: half of the way in 90 days.

    The year in the id is the earliest that it was published, `modified` (the oldest date that a
    source last changed its words) the latest. Empty texts are not known.
    """
    found = _YEAR.match(id_)
    return _published_in(found["year"] if found else "", modified[:_DAY_CHARS], today)


@lru_cache(maxsize=KEPT)
def _published_in(year: str, modified: str, today: date) -> Factor:
    if not year:
        return unknown("age", "the id tells no year")
    first = min(date(int(year), 1, 1), today)
    try:
        last = min(max(date.fromisoformat(modified), first), today)
    except ValueError:  # not said, or said in another way
        last = today
    low, high = _known_for(today - last), _known_for(today - first)
    because = f"published between {first} and {last}"
    return factor("age", Range(low, (low + high) / 2.0, high), because)


def _known_for(time: timedelta) -> float:
    return 1.0 - float(2.0 ** (-time.days / _HALF_LIFE_DAYS))
