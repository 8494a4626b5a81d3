"""A run: one scenario lived through, and what it left behind.

Change this file to change what a run gives back. It knows nothing of Mesa, and needs pandas only once a
table is asked for, so that the workers of a sweep start quickly. Several runs may live in threads at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.rule import Rule
from agents.tables import NEEDS, NOBODY, Cause, Happening, Need, Town
from simulation.engines import Engine, engine_for
from simulation.scenario import Scenario
from simulation.town import found_town, make_room, more_events, name_of

if TYPE_CHECKING:
    import pandas as pd

Table = npt.NDArray[np.void]
Tell = Callable[[int, int], None]
"""Told how many months have been lived, and of how many."""

A_YEAR = 12
EVENTS_OF_AN_AGREEMENT = 8
EVENTS_OF_AN_ORGANISATION = 2


class Lived(NamedTuple):
    """Which engine was asked for, whether it ended compiled, and if not, why."""

    asked: str
    compiled: bool
    why: str


@dataclass(frozen=True, eq=False)
class Run:
    """A scenario, the town it ended with, and tables of what happened on the way."""

    scenario: Scenario
    town: Town
    engine: Lived

    def __repr__(self) -> str:
        """The question, and how far it was lived."""
        how = "compiled" if self.engine.compiled else "plain"
        title = self.scenario.name or self.scenario.title or "scenario"
        return f"Run({title!r}, governance={self.scenario.governance!r}, months={self.town.clock['month']}, {how})"

    @property
    def rows(self) -> Table:
        """Every measure of every month lived, as the town kept them: a structured array."""
        return rows_of(self.town)

    @cached_property
    def history(self) -> pd.DataFrame:
        """A row for each month: the month and every measure."""
        return history_of(self.town)

    @cached_property
    def events(self) -> pd.DataFrame:
        """A row for each thing that happened, in the order it happened, in words."""
        return events_of(self.town)

    @cached_property
    def neighbourhoods(self) -> pd.DataFrame:
        """A row for each month and neighbourhood."""
        return neighbourhoods_of(self.town)


def run(
    scenario: Scenario,
    *,
    engine: str = "auto",
    rules: Mapping[str, Rule] | None = None,
    tell: Tell | None = None,
) -> Run:
    """Found the town a scenario describes and live all its months.

    `engine` is "auto", "plain" or "compiled": all give the same numbers. `rules` replaces rules by
    name. `tell` is called about once a year with the months lived and the months in all.
    """
    lives = engine_for(engine, rules)
    town = live(found_town(scenario), lives, scenario.months, tell)
    return Run(scenario, town, Lived(engine, lives.compiled, lives.why))


def live(town: Town, engine: Engine, months: int, tell: Tell | None = None) -> Town:
    """Live this many months and return the town: its own arrays, or longer ones where it needed room."""
    town = make_room(town, months)
    reserve = room_for_a_month(town)
    lived = 0
    while lived < months:
        while len(town.events) - int(town.clock["events"]) < reserve:
            town = more_events(town)
        lived += engine.live(town, months - lived if tell is None else min(A_YEAR, months - lived), reserve)
        if tell is not None:
            tell(lived, months)
    return town


def room_for_a_month(town: Town) -> int:
    """Rows of events to have free when a month begins, so that none is lost in it.

    Every need of every resident may bring a crisis, by chance: we make room for eight standard deviations
    above the most that can be expected.
    """
    expected = NEEDS * len(town.residents) * float(town.parameters["crisis_chance"])
    crises = min(NEEDS * len(town.residents), math.ceil(expected + 8.0 * math.sqrt(expected) + 8.0))
    return crises + EVENTS_OF_AN_AGREEMENT * len(town.agreements) + EVENTS_OF_AN_ORGANISATION * len(town.organisations)


# ---- tables of what happened ------------------------------------------------------------------------


def rows_of(town: Town) -> Table:
    """The months lived so far, as a structured array of measures."""
    rows: Table = town.history[: int(town.clock["month"])]
    return rows


def history_of(town: Town) -> pd.DataFrame:
    """A row for each month lived: the month and every measure."""
    import pandas as pd  # noqa: PLC0415  workers of a sweep do without pandas

    rows = rows_of(town)
    return pd.DataFrame({"month": np.arange(len(rows)), **{name: rows[name] for name in rows.dtype.names or ()}})


def neighbourhoods_of(town: Town) -> pd.DataFrame:
    """A row for each month lived and each neighbourhood."""
    import pandas as pd  # noqa: PLC0415

    rows = town.neighbourhood_history[: int(town.clock["month"]) * len(town.neighbourhoods)]
    return pd.DataFrame({name: rows[name] for name in rows.dtype.names})


def events_of(town: Town) -> pd.DataFrame:
    """A row for each event: month, kind, who, whom, amount, cause, because (the row of an earlier event)."""
    import pandas as pd  # noqa: PLC0415

    rows = town.events[: int(town.clock["events"])]
    crisis = rows["kind"] == Happening.CRISIS
    names: Any = np.array([name_of(town, row) for row in range(len(town.organisations))], dtype=object)
    needs: Any = np.array([in_words(need) for need in Need], dtype=object)
    who = np.empty(len(rows), dtype=object)
    whom = np.empty(len(rows), dtype=object)
    who[crisis] = [f"resident {resident}" for resident in rows["who"][crisis].tolist()]
    whom[crisis] = needs[rows["whom"][crisis]]
    who[~crisis] = names[rows["who"][~crisis]]
    other = ~crisis & (rows["whom"] != NOBODY)
    whom[other] = names[rows["whom"][other]]
    return pd.DataFrame(
        {
            "month": rows["month"],
            "kind": np.array([in_words(kind) for kind in Happening], dtype=object)[rows["kind"]],
            "who": who,
            "whom": whom,
            "amount": rows["amount"],
            "cause": np.array([in_words(cause) for cause in Cause], dtype=object)[rows["cause"]],
            "because": pd.Series(rows["because"], dtype="Int64").where(rows["because"] != NOBODY),
        }
    )


def in_words(member: Happening | Cause | Need) -> str:
    """What a happening, a cause or a need is called in a table: "hand back"."""
    return member.name.lower().replace("_", " ")
