"""Installed packages in control data: what dpkg and opkg say is on the disk.

Source: dpkg(1), "Package states"; Debian Policy 5.6.1 (Source), 5.6.7 (Package), 5.6.12 (Version).
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import OpenFile, Unreadable
from scantling.catalog.ecosystems.dpkg.stanzas import Stanza, read_stanzas
from scantling.core.model.facts import PackageFact

# Wider than Policy, which has neither capitals nor underscores; opkg has both.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._~-]*+")
_VERSION: Final = re.compile(r"[0-9A-Za-z.+:~^_-]++")
_SOURCE: Final = re.compile(r"(?P<name>[^\s()]++)(?:[ ]*+\((?P<version>[^\s()]++)\))?+")

_INSTALLED: Final = "install ok installed"
_GONE: Final = frozenset({"not-installed", "config-files"})
# State: what a reader must know, empty if the files are there and complete.
_STATES: Final = {
    "installed": "",
    "half-installed": "half-installed: an installation or removal did not finish",
    "unpacked": "unpacked, but not configured",
    "half-configured": "half-configured: its configuration did not finish",
    "triggers-awaited": "",
    "triggers-pending": "",
}


def read_packages(
    file: OpenFile, *, kind: str, note: str = "", stateful: bool = True
) -> Iterator[PackageFact | Unreadable]:
    """Yield the packages that are on the disk, in the file's order, and every damaged record.

    `kind` is the package URL type. Removed packages of which only configuration is left are not
    on the disk. `note` is added to every package. `stateful` says that records should have a
    Status; one without is taken as installed, since hiding it would be worse, and noted.
    """
    number = 0
    for stanza in read_stanzas(file):
        if isinstance(stanza, Unreadable):
            yield stanza
            continue
        number += 1
        state = stanza.get("Status", "" if stateful else _INSTALLED)
        remark = note
        if state != _INSTALLED:
            word = state.rpartition(" ")[2]
            if word in _GONE and state.count(" ") == 2:  # noqa: PLR2004 - want, flag, state
                continue
            remark = "; ".join(part for part in (note, _remark(state, word)) if part)
            if word not in _STATES and state:
                yield _unreadable(number, "its Status is not one of dpkg's")
        yield _package(stanza, kind, remark, file, number)


def _remark(state: str, word: str) -> str:
    if not state:
        return "its state is not recorded"
    return _STATES.get(word, "its state is not known")


def _package(
    stanza: Stanza, kind: str, note: str, file: OpenFile, number: int
) -> PackageFact | Unreadable:
    name = stanza.get("Package", "")
    version = stanza.get("Version", "")
    if not _NAME.fullmatch(name):
        return _unreadable(number, "it has no valid Package")
    if not _VERSION.fullmatch(version):
        return _unreadable(number, f"{name} has no valid Version")
    if len(name) > file.limits.name_chars:
        return _unreadable(number, "its Package is too long", limit="name_chars")
    if len(version) > file.limits.version_chars:
        return _unreadable(number, f"the Version of {name} is too long", limit="version_chars")
    source_name, source_version = "", ""
    # In opkg's databases Source is a folder of the build tree.
    if kind == "deb" and "Source" in stanza:
        source_name, source_version = _source(stanza["Source"], name, version)
        if not source_name:
            return _unreadable(number, f"the Source of {name} is not readable")
        if (source_name, source_version) == (name, version):
            source_name, source_version = "", ""
    return PackageFact(
        type=kind,
        name=name,
        version=_without_zero_epoch(version),
        source_name=source_name,
        source_version=_without_zero_epoch(source_version),
        arch=stanza.get("Architecture", ""),
        vendor=stanza.get("Maintainer", ""),
        note=note,
    )


def _source(value: str, name: str, version: str) -> tuple[str, str]:
    """Return source package and its version: `gcc-12 (12.2.0-14)`, or `gcc-12` of the same one."""
    match = _SOURCE.fullmatch(value)
    if match is None:
        return "", ""
    return match["name"] or name, match["version"] or version


def _without_zero_epoch(version: str) -> str:
    return version.removeprefix("0:")


def _unreadable(number: int, what: str, *, limit: str = "") -> Unreadable:
    return Unreadable(code="parse.record", reason=f"record {number}: {what}", limit=limit)
