"""Worlds that facts are looked for in, and what is kept of the towns that live in them.

Change this file to give the facts another world to look at, or to keep more of a town. A world is a setting, how
often the town is looked at in it, and at most one thing that is changed by hand on the way. Every town is lived
once, however many facts ask about it; towns with the same seed share all their luck, whatever the world and the
governance.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.tables import Happening, Town
from agents.terms import GOVERNANCES
from experiments.intervals import Numbers
from experiments.pairs import FAIR_FIGHT, seed_of
from experiments.workers import Crew, Lived, Task, processors
from simulation.engines import Engine
from simulation.run import live, rows_of
from simulation.scenario import SETTLING, Scenario, load_scenario
from simulation.shocks import Ramp, Step
from simulation.town import found_town

A_YEAR = 12
MONTHS = 84
JUMP = 30
"""The month in which the single steps come: half a year after the town has settled."""
ENTROPY = 1
"""What the seeds of the towns are made from."""


class World(NamedTuple):
    """A setting, the months between two looks at a town in it, and what is changed by hand, and when."""

    scenario: Scenario
    looks: int = A_YEAR
    change: Callable[[Town], None] | None = None
    changed_in: int = 0


@cache
def worlds() -> dict[str, World]:
    """Every world by its name."""
    crisis = load_scenario("cost_of_living_2021").with_(months=MONTHS)
    calm = crisis.calm()
    squeeze = Ramp(components=("budget",), size=-0.20, start=27, length=48)
    wages = Step(components=("labour",), size=0.10, start=JUMP)
    energy = Step(components=("energy",), size=1.0, start=JUMP)
    return {
        "calm": World(calm, looks=6),
        "crisis": World(crisis),
        "watched crisis": World(crisis, looks=1),
        "dearer labour": World(calm.with_(months=JUMP + 6, shocks=(wages,))),
        "dearer energy": World(calm.with_(months=JUMP + A_YEAR, shocks=(energy,))),
        "squeeze": World(calm.with_(shocks=(squeeze,))),
        "joined up": World(calm, change=join_up, changed_in=SETTLING),
        "chosen": World(calm.with_(terms_spread=1.0, terms_change="imitate_the_best")),
    }


def join_up(town: Town) -> None:
    """From now on every tie shares and meets as much as a relational one; nothing else about it changes."""
    for dial in ("sharing", "coordination"):
        town.ties[dial] = GOVERNANCES["relational"][dial]


class Seen(NamedTuple):
    """What is kept of one town: every measure of every month, and what was seen when it was looked at.

    A look comes after each so many months; what is seen has a row per look and a column per partner or agreement.
    """

    rows: Any
    looks: npt.NDArray[np.int64]
    """Months lived when the town was looked at."""
    state: npt.NDArray[np.int64]
    margin: Numbers
    """What a partner's places earned that month over what they cost, less 1; not a number where it had no work."""
    price: Numbers
    cost: Numbers
    held: npt.NDArray[np.int64]
    """Whether each agreement was in force."""
    basket: Numbers
    """A row per partner, a column per component of cost."""
    detail: Numbers
    """Of each agreement at the end: how much of it can be enforced."""
    trust: Numbers
    worst_need: Numbers
    """Of each resident at the end."""
    needs_felt: npt.NDArray[np.int64]
    wellbeing: Numbers
    crises: npt.NDArray[np.int64]
    """Crises each resident met in reported months."""
    hand_backs: npt.NDArray[np.int64]
    """Months of agreements given up, those of closing partners left out."""
    closures: npt.NDArray[np.int64]
    """Months of partners closing."""


def see(task: Task, engine: Engine, tell: Callable[[int, int], None] | None = None) -> Lived:
    """Live one task in its world, looking at the town on the way. Whatever goes wrong is written down."""
    try:
        return Lived(compiled=engine.compiled, kept=seen(task, engine, tell))
    except Exception as error:  # noqa: BLE001  one run must not lose the others; its traceback is kept
        return Lived(error=f"{type(error).__name__}: {error}", traceback=traceback.format_exc())


def seen(task: Task, engine: Engine, tell: Callable[[int, int], None] | None = None) -> Seen:
    """Live one town in its world and keep what facts ask about."""
    world = worlds()[task.world]
    months = task.scenario.months
    town = found_town(task.scenario)
    looked: list[dict[str, Any]] = []
    month = 0
    while month < months:
        if world.change is not None and month == world.changed_in:
            world.change(town)
        step = min(world.looks, months - month)
        town = live(town, engine, step)
        month += step
        looked.append(look_at(town, month))
        if tell is not None:
            tell(month, months)
    together = {name: np.array([look[name] for look in looked]) for name in looked[0]}
    return Seen(rows=rows_of(town).copy(), **together, **ending(town))


