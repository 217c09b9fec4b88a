"""Two reports are compared by what findings are about; what is hidden is not fixed."""

from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.assess.compare import baseline_of, compare
from scantling.core.model.advisory import Level
from scantling.core.model.finding import Finding, FindingState, Match, Verdict, VerdictStatus
from scantling.core.model.gap import gap
from scantling.core.model.inventory import Location, Package
from scantling.core.model.report import ScanReport
from scantling.testing.reports import DATABASE, DJANGO, IMAGE, OPENSSL, finding, match, package

_CLEAN = Verdict(status=VerdictStatus.CLEAN, exit_code=0)


def _report(
    *findings: Finding, packages: tuple[Package, ...] = (DJANGO, OPENSSL), **fields: object
) -> ScanReport:
    report = ScanReport(
        tool_version="1",
        created="2026-08-23T10:00:00Z",
        image=IMAGE,
        verdict=_CLEAN,
        database=DATABASE,
        packages=packages,
        findings=findings,
    )
    return replace(report, **fields)


def _ids(findings: tuple[Finding, ...]) -> list[str]:
    return [one.id for one in findings]


def test_what_only_one_report_has_is_new_or_fixed() -> None:
    stays, goes, comes = (finding(DJANGO, f"CVE-2024-{at}") for at in range(3))

    found = compare(_report(stays, goes), _report(stays, comes))

    assert (_ids(found.new), _ids(found.fixed), found.lost) == (["CVE-2024-2"], ["CVE-2024-1"], ())
    [same] = found.unchanged
    assert same.before == same.after == stays


def test_other_severity_layer_version_and_state_are_the_same_finding() -> None:
    moved = replace(
        DJANGO,
        purl="pkg:pypi/django@2.2.1",
        version="2.2.1",
        origin=0,
        locations=(Location(path="opt/Django.dist-info/METADATA", layer=0),),
    )
    old = finding(DJANGO, "CVE-2024-1", Level.HIGH)
    new = finding(moved, "CVE-2024-1", Level.LOW, FindingState.SUPPRESSED)

    found = compare(_report(old), _report(new, packages=(moved,)))

    [change] = found.unchanged
    assert (change.before, change.after) == (old, new)
    assert (found.new, found.fixed, found.lost) == ((), (), ())
    assert (found.packages_added, found.packages_removed) == (
        ("pkg:pypi/django@2.2.1",),
        (DJANGO.purl, OPENSSL.purl)[::-1],
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(("GHSA-a", ()), ("CVE-2024-1", ("GHSA-a",)), id="cve_assigned_later"),
        pytest.param(("GHSA-a", ("PYSEC-1",)), ("PYSEC-1", ()), id="other_advisory"),
        pytest.param(
            ("CVE-2024-1", ()), ("CVE-2024-2", ("CVE-2024-1",)), id="cve_listed_as_an_alias"
        ),
    ],
)
def test_another_name_of_the_vulnerability_is_the_same_finding(
    old: tuple[str, tuple[str, ...]], new: tuple[str, tuple[str, ...]]
) -> None:
    before = finding(DJANGO, old[0], aliases=old[1])
    after = finding(DJANGO, new[0], aliases=new[1])

    for one, other in ((before, after), (after, before)):
        found = compare(_report(one), _report(other))
        assert (found.new, found.fixed, len(found.unchanged)) == ((), (), 1)


def test_a_bulletin_about_several_vulnerabilities_does_not_make_them_one() -> None:
    old = finding(OPENSSL, "CVE-2024-1", aliases=("DSA-1",), matches=(_by_debian(),))
    new = finding(OPENSSL, "CVE-2024-2", aliases=("DSA-1",), matches=(_by_debian(),))

    found = compare(_report(old), _report(new))

    assert (_ids(found.new), _ids(found.fixed)) == (["CVE-2024-2"], ["CVE-2024-1"])


def _by_debian() -> Match:
    return match(OPENSSL, "CVE-2024-1", source="debian")


