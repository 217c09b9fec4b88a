"""Constraints of manifests: does one admit a version, and how would its author write the next.

`allows` answers for what a resolver may take, `moved` rewrites a constraint with its own operators,
spaces and upper bound: `^1.2.3` stays a caret, `>=1.0,<2` gets another floor, `~> 1.2` its digits.
What is no plain range (an address, a tag, an alias, a branch) has no answer and is never rewritten.

Source: node-semver, "Ranges"; PEP 440, "Version specifiers"; Poetry, "Dependency specification";
The Cargo Book, "Specifying Dependencies"; RubyGems, Gem::Requirement; Composer, "Versions and
constraints"; NuGet, "Package versioning"; Maven, "Dependency Version Requirement Specification".
"""

import re
from itertools import takewhile
from typing import Final

from msgspec import Struct

from scantling.remedy.distance import is_unsettled
from scantling.remedy.safe import is_version
from scantling.versions.registry import scheme_for

_CHARS: Final = 512
_PARTS: Final = 16
_FULL: Final = 3
"""Numbers of a version; fewer stand for all that begin so, in some tools."""
_COMPARATOR: Final = re.compile(
    r"""(?P<op>===|==|!=|~=|~>|>=|<=|>|<|=|\^|~)?+(?P<space>[ \t]*+)
    (?P<version>[vV]?[0-9*][0-9A-Za-z.*+_-]*+|[xX*])(?=[\s,|]|$)""",
    re.VERBOSE,
)
_BETWEEN: Final = re.compile(r"[\s,]*+")
_HYPHEN: Final = re.compile(r"(?P<low>[0-9][^\s,|]*+)[ ]++-[ ]++(?P<high>[0-9][^\s,|]*+)")
_INTERVAL: Final = re.compile(
    r"(?P<open>[\[(])(?P<low>[^,\[\]()]*+)(?P<comma>,[ ]*+)?(?P<high>[^,\[\]()]*+)(?P<close>[\])])"
)
_NUMBERS: Final = re.compile(r"[vV]?(?P<numbers>[0-9]{1,18}+(?:\.[0-9]{1,18}+)*+)")
_WILD: Final = re.compile(r"[vV]?(?P<numbers>(?:[0-9]{1,18}+\.)*+)[xX*](?:\.[xX*])*+")
_PARTIAL: Final = re.compile(r"[vV]?[0-9]++(?:\.[0-9]++)?+")
_ALTERNATIVES: Final = re.compile(r"\|\|?")
_STABILITY: Final = re.compile(r"@(?:stable|RC|beta|alpha|dev)$", re.IGNORECASE)


class Grammar(Struct, frozen=True, kw_only=True):
    """How constraints of one tool read.

    `ecosystem` orders versions. `bare` is what a version without operator means. `tilde` says how
    far `~` goes: `minor` as npm, `last` as Composer. `alternatives`: `||` is known. `partial`: a
    version with fewer than three numbers means all that begin so. `anything` is a text that admits
    every version; what replaces it begins with `>=`.
    """

    ecosystem: str
    bare: str = "="
    tilde: str = "minor"
    alternatives: bool = False
    partial: bool = False
    intervals: bool = False


GRAMMARS: Final[dict[str, Grammar]] = {
    "npm": Grammar(ecosystem="npm", alternatives=True, partial=True),
    "pypi": Grammar(ecosystem="pypi"),
    "poetry": Grammar(ecosystem="pypi", alternatives=True),
    "cargo": Grammar(ecosystem="cargo", bare="^", partial=True),
    "gem": Grammar(ecosystem="gem"),
    "composer": Grammar(ecosystem="composer", tilde="last", alternatives=True),
    "nuget": Grammar(ecosystem="nuget", bare=">=", intervals=True),
    "maven": Grammar(ecosystem="maven", intervals=True),
}


class _Bound(Struct, frozen=True):
    op: str
    version: str


class _Part(Struct, frozen=True):
    """One comparator. `op` is never empty: `*` is a wildcard with `numbers` before it."""

    op: str
    version: str
    numbers: tuple[int, ...]
    written: str
    space: str


def allows(grammar: str, constraint: str, version: str) -> bool | None:
    """Return whether a constraint admits a version; None: it cannot be told.

    A version before a release is never told: each tool admits those by rules of its own.
    """
    kind = GRAMMARS[grammar]
    if is_unsettled(version) or len(constraint) > _CHARS:
        return None
    answers = [_holds(kind, one, version) for one in _alternatives(kind, constraint)]
    if True in answers:
        return True
    return None if None in answers else False


def moved(grammar: str, constraint: str, version: str) -> str:
    """Return the constraint, in its style, as it admits a version and little else.

    Of alternatives the last is kept. A constraint that begins at the version or above it comes back
    as it is. Empty: it is no plain range, or has no such form.
    """
    kind = GRAMMARS[grammar]
    if not is_version(version) or len(constraint) > _CHARS or not _numbers(version):
        return ""
    last = _alternatives(kind, constraint)[-1]
    if _begins_above(kind, last, version):
        return constraint
    if not last.strip():
        made = f">={version}"
    elif kind.intervals and last.strip()[0] in "[(":
        made = _moved_interval(kind, last, version)
    elif _HYPHEN.fullmatch(last.strip()):
        made = _moved_hyphen(kind, last.strip(), version)
    else:
        made = _moved_parts(kind, grammar, last, version)
    if is_unsettled(version):
        return made
    return made if allows(grammar, made, version) else ""


