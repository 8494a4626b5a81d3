"""The twins that the benchmarks are measured against do the same work as the rules."""

from __future__ import annotations

import pytest

from .twin_in_c import TownInC, compiler_is_there
from .twins import (
    DIFFERENCE_ALLOWED,
    copied,
    differences,
    live_by_address,
    mean_need,
    town_of,
    twin_engine,
)


@pytest.mark.slow
@pytest.mark.skipif(not compiler_is_there(), reason="there is no C compiler here")
@pytest.mark.parametrize("governance", ["contract", "relational"])
@pytest.mark.parametrize("residents", [1_000, 10_000])
def test_the_twin_in_c_lives_the_same_two_years_to_the_last_bit(residents, governance):
    town = town_of(residents, governance=governance)
    twin = copied(town)
    engine = twin_engine("compiled")
    engine.prepare(town)
    live_by_address(engine, town, 24)
    TownInC(twin).live(24)
    assert differences(town, twin) == [], "twin.c no longer does what the rules do: change it as they were changed"


@pytest.mark.slow
def test_the_twin_in_mesa_has_the_same_need_after_two_years_on_average():
    from .twin_in_mesa import TwinModel

    town = town_of(4_000)
    twin = TwinModel(town)
    twin_engine("compiled").live(town, 24)
    for _ in range(24):
        twin.step()
    assert twin.mean_need() == pytest.approx(mean_need(town), rel=DIFFERENCE_ALLOWED)
