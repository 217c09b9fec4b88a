"""How an image runs, as the user tells it: manifests, answers, further conditions."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from scantling.assess.conditions.evaluate import Told, evaluate
from scantling.assess.conditions.library import conditions_of
from scantling.assess.conditions.manifests import MANIFEST_BYTES, read_manifests
from scantling.assess.conditions.model import Condition
from scantling.assess.policy.library import file_bytes
from scantling.core.errors import UsageError
from scantling.core.model.finding import Finding
from scantling.core.model.inventory import Inventory
from scantling.core.model.vex import VexStatement

_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})
_MOST_FILES: Final = 10_000


def told_of(args: argparse.Namespace) -> Told:
    """Return what the options say of how the image runs. Raises UsageError."""
    return Told(
        names=tuple(args.image_name),
        as_configured=args.as_configured,
        answers=dict(map(_answer, args.answer)),
        trusted=True,
    )


def conditions_named(args: argparse.Namespace) -> tuple[Condition, ...]:
    """Return the built-in conditions with those of the files that the user names."""
    return conditions_of((name, file_bytes(name)) for name in args.conditions)


def conditional(
    args: argparse.Namespace,
) -> Callable[[tuple[Finding, ...], Inventory], tuple[VexStatement, ...]]:
    """Return what says which findings cannot matter as the image runs.

    Everything that the user names is read here, so that what is wrong with it is said early.
    """
    told, conditions = told_of(args), conditions_named(args)
    manifests = read_manifests(manifest_files(args.manifests))
    if manifests.unread:
        raise UsageError(f"--manifests: {manifests.unread[0].reason}")

    def said(findings: tuple[Finding, ...], inventory: Inventory) -> tuple[VexStatement, ...]:
        return evaluate(
            findings,
            inventory.image,
            inventory.packages,
            manifests,
            conditions,
            gaps=inventory.gaps,
            told=told,
        ).statements

    return said


def _answer(word: str) -> tuple[str, bool]:
    name, _, said = word.partition("=")
    if not name or said not in {"yes", "no"}:
        raise UsageError(f"--answer takes NAME=yes or NAME=no; not {word!r}")
    return name, said == "yes"


def manifest_files(names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each file, a byte more than allowed at most."""
    for name in names:
        path = Path(name)
        files = [path]
        if path.is_dir():
            files = sorted(one for one in path.rglob("*") if one.suffix in _SUFFIXES)
            if not files:
                raise UsageError(f"there is no manifest (*.yaml, *.yml, *.json) in {name!r}")
        if len(files) > _MOST_FILES:
            raise UsageError(f"{name}: more than {_MOST_FILES:,} files; name a smaller folder")
        for file in files:
            try:
                with file.open("rb") as opened:
                    yield str(file), opened.read(MANIFEST_BYTES + 1)
            except OSError as error:
                raise UsageError(f"cannot read {str(file)!r}: {error.strerror}") from error
