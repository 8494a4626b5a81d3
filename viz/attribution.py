"""The answer of an attribution in words: a page to read, print and project, and a table for the terminal.

Change this file to change what readers are told about shares. Sentences come from the numbers by one template for
every group, outcome and governance; a share whose interval includes 0 is never said to help or to hurt. Numbers,
looks and the page's parts are those of pages.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from html import escape

from agents.declared import fields_of
from agents.terms import DIALS, GROUPS, Terms
from experiments.attribution import (
    BUFFER,
    FIRST_IN,
    INTERACTION,
    LAST_OUT,
    LEVEL,
    SHARE,
    TOTAL,
    UNDER_SHOCK,
    Attribution,
    Cost,
)
from experiments.intervals import FEW, Estimate
from experiments.pairs import PRIMARY, direction, shown
from experiments.resilience import LOSSES
from experiments.store import QUESTION, provenance
from experiments.words import listed, small
from simulation.scenario import SETTLING
from viz.pages import (
    LIMITS,
    NULL,
    NULL_SAID,
    cells_of,
    difference_cell,
    figure_of,
    made_with_kith,
    page_of,
    table_of,
    warned,
)
from viz.readings import Reading, better, bracketed, fitting, interval, label, reading, verdict
from viz.report import lived

WORDS = {LEVEL: "In calm months", BUFFER: "In what the shock did", UNDER_SHOCK: "Under the shock"}


def quantities_of(attribution: Attribution, measure: str) -> tuple[str, ...]:
    """What can be shared out for a measure: a resilience loss has a buffer only, a setting without shocks a level."""
    if not attribution.scenario.shocks:
        return () if measure in LOSSES else (LEVEL,)
    return (BUFFER,) if measure in LOSSES else (LEVEL, BUFFER)


def chosen(attribution: Attribution, more: Sequence[str]) -> list[str]:
    """The measures to show: those declared in advance, and what else was asked for."""
    return [each for each in dict.fromkeys((*PRIMARY, *more)) if quantities_of(attribution, each)]


# ---- the terminal -----------------------------------------------------------------------------------


def cost_line(cost: Cost) -> str:
    """What an attribution takes, before it is lived."""
    return (
        f"{cost.mixtures:,} mixtures of dials, {cost.towns:,} towns, {cost.workers} at once: "
        f"about {lasting(cost.seconds)}"
    )


def lasting(seconds: float) -> str:
    """A length of time in words."""
    for size, unit in ((3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{math.ceil(seconds)} seconds" if seconds > 1.0 else "a second"


def attribution_text(attribution: Attribution, more: Sequence[str] = ()) -> str:
    """Shares of every group as plain text, at most 100 columns wide."""
    first, second = map(shown, attribution.names)
    seeds = len(attribution.replicates)
    lines = [f"Null hypothesis: {small(NULL)}", how_many(attribution), ""]
    if not seeds:
        return "\n".join([*lines, "No seed was lived to the end, so there is nothing to share out."])
    lines += [f"What each group of dials adds to the difference, {second} less {first}.", ""]
    for measure in chosen(attribution, more):
        how, quantities = reading(measure), quantities_of(attribution, measure)
        lines.append(f"{how.title} ({how.difference}; {better(measure)})"[:100])
        heads = "".join(f"{_heading(quantity):<40}" for quantity in quantities)
        lines.append(f"  {'':<14}{heads}".rstrip())
        for name in (*GROUPS, TOTAL):
            step = (TOTAL, "") if name == TOTAL else (SHARE, name)
            found = [attribution.estimate(*step, quantity, measure) for quantity in quantities]
            cells = "".join(f"{bracketed(each, how, 38):<40}" for each in found)
            lines.append(f"  {'in all' if name == TOTAL else name:<14}{cells}".rstrip())
        lines.append("")
    lines += [f"{group}: {', '.join(dials)}" for group, dials in GROUPS.items() if len(dials) > 1 or group != dials[0]]
    if attribution.between.groups.keys() != GROUPS.keys():
        same = [group for group in GROUPS if group not in attribution.between.groups]
        lines.append(f"The same in both, so exactly 0: {', '.join(same)}.")
    lines.append("")
    if seeds == 1:
        lines.append("One seed gives no interval: ask for more with --seeds 30.")
    lines += [
        "Shapley shares: what moving a group adds, averaged over every order of moving all of them; they add",
        "up to the whole. [ ] is the 95% interval; after it, the share of seeds with this sign. Where an",
        "interval includes 0, nothing can be told. What a dial does moved first and moved last: see the page.",
    ]
    return "\n".join(lines)


def _heading(quantity: str) -> str:
    return {LEVEL: "level: in calm months", BUFFER: "buffer: in what the shock did"}[quantity]


def how_many(attribution: Attribution) -> str:
    """What was lived, and how often, in one line."""
    return f"{lived(attribution)}, {len(attribution.mixtures)} mixtures of dials"


def provisional_line(attribution: Attribution) -> str:
    """A first look, clearly marked, while the other seeds are still being lived."""
    how = reading("unmet_need")
    found = attribution.first_look("unmet_need")
    lines = [f"provisional, {len(attribution.replicates)} of {attribution.seeds} seeds: shares in unmet need, points"]
    for place, what in enumerate(("level", "buffer") if attribution.scenario.shocks else ("level",)):
        parts = [f"{name} {how.change(found[name][place])}" for name in attribution.between.groups]
        parts.append(f"in all {how.change(found[TOTAL][place])}")
        lines.append(f"  {what}: {', '.join(parts)}")
    return "\n".join(lines)


# ---- sentences --------------------------------------------------------------------------------------


def in_short(attribution: Attribution) -> list[str]:
    """In calm months and in the shock: which groups are for the better, which for the worse."""
    first, second = map(shown, attribution.names)
    said = []
    for quantity in (LEVEL, BUFFER) if attribution.scenario.shocks else (LEVEL,):
        measures = [each for each in PRIMARY if quantity in quantities_of(attribution, each)]
        sides: dict[str, list[str]] = {"better": [], "worse": [], "mixed": [], "unsure": []}
        for group in attribution.between.groups:
            found = [(each, attribution.estimate(SHARE, group, quantity, each)) for each in measures]
            told = {verdict(each, share) for each, share in found if share is not None} & {"better", "worse"}
            side = "mixed" if len(told) == 2 else told.pop() if told else "unsure"
            sides[side].append(group)
        ways = [f"for the {side} through {listed(sides[side])}" for side in ("better", "worse") if sides[side]]
        parts = [f"{WORDS[quantity]}, moving from {first} to {second} is {' and '.join(ways)}."] if ways else []
        if sides["mixed"]:
            parts.append(f"Better on some outcomes and worse on others: {listed(sides['mixed'])}.")
        if sides["unsure"]:
            where = "" if ways else f" {small(WORDS[quantity])}"
            parts.append(f"Not to be told from nothing{where}: {listed(sides['unsure'])}.")
        if parts:
            said.append(" ".join(parts))
    return said or [f"No dial differs between {first} and {second}, so there is nothing to share out."]


def count_sentence(attribution: Attribution) -> str:
    """How many shares of the outcomes declared in advance can be told from 0."""
    if len(attribution.replicates) < 2:
        return "With one seed there are no intervals, and no share can be told from 0."
    found = [
        attribution.estimate(SHARE, group, quantity, measure)
        for measure in PRIMARY
        for quantity in quantities_of(attribution, measure)
        for group in attribution.between.groups
    ]
    apart = sum(each is not None and each.told_apart for each in found)
    return (
        f"Of {len(found)} shares in the outcomes declared in advance, {apart} can be told from 0; about one in twenty "
        "would be by chance alone if none were real. Large shares may cancel in a small whole: look at both."
    )


def outcome_sentences(attribution: Attribution, measure: str) -> list[str]:
    """What one outcome's difference is made of, and where the dials depend on each other most."""
    first, second = map(shown, attribution.names)
    how, said = reading(measure), []
    for quantity in quantities_of(attribution, measure):
        whole = attribution.estimate(TOTAL, "", quantity, measure)
        if whole is None:
            continue
        said.append(
            f"{WORDS[quantity]} {second} differs from {first} by {how.change(whole.mean)} {how.difference} "
            f"({interval(whole, how)}: {verdict(measure, whole)})."
        )
        sides: dict[str, list[str]] = {side: [] for side in SIDES}
        for group in attribution.between.groups:
            share = attribution.estimate(SHARE, group, quantity, measure)
            if share is not None:
                sides[verdict(measure, share)].append(f"{group} {_change(share, how)}")
        parts = [f"{SIDES[side]}: {listed(shares)}" for side, shares in sides.items() if shares]
        if parts:
            said[-1] += f" Of that, {'; '.join(parts)}."
    return said


