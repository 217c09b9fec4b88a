"""CVSS vectors: `CVSS:3.1/AV:N/AC:L/…` as a version and its metrics.

The order of metrics is free, as in the specifications of 2.0 to 3.1; 4.0 asks for one order, which
publishers do not keep. A metric may appear once. Names and values are case-sensitive.

Source: FIRST, CVSS v2.0 section 2.4, v3.0 and v3.1 "Vector String", v4.0 section 7 "Vector String".
"""

from types import MappingProxyType
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError

_MAX_CHARS: Final = 512


class Vector(Struct, frozen=True, gc=False):
    """A vector: its version (`2.0`, `3.0`, `3.1`, `4.0`) and the metrics that it names.

    An optional metric that is not named, or is not defined (`X`, `ND`), is not in `metrics`.
    """

    version: str
    metrics: dict[str, str]

    def get(self, metric: str) -> str:
        """Return the metric's value, empty when it is not defined."""
        return self.metrics.get(metric, "")

    def modified(self, metric: str) -> str:
        """Return the environmental value (`MAV`) where there is one, else the base value (`AV`)."""
        return self.metrics.get(f"M{metric}") or self.metrics.get(metric, "")


def _values(text: str) -> MappingProxyType[str, frozenset[str]]:
    pairs = (part.split(":") for part in text.split())
    return MappingProxyType({name: frozenset(values.split(",")) for name, values in pairs})


_MANDATORY: Final = {
    "2.0": _values("AV:L,A,N AC:H,M,L Au:M,S,N C:N,P,C I:N,P,C A:N,P,C"),
    "3": _values("AV:N,A,L,P AC:L,H PR:N,L,H UI:N,R S:U,C C:N,L,H I:N,L,H A:N,L,H"),
    "4.0": _values(
        "AV:N,A,L,P AC:L,H AT:N,P PR:N,L,H UI:N,P,A "
        "VC:H,L,N VI:H,L,N VA:H,L,N SC:H,L,N SI:H,L,N SA:H,L,N"
    ),
}
_OPTIONAL: Final = {
    "2.0": _values(
        "E:U,POC,F,H,ND RL:OF,TF,W,U,ND RC:UC,UR,C,ND CDP:N,L,LM,MH,H,ND TD:N,L,M,H,ND "
        "CR:L,M,H,ND IR:L,M,H,ND AR:L,M,H,ND"
    ),
    "3": _values(
        "E:X,H,F,P,U RL:X,U,W,T,O RC:X,C,R,U CR:X,H,M,L IR:X,H,M,L AR:X,H,M,L MAV:X,N,A,L,P "
        "MAC:X,L,H MPR:X,N,L,H MUI:X,N,R MS:X,U,C MC:X,N,L,H MI:X,N,L,H MA:X,N,L,H"
    ),
    "4.0": _values(
        "E:X,A,P,U CR:X,H,M,L IR:X,H,M,L AR:X,H,M,L MAV:X,N,A,L,P MAC:X,L,H MAT:X,N,P MPR:X,N,L,H "
        "MUI:X,N,P,A MVC:X,H,L,N MVI:X,H,L,N MVA:X,H,L,N MSC:X,H,L,N MSI:X,S,H,L,N MSA:X,S,H,L,N "
        "S:X,N,P AU:X,N,Y R:X,A,U,I V:X,D,C RE:X,L,M,H U:X,Clear,Green,Amber,Red"
    ),
}
_PREFIXES: Final = {"CVSS:3.0": "3.0", "CVSS:3.1": "3.1", "CVSS:4.0": "4.0"}
_UNDEFINED: Final = frozenset({"X", "ND"})


def _parts(family: str) -> MappingProxyType[str, tuple[str, str]]:
    """Return all that can stand between two slashes, as name and value; undefined: no value."""
    values = {**_MANDATORY[family], **_OPTIONAL[family]}
    return MappingProxyType(
        {
            f"{name}:{value}": (name, "" if value in _UNDEFINED else value)
            for name, known in values.items()
            for value in known
        }
    )


_PARTS: Final = {
    "2.0": _parts("2.0"),
    "3.0": _parts("3"),
    "3.1": _parts("3"),
    "4.0": _parts("4.0"),
}
_NEEDED: Final = {
    version: frozenset(_MANDATORY["3" if version.startswith("3") else version])
    for version in _PARTS
}


def read_vector(text: str) -> Vector:
    """Return the vector. A text without a prefix is one of version 2.0.

    Raises InputError for an unknown version, metric or value, and for a metric that is named twice
    or is mandatory and missing.
    """
    if len(text) > _MAX_CHARS:
        raise InputError("advisories.record", f"longer than {_MAX_CHARS} characters")
    prefix, _, rest = text.partition("/")
    version = _PREFIXES.get(prefix, "2.0")
    parts = (text if version == "2.0" else rest).split("/")
    try:
        pairs = list(map(_PARTS[version].__getitem__, parts))
    except KeyError as error:
        raise InputError(
            "advisories.record", f"no metric of CVSS {version}: {error.args[0]!r}"
        ) from None
    metrics = dict(pairs)
    if len(metrics) != len(pairs):
        raise InputError("advisories.record", "a metric is there twice")
    if missing := _NEEDED[version] - metrics.keys():
        raise InputError("advisories.record", f"missing: {' '.join(sorted(missing))}")
    if "" in metrics.values():
        metrics = {name: value for name, value in pairs if value}
    return Vector(version, metrics)
