"""CSAF 2.0: the profiles VEX and security advisory.

A product's identity is its identification helper (package URL, CPE, hashes). A relationship ("rpm A
as a component of platform B") is a product B limited to the part A. Versions that only a branch
tells narrow a package URL that has none. Products that no scan could recognize are counted in one
problem for each vulnerability.

Source: CSAF 2.0, https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html: 3.2.3 (vulnerabilities:
flags, product_status, remediations, threats) and 4.5 (profile VEX).
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from scantling.assess.vex.api import Marks, Source, VexDocument, VexFormat, VexProblem
from scantling.assess.vex.csaf_tree import RawTree, Tree
from scantling.core.errors import InputError
from scantling.core.model.vex import JUSTIFICATIONS, VexProduct, VexStatement, VexStatus

_CODE: Final = "vex.unreadable"
_IDENTIFIER: Final = re.compile(r"[A-Z][A-Za-z]*+-[A-Za-z0-9:-]++")
# Some publishers write their severity where the profile asks for the impact.
_SEVERITY_WORDS: Final = frozenset({"critical", "important", "moderate", "low", "none"})


class _Publisher(Struct):
    name: str = ""


class _Tracking(Struct):
    id: str
    current_release_date: str = ""


class _Head(Struct):
    tracking: _Tracking
    publisher: _Publisher = field(default_factory=_Publisher)


class _Document(Struct):
    document: _Head
    product_tree: RawTree = field(default_factory=RawTree)
    vulnerabilities: list[Raw] = []


class _About(Struct):
    product_ids: list[str] = []
    group_ids: list[str] = []


class _Flag(_About, kw_only=True):
    label: str


class _Threat(_About, kw_only=True):
    category: str
    details: str = ""


class _Remediation(_About, kw_only=True):
    details: str = ""
    url: str = ""


class _Id(Struct):
    text: str


class _Status(Struct):
    fixed: list[str] = []
    first_fixed: list[str] = []
    known_affected: list[str] = []
    first_affected: list[str] = []
    last_affected: list[str] = []
    known_not_affected: list[str] = []
    under_investigation: list[str] = []


class _Vulnerability(Struct):
    cve: str = ""
    ids: list[_Id] = []
    flags: list[_Flag] = []
    threats: list[_Threat] = []
    remediations: list[_Remediation] = []
    product_status: _Status = field(default_factory=_Status)


class _Why(Struct, frozen=True):
    """What a statement says beside its products."""

    status: VexStatus
    justification: str = ""
    impact: str = ""
    action: str = ""


_decode_document: Final = msgspec.json.Decoder(_Document).decode
_decode_vulnerability: Final = msgspec.json.Decoder(_Vulnerability).decode


def read(data: bytes, source: Source) -> VexDocument:
    """Return the statements of a CSAF document. Raises InputError if it is none."""
    try:
        document = _decode_document(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(_CODE, f"not a CSAF document: {error}") from error
    tree = Tree(document.product_tree)
    statements: list[VexStatement] = []
    problems: list[VexProblem] = []
    for index, raw in enumerate(document.vulnerabilities):
        where = f"vulnerabilities[{index}]"
        try:
            one = _decode_vulnerability(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problems.append(VexProblem(origin=source.origin, where=where, reason=str(error)))
            continue
        found, faults = _statements(one, tree, document.document, source)
        statements += found
        problems += [VexProblem(origin=source.origin, where=where, reason=why) for why in faults]
    return VexDocument(statements=tuple(statements), problems=tuple(problems))


def _statements(
    raw: _Vulnerability, tree: Tree, head: _Head, source: Source
) -> tuple[list[VexStatement], list[str]]:
    """Return a statement for each (status, why), and what could not be used."""
    listed = [one.text for one in raw.ids if _IDENTIFIER.fullmatch(one.text)]
    names = tuple(dict.fromkeys(name for name in (raw.cve, *listed) if name))
    if not names:
        return [], ["it names no vulnerability"]
    about: dict[_Why, dict[VexProduct, None]] = {}
    unknown: list[str] = []
    for product_id, why in _words(raw, tree):
        found = tree.identities(product_id)
        if not found:
            unknown.append(product_id)
            continue
        about.setdefault(why, {}).update(dict.fromkeys(found))
    faults = []
    if unknown:
        count = len(set(unknown))
        faults.append(f"{count} products have no identity that a scan can meet ({unknown[0]!r})")
    return [
        VexStatement(
            vulnerabilities=names,
            products=tuple(products),
            status=why.status,
            justification=why.justification,
            impact=why.impact,
            action=why.action,
            document=head.tracking.id,
            author=head.publisher.name,
            origin=source.origin,
            timestamp=head.tracking.current_release_date,
            trusted=source.trusted,
        )
        for why, products in about.items()
    ], faults


def _words(raw: _Vulnerability, tree: Tree) -> Iterator[tuple[str, _Why]]:
    """Yield (product id, what is said of it)."""
    status = raw.product_status
    labels, impacts, actions = _labels(raw, tree), _impacts(raw, tree), _actions(raw, tree)
    for one in status.known_not_affected:
        label, impact = labels.get(one, ""), impacts.get(one, "")
        yield one, _Why(VexStatus.NOT_AFFECTED, justification=label, impact=impact)
    for one in (*status.known_affected, *status.first_affected, *status.last_affected):
        yield one, _Why(VexStatus.AFFECTED, action=actions.get(one, ""))
    for one in (*status.fixed, *status.first_fixed):
        yield one, _Why(VexStatus.FIXED)
    for one in status.under_investigation:
        yield one, _Why(VexStatus.UNDER_INVESTIGATION)


def _labels(raw: _Vulnerability, tree: Tree) -> dict[str, str]:
    found: dict[str, str] = {}
    for flag in raw.flags:
        if flag.label in JUSTIFICATIONS:
            found.update(dict.fromkeys(tree.members(flag.product_ids, flag.group_ids), flag.label))
    return found


def _impacts(raw: _Vulnerability, tree: Tree) -> dict[str, str]:
    found: dict[str, str] = {}
    for threat in raw.threats:
        if threat.category == "impact" and threat.details.lower() not in _SEVERITY_WORDS:
            ids = tree.members(threat.product_ids, threat.group_ids)
            found.update(dict.fromkeys(ids, threat.details))
    return found


def _actions(raw: _Vulnerability, tree: Tree) -> dict[str, str]:
    """Return the first remedy of each product; later ones are alternatives."""
    found: dict[str, str] = {}
    for remedy in raw.remediations:
        text = f"{remedy.details} {remedy.url}".strip()
        for one in tree.members(remedy.product_ids, remedy.group_ids):
            found.setdefault(one, text)
    return found


def _claims(marks: Marks) -> bool:
    return marks.csaf_version.startswith("2.")


PLUGIN: Final = VexFormat(name="csaf", claims=_claims, read=read)
