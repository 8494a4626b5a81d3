"""Living many paired towns for a claim, and what each pair says of each outcome.

Change this file to look at other outcomes, or to live the towns elsewhere. Towns of one seed share all luck that
governance does not touch, so every difference is taken within a seed. Nothing here knows any claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.intervals import intervals
from experiments.pairs import BEARERS, FAIR_FIGHT, PRIMARY, direction, seed_of
from experiments.resilience import loss_area, outcome, performance
from experiments.validation.claims import Finding
from experiments.workers import processors
from simulation import measures
from simulation.engines import Engine, engine_for
from simulation.measures import MEASURES, label
from simulation.run import live, rows_of
from simulation.scenario import SETTLING, Scenario, load_scenario
from simulation.town import found_town

Numbers = npt.NDArray[np.float64]

SHOCK, CALM, EFFECT = "shock", "calm", "effect"
LOSS = "met_need_loss_area"
LOSS_UNIT = "percentage-point months"
RESIDENTS = 300
"""Large enough to settle a difference in a few seeds, small enough to live thousands of towns in a minute."""


class Outcome(NamedTuple):
    """A measure, in the shocked town, in its calm twin, or what the shock did to it (shock less calm)."""

    measure: str
    kind: str

    @property
    def better(self) -> int:
        """1 where more is better, -1 where less is. What somebody bears is worse for whoever bears it."""
        return -1 if self.measure in BEARERS else direction(self.measure)

    @property
    def unit(self) -> str:
        """What it is counted in."""
        return label(getattr(measures, self.measure))[1] if self.measure != LOSS else LOSS_UNIT

    def __str__(self) -> str:
        """The outcome in words."""
        if self.measure == LOSS:
            return "resilience loss"
        where = {SHOCK: "under the shock", CALM: "in calm months", EFFECT: "changed by the shock"}[self.kind]
        return f"{self.measure.replace('_', ' ')}, {where}"


NAMES = tuple(measure.__name__ for measure in MEASURES)
OUTCOMES = (*(Outcome(name, kind) for kind in (SHOCK, CALM, EFFECT) for name in NAMES), Outcome(LOSS, EFFECT))
PLACE = {each: place for place, each in enumerate(OUTCOMES)}
MAIN = tuple(Outcome(name, EFFECT if name == LOSS else SHOCK) for name in PRIMARY)
"""The outcomes declared in advance: what residents lived through under the shock, and resilience loss."""
SAID = tuple(
    each for each in OUTCOMES
    if each.better and (each.kind == EFFECT) == (each.measure in (*BEARERS, LOSS))
)  # fmt: skip
"""Outcomes of which more or less can be called better: levels under the shock and in calm months, resilience loss, and
what the shock made each bearer bear. How far a stock such as reserves changed is left out: who has none loses none."""


# ---- living towns -----------------------------------------------------------------------------------


class _Pace:
    workers: int = 0
    tell: Callable[[int], None] | None = None


_pace = _Pace()
_idle: list[Engine] = []
"""Engines that nobody uses just now: one is made for each town lived at the same time, and kept."""


@contextmanager
def working(workers: int | None = None, tell: Callable[[int], None] | None = None) -> Iterator[None]:
    """Live towns with so many workers meanwhile, and tell how many were lived. What is found is the same."""
    before = _pace.workers, _pace.tell
    _pace.workers, _pace.tell = workers or 0, tell
    try:
        yield
    finally:
        _pace.workers, _pace.tell = before


def every(ask: Callable[[Any], Any], asked: Sequence[Any]) -> list[Any]:
    """Ask the same of each, several at once, and answer in the order asked. An interrupt ends it soon."""
    found: list[Any] = []
    executor = ThreadPoolExecutor(_pace.workers or processors(), thread_name_prefix="kith")
    try:
        for each in executor.map(ask, asked):
            found.append(each)
            if _pace.tell is not None:
                _pace.tell(1)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    return found


def lived(scenario: Scenario) -> Any:
    """The town a scenario ends with."""
    engine = _idle.pop() if _idle else engine_for("compiled", quiet=True)
    try:
        return live(found_town(scenario), engine, scenario.months)
    finally:
        _idle.append(engine)


def months_of(scenario: Scenario) -> Any:
    """The reported months of a scenario, as a structured array of measures."""
    return rows_of(lived(scenario))[SETTLING:].copy()


def seeds_from(scenario: Scenario, seeds: int, first: int = 0) -> list[int]:
    """So many seeds, numbered from `first`: fresh seeds are those with numbers not used before."""
    return [seed_of(scenario.seed, number) for number in range(first, first + seeds)]


def outcomes_of(shock: Any, calm: Any = None) -> Numbers:
    """Every outcome of a shocked town and its calm twin, in the order of OUTCOMES; without a twin, half are unknown."""
    if calm is None:
        unknown = np.full(len(OUTCOMES), np.nan)
        unknown[: len(NAMES)] = [shock[name].mean() for name in NAMES]
        return unknown
    under, beside = (np.array([rows[name].mean() for name in NAMES]) for rows in (shock, calm))
    loss = loss_area(performance(outcome(shock, "met_need"), outcome(calm, "met_need")))
    return np.concatenate([under, beside, under - beside, [loss]])


def pairs_lived(scenarios: Sequence[Scenario], seeds: Sequence[int], twins: bool = True) -> Numbers:
    """For each scenario and seed, every outcome of the town and its calm twin: an array scenario × seed × outcome.

    Without `twins` the calm towns are not lived, and only outcomes under the shock are known.
    """

    def outcomes(each: Scenario) -> Numbers:
        return outcomes_of(months_of(each), months_of(each.calm()) if twins else None)

    found = every(outcomes, [each.with_(seed=seed) for each in scenarios for seed in seeds])
    return np.array(found).reshape(len(scenarios), len(seeds), len(OUTCOMES))


def setting(name: str = "cost_of_living_2021", **changes: Any) -> Scenario:
    """A setting that comes with Kith, with as many residents as a claim needs."""
    return load_scenario(name).with_(**{"residents": RESIDENTS, **changes})


def governed(scenario: Scenario, governances: Sequence[Any] = FAIR_FIGHT) -> list[Scenario]:
    """The same scenario under each governance."""
    return [scenario.with_(governance=each) for each in governances]


# ---- saying what was found --------------------------------------------------------------------------


def interval_of(values: Numbers) -> tuple[float, float, float]:
    """Mean over seeds, and its 95% interval."""
    mean, low, high, _ = intervals(np.asarray(values, np.float64).reshape(-1, 1))
    return float(mean[0]), float(low[0]), float(high[0])


def above_nothing(what: str, values: Numbers, note: str = "") -> Finding:
    """A finding that passes when the mean over seeds is above 0 by more than its own uncertainty."""
    mean, low, high = interval_of(values)
    return Finding(what, mean, max(mean - low, SMALLEST), np.inf, (low, high), note)


SMALLEST = 1e-12
"""More than nothing."""


def told_apart(values: Numbers) -> Numbers:
    """For each column of seeds × columns: 1 where the mean is above 0 by more than luck, -1 below, 0 undecided."""
    flat = values.reshape(len(values), -1)
    _, low, high, _ = intervals(flat)
    with np.errstate(invalid="ignore"):
        sign: Numbers = np.where(low > 0.0, 1.0, np.where(high < 0.0, -1.0, 0.0)).reshape(values.shape[1:])
    return sign
