"""Vulnrichment: decisions and vectors become signals; what is neither is unreadable."""

import json

import pytest

from scantling.advisories.api import Record, Unreadable
from scantling.core.model.advisory import Signal
from tests.feeds.reading import parsed_one

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def read(
    points: list[dict[str, str]], vector: str = VECTOR, cve: str = "CVE-2024-1000"
) -> list[Record]:
    ssvc = {"type": "ssvc", "content": {"options": points, "timestamp": "2024-10-01T00:00:00Z"}}
    cisa = {
        "providerMetadata": {"shortName": "CISA-ADP", "dateUpdated": "2024-10-02T00:00:00Z"},
        "metrics": [{"other": ssvc}, {"cvssV3_1": {"vectorString": vector}}],
    }
    entry = {"cveMetadata": {"cveId": cve}, "containers": {"adp": [cisa]}}
    return parsed_one("vulnrichment", "2024/1xxx/CVE-2024-1000.json", json.dumps(entry))


def points(*words: str) -> list[dict[str, str]]:
    names = ("Exploitation", "Automatable", "Technical Impact")
    return [{name: word} for name, word in zip(names, words, strict=True)]


def test_a_decision_is_one_signal_in_small_letters() -> None:
    decision, severity = read(points("PoC", "No", "Total"))

    assert decision == Signal(
        id="CVE-2024-1000", kind="ssvc", value="poc/no/total", date="2024-10-01"
    )
    assert severity == Signal(
        id="CVE-2024-1000", kind="cvss3", value=VECTOR, note="cisa-adp 9.8", date="2024-10-02"
    )


@pytest.mark.parametrize(
    ("words", "vector", "cve"),
    [
        (("perhaps", "no", "total"), VECTOR, "CVE-2024-1000"),
        (("poc", "no", ""), VECTOR, "CVE-2024-1000"),
        (("poc", "no", "total"), "CVSS:3.1/AV:N", "CVE-2024-1000"),
        (("poc", "no", "total"), VECTOR, "GHSA-1"),
    ],
    ids=["word", "missing", "vector", "id"],
)
def test_what_cannot_be_read_is_said(words: tuple[str, ...], vector: str, cve: str) -> None:
    (problem,) = read(points(*words), vector, cve)

    assert isinstance(problem, Unreadable)
    assert problem.record == "2024/1xxx/CVE-2024-1000.json"


def test_a_bad_line_does_not_hide_the_next() -> None:
    good = json.dumps({"cve": "CVE-2024-1000", "cvss": VECTOR, "by": "adp"})

    problem, severity = parsed_one("vulnrichment", "slim.jsonl", f"{{\n\n{good}\n")

    assert isinstance(problem, Unreadable)
    assert problem.record == "slim.jsonl:1"
    assert isinstance(severity, Signal)
    assert severity.note == "cisa-adp 9.8"


def test_other_files_of_the_repository_are_not_records() -> None:
    assert parsed_one("vulnrichment", "assets/settings.json", "{}") == []
