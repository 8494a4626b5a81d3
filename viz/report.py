"""The answer of a comparison in words: a page to read, print and project, and a table for the terminal.

Change this file to change what readers are told. Every sentence is made from the numbers, by the same template for
every governance and every outcome; nothing is called better while its interval includes 0, and where a governance
loses is always said. The page stands alone: it needs no network.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

from agents.declared import ASSUMED, BORROWED, MEASURED, fields_of
from agents.parameters import Parameters
from agents.terms import NOTES, Terms, terms_for
from experiments import resilience
from experiments.intervals import FEW, Estimate
from experiments.pairs import BEARERS, COST, NAMES, PRIMARY, Comparison, direction, shown
from experiments.plausible import Across, Plausible
from experiments.store import Asked, provenance
from experiments.words import capital, listed, minus, pounds, small
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
    provenance_table,
    table_of,
    warned,
)
from viz.readings import TITLES, Reading, better, bracketed, interval, label, reading, verdict

BEARER_WORDS = {
    "borne_by_funders": "funders",
    "borne_by_partners": "partners' reserves",
    "borne_by_staff": "staff, unpaid",
    "borne_by_residents": "residents",
}


# ---- the terminal -----------------------------------------------------------------------------------


def headline_text(comparison: Comparison) -> str:
    """The headline table as plain text, at most 100 columns wide."""
    seeds = len(comparison.replicates)
    lines = [f"Null hypothesis: {small(NULL)}", how_many(comparison), ""]
    if not seeds:
        return "\n".join([*lines, "No seed was lived to the end, so there is nothing to compare."])
    first = shown(comparison.first)
    for measure in PRIMARY:
        how = reading(measure)
        unit = f"{how.unit}, {how.difference}" if how.scale == 100.0 else how.unit
        lines.append(f"{how.title} ({unit}; {better(measure)})")
        lines.append(f"  {'':<18} {'calm':>7}  {f'level: against {first}'[:30]:<30} {'effect':>8}  buffer")
        lines += [_headline_line(comparison, name, measure, how) for name in comparison.governances]
        lines.append("")
    lines += _borne_lines(comparison)
    lines += _plausible_lines(comparison)
    if seeds == 1:
        lines.append("One seed gives no interval: ask for more with --seeds 30.")
    else:
        lines += [
            "[ ] is the 95% interval; after it, the share of seeds with this sign. Level: difference in the calm",
            "town. Effect: what the shock did, with the same luck. Buffer: difference in the effect. Where an",
            "interval includes 0, no difference can be told.",
        ]
    return "\n".join(lines)


def _headline_line(comparison: Comparison, name: str, measure: str, how: Reading) -> str:
    calm, effect = (comparison.estimate(name, measure, quantity) for quantity in ("calm", "effect"))
    cells = [bracketed(comparison.estimate(name, measure, quantity), how) for quantity in ("level", "buffer")]
    level = how.level(calm.mean) if calm else ""
    changed = how.change(effect.mean) if effect else ""
    return f"  {_cut(shown(name), 18):<18} {level:>7}  {cells[0]:<30} {changed:>8}  {cells[1]}".rstrip()


def _borne_lines(comparison: Comparison) -> list[str]:
    lines = ["Who bore the rise in costs (£ a resident over the reported months, and % of the rise)"]
    heads = "".join(f"{word:>18}" for word in ("funders", "partners", "staff", "residents"))
    lines.append(f"  {'':<18}{'rise':>8}{heads}")
    for name in comparison.governances:
        mine = comparison.borne(name)
        cells = "".join(f"{pounds(mine[who].pounds) + _share(mine[who].share):>18}" for who in BEARERS)
        lines.append(f"  {_cut(shown(name), 18):<18}{pounds(mine[COST].pounds):>8}{cells}")
    return [*lines, ""]


def _plausible_lines(comparison: Comparison) -> list[str]:
    plausible = comparison.plausible
    if plausible is None:
        return []
    lines = [_plausible_head(plausible), f"  {'':<18} {'level':<36} buffer"]
    for measure in PRIMARY:
        how = reading(measure)
        lines.append(f"  {how.title} ({how.difference})")
        for name in comparison.others:
            cells = [_across(plausible.across(name, measure, quantity), how) for quantity in ("level", "buffer")]
            lines.append(f"  {_cut(shown(name), 18):<18} {cells[0]:<36} {cells[1]}".rstrip())
    return [*lines, "  Median [lowest, highest], and the share of plausible towns with the sign found above.", ""]


def _plausible_head(plausible: Plausible) -> str:
    towns = len(plausible.comparisons)
    old = "; found for another version of the rules" if plausible.stale else ""
    return f"Across {towns} plausible towns ({plausible.seeds} seeds each{old})"


def _across(found: Across | None, how: Reading) -> str:
    if found is None:
        return ""
    ends = f"{how.change(found.low)}, {how.change(found.high)}"
    return f"{how.change(found.median)} [{ends}] {100 * found.same_sign:.0f}%"


def _share(share: float) -> str:
    return "" if math.isnan(share) else f" ({minus(f'{share:.1f}%')})"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def how_many(comparison: Comparison) -> str:
    """What was compared, and how often, in one line."""
    return f"{lived(comparison)}, each town with the shock and without it"


def lived(asked: Asked) -> str:
    """Which town was lived, with how many seeds, and over which months."""
    scenario, seeds = asked.scenario, len(asked.replicates)
    many = f"{seeds} seed" + ("" if seeds == 1 else "s")
    if seeds < asked.seeds:
        many += f" of {asked.seeds} asked"
    return (
        f"{scenario.name or scenario.title or 'scenario'}: {many}, {scenario.residents:,} "
        f"resident{'' if scenario.residents == 1 else 's'}, months {SETTLING} to {scenario.months - 1}"
    )


def provisional_line(comparison: Comparison) -> str:
    """A first look, clearly marked, while the other seeds are still being lived."""
    how = reading("unmet_need")
    against = f" against {shown(comparison.first)}" if comparison.others else ""
    lines = [f"provisional, {len(comparison.replicates)} of {comparison.seeds} seeds: unmet need, points{against}"]
    for name in comparison.others:
        cells = [bracketed(found, how) for found in comparison.first_look(name, "unmet_need")]
        lines.append(f"  {_cut(shown(name), 18):<18}  level {cells[0]:<30}  buffer {cells[1]}".rstrip())
    return "\n".join(lines)


# ---- sentences --------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """The answer in short: some words on each governance, where each loses, who paid, and the null hypothesis."""

    summary: list[str]
    losses: dict[str, list[str]]
    payers: list[str]
    null: str


def answer(comparison: Comparison) -> Answer:
    """The answer in short, made from the numbers alone by the same template for every governance."""
    first = shown(comparison.first)
    summary = [_sorted_out(comparison, name, first) for name in comparison.others]
    summary = summary or ["Only one governance was asked for, so there is nothing to compare it with."]
    if not comparison.scenario.shocks:
        summary.insert(0, "In this setting nothing comes from outside, so there is no shock to be hurt by.")
    losses = {name: _where_it_loses(comparison, name) for name in comparison.governances if comparison.others}
    payers = [_borne_sentence(comparison, name) for name in comparison.governances]
    return Answer(summary, losses, payers, _null_sentence(comparison))


def _sorted_out(comparison: Comparison, name: str, first: str) -> str:
    """On which primary outcomes a governance is better, worse or not to be told apart: in calm, then in the shock."""
    calm = _sides(comparison, name, "level", ("is better than", "is worse than"), first)
    if not comparison.scenario.shocks:
        return f"{capital(shown(name))} {calm}."
    shock = _sides(comparison, name, "buffer", ("is hurt less than", "is hurt more than"), first)
    return f"In calm months {shown(name)} {calm}. When the shock comes, it {shock}."


def _sides(comparison: Comparison, name: str, quantity: str, words: tuple[str, str], first: str) -> str:
    sides: dict[str, list[str]] = {"better": [], "worse": [], "unsure": []}
    for measure in PRIMARY:
        found = comparison.estimate(name, measure, quantity)
        if found is not None:
            side, how = verdict(measure, found), reading(measure)
            size = f"{small(TITLES[measure])} ({how.change(found.mean)} {how.difference})"
            sides[side if side in sides else "unsure"].append(size)
    headed = ((words[0], "better"), (words[1], "worse"), ("cannot be told from", "unsure"))
    return listed(f"{said} {first} on {listed(sides[side])}" for said, side in headed if sides[side])


def _where_it_loses(comparison: Comparison, name: str) -> list[str]:
    """Where a governance is behind, on any outcome with a better and a worse side, in calm and under the shock."""
    pairs = [(name, comparison.first)] if name != comparison.first else [(name, other) for other in comparison.others]
    parts = []
    for _, other in pairs:
        for quantity, words in (("level", "In calm months"), ("buffer", "In what the shock does")):
            behind = [
                measure.replace("_", " ")
                for measure in NAMES
                if measure not in (COST, *BEARERS) and _behind(comparison, name, other, measure, quantity)
            ]
            if behind:
                more = f" and {len(behind) - MANY} more" if len(behind) > MANY else ""
                shortened = ", ".join(behind[:MANY]) + more if more else listed(behind)
                parts.append(f"{words}, to {shown(other)} on {shortened}.")
    return parts or ["Nowhere that can be told."]


MANY = 6
"""Outcomes to name in a sentence."""


def _behind(comparison: Comparison, name: str, other: str, measure: str, quantity: str) -> bool:
    if not direction(measure):
        return False
    turned = name == comparison.first
    found = comparison.estimate(other if turned else name, measure, quantity)
    return found is not None and verdict(measure, found) == ("better" if turned else "worse")


def _borne_sentence(comparison: Comparison, name: str) -> str:
    mine = comparison.borne(name)
    if math.isnan(mine[COST].share):
        return f"Under {shown(name)} costs did not rise, so there was nothing to bear."
    parts = [f"{BEARER_WORDS[who]} {minus(f'{mine[who].share:.0f}%')}" for who in BEARERS]
    gained = [BEARER_WORDS[who] for who in BEARERS if mine[who].pounds < -PENNIES]
    more = f" (below 0: {listed(gained)} gained while costs rose)" if gained else ""
    return (
        f"Under {shown(name)} the shock raised costs by {pounds(mine[COST].pounds)} a resident. "
        f"Who bore it: {', '.join(parts)}{more}."
    )


PENNIES = 0.5


def _null_sentence(comparison: Comparison) -> str:
    if len(comparison.replicates) < 2:
        return "With one seed there are no intervals, and nothing can be said about the null hypothesis."
    told = [
        comparison.estimate(name, measure, quantity)
        for name in comparison.others
        for measure in PRIMARY
        for quantity in (("level", "buffer") if comparison.scenario.shocks else ("level",))
    ]
    kept = [found for found in told if found is not None]
    apart = sum(found.told_apart for found in kept)
    if not kept:
        return "The null hypothesis was not put to the test."
    if not apart:
        return (
            f"Of {len(kept)} comparisons on the outcomes declared in advance, none can be told from no difference. The "
            "null hypothesis stands."
        )
    return (
        f"Of {len(kept)} comparisons on the outcomes declared in advance, {apart} can be told from no difference. "
        "In this model town the null hypothesis does not stand as a whole. That follows from the assumptions listed "
        "below; it says nothing by itself about any real town."
    )


def outcome_sentences(comparison: Comparison, measure: str) -> list[str]:
    """What happened to one primary outcome, governance by governance."""
    how = reading(measure)
    first = comparison.first
    base = comparison.estimate(first, measure, "calm")
    fall = comparison.estimate(first, measure, "effect")
    said = []
    if base is not None and fall is not None:
        said.append(
            f"Under {shown(first)} it is {how.level(base.mean)} in calm months, and the shock changes it by "
            f"{how.change(fall.mean)} {how.difference}."
        )
    elif fall is not None:
        said.append(f"Under {shown(first)} it is {how.level(fall.mean)} {how.difference}.")
    for name in comparison.others:
        parts = []
        for quantity, words in (("level", "in calm months"), ("buffer", "in what the shock did")):
            found = comparison.estimate(name, measure, quantity)
            if found is not None:
                parts.append(f"{how.change(found.mean)} {words} ({interval(found, how)}: {verdict(measure, found)})")
        said.append(f"{capital(shown(name))} differs by {listed(parts)}.")
    return said


# ---- the page ---------------------------------------------------------------------------------------


def report_html(comparison: Comparison) -> str:
    """The whole report as one page that stands alone. It needs at least one seed lived to the end."""
    scenario = comparison.scenario
    title = scenario.title or scenario.name or "A comparison"
    sections: list[tuple[str, str, str]] = [
        ("answer", "The answer in short", _answer_section(comparison)),
        ("who", "Who bore the cost", _borne_section(comparison)),
        ("headline", "The headline table", _headline_section(comparison)),
        ("months", "Month by month", _months_section(comparison)),
        ("resilience", "How far they fell, and whether they came back", _resilience_section(comparison)),
        ("outcomes", "Every other outcome", _outcomes_section(comparison)),
        ("shock", "What came from outside", _shock_section(comparison)),
        ("partners", "How partners fared", _partners_section(comparison)),
        ("compared", "What was compared", _compared_section(comparison)),
        ("limits", "What this can and cannot tell", LIMITS),
        ("assumptions", "What the answer rests on", _assumptions_section(comparison)),
        ("again", "How to do it again", _again_section(comparison)),
    ]
    if comparison.plausible is not None:
        sections.insert(3, ("plausible", "In other plausible towns", _plausible_section(comparison.plausible)))
    names = listed([shown(name) for name in comparison.governances])
    return page_of(
        title,
        f"When costs jump, does it matter for residents how services and their partners are held together? "
        f"Compared here: {escape(names)}. {_lead(comparison)}",
        sections,
        tab=f"{title}: {names} – Kith",
        above=NULL_SAID + _warnings(comparison),
        foot=made_with_kith(provenance(comparison)["kith"]),
    )


def _lead(comparison: Comparison) -> str:
    scenario, seeds = comparison.scenario, len(comparison.replicates)
    return (
        f"Each was lived {seeds} time{'' if seeds == 1 else 's'} with different luck, with the shock and without it, "
        f"in a model town of {scenario.residents:,}; months {SETTLING} to {scenario.months - 1} are reported."
    )


def _warnings(comparison: Comparison) -> str:
    said = []
    if comparison.stopped:
        said.append(
            f"This comparison was stopped early, after {len(comparison.replicates)} of {comparison.seeds} seeds."
        )
    if comparison.failures:
        task, each = comparison.failures[0]
        said.append(
            f"{len(comparison.failures)} of {len(comparison.tasks)} runs failed and their seeds are left out of every "
            f"table. The first: {shown(task.governance)}, {task.world}, seed {task.scenario.seed}: {each.error}"
        )
    if len(comparison.replicates) == 1:
        said.append("One seed gives no intervals. Ask for more: --seeds 30.")
    elif len(comparison.replicates) < FEW:
        said.append(f"With fewer than {FEW} seeds the intervals are rough.")
    if comparison.rules:
        said.append("This is a modified model: some rules were replaced (see the last section).")
    said += comparison.cautions
    return warned(said)


def _answer_section(comparison: Comparison) -> str:
    said = answer(comparison)
    lost = "".join(
        f"<dt>{escape(capital(shown(name)))}</dt>" + "".join(f"<dd>{escape(each)}</dd>" for each in losses)
        for name, losses in said.losses.items()
    )
    summary = "".join(f'<p class="first">{escape(each)}</p>' for each in said.summary)
    paid = "".join(f"<li>{escape(each)}</li>" for each in said.payers)
    outcomes = "".join(
        f"<h3>{TITLES[measure]} <small>{escape(reading(measure).difference)}; {better(measure)}</small></h3><p>"
        + " ".join(escape(each) for each in outcome_sentences(comparison, measure))
        + "</p>"
        for measure in PRIMARY
    )
    return (
        f'<div class="answer">{summary}<p>{escape(said.null)}</p></div>'
        + _differences_chart(comparison)
        + (f"<h3>Where each loses</h3><dl>{lost}</dl>" if lost else "")
        + f"<h3>Who paid</h3><ul>{paid}</ul>{outcomes}"
    )


def _headline_section(comparison: Comparison) -> str:
    first = escape(shown(comparison.first))
    rows = []
    for measure in PRIMARY:
        how = reading(measure)
        rows.append(
            f'<tr class="group"><th colspan="5" scope="colgroup">{escape(how.title)} '
            f"<small>{escape(label(measure)[0])}; {escape(how.unit)}; {better(measure)}</small></th></tr>"
        )
        for name in comparison.governances:
            calm, effect = (comparison.estimate(name, measure, quantity) for quantity in ("calm", "effect"))
            cells = [
                "–" if calm is None else how.level(calm.mean),
                _cell(comparison.estimate(name, measure, "level"), how, measure),
                _effect(effect, how),
                _cell(comparison.estimate(name, measure, "buffer"), how, measure),
            ]
            rows.append(f'<tr><th scope="row">{escape(shown(name))}</th>{cells_of(cells)}</tr>')
    heads = (
        "Governance",
        "In calm months",
        f"Level: against {first}, calm",
        "Effect of the shock",
        f"Buffer: against {first}’s effect",
    )
    table = table_of(
        heads,
        rows,
        "Means over seeds and reported months. Under each difference: its 95% interval, and the share of seeds with "
        "its sign. Bold where the interval leaves out 0.",
    )
    return (
        "<p><b>Level</b> is what a governance makes of calm months. <b>Effect</b> is what the shock did, against the "
        "same town with the same luck and no shock. <b>Buffer</b> is how that effect differs between governances. They "
        "are kept apart because a town can be better off all along and yet be hurt more.</p>" + table
    )


def _differences_chart(comparison: Comparison) -> str:
    """Level and buffer of the first three primary outcomes, with their intervals; nothing where there are none."""
    if not comparison.others or len(comparison.replicates) < 2:
        return ""
    from viz import plots  # noqa: PLC0415  matplotlib is slow to import, and the terminal needs none

    panels = []
    for measure in PRIMARY[:3]:
        how = reading(measure)
        panels.append((measure, how.title, how.difference, how.scale, direction(measure)))
    return figure_of(
        plots.headline_chart(comparison, panels),
        f"Difference from {shown(comparison.first)}; line: 95% interval; hollow point: the interval includes 0, so "
        "no difference can be told.",
    )


def _effect(found: Estimate | None, how: Reading) -> str:
    return "–" if found is None else f"{how.change(found.mean)}<small>{interval(found, how)}</small>"


def _cell(found: Estimate | None, how: Reading, measure: str) -> str:
    more = "" if found is None else f"{100 * found.sign_share:.0f}% of seeds" if found.known else "no interval"
    return difference_cell(found, how, measure) + (f"<small>{more}</small>" if more else "")


def _plausible_section(plausible: Plausible) -> str:
    default = plausible.default
    old = (
        '<p class="warn">These sets of parameters were found for another version of the rules; kith calibrate finds '
        "them anew.</p>"
        if plausible.stale
        else ""
    )
    rows = []
    for measure in PRIMARY:
        how = reading(measure)
        rows.append(
            f'<tr class="group"><th colspan="5" scope="colgroup">{escape(how.title)} ({escape(how.difference)}; '
            f"{better(measure)})</th></tr>"
        )
        for name in default.others:
            for quantity, words in (("level", "calm"), ("buffer", "what the shock did")):
                found = plausible.across(name, measure, quantity)
                usual = default.estimate(name, measure, quantity)
                if found is None or usual is None:
                    continue
                cells = (
                    how.change(usual.mean), how.change(found.median),
                    f"{how.change(found.low)} to {how.change(found.high)}", f"{100 * found.same_sign:.0f}%",
                )  # fmt: skip
                rows.append(f'<tr><th scope="row">{escape(capital(shown(name)))}, {words}</th>{cells_of(cells)}</tr>')
    heads = (f"Against {shown(default.first)}", "This town", "Median", "Lowest to highest", "Same sign")
    return (
        "<p>Most numbers of the model are assumed. The same comparison was made again with "
        f"{len(plausible.comparisons)} other sets of parameters, {plausible.seeds} seeds each. In each of them the "
        "town does what is known of towns like it, and they were chosen to lie far apart. What keeps its sign in all "
        "does not hang on these numbers; what changes it, does. The sets were found without looking at any difference "
        f"between governances.</p>{old}"
        + table_of(heads, rows, f"Over {len(plausible.comparisons)} plausible towns: means of each, not intervals.")
    )


def _borne_section(comparison: Comparison) -> str:
    from viz import plots  # noqa: PLC0415

    rows = []
    for name in comparison.governances:
        mine = comparison.borne(name)
        cells = [pounds(mine[COST].pounds)]
        for who in BEARERS:
            known = not math.isnan(mine[who].low)
            between = f"{pounds(mine[who].low)} to {pounds(mine[who].high)}" if known else "no interval"
            cells.append(f"{pounds(mine[who].pounds)}{_share(mine[who].share)}<small>{between}</small>")
        rows.append(f'<tr><th scope="row">{escape(shown(name))}</th>{cells_of(cells)}</tr>')
    table = table_of(
        ("Governance", "Rise in costs", "Funders", "Partners’ reserves", "Staff, unpaid", "Residents"),
        rows,
        "£ for each resident over the reported months, shock less calm; in brackets the share of the rise. The four "
        "add up to the rise, to the penny.",
    )
    if all(math.isnan(comparison.borne(name)[COST].share) for name in comparison.governances):
        return "<p>Costs did not rise, so there was nothing to bear.</p>" + table
    chart = figure_of(
        plots.who_bore_it_chart(comparison),
        "Governances may differ less in how much a shock costs than in who pays. Residents pay in help not given.",
    )
    return chart + table


def _months_section(comparison: Comparison) -> str:
    from viz import plots  # noqa: PLC0415

    found = []
    for measure in PRIMARY[:3]:
        how = reading(measure)
        chart = plots.trajectory_chart(comparison, measure, f"{how.title}: shock less calm", how.difference, how.scale)
        found.append(
            figure_of(
                chart,
                f"0 is the same town without the shock. {better(measure).capitalize()}. Shaded: 95% interval of the "
                "mean over seeds.",
            )
        )
    return "".join(found)


def _resilience_section(comparison: Comparison) -> str:
    def one(value: float) -> str:
        return f"{value:,.1f}"

    def percent(value: float) -> str:
        return f"{100 * value:.0f}%"

    columns: tuple[tuple[str, str, Callable[[float], str]], ...] = (
        ("loss_area", "Loss area<small>point-months</small>", one),
        ("depth", "Depth<small>points</small>", one),
        *((f"months_below_{drop:g}", f"Months more than {drop:g} below", one) for drop in resilience.DROPS),
        ("residual_loss", f"Residual loss<small>last {resilience.LAST} months</small>", lambda value: f"{value:.2f}"),
        *((f"below_{floor:g}", f"Fell below {floor:g}%<small>of runs</small>", percent) for floor in resilience.FLOORS),
    )  # fmt: skip
    rows = []
    for outcome, words in resilience.OUTCOMES.items():
        rows.append(f'<tr class="group"><th colspan="{len(columns) + 2}" scope="colgroup">{words}</th></tr>')
        for name in comparison.governances:
            cells = []
            for end, _, write in columns:
                found = comparison.estimate(name, f"{outcome}_{end}", "effect")
                cells.append("–" if found is None else minus(write(found.mean)))
            cells.insert(5, _recovery_cell(comparison, name, outcome))
            rows.append(f'<tr><th scope="row">{escape(shown(name))}</th>{cells_of(cells)}</tr>')
    heads = ["Governance", *(head for _, head, _ in columns)]
    heads.insert(6, f"Recovery<small>median months to within {resilience.RECOVERED:g}</small>")
    return table_of(
        heads, rows,
        f"Each town in per cent of its own calm twin (same luck, no shock), over months {SETTLING} to "
        f"{comparison.scenario.months - 1}; means over seeds. Recovery counts runs that fell more than "
        f"{resilience.RECOVERED:g} points, from their lowest month until they were back for {resilience.HELD} months; "
        "runs not seen to recover are counted as such, not left out.",
    )  # fmt: skip


def _recovery_cell(comparison: Comparison, name: str, outcome: str) -> str:
    fell = [each for each in comparison.losses[name] if each[f"{outcome}_depth"] > resilience.RECOVERED]
    if not fell:
        return "did not fall"
    found = [
        resilience.Recovery(each[f"{outcome}_recovery"], bool(each[f"{outcome}_recovery_censored"])) for each in fell
    ]
    median = resilience.median_recovery(found)
    unseen = sum(each.censored for each in found)
    shown_median = "not seen" if median is None else f"{median:.0f}"
    return f"{shown_median}<small>{len(fell)} fell, {unseen} not back</small>"


def _outcomes_section(comparison: Comparison) -> str:
    calm = _outcomes_table(comparison, "calm", "level", "In calm months: difference from {first}")
    shock = _outcomes_table(comparison, "effect", "buffer", "What the shock did: difference from its effect on {first}")
    return (
        "<p>All of them, for every governance, whoever comes out ahead. There are many: among so many intervals about "
        "one in twenty leaves out 0 by chance alone. With 95% intervals; bold where the interval leaves out 0. "
        "Differences of percentages are in percentage points.</p>"
    ) + (calm + shock if comparison.scenario.shocks else calm)


def _outcomes_table(comparison: Comparison, own: str, against: str, caption: str) -> str:
    """Every outcome that is not primary: the first governance's own, and how the others differ from it."""
    first = comparison.first
    rows = []
    for measure in NAMES:
        if measure in PRIMARY:
            continue
        how = reading(measure)
        found = comparison.estimate(first, measure, own)
        cells = ["–" if found is None else how.level(found.mean) if own == "calm" else _effect(found, how)]
        cells += [
            difference_cell(comparison.estimate(name, measure, against), how, measure) for name in comparison.others
        ]
        about = f"{how.unit}; {better(measure)}" if how.unit else better(measure)
        rows.append(f'<tr><th scope="row">{escape(how.title)}<small>{escape(about)}</small></th>{cells_of(cells)}</tr>')
    heads = ["Outcome", *(escape(shown(name)) for name in comparison.governances)]
    return table_of(heads, rows, caption.format(first=escape(shown(first))), "wide")


