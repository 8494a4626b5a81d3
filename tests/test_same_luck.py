"""Luck is found by address: equal towns stay equal, one change moves nobody else's luck, and low rows win nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from agents import chance
from agents.chance import DRAWS_A_DECISION, Decision, month_key
from agents.tables import NEEDS, NOBODY, Status, Town
from experiments.validation.quiet import OFF, live, plain
from simulation.month import live_month
from simulation.scenario import Scenario
from simulation.shocks import Noise, Step
from simulation.town import found_town
from simulation.twin import copied
from tests.towns import hash_of, lived_both_ways, rearranged, that_differ

SMALL = Scenario(
    residents=120,
    months=40,
    seed=3,
    shocks=(Step("energy", size=0.5, start=10), Noise("food", size=0.1, persistence=0.8)),
)
Address = tuple[int, int, int]
LIFELONG = ("luck", "neighbourhood", "age", "slack", "energy_share", "food_share", "online", "frailty", "need", "trust")
"""What residents are founded with, their place in the graph apart: that depends on who else there is."""


# ---- equal scenarios ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "compiled"])
def test_equal_scenarios_give_equal_towns(kind: str) -> None:
    one, other = found_town(SMALL), found_town(SMALL.with_())
    assert hash_of(one) == hash_of(other)
    months = 12 if kind == "plain" else 40
    assert hash_of(live(one, months=months, kind=kind)) == hash_of(live(other, months=months, kind=kind))


def test_another_seed_is_another_town() -> None:
    """Otherwise the tests of equality could not fail."""
    assert len({hash_of(found_town(SMALL.with_(seed=seed))) for seed in range(20)}) == 20
    assert hash_of(live(found_town(SMALL.with_(seed=1)))) != hash_of(live(found_town(SMALL.with_(seed=2))))


def test_what_happens_in_one_town_leaves_no_trace_in_the_next() -> None:
    first = hash_of(live(found_town(SMALL), months=8, kind="plain"))
    live(found_town(SMALL.with_(seed=99, governance="relational")), months=8, kind="plain")
    assert hash_of(live(found_town(SMALL), months=8, kind="plain")) == first


def test_a_town_that_rests_between_months_lives_as_one_that_does_not() -> None:
    straight, halting = found_town(SMALL), found_town(SMALL)
    live(straight, months=30)
    for months in (1, 7, 2, 20):
        live(halting, months=months)
        halting = copied(halting)
    assert hash_of(straight) == hash_of(halting)


# ---- one changed choice -----------------------------------------------------------------------------------


@contextmanager
def tracing() -> Iterator[dict[Address, float]]:
    """Every draw that rules ask for, by address: the month's key, the decision's slot, and who."""
    drawn: dict[Address, float] = {}
    untraced = chance.draw

    def draw(key: int, slot: int, who: int) -> float:
        drawn[key, slot, who] = untraced(key, slot, who)
        return drawn[key, slot, who]

    chance.draw = draw  # type: ignore[assignment]
    try:
        yield drawn
    finally:
        chance.draw = untraced


def draws_of(town: Town, months: int) -> dict[Address, float]:
    """Live so many months plainly, and every draw asked for on the way."""
    with tracing() as drawn:
        seen = plain(town)
        for _ in range(months):
            live_month(seen)
    return drawn


def decided(address: Address) -> Decision:
    """What a draw decided."""
    return Decision(address[1] // DRAWS_A_DECISION)


CHANGES: list[dict[str, Any]] = [
    {"governance": {"base": "contract", "flexibility": 0.5}},
    {"governance": {"base": "contract", "openness": 0.5}},
    {"governance": "relational"},
    {"queue_order": "first_come"},
    {"giving_up": 0.3},
    {"partners": 12},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_one_changed_choice_leaves_every_other_draw_untouched(change: dict[str, Any]) -> None:
    """Two towns that differ in one choice, for 14 months: what both ask chance for, they are told alike.

    They may ask for other things, since other things happen; but every month asks the same of everyone
    whose luck does not hang on what happened: whether a need strikes, and how partners fare outside.
    """
    one, other = draws_of(found_town(SMALL), 14), draws_of(found_town(SMALL.with_(**change)), 14)
    common = one.keys() & other.keys()
    assert all(one[address] == other[address] for address in common)
    assert one.keys() != other.keys()
    for decision in (Decision.NEED_STRIKES, Decision.OUTSIDE_FORTUNE):
        asked = {address for address in one if decided(address) == decision}
        also = {address for address in other if decided(address) == decision}
        assert asked <= also or also <= asked
        assert len(asked & also) > 14 * 5
    strikes = {address for address in common if decided(address) == Decision.NEED_STRIKES}
    assert len(strikes) == 14 * 120 * NEEDS


def test_every_month_and_decision_has_luck_of_its_own() -> None:
    """Draws are as many as their addresses and as good as new: mean, spread, and no two towns alike."""
    drawn = draws_of(found_town(SMALL), 14)
    keys = {month_key(3, month) for month in range(14)}
    assert {address[0] for address in drawn} == keys
    luck = np.array([value for address, value in drawn.items() if decided(address) == Decision.NEED_STRIKES])
    assert len(np.unique(luck)) == len(luck)
    assert luck.mean() == pytest.approx(0.5, abs=4.0 * np.sqrt(1.0 / 12.0 / len(luck)))
    assert np.abs(np.corrcoef(luck[:-720], luck[720:])[0, 1]) < 4.0 / np.sqrt(len(luck) - 720)


def test_the_shock_moves_nobody_s_luck() -> None:
    with_shock, calm = draws_of(found_town(SMALL), 14), draws_of(found_town(SMALL.calm()), 14)
    common = with_shock.keys() & calm.keys()
    assert all(with_shock[address] == calm[address] for address in common)
    assert len(common) > 0.9 * len(calm)


# ---- one resident more or less --------------------------------------------------------------------------------


def test_a_town_with_one_resident_fewer_has_the_same_other_residents() -> None:
    for count in (50, 119):
        fewer, more = found_town(SMALL.with_(residents=count)), found_town(SMALL)
        for column in LIFELONG:
            assert (fewer.residents[column] == more.residents[column][:count]).all(), column


def test_a_resident_who_never_came_changes_nobody_else_s_draws() -> None:
    town = found_town(SMALL)
    gone = 17
    without = rearranged(copied(town), np.delete(town.residents, gone))
    town = rearranged(town, town.residents)
    drawn, left = draws_of(town, 10), draws_of(without, 10)
    assert all(drawn[address] == left[address] for address in drawn.keys() & left.keys())
    asked = {address for address in drawn if decided(address) == Decision.NEED_STRIKES}
    still = {address for address in left if decided(address) == Decision.NEED_STRIKES}
    assert {address for address in asked if address[2] != gone} == still
    assert asked - still


def test_where_places_are_ample_a_resident_who_never_came_changes_nobody_else_s_life() -> None:
    """With places for all, lives touch only through services' states; with those held still, not at all."""
    still = ("burning", "leaving", "leaving_burnt_out", "filling", "practice_learning", "practice_leaving")
    ample = {name: OFF[name] for name in still} | {"capacity": 0.5, "share_bought": 0.0, "headroom": 1.0}
    town = found_town(SMALL.with_(parameters=ample))
    without = rearranged(copied(town), np.delete(town.residents, 17))
    town = rearranged(town, town.residents)
    live(town, months=36)
    live(without, months=36)
    assert town.history["cases_helped"][:36].sum() > 0.0
    assert not that_differ(np.delete(town.residents, 17), without.residents)


