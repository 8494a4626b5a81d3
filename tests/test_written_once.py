"""Rules are written once and lived two ways: plain and compiled towns agree to the last bit.

Random towns, random dials and random parameters, so that a rule is covered from the day it is listed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.declared import fields_of
from agents.parameters import Parameters
from agents.tables import Town
from agents.terms import Terms
from simulation.engines import engine_for
from simulation.month import MONTH
from simulation.run import live
from simulation.scenario import Scenario
from simulation.shocks import Step
from simulation.town import found_town
from simulation.twin import copied, first_difference

MONTHS = 4
HUGE = 1e4


def numbers(declared: type) -> st.SearchStrategy[dict[str, Any]]:
    """A few parameters or dials, each anywhere in its declared range."""

    def anywhere(name: str) -> st.SearchStrategy[Any]:
        field = fields_of(declared)[name]
        if field.whole:
            return st.integers(int(field.low), int(field.high))
        one = st.floats(field.low, min(field.high, HUGE), allow_nan=False, allow_subnormal=False)
        count = int(np.prod(field.shape)) if field.shape else 1
        return st.lists(one, min_size=count, max_size=count) if field.shape else one

    names = st.lists(st.sampled_from(list(fields_of(declared))), max_size=12, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: anywhere(name) for name in chosen}))


shocks = st.lists(
    st.builds(
        Step,
        components=st.sampled_from([("energy",), ("labour",), ("food", "other"), ("demand",), ("budget",)]),
        size=st.floats(-0.9, 2.9),
        start=st.integers(0, 3),
    ),
    max_size=2,
)

scenarios = st.builds(
    Scenario,
    months=st.just(30),
    seed=st.integers(0, 2**63 - 1),
    residents=st.integers(5, 60),
    neighbourhoods=st.integers(1, 5),
    partners=st.integers(0, 9),
    agreements_per_service=st.integers(0, 4),
    governance=numbers(Terms),
    parameters=numbers(Parameters),
    shocks=shocks.map(tuple),
)


def lived(town: Town, kind: str) -> Town:
    """The town some months on."""
    return live(town, engine_for(kind), MONTHS)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios)
def test_a_random_town_lives_the_same_months_plain_and_compiled(scenario: Scenario) -> None:
    town = found_town(scenario)
    assert first_difference(lived(copied(town), "plain"), lived(copied(town), "compiled")) is None


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios)
def test_no_column_of_a_random_town_leaves_its_declared_range(scenario: Scenario) -> None:
    from agents.tables import RECORDS

    town = lived(found_town(scenario), "compiled")
    for table in ("residents", "organisations", "ties", "neighbourhoods", "funders"):
        rows = getattr(town, table)
        for field in fields_of(RECORDS[table]).values():
            if len(rows) == 0 or field.low == -np.inf:
                continue
            values = rows[field.name]
            assert np.isfinite(values).all(), f"{table}.{field.name}"
            nobody = values == -(2**31)
            slip = 1e-9 * max(1.0, float(np.abs(values[~nobody]).max(initial=0.0)))
            assert (values[~nobody] >= field.low - slip).all(), f"{table}.{field.name} {values.min()}"
            assert (values[~nobody] <= field.high + slip).all(), f"{table}.{field.name} {values.max()}"


def test_every_rule_of_the_month_is_registered_by_its_name() -> None:
    from agents.rule import RULES

    assert {rule.__name__ for _, rule in MONTH} <= set(RULES)
