"""The paired comparison: every governance, with the shock and without it, in towns that share all their luck.

Change this file to compare towns differently. A replicate is one seed; in it each governance lives twice, in the
setting and in its calm twin. What is compared is always a difference within a replicate, so luck that governance
does not touch cancels. Level: what a governance makes of calm months, against the first one named. Effect: what
the shock did, against the calm twin. Buffer: how that effect differs from the first one's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agents.rule import Rule
from agents.terms import GOVERNANCES
from experiments.intervals import Estimate, Numbers, intervals
from experiments.resilience import RESILIENCE, resilience
from experiments.workers import Crew, Lived, Task, processors, rules_in, rules_text
from simulation.engines import engine_for
from simulation.measures import MEASURES
from simulation.scenario import SETTLING, Scenario, load_scenario
from simulation.town import found_town

if TYPE_CHECKING:
    import pandas as pd

    from experiments.plausible import Plausible

Governance = str | float | Mapping[str, Any]

FAIR_FIGHT = ("contract", "relational", "formal_relational")
WORLDS = ("shock", "calm")
SHOCK, CALM = WORLDS
PRIMARY = ("wellbeing", "wellbeing_lowest_tenth", "unmet_need", "met_need_loss_area")
"""The outcomes declared in advance; the last is resilience loss."""
BEARERS = ("borne_by_funders", "borne_by_partners", "borne_by_staff", "borne_by_residents")
COST = "cost_rise"
NAMES = tuple(measure.__name__ for measure in MEASURES)

BETTER_MORE = (
    "wellbeing", "wellbeing_lowest_tenth", "help_that_worked", "cases_helped", "funder_reserves", "partners_stable",
    "partner_reserves", "agreements_held", "practice", "effort",
)  # fmt: skip
BETTER_LESS = (
    "low_wellbeing", "need", "unmet_need", "several_needs", "waiting", "waiting_median", "waiting_over_six_months",
    "crises", "failure_demand", "drop_off", "moved_between_organisations", "inequality_slope", "inequality_gap",
    "public_cost", "cost_per_resolved_need", "partners_subsidising", "partners_cutting", "partners_handing_back",
    "partners_closed", "vacancies", "turnover", "burnout", "seller_breaches", "buyer_breaches", "transaction_share",
)  # fmt: skip
"""Measures of which more, or less, is better, other things equal. Of the others neither can be said: who bears a cost
is not better or worse, it is a choice to be seen."""


class Progress(NamedTuple):
    """How far a comparison has come: runs lived of all, seeds complete, and a look at what they say so far.

    While rules are compiled first, `lines` says how many lines of the month are done, of how many.
    """

    done: int
    total: int
    seeds: int
    failed: int
    lines: tuple[int, int] | None
    so_far: Callable[[], Any]


Tell = Callable[[Progress], None]


class ComparisonError(ValueError):
    """A comparison that cannot be made, with what is allowed."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was asked and every run that was lived for it. The tables are worked out when they are looked at."""

    scenario: Scenario
    governances: Mapping[str, Governance]
    seeds: int
    tasks: tuple[Task, ...]
    lived: Mapping[int, Lived]
    seconds: float = 0.0
    workers: int = 1
    stopped: bool = False
    rules: str = ""
    cautions: tuple[str, ...] = field(default=())
    plausible: Plausible | None = None
    """The same comparison in every plausible town, where that was asked (experiments/plausible.py)."""

    @property
    def verb(self) -> str:
        """What asks this question on the command line."""
        return "compare"

    @property
    def first(self) -> str:
        """The governance the others are compared with."""
        return next(iter(self.governances))

    @property
    def others(self) -> tuple[str, ...]:
        """Every other governance."""
        return tuple(self.governances)[1:]

    @property
    def failures(self) -> list[tuple[Task, Lived]]:
        """Runs that failed."""
        return [(self.tasks[number], each) for number, each in sorted(self.lived.items()) if each.error]

    @property
    def compiled(self) -> bool:
        """Whether every run ended compiled."""
        return all(each.compiled for each in self.lived.values())

    @cached_property
    def replicates(self) -> tuple[int, ...]:
        """Replicates in which every run was lived to the end: the seeds every table is made of."""
        whole = {task.replicate for task in self.tasks}
        for task in self.tasks:
            if self.lived.get(task.number) is None or self.lived[task.number].error:
                whole.discard(task.replicate)
        return tuple(sorted(whole))

    def reported(self, governance: str, world: str, replicate: int) -> Any:
        """The reported months of one run, as a structured array."""
        return self.lived[self._numbers[governance, world, replicate]].rows[SETTLING:]

    @cached_property
    def _numbers(self) -> dict[tuple[str, str, int], int]:
        return {(task.governance, task.world, task.replicate): task.number for task in self.tasks}

    # ---- tables ----

    @cached_property
    def means(self) -> dict[tuple[str, str], Numbers]:
        """For each governance and world: a row per replicate, a column per measure, the mean of reported months."""
        return {
            (governance, world): np.array(
                [
                    [self.reported(governance, world, replicate)[name].mean() for name in NAMES]
                    for replicate in self.replicates
                ]
            ).reshape(len(self.replicates), len(NAMES))
            for governance in self.governances
            for world in WORLDS
        }

    @cached_property
    def losses(self) -> dict[str, list[dict[str, float]]]:
        """For each governance: the resilience of each replicate."""
        return {
            governance: [
                resilience(*(self.reported(governance, world, replicate) for world in WORLDS))
                for replicate in self.replicates
            ]
            for governance in self.governances
        }

    @cached_property
    def table(self) -> pd.DataFrame:
        """Every comparison: a row for each governance, measure and quantity, with interval and share of the sign.

        Quantities: `calm` and `shock` (means of reported months), `effect` (shock less calm, same luck), and
        against the first governance `level` (difference in calm) and `buffer` (difference in effect). Measures
        of resilience have an effect and a buffer only.
        """
        import pandas as pd  # noqa: PLC0415  slow to import, and not needed to live towns

        effects = {name: self._effects(name) for name in self.governances}
        rows: list[dict[str, Any]] = []
        for governance in self.governances:
            calm, shock = (self.means[governance, world] for world in (CALM, SHOCK))
            found = {"calm": (NAMES, calm), "shock": (NAMES, shock), "effect": effects[governance]}
            if governance != self.first:
                names, effect = effects[governance]
                found["level"] = NAMES, calm - self.means[self.first, CALM]
                found["buffer"] = names, effect - effects[self.first][1]
            for quantity, (names, values) in found.items():
                spread = zip(names, *intervals(values), strict=True)
                rows += [
                    {"governance": governance, "quantity": quantity, "measure": name, "primary": name in PRIMARY}
                    | dict(zip(("mean", "low", "high", "sign_share"), map(float, rest), strict=True))
                    for name, *rest in spread
                ]
        table = pd.DataFrame(rows)
        table["seeds"] = len(self.replicates)
        return table

    def _effects(self, governance: str) -> tuple[tuple[str, ...], Numbers]:
        effect = self.means[governance, SHOCK] - self.means[governance, CALM]
        names = tuple(self.losses[governance][0]) if self.replicates else ()
        losses = np.array([[each[name] for name in names] for each in self.losses[governance]])
        return (*NAMES, *names), np.hstack([effect, losses.reshape(len(self.replicates), len(names))])

    def estimate(self, governance: str, measure: str, quantity: str) -> Estimate | None:
        """One cell of the table, or None where there is no such comparison."""
        return self._estimates.get((governance, measure, quantity))

    def first_look(self, governance: str, measure: str) -> tuple[Estimate, Estimate]:
        """Level and buffer of one governance in one measure of the town, without working out the whole table."""
        found = {
            (name, world): np.array([self.reported(name, world, each)[measure].mean() for each in self.replicates])
            for name in (governance, self.first)
            for world in WORLDS
        }
        level = found[governance, CALM] - found[self.first, CALM]
        buffer = found[governance, SHOCK] - found[self.first, SHOCK] - level
        spread = zip(*intervals(np.column_stack([level, buffer])), strict=True)
        first, second = (Estimate(*each, len(self.replicates)) for each in spread)
        return first, second

    @cached_property
    def _estimates(self) -> dict[tuple[str, str, str], Estimate]:
        columns = ("governance", "measure", "quantity", "mean", "low", "high", "sign_share", "seeds")
        rows = self.table[list(columns)].itertuples(index=False, name=None)
        return {(row[0], row[1], row[2]): Estimate(*row[3:]) for row in rows}

    @cached_property
    def who_bore_it(self) -> pd.DataFrame:
        """For each governance, what the shock added to costs and who bore it: £ a resident over the reported months.

        A row for each bearer and one for the rise itself; `share` is per cent of the rise, and the bearers' shares
        add up to 100. Where costs did not rise there are no shares.
        """
        import pandas as pd  # noqa: PLC0415

        rows = []
        for governance in self.governances:
            totals = np.array(
                [
                    [self._total(governance, replicate, name) for name in (COST, *BEARERS)]
                    for replicate in self.replicates
                ]
            ).reshape(len(self.replicates), 1 + len(BEARERS))
            rise = float(totals[:, 0].mean()) if len(totals) else 0.0
            for name, mean, low, high, sign in zip((COST, *BEARERS), *intervals(totals), strict=True):
                share = 100.0 * mean / rise if abs(rise) > PENNY else np.nan
                row = {"governance": governance, "who": name, "pounds": mean, "low": low, "high": high}
                rows.append(row | {"sign_share": sign, "share": share, "seeds": len(self.replicates)})
        return pd.DataFrame(rows)

    def borne(self, governance: str) -> dict[str, Borne]:
        """Who bore the rise in costs under one governance, and the rise itself."""
        return self._borne[governance]

    @cached_property
    def _borne(self) -> dict[str, dict[str, Borne]]:
        found: dict[str, dict[str, Borne]] = {name: {} for name in self.governances}
        columns = ["governance", "who", "pounds", "share", "low", "high"]
        for governance, who, *rest in self.who_bore_it[columns].itertuples(index=False, name=None):
            found[governance][who] = Borne(*rest)
        return found

    def _total(self, governance: str, replicate: int, name: str) -> float:
        shock, calm = (self.reported(governance, world, replicate)[name] for world in WORLDS)
        return float(shock.sum() - calm.sum())

    def trajectory(self, governance: str, name: str, world: str | None = None) -> Numbers:
        """A row per replicate, a column per reported month: shock less calm, or one world's own months."""
        found = [
            self.reported(governance, SHOCK, replicate)[name] - self.reported(governance, CALM, replicate)[name]
            if world is None
            else self.reported(governance, world, replicate)[name]
            for replicate in self.replicates
        ]
        return np.array(found, np.float64).reshape(len(self.replicates), self.scenario.months - SETTLING)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row per run: who, where, which seed, every measure's mean over reported months, resilience, errors."""
        import pandas as pd  # noqa: PLC0415

        losses = {
            (governance, replicate): each
            for governance, found in self.losses.items()
            for replicate, each in zip(self.replicates, found, strict=True)
        }
        rows = []
        for number, each in sorted(self.lived.items()):
            task = self.tasks[number]
            row: dict[str, Any] = _who(task)
            if not each.error:
                row |= {name: float(each.rows[name][SETTLING:].mean()) for name in NAMES}
                if task.world == SHOCK:
                    row |= losses.get((task.governance, task.replicate), {})
            rows.append(row | {"error": each.error, "traceback": each.traceback})
        table = pd.DataFrame(rows)
        last = ["error", "traceback"]
        return table[[name for name in table.columns if name not in last] + last] if len(table) else table

    @cached_property
    def months(self) -> pd.DataFrame:
        """A row per run and month: every measure. Months before 24 settle the town and are not reported."""
        return self._stacked(lambda each: {"month": np.arange(len(each.rows)), **{n: each.rows[n] for n in NAMES}})

    @cached_property
    def events(self) -> pd.DataFrame:
        """A row per event of every run; `because` is the row of an earlier event of the same run."""
        return self._stacked(lambda each: {"event": np.arange(len(each.events)), **dict(each.events.items())})

    def _stacked(self, columns: Callable[[Lived], Mapping[str, Any]]) -> pd.DataFrame:
        import pandas as pd  # noqa: PLC0415

        parts = []
        for number, each in sorted(self.lived.items()):
            if each.error:
                continue
            part = pd.DataFrame(dict(columns(each)))
            for place, (name, value) in enumerate(_who(self.tasks[number]).items()):
                part.insert(place, name, value)
            parts.append(part)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


