"""`scantling policy list`, `show`, `lint` and `test`: what needs no image."""

import argparse
import sys
from pathlib import Path

import msgspec

from scantling.assess.policy.cases import CaseFile, Tried, read_cases, try_cases
from scantling.assess.policy.document import Acceptance, Layer, Policy
from scantling.assess.policy.layers import effective
from scantling.assess.policy.library import (
    BUILT_IN,
    built_in,
    built_in_text,
    exceptions_of,
    file_bytes,
    policies_of,
)
from scantling.assess.policy.reading import day
from scantling.assess.policy.remarks import Remark, remarks, unneeded
from scantling.core import clock
from scantling.core.errors import ExitCode, UsageError
from scantling.core.text import neutral
from scantling.reports.stored import stored_report


def run_list(args: argparse.Namespace) -> int:
    """Write name and purpose of each built-in policy."""
    del args
    for name in BUILT_IN:
        sys.stdout.write(f"{name:<15}{built_in(name).description}\n")
    return ExitCode.PASSED


def run_show(args: argparse.Namespace) -> int:
    """Write a built-in policy as it is in the package."""
    sys.stdout.write(built_in_text(args.name))
    return ExitCode.PASSED


def run_lint(args: argparse.Namespace) -> int:
    """Write remarks, one per line; 1 if there are any. A file that cannot be read is an error."""
    policies = policies_of(args.policy)
    exceptions = exceptions_of(args.exceptions)
    if not policies and not exceptions:
        raise UsageError("policy lint needs a --policy or --exceptions to look at")
    today = day(args.today, "--today", "it") if args.today else clock.now().date()
    found = [*remarks(policies, exceptions, today)]
    if args.report:
        reports = [stored_report(Path(name)) for name in args.report]
        found += unneeded(reports, effective(policies, exceptions), exceptions)
    _write_remarks(found, as_json=args.json)
    return ExitCode.BLOCKED if found else ExitCode.PASSED


def _write_remarks(found: list[Remark], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
        return
    for one in found:
        sys.stdout.write(f"{neutral(one.place)}: {one.code}: {neutral(one.message)}\n")
    if not found:
        sys.stdout.write("nothing to remark\n")


def run_test(args: argparse.Namespace) -> int:
    """Try every case and write those that are not as expected; 1 if there are any."""
    tried: list[Tried] = []
    for name in args.cases:
        file = read_cases(file_bytes(name), origin=name)
        tried += try_cases(file, *_chosen(file, Path(name).parent, args))
    wrong = [one for one in tried if one.wrong]
    for one in wrong:
        sys.stdout.write(f"{neutral(one.place)}: {neutral(one.name)}: {neutral(one.wrong)}\n")
    sys.stdout.write(f"{len(tried)} cases, {len(wrong)} not as expected\n")
    return ExitCode.BLOCKED if wrong else ExitCode.PASSED


def _chosen(
    file: CaseFile, folder: Path, args: argparse.Namespace
) -> tuple[tuple[Policy, ...], tuple[Acceptance, ...]]:
    """Return what to try: the command line's if it names any, else the file's own, beside it."""
    policies = args.policy or [_beside(word, folder) for word in file.policies]
    exceptions = args.exceptions or [_beside(word, folder) for word in file.exceptions]
    if not policies:
        raise UsageError("no policy to test: name one in the file of cases, or with --policy")
    return policies_of(policies), exceptions_of(exceptions)


def _beside(word: str, folder: Path) -> str:
    layer, equals, file = word.partition("=")
    if equals and layer in {*map(str, Layer)}:
        return f"{layer}={folder / file}"
    return word if word in BUILT_IN else str(folder / word)
