"""Jenkins, freestyle and pipeline jobs; multibranch jobs have `BRANCH_NAME` and `CHANGE_…` as well.

The `junit` step shows the JUnit file, the warnings plug-in's `recordIssues` the SARIF file.
Comments and statuses go to the forge of the repository, with its token.

Source: Jenkins Handbook, "Using environment variables"; branch-api plug-in, Git plug-in README
("Environment variables").
"""

from typing import Final

from scantling.ci import values
from scantling.ci.api import Environment, Output, Run, System


def detect(environment: Environment) -> Run | None:
    """Return the run, None outside of Jenkins."""
    get = environment.get
    if not (get("JENKINS_URL") or get("JENKINS_HOME")):
        return None
    where = values.place(get("GIT_URL") or get("GIT_URL_1"))
    change = values.number(get("CHANGE_ID"))
    return Run(
        system="jenkins",
        forge=where.forge,
        api=where.api,
        repository=where.repository,
        commit=values.commit(get("GIT_COMMIT")),
        base_commit="" if change else values.commit(get("GIT_PREVIOUS_SUCCESSFUL_COMMIT")),
        branch=values.branch(get("CHANGE_BRANCH") or get("BRANCH_NAME") or get("GIT_BRANCH")),
        base_branch=values.branch(get("CHANGE_TARGET")),
        pull_request=change,
        from_fork=bool(get("CHANGE_FORK")),
        job_url=values.url(get("BUILD_URL")),
        workspace=values.folder(get("WORKSPACE")),
    )


PLUGIN: Final = System(
    name="jenkins",
    title="Jenkins",
    detect=detect,
    outputs=(
        Output(format="table"),
        Output(format="junit", file="junit.xml"),
        Output(format="sarif", file="scantling.sarif"),
        Output(format="json", file="scantling.json"),
    ),
)
