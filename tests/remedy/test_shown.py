"""A plan in every format: complete, inert, and the patch exact."""

import json
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.model.advisory import Level
from scantling.core.model.place import Place
from scantling.core.model.plan import ActionKind, Change, Edit, FixAction, FixPlan, Named
from scantling.core.text import ACTIVE
from scantling.reports.plans import diff
from scantling.testing.reports import HOSTILE_NAME
from tests.remedy.world import APT, base, flaw, library, plan, situation, system

FORMATS = ("text", "markdown", "json", "diff")


def shown(made: FixPlan, format_: str) -> str:
    return "".join(import_module(f"scantling.reports.plans.{format_}").render(made))


def real() -> FixPlan:
    """Return a plan with every part: actions, an alternative, what is left, what was refused."""
    where = situation(
        APT,
        system("zlib1g", "1", source="zlib"),
        library("django", "2.2"),
        dockerfile="FROM debian:12\nRUN pip install django==2.2\n",
        on=base(),
    )
    made = plan(
        where,
        flaw("CVE-1-KEV", "zlib", "1.1"),
        flaw("CVE-2", "zlib"),
        flaw("CVE-3", "django", "2.2.5", ecosystem="pypi"),
        flaw("CVE-4", "django", "4.0", ecosystem="pypi"),
    )
    return replace(made, refused=(("Try", "it does not hold"),), notes=("a note",))


@pytest.mark.parametrize("format_", ["text", "markdown", "json"])
def test_every_part_of_a_plan_is_in_every_format_for_people_and_programs(format_: str) -> None:
    said = shown(real(), format_)

    for part in ("zlib", "2.2.5", "4.0", "CVE-1-KEV", "CVE-2", "it does not hold", "a note"):
        assert part in said, part


def test_the_text_says_how_many_findings_stay_and_why() -> None:
    said = shown(real(), "text")

    assert "2 actions of 4 findings leave 2 (2 high)" in said
    assert "removes 1, 1 known exploited, leaves 1" in said
    assert "there is no fixed version yet: CVE-2 (pkg:deb/x/zlib1g)" in said
    assert "left by the plan's choice; another would remove it: Upgrade django to 4.0" in said


def test_the_json_holds_the_whole_texts_of_edited_files() -> None:
    actions = json.loads(shown(real(), "json"))["plan"]["actions"]

    edits = [edit for one in actions for edit in one["edits"]]
    assert edits[0]["before"] == "FROM debian:12\nRUN pip install django==2.2\n"
    assert edits[1]["before"] == edits[0]["after"]
    assert "django==2.2.5" in edits[1]["after"]
    assert "zlib1g=1.1" in edits[1]["after"]


def hostile() -> FixPlan:
    action = FixAction(
        kind=ActionKind.BUMP,
        title=f"Upgrade {HOSTILE_NAME}",
        subject=HOSTILE_NAME,
        before=HOSTILE_NAME,
        after=HOSTILE_NAME,
        removes=("1",),
        verified=True,
        warnings=(HOSTILE_NAME,),
        links=("javascript:alert(1)", f"https://example.com/{HOSTILE_NAME}"),
        place=Place(path=HOSTILE_NAME, line=1, text=HOSTILE_NAME),
        changes=(Change(before=HOSTILE_NAME, after=HOSTILE_NAME),),
    )
    named = Named(identity="1", id=HOSTILE_NAME, purl=HOSTILE_NAME, severity=Level.HIGH)
    return FixPlan(
        image=HOSTILE_NAME,
        actions=(action,),
        alternatives=(action,),
        refused=((HOSTILE_NAME, HOSTILE_NAME),),
        unfixable=(("1", HOSTILE_NAME),),
        findings=(named,),
        notes=(HOSTILE_NAME,),
    )


@pytest.mark.parametrize("format_", ["text", "markdown", "json"])
def test_hostile_names_are_inert(format_: str) -> None:
    said = shown(hostile(), format_)

    assert not ACTIVE.search(said.replace("\n", ""))
    assert not any(line.startswith("::") for line in said.split("\n"))
    if format_ == "markdown":
        assert "<script>" not in said
        assert "[y](javascript" not in said
        assert "<javascript:" not in said


def test_a_code_block_is_not_closed_by_what_is_in_it() -> None:
    action = FixAction(
        kind=ActionKind.BUMP,
        title="x",
        subject="x",
        before="",
        after="",
        edits=(Edit(path="a", before="```\n", after="````\n</details>\n"),),
    )

    said = shown(FixPlan(image="x", actions=(action,)), "markdown")

    assert "\n`````diff\n" in said
    assert said.endswith("\n`````\n")


_TEXTS = st.text(alphabet="ab\n\r\x0c\u2028 ", max_size=20)


@settings(max_examples=25, deadline=None)
@given(before=_TEXTS.filter(bool), after=_TEXTS.filter(bool))
def test_the_patch_makes_exactly_the_new_text(
    tmp_path_factory: pytest.TempPathFactory, before: str, after: str
) -> None:
    root: Path = tmp_path_factory.mktemp("patch")
    (root / "file").write_bytes(before.encode())
    patch = "".join(diff.unified("file", before, after))

    if patch:
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=root,
            input=patch.encode(),
            check=True,
            env={"GIT_CEILING_DIRECTORIES": str(root.parent), "PATH": "/usr/bin:/bin"},
        )

    assert (root / "file").read_bytes() == after.encode()
