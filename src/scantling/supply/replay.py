"""What differs between a stored report and its replay, and why that may be.

A report names its inputs: image digest, database digest, policy digest, version of the tool. If all
of them are the same, its replay has the same bytes; anything else is a defect of ours or a report
that was changed. If one is not the same, the replay says so rather than compare apples with pears.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from scantling.core.errors import ExitCode
from scantling.core.model.report import DatabaseInfo, InputFile, ScanReport

_SHOWN: Final = 5
_OTHER_BYTES: Final = (
    "the report says the same in other bytes: it was changed after the scan, or another build of "
    "this version wrote it"
)


class Sameness(StrEnum):
    """What a replay came to."""

    IDENTICAL = "identical"
    DIFFERENT = "different"
    OTHER_INPUTS = "other-inputs"


class Replayed(Struct, frozen=True, kw_only=True):
    """The comparison. `inputs` are sentences about inputs that were not the same, `differences`
    about what came out otherwise, `notes` about what is never compared."""

    sameness: Sameness
    inputs: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 if identical, 1 if different from the same inputs, 3 if inputs were missing."""
        match self.sameness:
            case Sameness.IDENTICAL:
                return ExitCode.PASSED
            case Sameness.DIFFERENT:
                return ExitCode.BLOCKED
            case Sameness.OTHER_INPUTS:
                return ExitCode.INCOMPLETE


class Pair(Struct, frozen=True, kw_only=True):
    """A report and the bytes that it is written as."""

    report: ScanReport
    data: bytes


def compare(stored: Pair, again: Pair, *, notes: tuple[str, ...] = ()) -> Replayed:
    """Return whether the bytes are the same; if not, what is not, most telling first."""
    if stored.data == again.data:
        return Replayed(sameness=Sameness.IDENTICAL, notes=notes)
    inputs = tuple(_inputs(stored.report, again.report))
    differences = tuple(_differences(stored.report, again.report))
    if not inputs and not differences:
        differences = (_OTHER_BYTES,)
    return Replayed(
        sameness=Sameness.OTHER_INPUTS if inputs else Sameness.DIFFERENT,
        inputs=inputs,
        differences=differences,
        notes=notes,
    )


def _inputs(before: ScanReport, after: ScanReport) -> Iterator[str]:
    """Yield what of the inputs was not the same."""
    if before.tool_version != after.tool_version:
        yield (
            f"the report was written by version {before.tool_version}, this is "
            f"{after.tool_version}; install that version to replay it exactly"
        )
    if before.image.digest != after.image.digest:
        yield f"the image was {before.image.digest or 'unnamed'}, this one is {after.image.digest}"
    if _name(before.database) != _name(after.database):
        yield f"the database was {_name(before.database)}, this one is {_name(after.database)}"
    elif before.database and after.database:
        yield from _database(before.database, after.database)
    yield from _files(before.inputs.files, after.inputs.files)
    was = before.policy.digest if before.policy else "no policy"
    is_ = after.policy.digest if after.policy else "no policy"
    if was != is_:
        names = ", ".join(one.name for one in before.policy.policies) if before.policy else ""
        hint = f"; give --policy for {names}, and the same --exceptions" if names else ""
        yield f"it was decided by {was}, now by {is_}{hint}"
    if (before.baseline is None) != (after.baseline is None) or (
        before.baseline and after.baseline and before.baseline.digest != after.baseline.digest
    ):
        name = before.baseline.name if before.baseline else "nothing"
        yield f"it was compared with {name}; give the same --baseline"
    if before.places and not after.places:
        yield "it knows lines of a project; give the same --project or --dockerfile"
    if before.context != after.context:
        yield "it was told other things about the image's place (--context, --project)"


def _files(before: tuple[InputFile, ...], after: tuple[InputFile, ...]) -> Iterator[str]:
    """Yield which files of the scan were not given again, are others, or are one too many."""
    given = {(one.role, one.digest) for one in after}
    for one in before:
        if (one.role, one.digest) not in given:
            yield f"it read {one.role} {one.path} ({one.digest}); give that file again"
    known = {(one.role, one.digest) for one in before}
    for one in after:
        if (one.role, one.digest) not in known:
            yield f"{one.role} {one.path} was not part of that scan, or was another file then"


def _database(before: DatabaseInfo, after: DatabaseInfo) -> Iterator[str]:
    if before.verified != after.verified:
        words = ("its signature was verified", "its signature was not verified")
        yield f"the same database: {words[not before.verified]} then, and is otherwise now"
    if before.origin != after.origin:
        yield f"the same database came from {before.origin} then, from {after.origin} now"


def _name(database: DatabaseInfo | None) -> str:
    return database.digest if database else "none"


def _differences(before: ScanReport, after: ScanReport) -> Iterator[str]:
    """Yield what came out otherwise, by part of the report."""
    if before.verdict != after.verdict:
        yield (
            f"verdict: {before.verdict.status}, exit code {before.verdict.exit_code}, then; "
            f"{after.verdict.status}, exit code {after.verdict.exit_code}, now"
        )
    for what, then, now in (
        ("findings", _findings(before), _findings(after)),
        ("packages", _packages(before), _packages(after)),
        ("gaps", _gaps(before), _gaps(after)),
    ):
        yield from _listed(what, then, now)
    for name in before.__struct_fields__:
        if name in {"verdict", "findings", "packages", "gaps", "resources"}:
            continue
        if getattr(before, name) != getattr(after, name):
            yield f"{name.replace('_', ' ')}: not the same"


def _findings(report: ScanReport) -> dict[str, object]:
    return {_owned(f"{one.id} of {one.purl}", one.owner): one for one in report.findings}


def _packages(report: ScanReport) -> dict[str, object]:
    return {_owned(one.purl, one.owner): one for one in report.packages}


def _gaps(report: ScanReport) -> dict[str, object]:
    return {" ".join(filter(None, (one.code, one.path, one.detail))): one for one in report.gaps}


def _owned(label: str, owner: str) -> str:
    return f"{label} (of {owner})" if owner else label


def _listed(what: str, before: dict[str, object], after: dict[str, object]) -> Iterator[str]:
    """Yield how two lists differ: what only one has, and what is not the same in both."""
    for label, only in (
        ("only then", sorted(before.keys() - after.keys())),
        ("only now", sorted(after.keys() - before.keys())),
        ("otherwise", sorted(k for k in before.keys() & after.keys() if before[k] != after[k])),
    ):
        if only:
            more = ", …" if len(only) > _SHOWN else ""
            yield f"{what} {label}: {len(only)} ({', '.join(only[:_SHOWN])}{more})"
