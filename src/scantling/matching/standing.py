"""Where a fleet stands: what one version of the database says of each of its packages.

Each package is judged once, however many images have it, and after an update only the packages
whose advisories changed are judged again. Kept is which statements say "affected" and which cannot
be determined, as numbers. The texts, and whose word counts within one image, are not kept: for an
image that is shown, `match` and the assessment make them from `Fleet.packages_of`.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from scantling.core.model.finding import Outcome
from scantling.matching.api import AdvisoryIndex
from scantling.matching.fleet import Fleet
from scantling.matching.match import Decision, decide

_U32: Final = "I"


class Word(Struct, frozen=True, kw_only=True, order=True):
    """One statement's answer. `ecosystem` and `package` are the key it was found under."""

    ecosystem: str
    package: str
    source: str
    advisory: str
    vulnerability: str
    outcome: Outcome
    """`affected` or `undetermined`."""
    aliases: tuple[str, ...] = ()


class Affected(Struct, frozen=True, kw_only=True):
    """Numbers of packages, ascending; one that is surely affected is not in `undetermined`."""

    affected: tuple[int, ...]
    undetermined: tuple[int, ...]


class Standing:
    """What the database says of a fleet. Empty until the first `refresh`.

    Statements that are gone leave some hundred bytes behind each; a new standing has none.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._words: list[Word] = []
        self._numbers: dict[Word, int] = {}
        self._by_name: dict[str, array[int]] = {}
        self._of: list[array[int]] = []
        self._none: array[int] = array(_U32)

    def refresh(
        self, advisories: AdvisoryIndex, keys: Iterable[tuple[str, str]] | None = None
    ) -> tuple[int, ...]:
        """Judge packages with this database and return those whose answer changed, ascending.

        `keys` are the (ecosystem, package) that changed since the last time
        (`advisories.diff.changed_keys`); None: all packages. New packages are judged in any case.
        """
        seen = len(self._of)
        new = range(seen, len(self._fleet.packages))
        self._of += [self._none] * len(new)
        if keys is None:
            chosen: Iterable[int] = self._fleet.in_order_of_keys()
        else:
            chosen = dict.fromkeys((*self._fleet.asked_by(keys), *new))
        changed = []
        for package in chosen:
            words = self._judged(package, advisories)
            if words != self._of[package]:
                self._of[package] = words
                changed.append(package)
        return tuple(sorted(changed))

    def words_of(self, package: int) -> tuple[Word, ...]:
        """Return what is said against a package, sorted."""
        return tuple(sorted(self._words[number] for number in self._of[package]))

    def counts(self) -> Sequence[int]:
        """Return for each package how many words are said against it."""
        return array(_U32, map(len, self._of))

    def affected_by(self, name: str) -> Affected:
        """Return the packages that a vulnerability affects, by its identifier or an alias.

        ValueError: packages were added since the last `refresh`, so the answer would lack them.
        """
        if len(self._of) != len(self._fleet.packages):
            raise ValueError("packages were added to the fleet; refresh its standing first")
        about: dict[tuple[str, str], list[int]] = {}
        for number in self._by_name.get(name, ()):
            word = self._words[number]
            about.setdefault((word.ecosystem, word.package), []).append(number)
        affected: set[int] = set()
        undetermined: set[int] = set()
        for key, numbers in about.items():
            for package in self._fleet.asked_by((key,)):
                for number in set(numbers).intersection(self._of[package]):
                    is_sure = self._words[number].outcome is Outcome.AFFECTED
                    (affected if is_sure else undetermined).add(package)
        return Affected(
            affected=tuple(sorted(affected)), undetermined=tuple(sorted(undetermined - affected))
        )

    def _judged(self, package: int, advisories: AdvisoryIndex) -> "array[int]":
        """Return the numbers of the words against a package, ascending."""
        about = self._fleet.packages[package]
        numbers = {
            self._number(about.ecosystem, one)
            for one in decide(about, advisories)
            if one.outcome is not Outcome.NOT_AFFECTED
        }
        return array(_U32, sorted(numbers)) if numbers else self._none

    def _number(self, ecosystem: str, decision: Decision) -> int:
        stored = decision.stored
        word = Word(
            ecosystem=ecosystem,
            package=decision.question.package,
            source=stored.source,
            advisory=stored.advisory,
            vulnerability=stored.statement.vulnerability,
            outcome=decision.outcome,
            aliases=stored.aliases,
        )
        known = self._numbers.get(word)
        if known is not None:
            return known
        number = self._numbers[word] = len(self._words)
        self._words.append(word)
        for name in dict.fromkeys((word.vulnerability, *word.aliases)):
            self._by_name.setdefault(name, array(_U32)).append(number)
        return number