def _shock_section(comparison: Comparison) -> str:
    from viz import plots  # noqa: PLC0415

    scenario = comparison.scenario
    story = "".join(f"<p>{escape(part)}</p>" for part in (scenario.story, scenario.look_for) if part)
    return story + figure_of(
        plots.shock_chart(scenario),
        "Lines that stay at 100 are left out. In the calm twin everything stays at 100.",
    )


def _partners_section(comparison: Comparison) -> str:
    from viz import plots  # noqa: PLC0415

    return figure_of(
        plots.states_chart(comparison),
        "Mean over seeds, in towns under the shock; what is left up to 100% is partners whose places pay.",
    )


def _compared_section(comparison: Comparison) -> str:
    dials = fields_of(Terms)
    terms = {name: _dials(governance) for name, governance in comparison.governances.items()}
    rows = []
    for dial, declared in dials.items():
        cells = [escape(f"{terms[name][dial]:g}") if terms[name] else "by layer" for name in terms]
        rows.append(
            f'<tr><th scope="row">{dial}<small>{escape(declared.unit)}</small></th>{cells_of(cells)}'
            f'<td style="text-align:left">{escape(declared.meaning)}</td></tr>'
        )
    notes = "".join(
        f"<dt>{escape(shown(name))}</dt><dd>{escape(NOTES.get(name, 'Dials of one’s own.'))}</dd>" for name in terms
    )
    return (
        f"<p>A governance is twelve dials and nothing else: no rule of the model reads its name. Funding, staff and "
        f"luck are the same in every town of a pair.</p><dl>{notes}</dl>"
        + table_of(("Dial", *(escape(shown(name)) for name in terms), "Meaning"), rows, "The dials of each governance.")
    )


