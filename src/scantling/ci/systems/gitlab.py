"""GitLab CI/CD.

The job's `artifacts:reports` name the files: `container_scanning` fills the security widget and the
vulnerability report, `codequality` marks lines of the merge request, `junit` the tests tab.

Source: GitLab Docs, "Predefined CI/CD variables reference".
"""

from typing import Final

from scantling.ci import values
from scantling.ci.api import Environment, Output, Run, System


def detect(environment: Environment) -> Run | None:
    """Return the run, None outside of GitLab CI/CD."""
    get = environment.get
    if get("GITLAB_CI") != "true":
        return None
    change = values.number(get("CI_MERGE_REQUEST_IID"))
    target = get("CI_MERGE_REQUEST_PROJECT_ID") if change else get("CI_PROJECT_ID")
    repository = values.number(target) or values.number(get("CI_PROJECT_ID"))
    source = values.number(get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"))
    api = values.url(get("CI_API_V4_URL"))
    return Run(
        system="gitlab",
        forge="gitlab" if api and repository else "",
        api=api,
        repository=str(repository) if repository else "",
        # In a pipeline for merged results CI_COMMIT_SHA is a trial merge that nobody sees.
        commit=values.commit(get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"))
        or values.commit(get("CI_COMMIT_SHA")),
        base_commit=values.commit(
            get("CI_MERGE_REQUEST_DIFF_BASE_SHA") if change else get("CI_COMMIT_BEFORE_SHA")
        ),
        branch=values.branch(
            get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or get("CI_COMMIT_REF_NAME")
        ),
        base_branch=values.branch(get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")),
        pull_request=change,
        from_fork=bool(change and source and source != repository),
        job=values.branch(get("CI_JOB_NAME")),
        job_url=values.url(get("CI_JOB_URL")),
        workspace=values.folder(get("CI_PROJECT_DIR")),
    )


PLUGIN: Final = System(
    name="gitlab",
    title="GitLab CI/CD",
    detect=detect,
    outputs=(
        Output(format="table"),
        Output(format="gitlab-container", file="gl-container-scanning-report.json"),
        Output(format="gitlab-quality", file="gl-code-quality-report.json"),
        Output(format="junit", file="junit.xml"),
        Output(format="json", file="scantling.json"),
    ),
)
