"""The difference between two governances in one outcome, at every point of a design and in every pair of towns.

Change this file to ask something else of a sweep's rows before they are analysed. An outcome is a measure in one world
(`wellbeing.shock`, `wellbeing.calm`), what the shock did to it (`wellbeing.effect`), or a number of resilience. Pairs
that failed are kept as holes, and told: what may be done about them differs between analyses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.declared import near
from experiments import resilience
from experiments.designs import design_of, places_of
from experiments.intervals import Estimate, Numbers, intervals
from experiments.pairs import CALM, NAMES, PRIMARY, SHOCK, direction
from experiments.resilience import LOSSES
from simulation import measures

if TYPE_CHECKING:
    import pandas as pd

    from experiments.study import Study

EFFECT = "effect"
WHERE = {SHOCK: "under the shock", CALM: "in calm months", EFFECT: "what the shock did"}
MAIN = tuple(name if name in LOSSES else f"{name}.{SHOCK}" for name in PRIMARY)
"""The outcomes declared in advance: what residents lived through under the shock, and resilience loss."""
LIVED = "lived"
"""What the status of a row says that was lived to the end."""


class DifferenceError(ValueError):
    """A difference that cannot be asked for, with what is there."""


@dataclass(frozen=True, eq=False)
class Differences:
    """Second governance less first: a row for each point of a design, a column for each pair of towns.

    `points` has a line for each point, in the design's order, with the value of everything that is varied. `places`
    says where the points lie between 0 and 1, where the design was drawn there. `values` is nan where a pair was not
    lived or failed.
    """

    points: pd.DataFrame
    values: Numbers
    outcome: str
    first: str = "contract"
    second: str = "relational"
    design: Mapping[str, object] = field(default_factory=lambda: {"kind": "list"})
    places: Numbers | None = None
    failed: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What is varied."""
        return tuple(str(name) for name in self.points.columns if name != "point")

    @property
    def kind(self) -> str:
        """The kind of design."""
        return str(self.design["kind"])

    @property
    def better(self) -> int:
        """1 where a difference above 0 is better, -1 where one below 0 is, 0 where neither can be said."""
        return direction(measure_of(self.outcome))

    @cached_property
    def cube(self) -> Numbers:
        """Where every point lies between the lowest and the highest value of each thing that is varied."""
        if self.places is not None:
            return self.places
        found = np.zeros((len(self.points), len(self.names)))
        for place, name in enumerate(self.names):
            codes = coded(self.points[name])
            low, high = codes.min(), codes.max()
            found[:, place] = (codes - low) / (high - low) if high > low else 0.5
        return found

    @cached_property
    def means(self) -> Numbers:
        """The mean over the pairs that were lived at each point; nan where none was."""
        known = ~np.isnan(self.values)
        many = known.sum(axis=1)
        total = np.where(known, self.values, 0.0).sum(axis=1)
        return np.where(many > 0, total / np.maximum(many, 1), np.nan)

    @cached_property
    def holes(self) -> tuple[int, ...]:
        """Points at which some pair of those asked for is missing."""
        return tuple(int(point) for point in np.flatnonzero(np.isnan(self.values).any(axis=1)))

    @cached_property
    def table(self) -> pd.DataFrame:
        """A line for each point: what is varied, mean difference, 95% interval, share of pairs with its sign, pairs."""
        table = self.points.reset_index(drop=True).copy()
        found = np.full((len(table), 5), np.nan)
        known = ~np.isnan(self.values)
        for many in np.unique(known.sum(axis=1)):
            rows = np.flatnonzero(known.sum(axis=1) == many)
            found[rows, 4] = many
            if many:
                lived = np.array([self.values[row][known[row]] for row in rows]).T
                found[rows, :4] = np.array(intervals(lived)).T
        for place, name in enumerate(("mean", "low", "high", "sign_share")):
            table[name] = found[:, place]
        table["pairs"] = found[:, 4].astype(np.int64)
        return table

    @cached_property
    def winners(self) -> Numbers:
        """For each point: 1 where the second governance does better beyond doubt of luck, -1 the first, 0 undecided.

        Of an outcome of which neither more nor less is better: 1 where the second has more of it.
        """
        low, high = (self.table[name].to_numpy() for name in ("low", "high"))
        with np.errstate(invalid="ignore"):
            found = np.where(low > 0.0, 1.0, np.where(high < 0.0, -1.0, 0.0))
        return np.asarray(found * (self.better or 1))

    def only(self, rows: npt.NDArray[np.intp]) -> Differences:
        """The same of some points only."""
        places = None if self.places is None else self.places[rows]
        return replace(self, points=self.points.iloc[rows], values=self.values[rows], places=places)


class Overall(NamedTuple):
    """What a whole design says of one difference."""

    estimate: Estimate
    """Mean over points and pairs. The interval is over points, or over pairs where there is one point only."""
    chance: float
    """The chance that the difference has this sign, if nothing was known of it beforehand."""
    needed: float
    """Pairs with which a difference like this is told from none four times in five; inf where there is none."""
    wins: tuple[int, int, int]
    """Points at which the first does better, neither can be told to, and the second does."""


