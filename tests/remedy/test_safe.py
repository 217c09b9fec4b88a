"""Nothing from an image or an advisory reaches a Dockerfile or a command but plain words."""

import re
import shlex

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scantling.project.dockerfile.parse import parse
from scantling.remedy.api import Candidate
from scantling.remedy.safe import is_image, is_name, is_version
from scantling.testing.reports import HOSTILE_NAME
from tests.remedy.world import APT, after, base, flaw, image, library, plan, situation, system

_DOCKERFILE = "FROM debian:12-slim\nRUN pip install flask==1 && npm install lodash@1\nCOPY . .\n"
_NASTY = (
    "1; rm -rf /",
    "1$(id)",
    "1`id`",
    "1\nRUN evil",
    "1 && evil",
    "-o=evil",
    "1'2",
    '1"2',
    "1|2",
    "${HOME}",
    "1\\",
    "1>x",
    "1#x",
    "\u202e1",
    HOSTILE_NAME,
)
_WORDS = st.one_of(st.sampled_from(_NASTY), st.text(max_size=12))


@pytest.mark.parametrize("text", [*_NASTY, "", "a" * 300])
def test_nasty_texts_are_neither_names_nor_versions_nor_images(text: str) -> None:
    assert not is_version(text)
    assert not is_image(text)
    for kind in ("deb", "apk", "rpm", "pypi", "npm", "golang", "maven", "cargo", "gem", "nuget"):
        assert not is_name(kind, text)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("deb", "libstdc++6"),
        ("pypi", "ruamel.yaml"),
        ("npm", "@babel/core"),
        ("npm", "lodash"),
        ("golang", "github.com/Azure/go-autorest/autorest"),
        ("maven", "org.apache.logging.log4j:log4j-core"),
        ("composer", "symfony/http-kernel"),
        ("cargo", "openssl-src"),
        ("gem", "rails-html-sanitizer"),
        ("nuget", "Newtonsoft.Json"),
    ],
)
def test_real_names_are_names(kind: str, name: str) -> None:
    assert is_name(kind, name)
    assert not is_name("unheard-of", name)


@pytest.mark.parametrize(
    "version",
    ["1:3.0.15-1~deb12u1", "2.0.0+dfsg-1+b1", "v0.0.0-20200101-abc", "1!2.0", "3.1.4_p5-r1"],
)
def test_real_versions_are_versions(version: str) -> None:
    assert is_version(version)


@pytest.mark.parametrize(
    "name",
    [
        "debian:12",
        "registry.example.com:5000/team/app:1.2",
        "docker.io/library/python:3.13-slim@sha256:" + "ab" * 32,
    ],
)
def test_real_images_are_images(name: str) -> None:
    assert is_image(name)


@settings(max_examples=80, deadline=None)
@given(name=_WORDS, version=_WORDS, reference=_WORDS)
@example(name="zlib1g", version="2\nRUN evil", reference="x")
def test_whatever_names_and_versions_are_the_dockerfile_has_no_foreign_instruction(
    name: str, version: str, reference: str
) -> None:
    where = situation(
        APT,
        system(name or "x", "1", source="zlib"),
        library(name or "y", "1"),
        library("flask", "1"),
        dockerfile=_DOCKERFILE,
        of=image("ADD rootfs.tar /", "RUN install"),
        on=base(),
        candidates=(Candidate(reference=reference, packages=(system("zlib1g", "9"),)),),
    )

    made = plan(
        where,
        flaw("CVE-1", "zlib", version),
        flaw("CVE-2", "flask", version, ecosystem="pypi"),
        flaw("CVE-3", name or "y", version, ecosystem="pypi"),
    )

    text = after(made) or _DOCKERFILE
    keywords = [one.keyword for one in parse(text).instructions]
    assert [one for one in keywords if one != "RUN"] == ["FROM", "COPY"]
    assert keywords.count("RUN") <= 2
    for action in made.actions:
        for command in action.commands:
            _is_plain(command)


def _is_plain(command: str) -> None:
    """Assert that a command consists of plain words, `&&`, and quoted lower bounds."""
    for word in shlex.split(command.replace("rm -rf /var/lib/apt/lists/*", "")):
        assert re.fullmatch(r"[A-Za-z0-9@%+=:,./_~!>-]+|&&", word), command
    assert "\n" not in command
