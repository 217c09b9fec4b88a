"""Files of lines: requirements, Go, Gradle, Bundler, Yarn, pnpm.

Source: pip, "Requirements File Format"; Go Modules Reference, "go.mod files", "go.sum files";
Gradle, "Dependency locking"; Bundler, Gemfile.lock; Yarn 1 and Yarn Berry lockfiles; pnpm,
lockfile versions 5 to 9.
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.project.lockfiles.entry import Entry

_REQUIREMENT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)[ \t]*+(?:\[[^\]]*+\])?[ \t]*+"
    r"(?:===?[ \t]*+(?P<version>[^\s;,#*\\]++)(?=[\s;#\\]|$)|(?=[<>=!~;@#\\,\s(]|$))"
)
_GO_REQUIRE: Final = re.compile(
    r"(?:require[ \t]++)?(?P<name>[^\s()/\"]++/?[^\s()\"]*+)[ \t]++v(?P<version>\S++)"
)
_GO_SUM: Final = re.compile(r"(?P<name>\S++) v(?P<version>[^\s/]++) h1:\S++")
_GRADLE: Final = re.compile(r"(?P<name>[^:=#\s]++:[^:=\s]++):(?P<version>[^:=\s]++)=.*")
_GEM_SPEC: Final = re.compile(r" {4}(?P<name>[^\s(]++) \((?P<version>[^)\s]++)\)")
_GEM: Final = re.compile(r"""[ \t]*+gem[ \t(]++["'](?P<name>[^"']++)["']""")
_YARN_NAME: Final = re.compile(r'"?(?P<name>@?[^@\s",]++)@')
_YARN_VERSION: Final = re.compile(r'  version:? "?(?P<version>[^"\s]++)"?')
_PNPM: Final = re.compile(
    r"""  ['"]?/?(?P<name>(?:@[^/@\s]++/)?[^/@\s'"]++)[@/](?P<version>[0-9][^\s'"(:_]*+)"""
)
_PNPM_SECTION: Final = re.compile(r"(?P<name>[A-Za-z]++):")


def requirements(text: str) -> Iterator[Entry]:
    """Yield the requirements of a requirements or constraints file."""
    for number, line in _lines(text):
        found = _REQUIREMENT.match(line.lstrip())
        if found is not None:
            yield Entry(name=found["name"], version=found["version"] or "", line=number)


def go_mod(text: str) -> Iterator[Entry]:
    """Yield the modules that go.mod requires."""
    block = ""
    for number, line in _lines(text):
        bare = line.partition("//")[0].strip()
        if bare.endswith("("):
            block = bare[:-1].strip()
        elif bare == ")":
            block = ""
        elif block == "require" or (not block and bare.startswith("require")):
            found = _GO_REQUIRE.fullmatch(bare)
            if found is not None:
                yield Entry(name=found["name"], version=found["version"], line=number)


def go_sum(text: str) -> Iterator[Entry]:
    """Yield the modules of go.sum, at the line of their content's hash."""
    return _matching(text, _GO_SUM)


def gradle_lockfile(text: str) -> Iterator[Entry]:
    """Yield the modules of gradle.lockfile, named `group:artifact`."""
    return _matching(text, _GRADLE)


def gemfile_lock(text: str) -> Iterator[Entry]:
    """Yield the gems of Gemfile.lock; a version is without its platform."""
    for entry in _matching(text, _GEM_SPEC):
        yield Entry(name=entry.name, version=entry.version.partition("-")[0], line=entry.line)


def gemfile(text: str) -> Iterator[Entry]:
    """Yield the gems that a Gemfile names."""
    for number, line in _lines(text):
        found = _GEM.match(line)
        if found is not None:
            yield Entry(name=found["name"], version="", line=number)


def yarn_lock(text: str) -> Iterator[Entry]:
    """Yield the packages of yarn.lock (1 and Berry), at the line that begins them."""
    name, start = "", 0
    for number, line in _lines(text):
        if line[:1] not in {" ", "#", ""}:
            found = _YARN_NAME.match(line)
            name, start = (found["name"] if found else ""), number
        elif name:
            version = _YARN_VERSION.fullmatch(line)
            if version is not None:
                yield Entry(name=name, version=version["version"], line=start)
                name = ""


def pnpm_lock(text: str) -> Iterator[Entry]:
    """Yield the packages of pnpm-lock.yaml."""
    section = ""
    for number, line in _lines(text):
        head = _PNPM_SECTION.match(line)
        if head is not None:
            section = head["name"]
        elif section == "packages":
            found = _PNPM.match(line)
            if found is not None:
                yield Entry(name=found["name"], version=found["version"], line=number)


def _matching(text: str, pattern: re.Pattern[str]) -> Iterator[Entry]:
    for number, line in _lines(text):
        found = pattern.fullmatch(line)
        if found is not None:
            yield Entry(name=found["name"], version=found["version"], line=number)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        yield number, line.removesuffix("\r")
