"""Every order is the one of the ecosystem's own tool, on thousands of nasty pairs.

`pytest -m oracle` compares 5,000 pairs for each tool, a plain run a few; SCANTLING_ORACLE_PAIRS
says otherwise. A pair that one side calls invalid must be invalid for the other, too.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from packaging.version import InvalidVersion, Version

from scantling.testing.versions import pairs
from scantling.versions.registry import SCHEMES
from scantling.versions.schemes.maven import is_circular

pytestmark = pytest.mark.oracle

Pairs = list[tuple[str, str]]

_HERE: Final = Path(__file__).parent / "versions"
_INVALID: Final = "x"
_JARS: Final = (
    "/usr/share/java/maven-artifact-3.x.jar",
    "/usr/share/maven/lib/maven-artifact-3.x.jar",
)
_NPM: Final = (
    "/usr/lib/node_modules/npm/node_modules/semver",
    "/usr/local/lib/node_modules/npm/node_modules/semver",
    "/usr/share/nodejs/semver",
)
# What JavaScript cannot hold, and the bounds without all numbers that only our keys accept.
_NOT_FOR_NPM: Final = re.compile(r".*[0-9]{16}.*|v?[0-9]+(?:\.[0-9]+)?")


@pytest.fixture
def count(request: pytest.FixtureRequest) -> int:
    """Return how many valid pairs to compare."""
    selected = "oracle" in request.config.getoption("-m")
    return int(os.environ.get("SCANTLING_ORACLE_PAIRS", "5000" if selected else "60"))


def test_debian_versions_are_ordered_as_by_dpkg(count: int) -> None:
    command = [_tool("sh"), str(_HERE / "compare_deb.sh")]
    _tool("dpkg")

    _agree("deb", count, lambda found: _asked(command, found))


def test_alpine_versions_are_ordered_as_by_apk(count: int) -> None:
    """apk answers one pair per process, and says no word about invalid texts: valid pairs only."""
    apk = _tool("apk")
    key = SCHEMES["apk"].key
    found = [pair for pair in pairs("apk", count * 4, seed=count) if all(map(key, pair))][:count]

    signs = [
        subprocess.run([apk, "version", "-t", *pair], capture_output=True, text=True, check=False)
        for pair in found
    ]

    order = {"<": "-1", "=": "0", ">": "1"}
    theirs = [order.get(sign.stdout.strip(), _INVALID) for sign in signs]
    assert theirs == [_answer("apk", *pair) for pair in found]


def test_rpm_versions_are_ordered_as_by_rpm(count: int) -> None:
    python = _tool("/usr/bin/python3")
    if subprocess.run([python, "-c", "import rpm"], capture_output=True, check=False).returncode:
        pytest.skip("the system's Python has no module rpm (Debian: python3-rpm)")

    _agree("rpm", count, lambda found: _asked([python, str(_HERE / "compare_rpm.py")], found))


def test_python_versions_are_ordered_as_by_packaging(count: int) -> None:
    _agree("pep440", count, _by_packaging)


def test_npm_versions_are_ordered_as_by_npm(count: int) -> None:
    node = _tool("node")
    module = _file("npm's semver", _NPM)

    _agree(
        "npm",
        count,
        lambda found: _asked([node, str(_HERE / "compare.js"), module], found),
        leave_out=_NOT_FOR_NPM.fullmatch,
        surplus=6,
    )


def test_gem_versions_are_ordered_as_by_rubygems(count: int) -> None:
    ruby = _tool("ruby")

    _agree("gem", count, lambda found: _asked([ruby, str(_HERE / "compare.rb")], found))


def test_maven_versions_are_ordered_as_by_comparable_version(count: int) -> None:
    """Left out are texts that ComparableVersion orders in circles; that it does is shown, too."""
    java = _tool("java")
    jar = _file("Maven's maven-artifact 3.x jar (Debian: libmaven3-core-java)", _JARS)
    circle = [("1.sp.1", "1-alpha"), ("1-alpha", "1"), ("1", "1.sp.1")]

    def ask(found: Pairs) -> list[str]:
        answers = _asked([java, "-cp", jar, str(_HERE / "Compare.java")], [*found, *circle])
        assert answers[len(found) :] == ["-1", "-1", "-1"]
        return answers[: len(found)]

    assert is_circular("1.sp.1")
    _agree("maven", count, ask, leave_out=is_circular)


def _agree(
    scheme: str,
    count: int,
    ask: Callable[[Pairs], list[str]],
    *,
    leave_out: Callable[[str], object] = lambda _: False,
    surplus: int = 3,
) -> None:
    found = [
        pair
        for pair in pairs(scheme, count * surplus, seed=count)
        # A leading hyphen would be an option to the tool.
        if not any(text.startswith("-") or leave_out(text) for text in pair)
    ]

    expected = ask(found)

    answers = [_answer(scheme, first, second) for first, second in found]
    wrong = [
        (*pair, theirs, ours)
        for pair, theirs, ours in zip(found, expected, answers, strict=True)
        if theirs != ours
    ]
    assert wrong == []
    assert len(answers) - answers.count(_INVALID) >= count
    invalid = answers.count(_INVALID)
    sys.stdout.write(f"{scheme}: {len(answers)} pairs, {invalid} invalid, 0 disagreements\n")


def _answer(scheme: str, first: str, second: str) -> str:
    low, high = SCHEMES[scheme].key(first), SCHEMES[scheme].key(second)
    if low is None or high is None:
        return _INVALID
    return str((low > high) - (low < high))


def _asked(command: list[str], found: Pairs) -> list[str]:
    lines = "".join(f"{first}\t{second}\n" for first, second in found)
    done = subprocess.run(
        command, input=lines, capture_output=True, text=True, check=True, timeout=600
    )
    return done.stdout.split()


def _by_packaging(found: Pairs) -> list[str]:
    answers = []
    for first, second in found:
        try:
            low, high = Version(first), Version(second)
        except InvalidVersion:
            answers.append(_INVALID)
        else:
            answers.append(str((low > high) - (low < high)))
    return answers


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found


def _file(what: str, places: tuple[str, ...]) -> str:
    for place in places:
        if Path(place).exists():
            return place
    pytest.skip(f"{what} is not on this machine; looked for {', '.join(places)}")
