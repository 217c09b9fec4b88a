"""The options of the gate, and what they become: context, VEX, policies, project.

A project's `.scantling.yaml` stands for the same options; what the command line says comes first.
"""

# ruff: noqa: PLC0415 - most scans have no project, no VEX and no policy, and load none of it

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec.structs import replace

from scantling.cli.options import data_dir, setting
from scantling.core.errors import UsageError
from scantling.core.model.context import Context, Criticality, Exposure
from scantling.core.model.inventory import Inventory
from scantling.core.model.report import InputFile
from scantling.core.text import octets
from scantling.gate import Gate, Heard

if TYPE_CHECKING:
    from scantling.assess.policy.document import Acceptance, Policy
    from scantling.project.context import Project
    from scantling.project.find import FoundDockerfile

_CONTEXT: Final = ("product", "team", "repository", "environment", "stage")
_RUNNING: Final = ("manifests", "as_configured", "answer", "conditions")
_PROJECT_FILE: Final = ".scantling.yaml"
_Word = TypeVar("_Word", Criticality, Exposure)


def add_gate_options(parser: argparse.ArgumentParser) -> None:
    """Add what a decision rests on beside the image and the advisories."""
    add_context_options(parser)
    add_running_options(parser)
    change = parser.add_argument_group("change")
    change.add_argument(
        "--baseline",
        metavar="REPORT|IMAGE",
        help="say what is new and what is fixed since this JSON report, or this image",
    )
    change.add_argument(
        "--new-only",
        action="store_true",
        help="let --fail-on block for findings that the baseline does not have",
    )
    policy = parser.add_argument_group("policy")
    policy.add_argument(
        "--policy",
        metavar="NAME|FILE",
        action="append",
        default=[],
        help="decide by this policy: a built-in one (scantling policy list), a file, or"
        " organization=FILE, team=FILE, project=FILE (repeatable)",
    )
    policy.add_argument(
        "--exceptions",
        metavar="FILE",
        action="append",
        default=[],
        help="exceptions from policies, as FILE or LAYER=FILE (repeatable)",
    )


def add_context_options(parser: argparse.ArgumentParser) -> None:
    """Add what is known about the image's place: project, names, bases, VEX."""
    group = parser.add_argument_group("context")
    group.add_argument(
        "--project",
        metavar="DIR",
        help="the project that builds the image: its .scantling.yaml, Dockerfile, lockfiles and"
        " CODEOWNERS (default: this folder, if it has a .scantling.yaml)",
    )
    group.add_argument("--dockerfile", metavar="FILE", help="the Dockerfile that built the image")
    group.add_argument(
        "--image-name",
        metavar="NAME",
        action="append",
        default=[],
        help="what the image is called elsewhere: a repository or a digest (repeatable)",
    )
    group.add_argument(
        "--context",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help=f"what the image is for: {', '.join(_CONTEXT)}, owner; criticality ="
        f" {', '.join(map(str, Criticality))}; exposure = {', '.join(map(str, Exposure))}",
    )
    group.add_argument("--bases", metavar="DIR", help="the index of known base images")
    group.add_argument(
        "--vex",
        metavar="PATH",
        action="append",
        default=[],
        help="trust this VEX document, folder of documents, or VEX repository (repeatable)",
    )


def add_running_options(parser: argparse.ArgumentParser) -> None:
    """Add how the image runs, which conditions of exploitability are weighed by."""
    group = parser.add_argument_group("running")
    group.add_argument(
        "--manifests",
        metavar="PATH",
        action="append",
        default=[],
        help="a Kubernetes manifest, or a folder of them, that run the image: findings that cannot"
        " matter there are suppressed with the evidence; name all that run it (repeatable)",
    )
    group.add_argument(
        "--as-configured",
        action="store_true",
        help="without manifests: the image only ever runs as its own configuration says",
    )
    group.add_argument(
        "--answer",
        metavar="NAME=yes|no",
        action="append",
        default=[],
        help="an answer to what only you know; scantling conditions check prints the names",
    )
    add_conditions_option(parser)


