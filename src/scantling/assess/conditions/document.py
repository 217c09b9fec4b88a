"""Documents of conditions: YAML that people write.

    schema: scantling.conditions/1
    conditions:
      - id: sudo-needs-setuid
        title: Flaws of sudo need a sudo that may raise privileges
        vulnerabilities: [CVE-2021-3156]
        author: Example
        sources:
          - url: https://example.com/advisory
            says: an unprivileged user becomes root through the setuid program
        needs:
          all:
            - component: {with: {deb: [sudo]}}
            - privilege_escalation: {}

`needs` is `all`, `any` or `not`, or one fact: `facts.FACTS` lists them.
"""

import re
from typing import Final

import msgspec

from scantling.assess.conditions.facts import FACTS
from scantling.assess.conditions.model import (
    Both,
    Condition,
    Either,
    Fact,
    Need,
    Never,
    Source,
)
from scantling.core import yaml
from scantling.core.errors import InputError
from scantling.versions import vers

SCHEMA: Final = "scantling.conditions/1"

_MOST_DEPTH: Final = 8
_MOST_FACTS: Final = 64
_MOST_CHARS: Final = 1024
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*+")
_ID_OF_VULNERABILITY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{3,63}")


class _Source(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    says: str


class _Condition(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    title: str
    vulnerabilities: list[str]
    author: str
    sources: list[_Source]
    needs: dict[str, object]
    denies: bool = True


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    schema: str
    conditions: list[_Condition]


def read_conditions(data: bytes, *, origin: str) -> tuple[Condition, ...]:
    """Return the conditions of a document, in its order.

    Raises InputError that begins with `origin:line` and says what is wrong.
    """
    document = yaml.read(data, name=origin)
    raw = yaml.convert(document, _Document)
    if raw.schema != SCHEMA:
        raise _wrong(document, ("schema",), f"'schema' is {SCHEMA!r} here")
    seen: set[str] = set()
    found = []
    for at, one in enumerate(raw.conditions):
        if one.id in seen:
            raise _wrong(document, ("conditions", at), f"a second condition {one.id!r}")
        seen.add(one.id)
        found.append(_condition(document, at, one, origin))
    return tuple(found)


def _condition(document: yaml.Document, at: int, raw: _Condition, origin: str) -> Condition:
    path: yaml.Path = ("conditions", at)
    if not _ID.fullmatch(raw.id):
        raise _wrong(document, (*path, "id"), "'id' is words in lower case with '-' between")
    if not raw.vulnerabilities:
        raise _wrong(document, path, "'vulnerabilities' names at least one")
    for name in raw.vulnerabilities:
        if not _ID_OF_VULNERABILITY.fullmatch(name):
            raise _wrong(document, (*path, "vulnerabilities"), f"{name[:64]!r} is no identifier")
    if not raw.sources or not all(one.url.startswith("https://") for one in raw.sources):
        raise _wrong(document, (*path, "sources"), "every condition has a source, an https address")
    if not (raw.author.strip() and raw.title.strip()):
        raise _wrong(document, path, "'title' and 'author' say something")
    reader = _Needs(document)
    return Condition(
        id=raw.id,
        title=raw.title,
        vulnerabilities=tuple(raw.vulnerabilities),
        author=raw.author,
        sources=tuple(Source(url=one.url, says=one.says) for one in raw.sources),
        needs=reader.need(raw.needs, (*path, "needs"), 0),
        denies=raw.denies,
        origin=origin,
    )


class _Needs:
    """Reads the tree of one condition."""

    def __init__(self, document: yaml.Document) -> None:
        self._document = document
        self._facts = 0

    def need(self, raw: object, path: yaml.Path, depth: int) -> Need:
        """Return a node of the tree."""
        if not isinstance(raw, dict) or len(raw) != 1 or depth > _MOST_DEPTH:
            raise self._wrong(path, f"one of all, any, not, {', '.join(FACTS)}, at most 8 deep")
        [(kind, value)] = raw.items()
        inner = (*path, kind)
        if kind == "not":
            return Never(self.need(value, inner, depth + 1))
        if kind in {"all", "any"}:
            if not isinstance(value, list) or not value:
                raise self._wrong(inner, f"'{kind}' is a list of at least one part")
            parts = tuple(self.need(one, (*inner, at), depth + 1) for at, one in enumerate(value))
            return Both(parts) if kind == "all" else Either(parts)
        return self._fact(kind, value, inner)

    def _fact(self, kind: str, raw: object, path: yaml.Path) -> Fact:
        spec = FACTS.get(kind)
        if spec is None:
            raise self._wrong(path, f"there is no fact {kind!r}; there are {', '.join(FACTS)}")
        self._facts += 1
        if self._facts > _MOST_FACTS:
            raise self._wrong(path, f"more than {_MOST_FACTS} facts")
        if not isinstance(raw, dict):
            raise self._wrong(path, f"'{kind}' takes {spec.takes or 'an empty mapping, {}'}")
        values: dict[str, tuple[str, ...]] = {}
        for name, value in raw.items():
            values |= self._values(str(name), value, (*path, str(name)))
        for name in values:
            if name.partition(".")[0] not in spec.names:
                raise self._wrong(path, f"'{kind}' takes {spec.takes}; not {name!r}")
        fact = Fact(kind=kind, values=tuple(sorted(values.items())))
        problem = self._problem(fact) or spec.problem(fact)
        if problem:
            raise self._wrong(path, f"'{kind}': {problem}")
        return fact

    def _values(self, name: str, raw: object, path: yaml.Path) -> dict[str, tuple[str, ...]]:
        """Return the values under a name; those of a mapping under `name.key`."""
        if isinstance(raw, dict):
            found: dict[str, tuple[str, ...]] = {}
            for key, value in raw.items():
                if isinstance(value, dict):
                    raise self._wrong(path, "too deep")
                found |= self._values(f"{name}.{key}", value, path)
            return found
        many = raw if isinstance(raw, list) else [raw]
        texts = []
        for one in many:
            if isinstance(one, bool):
                texts.append(str(one).lower())
            elif isinstance(one, str | int) and len(str(one)) <= _MOST_CHARS:
                texts.append(str(one))
            else:
                raise self._wrong(path, "texts and whole numbers only")
        return {name: tuple(texts)}

    def _problem(self, fact: Fact) -> str:
        for text in fact.all("versions"):
            try:
                vers.to_range(vers.parse(text))
            except InputError as error:
                return error.detail
        return ""

    def _wrong(self, path: yaml.Path, said: str) -> InputError:
        return _wrong(self._document, path, said)


def _wrong(document: yaml.Document, path: yaml.Path, said: str) -> InputError:
    return InputError("parse.failed", f"{document.place(*path)}: {said}")
