"""Where the base ends, guessed from the build steps alone.

1. A base says how it is started (CMD), and who builds on it starts with files. So the base ends at
   the last CMD that is followed by a step which made a layer.
2. Else at the last change of builder: steps of another tool are another build.
3. Else at the last pause of a day or more between two layers.
4. Else after the first layer, if its step says that it brought a whole root file system.

All of it is guessing: a Dockerfile may write CMD early, a layer may come from a cache of last week.
What ends where is therefore never `certain`.

Source: OCI image-spec, config.md ("history"); the steps as Docker's builder (`#(nop)`), BuildKit
(`# buildkit`), buildah and debuerreotype (`# debian.sh`) record them.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct

from scantling.image.api import History

_PAUSE: Final = timedelta(days=1)
_NOP: Final = "#(nop)"
_BUILDKIT: Final = "# buildkit"
_CMD: Final = re.compile(r"(?:/bin/sh -c #\(nop\)[ ]++)?CMD[ ].*+", re.DOTALL)
_ROOT: Final = re.compile(
    r"(?:/bin/sh -c #\(nop\)[ ]++)?(?:ADD|COPY)[ ].*[ ]/?(?:[ ]*+# buildkit)?"
    r"|# debian\.sh .*+|/bin/sh -c #\(nop\)[ ]++ADD file:[0-9a-f]++ in / ?",
    re.DOTALL,
)
_DEBIAN: Final = re.compile(r"# debian\.sh .*'(?P<suite>[a-z]++)' '@[0-9]++'")
_SUITES: Final = frozenset(
    {"buster", "bullseye", "bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable"}
)
_VARIABLE: Final = re.compile(
    r"(?:/bin/sh -c #\(nop\)[ ]++)?ENV[ ]++(?P<name>[A-Z][A-Z0-9_]*+)[= ][\"']?"
    r"(?P<value>[^\s\"']++)"
)
# A version variable that official images set, and the repository that sets it.
_REPOSITORIES: Final = {
    "PYTHON_VERSION": "python",
    "NODE_VERSION": "node",
    "GOLANG_VERSION": "golang",
    "RUBY_VERSION": "ruby",
    "PHP_VERSION": "php",
    "RUST_VERSION": "rust",
    "PG_VERSION": "postgres",
    "NGINX_VERSION": "nginx",
    "REDIS_VERSION": "redis",
    "HTTPD_VERSION": "httpd",
    "TOMCAT_VERSION": "tomcat",
    "MARIADB_VERSION": "mariadb",
    "PERL_VERSION": "perl",
    "ERLANG_VERSION": "erlang",
    "ELIXIR_VERSION": "elixir",
    "SWIFT_VERSION": "swift",
}


class Cut(Struct, frozen=True, kw_only=True):
    """Where the base seems to end: after `layers` layers, and why (a clause, no sentence).

    `name` and `version` are what the base's own steps say of it (`python`, `3.12.4`; `debian`,
    `bookworm`); both may be empty.
    """

    layers: int
    because: str
    name: str = ""
    version: str = ""


def guess(history: Sequence[History]) -> Cut | None:
    """Return where the base ends; None if the steps do not tell."""
    end, because = _end(history)
    layers = sum(not step.empty_layer for step in history[:end])
    total = sum(not step.empty_layer for step in history)
    if not 0 < layers < total:
        return None
    name, version = _named(history[:end])
    return Cut(layers=layers, because=because, name=name, version=version)


def _end(history: Sequence[History]) -> tuple[int, str]:
    """Return how many steps are the base's, and why."""
    makes = [number for number, step in enumerate(history) if not step.empty_layer]
    if not makes:
        return 0, ""
    for number in range(makes[-1] - 1, -1, -1):
        if history[number].empty_layer and _CMD.fullmatch(history[number].created_by):
            command = history[number].created_by.rpartition("CMD ")[2].removesuffix(_BUILDKIT)
            return number + 1, f"the last step before new files is CMD {command.strip()}"
    for before, after in reversed([*pairwise(makes)]):
        tools = (_tool(history[before]), _tool(history[after]))
        if all(tools) and tools[0] != tools[1]:
            return after, f"the steps up to there are those of {tools[0]}, later of {tools[1]}"
    for before, after in reversed([*pairwise(makes)]):
        pause = _pause(history[before].created, history[after].created)
        if pause >= _PAUSE:
            return after, f"the next layer was made {pause.days} days later"
    if len(makes) > 1 and _ROOT.fullmatch(history[makes[0]].created_by):
        return makes[0] + 1, "the first step brings a root file system"
    return 0, ""


def _tool(step: History) -> str:
    """Return the builder that a step is marked by, empty if it is not."""
    if step.created_by.endswith(_BUILDKIT):
        return "BuildKit"
    if _NOP in step.created_by:
        return "the classic builder"
    if step.created_by.startswith("# debian.sh"):
        return "debuerreotype"
    return ""


def _pause(before: str, after: str) -> timedelta:
    """Return the time between two dates, zero if one of them is none."""
    try:
        return datetime.fromisoformat(after) - datetime.fromisoformat(before)
    except (ValueError, TypeError):
        return timedelta()


def _named(steps: Sequence[History]) -> tuple[str, str]:
    """Return (repository, version) as the steps name them, the topmost first."""
    for step in reversed(steps):
        found = _VARIABLE.match(step.created_by)
        if found and found["name"] in _REPOSITORIES:
            return _REPOSITORIES[found["name"]], found["value"]
        suite = _DEBIAN.search(step.created_by)
        if suite and suite["suite"] in _SUITES:
            return "debian", suite["suite"]
    return "", ""
