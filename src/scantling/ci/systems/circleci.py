"""CircleCI.

`store_test_results` shows the JUnit file in the tests tab, `store_artifacts` keeps the reports.
Comments and statuses go to the forge of the repository, with its token.

Source: CircleCI Docs, "Project values and variables", "Built-in environment variables".
"""

from typing import Final

from scantling.ci import values
from scantling.ci.api import Environment, Output, Run, System


def detect(environment: Environment) -> Run | None:
    """Return the run, None outside of CircleCI."""
    get = environment.get
    if get("CIRCLECI") != "true":
        return None
    where = values.place(get("CIRCLE_REPOSITORY_URL"))
    fork = values.number(get("CIRCLE_PR_NUMBER"))
    return Run(
        system="circleci",
        forge=where.forge,
        api=where.api,
        repository=where.repository,
        commit=values.commit(get("CIRCLE_SHA1")),
        branch=values.branch(get("CIRCLE_BRANCH")),
        pull_request=fork or values.change_number(get("CIRCLE_PULL_REQUEST")),
        from_fork=bool(fork),
        job_url=values.url(get("CIRCLE_BUILD_URL")),
        workspace=values.folder(get("CIRCLE_WORKING_DIRECTORY")),
    )


PLUGIN: Final = System(
    name="circleci",
    title="CircleCI",
    detect=detect,
    outputs=(
        Output(format="table"),
        Output(format="junit", file="junit/scantling.xml"),
        Output(format="sarif", file="scantling.sarif"),
        Output(format="json", file="scantling.json"),
    ),
)