SIDES = {
    "better": "for the better", "worse": "for the worse", "more": "more", "less": "less",
    "cannot be told from no difference": "not to be told from nothing",
    "one seed, so nothing can be told": "from one seed, so not to be told",
}  # fmt: skip
"""What a verdict is called in a list."""


def _change(found: Estimate, how: Reading) -> str:
    """A mean as text, with enough decimals to stand apart from 0 where its interval does."""
    return fitting(found, how).change(found.mean)


def interaction_sentences(attribution: Attribution, measure: str) -> list[str]:
    """The dial that depends most on the others, in calm months and in what the shock did."""
    first, second = map(shown, attribution.names)
    how, said = reading(measure), []
    for quantity in quantities_of(attribution, measure):
        found = {dial: attribution.estimate(INTERACTION, dial, quantity, measure) for dial in attribution.between.dials}
        sure = {dial: each.mean for dial, each in found.items() if each is not None and each.told_apart}
        if not sure:
            said.append(f"{WORDS[quantity]} no dial can be told to do more in one company than in the other.")
            continue
        most = max(sure, key=lambda dial: abs(sure[dial]))
        ends = [attribution.estimate(step, most, quantity, measure) for step in (FIRST_IN, LAST_OUT)]
        alone, among = (how.change(each.mean) if each else "–" for each in ends)
        said.append(
            f"{WORDS[quantity]} {_dial(most)} depends most on the other dials: it adds {alone} among {first}’s and "
            f"{among} among {second}’s."
        )
    return said


