"""The HTML report: valid, inert, complete, readable without sight or mouse, and small enough."""

import base64
import re
import xml.parsers.expat
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

import html5lib  # type: ignore[import-untyped]  # ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.model.advisory import Level
from scantling.core.model.base import BaseImage, Part
from scantling.core.model.decision import (
    Action,
    Decision,
    ExceptionUse,
    PolicyResult,
    PolicyUsed,
)
from scantling.core.model.finding import FindingState
from scantling.core.model.gap import gap
from scantling.core.model.image import Image, Layer
from scantling.core.model.inventory import Distro, Location, Package
from scantling.core.model.place import Place
from scantling.core.model.report import Baseline, ScanReport
from scantling.core.model.risk import Factor, Risk
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.formats.html import PLUGIN
from scantling.reports.html.charts import risks
from scantling.reports.html.markup import Markup, element, link, text
from scantling.reports.html.style import STYLE
from scantling.testing.reports import DJANGO, HOSTILE_NAME, OPENSSL, REPORTS, finding

NASTY = st.one_of(
    st.sampled_from(
        [
            HOSTILE_NAME,
            '"><script>alert(1)</script>',
            "' onload='x",
            "</style></title></pre></details>",
            "<!--",
            "]]>",
            "&#60;b&#62;",
            "javascript:alert(1)",
            "\ufffe\U0001ffff\ufdd0",
            "\x00\x0b\x7f\u2028\udcff",
        ]
    ),
    st.text(min_size=1, max_size=12),
)


def _page(report: ScanReport) -> str:
    return render(report, PLUGIN, Look())


def _risk(score: float) -> Risk:
    factor = Factor(name="impact", value=0.5, low=0.1, high=0.9, known=False, because="nobody says")
    return Risk(
        score=score, low=score / 2, high=100.0, factors=(factor,), formula="scantling-risk/1"
    )


def _full(said: str, url: str = "https://example.com/") -> ScanReport:
    """Return a report that uses every part of the page, with `said` wherever others speak."""
    package = Package(
        purl=f"pkg:pypi/x@{said}",
        type="pypi",
        ecosystem="pypi",
        name=said,
        version=said,
        licenses=(said,),
        locations=(Location(path=said, layer=1),),
        origin=1,
        owner=said,
    )
    one = finding(
        package,
        "CVE-2026-1",
        summary=said,
        word=said,
        vector=said,
        severity_source=said,
        fixed_in=(said,),
        aliases=(said,),
        references=(url + said,),
        risk=_risk(50.0),
        part=Part.OWN,
    )
    two = replace(one, id="X", state=FindingState.SUPPRESSED, reason=said, identity="22")
    use = ExceptionUse(id=said, owner=said, reason=said, approver=said, expires="2026-12-01")
    decision = Decision(
        subject=one.identity, action=Action.DEFER, rule=said, reason=said, due=said, exception=use
    )
    base = REPORTS["findings"]
    return replace(
        base,
        image=Image(
            reference=said,
            kind="registry",
            manifest_digest=said,
            layers=tuple(Layer(index=at, diff_id=said, created_by=f"RUN {said}") for at in (0, 1)),
            ambiguity=said,
        ),
        distro=Distro(id="x", pretty_name=said),
        packages=(package,),
        findings=(one, two),
        gaps=(gap("parse.failed", said, path=said), gap("parse.note", said)),
        base=BaseImage(name=said, tags=(said,), layers=1, because=said, newest=said),
        places=((package.purl, Place(path=said, line=3, text=said)),),
        policy=PolicyResult(
            action=Action.DEFER,
            digest=said,
            today="2026-08-23",
            policies=(PolicyUsed(name=said, layer="team", origin=said, digest=said),),
            decisions=(decision,),
            errors=(said,),
            unused_exceptions=(said,),
        ),
        baseline=Baseline(name=said, digest=said, fixed=(two,), new=(one.identity,)),
    )


