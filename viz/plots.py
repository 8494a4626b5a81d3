"""Charts of a comparison, as SVG text: a comparison in, a picture out.

Change this file to change how results look. Every line has its own colour, dash and marker and is named where it
ends, so that a chart can be read in grey, on paper, and by anyone who cannot tell the colours apart. Colours say
who, never good or bad. Nothing here knows the report the charts end up in.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.pairs import BEARERS, COST, SHOCK, Comparison, shown
from experiments.words import minus, pounds, signed
from simulation.scenario import SETTLING, Scenario

INK, MUTED, RULE, PAPER = "#1D2733", "#56616D", "#D9D3C8", "#FFFFFF"

Numbers = npt.NDArray[np.float64]


class Look(NamedTuple):
    """How one governance is drawn."""

    colour: str
    marker: str
    dash: Any


KNOWN = {
    "contract": Look("#0B5A9C", "o", "-"),
    "relational": Look("#B34A00", "D", (0, (7, 2))),
    "formal_relational": Look("#1D2733", "s", (0, (2, 1.6))),
    "rigid_contract": Look("#5B8DB8", "v", (0, (5, 1.5, 1, 1.5))),
    "spot": Look("#7A5C00", "^", (0, (1, 1.5))),
    "in_house": Look("#5E0D47", "P", (0, (9, 2, 2, 2))),
    "lip_service": Look("#4F6B2A", "X", (0, (4, 2, 1, 2, 1, 2))),
}
SPARE = tuple(KNOWN.values())

BEARER_LOOKS = {
    "borne_by_funders": ("funders", "#0B5A9C", "#FFFFFF", ""),
    "borne_by_partners": ("partners' reserves", "#F0B429", INK, "//"),
    "borne_by_staff": ("staff, unpaid", "#B4BBC4", INK, ".."),
    "borne_by_residents": ("residents", "#5E0D47", "#FFFFFF", "xx"),
}
STATES = {
    "partners_subsidising": ("living on reserves", "#F6D98B", "//"),
    "partners_cutting": ("withholding places", "#D98E32", "\\\\"),
    "partners_handing_back": ("handing back", "#98609F", ".."),
    "partners_closed": ("closed", "#3B0A2E", ""),
}
STYLE: dict[Any, Any] = {
    "font.size": 14, "axes.titlesize": 15, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.labelcolor": INK, "text.color": INK, "axes.edgecolor": MUTED, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#E9E4DA",
    "axes.axisbelow": True, "svg.fonttype": "none", "text.parse_math": False,
    "figure.facecolor": PAPER, "axes.facecolor": PAPER,
    "hatch.linewidth": 0.6, "axes.unicode_minus": True, "hatch.color": INK,
}  # fmt: skip


def looks(governances: Sequence[str]) -> dict[str, Look]:
    """How each governance is drawn: its own look, or the next that is free."""
    taken = {KNOWN[name] for name in governances if name in KNOWN}
    free = [look for look in SPARE if look not in taken] or list(SPARE)
    found = {}
    for name in governances:
        if name in KNOWN:
            found[name] = KNOWN[name]
        else:
            found[name] = free.pop(0) if len(free) > 1 else free[0]
    return found


# ---- charts -----------------------------------------------------------------------------------------


def trajectory_chart(comparison: Comparison, measure: str, title: str, unit: str, scale: float = 1.0) -> str:
    """What the shock did to a measure month by month, for every governance, with 95% bands."""
    months = np.arange(SETTLING, comparison.scenario.months)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 4.2))
        axes = _axes(figure, left=1.0, right=2.25, bottom=0.65, top=0.4)
        axes.axhline(0.0, color=MUTED, linewidth=1.2)
        ends, told = [], []
        for name, look in looks(list(comparison.governances)).items():
            values = scale * comparison.trajectory(name, measure)
            mean, low, high = band(values)
            axes.fill_between(months, low, high, color=look.colour, alpha=0.15, linewidth=0)
            every = max(1, len(months) // 8)
            axes.plot(
                months, mean, color=look.colour, linestyle=look.dash, linewidth=2.4,
                marker=look.marker, markersize=7, markevery=(every // 2, every),
            )  # fmt: skip
            ends.append((float(mean[-1]), shown(name), look.colour))
            told.append(f"{shown(name)}: {_span_told(months, mean)}")
        _name_ends(axes, ends, float(months[-1]))
        axes.set_title(title)
        axes.set_ylabel(unit)
        axes.set_xlabel("month of the run")
        _years(axes, months)
        described = (
            f"Lines over months {months[0]} to {months[-1]}: shock less calm with the same luck, {unit}. "
            + "; ".join(told)
            + ". Shaded: 95% interval of the mean."
        )
        return svg(figure, title, described)


def who_bore_it_chart(comparison: Comparison) -> str:
    """Bars of what the shock added to costs, in pounds a resident, by who bore it; what was gained lies left of 0."""
    borne = {name: comparison.borne(name) for name in comparison.governances}
    return bearers_chart(
        "Who bore the rise in costs",
        {shown(name): {who: mine[who][:2] for who in BEARERS} for name, mine in borne.items()},
        {who: words for who, (words, *_) in BEARER_LOOKS.items()},
        "£ for each resident over the reported months; left of 0: gained instead",
        "Bars for each governance.",
        reach=max(mine[COST].pounds for mine in borne.values()),
    )


def bearers_chart(
    title: str,
    borne: Mapping[str, Mapping[str, tuple[float, float]]],
    words: Mapping[str, str],
    axis: str,
    described: str,
    *,
    reach: float,
    write: Callable[[float], str] = pounds,
) -> str:
    """Bars for whoever is named: pounds and per cent of the rise, by who bore it. `reach` is how far a bar may go.

    `words` are what the bearers are called, and `write` says how pounds are written.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 1.25 + 0.8 * len(borne)))
        axes = _axes(figure, left=1.9, right=0.25, bottom=0.7, top=0.5)
        told = []
        for place, (name, mine) in enumerate(borne.items()):
            right = left = 0.0
            parts = []
            for who in BEARERS:
                _, colour, ink, hatch = BEARER_LOOKS[who]
                pounds, share = mine[who]
                start = right if pounds >= 0.0 else left
                axes.barh(
                    place, pounds, left=start, color=colour, edgecolor=INK, linewidth=0.8, hatch=hatch, height=0.62
                )
                if abs(pounds) > 0.055 * max(reach, 1e-9) and not np.isnan(share):
                    axes.text(
                        start + pounds / 2, place, minus(f"{share:.0f}%"), ha="center", va="center",
                        color=ink, fontweight="bold",
                        bbox=None if not hatch else {"facecolor": colour, "edgecolor": "none", "pad": 1.5},
                    )  # fmt: skip
                right, left = (right + pounds, left) if pounds >= 0.0 else (right, left + pounds)
                parts.append(
                    f"{words[who]} {write(pounds)}" + ("" if np.isnan(share) else f" ({minus(f'{share:.1f}%')})")
                )
            told.append(f"{name}: " + ", ".join(parts))
        axes.set_yticks(range(len(borne)), list(borne))
        axes.invert_yaxis()
        axes.axvline(0.0, color=INK, linewidth=1.2)
        axes.grid(axis="y", visible=False)
        axes.xaxis.set_major_formatter(lambda pounds, _: write(pounds))
        axes.set_xlabel(axis)
        _key(figure, [(words[who], colour, hatch) for who, (_, colour, _, hatch) in BEARER_LOOKS.items()])
        return svg(figure, title, f"{described} " + ". ".join(told) + ".")


