"""Where a condition is evaluated: an image, a finding, and a container if there is one."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scantling.assess.conditions.model import Evidence, Fact, Truth
from scantling.assess.conditions.workloads import Container
from scantling.core.model.finding import Finding
from scantling.core.model.image import Image
from scantling.core.model.inventory import Package


class Setting(Struct, frozen=True, kw_only=True):
    """Everything that facts are looked up in.

    `container` is None for the image by itself. `as_configured`: the user says that it only runs as
    the image is configured. `complete`: nothing of the image was left unread. `packages` are by
    type and name. `answers` are the user's, by name.
    """

    image: Image
    finding: Finding
    packages: Mapping[tuple[str, str], tuple[Package, ...]]
    paths: frozenset[str] = frozenset()
    container: Container | None = None
    as_configured: bool = False
    complete: bool = False
    answers: Mapping[str, bool] = {}

    @property
    def defaults_count(self) -> bool:
        """Return whether what the image's configuration says is certain."""
        return self.container is not None or self.as_configured

    def within(self, container: Container | None, *, as_configured: bool = False) -> "Setting":
        """Return the setting in a container, or, for None, in one that nobody describes."""
        return replace(self, container=container, as_configured=as_configured)

    def about(self, finding: Finding) -> "Setting":
        """Return the setting for another finding."""
        return replace(self, finding=finding)


def by_name(packages: Iterable[Package]) -> dict[tuple[str, str], tuple[Package, ...]]:
    """Return packages by type and by each name that a document may use."""
    found: dict[tuple[str, str], list[Package]] = {}
    for one in packages:
        names = {one.name.lower()}
        if one.namespace:
            names |= {f"{one.namespace}{joiner}{one.name}".lower() for joiner in "/:"}
        for name in names:
            found.setdefault((one.type, name), []).append(one)
    return {key: tuple(many) for key, many in found.items()}


def holds(fact: Fact, said: str) -> Evidence:
    """Return that the fact holds, and why."""
    return Evidence(kind=fact.kind, truth=Truth.HOLDS, said=said)


def fails(fact: Fact, said: str) -> Evidence:
    """Return that the fact fails, and why."""
    return Evidence(kind=fact.kind, truth=Truth.FAILS, said=said)


def unknown(fact: Fact, said: str) -> Evidence:
    """Return that nothing tells, and what is missing."""
    return Evidence(kind=fact.kind, truth=Truth.UNKNOWN, said=said)


def answered(fact: Fact, setting: Setting, name: str, question: str) -> Evidence:
    """Return the user's answer to a question, or that nobody says."""
    answer = setting.answers.get(name)
    if answer is None:
        return unknown(fact, f"nobody says ({name}): {question}")
    said = f"the user says {'yes' if answer else 'no'} ({name}): {question}"
    return holds(fact, said) if answer else fails(fact, said)
