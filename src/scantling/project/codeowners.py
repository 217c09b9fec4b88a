"""Who owns a file, by the rules of CODEOWNERS.

GitHub and GitLab share the idea (the last pattern that matches wins) and little else:

| | GitHub | GitLab |
|---|---|---|
| places, in order | `.github/`, root, `docs/` | root, `docs/`, `.gitlab/` |
| `a/b` | from the root | in any folder |
| `docs` | the file, or the folder with all in it | the file |
| sections, default owners, approvals | no | yes |
| `!pattern`, `[...]` | the line is invalid | excludes; a set of characters |
| `#` behind a pattern | a comment | no owner, ignored |

Source: GitHub Docs, "About code owners"; GitLab Docs, "Code Owners", "Syntax of CODEOWNERS file",
"Advanced CODEOWNERS configuration" (18.5).
"""

import re
from enum import StrEnum
from typing import Final

from msgspec import Struct

from scantling.project.dockerfile.model import Problem
from scantling.project.paths import ANY_FOLDERS, matches

BYTES: Final = 3 * 1024 * 1024
"""GitHub loads no larger file."""

_LINES: Final = 50_000
_APPROVALS: Final = 100

PLACES: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")

_SECTION: Final = re.compile(
    r"(?P<optional>\^?)\[(?P<name>[^\]\[]*+)\](?:\[(?P<approvals>[0-9]{1,4})\])?"
    r"(?P<owners>(?:[ \t].*)?)"
)
_GITHUB_OWNER: Final = re.compile(
    r"@[A-Za-z0-9][A-Za-z0-9_-]*+(?:/[A-Za-z0-9][A-Za-z0-9._-]*+)?|[^\s@]++@[^\s@.]++(?:\.[^\s@.]++)++"
)
_GITLAB_OWNER: Final = re.compile(
    r"@@?[A-Za-z0-9_][A-Za-z0-9_.-]*+(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*+)*+|[^\s@]++@[^\s@.]++(?:\.[^\s@.]++)++"
)
_HEADING: Final = re.compile(r"^\^?\[[^\]\n]++\]", re.MULTILINE)


class Dialect(StrEnum):
    """Whose rules a file follows."""

    GITHUB = "github"
    GITLAB = "gitlab"


class Section(Struct, frozen=True, kw_only=True):
    """A section of GitLab; GitHub's files have one without a name. `approvals`: how many needed."""

    name: str = ""
    optional: bool = False
    approvals: int = 1
    owners: tuple[str, ...] = ()


class Rule(Struct, frozen=True, kw_only=True):
    """A line. `pieces` is the pattern taken apart; `excludes` takes files out of the section."""

    pattern: str
    pieces: tuple[str, ...]
    owners: tuple[str, ...]
    line: int
    section: int = 0
    excludes: bool = False


class Ownership(Struct, frozen=True, kw_only=True):
    """Who owns a file in one section, and the line that says so. No owners: nobody, on purpose."""

    owners: tuple[str, ...]
    line: int
    section: Section


class Codeowners(Struct, frozen=True, kw_only=True):
    """A file of rules. `problems` are the lines that the forge ignores, with the reason."""

    path: str
    dialect: Dialect
    sections: tuple[Section, ...]
    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...] = ()

    def owners_of(self, path: str) -> tuple[str, ...]:
        """Return the owners of a file (`src/a.py`), sections in order; empty: nobody owns it."""
        owners = (owner for one in self.ownership(path) for owner in one.owners)
        return tuple(dict.fromkeys(owners))

    def ownership(self, path: str) -> tuple[Ownership, ...]:
        """Return the deciding line of each section that speaks of the file, sections in order."""
        pieces = tuple(piece for piece in path.split("/") if piece not in {"", "."})
        found: dict[int, Ownership] = {}
        excluded: set[int] = set()
        for rule in self.rules:
            if not matches(pieces, rule.pieces):
                continue
            if rule.excludes:
                # What is excluded once cannot come back in the same section.
                excluded.add(rule.section)
            section = self.sections[rule.section]
            found[rule.section] = Ownership(owners=rule.owners, line=rule.line, section=section)
        return tuple(found[index] for index in sorted(found) if index not in excluded)


def parse_codeowners(text: str, path: str, *, dialect: Dialect | None = None) -> Codeowners:
    """Return the rules of a CODEOWNERS file; never raises.

    Without a dialect it is told by the place (`.github/`, `.gitlab/`), else by section headings.
    """
    chosen = dialect or _dialect(text, path)
    reader = _Reader(chosen)
    for number, line in enumerate(text.split("\n")[:_LINES], 1):
        reader.line(line.strip(), number)
    return Codeowners(
        path=path,
        dialect=chosen,
        sections=tuple(reader.sections),
        rules=tuple(reader.rules),
        problems=tuple(reader.problems),
    )


def _dialect(text: str, path: str) -> Dialect:
    if path.startswith(".github/"):
        return Dialect.GITHUB
    if path.startswith(".gitlab/") or _HEADING.search(text):
        return Dialect.GITLAB
    return Dialect.GITHUB


