"""Advisories: who says what about which package. Words are kept as published and normalized beside.

One `Advisory` is one document of one source. It makes `Statement`s: about one vulnerability and one
package of one ecosystem. A document that fixes several vulnerabilities (an ALSA, a DSA) makes a
statement for each.
"""

from enum import StrEnum

from msgspec import Struct


class Status(StrEnum):
    """What a statement says of the versions in its ranges."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not-affected"
    UNDER_INVESTIGATION = "under-investigation"


class Fix(StrEnum):
    """What the source does about it."""

    FIXED = "fixed"
    NONE = "none"
    WILL_NOT_FIX = "will-not-fix"
    DEFERRED = "deferred"
    END_OF_LIFE = "end-of-life"
    UNKNOWN = "unknown"


class Level(StrEnum):
    """Severity in words, from `unknown` (nobody says) to `critical`."""

    UNKNOWN = "unknown"
    NEGLIGIBLE = "negligible"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return 0 for unknown up to 5 for critical."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Level)}


class Interval(Struct, frozen=True, kw_only=True, array_like=True, order=True, gc=False):
    """Versions from `low` to `high`, as written; an empty bound is none. Inclusive as flagged."""

    low: str = ""
    high: str = ""
    low_inclusive: bool = True
    high_inclusive: bool = False


class Severity(Struct, frozen=True, array_like=True, order=True, gc=False):
    """One party's word on severity: a CVSS vector (`CVSS:3.1/…`) or a word (`important`)."""

    source: str
    kind: str
    """`cvss2`, `cvss3`, `cvss4` or `word`."""
    value: str
    score: float | None = None
    """CVSS base score, 0.0 to 10.0; None for a word, or a vector that cannot be read."""


class Reference(Struct, frozen=True, kw_only=True, array_like=True, order=True):
    """A link; `kind` in OSV's words (`ADVISORY`, `FIX`, `WEB`, …)."""

    url: str
    kind: str = "WEB"


class Statement(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One word about one package.

    `ecosystem` and `package` are the look-up key: the package's name as the ecosystem's advisories
    spell it after normalization (PEP 503 for pypi, `group:artifact` for maven, module path for
    golang, source package for deb and apk, binary package for rpm). `vulnerability` is the id it is
    about (a CVE where one exists). A version is covered if it lies in one of `ranges` or equals one
    of `versions`; both empty means every version. `fixed_in` lists fixing versions, as written.
    `word` is the source's own word for the state (`no-dsa`, `unimportant`), kept verbatim.
    `archs` and `modules` limit it to these; empty: no limit. `source_package` says that versions
    are those of the source package. `symbols` are vulnerable functions (empty: not said).
    """

    ecosystem: str
    package: str
    vulnerability: str
    status: Status = Status.AFFECTED
    fix: Fix = Fix.UNKNOWN
    ranges: tuple[Interval, ...] = ()
    versions: tuple[str, ...] = ()
    fixed_in: tuple[str, ...] = ()
    word: str = ""
    severities: tuple[Severity, ...] = ()
    archs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    source_package: bool = False
    symbols: tuple[str, ...] = ()


class Advisory(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One document. Dates are RFC 3339 or `YYYY-MM-DD`, empty if the source gives none.

    `aliases` name the same vulnerability; `related` others that a reader may want. A withdrawn
    document has `withdrawn` set and makes no matches, but is kept so that `explain` can say so.
    """

    id: str
    source: str
    aliases: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    summary: str = ""
    details: str = ""
    published: str = ""
    modified: str = ""
    withdrawn: str = ""
    severities: tuple[Severity, ...] = ()
    cwes: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    statements: tuple[Statement, ...] = ()


class Stored(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A statement as the database hands it to matching: with its document's facts and its keys.

    `keys` pairs with `statement.ranges`: the version keys of (low, high), None for an open bound
    *or* one that has no key; which of the two, the text of the bound tells. `version_keys` pairs
    with `statement.versions`.
    """

    source: str
    advisory: str
    statement: Statement
    aliases: tuple[str, ...] = ()
    keys: tuple[tuple[bytes | None, bytes | None], ...] = ()
    version_keys: tuple[bytes | None, ...] = ()
    published: str = ""
    modified: str = ""
    withdrawn: str = ""


class Signal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact about an identifier, not about a package: known exploitation, probability.

    `kind` is `kev` (value: date added; `note`: `ransomware` if used by it), `epss` (value:
    probability, `note`: percentile, both decimal texts in 0..1 as published), `ssvc` (value:
    exploitation, automatable and technical impact, `none|poc|active/no|yes/partial|total`),
    `cvss2`, `cvss3` or `cvss4` (value: vector; `note`: who said it, `cisa-adp` or `cna`, and its
    base score: `cna 9.8`), or `cwe` (value: ids with spaces between).
    """

    id: str
    kind: str
    value: str
    note: str = ""
    date: str = ""


class Release(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product's release cycle and its end. Dates `YYYY-MM-DD`; empty: not announced.

    `product` and `cycle` in endoflife.date's spelling (`debian`, `12`); `ended` is True or False
    where the publisher says only that.
    """

    product: str
    cycle: str
    released: str = ""
    support_until: str = ""
    end_of_life: str = ""
    extended_until: str = ""
    latest: str = ""
    latest_date: str = ""
    ended: bool | None = None
    """None: not said without a date."""


class SourceInfo(Struct, frozen=True, kw_only=True):
    """A source in the database that was used: what a report must name.

    `as_of` is the date of the newest content, `fetched` when it was downloaded (RFC 3339);
    `complete` is `full`, `fixes-only` or `partial`; `stale` is decided at scan time.
    """

    name: str
    license: str
    attribution: str
    url: str
    as_of: str
    fetched: str
    records: int
    complete: str
    stale_after_days: int
    ecosystems: tuple[str, ...] = ()
    digest: str = ""
    confirmed: str = ""
    """When the publisher last gave or confirmed the content over a network; empty: a local copy."""
