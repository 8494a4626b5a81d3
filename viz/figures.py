"""Figures for print: maps, bars, lines with bands, panels and boxes, each with the table behind it.

Change this file to change how a study is drawn. Who is told by colour, shape and hatching together, so that a figure
can be read in grey, on paper, and by anyone who cannot tell the colours apart; an interval stands wherever there is
one; what cannot be told from no difference is hatched or hollow. Every figure can be saved as SVG, PDF and PNG with a
CSV of its numbers beside them, or be put into a page. Nothing here lives a town.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.tri import Triangulation

from experiments.differences import Differences, coded, measure_of, words_of
from experiments.discovery import PRIM, Corner, Discovery
from experiments.intervals import intervals
from experiments.pairs import BEARERS, shown
from experiments.sensitivity import INDICES, MAIN_INDEX, SCREENING, SHARES, Sensitivity
from experiments.words import capital, short, signed
from viz.plots import BEARER_LOOKS, INK, MUTED, PAPER, Look, looks, svg
from viz.readings import reading

if TYPE_CHECKING:
    import pandas as pd

Numbers = npt.NDArray[np.float64]

WIDE = 7.2
"""Inches: the width of a page's text."""
STYLE: dict[Any, Any] = {
    "font.size": 9, "axes.titlesize": 10, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.labelcolor": INK, "text.color": INK, "axes.edgecolor": MUTED, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False, "grid.color": "#E9E4DA",
    "axes.axisbelow": True, "svg.fonttype": "none", "pdf.fonttype": 42, "text.parse_math": False,
    "figure.facecolor": PAPER, "axes.facecolor": PAPER, "hatch.linewidth": 0.5, "hatch.color": INK,
    "axes.unicode_minus": True, "legend.frameon": False, "legend.fontsize": 8.5, "savefig.dpi": 300,
    "figure.constrained_layout.use": True,
}  # fmt: skip
KINDS = ("svg", "pdf", "png")
MANY = 20
"""Names shown in one figure; a table has them all."""
BINS = 8


class Drawn(NamedTuple):
    """A figure, what it is called, what it shows in words, and the table behind it."""

    figure: Figure
    title: str
    described: str
    table: pd.DataFrame

    def page(self) -> str:
        """The figure as SVG to be put into a page."""
        return svg(self.laid_out, self.title, self.described)

    @property
    def laid_out(self) -> Figure:
        """The figure with everything in its place: found once, not each time it is written."""
        if self.figure.get_layout_engine() is not None:
            self.figure.draw_without_rendering()
            self.figure.set_layout_engine("none")
        return self.figure