class Panel(NamedTuple):
    """One outcome's differences: its title, what lies below the axis, and a mean with its interval for each row."""

    title: str
    below: str
    points: Sequence[tuple[float, float, float] | None]


def points_chart(title: str, rows: Sequence[str], panels: Sequence[Panel], described: str) -> str:
    """Points with intervals, a row for each thing and a panel for each outcome; hollow where the interval includes 0.

    What stands first is set apart: it is what the others are seen beside.
    """
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        height = 1.25 + 0.5 * len(rows)
        figure = Figure(figsize=(11, height))
        left, gap = 3.0, 0.3
        width = (11 - left - 0.2 - gap * (len(panels) - 1)) / len(panels)
        told = []
        for across, panel in enumerate(panels):
            start = (left + across * (width + gap)) / 11
            axes = figure.add_axes((start, 0.75 / height, width / 11, 0.5 * len(rows) / height))
            reach = 1e-12
            for place, point in enumerate(panel.points):
                if point is None:
                    continue
                mean, low, high = point
                low, high = (mean, mean) if np.isnan(low) else (low, high)
                reach = max(reach, abs(low), abs(high))
                sure = low > 0.0 or high < 0.0
                axes.plot([low, high], [place, place], color=INK, linewidth=3, solid_capstyle="butt")
                axes.plot(
                    [mean], [place], marker="s" if place == 0 else "o", markersize=9, color=INK, markeredgewidth=2,
                    markerfacecolor=INK if sure else PAPER,
                )  # fmt: skip
                told.append(f"{panel.title}, {rows[place]}: {signed(mean)} ({signed(low)} to {signed(high)})")
            axes.axvline(0.0, color=INK, linewidth=1.2)
            axes.axhline(0.5, color=MUTED, linewidth=1.0)
            axes.set_ylim(len(rows) - 0.5, -0.5)
            axes.set_yticks(range(len(rows)), list(rows) if not across else [""] * len(rows), fontsize=12.5)
            axes.spines["left"].set_visible(False)
            axes.tick_params(axis="y", length=0)
            axes.set_xlim(-1.1 * reach, 1.1 * reach)
            axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(4, symmetric=True))
            axes.set_title(panel.title, fontsize=14)
            axes.set_xlabel(panel.below, fontsize=12.5, labelpad=2)
        return svg(figure, title, f"{described} " + "; ".join(told) + ".")


