"""The town as a Mesa model: its rows are Mesa agents, its months are Mesa's steps.

Change this file to change what Mesa users see. Nothing is decided here: the model lives the same months as
`run`, to the last bit. Agents are views of rows, made when first asked for; the rules that their tables
follow are their methods. Luck comes from the town's own seed, never from Mesa's generators.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import mesa
import networkx as nx
import numpy as np
from mesa.agent import AgentSet
from mesa.discrete_space import Network

from agents.declared import Declared, near
from agents.rule import Rule
from agents.tables import MONTHS_A_YEAR, NEEDS, Town, dtype
from agents.views import Part, Row, Rows, plain_town, row_class, rows_of
from simulation.changes import Change, carry_out, setting_after
from simulation.compiled import THE_TOWN, bind
from simulation.engines import Engine, engine_for
from simulation.graphs import graph_of
from simulation.journal import Journal, fingerprint_of, founded, rules_in
from simulation.measures import MEASURES
from simulation.month import MONTH
from simulation.run import events_of, history_of, live, neighbourhoods_of
from simulation.scenario import GRAPHS, PARAMETERS, SIZES, Scenario, ScenarioError, load_scenario
from simulation.shocks import Shock
from simulation.town import found_town, make_room, name_of, packed, unpacked
from simulation.twin import quick_copy
from simulation.written_rules import text_of

if TYPE_CHECKING:
    import pandas as pd

LARGEST_SEED = 2**63 - 1
OWN_KEYWORDS = {"setting": "calm", "governance": None, "engine": "auto", "rules": None, "rng": None}
FOUNDED = (*(name for name in SIZES if name != "seed"), *GRAPHS)
"""Sizes and kinds of graph that may be given to the model; its seed is called rng, as Mesa has it."""
INSTEAD = {"seed": "rng", "scenario": "setting", "random_state": "rng", "steps": "months", "n": "residents"}
"""Names that people try first, and what to write instead."""

# ---- agents: rows of the town's tables ------------------------------------------------------------------

HOMES = {
    "residents": ("residents",),
    "organisations": ("services", "partners"),
    "ties": ("agreements", "peers"),
    "funders": ("funders",),
    "neighbourhoods": ("neighbourhoods",),
}
"""The tables whose rows are agents, and the tables that share their rows."""


def _place(table: str) -> property:
    """Where an agent stands in the picture of the town, or None."""
    return property(lambda row: row.model.positions.get((table, row.id)) if table else None)


def _cell(node: str) -> property:
    """An agent's cell in the model's grid."""
    return property(lambda row: row.model.grid[node, row.id])


def _refuse_removal(row: Any) -> None:
    """Rows stay where they are: others name them by number."""
    raise TypeError(f"a {type(row).__name__.lower()} is a row of the town and cannot be removed")


def _method(name: str, rule: Rule) -> Callable[[Any], Any]:
    """A rule as a method: the rule this model follows under that name, with this row."""

    def follow(row: Any) -> Any:
        return row.model.rule(name)(row, row.model.seen)

    follow.__name__, follow.__doc__ = name, rule.__doc__
    return follow


def agent_class(name: str, table: str, node: str = "") -> type[Row]:
    """The Mesa agents of one table: its columns as attributes, its rules as methods."""
    members: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": f"A row of the town's {table}, as a Mesa agent.",
        "unique_id": property(lambda row: row.model.first_ids[table] + row.id),
        "pos": _place(node),
        "remove": _refuse_removal,
    }
    if node:
        members["cell"] = _cell(node)
    if table == "organisations":
        members["name"] = property(lambda row: name_of(row.model.town, row.id))
    columns = dtype(table).names or ()
    for followed, rule in MONTH:
        if followed in (table, *HOMES[table]):
            given = rule.__name__
            if given in columns or hasattr(mesa.Agent, given):
                raise ValueError(f"{given}, a rule of {table}, has the name of a column or of Mesa's: rename it")
            members[given] = _method(given, rule)
    return row_class(name, dtype(table), (mesa.Agent,), members, also=("model",))


Resident: Any = agent_class("Resident", "residents", "resident")
Organisation: Any = agent_class("Organisation", "organisations", "organisation")
Tie: Any = agent_class("Tie", "ties")
Funder: Any = agent_class("Funder", "funders")
Neighbourhood: Any = agent_class("Neighbourhood", "neighbourhoods")


class Service(Organisation):  # type: ignore[misc]
    """An organisation that is the public front door of one need."""

    __slots__ = ()


class Partner(Organisation):  # type: ignore[misc]
    """An organisation that sells places to services."""

    __slots__ = ()


class Agreement(Tie):  # type: ignore[misc]
    """A tie through which a service buys from a partner."""

    __slots__ = ()


class Peer(Tie):  # type: ignore[misc]
    """A tie between two organisations that know each other."""

    __slots__ = ()


KINDS: dict[str, Any] = {
    "residents": Resident,
    "services": Service,
    "partners": Partner,
    "agreements": Agreement,
    "peers": Peer,
    "funders": Funder,
    "neighbourhoods": Neighbourhood,
}
"""Which agents the rows of each table are, in the order of `model.agents`."""


class TwoKinds(Rows):
    """A table whose first rows are agents of one kind, and the others of another."""

    __slots__ = ("_first", "_kinds")

    def __init__(self, array: Any, first: int, kinds: tuple[Any, Any], owner: Any) -> None:
        super().__init__(array, kinds[0], owner)
        self._first, self._kinds = first, kinds

    def _make(self, where: int) -> Any:
        place = range(len(self))[where]
        self.kind = self._kinds[place >= self._first]
        return super()._make(place)


class AgentsByType(Mapping[Any, Any]):
    """An AgentSet for each type of agent, made when first asked for; Organisation and Tie give both their kinds."""

    def __init__(self, model: CommunityModel, registered: Mapping[Any, Any]) -> None:
        self._model, self._registered = model, registered
        self._sets: dict[Any, Any] = {}

    def __getitem__(self, kind: Any) -> Any:
        if kind in self._registered:
            return self._registered[kind]
        if kind not in self._sets:
            tables = [table for table, each in KINDS.items() if isinstance(kind, type) and issubclass(each, kind)]
            if not tables or kind is mesa.Agent:
                raise KeyError(kind)
            agents = [agent for table in tables for agent in self._model.tables[table]]
            self._sets[kind] = AgentSet(agents, random=self._model.random)
        return self._sets[kind]

    def __iter__(self) -> Iterator[Any]:
        return iter(dict.fromkeys([*KINDS.values(), *self._registered]))

    def __len__(self) -> int:
        return len(KINDS) + len(self._registered)


# ---- the model ---------------------------------------------------------------------------------------------


class CommunityModel(mesa.Model):  # type: ignore[misc]
    """A town to be lived in step by step, one month a step.

    Give the name or path of a `setting` (or a Scenario), and any parameter by its name; what is not given
    is as the setting says. `governance` is a name, a number from 0 (contract) to 1 (relational), or dials.
    `engine` is "auto", "plain" or "compiled"; `rules` replaces rules by name. `rng` is the town's seed:
    a whole number, or anything NumPy takes for one; without it every town has luck of its own.

    Measures are collected once when the town is founded (when none is a number yet) and after every month.
    Mesa 3.3's `batch_run` leaves out the last of these; Mesa 3.5's does not.
    """

    _VIEWS: ClassVar = ("_tables", "_seen", "_by_type", "_all", "_drawn", "_bound", "_measured")
    """What is made when asked for, and not copied."""

    _tables: dict[str, Rows | Part] | None
    _seen: tuple[Town, Town] | None
    _by_type: AgentsByType | None
    _all: Any
    _drawn: dict[str, tuple[int, Any]]
    _bound: dict[Rule, Any]
    _measured: tuple[int, dict[str, float]]
    _changes: tuple[Change, ...]

    def __init__(
        self,
        *,
        setting: str | Path | Scenario = "calm",
        governance: Any = None,
        engine: str = "auto",
        rules: Mapping[str, Rule] | None = None,
        rng: Any = None,
        **given: Any,
    ) -> None:
        scenario = setting_from(setting, governance, rng, given)
        lives = engine_for(engine, rules)
        super().__init__(rng=scenario.seed)
        self.setting = scenario
        self.town = found_town(scenario)
        self._engine, self._rules = lives, dict(rules or {})
        self._founded, self._changes = founded(scenario, text_of(self._rules)), ()
        self._forget()
        self.first_ids = first_ids(self.town)
        if hasattr(self, "agent_id_counter"):  # Mesa 3.5 numbers agents here, Mesa 3.3 in register_agent
            self.agent_id_counter = self._agents_of_the_town + 1
        self.datacollector = mesa.DataCollector(
            model_reporters={measure.__name__: partial(_latest, measure.__name__) for measure in MEASURES}
        )
        self.running = self.month < scenario.months
        self.datacollector.collect(self)

    def __repr__(self) -> str:
        """The setting, the governance and the month."""
        name = self.setting.name or self.setting.title or "scenario"
        return f"{type(self).__name__}({name!r}, governance={self.setting.governance!r}, month={self.month})"

    @property
    def month(self) -> int:
        """Months lived so far. The town's own clock: Mesa's steps are not read."""
        return int(self.town.clock["month"])

    @property
    def engine(self) -> Engine:
        """What lives the months, and how: `model.engine.compiled`, `model.engine.why`."""
        return self._engine

    def step(self) -> None:
        """Live one month and collect its measures. Months beyond those planned are lived too."""
        if self.month >= len(self.town.history):
            self.town = make_room(self.town, MONTHS_A_YEAR)
        self.town = live(self.town, self._engine, 1)
        self.running = self.month < self.setting.months
        self.datacollector.collect(self)

    def run_to_end(self) -> None:
        """Live the months that are left."""
        while self.running:
            self.step()

    def latest(self, measure: str) -> float:
        """A measure as it was last month; not a number before the first."""
        month = self.month
        if self._measured[0] != month:
            row = self.town.history[month - 1].item() if month > 0 else (math.nan,) * len(MEASURES)
            self._measured = (month, dict(zip(self.town.history.dtype.names, row, strict=True)))
        return self._measured[1][measure]

    # ---- what happened ----

    @property
    def history(self) -> pd.DataFrame:
        """A row for each month lived: the month and every measure."""
        return history_of(self.town)

    @property
    def events(self) -> pd.DataFrame:
        """A row for each thing that happened, in words."""
        return events_of(self.town)

    @property
    def neighbourhood_history(self) -> pd.DataFrame:
        """A row for each month lived and each neighbourhood."""
        return neighbourhoods_of(self.town)

    # ---- agents ----

    @property
    def tables(self) -> dict[str, Rows | Part]:
        """The town's tables as lists of agents, each agent made when first asked for."""
        return self._look()[0]

    @property
    def seen(self) -> Town:
        """The town as rules see it when they are followed by hand: rows are agents."""
        return self._look()[1]

    @property
    def agents(self) -> Any:
        """Everyone and everything: residents, organisations, ties, funders, neighbourhoods."""
        self._look()
        registered = super().agents
        if self._all is None or len(registered):
            everyone = [agent for table in KINDS for agent in self.tables[table]]
            self._all = AgentSet([*everyone, *registered], random=self.random)
        return self._all

    @property
    def agents_by_type(self) -> Mapping[Any, Any]:
        """Agents of each type: `model.agents_by_type[Resident].do("ask_for_help")`."""
        self._look()
        if self._by_type is None:
            self._by_type = AgentsByType(self, self._agents_by_type)
        return self._by_type

    @property
    def agent_types(self) -> list[Any]:
        """Every type of agent in the town."""
        return list(self.agents_by_type)

    def register_agent(self, agent: Any) -> None:
        """Take in an agent of the user's own, numbered after the town's."""
        super().register_agent(agent)
        self._all = None
        if not hasattr(self, "agent_id_counter"):
            agent.unique_id += self._agents_of_the_town

    def deregister_agent(self, agent: Any) -> None:
        """Let go of an agent of the user's own."""
        super().deregister_agent(agent)
        self._all = None

    # ---- rules, followed by hand ----

    def rule(self, name: str) -> Rule:
        """The rule this model follows under a name: the shipped one, or the one given in its place."""
        shipped = next((rule for _, rule in self._engine.month if rule.__name__ == name), None)
        if shipped is None:
            names = [rule.__name__ for _, rule in self._engine.month]
            raise ValueError(f"no rule of the month is called {name!r}.{near(name, names)}")
        replaced = self._engine.replaced
        if not replaced:
            return shipped
        bound: Rule = bind(replaced.get(shipped, shipped), replaced, self._bound)
        return bound

    def follow(self, name: str) -> None:
        """Follow one rule of the month by hand, by every row of its table, or by the whole town."""
        rule, seen = self.rule(name), self.seen
        for table, shipped in self._engine.month:
            if shipped.__name__ == name:
                if table == THE_TOWN:
                    rule(seen)
                else:
                    for row in getattr(seen, table):
                        rule(row, seen)
        self._drawn = {}

    # ---- the town as a graph ----

    @property
    def graph(self) -> nx.Graph:
        """The town as a NetworkX graph, made once a month: kith, uses, agreements and peers."""
        return self._once_a_month("graph", lambda: graph_of(self.town))

    @property
    def grid(self) -> Any:
        """The same graph as a Mesa space, with the residents and organisations in its cells."""
        return self._once_a_month("grid", self._found_grid)

    @property
    def positions(self) -> dict[tuple[str, int], tuple[float, float]]:
        """Where residents and organisations stand in a picture of the town; the same every month."""
        if "positions" not in self._drawn:
            self._drawn["positions"] = (-1, positions_of(self.town))
        found: dict[tuple[str, int], tuple[float, float]] = self._drawn["positions"][1]
        return found

    def _found_grid(self) -> Any:
        ready = {"layout": self.positions} if "layout" in inspect.signature(Network).parameters else {}
        grid = Network(self.graph, random=self.random, **ready)
        for table, node in (("residents", "resident"), ("organisations", "organisation")):
            for agent in self.tables[table]:
                grid[node, agent.id].add_agent(agent)
        return grid

    def _once_a_month(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._drawn or self._drawn[name][0] != self.month:
            self._drawn[name] = (self.month, make())
        return self._drawn[name][1]

    # ---- copies ----

    def fork(
        self,
        *,
        governance: Any = None,
        setting: str | Path | Scenario | None = None,
        shocks: Sequence[Shock] | None = None,
        rules: Mapping[str, Rule] | None = None,
        rng: Any = None,
        engine: str | None = None,
        **given: Any,
    ) -> CommunityModel:
        """An exact copy from this month on, luck included; then changed, where something else is asked for.

        Both live on by themselves: nothing that is done to one is felt in the other. `governance` writes new terms
        on all ties, and no agreement has more months left than its new term. The world to come is that of
        `shocks`, or of another `setting` (of which nothing but its shocks is taken); their months count from the
        town's first. `rules` take the place of all rules replaced before. `rng` gives other luck from this month on.
        Parameters go by their names, and `months` says how long the town is to live. Sizes and parameters read
        only at founding have no effect on a town that stands.
        """
        tables = [table for table in packed(self.town).values() if isinstance(table, np.ndarray)]
        forked = copy.deepcopy(self, {id(table): quick_copy(table) for table in tables})
        if engine is not None:
            forked._follow(engine, forked._rules)
        if setting is not None:
            if shocks is not None:
                raise ScenarioError("setting and shocks both say what the world does; give one of them")
            shocks = (setting if isinstance(setting, Scenario) else load_scenario(setting)).shocks
        forked._change(governance, given, shocks, (), rules, rng, fork=True)
        return forked

    def intervene(
        self,
        *,
        governance: Any = None,
        parameters: Mapping[str, Any] | None = None,
        shock: Shock | None = None,
        shocks: Sequence[Shock] | None = None,
        rules: Mapping[str, Rule] | None = None,
        rng: Any = None,
        months: int | None = None,
    ) -> None:
        """Change this town from the next month on, and write that into its journal.

        `shock` comes on top of what the world has in store, `shocks` take its place; the other keywords are those of
        `fork`. What does not fit is refused, and then nothing is changed.
        """
        more = {} if months is None else {"months": months}
        self._change(governance, {**(parameters or {}), **more}, shocks, () if shock is None else (shock,), rules, rng)

    def make_change(self, change: Change) -> None:
        """Make a change that is written down, as a journal has it."""
        self._carry_out(change, None if change.rules is None else rules_in(change.rules))

    @property
    def journal(self) -> Journal:
        """How this town was founded, and every change made since with `fork` and `intervene`.

        What is done to it in other ways is not seen and not kept: a value given to an agent or a table, a rule
        followed by hand, agents of the user's own. Such a town cannot be lived again from its journal.
        """
        return replace(self._founded, changes=self._changes, months=self.month, town=fingerprint_of(self.town))

    def _change(
        self,
        governance: Any,
        given: Mapping[str, Any],
        shocks: Sequence[Shock] | None,
        further_shocks: tuple[Shock, ...],
        rules: Mapping[str, Rule] | None,
        rng: Any,
        fork: bool = False,
    ) -> None:
        asked = {name: value for name, value in given.items() if value is not None}
        refuse_unknown(asked, [*PARAMETERS, "months"])
        months = asked.pop("months", None)
        change = Change(
            month=self.month,
            governance=dict(governance) if isinstance(governance, Mapping) else governance,
            parameters=asked,
            shocks=None if shocks is None else tuple(shocks),
            further_shocks=further_shocks,
            rules=None if rules is None else text_of(rules),
            luck=None if rng is None else seed_from(rng),
            months=months,
            fork=fork,
        )
        self._carry_out(change, rules)

    def _carry_out(self, change: Change, rules: Mapping[str, Rule] | None) -> None:
        setting_after(change, self.setting)  # refuses what does not fit, before the engine is another
        if rules is not None:
            self._follow(self._engine.kind, rules)
        self.setting, self.town = carry_out(change, self.setting, self.town)
        if change.fork or change.months is not None or not change.changes_nothing:
            parameters = {name: self.setting.parameters[name] for name in change.parameters}
            self._changes = (*self._changes, replace(change, parameters=parameters))
        self._drawn = {}
        self.running = self.month < self.setting.months

    def _follow(self, engine: str, rules: Mapping[str, Rule]) -> None:
        """Live the months to come on another engine, or by other rules."""
        self._engine, self._rules = engine_for(engine, rules), dict(rules)
        self._forget()

    def close(self) -> None:
        """Let go of everything made on the side, and of what Mesa holds on to."""
        self._forget()
        ids = getattr(mesa.Agent, "_ids", None)
        if ids is not None:
            ids.pop(self, None)  # Mesa 3.3 would keep the model alive for ever
        registry = getattr(self, "data_registry", None)
        if registry is not None:
            registry.close()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy needs: views and pictures are made anew, tables that share memory are kept once."""
        state = {name: value for name, value in self.__dict__.items() if name not in self._VIEWS}
        state["town"] = packed(self.town)
        state["_engine"] = self._engine.kind
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Stand up again as the town that was left."""
        kind, town = state.pop("_engine"), state.pop("town")
        self.__dict__.update(state)
        self.town = unpacked(town)
        self._engine = engine_for(kind, self._rules)
        self._forget()

    # ---- views ----

    def _forget(self) -> None:
        """Forget every view: they are made again when asked for."""
        self._tables = self._seen = self._by_type = self._all = None
        self._drawn, self._bound, self._measured = {}, {}, (-1, {})

    def _look(self) -> tuple[dict[str, Rows | Part], Town]:
        """The views of the town as it is now; history and events may have moved since they were made."""
        if self._tables is not None and self._seen is not None and self._seen[0] is self.town:
            return self._tables, self._seen[1]
        before: dict[str, Any] = dict(self._tables or {})
        for table, first in (("organisations", "services"), ("ties", "agreements")):
            array = getattr(self.town, table)
            if table not in before or before[table].array is not array:
                one, other = (KINDS[each] for each in HOMES[table])
                before[table] = TwoKinds(array, len(getattr(self.town, first)), (one, other), self)
        tables = rows_of(self.town, KINDS, self, before)
        if self._tables is not None and any(tables[home] is not self._tables[home] for home in HOMES):
            self._by_type = None
            self._all = None
        seen = plain_town(self.town, lazy=True, rows=tables)
        self._tables, self._seen = tables, (self.town, seen)
        return tables, seen

    @property
    def _agents_of_the_town(self) -> int:
        return sum(len(getattr(self.town, home)) for home in HOMES)


def _latest(measure: str, model: CommunityModel) -> float:
    """What Mesa's data collector asks for each measure."""
    return model.latest(measure)


# ---- what the model is given -----------------------------------------------------------------------------


def setting_from(setting: str | Path | Scenario, governance: Any, rng: Any, given: Mapping[str, Any]) -> Scenario:
    """The scenario that the model's keywords describe. Raises ScenarioError for what does not fit."""
    refuse_unknown(given, [*OWN_KEYWORDS, *FOUNDED, *PARAMETERS])
    scenario = setting if isinstance(setting, Scenario) else load_scenario(setting)
    changes = {name: value for name, value in given.items() if value is not None}
    if governance is not None:
        changes["governance"] = governance
    return scenario.with_(**changes, seed=seed_from(rng))


def refuse_unknown(given: Mapping[str, Any], known: list[str]) -> None:
    """Refuse keywords that mean nothing here, with what was probably meant."""
    lines = []
    for name in given:
        if name not in known:
            instead = INSTEAD.get(name, "")
            meant = f" It is called {instead} here." if instead in known else near(name, known)
            lines.append(f'there is no parameter "{name}".{meant}')
    if lines:
        raise ScenarioError(lines)


def seed_from(rng: Any) -> int:
    """The town's seed: the whole number itself, or one made from whatever NumPy makes generators of."""
    if isinstance(rng, np.random.BitGenerator):
        rng = np.random.Generator(rng)
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(LARGEST_SEED, endpoint=True))
    if isinstance(rng, (list, tuple, np.ndarray)) and np.ndim(rng):
        rng = np.random.SeedSequence([int(part) for part in rng])
    if rng is None:
        rng = np.random.SeedSequence()
    if isinstance(rng, np.random.SeedSequence):
        return int(rng.generate_state(1, np.uint64)[0] >> np.uint64(1))
    try:
        seed = int(rng)
        if isinstance(rng, bool) or (not isinstance(rng, str) and seed != rng) or not 0 <= seed <= LARGEST_SEED:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ScenarioError(
            [f"rng is {rng!r}; it must be a whole number from 0 to {LARGEST_SEED}, or a NumPy seed or generator"]
        ) from None
    return seed


