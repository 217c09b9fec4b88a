"""Bitbucket Pipelines.

JUnit files in folders called `test-results` or `test-reports` are found by Bitbucket itself; with a
token the commit gets a Code Insights report, a build status, and the pull request a comment.

Source: Atlassian Support, "Variables and secrets", "Test reporting in Pipelines".
"""

from typing import Final

from scantling.ci import values
from scantling.ci.api import Environment, Output, Run, System


def detect(environment: Environment) -> Run | None:
    """Return the run, None outside of Bitbucket Pipelines."""
    get = environment.get
    number = values.number(get("BITBUCKET_BUILD_NUMBER"))
    if not number:
        return None
    repository = values.slug(get("BITBUCKET_REPO_FULL_NAME"))
    return Run(
        system="bitbucket",
        forge="bitbucket" if repository else "",
        api="https://api.bitbucket.org/2.0" if repository else "",
        repository=repository,
        commit=values.commit(get("BITBUCKET_COMMIT")),
        base_commit=values.commit(get("BITBUCKET_PR_DESTINATION_COMMIT")),
        branch=values.branch(get("BITBUCKET_BRANCH")),
        base_branch=values.branch(get("BITBUCKET_PR_DESTINATION_BRANCH")),
        pull_request=values.number(get("BITBUCKET_PR_ID")),
        job_url=f"https://bitbucket.org/{repository}/pipelines/results/{number}"
        if repository
        else "",
        workspace=values.folder(get("BITBUCKET_CLONE_DIR")),
    )


PLUGIN: Final = System(
    name="bitbucket",
    title="Bitbucket Pipelines",
    detect=detect,
    outputs=(
        Output(format="table"),
        Output(format="junit", file="test-results/scantling.xml"),
        Output(format="sarif", file="scantling.sarif"),
        Output(format="json", file="scantling.json"),
    ),
)