def _begins_above(kind: Grammar, text: str, version: str) -> bool:
    """Return whether a range has nothing before the version: nothing to change, never lowered."""
    wanted = _key(kind, version)
    bounds = _bounds(kind, text) if text.strip() else None
    if wanted is None or not bounds:
        return False
    floors = [_key(kind, one.version) for one in bounds if one.op in {">=", ">", "="}]
    return any(one is not None and one >= wanted for one in floors)


def _alternatives(kind: Grammar, constraint: str) -> list[str]:
    if not kind.alternatives:
        return [constraint]
    parts = _ALTERNATIVES.split(constraint)
    return [_STABILITY.sub("", one.strip()) for one in parts] if len(parts) > 1 else parts


def _holds(kind: Grammar, text: str, version: str) -> bool | None:
    bounds = _bounds(kind, text)
    if bounds is None:
        return None
    at = _key(kind, version)
    for bound in bounds:
        edge = _key(kind, bound.version)
        if at is None or edge is None:
            return None
        same, above = at == edge, at > edge
        holds = {
            "=": same,
            "!": not same,
            ">=": same or above,
            ">": above,
            "<": not (same or above),
        }
        if not holds.get(bound.op, same or not above):
            return False
    return True


def _key(kind: Grammar, version: str) -> bytes | None:
    key = scheme_for(kind.ecosystem).key
    if kind.ecosystem in {"npm", "cargo"} and _PARTIAL.fullmatch(version):
        version = ".".join([*version.lstrip("vV").split("."), "0", "0"][:3])
    return key(version)


def _bounds(kind: Grammar, text: str) -> list[_Bound] | None:
    """Return the bounds that all must hold; None: the text is no plain range."""
    text = text.strip()
    if kind.ecosystem == "composer":
        text = _STABILITY.sub("", text)
    if kind.intervals and text[:1] in {"[", "("}:
        return _interval_bounds(text)
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen is not None and kind.alternatives:
        numbers = _numbers(hyphen["high"])
        if 0 < len(numbers) < _FULL:
            return [_Bound(">=", hyphen["low"]), _Bound("<", _raised(numbers))]
        return [_Bound(">=", hyphen["low"]), _Bound("<=", hyphen["high"])]
    parts = _parts(kind, text)
    if parts is None:
        return None
    found: list[_Bound] = []
    for part in parts:
        found += _of_part(kind, part)
    return found


def _interval_bounds(text: str) -> list[_Bound] | None:
    found = _INTERVAL.fullmatch(text)
    if found is None:
        return None
    low, high = found["low"].strip(), found["high"].strip()
    if found["comma"] is None:
        return [_Bound("=", low)] if low and not high else None
    bounds = [_Bound(">=" if found["open"] == "[" else ">", low)] if low else []
    return bounds + ([_Bound("<=" if found["close"] == "]" else "<", high)] if high else [])


def _parts(kind: Grammar, text: str) -> list[_Part] | None:
    """Return the comparators of one alternative, in order; None: something else stands there."""
    found: list[_Part] = []
    at = 0
    while at < len(text):
        match = _COMPARATOR.match(text, at)
        if match is None or len(found) >= _PARTS:
            return None
        op = (match["op"] or kind.bare).replace("===", "=").replace("==", "=")
        version = match["version"]
        wild = _WILD.fullmatch(version)
        if wild is not None:
            numbers = tuple(int(one) for one in wild["numbers"].split(".") if one)
            op = {"!=": "!*"}.get(op, "*")
        else:
            numbers = _numbers(version)
            if not numbers or "*" in version:
                return None
            if kind.partial and op == "=" and _PARTIAL.fullmatch(version):
                op = "*"
        written = match["op"] or ""
        found.append(_Part(op, version, numbers, written, match["space"]))
        at = match.end()
        gap = _BETWEEN.match(text, at)
        at = gap.end() if gap else at
    return found


def _of_part(kind: Grammar, part: _Part) -> list[_Bound]:
    op, numbers = part.op, part.numbers
    if op == "*":
        return _between(".".join(map(str, numbers)), numbers) if numbers else []
    if op == "^":
        significant = next((at for at, one in enumerate(numbers) if one), len(numbers) - 1)
        return _between(part.version, numbers[: significant + 1])
    if op == "~" and kind.tilde == "minor":
        return _between(part.version, numbers[:2])
    if op in {"~", "~>", "~="}:
        return _between(part.version, numbers[:-1] or numbers)
    if kind.partial and len(numbers) < _FULL and op in {">", "<="}:
        return [_Bound(">=" if op == ">" else "<", _raised(numbers))]
    if op == "!*":
        return []  # An exclusion of a line; that the version is in it shows when it is resolved.
    return [_Bound("!" if op == "!=" else op, part.version)]


