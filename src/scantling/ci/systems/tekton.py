"""Tekton, and every system that tells nothing by itself: the job declares itself.

`SCANTLING_CI` is the system's name (`tekton`); `SCANTLING_CI_REMOTE` the address of the git
repository, `…_COMMIT`, `…_BRANCH`, `…_BASE_BRANCH`, `…_BASE_COMMIT`, `…_PULL_REQUEST`, `…_JOB_URL`
the rest, all optional. A forge of your own needs `…_FORGE`, `…_API` and `…_REPOSITORY` in place of
the address: a token is sent there. The Tekton task of this project sets them from its parameters.

Source: Tekton, "Tasks", "Specifying Parameters" (a step has no variables of its own).
"""

from typing import Final

from scantling.ci import values
from scantling.ci.api import Environment, Output, Run, System
from scantling.ci.values import Place

_FORGES: Final = frozenset({"github", "gitlab", "bitbucket", "azure"})


def detect(environment: Environment) -> Run | None:
    """Return the run that the job declares, None if it declares none."""
    if not environment.get("SCANTLING_CI"):
        return None

    def get(name: str) -> str:
        return environment.get(f"SCANTLING_CI_{name}")

    where = _place(get("FORGE"), get("API"), get("REPOSITORY")) or values.place(get("REMOTE"))
    return Run(
        system="tekton",
        forge=where.forge,
        api=where.api,
        repository=where.repository,
        commit=values.commit(get("COMMIT")),
        base_commit=values.commit(get("BASE_COMMIT")),
        branch=values.branch(get("BRANCH")),
        base_branch=values.branch(get("BASE_BRANCH")),
        pull_request=values.number(get("PULL_REQUEST")),
        job_url=values.url(get("JOB_URL")),
    )


def _place(forge: str, api: str, repository: str) -> Place | None:
    api, repository = values.url(api), values.slug(repository)
    if forge not in _FORGES or not api or not repository:
        return None
    return Place(forge=forge, api=api, repository=repository)


PLUGIN: Final = System(
    name="tekton",
    title="Tekton",
    detect=detect,
    outputs=(
        Output(format="table"),
        Output(format="junit", file="junit.xml"),
        Output(format="sarif", file="scantling.sarif"),
        Output(format="json", file="scantling.json"),
    ),
)
