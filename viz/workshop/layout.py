"""Where everything stands on the map of a town: neighbourhoods at the sides, services at the heart, partners between.

Change this file to draw the town another way. A place depends on the town as it was founded and on nothing else, so
both towns of a pair look alike and nothing wanders. Map units: the box is 600 wide and 340 high, y grows downwards.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from agents.tables import NEEDS, Town

WIDE, HIGH = 600.0, 340.0
MIDDLE = (WIDE / 2, HIGH / 2)
SERVICES = (92.0, 70.0)
PARTNERS = (168.0, 128.0)
"""Half the width and the height of the ovals they stand on."""
MARGIN = 14.0
"""Room under a neighbourhood for its name."""
WIDEST = 48.0
MOST_IN_A_COLUMN = 5
GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))


class Spot(NamedTuple):
    """A place on the map."""

    x: float
    y: float


class Disc(NamedTuple):
    """A neighbourhood on the map."""

    x: float
    y: float
    r: float


def organisations(town: Town) -> list[Spot]:
    """A spot for every organisation: each partner outside the front door of the need it is named after."""
    spots = [on_oval(SERVICES, need / NEEDS) for need in range(NEEDS)]
    partners = len(town.organisations) - NEEDS
    for partner in range(partners):
        rank, need = divmod(partner, NEEDS)
        mates = math.ceil((partners - need) / NEEDS)
        spots.append(on_oval(PARTNERS, (need + (rank + 0.5) / mates - 0.5) / NEEDS))
    return spots


def on_oval(half: tuple[float, float], turn: float) -> Spot:
    """The spot so many turns round an oval, clockwise from the top."""
    angle = math.tau * turn
    return Spot(MIDDLE[0] + half[0] * math.sin(angle), MIDDLE[1] - half[1] * math.cos(angle))


def neighbourhoods(many: int) -> list[Disc]:
    """A disc for every neighbourhood: in columns at the left and at the right, filled from the outside."""
    sides = (math.ceil(many / 2), many // 2)
    columns = max(1, math.ceil(sides[0] / MOST_IN_A_COLUMN))
    tall = math.ceil(sides[0] / columns)
    strip = MIDDLE[0] - PARTNERS[0] - 4.0
    r = min(WIDEST, HIGH / tall / 2 - MARGIN / 2 - 3.0, strip / columns / 2 - 3.0)
    found = []
    for side, here in enumerate(sides):
        for place in range(here):
            column, row = divmod(place, tall)
            held = min(tall, here - column * tall)
            x = strip / columns * (column + 0.5)
            y = HIGH / held * (row + 0.5) - MARGIN / 2
            found.append(Disc(x if side == 0 else WIDE - x, y, r))
    return found


def residents(town: Town) -> dict[str, list[Any]]:
    """Where every resident stands: within the disc of their neighbourhood, spread evenly."""
    discs = neighbourhoods(len(town.neighbourhoods))
    home = town.residents["neighbourhood"]
    size = np.bincount(home, minlength=len(discs))
    order = np.argsort(home, kind="stable")
    place = np.empty(len(home), np.int64)
    place[order] = np.arange(len(home)) - (np.cumsum(size) - size)[home[order]]
    middle = np.array(discs)[home]
    distance = 0.95 * middle[:, 2] * np.sqrt((place + 0.5) / np.maximum(1, size[home]))
    angle = place * GOLDEN_ANGLE
    x, y = middle[:, 0] + distance * np.cos(angle), middle[:, 1] + distance * np.sin(angle)
    return {"x": np.round(x, 1).tolist(), "y": np.round(y, 1).tolist(), "home": home.tolist()}
