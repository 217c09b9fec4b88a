"""The report of one scan: the value that every output format renders."""

from msgspec import Struct

from scantling.core.model.advisory import SourceInfo
from scantling.core.model.base import BaseImage
from scantling.core.model.context import Context
from scantling.core.model.decision import PolicyResult
from scantling.core.model.finding import Finding, Verdict
from scantling.core.model.gap import Gap
from scantling.core.model.image import Image
from scantling.core.model.inventory import Distro, Package
from scantling.core.model.place import Place

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


class InputFile(Struct, frozen=True, kw_only=True, order=True):
    """A file or folder that a decision rests on: what it was, as it was named, and its digest.

    `role` is `policy`, `exceptions`, `vex`, `dockerfile`, `project` or `manifests`. A folder's
    digest is that of its files' names and digests.
    """

    role: str
    path: str
    digest: str


class Inputs(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the user gave beside the image and the database, so that a scan can be repeated.

    `limits` are those that differ from the default, by name; `names` what the image is called
    elsewhere. All are sorted.
    """

    allow_incomplete: tuple[str, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    names: tuple[str, ...] = ()
    files: tuple[InputFile, ...] = ()


class Baseline(Struct, frozen=True, kw_only=True):
    """What changed since an earlier report, by the identity of findings.

    `name` is how the user named it (a file, an image), `digest` that of its image. `new` are
    identities of findings of this report; `fixed` those of the earlier one that are gone, `lost`
    those that a gap hides now. The rest, `unchanged` in number, were there before.
    """

    name: str
    digest: str
    new: tuple[str, ...] = ()
    fixed: tuple[Finding, ...] = ()
    lost: tuple[Finding, ...] = ()
    unchanged: int = 0
    because: tuple[str, ...] = ()
    """What besides the image differs: the database, the version, the profile."""


class ScanReport(Struct, frozen=True, kw_only=True):
    """Everything a scan found out.

    `packages` are sorted by purl, `findings` by severity (worst first), id, purl; open ones,
    then undetermined, then suppressed. `gaps` are sorted. `created` is RFC 3339. `places` are the
    lines of the project where packages come from, by package URL.
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
    inputs: Inputs = Inputs()
    context: Context = Context()
    base: BaseImage | None = None
    """None: no base was recognized."""
    policy: PolicyResult | None = None
    """None: no policy was asked for; `fail_on` and the gaps decided alone."""
    baseline: Baseline | None = None
    """None: nothing was compared with."""
    new_only: bool = False
    """Only what is new since the baseline could block by its severity."""
    places: tuple[tuple[str, Place], ...] = ()
    resources: Resources | None = None
