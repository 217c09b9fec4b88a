"""Laws of the edits: one package's lines and no other; any text is refused or left as it is."""

import tomllib
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import InputError
from scantling.remedy.locks import dotnet, json_text, line_text, npm_graph, other_graphs, pom
from scantling.remedy.locks.python_files import required
from scantling.remedy.locks.toml_text import literals, replaced

_REWRITES: Final[dict[str, Callable[[str], str]]] = {
    "requirements": partial(line_text.require, name="flask", version="2.3.2"),
    "go.mod": partial(line_text.require_go, name="example.com/a", version="v1.9.0"),
    "Gemfile": partial(line_text.require_gem, name="rack", version="2.2.6"),
    "package.json": partial(json_text.put, path=("dependencies", "qs"), value="^6.11.1"),
    "overrides": partial(json_text.put, path=("pnpm", "overrides", "qs"), value="^6.11.1"),
    "pyproject.toml": partial(required, name="flask", version="2.3.2", path="pyproject.toml"),
    "Pipfile": partial(required, name="flask", version="2.3.2", path="Pipfile"),
    "pom.xml": partial(pom.with_version, name="a:b", version="2.0"),
    "dependencyManagement": partial(pom.with_managed, name="a:b", version="2.0"),
    "csproj": partial(dotnet.with_version, name="Jwt", version="5.7.0"),
    "reference": partial(
        dotnet.with_reference, name="Jwt", version="5.7.0", element="PackageReference"
    ),
}
_SAMPLES: Final = {
    "requirements": "flask==1.0 # x\r\n-e .\nFlask>=0.9,<1 ; python_version<'3'\n",
    "go.mod": "module m\nrequire (\n\texample.com/a v1.0.0 // indirect\n)\n",
    "Gemfile": "gem 'rack', '~> 2.0.1' # web\ngem(\"rack\", \"2.0\")\n",
    "package.json": '{ "dependencies": {"qs": "1.0.0", "a": [1, {"b": "}"}]} }\n',
    "overrides": '{\n\t"pnpm": {\n\t\t"overrides": {"a": "1"}\n\t}\n}\n',
    "pyproject.toml": '[project]\ndependencies = ["flask==1.0", # "flask==1"\n]\nx="""\n[a]\n"""\n',
    "Pipfile": "[packages]\nflask = {version = '==1.0', extras = [\"a\"]}\n",
    "pom.xml": "<project><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId>"
    "<version>1.0</version></dependency></dependencies></project>",
    "dependencyManagement": "<project>\n  <dependencies>\n  </dependencies>\n</project>\n",
    "csproj": "<Project><ItemGroup><PackageReference Include='Jwt' Version='5.0.0'/></ItemGroup>"
    "</Project>",
    "reference": "<Project>\n <ItemGroup>\n  <PackageReference Include='A' Version='1'/>\n"
    " </ItemGroup>\n</Project>",
}
_READERS: Final[dict[str, Callable[[str], object]]] = {
    "package-lock": partial(npm_graph.package_lock, wanted={"a": "^1"}),
    "yarn": partial(npm_graph.yarn_lock, wanted={"a": "^1"}),
    "pnpm": npm_graph.pnpm_lock,
    "poetry": partial(other_graphs.poetry_lock, wanted=["a"]),
    "uv": partial(other_graphs.uv_lock, wanted=["a"]),
    "cargo": other_graphs.cargo_lock,
    "gem": other_graphs.gemfile_lock,
    "composer": partial(other_graphs.composer_lock, wanted=["a"]),
    "nuget": other_graphs.nuget_lock,
}


def _tried(rewrite: Callable[[str], object], text: str) -> object:
    try:
        return rewrite(text)
    except InputError:
        return text


@pytest.mark.parametrize("name", _REWRITES)
def test_an_edit_changes_something_once(name: str) -> None:
    rewrite = _REWRITES[name]
    made = rewrite(_SAMPLES[name])

    assert made != _SAMPLES[name]
    assert rewrite(made) == made


@pytest.mark.parametrize("name", _REWRITES)
@given(text=st.text(max_size=80))
@settings(max_examples=25, deadline=None)
def test_any_text_is_refused_or_edited_once(name: str, text: str) -> None:
    rewrite = _REWRITES[name]
    made = _tried(rewrite, text)

    assert isinstance(made, str)
    assert _tried(rewrite, made) == made


@pytest.mark.parametrize("name", _REWRITES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_damaged_file_is_refused_or_edited_once(name: str, data: st.DataObject) -> None:
    rewrite, text = _REWRITES[name], _SAMPLES[name]
    at = data.draw(st.integers(0, len(text) - 1))
    cut = data.draw(st.sampled_from(["", "\x00", '"', "\\", "{", "<", "\n", "\ud800", "€"]))
    damaged = text[:at] + cut + text[at + data.draw(st.integers(0, 3)) :]

    made = _tried(rewrite, damaged)

    assert isinstance(made, str)
    assert _tried(rewrite, made) == made


@pytest.mark.parametrize("name", _READERS)
@given(text=st.one_of(st.text(max_size=60), st.sampled_from(sorted(_SAMPLES.values()))))
@settings(max_examples=25, deadline=None)
def test_any_text_as_a_lockfile_is_read_or_refused(name: str, text: str) -> None:
    assert _tried(_READERS[name], text) is not None


_KEY = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
_JSON = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEY, inner, max_size=3)),
    max_leaves=12,
)


@given(
    document=st.dictionaries(_KEY, _JSON, max_size=4),
    before=st.dictionaries(_KEY, st.text(max_size=6), max_size=3),
    indent=st.sampled_from([0, 2, 4]),
)
@settings(max_examples=80, deadline=None)
def test_of_a_json_file_one_value_changes(
    document: dict[str, object], before: dict[str, str], indent: int
) -> None:
    document = {**document, "overrides": before}
    text = msgspec.json.format(msgspec.json.encode(document), indent=indent).decode()

    made = json_text.put(text, ("overrides", "qs"), '~1 "x"')

    expected = {**document, "overrides": {**before, "qs": '~1 "x"'}}
    assert msgspec.json.decode(made) == msgspec.json.decode(msgspec.json.encode(expected))


@given(
    values=st.lists(st.text("abc=#[]{}, .'", max_size=8), min_size=1, max_size=5),
    at=st.integers(0, 4),
)
@settings(max_examples=80, deadline=None)
def test_of_a_toml_file_one_string_changes(values: list[str], at: int) -> None:
    rows = [
        f'k{index} = ["{value}", {{a.b = "{value}"}}] # "c"' for index, value in enumerate(values)
    ]
    text = "[t]\n" + "\n".join(rows) + "\n"
    found = list(literals(text))
    chosen = found[at % len(found)]

    made = replaced(text, chosen, "NEW")

    assert len(found) == 2 * len(values)
    assert tomllib.loads(made) != tomllib.loads(text)
    assert made.replace("NEW", chosen.text, 1) == text
