"""Declared licenses become SPDX expressions only where their meaning is sure."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scantling.reports.license_names import EXCEPTIONS, LICENSES
from scantling.reports.licenses import declared, reference, spdx

SCHEMA = Path(__file__).parent.parent / "schemas" / "spdx.SNAPSHOT.schema.json"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("Expat", "MIT"),
        ("(MIT OR Apache-2.0)", "(MIT OR Apache-2.0)"),
        ("BSD-3-clause or GPL-2+", "BSD-3-Clause OR GPL-2.0-or-later"),
        ("GPLv2+ and (MIT or ASL 2.0)", "GPL-2.0-or-later AND (MIT OR Apache-2.0)"),
        ("GPL-2.0 WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
        ("License :: OSI Approved :: MIT License", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apache-2.0+", "Apache-2.0+"),
    ],
)
def test_a_sure_meaning_is_said_as_an_expression(said: str, meant: str) -> None:
    assert spdx(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "BSD",
        "GPL",
        "GPL-2.2",
        "LGPL",
        "Artistic",
        "public-domain",
        "License :: OSI Approved :: BSD License",
        "GPL-3+ with Bison exception",
        "Expat or GPL-1+, and Unicode",
        "see LICENSE",
        "MIT AND",
        "(MIT",
        "MIT)",
        "()",
        "",
        "(" * 99 + "MIT" + ")" * 99,
    ],
)
def test_a_doubtful_one_is_not(said: str) -> None:
    assert spdx(said) == ""


def test_several_declarations_hold_together() -> None:
    result = declared(("MIT", "ISC OR MIT", "MIT", "own words"))

    assert result.expression == f"MIT AND (ISC OR MIT) AND {reference('own words')}"
    assert result.texts == ((reference("own words"), "own words"),)
    assert declared(()).expression == "NOASSERTION"


@given(st.text(max_size=30))
def test_any_words_make_a_valid_reference(said: str) -> None:
    assert re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", reference(said))


@given(st.lists(st.sampled_from(["MIT", "or", "and", "(", ")", "with", "ISC", "x"]), max_size=9))
def test_what_is_read_once_reads_the_same_again(words: list[str]) -> None:
    expression = spdx(" ".join(words))

    assert not expression or spdx(expression) == expression


def test_the_table_is_the_official_list() -> None:
    official = json.loads(SCHEMA.read_text(encoding="utf-8"))["enum"]

    assert sorted(LICENSES + EXCEPTIONS) == sorted(official)
