"""The registry of catalogers is complete, and its versions are those of the catalogers."""

import ast
from pathlib import Path

from scantling.catalog import ecosystems, registry
from scantling.catalog.api import Profile

_ROOT = Path(ecosystems.__path__[0])


def _defines_plugin(source: Path) -> bool:
    body = ast.parse(source.read_text()).body
    named: list[ast.expr] = [node.target for node in body if isinstance(node, ast.AnnAssign)]
    named += [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    return any(isinstance(target, ast.Name) and target.id == "PLUGIN" for target in named)


def test_every_file_that_defines_a_cataloger_is_listed_and_every_line_has_its_file() -> None:
    defined = {
        ".".join(source.relative_to(_ROOT).with_suffix("").parts)
        for source in _ROOT.rglob("*.py")
        if _defines_plugin(source)
    }

    assert set(registry.MODULES) == defined


def test_listed_versions_are_those_of_the_catalogers() -> None:
    listed = {name: registry.plugin_of(name).version for name in registry.MODULES}

    assert listed == registry.MODULES


def test_names_are_unique() -> None:
    names = [plugin.name for plugin in registry.load(Profile.DEEP)]

    assert len(names) == len(set(names))


def test_lines_are_sorted() -> None:
    assert list(registry.MODULES) == sorted(registry.MODULES)