def save(drawn: Drawn, stem: str | Path, kinds: Sequence[str] = KINDS) -> list[Path]:
    """Write a figure as SVG, PDF and PNG, and its table as CSV beside them; the same numbers give the same files."""
    stem = Path(stem)
    written = []
    for kind in kinds:
        path = stem.with_name(f"{stem.name}.{kind}")
        told = {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else {}
        with mpl.rc_context({**STYLE, "svg.hashsalt": stem.name}):
            drawn.laid_out.savefig(path, metadata=told, dpi=300)
        written.append(path)
    table = stem.with_name(f"{stem.name}.csv")
    drawn.table.to_csv(table, index=False)
    return [*written, table]


class Scale(NamedTuple):
    """How an outcome's differences are written: what it is, unit, and by what numbers are multiplied."""

    title: str
    unit: str
    times: float
    better: int

    @property
    def reads(self) -> str:
        """Which way is better, in a few words."""
        return {1: "more is better", -1: "less is better", 0: "neither more nor less is better"}[self.better]


def scale_of(found: Differences) -> Scale:
    """How an outcome is written; one that is no measure of the town is written as it is."""
    name = measure_of(found.outcome)
    words, unit = words_of(found.outcome)
    words = capital(words)
    try:
        told = reading(name)
    except AttributeError:
        return Scale(words, unit, 1.0, found.better)
    where = words.removeprefix(words_of(name)[0]) if name != found.outcome else ""
    return Scale(f"{told.title}{where}", told.difference, told.scale, found.better)


# ---- the map ------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A line known from elsewhere, to be drawn over a map."""

    x: Numbers
    y: Numbers
    words: str


def regime_map(
    found: Differences,
    axes: Sequence[str],
    *,
    lines: pd.DataFrame | None = None,
    known: Line | None = None,
    names: Mapping[str, str] | None = None,
) -> Drawn:
    """Where each governance does better over two numbers: tinted by how much, hatched where nobody can tell.

    `lines` are the crossings found by halving, as in Regimes; `known` a line from a formula; `names` what to call the
    axes. A mark stands wherever towns were lived: nothing else is known, and what lies between is interpolated.
    """
    scale = scale_of(found)
    table = found.table[~np.isnan(found.means)].reset_index(drop=True)
    x, y = (table[name].to_numpy(np.float64) for name in axes)
    # tint and hatching follow who does better, not which number is larger
    better = scale.better or 1
    mean, low, high = (scale.times * table[name].to_numpy() for name in ("mean", "low", "high"))
    winners = found.winners[~np.isnan(found.means)]
    look = looks([found.first, found.second])
    one, other = look[found.first], look[found.second]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 5.0))
        panel = figure.add_subplot()
        spans = [max(float(np.ptp(each)), 1e-12) for each in (x, y)]
        mesh = Triangulation((x - x.min()) / spans[0], (y - y.min()) / spans[1])
        drawn = Triangulation(x, y, mesh.triangles)
        reach = float(np.quantile(np.abs(mean), 0.95)) or float(np.abs(mean).max()) or 1.0  # a few may lie beyond
        levels = matplotlib.ticker.MaxNLocator(12, symmetric=True).tick_values(-reach, reach)
        tint = panel.tricontourf(drawn, better * mean, levels=levels, cmap=tints(one, other), extend="both")
        doubt = np.minimum(high, -low)
        if np.isfinite(doubt).all() and doubt.max() > 0.0 > doubt.min():
            panel.tricontourf(drawn, doubt, levels=[0.0, doubt.max() * 1.01], colors="none", hatches=["////"])
        elif np.isfinite(doubt).all() and doubt.min() >= 0.0:
            panel.tricontourf(drawn, mean, levels=[mean.min() - 1.0, mean.max() + 1.0], colors="none", hatches=["////"])
        if mean.min() < 0.0 < mean.max():
            panel.tricontour(drawn, mean, levels=[0.0], colors=[INK], linewidths=1.8)
        _marks(panel, x, y, winners, (one, other))
        if lines is not None and len(lines):
            _crossings(panel, lines, axes)
        if known is not None:
            panel.plot(known.x, known.y, color="#FFFFFF", linewidth=4.0, solid_capstyle="butt")
            panel.plot(known.x, known.y, color=INK, linewidth=1.6, linestyle=(0, (5, 2)))
        panel.set_xlim(x.min(), x.max())
        panel.set_ylim(y.min(), y.max())
        _regions(panel, mesh, x, y, winners, (found.first, found.second), scale.better)
        called = names or {}
        panel.set_xlabel(called.get(axes[0]) or axis_label(axes[0]))
        panel.set_ylabel(called.get(axes[1]) or axis_label(axes[1]))
        title = f"{scale.title}: who does better" if scale.better else f"{scale.title}: where there is more"
        panel.set_title(wrapped(title))
        bar = figure.colorbar(tint, ax=panel, pad=0.02, aspect=28)
        bar.set_label(", ".join(filter(None, [f"{shown(found.second)} less {shown(found.first)}", scale.unit])))
        bar.ax.yaxis.set_major_formatter(lambda value, _: signed(better * value))
        _map_key(figure, (one, other), found, lines, known, winners)
    parts = [
        f"{shown(found.first)} at {int((winners < 0).sum())} points",
        f"{shown(found.second)} at {int((winners > 0).sum())}",
        f"undecided at {int((winners == 0).sum())}",
    ]
    described = (
        f"A map over {axes[0]} and {axes[1]}. {'Does better' if scale.better else 'More under'}: {', '.join(parts)}. "
        "Hatched where the 95% interval includes 0."
    )
    return Drawn(figure, f"{title} over {axes[0]} and {axes[1]}", described, table)


