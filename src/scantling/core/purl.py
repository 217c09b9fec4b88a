"""Package URLs: building and taking apart.

Source: Package URL specification, https://github.com/package-url/purl-spec (PURL-SPECIFICATION.rst,
"Character encoding", and the type definitions). Our own builder because a scan makes thousands;
`packageurl-python` is the oracle in the tests.
"""

import re
from typing import Final
from urllib.parse import quote, unquote

from scantling.core.text import octets

_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:-]*+")
_SAFE: Final = ":"  # unreserved characters (letters, digits, -._~) and the colon stay as they are
_LOWER_NAMES: Final = frozenset({"apk", "bitbucket", "composer", "deb", "github", "hex", "pypi"})
_LOWER_NAMESPACES: Final = frozenset(
    {"alpm", "apk", "bitbucket", "composer", "deb", "github", "rpm"}
)


def build(
    type_: str,
    namespace: str,
    name: str,
    version: str = "",
    *,
    qualifiers: tuple[tuple[str, str], ...] = (),
    subpath: str = "",
) -> str:
    """Return the canonical package URL of decoded components; qualifiers in any order.

    Case and underscore rules of the types are applied (`pypi`: lower case, `_` becomes `-`).
    """
    if type_ in _LOWER_NAMES:
        name = name.lower()
    if type_ in _LOWER_NAMESPACES:
        namespace = namespace.lower()
    if type_ == "pypi":
        name = name.replace("_", "-")
    if not (qualifiers or subpath) and _PLAIN.fullmatch(f"{namespace}{name}{version}"):
        # Most packages of an image: nothing to escape, no parts to split.
        path = f"{namespace}/{name}" if namespace else name
        return f"pkg:{type_}/{path}@{version}" if version else f"pkg:{type_}/{path}"
    parts = ["pkg:", type_, "/"]
    if namespace:
        parts += ["/".join(_quoted(part) for part in namespace.split("/") if part), "/"]
    parts.append(_quoted(name))
    if version:
        parts += ["@", _quoted(version)]
    if qualifiers:
        parts += [
            "?",
            "&".join(f"{key}={_quoted(value)}" for key, value in sorted(qualifiers) if value),
        ]
    if subpath:
        segments = (part for part in subpath.split("/") if part not in {"", ".", ".."})
        parts += ["#", "/".join(_quoted(part) for part in segments)]
    return "".join(parts)


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return quote(octets(text), safe=_SAFE)


def without_version(purl: str) -> str:
    """Return what stays the same across versions: `pkg:type/namespace/name`."""
    body = purl.partition("#")[0].partition("?")[0]
    head, at, _ = body.rpartition("@")
    return head if at and "/" in head else body


def name_of(purl: str) -> str:
    """Return `namespace/name`, decoded: what a person calls the package."""
    path = without_version(purl).partition("/")[2]
    return unquote(path, errors="surrogateescape")
