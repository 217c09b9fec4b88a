"""The style of our pages: light, dark and paper, allowed by its hash alone.

No script runs and nothing is fetched: the policy in `page` forbids both, so a report can be opened
from a mail or served from anywhere. Colors come from two palettes with a contrast of 4.5 to 1 or
more for text; every color also has a word beside it.

Source: Content Security Policy Level 3, 4.2 (hashes); WCAG 2.2, 1.4.3 and 1.4.11.
"""

import base64
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from scantling.reports.html.markup import Markup, element, text

_VARIABLE: Final = re.compile(r"var\((?P<name>--[a-z]++)\)")
_LIGHT: Final = """
--bg:#f5f6f8;--card:#fff;--ink:#1a2129;--soft:#55606c;--line:#d9dee4;--link:#0b57a4;--focus:#0b57a4;
--head:#12283f;--headink:#fff;--headsoft:#c3d2e2;--stripe:#f8f9fb;--track:#e3e7ec;
--critical:#a3123a;--high:#c2410c;--medium:#a16207;--low:#1d6fa5;--negligible:#64707d;--unknown:#7048a8;
--good:#1b7a43;--warn:#9a5b00;--available:#1b7a43;--none:#a16207;--refused:#a3123a;--nofix:#7048a8;
--base:#4a5f8a;--own:#0f766e;--badge:#fff;color-scheme:light
"""
_DARK: Final = """
--bg:#11161c;--card:#1a2129;--ink:#e8ecf0;--soft:#a5b0bc;--line:#333d48;--link:#7cbcf5;--focus:#7cbcf5;
--head:#0c1117;--headink:#fff;--headsoft:#a5b8cb;--stripe:#1e262f;--track:#333d48;
--critical:#ff8099;--high:#ff9d6b;--medium:#efc14e;--low:#74bdf0;--negligible:#a9b4bf;--unknown:#c3a6f2;
--good:#6fd39a;--warn:#f0b85a;--available:#6fd39a;--none:#efc14e;--refused:#ff8099;--nofix:#c3a6f2;
--base:#93a9d8;--own:#5cc9bd;--badge:#11161c;color-scheme:dark
"""
_FIGURES: Final = """
svg text{fill:var(--ink);font-size:12px;font-family:inherit}
svg .s{fill:var(--soft)}svg .e{text-anchor:end}svg .c{text-anchor:middle}
svg .i{fill:var(--badge);font-weight:650;text-anchor:middle}
.axis{stroke:var(--line);stroke-width:1;fill:none}.track{fill:var(--track)}
.f-critical{fill:var(--critical)}.f-high{fill:var(--high)}.f-medium{fill:var(--medium)}
.f-low{fill:var(--low)}.f-negligible{fill:var(--negligible)}.f-unknown{fill:var(--unknown)}
.f-available{fill:var(--available)}.f-none{fill:var(--none)}.f-refused{fill:var(--refused)}
.f-nofix{fill:var(--nofix)}.f-size{fill:var(--base)}.band{fill:var(--low);fill-opacity:.28}
.curve{fill:none;stroke:var(--low);stroke-width:2.2;stroke-linejoin:round}
"""
_RULES: Final = """
*{box-sizing:border-box}
html{scroll-padding-top:3.4rem}
body{margin:0;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,"Noto Sans",sans-serif}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--focus);
outline-offset:2px;border-radius:3px}
code,.m{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Noto Sans Mono",monospace;
font-size:.92em;
overflow-wrap:anywhere}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem 1rem;z-index:9}
.w{max-width:80rem;margin:0 auto;padding:0 1.25rem}
header{background:var(--head);color:var(--headink);padding:1.5rem 0 1.6rem}
header p{margin:.2rem 0 0;color:var(--headsoft);overflow-wrap:anywhere}
.brand{display:flex;align-items:center;gap:.6rem;font-weight:650;letter-spacing:.02em;
margin:0 0 .9rem}
.brand svg{width:1.6rem;height:1.6rem}
.brand path{fill:none;stroke:currentColor;stroke-width:2.2;stroke-linecap:round;
stroke-linejoin:round}
h1{font-size:1.75rem;line-height:1.25;margin:0;overflow-wrap:anywhere;font-weight:650}
nav{position:sticky;top:0;background:var(--card);border-bottom:1px solid var(--line);z-index:5}
nav ul{display:flex;gap:.25rem 1.4rem;list-style:none;margin:0;padding:.6rem 0;overflow-x:auto}
nav a{text-decoration:none;white-space:nowrap;font-weight:550;font-size:.92rem;display:block;
padding:.15rem 0}
nav a:hover{text-decoration:underline}
main.w{padding-top:1.5rem;padding-bottom:1rem}
section{margin:0 0 2rem}
h2{font-size:1.25rem;margin:0 0 .8rem;font-weight:650}
h3{font-size:1.02rem;margin:0 0 .5rem;font-weight:650}
*+h3{margin-top:1.1rem}h3+p,h3+.note{margin:0 0 .3rem}
.f h3{font-size:.9rem;margin:.9rem 0 .3rem;color:var(--soft)}
.card,figure{background:var(--card);border:1px solid var(--line);border-radius:.6rem;
padding:1.1rem 1.25rem;
margin:0 0 1rem}
.verdict{border-left:.5rem solid var(--v);padding:1.2rem 1.4rem}
.clean{--v:var(--good)}.findings{--v:var(--high)}.unk{--v:var(--unknown)}
.verdict .word{font-size:1.55rem;font-weight:700;color:var(--v);margin:0;line-height:1.2}
.verdict ul{margin:.6rem 0 0;padding-left:1.2rem}
.lead{margin:.35rem 0 0;font-size:1.02rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:1rem;
margin:0 0 1rem}
.grid .card{margin:0}
.tile b{display:block;font-size:1.9rem;line-height:1.15;font-weight:680;
font-variant-numeric:tabular-nums}
.tile>span{color:var(--soft);font-size:.9rem;display:block}
.wide{grid-column:span 2}.counts{display:flex;flex-wrap:wrap;gap:.35rem 1rem;margin-top:.6rem}
.counts span{white-space:nowrap;font-weight:650;font-variant-numeric:tabular-nums}
.tile .bad{color:var(--critical)}.tile .ok{color:var(--good)}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(30rem,100%),1fr));gap:1rem}
figure{margin:0;display:flex;flex-direction:column}
figcaption{font-weight:650;margin:0 0 .15rem}
figure p{margin:0 0 .7rem;color:var(--soft);font-size:.88rem}
figure svg{width:100%;height:auto;display:block}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.6rem;background:var(--card);
margin:0 0 1rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;padding:.7rem .9rem;color:var(--soft);font-size:.9rem}
caption b{color:var(--ink)}
th,td{text-align:left;vertical-align:top;padding:.45rem .75rem;border-top:1px solid var(--line)}
thead th{background:var(--stripe);font-weight:650;font-size:.82rem;color:var(--soft);
white-space:nowrap}
tbody th{font-weight:550}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td small,th small{display:block;overflow-wrap:anywhere;color:var(--soft);font-size:.84em;
font-weight:400}
.nw{white-space:nowrap}
.b{display:inline-block;border-radius:.3rem;padding:.02rem .45rem;font-size:.82rem;font-weight:650;
color:var(--badge);white-space:nowrap}
.b-critical{background:var(--critical)}.b-high{background:var(--high)}.b-medium{
background:var(--medium)}
.b-low{background:var(--low)}.b-negligible{background:var(--negligible)}.b-unknown{
background:var(--unknown)}
.t{display:inline-block;border:1px solid currentColor;border-radius:.3rem;padding:0 .4rem;
font-size:.8rem;
font-weight:600;white-space:nowrap;color:var(--soft);margin:0 .25rem .15rem 0}
.t-block,.t-kev,.t-stale{color:var(--critical)}.t-defer,.t-warn{color:var(--warn)}.t-allow,.t-new{
color:var(--good)}
.risk{width:7.5rem;min-width:7.5rem}
.risk svg{width:100%;height:.8rem;display:block;margin-top:.15rem;
background:linear-gradient(var(--track),var(--track)) center/100% .3rem no-repeat}
.card>:first-child{margin-top:0}.card>:last-child{margin-bottom:0}
.risk b{font-variant-numeric:tabular-nums}
.risk small{display:inline;color:var(--soft);font-size:.84em}
details{margin:0 0 .6rem}
details>summary{cursor:pointer;font-weight:600;padding:.5rem .2rem}
details.card{padding:.35rem 1.25rem}
details.card[open]{padding-bottom:1rem}
.f>div{scroll-margin-top:6rem}
.f summary{font-weight:550}
.f summary .b{margin-right:.4rem}
dl{display:grid;grid-template-columns:minmax(7rem,11rem) 1fr;gap:.3rem 1rem;margin:.3rem 0 .8rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.note{color:var(--soft)}
.gaps{list-style:none;margin:0;padding:0}
.gaps li{padding:.55rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
.gaps li:first-child{border-top:0}
.bars{width:9rem}.bars svg{width:9rem;height:.9rem}
pre{background:var(--stripe);border:1px solid var(--line);border-radius:.4rem;padding:.7rem .9rem;
white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0 .8rem;font-size:.88rem}
footer{border-top:1px solid var(--line);padding:1rem 0 2rem;color:var(--soft);font-size:.88rem}
@media(max-width:46rem){body{font-size:14.5px}.w{padding:0 .8rem}h1{font-size:1.35rem}
.x{display:none}table{font-size:.84rem}.nw{white-space:normal}
thead th{white-space:normal}th,td{padding:.4rem .55rem}dl{grid-template-columns:1fr;gap:0}dd{
margin:0 0 .4rem}
.grid{grid-template-columns:repeat(2,1fr);gap:.6rem}.tile b{font-size:1.5rem}.card{
padding:.8rem .9rem}
.risk{width:5rem;min-width:5rem}}
"""
_PAPER: Final = """
nav,.skip{display:none}body{background:#fff;font-size:10.5px}header{background:none;color:#000;
padding:0}
header p{color:#333}.card,figure,.scroll{border-color:#999;break-inside:avoid}.scroll{
overflow:visible;
break-inside:auto}tr{break-inside:avoid}thead{display:table-header-group}h2,h3{break-after:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}a{color:inherit;text-decoration:none}
@page{margin:14mm}
"""