class _Shape(HTMLParser):
    """Everything a page is made of but its words: tags and attributes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.values += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 - the base class calls it
        self.tags.append(("comment", ()))

    def handle_pi(self, data: str) -> None:  # noqa: ARG002 - the base class calls it
        self.tags.append(("pi", ()))


@settings(max_examples=40, deadline=None)
@given(NASTY)
def test_no_text_changes_what_the_page_is_made_of(said: str) -> None:
    page, plain = _page(_full(f"a{said}z")), _page(_full("abz"))

    assert _Shape(page).tags == _Shape(plain).tags
    _parse_as_xml(page)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["javascript:", "data:text/html,", "//", "vbscript:", "JAVASCRIPT:"]), NASTY)
def test_links_lead_to_web_pages_or_inside_the_page(scheme: str, said: str) -> None:
    shape = _Shape(_page(_full("x", url=scheme + said)))

    for tag, name, value in shape.values:
        if name in {"href", "src", "action", "xlink:href"}:
            assert tag in {"a", "link"}
            assert re.match(r"https?://|#[a-z0-9]+$|data:image/svg\+xml,", value)
        assert not name.startswith("on")
        assert name != "style"


def _parse_as_xml(page: str) -> None:
    parser = xml.parsers.expat.ParserCreate()
    parser.Parse(page.replace("<!DOCTYPE html>", "", 1).encode(), True)  # noqa: FBT003


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_is_well_formed_and_holds_no_script(name: str) -> None:
    page = _page(REPORTS[name])

    _parse_as_xml(page)
    html5lib.HTMLParser(strict=True).parse(page)
    assert {tag for tag, _ in _Shape(page).tags} & {"script", "iframe", "object", "img"} == set()


def test_the_policy_of_the_page_allows_its_own_style_and_nothing_else() -> None:
    page = _page(REPORTS["findings"])
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)

    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "url(" not in style
    assert "@import" not in style


def _headings(page: str) -> Iterator[int]:
    for tag, _ in _Shape(page).tags:
        if re.fullmatch("h[1-6]", tag):
            yield int(tag[1])


@pytest.mark.parametrize("report", [_full("x"), *REPORTS.values()])
def test_a_page_can_be_read_without_sight_or_mouse(report: ScanReport) -> None:
    page = _page(report)
    shape = _Shape(page)
    tags = [tag for tag, _ in shape.tags]
    headings = [*_headings(page)]

    assert [tags.count(one) for one in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    assert headings[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    assert all("scope" in names for tag, names in shape.tags if tag == "th")
    assert tags.count("table") == tags.count("caption")
    assert re.search("<th [^>]*></th>", page) is None
    names = [value for _, name, value in shape.values if name == "id"]
    assert len(names) == len(set(names))
    inside = {value[1:] for _, name, value in shape.values if name == "href" and value[0] == "#"}
    assert inside <= set(names)
    labels = [value for tag, name, value in shape.values if (tag, name) == ("div", "aria-label")]
    assert len(labels) == len(set(labels))


def test_what_was_not_looked_at_comes_before_the_findings() -> None:
    page = _page(REPORTS["unknown"])

    order = [page.index(f'<section id="{name}"') for name in ("verdict", "gaps", "findings")]
    assert order == sorted(order)
    assert "not proven clean" in page


def test_findings_are_sorted_by_risk_and_linked_to_their_details() -> None:
    report = REPORTS["findings"]
    some = tuple(
        finding(DJANGO, f"CVE-2026-{at}", Level.LOW, identity=f"{at}", risk=_risk(float(at)))
        for at in (10, 30, 20)
    )

    page = _page(replace(report, findings=some))

    assert re.findall(r'href="#(f[0-9]+)">([A-Z0-9-]+)<', page) == [
        ("f1", "CVE-2026-30"),
        ("f2", "CVE-2026-20"),
        ("f3", "CVE-2026-10"),
    ]
    assert re.findall(r'<details class="card f">.*<div id="(f[0-9]+)">', page) == ["f1", "f2", "f3"]


def test_every_part_of_a_full_report_is_on_the_page() -> None:
    page = _page(_full("Zaphod"))

    for words in (
        "Base image and own layers",
        "Since the baseline",
        "Zaphod:3",
        "exception Zaphod, until 2026-12-01",
        "Could not be evaluated, so it blocks: Zaphod",
        "impact (not known): nobody says",
        "scantling scan Zaphod",
        "--policy team=Zaphod --baseline Zaphod",
        "sha256:efefefefef",
    ):
        assert words in page


def test_an_inventory_says_that_nothing_was_matched() -> None:
    page = _page(REPORTS["inventory"])

    assert "this is an inventory, not a scan" in page
    assert 'id="findings"' not in page


def test_a_thousand_findings_are_thinned_in_the_chart_and_whole_in_the_table() -> None:
    many = tuple(
        finding(OPENSSL, f"CVE-2026-{at}", risk=_risk(at / 13), identity=str(at))
        for at in range(1300)
    )
    page = _page(replace(REPORTS["findings"], findings=many))
    chart = risks(many)

    assert chart is not None
    assert len(chart.drawing) < 12_000
    assert page.count('<details class="card f"') == 1300
    assert len(page) < 3_000_000


def test_text_is_escaped_and_markup_is_not() -> None:
    assert element("b", "<i>", Markup("<i>"), title='"') == '<b title="&quot;">&lt;i&gt;<i></b>'
    assert link("javascript:alert(1)", "x") == "x"
    assert text("a::b `c`") == "a::b &#96;c&#96;"


def _luminance(color: str) -> float:
    """Source: WCAG 2.2, "relative luminance"."""
    digits = color[1:] if len(color) == 7 else "".join(one * 2 for one in color[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [0, 1], ids=["light", "dark"])
def test_every_text_has_enough_contrast(palette: int) -> None:
    blocks = re.findall(r":root\{([^}]*)\}", STYLE)
    colors = dict(re.findall(r"--([a-z]+):(#[0-9a-f]{3,6})", blocks[palette]))
    fills = [one.value for one in Level] + ["available", "none", "refused", "nofix"]
    pairs = [("badge", one) for one in fills]
    pairs += [(word, back) for word in ("ink", "soft", "link") for back in ("bg", "card", "stripe")]
    pairs += [(word, "card") for word in (*fills, "good", "warn")]
    pairs += [("headink", "head"), ("headsoft", "head")]

    low = {pair: _contrast(colors[pair[0]], colors[pair[1]]) for pair in pairs}

    assert {pair: one for pair, one in low.items() if one < 4.5} == {}
