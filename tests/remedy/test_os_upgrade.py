"""System packages go to the smallest version of their source that helps, in one RUN."""

import pytest

from scantling.core.model.plan import ActionKind, Effort
from scantling.remedy.api import Situation
from tests.remedy.world import APT, after, base, flaw, image, plan, situation, system

OPENSSL = (
    system("libssl3", "3.0.11-1~deb12u2", source="openssl"),
    system("openssl", "3.0.11-1~deb12u2"),
)
TWO_FLAWS = (
    flaw("CVE-1", "openssl", "3.0.11-1~deb12u3"),
    flaw("CVE-2", "openssl", "3.0.15-1~deb12u1"),
)


def test_all_packages_of_a_source_go_to_the_smallest_version_that_clears_everything() -> None:
    made = plan(situation(APT, *OPENSSL), *TWO_FLAWS, flaw("CVE-3", "other", "9"))

    (action,) = made.actions
    assert action.kind is ActionKind.UPGRADE_OS
    assert action.effort is Effort.PATCH
    assert action.verified
    assert action.after == "3.0.15-1~deb12u1"
    assert len(action.removes) == 4
    assert [one.after.partition("?")[0] for one in action.changes] == [
        "pkg:deb/x/libssl3@3.0.15-1~deb12u1",
        "pkg:deb/x/openssl@3.0.15-1~deb12u1",
    ]
    assert made.after == ()


def test_a_run_with_exact_versions_goes_behind_the_from_for_packages_of_the_base() -> None:
    dockerfile = "FROM debian:12-slim\nRUN pip install x\nUSER app\n"

    made = plan(situation(APT, *OPENSSL, dockerfile=dockerfile, on=base()), *TWO_FLAWS)

    assert after(made) == (
        "FROM debian:12-slim\n"
        "RUN apt-get update && apt-get install --only-upgrade -y --no-install-recommends"
        " libssl3=3.0.15-1~deb12u1 openssl=3.0.15-1~deb12u1 && rm -rf /var/lib/apt/lists/*\n"
        "RUN pip install x\nUSER app\n"
    )
    assert made.actions[0].place is not None
    assert made.actions[0].place.line == 1


def test_packages_of_own_layers_are_upgraded_behind_what_installed_them() -> None:
    own = tuple(system(one.name, one.version, source=one.source_name, layer=1) for one in OPENSSL)
    dockerfile = "FROM debian:12-slim\nRUN apt-get install -y openssl\nCOPY . /app\n"
    of = image("ADD rootfs.tar /", "RUN /bin/sh -c apt-get install -y openssl # buildkit")

    made = plan(situation(APT, *own, dockerfile=dockerfile, of=of, on=base()), *TWO_FLAWS)

    lines = after(made).split("\n")
    assert lines[1] == "RUN apt-get install -y openssl"
    assert lines[2].startswith("RUN apt-get update && apt-get install --only-upgrade -y")


def test_a_version_that_is_pinned_already_is_changed_where_it_stands() -> None:
    dockerfile = (
        "FROM debian:12-slim\nRUN apt-get update && apt-get install -y \\\n"
        "    openssl=3.0.11-1~deb12u2 \\\n    libssl3=3.0.11-1~deb12u2\n"
    )

    made = plan(situation(APT, *OPENSSL, dockerfile=dockerfile, on=base()), *TWO_FLAWS)

    assert after(made) == dockerfile.replace("3.0.11-1~deb12u2", "3.0.15-1~deb12u1")


@pytest.mark.parametrize(
    ("ecosystem", "manager", "fixed", "line"),
    [
        (
            "apk/alpine:3.18",
            "apk-tools",
            "3.1.4-r5",
            'RUN apk add --no-cache --upgrade "zlib>=3.1.4-r5"',
        ),
        (
            "rpm/almalinux:9",
            "dnf",
            "1:3.1.4-5.el9",
            "RUN dnf upgrade -y zlib-1:3.1.4-5.el9 && dnf clean all",
        ),
        (
            "rpm/rhel:9",
            "microdnf",
            "3.1.4-5.el9",
            "RUN microdnf upgrade -y zlib-3.1.4-5.el9 && microdnf clean all",
        ),
    ],
    ids=["apk", "dnf_with_an_epoch", "microdnf"],
)
def test_each_package_manager_gets_its_own_command(
    ecosystem: str, manager: str, fixed: str, line: str
) -> None:
    packages = (
        system(manager, "1-r0", ecosystem=ecosystem),
        system("zlib", "3.1.3-r1", ecosystem=ecosystem),
    )
    where = situation(*packages, dockerfile="FROM x\nCOPY . .\n", on=base())

    made = plan(where, flaw("CVE-1", "zlib", fixed, ecosystem=ecosystem))

    assert after(made) == f"FROM x\n{line}\nCOPY . .\n"
    assert made.actions[0].commands == (line.removeprefix("RUN "),)