def _dial(name: str) -> str:
    return name.replace("_", " ")


# ---- the page ---------------------------------------------------------------------------------------


WHOLE = ".whole th,.whole td{background:#F3EFE7;border-top:2px solid var(--ink)}\n"
"""The row that the rows above it add up to."""


def attribution_html(attribution: Attribution, more: Sequence[str] = ()) -> str:
    """The whole page. It needs at least one seed lived to the end, and no network."""
    scenario = attribution.scenario
    first, second = map(shown, attribution.names)
    title = f"Which dials make {second} differ from {first}?"
    measures = chosen(attribution, more)
    sections = [
        ("answer", "The answer in short", _answer_section(attribution)),
        ("glance", "All shares at a glance", _glance_section(attribution, measures)),
        ("shares", "Outcome by outcome", _shares_section(attribution, measures)),
        ("dials", "One dial at a time", _dials_section(attribution, measures)),
        ("reading", "How to read the shares", _reading_section(attribution)),
        ("assumed", "What is assumed", _assumed_section(attribution)),
        ("compared", "The dials of both", _compared_section(attribution)),
        ("limits", "What this can and cannot tell", LIMITS),
        ("again", "How to do it again", _again_section(attribution)),
    ]
    return page_of(
        title,
        f"{escape(scenario.title or scenario.name)}. {_lead(attribution)}",
        sections,
        above=NULL_SAID + _warnings(attribution),
        css=WHOLE,
        foot=made_with_kith(provenance(attribution)["kith"]),
    )


def _lead(attribution: Attribution) -> str:
    scenario, seeds = attribution.scenario, len(attribution.replicates)
    worlds = ", with the shock and without it," if scenario.shocks else ""
    return (
        f"{len(attribution.mixtures)} mixtures of the two, each lived {seeds} time{'' if seeds == 1 else 's'} with the "
        f"same luck{worlds} in a model town of {scenario.residents:,}; months {SETTLING} to {scenario.months - 1} are "
        "reported."
    )


