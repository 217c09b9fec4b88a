"""Goals, tables, the plain comparator, and our facts in the layouts of others."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from comparator import compare_deb
from compare import Compared
from goals import Goal, standings
from limit import Least
from measuring import Machine, Run, measure
from rivals import trivy_tree, write_grype
from scantling.core.model.advisory import Fix, Interval, Statement, Stored
from scantling.versions.registry import scheme_for
from tables import Session, markdown

_DEBIAN = Stored(
    source="debian-advisories",
    advisory="CVE-2026-0001",
    statement=Statement(
        ecosystem="deb/debian:12",
        package="openssl",
        vulnerability="CVE-2026-0001",
        fix=Fix.FIXED,
        ranges=(Interval(high="3.0.1-1"),),
        fixed_in=("3.0.1-1",),
    ),
)
_PYTHON = Stored(
    source="psf",
    advisory="PSF-2026-1",
    statement=Statement(
        ecosystem="pypi",
        package="jinja2",
        vulnerability="CVE-2026-0002",
        ranges=(Interval(low="2.0", high="2.11"),),
        fixed_in=("2.11",),
    ),
)


def _compared(form: str = "oci", trivy_s: float = 4.0) -> Compared:
    runs = {"scantling cold": [1.0, 2.0, 3.0], "scantling warm": [0.1] * 3}
    runs |= {"trivy cold": [trivy_s] * 3, "trivy warm": [0.2] * 3}
    watched = {"scantling cold": 50_000_000, "trivy cold": 200_000_000}
    return Compared(
        image="py-app",
        form=form,
        runs={
            name: [Run(wall_s=wall, cpu_s=wall) for wall in walls] for name, walls in runs.items()
        },
        limits=[Least(wall_s=1.0, cpu_s=1.0, content_bytes=1)] * 3,
        watched={
            name: Run(wall_s=2.0, cpu_s=2.0, peak_bytes=size) for name, size in watched.items()
        },
        stages=(("read", 1.5),),
    )


def test_ratios_are_medians_turn_by_turn() -> None:
    found = _compared().measures()

    assert found["cold/trivy"] == pytest.approx(0.5)
    assert found["warm/trivy"] == pytest.approx(0.5)
    assert found["memory/trivy"] == pytest.approx(0.25)
    assert found["cold/limit"] == pytest.approx(2.0)
    assert "cold/syft" not in found


def test_a_goal_names_its_worst_case_and_counts_where_it_holds() -> None:
    measured = {
        ("a", "oci"): {"cold/trivy": 0.3},
        ("b", "oci"): {"cold/trivy": 0.7},
        ("b", "zstd"): {"cold/trivy": 0.9},
    }

    (found,) = standings(measured, (Goal(measure="cold/trivy", most=0.45, form="oci"),))

    assert (found.worst, found.where, found.held, found.of) == (0.7, "b, OCI gzip", 1, 2)
    assert not found.holds


def test_a_goal_about_nothing_that_was_measured_is_left_out() -> None:
    assert standings({}, (Goal(measure="cold/trivy", most=1),)) == ()


def test_the_section_for_the_manual_says_machine_numbers_and_goals() -> None:
    one = Machine(processors=2, model="Example CPU", python="CPython 3.11.7", memory_gb=8, load=0.5)
    session = Session(
        begin=one,
        end=one,
        runs=3,
        syft_runs=1,
        versions=("trivy 1.2.3",),
        scans=(_compared(),),
        figures=(),
    )

    text = markdown(session)

    assert "2 processors (Example CPU), 8 GB, CPython 3.11.7; trivy 1.2.3." in text
    assert "| py-app | OCI gzip | 2.00 | 4.00 | - | 0.10 | - | 0.20 | 0.50 | - | 0.50 | - |" in text
    assert "| peak memory over Trivy's | all | 0.5 | 0.25 | py-app, OCI gzip | holds |" in text


_VERSIONS = st.text(alphabet="0123456789abz.+~-:", min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(left=_VERSIONS, right=_VERSIONS)
def test_the_plain_comparator_agrees_with_our_keys(left: str, right: str) -> None:
    key = scheme_for("deb").key
    one, other = key(left), key(right)
    assume(one is not None and other is not None)
    assert one is not None
    assert other is not None

    found = compare_deb(left, right)

    assert (found > 0) - (found < 0) == (one > other) - (one < other)


def test_a_failed_command_ends_the_program_with_its_words() -> None:
    with pytest.raises(SystemExit, match="failed with 9: why"):
        measure(["sh", "-c", "echo why >&2; exit 9"], {"PATH": "/usr/bin:/bin"})


def test_the_output_of_a_command_is_kept_when_asked_for() -> None:
    run = measure(["sh", "-c", "echo said; exit 1"], {"PATH": "/usr/bin:/bin"}, keep=True)

    assert (run.output, run.code, run.peak_bytes) == (b"said\n", 1, 0)


def test_facts_are_in_trivys_layout() -> None:
    assert trivy_tree((_DEBIAN, _PYTHON)) == {
        b"debian 12": {b"openssl": {b"CVE-2026-0001": b'{"FixedVersion":"3.0.1-1"}'}},
        b"pip::psf": {
            b"jinja2": {
                b"CVE-2026-0002": (
                    b'{"VulnerableVersions":[">=2.0,<2.11"],"PatchedVersions":["2.11"]}'
                )
            }
        },
    }


def test_facts_are_in_grypes_layout(tmp_path: Path) -> None:
    path = tmp_path / "g.db"

    size = write_grype(path, (_DEBIAN, _PYTHON, _PYTHON))

    assert size == path.stat().st_size
    with sqlite3.connect(path) as database:
        rows = database.execute(
            "SELECT p.ecosystem, p.name, o.major_version, v.name, b.value"
            " FROM affected_package_handles a JOIN packages p ON p.id = a.package_id"
            " JOIN vulnerability_handles v ON v.id = a.vulnerability_id"
            " JOIN blobs b ON b.id = a.blob_id"
            " LEFT JOIN operating_systems o ON o.id = a.operating_system_id ORDER BY a.id"
        ).fetchall()
    database.close()
    assert [row[:4] for row in rows] == [
        ("deb", "openssl", "12", "CVE-2026-0001"),
        ("pypi", "jinja2", None, "CVE-2026-0002"),
        ("pypi", "jinja2", None, "CVE-2026-0002"),
    ]
    assert '"constraint":"<3.0.1-1"' in rows[0][4]
