"""What is posted about a report: the comment, the status line, the findings one by one."""

import re
from hashlib import sha256
from typing import Final

from scantling.ci.api import Message, Remark, Run
from scantling.core.model.finding import FindingState
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import gate, view
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.gate import Seen
from scantling.reports.registry import FORMATS

_TITLE: Final = 250
_NAME: Final = 100
"""Characters of a name; GitLab and Azure take some 250 bytes, and people read it in a list."""
_MARKUP: Final = re.compile(r"[<>`@#!\[\]|*]++")
"""Some forges make links and mentions of plain text, too."""


def message_of(report: ScanReport, run: Run) -> Message:
    """Return what to post; every text in it is inert in its place."""
    comment = render(report, FORMATS["comment"], Look())
    open_now = view.by_state(report, FindingState.OPEN)
    return Message(
        name=_short(gate.category(report)),
        mark=comment.partition("\n")[0],
        comment=comment,
        passed=report.verdict.exit_code == 0,
        title=_plain(view.headline(report)),
        url=run.job_url,
        counts=tuple((str(level), count) for level, count in view.level_counts(open_now)),
        remarks=tuple(_remark(one) for one in gate.seen(report) if one.counts),
    )


def _remark(one: Seen) -> Remark:
    text = f"{one.finding.id} in {one.name} {one.version} ({view.fix_words(one.finding)})"
    return Remark(
        id=one.finding.identity,
        title=_plain(text),
        severity=str(one.finding.severity),
        link=view.link(one.finding.references[0]) if one.finding.references else "",
        path=one.place.path if one.place else "",
        line=one.place.line if one.place else 0,
    )


def _plain(text: str) -> str:
    return _MARKUP.sub(" ", neutral(text, limit=_TITLE))


def _short(name: str) -> str:
    """Return the name, cut to what every forge takes, and still another for another image."""
    if len(name) <= _NAME:
        return name
    digest = sha256(name.encode()).hexdigest()[:12]
    return f"{name[: _NAME - len(digest) - 1]}-{digest}"
