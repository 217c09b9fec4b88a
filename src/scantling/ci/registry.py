"""The CI systems, in the order they are asked, and the forges."""

from typing import Final

from scantling.ci.api import Forge, System
from scantling.core.plugins import Plugins

SYSTEMS: Final = Plugins(
    "scantling.ci.systems",
    System,
    {
        # What the user declares counts before what is detected.
        "tekton": "tekton",
        "github": "github",
        "gitlab": "gitlab",
        "azure": "azure",
        "bitbucket": "bitbucket",
        "circleci": "circleci",
        "buildkite": "buildkite",
        "teamcity": "teamcity",
        "jenkins": "jenkins",
    },
)
"""Systems by name; each is imported when it is asked for."""

FORGES: Final = Plugins(
    "scantling.ci.forges",
    Forge,
    {"github": "github", "gitlab": "gitlab", "bitbucket": "bitbucket", "azure": "azure"},
)
"""Forges by name; each is imported when it is asked for."""
