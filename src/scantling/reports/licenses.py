"""Licenses as declared, said as SPDX expressions: what is not surely one stays as it was written.

Package formats declare licenses in their own words: SPDX expressions (npm, cargo, newer RPMs),
short names (`GPL-2+` in Debian, `GPLv2+` in older RPMs), classifiers (Python), names and addresses
(Maven). A word becomes an SPDX identifier only where its meaning is fixed somewhere; anything else
is a reference to its own text (`LicenseRef-…`). A wrong license is worse than an unknown one.

Source: SPDX 2.3, Annex D ("SPDX license expressions") and 10 ("Other licensing information");
Debian machine-readable copyright format 1.0, "Short name"; Fedora licensing list of 2021.
"""

import re
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from typing import Final

from msgspec import Struct

from scantling.core.text import neutral, octets
from scantling.reports.license_names import EXCEPTIONS, LICENSES

_TOKEN: Final = re.compile(r"[()]|[^()\s]++")
_ODD: Final = re.compile(r"[^A-Za-z0-9.]++")
_GNU: Final = re.compile(
    r"(?P<name>A?GPL|LGPL)[ -]?v?(?P<major>[1-3])(?P<minor>\.[01])?"
    r"(?P<later>\+|-or-later)?(?:-only)?",
    re.IGNORECASE,
)
_FREE_DOCUMENTS: Final = re.compile(
    r"GFDL-(?P<bare>NIV-)?(?P<version>1\.[1-3])(?P<later>\+)?", re.IGNORECASE
)
_LONGEST: Final = 2000
_MOST_TOKENS: Final = 100
_DEEPEST: Final = 20
# Names with one meaning, in lower case.
_NAMES: Final = {
    "expat": "MIT",
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "apache 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache2": "Apache-2.0",
    "asl 2.0": "Apache-2.0",
    "asl 1.1": "Apache-1.1",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "the apache license, version 2.0": "Apache-2.0",
    "the apache software license, version 2.0": "Apache-2.0",
    "http://www.apache.org/licenses/license-2.0.txt": "Apache-2.0",
    "https://www.apache.org/licenses/license-2.0.txt": "Apache-2.0",
    "http://www.apache.org/licenses/license-2.0": "Apache-2.0",
    "https://www.apache.org/licenses/license-2.0": "Apache-2.0",
    "cc0": "CC0-1.0",
    "mplv1.1": "MPL-1.1",
    "mplv2.0": "MPL-2.0",
    "artistic-2": "Artistic-2.0",
    "artistic 2.0": "Artistic-2.0",
    "boost": "BSL-1.0",
    "eclipse public license 1.0": "EPL-1.0",
    "eclipse public license - v 1.0": "EPL-1.0",
    "eclipse public license 2.0": "EPL-2.0",
    "eclipse public license v2.0": "EPL-2.0",
    "eclipse public license - v 2.0": "EPL-2.0",
    "the bsd 3-clause license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "new bsd license": "BSD-3-Clause",
}
_CLASSIFIERS: Final = {
    "mit license": "MIT",
    "mit no attribution license (mit-0)": "MIT-0",
    "isc license (iscl)": "ISC",
    "mozilla public license 1.1 (mpl 1.1)": "MPL-1.1",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "boost software license 1.0 (bsl-1.0)": "BSL-1.0",
    "zero-clause bsd (0bsd)": "0BSD",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu affero general public license v3": "AGPL-3.0-only",
    "gnu affero general public license v3 or later (agplv3+)": "AGPL-3.0-or-later",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "eclipse public license 2.0 (epl-2.0)": "EPL-2.0",
    "university of illinois/ncsa open source license": "NCSA",
}
_CLASSIFIER: Final = "license :: osi approved :: "
_GNU_VERSIONS: Final = {
    ("GPL", "1"): ("1.0",),
    ("GPL", "2"): ("2.0",),
    ("GPL", "3"): ("3.0",),
    ("LGPL", "2"): ("2.0", "2.1"),
    ("LGPL", "3"): ("3.0",),
    ("AGPL", "1"): ("1.0",),
    ("AGPL", "3"): ("3.0",),
}
_IDS: Final = {one.lower(): one for one in LICENSES}
_EXCEPTIONS: Final = {one.lower(): one for one in EXCEPTIONS}


class Declared(Struct, frozen=True, kw_only=True):
    """What a package declares: an SPDX expression, `NOASSERTION` if nothing.

    `texts` are (reference, text) of the references in it, sorted by reference.
    """

    expression: str
    texts: tuple[tuple[str, str], ...] = ()