def _between(low: str, numbers: tuple[int, ...]) -> list[_Bound]:
    return [_Bound(">=", low), _Bound("<", _raised(numbers))]


def _raised(numbers: tuple[int, ...], *, length: int = 3) -> str:
    """Return the lowest release above all that begin with these numbers: `1.3.0` for (1, 2)."""
    raised = (*numbers[:-1], numbers[-1] + 1)
    return ".".join(map(str, raised + (0,) * (length - len(raised))))


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version)
    return tuple(int(one) for one in found["numbers"].split(".")) if found else ()


def _moved_parts(kind: Grammar, grammar: str, text: str, version: str) -> str:
    if kind.ecosystem == "composer":
        text = _STABILITY.sub("", text)
    parts = _parts(kind, text.strip())
    if not parts:
        return ""
    comma = ", " if grammar == "gem" or ", " in text else "," if grammar != "npm" else " "
    has_floor = any(one.op in {">=", ">"} for one in parts)
    at = len(text) - len(text.lstrip())
    out: list[str] = []
    for part, match in zip(parts, _comparators(text), strict=True):
        made = _moved_part(kind, grammar, part, version)
        out += [text[at : match.start()], made[0] if has_floor else comma.join(made)]
        at = match.end()
    return "".join(out) + text[at:].rstrip()


def _comparators(text: str) -> list[re.Match[str]]:
    """Return the comparators of a text that `_parts` has read."""
    found: list[re.Match[str]] = []
    at = len(text) - len(text.lstrip())
    while at < len(text.rstrip()):
        match = _COMPARATOR.match(text, at)
        if match is None:
            break
        found.append(match)
        gap = _BETWEEN.match(text, match.end())
        at = gap.end() if gap else match.end()
    return found


def _moved_part(kind: Grammar, grammar: str, part: _Part, version: str) -> list[str]:
    """Return what stands for one comparator, as one or two."""
    space = part.space
    match part.op:
        case "*" if part.version[-1:] not in "xX*":
            return [f"{part.written}{space}{version}"]  # npm's `1.2`: all that begin so
        case "*":
            return _moved_wild(grammar, part, version)
        case "~" | "~>" | "~=" if part.op != "~" or kind.tilde == "last":
            return _moved_pessimistic(part, version)
        case ">=" | ">" if not part.written:
            return [version]
        case ">=" | ">":
            return [f">={space}{version}"]
        case "<" | "<=":
            return [f"{part.written}{space}{_ceiling(kind, part, version)}"]
        case "!=" | "!*":
            return [f"{part.written}{space}{part.version}"]
        case _:
            return [f"{part.written}{space}{version}"]


def _moved_wild(grammar: str, part: _Part, version: str) -> list[str]:
    size = len(part.numbers)
    if not size:
        return [f">={version}"] if grammar != "nuget" else [version]
    if grammar == "nuget":
        return [".".join([*map(str, _padded(version, size)), "*"])]
    if grammar in {"pypi", "gem"}:
        head = ".".join(map(str, _padded(version, size)))
        return [f"{part.written or '=='}{part.space}{head}.*", f">={part.space}{version}"]
    return [f"^{version}"] if size == 1 else [f"~{version}"]


def _moved_pessimistic(part: _Part, version: str) -> list[str]:
    head = ".".join(map(str, _padded(version, len(part.numbers))))
    first = f"{part.written}{part.space}{head}"
    same = _padded(version, len(part.numbers)) == _trimmed(version)
    full = len(_numbers(version)) <= len(part.numbers)
    return [first] if same or full else [first, f">={part.space}{version}"]


def _padded(version: str, size: int) -> tuple[int, ...]:
    return (_numbers(version) + (0,) * size)[:size]


def _trimmed(version: str) -> tuple[int, ...]:
    numbers = list(_numbers(version))
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _ceiling(kind: Grammar, part: _Part, version: str) -> str:
    """Return the upper bound: as it is if the version is below, else the next of its digits."""
    if _holds(kind, f"{part.written}{part.version}", version):
        return part.version
    if part.op == "<=":
        return version
    behind = len(part.numbers) - len(list(takewhile(lambda one: one == 0, part.numbers[::-1])))
    size = max(behind, 1)
    return _raised(_padded(version, size), length=len(part.numbers))


def _moved_hyphen(kind: Grammar, text: str, version: str) -> str:
    found = _HYPHEN.fullmatch(text)
    now, high = _key(kind, version), _key(kind, found["high"]) if found else None
    if found is None or now is None or high is None or now > high:
        return f"^{version}"
    return f"{version}{text[found.end('low') :]}"


def _moved_interval(kind: Grammar, text: str, version: str) -> str:
    found = _INTERVAL.fullmatch(text.strip())
    if found is None:
        return ""
    if found["comma"] is None:
        return f"[{version}]"
    high = found["high"].strip()
    close = found["close"]
    if high:
        op = "<=" if close == "]" else "<"
        high = _ceiling(kind, _Part(op, high, _numbers(high), op, ""), version)
    return f"[{version}{found['comma']}{high}{close}"
