"""Every policy, exception and case that the manual shows is read and does what it says."""

import re
from pathlib import Path

import pytest

from scantling.assess.policy.cases import read_cases, try_cases
from scantling.assess.policy.document import Layer
from scantling.assess.policy.layers import effective
from scantling.assess.policy.library import built_in, policies_of
from scantling.assess.policy.reading import read_exceptions, read_policy
from scantling.assess.policy.remarks import Remark, remarks
from tests.assess.policy.conftest import TODAY

DOCS = Path(__file__).parents[3] / "docs"
REFERENCE = (DOCS / "reference" / "policy.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```yaml\n(?P<text>scantling: (?P<kind>[a-z-]+)/1\n.*?)```", re.DOTALL)
EXAMPLES = [
    pytest.param(match["kind"], match["text"], id=f"{page.stem}_{match['kind']}_{at}")
    for page in (DOCS / "reference" / "policy.md", DOCS / "how-to" / "policy.md")
    for at, match in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_an_example_of_the_manual_works(kind: str, text: str) -> None:
    data = text.encode()
    if kind == "policy":
        policy = read_policy(data, origin="x.yaml", layer=Layer.ORGANIZATION)
        found: tuple[object, ...] = remarks(
            [policy, *(built_in(name) for name in policy.uses)], (), TODAY
        )
    elif kind == "exceptions":
        accepted = read_exceptions(data, origin="x.yaml", layer=Layer.PROJECT)
        found = remarks(policies_of(["baseline"]), accepted, TODAY)
    else:
        file = read_cases(data, origin="x.yaml")
        tried = try_cases(file, policies_of(file.policies), ())
        found = tuple(one for one in tried if one.wrong)

    assert found == ()


def test_the_manual_lists_every_code_of_lint() -> None:
    source = (DOCS.parent / "src/scantling/assess/policy/remarks.py").read_text(encoding="utf-8")
    codes = set(
        re.findall(
            r'"((?:condition|rule|override|owner|policy|exception|approver)-[a-z]+)"', source
        )
    )

    assert len(codes) > 10
    assert [code for code in sorted(codes) if f"`{code}`" not in REFERENCE] == []
    assert "code" in Remark.__struct_fields__


def test_the_manual_lists_every_field() -> None:
    from scantling.assess.policy import cases, reading  # noqa: PLC0415 - their private shapes

    shapes = [reading._Policy, reading._Rule, reading._Scope, cases._Finding, cases._Image]
    fields = {name for shape in shapes for name in shape.__struct_fields__}

    assert [name for name in sorted(fields) if f"`{name}`" not in REFERENCE] == []


def test_effective_rules_of_the_reference_keep_their_locks() -> None:
    [text] = [match["text"] for match in BLOCK.finditer(REFERENCE) if match["kind"] == "policy"]
    policy = read_policy(text.encode(), origin="x.yaml", layer=Layer.ORGANIZATION)

    rules = effective([policy, built_in("baseline")])

    assert "advisories.stale" in rules.gaps_locked
    assert {one.rule.name for one in rules.rules if one.rule.overridden} == {"baseline/open"}
