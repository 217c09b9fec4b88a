"""Conditions applied to the findings of one image.

1. A condition bears on a finding that it names, by any name; where both know a CVE, by that.
2. It is weighed in every container of the manifests that runs the image. A container of the same
   repository with another tag or digest may run it; a document that cannot be read as well; if no
   container surely runs the image, whoever runs it is unknown.
3. It holds if it holds in one container that surely runs the image: the finding is `affected`, if
   it was open. It fails if it fails everywhere: the finding is `not_affected`, with the facts.
4. All else is unknown and makes no statement.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from scantling.assess.conditions.facts import FACTS
from scantling.assess.conditions.model import (
    ORIGIN,
    THE_IMAGE,
    Both,
    Condition,
    Either,
    Evaluated,
    Evidence,
    Explanation,
    Fact,
    Need,
    Never,
    Truth,
    Weighed,
)
from scantling.assess.conditions.setting import Setting, by_name
from scantling.assess.conditions.workloads import Container, Manifests
from scantling.assess.sight import KNOWLEDGE_CODES
from scantling.assess.vex.identity import ImageNames, names_of
from scantling.core import image_name
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.image import Image
from scantling.core.model.inventory import Package
from scantling.core.model.vex import VexProduct, VexStatement, VexStatus

_SHOWN: Final = 3
_NO_MANIFESTS: Final = Manifests()


class Told(Struct, frozen=True, kw_only=True):
    """What the user says.

    `names` are further names of the image. `as_configured`: without manifests, it only runs as its
    configuration says. `answers` are those to `ask`, by name. `trusted`: conditions are enabled, so
    that their statements may suppress findings.
    """

    names: tuple[str, ...] = ()
    as_configured: bool = False
    answers: Mapping[str, bool] = {}
    trusted: bool = False


NOTHING_TOLD: Final = Told()


def evaluate(
    findings: Sequence[Finding],
    image: Image,
    packages: Iterable[Package],
    manifests: Manifests = _NO_MANIFESTS,
    conditions: Iterable[Condition] = (),
    *,
    gaps: Iterable[Gap],
    told: Told = NOTHING_TOLD,
) -> Evaluated:
    """Return what the conditions say of the findings, with every fact that was looked up.

    `gaps` are those of the scan: a package that was not found is absent only if no reading failed.
    """
    if not findings:
        return Evaluated()
    packages = tuple(packages)
    bench = _Bench(image, manifests, told)
    setting = Setting(
        image=image,
        finding=findings[0],
        packages=by_name(packages),
        paths=frozenset(at.path for one in packages for at in one.locations),
        complete=not any(
            one.kind is GapKind.BLOCKING and one.code not in KNOWLEDGE_CODES for one in gaps
        ),
        answers=told.answers,
    )
    by_id: dict[str, list[Finding]] = {}
    for finding in findings:
        for name in {finding.id, *finding.aliases}:
            by_id.setdefault(name.casefold(), []).append(finding)
    explained = [
        bench.explain(condition, setting.about(finding))
        for condition in conditions
        for finding in _about(condition, by_id)
    ]
    explained.sort(key=lambda one: (one.condition.id, one.finding.id, one.finding.purl))
    return Evaluated(explanations=tuple(explained))


def _about(condition: Condition, by_id: Mapping[str, list[Finding]]) -> Iterator[Finding]:
    """Yield the findings that a condition names, each once."""
    wanted = {one.upper() for one in condition.vulnerabilities}
    cves = {one for one in wanted if one.startswith("CVE-")}
    found = {
        (one.purl, one.owner, one.id): one
        for name in condition.vulnerabilities
        for one in by_id.get(name.casefold(), ())
    }
    for one in found.values():
        # Bulletins about several vulnerabilities are given as aliases.
        known = {name.upper() for name in (one.id, *one.aliases)}
        named = {name for name in known if name.startswith("CVE-")}
        if not (cves and named) or cves & named:
            yield one


class _Place(Struct, frozen=True):
    """A place where the image runs, as a container or, if that is None, nobody knows how."""

    name: str
    container: Container | None
    as_configured: bool = False


class _Bench:
    """Weighs conditions in all places where the image may run."""

    def __init__(self, image: Image, manifests: Manifests, told: Told) -> None:
        self._image = image
        self._trusted = told.trusted
        known = names_of(image, told.names)
        runs = [(one, _runs(one, known)) for one in manifests.containers]
        self._sure = [_Place(one.place, one) for one, sure in runs if sure]
        self._maybe = [
            _Place(f"{one.place} (may run it)", one) for one, sure in runs if sure is None
        ]
        if not self._sure:
            self._sure = [_Place(THE_IMAGE, None, as_configured=told.as_configured)]
        self._maybe += [_Place(f"not read: {one.reason}", None) for one in manifests.unread[:1]]

    def explain(self, condition: Condition, setting: Setting) -> Explanation:
        """Return the answer for one condition and finding, and the statement if there is one."""
        sure = [_weigh(condition, setting, one) for one in self._sure]
        maybe = [_weigh(condition, setting, one) for one in self._maybe]
        places = (*sure, *maybe)
        truth = Truth.UNKNOWN
        if any(one.truth is Truth.HOLDS for one in sure):
            truth = Truth.HOLDS
        elif all(one.truth is Truth.FAILS for one in places):
            truth = Truth.FAILS
        because = _silence(condition, setting.finding, truth)
        statement = None
        if truth is not Truth.UNKNOWN and not because:
            statement = self._statement(condition, setting.finding, truth, places)
        return Explanation(
            condition=condition,
            finding=setting.finding,
            truth=truth,
            places=places,
            statement=statement,
            because=because,
        )

    def _statement(
        self,
        condition: Condition,
        finding: Finding,
        truth: Truth,
        places: tuple[Weighed, ...],
    ) -> VexStatement:
        affected = truth is Truth.HOLDS
        told = [one for one in places if one.truth is truth]
        digest = self._image.digest
        product = (
            VexProduct(digest=digest, component=finding.purl)
            if digest
            else VexProduct(purl=finding.purl)
        )
        label = "" if affected else FACTS[told[0].deciding[0].kind].justification
        return VexStatement(
            vulnerabilities=(finding.id,),
            products=(product,),
            status=VexStatus.AFFECTED if affected else VexStatus.NOT_AFFECTED,
            justification=label,
            impact=_impact(condition, told),
            document=condition.id,
            author=condition.author,
            origin=ORIGIN,
            trusted=self._trusted,
        )


def _weigh(condition: Condition, setting: Setting, place: _Place) -> Weighed:
    here = setting.within(place.container, as_configured=place.as_configured)
    evidence: list[Evidence] = []
    truth, deciding = _answer(condition.needs, here, evidence)
    return Weighed(
        place=place.name, truth=truth, deciding=tuple(deciding), evidence=tuple(evidence)
    )


def _silence(condition: Condition, finding: Finding, truth: Truth) -> str:
    """Return why an answer makes no statement, empty if it makes one."""
    if truth is Truth.FAILS and not condition.denies:
        return "the sources say when it matters, not when it surely does not"
    if truth is Truth.HOLDS and finding.state is not FindingState.OPEN:
        return f"the finding is {finding.state}, and what has to hold besides does not change that"
    return ""


def _impact(condition: Condition, told: Sequence[Weighed]) -> str:
    """Return the evidence as a text: where, and what was found there."""
    shown = [
        f"{one.place}: {', '.join(each.said for each in one.deciding)}" for one in told[:_SHOWN]
    ]
    more = f"; and {len(told) - _SHOWN} more containers" if len(told) > _SHOWN else ""
    return f"{condition.title}. {'; '.join(shown)}{more}"


def _runs(container: Container, known: ImageNames) -> bool | None:
    """Return whether a container runs the image; None: it may."""
    name = image_name.split(container.image)
    if name is None:
        return None
    if name.digest in known.digests:
        return True
    if any(one.short == name.short and one.repository != name.repository for one in known.names):
        maybe: bool | None = None  # A copy in another registry has another name.
    else:
        maybe = False
    for one in known.names:
        if one.repository != name.repository:
            continue
        maybe = None
        if not name.digest and (one.tag or "latest") == (name.tag or "latest"):
            return True
        if not (name.digest or one.tag or one.digest):  # The user vouches for the repository.
            return True
    return maybe


def _answer(need: Need, setting: Setting, evidence: list[Evidence]) -> tuple[Truth, list[Evidence]]:
    """Return the answer of a node and the facts that decide it; all facts go to `evidence`."""
    match need:
        case Fact():
            found = FACTS[need.kind].look(need, setting)
            evidence.append(found)
            return found.truth, [found]
        case Never(part):
            truth, deciding = _answer(part, setting, evidence)
            return _OPPOSITE[truth], deciding
        case Both(parts):
            return _combined(parts, setting, evidence, Truth.FAILS)
        case Either(parts):
            return _combined(parts, setting, evidence, Truth.HOLDS)


def _combined(
    parts: Sequence[Need], setting: Setting, evidence: list[Evidence], decisive: Truth
) -> tuple[Truth, list[Evidence]]:
    """Return the answer of several parts, of which one with the `decisive` answer is enough."""
    answers = [_answer(one, setting, evidence) for one in parts]
    for truth, deciding in answers:
        if truth is decisive:
            return truth, deciding
    open_ = [one for truth, deciding in answers if truth is Truth.UNKNOWN for one in deciding]
    if open_:
        return Truth.UNKNOWN, open_
    return _OPPOSITE[decisive], [one for _, deciding in answers for one in deciding]


_OPPOSITE: Final = {
    Truth.HOLDS: Truth.FAILS,
    Truth.FAILS: Truth.HOLDS,
    Truth.UNKNOWN: Truth.UNKNOWN,
}
