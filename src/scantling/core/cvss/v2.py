"""The equations of CVSS v2.0.

Source: FIRST, "A Complete Guide to the Common Vulnerability Scoring System Version 2.0", 3.2.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from scantling.core.cvss.vector import Vector

ENVIRONMENTAL: Final = frozenset({"CDP", "TD", "CR", "IR", "AR"})
_ONE: Final = Decimal(1)
_TEN: Final = Decimal(10)
_ZERO: Final = Decimal("0.0")
_STEP: Final = Decimal("0.1")


def _numbers(**values: str) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in values.items()}


_ACCESS: Final = _numbers(L="0.395", A="0.646", N="1.0")
_COMPLEXITY: Final = _numbers(H="0.35", M="0.61", L="0.71")
_AUTHENTICATION: Final = _numbers(M="0.45", S="0.56", N="0.704")
_IMPACT: Final = _numbers(N="0", P="0.275", C="0.660")
_EXPLOIT: Final = _numbers(U="0.85", POC="0.9", F="0.95", H="1")
_REMEDIATION: Final = _numbers(OF="0.87", TF="0.90", W="0.95", U="1")
_CONFIDENCE: Final = _numbers(UC="0.90", UR="0.95", C="1")
_DAMAGE: Final = _numbers(N="0", L="0.1", LM="0.3", MH="0.4", H="0.5")
_TARGETS: Final = _numbers(N="0", L="0.25", M="0.75", H="1")
_NEED: Final = _numbers(L="0.5", M="1", H="1.51")


def base(vector: Vector) -> Decimal:
    """Return the base score."""
    return max(_ZERO, _base(vector, _impact(vector, needs=False)))


def temporal(vector: Vector) -> Decimal:
    """Return the temporal score; what is not defined does not change the base score."""
    return _temporal(vector, base(vector))


def environmental(vector: Vector) -> Decimal:
    """Return the environmental score.

    Low requirements can push the adjusted score below 0 on the way; only the end is bounded.
    """
    adjusted = _temporal(vector, _base(vector, min(_TEN, _impact(vector, needs=True))))
    damage = _DAMAGE.get(vector.get("CDP"), _ZERO)
    targets = _TARGETS.get(vector.get("TD"), _ONE)
    return max(_ZERO, _rounded((adjusted + (_TEN - adjusted) * damage) * targets))


def _base(vector: Vector, impact: Decimal) -> Decimal:
    if impact == 0:
        return _ZERO
    exploitability = (
        20
        * _ACCESS[vector.get("AV")]
        * _COMPLEXITY[vector.get("AC")]
        * _AUTHENTICATION[vector.get("Au")]
    )
    score = Decimal("0.6") * impact + Decimal("0.4") * exploitability - Decimal("1.5")
    return _rounded(score * Decimal("1.176"))


def _impact(vector: Vector, *, needs: bool) -> Decimal:
    left = _ONE
    for name in "CIA":
        need = _NEED.get(vector.get(f"{name}R"), _ONE) if needs else _ONE
        left *= _ONE - _IMPACT[vector.get(name)] * need
    return Decimal("10.41") * (_ONE - left)


def _temporal(vector: Vector, score: Decimal) -> Decimal:
    return _rounded(
        score
        * _EXPLOIT.get(vector.get("E"), _ONE)
        * _REMEDIATION.get(vector.get("RL"), _ONE)
        * _CONFIDENCE.get(vector.get("RC"), _ONE)
    )


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_STEP, rounding=ROUND_HALF_UP)