def look_at(town: Town, month: int) -> dict[str, Any]:
    """Partners and agreements as they are now."""
    partners, agreements = town.partners, town.agreements
    cost = np.where(partners["cost"] > 0.0, partners["cost"], np.nan)
    return {
        "looks": month,
        "state": partners["state"].copy(),
        "margin": partners["income"] / cost - 1.0,
        "price": agreements["price"].copy(),
        "cost": town.organisations["unit_cost"][agreements["seller"]] * agreements["drift"],
        "held": agreements["active"].copy(),
    }


def ending(town: Town) -> dict[str, Any]:
    """Residents and ties as they are at the end, and what happened in reported months."""
    events = town.events[: int(town.clock["events"])]
    events = events[events["month"] >= SETTLING]
    crises = events["who"][events["kind"] == Happening.CRISIS]
    closed = events["kind"] == Happening.CLOSURE
    given_up = (events["kind"] == Happening.HAND_BACK) & ~from_a_closure(events)
    need = town.residents["need"]
    held = town.agreements[town.agreements["active"] == 1]
    return {
        "basket": town.partners["basket"].copy(),
        "detail": held["enforcement"].copy(),
        "trust": 0.5 * (held["trust_of_buyer"] + held["trust_of_seller"]),
        "worst_need": need.max(axis=1),
        "needs_felt": (need > float(town.parameters["tolerance"])).sum(axis=1),
        "wellbeing": town.residents["wellbeing"].copy(),
        "crises": np.bincount(crises, minlength=len(town.residents)),
        "hand_backs": events["month"][given_up].copy(),
        "closures": events["month"][closed].copy(),
    }


def from_a_closure(events: Any) -> npt.NDArray[np.bool_]:
    """Which events are of a partner that closed in the same month."""
    closed = events[events["kind"] == Happening.CLOSURE]
    gone = set(zip(closed["month"].tolist(), closed["who"].tolist(), strict=True))
    both = zip(events["month"].tolist(), events["who"].tolist(), strict=True)
    return np.array([one in gone for one in both], bool)


# ---- towns, lived once ------------------------------------------------------------------------------

Place = tuple[str, str]
"""A world and a governance."""


class NotLived(RuntimeError):
    """A town that facts ask about could not be lived."""


class Towns:
    """The towns of one set of parameters, by world, governance and seed; or those of some of its seeds."""

    def __init__(self, seen: Mapping[tuple[str, str, int], Seen], seeds: Iterable[int]) -> None:
        self.seen, self.seeds = seen, tuple(seeds)

    def of(self, world: str, *governances: str) -> list[Seen]:
        """Every town of a world: governance by governance (the fair fight, where none is named), seed by seed."""
        return [self.seen[world, name, seed] for name in governances or FAIR_FIGHT for seed in self.seeds]

    def measure(self, name: str, world: str, *governances: str) -> Numbers:
        """A measure in reported months: a row per town, a column per month."""
        return np.array([each.rows[name][SETTLING:] for each in self.of(world, *governances)])

    def without(self, seed: int) -> Towns:
        """The same towns but for those of one seed."""
        return Towns(self.seen, (each for each in self.seeds if each != seed))


def tasks_in(
    places: Iterable[Place], seeds: int, parameters: Mapping[str, Any], residents: int | None = None, first: int = 0
) -> list[Task]:
    """A run for each place and seed, with these parameters changed. `first` is the first replicate's number."""
    changes: dict[str, Any] = dict(parameters)
    if residents is not None:
        changes["residents"] = residents
    tasks: list[Task] = []
    for world, governance in places:
        scenario = worlds()[world].scenario.with_(governance=governance, **changes)
        for seed in range(first, first + seeds):
            held = scenario.with_(seed=seed_of(ENTROPY, seed))
            tasks.append(Task(len(tasks), governance, world, seed, held))
    return tasks


class Lives:
    """Lives the towns that are asked for and not yet lived, several at once, and keeps them."""

    def __init__(
        self,
        seeds: int,
        parameters: Mapping[str, Any] | None = None,
        *,
        residents: int | None = None,
        workers: int | None = None,
        engine: str = "auto",
        first: int = 0,
    ) -> None:
        self.first = first
        self.seeds, self.parameters, self.residents = seeds, dict(parameters or {}), residents
        self.workers, self.engine = workers or processors(), engine
        self.seen: dict[tuple[str, str, int], Seen] = {}

    def towns(self, places: Iterable[Place]) -> Towns:
        """Every town of these places; those that are missing are lived now. Raises NotLived where one cannot be."""
        there = {(world, governance) for world, governance, _ in self.seen}
        missing = [place for place in dict.fromkeys(places) if place not in there]
        tasks = tuple(tasks_in(missing, self.seeds, self.parameters, self.residents, self.first))
        if tasks:
            crew = Crew(self.engine, None, None, min(self.workers, len(tasks)), tasks, see)
            if crew.should_prepare():
                crew.prepare(lambda _lines: None)
            for number, each in crew.live_all():
                task = tasks[number]
                if each.error:
                    raise NotLived(f"{task.world}, {task.governance}, seed {task.scenario.seed}: {each.error}")
                self.seen[task.world, task.governance, task.replicate] = each.kept
        return Towns(self.seen, range(self.first, self.first + self.seeds))
