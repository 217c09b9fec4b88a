"""The equations of CVSS v3.0 and v3.1.

They differ in two places: 3.1 rounds up after dropping what lies beyond five decimals, and has
another environmental equation for a changed scope.

Source: FIRST, CVSS v3.0 specification, section 8; v3.1 specification, section 7 and appendix A.
"""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Final

from scantling.core.cvss.vector import Vector

ENVIRONMENTAL: Final = frozenset(
    {"CR", "IR", "AR", "MAV", "MAC", "MPR", "MUI", "MS", "MC", "MI", "MA"}
)
_ONE: Final = Decimal(1)
_TEN: Final = Decimal(10)
_STEP: Final = Decimal("0.1")
_FIVE_DECIMALS: Final = Decimal("0.00001")
_MOST_IMPACT: Final = Decimal("0.915")


def _numbers(**values: str) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in values.items()}


_VECTOR: Final = _numbers(N="0.85", A="0.62", L="0.55", P="0.2")
_COMPLEXITY: Final = _numbers(L="0.77", H="0.44")
_PRIVILEGES: Final = _numbers(N="0.85", L="0.62", H="0.27")
_PRIVILEGES_CHANGED: Final = _numbers(N="0.85", L="0.68", H="0.50")
_INTERACTION: Final = _numbers(N="0.85", R="0.62")
_IMPACT: Final = _numbers(N="0", L="0.22", H="0.56")
_EXPLOIT: Final = _numbers(U="0.91", P="0.94", F="0.97", H="1")
_REMEDIATION: Final = _numbers(O="0.95", T="0.96", W="0.97", U="1")
_CONFIDENCE: Final = _numbers(U="0.92", R="0.96", C="1")
_NEED: Final = _numbers(L="0.5", M="1", H="1.5")


def base(vector: Vector) -> Decimal:
    """Return the base score."""
    get = vector.get
    left = (_ONE - _IMPACT[get("C")]) * (_ONE - _IMPACT[get("I")]) * (_ONE - _IMPACT[get("A")])
    changed = get("S") == "C"
    impact = _impact(_ONE - left, changed=changed)
    exploitability = _exploitability(get("AV"), get("AC"), get("PR"), get("UI"), changed=changed)
    return _combined(vector, impact, exploitability, changed=changed)


def temporal(vector: Vector) -> Decimal:
    """Return the temporal score; what is not defined does not change the base score."""
    return _temporal(vector, base(vector))


def environmental(vector: Vector) -> Decimal:
    """Return the environmental score."""
    get = vector.modified
    left = _ONE
    for name in "CIA":
        left *= _ONE - _IMPACT[get(name)] * _NEED.get(vector.get(f"{name}R"), _ONE)
    part = min(_ONE - left, _MOST_IMPACT)
    changed = get("S") == "C"
    if changed and vector.version == "3.1":
        tail = (part * Decimal("0.9731") - Decimal("0.02")) ** 13
        impact = Decimal("7.52") * (part - Decimal("0.029")) - Decimal("3.25") * tail
    else:
        impact = _impact(part, changed=changed)
    exploitability = _exploitability(get("AV"), get("AC"), get("PR"), get("UI"), changed=changed)
    return _temporal(vector, _combined(vector, impact, exploitability, changed=changed))


def _impact(part: Decimal, *, changed: bool) -> Decimal:
    if not changed:
        return Decimal("6.42") * part
    tail = (part - Decimal("0.02")) ** 15
    return Decimal("7.52") * (part - Decimal("0.029")) - Decimal("3.25") * tail


def _exploitability(av: str, ac: str, pr: str, ui: str, *, changed: bool) -> Decimal:
    privileges = _PRIVILEGES_CHANGED if changed else _PRIVILEGES
    return Decimal("8.22") * _VECTOR[av] * _COMPLEXITY[ac] * privileges[pr] * _INTERACTION[ui]


def _combined(
    vector: Vector, impact: Decimal, exploitability: Decimal, *, changed: bool
) -> Decimal:
    if impact <= 0:
        return Decimal("0.0")
    factor = Decimal("1.08") if changed else _ONE
    return _rounded_up(min(factor * (impact + exploitability), _TEN), vector.version)


def _temporal(vector: Vector, score: Decimal) -> Decimal:
    product = (
        score
        * _EXPLOIT.get(vector.get("E"), _ONE)
        * _REMEDIATION.get(vector.get("RL"), _ONE)
        * _CONFIDENCE.get(vector.get("RC"), _ONE)
    )
    return _rounded_up(product, vector.version)


def _rounded_up(value: Decimal, version: str) -> Decimal:
    if version == "3.1":
        value = value.quantize(_FIVE_DECIMALS, rounding=ROUND_HALF_UP)
    return value.quantize(_STEP, rounding=ROUND_CEILING)
