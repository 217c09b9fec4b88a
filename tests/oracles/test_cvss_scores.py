"""Scores are those of the `cvss` library, on random vectors of each version.

`pytest -m oracle` compares 5,000 vectors of each, a plain run a few.
"""

import random
from collections.abc import Iterable, Mapping
from typing import Final

import pytest

from scantling.core.cvss.scores import scores
from scantling.core.cvss.vector import read_vector

pytestmark = pytest.mark.oracle
cvss = pytest.importorskip("cvss", reason="the cvss library is not installed")
constants = {
    "2": pytest.importorskip("cvss.constants2").METRICS_VALUES,
    "3": pytest.importorskip("cvss.constants3").METRICS_VALUES,
    "4": pytest.importorskip("cvss.constants4").METRICS_VALUE_NAMES,
}
_MANDATORY: Final = {
    "2": {"AV", "AC", "Au", "C", "I", "A"},
    "3": {"AV", "AC", "PR", "UI", "S", "C", "I", "A"},
    "4": {"AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"},
}


@pytest.mark.parametrize("version", ["2", "3.0", "3.1", "4"])
def test_random_vectors_have_the_same_scores(version: str, request: pytest.FixtureRequest) -> None:
    count = 5_000 if "oracle" in request.config.getoption("-m") else 100
    source = random.Random(count)  # noqa: S311 - a seed, so that a failure can be repeated

    different = [
        (vector, found, theirs)
        for vector in _vectors(version, count, source)
        if (found := _ours(vector)) != (theirs := _theirs(vector))
    ]

    assert not different


def _vectors(version: str, count: int, source: random.Random) -> Iterable[str]:
    family = version[0]
    prefix = {"2": "", "4": "CVSS:4.0/"}.get(version, f"CVSS:{version}/")
    for _ in range(count):
        yield prefix + "/".join(_metrics(constants[family], _MANDATORY[family], source))


def _metrics(
    values: Mapping[str, Iterable[str]], mandatory: set[str], source: random.Random
) -> list[str]:
    often = source.choice([0, 0.3, 0.8])
    named = [name for name in values if name in mandatory or source.random() < often]
    return [f"{name}:{source.choice(list(values[name]))}" for name in named]


def _ours(vector: str) -> list[float]:
    found = scores(read_vector(vector))
    if vector.startswith("CVSS:4"):
        return [found.overall]
    return [one for one in (found.base, found.temporal, found.environmental) if one is not None]


def _theirs(vector: str) -> list[float]:
    if vector.startswith("CVSS:4"):
        return [float(cvss.CVSS4(vector).base_score)]
    found = (cvss.CVSS3 if vector.startswith("CVSS:3") else cvss.CVSS2)(vector)
    ours = scores(read_vector(vector))
    asked = [True, ours.temporal is not None, ours.environmental is not None]
    theirs = (found.base_score, found.temporal_score, found.environmental_score)
    return [float(one) for one, is_asked in zip(theirs, asked, strict=True) if is_asked]
