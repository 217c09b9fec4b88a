"""Which images a build used, as BuildKit says in its provenance.

SLSA v0.2 lists them as `predicate.materials`, v1 as `predicate.buildDefinition.
resolvedDependencies`; images are package URLs: `pkg:docker/python@3.12-slim?digest=sha256:…`.
A build with several stages uses several images and does not say which one the result stands on.

Source: https://slsa.dev/spec/v0.2/provenance and v1.1; BuildKit, docs/attestations/
slsa-definitions.md; Package URL specification, type `docker`.
"""

from typing import Final
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError, TargetError
from scantling.core.text import neutral
from scantling.image.refs import is_digest, parse_registry

_PREFIX: Final = "pkg:docker/"
_PREDICATES: Final = ("https://slsa.dev/provenance/",)
_FRONTENDS: Final = ("docker.io/docker/dockerfile",)
"""Images that read the Dockerfile or list packages; nothing ever stands on them."""
_TOOLS: Final = ("docker.io/docker/buildkit-syft-scanner", "docker.io/docker/scout-sbom-indexer")


class Material(Struct, frozen=True, kw_only=True, order=True):
    """An image that a build used. `tag` and `digest` may be empty."""

    name: str
    tag: str = ""
    digest: str = ""


class Provenance(Struct, frozen=True, kw_only=True):
    """The images that a build used, sorted, without those that are tools of the build."""

    materials: tuple[Material, ...] = ()


class _Dependency(Struct):
    uri: str = ""
    digest: dict[str, str] = {}


class _Build(Struct):
    resolvedDependencies: list[_Dependency] | None = None  # noqa: N815 - the specification's spelling


class _Predicate(Struct):
    materials: list[_Dependency] | None = None
    buildDefinition: _Build | None = None  # noqa: N815


class _Statement(Struct):
    predicateType: str = ""  # noqa: N815
    predicate: msgspec.Raw = msgspec.Raw(b"null")


def read_provenance(statements: tuple[bytes, ...]) -> Provenance | None:
    """Return what the statements say of the images that were used; None if none is provenance.

    Raises InputError (`base.unread`) if one of them cannot be read.
    """
    found: set[Material] = set()
    told = False
    for data in statements:
        try:
            statement = msgspec.json.decode(data, type=_Statement)
            if not statement.predicateType.startswith(_PREDICATES):
                continue
            predicate = msgspec.json.decode(statement.predicate, type=_Predicate)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise InputError(
                "base.unread",
                f"the provenance of the image is not valid: {neutral(str(error), limit=200)}",
            ) from error
        told = True
        build = predicate.buildDefinition or _Build()
        used = (*(predicate.materials or ()), *(build.resolvedDependencies or ()))
        found |= {material for one in used if (material := _material(one)) is not None}
    return Provenance(materials=tuple(sorted(found))) if told else None


def _material(used: _Dependency) -> Material | None:
    """Return the image that is meant; None for a tool, and for what is no image."""
    if not used.uri.startswith(_PREFIX):
        return None
    body, _, query = used.uri.removeprefix(_PREFIX).partition("#")[0].partition("?")
    qualifiers = dict(parse_qsl(query))
    path, _, version = body.rpartition("@") if "@" in body else (body, "", "")
    name = unquote(path)
    home = qualifiers.get("repository_url", "").rstrip("/")
    try:
        ref = parse_registry(f"{home}/{name}" if home else name)
    except TargetError:
        return None
    repository = f"{ref.registry}/{ref.repository}"
    if repository.startswith(_FRONTENDS) or repository in _TOOLS:
        return None
    version = unquote(version)
    said = (
        qualifiers.get("digest", ""),
        version,
        f"sha256:{used.digest.get('sha256', '')}",
    )
    return Material(
        name=repository,
        tag="" if is_digest(version) else version or qualifiers.get("tag", ""),
        digest=next(filter(is_digest, said), ""),
    )
