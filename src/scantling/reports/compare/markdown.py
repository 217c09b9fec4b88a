"""A comparison as Markdown: for a pull request, a release note, a chat."""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.compare import Comparison
from scantling.core.model.finding import Finding
from scantling.reports import view
from scantling.reports.compare.words import Group, changed, groups, totals
from scantling.reports.markdown_syntax import code, inert, row

_MOST_ROWS: Final = 100


def markdown(found: Comparison, before: str, after: str) -> str:
    """Return the comparison of `before` with `after`, names as the user gave them."""
    return "".join(_pieces(found, before, after))


def _pieces(found: Comparison, before: str, after: str) -> Iterator[str]:
    yield f"## {inert(before)} → {inert(after)}\n\n"
    yield f"**{totals(found)}**\n\n"
    yield f"{code(found.before) or 'no digest'} → {code(found.after) or 'no digest'}\n"
    for group in groups(found):
        yield from _group(group)
    different = changed(found)
    if different:
        yield f"\n### Reads differently: {len(different)}\n\n"
        for one, words in different[:_MOST_ROWS]:
            yield f"- {code(one.id)} in {code(view.display_name(one.purl))}: {inert(words)}\n"
        yield from _more(len(different))
    for title, purls in (("added", found.packages_added), ("removed", found.packages_removed)):
        if purls:
            yield f"\n<details><summary>{view.number(len(purls), 'package')} {title}</summary>\n\n"
            yield "".join(f"- {code(one)}\n" for one in purls[:_MOST_ROWS])
            yield from _more(len(purls))
            yield "\n</details>\n"
    if found.because:
        yield "\nBeside the image, this differs:\n\n"
        yield "".join(f"- {inert(one)}\n" for one in found.because)


def _group(group: Group) -> Iterator[str]:
    if not group.shown and not group.hidden:
        return
    hidden = f" and {group.hidden} suppressed" if group.hidden else ""
    yield f"\n### {group.title}: {len(group.shown)}{hidden}\n\n{group.meaning}\n"
    if group.shown:
        yield "\n" + row("severity", "vulnerability", "package", "fixed in") + "|---|---|---|---|\n"
        for one in group.shown[:_MOST_ROWS]:
            yield _row(one)
        yield from _more(len(group.shown))


def _row(one: Finding) -> str:
    state = "" if one.state == "open" else f" ({one.state})"
    name = code(view.display_name(one.purl))
    return row(f"{one.severity}{state}", code(one.id), name, inert(view.fix_words(one)))


def _more(count: int) -> Iterator[str]:
    if count > _MOST_ROWS:
        yield f"\n{count - _MOST_ROWS} more are in the JSON.\n"