def tints(one: Look, other: Look) -> LinearSegmentedColormap:
    """From the first governance's colour over paper to the second's, pale enough for marks and words."""
    paper = np.array(to_rgb(PAPER))
    ends = [0.72 * np.array(to_rgb(look.colour)) + 0.28 * paper for look in (one, other)]
    return LinearSegmentedColormap.from_list("who", [ends[0], paper, ends[1]])


def _marks(panel: Axes, x: Numbers, y: Numbers, winners: Numbers, looked: tuple[Look, Look]) -> None:
    """A mark for each point: the winner's own, hollow where there is none. Small where they are many."""
    size = 16.0 if len(x) < 100 else 7.0
    for who, look in ((-1, looked[0]), (1, looked[1])):
        there = winners == who
        panel.scatter(
            x[there], y[there], s=size, marker=look.marker, color=look.colour, edgecolors=PAPER, linewidths=0.4,
            clip_on=False, zorder=4,
        )  # fmt: skip
    none = winners == 0
    panel.scatter(
        x[none], y[none], s=size, marker="o", facecolors=PAPER, edgecolors=INK, linewidths=0.7, clip_on=False, zorder=4
    )


def _crossings(panel: Axes, lines: pd.DataFrame, axes: Sequence[str]) -> None:
    """Where the line was found, and the stretch in which it may lie."""
    for along in (0, 1):
        part = lines[lines["along"] == axes[along]]
        at, middle, low, high = (part[name].to_numpy() for name in ("at", "crossing", "low", "high"))
        if along == 0:
            panel.hlines(at, low, high, color=INK, linewidth=0.45, zorder=3)
            panel.plot(middle, at, "+", color=INK, markersize=5, markeredgewidth=1.1, zorder=6)
        else:
            panel.vlines(at, low, high, color=INK, linewidth=0.45, zorder=3)
            panel.plot(at, middle, "+", color=INK, markersize=5, markeredgewidth=1.1, zorder=6)


def _regions(
    panel: Axes, mesh: Triangulation, x: Numbers, y: Numbers, winners: Numbers, names: tuple[str, str], better: int
) -> None:
    """Each governance's name, where it is furthest from points that are not its own and from the edges."""
    spots = np.column_stack([mesh.x, mesh.y])
    for who, name in ((-1, names[0]), (1, names[1])):
        mine, others = spots[winners == who], spots[winners != who]
        if len(mine) < 3:
            continue
        edges = np.minimum(np.minimum(mine, 1.0 - mine) * (0.7, 2.0), 1.0).min(axis=1)
        away = np.linalg.norm(mine[:, None] - others[None], axis=2).min(axis=1) if len(others) else np.ones(len(mine))
        best = int(np.argmax(np.minimum(edges, away)))
        place = np.flatnonzero(winners == who)[best]
        words = f"{shown(name)}\ndoes better" if better else f"more under\n{shown(name)}"
        # inside the panel, where the words fit whole
        at = [float(np.clip(spots[place][way], 0.12, 0.88)) for way in (0, 1)]
        panel.annotate(
            words, (at[0], at[1]), xycoords="axes fraction", ha="center", va="center", fontweight="bold", zorder=7,
            bbox={"facecolor": PAPER, "edgecolor": MUTED, "linewidth": 0.6, "alpha": 0.94, "boxstyle": "round,pad=.3"},
        )  # fmt: skip


