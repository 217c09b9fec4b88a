"""Version texts to test a scheme with: realistic ones, nasty ones, and pairs that nearly agree."""

import random
from collections.abc import Iterator
from typing import Final

_NUMBERS: Final = (
    *("0", "0", "0", "1", "1", "2", "3", "9", "10", "11", "99", "100"),
    *("00", "01", "007", "010", "20230115", "123456789012"),
)
# What stands between numbers, separated by blanks.
_PIECES: Final = {
    "apk": (
        "_alpha _beta _pre _rc _cvs _svn _git _hg _p _p2 _rc1 _alpha0 a b -r0 -r1 -r10 "
        "~1234 ~ab12 .0 .01 .1"
    ),
    "deb": ("~ ~~ ~rc1 + +deb12u1 +dfsg - -0 -1 . a b Z ~0 1: 0: ubuntu : ^ _"),
    "gem": (". .0 .a .rc .pre - a b .beta .rc1 -x .A rc ..."),
    "maven": (
        ". . - - alpha beta milestone rc cr snapshot -SNAPSHOT ga final release sp .Final "
        ".RELEASE .GA a b m -a -b -jre x foo .0 -0 .1 -1 -rc- .RC _ + -M .v -- redhat "
        "-redhat- SP"
    ),
    "npm": ("- -alpha -beta. . -0 -rc.1 a +build -x-y .0 beta v --"),
    "pep440": (
        "a b rc c .dev .post dev post +local + . - _ alpha beta preview pre rev r 1! 0! v "
        "-1 .1 .0 +1.a +ubuntu .rc -rc."
    ),
    "rpm": ("~ ^ ~rc1 ^git . _ - -1 .el9 el9_2 a b Z 1: 0: + .. ~~ ^^ ~^ ^~ .fc39 -1.el8 :"),
}
_PIECES_OF_ANY: Final = ". . - a rc ~ + _ beta"


def texts(scheme: str, count: int, *, seed: int = 0) -> Iterator[str]:
    """Yield version-like texts, not all valid, the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - test data
    for _ in range(count):
        yield _text(source, scheme)


def pairs(scheme: str, count: int, *, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yield pairs of version-like texts; most differ in one place, where orders are decided."""
    source = random.Random(seed)  # noqa: S311 - test data
    for _ in range(count):
        first = _text(source, scheme)
        second = _text(source, scheme) if source.random() < 0.2 else _changed(source, scheme, first)  # noqa: PLR2004
        yield (first, second) if source.random() < 0.5 else (second, first)  # noqa: PLR2004


def _text(source: random.Random, scheme: str) -> str:
    dotted = source.choice((1, 2, 2, 3, 3, 3, 4))
    parts = [source.choice(_NUMBERS) for _ in range(dotted)]
    text = ".".join(parts)
    for _ in range(source.choice((0, 0, 1, 1, 2, 3))):
        text += _piece(source, scheme)
        if source.random() < 0.5:  # noqa: PLR2004
            text += source.choice(_NUMBERS)
    if source.random() < 0.08:  # noqa: PLR2004
        text = _piece(source, scheme) + text
    return text


def _changed(source: random.Random, scheme: str, text: str) -> str:
    place = source.randrange(len(text) + 1)
    kind = source.randrange(5)
    if kind == 0:
        return text + _piece(source, scheme)
    if kind == 1:
        return text[:place] + text[place + 1 :] or "1"
    if kind == 2:  # noqa: PLR2004
        return text[:place] + source.choice(_NUMBERS) + text[place:]
    if kind == 3:  # noqa: PLR2004
        return text[:place] + _piece(source, scheme) + text[place + 1 :]
    return text + source.choice((".0", ".0.0", "0", "-0", ".1", _piece(source, scheme) + "1"))


def _piece(source: random.Random, scheme: str) -> str:
    return source.choice(_PIECES.get(scheme, _PIECES_OF_ANY).split())
