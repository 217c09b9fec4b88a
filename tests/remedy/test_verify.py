"""What an action removes and adds is what matching the changed inventory gives: a law."""

from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.assess.judge import judge
from scantling.core.model.finding import FindingState
from scantling.core.model.inventory import Package
from scantling.core.model.plan import ActionKind, FixAction
from scantling.matching.match import match
from scantling.remedy.api import Candidate, Proposal, Situation
from scantling.remedy.swap import at_version, exchanged
from tests.remedy.world import (
    APT,
    DEBIAN,
    Book,
    base,
    checker,
    flaw,
    library,
    plan,
    situation,
    system,
)

_NAMES = ("curl", "flask", "lodash", "openssl", "zlib")
_NUMBERS = st.integers(1, 6).map(str)


@st.composite
def _packages(draw: st.DrawFn) -> tuple[Package, ...]:
    found = {(APT.purl, ""): APT}
    for name in draw(st.lists(st.sampled_from(_NAMES), max_size=6)):
        version, layer = draw(_NUMBERS), draw(st.integers(0, 1))
        kind = draw(st.sampled_from(("deb", "pypi", "npm", "golang")))
        one = (
            system(name, version, layer=layer)
            if kind == "deb"
            else library(name, version, kind=kind, layer=layer)
        )
        if kind != "deb" or not any(
            other.name == name and other.type == "deb" for other in found.values()
        ):
            found[one.purl, one.owner] = one
    return tuple(found.values())


@st.composite
def _book(draw: st.DrawFn) -> Book:
    flaws = []
    for index in range(draw(st.integers(0, 10))):
        fixed = draw(st.one_of(st.just(()), _NUMBERS.map(lambda one: (one,))))
        ecosystem = draw(st.sampled_from((DEBIAN, "pypi", "npm", "golang")))
        since = draw(st.sampled_from(("", "2", "4")))
        score = draw(st.sampled_from((2.0, 5.0, 9.8)))
        name = draw(st.sampled_from(_NAMES))
        flaws.append(
            flaw(f"CVE-{index}", name, *fixed, ecosystem=ecosystem, since=(since,), score=score)
        )
    return Book(*flaws, also=(DEBIAN,))


@st.composite
def _situations(draw: st.DrawFn) -> Situation:
    others = tuple(
        Candidate(reference=f"docker.io/library/debian:12.{index}", packages=packages)
        for index, packages in enumerate(draw(st.lists(_packages(), max_size=2)))
    )
    dockerfile = "FROM debian:12-slim\nRUN pip install flask==1 lodash==2\n"
    return situation(
        *draw(_packages()),
        dockerfile=draw(st.sampled_from(("", dockerfile))),
        on=draw(st.sampled_from((None, base()))),
        candidates=others,
    )


def _counted(packages: tuple[Package, ...], book: Book) -> set[str]:
    """Return the identities that count, by the functions that a scan uses."""
    findings = judge(match(packages, book), book)
    return {one.identity for one in findings if one.state is not FindingState.SUPPRESSED}


def _changed(packages: tuple[Package, ...], action: FixAction) -> tuple[Package, ...]:
    """Return the packages after an action, from nothing but what the action says."""
    by_purl = {one.purl: one for one in packages}
    for change in action.changes:
        gone = by_purl.pop(change.before) if change.before else None
        if change.after:
            version = change.after.partition("?")[0].rpartition("@")[2]
            kind, _, rest = change.after.removeprefix("pkg:").partition("/")
            name = rest.partition("@")[0].rpartition("/")[2]
            made = system(name, version) if kind == "deb" else library(name, version, kind=kind)
            by_purl[change.after] = at_version(gone, version) if gone else made
    return tuple(by_purl[one] for one in sorted(by_purl))


