"""A new base: set arithmetic on inventories, and the line that says so."""

import pytest

from scantling.core.model.inventory import Distro, Location
from scantling.core.model.plan import ActionKind, Effort
from scantling.remedy.api import Candidate
from scantling.remedy.strategies.rebase import exchange
from tests.remedy.world import (
    APT,
    DEBIAN,
    after,
    base,
    flaw,
    image,
    library,
    plan,
    situation,
    system,
)

OLD = system("zlib1g", "1", source="zlib")
NEW = system("zlib1g", "3", source="zlib")
EXTRA = system("perl", "5")
FLAWS = (flaw("CVE-1", "zlib", "2"), flaw("CVE-2", "zlib", "3"), flaw("CVE-3", "perl"))
DIGEST = "sha256:" + "ab" * 32


def candidate(
    *packages: object, name: str = "docker.io/library/debian:12.9", **more: object
) -> Candidate:
    return Candidate(reference=name, packages=packages, **more)  # type: ignore[arg-type]


def test_what_goes_and_what_comes_is_counted_by_matching_again() -> None:
    where = situation(OLD, library("x", "1"), on=base(), candidates=(candidate(NEW, EXTRA),))

    made = plan(where, *FLAWS, only="rebase")

    (action,) = made.actions
    named = {one.identity: one.id for one in made.findings}
    assert action.kind is ActionKind.REBASE
    assert [named[one] for one in action.removes] == ["CVE-1", "CVE-2"] or [
        named[one] for one in action.removes
    ] == ["CVE-2", "CVE-1"]
    assert [named[one] for one in action.adds] == ["CVE-3"]
    assert action.verified
    assert action.title == "Build on debian:12.9 instead of debian:12-slim"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("FROM debian:12-slim\nRUN x\n", "FROM debian:12.9\nRUN x\n"),
        ("ARG TAG=12-slim\nFROM debian:${TAG}\n", "ARG TAG=12.9\nFROM debian:${TAG}\n"),
        (
            "FROM docker.io/library/debian:12-slim AS run\n",
            "FROM docker.io/library/debian:12.9 AS run\n",
        ),
        (
            f"FROM debian:12-slim@sha256:{'01' * 32}\n",
            f"FROM debian:12.9@{DIGEST}\n",
        ),
        (
            "FROM golang:1 AS build\nRUN go build\nFROM debian:12-slim\nCOPY --from=build /a /a\n",
            "FROM golang:1 AS build\nRUN go build\nFROM debian:12.9\nCOPY --from=build /a /a\n",
        ),
    ],
    ids=["plain", "through_an_argument", "in_full", "pinned_stays_pinned", "the_last_stage"],
)
def test_the_from_line_is_edited_in_its_own_manner(before: str, expected: str) -> None:
    where = situation(
        OLD, dockerfile=before, on=base(), candidates=(candidate(NEW, digest=DIGEST),)
    )

    assert after(plan(where, *FLAWS, only="rebase")) == expected


def test_a_pinned_from_is_left_alone_when_the_new_digest_is_not_known() -> None:
    before = f"FROM debian:12-slim@sha256:{'01' * 32}\n"
    where = situation(OLD, dockerfile=before, on=base(), candidates=(candidate(NEW),))

    (action,) = plan(where, *FLAWS, only="rebase").actions

    assert action.edits == ()
    assert "FROM of Dockerfile cannot be edited safely; change it by hand" in action.warnings


def test_a_base_that_nobody_speaks_about_is_no_fix() -> None:
    """Fewer findings because of missing knowledge are not fewer flaws."""
    unknown = system("zlib", "3", ecosystem="apk/unheard:1")
    where = situation(OLD, on=base(), candidates=(candidate(unknown),))

    made = plan(where, *FLAWS, only="rebase")

    assert made.actions == ()
    ((what, why),) = made.refused
    assert what == "Build on debian:12.9 instead of debian:12-slim"
    assert why == "the database has nothing about apk/unheard:1, so that cannot be judged"


def test_another_distribution_end_of_life_and_a_guessed_base_are_warnings() -> None:
    alpine = "apk/alpine:3.18"
    other = candidate(
        system("zlib", "3", ecosystem=alpine),
        name="docker.io/library/python:3.13-alpine",
        distro=Distro(id="alpine", release="3.18"),
        ended="alpine 3.18 ended on 2025-05-09",
        complete=False,
    )
    where = situation(OLD, system("own", "1", layer=1), on=base(), candidates=(other,))

    (action,) = plan(where, *FLAWS, only="rebase", also=(alpine,)).actions

    assert action.effort is Effort.MAJOR
    assert action.warnings == (
        "the candidate could not be read completely",
        "the candidate is at its end of life: alpine 3.18 ended on 2025-05-09",
        "it is another distribution: debian 12 becomes alpine 3.18",
        "1 system packages installed on top are counted at their old versions",
    )


def test_of_a_system_package_on_top_and_below_the_newer_is_kept() -> None:
    mine = system("zlib1g", "2", source="zlib", layer=1)

    removed, added = exchange((mine, APT), base(), candidate(NEW))
    kept, nothing = exchange((mine, APT), base(), candidate(OLD))

    assert set(removed) == {APT, mine}
    assert [one.version for one in added] == ["3"]
    assert kept == (APT,)
    assert nothing == ()


def test_what_an_own_layer_brought_again_stays() -> None:
    both = library("flask", "1", layer=0)
    again = type(both)(
        **{
            **{name: getattr(both, name) for name in both.__struct_fields__},
            "locations": (
                Location(path="base/flask", layer=0),
                Location(path="app/flask", layer=1),
            ),
        }
    )

    removed, added = exchange((again,), base(), candidate())

    assert removed == (again,)
    assert [one.locations for one in added] == [(Location(path="app/flask", layer=1),)]


def test_without_a_known_base_nothing_is_measured() -> None:
    assert plan(situation(OLD, candidates=(candidate(NEW),)), *FLAWS, only="rebase").actions == ()


def test_of_several_candidates_one_is_taken_and_the_others_are_shown() -> None:
    half = candidate(system("zlib1g", "2", source="zlib"), name="docker.io/library/debian:12.5")
    where = situation(OLD, on=base(), candidates=(half, candidate(NEW)))

    made = plan(where, *FLAWS, only="rebase")

    assert [one.after for one in made.actions] == ["docker.io/library/debian:12.9"]
    assert [one.after for one in made.alternatives] == ["docker.io/library/debian:12.5"]


def test_upgrades_are_planned_on_the_new_base_not_on_the_old() -> None:
    """An exact version of the old base may be a step back on the new one."""
    packages = (APT, OLD, system("perl", "4"))
    flaws = (
        flaw("CVE-1", "zlib", "2"),
        flaw("CVE-4-KEV", "perl", "5", score=9.8),
        flaw("CVE-5", "perl", "6", score=9.8),
    )
    newer = candidate(APT, NEW, EXTRA)
    where = situation(
        *packages,
        dockerfile="FROM debian:12-slim\n",
        of=image("ADD rootfs.tar /"),
        on=base(),
        candidates=(newer,),
    )

    made = plan(where, *flaws)

    assert [one.kind for one in made.actions] == [ActionKind.REBASE, ActionKind.UPGRADE_OS]
    text = after(made)
    assert text.startswith("FROM debian:12.9\nRUN apt-get update")
    assert "perl=6" in text
    assert "zlib" not in text
    assert made.after == ()
    assert DEBIAN.startswith("deb/")