class Borne(NamedTuple):
    """£ a resident over the reported months, per cent of the rise (nan where costs did not rise), 95% interval."""

    pounds: float
    share: float
    low: float
    high: float


PENNY = 0.005
"""£ a resident; a rise in costs smaller than this is none, and has no shares."""


def _who(task: Task) -> dict[str, Any]:
    return {
        "run": task.number,
        "governance": task.governance,
        "world": task.world,
        "replicate": task.replicate,
        "seed": task.scenario.seed,
    }


# ---- the comparison ---------------------------------------------------------------------------------


def compare(
    setting: str | Path | Scenario,
    *,
    governances: Sequence[Governance] | Mapping[str, Governance] = FAIR_FIGHT,
    seeds: int = 30,
    engine: str = "auto",
    rules: Mapping[str, Rule] | str | Path | None = None,
    workers: int | None = None,
    tell: Tell | None = None,
    **changes: Any,
) -> Comparison:
    """Live every governance with the shock and without it, in towns paired by luck, and compare them.

    `governances` are names, numbers from 0 to 1 or dials; as a mapping, with names of your own. The first is what
    the others are compared with. `changes` change the scenario: `months=60, inflow=0.02`. `rules` are functions by
    name, or a file of rules. The answer is the same whatever the number of workers.

    A run that fails is told and recorded, and its seed is left out of the tables; the others go on. An interrupt
    from the keyboard ends the comparison early: what was lived is returned, and `stopped` is true.
    Raises ScenarioError, UnknownGovernance or ComparisonError for what cannot be asked, before anything is lived.
    """
    scenario = setting if isinstance(setting, Scenario) else load_scenario(setting)
    if changes:
        scenario = scenario.with_(**changes)
    named = named_governances(governances)
    replacing = rules_in(rules)
    engine_for(engine, replacing)  # refuses an engine or a rule that is not there
    tasks = tuple(tasks_for(scenario, named, seeds))
    if scenario.graph_files():
        found_town(tasks[0].scenario)  # refuses files that do not fit
    if workers is not None and workers < 1:
        raise ComparisonError(f"workers is {workers}; there must be at least 1")
    asked = Comparison(scenario, named, seeds, tasks, {}, cautions=tuple(scenario.cautions()))
    crew = Crew(engine, rules, replacing, min(workers or processors(), len(tasks)), tasks)
    began = time.perf_counter()
    lived: dict[int, Lived] = {}
    stopped = False
    news = _News(asked, lived, tell)
    try:
        if crew.should_prepare():
            crew.prepare(news.tell)
        news.tell()
        for number, each in crew.live_all():
            lived[number] = each
            news.tell()
    except KeyboardInterrupt:
        stopped = True
        crew.stop()
    seconds = time.perf_counter() - began
    return replace(asked, lived=lived, seconds=seconds, workers=crew.workers, stopped=stopped, rules=rules_text(rules))


