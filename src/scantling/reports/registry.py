"""The report formats, in the order `--help` lists them."""

from typing import Final

from scantling.core.plugins import Plugins
from scantling.reports.api import Format

FORMATS: Final = Plugins(
    "scantling.reports.formats",
    Format,
    {
        "table": "table",
        "json": "json",
        "cyclonedx-json": "cyclonedx",
        "cyclonedx-vex": "cyclonedx_vex",
        "openvex": "openvex",
        "sarif": "sarif",
        "markdown": "markdown",
        "html": "html",
        "pdf": "pdf",
        "csv": "csv",
        "spdx": "spdx",
        "spdx3": "spdx3",
        "comment": "comment",
        "github-annotations": "github_annotations",
        "github-summary": "github_summary",
        "gitlab-container": "gitlab_container",
        "gitlab-quality": "gitlab_quality",
        "junit": "junit",
        "azure": "azure",
        "teamcity": "teamcity",
    },
)
"""Formats by name; each is imported when it is asked for."""