def add_conditions_option(parser: argparse.ArgumentParser) -> None:
    """Add which conditions there are beside the built-in ones."""
    parser.add_argument(
        "--conditions",
        metavar="FILE",
        action="append",
        default=[],
        help="a file of further conditions; one with the id of a built-in one stands for it"
        " (repeatable)",
    )


def gate_of(args: argparse.Namespace) -> Gate:
    """Return the gate that the options and the project's file describe.

    Raises UsageError (what, where, what to do) before anything is scanned.
    """
    reference = args.image_name[0] if args.image_name else args.target
    root = _root(args.project)
    project = None if root is None else _project(root)
    gate = Gate(
        context=_context(args.context, project.context_of(reference) if project else Context()),
        names=tuple(args.image_name),
        bases=Path(setting(args.bases, "BASES") or data_dir() / "bases"),
        vex=_vex(args.vex, root, project, tuple(args.image_name)),
    )
    if any(getattr(args, name, None) for name in _RUNNING):
        from scantling.cli.running import conditional

        gate = replace(gate, conditions=conditional(args))
    gate = _with_policies(gate, args, root, project)
    gate = _with_files(gate, args.dockerfile, root, project, reference)
    return replace(gate, files=_files(args, root, project))


def _files(
    args: argparse.Namespace, root: Path | None, project: "Project | None"
) -> tuple[InputFile, ...]:
    """Return the files that the gate was read from, for the record."""
    named = [("vex", one) for one in args.vex]
    named += [("policy", one.rpartition("=")[2]) for one in getattr(args, "policy", ())]
    named += [("exceptions", one.rpartition("=")[2]) for one in getattr(args, "exceptions", ())]
    named += [("manifests", one) for one in getattr(args, "manifests", ())]
    named += [("dockerfile", args.dockerfile)] if args.dockerfile else []
    found = [(role, path, Path(path)) for role, path in named]
    if root is not None and project is not None:
        own = [("project", _PROJECT_FILE), *(("vex", one) for one in project.vex)]
        own += [("policy", one) for one in project.policies]
        own += [("exceptions", project.exceptions)] if project.exceptions else []
        found += [(role, path, root / path) for role, path in own]
    return tuple(
        InputFile(role=role, path=path, digest=digest_of(place))
        for role, path, place in found
        if place.exists()  # else it is the name of a built-in policy
    )


def baseline_name(args: argparse.Namespace) -> str:
    """Return the report or image to compare with; empty: none. Raises UsageError.

    What the project's file names is relative to it, if it is a file.
    """
    named: str = args.baseline or ""
    root = None if named else _root(args.project)
    if root is not None:
        named = _project(root).baseline
        if named and (root / named).exists():
            named = str(_inside(root, named, "baseline"))
    if args.new_only and not named:
        raise UsageError("--new-only needs a --baseline to tell what is new")
    return named


def _root(named: str | None) -> Path | None:
    if named is None:
        here = Path()
        return here.resolve() if os.path.lexists(here / _PROJECT_FILE) else None
    from scantling.project.find import find_root

    return find_root(Path(named))


def _project(root: Path) -> "Project":
    from scantling.project.find import load_project

    return load_project(root)


def _context(words: Sequence[str], known: Context) -> Context:
    """Return what is known with what the command line says instead. Raises UsageError."""
    owners: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not value:
            raise UsageError(f"--context KEY=VALUE needs both sides of the equals sign: {word!r}")
        if key == "criticality":
            known = replace(known, criticality=_one_of(Criticality, value, key))
        elif key == "exposure":
            known = replace(known, exposure=_one_of(Exposure, value, key))
        elif key == "owner":
            owners.append(value)
        elif key in _CONTEXT:
            known = replace(known, **{key: value})
        else:
            names = ", ".join((*_CONTEXT, "criticality", "exposure", "owner"))
            raise UsageError(f"--context: there is no {key!r}; it can be one of {names}")
    return replace(known, owners=tuple(owners)) if owners else known


def _one_of(kind: type[_Word], value: str, key: str) -> _Word:
    try:
        return kind(value.lower())
    except ValueError:
        allowed = ", ".join(map(str, kind))
        raise UsageError(f"--context {key} is one of {allowed}; not {value!r}") from None


