"""The evidence as a page to read: which claims about the model hold, which do not, and the figures behind each.

Change this file to change how the evidence looks. Failed claims come first and are shown in full. Every result is told
by a word and a sign, never by colour alone. The page stands alone: it needs no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from experiments.validation.claims import Finding, Level
from experiments.validation.evidence import (
    Answer,
    Evidence,
    cautions,
    interval_of,
    made_with,
    number,
    parameters_used,
    range_of,
    result_of,
)
from viz.pages import page_of, provenance_table, table_of, warned

OWN_CSS = """
.counts{display:flex;gap:1rem;flex-wrap:wrap;margin:1.2rem 0}
.counts p{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:.7rem;padding:.7rem 1.3rem;
 font-size:1rem}
.counts b{display:block;font-size:2rem;line-height:1.1}
.claim{background:var(--card);border:1px solid var(--rule);border-left:.5rem solid #0B5A9C;
 border-radius:.4rem .8rem .8rem .4rem;padding:.2rem 1.3rem .9rem;margin:1rem 0}
.claim.failed{border-left:.5rem double #B34A00;border-width:2px 2px 2px .5rem}
.claim h3{margin:.9rem 0 .2rem;max-width:52rem}
.claim p{margin:.3rem 0;max-width:52rem}.claim .meta{color:var(--muted);font-size:.92rem}
.claim summary{cursor:pointer;font-weight:600;padding:.3rem 0;min-height:1.5rem}
.claim .scroll{border-radius:.4rem;margin:.5rem 0}
.word{font-weight:700;white-space:nowrap}.failed .word.failed{background:#FFF0E4;color:#7A3200;padding:0 .35rem;
 border-radius:.25rem}
.findings :is(th,td):nth-child(2),.findings :is(th,td):last-child{text-align:left;min-width:15rem}
.findings tbody th{white-space:nowrap}.findings td{white-space:normal}
.findings td:nth-child(3),.findings td:nth-child(4){white-space:nowrap}.findings td:nth-child(5){min-width:7rem}
table.findings{font-size:.86rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
"""

HELD_TO = {
    Level.EXACT: "the digit (exact)",
    Level.DISTRIBUTIONAL: "the size and spread (distributional)",
    Level.RELATIONAL: "the direction (relational)",
}
SIGNS = {"passed": "✓ passed", "failed": "✗ failed", "failed: error": "✗ failed: error", "reported": "– reported"}


def evidence_html(evidence: Evidence) -> str:
    """The whole evidence as one page that stands alone."""
    failed, passed = evidence.failures, [each for each in evidence.answers if each.passed]
    warnings = warned(cautions(evidence))
    sections = [("failed", f"Claims that failed ({len(failed)})", _claims(failed, "Every claim that was put holds."))]
    for group in evidence.by_group:
        mine = [each for each in passed if each.claim.group is group]
        if mine:
            heading = f"Passed: {group.value} ({len(mine)})"
            sections.append((group.name.lower(), heading, _claims(mine, "")))
    sections += [("how", "How to read this", HOW), ("made", "What made these figures", _made(evidence))]
    title = "What is claimed of Kith, and what the model says"
    return page_of(
        title,
        "Each claim below ought to be true of the model and could turn out false. It was put to the model, and this is "
        "what the model said. A claim that fails is kept, and comes first.",
        sections,
        tab=title,
        above=f"{_counts(evidence)}{warnings}{_groups(evidence)}",
        css=OWN_CSS,
        foot="Kith is for explanation and for talking things through, not for prediction. That a claim holds says that "
        "the model does what it should; it says nothing by itself about any real town.",
    )


HOW = """
<p>The <b>figure</b> is what the model gave, and passes when it lies in the range it <b>must be</b> in. The
<b>95% interval</b> says how sure the figure is, where it comes from several towns; towns are paired by luck, so that
they differ only in what is asked about. What was found by searching was lived again on seeds the search had not
seen.</p>
<p><b>Held to</b> says how closely the model is held to the claim, after Axtell, Axelrod, Epstein and Cohen (1996):
<i>exact</i>, to the digit; <i>distributional</i>, the same distribution; <i>relational</i>, the same direction. Figures
marked “reported” may be anything and are shown so that nothing is left out.</p>
<p>The <b>plausible box</b> holds every number that nobody has measured here, from half to double its default (for
shares and chances, half to double the odds). Places in it at which the calm town is not like a town, idle or
overrun or far from a mean wellbeing of 7.5, are left out before anything is compared.</p>
"""


def _counts(evidence: Evidence) -> str:
    many, bad = len(evidence.answers), len(evidence.failures)
    cells = ((many, "claims put"), (many - bad, "✓ passed"), (bad, "✗ failed"))
    return '<div class="counts">' + "".join(f"<p><b>{count}</b>{words}</p>" for count, words in cells) + "</div>"


def _groups(evidence: Evidence) -> str:
    rows = [
        f'<tr><th scope="row">{escape(group.value)}</th><td>{good + bad}</td><td>{good}</td><td>{bad}</td></tr>'
        for group, (good, bad) in evidence.by_group.items()
    ]
    return table_of(("Why it is claimed", "Claims", "✓ Passed", "✗ Failed"), rows, "Claims by group.")


def _claims(answers: tuple[Answer, ...] | list[Answer], otherwise: str) -> str:
    return "".join(map(_claim, answers)) or f"<p>{otherwise}</p>"


def _claim(answer: Answer) -> str:
    claim = answer.claim
    kind = "passed" if answer.passed else "failed"
    judged, bad = len(answer.judged), len(answer.failed)
    told = f"{judged - bad} of {judged} findings passed"
    told += f", {len(answer.findings) - judged} more reported" if len(answer.findings) > judged else ""
    broken = ""
    if answer.error:
        broken = f"<p><b>The check broke:</b></p><pre>{escape(answer.traceback.strip())}</pre>"
    rest = [each for each in answer.findings if each not in answer.failed]
    findings = _findings(answer.failed, f"Findings of {claim.id} that failed.") if answer.failed else ""
    if rest:
        table = _findings(rest, f"{'Other findings' if answer.failed else 'Findings'} of {claim.id}.")
        findings += f"<details><summary>{told}</summary>{table}</details>"
    return (
        f'<article class="claim {kind}" id="{escape(claim.id)}" aria-label="{escape(claim.id)}">'
        f'<h3><span class="word {kind}">{SIGNS[answer.status]}</span> {escape(claim.says)}</h3>'
        f'<p class="meta"><code>{escape(claim.id)}</code> · held to {HELD_TO[claim.level]}</p>'
        f"<p>{escape(claim.source)}</p>{broken}{findings}</article>"
    )


def _findings(findings: Sequence[Finding], caption: str) -> str:
    rows = [_finding(each) for each in sorted(findings, key=lambda each: not each.judged)]
    heads = ("Result", "What", "Figure", "95% interval", "Must be", "Note")
    return table_of(heads, rows, escape(caption), "findings")


def _finding(finding: Finding) -> str:
    result = result_of(finding)
    cells = (finding.what or "–", number(finding.figure), interval_of(finding) or "–", range_of(finding), finding.note)
    tds = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row"><span class="word {result}">{SIGNS[result]}</span></th>{tds}</tr>'


def _made(evidence: Evidence) -> str:
    rows = [
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(_value(value))}</td></tr>'
        for name, value in parameters_used().items()
    ]
    return (
        "<p>The same version with the same seeds gives the same figures, with any number of workers:</p>"
        f"<pre>kith validate --seeds {evidence.seeds}</pre>"
        + provenance_table(made_with(evidence))
        + "<details><summary>Every parameter’s default; where a claim changes one, its source or its note says so"
        f"</summary>{table_of(('Parameter', 'Default'), rows, 'Parameters.', 'words')}</details>"
    )


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{each:g}" for each in value)
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
