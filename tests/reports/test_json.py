"""Our own JSON: whatever an item says, it and its neighbors come out whole and inert."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.text import neutral
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.registry import FORMATS
from scantling.testing.reports import REPORTS

NOTES = st.one_of(
    st.sampled_from(["", "plain", "1.0 is ≥ 0.9", "été", "a\\b", '"', "::set-output", "##[x]"]),
    st.sampled_from(["\x1b[2J", "\x7f", "\u202e", "\ufeff", "\U000e0041", "\u009b", "\udcff"]),
    st.text(max_size=6),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NOTES, max_size=40))
def test_every_item_of_a_list_is_there_in_order_and_neutral(notes: list[str]) -> None:
    report = REPORTS["findings"]
    package = report.packages[0]
    packages = tuple(replace(package, note=note) for note in notes)

    shown = render(replace(report, packages=packages), FORMATS["json"], Look())

    listed = json.loads(shown)["report"]["packages"]
    assert [one.get("note", "") for one in listed] == [neutral(note) for note in notes]
    assert all(one["purl"] == package.purl for one in listed)
