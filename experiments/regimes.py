"""Regime maps: over two numbers, where each of two governances does better, and the line on which they do alike.

Change this file to lay the map out in another way. A map begins with an even grid. Where the sign of a difference
changes between the corners of a cell, the cell is quartered, and so on, so that most towns are lived near the line.
The line itself is found by halving, always on the same pairs of towns: with luck held still, the mean difference is a
plain function of the two numbers. Between the ends of a line's interval the two cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agents.declared import near
from experiments.asking import Asking
from experiments.differences import MAIN, Differences
from experiments.intervals import Numbers
from simulation.written_rules import rules_from_text

if TYPE_CHECKING:
    import pandas as pd

    from experiments.study import Study
    from experiments.varied import Varied

Spot = tuple[int, int]
"""A place on the finest grid there may be: so many steps along, so many up."""
Ask = Callable[[Sequence[dict[str, Any]], Sequence[int]], Numbers]
"""Points and pairs in; second less first out: an array point × pair × outcome."""

HALVINGS = 5
"""How often the stretch that holds the line is halved: to a thirty-second of a cell."""


class MapError(ValueError):
    """A map that cannot be drawn, with what can."""


class Axis(NamedTuple):
    """A number that is varied, and its ends."""

    name: str
    low: float
    high: float
    whole: bool = False

    def at(self, share: float) -> float:
        """The value so far between its ends."""
        value = self.low + share * (self.high - self.low)
        return round(value) if self.whole else value


@dataclass(frozen=True, eq=False)
class Regimes:
    """What was found: every point that was asked about, and the line, for each outcome."""

    axes: tuple[Axis, Axis]
    outcomes: tuple[str, ...]
    first: str
    second: str
    places: Numbers
    """Where each point lies: a row for each, along and up, as values."""
    values: Numbers
    """Second less first: point × pair × outcome."""
    sizes: tuple[float, ...]
    """How wide the finest cell at each point is, as a share of the axis."""
    lines: pd.DataFrame
    """Where the line is crossed: outcome, along which axis, at which place of the other, the crossing and its ends."""
    failed: tuple[str, ...] = ()
    stopped_at: str = ""
    """Why the map is not refined further, where it could be."""

    def of(self, outcome: str) -> Differences:
        """The differences of one outcome at every point."""
        import pandas as pd  # noqa: PLC0415

        points = pd.DataFrame(self.places, columns=[axis.name for axis in self.axes])
        points.insert(0, "point", range(len(points)))
        place = self.outcomes.index(outcome)
        return Differences(
            points, self.values[:, :, place], outcome, self.first, self.second, {"kind": "map"}, failed=self.failed
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """A line for each point and outcome: place, mean difference, 95% interval, pairs, and who does better."""
        import pandas as pd  # noqa: PLC0415

        parts = []
        for outcome in self.outcomes:
            asked = self.of(outcome)
            part = asked.table.copy()
            part.insert(0, "outcome", outcome)
            part["better"] = [self._name(who, asked.better) for who in asked.winners]
            part["cell"] = self.sizes
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def _name(self, who: float, better: int) -> str:
        if not who:
            return "undecided"
        if not better:
            return f"more under {self.second if who > 0 else self.first}"
        return self.second if who > 0 else self.first


def regimes(
    ask: Ask,
    axes: Sequence[Axis],
    outcomes: Sequence[str],
    *,
    first: str = "contract",
    second: str = "relational",
    grid: tuple[int, int] = (5, 5),
    refine: int = 2,
    pairs: int = 8,
    most: int = 400,
    failed: Sequence[str] = (),
    tell: Callable[[int], None] | None = None,
) -> Regimes:
    """Map where each governance does better, refined near the line, and find the line by halving.

    `grid` counts the points along each axis to begin with; each of `refine` rounds quarters the cells that the line of
    any outcome runs through, until there would be more than `most` points. Refining looks at the sign of the mean
    difference only: it does not know which governance ought to win, nor what is better.
    """
    if len(axes) != 2 or axes[0].name == axes[1].name:
        raise MapError(f"a map has two axes; {', '.join(axis.name for axis in axes) or 'none'} was given")
    if min(grid) < 2 or pairs < 2:
        raise MapError(f"a grid of {grid[0]} by {grid[1]} with {pairs} pairs: there must be 2 of each at least")
    for axis in axes:
        if not axis.high > axis.low:
            raise MapError(f"{axis.name} goes from {axis.low:g} to {axis.high:g}; it must go upwards")
    survey = _Survey(ask, (axes[0], axes[1]), grid, refine, range(pairs), tell)
    step = 1 << refine
    cells = [(x * step, y * step) for x in range(grid[0] - 1) for y in range(grid[1] - 1)]
    survey.visit({(x * step, y * step) for x in range(grid[0]) for y in range(grid[1])}, step)
    why = ""
    for _ in range(refine):
        near = [cell for cell in cells if survey.crossed(cell, step)]
        step //= 2
        fine = [(x + i * step, y + j * step) for x, y in near for i in (0, 1) for j in (0, 1)]
        fresh = {(x + i * step, y + j * step) for x, y in fine for i in (0, 1) for j in (0, 1)} - set(survey.means)
        if len(survey.means) + len(fresh) > most:
            why = f"quartering {len(near)} cells more would take more than {most} points"
            break
        survey.visit(fresh, step)
        cells = fine
    lines = survey.lines(list(outcomes))
    spots = sorted(survey.values)
    places = np.array([survey.place(spot) for spot in spots])
    sizes = tuple(survey.steps[spot] / (1 << refine) for spot in spots)
    values = np.array([survey.values[spot] for spot in spots])
    return Regimes(
        (axes[0], axes[1]), tuple(outcomes), first, second, places, values, sizes, lines, tuple(failed), why
    )  # fmt: skip


def axes_in(study: Study, x: str | None = None, y: str | None = None) -> tuple[Axis, Axis]:
    """Two numbers that a study varies, with the ends it gives them: those named, or the only two there are."""
    numbers = {one.name: one for one in study.varied if one.kind != "text"}
    for name in (x, y):
        if name is not None and name not in numbers:
            known = f"Numbers that it varies: {', '.join(numbers) or 'none'}"
            raise MapError(f"the study does not vary a number {name}.{near(name, numbers)} {known}")
    chosen = list(dict.fromkeys(name for name in (x, y, *numbers) if name is not None))
    if len(chosen) < 2 or (len(chosen) > 2 and (x is None or y is None)):
        raise MapError(
            f"the study varies {len(numbers)} numbers ({', '.join(numbers) or 'none'}); a map has two: name them"
        )
    one, other = (_axis(numbers[name]) for name in chosen[:2])
    return one, other


def _axis(one: Varied) -> Axis:
    ends = sorted(float(value) for value in (one.values or (one.low, one.high)))
    return Axis(one.name, ends[0], ends[-1], one.kind == "whole")


def asking_in(study: Study, second: str | None = None, outcomes: Sequence[str] = MAIN, **options: Any) -> Asking:
    """Ask about any point of what a study varies. What a point does not name is as the study's setting has it."""
    chosen = second or (study.arms[1] if len(study.arms) > 1 else "")
    if chosen not in study.arms[1:]:
        known = f"It compares {study.arms[0]} with {', '.join(study.arms[1:]) or 'nothing'}"
        raise MapError(f'the study has no other governance "{chosen}".{near(chosen, study.arms[1:])} {known}')
    rules = rules_from_text(study.rules) if study.rules else None
    return Asking(
        study.scenario_at, study.arms[0], chosen, tuple(outcomes), study.scenario.seed, rules=rules, **options
    )  # fmt: skip


