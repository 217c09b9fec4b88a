"""Scan in a pipeline: find out where the job runs, and put everything where people look for it.

It takes what scantling scan takes. The system is detected from the job's variables: GitHub Actions,
GitLab, Azure Pipelines, Bitbucket, CircleCI, Buildkite, TeamCity, Jenkins; others declare
themselves with SCANTLING_CI. Reports go to the folder scantling-reports. With a token one comment
per image is kept on the pull request, and a status on the commit; without one nothing is posted,
and everything else is the same.

examples:
  scantling ci registry.example.com/team/app:1.2 --fail-on high
  scantling ci app.tar --policy strict --require-post
"""

import argparse
import os
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from scantling.ci.api import Environment, Run
from scantling.ci.detect import detect
from scantling.ci.registry import FORGES, SYSTEMS
from scantling.cli.ci_reports import BASELINE, FETCHED, files_of, folder_of, read_start, tell
from scantling.cli.databases import open_chosen
from scantling.cli.gates import add_gate_options, baseline_name, gate_of
from scantling.cli.options import (
    TARGET_HELP,
    add_database_option,
    add_reading_options,
    add_verdict_options,
    cache_of,
    scan_options,
    setting,
)
from scantling.cli.output import add_output_options, outputs, write
from scantling.cli.watch import watching
from scantling.core.errors import InputError, NetworkError, UsageError
from scantling.core.model.report import ScanReport
from scantling.core.secret import Secret
from scantling.core.text import neutral
from scantling.gate import OPEN_GATE, Gate
from scantling.reports.stored import is_report, read_report, stored_report
from scantling.scan import scan

if TYPE_CHECKING:  # 0.1 s that only posting pays
    from scantling.core.http import Http


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "target", metavar="TARGET", nargs="?", help=f"{TARGET_HELP} (default: SCANTLING_IMAGE)"
    )
    group = parser.add_argument_group("pipeline")
    group.add_argument(
        "--reports",
        metavar="DIR",
        default="scantling-reports",
        help=f"where reports go (default: scantling-reports); {BASELINE} in it is compared with",
    )
    group.add_argument(
        "--system", choices=[*SYSTEMS], help="the CI system, where several seem to be one"
    )
    group.add_argument("--no-post", action="store_true", help="post no comment and no status")
    group.add_argument(
        "--require-post",
        action="store_true",
        help="exit 2 without a token, and 4 if a passing scan cannot be posted",
    )
    add_reading_options(parser)
    add_verdict_options(parser)
    add_gate_options(parser)
    add_database_option(parser)
    add_output_options(parser, default="those of the system, always written")
    parser.set_defaults(timings=False)


def run(args: argparse.Namespace) -> int:
    """Scan, write and post, and return the verdict's exit code."""
    environment = Environment(variables=os.environ, read=read_start)
    args.target = setting(args.target, "IMAGE")
    if not args.target:
        raise UsageError("which image? Name it, or set SCANTLING_IMAGE")
    job = detect(environment, system=args.system or "")
    token = _token(args, environment, job)
    folder = folder_of(args.reports, job)
    kept = _kept(args, folder, job, token)
    baseline = _baseline(args, kept)
    options = scan_options(args)
    chosen = (*files_of(job, folder), *(outputs(args, default="table") if args.format else ()))
    gate = _staged(gate_of(args), job)
    database = open_chosen(args.db)
    _say(_where(job))
    with watching(quiet=args.quiet) as progress:

        def scanned(target: str, through: Gate) -> ScanReport:
            cache = cache_of(args)
            return scan(target, database, options, cache=cache, progress=progress, through=through)

        if baseline:
            earlier = Path(baseline)
            known = stored_report(earlier) if is_report(earlier) else scanned(baseline, OPEN_GATE)
            gate = replace(gate, baseline=(baseline, known))
        report = scanned(args.target, gate)
    write(report, chosen, args)
    tell(report, job, folder, environment)
    sys.stdout.flush()
    failed = bool(job and token and _post(args, job, token, report))
    if failed and args.require_post and not report.verdict.exit_code:
        return NetworkError.exit_code
    return report.verdict.exit_code


