"""EPSS: the probability that a vulnerability is exploited in the next 30 days.

    #model_version:v2025.03.14,score_date:2026-08-16T00:00:00+0000
    cve,epss,percentile
    CVE-1999-0001,0.03351,0.87650

A signal per CVE, both numbers as published. Of several days the newest is read.

Source: FIRST, https://www.first.org/epss/data_stats.
"""

import re
from collections.abc import Iterator
from typing import Final

from scantling.advisories.api import Document, Feed, Record, Spool, Unreadable
from scantling.advisories.decode import text_of
from scantling.core.model.advisory import Signal

_DATE: Final = re.compile(r"score_date:(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})")
_ROW: Final = re.compile(
    r"(?P<cve>CVE-[0-9]{4}-[0-9]{4,19}),(?P<epss>[01](?:\.[0-9]{1,20})?),"
    r"(?P<percentile>[01](?:\.[0-9]{1,20})?)\r?"
)
_HEADER: Final = "cve,epss,percentile"
_HEAD_BYTES: Final = 300
_ONE: Final = 1.0


def parse(spool: Spool) -> Iterator[Record]:
    """Yield a signal for each row of the newest document."""
    dates = {
        document.name: _date(document) for document in spool.documents() if _is_table(document)
    }
    newest = max(dates, key=lambda name: (dates[name], name), default=None)
    for document in spool.documents():
        if document.name == newest:
            yield from _rows(document, dates[newest])


def _is_table(document: Document) -> bool:
    return document.name.endswith(".csv") or document.name.startswith("epss_scores")


def _date(document: Document) -> str:
    """Return the date of the scores, empty if the first line does not give it."""
    found = _DATE.search(text_of(document.data[:_HEAD_BYTES]).partition("\n")[0])
    return found["date"] if found else ""


def _rows(document: Document, date: str) -> Iterator[Record]:
    if not date:
        yield Unreadable(record=document.name, reason="the first line gives no date of the scores")
        return
    for number, line in enumerate(text_of(document.data).split("\n"), start=1):
        if not line or line.startswith("#") or line.rstrip("\r") == _HEADER:
            continue
        row = _ROW.fullmatch(line)
        if row is None or float(row["epss"]) > _ONE or float(row["percentile"]) > _ONE:
            yield Unreadable(record=f"{document.name}:{number}", reason="not a score")
            continue
        yield Signal(
            id=row["cve"], kind="epss", value=row["epss"], note=row["percentile"], date=date
        )


PLUGIN: Final = Feed(
    name="epss",
    title="Exploit Prediction Scoring System",
    license="LicenseRef-FIRST-EPSS",
    attribution="EPSS scores by FIRST, https://www.first.org/epss",
    urls=("https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",),
    covers=(),
    parse=parse,
    stale_after_days=14,
    redistributable=True,
    homepage="https://www.first.org/epss",
)
