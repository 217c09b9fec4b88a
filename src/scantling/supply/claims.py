"""Claims that something is fixed: where they come from.

A claim names a vulnerability and a package. It is read from an earlier report (what was open there
is claimed to be fixed now), from a fix plan, or from a list that people write:

    - vulnerability: CVE-2023-5678
      package: openssl            # a name, a source package, or a package URL without version

or the same as CSV with the header `vulnerability,package`.
"""

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core import purl, yaml
from scantling.core.errors import InputError, UsageError
from scantling.core.limits import MIB
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.plan import FixPlan
from scantling.core.model.report import ScanReport
from scantling.core.purl_parts import parse
from scantling.core.text import neutral

LIST_BYTES: Final = 1 * MIB
"""The longest list of claims; a thousand of them have some 60 KB."""

_MOST: Final = 10_000
_COLUMNS: Final = ("vulnerability", "package")


class Claim(Struct, frozen=True, kw_only=True, order=True):
    """Somebody says that this is fixed.

    `package` is a package URL without version, or a name; empty: wherever it was. `before` is the
    version it was found in, empty if that is not known; `fixed_in` are the versions that were said
    to fix it. `identity` is that of the finding, empty if there was none. `ecosystem` orders the
    versions, empty with `fixed_in`.
    """

    vulnerability: str
    package: str = ""
    identity: str = ""
    before: str = ""
    aliases: tuple[str, ...] = ()
    fixed_in: tuple[str, ...] = ()
    ecosystem: str = ""
    matched: tuple[tuple[str, str], ...] = ()
    """(kind of ecosystem, package) that sources spoke of: a source package has many names."""

    @property
    def names(self) -> frozenset[str]:
        """All names of the vulnerability."""
        return frozenset((self.vulnerability, *self.aliases))

    @property
    def label(self) -> str:
        """What messages call it: `CVE-2023-5678 in pkg:deb/debian/libssl3`."""
        return self.vulnerability + (f" in {self.package}" if self.package else "")


class _Plan(Struct):
    plan: FixPlan


class _Written(Struct, forbid_unknown_fields=True):
    vulnerability: str
    package: str | None = ""


def claims_of_report(report: ScanReport) -> tuple[Claim, ...]:
    """Return a claim for every finding that was open or undetermined, sorted."""
    found = (one for one in report.findings if one.state is not FindingState.SUPPRESSED)
    return tuple(sorted({_of_finding(one) for one in found}))


def claims_of_plan(data: bytes, name: str) -> tuple[Claim, ...]:
    """Return a claim for every finding that the actions of a plan remove, sorted.

    `data` is what `scantling fix --format json` wrote. Raises UsageError.
    """
    try:
        plan = msgspec.json.decode(data, type=_Plan).plan
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name}: not a plan of fix --format json ({error})") from error
    removed = {identity for action in plan.actions for identity in action.removes}
    return tuple(
        sorted(
            Claim(
                vulnerability=one.id,
                package=purl.without_version(one.purl),
                identity=one.identity,
                before=_version(one.purl),
            )
            for one in plan.findings
            if one.identity in removed
        )
    )


def claims_of_list(data: bytes, name: str) -> tuple[Claim, ...]:
    """Return the claims of a YAML, JSON or CSV list, in its order. Raises UsageError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: not UTF-8 text; save the file as UTF-8") from error
    header = text.partition("\n")[0].strip().replace(" ", "").lower()
    written = _csv(text, name) if header.startswith("vulnerability,") else _yaml(data, name)
    if len(written) > _MOST:
        raise UsageError(f"{name}: more than {_MOST:,} claims")
    for one in written:
        if not one.vulnerability:
            raise UsageError(f"{name}: a claim names no vulnerability")
    return tuple(
        Claim(vulnerability=one.vulnerability, package=_unversioned(one.package or ""))
        for one in written
    )


def chosen(claims: Iterable[Claim], ids: frozenset[str]) -> tuple[Claim, ...]:
    """Return the claims about these vulnerabilities (none: all), in their order.

    Raises UsageError for an id that no claim is about.
    """
    claims = tuple(claims)
    if not ids:
        return claims
    known = {name for one in claims for name in one.names}
    missing = sorted(ids - known)
    if missing:
        raise UsageError(f"no claim is about {neutral(', '.join(missing), limit=200)}")
    return tuple(one for one in claims if not ids.isdisjoint(one.names))


def matched_by(finding: Finding) -> frozenset[tuple[str, str]]:
    """Return the (kind of ecosystem, package) pairs that sources spoke of."""
    return frozenset((one.ecosystem.partition("/")[0], one.package) for one in finding.matches)


def _of_finding(finding: Finding) -> Claim:
    return Claim(
        vulnerability=finding.id,
        package=purl.without_version(finding.purl),
        identity=finding.identity,
        before=_version(finding.purl),
        aliases=finding.aliases,
        fixed_in=finding.fixed_in,
        ecosystem=finding.matches[0].ecosystem if finding.matches else "",
        matched=tuple(sorted(matched_by(finding))),
    )


def _version(text: str) -> str:
    parts = parse(text)
    return parts.version if parts else ""


def _yaml(data: bytes, name: str) -> list[_Written]:
    try:
        return yaml.convert(yaml.read(data, name=name, most_bytes=LIST_BYTES), list[_Written])
    except InputError as error:
        raise UsageError(
            f"{error.detail} (a list of claims has `vulnerability` and `package` in each)"
        ) from error


def _csv(text: str, name: str) -> list[_Written]:
    rows = csv.DictReader(StringIO(text), skipinitialspace=True, strict=True)
    try:
        read = [{(key or "").strip().lower(): value for key, value in row.items()} for row in rows]
    except csv.Error as error:
        raise UsageError(f"{name}: not a CSV file ({error})") from error
    written = []
    for number, row in enumerate(read, start=2):
        if set(row) - {*_COLUMNS} or not isinstance(row["vulnerability"], str):
            raise UsageError(f"{name}: row {number} has other columns than {', '.join(_COLUMNS)}")
        package = row.get("package") or ""
        written.append(_Written(row["vulnerability"].strip(), package.strip()))
    return written


def _unversioned(package: str) -> str:
    return purl.without_version(package) if package.startswith("pkg:") else package
