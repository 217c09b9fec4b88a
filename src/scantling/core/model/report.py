"""The report of one scan: the value that every output format renders."""

from msgspec import Struct

from scantling.core.model.advisory import SourceInfo
from scantling.core.model.finding import Finding, Verdict
from scantling.core.model.gap import Gap
from scantling.core.model.image import Image
from scantling.core.model.inventory import Distro, Package

SCHEMA_VERSION = "1.0.0"
"""Of the native JSON report; docs/schema/ has the schema. Semantic versioning."""


class DatabaseInfo(Struct, frozen=True, kw_only=True):
    """Which advisory data was used. `digest` is the manifest's and names the database version."""

    digest: str
    built: str
    origin: str
    """`embedded`, `local`, or the address it came from."""
    verified: bool
    expires: str = ""
    """RFC 3339; after it nobody may call the data current. Empty: not said."""
    sources: tuple[SourceInfo, ...] = ()


class Resources(Struct, frozen=True, kw_only=True):
    """What the scan cost; only with `--timings`, since it is never the same twice."""

    seconds: float
    stages: tuple[tuple[str, float], ...] = ()
    peak_bytes: int = 0
    bytes_read: int = 0
    layers_cached: int = 0
    isolation: tuple[str, ...] = ()
    """What confined the workers; empty if every layer came from the cache and none ran."""


class ScanReport(Struct, frozen=True, kw_only=True):
    """Everything a scan found out.

    `packages` are sorted by purl, `findings` by severity (worst first), id, purl; open ones,
    then undetermined, then suppressed. `gaps` are sorted. `created` is RFC 3339.
    """

    tool_version: str
    created: str
    image: Image
    verdict: Verdict
    distro: Distro | None = None
    packages: tuple[Package, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    database: DatabaseInfo | None = None
    """None: an inventory only (`scantling sbom`), nothing was matched."""
    profile: str = "standard"
    fail_on: str = ""
    resources: Resources | None = None
