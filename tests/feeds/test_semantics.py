"""What records of single feeds mean, where a mistake would hide or invent a vulnerability."""

import json
from typing import Any

import pytest

from scantling.advisories.api import Document, Unreadable
from scantling.core.model.advisory import Advisory, Fix, Release, Signal, Status
from tests.feeds.reading import (
    BY_NAME,
    documents,
    interval_text,
    parsed,
    parsed_one,
    statements,
)


def osv(**fields: Any) -> str:
    """Return a record about jinja2 as JSON."""
    package = {"name": "Jinja2", "ecosystem": "PyPI"}
    events = [{"introduced": "0"}, {"fixed": "2.0"}]
    affected = [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
    return json.dumps({"id": "X-1", "modified": "2024-01-01", "affected": affected, **fields})


def git_only(**fields: Any) -> dict[str, Any]:
    """Return an affected package with commit ranges only."""
    events = [{"introduced": "0"}, {"fixed": "99b5afab74428e5ddfd877bdf3aa8a8c479696b1"}]
    package = {"name": "flask", "ecosystem": "PyPI"}
    return {"package": package, "ranges": [{"type": "GIT", "events": events}], **fields}


class TestOsv:
    def test_a_package_with_commit_ranges_only_is_unreadable_and_never_every_version(self) -> None:
        text = osv(affected=[*json.loads(osv())["affected"], git_only()])

        advisory, problem = parsed_one("osv", "a.json", text)

        assert [one.package for one in statements([advisory])] == ["jinja2"]
        assert isinstance(problem, Unreadable)
        assert problem.reason.startswith("flask: has only commit ranges")

    def test_commit_ranges_beside_listed_versions_are_no_problem(self) -> None:
        (advisory,) = parsed_one("osv", "a.json", osv(affected=[git_only(versions=["1.0"])]))

        (said,) = statements([advisory])
        assert (said.ranges, said.versions) == ((), ("1.0",))

    def test_a_package_without_ranges_and_versions_is_unreadable(self) -> None:
        text = osv(affected=[{"package": {"name": "flask", "ecosystem": "PyPI"}}])

        advisory, problem = parsed_one("osv", "a.json", text)

        assert statements([advisory]) == []
        assert isinstance(problem, Unreadable)

    def test_a_withdrawn_record_is_kept_with_its_date(self) -> None:
        (advisory,) = parsed_one("osv", "a.json", osv(withdrawn="2024-02-02T00:00:00Z"))

        assert isinstance(advisory, Advisory)
        assert advisory.withdrawn == "2024-02-02T00:00:00Z"

    def test_an_alias_names_the_same_vulnerability(self) -> None:
        (advisory,) = parsed_one("osv", "a.json", osv(aliases=["GHSA-x", "CVE-2024-0001"]))

        (said,) = statements([advisory])
        assert said.vulnerability == "CVE-2024-0001"

    def test_upstream_names_several_vulnerabilities(self) -> None:
        (advisory,) = parsed_one(
            "osv", "a.json", osv(upstream=["CVE-2024-0001", "UBUNTU-CVE-2024-0002"])
        )

        found = [one.vulnerability for one in statements([advisory])]
        assert found == ["CVE-2024-0001", "CVE-2024-0002"]
        assert isinstance(advisory, Advisory)
        assert advisory.aliases == ()

    def test_related_is_not_what_a_record_fixes_unless_it_is_an_update(self) -> None:
        (note,) = parsed_one("osv", "a.json", osv(related=["CVE-2024-0001"]))
        (update,) = parsed_one("osv", "a.json", osv(id="RLSA-2024:1", related=["CVE-2024-0001"]))

        assert [one.vulnerability for one in statements([note])] == ["X-1"]
        assert [one.vulnerability for one in statements([update])] == ["CVE-2024-0001"]

    def test_severity_of_the_package_comes_before_that_of_the_record(self) -> None:
        affected = json.loads(osv())["affected"]
        affected[0]["severity"] = [{"type": "CVSS_V3", "score": "CVSS:3.1/package"}]
        top = [{"type": "CVSS_V4", "score": "CVSS:4.0/record"}]

        (advisory,) = parsed_one("osv", "a.json", osv(affected=affected, severity=top))

        (said,) = statements([advisory])
        assert [(one.kind, one.value) for one in said.severities] == [("cvss3", "CVSS:3.1/package")]
        assert isinstance(advisory, Advisory)
        assert [one.kind for one in advisory.severities] == ["cvss4"]

    def test_ranges_of_one_package_are_united(self) -> None:
        affected = json.loads(osv())["affected"]
        second = json.loads(json.dumps(affected[0]).replace("2.0", "3.1").replace('"0"', '"3.0"'))

        (advisory,) = parsed_one("osv", "a.json", osv(affected=[*affected, second]))

        (said,) = statements([advisory])
        assert [interval_text(one) for one in said.ranges] == ["[, 2.0)", "[3.0, 3.1)"]
        assert said.fixed_in == ("2.0", "3.1")

    @pytest.mark.parametrize(
        ("events", "fix"),
        [
            ([{"introduced": "0"}], Fix.NONE),
            ([{"introduced": "0"}, {"last_affected": "1"}], Fix.UNKNOWN),
            ([{"introduced": "0"}, {"fixed": "1"}], Fix.FIXED),
        ],
    )
    def test_only_an_open_range_says_that_there_is_no_fix(
        self, events: list[dict[str, str]], fix: Fix
    ) -> None:
        affected = json.loads(osv())["affected"]
        affected[0]["ranges"][0]["events"] = events

        (advisory,) = parsed_one("osv", "a.json", osv(affected=affected))

        assert [one.fix for one in statements([advisory])] == [fix]

    def test_yaml_and_json_of_one_record_mean_the_same(self) -> None:
        record = json.loads(osv())
        (from_json,) = parsed_one("osv", "a.json", json.dumps(record))
        (from_yaml,) = parsed_one("osv", "a.yaml", json.dumps(record))  # JSON is YAML

        assert from_yaml == from_json

    def test_hidden_files_are_not_records(self) -> None:
        assert parsed_one("osv", ".github/workflows/x.yml", "on: push") == []

    def test_a_bad_record_does_not_hide_the_next(self) -> None:
        docs = [
            Document(name="a.json", data=b"{"),
            Document(name="b.json", data=osv().encode()),
        ]

        bad, good = parsed(BY_NAME["osv"], *docs)

        assert isinstance(bad, Unreadable)
        assert bad.record == "a.json"
        assert isinstance(good, Advisory)


class TestAlmaLinux:
    def test_rebuilds_for_minor_releases_are_one_bound_the_lowest(self) -> None:
        document = next(one for one in documents("almalinux") if "4399" in one.name)
        record = json.loads(document.data)
        first = json.loads(json.dumps(record["affected"][0]))
        first["ranges"][0]["events"][1]["fixed"] = "3.6.8-41.el8_5"
        record["affected"].insert(0, first)

        records = parsed_one("almalinux", document.name, json.dumps(record))

        found = [one for one in statements(records) if one.package == first["package"]["name"]]
        assert [one.fixed_in for one in found] == [("3.6.8-41.el8",)]

    def test_a_module_build_without_its_stream_is_unreadable(self) -> None:
        document = next(one for one in documents("almalinux") if "4237" in one.name)

        records = parsed(BY_NAME["almalinux"], document)

        assert statements(records) == []
        assert sum(isinstance(one, Unreadable) for one in records) == 3


class TestGhsa:
    def test_a_last_known_version_that_is_no_bound_is_unreadable(self) -> None:
        affected = json.loads(osv())["affected"]
        affected[0]["database_specific"] = {"last_known_affected_version_range": "> 1"}

        _, problem = parsed_one("ghsa", "GHSA-1.json", osv(affected=affected))

        assert isinstance(problem, Unreadable)

    def test_unreviewed_advisories_are_skipped(self) -> None:
        assert parsed_one("ghsa", "advisories/unreviewed/2024/GHSA-1.json", osv()) == []


TRACKER = {
    "open": ({"status": "open", "urgency": "low"}, ("affected", Fix.NONE, "")),
    "no_dsa": (
        {"status": "open", "nodsa": "Minor issue", "nodsa_reason": ""},
        ("affected", Fix.NONE, "no-dsa"),
    ),
    "ignored": (
        {"status": "open", "nodsa": "Minor issue", "nodsa_reason": "ignored"},
        ("affected", Fix.WILL_NOT_FIX, "ignored"),
    ),
    "postponed": (
        {"status": "open", "nodsa": "Later", "nodsa_reason": "postponed"},
        ("affected", Fix.DEFERRED, "postponed"),
    ),
    "end_of_life": (
        {"status": "open", "urgency": "end-of-life"},
        ("affected", Fix.END_OF_LIFE, "end-of-life"),
    ),
    "unimportant": (
        {"status": "open", "urgency": "unimportant"},
        ("affected", Fix.NONE, "unimportant"),
    ),
    "undetermined": (
        {"status": "undetermined", "urgency": "not yet assigned"},
        ("under-investigation", Fix.UNKNOWN, "undetermined"),
    ),
    "never": (
        {"status": "resolved", "fixed_version": "0"},
        ("not-affected", Fix.UNKNOWN, ""),
    ),
    "fixed": (
        {"status": "resolved", "fixed_version": "1-2"},
        ("affected", Fix.FIXED, ""),
    ),
}


class TestDebian:
    @pytest.mark.parametrize("case", sorted(TRACKER))
    def test_a_state_of_the_tracker(self, case: str) -> None:
        state, expected = TRACKER[case]
        text = json.dumps({"curl": {"CVE-2024-1": {"releases": {"bookworm": state}}}})

        (said,) = statements(parsed_one("debian", "tracker/data/json", text))

        assert (str(said.status), said.fix, said.word) == expected
        assert (said.ecosystem, said.source_package) == ("deb/debian:12", True)

    @pytest.mark.parametrize(
        "state",
        [{"status": "resolved"}, {"status": "new"}, {"status": ["open"]}, {}],
        ids=["no_version", "unknown_state", "wrong_type", "nothing"],
    )
    def test_a_bad_state_is_unreadable_and_does_not_hide_the_next(self, state: object) -> None:
        good = {"releases": {"bookworm": {"status": "open"}}}
        bad = {"releases": {"bookworm": state}}
        text = json.dumps({"curl": {"CVE-2024-1": bad, "CVE-2024-2": good}})

        records = parsed_one("debian", "tracker/data/json", text)

        assert sum(isinstance(one, Unreadable) for one in records) == 1
        assert [one.vulnerability for one in statements(records)] == ["CVE-2024-2"]

    def test_an_unknown_release_is_unreadable(self) -> None:
        text = json.dumps({"curl": {"CVE-2024-1": {"releases": {"zurg": {"status": "open"}}}}})

        problem, advisory = parsed_one("debian", "tracker/data/json", text)

        assert isinstance(problem, Unreadable)
        assert "zurg" in problem.reason
        assert statements([advisory]) == []

    def test_a_line_of_an_advisory_that_cannot_be_read_is_told(self) -> None:
        text = (
            "[01 Jan 2024] DSA-1-1 curl - update\n\t{CVE-2024-1}\n\t[bookworm] - curl <maybe>\n"
            "\t[bookworm] - curl 1-2\n\tbookworm curl 1\n"
        )

        *problems, advisory = parsed_one("debian-advisories", "data/DSA/list", text)

        assert len(problems) == 2
        assert all(isinstance(one, Unreadable) for one in problems)
        assert [one.fixed_in for one in statements([advisory])] == [("1-2",)]

    def test_a_regression_update_fixes_no_vulnerability(self) -> None:
        text = "[01 Jan 2024] DSA-1-2 curl - regression update\n\t[bookworm] - curl 1-3\n"

        assert statements(parsed_one("debian-advisories", "DSA/list", text)) == []

    def test_an_advisory_without_ids_is_about_itself(self) -> None:
        text = "[01 Jan 2024] DSA-1-1 curl - security update\n\t[bookworm] - curl 1-3\n"

        (said,) = statements(parsed_one("debian-advisories", "DSA/list", text))

        assert said.vulnerability == "DSA-1-1"


class TestSecdb:
    def read(self, *ids: str, version: str = "1.0-r0") -> list[Any]:
        package = {"name": "curl", "secfixes": {version: list(ids)}}
        text = json.dumps({"distroversion": "v3.18", "packages": [{"pkg": package}]})
        return parsed_one("alpine", "v3.18/main.json", text)

    @pytest.mark.parametrize(
        ("text", "vulnerabilities", "aliases"),
        [
            ("CVE-2017-2616 CVE-2018-7738 XSA-254 (LMP)",
             ["CVE-2017-2616", "CVE-2018-7738"], ("XSA-254",)),
            ("CVE_2019-2426", ["CVE-2019-2426"], ()),
            ("CVE 2018-16859", ["CVE-2018-16859"], ()),
            ("CVE-2017-8933.patch", ["CVE-2017-8933"], ()),
            ("CVE-????-?????  XSA-166", ["XSA-166"], ()),
            ("wnpa-sec-2020-01", ["wnpa-sec-2020-01"], ()),
        ],
    )  # fmt: skip
    def test_one_text_may_hold_several_names(
        self, text: str, vulnerabilities: list[str], aliases: tuple[str, ...]
    ) -> None:
        records = self.read(text)

        assert [one.vulnerability for one in statements(records)] == vulnerabilities
        assert {one.aliases for one in records} == {aliases}

    @pytest.mark.parametrize("text", ["", "CVE-2019", "CVE-2017-11-1234", "VSVN", "?"])
    def test_a_text_that_names_nothing_is_unreadable(self, text: str) -> None:
        (problem,) = self.read(text)

        assert isinstance(problem, Unreadable)
        assert "curl 1.0-r0" in problem.reason

    def test_version_zero_is_never_affected(self) -> None:
        (said,) = statements(self.read("CVE-2019-15601", version="0"))

        assert said.status is Status.NOT_AFFECTED
        assert said.ranges == ()

    @pytest.mark.parametrize(
        ("version", "bound"),
        [
            ("1.34.0_r0", "1.34.0-r0"),
            ("1.2.31-0", "1.2.31-r0"),
            ("1.2-r1", "1.2-r1"),
            ("2021-03-27-r5", "2021-03-27-r5"),
        ],
    )
    def test_a_slip_in_the_revision_is_read_as_meant(self, version: str, bound: str) -> None:
        (said,) = statements(self.read("CVE-2024-0001", version=version))

        assert [one.high for one in said.ranges] == [bound]

    def test_an_empty_list_may_be_spelled_as_an_empty_object(self) -> None:
        empty = {"pkg": {"name": "aom", "secfixes": []}}
        partly = {"pkg": {"name": "curl", "secfixes": {"2": {}, "1-r0": ["CVE-2024-0001"]}}}
        text = json.dumps({"distroversion": "v3.12", "packages": [empty, partly]})

        assert len(statements(parsed_one("alpine", "v3.12/main.json", text))) == 1
        assert parsed_one("alpine", "main.json", '{"distroversion": "v3.3", "packages": {}}') == []

    def test_a_bad_package_does_not_hide_the_next(self) -> None:
        bad = [{"pkg": {"name": 5}}, {"pkg": {"name": "x", "secfixes": {"1": {"a": 1}}}}]
        good = {"pkg": {"name": "curl", "secfixes": {"1-r0": ["CVE-2024-0001"]}}}
        text = json.dumps({"distroversion": "v3.12", "packages": [*bad, good]})

        *problems, advisory = parsed_one("alpine", "v3.12/main.json", text)

        assert len(problems) == 2
        assert all(isinstance(one, Unreadable) for one in problems)
        assert [one.package for one in statements([advisory])] == ["curl"]

    def test_a_document_of_an_unknown_release_is_unreadable(self) -> None:
        (problem,) = parsed_one("alpine", "main.json", '{"distroversion": "head"}')

        assert isinstance(problem, Unreadable)


class TestOthers:
    def test_of_several_days_of_scores_the_newest_is_read(self) -> None:
        records = parsed(BY_NAME["epss"], *documents("epss"))

        assert {one.date for one in records if isinstance(one, Signal)} == {"2026-08-16"}

    @pytest.mark.parametrize(
        "row",
        ["CVE-2024-0001,1.5,0.1", "CVE-2024-0001,\u0660.5,0.1", "x,0.1,0.1", "CVE-2024-0001,0.1"],
    )
    def test_a_row_that_is_no_score_is_unreadable(self, row: str) -> None:
        text = (
            f"#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\n{row}\n"
        )

        (problem,) = parsed_one("epss", "epss.csv", text)

        assert isinstance(problem, Unreadable)
        assert problem.record == "epss.csv:3"

    def test_scores_without_a_date_are_unreadable(self) -> None:
        (problem,) = parsed_one("epss", "epss.csv", "cve,epss,percentile\nCVE-2024-0001,0.1,0.1\n")

        assert isinstance(problem, Unreadable)

    def test_an_entity_in_oval_is_refused(self) -> None:
        text = '<!DOCTYPE x [<!ENTITY a "aaaa">]><oval_definitions>&a;</oval_definitions>'

        (problem,) = parsed_one("azurelinux", "azurelinux-3.0-oval.xml", text)

        assert isinstance(problem, Unreadable)
        assert "entity" in problem.reason

    def test_an_oval_test_of_another_kind_is_not_simplified(self) -> None:
        document = next(one for one in documents("azurelinux") if "3.0" in one.name)
        text = document.data.replace(b'operation="less than"', b'operation="greater than"')

        records = parsed_one("azurelinux", document.name, text)

        assert len(records) == 2
        assert all(isinstance(one, Unreadable) for one in records)

    def test_a_plain_yes_or_no_is_not_a_date_of_an_end(self) -> None:
        cycles = '- releaseCycle: "1"\n  eol: true\n- releaseCycle: 2\n  eol: false\n'
        text = f"---\nreleases:\n{cycles}---\n"

        first, second = parsed_one("endoflife", "products/x.md", text)

        assert isinstance(first, Release)
        assert isinstance(second, Release)
        assert (first.ended, first.end_of_life) == (True, "")
        assert (second.ended, second.cycle) == (False, "2")

    @pytest.mark.parametrize("patched", ["^8.1.4", "8.1.4"])
    def test_node_is_affected_where_its_lines_are_not_patched(self, patched: str) -> None:
        text = json.dumps({"vulnerable": "8.x", "patched": patched, "cve": ["CVE-2024-0001"]})

        (said,) = statements(parsed_one("nodejs", "vuln/core/7.json", text))

        expected = {"^8.1.4": ["[8.0.0, 8.1.4)"], "8.1.4": ["[8.0.0, 8.1.4)", "(8.1.4, 9.0.0)"]}
        assert [interval_text(one) for one in said.ranges] == expected[patched]
        assert (said.ecosystem, said.package) == ("generic", "node")

    def test_constraints_of_one_branch_must_all_hold(self) -> None:
        versions = "['>=1.0', '<1.5', '<1.4']"
        branches = f"branches:\n  x:\n    versions: {versions}\n"
        text = f"title: t\nreference: composer://A/B\n{branches}"

        (said,) = statements(parsed_one("friendsofphp", "a/b/CVE-2024-1.yaml", text))

        assert said.package == "a/b"
        assert [interval_text(one) for one in said.ranges] == ["[1.0, 1.4)"]
