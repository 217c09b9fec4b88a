"""Every fact has a value of its type, whatever the report lacks."""

from datetime import date, datetime

import pytest
from msgspec.structs import replace

from scantling.assess.policy.document import About
from scantling.assess.policy.subjects import Setting, subjects_of
from scantling.assess.policy.values import UNKNOWN_DAYS
from scantling.assess.policy.vocabulary import facts_about
from scantling.core.model.base import BaseImage, Part
from scantling.core.model.context import Context
from scantling.core.model.image import ImageConfig
from scantling.core.model.risk import Risk
from scantling.testing.reports import IMAGE, REPORTS
from tests.assess.policy.conftest import HIGH, TODAY, dated, report

TYPES = {
    "string": str,
    "bool": bool,
    "int": int,
    "double": float,
    "timestamp": datetime,
    "list(string)": tuple | list,
    "map(string, string)": dict,
    "map(string, int)": dict,
}
RATED = replace(HIGH, risk=Risk(score=40, low=20, high=60, factors=(), formula="x"), part=Part.OWN)


@pytest.mark.parametrize("name", REPORTS)
def test_every_fact_has_a_value_of_its_type(name: str) -> None:
    setting = Setting(report=REPORTS[name], context=Context(), today=TODAY)

    wrong = [
        fact.name
        for about, subjects in subjects_of(setting).items()
        for subject in subjects
        for fact in facts_about(about)
        if not isinstance(value := fact.value(setting, subject), TYPES[fact.type])
        or (fact.values and value not in fact.values)
    ]

    assert wrong == []


def values(setting: Setting, about: About = About.FINDING) -> dict[str, object]:
    subject = subjects_of(setting)[about][0]
    return {one.name: one.value(setting, subject) for one in facts_about(about)}


def test_facts_say_what_the_report_says() -> None:
    image = replace(IMAGE, config=ImageConfig(created="2026-08-13T00:00:00Z", user="0:0"))
    base = BaseImage(name="docker.io/library/debian", current=False)
    full = replace(report(RATED), image=image, base=base)

    said = values(Setting(report=full, context=Context(), today=TODAY))

    assert (said["finding.risk"], said["finding.risk_high"], said["finding.part"]) == (
        40,
        60,
        "own",
    )
    assert (said["image.age_days"], said["image.root"]) == (10, True)
    assert (said["image.base"], said["image.base_current"]) == ("docker.io/library/debian", "no")
    assert said["scan.database_age_days"] == 1
    assert said["scan.open"] == {
        "unknown": 0,
        "negligible": 0,
        "low": 0,
        "medium": 0,
        "high": 1,
        "critical": 0,
    }


@pytest.mark.parametrize("created", ["", "1970-01-01T00:00:00Z", "1980-01-01T00:00:01Z", "soon"])
def test_an_image_without_a_date_of_its_own_counts_as_old(created: str) -> None:
    image = replace(IMAGE, config=ImageConfig(created=created))
    setting = Setting(report=replace(report(), image=image), context=Context(), today=TODAY)

    assert values(setting, About.IMAGE)["image.age_days"] == UNKNOWN_DAYS


@pytest.mark.parametrize(
    ("fixed", "age", "known"),
    [
        pytest.param("2026-08-01", 22, True, id="dated"),
        pytest.param("2027-01-01", 0, True, id="in_the_future"),
        pytest.param("", UNKNOWN_DAYS, False, id="not_dated"),
    ],
)
def test_the_age_of_a_fix(fixed: str, age: int, known: bool) -> None:  # noqa: FBT001 - a table
    one = report(dated("CVE-1", fixed))

    said = values(Setting(report=one, context=Context(), today=date(2026, 8, 23)))

    assert (said["finding.fix_age_days"], said["finding.fix_date_known"]) == (age, known)