def visible_signature() -> inspect.Signature:
    """What `inspect` shows of the model: every keyword with its default, and nothing else."""
    keywords = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    defaults = {"setting": "calm", "governance": None, **dict.fromkeys(FOUNDED)}
    defaults |= {"engine": "auto", "rules": None, "rng": None}
    defaults |= {name: default_of(declared) for name, declared in PARAMETERS.items()}
    for name, default in defaults.items():
        keywords.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default))
    return inspect.Signature(keywords, return_annotation=None)


def default_of(declared: Declared) -> Any:
    """A parameter's declared default, as a user would write it."""
    if declared.shape or isinstance(declared.default, tuple):
        return declared.default
    if declared.choices:
        return declared.choices[int(declared.default)]
    return int(declared.default) if declared.whole else float(declared.default)


CommunityModel.__init__.__signature__ = visible_signature()  # type: ignore[attr-defined]


# ---- helpers ---------------------------------------------------------------------------------------------


def first_ids(town: Town) -> dict[str, int]:
    """The Mesa number of the first row of each table: numbers run on from 1 through all tables."""
    found, free = {}, 1
    for home in HOMES:
        found[home] = free
        free += len(getattr(town, home))
    return found


def positions_of(town: Town) -> dict[tuple[str, int], tuple[float, float]]:
    """Services at the heart, partners around them, and neighbourhoods as discs of people around both."""
    places: dict[tuple[str, int], tuple[float, float]] = {}
    organisations = len(town.organisations)
    for row in range(organisations):
        service = row < NEEDS
        turn = row / NEEDS if service else (row - NEEDS) / max(1, organisations - NEEDS)
        radius = 0.12 if service else 0.3
        places["organisation", row] = (radius * math.cos(math.tau * turn), radius * math.sin(math.tau * turn))
    parts = len(town.neighbourhoods)
    home = town.residents["neighbourhood"]
    size = np.bincount(home, minlength=parts)
    order = np.argsort(home, kind="stable")
    place = np.empty(len(home), np.int64)
    place[order] = np.arange(len(home)) - (np.cumsum(size) - size)[home[order]]
    widest = 0.7 * math.sin(math.pi / max(3, parts))
    distance = widest * np.sqrt((place + 0.5) / np.maximum(1, size[home]))
    angle = place * 2.399963229728653  # the golden angle spreads points evenly over a disc
    x = 0.7 * np.cos(math.tau * home / parts) + 0.9 * distance * np.cos(angle)
    y = 0.7 * np.sin(math.tau * home / parts) + 0.9 * distance * np.sin(angle)
    places |= {("resident", row): spot for row, spot in enumerate(zip(x.tolist(), y.tolist(), strict=True))}
    return places
