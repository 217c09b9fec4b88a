"""What the figures of `make bench` should be, as data, and which of it holds.

A goal names a measure, the most it may be, and where it applies. Measures of whole scans are ratios
of our time to another's (`cold/trivy`), of memory (`memory/trivy`), or plain figures (`memory_mb`).
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class Goal(Struct, frozen=True, kw_only=True):
    """`measure` is to be at most `most`, for images in this `form`, or for this `image` only.

    An empty `form` or `image` means all of them.
    """

    measure: str
    most: float
    form: str = ""
    image: str = ""


class Standing(Struct, frozen=True, kw_only=True):
    """Where a goal stands: the worst value that was measured, and of what."""

    goal: Goal
    worst: float
    where: str
    held: int
    of: int

    @property
    def holds(self) -> bool:
        """Return whether the goal holds everywhere."""
        return self.held == self.of


SCANS: Final = (
    Goal(measure="cold/trivy", most=0.45, form="oci"),
    Goal(measure="cold/trivy", most=0.60, form="zstd"),
    Goal(measure="cold/trivy", most=0.50, form="docker"),
    Goal(measure="cold/syft", most=0.08, form="oci"),
    Goal(measure="cold/syft", most=0.06, form="docker"),
    Goal(measure="warm/trivy", most=0.80),
    Goal(measure="bare/trivy", most=0.80),
    Goal(measure="cold/limit", most=1.30, form="oci", image="large"),
    Goal(measure="memory/trivy", most=0.50),
    Goal(measure="memory_mb", most=200, image="large"),
)

MICRO: Final = {"open the database": 5.0, "match 1,000 packages": 30.0}
"""Milliseconds, at most, by the name of the figure in `micro.py`."""

WORDS: Final = {
    "cold/trivy": "cold, our time over Trivy's",
    "cold/syft": "cold, our time over Syft's",
    "warm/trivy": "warm, our time over Trivy's",
    "bare/trivy": "warm, both match against nothing",
    "cold/limit": "cold, our time over the limit",
    "memory/trivy": "peak memory over Trivy's",
    "memory_mb": "peak memory in MB",
}
FORMS: Final = {"oci": "OCI gzip", "zstd": "OCI zstd", "docker": "docker-save"}

Measures = Mapping[tuple[str, str], Mapping[str, float]]
"""Of each (image, form): measures by name."""


def standings(measured: Measures, goals: tuple[Goal, ...] = SCANS) -> tuple[Standing, ...]:
    """Return where each goal stands; goals about nothing that was measured are left out."""
    found = []
    for goal in goals:
        values = {
            where: measures[goal.measure]
            for where, measures in measured.items()
            if goal.measure in measures and goal.image in {"", where[0]}
            if goal.form in {"", where[1]}
        }
        if values:
            image, form = max(values, key=lambda where: values[where])
            found.append(
                Standing(
                    goal=goal,
                    worst=values[image, form],
                    where=f"{image}, {FORMS[form]}",
                    held=sum(value <= goal.most for value in values.values()),
                    of=len(values),
                )
            )
    return tuple(found)
