"""Which dials made the difference between two governances: exact Shapley shares, and one dial moved at a time.

Change this file to share out a difference in another way. The dials fall into groups (agents/terms.py). A mixture
is a set of dials taken from the second governance, the others staying as in the first; every mixture of groups is
lived, with the shock and without it, in towns that share all their luck. A group's share is what moving it adds,
averaged over every order in which the groups could be moved. Shares add up to the whole difference, seed by seed.
Ladders show what a group or a dial does alone: moved first, and moved last. Where the two differ, dials interact.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agents.rule import Rule
from agents.terms import DIALS, GROUPS
from experiments import store
from experiments.intervals import Estimate, Numbers, intervals
from experiments.pairs import (
    CALM,
    NAMES,
    PRIMARY,
    SHOCK,
    ComparisonError,
    Governance,
    Progress,
    Tell,
    named_governances,
    tasks_for,
)
from experiments.resilience import LOSSES, resilience
from experiments.workers import Crew, Lived, Task, processors, rules_in, rules_text
from simulation.engines import engine_for
from simulation.scenario import SETTLING, Scenario, load_scenario, terms_of
from simulation.town import found_town

if TYPE_CHECKING:
    import pandas as pd

Mixture = frozenset[str]
"""Dials taken from the second governance. The empty one is the first governance, the full one the second."""

LEVEL, BUFFER, UNDER_SHOCK = QUANTITIES = ("level", "buffer", "under_shock")
"""What is shared out: the difference in calm, in what the shock does, and in the town under the shock. The last is
the sum of the other two."""
SHARE, FIRST_IN, LAST_OUT, INTERACTION = "share", "first_in", "last_out", "interaction"
STEPS = (FIRST_IN, LAST_OUT, INTERACTION)
"""Moved first, with the others as in the first governance; moved last, with the others as in the second; last less
first."""
TOTAL = "total"
MEASURED = (*NAMES, *LOSSES)
"""Every measure that a difference can be shared out for; those of resilience have a buffer only."""
CELLS = tuple(
    (quantity, measure)
    for quantity, measures in ((LEVEL, NAMES), (BUFFER, MEASURED), (UNDER_SHOCK, NAMES))
    for measure in measures
)
"""What is known of a mixture in one seed, in this order."""


# ---- the kernel -------------------------------------------------------------------------------------


def shapley(values: Numbers) -> Numbers:
    """Each player's share of what all achieve together: the mean, over every order of joining, of what it adds.

    `values` has a row for each coalition, 2^n in all: player k is in coalition c where bit k of c is set. Further
    axes (seeds, measures) are kept. The answer has a row for each player, and its rows add up to the last coalition
    less the first.

    Source: Shapley (1953). Exact: nothing is sampled.
    """
    many = len(values)
    players = max(0, many.bit_length() - 1)
    if many != 1 << players:
        raise ValueError(
            f"there are {many} coalitions; there must be 1, 2, 4, 8 … of them, one for each set of players"
        )
    coalitions = np.arange(many)
    shares = np.zeros((players, *values.shape[1:]))
    for player in range(players):
        without = coalitions[coalitions >> player & 1 == 0]
        added = values[without | 1 << player] - values[without]
        weights = [1.0 / (players * math.comb(players - 1, int(others).bit_count())) for others in without]
        shares[player] = (np.array(weights).reshape(-1, *[1] * (values.ndim - 1)) * added).sum(axis=0)
    return shares


# ---- what is lived ----------------------------------------------------------------------------------


class Between(NamedTuple):
    """What lies between two governances: the dials that differ, by group, and a way of holding each mixture."""

    first: dict[str, dict[str, float]]
    second: dict[str, dict[str, float]]

    @property
    def dials(self) -> tuple[str, ...]:
        """Dials that differ in some layer."""
        return tuple(d for d in DIALS if any(self.first[layer][d] != self.second[layer][d] for layer in self.first))

    @property
    def groups(self) -> dict[str, Mixture]:
        """Groups in which some dial differs, with those dials."""
        found = {group: Mixture(dials) & Mixture(self.dials) for group, dials in GROUPS.items()}
        return {group: dials for group, dials in found.items() if dials}

    @property
    def coalitions(self) -> list[Mixture]:
        """Every mixture of whole groups, in the order of the kernel: bit k says whether group k is moved."""
        found = [Mixture()]
        for dials in self.groups.values():
            found += [mixture | dials for mixture in found]
        return found

    @property
    def mixtures(self) -> list[Mixture]:
        """Every mixture that is needed, each once: of whole groups, and with one dial moved or left."""
        every = Mixture(self.dials)
        single = [Mixture({dial}) for dial in self.dials]
        return list(dict.fromkeys([*self.coalitions, *single, *(every - each for each in single)]))

    def held(self, mixture: Mixture) -> dict[str, Any]:
        """The dials of a mixture, layer by layer."""
        return {
            layer: {dial: (self.second if dial in mixture else self.first)[layer][dial] for dial in DIALS}
            for layer in self.first
        }


class Cost(NamedTuple):
    """What an attribution takes: mixtures, towns to live in, how many at once, and about how many seconds."""

    mixtures: int
    towns: int
    workers: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Attribution:
    """What was asked, and what every mixture came to in every seed. The tables are worked out when looked at.

    `shares`, `ladders` and `totals` are DataFrames; `estimate` is one number with its interval. `found` holds, for
    each mixture and replicate, a number for each of CELLS.
    """

    scenario: Scenario
    governances: Mapping[str, Governance]
    seeds: int
    found: Mapping[tuple[Mixture, int], Numbers] = field(default_factory=dict)
    failures: Sequence[tuple[Task, Lived]] = ()
    cost: Cost | None = None
    seconds: float = 0.0
    stopped: bool = False
    compiled: bool = True
    rules: str = ""
    cautions: tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        """What asks this question on the command line."""
        return "attribute"

    @property
    def names(self) -> tuple[str, str]:
        """The names of the two governances."""
        first, second = self.governances
        return first, second

    @cached_property
    def between(self) -> Between:
        """What lies between the two governances."""
        first, second = (terms_of(governance) for governance in self.governances.values())
        return Between(first, second)

    @cached_property
    def mixtures(self) -> list[Mixture]:
        """Every mixture, each once."""
        return self.between.mixtures

    @cached_property
    def replicates(self) -> tuple[int, ...]:
        """Replicates in which every mixture was lived to the end: the seeds every table is made of."""
        return tuple(
            replicate
            for replicate in range(self.seeds)
            if all((mixture, replicate) in self.found for mixture in self.mixtures)
        )

    # ---- numbers, a row per replicate and a column per cell ----

    def values(self, mixture: Iterable[str] = ()) -> Numbers:
        """What a mixture came to: a row for each replicate, a column for each of CELLS."""
        held = Mixture(mixture)
        rows = [self.found[held, replicate] for replicate in self.replicates]
        return np.array(rows, np.float64).reshape(len(rows), len(CELLS))

    @cached_property
    def total_by_seed(self) -> Numbers:
        """The whole difference, second governance less first."""
        return self.values(self.between.dials) - self.values()

    @cached_property
    def shares_by_seed(self) -> dict[str, Numbers]:
        """The share of each group in each seed. A group in which the governances do not differ has exactly 0."""
        moved = dict.fromkeys(GROUPS, np.zeros_like(self.total_by_seed))
        values = np.array([self.values(mixture) for mixture in self.between.coalitions])
        return moved | dict(zip(self.between.groups, shapley(values), strict=True))

    def _steps_by_seed(self, dials: Mixture) -> dict[str, Numbers]:
        every = Mixture(self.between.dials)
        moved = dials & every
        first_in = self.values(moved) - self.values()
        last_out = self.values(every) - self.values(every - moved)
        return {FIRST_IN: first_in, LAST_OUT: last_out, INTERACTION: last_out - first_in}

    # ---- tables ----

    @cached_property
    def shares(self) -> pd.DataFrame:
        """A row for each group, quantity and measure: its share of the difference, with interval."""
        parts = ((self._named(group, group, SHARE), values) for group, values in self.shares_by_seed.items())
        return self._table(parts)

    @cached_property
    def totals(self) -> pd.DataFrame:
        """A row for each quantity and measure: the whole difference, second governance less first."""
        return self._table([({"of": "all", "name": "", "group": "", "step": TOTAL}, self.total_by_seed)])

    @cached_property
    def ladders(self) -> pd.DataFrame:
        """What each dial, and each group, does alone: a row for each step, quantity and measure.

        Steps: `first_in` (moved to the second governance, the others as in the first), `last_out` (moved last, the
        others as in the second already), and `interaction` (last less first: 0 where it adds the same to both).
        """
        several = {group: dials for group, dials in GROUPS.items() if len(dials) > 1}
        each = [(group, group, Mixture(dials)) for group, dials in several.items()]
        each += [(dial, group, Mixture({dial})) for group, dials in GROUPS.items() for dial in dials]
        return self._table(
            (self._named(name, group, step), values)
            for name, group, dials in each
            for step, values in self._steps_by_seed(dials).items()
        )

    @staticmethod
    def _named(name: str, group: str, step: str) -> dict[str, str]:
        of = "group" if step == SHARE or len(GROUPS.get(name, ())) > 1 else "dial"
        return {"of": of, "name": name, "group": group, "step": step}

    def _table(self, parts: Iterable[tuple[dict[str, str], Numbers]]) -> pd.DataFrame:
        import pandas as pd  # noqa: PLC0415  slow to import, and not needed to live towns

        rows = []
        for named, values in parts:
            for (quantity, measure), *rest in zip(CELLS, *intervals(values), strict=True):
                row = named | {"quantity": quantity, "measure": measure, "primary": measure in PRIMARY}
                rows.append(row | dict(zip(("mean", "low", "high", "sign_share"), map(float, rest), strict=True)))
        table = pd.DataFrame(rows)
        table["seeds"] = len(self.replicates)
        return table

    @cached_property
    def table(self) -> pd.DataFrame:
        """Everything: totals, shares and ladders, told apart by `step`."""
        import pandas as pd  # noqa: PLC0415

        return pd.concat([self.totals, self.shares, self.ladders], ignore_index=True)

    def estimate(self, step: str, name: str, quantity: str, measure: str) -> Estimate | None:
        """One number with its interval: the total ("total", ""), a group's share, or a step of a dial or group."""
        return self._estimates.get((step, name, quantity, measure))

    @cached_property
    def _estimates(self) -> dict[tuple[str, str, str, str], Estimate]:
        columns = ["step", "name", "quantity", "measure", "mean", "low", "high", "sign_share", "seeds"]
        rows = self.table[columns].itertuples(index=False, name=None)
        return {(row[0], row[1], row[2], row[3]): Estimate(*row[4:]) for row in rows}

    def first_look(self, measure: str) -> dict[str, tuple[float, float]]:
        """Level and buffer of every group's share in one measure, as means, without working out the tables."""
        places = [CELLS.index((quantity, measure)) for quantity in (LEVEL, BUFFER)]
        found = {TOTAL: self.total_by_seed, **self.shares_by_seed}
        return {name: (float(at[:, places[0]].mean()), float(at[:, places[1]].mean())) for name, at in found.items()}

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row for each mixture, replicate and world: the dials that were moved, every measure's mean, errors."""
        import pandas as pd  # noqa: PLC0415

        def order(each: tuple[tuple[Mixture, int], Numbers]) -> tuple[int, int]:
            mixture, replicate = each[0]
            return replicate, self.mixtures.index(mixture)

        rows = []
        for (mixture, replicate), values in sorted(self.found.items(), key=order):
            at = dict(zip(CELLS, values.tolist(), strict=True))
            who = {"moved": " ".join(dial for dial in DIALS if dial in mixture), "replicate": replicate}
            calm, shock = ({name: at[quantity, name] for name in NAMES} for quantity in (LEVEL, UNDER_SHOCK))
            rows += [who | {"world": CALM} | calm]
            rows += [who | {"world": SHOCK} | shock | {name: at[BUFFER, name] for name in LOSSES}]
        table = pd.DataFrame(rows, columns=["moved", "replicate", "world", *MEASURED])
        failed = [
            {"moved": task.governance, "replicate": task.replicate, "world": task.world}
            | {"error": each.error, "traceback": each.traceback}
            for task, each in self.failures
        ]
        return pd.concat([table, pd.DataFrame(failed)], ignore_index=True) if failed else table


