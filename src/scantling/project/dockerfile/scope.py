"""Variables: what ARG and ENV make known to the instructions that follow.

Source: Dockerfile reference, "Scope", "Using ARG variables", "Predefined ARGs", "Automatic
platform ARGs in the global scope", "ENV".
"""

from collections.abc import Iterable, Mapping
from typing import Final

from scantling.project.dockerfile.expand import Expansion, expand
from scantling.project.dockerfile.grammar import PLATFORM_ARGS

_TOTAL_CHARS: Final = 32 * 1024 * 1024
"""All values of one file together, so that `A=$B$B`, `B=$A$A`, … cannot fill the memory."""


class Budget:
    """Counts what expansion makes; when it is used up, words stay as they are written."""

    def __init__(self, chars: int = _TOTAL_CHARS) -> None:
        self.left = chars

    def expand(self, word: str, scope: "Scope", escape: str) -> Expansion:
        """Return the word expanded in the scope, as long as there is room."""
        if self.left <= 0:
            return Expansion(text=word, error="the values of this file take too much memory")
        found = scope.expand(word, escape)
        if found.text is not word:
            self.left -= len(found.text)
        return found


class Scope:
    """The variables at one point of a file.

    `open`: further variables may have values that we do not know, since an image we have not
    read sets them. `unknown` are variables that are set without our knowing to what.
    """

    def __init__(
        self,
        values: Mapping[str, str] | None = None,
        *,
        environment: Iterable[str] = (),
        unknown: Iterable[str] = (),
        is_open: bool = False,
    ) -> None:
        self.values = dict(values or {})
        self.environment = set(environment)
        self.unknown = set(unknown)
        self.open = is_open

    def expand(self, word: str, escape: str) -> Expansion:
        """Return the word expanded; what depends on an unknown value stays as it is written."""
        found = expand(word, self.values, escape=escape)
        if found.missing and (self.open or not self.unknown.isdisjoint(found.missing)):
            return expand(word, self.values, escape=escape, keep=True)
        if found.error and "$" in word and (self.open or self.unknown):
            kept = expand(word, self.values, escape=escape, keep=True)
            return found if kept.error else kept
        return found

    def argue(self, name: str, value: str | None) -> None:
        """Declare an ARG; None: without a value. A variable of ENV of that name stays."""
        if name in self.environment:
            return
        if value is not None:
            self.values[name] = value
            self.unknown.discard(name)

    def set(self, name: str, value: str) -> None:
        """Set a variable as ENV does."""
        self.values[name] = value
        self.environment.add(name)
        self.unknown.discard(name)

    def copy(self) -> "Scope":
        """Return the scope that a child stage begins with."""
        return Scope(
            self.values,
            environment=self.environment,
            unknown=self.unknown,
            is_open=self.open,
        )


def global_scope(arguments: Mapping[str, str]) -> Scope:
    """Return the scope before the first FROM: only the builder's own arguments are known."""
    given = {name: arguments[name] for name in sorted(PLATFORM_ARGS & arguments.keys())}
    return Scope(given, unknown=PLATFORM_ARGS - arguments.keys())
