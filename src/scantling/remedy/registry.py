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
        "packages": "packages",
        "replace-binary": "replace_binary",
    },
)
"""Strategies by name; each is imported when it is asked for."""
