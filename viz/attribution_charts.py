"""Charts of an attribution, as SVG text: what each group of dials adds, and what each dial does alone.

Change this file to change how shares look. Groups and dials stand in the same order in every chart, whichever of
them counts for more. What is hollow cannot be told from nothing. Looks and parts are those of plots.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import matplotlib as mpl
import matplotlib.ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from agents.terms import GROUPS
from experiments.attribution import BUFFER, FIRST_IN, LAST_OUT, LEVEL, SHARE, TOTAL, Attribution
from experiments.intervals import Estimate
from experiments.pairs import shown
from experiments.words import signed
from viz.plots import INK, MUTED, PAPER, STYLE, looks, svg

HEADINGS = {LEVEL: "In calm months", BUFFER: "In what the shock did"}


def share_chart(
    attribution: Attribution,
    measure: str,
    quantities: Sequence[str],
    title: str,
    unit: str,
    scale: float,
    better: int,
    write: Callable[[Estimate], str],
) -> str:
    """Bars for what each group adds to the difference, with 95% intervals, and the whole difference below them.

    `write` says how an estimate is written beside its bar.
    """
    second = attribution.names[1]
    colour = looks(attribution.names)[second].colour
    rows = [*GROUPS, TOTAL]
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure, panels = _panels(len(rows), len(quantities), row=0.42, top=0.85)
        told = []
        for across, (axes, quantity) in enumerate(zip(panels, quantities, strict=True)):
            reach = 1e-12
            for place, name in enumerate(rows):
                whole = name == TOTAL
                found = attribution.estimate(*((TOTAL, "") if whole else (SHARE, name)), quantity, measure)
                if found is None:
                    continue
                at = _scaled(found, scale)
                reach = max(reach, *(abs(end) for end in at))
                sure = found.told_apart
                axes.barh(
                    place, at[0], height=0.62, color=(INK if whole else colour) if sure else PAPER,
                    edgecolor=INK if whole else colour, linewidth=1.6,
                )  # fmt: skip
                _whisker(axes, at, place, PAPER if sure else INK, INK)
                same = not whole and name not in attribution.between.groups
                _name_bar(axes, at, place, "0: the same in both" if same else write(found), MUTED if same else INK)
                told.append(f"{HEADINGS[quantity]}, {'in all' if whole else name}: {write(found)}")
            axes.axhline(len(GROUPS) - 0.5, color=MUTED, linewidth=1.0)
            words = [f"all of {shown(second)}" if name == TOTAL else name for name in rows]
            _dress(axes, words if not across else [""] * len(rows), reach * 1.75, unit, better, HEADINGS[quantity])
            axes.get_yticklabels()[-1].set_fontweight("bold")
        figure.suptitle(title, x=0.02, y=0.985, ha="left", va="top", fontsize=15, fontweight="bold")
        described = "Bars with 95% intervals, hollow where the interval includes 0; " + "; ".join(told) + f"; {unit}."
        return svg(figure, f"{title}: shares", described)


def ladder_chart(
    attribution: Attribution, measure: str, quantities: Sequence[str], title: str, unit: str, scale: float, better: int
) -> str:
    """Two points for each dial: what it adds among the first governance's other dials, and among the second's."""
    first, second = attribution.names
    look = looks([first, second])
    rows = attribution.between.dials
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure, panels = _panels(len(rows), len(quantities), row=0.46, top=1.2)
        told = []
        for across, (axes, quantity) in enumerate(zip(panels, quantities, strict=True)):
            reach = 1e-12
            for place, dial in enumerate(rows):
                ends = []
                for step, whose, shift in ((FIRST_IN, first, -0.16), (LAST_OUT, second, 0.16)):
                    found = attribution.estimate(step, dial, quantity, measure)
                    if found is None:
                        continue
                    at = _scaled(found, scale)
                    reach = max(reach, *(abs(end) for end in at))
                    colour = look[whose].colour
                    axes.plot(at[1:], [place + shift] * 2, color=colour, linewidth=3, solid_capstyle="butt")
                    axes.plot(
                        [at[0]], [place + shift], marker=look[whose].marker, markersize=9, color=colour,
                        markeredgewidth=2, markerfacecolor=colour if found.told_apart else PAPER,
                    )  # fmt: skip
                    ends.append(signed(at[0]))
                told.append(f"{HEADINGS[quantity]}, {dial}: {' and '.join(ends)}")
                if place:
                    axes.axhline(place - 0.5, color="#E9E4DA", linewidth=0.8, zorder=0)
            _dress(
                axes,
                [_dial(each) if not across else "" for each in rows],
                reach * 1.12,
                unit,
                better,
                HEADINGS[quantity],
            )
        figure.suptitle(title, x=0.02, y=0.985, ha="left", va="top", fontsize=15, fontweight="bold")
        marks = [
            mpl.lines.Line2D(
                [], [], color=look[name].colour, marker=look[name].marker, markersize=9, linewidth=3,
                label=f"among {shown(name)}’s other dials",
            )
            for name in (first, second)
        ]  # fmt: skip
        height = figure.get_size_inches()[1]
        figure.legend(
            handles=marks, loc="upper left", bbox_to_anchor=(0.012, 1 - 0.36 / height), ncols=2, frameon=False
        )
        described = (
            f"Two points for each dial, among {shown(first)}’s other dials and among {shown(second)}’s, with 95% "
            "intervals, hollow where the interval includes 0; " + "; ".join(told) + f"; {unit}."
        )
        return svg(figure, f"{title}: dials", described)


def _panels(rows: int, many: int, row: float, top: float) -> tuple[Figure, list[Axes]]:
    height = top + rows * row + 0.75
    figure = Figure(figsize=(11, height))
    left, gap, right = 2.05, 0.45, 0.2
    width = (11 - left - right - gap * (many - 1)) / many
    return figure, [
        figure.add_axes(((left + place * (width + gap)) / 11, 0.75 / height, width / 11, rows * row / height))
        for place in range(many)
    ]


def _dress(axes: Axes, words: Sequence[str], reach: float, unit: str, better: int, heading: str) -> None:
    axes.axvline(0.0, color=INK, linewidth=1.2, zorder=1)
    axes.set_ylim(len(words) - 0.5, -0.5)
    axes.set_yticks(range(len(words)), words)
    axes.set_xlim(-reach, reach)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5, symmetric=True))
    axes.set_xlabel(f"{unit} (better →)" if better > 0 else f"(← better) {unit}" if better else unit, fontsize=13)
    axes.set_title(heading, fontsize=14, fontweight="normal", color=MUTED)


def _scaled(found: Estimate, scale: float) -> tuple[float, float, float]:
    low, high = (found.low, found.high) if found.known else (found.mean, found.mean)
    return scale * found.mean, scale * low, scale * high


def _whisker(axes: Axes, at: tuple[float, float, float], place: int, inside: str, outside: str) -> None:
    """The interval as a line: one colour where it lies on its bar, another where it goes beyond."""
    mean, low, high = at
    if low == high:
        return
    axes.plot([low, high], [place, place], color=outside, linewidth=1.8, solid_capstyle="butt")
    on = sorted((max(min(0.0, mean), low), min(max(0.0, mean), high)))
    axes.plot(on, [place, place], color=inside, linewidth=1.8, solid_capstyle="butt")


def _name_bar(axes: Axes, at: tuple[float, float, float], place: int, text: str, colour: str) -> None:
    """Write a bar's value beyond its interval, on its own side of 0."""
    mean, low, high = at
    where, side = (max(high, 0.0), "left") if mean >= 0.0 else (min(low, 0.0), "right")
    axes.annotate(
        text, (where, place), (7 if side == "left" else -7, 0), textcoords="offset points", ha=side, va="center",
        fontsize=12, color=colour,
    )  # fmt: skip


def _dial(name: str) -> str:
    return name.replace("_", " ")
