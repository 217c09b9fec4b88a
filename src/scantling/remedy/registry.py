"""The fix strategies, in the order they are asked."""

from typing import Final

from scantling.core.plugins import Plugins
from scantling.remedy.api import Strategy

STRATEGIES: Final = Plugins(
    "scantling.remedy.strategies",
    Strategy,
    {
        "rebase": "rebase",
        "os-upgrade": "os_upgrade",
        "bump-npm": "bump_npm",
        "bump-python": "bump_python",
        "bump-golang": "bump_golang",
        "bump-maven": "bump_maven",
        "bump-cargo": "bump_cargo",
        "bump-gem": "bump_gem",
        "bump-composer": "bump_composer",
        "bump-nuget": "bump_nuget",
        "packages": "packages",
        "replace-binary": "replace_binary",
    },
)
"""Strategies by name; each is imported when it is asked for."""
