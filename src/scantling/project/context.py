"""`.scantling.yaml`: what a project says of itself and of the images built in it.

    product: shop
    criticality: high
    exposure: internet
    images:
      - name: registry.example.com/shop/*
        dockerfile: deploy/Dockerfile
        target: final
        build-args: {TAG: 12-slim}

The file lies in the root of the project and may come with a pull request from anywhere, so it is
data: paths stay in the project, and nothing in it is run.

Source: docs/reference/project-file.md.
"""

from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final, Literal

import msgspec
from msgspec import Struct

from scantling.core import yaml
from scantling.core.errors import InputError, UsageError
from scantling.core.image_name import split
from scantling.core.model.context import Context, Criticality, Exposure
from scantling.project.paths import inside

FILE: Final = ".scantling.yaml"

_MANUAL: Final = "see docs/reference/project-file.md"
_MOST: Final = 1000
"""Images, owners, policies or VEX files of one project."""


class ImageRule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of the images that a pattern matches.

    `dockerfile` is a path in the project (empty: to be found), `arguments` are build arguments;
    `context` is the project's with what the rule says instead. `line` is where it begins.
    """

    name: str
    dockerfile: str = ""
    target: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    context: Context = Context()
    line: int = 0


class Project(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A project. Paths are relative to its root, in the order they are written.

    `baseline` is the report or image to compare with; `path` the file this was read from, empty
    for a project without one.
    """

    context: Context = Context()
    images: tuple[ImageRule, ...] = ()
    baseline: str = ""
    policies: tuple[str, ...] = ()
    exceptions: str = ""
    vex: tuple[str, ...] = ()
    path: str = ""

    def image(self, reference: str) -> ImageRule | None:
        """Return the first rule whose name matches an image reference; None: none does.

        A name without a tag is every tag; `*` stands for anything but `/`, `**` for anything.
        """
        return next((rule for rule in self.images if _is_named(reference, rule.name)), None)

    def context_of(self, reference: str) -> Context:
        """Return what is known about an image: what its rule says, else what the project does."""
        rule = self.image(reference)
        return self.context if rule is None else rule.context


def read_project(data: bytes, *, name: str = FILE) -> Project:
    """Return the project that a file describes. Raises UsageError: file, line, what to do."""
    try:
        document = yaml.read(data, name=name)
        if document.value is None:
            return Project(path=name)
        raw = yaml.convert(document, _File)
    except InputError as error:
        raise UsageError(f"{error}; {_advice(str(error))}") from error
    _check(raw, document)
    context = _context(raw, Context())
    return Project(
        context=context,
        images=tuple(
            _rule(image, context, document.line("images", index))
            for index, image in enumerate(raw.images)
        ),
        baseline=raw.baseline,
        policies=raw.policies,
        exceptions=raw.exceptions,
        vex=raw.vex,
        path=name,
    )


class _Said(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    product: str = ""
    team: str = ""
    repository: str = ""
    criticality: Criticality | None = None
    exposure: Exposure | None = None
    environment: str = ""
    stage: str = ""
    owners: tuple[str, ...] = ()


class _Image(_Said, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    name: str
    dockerfile: str = ""
    target: str = ""
    build_args: dict[str, str] = {}


class _File(_Said, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    version: Literal[1] = 1
    images: tuple[_Image, ...] = ()
    baseline: str = ""
    policies: tuple[str, ...] = ()
    exceptions: str = ""
    vex: tuple[str, ...] = ()


_KEYS: Final = tuple(
    sorted(
        {field.encode_name for type_ in (_File, _Image) for field in msgspec.structs.fields(type_)}
    )
)


def _advice(message: str) -> str:
    """Return what to do about a message of the decoder."""
    found = (
        message.rpartition("unknown field '")[2].rstrip("'") if "unknown field" in message else ""
    )
    near = get_close_matches(found, _KEYS, 1) if found else []
    return f"did you mean {near[0]!r}? ({_MANUAL})" if near else _MANUAL


def _check(raw: _File, document: yaml.Document) -> None:
    """Raise UsageError for what types cannot say: paths that leave the project, empty names."""
    lists: tuple[tuple[str, tuple[object, ...]], ...] = (
        ("images", raw.images),
        ("owners", raw.owners),
        ("policies", raw.policies),
        ("vex", raw.vex),
    )
    for key, values in lists:
        if len(values) > _MOST:
            raise UsageError(f"{document.place(key)}: {len(values)} {key}; at most {_MOST}")
    for key, paths in (("policies", raw.policies), ("vex", raw.vex)):
        for index, path in enumerate(paths):
            _check_path(path, document, key, index)
    if raw.exceptions:
        _check_path(raw.exceptions, document, "exceptions")
    for index, image in enumerate(raw.images):
        if not image.name.strip():
            raise UsageError(
                f"{document.place('images', index, 'name')}: the name is empty; write the image's "
                f"repository, such as registry.example.com/shop/*"
            )
        if image.dockerfile:
            _check_path(image.dockerfile, document, "images", index, "dockerfile")


def _check_path(path: str, document: yaml.Document, *where: str | int) -> None:
    if not inside(path):
        raise UsageError(
            f"{document.place(*where)}: {path!r} is not a path inside the project; write it "
            f"relative to the folder of {document.name}, without '..'"
        )


def _rule(raw: _Image, project: Context, line: int) -> ImageRule:
    return ImageRule(
        name=raw.name.strip(),
        dockerfile=raw.dockerfile,
        target=raw.target,
        arguments=tuple(sorted(raw.build_args.items())),
        context=_context(raw, project),
        line=line,
    )


def _context(raw: _Said, outer: Context) -> Context:
    return Context(
        product=raw.product or outer.product,
        team=raw.team or outer.team,
        repository=raw.repository or outer.repository,
        criticality=raw.criticality or outer.criticality,
        exposure=raw.exposure or outer.exposure,
        environment=raw.environment or outer.environment,
        stage=raw.stage or outer.stage,
        owners=raw.owners or outer.owners,
    )


def _is_named(reference: str, pattern: str) -> bool:
    parts = split(reference)
    given = {reference, reference.partition("@")[0]}
    if parts is not None:
        given |= {parts.repository, f"{parts.repository}:{parts.tag or 'latest'}"}
        given |= {_without_tag(reference)}
    wanted = {pattern}
    named = split(pattern)
    if named is not None and not named.digest:
        wanted.add(named.repository + (f":{named.tag}" if named.tag else ""))
    return any(_fits(one, pattern) for one in given for pattern in wanted)


def _without_tag(reference: str) -> str:
    name = reference.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def _fits(text: str, pattern: str) -> bool:
    if "**" in pattern:
        return fnmatchcase(text, pattern)
    pieces, wanted = text.split("/"), pattern.split("/")
    return len(pieces) == len(wanted) and all(
        fnmatchcase(piece, want) for piece, want in zip(pieces, wanted, strict=True)
    )
