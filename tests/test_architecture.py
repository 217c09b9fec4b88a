"""The house holds: areas, contracts, registries, budgets, quiet imports."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tools.lint.registry import RULES
from tools.lint.rule import problems

from scantling.core.model.gap import CODES

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "scantling"
FILES = sorted(SOURCE.rglob("*.py"))
MODULES = [
    ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    for file in FILES
]

# One import for each contract that breaks it: (file, line).
_BREACHES = {
    "areas: imports point down only, and every area has its place": (
        "core/clock.py",
        "import scantling.scan",
    ),
    "reports see core only": ("reports/view.py", "import scantling.versions.registry"),
    "pure areas reach no network, SQL or process": ("matching/names.py", "import subprocess"),
    "only core.http imports the HTTP client": ("image/open.py", "import httpx2"),
    "VEX formats never import each other": (
        "assess/vex/formats/csaf.py",
        "import scantling.assess.vex.formats.openvex",
    ),
    "CI systems never import each other": (
        "ci/systems/gitlab.py",
        "import scantling.ci.systems.github",
    ),
    "forges never import each other": (
        "ci/forges/gitlab.py",
        "import scantling.ci.forges.github",
    ),
    "ecosystems never import each other": (
        "catalog/ecosystems/dpkg/status.py",
        "import scantling.catalog.ecosystems.apk.installed",
    ),
    "feeds never import each other": (
        "advisories/feeds/golang.py",
        "import scantling.advisories.feeds.pypa",
    ),
    "formats never import each other": (
        "reports/formats/table.py",
        "import scantling.reports.formats.json",
    ),
    "fix strategies never import each other": (
        "remedy/strategies/rebase.py",
        "import scantling.remedy.strategies.packages",
    ),
    "version schemes never import each other": (
        "versions/schemes/npm.py",
        "import scantling.versions.schemes.deb",
    ),
    "image sources never import each other": (
        "image/sources/oci_layout.py",
        "import scantling.image.sources.directory",
    ),
}


def _contracts() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [one["name"] for one in settings["tool"]["importlinter"]["contracts"]]


def test_every_import_contract_breaks_when_it_is_broken(tmp_path: Path) -> None:
    shutil.copytree(SOURCE, tmp_path / "src" / "scantling", ignore=_only_code)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, (file, line) in _BREACHES.items():
        path = tmp_path / "src" / "scantling" / file
        assert path.exists(), f"{name}: there is no {file} to break"
        path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")

    done = subprocess.run(
        [shutil.which("lint-imports", path=Path(sys.executable).parent) or "lint-imports"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        check=False,
        text=True,
    )

    assert sorted(_BREACHES) == sorted(_contracts())
    said = re.sub(r"\s+", " ", done.stdout)
    kept = [name for name in _BREACHES if f"{name} BROKEN" not in said]
    assert not kept, f"not broken: {kept}\n{done.stdout[-3000:]}{done.stderr}"


def _only_code(_: str, names: list[str]) -> list[str]:
    return [name for name in names if "." in name and not name.endswith(".py")]


_IMPORT_ALL = """
import builtins, importlib, os, socket, sys

class Guard(dict):
    def __getitem__(self, key): raise AssertionError(f"environment read at import: {key}")
    def get(self, key, default=None): raise AssertionError(f"environment read at import: {key}")

names = sys.argv[1:]
for outside in ("msgspec", "isal.igzip_lib", "isal.isal_zlib", "httpx2", "cvss", "rich.progress",
                "yaml_rs", "cryptography.hazmat.primitives.asymmetric.ed25519", "sqlite3",
                "argparse", "ctypes", "tempfile", "subprocess", "zoneinfo", "multiprocessing"):
    importlib.import_module(outside)

def refuse(*args, **kwargs): raise AssertionError("a side effect at import")
real_open = builtins.open
def read_only(file, mode="r", *args, **kwargs):
    assert not set(mode) & set("wax+"), f"{file} opened for writing at import"
    return real_open(file, mode, *args, **kwargs)
