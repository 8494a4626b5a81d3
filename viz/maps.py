"""A regime map to keep: a page that stands alone, a figure of every outcome, and the numbers behind them.

Change this file to keep something more of a map, or to draw the known one otherwise. Without a study the map is that of
the quiet town in experiments/validation/mapped.py, with the line that arithmetic gives drawn over the one found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.answers import Answers
from experiments.differences import MAIN
from experiments.pairs import shown
from experiments.regimes import Regimes, asking_in, axes_in, regimes
from experiments.study_file import load_study
from experiments.words import short
from simulation.journal import made_with
from viz.figures import Drawn, Line, regime_map, save, scale_of
from viz.pages import LIMITS, NULL_SAID, figure_of, framed, provenance_table, table_of, warned

PAGE = "map.html"


class Mapped(NamedTuple):
    """A map, what it is called, and a line that is known from elsewhere."""

    title: str
    map: Regimes
    lived: int
    known: Line | None = None
    note: str = ""


def map_study(
    study: str | Path | None,
    x: str | None = None,
    y: str | None = None,
    outcomes: Sequence[str] | None = None,
    second: str | None = None,
    *,
    grid: tuple[int, int] = (5, 5),
    refine: int = 2,
    pairs: int = 8,
    most: int = 400,
    workers: int | None = None,
    keep: Path | None = None,
    tell: Callable[[int], None] | None = None,
) -> Mapped:
    """Map a study over two of the numbers that it varies; without a study, the quiet town whose map is known.

    Every answer is kept in the folder `keep`, and what is there already is not lived again.
    """
    if study is None:
        return known(grid, refine)
    asked = load_study(study)
    axes = axes_in(asked, x, y)
    asking = asking_in(asked, second, outcomes or MAIN, workers=workers)
    options: dict[str, Any] = {"grid": grid, "refine": refine, "pairs": pairs, "most": most, "tell": tell}
    options |= {"first": asking.first, "second": asking.second}
    failed = asking.failed
    if keep is None:
        found = regimes(asking, axes, asking.outcomes, **options)
    else:
        with Answers(asking, asked, [axis.name for axis in axes], pairs, keep) as answers:
            found = regimes(answers, axes, asking.outcomes, **options)
            failed = answers.failed
    held = [one.name for one in asked.varied if one.name not in {axis.name for axis in axes}]
    note = f"{', '.join(held)}: as the setting has it, everywhere on this map." if held else ""
    return Mapped(asked.title or asked.name, replace(found, failed=tuple(failed)), asking.lived, note=note)


def known(grid: tuple[int, int] = (6, 7), refine: int = 2) -> Mapped:
    """The map of the quiet town, with the line of its formula."""
    from experiments.validation.mapped import RESERVES, RISE, known_line, known_map  # noqa: PLC0415

    reserves = np.linspace(RESERVES.low, RESERVES.high, 400)
    rise = known_line(reserves)
    there = (rise >= RISE.low) & (rise <= RISE.high)
    line = Line(rise[there], reserves[there], "x* = m·G/(G − R), worked out")
    note = (
        "One service, one partner with reserves R, a lasting rise x above its margin m of 4%, and G = 4 months until "
        "somebody takes over. The fixed price buys more while reserves outlast the gap; where it does, the partner’s "
        "reserves pay. Months are whole, which is why the line that is found goes in small steps."
    )
    return Mapped("A map whose line is known", known_map(grid, refine), 0, line, note)


def drawn(found: Mapped) -> dict[str, Drawn]:
    """A figure for each outcome."""
    told = found.map
    names = [axis.name for axis in told.axes]
    figures = {}
    for outcome in told.outcomes:
        asked = told.of(outcome)
        there = np.flatnonzero(~np.isnan(asked.means))
        lines = told.lines[told.lines["outcome"] == outcome]
        figures[outcome] = regime_map(asked.only(there), names, lines=lines, known=found.known)
    return figures


def write(folder: Path, found: Mapped) -> None:
    """Write the page, the figures and the numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = drawn(found)
    for outcome, each in figures.items():
        save(each, folder / f"map-{outcome.replace('.', '-').replace(' ', '-')}")
    found.map.table.to_parquet(folder / "map.parquet", index=False)
    found.map.table.to_csv(folder / "map.csv", index=False)
    found.map.lines.to_csv(folder / "lines.csv", index=False)
    (folder / PAGE).write_text(html(found, figures), encoding="utf-8")


