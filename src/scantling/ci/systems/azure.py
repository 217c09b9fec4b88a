"""Azure Pipelines.

Findings appear as issues of the run, the summary on its page. A pull request of Azure Repos gets a
thread and a status when the job has `SYSTEM_ACCESSTOKEN`; code on GitHub is posted to there.

Source: Microsoft Learn, "Use predefined variables", "Logging commands" (task.uploadsummary).
"""

from typing import Final

from scantling.ci import values
from scantling.ci.api import Environment, Output, Run, System
from scantling.ci.values import Place


def detect(environment: Environment) -> Run | None:
    """Return the run, None outside of Azure Pipelines."""
    get = environment.get
    if get("TF_BUILD") != "True":
        return None
    where = _place(environment)
    change = "SYSTEM_PULLREQUEST_"
    number = f"{change}PULLREQUESTNUMBER" if where.forge == "github" else f"{change}PULLREQUESTID"
    source = get("BUILD_SOURCEBRANCH")
    return Run(
        system="azure",
        forge=where.forge,
        api=where.api,
        repository=where.repository,
        # BUILD_SOURCEVERSION of a pull request is a trial merge.
        commit=values.commit(get(f"{change}SOURCECOMMITID"))
        or values.commit(get("BUILD_SOURCEVERSION")),
        branch=values.branch(get(f"{change}SOURCEBRANCH") or source),
        base_branch=values.branch(get(f"{change}TARGETBRANCH")),
        pull_request=values.number(get(number)),
        from_fork=get(f"{change}ISFORK").lower() == "true",
        job_url=_job_url(environment),
        workspace=values.folder(get("BUILD_SOURCESDIRECTORY")),
    )


def _place(environment: Environment) -> Place:
    get = environment.get
    match get("BUILD_REPOSITORY_PROVIDER"):
        case "TfsGit":
            collection, project = _collection(environment)
            repository = values.slug(get("BUILD_REPOSITORY_ID"))
            if not (collection and project and repository):
                return Place()
            return Place(forge="azure", api=f"{collection}/{project}/_apis", repository=repository)
        case "GitHub":
            name = values.slug(get("BUILD_REPOSITORY_NAME"))
            return values.place(f"https://github.com/{name}")
        case _:
            return Place()


def _collection(environment: Environment) -> tuple[str, str]:
    return (
        values.url(environment.get("SYSTEM_COLLECTIONURI")),
        values.slug(environment.get("SYSTEM_TEAMPROJECTID")),
    )


def _job_url(environment: Environment) -> str:
    collection, project = _collection(environment)
    build = values.number(environment.get("BUILD_BUILDID"))
    if not (collection and project and build):
        return ""
    return f"{collection}/{project}/_build/results?buildId={build}"


PLUGIN: Final = System(
    name="azure",
    title="Azure Pipelines",
    detect=detect,
    outputs=(
        Output(format="table"),
        Output(format="azure"),
        Output(
            format="github-summary",
            file="scantling.md",
            announce="##vso[task.uploadsummary]{path}",
        ),
        Output(format="junit", file="junit.xml"),
        Output(format="sarif", file="scantling.sarif"),
        Output(format="json", file="scantling.json"),
    ),
)
