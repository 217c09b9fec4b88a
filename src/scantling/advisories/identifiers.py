"""Identifiers of vulnerabilities: which ones are CVE ids, and which one a statement is about."""

import re
from collections.abc import Iterable
from typing import Final

_CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_NAMED: Final = re.compile(r"(?:[A-Za-z]+-)?(?P<cve>CVE-[0-9]{4}-[0-9]{4,19})")


def is_cve(text: str) -> bool:
    """Return whether the text is a CVE id. Source: CVE Program, "CVE ID Syntax"."""
    return _CVE.fullmatch(text) is not None


def cve_in(text: str) -> str:
    """Return the CVE id that an id is or ends with (`UBUNTU-CVE-2021-3782`); empty if none."""
    found = _NAMED.fullmatch(text)
    return found["cve"] if found else ""


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the non-empty texts, each once, in the order of their first appearance."""
    return tuple(dict.fromkeys(text for text in texts if text))


def primary(own: str, aliases: Iterable[str]) -> str:
    """Return the id that a statement is about: `own` if it is a CVE id, else the first CVE alias.

    Without any, it is `own`, or the first alias when there is no own id.
    """
    names = unique((own, *aliases))
    return next((name for name in names if is_cve(name)), names[0] if names else "")