socket.socket = refuse
builtins.open = read_only
os.environ = Guard()
os.getenv = refuse
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print("quiet")
"""


def test_nothing_happens_at_import() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, *MODULES], capture_output=True, check=False, text=True
    )

    assert done.stdout == "quiet\n", done.stderr[-2000:]


def _imported_by(*argv: str) -> set[str]:
    code = (
        "import sys\nfrom scantling.cli.main import main\n"
        f"try:\n    main({list(argv)!r})\nexcept SystemExit:\n    pass\n"
        "print('modules:', *sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=ROOT
    )
    return set(done.stdout.rpartition("modules:")[2].split())


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_version_and_help_import_almost_nothing(flag: str) -> None:
    imported = _imported_by(flag)

    assert not imported & {"msgspec", "argparse", "typing_extensions", "ctypes"}


def test_a_quiet_local_scan_imports_no_network_terminal_or_signature_library() -> None:
    imported = _imported_by(
        "scan", "examples/shop.tar", "--format", "json", "--quiet", "--no-cache"
    )

    assert "scantling.scan" in imported
    assert not imported & {"httpx2", "rich", "cryptography", "cvss", "yaml_rs", "asyncio"}


def test_every_area_is_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    areas = [folder.name for folder in SOURCE.iterdir() if (folder / "__init__.py").exists()]

    assert areas
    assert [area for area in areas if f"{area}/" not in text] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(SOURCE).as_posix())
def test_a_file_is_one_topic(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert len(text.split("\n")) <= 600
    if file.name == "__init__.py":
        assert text.strip() == "", "areas export by path; __init__ stays empty"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_lint_rule_knows_bad_from_good(rule: object) -> None:
    [one] = [known for known in RULES if known is rule]

    assert [*problems(one, "src/x.py", one.bad)]
    assert not [*problems(one, "src/x.py", one.good)]


def test_a_lint_escape_needs_the_code_and_a_reason() -> None:
    [rule] = [one for one in RULES if one.code == "TX001"]

    assert not [*problems(rule, "src/x.py", "a.splitlines()  # lint: TX001 it is our own text")]
    assert [*problems(rule, "src/x.py", "a.splitlines()  # lint: TX001")]
    assert [*problems(rule, "src/x.py", "a.splitlines()  # lint: TX002 wrong code")]


_CODES = re.compile(
    r"""(?:gap|InputError|Unreadable|Gap)\(\s*(?:code=)?f?["'](?P<code>[a-z]+\.[a-z-]+)["']"""
)


def test_every_gap_code_that_is_used_is_known() -> None:
    used = {
        match["code"]: file.name
        for file in FILES
        for match in _CODES.finditer(file.read_text(encoding="utf-8"))
    }

    assert len(used) > 20
    assert {code: file for code, file in used.items() if code not in CODES} == {}


def test_the_generated_manual_is_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "docs.py"), "--check"],
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr


_LINK = re.compile(r"\]\((?P<target>[^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize(
    "page",
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_a_page_links_to_what_is_there(page: Path) -> None:
    targets = _LINK.findall(page.read_text(encoding="utf-8"))

    assert [one for one in targets if not (page.parent / one).exists()] == []


def test_plug_in_modules_of_registries_are_all_listed() -> None:
    """Each file that ends with PLUGIN must be in its area's registry."""
    registries = {
        "assess/vex/formats": "assess/vex/registry.py",
        "ci/systems": "ci/registry.py",
        "ci/forges": "ci/registry.py",
        "reports/formats": "reports/registry.py",
        "versions/schemes": "versions/registry.py",
        "image/sources": "image/registry.py",
        "advisories/feeds": "advisories/registry.py",
    }
    for folder, registry in registries.items():
        listed = (SOURCE / registry).read_text(encoding="utf-8")
        for file in (SOURCE / folder).glob("*.py"):
            if _defines_plugin(file):
                assert re.search(rf"\b{file.stem}\b", listed), f"{registry} lacks {file.stem}"


def _defines_plugin(file: Path) -> bool:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "PLUGIN"
        for node in tree.body
    )
