"""Buildkite.

The summary is Markdown for `buildkite-agent annotate`; JUnit is for Test Engine. Comments and
statuses go to the forge of the repository, with its token.

Source: Buildkite Docs, "Environment variables".
"""

from typing import Final

from scantling.ci import values
from scantling.ci.api import Environment, Output, Run, System


def detect(environment: Environment) -> Run | None:
    """Return the run, None outside of Buildkite."""
    get = environment.get
    if get("BUILDKITE") != "true":
        return None
    where = values.place(get("BUILDKITE_REPO"))
    change = values.number(get("BUILDKITE_PULL_REQUEST"))
    source = get("BUILDKITE_PULL_REQUEST_REPO")
    return Run(
        system="buildkite",
        forge=where.forge,
        api=where.api,
        repository=where.repository,
        commit=values.commit(get("BUILDKITE_COMMIT")),
        branch=values.branch(get("BUILDKITE_BRANCH")),
        base_branch=values.branch(get("BUILDKITE_PULL_REQUEST_BASE_BRANCH")),
        pull_request=change,
        from_fork=bool(change and source and values.place(source) != where),
        job_url=values.url(get("BUILDKITE_BUILD_URL")),
        workspace=values.folder(get("BUILDKITE_BUILD_CHECKOUT_PATH")),
    )


PLUGIN: Final = System(
    name="buildkite",
    title="Buildkite",
    detect=detect,
    outputs=(
        Output(format="table"),
        Output(format="github-summary", file="scantling.md"),
        Output(format="junit", file="junit.xml"),
        Output(format="json", file="scantling.json"),
    ),
)
