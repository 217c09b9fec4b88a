"""The report formats, in the order `--help` lists them."""

from typing import Final

from scantling.reports.api import Format
from scantling.reports.formats import cyclonedx, json, markdown, sarif, table

FORMATS: Final[dict[str, Format]] = {
    one.name: one
    for one in (table.PLUGIN, json.PLUGIN, cyclonedx.PLUGIN, sarif.PLUGIN, markdown.PLUGIN)
}