def _map_key(
    figure: Figure,
    looked: tuple[Look, Look],
    found: Differences,
    lines: pd.DataFrame | None,
    known: Line | None,
    winners: Numbers,
) -> None:
    words = "does better" if found.better else "has more"
    marks = [
        Line2D(
            [], [], marker=look.marker, color=look.colour, linestyle="", markersize=5, label=f"{shown(name)} {words}"
        )
        for name, look in ((found.first, looked[0]), (found.second, looked[1]))
    ]
    keys: list[Any] = marks
    if (winners == 0).any():
        hollow = Line2D([], [], marker="o", color=INK, markerfacecolor=PAPER, linestyle="", markersize=5)
        hollow.set_label("undecided")
        keys += [hollow, Patch(facecolor=PAPER, edgecolor=INK, hatch="////", label="95% interval includes 0")]
    keys.append(Line2D([], [], color=INK, linewidth=1.8, label="no difference"))
    if lines is not None and len(lines):
        keys.append(Line2D([], [], marker="+", color=INK, linewidth=0.7, label="found by halving, with interval"))
    if known is not None:
        keys.append(Line2D([], [], color=INK, linewidth=1.6, linestyle=(0, (5, 2)), label=known.words))
    figure.legend(handles=keys, loc="outside lower center", ncols=3, columnspacing=1.6, handlelength=2.0)


# ---- what matters ---------------------------------------------------------------------------------------


def sensitivity_bars(found: Sensitivity, asked: Differences) -> Drawn:
    """Bars of how much each number matters to the difference, with 95% intervals, the largest first.

    Sobol: the share that would be gone if it were known (hatched) above the share it makes by itself (filled).
    A tick marks what a number that does nothing would be given, where that is more than 0.
    """
    scale = scale_of(asked)
    order = found.ranked()[:MANY]
    main = MAIN_INDEX[found.method]
    table = found.table
    times = scale.times if found.method == SCREENING else 1.0
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 1.5 + (0.5 if found.method == SHARES else 0.34) * len(order)))
        panel = figure.add_subplot()
        places = np.arange(len(order), dtype=np.float64)
        rows = table[table["index"] == main].set_index("name").loc[order]
        apart = 0.19 if found.method == SHARES else 0.0
        _bars(
            panel,
            np.asarray(places - apart),
            rows,
            times,
            colour="#C9D3DC",
            hatch="////",
            height=0.36 if apart else 0.62,
        )
        keys: list[Any] = []
        if found.method == SHARES:
            alone = table[table["index"] == "first"].set_index("name").loc[order]
            _bars(panel, np.asarray(places + apart), alone, times, colour="#0B5A9C", hatch="", height=0.36)
            keys = [
                Patch(facecolor="#C9D3DC", edgecolor=INK, hatch="////", label="with all it works with"),
                Patch(facecolor="#0B5A9C", edgecolor=INK, label="by itself"),
            ]
        noise = times * rows["noise"].to_numpy(np.float64)
        if (noise > 0.0).any():
            panel.plot(noise, places, "|", color="#B34A00", markersize=16, markeredgewidth=2.2, zorder=6)
            words = (
                "what luck alone would make" if found.method == SCREENING else "what a number doing nothing is given"
            )
            keys.append(Line2D([], [], marker="|", color="#B34A00", linestyle="", markersize=11, label=words))
        panel.set_yticks(places, order)
        panel.invert_yaxis()
        panel.axvline(0.0, color=INK, linewidth=1.0)
        drawn_rows = table[table["index"].isin([main, "first"]) & table["name"].isin(order)]
        lowest = np.append(drawn_rows["low"].to_numpy(np.float64), 0.0)
        panel.set_xlim(left=1.05 * times * float(np.nanmin(lowest)))
        panel.grid(axis="x")
        panel.tick_params(axis="y", length=0)
        unit = f" ({scale.unit})" if found.method == SCREENING and scale.unit else ""
        words = "share of the variance of the expected difference" if found.method == SHARES else INDICES[main]
        panel.set_xlabel(wrapped(f"{words}{unit}", 96))
        title = f"{scale.title}: what moves the difference between {shown(asked.first)} and {shown(asked.second)}"
        panel.set_title(wrapped(title))
        keys.append(Line2D([], [], color=INK, linewidth=1.3, label="95% interval"))
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
    values = times * rows["value"].to_numpy(np.float64)
    told = "; ".join(f"{name} {short(value)}" for name, value in zip(order, values, strict=True))
    return Drawn(figure, title, f"Bars with 95% intervals, largest first: {told}.", table)