def _dials(governance: Any) -> dict[str, float]:
    try:
        return terms_for(governance)
    except ValueError:
        return {}


def _assumptions_section(comparison: Comparison) -> str:
    declared = {**fields_of(Parameters), **fields_of(Terms)}
    counts = {
        grade: [each for each in declared.values() if each.grade == grade] for grade in (MEASURED, BORROWED, ASSUMED)
    }
    meanings = {
        MEASURED: "measured in public services of the kind modelled",
        BORROWED: "taken from other places, times or fields",
        ASSUMED: "set by us, within a declared range",
    }
    summary = [
        f'<tr><th scope="row">{grade}</th><td>{len(found)}</td><td style="text-align:left">{meanings[grade]}</td></tr>'
        for grade, found in counts.items()
    ]
    changed = comparison.scenario.parameters
    rows = []
    for grade, found in counts.items():
        rows.append(f'<tr class="group"><th colspan="5" scope="colgroup">{grade.capitalize()}</th></tr>')
        for each in found:
            if each.name in fields_of(Terms):
                continue
            value = changed.get(each.name, each.default)
            mark = " (changed)" if each.name in changed else ""
            rows.append(
                f'<tr><th scope="row">{each.name}</th><td>{escape(_value(value))}{mark}</td>'
                f"<td>{each.low:g}–{each.high:g}</td><td>{escape(each.meaning)}<small>{escape(each.unit)}</small></td>"
                f"<td>{escape(each.source)}</td></tr>"
            )
    return table_of(
        ("Evidence", "Numbers", "Meaning"), summary, "The model’s parameters and dials, by how good the evidence is."
    ) + table_of(
        ("Parameter", "Value", "Range", "Meaning", "Source"), rows, "Every parameter of this comparison.", "words"
    )


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "a list" if len(value) > 8 else ", ".join(f"{each:g}" for each in value)
    return value if isinstance(value, str) else f"{value:g}"


def _again_section(comparison: Comparison) -> str:
    rules = ""
    if comparison.rules:
        rules = f"<p>These rules took the place of the model’s own:</p><pre>{escape(comparison.rules)}</pre>"
    return (
        "<p>The folder this page is in holds <code>question.toml</code>, which says everything that was asked. The "
        "same version gives the same numbers, to the last digit, on any machine and with any number of workers:</p>"
        "<pre>kith compare question.toml</pre>"
        "<p><code>runs</code>, <code>months</code> and <code>events</code> beside it hold every run, month and event."
        "</p>" + provenance_table(provenance(comparison)) + rules
    )


__all__ = ["NULL", "headline_text", "provisional_line", "report_html"]
