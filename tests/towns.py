"""Ways of looking at any town, and of living it otherwise, for the tests that compare towns.

Change this file to give the tests another way of comparing towns. The quiet towns, in which almost everything is
switched off, stand in experiments/validation/quiet.py.
"""

from __future__ import annotations

import hashlib

import numpy as np

from agents.tables import NEEDS, Town
from experiments.validation.quiet import Table, live
from simulation.scenario import Scenario
from simulation.town import found_town
from simulation.twin import copied


def hash_of(town: Town, without: tuple[str, ...] = ()) -> str:
    """A fingerprint of every number in a town, except in the fields named."""
    digest = hashlib.sha256()
    for name, value in town._asdict().items():
        if name not in without:
            digest.update(name.encode() + np.asarray(value).tobytes())
    return digest.hexdigest()


def rearranged(town: Town, residents: Table) -> Town:
    """The same town with these residents in these rows; they keep their luck. Who knows whom is left out."""
    residents = residents.copy()
    residents["id"] = np.arange(len(residents))
    residents["first_kith"] = residents["last_kith"] = 0
    return town._replace(
        residents=residents, queue=np.zeros(NEEDS * len(residents), town.queue.dtype), kith=town.kith[:0].copy()
    )


def lived_both_ways(scenario: Scenario, months: int) -> tuple[Town, Town]:
    """A town lived with its residents in their own rows, and the same town lived with them in reverse."""
    founded = found_town(scenario)
    there, back = (rearranged(copied(founded), rows) for rows in (founded.residents, founded.residents[::-1]))
    return live(there, months=months), live(back, months=months)


def that_differ(residents: Table, others: Table) -> list[str]:
    """The columns in which the residents of two tables differ, whichever rows their own table has them in."""
    return [name for name in residents.dtype.names if name != "id" and (residents[name] != others[name]).any()]
