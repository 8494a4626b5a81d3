"""Plausible towns: many sets of parameters with which the town does what is known, and a question asked of them all.

Change this file to ask something else of every plausible town. The sets stand in plausible_towns.toml, which
experiments/calibrate.py writes; each does what the facts for tuning say, and they lie as far apart as could be found.
What holds in all of them does not hang on numbers that nobody has measured; what changes sign among them does.
"""

from __future__ import annotations

import tomllib
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agents.rule import Rule
from experiments.intervals import Numbers
from experiments.pairs import CALM, NAMES, PRIMARY, SHOCK, WORLDS, Comparison, tasks_for
from experiments.workers import Crew, Lived, Task, processors, rules_in
from simulation.engines import Engine
from simulation.run import live, rows_of
from simulation.scenario import Scenario, ScenarioError, parameter_problems, toml, toml_key
from simulation.town import found_town

if TYPE_CHECKING:
    import pandas as pd

SHIPPED = Path(__file__).parent / "plausible_towns.toml"
SEEDS = 5
"""Pairs of towns for each set of parameters: few, because what is asked for is the range over sets."""
QUANTITIES = ("level", "buffer")


class PlausibleTown(NamedTuple):
    """One set of parameters: what is changed, how far it is from the facts, and its figures."""

    parameters: Mapping[str, float]
    trial: int
    loss: float
    confirmed_loss: float
    """The same with seeds that the search never saw."""
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Ensemble:
    """Plausible towns, within which bounds they were looked for, and what found them."""

    towns: tuple[PlausibleTown, ...]
    bounds: Mapping[str, tuple[float, float]]
    made_with: Mapping[str, Any]

    def to_toml(self) -> str:
        """The ensemble as the text of a file that reads back to an equal one."""
        lines = [
            "# Sets of parameters with which the town does what is known of towns like it. Written by: kith calibrate",
            "# Ask a question of them all:  kith compare --plausible",
            "",
            "[made_with]",
            *(f"{toml_key(name)} = {toml(value)}" for name, value in self.made_with.items()),
            "",
            "[bounds]",
            *(f"{name} = {toml(list(ends))}" for name, ends in self.bounds.items()),
        ]
        for town in self.towns:
            lines += ["", "[[towns]]"]
            lines += [f"{name} = {toml(value)}" for name, value in town._asdict().items()]
        return "\n".join(lines) + "\n"


def read_ensemble(path: Path = SHIPPED) -> Ensemble:
    """The ensemble in a file. Raises ScenarioError where a set of parameters does not fit the model."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    towns = tuple(PlausibleTown(**town) for town in table["towns"])
    problems = [
        f"{path.name}: town {place}: {problem.text}"
        for place, town in enumerate(towns, start=1)
        for problem in parameter_problems(town.parameters)
    ]
    if problems:
        raise ScenarioError(problems)
    bounds = {name: (float(low), float(high)) for name, (low, high) in table["bounds"].items()}
    return Ensemble(towns, bounds, table["made_with"])


def spread_apart(points: Numbers, many: int, first: int = 0) -> list[int]:
    """Which of some points to keep so that they lie far apart: each next is the farthest from all that are kept.

    Rows of coordinates on one scale. Begins with `first`; of equally far ones the earlier is kept.

    Source: max-min distance designs, Johnson, Moore & Ylvisaker (1990), taken greedily.
    """
    if len(points) == 0 or many < 1:
        return []
    kept = [first]
    nearest = np.linalg.norm(points - points[first], axis=1)
    while len(kept) < min(many, len(points)):
        nearest[kept] = -1.0
        kept.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(points - points[kept[-1]], axis=1))
    return kept


# ---- a question asked of every plausible town -------------------------------------------------------


class Across(NamedTuple):
    """A difference over plausible towns: its median, lowest and highest, and how many have the default's sign."""

    median: float
    low: float
    high: float
    same_sign: float
    """Share of plausible towns in which it has the sign it has with default parameters."""
    towns: int