def overall(found: Differences) -> Overall:
    """The mean difference over a design, how sure its sign is, and how many pairs it would take to be told it."""
    from scipy.stats import t  # noqa: PLC0415  slow to import

    means = found.means[~np.isnan(found.means)]
    lived = found.values[~np.isnan(found.values)]
    sample = means if len(means) > 1 else lived
    if not len(sample):
        return Overall(Estimate(math.nan, math.nan, math.nan, math.nan, 0), math.nan, math.inf, (0, 0, 0))
    mean, low, high, share = (float(each[0]) for each in intervals(sample.reshape(-1, 1)))
    estimate = Estimate(mean, low, high, share, len(sample))
    spread = float(sample.std(ddof=1)) if len(sample) > 1 else math.nan
    chance = 1.0 if spread == 0.0 and mean else math.nan
    if spread > 0.0:
        chance = float(t.cdf(abs(mean) / spread * math.sqrt(len(sample)), len(sample) - 1))
    needed = pairs_needed(lived, mean)
    known = found.winners[~np.isnan(found.means)]
    first, neither, second = (int((known == who).sum()) for who in (-1, 0, 1))
    return Overall(estimate, chance, needed, (first, neither, second))


def pairs_needed(lived: Numbers, mean: float) -> float:
    """Pairs with which a mean difference is told from none four times in five, as far as these pairs vary; or inf."""
    from scipy.stats import norm  # noqa: PLC0415  slow to import

    if not mean or len(lived) < 2:
        return math.inf
    effect = mean / float(lived.std(ddof=1)) if lived.std() > 0.0 else math.inf
    return max(2.0, math.ceil(((norm.ppf(0.975) + norm.ppf(0.8)) / effect) ** 2))


# ---- from a sweep's rows ----------------------------------------------------------------------------


def differences(
    rows: pd.DataFrame,
    points: pd.DataFrame,
    outcome: str,
    *,
    first: str,
    second: str,
    design: Mapping[str, object] | None = None,
    places: Numbers | None = None,
) -> Differences:
    """The difference of one outcome, from a sweep's rows and its design. Failed and missing rows leave holes."""
    for governance in (first, second):
        if governance not in set(rows["governance"]):
            known = list(dict.fromkeys(rows["governance"]))
            said = f'there is no governance "{governance}" among the rows.{near(governance, known)}'
            raise DifferenceError(f"{said} Known: {', '.join(known)}")
    lived = rows[rows["status"] == LIVED]
    column = outcome_of(lived, outcome)
    replicates = sorted(rows["replicate"].unique())
    arms = [
        lived.assign(asked=column)[lived["governance"] == governance]
        .pivot(index="point", columns="replicate", values="asked")
        .reindex(index=points["point"], columns=replicates)
        .to_numpy(np.float64)
        for governance in (first, second)
    ]
    return Differences(
        points.reset_index(drop=True), arms[1] - arms[0], outcome, first, second, design or {"kind": "list"}, places,
        failures(rows),
    )  # fmt: skip


def differences_in(study: Study, rows: pd.DataFrame, outcome: str, second: str | None = None) -> Differences:
    """The difference of one outcome in the rows of a study, against its first governance."""
    drawn = study.design["kind"] not in ("grid", "list")
    return differences(
        rows, design_of(study), outcome, first=study.arms[0], second=second or study.arms[-1], design=study.design,
        places=places_of(study) if drawn else None,
    )  # fmt: skip


def failures(rows: pd.DataFrame) -> tuple[str, ...]:
    """A line for each row that was not lived to the end."""
    lost = rows[rows["status"] != LIVED]
    keys = ["point", "replicate", "governance", "status"]
    return tuple(
        f"point {point}, pair {replicate}, {governance}: {status}"
        for point, replicate, governance, status in lost[keys].itertuples(index=False, name=None)
    )


def outcome_of(rows: pd.DataFrame, outcome: str) -> pd.Series[float]:
    """A column of a sweep's rows by its outcome; what the shock did is the shocked town less its calm twin."""
    name, _, world = outcome.rpartition(".")
    if world == EFFECT and {f"{name}.{SHOCK}", f"{name}.{CALM}"} <= set(rows.columns):
        return rows[f"{name}.{SHOCK}"] - rows[f"{name}.{CALM}"]
    if outcome not in rows.columns:
        known = outcomes_in(rows)
        raise DifferenceError(f'there is no outcome "{outcome}" among the rows.{near(outcome, known)}')
    return rows[outcome]


def outcomes_in(rows: pd.DataFrame) -> tuple[str, ...]:
    """Every outcome that a sweep's rows hold, those declared in advance first."""
    held = [name for name in rows.columns if name in LOSSES]
    for name in NAMES:
        worlds = [world for world in (SHOCK, CALM) if f"{name}.{world}" in rows.columns]
        held += [f"{name}.{world}" for world in worlds]
        held += [f"{name}.{EFFECT}"] if len(worlds) == 2 else []
    first = [name for name in MAIN if name in held]
    return (*first, *(name for name in held if name not in first))


# ---- outcomes in words ------------------------------------------------------------------------------


def measure_of(outcome: str) -> str:
    """The measure of an outcome: `wellbeing` of `wellbeing.shock`."""
    name, _, world = outcome.rpartition(".")
    return name if world in WHERE else outcome


def words_of(outcome: str) -> tuple[str, str]:
    """What an outcome is, in words, and its unit."""
    name, world = measure_of(outcome), outcome.rpartition(".")[2]
    told = resilience.label(name)
    if told is None and name not in NAMES:
        return outcome.replace("_", " "), ""
    what, unit = told or measures.label(getattr(measures, name))
    return (f"{what}, {WHERE[world]}", unit) if world in WHERE else (what, unit)


def coded(column: pd.Series[float]) -> Numbers:
    """A column of a design as numbers: words by the order in which they first stand."""
    if column.dtype.kind in "ifub":
        return np.asarray(column, np.float64)
    known = {value: place for place, value in enumerate(dict.fromkeys(column))}
    return np.array([known[value] for value in column], np.float64)


def listed(names: Sequence[object], most: int = 5) -> str:
    """A few of many, in words."""
    return ", ".join(map(str, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")
