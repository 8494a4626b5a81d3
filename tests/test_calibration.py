"""The calm town is what it was tuned to be: busy but not overloaded, and about as well as people say they are.

Twenty seeds of the default town of 1,000 residents, without a shock, for four years; the first two settle it. The
mean over seeds of a month's use of places varies by about .005, of wellbeing by .01.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from experiments.validation.quiet import live
from simulation.scenario import SETTLING, Scenario
from simulation.town import found_town

SEEDS = range(1, 21)
MONTHS = 48
FAIR = ("contract", "relational", "formal_relational")


@cache
def calm_months(governance: str, measure: str) -> npt.NDArray[np.float64]:
    """A measure after settling, a row for each seed."""
    return np.array([history[measure][SETTLING:MONTHS] for history in calm_histories(governance)])


@cache
def calm_histories(governance: str) -> list[npt.NDArray[np.void]]:
    """The history of each seed's calm town."""
    scenario = Scenario(governance=governance, months=MONTHS)
    return [live(found_town(scenario.with_(seed=seed)), months=MONTHS).history for seed in SEEDS]


@pytest.mark.parametrize("governance", FAIR)
def test_in_every_calm_month_the_town_uses_between_80_and_95_of_100_places(governance: str) -> None:
    """An overloaded town, or an idle one, would answer another question."""
    use = calm_months(governance, "use_of_places").mean(axis=0)
    assert len(use) == 24
    assert use.min() >= 0.80
    assert use.max() <= 0.95


@pytest.mark.parametrize("governance", FAIR)
def test_calm_towns_are_about_as_well_as_people_say(governance: str) -> None:
    """ONS 2021-23: mean life satisfaction about 7.5. Within a quarter of a point."""
    assert calm_months(governance, "wellbeing").mean() == pytest.approx(7.5, abs=0.25)


@pytest.mark.parametrize("governance", FAIR)
def test_a_calm_town_has_settled_when_it_begins_to_be_reported(governance: str) -> None:
    """Between the first and the second year reported, use of places and wellbeing hardly move."""
    for measure, most in (("use_of_places", 0.03), ("wellbeing", 0.05)):
        told = calm_months(governance, measure).mean(axis=0)
        assert abs(told[12:].mean() - told[:12].mean()) < most


@pytest.mark.parametrize("governance", FAIR)
def test_in_a_calm_town_there_is_no_rise_in_costs_to_bear(governance: str) -> None:
    assert np.abs(calm_months(governance, "cost_rise")).max() < 1e-6
