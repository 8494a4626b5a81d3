"""Facts: each is declared before it is asked, says where it comes from, and is measured as it says."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.tables import Happening, State
from experiments.pairs import FAIR_FIGHT
from experiments.validation import facts, worlds
from experiments.validation.claims import CLAIMS, Group
from experiments.validation.facts import FACTS, Fact, Figure, Scale, Use, jackknife, loss
from experiments.validation.worlds import Lives, Towns, tasks_in
from simulation.scenario import SETTLING

SEEDS = 2
SMALL = 120


@pytest.fixture(scope="module")
def lives() -> Lives:
    """Small towns, lived once for every test here."""
    return Lives(SEEDS, residents=SMALL, workers=2, engine="compiled")


def a_fact(*figures: Figure, weight: float = 1.0) -> Fact:
    """A fact that always finds these figures."""
    return Fact("one", "", "", Use.TUNING, Scale.TIE, (), lambda _towns: figures, weight)


NO_TOWNS = Towns({}, ())


# ---- how facts are declared -------------------------------------------------------------------------


def test_every_fact_is_a_claim_with_a_source() -> None:
    for name, one in FACTS.items():
        claim = CLAIMS[f"fact_{name}"]
        assert claim.group == Group.FACT
        assert one.source
        assert one.says.endswith(".")
        assert one.figures.__doc__


def test_at_least_six_facts_are_held_out_and_they_are_about_different_things() -> None:
    held = [one for one in FACTS.values() if one.use == Use.HELD_OUT]
    assert len(held) >= 6
    assert {one.scale for one in held} >= {Scale.RESIDENT, Scale.PROVIDER, Scale.TIE, Scale.NETWORK, Scale.COUNCIL}


def test_tuning_never_looks_at_one_governance_of_the_fair_fight_without_the_others() -> None:
    """So that no parameter can be tuned to one side's advantage."""
    for one in FACTS.values():
        if one.use == Use.TUNING:
            for world, _ in one.places:
                seen = {governance for where, governance in one.places if where == world} & set(FAIR_FIGHT)
                assert not seen or seen == set(FAIR_FIGHT)


def test_every_range_has_a_lower_and_a_higher_end_and_a_tolerance(lives: Lives) -> None:
    for one in FACTS.values():
        if one.askable:
            for figure in one.figures(lives.towns(one.places)):
                assert figure.low <= figure.high
                assert figure.tolerance > 0.0


def test_a_fact_about_something_that_is_not_measured_is_skipped_and_says_so(lives: Lives) -> None:
    one = replace(FACTS["emergency_is_rare"], wants="happiness of cats")
    (finding,) = facts.asked(one, lives)
    assert finding.skipped
    assert not finding.passed
    assert "happiness of cats" in finding.note


# ---- loss and intervals -----------------------------------------------------------------------------


def test_towns_within_every_range_have_no_loss_whichever_way_they_lie_in_it() -> None:
    inside = [Figure("low end", 0.2, 0.2, 0.4, 0.1), Figure("high end", 0.4, 0.2, 0.4, 0.1)]
    assert loss([a_fact(*inside)], NO_TOWNS)[0] == 0.0


def test_loss_is_the_square_of_the_tolerances_outside_shared_by_a_facts_figures() -> None:
    two_steps_above = Figure("above", 0.6, 0.2, 0.4, 0.1)
    one_step_below = Figure("below", 0.1, 0.2, 0.4, 0.1)
    assert loss([a_fact(two_steps_above, one_step_below, weight=3.0)], NO_TOWNS)[0] == pytest.approx(7.5)


def test_a_figure_that_is_not_a_number_is_infinitely_far_outside() -> None:
    assert loss([a_fact(Figure("", math.nan, 0.0, 1.0, 0.1))], NO_TOWNS)[0] == math.inf


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.array([1.0, 2.0, 4.0, 7.0])
    left_out = [float(np.delete(values, place).mean()) for place in range(4)]
    found = jackknife(float(values.mean()), left_out)
    assert found is not None
    assert found[1] - found[0] == pytest.approx(2 * 3.182446 * values.std(ddof=1) / 2.0)