def test_a_rebuild_suffix_of_debian_is_gone_in_the_next_version() -> None:
    zlib = system("zlib1g", "1:1.2.13-1+b1", source="zlib", source_version="1:1.2.13-1")

    made = plan(situation(APT, zlib), flaw("CVE-1", "zlib", "1:1.2.13-2"))

    assert "zlib1g=1:1.2.13-2" in made.actions[0].commands[0]


def test_a_binary_package_with_versions_of_its_own_gets_the_newest() -> None:
    """Which version the next build of the source gives it cannot be told."""
    cpp = system("cpp", "4:12.2.0-3", source="gcc-defaults", source_version="1.203")

    made = plan(situation(APT, cpp), flaw("CVE-1", "gcc-defaults", "1.204"))

    (action,) = made.actions
    assert " cpp && rm" in action.commands[0]
    assert "the exact version of cpp cannot be told: the newest is taken" in action.warnings


def test_an_image_without_a_package_manager_is_told_so_and_nothing_is_edited() -> None:
    made = plan(situation(*OPENSSL, dockerfile="FROM distroless\n", on=base()), *TWO_FLAWS)

    (action,) = made.actions
    assert action.edits == ()
    assert action.commands == ()
    assert "the image has no package manager: it is rebuilt from a newer base" in action.warnings


@pytest.mark.parametrize(
    ("dockerfile", "user"),
    [
        ("FROM debian:12-slim\nCOPY . .\n", "app"),
        ('FROM debian:12-slim\nSHELL ["/bin/other", "-c"]\nCOPY . .\n', ""),
    ],
    ids=["the_base_sets_another_user", "another_shell_reads_the_line"],
)
def test_no_line_is_added_where_it_might_not_run_as_it_says(dockerfile: str, user: str) -> None:
    where = situation(APT, *OPENSSL, dockerfile=dockerfile, of=image(user=user), on=base())

    made = plan(where, *TWO_FLAWS)

    assert made.actions[0].edits == ()
    assert any("not known to run as root" in one for one in made.actions[0].warnings)


def test_where_the_layer_is_not_known_the_last_instruction_of_root_is_taken() -> None:
    """An upgrade before the package is there would pass it over without a word."""
    own = system("zlib1g", "1", source="zlib", layer=7)
    dockerfile = "FROM debian:12\nRUN one\nRUN two\nUSER app\nRUN three\n"

    made = plan(situation(APT, own, dockerfile=dockerfile), flaw("CVE-1", "zlib", "2"))

    lines = after(made).split("\n")
    assert lines[2] == "RUN two"
    assert "zlib1g=2" in lines[3]


def test_steps_of_different_size_are_different_actions() -> None:
    packages = (APT, *OPENSSL, system("curl", "7.88.1-10", source="curl"))

    made = plan(situation(*packages), *TWO_FLAWS, flaw("CVE-9", "curl", "8.1.0-1"))

    assert [(one.subject, one.effort) for one in made.actions] == [
        ("pkg:deb/x/openssl", Effort.PATCH),
        ("pkg:deb/x/curl", Effort.MAJOR),
    ]


@pytest.mark.parametrize(
    ("ecosystem", "manager", "version"),
    [
        ("deb/debian:12", "apt", "2"),
        ("apk/alpine:3.18", "apk-tools", "2-r0"),
        ("rpm/almalinux:9", "dnf", "2-1.el9"),
    ],
    ids=["deb", "apk", "rpm"],
)
def test_the_line_of_an_earlier_plan_gets_longer_and_newer_instead_of_a_second_one(
    ecosystem: str, manager: str, version: str
) -> None:
    """Each RUN is a layer, and a plan is made again with every new advisory."""

    def where(dockerfile: str) -> Situation:
        packages = (system(one, "1-r0", ecosystem=ecosystem) for one in (manager, "zlib", "curl"))
        return situation(*packages, dockerfile=dockerfile, on=base())

    first = after(
        plan(
            where("FROM x\n"),
            flaw("CVE-1", "zlib", version.replace("2", "1.5"), ecosystem=ecosystem),
        )
    )
    second = after(
        plan(
            where(first),
            flaw("CVE-1", "zlib", version, ecosystem=ecosystem),
            flaw("CVE-2", "curl", version, ecosystem=ecosystem),
        )
    )

    assert first.count("\n") == second.count("\n") == 2
    assert second.count("zlib") == second.count("curl") == 1
    assert version.replace("2", "1.5") not in second