def _staged(gate: Gate, job: Run | None) -> Gate:
    """Return the gate with the stage that the job tells, unless the user does."""
    if gate.context.stage:
        return gate
    stage = "pull-request" if job and job.pull_request else "build"
    return replace(gate, context=replace(gate.context, stage=stage))


def _kept(args: argparse.Namespace, folder: Path, job: Run | None, token: Secret | None) -> Path:
    """Return where an earlier report is kept; it is fetched from the base branch if it can be."""
    kept = folder / BASELINE
    if args.baseline or is_report(kept) or job is None or token is None:
        return kept
    from scantling.ci.publish import earlier_report  # noqa: PLC0415 - 0.1 s

    path = PurePosixPath(args.reports) / "scantling.json"
    http = _http(args)
    try:
        data = earlier_report(http, job, token, path.as_posix())
        if data is not None:
            read_report(data)
            kept = folder / FETCHED
            kept.write_bytes(data)
            _say(f"compared with the report of {job.base_branch}")
    except (NetworkError, InputError, OSError) as error:
        _say(f"the report of {job.base_branch} cannot be used: {error}")
    finally:
        http.close()
    return kept


def _baseline(args: argparse.Namespace, kept: Path) -> str:
    """Return what to compare with: as named, else the report that is kept.

    The first scan of a branch has none: then everything counts, also with `--new-only`.
    """
    new_only, args.new_only = args.new_only, False
    if not args.baseline and is_report(kept):
        args.baseline = str(kept)
    baseline = baseline_name(args)
    args.new_only = new_only and bool(baseline)
    if new_only and not baseline:
        _say(f"there is no baseline ({kept}): every finding counts as new")
    return baseline


def _token(args: argparse.Namespace, environment: Environment, job: Run | None) -> Secret | None:
    """Return the token to post with, None if nothing is to be posted, which is said.

    Raises UsageError if posting is required and cannot be.
    """
    if args.no_post:
        if args.require_post:
            raise UsageError("--no-post and --require-post contradict each other")
        return None
    why = "no CI system was recognized"
    if job is not None:
        names = FORGES[job.forge].tokens if job.forge else ()
        for name in names:
            if environment.get(name):
                return Secret(environment.get(name))
        why = _missing(job)
    if args.require_post:
        raise UsageError(f"nothing can be posted: {why}")
    _say(f"nothing will be posted: {why}")
    return None


def _missing(job: Run) -> str:
    if not job.forge:
        return "the job does not tell on which forge its code is"
    forge = FORGES[job.forge]
    return f"there is no token for {forge.title} in {forge.tokens[0]}; it needs {forge.permissions}"


def _where(job: Run | None) -> str:
    if job is None:
        return "no CI system was recognized; reports are written as everywhere"
    parts = [SYSTEMS[job.system].title]
    parts += [job.repository] if job.repository else []
    parts += [f"pull request {job.pull_request}"] if job.pull_request else []
    parts += [f"commit {job.commit[:12]}"] if job.commit else []
    return ", ".join(parts)


def _post(args: argparse.Namespace, job: Run, token: Secret, report: ScanReport) -> bool:
    """Post and say what became of it; return whether something failed."""
    from scantling.ci.message import message_of  # noqa: PLC0415 - only posting needs it
    from scantling.ci.publish import publish  # noqa: PLC0415

    http = _http(args)
    try:
        posted = publish(http, job, token, message_of(report, job))
    finally:
        http.close()
    for one in posted:
        if one.failed:
            fork = "; a job for a fork may only read" if job.from_fork else ""
            _say(f"the {one.what} was not posted: {one.failed}{fork}")
        elif one.left_out:
            _say(f"no {one.what}: {one.left_out}")
        else:
            _say(f"{one.what} posted{f': {one.url}' if one.url else ''}")
    return any(one.failed for one in posted)


def _http(args: argparse.Namespace) -> "Http":
    from scantling.core.http import Http, HttpSettings  # noqa: PLC0415

    return Http(HttpSettings(ca_file=setting(args.ca_file, "CA_FILE")))


def _say(text: str) -> None:
    sys.stderr.write(f"scantling: {neutral(text)}\n")
