"""The tables of docs/explanation/risk.md are those of the code; SCANTLING_ACCEPT=1 writes them."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from scantling.assess.risk import factors, impact
from scantling.assess.risk.formula import TERMS
from scantling.assess.risk.rate import rate
from tests.assess.risk.examples import EXAMPLES, TODAY

PAGE: Final = Path(__file__).parents[3] / "docs" / "explanation" / "risk.md"
_BLOCK: Final = re.compile(r"<!-- (?P<name>[a-z]+) -->\n(?P<text>.*?)<!-- end -->", re.DOTALL)


def test_the_tables_of_the_manual_are_those_of_the_code() -> None:
    tables = {"terms": _terms(), "levels": _levels(), "reach": _reach(), "examples": _examples()}
    before = PAGE.read_text("utf-8")

    after = _BLOCK.sub(lambda found: _block(found["name"], tables), before)

    if os.environ.get("SCANTLING_ACCEPT") == "1":
        PAGE.write_text(after, "utf-8")
    assert [found["name"] for found in _BLOCK.finditer(before)] == list(tables)
    assert before == after


def _block(name: str, tables: dict[str, str]) -> str:
    return f"<!-- {name} -->\n{tables[name]}<!-- end -->"


def _terms() -> str:
    rows = (
        (name, term.attacked, term.quiet, term.low, term.value, term.high)
        for name, term in TERMS.items()
        if name not in {"presence", "likelihood"}
    )
    likelihood = TERMS["likelihood"]
    last = ("likelihood", "-", "-", likelihood.low, likelihood.value, likelihood.high)
    head = ("factor", "weight if attacked", "weight if quiet", "low", "expected", "high")
    return _table(head, (*rows, last))


def _levels() -> str:
    rows = ((level, at.low, at.value, at.high) for level, at in impact._LEVELS.items())
    technical = (
        (f"technical impact {word}", at.low, at.value, at.high)
        for word, at in impact._TECHNICAL.items()
    )
    return _table(("word", "low", "expected", "high"), (*rows, *technical))


def _reach() -> str:
    rows = ((place, *ways.values()) for place, ways in factors._REACH.items())
    prior = ("prior of the attack vector", *factors._WAYS.values())
    head = ("exposure", "network", "adjacent", "local", "physical")
    return _table(head, (*rows, prior))


def _examples() -> str:
    rated = ((one.title, rate(one.finding, one.context, TODAY)) for one in EXAMPLES)
    rows = ((title, risk.score, risk.low, risk.high) for title, risk in rated)
    return _table(("finding; context", "risk", "low", "high"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
