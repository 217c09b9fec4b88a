"""Alpine's security database format, which Wolfi and Chainguard use too. Shared by their feeds.

A document says, for each source package of one repository, which version fixed which ids. Version
`0` means that the package was never affected. One id text may hold several names
(`CVE-2017-2616 CVE-2018-7738 XSA-254 (LMP)`): each CVE makes a statement, the other names are its
aliases. Slips such as `CVE_2019-2426` or `CVE-2017-8933.patch` are read as meant, and so is a
version whose revision lacks its `r` or its hyphen (`1.2.31-0`, `1.34.0_r0`).

Cannot see: vulnerabilities that are not fixed.

Source: https://secdb.alpinelinux.org/, and the comment `secfixes` of APKBUILD(5).
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct, field

from scantling.advisories.api import Document, Record, Spool, Unreadable
from scantling.advisories.decode import from_json
from scantling.advisories.ecosystems import key_of
from scantling.advisories.identifiers import unique
from scantling.advisories.yaml import to_json
from scantling.core.errors import InputError
from scantling.core.model.advisory import Advisory, Fix, Interval, Statement, Status


class _Nothing(Struct, forbid_unknown_fields=True):
    """`{}`: how the publisher's generator, written in Lua, spells an empty list."""


class _Package(Struct):
    name: str
    secfixes: dict[str, list[str] | dict[str, msgspec.Raw] | None] | list[msgspec.Raw] = field(
        default_factory=dict
    )


class _Entry(Struct):
    pkg: _Package


class _Repository(Struct):
    distroversion: str = ""
    reponame: str = ""
    packages: list[msgspec.Raw] | _Nothing | None = None


class _Ids(Struct, frozen=True):
    """What one id text names."""

    vulnerabilities: tuple[str, ...]
    aliases: tuple[str, ...]


_DECODER: Final = msgspec.json.Decoder(_Repository)
_ENTRY: Final = msgspec.json.Decoder(_Entry)
_SUFFIXES: Final = (".json", ".yaml", ".yml")
_CVE: Final = re.compile(r"CVE[-_ ](?P<year>[0-9]{4})-(?P<number>[0-9]{4,19})(?![0-9-])")
_OTHER: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+")
_NEVER: Final = "0"
_SLIPPED: Final = re.compile(r"(?P<version>.+)(?:-|_r)(?P<revision>[0-9]+)")
_RELEASE: Final = re.compile(r"v?(?P<release>[0-9]+\.[0-9]+|edge)")


def records(spool: Spool, *, source: str, distro: str, files: tuple[str, ...]) -> Iterator[Record]:
    """Yield an advisory for each (document, id), and `Unreadable` for ids that name nothing.

    `distro` is the os-release ID; `files` are the names of the files to read, without their suffix.
    """
    for document in spool.documents():
        stem, dot, suffix = document.name.rpartition("/")[2].rpartition(".")
        if stem in files and dot + suffix in _SUFFIXES:
            yield from _document(document, source, distro)


def _document(document: Document, source: str, distro: str) -> Iterator[Record]:
    try:
        is_json = document.name.endswith(".json")
        data = document.data if is_json else to_json(document.data, what="repository")
        repository = from_json(data, _DECODER, what="repository")
        ecosystem = f"apk/{distro}:{_release(repository, document.name)}"
    except InputError as error:
        yield Unreadable(record=document.name, reason=error.detail)
        return
    packages = repository.packages if isinstance(repository.packages, list) else []
    for number, data in enumerate(packages):
        try:
            package = from_json(bytes(data), _ENTRY, what=f"package {number}").pkg
            fixes = tuple(_fixes(package))
        except InputError as error:
            yield Unreadable(record=document.name, reason=error.detail)
            continue
        yield from _package(package.name, fixes, document.name, source, ecosystem)


def _release(repository: _Repository, name: str) -> str:
    """Return `3.18` or `edge`; empty where the distribution has no releases.

    Raises InputError when the document names a version that is none.
    """
    if not repository.distroversion:
        return ""
    found = _RELEASE.fullmatch(repository.distroversion)
    if found is None:
        raise InputError("advisories.record", f"{name}: not a release: {repository.distroversion}")
    return found["release"]


def _fixes(package: _Package) -> Iterator[tuple[str, str]]:
    """Yield (version, id text). Raises InputError where an empty list was to be expected."""
    secfixes = package.secfixes
    if isinstance(secfixes, list):
        if secfixes:
            raise InputError("advisories.record", f"{package.name}: secfixes is a list")
        return
    for version, texts in secfixes.items():
        if isinstance(texts, dict) and texts:
            raise InputError("advisories.record", f"{package.name} {version}: not a list of ids")
        yield from ((version, text) for text in texts or ())


def _package(
    name: str, fixes: tuple[tuple[str, str], ...], file: str, source: str, ecosystem: str
) -> Iterator[Record]:
    statements: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for version, text in fixes:
        ids = _ids(text)
        if not ids.vulnerabilities:
            reason = f"{name} {version}: {text!r} names no vulnerability"
            yield Unreadable(record=file, reason=reason)
        for vulnerability in ids.vulnerabilities:
            statements.setdefault(vulnerability, []).append((version, ids.aliases))
    for vulnerability, said in statements.items():
        yield Advisory(
            id=vulnerability,
            source=source,
            aliases=unique(alias for _, aliases in said for alias in aliases),
            statements=tuple(_statements(ecosystem, name, vulnerability, said)),
        )


def _ids(text: str) -> _Ids:
    cves = unique(f"CVE-{found['year']}-{found['number']}" for found in _CVE.finditer(text))
    # A broken CVE id is not another name of anything.
    others = unique(
        token
        for token in _CVE.sub(" ", text).split()
        if _OTHER.fullmatch(token) and not token.startswith("CVE") and _is_numbered(token)
    )
    return _Ids(cves, others) if cves else _Ids(others[:1], others[1:])


def _is_numbered(text: str) -> bool:
    """Return whether it has a number, or is of the one kind of id that may have none."""
    return text.startswith("GHSA-") or any(character in "0123456789" for character in text)


def _statements(
    ecosystem: str, package: str, vulnerability: str, said: list[tuple[str, tuple[str, ...]]]
) -> Iterator[Statement]:
    """Yield what the versions say. Several fixes of one id: the later one was needed as well."""
    fixed = unique(_meant(version, ecosystem) for version, _ in said if version != _NEVER)
    if fixed:
        yield Statement(
            ecosystem=ecosystem,
            package=package,
            vulnerability=vulnerability,
            fix=Fix.FIXED,
            ranges=tuple(Interval(high=version) for version in fixed),
            fixed_in=fixed,
            source_package=True,
        )
    else:
        yield Statement(
            ecosystem=ecosystem,
            package=package,
            vulnerability=vulnerability,
            status=Status.NOT_AFFECTED,
            word=_NEVER,
            source_package=True,
        )


def _meant(version: str, ecosystem: str) -> str:
    """Return the version, with its revision spelled right where only that keeps it from a key."""
    key = key_of(ecosystem)
    slipped = _SLIPPED.fullmatch(version) if key(version) is None else None
    if slipped is None:
        return version
    repaired = f"{slipped['version']}-r{slipped['revision']}"
    return version if key(repaired) is None else repaired