def declared(licenses: Iterable[str]) -> Declared:
    """Return the declaration of all these together: each of them applies to some part."""
    parts: dict[str, None] = {}
    texts: dict[str, str] = {}
    for one in licenses:
        expression = spdx(one)
        if not expression:
            expression = reference(one)
            texts[expression] = neutral(one, limit=_LONGEST)
        parts[expression] = None
    if not parts:
        return Declared(expression="NOASSERTION")
    known = [f"({one})" if " OR " in one and len(parts) > 1 else one for one in parts]
    return Declared(expression=" AND ".join(known), texts=tuple(sorted(texts.items())))


@cache
def spdx(license_: str) -> str:
    """Return the SPDX expression of one declared license; '' where its meaning is not sure.

    Identifiers get the list's spelling. `and` and `or` are read in any case, `or` binds weaker.
    """
    if len(license_) > _LONGEST:
        return ""
    whole = _single(license_.strip())
    if whole:
        return whole
    tokens = _TOKEN.findall(license_)
    if not tokens or len(tokens) > _MOST_TOKENS or "," in license_:
        return ""
    try:
        expression, rest = _either(tokens, 0)
    except ValueError:
        return ""
    return "" if rest else expression


def reference(license_: str) -> str:
    """Return the reference to a declared license that has no identifier: its words and a hash."""
    words = _ODD.sub("-", license_[:40]).strip("-.")
    digest = sha256(octets(license_)).hexdigest()[:8]
    return f"LicenseRef-{words}-{digest}" if words else f"LicenseRef-{digest}"


def _either(tokens: list[str], depth: int) -> tuple[str, list[str]]:
    return _chain(tokens, depth, "or")


def _chain(tokens: list[str], depth: int, word: str) -> tuple[str, list[str]]:
    """Return the operands joined by `word`, and what is left. ValueError: not an expression."""
    operands = []
    while True:
        one, tokens = _chain(tokens, depth, "and") if word == "or" else _operand(tokens, depth)
        operands.append(one)
        if not tokens or tokens[0].lower() != word:
            break
        tokens = tokens[1:]
    return f" {word.upper()} ".join(operands), tokens


def _operand(tokens: list[str], depth: int) -> tuple[str, list[str]]:
    if depth > _DEEPEST:
        raise ValueError(depth)
    if tokens and tokens[0] == "(":
        inner, rest = _either(tokens[1:], depth + 1)
        if not rest or rest[0] != ")":
            raise ValueError(rest)
        return f"({inner})", rest[1:]
    end = 0
    while end < len(tokens) and tokens[end].lower() not in {"and", "or", "with", "(", ")"}:
        end += 1
    known = _single(" ".join(tokens[:end]))
    if not known:
        raise ValueError(tokens)
    if end + 1 < len(tokens) and tokens[end].lower() == "with":
        exception = _EXCEPTIONS.get(tokens[end + 1].lower())
        if exception is None:
            raise ValueError(tokens)
        return f"{known} WITH {exception}", tokens[end + 2 :]
    return known, tokens[end:]


def _single(name: str) -> str:
    """Return the identifier of one license, '' if it has none for sure."""
    low = name.lower()
    if low.startswith(_CLASSIFIER):
        return _CLASSIFIERS.get(low.removeprefix(_CLASSIFIER), "")
    gnu = _gnu(name)
    if gnu:
        return gnu
    if low in _IDS:
        return _IDS[low]
    if low.endswith("+") and low[:-1] in _IDS:
        return _IDS[low[:-1]] + "+"
    return _NAMES.get(low, "")


def _gnu(name: str) -> str:
    """Return the present identifier of a GNU license; `GPL-2.0` and `GPL-2.0+` are deprecated."""
    told = _GNU.fullmatch(name)
    if told:
        family, major = told["name"].upper(), told["major"]
        versions = _GNU_VERSIONS.get((family, major), ())
        version = f"{major}{told['minor'] or '.0'}"
        return f"{family}-{version}-{_extent(told['later'])}" if version in versions else ""
    told = _FREE_DOCUMENTS.fullmatch(name)
    if told:
        bare = "no-invariants-" if told["bare"] else ""
        return f"GFDL-{told['version']}-{bare}{_extent(told['later'])}"
    return ""


def _extent(later: str | None) -> str:
    return "or-later" if later else "only"
