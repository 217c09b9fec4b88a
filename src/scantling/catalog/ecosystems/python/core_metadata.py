"""Core metadata: the header block that says what an installed Python distribution is.

Used by every Python cataloger of this folder. The header parser is our own because the one of the
standard library has no bounds; it agrees with `importlib.metadata` on what a header is.

Source: Core metadata specifications,
https://packaging.python.org/en/latest/specifications/core-metadata/; names as in
https://packaging.python.org/en/latest/specifications/name-normalization/
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.catalog.api import Found, Unreadable
from scantling.core.limits import KIB, Limits
from scantling.core.model.facts import PackageFact

_USED: Final = frozenset({"name", "version", "license", "license-expression", "classifier"})
_ENDS: Final = (b"\n\n", b"\r\n\r\n", b"\r\r")
_BOM: Final = b"\xef\xbb\xbf"
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_SEPARATORS: Final = re.compile(r"[-_.]+")
_VERSION_WORD: Final = re.compile(r"[0-9]+|[a-z]+")
_EGG_PYTHON: Final = re.compile(r"-py[0-9](?:\.[0-9]+)?(?:-.*)?")
# PEP 440 spells pre-releases in several ways and allows to leave the word `post` out.
_WORDS: Final = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc", "v": ""}
_POST: Final = frozenset({"post", "rev", "r"})
_LICENSE_CHARS: Final = KIB
"""Some projects put the whole license text into the field; its beginning is what names it."""


class Claim(Struct, frozen=True, kw_only=True):
    """What the name of a folder or file says; an empty part says nothing."""

    name: str = ""
    version: str = ""


def folder_claim(stem: str) -> Claim:
    """Return what `requests-2.31.0` of `requests-2.31.0.dist-info` says.

    Neither part has a hyphen there (it is written `_`), so the last one separates them. A stem
    without hyphen is a name alone.
    """
    name, hyphen, version = stem.rpartition("-")
    return Claim(name=name, version=version) if hyphen else Claim(name=stem)


def egg_claim(stem: str) -> Claim:
    """Return what `PyYAML-6.0-py3.11` of an egg says; Python and platform are left out."""
    tag = _EGG_PYTHON.search(stem)
    return folder_claim(stem[: tag.start()] if tag else stem)


def distribution(
    data: bytes, claim: Claim, limits: Limits, *, path: str, evidence: str = ""
) -> Iterator[Found]:
    """Yield the distribution that the metadata names, and every doubt about it.

    When metadata and folder disagree both are yielded: importlib believes the metadata, but which
    one tells the truth about the code beside them cannot be known. `path` is where the metadata
    lies; `evidence` goes into the package.
    """
    headers, problems = _headers(data, limits)
    name = _value(headers, "name")
    version = _value(headers, "version")
    problems += _identity_problems(headers, name, version, claim, limits)
    yield from problems
    note = _vendored(path)
    if _is_name(name, limits) and _is_version(version, limits):
        yield PackageFact(
            type="pypi",
            name=normalized(name),
            version=version,
            licenses=_licenses(headers),
            evidence=evidence,
            note=note,
        )
        if not _agrees(claim, name, version):
            yield from _claimed(claim, limits, evidence=evidence, other=f"{name} {version}")
        return
    yield from _claimed(claim, limits, evidence=evidence, other="nothing usable")


def normalized(name: str) -> str:
    """Return the one spelling of a project name: lower case, runs of `-_.` become `-`."""
    return _SEPARATORS.sub("-", name).lower()


def _headers(data: bytes, limits: Limits) -> tuple[dict[str, list[str]], list[Unreadable]]:
    """Return the used headers by lower-case name, values in order, and what was not read."""
    problems: list[Unreadable] = []
    block, complete = _block(data.removeprefix(_BOM))
    if len(block) > limits.record_bytes:
        reason = f"the headers are longer than {limits.record_bytes} bytes"
        problems.append(Unreadable(code="limit.records", reason=reason, limit="record_bytes"))
        block = block[: limits.record_bytes]
    text = block.decode("utf-8", errors="replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    headers = _fields(lines)
    if not complete and lines[-1][:8].lower() == "version:":
        # Every writer ends its lines; a version at the very end may lack its last digits.
        problems.append(Unreadable(code="parse.failed", reason="the file ends within its version"))
    if any("\ufffd" in value for values in headers.values() for value in values):
        problems.append(Unreadable(code="parse.note", reason="a header is not UTF-8"))
    return headers, problems


def _block(data: bytes) -> tuple[bytes, bool]:
    """Return the bytes before the first blank line, and whether the last line was ended."""
    if data[:1] in (b"\n", b"\r"):
        return b"", True
    complete = data[-1:] in (b"\n", b"\r")
    for end in _ENDS:
        at = data.find(end)
        if at >= 0:
            data, complete = data[:at], True
    return data, complete


def _fields(lines: list[str]) -> dict[str, list[str]]:
    """Return the used fields. As in RFC 822, a line that is no header ends the block."""
    headers: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        if line[:1] in (" ", "\t"):
            if current:
                current[-1] += "\n" + line
            continue
        field, colon, value = line.partition(":")
        if not colon or not (field.isascii() and field.isprintable()) or " " in field:
            break
        field = field.lower()
        if field in _USED:
            current = headers.setdefault(field, [])
            current.append(value)
        else:
            current = None
    return headers


def _value(headers: dict[str, list[str]], field: str) -> str:
    return headers[field][0].strip() if field in headers else ""


def _identity_problems(
    headers: dict[str, list[str]], name: str, version: str, claim: Claim, limits: Limits
) -> list[Unreadable]:
    problems: list[Unreadable] = []
    if not _is_name(name, limits):
        reason = f"it has no valid name: {name[:100]!r}"
        problems.append(Unreadable(code="parse.failed", reason=reason))
    if not _is_version(version, limits):
        reason = f"it has no valid version: {version[:100]!r}"
        problems.append(Unreadable(code="parse.failed", reason=reason))
    for field in ("name", "version"):
        values = {value.strip() for value in headers.get(field, ())}
        if len(values) > 1:
            reason = f"it has {len(values)} values of {field}: {_listed(values)}"
            problems.append(Unreadable(code="parse.conflict", reason=reason))
    if not problems and not _agrees(claim, name, version):
        reason = f"it says {name} {version}, its folder {claim.name} {claim.version}"
        problems.append(Unreadable(code="parse.conflict", reason=reason))
    return problems


def _listed(values: set[str]) -> str:
    return ", ".join(repr(value[:100]) for value in sorted(values)[:5])


def _is_name(name: str, limits: Limits) -> bool:
    return len(name) <= limits.name_chars and _NAME.fullmatch(name) is not None


def _is_version(version: str, limits: Limits) -> bool:
    return (
        0 < len(version) <= limits.version_chars
        and version.isprintable()
        and "\ufffd" not in version
    )


def _agrees(claim: Claim, name: str, version: str) -> bool:
    if claim.name and normalized(claim.name) != normalized(name):
        # Old tools left hyphens in a name, so a name may end at another hyphen than the last.
        return normalized(f"{claim.name}-{claim.version}") == normalized(f"{name}-{version}")
    return not claim.version or claim.version == version or _same(claim.version, version)


def _same(first: str, second: str) -> bool:
    """Tell whether two spellings are one version; folders have `_` or `.` for other separators."""
    return _words(first) == _words(second)


def _words(version: str) -> list[str]:
    found: list[str] = _VERSION_WORD.findall(version.lower())
    words = [_WORDS.get(word, word).lstrip("0") for word in found if word not in _POST]
    return [word for word in words if word]


def _claimed(claim: Claim, limits: Limits, *, evidence: str, other: str) -> Iterator[Found]:
    """Yield the package that the folder's name alone vouches for, if it names one."""
    if _is_name(claim.name, limits) and _is_version(claim.version, limits):
        yield PackageFact(
            type="pypi",
            name=normalized(claim.name),
            version=claim.version,
            evidence=evidence,
            note=f"by the folder's name; its metadata says {other}",
        )


def _licenses(headers: dict[str, list[str]]) -> tuple[str, ...]:
    texts = [*headers.get("license-expression", ())[:1], *headers.get("license", ())[:1]]
    texts += [text for text in headers.get("classifier", ()) if text.lstrip()[:7] == "License"]
    stripped = (text.strip() for text in texts)
    return tuple(_cut(text) for text in stripped if text and text.upper() != "UNKNOWN")


def _cut(text: str) -> str:
    return text if len(text) <= _LICENSE_CHARS else text[: _LICENSE_CHARS - 1] + "…"


def _vendored(path: str) -> str:
    """Return a note for a copy that another distribution carries inside itself."""
    parts = path.split("/")
    if "_vendor" in parts[1:]:
        return f"a copy inside {parts[parts.index('_vendor', 1) - 1]}"
    return ""
