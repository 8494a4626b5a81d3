"""One small town against its recorded table: the same to the last bit on every Python, NumPy and Mesa.

The record belongs to the rules as they stand. A change that only reshapes leaves it untouched; a change
of behaviour writes it anew, `python tests/test_recorded_town.py`, and says in its commit what moved and why.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simulation.run import run
from simulation.scenario import load_scenario

RECORD = Path(__file__).parent / "recorded_town.csv"
TOWN = load_scenario("cost_of_living_2021").with_(residents=150, months=120, seed=2021, governance="formal_relational")


def told(engine: str) -> list[dict[str, str]]:
    """Every twelfth month of the town's history, every number in full."""
    rows = run(TOWN, engine=engine).rows[11::12]
    return [{name: repr(float(row[name])) for name in rows.dtype.names} for row in rows]


@pytest.mark.parametrize("engine", ["compiled", "plain"])
def test_the_recorded_town_lives_as_it_did(engine: str) -> None:
    recorded = list(csv.DictReader(RECORD.read_text(encoding="utf-8").splitlines()))
    now = told(engine)
    moved = {
        f"{name}, month {12 * year + 11}: {recorded[year][name]} before, {row[name]} now"
        for year, row in enumerate(now)
        for name in row
        if row[name] != recorded[year].get(name)
    }
    assert not moved
    assert len(now) == len(recorded)


if __name__ == "__main__":
    with RECORD.open("w", encoding="utf-8", newline="") as file:
        table = told("plain")
        writer = csv.DictWriter(file, table[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
