"""TeamCity.

Findings appear as inspections and build problems, through service messages on standard output.
TeamCity's variables name no forge: declare it with `SCANTLING_CI_…` if something is to be posted.

Source: TeamCity Documentation, "List of predefined build parameters".
"""

from typing import Final

from scantling.ci import values
from scantling.ci.api import Environment, Output, Run, System


def detect(environment: Environment) -> Run | None:
    """Return the run, None outside of TeamCity."""
    get = environment.get
    if not get("TEAMCITY_VERSION"):
        return None
    return Run(
        system="teamcity",
        commit=values.commit(get("BUILD_VCS_NUMBER")),
        job_url=values.url(get("BUILD_URL")),
    )


PLUGIN: Final = System(
    name="teamcity",
    title="TeamCity",
    detect=detect,
    outputs=(
        Output(format="table"),
        Output(format="teamcity"),
        Output(format="json", file="scantling.json"),
    ),
)
