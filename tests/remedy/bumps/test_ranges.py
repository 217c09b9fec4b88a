"""Constraints: what they take and how they are moved; laws, and the tools as oracles."""

import json
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from scantling.remedy.locks.ranges import GRAMMARS, allows, moved

CASES = [
    ("npm", "^1.2.3", "1.4.0", True, "^1.4.0"),
    ("npm", "^1.2.3", "2.0.1", False, "^2.0.1"),
    ("npm", "^0.2.3", "0.3.0", False, "^0.3.0"),
    ("npm", "~1.2.3", "1.4.0", False, "~1.4.0"),
    ("npm", "1.2.3", "1.4.0", False, "1.4.0"),
    ("npm", "1.x", "2.1.0", False, "^2.1.0"),
    ("npm", "1.2.x", "1.3.4", False, "~1.3.4"),
    ("npm", ">= 1.0.0 < 2", "1.9.1", True, ">= 1.9.1 < 2"),
    ("npm", ">=1.0.0 <2.0.0", "2.3.1", False, ">=2.3.1 <3.0.0"),
    ("npm", "^1 || ^2.1.0", "2.2.0", True, "^2.2.0"),
    ("npm", "1.0.0 - 2.0.0", "2.2.0", False, "^2.2.0"),
    ("npm", "*", "2.0.0", True, ">=2.0.0"),
    ("npm", "latest", "2.0.0", None, ""),
    ("npm", "npm:other@^1.0.0", "2.0.0", None, ""),
    ("npm", "git+https://example.com/x.git", "2.0.0", None, ""),
    ("pypi", "", "1.9", True, ">=1.9"),
    ("pypi", "== 1.2.3", "1.2.4", False, "== 1.2.4"),
    ("pypi", "~=1.2", "1.3.5", True, "~=1.3,>=1.3.5"),
    ("pypi", "~= 2.31.0", "2.32.1", False, "~= 2.32.1"),
    ("pypi", ">=1.2, <2.0, !=1.5", "2.1", False, ">=2.1, <3.0, !=1.5"),
    ("pypi", "==1.2.*", "1.3.5", False, "==1.3.*,>=1.3.5"),
    ("poetry", "^1.2", "2.0.1", False, "^2.0.1"),
    ("poetry", "~1.2", "1.3.1", False, "~1.3.1"),
    ("cargo", "1.2", "1.3.5", True, "1.3.5"),
    ("cargo", "0.3", "0.4.1", False, "0.4.1"),
    ("cargo", "=1.2.3", "1.2.4", False, "=1.2.4"),
    ("cargo", ">=1.0, <2.0", "2.1.0", False, ">=2.1.0, <3.0"),
    ("gem", "~> 1.2", "2.3.5", False, "~> 2.3, >= 2.3.5"),
    ("gem", "~> 1.2.0", "1.3.5", False, "~> 1.3.5"),
    ("gem", ">= 1.0, < 2", "2.1.4", False, ">= 2.1.4, < 3"),
    ("composer", "~1.2", "2.0.1", False, "~2.0,>=2.0.1"),
    ("composer", "1.2.*", "1.3.5", False, "~1.3.5"),
    ("composer", "^1.0|^2.0", "2.5.1", True, "^2.5.1"),
    ("composer", "dev-main", "2.5.1", None, ""),
    ("nuget", "1.2.3", "1.4.0", True, "1.4.0"),
    ("nuget", "[1.2.3]", "1.4.0", False, "[1.4.0]"),
    ("nuget", "[1.0,2.0)", "2.4.0", False, "[2.4.0,3.0)"),
    ("nuget", "1.*", "2.4.0", False, "2.*"),
    ("maven", "1.2.3.Final", "1.2.4.Final", False, "1.2.4.Final"),
    ("maven", "[1.0,)", "2.4.0", True, "[2.4.0,)"),
]


@pytest.mark.parametrize(("grammar", "constraint", "version", "taken", "made"), CASES)
def test_constraints(
    grammar: str,
    constraint: str,
    version: str,
    taken: bool | None,  # noqa: FBT001
    made: str,
) -> None:
    assert allows(grammar, constraint, version) is taken
    assert moved(grammar, constraint, version) == made


def test_a_constraint_above_the_version_is_never_lowered() -> None:
    for grammar, constraint in (("npm", "^3.0.0"), ("pypi", "==3.0"), ("nuget", "[3.0,4.0)")):
        assert moved(grammar, constraint, "2.5.0") == constraint


def test_a_version_before_a_release_is_written_and_never_promised() -> None:
    assert allows("npm", "^1.0.0", "1.5.0-rc.1") is None
    assert moved("npm", "^1.0.0", "1.5.0-rc.1") == "^1.5.0-rc.1"


