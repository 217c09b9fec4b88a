"""Which instructions there are, what flags they take and how their arguments are written.

Source: Dockerfile reference (https://docs.docker.com/reference/dockerfile/), each instruction's
own section; syntax 1.20.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Style(StrEnum):
    """How the arguments of an instruction are split."""

    COMMAND = "command"
    """A JSON array or one command for the shell."""
    LIST = "list"
    """A JSON array or words."""
    WORDS = "words"
    PAIRS = "pairs"
    """`name=value` items, or `name value` in the old form."""
    NAMES = "names"
    """`name` or `name=value` items."""
    TEXT = "text"
    ARRAY = "array"
    INNER = "inner"
    HEALTH = "health"


class Rule(Struct, frozen=True, kw_only=True):
    """One instruction. `expands`: the builder replaces variables. `least`: how many arguments.

    `bare` are the flags that need no value.
    """

    style: Style
    flags: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()
    expands: bool = False
    least: int = 1
    most: int = 0
    wants: str = ""


_TREE = frozenset({"chown", "chmod", "link", "exclude"})

RULES: Final[dict[str, Rule]] = {
    "ADD": Rule(
        style=Style.LIST,
        flags=_TREE | {"checksum", "keep-git-dir", "unpack"},
        bare=frozenset({"link", "keep-git-dir", "unpack"}),
        expands=True,
        least=2,
        wants="at least one source and a destination",
    ),
    "ARG": Rule(style=Style.NAMES, expands=True, wants="a name, or name=value"),
    "CMD": Rule(style=Style.COMMAND, least=0),
    "COPY": Rule(
        style=Style.LIST,
        flags=_TREE | {"from", "parents"},
        bare=frozenset({"link", "parents"}),
        expands=True,
        least=2,
        wants="at least one source and a destination",
    ),
    "ENTRYPOINT": Rule(style=Style.COMMAND, least=0),
    "ENV": Rule(style=Style.PAIRS, expands=True, wants="name=value"),
    "EXPOSE": Rule(style=Style.WORDS, expands=True, wants="a port"),
    "FROM": Rule(
        style=Style.WORDS,
        flags=frozenset({"platform"}),
        expands=True,
        wants="an image, and a name as in FROM image AS name",
    ),
    "HEALTHCHECK": Rule(
        style=Style.HEALTH,
        flags=frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
        wants="CMD and a command, or NONE",
    ),
    "LABEL": Rule(style=Style.PAIRS, expands=True, wants="name=value"),
    "MAINTAINER": Rule(style=Style.TEXT, wants="a name"),
    "ONBUILD": Rule(style=Style.INNER, wants="an instruction"),
    "RUN": Rule(
        style=Style.COMMAND,
        flags=frozenset({"mount", "network", "security", "device"}),
        bare=frozenset({"mount"}),
        wants="a command",
    ),
    "SHELL": Rule(style=Style.ARRAY, wants='an array such as ["/bin/bash", "-c"]'),
    "STOPSIGNAL": Rule(style=Style.TEXT, expands=True, wants="a signal"),
    "USER": Rule(style=Style.TEXT, expands=True, wants="a user"),
    "VOLUME": Rule(style=Style.LIST, expands=True, wants="a path"),
    "WORKDIR": Rule(style=Style.TEXT, expands=True, wants="a path"),
}

PLATFORM_ARGS: Final = frozenset(
    {
        "BUILDARCH",
        "BUILDOS",
        "BUILDPLATFORM",
        "BUILDVARIANT",
        "TARGETARCH",
        "TARGETOS",
        "TARGETPLATFORM",
        "TARGETSTAGE",
        "TARGETVARIANT",
    }
)
"""Arguments that the builder sets. Source: "Automatic platform ARGs in the global scope"."""

NOT_INNER: Final = frozenset({"FROM", "MAINTAINER", "ONBUILD"})
