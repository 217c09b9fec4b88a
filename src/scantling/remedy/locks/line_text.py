"""Edits of files of lines: requirements, go.mod, Gemfile. Only the version on a line changes.

Source: pip, "Requirements File Format"; PEP 508; Go Modules Reference, "go.mod files"; Bundler,
gemfile(5).
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.project.lockfiles.entry import same_name
from scantling.remedy.locks.ranges import moved

_REQUIREMENT: Final = re.compile(
    r"""(?P<lead>[ \t]*+)(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)
    (?P<extras>[ \t]*+\[[^\]\n]*+\])?(?P<space>[ \t]*+)
    (?P<constraint>(?:(?:===|==|~=|!=|<=|>=|<|>)[ \t]*+[^\s,;\#()\\]++[ \t]*+,?[ \t]*+)*+)
    (?=[;\#\\\r\n]|--|$)""",
    re.VERBOSE,
)
_GO_LINE: Final = re.compile(
    r"(?P<head>[ \t]*+(?:require[ \t]++)?)(?P<name>[^\s()/\"]++/?[^\s()\"]*+)"
    r"[ \t]++(?P<version>v\S++)(?P<tail>[ \t]*+(?://[^\n]*+)?)"
)
_GO_REPLACE: Final = re.compile(
    r"[ \t]*+(?:replace[ \t]++)?(?P<old>[^\s()\"]++)(?:[ \t]++(?P<at>v\S++))?[ \t]++=>[ \t]++"
    r"(?P<new>[^\s()\"]++)(?:[ \t]++(?P<version>v\S++))?[ \t]*+(?://[^\n]*+)?"
)
_GO_MODULE: Final = re.compile(r"^module[ \t]++\"?(?P<name>[^\s\"]++)", re.MULTILINE)
_GEM: Final = re.compile(
    r"""(?P<head>[ \t]*+gem[ \t(]++)(?P<quote>["'])(?P<name>[^"'\n]++)(?P=quote)
    (?P<constraint>(?:[ \t]*+,[ \t]*+(?P<own>["'])[~<>=!]*+[ ]*+[0-9][^"'\n]*+(?P=own))*+)
    (?P<tail>[^\n]*+)""",
    re.VERBOSE,
)
_GEM_PART: Final = re.compile(r"""["']([^"'\n]++)["']""")
_GEM_SOURCE: Final = re.compile(r"\b(?:git|github|path|gist|bitbucket)(?::|[ ]*+=>)")


class Line(Struct, frozen=True, kw_only=True):
    """A package on a line; `start:end` is where its constraint stands, `line` counts from 1.

    `hashed`: hashes of the files hold it to its version. `elsewhere`: it comes from an address or
    a folder. `indirect` is Go's mark.
    """

    name: str
    constraint: str
    start: int
    end: int
    line: int
    hashed: bool = False
    elsewhere: bool = False
    indirect: bool = False


def requirement(text: str) -> Line | None:
    """Return what a PEP 508 text asks for; None: it has another form (an address, an option)."""
    found = _REQUIREMENT.match(text)
    if found is None:
        return None
    raw = found["constraint"]
    constraint = raw.rstrip().rstrip(",").rstrip()
    start = found.start("constraint") if constraint else found.start("space")
    return Line(
        name=found["name"], constraint=constraint, start=start, end=start + len(constraint), line=1
    )


def requirements(text: str) -> Iterator[Line]:
    """Yield the packages of a requirements file; lines of options and addresses are left out."""
    at = 0
    for number, line in _logical(text):
        found = requirement(line)
        if found is not None:
            yield Line(
                name=found.name,
                constraint=found.constraint,
                start=at + found.start,
                end=at + found.end,
                line=number,
                hashed="--hash" in line,
            )
        at += len(line) + 1


def go_requires(text: str) -> Iterator[Line]:
    """Yield the modules that go.mod requires; their constraint is the version with its `v`."""
    for number, at, row in _go_rows(text, "require"):
        found = _GO_LINE.fullmatch(row)
        if found is not None:
            yield Line(
                name=found["name"],
                constraint=found["version"],
                start=at + found.start("version"),
                end=at + found.end("version"),
                line=number,
                indirect="indirect" in found["tail"],
            )


def go_replaces(text: str) -> Iterator[tuple[str, Line]]:
    """Yield (module, what replaces it); without a version there it is a folder."""
    for number, at, row in _go_rows(text, "replace"):
        found = _GO_REPLACE.fullmatch(row)
        if found is not None:
            end = found.end("version") if found["version"] else found.end("new")
            yield (
                found["old"],
                Line(
                    name=found["new"],
                    constraint=found["version"] or "",
                    start=at + (found.start("version") if found["version"] else end),
                    end=at + end,
                    line=number,
                    elsewhere=not found["version"],
                ),
            )


def go_module(text: str) -> str:
    """Return the main module's path; empty if none is named."""
    found = _GO_MODULE.search(text)
    return found["name"] if found else ""


def gems(text: str) -> Iterator[Line]:
    """Yield the gems of a Gemfile; several texts of one constraint are joined by a comma."""
    at = 0
    for number, row in enumerate(text.split("\n"), 1):
        found = _GEM.match(row)
        if found is not None:
            parts = _GEM_PART.findall(found["constraint"])
            start = at + found.start("constraint")
            yield Line(
                name=found["name"],
                constraint=", ".join(parts),
                start=start,
                end=start + len(found["constraint"]),
                line=number,
                elsewhere=_GEM_SOURCE.search(found["tail"]) is not None,
            )
        at += len(row) + 1


def require(text: str, name: str, version: str) -> str:
    """Return a requirements file with a package's constraints moved; unchanged where it cannot."""
    for one in reversed(list(requirements(text))):
        if same_name("pypi", one.name) == same_name("pypi", name) and not one.hashed:
            made = moved("pypi", one.constraint, version)
            text = _spliced(text, one, made)
    return text


def require_go(text: str, name: str, version: str) -> str:
    """Return go.mod with a module at a version (`v1.2.3`): its requirement and its replacement."""
    lines = [one for one in go_requires(text) if one.name == name]
    lines += [
        one for old, one in go_replaces(text) if old == name == one.name and not one.elsewhere
    ]
    for one in sorted(lines, key=lambda one: -one.start):
        text = _spliced(text, one, version)
    return text


def require_gem(text: str, name: str, version: str) -> str:
    """Return a Gemfile with a gem's constraint moved, in its own quotes; unchanged if it cannot."""
    for one in reversed(list(gems(text))):
        if one.name != name or one.elsewhere:
            continue
        made = moved("gem", one.constraint, version)
        if made and made != one.constraint:
            written = text[one.start : one.end]
            row = text[text.rfind("\n", 0, one.start) + 1 : one.start]
            quote = "'" if "'" in (written or row) else '"'
            parts = "".join(f", {quote}{part.strip()}{quote}" for part in made.split(","))
            text = text[: one.start] + parts + text[one.end :]
    return text


def _spliced(text: str, line: Line, made: str) -> str:
    return text[: line.start] + made + text[line.end :] if made else text


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines joined where a backslash ends one, with the number of the first."""
    held: list[str] = []
    first = 1
    for number, row in enumerate(text.split("\n"), 1):
        held.append(row)
        if row.rstrip("\r").endswith("\\"):
            continue
        yield first, "\n".join(held)
        held, first = [], number + 1
    if held:
        yield first, "\n".join(held)


def _go_rows(text: str, verb: str) -> Iterator[tuple[int, int, str]]:
    """Yield (line, offset, row) of what stands in blocks of a verb or behind it."""
    at = 0
    block = ""
    for number, row in enumerate(text.split("\n"), 1):
        bare = row.partition("//")[0].strip()
        if bare.endswith("("):
            block = bare[:-1].strip()
        elif bare == ")":
            block = ""
        elif block == verb or (not block and bare.startswith(f"{verb} ")):
            yield number, at, row.removesuffix("\r")
        at += len(row) + 1