# ---- the attribution --------------------------------------------------------------------------------


def attribute(
    setting: str | Path | Scenario,
    *,
    governances: Sequence[Governance] | Mapping[str, Governance] = ("contract", "relational"),
    seeds: int = 30,
    engine: str = "auto",
    rules: Mapping[str, Rule] | str | Path | None = None,
    workers: int | None = None,
    tell: Tell | None = None,
    tell_cost: Callable[[Cost], None] | None = None,
    **changes: Any,
) -> Attribution:
    """Share out the difference between two governances among the groups of dials in which they differ.

    `governances` are the first and the second, as in `compare`; the other arguments are its too. `tell_cost` is
    told once, after the first few towns, what all of them will take. The answer is the same whatever the number of
    workers, and swapping the two governances turns every sign and nothing else.

    A run that fails is recorded, and its seed is left out of the tables. An interrupt from the keyboard ends it
    early: the seeds that are complete are returned, and `stopped` is true.
    Raises ScenarioError, UnknownGovernance or ComparisonError for what cannot be asked, before anything is lived.
    """
    scenario = setting if isinstance(setting, Scenario) else load_scenario(setting)
    if changes:
        scenario = scenario.with_(**changes)
    named = named_governances(governances)
    if len(named) != 2:
        raise ComparisonError(f"there are {len(named)} governances; a difference lies between 2")
    if workers is not None and workers < 1:
        raise ComparisonError(f"workers is {workers}; there must be at least 1")
    replacing = rules_in(rules)
    engine_for(engine, replacing)  # refuses an engine or a rule that is not there
    asked = Attribution(scenario, named, seeds, cautions=tuple(scenario.cautions()), rules=rules_text(rules))
    mixtures = {called(mixture, asked): mixture for mixture in asked.mixtures}
    held = {name: asked.between.held(mixture) for name, mixture in mixtures.items()}
    tasks = tuple(task for task in tasks_for(scenario, held, seeds) if scenario.shocks or task.world == CALM)
    if scenario.graph:
        found_town(tasks[0].scenario)  # refuses files that do not fit
    crew = Crew(engine, rules, replacing, min(workers or processors(), len(tasks)), tasks)
    ledger = _Ledger(asked, mixtures, tasks, tell)
    began = time.perf_counter()
    started, cost, stopped = began, None, False
    try:
        if crew.should_prepare():
            crew.prepare(ledger.tell)
        ledger.tell()
        first = crew.workers  # towns that find the workers still starting
        for number, lived in crew.live_all():
            ledger.take(number, lived)
            if ledger.done <= first:
                started = time.perf_counter()
            spent = time.perf_counter() - started
            if cost is None and ledger.done > first and (ledger.done > PILOT * first or spent > PILOT_SECONDS):
                cost = Cost(len(mixtures), len(tasks), crew.workers, len(tasks) * spent / (ledger.done - first))
                if tell_cost is not None:
                    tell_cost(cost)
    except KeyboardInterrupt:
        stopped = True
        crew.stop()
    seconds = time.perf_counter() - began
    cost = cost or Cost(len(mixtures), len(tasks), crew.workers, seconds)
    return replace(ledger.so_far(), cost=cost, seconds=seconds, stopped=stopped, compiled=ledger.compiled)