_NUMBER = st.integers(0, 12)
_VERSION = st.lists(_NUMBER, min_size=3, max_size=3).map(lambda one: ".".join(map(str, one)))
_PARTIAL = st.lists(_NUMBER, min_size=1, max_size=3).map(lambda one: ".".join(map(str, one)))


_OPERATORS = {
    "npm": ["", "^", "~", ">=", "<", "<=", ">", ">= ", "="],
    "pypi": ["==", "~=", ">=", "<", "<=", ">", "!=", ">= "],
    "poetry": ["", "^", "~", ">=", "<", "=="],
    "cargo": ["", "^", "~", "=", ">=", "<"],
    "gem": ["", "~> ", ">= ", "< ", "= ", "!= "],
    "composer": ["", "^", "~", ">=", "<", "!="],
}


@st.composite
def _constraint(draw: st.DrawFn, grammar: str) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        op = draw(st.sampled_from(_OPERATORS[grammar]))
        parts.append(op + draw(_VERSION if op == "~=" else _PARTIAL))
    return (" " if grammar == "npm" else draw(st.sampled_from([",", ", "]))).join(parts)


def _pairs(grammar: str, count: int) -> list[tuple[str, str]]:
    """Return constraints with versions, always the same ones."""
    random = Random(7)  # noqa: S311 - no secret
    found = []
    for _ in range(count):
        parts = [
            random.choice(_OPERATORS[grammar])
            + ".".join(str(random.randint(0, 4)) for _ in range(random.randint(1, 3)))
            for _ in range(random.randint(1, 2))
        ]
        version = ".".join(str(random.randint(0, 5)) for _ in range(3))
        found.append(((" " if grammar == "npm" else ", ").join(parts), version))
    return found


@pytest.mark.parametrize("grammar", ["npm", "pypi", "poetry", "cargo", "gem", "composer"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_moved_takes_the_version_and_moving_again_changes_nothing(
    grammar: str, data: st.DataObject
) -> None:
    constraint = data.draw(_constraint(grammar))
    version = data.draw(_VERSION)

    made = moved(grammar, constraint, version)

    if made and made != constraint:
        assert allows(grammar, made, version) is True
    if made:
        assert moved(grammar, made, version) == made


@given(grammar=st.sampled_from(sorted(GRAMMARS)), text=st.text(max_size=40), version=_VERSION)
@settings(max_examples=150, deadline=None)
def test_any_text_has_an_answer(grammar: str, text: str, version: str) -> None:
    assert allows(grammar, text, version) in {True, False, None}
    made = moved(grammar, text, version)
    assert made in {"", text} or set(made) - set(text) <= set("0123456789.,<>=~^*! [)(]")


@given(constraint=_constraint("pypi"), version=_VERSION)
@settings(max_examples=300, deadline=None)
def test_pips_own_reader_agrees(constraint: str, version: str) -> None:
    try:
        expected = SpecifierSet(constraint).contains(version)
    except InvalidSpecifier:
        return
    assert allows("pypi", constraint, version) is expected


_SEMVER = """
const semver = require(process.argv[1]);
const pairs = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(pairs.map(([range, version]) => semver.satisfies(version, range))));
"""


def _npm_semver() -> str:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    for parent in Path(npm).resolve().parents:
        found = parent / "node_modules" / "semver"
        if found.is_dir():
            return str(found)
    pytest.skip("npm has no semver beside it")


@pytest.mark.oracle
def test_npms_own_reader_agrees() -> None:
    pairs = _pairs("npm", 5000)
    done = subprocess.run(
        ["node", "-e", _SEMVER, _npm_semver()],
        input=json.dumps(pairs),
        capture_output=True,
        check=True,
        text=True,
    )

    differ = [
        (pair, ours)
        for pair, expected in zip(pairs, json.loads(done.stdout), strict=True)
        if (ours := allows("npm", *pair)) is not expected
    ]
    assert differ == []


_RUBY = """
require 'json'
pairs = JSON.parse(STDIN.read)
puts JSON.generate(pairs.map { |range, version|
  Gem::Requirement.new(range.split(',')).satisfied_by?(Gem::Version.new(version)) })
"""


@pytest.mark.oracle
def test_rubygems_own_reader_agrees() -> None:
    pairs = _pairs("gem", 5000)
    if shutil.which("ruby") is None:
        pytest.skip("ruby is not installed")
    done = subprocess.run(
        ["ruby", "-e", _RUBY], input=json.dumps(pairs), capture_output=True, check=True, text=True
    )

    differ = [
        (pair, ours)
        for pair, expected in zip(pairs, json.loads(done.stdout), strict=True)
        if (ours := allows("gem", *pair)) is not expected
    ]
    assert differ == []