def states_chart(comparison: Comparison) -> str:
    """How partners fared under the shock: the share in each state but stable, month by month."""
    title = "Partners in trouble, under the shock"
    months = np.arange(SETTLING, comparison.scenario.months)
    names = list(comparison.governances)
    with mpl.rc_context(STYLE):
        columns = min(3, len(names))
        rows = -(-len(names) // columns)
        height = 1.6 + 2.6 * rows
        figure = Figure(figsize=(11, height))
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        figure.subplots_adjust(
            left=0.85 / 11, right=1 - 0.25 / 11, top=1.0 - 0.9 / height, bottom=0.65 / height, hspace=0.3, wspace=0.1
        )
        told = []
        for axes, name in zip(grid.flat, names, strict=False):
            under = np.zeros(len(months))
            parts = []
            for state, (words, colour, hatch) in STATES.items():
                share = 100.0 * comparison.trajectory(name, state, SHOCK).mean(axis=0)
                axes.fill_between(
                    months, under, under + share, facecolor=colour, hatch=hatch, edgecolor=INK, linewidth=0.4
                )
                under = under + share
                parts.append(f"{words} {share.mean():.1f}%")
            axes.set_title(shown(name))
            _years(axes, months, 24 if columns > 1 else 12)
            told.append(f"{shown(name)}: on average " + ", ".join(parts))
        for axes in grid.flat[len(names) :]:
            axes.set_visible(False)
        for axes in grid[:, 0]:
            axes.set_ylabel("% of partners")
        for axes in grid[-1, :]:
            axes.set_xlabel("month of the run")
        _key(figure, [(words, colour, hatch) for words, colour, hatch in STATES.values()], top=True)
        return svg(figure, title, "Stacked areas over months. " + ". ".join(told) + ".")


OUTSIDE_LINES = (
    ("energy, for organisations", "#1D2733", "-", "o"),
    ("energy, for households", "#7A5C00", (0, (2, 1.5)), "^"),
    ("food", "#5E0D47", (0, (7, 2)), "D"),
    ("wages", "#0B5A9C", (0, (5, 1.5, 1, 1.5)), "s"),
    ("other goods", "#56616D", (0, (1, 1.3)), "v"),
    ("budgets", "#B34A00", "-", "P"),
    ("new needs", "#4F6B2A", (0, (4, 2, 1, 2)), "X"),
)


def shock_chart(scenario: Scenario) -> str:
    """What comes from outside: prices, wages, budgets and the pressure of need, month 0 being 100."""
    title = "What came from outside (month 0 is 100)"
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 4.4))
        axes = _axes(figure, left=0.85, right=3.0, bottom=0.65, top=0.4)
        months = np.arange(scenario.months)
        axes.axvspan(0, SETTLING, color="#F3EFE7", linewidth=0)
        ends, told = [], []
        for (name, colour, dash, marker), values in zip(OUTSIDE_LINES, outside_paths(scenario), strict=True):
            if np.ptp(values) == 0.0:
                continue
            every = max(1, len(months) // 8)
            axes.plot(
                months, values, color=colour, linestyle=dash, linewidth=2.4, marker=marker, markersize=7,
                markevery=(every // 2, every),
            )  # fmt: skip
            ends.append((float(values[-1]), name, colour))
            told.append(f"{name} reach {values.max():.0f} at most and end at {values[-1]:.0f}")
        if not ends:
            axes.plot(months, np.full(len(months), 100.0), color=INK, linewidth=2.4)
            ends.append((100.0, "everything", INK))
            told.append("everything stays at 100")
        _name_ends(axes, ends, float(months[-1]))
        axes.set_title(title)
        axes.set_xlabel(f"month of the run; months before {SETTLING} (shaded) are not reported")
        _years(axes, months)
        return svg(figure, title, "Lines over months. " + "; ".join(told) + ".")


def outside_paths(scenario: Scenario) -> list[Numbers]:
    """The seven paths, in per cent of month 0, in the order of OUTSIDE_LINES."""
    from agents.tables import Component  # noqa: PLC0415
    from simulation.shocks import outside_of  # noqa: PLC0415

    outside = outside_of(scenario)
    prices = outside["prices"]
    found = [prices[:, Component.ENERGY], outside["household_energy"]]
    found += [prices[:, part] for part in (Component.FOOD, Component.LABOUR, Component.OTHER)]
    found += [np.cumprod(outside["settlement"]), outside["demand"]]
    return [100.0 * np.asarray(path) for path in found]


def headline_chart(comparison: Comparison, panels: Sequence[tuple[str, str, str, float, int]]) -> str:
    """Level and buffer of every governance against the first, with intervals: a row of points for each outcome.

    A panel is a measure with its title, unit, scale and which way is better (1 more, -1 less).
    """
    title = f"How the others differ from {shown(comparison.first)}"
    others = comparison.others
    quantities = (("level", "Level: in calm months"), ("buffer", "Buffer: in what the shock did"))
    look = looks(list(comparison.governances))
    a_panel = 0.42 * len(others) + 0.25
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        height = 0.45 + len(panels) * (a_panel + 1.05)
        figure = Figure(figsize=(11, height))
        told = []
        for down, (measure, words, unit, scale, better) in enumerate(panels):
            bottom = height - 0.45 - (down + 1) * (a_panel + 1.05) + 0.68
            for across, (quantity, heading) in enumerate(quantities):
                left = 1.9 + across * 4.6
                axes = figure.add_axes((left / 11, bottom / height, 4.2 / 11, a_panel / height))
                if not down:
                    axes.text(0.0, 1.0 + 0.42 / a_panel, heading, transform=axes.transAxes, fontsize=14, color=MUTED)
                drawn = _points(axes, comparison, measure, quantity, scale, look)
                told += [f"{words}, {quantity}, {each} {unit}" for each in drawn]
                axes.axvline(0.0, color=INK, linewidth=1.2)
                axes.set_ylim(len(others) - 0.5, -0.5)
                axes.set_yticks(range(len(others)), [shown(name) if not across else "" for name in others])
                axes.spines["left"].set_visible(False)
                axes.tick_params(axis="y", length=0)
                reach = max(abs(limit) for limit in axes.get_xlim())
                axes.set_xlim(-reach, reach)
                axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5, symmetric=True))
                axes.set_xlabel(f"{unit} (better →)" if better > 0 else f"(← better) {unit}", fontsize=13, labelpad=2)
                if not across:
                    axes.set_title(words, fontsize=15)
                if not drawn:
                    axes.set_axis_off()
        return svg(
            figure, title, "Points with 95% intervals; hollow where the interval includes 0. " + "; ".join(told) + "."
        )


