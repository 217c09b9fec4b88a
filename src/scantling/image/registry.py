"""The image sources, in the order in which a target is offered to them."""

from typing import Final

from scantling.image.api import Source
from scantling.image.sources.directory import DIRECTORY
from scantling.image.sources.docker_archive import DOCKER_ARCHIVE
from scantling.image.sources.oci_archive import OCI_ARCHIVE
from scantling.image.sources.oci_layout import OCI_LAYOUT
from scantling.image.sources.registry import REGISTRY

SOURCES: Final[tuple[Source, ...]] = (
    OCI_LAYOUT,
    OCI_ARCHIVE,
    DIRECTORY,
    DOCKER_ARCHIVE,
    REGISTRY,
)
"""What exists on disk comes before a registry; a prefix (see `refs`) settles it."""
