"""The JSON of Debian's security tracker, and the releases of Debian. Shared by the feeds using it.

package → id → release codename → state. The states:

- `resolved` with a fixed version: affected below it. The version `0`: never affected.
- `open`: affected, whatever the version, with no fix in this release; `nodsa_reason` says why
  none is planned (`ignored`, `postponed`), `nodsa` without a reason that there will be no advisory.
- `undetermined`: the tracker does not know.

Words are kept: `unimportant` and `end-of-life` (urgencies) before the no-DSA words. The urgency
is a severity; `not yet assigned` is none.

Source: https://security-tracker.debian.org/tracker/data/json, and the tracker's
doc/security-team.d.o/security_tracker.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories.api import Document, Record, Spool, Unreadable
from scantling.advisories.decode import from_json
from scantling.catalog.distros import DEBIAN_CODENAMES
from scantling.core.errors import InputError
from scantling.core.model.advisory import Advisory, Fix, Interval, Severity, Statement, Status


class _State(Struct):
    status: str
    fixed_version: str | None = None
    urgency: str = ""
    nodsa: str | None = None
    nodsa_reason: str | None = None


class _Vulnerability(Struct):
    releases: dict[str, _State] = {}
    description: str = ""


_DECODER: Final = msgspec.json.Decoder(dict[str, dict[str, msgspec.Raw]])
_VULNERABILITY: Final = msgspec.json.Decoder(_Vulnerability)
_UNASSIGNED: Final = "not yet assigned"
_WORDS: Final = ("unimportant", "end-of-life")
_FIXES: Final = {"ignored": Fix.WILL_NOT_FIX, "postponed": Fix.DEFERRED}


def records(spool: Spool, *, source: str) -> Iterator[Record]:
    """Yield an advisory for each (package, id), in the documents' order."""
    for document in spool.documents():
        # The tracker's address ends in `json`, without a dot.
        if document.name.endswith("json"):
            yield from _document(document, source)


def ecosystem_of(codename: str) -> str:
    """Return `deb/debian:12` for `bookworm`. Raises InputError for a codename we do not know."""
    release = DEBIAN_CODENAMES.get(codename)
    if release is None:
        raise InputError("advisories.record", f"unknown release of Debian: {codename!r}")
    return f"deb/debian:{release}"


def _document(document: Document, source: str) -> Iterator[Record]:
    try:
        packages = from_json(document.data, _DECODER, what="tracker")
    except InputError as error:
        yield Unreadable(record=document.name, reason=error.detail)
        return
    for package, vulnerabilities in packages.items():
        for id_, data in vulnerabilities.items():
            try:
                raw = from_json(bytes(data), _VULNERABILITY, what=f"{package} {id_}")
            except InputError as error:
                yield Unreadable(record=document.name, reason=error.detail)
                continue
            yield from _vulnerability(raw, package, id_, source)


def _vulnerability(raw: _Vulnerability, package: str, id_: str, source: str) -> Iterator[Record]:
    statements: list[Statement] = []
    for codename, state in raw.releases.items():
        try:
            statements.append(_statement(state, package, id_, codename, source))
        except InputError as error:
            yield Unreadable(record=f"{package} {id_}", reason=error.detail)
    yield Advisory(id=id_, source=source, details=raw.description, statements=tuple(statements))


def _statement(state: _State, package: str, id_: str, codename: str, source: str) -> Statement:
    urgency = state.urgency
    base = Statement(
        ecosystem=ecosystem_of(codename),
        package=package,
        vulnerability=id_,
        word=_word(state),
        severities=()
        if urgency in {"", _UNASSIGNED, "end-of-life"}
        else (Severity(source=source, kind="word", value=urgency),),
        source_package=True,
    )
    fixed = state.fixed_version or ""
    match state.status:
        case "resolved" if fixed == "0":
            return msgspec.structs.replace(base, status=Status.NOT_AFFECTED)
        case "resolved" if fixed:
            return msgspec.structs.replace(
                base, fix=Fix.FIXED, ranges=(Interval(high=fixed),), fixed_in=(fixed,)
            )
        case "open":
            return msgspec.structs.replace(base, fix=_unfixed(state))
        case "undetermined":
            return msgspec.structs.replace(base, status=Status.UNDER_INVESTIGATION)
        case _:
            raise InputError(
                "advisories.record",
                f"{codename}: state {state.status!r} with fixed version {fixed!r}",
            )


def _word(state: _State) -> str:
    if state.urgency in _WORDS:
        return state.urgency
    if state.status == "undetermined":
        return state.status
    if state.status == "open" and state.nodsa is not None:
        return state.nodsa_reason or "no-dsa"
    return ""


def _unfixed(state: _State) -> Fix:
    if state.urgency == "end-of-life":
        return Fix.END_OF_LIFE
    return _FIXES.get(state.nodsa_reason or "", Fix.NONE)