def _bars(
    panel: Axes, places: Numbers, rows: pd.DataFrame, times: float, *, colour: str, hatch: str, height: float
) -> None:
    value, low, high = (times * rows[name].to_numpy(np.float64) for name in ("value", "low", "high"))
    panel.barh(places, value, height=height, color=colour, edgecolor=INK, linewidth=0.7, hatch=hatch, zorder=2)
    whiskers = np.maximum(np.array([value - low, high - value]), 0.0)
    panel.errorbar(value, places, xerr=whiskers, fmt="none", ecolor=INK, elinewidth=1.3, capsize=2.5, zorder=5)


# ---- over one axis --------------------------------------------------------------------------------------


def along_one(every: Sequence[Differences], name: str) -> Drawn:
    """The difference over one thing that is varied, a line with a 95% band for each governance but the first.

    Where other things are varied too, points are gathered into a few stretches of this one, and the band is over the
    points of each stretch: how the others matter is in its width.
    """
    import pandas as pd  # noqa: PLC0415

    scale = scale_of(every[0])
    look = looks([every[0].first, *(each.second for each in every)])
    parts = []
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 3.3))
        panel = figure.add_subplot()
        panel.axhline(0.0, color=INK, linewidth=1.0)
        for found in every:
            gathered = stretches(found, name)
            gathered.insert(0, "governance", found.second)
            parts.append(gathered)
            mine = look[found.second]
            at = gathered["at"].to_numpy(np.float64)
            mean, low, high = (scale.times * gathered[each].to_numpy() for each in ("mean", "low", "high"))
            apart = (low > 0.0) | (high < 0.0)
            panel.fill_between(at, low, high, color=mine.colour, alpha=0.16, linewidth=0)
            panel.plot(at, low, at, high, color=mine.colour, linewidth=0.6, alpha=0.7)
            panel.plot(at, mean, color=mine.colour, linestyle=mine.dash, linewidth=1.8)
            for face, which in ((mine.colour, apart), (PAPER, ~apart)):
                panel.plot(
                    at[which], mean[which], linestyle="", marker=mine.marker, markersize=6, color=mine.colour,
                    markerfacecolor=face, markeredgewidth=1.4,
                )  # fmt: skip
        words = every[0].points[name]
        if words.dtype.kind not in "ifub":
            panel.set_xticks(range(words.nunique()), list(dict.fromkeys(words)))
        elif words.nunique() <= BINS:  # where towns were lived, and nowhere else
            panel.set_xticks(sorted(set(words)), [short(each, 4) for each in sorted(set(words))])
        panel.set_xlabel(axis_label(name))
        unit = f"{scale.unit}; {scale.reads}" if scale.unit and scale.better else scale.unit or scale.reads
        panel.set_ylabel(wrapped(f"difference from {shown(every[0].first)} ({unit})", 44))
        panel.set_title(wrapped(f"{scale.title}, over {axis_label(name, short=True)}"))
        panel.grid(axis="y")
        keys: list[Any] = [
            Line2D([], [], color=look[each.second].colour, linestyle=look[each.second].dash, linewidth=1.8,
                   marker=look[each.second].marker, markersize=5, label=shown(each.second))
            for each in every
        ]  # fmt: skip
        keys.append(Patch(facecolor=MUTED, alpha=0.25, label="95% interval; hollow where it includes 0"))
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
    table = pd.concat(parts, ignore_index=True)
    told = "; ".join(
        f"{shown(each.second)} from {signed(ends[0])} to {signed(ends[-1])}"
        for each, ends in (
            (each, scale.times * part["mean"].to_numpy()) for each, part in zip(every, parts, strict=True)
        )
    )
    title = f"{scale.title}, difference from {shown(every[0].first)} over {name}"
    return Drawn(figure, title, f"Lines with 95% bands, {scale.reads}: {told}.", table)


