"""Plans for real images with the embedded database: worth having, and true."""

import os
from pathlib import Path

import pytest

from scantling.advisories.store import open_starter
from scantling.assess.judge import judge
from scantling.core import clock
from scantling.core.model.finding import FindingState
from scantling.core.model.inventory import Package
from scantling.core.model.plan import ActionKind, FixPlan
from scantling.core.model.report import ScanReport
from scantling.matching.match import match
from scantling.remedy.api import Files, Situation
from scantling.remedy.plan import make_plan
from scantling.remedy.registry import STRATEGIES
from scantling.remedy.situation import situation_of
from scantling.remedy.swap import at_version
from scantling.remedy.verify import Checker
from scantling.scan import scan

SHOP = Path(__file__).parents[2] / "examples" / "shop.tar"
DOCKERFILE = """\
FROM debian:12-slim
RUN apt-get install gosu
RUN pip install --target /app/lib flask==0.12.2 werkzeug==0.15.0 jinja2==2.10
RUN npm install lodash@4.17.4
"""


def planned(report: ScanReport, files: Files | None = None) -> tuple[Situation, FixPlan]:
    database = open_starter()
    checker = Checker(database, today=clock.now().date())
    where = situation_of(report, checker, files=files or Files())
    return where, make_plan(where, checker, tuple(STRATEGIES.values()))


def counted(packages: tuple[Package, ...]) -> set[str]:
    database = open_starter()
    findings = judge(match(packages, database), database)
    return {one.identity for one in findings if one.state is not FindingState.SUPPRESSED}


def changed(packages: tuple[Package, ...], made: FixPlan) -> tuple[Package, ...]:
    """Return the packages after the plan, from nothing but the versions that it names."""
    by_purl = {one.purl: one for one in packages}
    for action in made.actions:
        for change in action.changes:
            gone = by_purl.pop(change.before)
            if change.after:
                version = change.after.partition("?")[0].rpartition("@")[2]
                by_purl[change.after] = at_version(gone, version)
    return tuple(by_purl[one] for one in sorted(by_purl))


def test_the_plan_for_the_example_removes_what_it_says() -> None:
    report = scan(str(SHOP), open_starter())

    where, made = planned(report)

    assert len(made.actions) >= 8
    left = counted(changed(where.packages, made))
    assert left == {identity for identity, _ in made.unfixable}
    assert len(left) < len(counted(where.packages)) / 3
    assert {one.kind for one in made.actions} == {ActionKind.BUMP, ActionKind.REPLACE}


def test_the_plan_for_the_example_edits_its_dockerfile() -> None:
    report = scan(str(SHOP), open_starter())
    files = Files(texts={"Dockerfile": DOCKERFILE}, dockerfile="Dockerfile")

    _, made = planned(report, files)

    text = DOCKERFILE
    for action in made.actions:
        for edit in action.edits:
            assert edit.before == text
            text = edit.after
    assert "flask==0.12.2" not in text
    assert "lodash@4.17.4" not in text
    assert text.split("\n")[:2] == DOCKERFILE.split("\n")[:2]


@pytest.mark.data
@pytest.mark.parametrize(("name", "least"), [("py-app", 15), ("node-app", 8)])
def test_plans_for_large_images_hold(name: str, least: int) -> None:
    folder = os.environ.get("SCANTLING_IMAGES")
    if folder is None:
        pytest.skip("SCANTLING_IMAGES names no folder of images")
    report = scan(str(Path(folder) / name), open_starter())

    where, made = planned(report)

    assert len(made.actions) >= least
    assert counted(changed(where.packages, made)) == {one for one, _ in made.unfixable}
