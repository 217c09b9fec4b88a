"""What packages need: the dependencies of dpkg's status, checked before anything is written.

Source: Debian Policy 7.1 ("Syntax of relationship fields"), 7.5 ("Provides").
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.versions.registry import scheme_for

_NEED: Final = re.compile(
    r"""(?P<name>[A-Za-z0-9][A-Za-z0-9+.-]*+)(?::[a-z0-9-]++)?
    [ ]*+(?:\([ ]*+(?P<sign><<|<=|=|>=|>>)[ ]*+(?P<version>[^\s)]++)[ ]*+\))?""",
    re.VERBOSE,
)
_FIELDS: Final = ("Pre-Depends", "Depends")

Has = dict[str, list[str]]
"""Names to the versions that are there; an empty version is a name without one."""


def field(stanza: str, name: str) -> str:
    """Return a field's value on one line, empty if there is none. Source: deb822(5)."""
    prefix = f"{name}:"
    found: list[str] = []
    for line in stanza.split("\n"):
        if line.startswith(prefix):
            found = [line.removeprefix(prefix).strip()]
        elif found and line.startswith((" ", "\t")):
            found.append(line.strip())
        elif found:
            break
    return " ".join(found).strip()


def unmet_by(stanzas: list[str], names: set[str]) -> Iterator[str]:
    """Yield a sentence for each need of the packages `names` that nothing installed meets."""
    installed = [one for one in stanzas if field(one, "Status").endswith(" installed")]
    has: Has = {}
    for one in installed:
        has.setdefault(field(one, "Package"), []).append(field(one, "Version"))
        for virtual in _NEED.finditer(field(one, "Provides")):
            has.setdefault(virtual["name"], []).append(virtual["version"] or "")
    for one in installed:
        if field(one, "Package") in names:
            for key in _FIELDS:
                yield from _unmet(one, key, has)


def _unmet(stanza: str, key: str, has: Has) -> Iterator[str]:
    for clause in field(stanza, key).split(","):
        choices = [_NEED.fullmatch(one.strip()) for one in clause.split("|")]
        # What cannot be read is not met: nobody knows what it asks for.
        if clause.strip() and not any(one is not None and _is_met(one, has) for one in choices):
            who = f"{field(stanza, 'Package')} {field(stanza, 'Version')}"
            yield f"{who} needs {clause.strip()}, which the image does not have"


def _is_met(need: re.Match[str], has: Has) -> bool:
    if not need["sign"]:
        return need["name"] in has
    key = scheme_for("deb").key
    wanted = key(need["version"])
    return wanted is not None and any(
        (at := key(version)) is not None and _compares(at, need["sign"], wanted)
        for version in has.get(need["name"], ())
        if version
    )


def _compares(one: bytes, sign: str, other: bytes) -> bool:
    match sign:
        case "<<":
            return one < other
        case "<=":
            return one <= other
        case "=":
            return one == other
        case ">=":
            return one >= other
        case _:
            return one > other
