"""Nothing from an image, an advisory or a project becomes an order, a link or markup in a pipeline.

Each document is read as its reader reads it. Whatever the texts say, it has the same structure as
with a plain word in their places, and the values come back as they were.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from scantling.core.model.advisory import Fix
from scantling.core.model.decision import Decision, PolicyResult
from scantling.core.model.report import Baseline, ScanReport
from scantling.core.text import neutral
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.markdown_syntax import code, inert
from scantling.reports.registry import FORMATS
from scantling.testing.reports import HOSTILE_NAME, REPORTS

from .conftest import Check, xml_of

GATE = REPORTS["gate"]
WORDS = [
    "x", " ", "\n", "\r\n", "::error::", "::stop-commands::t\n", "##vso[task.complete]", "'",
    "##[error]", "##teamcity[buildStop]", "|", "||", "|'", "]", "[", ";", ",", ":", "%", "%0A",
    "%AZP25", "%5D", "=", "`", "``", "\\", "\\|", "|\\", "<b>", "</code>", "<!--", "-->",
    "</details>", "@team", "#1", "!1", "GH-1", "$x$", "[a](b)", "![a](b)", "www.example.com",
    "https://example.com", "a@example.com", "- ", "1. ", "# ", "> ", "***", "~~a~~",
    "&amp;", "&#64;team", "]]>",
    "\x1b[2J", "\x00", "\u202e", "\u2028", "\ufffe", "\uffff", "\ud800", "\U000e0041", "é", "😀",
]  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join),
    st.text(min_size=1, max_size=12),
)
_SETTINGS = settings(max_examples=20, deadline=None)


def _policy(policy: PolicyResult, text: str) -> PolicyResult:
    def changed(one: Decision) -> Decision:
        used = one.exception
        if used is not None:
            used = replace(used, id=text, owner=text, reason=text, expires=text, approver=text)
        return replace(one, rule=text, reason=text, due=text, exception=used)

    return replace(
        policy,
        decisions=tuple(map(changed, policy.decisions)),
        errors=(text,),
        unused_exceptions=(text,),
    )


def _saying(text: str) -> ScanReport:
    """Return the standard report of a gate with the text wherever text can come from outside."""
    assert GATE.policy is not None
    assert isinstance(GATE.baseline, Baseline)
    assert GATE.base is not None
    return replace(
        GATE,
        image=replace(GATE.image, reference=text, kind="oci-archive"),
        distro=None,
        packages=tuple(replace(one, name=text, version=text) for one in GATE.packages),
        findings=tuple(
            replace(one, summary=text, fixed_in=(text,), fix=Fix.FIXED, aliases=(text,))
            for one in GATE.findings
        ),
        gaps=tuple(replace(one, detail=text, path=text) for one in GATE.gaps),
        verdict=replace(GATE.verdict, reasons=(text,)),
        base=replace(GATE.base, name=text, tags=(text,), newest=text),
        policy=_policy(GATE.policy, text),
        baseline=replace(GATE.baseline, name=text, because=(text,)),
        places=tuple((purl, replace(one, path=text, text=text)) for purl, one in GATE.places),
    )


def _written(name: str, text: str) -> str:
    return render(_saying(text), FORMATS[name], Look(show_suppressed=True))


def _lines(name: str, text: str) -> list[str]:
    """Return the lines as any reader may split them."""
    lines = _written(name, text).splitlines()
    assert "" not in lines
    return lines


# GitHub Actions: the runner trims a line, and takes `::name properties::data`.


def _github(line: str) -> tuple[str, dict[str, str], str]:
    command, _, data = line.removeprefix("::").partition("::")
    name, _, given = command.partition(" ")
    properties = dict(one.split("=", 1) for one in given.split(","))
    return name, {key: unquote(value) for key, value in properties.items()}, unquote(data)


@_SETTINGS
@example(HOSTILE_NAME)
@given(TEXTS)
def test_github_gets_our_commands_and_no_others(text: str) -> None:
    lines = _lines("github-annotations", text)

    commands = [_github(line) for line in lines]
    plain = [_github(line) for line in _lines("github-annotations", "x")]
    assert [(name, [*keys]) for name, keys, _ in commands] == [
        (name, [*keys]) for name, keys, _ in plain
    ]
    files = {keys["file"] for _, keys, _ in commands if "file" in keys}
    assert files == {neutral(text)}
    assert neutral(f"image: {text}") in {data for _, _, data in commands}
    assert all("##[" not in line for line in lines)


# Azure Pipelines: the agent looks for `##vso[`, ends the properties at the first `]`.


def _azure(line: str) -> tuple[str, dict[str, str], str]:
    assert line.startswith("##vso[")
    head, _, data = line.removeprefix("##vso[").partition("]")
    name, _, given = head.partition(" ")
    properties = dict(one.split("=", 1) for one in given.split(";") if one)
    return name, {key: _unazure(value) for key, value in properties.items()}, _unazure(data)


def _unazure(value: str) -> str:
    codes = {"3B": ";", "5D": "]", "0D": "\r", "0A": "\n", "AZP25": "%"}
    return re.sub(r"%(AZP25|3B|5D|0D|0A)", lambda found: codes[found[1]], value)


@_SETTINGS
@example(HOSTILE_NAME)
@given(TEXTS)
def test_azure_gets_our_commands_and_no_others(text: str) -> None:
    lines = _lines("azure", text)

    commands = [_azure(line) for line in lines]
    plain = [_azure(line) for line in _lines("azure", "x")]
    assert [(name, [*keys]) for name, keys, _ in commands] == [
        (name, [*keys]) for name, keys, _ in plain
    ]
    paths = {keys["sourcepath"] for _, keys, _ in commands if "sourcepath" in keys}
    assert paths == {neutral(text)}
    assert all(line.count("##vso[") == 1 for line in lines)
    assert all("##[" not in line for line in lines)


# TeamCity: `##teamcity[name key='value' …]` with `|` before what is special.

_MESSAGE = re.compile(
    r"##teamcity\[(?P<name>[A-Za-z]+)(?P<given>(?: [A-Za-z]+='(?:[^|'\[\]\n\r]|\|.)*')+)\]"
)
_ATTRIBUTE = re.compile(r" (?P<key>[A-Za-z]+)='(?P<value>(?:[^|'\[\]\n\r]|\|.)*)'")


def _teamcity(line: str) -> tuple[str, dict[str, str]]:
    message = _MESSAGE.fullmatch(line)
    assert message is not None, line
    given = {one["key"]: one["value"] for one in _ATTRIBUTE.finditer(message["given"])}
    return message["name"], {key: _unteamcity(value) for key, value in given.items()}


def _unteamcity(value: str) -> str:
    def plain(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        return {"n": "\n", "r": "\r"}.get(found[2], found[2])

    text = re.sub(r"\|(?:0x([0-9a-f]{4})|(.))", plain, value)
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


@_SETTINGS
@example(HOSTILE_NAME)
@given(TEXTS)
def test_teamcity_gets_our_messages_and_no_others(text: str) -> None:
    lines = _lines("teamcity", text)

    messages = [_teamcity(line) for line in lines]
    plain = [_teamcity(line) for line in _lines("teamcity", "x")]
    assert [(name, [*keys]) for name, keys in messages] == [(name, [*keys]) for name, keys in plain]
    files = {keys["file"] for _, keys in messages if "file" in keys}
    assert neutral(text) in files
    assert all(line.isascii() for line in lines)


# JUnit: whatever reads XML.


@_SETTINGS
@example(text=HOSTILE_NAME)
@given(text=TEXTS)
def test_junit_has_our_elements_and_no_others(text: str, check_junit: Check) -> None:
    document = _written("junit", text)

    check_junit(document)
    tags = [one.tag for one in xml_of(document).iter()]
    assert tags == [one.tag for one in xml_of(_written("junit", "x")).iter()]
    [error] = xml_of(document).findall("testsuite[@name='policy']/testcase/error")
    assert error.attrib["message"] == neutral(text).translate({0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD})
    assert not re.search(r"(?m)^[ ]*::|##(?:\[|vso\[|teamcity\[)", document)


# JSON: structure, and no text that orders something when a log prints the document.


def _shape(value: Any) -> Any:
    """Return keys and types; pages are there only for identifiers of a known kind."""
    if isinstance(value, dict):
        return {key: _shape(one) for key, one in value.items() if key != "url"}
    return [_shape(one) for one in value] if isinstance(value, list) else type(value).__name__


@pytest.mark.parametrize("name", ["sarif", "gitlab-container", "gitlab-quality"])
@_SETTINGS
@example(text=HOSTILE_NAME)
@given(text=TEXTS)
def test_json_has_our_structure_and_inert_texts(name: str, text: str) -> None:
    document = _written(name, text)

    shape = _shape(json.loads(document))
    # Rules are sorted by the names that the text is part of; their number is what holds.
    if name == "sarif":
        assert len(json.dumps(shape)) == len(json.dumps(_shape(json.loads(_plain(name)))))
    else:
        assert shape == _shape(json.loads(_plain(name)))
    assert not re.search(r"##(?:\[|vso\[|teamcity\[)", document)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", document)


@settings(max_examples=12, deadline=None)
@example(text=HOSTILE_NAME)
@given(text=TEXTS)
def test_json_satisfies_the_schemas_whatever_the_texts_say(
    text: str, check_sarif: Check, check_gitlab: Check
) -> None:
    check_sarif(_written("sarif", text))
    check_gitlab(_written("gitlab-container", text))


# Markdown: CommonMark with GitHub's tables, and what GitHub and GitLab look for in the result.

_READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_REFERENCE = re.compile(
    r"[@#!~$%^&](?=[A-Za-z0-9_\"])|(?<![A-Za-z0-9])[Gg][Hh]-[0-9]|://|[Ww]{3}\.(?=[A-Za-z0-9])"
)


@cache
def _plain(name: str) -> str:
    return _written(name, "x")


def _inlines(tokens: list[Token]) -> Iterator[Token]:
    for one in tokens:
        yield from one.children or ()


def _outside_code(tokens: list[Token]) -> str:
    """Return the text that GitHub searches for mentions and references."""
    depth, pieces = 0, []
    for block in tokens:
        for one in block.children or ():
            if one.type == "html_inline":
                depth += {"<code>": 1, "</code>": -1}[one.content]
            elif one.type != "code_inline" and not depth:
                pieces.append(one.content)
        pieces.append("\n")
    return "".join(pieces)


@pytest.mark.parametrize("name", ["comment", "github-summary"])
@_SETTINGS
@example(text=HOSTILE_NAME)
@example(text="a\\|b")
@given(text=TEXTS)
def test_markdown_has_our_structure_and_refers_to_nothing(name: str, text: str) -> None:
    tokens = _READER.parse(_written(name, text))
    plain = _READER.parse(_plain(name))

    def structure(some: list[Token]) -> list[tuple[str, str]]:
        # Of HTML, ours is the same but for the category in the mark.
        return [
            (one.type, one.content.partition("scantling:")[0] if one.type == "html_block" else "")
            for one in some
            if one.type != "inline"
        ]

    assert structure(tokens) == structure(plain)
    kinds = {one.type for one in _inlines(tokens)}
    known = {"text", "text_special", "softbreak", "code_inline", "html_inline"}
    assert kinds <= known | {"strong_open", "strong_close"}
    assert not _REFERENCE.search(_outside_code(tokens))


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_inert_text_and_code_show_what_they_were_given(text: str) -> None:
    wanted = neutral(text).strip()
    for shown in (f"a {inert(text)}", f"a {code(text)}"):
        tokens = _READER.parse(shown)
        said = "".join(one.content for one in _inlines(tokens) if one.type != "html_inline")

        assert said.replace("\u200b", "").removeprefix("a").strip() == wanted