def _points(
    axes: Axes, comparison: Comparison, measure: str, quantity: str, scale: float, look: dict[str, Look]
) -> list[str]:
    """Draw a point and its interval for each governance but the first, and say what was drawn."""
    told = []
    for place, name in enumerate(comparison.others):
        found = comparison.estimate(name, measure, quantity)
        if found is None:
            continue
        mean, low, high = (scale * value for value in found[:3])
        colour = look[name].colour
        if found.known:
            axes.plot([low, high], [place, place], color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot(
            [mean], [place], marker=look[name].marker, markersize=11, color=colour, markeredgewidth=2.2,
            markerfacecolor=colour if found.told_apart else PAPER,
        )  # fmt: skip
        told.append(f"{shown(name)}: {signed(mean)}")
    return told


# ---- parts ------------------------------------------------------------------------------------------


def band(values: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Mean and 95% interval in each month (Student's t); for one seed the interval has no width."""
    mean = values.mean(axis=0)
    if len(values) < 2:
        return mean, mean, mean
    from scipy.stats import t  # noqa: PLC0415

    width = float(t.ppf(0.975, len(values) - 1)) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return mean, mean - width, mean + width


def _span_told(months: npt.NDArray[np.int64], mean: Numbers) -> str:
    lowest, highest = int(np.argmin(mean)), int(np.argmax(mean))
    return (
        f"lowest {signed(mean[lowest])} in month {months[lowest]}, highest {signed(mean[highest])} in month "
        f"{months[highest]}, {signed(mean[-1])} at the end"
    )


def _axes(figure: Figure, *, left: float, right: float, bottom: float, top: float) -> Axes:
    """Axes with margins in inches, so that a taller chart has no more empty space."""
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height))


def _years(axes: Axes, months: npt.NDArray[np.int64], every: int = 12) -> None:
    first = -(-int(months[0]) // 12) * 12
    axes.set_xticks(range(first, int(months[-1]) + 2, every))
    axes.set_xlim(float(months[0]), float(months[-1]))


def _name_ends(axes: Axes, ends: list[tuple[float, str, str]], last: float) -> None:
    """Write each line's name where it ends, apart from one another."""
    low, high = axes.get_ylim()
    inches = axes.get_window_extent().height / axes.figure.dpi
    ordered = sorted(ends)
    places = spread_out([value for value, _, _ in ordered], 0.26 / inches * (high - low))
    for (value, name, colour), place in zip(ordered, places, strict=True):
        axes.annotate(
            name, (last, value), (1.03, (place - low) / (high - low)), textcoords="axes fraction", color=colour,
            fontweight="bold", va="center", annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 1, "relpos": (0, 0.5)
            },
        )  # fmt: skip


def spread_out(values: Sequence[float], gap: float) -> list[float]:
    """Places for labels in rising order, at least a gap apart, each crowd centred on its own values."""
    crowds: list[tuple[list[float], float]] = []
    for value in values:
        crowd, centre = [value], value
        while crowds and centre - gap * (len(crowd) - 1) / 2 < crowds[-1][1] + gap * (len(crowds[-1][0]) + 1) / 2:
            crowd = crowds.pop()[0] + crowd
            centre = sum(crowd) / len(crowd)
        crowds.append((crowd, centre))
    return [centre + gap * (place - (len(crowd) - 1) / 2) for crowd, centre in crowds for place in range(len(crowd))]


def _key(figure: Figure, parts: list[tuple[str, str, str]], top: bool = False) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415

    patches = [
        Patch(facecolor=colour, hatch=hatch, edgecolor=INK, linewidth=0.8, label=words)
        for words, colour, hatch in parts
    ]
    figure.legend(
        handles=patches, loc="upper left", bbox_to_anchor=(0.065 if top else 0.155, 1.01), ncols=len(parts),
        frameon=False, handlelength=1.6, columnspacing=1.4,
    )  # fmt: skip


def svg(figure: Figure, title: str, described: str) -> str:
    """A figure as SVG to be put into a page: named and described for those who cannot see it, with names of its own."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    out = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', text)
    view = re.search(r'viewBox="[^"]+"', text)
    head = (
        f'<svg {view.group(0) if view else ""} role="img" aria-labelledby="{name}-title {name}-desc" class="chart">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(described)}</desc>'
    )
    return head + text[text.index(">") + 1 :].strip()
