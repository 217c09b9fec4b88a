"""Time policies: one evaluation of a large report, and a replay over many stored ones.

python bench/policy.py [--reports 1000]   best of five, processor seconds
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import date
from io import StringIO
from pathlib import Path

from scantling.assess.policy.document import Layer, Policy
from scantling.assess.policy.evaluate import decide
from scantling.assess.policy.layers import effective
from scantling.assess.policy.reading import read_policy
from scantling.assess.policy.subjects import Setting
from scantling.cli.main import main as scantling
from scantling.core.model.advisory import Level, Signal
from scantling.core.model.context import Context
from scantling.core.model.report import ScanReport
from scantling.reports.api import Look
from scantling.reports.formats.json import render
from scantling.testing.reports import REPORTS, finding, match, package

RULES = (
    ("finding.kev && finding.fixable", "block"),
    ('finding.severity == "critical" && finding.fixable', "block"),
    ("true", "warn"),
    ('finding.severity in ["high", "critical"] && context.criticality == "high"', "block"),
    ('finding.epss > 0.5 && finding.severity == "high"', "block"),
    ("finding.score >= 9.0 && finding.epss > 0.1", "block"),
    ('pkg.type == "pypi" && finding.fix_age_days > 30', "defer, days: 90"),
    ('finding.state == "undetermined"', "warn"),
    ('finding.severity == "high" && finding.part == "own"', "defer, days: 14"),
    ("finding.risk > 80.0 || finding.kev", "warn"),
)


def policy() -> Policy:
    """Return ten rules of the usual kinds."""
    rows = [
        f"- {{id: r{at}, when: '{when}', action: {action}}}"
        for at, (when, action) in enumerate(RULES)
    ]
    text = "scantling: policy/1\nname: bench\nrules:\n" + "\n".join(rows)
    return read_policy(text.encode(), origin="bench.yaml", layer=Layer.PROJECT)


def report(findings: int, seed: int) -> ScanReport:
    """Return a report with so many findings in a third as many packages."""
    draw = random.Random(seed)  # noqa: S311 - the same data every time
    packages = tuple(package(f"p{at}") for at in range(max(1, findings // 3)))
    found = []
    for at in range(findings):
        about, id_ = draw.choice(packages), f"CVE-2026-{at}"
        epss = Signal(id=id_, kind="epss", value=f"{draw.random():.5f}")
        known = match(about, id_, modified="2026-07-01T00:00:00Z")
        level = draw.choice([*Level])
        found.append(finding(about, id_, level, score=7.5, signals=(epss,), matches=(known,)))
    like = REPORTS["clean"]
    return ScanReport(
        tool_version=like.tool_version,
        created=f"2026-{draw.randrange(5, 9):02}-{draw.randrange(1, 28):02}T10:00:00Z",
        image=like.image,
        database=like.database,
        verdict=like.verdict,
        packages=packages,
        findings=tuple(found),
    )


def best(act: Callable[[], object], times: int = 5) -> float:
    """Return the least processor seconds of several runs."""
    spent = []
    for _ in range(times):
        since = time.process_time()
        act()
        spent.append(time.process_time() - since)
    return min(spent)


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=1000)
    count = parser.parse_args().reports
    rules = effective([policy()])
    large = Setting(report=report(1300, 0), context=Context(), today=date(2026, 8, 23))
    print(f"1,300 findings, 10 rules: {best(lambda: decide(rules, (), large)) * 1000:.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        size = 0
        for at in range(count):
            text = "".join(render(report((20, 50, 100, 200, 400)[at % 5], at), Look()))
            size += Path(folder, f"{at}.json").write_text(text, encoding="utf-8")
        argv = ["policy", "replay", folder, "--policy", "baseline"]
        with redirect_stdout(StringIO()):
            spent = best(lambda: scantling(argv), 2)
        print(f"replay of {count:,} reports, {size / 1e6:.0f} MB: {spent:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