def html(found: Mapped, figures: dict[str, Drawn]) -> str:
    """The map as one page that stands alone."""
    told = found.map
    one, other = (axis.name for axis in told.axes)
    first, second = (escape(shown(name)) for name in (told.first, told.second))
    warnings = []
    if told.failed:
        warnings.append(f"{len(told.failed)} towns failed and their pairs are left out. The first: {told.failed[0]}")
    warnings += [f"Not refined as far as it could be: {told.stopped_at}."] if told.stopped_at else []
    parts = "".join(figure_of(each.page(), each.described) + _lines(told, outcome) for outcome, each in figures.items())
    limits = LIMITS.replace("(see below)", "(see: kith parameters)")
    body = (
        f"<p>{len(told.places):,} points, {told.values.shape[1]} pairs of towns at each, the same pairs everywhere. "
        f"{escape(found.note)} Marks are where towns were lived; the tint between them is interpolated.</p>{parts}"
        f"<section><h2>What this can and cannot tell</h2>{limits}</section>"
        f"<section><h2>What made it</h2>{provenance_table(made_with())}</section>"
    )
    return framed(
        found.title,
        f"Where {first} and where {second} does better, over {escape(one)} and {escape(other)}.",
        body,
        tab=f"{found.title}: a map – Kith",
        above=NULL_SAID + warned(warnings),
        foot="For explanation and facilitation, not for prediction.",
    )


def _lines(told: Regimes, outcome: str) -> str:
    rows = [
        f'<tr><th scope="row">{escape(other)} {short(at, 4)}</th><td>{escape(along)} {short(crossing, 4)}</td>'
        f"<td>{short(low, 4)} to {short(high, 4)}</td></tr>"
        for name, along, other, at, crossing, low, high in told.lines.itertuples(index=False, name=None)
        if name == outcome
    ]
    if not rows:
        return "<p>The sign of the mean difference is the same at every point: there is no line on this map.</p>"
    table = table_of(("Where", "The line is at", "95% interval"), rows, "Where the two do alike, found by halving.")
    return f"<details><summary>Where the line is</summary>{table}</details>"


def as_text(found: Mapped) -> str:
    """What a map says, as plain text."""
    told = found.map
    lines = [
        f"{found.title}: {len(told.places):,} points over {told.axes[0].name} and {told.axes[1].name}, "
        f"{told.values.shape[1]} pairs at each"
    ]
    for outcome in told.outcomes:
        asked = told.of(outcome)
        counts = told.table[told.table["outcome"] == outcome]["better"].value_counts()
        said = ", ".join(f"{shown(str(name))} at {many}" for name, many in counts.items())
        lines.append(f"  {scale_of(asked).title}: {said}")
    if told.stopped_at:
        lines.append(f"  Not refined as far as it could be: {told.stopped_at}")
    lines += [f"  failed: {each}" for each in told.failed[:3]]
    return "\n".join(lines)


def as_json(found: Mapped) -> str:
    """The same for machines."""
    told = found.map
    return json.dumps(
        {
            "title": found.title,
            "first": told.first,
            "second": told.second,
            "axes": [axis._asdict() for axis in told.axes],
            "points": json.loads(told.table.to_json(orient="records")),
            "lines": json.loads(told.lines.to_json(orient="records")),
            "failed": list(told.failed),
            "made_with": made_with(),
        },
        indent=1,
        ensure_ascii=False,
    )
