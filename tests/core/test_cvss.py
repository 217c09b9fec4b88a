"""CVSS scores are those of the specifications; what is no vector is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.cvss.scores import base_score, scores
from scantling.core.cvss.vector import read_vector
from scantling.core.errors import InputError

V4_NONE = "SC:N/SI:N/SA:N"


@pytest.mark.parametrize(
    ("vector", "base"),
    [
        # Source: FIRST, "CVSS v3.1 Examples".
        ("AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),  # CVE-2013-1937
        ("AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),  # CVE-2013-0375
        ("AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),  # CVE-2014-3566
        ("AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),  # CVE-2012-1516
        ("AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2),  # CVE-2009-0783
        ("AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8),  # CVE-2012-0384
        ("AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8),  # CVE-2015-1098
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),  # CVE-2014-0160
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),  # CVE-2014-6271
        ("AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 6.8),  # CVE-2008-1447
        ("AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8),  # CVE-2014-2005
        ("AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:N", 5.8),  # CVE-2010-0467
        ("AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 9.3),  # CVE-2013-6014
        ("AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", 5.4),  # CVE-2014-9253
        ("AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.8),  # CVE-2011-1265
        ("AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N", 4.6),  # CVE-2014-2019
        ("AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N", 7.4),  # CVE-2014-0224
        ("AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", 9.6),  # CVE-2012-5376
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
    ],
)
def test_the_examples_of_version_3(vector: str, base: float) -> None:
    assert base_score("cvss3", f"CVSS:3.1/{vector}") == base
    assert base_score("cvss3", f"CVSS:3.0/{vector}") == base


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        # Source: FIRST, CVSS v2.0 guide, section 3.3 "Examples".
        (
            "AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H",
            (7.8, 6.4, 9.2),
        ),
        (
            "AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L",
            (10.0, 8.3, 9.0),
        ),
        (
            "AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M",
            (6.2, 4.9, 7.5),
        ),
    ],
    ids=["cve_2002_0392", "cve_2003_0818", "cve_2003_0062"],
)
def test_the_examples_of_version_2(vector: str, expected: tuple[float, ...]) -> None:
    found = scores(read_vector(vector))

    assert (found.base, found.temporal, found.environmental) == expected


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        # Source: FIRST, "CVSS v4.0 Examples".
        (f"AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/{V4_NONE}", 7.3),  # CVE-2022-41741
        ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),  # CVE-2021-44228
        ("AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1),  # CVE-2022-21830
        (f"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/{V4_NONE}/E:A", 8.7),  # CVE-2014-0160
        (f"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/{V4_NONE}", 9.3),
        (f"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/{V4_NONE}/E:U", 8.1),
        (f"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/{V4_NONE}/MAV:L", 8.6),
        (f"AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/{V4_NONE}", 0.0),
    ],
)
def test_version_4(vector: str, score: float) -> None:
    assert scores(read_vector(f"CVSS:4.0/{vector}")).overall == score


def test_environmental_metrics_of_version_3_change_the_environmental_score_only() -> None:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/MAV:L/CR:L/IR:L/AR:L"

    found = scores(read_vector(vector))

    assert (found.base, found.temporal, found.environmental) == (9.8, 8.5, 5.8)
    assert found.overall == found.environmental


@pytest.mark.parametrize(
    ("vector", "environmental"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MS:C/CR:H", 10.0),
        # The two versions of the equation for a changed scope.
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H/CR:H/IR:H/AR:H", 9.1),
        ("CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H/CR:H/IR:H/AR:H", 9.0),
        ("AV:L/AC:H/Au:M/C:N/I:N/A:N/CDP:L/TD:H", 1.0),
    ],
)
def test_environmental_scores(vector: str, environmental: float) -> None:
    assert scores(read_vector(vector)).environmental == environmental


def test_scores_that_a_vector_does_not_ask_for_are_none() -> None:
    found = scores(read_vector("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:X/MAV:X"))

    assert (found.base, found.temporal, found.environmental) == (9.8, None, None)


@pytest.mark.parametrize(
    ("kind", "vector", "score"),
    [
        ("cvss3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("cvss2", "AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5),
        ("cvss4", f"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/{V4_NONE}", 9.3),
        ("cvss2", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None),
        ("cvss3", "CVSS:3.1/AV:N", None),
        ("cvss3", "CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None),
        ("cvss3", "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None),
        ("cvss3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/", None),
        ("cvss3", "", None),
        ("cvss3", "x" * 100_000, None),
    ],
)
def test_base_scores(kind: str, vector: str, score: float | None) -> None:
    assert base_score(kind, vector) == score


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="CVSS:34.0/AVNLHPRUIXMTE", max_size=60) | st.text(max_size=30))
def test_any_text_is_scored_or_refused(text: str) -> None:
    try:
        found = scores(read_vector(text))
    except InputError:
        return
    assert 0 <= found.overall <= 10