def _warnings(attribution: Attribution) -> str:
    said, seeds = [], len(attribution.replicates)
    if attribution.stopped:
        said.append(f"This was stopped early, after {seeds} of {attribution.seeds} seeds.")
    if attribution.failures:
        task, each = attribution.failures[0]
        said.append(
            f"{len(attribution.failures)} runs failed and their seeds are left out of every table. The first: "
            f"{task.governance}, {task.world}, seed {task.scenario.seed}: {each.error}"
        )
    if seeds == 1:
        said.append("One seed gives no intervals. Ask for more: --seeds 30.")
    elif seeds < FEW:
        said.append(f"With fewer than {FEW} seeds the intervals are rough.")
    if attribution.rules:
        said.append("This is a modified model: some rules were replaced (see the last section).")
    said += attribution.cautions
    return warned(said)


def _answer_section(attribution: Attribution) -> str:
    short = "".join(f'<p class="first">{escape(each)}</p>' for each in in_short(attribution))
    return (
        f'<div class="answer">{short}<p>{escape(count_sentence(attribution))}</p></div>'
        "<p>Said of the outcomes declared in advance: wellbeing, wellbeing of the lowest tenth, unmet need and "
        "resilience loss. A group is named as better, or as worse, where it is so on some outcome and the other on "
        "none. No dial is free: what it costs is charged in the same rules, and is in these numbers.</p>"
    )


def _glance_section(attribution: Attribution, measures: Sequence[str]) -> str:
    columns = [(measure, quantity) for measure in measures for quantity in quantities_of(attribution, measure)]
    heads = ["Group"] + [
        f"{escape(reading(measure).title)}<small>{WORDS[quantity].lower()}</small>"
        f"<small>{escape(_unit(reading(measure)))}</small>"
        for measure, quantity in columns
    ]
    rows = []
    for name in (*GROUPS, TOTAL):
        step = (TOTAL, "") if name == TOTAL else (SHARE, name)
        cells = []
        for measure, quantity in columns:
            found, how = attribution.estimate(*step, quantity, measure), reading(measure)
            cells.append(_short(found, how, measure))
        kind = ' class="whole"' if name == TOTAL else ""
        rows.append(f'<tr{kind}><th scope="row">{_group_shown(attribution, name)}</th>{cells_of(cells)}</tr>')
    return table_of(
        heads, rows,
        "What each group adds to the difference; the last row is the whole, and the rows above add up to it. Bold "
        "where the 95% interval leaves out 0.",
        "wide",
    )  # fmt: skip


def _unit(how: Reading) -> str:
    return {"percentage points": "points", "percentage-point months": "point-months"}.get(
        how.difference, how.difference
    )


def _short(found: Estimate | None, how: Reading, measure: str) -> str:
    if found is None:
        return "–"
    mean = _change(found, how)
    return f'<span class="apart">{mean}</span><small>{verdict(measure, found)}</small>' if found.told_apart else mean


def _group_shown(attribution: Attribution, name: str) -> str:
    if name == TOTAL:
        return (
            f"The whole<small>{escape(shown(attribution.names[1]))} less {escape(shown(attribution.names[0]))}</small>"
        )
    return f"{name}<small>{', '.join(map(_dial, GROUPS[name]))}</small>"


def _shares_section(attribution: Attribution, measures: Sequence[str]) -> str:
    from viz import attribution_charts as charts  # noqa: PLC0415  matplotlib is slow to import

    found = []
    for measure in measures:
        how, quantities = reading(measure), quantities_of(attribution, measure)
        what = label(measure)[0]
        about = escape("; ".join(([] if what == how.title else [what]) + [how.difference, better(measure)]))
        found.append(f"<h3>{escape(how.title)} <small>{about}</small></h3>")
        found.append("".join(f"<p>{escape(each)}</p>" for each in outcome_sentences(attribution, measure)))
        if len(attribution.replicates) > 1 and attribution.between.groups:
            chart = charts.share_chart(
                attribution, measure, quantities, how.title, how.difference, how.scale, direction(measure),
                partial(_change, how=how),
            )  # fmt: skip
            caption = "Bar: what the group adds. Line: 95% interval; hollow bar: it includes 0, so nothing can be told."
            found.append(figure_of(chart, caption))
        found.append(_shares_table(attribution, measure, how))
    return "".join(found)


