"""Docking: results of other people's models, asked of our rules.

Change this file to hold the model to one more outside result. Each claim says at which level it is made (the
same numbers, the same distribution, or only the same order) and, where only a part of the other model can be
asked of ours, which part. What our rules lack is named in the claim, not made up for.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agents.tables import Town
from experiments.validation.claims import Finding
from experiments.validation.quiet import lines_of, live
from experiments.validation.spreading import Pairs, imitators, leap_a_year

Findings = Iterator[Finding]

# ---- D1: the spatial dilemma --------------------------------------------------------------------------


def torus(side: int) -> Pairs:
    """A square lattice without an edge, each tied to the eight around it."""
    ahead = ((0, 1), (1, 0), (1, 1), (1, -1))
    return [
        (row * side + column, (row + down) % side * side + (column + right) % side)
        for row in range(side)
        for column in range(side)
        for down, right in ahead
    ]


def neighbours_play(town: Town) -> None:
    """Everyone plays with all ties and with itself: sharing against sharing earns 1, against one who shares b."""
    temptation = town.parameters.skimping_gain
    for partner in town.partners:
        partner.standing = 1.0 if partner.sharing > 0.5 else 0.0
    for tie in town.peers:
        one = town.organisations[tie.buyer]
        other = town.organisations[tie.seller]
        if one.sharing > 0.5:
            other.standing += 1.0 if other.sharing > 0.5 else temptation
        if other.sharing > 0.5:
            one.standing += 1.0 if one.sharing > 0.5 else temptation


LATTICE_MONTH = (
    *lines_of("open_month"),
    ("town", neighbours_play),
    *lines_of("compare_terms", "wish_for_terms", "take_on_terms", "close_month"),
    ("town", leap_a_year),
)


def share_that_shares(temptation: float, side: int, rounds: int, seed: int) -> float:
    """Mean share of co-operators on a torus over the second half of so many rounds, begun with nine in ten."""
    town = imitators(torus(side), side * side, "imitate_the_best", seed=seed)
    town.parameters["skimping_gain"] = temptation
    town.partners["sharing"] = np.random.default_rng(seed).random(side * side) < 0.9
    live(town, LATTICE_MONTH, rounds // 2)
    shares = [float(live(town, LATTICE_MONTH, 1).partners["sharing"].mean()) for _ in range(rounds // 2)]
    return float(np.mean(shares))