def shown(name: str) -> str:
    """A governance's name, to be read."""
    return name.replace("_", " ")


def named_governances(governances: Sequence[Governance] | Mapping[str, Governance]) -> dict[str, Governance]:
    """Governances by the name they are shown under, in the order given."""
    if isinstance(governances, (str, float, int)):
        governances = [governances]
    if not isinstance(governances, Mapping):
        found: dict[str, Governance] = {}
        for place, governance in enumerate(governances, start=1):
            name = f"own dials {place}" if isinstance(governance, Mapping) else str(governance)
            if name in found:
                raise ComparisonError(f"governance {name} is named twice; name each once")
            found[name] = governance
        governances = found
    if not governances:
        raise ComparisonError(f"there is no governance to compare; known: {', '.join(GOVERNANCES)}")
    return dict(governances)


def seed_of(entropy: int, replicate: int) -> int:
    """The seed of a replicate: 63 bits made from the scenario's seed and the replicate's number, and nothing else."""
    words = np.random.SeedSequence(entropy, spawn_key=(replicate,)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def tasks_for(scenario: Scenario, governances: Mapping[str, Governance], seeds: int) -> Iterator[Task]:
    """Every run, seed by seed, so that the first seeds are complete early."""
    if seeds < 1:
        raise ComparisonError(f"seeds is {seeds}; there must be at least 1, and 30 for an answer worth having")
    worlds = {}
    for name, governance in governances.items():
        held = scenario.with_(governance=governance)
        worlds[name] = {SHOCK: held, CALM: held.calm()}
    number = 0
    for replicate in range(seeds):
        seed = seed_of(scenario.seed, replicate)
        for name, pair in worlds.items():
            for world in WORLDS:
                yield Task(number, name, world, replicate, pair[world].with_(seed=seed))
                number += 1


class _News:
    """Tells how far the comparison has come."""

    def __init__(self, asked: Comparison, lived: dict[int, Lived], tell: Tell | None) -> None:
        self.asked, self.lived, self.listener = asked, lived, tell
        self.a_seed = len(asked.governances) * len(WORLDS)

    def tell(self, lines: tuple[int, int] | None = None) -> None:
        if self.listener is None:
            return
        done = [task.replicate for task in self.asked.tasks if task.number in self.lived]
        whole = int((np.bincount(done, minlength=1) == self.a_seed).sum()) if done else 0
        failed = sum(1 for each in self.lived.values() if each.error)
        self.listener(Progress(len(self.lived), len(self.asked.tasks), whole, failed, lines, self._so_far))

    def _so_far(self) -> Comparison:
        return replace(self.asked, lived=dict(self.lived))


def direction(measure: str) -> int:
    """1 where more of a measure is better, -1 where less is, 0 where neither can be said."""
    if any(measure.endswith(f"_{end}") for end in RESILIENCE):
        return -1
    return (measure in BETTER_MORE) - (measure in BETTER_LESS)