def _compact(text_: str) -> str:
    return text_.replace("\n", "")


STYLE: Final = Markup(
    _compact(
        f":root{{{_LIGHT}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}"
        f"{_RULES}{_FIGURES}@media print{{{_PAPER}}}"
    )
)
"""The style sheet of every page; it has no text that could end the element."""

_VALUES: Final = dict(one.split(":", 1) for one in _compact(_LIGHT).split(";"))
FIGURES: Final = Markup(
    _VARIABLE.sub(lambda name: _VALUES[name["name"]], _compact(_FIGURES)).replace("svg ", "")
)
"""The rules of charts that stand alone, in the light palette, without variables."""

_POLICY: Final = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(sha256(STYLE.encode()).digest()).decode()
    + "'; img-src data:; base-uri 'none'; form-action 'none'"
)
# A frame of a hull with its keel: the mark in the tab and the head, without a request.
_MARK: Final = "M3 4v5c0 6 4 11 9 12c5-1 9-6 9-12V4M12 4v17M5 11h14"
_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Cpath "
    f"d='{_MARK}' fill='none' stroke='%231d6fa5' stroke-width='2.4'/%3E%3C/svg%3E"
)


def page(
    title: str, head: Iterable[str], links: Iterable[tuple[str, str]], body: Iterable[str]
) -> Markup:
    """Return a whole page.

    `head` is markup of the banner with its h1, `links` are (fragment, label) of the navigation,
    `body` the sections.
    """
    mark = element(
        "svg", element("path", d=_MARK), viewBox="0 0 24 24", aria_hidden="true", focusable="false"
    )
    brand = element("p", mark, "Scantling", class_="brand")
    items = [element("li", element("a", label, href=f"#{name}")) for name, label in links]
    return Markup(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        '<meta name="referrer" content="no-referrer"/>\n'
        '<meta name="color-scheme" content="light dark"/>\n'
        f"<title>{text(title)}</title>\n"
        f'<link rel="icon" href="{_ICON}"/>\n<style>{STYLE}</style>\n</head>\n<body>\n'
        '<a class="skip" href="#main">Skip to the report</a>\n'
        f'<header><div class="w">{brand}{"".join(head)}</div></header>\n'
        f'<nav aria-label="Sections"><div class="w"><ul>{"".join(items)}</ul></div></nav>\n'
        f'<main id="main" class="w">\n{"".join(body)}</main>\n'
    )


def end(words: str) -> Markup:
    """Return the footer and the end of the page."""
    return Markup(f'<footer><div class="w">{text(words)}</div></footer>\n</body>\n</html>\n')