def _shares_table(attribution: Attribution, measure: str, how: Reading) -> str:
    quantities = quantities_of(attribution, measure)
    if len(quantities) == 2:
        quantities = (*quantities, UNDER_SHOCK)
    rows = []
    for name in (*GROUPS, TOTAL):
        step = (TOTAL, "") if name == TOTAL else (SHARE, name)
        cells = [
            difference_cell(attribution.estimate(*step, quantity, measure), how, measure) for quantity in quantities
        ]
        kind = ' class="whole"' if name == TOTAL else ""
        rows.append(f'<tr{kind}><th scope="row">{_group_shown(attribution, name)}</th>{cells_of(cells)}</tr>')
    caption = f"{escape(how.title)}: shares in the difference, {escape(how.difference)}, with 95% intervals."
    return table_of(("Group", *(WORDS[quantity] for quantity in quantities)), rows, caption)


def _dials_section(attribution: Attribution, measures: Sequence[str]) -> str:
    from viz import attribution_charts as charts  # noqa: PLC0415

    first, second = (escape(shown(name)) for name in attribution.names)
    if not attribution.between.dials:
        return "<p>No dial differs.</p>"
    found = [
        f"<p>Each dial is moved by itself, twice: <b>first</b>, among {first}’s other dials, and <b>last</b>, when "
        f"all others are {second}’s already. Where the two agree, the other dials hardly matter to it. Where they do "
        "not, it does more in one company than in the other, and no single number says what it does. These steps do "
        "not add up to the whole.</p>"
    ]
    for measure in measures:
        how, quantities = reading(measure), quantities_of(attribution, measure)
        found.append(f"<h3>{escape(how.title)} <small>{escape(how.difference)}; {better(measure)}</small></h3>")
        found.append("".join(f"<p>{escape(each)}</p>" for each in interaction_sentences(attribution, measure)))
        if len(attribution.replicates) > 1:
            chart = charts.ladder_chart(
                attribution, measure, quantities, how.title, how.difference, how.scale, direction(measure)
            )
            found.append(figure_of(chart, "Line: 95% interval; hollow point: it includes 0, so nothing can be told."))
        found.append(_ladder_table(attribution, measure, how, quantities))
    return "".join(found)


def _ladder_table(attribution: Attribution, measure: str, how: Reading, quantities: Sequence[str]) -> str:
    columns = [(quantity, step) for quantity in quantities for step in (FIRST_IN, LAST_OUT, INTERACTION)]
    words = {FIRST_IN: "moved first", LAST_OUT: "moved last", INTERACTION: "last less first"}
    rows = []
    for group, dials in GROUPS.items():
        moved = [dial for dial in dials if dial in attribution.between.dials]
        names = [group, *moved] if len(moved) > 1 else moved
        for name in names:
            cells = [_plain(attribution.estimate(step, name, quantity, measure), how) for quantity, step in columns]
            head = f"<b>{name}</b> together" if name == group else _dial(name)
            rows.append(f'<tr><th scope="row">{head}</th>{cells_of(cells)}</tr>')
    heads = ("Dial", *(f"{words[step]}<small>{WORDS[quantity].lower()}</small>" for quantity, step in columns))
    caption = (
        f"{escape(how.title)}, {escape(how.difference)}, with 95% intervals; bold where they leave out 0. "
        f"{_same_dials(attribution)}"
    )
    return table_of(heads, rows, caption, "wide")


def _same_dials(attribution: Attribution) -> str:
    same = [_dial(dial) for dial in DIALS if dial not in attribution.between.dials]
    return f"The same in both, so exactly 0: {listed(same)}." if same else ""


def _plain(found: Estimate | None, how: Reading) -> str:
    if found is None:
        return "–"
    if found.known and found.low == found.high == 0.0:
        return "0"
    mean = _change(found, how)
    mean = f'<span class="apart">{mean}</span>' if found.told_apart else mean
    return f"{mean}<small>{interval(found, how)}</small>"


