"""Take the manual's pictures of pages: the HTML report, light and dark and narrow, a comparison.

python tools/page_pictures.py        writes docs/pictures/*.png

A browser draws them (Chromium or Chrome, looked for on the PATH); it runs without a network and
with a profile of its own. The reports come from the commands that the manual names.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.assess.compare import compare
from scantling.core.model.advisory import Level
from scantling.reports.compare.page import page
from scantling.reports.html import findings, overview, style
from scantling.reports.stored import stored_report
from scantling.testing.reports import DJANGO, REPORTS, finding

ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = ROOT / "docs" / "pictures"
MOST_BYTES: Final = 200_000
"""Of one picture: they are in the repository for ever."""
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SCAN: Final = (
    *("scan", "examples/shop.tar", "--no-cache", "--quiet", "--project", "examples/shop"),
)


class _Picture(Struct, frozen=True):
    name: str
    page: str
    width: int
    height: int
    dark: bool = False


_PICTURES: Final = (
    _Picture("report-light", "report", 1200, 1280),
    _Picture("report-dark", "report", 1200, 1280, dark=True),
    _Picture("report-charts", "charts", 1200, 1250),
    _Picture("report-narrow", "report", 500, 1000),
    _Picture("comparison", "comparison", 1200, 1000),
)


def main() -> int:
    """Make the pages, take the pictures, and return 1 if one is too large."""
    browser = next((found for one in _BROWSERS if (found := shutil.which(one))), None)
    if browser is None:
        sys.exit(f"none of {', '.join(_BROWSERS)} is on the PATH")
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        _make_pages(folder)
        sizes = [_take(browser, folder, one) for one in _PICTURES]
    return int(max(sizes) > MOST_BYTES)


def _make_pages(folder: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "scantling", *_SCAN),
            *("--format", f"html={folder / 'report.html'}"),
            *("--format", f"json={folder / 'report.json'}"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src", "SCANTLING_DATA_DIR": "/nonexistent"},
        capture_output=True,
        check=False,
        text=True,
    )
    if not (folder / "report.html").exists():
        sys.exit(f"the scan failed: {done.stderr}")
    (folder / "charts.html").write_text(_charts(folder / "report.json"), encoding="utf-8")
    after = REPORTS["gate"]
    gone = (finding(DJANGO, "CVE-2019-12308"), finding(DJANGO, "CVE-2019-14232", Level.MEDIUM))
    before = replace(after, findings=(*after.findings[2:], *gone), gaps=())
    found = compare(before, replace(after, gaps=()))
    text = page(found, "shop:1.1", "shop:1.2")
    (folder / "comparison.html").write_text(text, encoding="utf-8")


def _charts(stored: Path) -> str:
    """Return the page from its charts on: a browser without a window does not scroll."""
    report = stored_report(stored)
    sections = {
        ("overview", "Overview"): overview.pictures(report),
        ("findings", "Findings"): findings.findings(report),
    }
    return style.page("charts", overview.banner(report), sections, sections.values())


def _take(browser: str, folder: Path, one: _Picture) -> int:
    target = FOLDER / f"{one.name}.png"
    scheme = ["--blink-settings=preferredColorScheme=0"] if one.dark else []
    subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--hide-scrollbars", f"--user-data-dir={folder / 'profile'}", *scheme),
            f"--window-size={one.width},{one.height}",
            f"--screenshot={target}",
            (folder / f"{one.page}.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    size = target.stat().st_size
    print(f"{target.relative_to(ROOT)}: {size:,} bytes")
    return size


if __name__ == "__main__":
    sys.exit(main())
