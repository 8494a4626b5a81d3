"""The map whose line is known: where, in a quiet town, a fixed price and an open book buy equally much.

Change this file to draw another map that has an answer. It is asked in the same way as any other map, of the town of
RB1 in boundaries.py; only the line over it comes from a formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.intervals import Numbers
from experiments.regimes import Axis, Regimes, regimes
from experiments.validation.boundaries import EVERYTHING, GAP, MARGIN, contract_less_open_book
from experiments.validation.oracles import months_paid
from simulation.shocks import Step

RISE, RESERVES = Axis("rise", 0.05, 0.3), Axis("reserves", 0.5, 3.5)
FIXED, OPEN = "fixed price", "open book"
BOUGHT = "places bought"


def places_bought(places: Sequence[dict[str, Any]], replicates: Sequence[int]) -> Numbers:
    """Places an open book buys less those a fixed price buys, at each rise and reserves. There is no luck in it."""
    found = []
    for place in places:
        rise, reserves = float(place[RISE.name]), float(place[RESERVES.name])
        months = months_paid(rise, MARGIN, reserves) + GAP + 12
        shock = Step(EVERYTHING, size=rise)
        found.append(-contract_less_open_book(shock, MARGIN, reserves, GAP, months))
    return np.repeat(np.array(found)[:, None, None], len(replicates), axis=1)


def known_line(reserves: Numbers, margin: float = MARGIN, gap: float = GAP) -> Numbers:
    """The rise at which both buy equally much: x* = m·G/(G − R), and never where reserves outlast the gap."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(reserves < gap, margin * gap / (gap - reserves), np.inf)


def known_map(grid: tuple[int, int] = (6, 7), refine: int = 2) -> Regimes:
    """The map of the rise and of reserves, found by asking."""
    return regimes(
        places_bought, (RISE, RESERVES), (BOUGHT,), first=FIXED, second=OPEN, grid=grid, refine=refine, pairs=2
    )  # fmt: skip