def _reading_section(attribution: Attribution) -> str:
    first, second = (escape(shown(name)) for name in attribution.names)
    groups = len(attribution.between.groups)
    return (
        f"<p>Begin with a town held by {first}, and move its dials to {second}, one group after another, until all "
        "are moved. Each group adds something as it is moved. How much depends on which groups were moved before it: "
        "a penalty is worth nothing where nothing is enforced. So every order is tried, and a group’s <b>share</b> is "
        f"the mean of what it added. With {groups} groups there are {math.factorial(groups):,} orders, which pass "
        f"through {2**groups} different towns. All of those were lived, so the shares are exact, and only luck is "
        "sampled.</p><ul>"
        "<li>Shares <b>add up</b> to the whole difference, in every seed.</li>"
        "<li>A group in which the two do not differ, or that changes nothing, has a share of <b>0</b>.</li>"
        "<li>Two groups that would do the same in any company have the <b>same</b> share.</li>"
        "<li>Shares can be <b>larger than the whole</b>, where some pull one way and some the other.</li>"
        "</ul><p>These are Shapley values (Shapley 1953). A share above 0 says that the number goes up as the group is "
        "moved; whether that is better is written beside it.</p>"
    )


def _assumed_section(attribution: Attribution) -> str:
    first, second = (escape(shown(name)) for name in attribution.names)
    changed = attribution.scenario.parameters
    rest = (
        f" Changed for this question: {escape(', '.join(f'{k} = {v}' for k, v in changed.items()))}." if changed else ""
    )
    return (
        "<ul>"
        "<li><b>Every order counts alike.</b> Nobody moves dials in a random order. It is a fair way of sharing what "
        "dials do together, and it is a convention. Moved first and moved last, above, do not depend on it.</li>"
        "<li><b>The groups are ours.</b> Dials split or put together otherwise would have other shares.</li>"
        f"<li><b>Most mixtures are nobody’s proposal.</b> Between {first} and {second} lie towns with penalties and no "
        "enforcement, or long terms that are never renewed. They are lived all the same, because shares need them."
        "</li>"
        f"<li><b>A share is of this difference.</b> It belongs to how far {first} and {second} stand apart on each "
        "dial. It is not what the dial does in general, and a dial moved twice as far need not do twice as much.</li>"
        "<li><b>Equal budgets, not equal spending.</b> Every mixture has the same funding, staff and hours to begin "
        "with, and pays for its own dials.</li>"
        "<li><b>Intervals are over luck.</b> They say how sure the mean over seeds is in this model, and nothing about "
        "whether its rules and its assumed numbers are right. See every one of them: <code>kith parameters</code>."
        f"{rest}</li></ul>"
    )


def _compared_section(attribution: Attribution) -> str:
    declared = fields_of(Terms)
    between = attribution.between
    rows: list[str] = []
    for group, dials in GROUPS.items():
        rows.append(f'<tr class="group"><th colspan="4" scope="colgroup">{group}</th></tr>')
        for dial in dials:
            cells = [_values(held[layer][dial] for layer in held) for held in (between.first, between.second)]
            row = f'<th scope="row">{_dial(dial)}<small>{escape(declared[dial].unit)}</small></th>{cells_of(cells)}'
            rows.append(f'<tr>{row}<td style="text-align:left">{escape(declared[dial].meaning)}</td></tr>')
    heads = ("Dial", *(escape(shown(name)) for name in attribution.names), "Meaning")
    return table_of(
        heads, rows, "The dials of each governance, by group. No rule of the model reads a governance’s name."
    )


def _values(values: Iterable[float]) -> str:
    return " / ".join(dict.fromkeys(f"{value:g}" for value in values))


def _again_section(attribution: Attribution) -> str:
    made = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in provenance(attribution).items()
    )
    rules = ""
    if attribution.rules:
        rules = f"<p>These rules took the place of the model’s own:</p><pre>{escape(attribution.rules)}</pre>"
    return (
        f"<p><code>{QUESTION}</code> beside this page says everything that was asked:</p>"
        f"<pre>kith attribute {QUESTION}</pre>"
        "<p><code>attribution</code> (Parquet and CSV) holds every total, share and step for every measure of the "
        "model, and <code>runs</code> what each mixture came to in each seed.</p>"
        + table_of(("What", "Version"), [made], "What made these results.", "words")
        + rules
    )


__all__ = ["attribution_html", "attribution_text", "cost_line", "provisional_line"]
