"""What every page of results shares: its frame, its looks, its tables and figures, and what it cannot tell.

Change this file to change how all of them look. A page stands alone: it needs no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from experiments.intervals import Estimate
from viz.readings import Reading, fitting, interval, verdict

NULL = "At equal budget the governances do not differ."


def page_of(
    title: str, lead: str, sections: Sequence[tuple[str, str, str]], *, tab: str = "", above: str = "", css: str = "",
    foot: str,
) -> str:  # fmt: skip
    """A page of sections, each with a key, a heading and its text, and a list of contents.

    `tab` is what a browser calls the page; `above` stands between the lead and the contents, `foot` at the end.
    """
    contents = "".join(f'<li><a href="#{key}">{escape(heading)}</a></li>' for key, heading, _ in sections)
    body = "".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{escape(heading)}</h2>{text}</section>'
        for key, heading, text in sections
    )
    above += f'<nav aria-label="Contents"><ul>{contents}</ul></nav>'
    return framed(title, lead, body, tab=tab, above=above, css=css, foot=foot)


def framed(title: str, lead: str, body: str, *, tab: str = "", above: str = "", css: str = "", foot: str) -> str:
    """A page around a body that is written already."""
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(tab or f'{title} – Kith')}</title>\n<style>{CSS}{css}</style>\n</head>\n<body>\n"
        f'<header><h1>{escape(title)}</h1><p class="lead">{lead}</p>{above}</header>\n'
        f"<main>{body}</main>\n<footer><p>{foot}</p></footer>\n</body>\n</html>\n"
    )


def made_with_kith(version: object) -> str:
    """What a page of results ends with."""
    return f"Made with Kith {escape(str(version))}, for explanation and facilitation, not for prediction."


NULL_SAID = f'<div class="null"><small>The null hypothesis</small>{NULL}</div>'


def warned(said: Iterable[str]) -> str:
    """What a reader must know before anything else."""
    return "".join(f'<p class="warn">{escape(each)}</p>' for each in said)


def provenance_table(made_with: Mapping[str, str]) -> str:
    """What made some results, as a table."""
    rows = [
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in made_with.items()
    ]
    return table_of(("What", "Version"), rows, "What made these results.", "words")


def table_of(heads: Iterable[str], rows: Iterable[str], caption: str, kind: str = "") -> str:
    """A table that scrolls by itself where it is too wide, with a caption for those who cannot see it."""
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(caption[:60])}"><table class="{kind}">'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def cells_of(cells: Iterable[str]) -> str:
    """Cells of a row."""
    return "".join(f"<td>{cell}</td>" for cell in cells)


def figure_of(chart: str, caption: str) -> str:
    """A chart and what it shows."""
    return f"<figure>{chart}<figcaption>{escape(caption)}</figcaption></figure>"


def difference_cell(found: Estimate | None, how: Reading, measure: str) -> str:
    """A difference in a cell of a table, with its interval and what it says."""
    if found is None:
        return "–"
    if not found.known:
        return how.change(found.mean)
    how = fitting(found, how)
    mean = how.change(found.mean)
    if found.told_apart:
        mean = f'<span class="apart">{mean}</span> {verdict(measure, found)}'
    return f"{mean}<small>{interval(found, how)}</small>"


LIMITS = """
<p>This is a tool for explaining and for facilitating a conversation. It is <b>not a prediction</b> of what will happen
in any town.</p>
<ul>
<li>That relationships beat contracts is a <b>hypothesis</b>, taken from an opinion piece on public-service integration
and from the <i>Level Measures</i> study it cites. Both are published by, or with, a supplier of outsourced services.
Neither contains a measured effect under a cost shock. The model was built so that it can turn out either way.</li>
<li>The town is made up. It has the shape of an English town, and no town’s data.</li>
<li>Most numbers are assumed (see below). A difference here follows from them, and can change sign with them.</li>
<li>Intervals tell how sure we are of the mean over luck <i>in this model</i>. They say nothing about whether the
model is right.</li>
<li>A difference can be sure and small. For scale: in the worst year on record mean life satisfaction in the United
Kingdom moved by about a tenth of a point of ten.</li>
<li>Equal budget means the same funding, staff and hours to start with. It does not mean that the same is spent: look at
public cost and at reserves before calling one side cheaper.</li>
<li>Politics, elections, media, law and individual leaders are left out.</li>
</ul>
"""

CSS = """
:root{--ink:#1D2733;--muted:#56616D;--rule:#D9D3C8;--paper:#FBF8F3;--card:#fff}
*{box-sizing:border-box}
html{font-size:112.5%;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
 font:400 1rem/1.5 "Figtree","Segoe UI",system-ui,-apple-system,"Noto Sans",sans-serif}
main,header,footer{max-width:68rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.2rem}
h1{font-size:2rem;line-height:1.15;letter-spacing:-.01em;margin:0 0 .4rem}
h2{font-size:1.4rem;line-height:1.2;margin:2.8rem 0 .7rem;padding-top:.9rem;border-top:3px solid var(--ink)}
h3{font-size:1.1rem;margin:1.6rem 0 .3rem}
p,li{max-width:46rem}
.lead{font-size:1.1rem;color:var(--muted);margin:.2rem 0 1rem;max-width:none}
.null{background:var(--ink);color:#fff;border-radius:.7rem;padding:1rem 1.3rem;margin:1.2rem 0;font-size:1.25rem;
 font-weight:650;line-height:1.3}
.null small{display:block;font-size:.9rem;font-weight:500;opacity:.85}
.answer{background:var(--card);border:1px solid var(--rule);border-left:.5rem solid var(--ink);
 border-radius:.4rem .8rem .8rem .4rem;padding:.7rem 1.4rem;margin:1rem 0}
.answer p{margin:.55rem 0;max-width:none}.answer .first{font-size:1.15rem;line-height:1.45}
h3 small{font-weight:400;color:var(--muted);font-size:.9rem}
.warn{border:2px solid #8A5A00;background:#FFF6DD;border-radius:.6rem;padding:.7rem 1.2rem;margin:1rem 0}
figure{margin:1.2rem 0;background:var(--card);border:1px solid var(--rule);border-radius:.8rem;padding:.8rem 1rem}
figcaption{color:var(--muted);font-size:.92rem;max-width:52rem}
.chart{width:100%;height:auto;display:block}
.chart text{font-family:inherit!important}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--rule);border-radius:.8rem;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.7rem .9rem .5rem;color:var(--muted)}
th,td{text-align:right;padding:.42rem .7rem;border-top:1px solid var(--rule);vertical-align:top}
th:first-child,td:first-child,.words td,.words th{text-align:left}
thead th{border-top:0;border-bottom:2px solid var(--ink);vertical-align:bottom;line-height:1.25}
tbody th{font-weight:600}
tr.group th{background:#F3EFE7;border-top:2px solid var(--ink);font-weight:700;text-align:left}
td small,thead small{display:block;color:var(--muted);font-weight:400;white-space:nowrap}
tbody th small{display:block;color:var(--muted);font-weight:400}
tbody th{white-space:nowrap}.wide tbody th,.group th,.words tbody th{white-space:normal}
 .wide{font-size:.83rem}.wide th,.wide td{padding:.35rem .4rem}
.wide th:first-child{min-width:11rem}
.apart{font-weight:700}
nav ul{columns:2;padding-left:1.2rem;margin:.4rem 0}
a{color:#0B4A80}
code,pre{font-family:ui-monospace,"Cascadia Mono",Consolas,monospace;font-size:.92em}
pre{background:var(--card);border:1px solid var(--rule);border-radius:.5rem;padding:.7rem 1rem;overflow-x:auto}
dt{font-weight:650;margin-top:.6rem}dd{margin:0 0 .2rem 1.2rem;max-width:56rem}
footer{margin-top:3rem;padding-bottom:3rem;color:var(--muted);font-size:.9rem}
:focus-visible{outline:3px solid var(--ink);outline-offset:2px}
@media print{
 html{font-size:75%}body,.answer,figure,.scroll{background:#fff}nav{display:none}
 main,header,footer{max-width:none;padding:0}
 figure,.answer,.null,tr{break-inside:avoid}h2,h3,caption{break-after:avoid}
 .null{color:#000;background:#fff;border:3px solid #000}
 .scroll{overflow:visible}thead{display:table-header-group}
}
@media (max-width:40rem){nav ul{columns:1}html{font-size:100%}}
"""
