"""Bumps in a plan: matched and judged again with a database, and links to read."""

import pytest

from scantling.core.model.advisory import Level
from scantling.core.model.finding import Finding, FindingState
from scantling.project.lockfile_lines import lockfile_places
from scantling.remedy.api import Files, Situation
from scantling.remedy.locks.pages import links_of
from scantling.remedy.plan import make_plan
from scantling.remedy.registry import STRATEGIES
from scantling.remedy.verify import Checker
from tests.remedy.bumps.cases import IMAGE, package
from tests.remedy.world import TODAY, Book, flaw

BUMPS = (
    "bump-cargo",
    "bump-composer",
    "bump-gem",
    "bump-golang",
    "bump-maven",
    "bump-npm",
    "bump-nuget",
    "bump-python",
)


def test_every_bump_is_registered_before_the_strategy_for_what_no_file_names() -> None:
    names = list(STRATEGIES)

    assert sorted(one for one in names if one.startswith("bump-")) == sorted(BUMPS)
    assert max(names.index(one) for one in BUMPS) < names.index("packages")


def test_a_plan_edits_one_file_for_several_packages() -> None:
    text = "django==3.2.1\nrequests==2.19.0\nsix==1.16.0\n"
    packages = (
        package("pypi", "django", "3.2.1"),
        package("pypi", "requests", "2.19.0"),
        package("pypi", "six", "1.16.0"),
    )
    book = Book(
        flaw("CVE-2026-0001", "django", "3.2.25", ecosystem="pypi"),
        flaw("CVE-2026-0002", "requests", "2.31.0", ecosystem="pypi"),
    )
    checker = Checker(book, today=TODAY)
    files = {"requirements.txt": text}
    situation = Situation(
        image=IMAGE,
        packages=packages,
        findings=checker.state(packages).findings,
        files=Files(texts=files),
        places=lockfile_places(packages, files),
        judged=checker.judged,
    )

    plan = make_plan(situation, checker, tuple(STRATEGIES.values()))

    assert [one.verified for one in plan.actions] == [True, True]
    assert plan.actions[0].edits[0].before == text
    assert plan.actions[1].edits[0].before == plan.actions[0].edits[0].after
    assert plan.actions[1].edits[0].after == "django==3.2.25\nrequests==2.31.0\nsix==1.16.0\n"
    assert plan.after == ()
    assert plan.alternatives == ()


def _finding(*references: str) -> tuple[Finding, ...]:
    return (
        Finding(
            id="CVE-2026-0001",
            purl="pkg:npm/qs@1",
            identity="x",
            state=FindingState.OPEN,
            severity=Level.HIGH,
            references=references,
        ),
    )


@pytest.mark.parametrize(
    ("references", "first"),
    [
        (
            (
                "https://github.com/ljharb/qs/commit/1",
                "https://github.com/ljharb/qs/releases/tag/v6.11.1",
            ),
            "https://github.com/ljharb/qs/releases/tag/v6.11.1",
        ),
        (
            (
                "https://github.com/github/advisory-database/x",
                "https://github.com/ljharb/qs/pull/3",
            ),
            "https://www.npmjs.com/package/qs/v/6.11.1",
        ),
        (("https://example.com/qs",), "https://www.npmjs.com/package/qs/v/6.11.1"),
    ],
    ids=["release", "short name is no proof", "neither"],
)
def test_the_releases_own_page_comes_first(references: tuple[str, ...], first: str) -> None:
    assert links_of("npm", "qs", "6.11.1", _finding(*references))[0] == first


def test_a_repository_with_the_packages_name_leads_to_its_releases() -> None:
    references = ("https://github.com/expressjs/express/security/advisories/GHSA-x?y=1",)

    assert links_of("npm", "express", "4.19.2", _finding(*references)) == (
        "https://github.com/expressjs/express/releases",
        "https://www.npmjs.com/package/express/v/4.19.2",
    )
