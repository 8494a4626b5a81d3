"""Asking the town about a point: values in, the difference between two governances out.

Change this file to ask about something else than a study's two governances. Methods that choose their own points (a map
that is refined, a search, another library's sampler) ask here; a design that is known beforehand is swept instead. The
same pairs of towns are used for every point, so that what is asked is a plain function of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agents.declared import near
from agents.rule import Rule
from experiments.differences import EFFECT, MAIN, measure_of
from experiments.intervals import Numbers
from experiments.pairs import CALM, NAMES, SHOCK, Governance, named_governances, seed_of
from experiments.resilience import LOSSES, resilience
from experiments.workers import Crew, Lived, Task, processors, rules_in
from simulation.scenario import SETTLING, Scenario, load_scenario

Place = Mapping[str, Any]
"""A value for each thing that is varied."""


class AskingError(ValueError):
    """Something that cannot be asked, with what can."""


@dataclass
class Asking:
    """Asks about points of what is varied, and counts what failed. `scenario_at` places a town of one governance."""

    scenario_at: Callable[[Place, str], Scenario]
    first: str
    second: str
    outcomes: tuple[str, ...] = MAIN
    seed: int = 1
    workers: int | None = None
    engine: str = "compiled"
    rules: Mapping[str, Rule] | str | Path | None = None
    tell: Callable[[int], None] | None = None
    failed: list[str] = field(default_factory=list)
    lived: int = 0

    def __post_init__(self) -> None:
        """Refuse outcomes that no town has."""
        for outcome in self.outcomes:
            known = outcome in LOSSES or (
                measure_of(outcome) in NAMES and outcome.rpartition(".")[2] in (SHOCK, CALM, EFFECT)
            )
            if not known:
                every = [*MAIN, *(f"{name}.{world}" for name in NAMES for world in (SHOCK, CALM, EFFECT)), *LOSSES]
                raise AskingError(f'there is no outcome "{outcome}".{near(outcome, every)} Such as: {", ".join(MAIN)}')

    @property
    def worlds(self) -> tuple[str, ...]:
        """The worlds that must be lived for these outcomes."""
        only_shock = all(outcome.endswith(f".{SHOCK}") for outcome in self.outcomes)
        return (SHOCK,) if only_shock else (SHOCK, CALM)

    def __call__(self, places: Sequence[Place], replicates: Sequence[int]) -> Numbers:
        """Second governance less first: an array point × pair × outcome, nan where a town of a pair failed."""
        tasks = tuple(self._tasks(places, replicates))
        found: dict[int, Lived] = {}
        crew = Crew(self.engine, self.rules, rules_in(self.rules), min(self.workers or processors(), len(tasks)), tasks)
        try:
            for number, each in crew.live_all():
                found[number] = each
                self.lived += 1
                if self.tell is not None:
                    self.tell(self.lived)
        except KeyboardInterrupt:
            crew.stop()
            raise
        shape = (len(places), len(replicates), 2, len(self.outcomes))
        arms = np.full(shape, np.nan).reshape(-1, len(self.outcomes))
        worlds = len(self.worlds)
        for row in range(len(arms)):
            runs = [found[row * worlds + place] for place in range(worlds)]
            wrong = [each.error for each in runs if each.error]
            if wrong:
                task = tasks[row * worlds]
                point = row // (2 * len(replicates))
                told = ", ".join(f"{name} {value}" for name, value in places[point].items())
                self.failed.append(f"{told}, pair {task.replicate}, {task.governance}: {wrong[0]}")
            else:
                arms[row] = self._outcomes(*(each.rows[SETTLING:] for each in runs))
        arms = arms.reshape(shape)
        difference: Numbers = arms[:, :, 1] - arms[:, :, 0]
        return difference

    def _tasks(self, places: Sequence[Place], replicates: Sequence[int]) -> Iterator[Task]:
        number = 0
        for place in places:
            arms = {name: self.scenario_at(place, name) for name in (self.first, self.second)}
            for replicate in replicates:
                seed = seed_of(self.seed, replicate)
                for name, scenario in arms.items():
                    held = scenario.with_(seed=seed)
                    for world in self.worlds:
                        yield Task(number, name, world, replicate, held if world == SHOCK else held.calm())
                        number += 1

    def _outcomes(self, shock: Any, calm: Any = None) -> list[float]:
        losses = resilience(shock, calm) if calm is not None else {}
        told = []
        for outcome in self.outcomes:
            name, world = measure_of(outcome), outcome.rpartition(".")[2]
            if outcome in LOSSES:
                told.append(losses[outcome])
            elif world == EFFECT:
                told.append(float(shock[name].mean() - calm[name].mean()))
            else:
                told.append(float((shock if world == SHOCK else calm)[name].mean()))
        return told


def asking_of(
    setting: str | Path | Scenario,
    governances: Sequence[Governance] | Mapping[str, Governance] = ("contract", "relational"),
    outcomes: str | Sequence[str] = MAIN,
    **options: Any,
) -> Asking:
    """Ask about a setting: what is varied are its parameters, sizes and kinds of graph, by their names."""
    scenario = setting if isinstance(setting, Scenario) else load_scenario(setting)
    named = named_governances(governances)
    if len(named) != 2:
        raise AskingError(f"{len(named)} governances were given; a difference lies between two")
    first, second = named

    def scenario_at(place: Place, governance: str) -> Scenario:
        return scenario.with_(**place, governance=named[governance])

    wanted = (outcomes,) if isinstance(outcomes, str) else tuple(outcomes)
    return Asking(scenario_at, first, second, wanted, scenario.seed, **options)