def stretches(found: Differences, name: str) -> pd.DataFrame:
    """The mean difference in each stretch of one thing that is varied: place, mean, 95% interval, points and pairs.

    The interval is over points; where a stretch is one point, over its pairs.
    """
    import pandas as pd  # noqa: PLC0415

    codes = coded(found.points[name])
    places = np.unique(codes)
    if len(places) > BINS + 4:
        cuts = np.linspace(codes.min(), codes.max(), BINS + 1)
        which = np.clip(np.digitize(codes, cuts) - 1, 0, BINS - 1)
        groups = [np.flatnonzero(which == each) for each in range(BINS)]
    else:
        groups = [np.flatnonzero(codes == each) for each in places]
    rows = []
    for group in groups:
        means = found.means[group][~np.isnan(found.means[group])]
        pairs = found.values[group][~np.isnan(found.values[group])]
        sample = means if len(means) > 1 else pairs
        if len(sample):
            mean, low, high, _ = (float(each[0]) for each in intervals(sample.reshape(-1, 1)))
            rows.append((float(codes[group].mean()), mean, low, high, len(means), len(pairs)))
    return pd.DataFrame(rows, columns=["at", "mean", "low", "high", "points", "pairs"])


# ---- who bore it ----------------------------------------------------------------------------------------


def bearers(rows: pd.DataFrame, name: str | None = None) -> Drawn:
    """Who bore what the shock added to costs: a panel for each governance, stacked, over one thing that is varied.

    Above 0 somebody bore it, below 0 gained instead. The whisker is the 95% interval of the sum, over rows.
    """
    import pandas as pd  # noqa: PLC0415

    arms = list(dict.fromkeys(rows["governance"]))
    effect = {who: rows[f"{who}.shock"] - rows[f"{who}.calm"] for who in BEARERS}
    place, labels = _gathered(rows, name)
    many = len(labels)
    lines = []
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 3.4))
        panels = figure.subplots(1, len(arms), sharey=True, squeeze=False)[0]
        for panel, arm in zip(panels, arms, strict=True):
            for at in range(many):
                there = (rows["governance"] == arm).to_numpy() & (place == at)
                if not there.any():
                    continue
                up = down = 0.0
                for who in BEARERS:
                    _, colour, _, hatch = BEARER_LOOKS[who]
                    value = float(effect[who][there].mean())
                    start = up if value >= 0.0 else down
                    panel.bar(
                        at, value, bottom=start, width=0.8, color=colour, edgecolor=INK, linewidth=0.6, hatch=hatch
                    )
                    up, down = (up + value, down) if value >= 0.0 else (up, down + value)
                    lines.append((arm, labels[at], who, value, *_interval(effect[who][there])))
                whole = sum(effect[who][there] for who in BEARERS)
                low, high = _interval(whole)
                middle = float(whole.mean())
                lines.append((arm, labels[at], "sum", middle, low, high))
                if np.isfinite(low):
                    whisker = np.maximum([[middle - low], [high - middle]], 0.0)
                    panel.errorbar(
                        [at], [middle], yerr=whisker, fmt="o", color=PAPER, markeredgecolor=INK, markersize=4,
                        ecolor=INK, elinewidth=1.4, capsize=3, zorder=6,
                    )  # fmt: skip
            panel.axhline(0.0, color=INK, linewidth=1.0)
            panel.set_title(shown(arm))
            if many == 1:
                panel.set_xlim(-1.2, 1.2)
            panel.set_xticks(
                range(many),
                labels if name else [""],
                rotation=0 if many < 4 else 40,
                ha="center" if many < 4 else "right",
            )
            panel.grid(axis="y")
            if name is not None:
                panel.set_xlabel(axis_label(name) if len(arms) < 2 else name)
        panels[0].set_ylabel("£ a month for each resident")
        keys: list[Any] = [
            Patch(facecolor=colour, edgecolor=INK, hatch=hatch, label=words)
            for words, colour, _, hatch in BEARER_LOOKS.values()
        ]
        keys.append(
            Line2D([], [], marker="o", color=INK, markerfacecolor=PAPER, markersize=4, label="sum, 95% interval")
        )
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), columnspacing=1.2)
    columns = ["governance", name or "all", "who", "mean", "low", "high"]
    table = pd.DataFrame(lines, columns=columns)
    title = "Who bore what the shock added to costs" + (f", over {name}" if name else "")
    told = [
        f"{shown(arm)}: " + ", ".join(
            f"{BEARER_LOOKS[who][0]} {table[(table['governance'] == arm) & (table['who'] == who)]['mean'].mean():+.2f}"
            for who in BEARERS
        )
        for arm in arms
    ]  # fmt: skip
    return Drawn(figure, title, "Stacked bars, £ a month for each resident. " + "; ".join(told) + ".", table)


