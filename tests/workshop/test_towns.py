"""Two towns of a plan: the same plan gives the same towns, and what is done on the way does what it says."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest

from simulation.journal import fingerprint_of, replay
from simulation.run import run
from viz.workshop import towns as two
from viz.workshop.plan import Act, Plan, PlanError, Side, link_of, plan_in, shock_of
from viz.workshop.towns import TwoTowns

SMALL = Plan(residents=200)
ENERGY = Act(30, "shock", name="energy", value=0.5)
FOOD = Act(34, "shock", name="food", value=0.2, lasting=False)
SHARING = Act(32, "own", "left", "sharing", 0.9)
INFLOW = Act(33, "own", "both", "inflow", 0.03)
TO_SPOT = Act(36, "fork", "left", "governance", "spot")
TO_SHARING = Act(36, "fork", "right", "sharing", 0.1)
EVERYTHING = replace(SMALL, acts=(ENERGY, SHARING, INFLOW, FOOD, TO_SPOT))
PLANS = {
    "nothing done": SMALL,
    "everything done": EVERYTHING,
    "a number of its own": replace(SMALL, right=Side("contract", (("term", 12.0), ("inflow", 0.02)))),
    "between": replace(SMALL, left=Side("0.25"), right=Side("0.75")),
}


def lived(plan, month=45, **how):
    return TwoTowns(plan, month, engine="compiled", **how)


def prints(towns):
    return [fingerprint_of(model.town) for model in towns.models]


def history(towns, place, first=0, last=None):
    return towns.models[place].town.history[first : towns.month + 1 if last is None else last]


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_same_plan_gives_the_same_towns_to_the_last_bit(plan):
    assert prints(lived(plan)) == prints(lived(plan))


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_link_gives_the_same_towns_and_stands_at_the_same_month(plan):
    towns = lived(plan, 40)
    again = TwoTowns(*plan_in(link_of(towns.plan, towns.month))[:2], engine="compiled")
    assert again.month == 40
    assert prints(again) == prints(towns)


def test_living_month_by_month_or_at_once_is_the_same():
    slowly = lived(SMALL, 24)
    for act in EVERYTHING.acts:
        slowly.live_to(act.month - 1)
        slowly.do(act)
    slowly.live_to(45)
    assert slowly.plan == EVERYTHING
    assert prints(slowly) == prints(lived(EVERYTHING))


def test_keeping_the_past_or_not_changes_nothing():
    assert prints(lived(EVERYTHING)) == prints(lived(EVERYTHING, remember=False))


def test_living_plainly_or_compiled_changes_nothing():
    assert prints(lived(EVERYTHING, 37)) == prints(TwoTowns(EVERYTHING, 37, engine="plain"))


def test_what_is_undone_is_as_if_never_done():
    plan = replace(SMALL, acts=(ENERGY,))
    towns = lived(plan, 35)
    towns.do(Act(0, "own", "both", "sharing", 1.0))
    before = plan_in(link_of(plan, towns.month))[0]
    assert prints(lived(before, 45)) == prints(lived(plan, 45))
    towns.live_to(45)
    assert prints(towns) != prints(lived(plan, 45))


@pytest.mark.parametrize("plan", [SMALL, replace(SMALL, right=Side("spot", (("sharing", 0.5),)))])
def test_both_towns_are_what_a_researcher_gets_from_the_same_scenario(plan):
    towns = lived(plan, plan.months - 1)
    assert towns.over
    for model, side in zip(towns.models, ("left", "right"), strict=True):
        found = run(plan.scenario(side), engine="compiled")
        assert found.history.equals(model.history)
        assert found.events.equals(model.events)


def test_shocks_that_are_pressed_are_the_same_as_shocks_of_the_setting():
    plan = replace(SMALL, acts=(ENERGY, FOOD))
    towns = lived(plan, plan.months - 1)
    scenario = plan.scenario("left")
    asked = scenario.with_(shocks=(*scenario.shocks, shock_of(ENERGY), shock_of(FOOD)))
    assert run(asked, engine="compiled").history.equals(towns.models[0].history)


@pytest.mark.parametrize("governance", ["contract", "relational", "in_house"])
def test_one_governance_twice_gives_two_identical_towns(governance):
    plan = replace(EVERYTHING, left=Side(governance), right=Side(governance), acts=(ENERGY, INFLOW, FOOD))
    left, right = prints(lived(plan))
    assert left == right


def test_different_governances_give_different_towns():
    left, right = prints(lived(SMALL))
    assert left != right


@pytest.mark.parametrize("act", [TO_SPOT, TO_SHARING], ids=["governance", "dial"])
def test_after_a_fork_both_towns_have_one_past_and_go_different_ways(act):
    towns = lived(replace(SMALL, acts=(act,)), 50)
    source, other = (0, 1) if act.side == "left" else (1, 0)
    alone = lived(SMALL, 50)
    assert history(towns, source).tobytes() == history(alone, source).tobytes()
    assert history(towns, other, 0, act.month).tobytes() == history(alone, source, 0, act.month).tobytes()
    assert history(towns, other, act.month).tobytes() != history(alone, source, act.month).tobytes()
    for month in range(act.month - towns.pasts[0].first):
        left, right = (past.months[month] for past in towns.pasts)
        assert all(getattr(left, name).tobytes() == getattr(right, name).tobytes() for name in vars(left))


def test_a_fork_that_changes_nothing_gives_two_identical_towns():
    plan = replace(SMALL, acts=(Act(36, "fork", "left", "governance", "contract"),))
    towns = lived(plan, 60)
    assert history(towns, 0).tobytes() == history(towns, 1).tobytes()
    for name in ("residents", "organisations", "agreements", "peers"):
        left, right = (getattr(model.town, name) for model in towns.models)
        assert left.tobytes() == right.tobytes()


def test_a_fork_tells_what_each_side_is_from_then_on():
    plan = replace(SMALL, left=Side("contract", (("inflow", 0.02), ("sharing", 0.5))), acts=(TO_SPOT,))
    towns = lived(plan, 35)
    assert (towns.sides[1], towns.forks) == (Side("relational"), 0)
    towns.step()
    assert (towns.sides[1], towns.forks) == (Side("spot", (("inflow", 0.02),)), 1)
    assert towns.models[1].setting.parameter("inflow") == 0.02


def test_a_dial_for_one_side_leaves_the_other_as_it_was():
    with_, without = lived(replace(SMALL, acts=(SHARING,))), lived(SMALL)
    assert prints(with_)[1] == prints(without)[1]
    assert prints(with_)[0] != prints(without)[0]
    for layer in ("agreements", "peers"):
        assert (getattr(with_.models[0].town, layer)["sharing"] == 0.9).all()


def test_what_is_done_is_not_felt_before_its_month():
    with_, without = lived(replace(SMALL, acts=(ENERGY,))), lived(SMALL)
    for place in range(2):
        assert history(with_, place, 0, 30).tobytes() == history(without, place, 0, 30).tobytes()
        assert history(with_, place, 30).tobytes() != history(without, place, 30).tobytes()


def test_the_journal_of_each_town_lives_it_again():
    towns = lived(EVERYTHING)
    for model in towns.models:
        assert fingerprint_of(replay(model.journal, engine="compiled").town) == fingerprint_of(model.town)


def test_who_bore_the_rise_adds_up_to_the_rise():
    for borne in lived(SMALL, 80).borne():
        assert np.allclose(borne[:, 0], borne[:, 1:].sum(axis=1), rtol=1e-9, atol=1e-6)
        assert borne[-1, 0] > 100.0


def test_the_history_shown_begins_with_the_first_month_and_ends_with_the_last_lived():
    towns = lived(SMALL, 30)
    left, _ = towns.history(("waiting", "wellbeing"))
    assert left.shape == (30 - SMALL.first + 1, 2)
    assert left[-1].tolist() == [towns.models[0].town.history[30][name] for name in ("waiting", "wellbeing")]


def test_when_all_months_are_lived_there_is_no_more():
    towns = lived(SMALL, 999)
    assert towns.month == SMALL.months - 1
    assert not towns.step()
    with pytest.raises(PlanError):
        towns.do(ENERGY)
    assert towns.plan == SMALL


def test_towns_that_cannot_be_lived_are_let_go_of(monkeypatch):
    made = []

    class Failing(two.CommunityModel):
        def __init__(self, **given):
            super().__init__(**given)
            made.append(weakref.ref(self))

        def step(self):
            if self.month == 3:
                raise RuntimeError("a rule")
            super().step()

    monkeypatch.setattr(two, "CommunityModel", Failing)
    with pytest.raises(RuntimeError, match="a rule"):
        TwoTowns(SMALL, engine="compiled")
    gc.collect()
    assert len(made) == 2
    assert [each() for each in made] == [None, None]


@pytest.mark.parametrize("name", ["energy", "food", "wages", "demand"])
def test_sixty_of_the_largest_shocks_can_be_lived(name):
    largest = Act(30, "shock", name=name, value={"energy": 1.0, "food": 0.4, "wages": 0.2, "demand": 0.5}[name])
    plan = replace(SMALL, residents=100, acts=tuple(replace(largest, month=26 + place // 2) for place in range(60)))
    towns = lived(plan, plan.months - 1)
    for model in towns.models:
        assert np.isfinite(model.history.to_numpy(float)).all()


def test_something_may_be_done_before_what_a_link_has_in_store():
    towns = lived(replace(SMALL, acts=(FOOD,)), 28)
    towns.do(ENERGY)
    assert [(act.month, act.name) for act in towns.plan.acts] == [(29, "energy"), (34, "food")]
    towns.live_to(36)
    assert prints(lived(towns.plan, 36)) == prints(towns)