def test_a_copy_less_is_no_fix_while_another_has_the_flaw() -> None:
    second = replace(DJANGO, purl="pkg:pypi/django@1.0", version="1.0")
    one, two = finding(DJANGO, "CVE-2024-1"), finding(second, "CVE-2024-1")

    found = compare(_report(one, two, packages=(DJANGO, second)), _report(one))

    assert (found.new, found.fixed) == ((), ())
    assert {change.before.purl for change in found.unchanged} == {one.purl, two.purl}


_GONE = finding(DJANGO, "CVE-2024-1")


@pytest.mark.parametrize(
    ("fields", "hidden"),
    [
        pytest.param({}, False, id="fixed_in_place"),
        pytest.param({"packages": ()}, False, id="package_removed"),
        pytest.param({"packages": (), "profile": "fast"}, True, id="not_looked_at_as_deeply"),
        pytest.param({"database": None}, True, id="nothing_was_matched"),
        pytest.param(
            {"database": replace(DATABASE, sources=DATABASE.sources[:1])},
            True,
            id="the_source_that_spoke_is_gone",
        ),
        pytest.param(
            {"database": replace(DATABASE, sources=()), "packages": ()},
            False,
            id="no_source_is_needed_for_a_package_that_is_gone",
        ),
        pytest.param(
            {"gaps": (gap("layer.unread", "early end", layer=0),)}, True, id="a_layer_was_not_read"
        ),
        pytest.param(
            {"gaps": (gap("parse.failed", "broken", path="app/Django-2.2.dist-info/METADATA"),)},
            True,
            id="its_file_was_not_read",
        ),
        pytest.param(
            {"gaps": (gap("parse.failed", "broken", path="opt/x.dist-info/METADATA"),)},
            True,
            id="a_file_of_its_kind_was_not_read",
        ),
        pytest.param(
            {"gaps": (gap("zip.corrupt", "broken", path="opt/a.jar"),)},
            False,
            id="a_file_of_another_kind_was_not_read",
        ),
        pytest.param(
            {"gaps": (gap("tar.note", "rare", path="app/Django-2.2.dist-info/METADATA"),)},
            False,
            id="an_info_gap_hides_nothing",
        ),
        pytest.param(
            {"gaps": (gap("advisories.stale", "old"), gap("os.end-of-life", "ended"))},
            False,
            id="age_hides_nothing_older",
        ),
        pytest.param(
            {"gaps": (gap("os.no-package-db", "missing"),)},
            False,
            id="a_gap_of_the_system_does_not_hide_the_language",
        ),
    ],
)
def test_a_finding_is_fixed_only_if_it_could_have_been_seen(
    fields: dict[str, object], *, hidden: bool
) -> None:
    found = compare(_report(_GONE), _report(**fields))  # type: ignore[arg-type]

    assert (found.lost, found.fixed) == (((_GONE,), ()) if hidden else ((), (_GONE,)))


def test_a_gap_of_the_operating_system_hides_its_packages() -> None:
    gone = finding(OPENSSL, "CVE-2024-1", matches=(_by_debian(),))

    found = compare(_report(gone), _report(gaps=(gap("os.unknown", "no os-release"),)))

    assert found.lost == (gone,)


def test_what_else_differs_is_said() -> None:
    before = _report(gaps=(gap("layer.unread", "early end", layer=0),))
    after = _report(
        _GONE,
        tool_version="2",
        profile="deep",
        database=replace(DATABASE, digest="sha256:" + "12" * 32),
    )

    said = " | ".join(compare(before, after).because)

    for word in ("sha256:efefefefefef", "sha256:121212121212", "1, then 2", "standard, then deep"):
        assert word in said
    assert "1 of the new findings may have been there before" in said


def test_a_baseline_names_what_is_new_by_identity() -> None:
    stays, comes = finding(DJANGO, "CVE-2024-1"), finding(DJANGO, "CVE-2024-2")
    goes = finding(DJANGO, "CVE-2024-3")

    baseline = baseline_of(_report(stays, goes), _report(stays, comes), "main.json")

    assert baseline.new == (comes.identity,)
    assert baseline.fixed == (goes,)
    assert (baseline.name, baseline.digest, baseline.unchanged) == ("main.json", IMAGE.digest, 1)


