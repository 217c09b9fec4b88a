"""Which system runs this job, and what it shows. Pure: the same variables, the same answer."""

from typing import Final

from scantling.ci.api import Environment, Output, Run
from scantling.ci.registry import SYSTEMS

_ANYWHERE: Final = (
    Output(format="table"),
    Output(format="junit", file="junit.xml"),
    Output(format="sarif", file="scantling.sarif"),
    Output(format="json", file="scantling.json"),
)


def detect(environment: Environment, *, system: str = "") -> Run | None:
    """Return the run, None outside of every known system.

    `system` names the one to believe when several leave their variables (a Jenkins job inside a
    GitLab runner); None if its own variables are not there.
    """
    for name in (system,) if system else SYSTEMS:
        run = SYSTEMS[name].detect(environment)
        if run is not None:
            return run
    return None


def outputs_of(run: Run | None) -> tuple[Output, ...]:
    """Return the reports that the run's system shows; outside of any, files that most can read."""
    return SYSTEMS[run.system].outputs if run else _ANYWHERE
