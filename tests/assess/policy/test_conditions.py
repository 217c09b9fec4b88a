"""Conditions: checked before they run, bounded when they do; one file knows the library."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.assess.policy.conditions import MOST_CHARS, Failure, answer, checked
from scantling.assess.policy.document import About
from scantling.assess.policy.vocabulary import facts_about
from scantling.core.errors import UsageError

SOURCE = Path(__file__).parents[3] / "src" / "scantling"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("finding.kev ==", "Syntax error", id="syntax"),
        pytest.param("finding.severity", "gives a string, not true or false", id="not_a_bool"),
        pytest.param("finding.kev == 'yes'", "column 13 of the condition", id="types"),
        pytest.param("finding.score > 7", "write a number with a point", id="whole_number"),
        pytest.param("finding.serverity == ''", "did you mean finding.severity", id="misspelled"),
        pytest.param("gap.code == ''", "no fact 'gap.code' about a finding", id="of_another_kind"),
        pytest.param("'" + "x" * MOST_CHARS + "' == ''", "longer than", id="length"),
        pytest.param("finding.kev ? true : " * 40 + "true", "condition", id="nesting"),
        pytest.param("finding.kev" + " && (finding.kev" * 40 + ")" * 40, "cond", id="depth"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused(source: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        checked(source, About.FINDING)


def test_a_condition_knows_what_it_asks_for() -> None:
    condition = checked('finding.fixable && context.stage == "build"', About.FINDING)

    assert [one.name for one in condition.facts] == ["finding.fixable", "context.stage"]
    assert [one.name for one in condition.own] == ["finding.fixable"]


def test_a_loop_too_long_has_no_answer() -> None:
    numbers = "[1,2,3,4,5,6,7,8,9,0]"
    source = "true"
    for name in "abcdefg":
        source = f"{numbers}.all({name}, {source})"

    assert isinstance(answer(checked(source, About.IMAGE), {}), Failure)


def test_a_pattern_that_backtracks_elsewhere_is_harmless() -> None:
    condition = checked('gap.path.matches("^(a+)+$")', About.GAP)

    assert answer(condition, {"gap.path": "a" * 50_000 + "b"}) is False


@pytest.mark.parametrize("about", About)
def test_every_fact_can_be_asked_for(about: About) -> None:
    harmless = {"string": "''", "bool": "true", "int": "0", "double": "0.0"}
    for fact in facts_about(about):
        value = harmless.get(fact.type, fact.name)
        assert checked(f"{fact.name} == {value}", about).facts == (fact,)


_WORDS = """
finding.kev finding.severity finding.epss finding.aliases image.labels "high" 'x' 0.5 1 [ ] ( ) ==
!= && || ! in < + - * / ? : . , size matches( [0] true null {} today timestamp(
"""
_PARTS = st.sampled_from(_WORDS.split())


@settings(max_examples=150, deadline=None)
@given(st.lists(_PARTS, max_size=9).map(" ".join) | st.text(max_size=30))
def test_any_text_is_refused_or_gives_an_answer_or_a_failure(source: str) -> None:
    values = {
        "finding.kev": True,
        "finding.severity": "high",
        "finding.epss": 0.5,
        "finding.aliases": ["x"],
        "image.labels": {"x": "y"},
    }

    try:
        said: object = answer(checked(source, About.FINDING), values)
    except UsageError as error:
        said = error

    assert isinstance(said, bool | Failure | UsageError)


def test_only_one_file_imports_the_library() -> None:
    users = [
        file.relative_to(SOURCE).as_posix()
        for file in SOURCE.rglob("*.py")
        if "cel_expr_python" in file.read_text(encoding="utf-8").replace("cel-expr-python", "")
    ]

    assert users == ["assess/policy/conditions.py"]
