"""What may be written into a file or a command: strict patterns, no escaping.

Names and versions come from images and advisories. What does not look like what it claims to be
is not quoted or repaired: nothing is offered for it.
"""

import re
from typing import Final

# No pattern lets a text begin with a dash (an option) or hold white space, quotes, or anything that
# a shell, a Dockerfile, JSON, TOML, YAML or XML would read as its own.
_PLAIN_CHARS: Final = 256
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_:~!-]*+")
_SYSTEM_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*+")
_IMAGE: Final = re.compile(
    r"""(?:[A-Za-z0-9][A-Za-z0-9.-]*+(?::[0-9]{1,5})?/)?     # registry, or the first folder
    [a-z0-9][a-z0-9._-]*+(?:/[a-z0-9][a-z0-9._-]*+)*+        # repository
    (?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127}+)?                 # tag
    (?:@sha256:[0-9a-f]{64})?""",
    re.VERBOSE,
)
_NAMES: Final[dict[str, re.Pattern[str]]] = {
    "apk": _SYSTEM_NAME,
    "cargo": re.compile(r"[A-Za-z][A-Za-z0-9_-]*+"),
    "composer": re.compile(r"[a-z0-9][a-z0-9._-]*+/[a-z0-9][a-z0-9._-]*+", re.IGNORECASE),
    "deb": _SYSTEM_NAME,
    "gem": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*+"),
    "golang": re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*+(?:/[A-Za-z0-9._~-]++)*+"),
    "maven": re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*+:[A-Za-z0-9_][A-Za-z0-9._-]*+"),
    "npm": re.compile(r"(?:@[A-Za-z0-9][A-Za-z0-9._~-]*+/)?[A-Za-z0-9_][A-Za-z0-9._~-]*+"),
    "nuget": re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*+"),
    "pypi": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*+"),
    "rpm": _SYSTEM_NAME,
}


def is_name(type_: str, name: str) -> bool:
    """Return whether this is a package name that may be written, as lockfiles spell it.

    That is `project.lockfile_lines.full_name`: `@scope/name`, `group:artifact`, `example.com/a/b`.
    No name of another type may be.
    """
    pattern = _NAMES.get(type_)
    return pattern is not None and len(name) <= _PLAIN_CHARS and bool(pattern.fullmatch(name))


def is_version(text: str) -> bool:
    """Return whether this is a version that may be written: no operators, no spaces, no ranges."""
    return len(text) <= _PLAIN_CHARS and bool(_VERSION.fullmatch(text))


def is_image(text: str) -> bool:
    """Return whether this is an image reference that may be written after FROM."""
    return len(text) <= _PLAIN_CHARS and bool(_IMAGE.fullmatch(text))
