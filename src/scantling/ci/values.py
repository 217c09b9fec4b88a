"""Values from a job's environment, believed only in the form that they must have.

Whoever opens a pull request chooses branch names and titles; whoever writes a pipeline may set any
variable. A value that is not of its form is as good as not set: the empty text, or 0.
"""

import re
from typing import Final

from msgspec import Struct

from scantling.core.text import ACTIVE

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
_SLUG: Final = re.compile(r"[A-Za-z0-9_.~{}-]{1,200}(?:/[A-Za-z0-9_.~{}-]{1,200}){0,20}")
# No quotes, brackets or backslashes: they would mean something in Markdown and HTML.
_URL: Final = re.compile(r"https?://[A-Za-z0-9._~:/?#!$&*+,;=%-]{1,2000}")
_REMOTE: Final = re.compile(
    r"""
    (?: https?://(?:[^@/\s]{1,500}@)? | ssh://(?:[a-z]{1,30}@)? | [a-z]{1,30}@ )
    (?P<host>[A-Za-z0-9.-]{1,253}) (?: :[0-9]{1,5} )? [/:]
    (?P<path>[A-Za-z0-9_.~/-]{1,1000})
    """,
    re.VERBOSE,
)
_MOST_CHARS: Final = 255

# Only hosts that can be nothing else: a token is sent to the address.
_FORGES: Final = {
    "github.com": ("github", "https://api.github.com"),
    "gitlab.com": ("gitlab", "https://gitlab.com/api/v4"),
    "bitbucket.org": ("bitbucket", "https://api.bitbucket.org/2.0"),
}


class Place(Struct, frozen=True, kw_only=True):
    """Where a repository is: forge, the address of its API, the repository's name there."""

    forge: str = ""
    api: str = ""
    repository: str = ""


def commit(text: str) -> str:
    """Return a whole commit id in lower case; empty for anything else, and for all zeros."""
    text = text.lower()
    return text if _COMMIT.fullmatch(text) and text.strip("0") else ""


def number(text: str) -> int:
    """Return a positive number, 0 for anything else (`false` of some systems)."""
    return int(text) if _NUMBER.fullmatch(text) else 0


def slug(text: str) -> str:
    """Return the name of a repository or its parts with `/`; empty if it could leave its place."""
    if not _SLUG.fullmatch(text) or {".", ".."} & {*text.split("/")}:
        return ""
    return text


def branch(text: str) -> str:
    """Return a branch's name without `refs/heads/`.

    It may hold every printable character, quotes and spaces included: it is data for JSON and
    percent-encoding, never part of a command. Empty if it is long or has active characters.
    """
    text = text.removeprefix("refs/heads/").removeprefix("origin/")
    return text if len(text) <= _MOST_CHARS and not ACTIVE.search(text) else ""


def url(text: str) -> str:
    """Return an http(s) address without the slash at its end; empty for anything else."""
    return text.rstrip("/") if _URL.fullmatch(text) else ""


def folder(text: str) -> str:
    """Return a path of one line, empty for anything else."""
    return text if len(text) <= 4 * _MOST_CHARS and not ACTIVE.search(text) else ""


def place(remote: str) -> Place:
    """Return the forge of a git remote; only hosts that everybody knows have one."""
    known = _REMOTE.fullmatch(remote)
    if known is None or known["host"].lower() not in _FORGES:
        return Place()
    forge, api = _FORGES[known["host"].lower()]
    repository = slug(known["path"].strip("/").removesuffix(".git"))
    return Place(forge=forge, api=api, repository=repository) if "/" in repository else Place()


def change_number(text: str) -> int:
    """Return the number at the end of a pull request's address, 0 if there is none."""
    return number(url(text).rpartition("/")[2])
