"""The image sources, in the order in which a target is offered to them.

What exists on disk comes before a registry; a prefix (see `refs`) settles it.
"""

from typing import Final

from scantling.core.plugins import Plugins
from scantling.image.api import Source

SOURCES: Final = Plugins(
    "scantling.image.sources",
    Source,
    {
        "oci-layout": "oci_layout",
        "oci-archive": "oci_archive",
        "directory": "directory",
        "docker-archive": "docker_archive",
        "registry": "registry",
    },
)
"""Sources by name; each is imported when a target is offered to it."""