def _interval(values: Any) -> tuple[float, float]:
    _, low, high, _ = intervals(np.asarray(values, np.float64).reshape(-1, 1))
    return float(low[0]), float(high[0])


def _gathered(rows: pd.DataFrame, name: str | None) -> tuple[npt.NDArray[np.int64], list[str]]:
    """In which stretch of one thing that is varied each row lies, and what the stretches are called."""
    if name is None:
        return np.zeros(len(rows), np.int64), ["all"]
    codes = coded(rows[name])
    places = np.unique(codes)
    if rows[name].dtype.kind not in "ifub":
        return codes.astype(np.int64), [str(each) for each in dict.fromkeys(rows[name])]
    if len(places) <= BINS:
        return np.searchsorted(places, codes).astype(np.int64), [short(each) for each in places]
    cuts = np.linspace(codes.min(), codes.max(), 6)
    where = np.clip(np.digitize(codes, cuts) - 1, 0, 4)
    return where.astype(np.int64), [f"{low:.2g}–{high:.2g}" for low, high in pairwise(cuts)]


# ---- corners --------------------------------------------------------------------------------------------


def corners(found: Discovery, asked: Differences) -> Drawn:
    """The corners in which each governance does better: for each thing that is varied, the stretch that is left.

    PRIM's box for each governance where there is one, otherwise the tree's largest leaf. A thin line is all that was
    tried; a thick one is the corner. What is not bounded is not in its description.
    """
    chosen = [
        next(each for each in found.corners if each.governance == name and each.way == way)
        for name in (asked.first, asked.second)
        for way in [next((each.way for each in found.corners if each.governance == name and each.way == PRIM), None)
                    or next((each.way for each in found.corners if each.governance == name), None)]
        if way is not None
    ]  # fmt: skip
    named = list(dict.fromkeys(side.name for each in chosen for side in each.sides))
    look = looks([asked.first, asked.second])
    scale = scale_of(asked)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 1.5 + 0.62 * max(len(named), 1)))
        panel = figure.add_subplot()
        for row, name in enumerate(named):
            column = asked.points[name]
            codes = coded(column)
            low, high = float(codes.min()), float(codes.max())
            span = (high - low) or 1.0
            panel.plot([0.0, 1.0], [row, row], color=MUTED, linewidth=0.8, zorder=1)
            is_words = column.dtype.kind not in "ifub"
            ends = ("", "") if is_words else (short(low), short(high))
            for at, text, side in ((0.0, ends[0], "left"), (1.0, ends[1], "right")):
                panel.text(at, row + 0.36, text, ha=side, va="center", fontsize=8, color=MUTED)
            for corner in chosen:
                mine = next((each for each in corner.sides if each.name == name), None)
                if mine is None:
                    continue
                offset = -0.17 if corner.governance == asked.first else 0.17
                drawn = look[corner.governance]
                if mine.among:
                    text = " or ".join(map(str, mine.among))
                    frame = {"facecolor": PAPER, "edgecolor": drawn.colour, "pad": 1.5}
                    panel.text(
                        0.5, row + offset, text, ha="center", va="center", color=drawn.colour, fontweight="bold",
                        fontsize=8, bbox=frame,
                    )  # fmt: skip
                    continue
                start, end = (max(mine.low, low) - low) / span, (min(mine.high, high) - low) / span
                panel.plot(
                    [start, end], [row + offset] * 2, color=drawn.colour, linewidth=5, solid_capstyle="butt", zorder=3
                )
                for at, value, side in ((start, mine.low, "left"), (end, mine.high, "right")):
                    if np.isfinite(value):
                        panel.plot([at], [row + offset], marker=drawn.marker, color=drawn.colour, markersize=8,
                                   markeredgecolor=PAPER, zorder=4)  # fmt: skip
                        place = at + (0.02 if side == "left" else -0.02)
                        panel.text(place, row + offset * 2.05, short(value), ha=side, va="center", fontsize=8,
                                   color=drawn.colour)  # fmt: skip
        panel.set_yticks(range(len(named)), named)
        panel.set_ylim(len(named) - 0.45, -0.55)
        panel.set_xlim(-0.03, 1.03)
        panel.set_xticks([])
        for spine in panel.spines.values():
            spine.set_visible(False)
        panel.tick_params(axis="y", length=0)
        title = f"{scale.title}: corners in which each does better"
        panel.set_title(wrapped(title))
        keys: list[Any] = [
            Line2D([], [], color=look[each.governance].colour, marker=look[each.governance].marker, linewidth=5,
                   markersize=6, label=_how_good(each))
            for each in chosen
        ]  # fmt: skip
        without = [name for name in (asked.first, asked.second) if name not in {each.governance for each in chosen}]
        keys += [
            Line2D(
                [],
                [],
                color=look[name].colour,
                marker=look[name].marker,
                linewidth=0,
                label=f"{shown(name)}: no corner",
            )
            for name in without
        ]
        keys.append(Line2D([], [], color=MUTED, linewidth=0.8, label="all that was tried"))
        figure.legend(handles=keys, loc="outside lower center", ncols=2)
    told = ". ".join(each.words() for each in chosen) or "No corner was found"
    return Drawn(figure, title, f"{told}.", found.table)