def test_one_seed_gives_no_interval() -> None:
    assert jackknife(1.0, []) is None


# ---- worlds and what is seen in them ----------------------------------------------------------------


def test_towns_are_lived_once_however_often_they_are_asked_for(lives: Lives) -> None:
    places = (("calm", "contract"),)
    first = lives.towns(places).of("calm", "contract")
    assert all(one is other for one, other in zip(first, lives.towns(places).of("calm", "contract"), strict=True))


def test_the_same_seed_brings_the_same_luck_in_every_world() -> None:
    tasks = tasks_in((("calm", "contract"), ("crisis", "relational")), 2, {})
    assert [task.scenario.seed for task in tasks[:2]] == [task.scenario.seed for task in tasks[2:]]


def test_looking_more_often_changes_nothing(lives: Lives) -> None:
    towns = lives.towns((("crisis", "contract"), ("watched crisis", "contract")))
    for seldom, often in zip(towns.of("crisis", "contract"), towns.of("watched crisis", "contract"), strict=True):
        assert (seldom.rows == often.rows).all()
        assert (seldom.price[-1] == often.price[-1]).all()


def test_a_joined_up_town_is_a_contract_town_until_it_joins_up(lives: Lives) -> None:
    towns = lives.towns((("calm", "contract"), ("joined up", "contract")))
    for before, joined in zip(towns.of("calm", "contract"), towns.of("joined up", "contract"), strict=True):
        assert (before.rows[:SETTLING] == joined.rows[:SETTLING]).all()
        assert (before.rows[SETTLING:] != joined.rows[SETTLING:]).any()


def test_an_agreement_lost_with_its_partner_is_not_counted_as_handed_back() -> None:
    kinds = [("month", "i8"), ("kind", "i8"), ("who", "i8")]
    rows = [(30, Happening.HAND_BACK, 7), (30, Happening.CLOSURE, 7), (30, Happening.HAND_BACK, 8)]
    events: Any = np.array(rows, dtype=kinds)
    assert worlds.from_a_closure(events).tolist() == [True, True, False]


def test_crises_of_residents_add_up_to_the_towns(lives: Lives) -> None:
    for each in lives.towns((("calm", "contract"),)).of("calm", "contract"):
        told = each.rows["crises"][SETTLING:].sum() * SMALL / 12_000
        assert each.crises.sum() == pytest.approx(told)


# ---- facts whose figure can be worked out -----------------------------------------------------------


def a_town(**changes: Any) -> worlds.Seen:
    """A town of which nothing is known but this."""
    return worlds.Seen(**dict.fromkeys(worlds.Seen._fields) | changes)


def test_pass_through_is_the_rise_in_price_over_the_rise_in_cost_of_agreements_held_throughout() -> None:
    looks = np.array([36, 48, 60])
    price = np.array([[100.0, 100.0], [103.0, 900.0], [106.0, 900.0]])
    cost = np.array([[100.0, 100.0], [110.0, 100.0], [120.0, 100.0]])
    held = np.array([[1, 1], [1, 0], [1, 1]])
    town = a_town(looks=looks, price=price, cost=cost, held=held)
    towns = Towns({("crisis", "rigid_contract", 0): town}, [0])
    (figure,) = facts.pass_through(towns)
    assert figure.value == pytest.approx(0.3)


def test_the_first_month_of_each_response_is_found_partner_by_partner() -> None:
    state = np.array([[0, 0], [State.SUBSIDISING, 0], [State.CUTTING, 0]])
    town = a_town(looks=np.array([24, 25, 26]), state=state)
    found = facts.first_months(town, (State.SUBSIDISING, State.CUTTING))
    assert found.tolist() == [[0.0, facts.NEVER], [1.0, facts.NEVER]]


def test_crises_shared_equally_are_not_concentrated() -> None:
    town = a_town(crises=np.ones(1000, np.int64))
    towns = Towns({("crisis", name, 0): town for name in FAIR_FIGHT}, [0])
    assert [figure.value for figure in facts.crises_concentrated(towns)] == pytest.approx([0.01, 0.05])