@dataclass(frozen=True, eq=False)
class Plausible:
    """The same comparison made in every plausible town."""

    default: Comparison
    comparisons: tuple[Comparison, ...]
    ensemble: Ensemble
    seeds: int

    def across(self, governance: str, measure: str, quantity: str) -> Across | None:
        """One difference over all plausible towns, or None where there is no such difference."""
        return self._every.get((governance, measure, quantity))

    @cached_property
    def _every(self) -> dict[tuple[str, str, str], Across]:
        found = {}
        for governance in self.default.others:
            for measure in PRIMARY:
                for quantity in QUANTITIES:
                    usual = difference(self.default, governance, measure, quantity)
                    each = [difference(one, governance, measure, quantity) for one in self.comparisons]
                    means = np.array([mean for mean in each if mean is not None])
                    if usual is not None and len(means):
                        found[governance, measure, quantity] = summed_up(means, usual)
        return found

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each governance, primary outcome and quantity."""
        import pandas as pd  # noqa: PLC0415

        return pd.DataFrame(
            [
                {"governance": governance, "quantity": quantity, "measure": measure}
                | one._asdict()
                | {"seeds": self.seeds}
                for (governance, measure, quantity), one in self._every.items()
            ]
        )

    @property
    def stale(self) -> bool:
        """Whether the sets were found for another version of the rules."""
        from experiments.store import model_fingerprint  # noqa: PLC0415  the store imports what this file does

        return bool(self.ensemble.made_with.get("model") != model_fingerprint())


def difference(one: Comparison, governance: str, measure: str, quantity: str) -> float | None:
    """A mean difference from the first governance, in calm (level) or in what the shock did (buffer)."""
    if not one.replicates:
        return None
    if measure in NAMES:
        column = NAMES.index(measure)
        found = {
            (name, world): float(one.means[name, world][:, column].mean())
            for name in (governance, one.first)
            for world in WORLDS
        }
        level = found[governance, CALM] - found[one.first, CALM]
        return level if quantity == "level" else found[governance, SHOCK] - found[one.first, SHOCK] - level
    if quantity == "level":
        return None
    ours, theirs = (np.mean([each[measure] for each in one.losses[name]]) for name in (governance, one.first))
    return float(ours - theirs)


def summed_up(means: Numbers, usual: float) -> Across:
    """What a difference is over towns, and the share in which it has the usual sign."""
    same = float((np.sign(means) == np.sign(usual)).mean())
    return Across(float(np.median(means)), float(means.min()), float(means.max()), same, len(means))


def ask_all(
    default: Comparison,
    ensemble: Ensemble | None = None,
    *,
    seeds: int = SEEDS,
    engine: str = "auto",
    rules: Mapping[str, Rule] | str | Path | None = None,
    workers: int | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Plausible:
    """Make a comparison again in every plausible town, with few seeds each; `tell` is told runs lived, of how many.

    What the question itself changes stays changed: a parameter named in it is not taken from the ensemble.
    """
    ensemble = ensemble or read_ensemble()
    scenarios = [in_town(default.scenario, town.parameters) for town in ensemble.towns]
    each_town = [tuple(tasks_for(scenario, default.governances, seeds)) for scenario in scenarios]
    many = len(each_town[0]) if each_town else 0
    tasks = tuple(task._replace(number=number) for number, task in enumerate(chain.from_iterable(each_town)))
    lived: list[dict[int, Lived]] = [{} for _ in scenarios]
    crew = Crew(engine, rules, rules_in(rules), min(workers or processors(), max(1, len(tasks))), tasks, live_briefly)
    try:
        if tasks and crew.should_prepare():
            crew.prepare(lambda _lines: None)
        for done, (number, each) in enumerate(crew.live_all(), start=1):
            lived[number // many][number % many] = each
            if tell is not None:
                tell(done, len(tasks))
    except KeyboardInterrupt:
        crew.stop()
        raise
    found = zip(scenarios, each_town, lived, strict=True)
    made = tuple(replace(default, scenario=one, seeds=seeds, tasks=own, lived=runs) for one, own, runs in found)
    return Plausible(default, made, ensemble, seeds)


def live_briefly(task: Task, engine: Engine, tell: Callable[[int, int], None] | None = None) -> Lived:
    """Live one run and keep its months; its events are left out, because nobody asks for them here."""
    try:
        town = live(found_town(task.scenario), engine, task.scenario.months, tell)
        return Lived(rows_of(town).copy(), None, engine.compiled, engine.why)
    except Exception as error:  # noqa: BLE001  one run must not lose the others; its traceback is kept
        return Lived(error=f"{type(error).__name__}: {error}", traceback=traceback.format_exc())


def in_town(scenario: Scenario, parameters: Mapping[str, float]) -> Scenario:
    """A question put to another town: its parameters, and over them those the question changes."""
    return scenario.with_(parameters={**parameters, **scenario.parameters})