_PACKAGES = tuple(
    replace(package(name, version), locations=())
    for name in ("a", "b")
    for version in ("1.0", "2.0")
)
_NAMES = ("CVE-2024-1", "CVE-2024-2", "GHSA-a", "GHSA-b", "DSA-1")


@st.composite
def _findings(draw: st.DrawFn) -> tuple[Finding, ...]:
    names = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3, unique=True)
    found = []
    for about in draw(st.lists(st.sampled_from(_PACKAGES), max_size=6)):
        first, *others = sorted(draw(names))
        plain = about.purl.partition("@")[0]
        found.append(
            finding(
                about,
                first,
                draw(st.sampled_from((Level.HIGH, Level.LOW))),
                draw(st.sampled_from((FindingState.OPEN, FindingState.SUPPRESSED))),
                aliases=tuple(others),
                identity=f"{plain}/{first}",
            )
        )
    return tuple(found)


@settings(max_examples=60, deadline=None)
@given(_findings())
def test_nothing_changed_since_the_same_report(findings: tuple[Finding, ...]) -> None:
    report = _report(*findings, packages=_PACKAGES)

    found = compare(report, report)

    assert (found.new, found.fixed, found.lost, found.because) == ((), (), (), ())
    assert baseline_of(report, report, "x").unchanged == len(findings)


@settings(max_examples=60, deadline=None)
@given(_findings(), _findings())
def test_what_is_new_one_way_is_fixed_the_other_way(
    one: tuple[Finding, ...], other: tuple[Finding, ...]
) -> None:
    before, after = _report(*one, packages=_PACKAGES), _report(*other, packages=_PACKAGES)

    there, back = compare(before, after), compare(after, before)

    assert (there.new, there.fixed) == (back.fixed, back.new)
    assert {*there.new} | {change.after for change in there.unchanged} == {*other}
    assert {*there.fixed} | {change.before for change in there.unchanged} == {*one}


@settings(max_examples=60, deadline=None)
@given(_findings(), _findings(), st.randoms(use_true_random=False))
def test_the_order_of_findings_changes_nothing(
    one: tuple[Finding, ...], other: tuple[Finding, ...], random: Random
) -> None:
    straight = compare(_report(*one, packages=_PACKAGES), _report(*other, packages=_PACKAGES))
    mixed = [list(one), list(other)]
    for side in mixed:
        random.shuffle(side)

    shuffled = compare(*[_report(*side, packages=_PACKAGES) for side in mixed])

    assert shuffled == straight


@settings(max_examples=60, deadline=None)
@given(_findings(), _findings())
def test_speaking_of_a_finding_by_another_of_its_names_changes_nothing(
    one: tuple[Finding, ...], other: tuple[Finding, ...]
) -> None:
    renamed = tuple(
        replace(
            each,
            id=names[-1],
            aliases=tuple(names[:-1]),
            identity=f"{each.purl.partition('@')[0]}/{names[-1]}",
        )
        for each in other
        if (names := [*each.aliases, each.id])
    )

    found = compare(_report(*one, packages=_PACKAGES), _report(*other, packages=_PACKAGES))
    again = compare(_report(*one, packages=_PACKAGES), _report(*renamed, packages=_PACKAGES))

    assert again.fixed == found.fixed
    assert len(again.new) == len(found.new)


def test_reports_of_1300_findings_compare_in_an_instant() -> None:
    packages = tuple(package(f"p{at}") for at in range(100))
    many = tuple(
        finding(packages[at % 100], f"CVE-2024-{at}", aliases=(f"GHSA-{at}",)) for at in range(1400)
    )
    before, after = (_report(*part, packages=packages) for part in (many[:1300], many[100:]))

    found, seconds = compare(before, after), []
    for _ in range(5):
        begin = process_time()
        compare(before, after)
        seconds.append(process_time() - begin)

    assert (len(found.new), len(found.fixed)) == (100, 100)
    assert min(seconds) < 0.1  # 10 ms alone; others work on this machine as well
