"""Towns for the twins to live in, and what it means that two of them agree."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.tables import NEEDS, Town
from simulation.compiled import address_book
from simulation.engines import Engine, engine_for
from simulation.scenario import Scenario, load_scenario
from simulation.town import found_town
from simulation.twin import copied

from .twin_month import PREPARE, TWIN_MONTH

DIFFERENCE_ALLOWED = 0.04
"""Between the mean need of a town of 4,000 or more and of its Mesa twin, which has luck of its own."""


def scenario_of(residents: int, months: int = 120, **changes: Any) -> Scenario:
    """The default question, with as many residents as wanted."""
    return load_scenario("cost_of_living_2021").with_(residents=residents, months=months, **changes)


def town_of(residents: int, months: int = 120, **changes: Any) -> Town:
    """A founded town with room for its events, whose organisations have heard from one another."""
    town = found_town(scenario_of(residents, months, **changes))
    town = town._replace(events=np.zeros(max(4096, residents * months // 8), town.events.dtype))
    engine_for("plain", month=PREPARE).live(town, 1)
    return town


def twin_engine(kind: str) -> Engine:
    """An engine that lives the twin month."""
    return engine_for(kind, month=TWIN_MONTH)


def live_by_address(engine: Engine, town: Town, months: int) -> None:
    """Live months in the compiled rules alone, without what an engine does around them."""
    progress, book = engine._progress_of(town), address_book(town)
    progress.compiler.live(book.ctypes.data, months, 0, progress.addresses, np.zeros(2, np.int64))


def differences(one: Town, other: Town) -> list[str]:
    """Which columns of two towns differ by as much as a bit: table.column, row by row."""
    found = []
    for table in one._fields:
        mine, theirs = np.asarray(getattr(one, table)), np.asarray(getattr(other, table))
        for column in mine.dtype.names or ("",):
            left, right = (mine[column], theirs[column]) if column else (mine, theirs)
            if left.tobytes() != right.tobytes():
                found.append(f"{table}.{column}".rstrip("."))
    return found


def mean_need(town: Town) -> float:
    """Mean severity over residents and needs."""
    return float(town.residents["need"].sum() / (NEEDS * len(town.residents)))


__all__ = [
    "DIFFERENCE_ALLOWED", "copied", "differences", "live_by_address", "mean_need", "scenario_of", "town_of",
    "twin_engine",
]  # fmt: skip
