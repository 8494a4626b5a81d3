"""Figures of three things that are varied at once: two within each panel, and a panel for each value of the third.

Change this file to draw them otherwise. Nothing is interpolated: a tile, a bar or a dot stands where towns were lived.
Who is told by colour, mark and words together; hatched or hollow is what the pairs that were lived cannot tell. Every
interval stands by itself: none is widened for there being many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.transforms import blended_transform_factory

from experiments.differences import Differences
from experiments.intervals import intervals
from experiments.pairs import BEARERS, shown
from experiments.words import short, signed
from viz.figures import STYLE, WIDE, Drawn, axis_label, scale_of, tints, wrapped
from viz.plots import BEARER_LOOKS, INK, MUTED, PAPER, looks

if TYPE_CHECKING:
    import pandas as pd

MOST_DOTS = 12
"""Places within a panel up to which dots with intervals can be read; more are drawn as tiles."""
HATCH = "////"


class Grid:
    """Where the points of a design lie: a column of panels, and within each a place along and one up."""

    def __init__(self, points: pd.DataFrame, x: str, y: str, panels: str | None) -> None:
        self.x, self.y, self.panels = x, y, panels
        self.along, self.up = (list(dict.fromkeys(points[name].sort_values())) for name in (x, y))
        self.across: list[Any] = [None] if panels is None else list(dict.fromkeys(points[panels].sort_values()))
        self.column = [0] * len(points) if panels is None else [self.across.index(each) for each in points[panels]]
        self.place = list(zip(map(self.along.index, points[x]), map(self.up.index, points[y]), strict=True))

    @property
    def many(self) -> int:
        """Places within a panel."""
        return len(self.along) * len(self.up)

    def heading(self, column: int) -> str:
        """What stands over a panel."""
        return f"{axis_label(self.panels, short=True)} = {_value(self.across[column])}" if self.panels else ""

    def position(self, at: tuple[int, int]) -> float:
        """Where a place stands where both are laid out along one line, in clusters of the second."""
        return at[1] * (len(self.along) + 1.0) + at[0]

    def two_levels(self, panel: Axes, last: bool = True) -> None:
        """Ticks for the first within clusters of the second."""
        every = [(at, up) for up in range(len(self.up)) for at in range(len(self.along))]
        panel.set_xticks([self.position(each) for each in every], [_value(self.along[at]) for at, _ in every])
        panel.tick_params(axis="x", labelsize=6, length=2)
        panel.set_xlim(-0.8, self.position((len(self.along) - 1, len(self.up) - 1)) + 0.8)
        below = blended_transform_factory(panel.transData, panel.transAxes)
        for up, value in enumerate(self.up):
            middle = self.position((0, up)) + (len(self.along) - 1) / 2.0
            if up:
                panel.axvline(self.position((0, up)) - 1.0, color="#E9E4DA", linewidth=0.8, zorder=0)
            if last:
                panel.annotate(
                    _value(value), (middle, 0.0), (0, -17), xycoords=below, textcoords="offset points", ha="center",
                    va="top", fontsize=8, fontweight="bold",
                )  # fmt: skip
        if not last:
            panel.set_xticklabels([])


def _value(value: Any) -> str:
    return value if isinstance(value, str) else short(value, 4)


def _below(panels: Sequence[Axes], words: str, pad: float = 4.0) -> None:
    """A label for all panels of a row, under the middle one: constrained layout then keeps the key clear of it."""
    panels[len(panels) // 2].set_xlabel(words, fontsize=8, labelpad=pad)


def _words(grid: Grid) -> str:
    """How to read the two levels of ticks, and the panels."""
    across = f"; panels: {axis_label(grid.panels)}" if grid.panels else ""
    return f"ticks: {axis_label(grid.x)}; bold: {axis_label(grid.y)}{across}"


# ---- who does best ----------------------------------------------------------------------------------


def best(every: Sequence[Differences], x: str, y: str, panels: str | None = None) -> Drawn:
    """Which of all governances does best at each point, and by how much before the next; hatched where none is told.

    The margin and its interval are between the best and the next, over pairs that share their luck.
    """
    import pandas as pd  # noqa: PLC0415

    scale = scale_of(every[0])
    arms = [every[0].first, *(each.second for each in every)]
    look = looks(arms)
    grid = Grid(every[0].points, x, y, panels)
    lines = []
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 1.5 + 0.42 * len(grid.up) + 0.25))
        drawn = _panels(figure, 1, grid)[0]
        for point in range(len(every[0].points)):
            arms_there = np.column_stack([np.zeros(every[0].values.shape[1]), *(each.values[point] for each in every)])
            pairs = scale.better * arms_there[~np.isnan(arms_there).any(axis=1)]
            if not len(pairs):
                continue
            order = np.argsort(-pairs.mean(axis=0), kind="stable")
            apart = pairs[:, order[0]] - pairs[:, order[1]]
            mean, low, high, _ = (scale.times * float(each[0]) for each in intervals(apart.reshape(-1, 1)))
            decided = bool(low > 0.0)
            name, panel = arms[order[0]], drawn[grid.column[point]]
            _tile(panel, grid.place[point], _pale(look[name].colour), not decided)
            _mark(panel, grid.place[point], look[name], decided, short(mean, 2))
            told = [every[0].points[each].iloc[point] for each in filter(None, (panels, x, y))]
            lines.append((*told, name, arms[order[1]], mean, low, high, len(pairs), decided))
        _finished(drawn, grid, axis_label(y))
        title = f"{scale.title}: which does best"
        figure.suptitle(wrapped(title), x=0.01, ha="left", fontsize=10, fontweight="bold")
        keys: list[Any] = [
            Line2D([], [], marker=look[name].marker, color=look[name].colour, linestyle="", markersize=6,
                   label=shown(name))
            for name in arms
        ]  # fmt: skip
        keys.append(Patch(facecolor=PAPER, edgecolor=INK, hatch=HATCH, label="not told from the next best"))
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), columnspacing=1.2)
    table = pd.DataFrame(
        lines, columns=[*filter(None, (panels, x, y)), "best", "next", "margin", "low", "high", "pairs", "decided"]
    )
    counts = table["best"].where(table["decided"], "nobody beyond doubt").value_counts()
    told_counts = "; ".join(f"{shown(str(name))} at {many} points" for name, many in counts.items())
    described = (
        f"Best: {told_counts}. Numbers: how far before the next best, {scale.unit or 'in its unit'}. Hatched where the "
        "95% interval of that includes 0; each interval stands by itself."
    )
    return Drawn(figure, title, described, table)


# ---- the difference, as tiles or as dots ------------------------------------------------------------


def differences(every: Sequence[Differences], x: str, y: str, panels: str | None = None) -> Drawn:
    """The difference from the first governance at every point: dots with intervals where they are few, else tiles."""
    grid = Grid(every[0].points, x, y, panels)
    return _dots(every, grid) if grid.many <= MOST_DOTS else _tiles(every, grid)


def _table_of(every: Sequence[Differences]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    parts = []
    for each in every:
        part = each.table.copy()
        part.insert(0, "governance", each.second)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _title_of(every: Sequence[Differences]) -> str:
    return f"{scale_of(every[0]).title}: difference from {shown(every[0].first)}"


def _told(every: Sequence[Differences]) -> str:
    """Who has more, or does better, at how many points."""
    parts = []
    for each in every:
        first, neither, second = (int((each.winners == who).sum()) for who in (-1, 0, 1))
        word = "better" if each.better else "more"
        parts.append(
            f"{shown(each.second)} {word} at {second} points, {shown(each.first)} at {first}, undecided at {neither}"
        )
    return "; ".join(parts)


def _tiles(every: Sequence[Differences], grid: Grid) -> Drawn:
    scale = scale_of(every[0])
    look = looks([every[0].first, *(each.second for each in every)])
    better = scale.better or 1
    reach = max(float(np.nanmax(np.abs(scale.times * each.means))) for each in every) or 1.0
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 1.2 + len(every) * (0.42 * len(grid.up) + 0.45)))
        rows = _panels(figure, len(every), grid)
        for row, (found, drawn) in enumerate(zip(every, rows, strict=True)):
            colours = tints(look[found.first], look[found.second])
            norm = Normalize(-reach, reach)
            for point, (mean, winner) in enumerate(zip(scale.times * found.means, found.winners, strict=True)):
                if np.isnan(mean):
                    continue
                panel = drawn[grid.column[point]]
                _tile(panel, grid.place[point], colours(norm(better * mean)), winner == 0)
                frame = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.8}
                panel.text(*grid.place[point], signed(mean, 2), ha="center", va="center", fontsize=7, bbox=frame)
            _finished(drawn, grid, f"{shown(found.second)}\n{axis_label(grid.y, short=True)}", row == 0,
                      row == len(every) - 1)  # fmt: skip
        title = _title_of(every)
        figure.suptitle(wrapped(title), x=0.01, ha="left", fontsize=10, fontweight="bold")
        word = "better" if scale.better else "more"
        keys: list[Any] = [
            Patch(facecolor=_pale(look[name].colour), edgecolor=MUTED, label=f"{shown(name)} {word}")
            for name in (every[0].first, *(each.second for each in every))
        ]
        keys.append(Patch(facecolor=PAPER, edgecolor=INK, hatch=HATCH, label="95% interval includes 0"))
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), columnspacing=1.2)
    described = f"Tiles, {scale.unit or 'in its unit'}, {scale.reads}: {_told(every)}. The table has the intervals."
    return Drawn(figure, title, described, _table_of(every))


def _dots(every: Sequence[Differences], grid: Grid) -> Drawn:
    scale = scale_of(every[0])
    look = looks([every[0].first, *(each.second for each in every)])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 3.3))
        panels = figure.subplots(1, len(grid.across), sharey=True, squeeze=False)[0]
        for column, panel in enumerate(panels):
            panel.axhline(0.0, color=INK, linewidth=1.0, zorder=2)
            panel.grid(axis="y")
            panel.set_title(grid.heading(column), fontsize=9)
            grid.two_levels(panel)
        for place, found in enumerate(every):
            drawn = look[found.second]
            offset = 0.34 * (place - (len(every) - 1) / 2.0)
            mean, low, high = (scale.times * found.table[name].to_numpy() for name in ("mean", "low", "high"))
            for point in np.flatnonzero(~np.isnan(mean)):
                panel, at = panels[grid.column[point]], grid.position(grid.place[point]) + offset
                if np.isfinite(low[point]):
                    panel.vlines(at, low[point], high[point], color=drawn.colour, linewidth=1.5, zorder=3)
                face = PAPER if found.winners[point] == 0 else drawn.colour
                panel.plot(at, mean[point], linestyle="", marker=drawn.marker, markersize=4.5, color=drawn.colour,
                           markerfacecolor=face, markeredgewidth=1.1, zorder=4)  # fmt: skip
        unit = "; ".join(filter(None, [scale.unit, scale.reads if scale.better else ""]))
        panels[0].set_ylabel(wrapped(f"difference from {shown(every[0].first)}" + (f" ({unit})" if unit else ""), 38))
        _below(panels, _words(grid), 16.0)
        title = _title_of(every)
        figure.suptitle(wrapped(title), x=0.01, ha="left", fontsize=10, fontweight="bold")
        keys: list[Any] = [
            Line2D([], [], color=look[each.second].colour, marker=look[each.second].marker, linewidth=1.5,
                   markersize=5, label=shown(each.second))
            for each in every
        ]  # fmt: skip
        hollow = Line2D([], [], marker="o", color=INK, markerfacecolor=PAPER, linestyle="", markersize=5)
        hollow.set_label("hollow: 95% interval includes 0")
        figure.legend(handles=[*keys, hollow], loc="outside lower center", ncols=len(keys) + 1)
    return Drawn(figure, title, f"Means with 95% intervals over pairs: {_told(every)}.", _table_of(every))


# ---- who bore it ------------------------------------------------------------------------------------


def bearers(rows: pd.DataFrame, x: str, y: str, panels: str | None = None) -> Drawn:
    """Who bore what the shock added to costs: governances down, values of the third across, stacked bars within.

    Above 0 somebody bore it, below 0 gained instead. The whisker is the 95% interval of the sum, over pairs.
    """
    import pandas as pd  # noqa: PLC0415

    arms = list(dict.fromkeys(rows["governance"]))
    varied = [name for name in (panels, x, y) if name]
    lived = rows.assign(**{who: rows[f"{who}.shock"] - rows[f"{who}.calm"] for who in BEARERS})
    lived["sum"] = sum(lived[who] for who in BEARERS)
    points = lived[["point", *varied]].drop_duplicates("point").sort_values("point", ignore_index=True)
    grid = Grid(points, x, y, panels)
    places = {point: place for place, point in enumerate(points["point"])}
    lines = []
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 1.3 + 1.75 * len(arms)))
        every = figure.subplots(len(arms), len(grid.across), sharex=True, sharey=True, squeeze=False)
        for (arm, point), group in lived.groupby(["governance", "point"], observed=True, sort=False):
            row, place = arms.index(arm), places[point]
            panel, at = every[row][grid.column[place]], grid.position(grid.place[place])
            ends = {True: 0.0, False: 0.0}
            told = tuple(points.loc[place, name] for name in varied)
            for who in (*BEARERS, "sum"):
                mean, low, high, _ = (float(each[0]) for each in intervals(group[[who]].to_numpy(np.float64)))
                lines.append((arm, *told, who, mean, low, high, len(group)))
                if who != "sum":
                    _, colour, _, hatch = BEARER_LOOKS[who]
                    side = mean >= 0.0
                    panel.bar(at, mean, bottom=ends[side], width=0.86, color=colour, edgecolor=INK, linewidth=0.4,
                              hatch=hatch * 2, zorder=2)  # fmt: skip
                    ends[side] += mean
                elif np.isfinite(low):
                    whisker = np.maximum([[mean - low], [high - mean]], 0.0)
                    panel.errorbar([at], [mean], yerr=whisker, fmt="o", color=PAPER, markeredgecolor=INK, markersize=3,
                                   ecolor=INK, elinewidth=1.1, capsize=2, zorder=6)  # fmt: skip
        for row, arm in enumerate(arms):
            for column, panel in enumerate(every[row]):
                panel.axhline(0.0, color=INK, linewidth=0.9, zorder=3)
                panel.grid(axis="y")
                grid.two_levels(panel, row == len(arms) - 1)
                if row == 0:
                    panel.set_title(grid.heading(column), fontsize=9)
            every[row][0].set_ylabel(shown(arm), fontweight="bold")
        _below(every[-1], _words(grid), 16.0)
        title = "Who bore what the shock added to costs, £ a month for each resident"
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        keys: list[Any] = [
            Patch(facecolor=colour, edgecolor=INK, hatch=hatch * 2, label=words)
            for words, colour, _, hatch in BEARER_LOOKS.values()
        ]
        keys.append(
            Line2D([], [], marker="o", color=INK, markerfacecolor=PAPER, markersize=4, label="sum, 95% interval")
        )
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), columnspacing=1.2)
    table = pd.DataFrame(lines, columns=["governance", *varied, "who", "mean", "low", "high", "pairs"])
    said = []
    for arm in arms:
        mine = table[table["governance"] == arm].groupby("who")["mean"].mean()
        share = ", ".join(f"{BEARER_LOOKS[who][0]} {100 * mine[who] / mine['sum']:.0f}%" for who in BEARERS)
        said.append(f"{shown(arm)}: {share}")
    described = f"Stacked bars. Of all that was added, over all points: {'; '.join(said)}."
    return Drawn(figure, title, described, table)


# ---- parts ------------------------------------------------------------------------------------------


def _panels(figure: Figure, rows: int, grid: Grid) -> list[list[Axes]]:
    drawn = figure.subplots(rows, len(grid.across), sharex=True, sharey=True, squeeze=False)
    return [list(row) for row in drawn]


def _finished(drawn: Sequence[Axes], grid: Grid, label: str, top: bool = True, last: bool = True) -> None:
    """Ticks with the values that were lived, headings and labels."""
    for column, panel in enumerate(drawn):
        panel.set_xlim(-0.5, len(grid.along) - 0.5)
        panel.set_ylim(-0.5, len(grid.up) - 0.5)
        panel.set_xticks(range(len(grid.along)), [_value(each) for each in grid.along])
        panel.set_yticks(range(len(grid.up)), [_value(each) for each in grid.up])
        panel.tick_params(length=0)
        for spine in panel.spines.values():
            spine.set_visible(False)
        if top:
            panel.set_title(grid.heading(column), fontsize=9)
    drawn[0].set_ylabel("\n".join(wrapped(each, 30) for each in label.split("\n")), fontsize=8)
    if last:
        across = f"; panels: {axis_label(grid.panels)}" if grid.panels else ""
        _below(drawn, f"{axis_label(grid.x)}{across}")


def _tile(panel: Axes, place: tuple[int, int], colour: Any, doubtful: bool) -> None:
    x, y = place
    panel.add_patch(
        Rectangle((x - 0.5, y - 0.5), 1.0, 1.0, facecolor=colour, edgecolor=INK if doubtful else PAPER, linewidth=0.0,
                  hatch=HATCH if doubtful else None)
    )  # fmt: skip
    panel.add_patch(Rectangle((x - 0.5, y - 0.5), 1.0, 1.0, fill=False, edgecolor=PAPER, linewidth=1.0))


def _mark(panel: Axes, place: tuple[int, int], look: Any, decided: bool, words: str) -> None:
    x, y = place
    face = look.colour if decided else PAPER
    panel.plot(x, y + 0.17, marker=look.marker, color=look.colour, markerfacecolor=face, markersize=6.5,
               markeredgewidth=1.1, linestyle="", zorder=4)  # fmt: skip
    frame = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.6}
    panel.text(x, y - 0.24, words, ha="center", va="center", fontsize=6.5, zorder=5, bbox=frame)


def _pale(colour: str) -> tuple[float, float, float]:
    red, green, blue = 0.35 * np.array(to_rgb(colour)) + 0.65 * np.array(to_rgb(PAPER))
    return float(red), float(green), float(blue)


__all__ = ["Grid", "bearers", "best", "differences"]
