"""Installed Ruby gems: the `.gemspec` files in a `specifications` folder.

RubyGems writes one per installed gem, default gems (part of Ruby itself) included. The files are
Ruby programs, but always of the form that `Gem::Specification#to_ruby` writes; they are read by
that form and never run. Example: `usr/local/bundle/specifications/rake-13.0.6.gemspec`. What it
cannot see: gems in a `vendor` folder without specifications, and code fetched from git.

Source: RubyGems, lib/rubygems/specification.rb (`to_ruby`) and basic_specification.rb (stubs).
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, Found, OpenFile, Unreadable, Want
from scantling.core.model.facts import PackageFact

# `# stub: name version platform require_paths`, in the first lines.
_STUB: Final = re.compile(r"^# stub: (?P<name>\S++) (?P<version>\S++)", re.MULTILINE)
_FIELD: Final = re.compile(
    r"""^[ \t]*+[a-z_]++\.(?P<field>name|version|platform)[ \t]*+=[ \t]*+
    (?:Gem::Version\.new[ (]++)?+(?P<quote>["'])(?P<value>[^"'\n]*+)(?P=quote)""",
    re.MULTILINE | re.VERBOSE,
)
_LICENSES: Final = re.compile(
    r"^[ \t]*+[a-z_]++\.licenses?[ \t]*+=(?P<texts>[^\n]*+)", re.MULTILINE
)
_TEXT: Final = re.compile(r"""(?P<quote>["'])(?P<value>[^"'\n]++)(?P=quote)""")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_VERSION: Final = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z.-]+)?")
_FOLDERS: Final = ("specifications", "specifications/default", "bundler/gems")


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the gem; a second one when the specification and its file name disagree."""
    if not file.folder.endswith(_FOLDERS[:2]):
        return
    text = file.text()
    stem = file.name.removesuffix(".gemspec")
    fields = {match["field"]: match["value"] for match in reversed(list(_FIELD.finditer(text)))}
    stub = _STUB.search(text)
    name = fields.get("name") or (stub["name"] if stub else "")
    version = fields.get("version") or (stub["version"] if stub else "")
    licenses = tuple(
        found["value"] for line in _LICENSES.finditer(text) for found in _TEXT.finditer(line[0])
    )
    if _is_gem(name, version, file):
        yield _gem(name, version, licenses)
        if stem == f"{name}-{version}" or stem.startswith(f"{name}-{version}-"):
            return
    reason = f"it says {name[:100]!r} {version[:100]!r}, its name {stem[:200]!r}"
    yield Unreadable(code="parse.conflict" if name and version else "parse.failed", reason=reason)
    claimed, _, said = stem.rpartition("-")
    if _is_gem(claimed, said, file):
        yield _gem(claimed, said, (), note="by the name of its specification only")


def _is_gem(name: str, version: str, file: OpenFile) -> bool:
    return (
        len(name) <= file.limits.name_chars
        and len(version) <= file.limits.version_chars
        and _NAME.fullmatch(name) is not None
        and _VERSION.fullmatch(version) is not None
    )


def _gem(name: str, version: str, licenses: tuple[str, ...], *, note: str = "") -> PackageFact:
    return PackageFact(type="gem", name=name, version=version, licenses=licenses, note=note)


PLUGIN: Final = Cataloger(
    name="ruby-gemspec",
    version=1,
    wants=(Want(suffix=".gemspec", within="specifications"),),
    parse=parse,
)