class _Reader:
    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.sections = [Section()]
        self.names = {"": 0}
        self.section = 0
        self.defaults: tuple[str, ...] = ()
        self.rules: list[Rule] = []
        self.problems: list[Problem] = []

    def line(self, line: str, number: int) -> None:
        if not line or line.startswith("#"):
            return
        if self.dialect is Dialect.GITLAB:
            heading = _SECTION.fullmatch(line)
            if heading is not None:
                self.heading(heading, number)
                return
        pattern, rest = _cut(line)
        if self.dialect is Dialect.GITHUB:
            self.github(pattern, rest, number)
        else:
            self.gitlab(pattern, rest, number)

    def github(self, pattern: str, rest: str, number: int) -> None:
        if pattern.startswith(("!", "\\#")) or "[" in pattern or "]" in pattern:
            self.problem(number, f"GitHub knows no {pattern[:40]!r} in CODEOWNERS", _GITHUB_HINT)
            return
        words = rest.partition("#")[0].split()
        wrong = [word for word in words if not _GITHUB_OWNER.fullmatch(word)]
        if wrong:
            self.problem(number, f"{wrong[0][:40]!r} is no owner", _OWNER_HINT)
            return
        self.add(pattern, _github_pieces(pattern), tuple(words), number)

    def gitlab(self, pattern: str, rest: str, number: int) -> None:
        owners = tuple(word for word in rest.split() if _GITLAB_OWNER.fullmatch(word))
        excludes = pattern.startswith("!")
        if not owners and rest.strip():
            self.problem(number, f"{rest.split(maxsplit=1)[0][:40]!r} is no owner", _OWNER_HINT)
        pieces = _gitlab_pieces(pattern.removeprefix("!"))
        self.add(
            pattern, pieces, () if excludes else owners or self.defaults, number, excludes=excludes
        )

    def heading(self, found: re.Match[str], number: int) -> None:
        name = found["name"].strip()
        if not name:
            self.problem(number, "the section has no name", "Write [Name].")
        words = found["owners"].split()
        self.defaults = tuple(word for word in words if _GITLAB_OWNER.fullmatch(word))
        approvals = int(found["approvals"] or "1")
        if not 1 <= approvals <= _APPROVALS:
            self.problem(number, f"{approvals} approvals cannot be asked for", "Write 1 or more.")
            approvals = 1
        section = Section(
            name=name,
            optional=bool(found["optional"]),
            approvals=approvals,
            owners=self.defaults,
        )
        known = self.names.get(name.lower())
        if known is None:
            known = self.names[name.lower()] = len(self.sections)
            self.sections.append(section)
        self.section = known

    def add(
        self,
        pattern: str,
        pieces: tuple[str, ...],
        owners: tuple[str, ...],
        number: int,
        *,
        excludes: bool = False,
    ) -> None:
        rule = Rule(
            pattern=pattern,
            pieces=pieces,
            owners=owners,
            line=number,
            section=self.section,
            excludes=excludes,
        )
        self.rules.append(rule)

    def problem(self, line: int, message: str, hint: str) -> None:
        self.problems.append(Problem(line=line, column=1, message=message, hint=hint))


_GITHUB_HINT: Final = "The line has no effect; write the patterns out."
_OWNER_HINT: Final = "Write @name, @organization/team or an e-mail address."


def _cut(line: str) -> tuple[str, str]:
    """Return pattern and rest; a backslash keeps a space in the pattern."""
    at = 0
    while at < len(line) and line[at] not in " \t":
        at += 2 if line[at] == "\\" else 1
    return line[:at], line[at:]


def _github_pieces(pattern: str) -> tuple[str, ...]:
    """Return the pieces: gitignore's rules, but `a/*` does not reach into folders."""
    bare = _literal(pattern)
    folder = bare.endswith("/")
    inner = bare.strip("/")
    anchored = bare.startswith("/") or "/" in inner
    pieces = tuple(piece for piece in inner.split("/") if piece)
    if not anchored:
        pieces = (ANY_FOLDERS, *pieces)
    if folder:
        # Something must be in the folder; a file of that name is not meant.
        return (*pieces, "*", ANY_FOLDERS)
    if pieces[-1:] == ("*",) and anchored:
        return pieces
    return (*pieces, ANY_FOLDERS)


def _gitlab_pieces(pattern: str) -> tuple[str, ...]:
    bare = _literal(pattern)
    pieces = tuple(piece for piece in bare.split("/") if piece)
    if not bare.startswith("/"):
        pieces = (ANY_FOLDERS, *pieces)
    return (*pieces, "*", ANY_FOLDERS) if bare.endswith("/") else pieces


def _literal(pattern: str) -> str:
    """Return the pattern with `\\x` written as fnmatch does: `[x]`, or `x` where that is plain."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            char = f"[{pattern[at]}]" if pattern[at] in "*?[" else pattern[at]
        out.append(char)
        at += 1
    return "".join(out)