def _vex(
    named: Sequence[str], root: Path | None, project: "Project | None", names: tuple[str, ...]
) -> Callable[[Inventory], Heard] | None:
    """Return what loads the VEX of the command line and of the project; None: there is none.

    Both are trusted: whoever writes the project's file writes its exceptions, too.
    """
    paths = [Path(one) for one in named]
    if root is not None and project is not None:
        paths += [_inside(root, one, "vex") for one in project.vex]
    if not paths:
        return None
    for path in paths:
        if not path.exists():
            raise UsageError(f"--vex: there is nothing at {path}")

    def load(inventory: Inventory) -> Heard:
        from scantling.cli.vexes import VexSource, load_vex

        loaded = load_vex(
            [VexSource(path=path) for path in paths],
            inventory.packages,
            inventory.image,
            also_named=names,
        )
        return Heard(statements=loaded.statements, gaps=loaded.gaps, catalogs=loaded.catalogs)

    return load


def _with_policies(
    gate: Gate, args: argparse.Namespace, root: Path | None, project: "Project | None"
) -> Gate:
    policies = [*getattr(args, "policy", ())]
    exceptions = [*getattr(args, "exceptions", ())]
    if root is not None and project is not None:
        policies += [_policy_word(root, one) for one in project.policies]
        if project.exceptions:
            exceptions.append(str(_inside(root, project.exceptions, "exceptions")))
    if exceptions and not policies:
        raise UsageError("--exceptions are from policies: name one with --policy")
    if not policies:
        return gate
    from scantling.assess.policy.library import exceptions_of, policies_of

    found: tuple[Policy, ...] = policies_of(policies)
    accepted: tuple[Acceptance, ...] = exceptions_of(exceptions)
    return replace(gate, policies=found, exceptions=accepted)


def _policy_word(root: Path, word: str) -> str:
    """Return a policy as the project's file names it: built in, or a file of the project."""
    from scantling.assess.policy.library import BUILT_IN

    return word if word in BUILT_IN else str(_inside(root, word, "policies"))


def _with_files(
    gate: Gate, dockerfile: str | None, root: Path | None, project: "Project | None", name: str
) -> Gate:
    """Return the gate with the Dockerfile and the lockfiles of the project, and their owners."""
    if root is None:
        return gate if dockerfile is None else replace(gate, dockerfile=_read(dockerfile, root))
    from scantling.project import find
    from scantling.project.context import Project

    gate = replace(gate, locks=find.load_lockfiles(root))
    if dockerfile is not None:
        found = _read(dockerfile, root)
    else:
        likely = find.find_dockerfile(root, project or Project(), name)
        if likely is None:
            return gate
        found = likely
    owners = gate.context.owners or find.owners_of(root, found.path)
    return replace(gate, dockerfile=found, context=replace(gate.context, owners=owners))


def _read(dockerfile: str, root: Path | None) -> "FoundDockerfile":
    from scantling.project import find
    from scantling.project.dockerfile.parse import parse

    path = Path(dockerfile)
    text = find.read_text(path.parent, path.name, most_bytes=find.DOCKERFILE_BYTES)
    if text is None:
        raise UsageError(f"--dockerfile: {dockerfile} cannot be read; name a file")
    shown = path.name if root is None else _shown(path, root)
    return find.FoundDockerfile(path=shown, file=parse(text))


def digest_of(path: Path) -> str:
    """Return the digest of a file, or of the names and digests of a folder's files."""
    from hashlib import file_digest, sha256

    if path.is_file():
        with path.open("rb") as file:
            return f"sha256:{file_digest(file, 'sha256').hexdigest()}"
    whole = sha256()
    for one in sorted(path.rglob("*")):
        if one.is_file():
            whole.update(octets(f"{one.relative_to(path)}\0{digest_of(one)}\n"))
    return f"sha256:{whole.hexdigest()}"


def _shown(path: Path, root: Path) -> str:
    """Return a path relative to the project, as it is where it lies elsewhere."""
    whole = path.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else path.as_posix()


def _inside(root: Path, path: str, key: str) -> Path:
    """Return a file that the project's file names. Raises UsageError if it leads out of it."""
    whole = (root / path).resolve()
    if not whole.is_relative_to(root):
        raise UsageError(f"{_PROJECT_FILE}, {key}: {path!r} lies outside the project {root}")
    return whole