class _Survey:
    """What is known of the map so far, on the finest grid there may be."""

    def __init__(
        self,
        ask: Ask,
        axes: tuple[Axis, Axis],
        grid: tuple[int, int],
        refine: int,
        replicates: Sequence[int],
        tell: Callable[[int], None] | None,
    ) -> None:
        self.ask, self.axes, self.replicates, self.tell = ask, axes, replicates, tell
        self.ends = tuple((many - 1) << refine for many in grid)
        self.values: dict[Spot, Numbers] = {}
        self.means: dict[Spot, Numbers] = {}
        self.steps: dict[Spot, int] = {}
        self.asked = 0

    def place(self, spot: tuple[float, float]) -> tuple[float, float]:
        """The values at a spot."""
        one, other = (axis.at(at / end) for axis, at, end in zip(self.axes, spot, self.ends, strict=True))
        return one, other

    def answers(self, spots: Sequence[tuple[float, float]]) -> Numbers:
        """Ask about some places at once."""
        names = [axis.name for axis in self.axes]
        found = self.ask([dict(zip(names, self.place(spot), strict=True)) for spot in spots], self.replicates)
        self.asked += len(spots)
        if self.tell is not None:
            self.tell(self.asked)
        return found

    def visit(self, spots: set[Spot], step: int) -> None:
        """Ask about the spots that are not known yet."""
        wanted = sorted(spots - set(self.values))
        if not wanted:
            return
        for spot, found in zip(wanted, self.answers(wanted), strict=True):
            self.values[spot] = found
            self.means[spot] = _mean(found)
            self.steps[spot] = step

    def crossed(self, cell: Spot, step: int) -> bool:
        """Whether the line of some outcome runs through a cell: the signs at its corners differ."""
        x, y = cell
        corners = np.array([self.means[x + i * step, y + j * step] for i in (0, 1) for j in (0, 1)])
        signs = np.sign(corners)
        with np.errstate(invalid="ignore"):
            return bool(np.any((signs.max(axis=0) > 0) & (signs.min(axis=0) < 0)))

    def lines(self, outcomes: list[str]) -> pd.DataFrame:
        """Where the line is crossed, along both axes, on every row and column of points next to each other."""
        import pandas as pd  # noqa: PLC0415

        found = []
        for along, name in enumerate(axis.name for axis in self.axes):
            stretches = list(self._crossings(along))
            if not stretches:
                continue
            crossing, low, high = self._halved(along, stretches)
            other = self.axes[1 - along]
            for (outcome, start, _), at, least, greatest in zip(stretches, crossing, low, high, strict=True):
                held = other.at(start[1 - along] / self.ends[1 - along])
                ends = [self.axes[along].at(each / self.ends[along]) for each in (at, least, greatest)]
                found.append((outcomes[outcome], name, other.name, held, *ends))
        columns = ["outcome", "along", "other", "at", "crossing", "low", "high"]
        return pd.DataFrame(found, columns=columns).sort_values(
            ["outcome", "along", "at", "crossing"], ignore_index=True
        )

    def _crossings(self, along: int) -> Iterator[tuple[int, Spot, Spot]]:
        """Neighbours on a row (or column) between which the sign of an outcome changes."""
        rows: dict[int, list[Spot]] = {}
        for spot in sorted(self.values, key=lambda each: each[along]):
            rows.setdefault(spot[1 - along], []).append(spot)
        for row in rows.values():
            for start, end in pairwise(row):
                changed = self.means[start] * self.means[end] < 0.0
                for outcome in np.flatnonzero(changed):
                    yield int(outcome), start, end

    def _halved(self, along: int, stretches: Sequence[tuple[int, Spot, Spot]]) -> tuple[Numbers, Numbers, Numbers]:
        """The crossing in each stretch by halving, and the ends of where the interval includes 0.

        The interval's half width at the crossing, over the slope of the mean there, is how far the line may lie to
        either side (the delta method); never beyond the ends of the map.
        """
        lows = np.array([float(start[along]) for _, start, _ in stretches])
        highs = np.array([float(end[along]) for _, _, end in stretches])
        left = np.array([self.means[start][outcome] for outcome, start, _ in stretches])
        right = np.array([self.means[end][outcome] for outcome, _, end in stretches])
        slope = (right - left) / (highs - lows)
        width = np.zeros(len(stretches))
        for _ in range(HALVINGS):
            middle = (lows + highs) / 2.0
            spots = [
                (at, float(start[1])) if along == 0 else (float(start[0]), at)
                for at, (_, start, _) in zip(middle, stretches, strict=True)
            ]
            unique = list(dict.fromkeys(spots))
            answers = dict(zip(unique, self.answers(unique), strict=True))
            for row, (spot, (outcome, _, _)) in enumerate(zip(spots, stretches, strict=True)):
                found = answers[spot][:, outcome]
                mean = float(_mean(found[:, None])[0])
                width[row] = _half_width(found)
                if np.isnan(mean):
                    continue
                if np.sign(mean) == np.sign(left[row]):
                    lows[row] = middle[row]
                else:
                    highs[row] = middle[row]
        crossing = (lows + highs) / 2.0
        reach = np.maximum(width / np.abs(slope), (highs - lows) / 2.0)
        end = float(self.ends[along])
        return crossing, np.maximum(crossing - reach, 0.0), np.minimum(crossing + reach, end)


def _mean(values: Numbers) -> Numbers:
    """The mean over pairs that did not fail."""
    known = ~np.isnan(values)
    many = known.sum(axis=0)
    return np.where(many > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(many, 1), np.nan)


def _half_width(values: Numbers) -> float:
    """Half the width of the 95% interval of a mean over pairs."""
    from scipy.stats import t  # noqa: PLC0415  slow to import

    known = values[~np.isnan(values)]
    if len(known) < 2:
        return 0.0
    return float(t.ppf(0.975, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known)))
