"""Laws of risk: it grows with every factor, and what is not known only widens its range."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.assess.risk.formula import FORMULA, TERMS, risk_of
from scantling.assess.risk.rate import factors_of, rate, rate_all
from scantling.core.cvss.scores import base_score
from scantling.core.model.advisory import Fix, Level, Signal
from scantling.core.model.context import Context, Criticality, Exposure
from scantling.core.model.finding import Finding, FindingState, Match, Outcome
from scantling.core.model.risk import Factor
from tests.assess.risk.examples import (
    EXAMPLES,
    NOWHERE,
    TAKE_OVER,
    TODAY,
    context,
    epss,
    finding,
    kev,
    ssvc,
)

# What each fact can be, best first; the first of all is "not known".
LEVELS = list(Level)[1:]
EXPLOITATION = ["none", "poc", "active"]
FIXES = [Fix.WILL_NOT_FIX, Fix.NONE, Fix.DEFERRED, Fix.END_OF_LIFE, Fix.FIXED]
LADDERS: dict[str, Sequence[StrEnum]] = {
    "severity": LEVELS,
    "fix": FIXES,
    "exposure": list(Exposure)[1:],
    "criticality": list(Criticality)[1:],
}
WORSE = [
    ("AV:P", "AV:L"),
    ("AV:L", "AV:A"),
    ("AV:A", "AV:N"),
    ("AC:H", "AC:L"),
    ("PR:H", "PR:L"),
    ("PR:L", "PR:N"),
    ("UI:R", "UI:N"),
    ("S:U", "S:C"),
    *[(f"/{name}:{less}", f"/{name}:{more}") for name in "CIA" for less, more in ("NL", "LH")],
]

vectors = st.builds(
    "CVSS:3.1/AV:{}/AC:{}/PR:{}/UI:{}/S:{}/C:{}/I:{}/A:{}".format,
    *map(st.sampled_from, ("NALP", "LH", "NLH", "NR", "UC", "NLH", "NLH", "NLH")),
)
signals = st.tuples(
    st.none() | st.booleans().map(lambda used: kev(ransomware=used)),
    st.none() | st.floats(0, 1).map(epss),
    st.none()
    | st.builds(
        lambda *parts: ssvc("/".join(parts)),
        *map(st.sampled_from, (EXPLOITATION, ["no", "yes"], ["partial", "total"])),
    ),
).map(lambda found: tuple(one for one in found if one is not None))
contexts = st.builds(context, st.sampled_from(Exposure), st.sampled_from(Criticality))


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    vector = draw(st.just("") | vectors)
    return replace(
        finding(draw(st.sampled_from(Level)), vector, base_score("cvss3", vector)),
        signals=draw(signals),
        fix=draw(st.sampled_from(Fix)),
        id=draw(st.sampled_from(["EXAMPLE-1", "CVE-2014-0001", "CVE-2026-0001"])),
        references=draw(st.sampled_from([(), ("https://www.exploit-db.com/exploits/1",)])),
        state=draw(st.sampled_from([FindingState.OPEN, FindingState.UNDETERMINED])),
    )


def never_less(better: Finding, where: Context, worse: Finding, worse_where: Context) -> None:
    one, other = rate(better, where, TODAY), rate(worse, worse_where, TODAY)
    assert one.low <= other.low
    assert one.score <= other.score
    assert one.high <= other.high


def inside(known: Finding, where: Context, unknown: Finding, unknown_where: Context) -> None:
    """Assert that each factor of what is known lies within the range that it had before."""
    pairs = zip(
        factors_of(known, where, TODAY), factors_of(unknown, unknown_where, TODAY), strict=True
    )
    for one, other in pairs:
        assert other.low <= one.low <= one.value <= one.high <= other.high, one.name


@settings(max_examples=80, deadline=None)
@given(findings(), contexts, st.data())
def test_a_worse_value_of_any_fact_never_lowers_the_risk(
    one: Finding, where: Context, data: st.DataObject
) -> None:
    name, values = data.draw(st.sampled_from(sorted(LADDERS.items())))
    at = data.draw(st.integers(0, len(values) - 2))
    less, more = ({name: value} for value in values[at : at + 2])

    if name in {"exposure", "criticality"}:
        never_less(one, replace(where, **less), one, replace(where, **more))
    else:
        never_less(replace(one, **less), where, replace(one, **more), where)


@settings(max_examples=80, deadline=None)
@given(findings(), contexts, vectors, st.sampled_from(WORSE))
def test_a_worse_metric_never_lowers_the_risk(
    one: Finding, where: Context, vector: str, change: tuple[str, str]
) -> None:
    """With the level of its score: a better score under the same word is another judgment."""
    before = vector.replace(change[1], change[0])
    less = replace(one, vector=before, score=None)
    more = replace(one, vector=before.replace(*change), score=None)

    never_less(less, where, more, where)


@settings(max_examples=80, deadline=None)
@given(findings(), contexts, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_never_lowers_the_risk(
    one: Finding, where: Context, first: float, second: float
) -> None:
    rest = tuple(signal for signal in one.signals if signal.kind != "epss")
    less = replace(one, signals=(*rest, epss(min(first, second))))
    more = replace(one, signals=(*rest, epss(max(first, second))))

    never_less(less, where, more, where)


@settings(max_examples=80, deadline=None)
@given(findings(), contexts, st.data())
def test_more_evidence_of_exploitation_never_lowers_the_risk(
    one: Finding, where: Context, data: st.DataObject
) -> None:
    rest = tuple(signal for signal in one.signals if signal.kind not in {"kev", "ssvc"})
    ladder = [ssvc(f"{word}/{{}}/partial") for word in EXPLOITATION]
    at = data.draw(st.integers(0, len(ladder)))
    automatable = data.draw(st.sampled_from(["no", "yes"]))
    steps: list[Signal] = [
        *(replace(signal, value=signal.value.format(automatable)) for signal in ladder),
        kev(),
        kev(ransomware=True),
    ]

    less, more = (replace(one, signals=(*rest, signal)) for signal in steps[at : at + 2])

    never_less(less, where, more, where)


@settings(max_examples=100, deadline=None)
@given(findings(), contexts, st.sampled_from(EXPLOITATION), signals)
def test_automation_a_listing_and_a_link_never_lower_the_risk(
    one: Finding, where: Context, word: str, others: tuple[Signal, ...]
) -> None:
    rest = tuple(signal for signal in one.signals if signal.kind != "ssvc")
    never_less(
        replace(one, signals=(*rest, ssvc(f"{word}/no/total"))),
        where,
        replace(one, signals=(*rest, ssvc(f"{word}/yes/total"))),
        where,
    )
    never_less(
        replace(one, signals=(ssvc(f"{word}/no/partial"),)),
        where,
        replace(one, signals=(ssvc(f"{word}/no/total"),)),
        where,
    )
    # (From no signal at all it may narrow the range instead: that could have been anything.)
    rest = (*others, epss(0.5))
    never_less(replace(one, signals=rest), where, replace(one, signals=(*rest, kev())), where)


@settings(max_examples=100, deadline=None)
@given(findings(), contexts, st.integers(0, 4000), st.integers(0, 400))
def test_time_never_lowers_the_risk(one: Finding, where: Context, start: int, more: int) -> None:
    first = date(2016, 1, 1) + timedelta(days=start)

    before, after = rate(one, where, first), rate(one, where, first + timedelta(days=more))

    assert before.score <= after.score
    assert before.low <= after.low
    assert before.high <= after.high


@settings(max_examples=80, deadline=None)
@given(findings(), contexts, st.data())
def test_a_known_fact_lies_within_what_the_unknown_one_could_be(
    one: Finding, where: Context, data: st.DataObject
) -> None:
    unknown, somewhere = one, where
    match data.draw(st.sampled_from(["exposure", "criticality", "fix", "vector", "id", "signals"])):
        case "exposure":
            somewhere = replace(where, exposure=Exposure.UNKNOWN)
        case "criticality":
            somewhere = replace(where, criticality=Criticality.UNKNOWN)
        case "fix":
            unknown = replace(one, fix=Fix.UNKNOWN)
        case "id":
            unknown = replace(one, id="EXAMPLE-1")
        case "signals":
            one = replace(one, references=())
            unknown = replace(one, signals=())
        case _:
            level = Level.UNKNOWN
            one = replace(one, severity=level)
            unknown = replace(one, vector="", score=None, signals=())

    inside(one, where, unknown, somewhere)


@settings(max_examples=80, deadline=None)
@given(findings(), contexts, st.sampled_from(EXPLOITATION), st.floats(0, 1))
def test_more_knowledge_never_widens_the_range(
    one: Finding, where: Context, word: str, probability: float
) -> None:
    bare = replace(one, signals=())
    known = [(), (epss(probability),), (epss(probability), ssvc(f"{word}/no/total"))]
    known.append((*known[-1], kev()))

    found = [factor(replace(bare, signals=said), where, "likelihood") for said in known]

    widths = [one.high - one.low for one in found]
    assert widths == sorted(widths, reverse=True)


@settings(max_examples=80, deadline=None)
@given(findings(), contexts)
def test_a_stated_context_never_widens_the_risk(one: Finding, where: Context) -> None:
    vague = Context(criticality=where.criticality)

    known, unknown = rate(one, where, TODAY), rate(one, vague, TODAY)

    assert unknown.low <= known.low
    assert known.high <= unknown.high


@settings(max_examples=80, deadline=None)
@given(findings(), contexts)
def test_the_score_is_the_formula_of_the_shown_factors(one: Finding, where: Context) -> None:
    risk = rate(one, where, TODAY)

    assert risk.score == round(risk_of([factor.value for factor in risk.factors]), 1)
    assert 0 <= risk.low <= risk.score <= risk.high <= 100
    assert [factor.name for factor in risk.factors] == list(TERMS)
    assert risk.formula == FORMULA == "scantling-risk/1"


@settings(max_examples=50, deadline=None)
@given(st.lists(findings(), max_size=6), contexts)
def test_many_findings_are_rated_as_each_alone(found: list[Finding], where: Context) -> None:
    many = [*found, *found]

    assert rate_all(many, where, TODAY) == tuple(rate(one, where, TODAY) for one in many)


numbers = st.lists(st.floats(0, 1), min_size=len(TERMS), max_size=len(TERMS))


@settings(max_examples=300, deadline=None)
@given(numbers, st.integers(0, len(TERMS) - 1), st.floats(0, 1), st.floats(0, 1))
def test_the_formula_is_linear_and_grows_in_each_factor(
    values: list[float], at: int, first: float, second: float
) -> None:
    def risk(value: float) -> float:
        return risk_of([*values[:at], value, *values[at + 1 :]])

    low, high = sorted((first, second))

    assert risk(low) <= risk(high) + 1e-9
    assert risk((low + high) / 2) == pytest.approx((risk(low) + risk(high)) / 2, abs=1e-9)


def factor(one: Finding, where: Context, name: str) -> Factor:
    return next(factor for factor in factors_of(one, where, TODAY) if factor.name == name)


def score(one: Finding, where: Context = NOWHERE) -> float:
    return rate(one, where, TODAY).score


@pytest.mark.parametrize("level", [Level.HIGH, Level.CRITICAL])
@pytest.mark.parametrize("vector", ["", TAKE_OVER])
@pytest.mark.parametrize("fix", list(Fix))
def test_known_exploitation_of_a_high_impact_on_the_internet_is_above_90(
    level: Level, vector: str, fix: Fix
) -> None:
    one = finding(level, vector, base_score("cvss3", vector), kev(), fix=fix, id_="EXAMPLE-1")

    assert score(one, context(Exposure.INTERNET)) > 90


@pytest.mark.parametrize("fix", list(Fix))
def test_a_negligible_flaw_in_an_isolated_unimportant_product_is_below_10(fix: Fix) -> None:
    one = finding(Level.NEGLIGIBLE, fix=fix)

    assert 0 < score(one, context(Exposure.ISOLATED, Criticality.LOW)) < 10


def test_nothing_known_is_neither_zero_nor_hidden() -> None:
    risk = rate(finding(fix=Fix.UNKNOWN, id_="EXAMPLE-1"), NOWHERE, TODAY)

    assert risk.score > 20
    assert (risk.low, risk.high) == (0, 100)
    assert [one.name for one in risk.factors if one.known] == ["presence"]


def test_suppressed_is_zero_and_undetermined_begins_there() -> None:
    one = finding(Level.CRITICAL, TAKE_OVER, 9.8, kev())
    rated = {
        state: rate(replace(one, state=state, reason="said so"), NOWHERE, TODAY)
        for state in FindingState
    }

    assert rated[FindingState.SUPPRESSED].high == 0
    assert rated[FindingState.UNDETERMINED].low == 0
    assert rated[FindingState.UNDETERMINED].high == rated[FindingState.OPEN].high
    assert rated[FindingState.UNDETERMINED].score > rated[FindingState.OPEN].score * 0.75


def test_the_word_of_a_distribution_bounds_the_impact_of_a_vector() -> None:
    values = [factor(finding(level, TAKE_OVER, 9.8), NOWHERE, "impact").value for level in LEVELS]

    assert values == [0.15, 0.5, 0.85, 1.0, 1.0]


def test_a_vector_that_cannot_be_read_is_as_none() -> None:
    assert factor(finding(Level.HIGH, "CVSS:9/x"), NOWHERE, "impact") == factor(
        finding(Level.HIGH), NOWHERE, "impact"
    )


@pytest.mark.parametrize(
    ("vector", "impact", "effort"),
    [
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 1.0, 1.0),
        ("AV:N/AC:M/Au:S/C:P/I:N/A:N", 0.4536, 0.68),
        ("CVSS:3.0/AV:N/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0.0, 0.28),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MC:L/MI:N/MA:N/MPR:H", 0.3528, 0.5),
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:A/VC:N/VI:N/VA:N/SC:H/SI:L/SA:N", 0.373, 0.6),
    ],
    ids=["v2", "v2_partial", "v3_none", "v3_environmental", "v4"],
)
def test_vectors_of_all_versions_are_read(vector: str, impact: float, effort: float) -> None:
    one = finding(Level.UNKNOWN, vector)

    assert factor(one, NOWHERE, "impact").value == impact
    assert factor(one, NOWHERE, "effort").value == effort


@pytest.mark.parametrize(
    ("suffix", "word"),
    [("/E:P", "poc"), ("/E:F", "functional"), ("/E:H", "functional"), ("/E:U", "none")],
)
def test_the_exploit_maturity_of_a_vector_counts(suffix: str, word: str) -> None:
    said = factor(finding(Level.CRITICAL, TAKE_OVER + suffix, 9.8), NOWHERE, "likelihood")

    assert said.because == f"no EPSS; exploit code: {word} (CVSS)"


def test_active_exploitation_by_any_word_decides() -> None:
    cisa = finding(Level.CRITICAL, TAKE_OVER, 9.8, epss(0.01), ssvc("active/no/total"))
    v4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A"

    assert factor(cisa, NOWHERE, "likelihood").value == 0.97
    assert factor(finding(Level.CRITICAL, v4), NOWHERE, "likelihood").value == 0.97


def test_a_link_to_a_public_exploit_raises_the_likelihood() -> None:
    one = finding(Level.HIGH, "", None, epss(0.01))
    linked = replace(one, references=("https://example.com/", "https://www.exploit-db.com/e/1"))

    assert score(linked) > score(one)
    assert "public exploit linked" in factor(linked, NOWHERE, "likelihood").because


def test_broken_signals_say_nothing() -> None:
    one = finding(Level.HIGH, "", None, replace(epss(0.1), value="many"), ssvc("perhaps"))

    said = factor(one, NOWHERE, "likelihood")

    assert (said.low, said.high) == (0.0, 0.962)


def test_that_nothing_was_seen_counts_for_a_year() -> None:
    one = finding(Level.HIGH, "", None, epss(0.01), ssvc("none/no/total"))
    later = TODAY + timedelta(days=400)

    found = [
        next(f for f in factors_of(one, NOWHERE, at) if f.name == "likelihood")
        for at in (TODAY, later)
    ]

    assert found[0].low == found[0].high
    assert found[1].low < found[1].value < found[1].high
    assert "too old to count" in found[1].because


def test_a_finding_with_several_ids_has_the_worst_of_their_signals() -> None:
    one = finding(Level.HIGH, "", None, epss(0.2), epss(0.01), ssvc("none/yes/total"))
    worst = replace(one, signals=(*one.signals, ssvc("poc/no/partial")))

    because = factor(worst, NOWHERE, "likelihood").because

    assert "EPSS 0.2 " in because
    assert "exploitation: poc" in because


def test_signals_about_other_things_do_not_bear_on_the_likelihood() -> None:
    weakness = Signal(id="CVE-2025-1000", kind="cwe", value="CWE-79")

    assert not factor(finding(Level.HIGH, "", None, weakness), NOWHERE, "likelihood").known


def test_technical_impact_counts_where_there_is_no_vector() -> None:
    total, partial = (
        factor(finding(Level.UNKNOWN, "", None, ssvc(f"none/no/{word}")), NOWHERE, "impact")
        for word in ("total", "partial")
    )

    assert (total.low, total.value, total.high) == (0.6, 0.95, 1.0)
    assert (partial.low, partial.value, partial.high) == (0.0, 0.6, 0.9)


def test_the_date_of_the_last_change_bounds_the_age() -> None:
    one = finding(Level.HIGH)
    match = Match(
        purl=one.purl,
        source="go",
        advisory="GO-2025-0001",
        vulnerability=one.id,
        outcome=Outcome.AFFECTED,
        by="name",
        ecosystem="golang",
        package="example.com/x",
        version="1.0",
        range="",
        because="",
        modified="2025-08-25T10:00:00Z",
    )

    said = factor(replace(one, matches=(match,)), NOWHERE, "age")

    assert said.because == "published between 2025-01-01 and 2025-08-25"
    assert said.low == pytest.approx(1 - 2 ** (-455 / 90), abs=1e-4)
    assert said.high == pytest.approx(1 - 2 ** (-691 / 90), abs=1e-4)


def test_the_priors_of_the_formula_are_those_of_the_factors() -> None:
    found = factors_of(finding(fix=Fix.UNKNOWN, id_="EXAMPLE-1"), NOWHERE, TODAY)

    for one, term in zip(found, TERMS.values(), strict=True):
        assert (one.low, one.value, one.high) == (term.low, term.value, term.high), one.name


def test_at_least_twelve_examples_are_worked() -> None:
    assert len(EXAMPLES) >= 12
