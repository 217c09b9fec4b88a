"""`scantling fix --open-pr`: the plan's edits as a pull request, from inside a CI job."""

import argparse
import os
import sys
from typing import Final

from scantling.ci.api import Environment, Proposal, Run
from scantling.ci.detect import detect
from scantling.ci.pull_requests import branch_of, open_pull_request
from scantling.ci.registry import FORGES
from scantling.cli.ci_reports import read_start
from scantling.cli.options import setting
from scantling.core.errors import UsageError
from scantling.core.http import Http, HttpSettings
from scantling.core.model.plan import Edit, FixPlan
from scantling.core.model.report import ScanReport
from scantling.core.secret import Secret
from scantling.core.text import neutral
from scantling.remedy.apply import of_plan
from scantling.reports.gate import category
from scantling.reports.plans import markdown

_TITLE_CHARS: Final = 120


def open_request(plan: FixPlan, report: ScanReport, args: argparse.Namespace) -> None:
    """Open a pull request with what the plan changes, or update the open one; say where it is.

    Raises UsageError outside of CI, without a token or with nothing to change, NetworkError when
    the forge refuses.
    """
    environment = Environment(variables=os.environ, read=read_start)
    job = detect(environment)
    if job is None:
        raise UsageError("--open-pr works inside a CI job; no CI system was recognized here")
    token = _token(environment, job)
    actions = [one for one in plan.actions if one.edits]
    proposal = Proposal(
        branch=branch_of(category(report), actions),
        title=_title(plan),
        body="".join(markdown.render(plan)),
        edits=tuple(
            Edit(path=one.path, before=one.before, after=one.after) for one in of_plan(plan)
        ),
    )
    http = Http(HttpSettings(ca_file=setting(args.ca_file, "CA_FILE")))
    try:
        opened = open_pull_request(http, job, token, proposal)
    finally:
        http.close()
    done = "opened" if opened.created else "updated"
    sys.stderr.write(f"scantling: {done} pull request {opened.number}: {neutral(opened.url)}\n")


def _token(environment: Environment, job: Run) -> Secret:
    names = FORGES[job.forge].tokens if job.forge else ()
    for name in names:
        if environment.get(name):
            return Secret(environment.get(name))
    raise UsageError(f"--open-pr needs a token in one of {', '.join(names) or 'no known variable'}")


def _title(plan: FixPlan) -> str:
    """Return what the pull request does, in a line."""
    edited = [one.title for one in plan.actions if one.edits]
    more = f" and {len(edited) - 1} more" if len(edited) > 1 else ""
    return neutral(f"{edited[0] if edited else 'Nothing'}{more}", limit=_TITLE_CHARS)
