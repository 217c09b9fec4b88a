"""Write the parts of the manual that the code knows best: docs/reference/*.md marked as generated.

python tools/docs.py          write them
python tools/docs.py --check  exit 1 if a committed one is not what the code says
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from textwrap import dedent
from typing import Final

from msgspec.structs import fields

from scantling.advisories.registry import FEEDS
from scantling.assess.conditions.facts import FACTS as CONDITION_FACTS
from scantling.assess.conditions.library import built_in as built_in_conditions
from scantling.assess.policy.document import About
from scantling.assess.policy.vocabulary import facts_about
from scantling.catalog import registry as catalogers
from scantling.catalog.api import Cataloger, Want
from scantling.cli.main import COMMANDS
from scantling.cli.run import parser_of
from scantling.core.errors import ExitCode
from scantling.core.limits import DEFAULT
from scantling.core.model.gap import CODES
from scantling.reports.registry import FORMATS
from scantling.versions.registry import SCHEMES

FOLDER: Final = Path(__file__).parent.parent / "docs" / "reference"
_FEW_VALUES: Final = 8
_NOTE: Final = (
    "<!-- Made by tools/docs.py from the code; change the code, then run `make docs`. -->"
)


def _gaps() -> Iterator[str]:
    yield "# Gap codes\n"
    yield "What a scan could not look at. A *blocking* gap makes the verdict `unknown` and the exit"
    yield "code 3 (5 for `advisories.*`); an *info* gap is shown, no more. A pipeline can"
    yield "pass in spite of one: `--allow-incomplete CODE`.\n"
    yield "| code | kind | what it means | what to do |\n|---|---|---|---|"
    for code, (kind, meaning, advice) in CODES.items():
        yield f"| `{code}` | {kind} | {meaning} | {advice} |"


def _limits() -> Iterator[str]:
    yield "# Limits\n"
    yield "Every read is bounded. `--limit NAME=VALUE` changes one; none can be switched off.\n"
    yield "| name | default |\n|---|---:|"
    for field in fields(DEFAULT):
        yield f"| `{field.name}` | {getattr(DEFAULT, field.name):,} |"


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    for command in COMMANDS:
        yield from _command(f"scantling {command}", parser_of(command))
    yield "## Exit codes\n\n| code | name |\n|---:|---|"
    for code in ExitCode:
        yield f"| {code.value} | {code.name.lower().replace('_', ' ')} |"


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield a command's page. Written from the options: argparse's own help differs by version."""
    yield f"## {name}\n"
    what, _, examples = cleandoc(parser.description or "").partition("examples:\n")
    yield what.strip() + "\n"
    if examples:
        yield f"```sh\n{dedent(examples).rstrip()}\n```\n"
    inner = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    options = [one for one in parser._actions if one not in inner and one.dest != "help"]
    if options:
        yield "| option | |\n|---|---|"
        yield from (f"| `{_option(one)}` | {_help(one)} |" for one in options)
        yield ""
    for action in inner:
        for word, sub in action.choices.items():
            yield from _command(f"{name} {word}", sub)


def _option(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings)
    choices = "{" + ", ".join(action.choices) + "}" if action.choices else ""
    value = str(action.metavar or choices or action.dest.upper()) if action.nargs != 0 else ""
    return f"{names} {value}".strip().replace("|", "\\|")


def _help(action: argparse.Action) -> str:
    text = (action.help or "") % {"default": action.default}
    return " ".join(text.split()).replace("|", "\\|")


def _catalogers() -> Iterator[str]:
    yield "# What is recognized\n"
    yield "Each file below is read by one cataloger. *Profile* is the shallowest that reads it.\n"
    for module in sorted(catalogers.MODULES):
        plugin = catalogers.plugin_of(module)
        yield from _cataloger(module, plugin)


def _cataloger(module: str, plugin: Cataloger) -> Iterator[str]:
    text = import_module(f"scantling.catalog.ecosystems.{module}").__doc__ or ""
    yield f"## {plugin.name}\n\n{cleandoc(text)}\n"
    wants = ", ".join(f"`{_want(want)}`" for want in plugin.wants)
    yield f"*Profile* {plugin.profile}; *files* {wants}.\n"


def _want(want: Want) -> str:
    if want.path or want.tail:
        return want.path or f"…/{want.tail}"
    if want.magic:
        return f"files that start with {want.magic!r}"
    folder = want.folder or (f"*{want.parent}" if want.parent else "…")
    within = f"…/{want.within}/" if want.within else ""
    return f"{within}{folder}/{want.name or '*' + want.suffix}"


