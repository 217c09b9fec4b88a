"""The VEX formats, one line each."""

from typing import Final

from scantling.assess.vex.api import VexFormat
from scantling.core.plugins import Plugins

FORMATS: Final = Plugins(
    "scantling.assess.vex.formats",
    VexFormat,
    {"openvex": "openvex", "csaf": "csaf", "cyclonedx": "cyclonedx"},
)
"""Formats by name; each is imported when it is asked for."""
