"""Package URLs taken apart, and brought to one spelling for comparing.

Source: Package URL specification, https://github.com/package-url/purl-spec ("How to parse a purl
string in its components"), and the type definitions there for what is case-insensitive.
"""

import re
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

_MOST_CHARS: Final = 8192
_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*+")
_RUNS: Final = re.compile(r"[-_.]++")
_CASELESS: Final = frozenset(
    {"apk", "bitbucket", "composer", "deb", "docker", "github", "golang", "hex", "nuget", "oci"}
)


class Parts(Struct, frozen=True):
    """The components, decoded. `namespace` has its parts joined by `/`; empty: there is none."""

    type: str
    namespace: str
    name: str
    version: str = ""
    qualifiers: tuple[tuple[str, str], ...] = ()
    subpath: str = ""

    def qualifier(self, key: str) -> str:
        """Return the value of a qualifier, empty if it is not there."""
        return next((value for name, value in self.qualifiers if name == key), "")


def parse(text: str) -> Parts | None:
    """Return the components, type and qualifier keys in lower case; None if it is no package URL.

    Case and separators of names stay as written: see `key`.
    """
    if not text.startswith("pkg:") or len(text) > _MOST_CHARS:
        return None
    body, _, subpath = text.removeprefix("pkg:").lstrip("/").partition("#")
    body, _, query = body.partition("?")
    kind, slash, path = body.partition("/")
    path = path.strip("/")
    # An "@" begins the version only after the last slash: `@scope` of npm begins a name. But a
    # version may hold slashes where a tool did not encode them.
    head, at, version = path.rpartition("@")
    if not at or not head or head.endswith("/"):
        head, version = path, ""
    namespace, _, name = head.rpartition("/")
    name = unquote(name)
    if not slash or not _TYPE.fullmatch(kind) or not name:
        return None
    return Parts(
        type=kind.lower(),
        namespace="/".join([unquote(part) for part in namespace.split("/") if part]),
        name=name,
        version=unquote(version),
        qualifiers=_qualifiers(query),
        subpath=unquote(subpath).strip("/"),
    )


def key(parts: Parts) -> tuple[str, str, str]:
    """Return (type, namespace, name) in the spelling that equals say the same package."""
    kind, namespace, name = parts.type, parts.namespace, parts.name
    if kind in _CASELESS:
        return kind, namespace.lower(), name.lower()
    if kind == "pypi":  # PEP 503
        return kind, "", _RUNS.sub("-", name).lower()
    if kind == "rpm":
        return kind, namespace.lower(), name
    return kind, namespace, name


def _qualifiers(query: str) -> tuple[tuple[str, str], ...]:
    if not query:
        return ()
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return tuple(sorted((name.lower(), unquote(value)) for name, _, value in pairs if value))
