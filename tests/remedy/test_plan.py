"""The plan: its order, what it leaves, what it tried."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from scantling.core.errors import InputError
from scantling.core.model.advisory import Stored
from scantling.core.model.plan import ActionKind, Edit, Effort
from scantling.remedy.api import Files, Proposal, Situation, Strategy
from scantling.remedy.distance import distance, is_unsettled
from scantling.remedy.plan import make_plan
from scantling.remedy.swap import at_version
from tests.remedy.world import APT, after, checker, flaw, library, plan, situation, system

FLASK = library("flask", "1.0")
DJANGO = library("django", "2.2")


def pypi(id_: str, name: str, *fixed: str, **more: object) -> Stored:
    return flaw(id_, name, *fixed, ecosystem="pypi", **more)  # type: ignore[arg-type]


def test_most_risk_removed_per_effort_comes_first() -> None:
    made = plan(
        situation(FLASK, DJANGO),
        pypi("CVE-1", "flask", "2.0", score=5.0),
        pypi("CVE-2", "django", "2.2.1", score=5.0),
    )

    assert [(one.subject, one.effort) for one in made.actions] == [
        ("pkg:pypi/django", Effort.PATCH),
        ("pkg:pypi/flask", Effort.MAJOR),
    ]
    assert made.actions[0].rank > made.actions[1].rank


def test_a_small_step_is_taken_and_the_large_one_shown_instead() -> None:
    made = plan(
        situation(DJANGO),
        pypi("CVE-1", "django", "2.2.5"),
        pypi("CVE-2", "django", "4.0"),
    )

    (action,) = made.actions
    (other,) = made.alternatives
    assert (action.after, other.after) == ("2.2.5", "4.0")
    ((_, reason),) = made.unfixable
    assert reason == "left by the plan's choice; another would remove it: Upgrade django to 4.0"


def test_the_version_is_the_smallest_that_clears_by_matching_not_by_what_is_named() -> None:
    """The fix of one flaw lies in the range of another."""
    made = plan(
        situation(DJANGO),
        pypi("CVE-1", "django", "2.2.5"),
        pypi("CVE-2", "django", "2.2.7", since=("2.2.5",)),
        pypi("CVE-3", "django", "2.2.6"),
    )

    assert made.actions[0].after == "2.2.7"
    assert made.after == ()


def test_versions_before_a_release_are_passed_over() -> None:
    made = plan(situation(DJANGO), pypi("CVE-1", "django", "3.0rc1", "3.0", since=("", "2.3")))

    assert [one.after for one in made.actions] == ["3.0"]


def test_the_same_situation_gives_the_same_plan_whatever_the_order() -> None:
    flaws = tuple(
        pypi(f"CVE-{index}", name, "3") for index, name in enumerate(("flask", "django", "flask"))
    )
    where = situation(FLASK, DJANGO)

    one = plan(where, *flaws)
    other = plan(replace(where, packages=where.packages[::-1]), *flaws[::-1])

    assert one.actions == other.actions


def test_what_nothing_removes_is_listed_with_its_reason() -> None:
    owned = library("owned", "1", owner=system("python3-owned", "1").purl)
    odd = library("odd", "what?")
    made = plan(
        situation(DJANGO, owned, odd, system("python3-owned", "1")),
        pypi("CVE-1", "django"),
        pypi("CVE-2", "owned", "2"),
        pypi("CVE-3", "odd", "2"),
    )

    named = {one.identity: one.id for one in made.findings}
    reasons = {named[identity]: reason for identity, reason in made.unfixable}
    assert made.actions == ()
    assert reasons["CVE-1"] == "there is no fixed version yet"
    assert reasons["CVE-2"].startswith("a fixed version is known, but the distribution's own")
    assert reasons["CVE-3"].startswith("it cannot be told whether it applies: ")


def _odd(propose: object) -> Strategy:
    return Strategy(name="odd", propose=propose)  # type: ignore[arg-type]


def test_a_strategy_that_fails_hides_no_other_and_is_told() -> None:
    def broken(_: Situation) -> Iterator[Proposal]:
        yield _bump(FLASK, "2")
        raise KeyError("bug")

    def refusing(_: Situation) -> Iterator[Proposal]:
        raise InputError("parse.failed", "the lockfile is cut off")
        yield

    made = make_plan(
        situation(FLASK),
        checker(pypi("CVE-1", "flask", "2")),
        (_odd(broken), _odd(refusing)),
    )

    assert [one.title for one in made.actions] == ["Upgrade flask"]
    assert made.refused == (
        ("odd", "failed with KeyError: our bug"),
        ("odd", "not all was proposed: the lockfile is cut off"),
    )


def _bump(package: object, version: str, **more: object) -> Proposal:
    return Proposal(
        kind=ActionKind.BUMP,
        title="Upgrade flask",
        subject="pkg:pypi/flask",
        before="1.0",
        after=version,
        removed=(package,),  # type: ignore[arg-type]
        added=(at_version(package, version),),  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ((Edit(path="Dockerfile", before="other", after="x"),), "failed with ValueError, our bug"),
        ((Edit(path="nowhere", before="other", after="x"),), "failed with ValueError, our bug"),
    ],
    ids=["from_another_text", "of_a_file_that_is_not_there"],
)
def test_an_edit_that_does_not_fit_the_file_is_not_offered(
    edits: tuple[Edit, ...], said: str
) -> None:
    def strategy(_: Situation) -> Iterator[Proposal]:
        yield _bump(FLASK, "2", edit=lambda _files: edits)

    made = make_plan(
        situation(FLASK, dockerfile="FROM x\n"),
        checker(pypi("CVE-1", "flask", "2")),
        (_odd(strategy),),
    )

    assert made.actions[0].edits == ()
    assert said in made.actions[0].warnings[-1]


def test_edits_of_one_file_build_on_each_other() -> None:
    dockerfile = "FROM debian:12\nRUN pip install flask==1.0 django==2.2\n"
    zlib = system("zlib1g", "1", source="zlib")

    made = plan(
        situation(APT, zlib, FLASK, DJANGO, dockerfile=dockerfile),
        pypi("CVE-1", "flask", "1.0.1"),
        pypi("CVE-2", "django", "2.2.5"),
        flaw("CVE-3", "zlib", "1.1"),
    )

    text = after(made)
    assert "RUN pip install flask==1.0.1 django==2.2.5\n" in text
    assert "zlib1g=1.1" in text
    assert len(made.actions) == 3


def test_files_refuse_an_edit_from_another_text() -> None:
    files = Files(texts={"a": "1"})

    assert files.edited((Edit(path="a", before="1", after="2"),)).texts == {"a": "2"}
    with pytest.raises(ValueError, match="starts from another text"):
        files.edited((Edit(path="a", before="2", after="3"),))


@pytest.mark.parametrize(
    ("kind", "before", "after", "effort"),
    [
        ("pypi", "1.2.3", "1.2.4", Effort.PATCH),
        ("pypi", "1.2.3", "1.3", Effort.MINOR),
        ("npm", "1.2.3", "2.0.0", Effort.MAJOR),
        ("npm", "0.2.3", "0.3.0", Effort.MAJOR),
        ("npm", "0.2.3", "0.2.4", Effort.MINOR),
        ("pypi", "0.9", "1.0", Effort.MAJOR),
        ("golang", "v1.2.3", "1.2.9", Effort.PATCH),
        ("pypi", "1!2.0", "1!2.0.1", Effort.PATCH),
        ("deb", "1:0.9.1-3+deb12u1", "1:0.9.1-3+deb12u2", Effort.PATCH),
        ("deb", "2:0.9.1-3", "3:1.0-1", Effort.MAJOR),
        ("rpm", "1:3.0.7-25.el9", "1:3.1.0-1.el9", Effort.MINOR),
        ("pypi", "1.2", "newest", Effort.UNKNOWN),
    ],
)
def test_the_size_of_a_step_is_that_of_semantic_versioning(
    kind: str, before: str, after: str, effort: Effort
) -> None:
    assert distance(kind, before, after) is effort


@pytest.mark.parametrize(
    ("version", "unsettled"),
    [
        ("2.0rc1", True),
        ("1.21.0-rc.4", True),
        ("4.0a1", True),
        ("1.0.0-beta", True),
        ("1.0-SNAPSHOT", True),
        ("5.0.0-alpha.3", True),
        ("1.0", False),
        ("1.0.post1", False),
        ("5.3.1-android", False),
        ("31.1-jre", False),
        ("2.0.1-release", False),
    ],
)
def test_versions_before_a_release_are_known(version: str, *, unsettled: bool) -> None:
    assert is_unsettled(version) is unsettled
