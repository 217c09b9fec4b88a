"""Add what a person reads: a summary and links, from the documents behind a finding."""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from msgspec.structs import replace

from scantling.core.model.advisory import Advisory
from scantling.core.model.finding import Finding

_LINKS: Final = 10
_SUMMARY_CHARS: Final = 300


class Texts(Protocol):
    """Answers with a document's texts."""

    def text(self, source: str, id_: str, /) -> Advisory | None:
        """Return the document without its statements; None if the source has none such."""
        ...


def describe(findings: Iterable[Finding], texts: Texts) -> tuple[Finding, ...]:
    """Return the findings, in the same order, with summary and references.

    The summary is the deciding source's, else the first other one; where a document has only a
    long text, its first line. At most ten links, advisories first.
    """
    findings = tuple(findings)
    # In the order in which they lie, each once: neighbors share a compressed block.
    names = sorted({(one.source, one.advisory) for finding in findings for one in finding.matches})
    documents = {name: texts.text(*name) for name in names}
    return tuple(_described(one, documents) for one in findings)


def _described(finding: Finding, known: Mapping[tuple[str, str], Advisory | None]) -> Finding:
    wanted = {(one.source, one.advisory) for one in finding.matches}
    ordered = sorted(wanted, key=lambda one: (one[0] != finding.decided_by, one))
    documents = [one for one in map(known.get, ordered) if one is not None]
    links = sorted(
        {(link.kind != "ADVISORY", link.url) for one in documents for link in one.references}
    )
    return replace(
        finding,
        summary=next((text for text in map(_summary, documents) if text), ""),
        references=tuple(url for _, url in links[:_LINKS]),
    )


def _summary(document: Advisory) -> str:
    text = document.summary or document.details.strip().partition("\n")[0]
    return text if len(text) <= _SUMMARY_CHARS else text[: _SUMMARY_CHARS - 1] + "…"
