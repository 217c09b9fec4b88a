"""Conditions: one CEL expression each, checked before it runs, bounded when it does.

The only file that imports the CEL library, and only when a policy is used. Decision 0012 says why
this library, and what bounds it has: iterations, recursion, linear regular expressions. Ours are
the length of the source and the result, which must be a bool by type.

Source: CEL specification, https://github.com/google/cel-spec/blob/master/doc/langdef.md.
"""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from scantling.assess.policy.document import About
from scantling.assess.policy.vocabulary import Fact, facts_about
from scantling.core.errors import UsageError
from scantling.core.text import neutral

MOST_CHARS: Final = 2000

_NEEDS: Final = (
    "policies need the package cel-expr-python, which has no build for this Python or system;"
    " use CPython 3.11 to 3.14 on glibc Linux, macOS (ARM) or Windows"
)
_PLACE: Final = re.compile(r"ERROR: <input>:-?[0-9]+:(?P<column>-?[0-9]+): (?P<said>[^\n]*)")
_UNDECLARED: Final = re.compile(r"undeclared reference to '(?P<name>[^']*)' \(in container ''\)")


class Failure(Struct, frozen=True):
    """An evaluation that gave no answer. It is neither true nor false, and blocks."""

    reason: str


class Condition(Struct, frozen=True, kw_only=True):
    """A checked condition. `facts` are those it asks for, in a fixed order.

    `program` is the library's; `of` the facts that differ from subject to subject.
    """

    source: str
    facts: tuple[Fact, ...]
    program: Any

    @property
    def own(self) -> tuple[Fact, ...]:
        """Return the facts that differ from subject to subject."""
        return tuple(one for one in self.facts if not one.shared)

    @property
    def shared(self) -> tuple[Fact, ...]:
        """Return the facts that are the same for all subjects."""
        return tuple(one for one in self.facts if one.shared)


def checked(source: str, about: About) -> Condition:
    """Return the condition. Raises UsageError, without a place: the caller knows it."""
    if len(source) > MOST_CHARS:
        raise UsageError(f"the condition is longer than {MOST_CHARS} characters; split the rule")
    try:
        program = _environment(about).compile(source)
    except (RuntimeError, ValueError, TypeError) as error:
        raise UsageError(_said(str(error), about)) from error
    if program.return_type().name() != "BOOL":
        kind = program.return_type().name().lower()
        raise UsageError(
            f"the condition gives a {kind}, not true or false; compare it with a value"
        )
    compiled = program.serialize()
    facts = tuple(one for one in facts_about(about) if _mention(one.name) in compiled)
    return Condition(source=source, facts=facts, program=program)


def answer(condition: Condition, values: Mapping[str, object]) -> bool | Failure:
    """Return what the condition says with these values of its facts; never raises for a value."""
    try:
        result = condition.program.eval(data=values).value()
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        return Failure(neutral(str(error), limit=300))
    # An evaluation error is a value too, a text and truthy: only a bool is an answer.
    return result if isinstance(result, bool) else Failure(neutral(str(result), limit=300))


def plain(value: object) -> object:
    """Return a fact's value as the library takes it: tuples as lists."""
    return [*value] if isinstance(value, tuple) else value


@lru_cache(maxsize=len(About))
def _environment(about: About) -> Any:
    try:
        from cel_expr_python import cel  # noqa: PLC0415 - 50 MB that only policies load
    except ImportError as error:
        raise UsageError(_NEEDS) from error
    types = {
        "string": cel.Type.STRING,
        "bool": cel.Type.BOOL,
        "int": cel.Type.INT,
        "double": cel.Type.DOUBLE,
        "timestamp": cel.Type.TIMESTAMP,
        "list(string)": cel.Type.List(cel.Type.STRING),
        "map(string, string)": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
        "map(string, int)": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
    }
    return cel.NewEnv(variables={one.name: types[one.type] for one in facts_about(about)})


def _mention(name: str) -> bytes:
    """Return how a checked expression, a protocol buffer, holds a name: field 1, length, text.

    A text that looks like it only adds a fact. A fact that were missed would be an evaluation
    error, which blocks.
    """
    text = name.encode()
    return b"\n" + bytes([len(text)]) + text


def _said(message: str, about: About) -> str:
    """Return the library's first complaint as ours: column, what, what to do."""
    place = _PLACE.search(message)
    if place is None:
        return f"the condition cannot be read ({neutral(message, limit=200)})"
    said = neutral(place["said"], limit=200)
    undeclared = _UNDECLARED.search(said)
    if undeclared:
        said = _unknown_fact(undeclared["name"], [one.name for one in facts_about(about)], about)
    elif "(double, int)" in said or "(int, double)" in said:
        said += "; write a number with a point, such as 5.0"
    return f"column {place['column']} of the condition: {said}"


def _unknown_fact(name: str, known: Sequence[str], about: About) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "docs/reference/policy-facts.md lists them"
    return f"there is no fact {name!r} about {_ARTICLES[about]}; {hint}"


_ARTICLES: Final = {
    About.FINDING: "a finding",
    About.PACKAGE: "a package",
    About.GAP: "a gap",
    About.IMAGE: "an image",
}
