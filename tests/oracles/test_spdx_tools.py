"""Our SPDX 2.3 documents satisfy the validator of the SPDX project (PyPI spdx-tools)."""

import shutil
import subprocess
from pathlib import Path

import pytest

from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.registry import FORMATS
from scantling.testing.reports import REPORTS

_TOOL = shutil.which("pyspdxtools")

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(_TOOL is None, reason="pyspdxtools (PyPI spdx-tools) is not on the PATH"),
]


@pytest.mark.parametrize("name", REPORTS)
def test_the_official_validator_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.spdx.json"
    path.write_text(render(REPORTS[name], FORMATS["spdx"], Look()), encoding="utf-8")

    done = subprocess.run(
        [str(_TOOL), "--infile", str(path)], capture_output=True, check=False, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_official_validator_notices_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.spdx.json"
    text = render(REPORTS["findings"], FORMATS["spdx"], Look())
    path.write_text(text.replace("BSD-3-Clause", "BSD-3-Claws"), encoding="utf-8")

    done = subprocess.run(
        [str(_TOOL), "--infile", str(path)], capture_output=True, check=False, text=True
    )

    assert done.returncode != 0
