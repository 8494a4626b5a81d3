"""A study as a page to read, print and project: what was asked, what was lived, and what it says, as far as its design
allows.

Change this file to change what readers of a sweep are told. Every difference is shown for every governance against the
first, with its interval and the chance that its sign holds; what cannot be told is said to be untold; what an analysis
needs and the design does not give is said, with the design that would. The page stands alone: it needs no network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import discovery as corners_of
from experiments.differences import LIVED, MAIN, Differences, differences_in, measure_of, outcomes_in, overall
from experiments.discovery import Discovery, DiscoveryError
from experiments.intervals import FEW
from experiments.pairs import BEARERS, shown
from experiments.sensitivity import (
    CALLED,
    INDICES,
    SHARES,
    SUITS,
    Sensitivity,
    SensitivityError,
    method_for,
    sensitivity,
)
from experiments.words import capital, short, signed
from viz import figures, panels
from viz.figures import Drawn, Scale, scale_of
from viz.pages import LIMITS, NULL_SAID, figure_of, made_with_kith, page_of, provenance_table, table_of, warned

if TYPE_CHECKING:
    import pandas as pd

    from experiments.study import Study

OWN_CSS = """
.says{background:var(--card);border:1px solid var(--rule);border-radius:.7rem;padding:.3rem 1.2rem;margin:.8rem 0}
.says li{margin:.35rem 0}
details{margin:.6rem 0 1.4rem}summary{cursor:pointer;font-weight:600;padding:.3rem 0}
"""
SHOWN_ROWS = 60
"""Lines of a long table that the page shows; the file beside it has them all."""


@dataclass(frozen=True, eq=False)
class Read:
    """A study's rows, read once, and what is asked of them."""

    study: Study
    rows: pd.DataFrame
    made_with: Mapping[str, Any]
    wanted: int
    folder: Path

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes declared in advance, or those that the study names under [analysis]."""
        held = outcomes_in(self.rows)
        chosen = self.study.analysis.get("outcomes", [name for name in MAIN if name in held])
        return tuple(name for name in chosen if name in held) or held[:1]

    @cached_property
    def others(self) -> tuple[str, ...]:
        """Every governance but the first."""
        return self.study.arms[1:]

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """What is varied and is a number."""
        return tuple(one.name for one in self.study.varied if one.kind != "text")

    @property
    def laid_out(self) -> tuple[str, ...]:
        """What goes along, what goes up, and what has a panel for each of its values, where the study says so."""
        named = [self.study.analysis.get(key) for key in ("x", "y", "panels")]
        return tuple(name for name in named if name)

    def differences(self, outcome: str, second: str) -> Differences:
        """One difference, at every point and in every pair."""
        key = outcome, second
        if key not in self._found:
            self._found[key] = differences_in(self.study, self.rows, outcome, second)
        return self._found[key]

    @cached_property
    def _found(self) -> dict[tuple[str, str], Differences]:
        return {}


def read(folder: str | Path) -> Read:
    """The study in a folder of kith sweep."""
    import json  # noqa: PLC0415

    from experiments.sweep import rows_of, status_of, study_in  # noqa: PLC0415

    folder = Path(folder)
    study = study_in(folder)
    told = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    return Read(study, rows_of(folder), told["made_with"], status_of(folder).wanted, folder)


# ---- the page -----------------------------------------------------------------------------------------


def study_html(
    told: Read,
    keep: Callable[[str, Drawn], object] | None = None,
    tell: Callable[[int, int], object] | None = None,
) -> str:
    """The whole report as one page that stands alone. `keep` is given every figure, `tell` how many parts are done."""
    kept = keep or (lambda _name, _drawn: None)
    parts: list[tuple[str, str, Callable[[], str]]] = [
        ("asked", "What was asked", lambda: _asked(told)),
        ("rows", "What was lived", lambda: _rows(told)),
        ("differences", "How the governances differ", lambda: _differences(told)),
        ("over", "Over each thing that was varied", lambda: _over(told, kept)),
        ("map", "Where each does better", lambda: _map(told, kept)),
        ("sensitivity", "What moves the difference", lambda: _sensitivity(told, kept)),
        ("corners", "In which corners each does better", lambda: _corners(told, kept)),
        ("who", "Who bore the cost", lambda: _who(told, kept)),
        ("limits", "What this can and cannot tell", lambda: LIMITS.replace("(see below)", "(see: kith parameters)")),
        ("again", "How to do it again", lambda: _again(told)),
    ]
    if told.laid_out:  # what the study asks to see comes first
        parts[3:5] = [parts[4], parts[3]]
    sections: list[tuple[str, str, str]] = []
    for done, (key, heading, part) in enumerate(parts, start=1):
        text = part()
        sections += [(key, heading, text)] if text else []
        if tell is not None:
            tell(done, len(parts))
    title = told.study.title or told.study.name
    names = ", ".join(shown(name) for name in told.study.arms)
    return page_of(
        title,
        f"Compared here: {escape(names)}. Differences are within pairs of towns that share their luck.",
        sections,
        above=NULL_SAID + _warnings(told),
        css=OWN_CSS,
        foot=made_with_kith(told.made_with.get("kith", "")),
    )


def _warnings(told: Read) -> str:
    said = []
    lost = told.rows[told.rows["status"] != LIVED]
    if len(told.rows) < told.wanted:
        said.append(
            f"{len(told.rows):,} of {told.wanted:,} rows are there: this is a look at an unfinished study. "
            "The same kith sweep goes on with it."
        )
    if len(lost):
        first = lost.iloc[0]
        said.append(
            f"{len(lost):,} of {len(told.rows):,} rows failed. The first: point {first['point']}, "
            f"pair {first['replicate']}, {first['governance']}: {first.get('error', first['status'])}"
        )
    pairs = told.study.seeds
    if pairs < FEW:
        said.append(f"{pairs} pair{'s' * (pairs != 1)} at each point: intervals at single points are rough or missing.")
    if told.study.rules:
        said.append("This is a modified model: some rules were replaced (see the last section).")
    return warned(said)


def _asked(told: Read) -> str:
    study = told.study
    question = "".join(f"<p>{escape(part)}</p>" for part in study.question.strip().split("\n\n") if part)
    rows = []
    for one in study.varied:
        span = ", ".join(map(str, one.values)) if one.values else f"{one.low:g} to {one.high:g}"
        rows.append(
            f'<tr><th scope="row">{escape(one.name)}</th><td>{escape(figures.axis_label(one.name))}</td>'
            f"<td>{escape(span)}</td></tr>"
        )
    varied = (
        table_of(("Varied", "What it is", "Over"), rows, "What differs between the points.", "words") if rows else ""
    )
    design = ", ".join(f"{key} {value}" for key, value in study.design.items() if key != "kind")
    kind = CALLED.get(study.design["kind"], study.design["kind"])
    return (
        f"{question}<p>Setting: <b>{escape(study.scenario.title or study.scenario.name)}</b>; "
        f"{study.scenario.residents:,} residents, {study.scenario.months} months. Design: {escape(kind)}"
        f"{escape(f' ({design})' if design else '')}.</p>{varied}"
    )


def _rows(told: Read) -> str:
    counts = told.rows["status"].value_counts()
    points, pairs = told.rows["point"].nunique(), told.rows["replicate"].nunique()
    cells = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th><td>{many:,}</td></tr>' for name, many in counts.items()
    )
    lost = told.rows[told.rows["status"] != LIVED]
    failed = ""
    if len(lost):
        columns = [name for name in ("point", "replicate", "governance", "error", "replay") if name in lost]
        lines = [
            "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>"
            for row in lost[columns].head(SHOWN_ROWS).itertuples(index=False, name=None)
        ]
        failed = table_of([name.capitalize() for name in columns], lines, "Rows that failed.", "words")
    return (
        f"<p>{points:,} points, up to {pairs} pairs at each, {len(told.study.arms)} governances: {len(told.rows):,} of "
        f"{told.wanted:,} rows. A row is a town under the shock and its calm twin. A pair of which one side failed is "
        "left out of every difference; an analysis that cannot do without it says so.</p>"
        + table_of(("Rows", "Number"), [cells], "How the rows ended.")
        + failed
    )


# ---- differences ----------------------------------------------------------------------------------------


def _differences(told: Read) -> str:
    rows = []
    for outcome in told.outcomes:
        scale = scale_of(told.differences(outcome, told.others[0])) if told.others else None
        if scale is None:
            continue
        rows.append(
            f'<tr class="group"><th colspan="6" scope="colgroup">{escape(scale.title)} '
            f"<small>{escape(', '.join(filter(None, [scale.unit, scale.reads])))}</small></th></tr>"
        )
        rows += [_overall_row(told.differences(outcome, second), second, scale) for second in told.others]
    if not rows:
        return "<p>One governance only: there is no difference.</p>"
    return (
        "<p>Over the whole design: the mean over points, with an interval over points (over pairs, where there is one "
        "point). It says as much about where the points were laid as about towns. The chance is that the true mean "
        "has the sign shown, if nothing was known of it beforehand. Pairs "
        "needed: with so many, a difference like this is told from none four times in five.</p>"
        + table_of(
            ("Governance", f"Difference from {escape(shown(told.study.arms[0]))}", "Chance of the sign", "Pairs needed",
             f"Points: {escape(shown(told.study.arms[0]))} · undecided · other", "Says"),
            rows, "Paired differences over all points. Bold where the 95% interval leaves out 0.",
        )
    )  # fmt: skip


def _overall_row(found: Differences, second: str, scale: Scale) -> str:
    told = overall(found)
    mean, low, high = (scale.times * value for value in told.estimate[:3])
    text = signed(mean)
    if told.estimate.told_apart:
        text = f'<span class="apart">{text}</span>'
    between = f"{signed(low)} to {signed(high)}" if told.estimate.known else "no interval"
    chance = "–" if math.isnan(told.chance) else f"{100.0 * told.chance:.1f}%" if told.chance < 0.9995 else "&gt; 99.9%"
    needed = "no number would do" if math.isinf(told.needed) else f"{told.needed:,.0f}"
    says = "cannot be told from no difference"
    if told.estimate.told_apart:
        says = "more" if mean > 0 else "less"
        if scale.better:
            says = "better" if mean * scale.better > 0 else "worse"
    first, neither, other = told.wins
    points = f"{first:,} · {neither:,} · {other:,}" if scale.better else f"{len(found.points):,} points"
    return (
        f'<tr><th scope="row">{escape(shown(second))}</th><td>{text}<small>{between}</small></td><td>{chance}</td>'
        f"<td>{needed}</td><td>{points}</td><td>{says}</td></tr>"
    )


def _over(told: Read, keep: Callable[[str, Drawn], object]) -> str:
    if not told.others or not told.study.varied:
        return ""
    parts = []
    for name in [one.name for one in told.study.varied][:MOST_AXES]:
        for outcome in told.outcomes[:2]:
            drawn = figures.along_one([told.differences(outcome, second) for second in told.others], name)
            keep(f"over-{_file(name)}-{_file(outcome)}", drawn)
            parts.append(_figure(drawn))
    more = len(told.study.varied) - MOST_AXES
    rest = f"<p>{more} more were varied; they are ranked below.</p>" if more > 0 else ""
    others = (
        "Where several things are varied at once, each point of the line gathers places of the others. "
        if len(told.study.varied) > 1
        else ""
    )
    return f"<p>{others}0 is no difference from {escape(shown(told.study.arms[0]))}.</p>" + "".join(parts) + rest


MOST_AXES = 4


def _map(told: Read, keep: Callable[[str, Drawn], object]) -> str:
    if not told.others:
        return ""
    if told.laid_out:
        return _panels(told, keep)
    if len(told.study.varied) != 2 or len(told.numbers) != 2:
        return (
            "<p>A map needs two numbers that are varied and no more. To draw one over any two of them, with towns "
            f"lived where they are needed: <code>kith map {escape(told.study.name)}.toml --x NAME --y NAME</code></p>"
        )
    parts = []
    for outcome in told.outcomes:
        for second in told.others:
            found = told.differences(outcome, second)
            known = found.only(np.flatnonzero(~np.isnan(found.means)))
            if len(known.points) < 4 or any(known.points[name].nunique() < 2 for name in told.numbers):
                continue
            drawn = figures.regime_map(known, told.numbers)
            keep(f"map-{_file(outcome)}-{_file(second)}", drawn)
            parts.append(_figure(drawn))
    return "".join(parts)


def _panels(told: Read, keep: Callable[[str, Drawn], object]) -> str:
    """Two things that are varied within each panel, and a panel for each value of the third, as the study asks."""
    parts = []
    for outcome in told.outcomes:
        every = [told.differences(outcome, second) for second in told.others]
        if every[0].better and len(every) > 1:
            drawn = panels.best(every, *told.laid_out)
            keep(f"best-{_file(outcome)}", drawn)
            parts.append(_figure(drawn))
        drawn = panels.differences(every, *told.laid_out)
        keep(f"panels-{_file(outcome)}", drawn)
        parts.append(_figure(drawn))
    return "".join(parts)


def _sensitivity(told: Read, keep: Callable[[str, Drawn], object]) -> str:
    kind = told.study.design["kind"]
    if method_for(kind) is None or not told.others or not told.study.varied:
        suits = "; ".join(f"{method}: {' or '.join(CALLED[each] for each in SUITS[method])}" for method in SUITS)
        return (
            f"<p>A {escape(CALLED.get(kind, kind))} design does not fill what is varied in a way that tells which "
            f"numbers matter. Designs that do: {escape(suits)}.</p>"
        )
    parts = []
    for outcome in told.outcomes:
        for second in told.others:
            asked = told.differences(outcome, second)
            try:
                found = sensitivity(asked)
            except SensitivityError as error:
                parts.append(f'<p class="warn">{escape(scale_of(asked).title)}: {escape(str(error))}</p>')
                continue
            drawn = figures.sensitivity_bars(found, asked)
            keep(f"sensitivity-{_file(outcome)}-{_file(second)}", drawn)
            parts.append(_figure(drawn, _luck_said(found)) + _index_table(found, asked))
    return "".join(parts)


def _luck_said(found: Sensitivity) -> str:
    said = list(found.notes)
    if found.luck is not None:
        said.insert(
            0,
            f"Luck makes {100 * found.luck.share:.0f}% of the variance of the difference in one pair; "
            + ("the bars share out the rest" if found.method == SHARES else f"{found.pairs} pairs are taken together"),
        )
    return ". ".join(capital(each) for each in said) + ("." if said else "")


def _index_table(found: Sensitivity, asked: Differences) -> str:
    rows = []
    for index in dict.fromkeys(found.table["index"]):
        rows.append(
            f'<tr class="group"><th colspan="4" scope="colgroup">{escape(index)} '
            f"<small>{escape(INDICES[index])}</small></th></tr>"
        )
        times = scale_of(asked).times if index in ("mu_star", "mu", "sigma") else 1.0
        for name, value, low, high, noise in (
            found.of(index)[["name", "value", "low", "high", "noise"]]
            .head(SHOWN_ROWS)
            .itertuples(index=False, name=None)
        ):
            between = "–" if math.isnan(low) else f"{short(times * low)} to {short(times * high)}"
            floor = short(times * noise)
            rows.append(
                f'<tr><th scope="row">{escape(name)}</th><td>{short(times * value)}</td>'
                f"<td>{between}</td><td>{floor}</td></tr>"
            )
    heads = ("What is varied", "Value", "95% interval", "Doing nothing would be given")
    return f"<details><summary>The numbers</summary>{table_of(heads, rows, 'Indices of sensitivity.')}</details>"


def _corners(told: Read, keep: Callable[[str, Drawn], object]) -> str:
    parts = []
    cannot: dict[str, list[str]] = {}
    for outcome in told.outcomes if told.study.varied else ():
        for second in told.others:
            asked = told.differences(outcome, second)
            if not asked.better:  # nobody does better, wherever it is
                continue
            try:
                found = corners_of.discovery(asked)
            except DiscoveryError as error:
                cannot.setdefault(str(error), []).append(f"{scale_of(asked).title} ({shown(second)})")
                continue
            parts.append(_corners_said(found, asked, keep))
    parts += [f"<p>{escape('; '.join(names))}: {escape(why)}.</p>" for why, names in cannot.items()]
    return "".join(parts)


def _corners_said(found: Discovery, asked: Differences, keep: Callable[[str, Drawn], object]) -> str:
    first, neither, second = found.counts
    names = shown(asked.first), shown(asked.second)
    counts = (
        f"<p>{escape(names[0].capitalize())} does better at {first:,} points, {escape(names[1])} at {second:,}; "
        f"at {neither:,} neither can be told to.</p>"
    )
    heading = f"<h3>{escape(scale_of(asked).title)} <small>{escape(names[0])} and {escape(names[1])}</small></h3>"
    if not found.corners:
        return heading + counts + _notes(found.notes)
    drawn = figures.corners(found, asked)
    keep(f"corners-{_file(found.outcome)}-{_file(asked.second)}", drawn)
    says = "".join(f"<li>{escape(each.words())}.</li>" for each in found.corners)
    rows = []
    for each in found.corners:
        fresh = "none kept back" if math.isnan(each.density_fresh) else _part(each.density_fresh)
        between = f"<small>{_part(each.density_low)} to {_part(each.density_high)}</small>"
        covered = "" if math.isnan(each.coverage_fresh) else f"<small>kept back: {_part(each.coverage_fresh)}</small>"
        rows.append(
            f'<tr><th scope="row">{escape(each.words())}<small>{each.way.upper()}</small></th>'
            f"<td>{_part(each.coverage)}{covered}</td><td>{_part(each.density)}</td><td>{fresh}{between}</td>"
            f"<td>{each.points:,}</td></tr>"
        )
    turning = [
        f"leaving “{escape(side)}” alone turns the sign"
        for side, flips in found.turns[["side", "flips"]].itertuples(index=False, name=None)
        if flips
    ] + [
        f"{escape(name)} turns the sign between the lowest and the highest third of its range, whatever the others are"
        for name, flips in found.flips[["name", "flips"]].itertuples(index=False, name=None)
        if flips
    ]
    turns = "".join(f"<li>{each}.</li>" for each in dict.fromkeys(turning))
    table = table_of(
        ("Corner", "Coverage", "Density", "Density on points kept back", "Points"), rows,
        "Coverage: share of the points at which this governance does better that lie in the corner. Density: share of "
        "the corner’s points at which it does; 95% interval.", "wide",
    )  # fmt: skip
    return (
        heading + counts + f'<ul class="says">{says}</ul>' + _figure(drawn) + table
        + (f"<p>What turns the sign:</p><ul>{turns}</ul>" if turns else "<p>Nothing here turns the sign by itself.</p>")
        + _notes(found.notes)
    )  # fmt: skip


def _part(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.0f}%"


def _notes(notes: tuple[str, ...]) -> str:
    return "".join(f"<p>{escape(capital(each))}.</p>" for each in notes)


def _who(told: Read, keep: Callable[[str, Drawn], object]) -> str:
    lived = told.rows[told.rows["status"] == LIVED]
    if not all(f"{who}.{world}" in lived for who in BEARERS for world in ("shock", "calm")) or not len(lived):
        return ""
    parts = []
    if told.laid_out:
        drawn = panels.bearers(lived, *told.laid_out)
        keep("who-bore-it-panels", drawn)
        parts.append(_figure(drawn, "Above 0 somebody bore it; below 0 they gained. Residents pay in help not given."))
    for name in [None, *told.numbers[: 0 if told.laid_out else 2]]:
        drawn = figures.bearers(lived, name)
        keep("who-bore-it" + (f"-{_file(name)}" if name else ""), drawn)
        parts.append(_figure(drawn, "Above 0 somebody bore it; below 0 they gained. Residents pay in help not given."))
    return "".join(parts)


def _again(told: Read) -> str:
    rules = f"<p>These rules took the place of the model’s own:</p><pre>{escape(told.study.rules)}</pre>"
    return (
        "<p>The folder this page is in holds every row, the design and the study. The same version gives the same "
        "numbers, to the last digit, on any machine and with any number of workers:</p>"
        f"<pre>kith reproduce {escape(told.study.name)}.toml</pre>"
        + provenance_table({str(name): str(value) for name, value in told.made_with.items()})
        + (rules if told.study.rules else "")
    )


# ---- parts ------------------------------------------------------------------------------------------------


def _figure(drawn: Drawn, more: str = "") -> str:
    return figure_of(drawn.page(), f"{drawn.described} {more}".strip())


def _file(name: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in name)


def summary(told: Read) -> Iterator[dict[str, Any]]:
    """Every overall difference, for machines and for the terminal."""
    for outcome in told.outcomes:
        for second in told.others:
            found = told.differences(outcome, second)
            said = overall(found)
            first, neither, other = said.wins
            yield {
                "outcome": outcome, "measure": measure_of(outcome), "governance": second, "against": told.study.arms[0],
                "mean": said.estimate.mean, "low": said.estimate.low, "high": said.estimate.high,
                "chance": said.chance, "pairs_needed": said.needed, "points_first": first,
                "points_undecided": neither, "points_second": other, "failed": len(found.failed),
            }  # fmt: skip


def summary_text(told: Read) -> str:
    """The overall differences as plain text at most 100 columns wide."""
    study = told.study
    lines = [
        f"{study.title or study.name}: {len(told.rows):,} of {told.wanted:,} rows, differences from {study.arms[0]}"
    ]
    for outcome in told.outcomes:
        if not told.others:
            break
        scale = scale_of(told.differences(outcome, told.others[0]))
        lines += ["", f"  {', '.join(filter(None, [scale.title, scale.unit, scale.reads]))}"[:100]]
        for second in told.others:
            said = overall(told.differences(outcome, second))
            mean, low, high = (signed(scale.times * value) for value in said.estimate[:3])
            chance = "" if math.isnan(said.chance) else f"sign {100 * said.chance:.1f}% sure"
            first, neither, other = said.wins
            points = f"{first} : {neither} : {other} points" if scale.better else ""
            lines.append(f"    {shown(second):<20}{mean:>9}  [{low}, {high}]".ljust(58) + f"{chance:<18}{points}")
    lines += ["", f"  Points: {shown(study.arms[0])} better : undecided : the other better."]
    return "\n".join(lines)