PILOT = 5
"""After so many towns for each worker it can be said how long all of them will take …"""
PILOT_SECONDS = 2.0
"""… or after so many seconds."""


def called(mixture: Mixture, asked: Attribution) -> str:
    """What messages call a mixture."""
    first, second = asked.names
    if mixture == Mixture(asked.between.dials):
        return second
    moved = ", ".join(dial for dial in DIALS if dial in mixture)
    return f"{first} with {second}'s {moved}" if moved else first


class _Ledger:
    """Takes in runs as they are lived, and keeps of each pair of worlds only what the tables need."""

    def __init__(
        self, asked: Attribution, mixtures: Mapping[str, Mixture], tasks: tuple[Task, ...], tell: Tell | None
    ) -> None:
        self.asked, self.mixtures, self.listener = asked, mixtures, tell
        self.tasks = {task.number: task for task in tasks}
        self.worlds = {task.world for task in tasks}
        self.found: dict[tuple[Mixture, int], Numbers] = {}
        self.failures: list[tuple[Task, Lived]] = []
        self.half: dict[tuple[str, int], dict[str, Any]] = {}
        self.complete: dict[int, int] = {}
        self.done = 0
        self.compiled = True

    def take(self, number: int, lived: Lived) -> None:
        """Take in one run."""
        task = self.tasks[number]
        self.done += 1
        self.compiled &= lived.compiled
        if lived.error:
            self.failures.append((task, lived))
        else:
            key = task.governance, task.replicate
            worlds = self.half.setdefault(key, {})
            worlds[task.world] = lived.rows[SETTLING:]
            if len(worlds) == len(self.worlds):
                calm = worlds[CALM]
                self.found[self.mixtures[task.governance], task.replicate] = cells_of(worlds.get(SHOCK, calm), calm)
                self.complete[task.replicate] = self.complete.get(task.replicate, 0) + 1
                del self.half[key]
        self.tell()

    def tell(self, lines: tuple[int, int] | None = None) -> None:
        """Say how far it has come."""
        if self.listener is not None:
            whole = sum(many == len(self.mixtures) for many in self.complete.values())
            self.listener(Progress(self.done, len(self.tasks), whole, len(self.failures), lines, self.so_far))

    def so_far(self) -> Attribution:
        """What is known by now."""
        return replace(self.asked, found=dict(self.found), failures=tuple(self.failures))


