"""What has to hold for a vulnerability to matter, as values.

A condition is a tree over facts. Its answer has three values: a fact that nobody tells leaves it
`unknown`, and what is unknown is never "not affected".
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from scantling.core.model.finding import Finding
from scantling.core.model.vex import VexStatement


class Truth(StrEnum):
    """Whether something holds."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


class Fact(Struct, frozen=True, kw_only=True):
    """One thing that can be looked up; `kind` is a name of `facts.FACTS`.

    `values` are what it is about, by name, as the document has them: texts, lists of texts, or
    mappings of those.
    """

    kind: str
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of this name, none if it was not given."""
        return next((values for key, values in self.values if key == name), ())

    def one(self, name: str) -> str:
        """Return the value of this name, empty if it was not given."""
        return next(iter(self.all(name)), "")


class Both(Struct, frozen=True):
    """Every part has to hold."""

    parts: tuple["Need", ...]


class Either(Struct, frozen=True):
    """At least one part has to hold."""

    parts: tuple["Need", ...]


class Never(Struct, frozen=True):
    """The part has to fail."""

    part: "Need"


Need = Fact | Both | Either | Never


class Source(Struct, frozen=True, kw_only=True):
    """Where it stands, and what it says in our words."""

    url: str
    says: str


class Condition(Struct, frozen=True, kw_only=True):
    """What has to hold for vulnerabilities to matter.

    `denies` is False where what the sources say is enough to tell that something is affected, never
    that it is not: then the condition only explains. `origin` is the file it was read from.
    """

    id: str
    title: str
    vulnerabilities: tuple[str, ...]
    author: str
    sources: tuple[Source, ...]
    needs: Need
    denies: bool = True
    origin: str = ""


class Evidence(Struct, frozen=True, kw_only=True):
    """What was found out about one fact. `said` is a sentence without a full stop."""

    kind: str
    truth: Truth
    said: str


class Weighed(Struct, frozen=True, kw_only=True):
    """A condition in one place. `place` is a container of a workload, or the image by itself.

    `deciding` are the facts that the answer rests on; of an unknown one, what is missing.
    `evidence` are all facts, in the order of the condition.
    """

    place: str
    truth: Truth
    deciding: tuple[Evidence, ...]
    evidence: tuple[Evidence, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """A condition and a finding: the answer, why, and the statement that it led to, if any.

    `because` says in a sentence why there is no statement although some place gave an answer.
    """

    condition: Condition
    finding: Finding
    truth: Truth
    places: tuple[Weighed, ...]
    statement: VexStatement | None = None
    because: str = ""


class Evaluated(Struct, frozen=True, kw_only=True):
    """Everything that conditions say of the findings of one image, sorted by condition, finding.

    `statements` apply through `assess.vex.apply`.
    """

    explanations: tuple[Explanation, ...] = ()

    @property
    def statements(self) -> tuple[VexStatement, ...]:
        """Return the statements, each once."""
        return tuple(
            dict.fromkeys(one.statement for one in self.explanations if one.statement is not None)
        )


ORIGIN: Final = "conditions"
"""The origin of statements that conditions make."""

THE_IMAGE: Final = "the image"
"""The place where nobody says how the image is run."""
