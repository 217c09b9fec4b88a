"""Add what a person reads: a summary and links, from the documents behind a finding."""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from msgspec.structs import replace

from scantling.core.model.advisory import Advisory
from scantling.core.model.finding import Finding

_Name = tuple[str, str]
"""A document: source and id."""

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
    told: dict[tuple[_Name, ...], tuple[str, tuple[str, ...]]] = {}
    described = []
    for one in findings:
        wanted = _wanted(one)
        if wanted not in told:  # many programs in an image share a flaw
            told[wanted] = _told(wanted, documents)
        summary, references = told[wanted]
        described.append(replace(one, summary=summary, references=references))
    return tuple(described)


def _wanted(finding: Finding) -> tuple[_Name, ...]:
    """Return the documents behind a finding, the deciding source's first."""
    wanted = {(one.source, one.advisory) for one in finding.matches}
    return tuple(sorted(wanted, key=lambda one: (one[0] != finding.decided_by, one)))


def _told(
    wanted: tuple[_Name, ...], known: Mapping[_Name, Advisory | None]
) -> tuple[str, tuple[str, ...]]:
    documents = [one for one in map(known.get, wanted) if one is not None]
    links = sorted(
        {(link.kind != "ADVISORY", link.url) for one in documents for link in one.references}
    )
    summary = next((text for text in map(_summary, documents) if text), "")
    return summary, tuple(url for _, url in links[:_LINKS])


def _summary(document: Advisory) -> str:
    text = document.summary or document.details.strip().partition("\n")[0]
    return text if len(text) <= _SUMMARY_CHARS else text[: _SUMMARY_CHARS - 1] + "…"