@settings(max_examples=60, deadline=None)
@given(_situations(), _book())
def test_after_every_action_what_it_removes_is_gone_and_what_it_adds_is_there(
    where: Situation, book: Book
) -> None:
    made = plan(where, *book._stored, also=(DEBIAN,))

    packages = where.packages
    for action in made.actions:
        before = _counted(packages, book)
        packages = _changed(packages, action)
        now = _counted(packages, book)
        assert action.verified
        assert set(action.removes) == before - now
        assert set(action.adds) == now - before
        assert set(action.remaining) <= before & now
    assert {identity for identity, _ in made.unfixable} == _counted(packages, book)


@settings(max_examples=40, deadline=None)
@given(_packages(), _book())
def test_a_checker_finds_what_a_scan_finds(packages: tuple[Package, ...], book: Book) -> None:
    ordered = tuple(sorted(packages, key=lambda one: (one.purl, one.owner)))

    found = checker(*book._stored).everything(ordered)

    plain = judge(match(ordered, book), book)
    assert [(one.identity, one.state, one.purl) for one in found] == [
        (one.identity, one.state, one.purl) for one in plain
    ]


def _proposal(before: Package, after: Package, *aims: str) -> Proposal:
    return Proposal(
        kind=ActionKind.BUMP,
        title="Upgrade flask",
        subject="pkg:pypi/flask",
        before=before.version,
        after=after.version,
        removed=(before,),
        added=(after,),
        aims=aims,
    )


def test_a_change_that_misses_what_it_is_for_is_refused_with_what_stays() -> None:
    flask = library("flask", "1")
    check = checker(
        flaw("CVE-1", "flask", "2", ecosystem="pypi"), flaw("CVE-2", "flask", "9", ecosystem="pypi")
    )
    before = check.state((flask,))
    aims = tuple(one.identity for one in before.findings)

    checked = check.check(_proposal(flask, at_version(flask, "2"), *aims), before)

    assert checked.refusal == "matched again, the image still has CVE-2"


def test_a_change_that_brings_more_than_it_removes_is_refused() -> None:
    flask = library("flask", "1")
    check = checker(
        flaw("CVE-1", "flask", "2", ecosystem="pypi", score=3.1),
        flaw("CVE-2-KEV", "flask", "9", ecosystem="pypi", since=("2",), score=9.8),
    )

    checked = check.check(_proposal(flask, at_version(flask, "2")), check.state((flask,)))

    assert checked.refusal == "matched again, it brings as much risk as it removes"


def test_a_version_that_cannot_be_compared_is_no_fix() -> None:
    flask = library("flask", "1")
    check = checker(flaw("CVE-1", "flask", "2", ecosystem="pypi"))

    checked = check.check(_proposal(flask, at_version(flask, "newest")), check.state((flask,)))

    assert checked.refusal == "matched again, the image has the same findings"


def test_of_two_versions_with_one_flaw_changing_one_is_progress_but_removes_nothing() -> None:
    old, older = library("flask", "2"), library("flask", "1")
    check = checker(flaw("CVE-1", "flask", "3", ecosystem="pypi"))
    before = check.state((older, old))

    checked = check.check(_proposal(old, at_version(old, "3")), before)

    assert checked.refusal in {"", "matched again, it brings as much risk as it removes"}
    assert checked.removes == ()


def test_a_silenced_finding_counts_on_neither_side() -> None:
    flask = library("flask", "1")
    open_check = checker(flaw("CVE-1", "flask", "2", ecosystem="pypi"))
    (finding,) = open_check.state((flask,)).findings
    check = type(open_check)(
        open_check.knowledge,
        today=open_check._today,
        silenced=frozenset({finding.identity}),
    )

    assert check.state((flask,)).findings == ()


def test_what_an_upgraded_system_package_owned_belongs_to_its_successor() -> None:
    python = system("python3-flask", "1")
    flask = library("flask", "1", owner=python.purl)

    after = exchanged((python, flask), (python,), (at_version(python, "2"),))

    assert after is not None
    owned = next(one for one in after if one.type == "pypi")
    assert owned.owner == at_version(python, "2").purl


def test_a_package_of_another_value_is_not_exchanged() -> None:
    flask = library("flask", "1")

    assert exchanged((flask,), (library("flask", "1", layer=0),), ()) is None