def _how_good(corner: Corner) -> str:
    fresh = np.isfinite(corner.density_fresh)
    density, coverage = (corner.density_fresh, corner.coverage_fresh) if fresh else (corner.density, corner.coverage)
    return (
        f"{shown(corner.governance)}: density {density:.0%} ({corner.density_low:.0%}–{corner.density_high:.0%}), "
        f"coverage {coverage:.0%}"
    )


# ---- parts ----------------------------------------------------------------------------------------------


def axis_label(name: str, *, short: bool = False) -> str:
    """What is varied, in words, with its unit where it is declared and short."""
    from agents.declared import fields_of  # noqa: PLC0415
    from agents.parameters import Parameters  # noqa: PLC0415

    owner, _, key = name.rpartition(".")
    if owner.startswith("shocks."):
        which = owner.removeprefix("shocks.")
        words, unit = f"{key} of shock {which}", "months" if key in ("length", "start", "fade") else ""
    elif owner:
        words, unit = f"{key.replace('_', ' ')} of {shown(owner)}", ""
    else:
        declared = fields_of(Parameters).get(name)
        unit = declared.unit.split(";")[0].split(",")[0] if declared else ""
        words = name.replace("_", " ")
    return f"{words} ({unit})" if unit and len(unit) < 60 and not short else words


def wrapped(text: str, width: int = 74) -> str:
    """A text over as many lines as it needs."""
    return "\n".join(textwrap.wrap(text, width))


__all__ = [
    "Drawn", "Line", "Numbers", "Scale", "along_one", "axis_label", "bearers", "corners", "regime_map", "save",
    "scale_of", "sensitivity_bars", "stretches", "tints", "wrapped",
]  # fmt: skip