# ---- low rows win nothing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["worst_first", "first_come", "most_needs_first"])
@pytest.mark.parametrize("governance", ["contract", "relational"])
def test_with_residents_in_reverse_order_the_same_people_are_helped(order: str, governance: str) -> None:
    """In a town short of places, where somebody always goes without; 240 residents, 36 months, all their columns."""
    short = SMALL.with_(residents=240, queue_order=order, governance=governance, capacity=0.015)
    town, backwards = lived_both_ways(short, months=36)
    assert (town.residents["status"] == Status.WAITING).sum() > 20
    assert not that_differ(town.residents, backwards.residents[::-1])


def test_low_rows_are_helped_no_more_than_high_ones() -> None:
    """Residents alike but for luck, one in ten helped: the lower half gets half, give or take four standard errors."""
    town = found_town(SMALL.with_(residents=2000, parameters=OFF | {"inflow": 1.0}, shocks=()))
    town.residents["need"], town.residents["age"] = 0.0, 50.0
    town.services["staff"], town.services["reserves"] = 200.0, 1e12
    live(town, months=1)
    helped = town.residents["provider"] != NOBODY
    given = int(town.services["served"].sum())
    assert helped.sum() == given
    assert 0 < given <= 200 * NEEDS
    assert abs(helped[:1000].sum() - given / 2.0) < 4.0 * np.sqrt(given * 0.25)
