"""The contracts of the CI area. Read this first; the lists are in `registry.py`.

A *system* runs the job (GitHub Actions, Jenkins): it is detected from the environment alone, and
says which outputs it shows by itself. A *forge* keeps the code (GitHub, GitLab): it takes the
comment, the status and pull requests, and needs a token for that. Scanning needs neither.

Names of branches and repositories come from whoever opened the pull request. A `Run` holds only
what passed `values.py`; what is sent is JSON or percent-encoded, never a command.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from scantling.ci.client import Client
from scantling.core.model.plan import Edit


class Environment(Struct, frozen=True, kw_only=True):
    """What a job can see: its variables, and files that these name.

    `read` returns the start of a file (at most 4 MiB), None if it cannot be read.
    """

    variables: Mapping[str, str]
    read: Callable[[str], bytes | None] = lambda _path: None

    def get(self, name: str) -> str:
        """Return a variable, empty if it is not set."""
        return self.variables.get(name, "")


class Run(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One job, as far as its system tells; an empty text or 0 is not known.

    `forge` is the name of a forge of the registry and `api` the address of its REST API without a
    slash at the end; both empty: nothing can be posted. `repository` is how that API names it
    (`team/shop`, a project's number). `commit` is the commit that people see, in a pull request
    its head, not the trial merge. `base_commit` is what the change is compared with.
    `from_fork`: the change comes from another repository, whose jobs get no secrets. `job` is the
    job's name where artifacts are found by it.
    """

    system: str
    forge: str = ""
    api: str = ""
    repository: str = ""
    commit: str = ""
    base_commit: str = ""
    branch: str = ""
    base_branch: str = ""
    pull_request: int = 0
    from_fork: bool = False
    job: str = ""
    job_url: str = ""
    workspace: str = ""


class Output(Struct, frozen=True, kw_only=True):
    """A report that a system shows or stores.

    `format` is a name of the formats' registry. `file` is its name in the folder for reports; empty
    is standard output. `append_to` is the variable that names a file to append the same text to.
    `export` is the name under which later steps get the path. `announce` is the line that tells the
    system of the file; `{path}` stands for its absolute path.
    """

    format: str
    file: str = ""
    append_to: str = ""
    export: str = ""
    announce: str = ""


class System(Struct, frozen=True, kw_only=True):
    """A CI system. `detect` returns None when the job is not one of it; it never raises.

    `export_to` is the variable that names the file for values of later steps (`name=value`).
    """

    name: str
    title: str
    detect: Callable[[Environment], Run | None]
    outputs: tuple[Output, ...]
    export_to: str = ""


class Remark(Struct, frozen=True, kw_only=True):
    """One finding for a forge that lists them: plain text, inert. `path` empty, `line` 0: none."""

    id: str
    title: str
    severity: str
    link: str = ""
    path: str = ""
    line: int = 0


class Message(Struct, frozen=True, kw_only=True):
    """What is posted about one scan.

    `comment` is Markdown that starts with `mark`, the hidden line that finds it again. `name` is
    the same for every scan of the image (`scantling/registry.example.com/shop/linux/amd64`),
    `title` one sentence of plain text. `counts` are (severity, number of open findings).
    """

    name: str
    mark: str
    comment: str
    passed: bool
    title: str
    url: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    remarks: tuple[Remark, ...] = ()


class Proposal(Struct, frozen=True, kw_only=True):
    """A change to open as a pull request.

    `branch` is made or replaced, so it must be a name that only Scantling uses. Without a
    `base_branch` it is the run's own. `edits` are as in a fix action; `body` is Markdown.
    """

    branch: str
    title: str
    body: str
    edits: tuple[Edit, ...]
    base_branch: str = ""


class PullRequest(Struct, frozen=True, kw_only=True):
    """A pull request that is open now. `created` is False if it was there and got updated."""

    number: int
    url: str
    created: bool


class Forge(Struct, frozen=True, kw_only=True):
    """Where code lives. `tokens` are the variables that may hold a token, the first set one counts.

    `comment` and `status` return the address of what was posted; `propose` opens a pull request or
    updates the one of the same branch. `earlier` returns the file of this path that the same job
    stored last on the base branch, None if there is none. All raise NetworkError. `permissions`
    says in words what the token must be allowed to do. `headers` go with every request.
    """

    name: str
    title: str
    tokens: tuple[str, ...]
    permissions: str
    comment: Callable[[Client, Run, Message], str]
    status: Callable[[Client, Run, Message], str]
    headers: tuple[tuple[str, str], ...] = (("Accept", "application/json"),)
    propose: Callable[[Client, Run, Proposal], PullRequest] | None = None
    earlier: Callable[[Client, Run, str], bytes | None] | None = None