def _feeds() -> Iterator[str]:
    yield "# Advisory sources\n"
    yield "*Silence* says what it means when a source does not mention a vulnerability: `full`, it"
    yield "does not know of one; `fixes-only`, none was fixed; `partial`, nothing.\n"
    yield "| source | what | license | covers (silence) | stale after |\n|---|---|---|---|---:|"
    for feed in FEEDS:
        covers = ", ".join(f"`{one.ecosystem}` ({one.completeness})" for one in feed.covers)
        days = f"{feed.stale_after_days} days"
        yield f"| `{feed.name}` | {feed.title} | {feed.license} | {covers or '-'} | {days} |"


def _schemes() -> Iterator[str]:
    yield "# Version schemes\n"
    yield "| scheme | VERS | follows |\n|---|---|---|"
    for scheme in sorted(SCHEMES.values(), key=lambda one: one.name):
        yield f"| `{scheme.name}` | `vers:{scheme.vers}/…` | {scheme.source} |"


def _formats() -> Iterator[str]:
    yield "# Report formats\n"
    yield "| format | media type | suffix | without matching |\n|---|---|---|---|"
    for name, plugin in FORMATS.items():
        alone = "yes" if plugin.inventory else "no"
        yield f"| `{name}` | {plugin.media_type} | `{plugin.suffix}` | {alone} |"
    for name, plugin in FORMATS.items():
        module = import_module(plugin.render.__module__)
        yield f"\n## {name}\n\n{cleandoc(module.__doc__ or '')}"


def _facts() -> Iterator[str]:
    yield "# Facts of policies\n"
    yield "What a condition may ask for. A rule is *about* a finding (the default), a package, a"
    yield "gap or the image, and may use the facts of that group and the last; one about findings"
    yield "those of their packages, too. `scantling policy explain` shows the values of a report."
    yield "Numbers that grow with danger have their greatest value when they are unknown.\n"
    own = {about: facts_about(about) for about in About}
    packages = {one.name for one in own[About.PACKAGE]}
    shared = own[About.IMAGE]
    groups = {
        "Findings": [one for one in own[About.FINDING] if one.name not in packages],
        "Packages": [one for one in own[About.PACKAGE] if one not in shared],
        "Gaps": [one for one in own[About.GAP] if one not in shared],
        "Everything": [*shared],
    }
    for title, facts in groups.items():
        yield f"## {title}\n\n| fact | type | what it is |\n|---|---|---|"
        for one in facts:
            few = 0 < len(one.values) <= _FEW_VALUES
            values = ": " + ", ".join(f"`{value}`" for value in one.values) if few else ""
            yield f"| `{one.name}` | {one.type} | {one.meaning}{values} |"
        yield ""


def _conditions() -> Iterator[str]:
    yield "# Conditions of exploitability\n"
    yield "What `scantling conditions` knows, and what a file of conditions may ask for. A fact"
    yield "holds, fails, or is unknown; [how it is used](../how-to/conditions.md).\n"
    yield "## Facts\n\n| fact | takes | it holds if | where it fails, VEX says |\n|---|---|---|---|"
    for name, one in CONDITION_FACTS.items():
        takes = ", ".join(f"`{value}`" for value in one.names) or "-"
        yield f"| `{name}` | {takes} | {one.meaning} | `{one.justification}` |"
    yield "\n## Built-in conditions\n"
    yield "| condition | about | vulnerabilities |\n|---|---|---|"
    for condition in built_in_conditions():
        more = "" if condition.denies else " (explains only)"
        ids = ", ".join(condition.vulnerabilities)
        yield f"| `{condition.id}` | {condition.title}{more} | {ids} |"


PAGES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "gaps.md": _gaps,
    "limits.md": _limits,
    "commands.md": _commands,
    "catalogers.md": _catalogers,
    "sources.md": _feeds,
    "versions.md": _schemes,
    "formats.md": _formats,
    "policy-facts.md": _facts,
    "conditions.md": _conditions,
}


def main() -> int:
    """Write or check every page; return the exit code."""
    stale = []
    for name, page in PAGES.items():
        text = f"{_NOTE}\n\n" + "\n".join(page()).rstrip() + "\n"
        path = FOLDER / name
        if "--check" not in sys.argv:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    for name in stale:
        print(f"docs/reference/{name} is not what the code says; run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