def cells_of(shock: Any, calm: Any) -> Numbers:
    """What one pair of worlds came to: a number for each of CELLS. Arrays with the reported months."""
    under, beside = (np.array([float(rows[name].mean()) for name in NAMES]) for rows in (shock, calm))
    lost = resilience(shock, calm)
    return np.concatenate([beside, under - beside, [lost[name] for name in LOSSES], under])


# ---- kept and told ----------------------------------------------------------------------------------


def write(folder: Path, attribution: Attribution, page: Callable[[Attribution], str] | None = None) -> None:
    """Write an attribution to a folder: every share and ladder, every run, the question, and a page if there is one."""
    store.write_parts(folder, _parts(attribution, page))


def _parts(
    attribution: Attribution, page: Callable[[Attribution], str] | None
) -> Iterator[tuple[str, Callable[[Path], object]]]:
    if attribution.replicates:
        if page is not None:
            yield store.ATTRIBUTION[0], lambda path: path.write_text(page(attribution), encoding="utf-8")
        yield "attribution.parquet", lambda path: attribution.table.to_parquet(path, index=False)
        yield "attribution.csv", lambda path: attribution.table.to_csv(path, index=False)
    yield "runs.parquet", lambda path: attribution.runs.to_parquet(path, index=False)
    yield "runs.csv", lambda path: attribution.runs.to_csv(path, index=False)
    if attribution.rules:
        yield store.RULES, lambda path: path.write_text(attribution.rules, encoding="utf-8")
    yield store.QUESTION, lambda path: path.write_text(store.question_text(attribution), encoding="utf-8")


def as_json(attribution: Attribution) -> str:
    """The answer for machines: the question, what it took, every total, share and step, what failed, what made it."""
    table = json.loads(attribution.table.to_json(orient="records")) if attribution.replicates else []
    return json.dumps(
        {
            "setting": attribution.scenario.name,
            "from": attribution.names[0],
            "to": attribution.names[1],
            "groups": GROUPS,
            "dials_that_differ": attribution.between.dials,
            "mixtures": len(attribution.mixtures),
            "seeds_asked": attribution.seeds,
            "seeds": len(attribution.replicates),
            "stopped": attribution.stopped,
            "compiled": attribution.compiled,
            "seconds": round(attribution.seconds, 3),
            "table": table,
            "failures": [
                {"governance": task.governance, "world": task.world, "seed": task.scenario.seed}
                | {"error": each.error, "traceback": each.traceback}
                for task, each in attribution.failures
            ],
            "made_with": store.provenance(attribution),
        },
        indent=2,
        ensure_ascii=False,
    )
