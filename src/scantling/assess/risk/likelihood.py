"""Likelihood: will somebody attack it within a quarter?"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from scantling.assess.risk.ranges import KEPT, Range, exactly, factor, unknown, vector_of
from scantling.core.model.advisory import Signal
from scantling.core.model.risk import Factor

_WINDOWS: Final = 3
"""EPSS speaks of 30 days; three windows are a quarter, in which an image should be rebuilt."""
_FORECAST_MOST: Final = 0.95
_NO_FORECAST: Final = Range(0.0, 0.06, _FORECAST_MOST)
_NO_SIGNAL: Final = _NO_FORECAST._replace(high=1.0)
_MATURITY: Final = {"none": 0.0, "poc": 0.1, "functional": 0.2}
_NO_MATURITY: Final = Range(0.0, 0.03, 0.2)
_AUTOMATED: Final = {"no": exactly(0.0), "yes": exactly(0.05)}
_NOT_AUTOMATED: Final = Range(0.0, 0.015, 0.05)
_ACTIVE: Final = 0.97
_LISTED: Final = 0.99
_RANSOMWARE: Final = 1.0
# CVSS: exploit code maturity (2.0, 3.x) and exploit maturity (4.0).
_BY_CVSS: Final = {
    "2.0": {"U": "none", "POC": "poc", "F": "functional", "H": "functional"},
    "3.0": {"U": "none", "P": "poc", "F": "functional", "H": "functional"},
    "3.1": {"U": "none", "P": "poc", "F": "functional", "H": "functional"},
    "4.0": {"U": "none", "P": "poc", "A": "active"},
}
_EXPLOIT_HOSTS: Final = (
    "://www.exploit-db.com/",
    "://packetstormsecurity.com/",
    "://packetstorm.news/",
    "://www.rapid7.com/db/modules/",
)


class Evidence(NamedTuple):
    """What bears on the likelihood, as text, so that equal evidence is weighed once.

    `kev` is `listed`, `ransomware` or empty; `ssvc` CISA's `exploitation/automatable/technical`.
    """

    kev: str = ""
    kev_date: str = ""
    epss: str = ""
    epss_date: str = ""
    ssvc: str = ""
    ssvc_date: str = ""


NO_EVIDENCE: Final = Evidence()
_RANKS: Final = {"none": 0, "poc": 1, "active": 2}


def evidence(signals: tuple[Signal, ...]) -> Evidence:
    """Return the worst of each kind: a finding with several ids has the signals of all of them."""
    kev, epss, ssvc = ("", ""), (0.0, "", ""), (-1, "", "")
    for one in signals:
        match one.kind:
            case "kev":
                word = "ransomware" if one.note == "ransomware" else "listed"
                kev = max(kev, (word, one.date or one.value))
            case "epss":
                epss = max(epss, (_probability(one.value) or 0.0, one.value, one.date))
            case "ssvc":  # `yes` and `total` sort behind `no` and `partial`
                rank = _RANKS.get(one.value.partition("/")[0], -1)
                ssvc = max(ssvc, (rank, one.value, one.date))
            case _:  # bears on something else
                continue
    return Evidence(*kev, *epss[1:], *ssvc[1:])


def _probability(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None


def has_exploit_link(references: Iterable[str]) -> bool:
    """Return whether a link leads to a collection of public exploits."""
    links = "\n".join(references)
    return any(host in links for host in _EXPLOIT_HOSTS)


@lru_cache(maxsize=KEPT)
def likelihood(said: Evidence, text: str, *, link: bool, since: str) -> Factor:
    """Return the likelihood of attacks within a quarter. The strongest evidence decides.

    Known attacks (KEV, CISA's `active`, CVSS 4.0 `E:A`) settle it. Else EPSS, public exploit code
    and automation are independent reasons to expect one. That nothing was known to CISA counts from
    the day `since` on (`YYYY-MM-DD`); what was seen counts for ever.
    """
    vector = vector_of(text)
    by_cvss = "" if vector is None else _BY_CVSS[vector.version].get(vector.get("E"), "")
    exploitation, _, rest = said.ssvc.partition("/")
    automatable = rest.partition("/")[0]
    outdated = exploitation == "none" and said.ssvc_date < since
    if outdated:
        exploitation = ""
    if said.kev:
        value = _RANSOMWARE if said.kev == "ransomware" else _LISTED
        more = ", used by ransomware" if said.kev == "ransomware" else ""
        because = f"known exploited{more} (CISA KEV, {said.kev_date})"
        return factor("likelihood", exactly(value), because)
    if "active" in {exploitation, by_cvss}:
        who = f"CISA SSVC, {said.ssvc_date}" if exploitation == "active" else "CVSS E:A"
        return factor("likelihood", exactly(_ACTIVE), f"attacked ({who})")
    if said == NO_EVIDENCE and not by_cvss and not link:
        return unknown("likelihood", "no EPSS, no known exploitation, nothing from CISA")
    forecast, why_forecast = _forecast(said)
    maturity, why_mature = _maturity(exploitation, said.ssvc_date, by_cvss, link=link)
    automated = _AUTOMATED.get(automatable, _NOT_AUTOMATED)
    because = f"{why_forecast}; {why_mature}" if why_mature else why_forecast
    if outdated:
        because += f"; exploitation: none (CISA, {said.ssvc_date or 'undated'}), too old to count"
    if automatable in _AUTOMATED:
        because += f"; automatable: {automatable}"
    at = Range(*map(_any_of, forecast, maturity, automated))
    return factor("likelihood", at, because)


def _forecast(said: Evidence) -> tuple[Range, str]:
    probability = _probability(said.epss)
    if probability is None:
        # Without any signal about this id, it may even be one that is attacked already.
        return _NO_FORECAST if said != NO_EVIDENCE else _NO_SIGNAL, "no EPSS"
    value = _FORECAST_MOST * (1.0 - (1.0 - probability) ** _WINDOWS)
    return exactly(value), f"EPSS {probability:.2g} (FIRST, {said.epss_date})"


@lru_cache(maxsize=KEPT)
def _maturity(cisa: str, when: str, cvss: str, *, link: bool) -> tuple[Range, str]:
    said = [
        (cisa, f"exploitation: {cisa} (CISA, {when})"),
        (cvss, f"exploit code: {cvss} (CVSS)"),
        ("poc" if link else "", "public exploit linked"),
    ]
    found = [(_MATURITY[word], because) for word, because in said if word in _MATURITY]
    if not found:
        return _NO_MATURITY, ""
    value = max(value for value, _ in found)
    # A link or a vector proves that there is a proof of concept, and not that there is no more.
    high = value if cisa in _MATURITY or cvss in _MATURITY else _NO_MATURITY.high
    return Range(value, value, high), "; ".join(because for _, because in found)


def _any_of(first: float, second: float, third: float) -> float:
    """Return the likelihood that one of three independent things happens."""
    return 1.0 - (1.0 - first) * (1.0 - second) * (1.0 - third)
