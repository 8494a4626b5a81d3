"""Each of the town's systems has a switch, an answer that can be worked out on paper, a price, and limits.

Kith, technology, practice, prevention, crises, settlements, emergency control, pooled budgets, the broker, ageing,
residents' own part, audit, the tier above, threat, rules of trust, terms that change, places split, newcomers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from test_conservation import engines, live_and_keep_books, sums

from agents import agreements, learning, money, residents, services, staff, ties
from agents.declared import fields_of
from agents.tables import APRIL, NEEDS, NOBODY, RECORDS, Cause, Happening, Layer, Need, State, Status, Town
from agents.terms import DIALS, Terms
from experiments.validation.quiet import lines_of, live, peers_town, plain, quiet_town, sellers_town
from simulation.month import MONTH
from simulation.scenario import Scenario
from simulation.shocks import Step
from simulation.town import found_town
from simulation.twin import copied, first_difference
from tests.towns import lived_both_ways, that_differ

LONG_MEETINGS = {"coordination": 0.05}
"""Relationship time at which meetings do all they can, where the scale of meetings is at its least."""
SHORT_SCALE = {"meeting_scale": 0.0001}
MET = 1.0 - math.exp(-1.0)
"""What meetings do for trust where their time is the scale of meetings."""


def told(town: Any) -> list[tuple[int, int]]:
    """Kinds and causes of all events so far."""
    return [(event.kind, event.cause) for event in town.events[: town.clock.events]]


def walk(town: Any, names: Iterable[str], backwards: bool = False) -> None:
    """Follow some lines of the month plainly, each table from its first row or from its last."""
    for table, rule in lines_of(*names):
        if table == "town":
            rule(town)
            continue
        rows = list(getattr(town, table))
        for row in reversed(rows) if backwards else rows:
            rule(row, town)


# ---- kith ----------------------------------------------------------------------------------------------


def friends(degree: int, parameters: dict[str, Any] | None = None) -> Any:
    """Resident 0 is a friend of `degree` others, who know nobody else; social capital is .6."""
    town = quiet_town({"kith_help": 0.1} | (parameters or {}), residents=degree + 1)
    town = town._replace(kith=np.array([*range(1, degree + 1), *[0] * degree], dtype=np.int64))
    town.residents["first_kith"] = [0, *range(degree, 2 * degree)]
    town.residents["last_kith"] = [degree, *range(degree + 1, 2 * degree + 1)]
    town.residents["spare"] = 0.0
    return town


@pytest.mark.parametrize("degree", [1, 2, 5])
def test_what_a_friend_has_to_give_is_shared_by_all_who_need_it(degree: int) -> None:
    """Help .1 × social capital .6 × 1 / degree each; on a need of .8 that is .048 in all, however many they are."""
    town = friends(degree)
    town.residents["spare"][0] = 1.0
    town.residents["need"][1:, Need.WORK] = 0.8
    town.residents["need"][1:, Need.CARE] = 0.5
    seen = plain(town)
    for resident in seen.residents:
        residents.be_helped_by_kith(resident, seen)
    assert town.residents["need"][1:, Need.WORK] == pytest.approx(0.8 * (1.0 - 0.06 / degree))
    assert (0.8 - town.residents["need"][1:, Need.WORK]).sum() == pytest.approx(0.048)
    assert (town.residents["need"][1:, Need.CARE] == 0.5).all()


def test_help_among_kith_works_as_far_as_neighbours_help_one_another() -> None:
    for social_capital, left in ((0.0, 0.8), (0.5, 0.76), (1.0, 0.72)):
        town = friends(1)
        town.neighbourhoods["social_capital"] = social_capital
        town.residents["need"][1, 0], town.residents["spare"][0] = 0.8, 1.0
        seen = plain(town)
        residents.be_helped_by_kith(seen.residents[1], seen)
        assert town.residents["need"][1, 0] == pytest.approx(left)


@pytest.mark.parametrize(("tolerance", "spare"), [(0.3, 0.5), (0.0, 0.0), (1.0, 0.85), (0.15, 0.0)])
def test_what_there_is_to_give_falls_with_the_worst_of_one_s_own_needs(tolerance: float, spare: float) -> None:
    """A need of .15 leaves 1 − .15 / tolerance to give; where nothing is tolerated nobody has anything to give."""
    town = quiet_town({"tolerance": tolerance}, residents=1)
    town.residents["need"][0, 2] = 0.15
    seen = plain(town)
    residents.need_grows(seen.residents[0], seen)
    assert town.residents["spare"][0] == pytest.approx(spare)


def test_nobody_is_helped_by_kith_who_has_none_or_has_something_to_give() -> None:
    town = friends(1)
    town.residents["need"][:, 0] = 0.8
    town.residents["spare"] = (0.0, 0.2)
    town.residents["first_kith"][0] = town.residents["last_kith"][0]
    seen = plain(town)
    for resident in seen.residents:
        residents.be_helped_by_kith(resident, seen)
    assert (town.residents["need"][:, 0] == 0.8).all()


# ---- technology ------------------------------------------------------------------------------------------


def test_technology_speeds_staff_up_and_makes_every_place_dearer() -> None:
    """10 places become 12 at a speed of .2; a place of £900 costs £945 at a cost of .05."""
    town = quiet_town({"technology_speed": 0.2, "technology_cost": 0.05, "places_per_worker": 10.0})
    town.services["staff"] = 1.0
    town.services["technology"][0] = 1.0
    seen = plain(town)
    for service in seen.services:
        money.meet_prices(service, seen)
        services.set_places(service, seen)
    assert seen.services[0].places == pytest.approx(12.0)
    assert seen.services[1].places == pytest.approx(10.0)
    assert seen.services[0].unit_cost == pytest.approx(945.0)
    assert seen.services[1].unit_cost == pytest.approx(900.0)
    assert seen.services[0].paid_places == seen.services[1].paid_places == 10.0


def test_technology_at_the_front_door_keeps_some_of_those_out_who_are_not_online() -> None:
    """Asking .5 without trust: .5 of those online, .5 × (1 − .4) of others; 2,000 of each, four standard errors."""
    town = quiet_town({"asking": 0.5, "technology_exclusion": 0.4}, residents=4000)
    town.residents["need"][:, Need.HEALTH] = town.residents["need"][:, Need.CARE] = 0.5
    town.residents["trust"] = 0.0
    town.residents["online"] = np.arange(4000) % 2
    town.services["technology"][Need.HEALTH] = 1.0
    live(town, lines_of("open_month", "ask_for_help"), kind="plain")
    asked = town.residents["status"] == Status.WAITING
    for need, online, likely in ((0, 1, 0.5), (0, 0, 0.3), (1, 1, 0.5), (1, 0, 0.5)):
        share = asked[town.residents["online"] == online, need].mean()
        assert share == pytest.approx(likely, abs=4.0 * math.sqrt(likely * (1.0 - likely) / 2000))


@pytest.mark.parametrize(
    ("heard", "ties_held", "likely"), [(0.0, 0, 0.1), (0.0, 3, 0.1), (3.0, 3, 0.9), (0.75, 3, 0.3), (0.5, 1, 0.5)]
)
def test_technology_is_taken_up_by_innovation_and_the_share_heard(heard: float, ties_held: int, likely: float) -> None:
    """Innovation .1, imitation .8 × heard / ties; 2,000 organisations, four standard errors."""
    town = sellers_town(2000, {"innovation": 0.1, "imitation": 0.8})
    town.partners["technology_heard"], town.partners["ties"] = heard, ties_held
    live(town, lines_of("open_month", "learn"), kind="plain")
    spread = math.sqrt(likely * (1.0 - likely) / 2000)
    assert town.partners["technology"].mean() == pytest.approx(likely, abs=4.0 * spread)
    assert set(town.partners["technology"].tolist()) <= {0.0, 1.0}


def test_technology_is_dropped_by_chance_and_by_nobody_who_has_closed() -> None:
    for loss, left in ((0.0, 2.0), (1.0, 1.0)):
        town = sellers_town(2, {"technology_loss": loss})
        town.partners["technology"] = 1.0
        town.partners["alive"] = (1, 0)
        live(town, lines_of("open_month", "learn"), kind="plain")
        assert town.partners["technology"].sum() == left


# ---- practice --------------------------------------------------------------------------------------------


LEARNING = ("open_month", "meet_prices", "take_time", "hear_from_each_other", "learn")


def learnt(practice: list[float], pairs: list[tuple[int, int]], sharing: float = 1.0, **parameters: Any) -> list[float]:
    """Practice of partners after a month of hearing from each other over ties of full trust."""
    town = peers_town(pairs, len(practice), parameters=parameters, terms={"sharing": sharing})
    town.partners["practice"] = practice
    live(town, lines_of(*LEARNING), kind="plain")
    return town.partners["practice"].tolist()


def test_practice_is_learnt_from_those_ahead_as_far_as_the_tie_carries_it() -> None:
    """A lead of .6 at a pace of .1: .06 where all is shared, .03 where half is; who leads learns nothing."""
    assert learnt([0.2, 0.8], [(0, 1)], practice_from_others=0.1) == pytest.approx([0.26, 0.8])
    assert learnt([0.2, 0.8], [(0, 1)], 0.5, practice_from_others=0.1) == pytest.approx([0.23, 0.8])
    assert learnt([0.2, 0.8], [(0, 1)], practice_from_others=0.0) == pytest.approx([0.2, 0.8])


def test_a_tie_that_teaches_nothing_dilutes_those_that_do() -> None:
    assert learnt([0.2, 0.8, 0.2], [(0, 1), (0, 2)], practice_from_others=0.1)[0] == pytest.approx(0.23)


def test_what_is_forgotten_is_a_share_of_what_was_known() -> None:
    """.2 + .1 × .6 heard + .05 × .8 by doing − .5 × .2 forgotten."""
    practice = learnt([0.2, 0.8], [(0, 1)], practice_from_others=0.1, practice_learning=0.05, practice_forgetting=0.5)
    assert practice[0] == pytest.approx(0.2 + 0.06 + 0.04 - 0.1)


def test_complex_contagion_follows_only_where_enough_ties_lead() -> None:
    """Leaders at .8 and .6 are .5 ahead of .2 in the mean; a threshold of 2 needs both, one of 3 is never met."""
    kinds = {"practice_from_others": 0.1, "contagion": "complex"}
    assert learnt([0.2, 0.8, 0.1], [(0, 1), (0, 2)], learning_threshold=2, **kinds)[0] == pytest.approx(0.2)
    assert learnt([0.2, 0.8, 0.6], [(0, 1), (0, 2)], learning_threshold=2, **kinds)[0] == pytest.approx(0.25)
    assert learnt([0.2, 0.8, 0.6], [(0, 1), (0, 2)], learning_threshold=3, **kinds)[0] == pytest.approx(0.2)
    assert learnt([0.2, 0.8, 0.6], [], learning_threshold=0, **kinds) == pytest.approx([0.2, 0.8, 0.6])


@pytest.mark.parametrize("contagion", ["simple", "complex"])
@pytest.mark.parametrize("threshold", [0, 1, 2])
def test_nobody_learns_from_others_what_nobody_knows(contagion: str, threshold: int) -> None:
    """At the fastest pace and with no learning by doing, practice never rises above the best in town."""
    practice = [0.30, 0.31, 0.5, 0.1]
    for _ in range(5):
        practice = learnt(
            practice,
            [(0, 1), (0, 2), (1, 2), (2, 3), (1, 3)],
            practice_from_others=1.0,
            contagion=contagion,
            learning_threshold=threshold,
        )
    assert max(practice) == pytest.approx(0.5)
    assert min(practice) > 0.1


def test_technology_spreads_by_two_steps_a_month_round_a_ring_that_needs_two_to_follow() -> None:
    """A ring of 20 in which each knows two on either side, two neighbours to begin with: 2, 4, 6, … until all.

    With one to begin with nobody follows, and where a threshold of 3 is asked for nobody follows two.
    """
    ring = [(one, (one + step) % 20) for one in range(20) for step in (1, 2)]
    for first, threshold, counts in ((2, 2, [4, 6, 8, 10]), (1, 2, [1] * 4), (2, 3, [2] * 4), (1, 1, [5, 9, 13, 17])):
        town = peers_town(
            ring,
            20,
            parameters={"contagion": "complex", "learning_threshold": threshold, "imitation": 1.0},
            terms={"sharing": 1.0},
        )
        town.partners["technology"][:first] = 1.0
        found = []
        for _ in range(4):
            live(town, lines_of(*LEARNING), kind="plain")
            found.append(int(town.partners["technology"].sum()))
        assert found == counts


# ---- prevention ------------------------------------------------------------------------------------------


def planning(parameters: dict[str, Any] | None = None) -> Any:
    """A town whose services may spend a tenth of their time upstream, on budgets of £100 a month."""
    town = quiet_town({"prevention_share": 0.1, "prevention_effect": 1.6, "crisis_cost": 100.0} | (parameters or {}))
    town.services["budget"] = 100.0
    return plain(town)


def planned(town: Any, service: int = Need.CARE) -> float:
    services.plan_prevention(town.services[service], town)
    return float(town.services[service].prevention)


def test_prevention_is_bought_in_proportion_to_the_saving_that_lands_at_home() -> None:
    """12 crises of £100 in the first month are a bill of £100 a month beside a budget of £100: half lands at home."""
    for parameters, service, share in (
        ({}, Need.CARE, 0.05),
        ({"crises_paid_by_health": 0.4}, Need.CARE, 0.05),
        ({"crises_paid_by_health": 0.4}, Need.HEALTH, 0.1 * 100.0 / 160.0),
        ({"crises_paid_by_health": 1.0}, Need.HEALTH, 0.1),
        ({"pooled_budgets": "pooled"}, Need.CARE, 0.1),
    ):
        town = planning(parameters)
        town.services[service].crises = 12
        assert planned(town, service) == pytest.approx(share)
        assert town.services[service].crises == 0


def test_work_above_capacity_squeezes_prevention_out_and_emergency_control_stops_it() -> None:
    for load, share in ((0.5, 0.1), (1.0, 0.1), (1.25, 0.05), (1.5, 0.0), (5.0, 0.0)):
        town = planning({"prevention_squeeze": 2.0})
        town.services[Need.CARE].load = load
        assert planned(town) == pytest.approx(share)
    town = planning()
    town.funders[town.services[Need.CARE].funder].emergency = 1
    assert planned(town) == 0.0


@pytest.mark.parametrize("lag", [1, 4, 18])
def test_prevention_that_stops_wears_off_with_its_lag(lag: int) -> None:
    """After so many months as the lag lasts, (1 − 1/lag)^lag of it is left; needs strike exp(−1.6 × what is left)."""
    town = planning({"prevention_lag": float(lag)})
    town.parameters.prevention_share = 0.0
    for _ in range(lag):
        assert planned(town) == 0.0
    left = 0.1 * (1.0 - 1.0 / lag) ** lag
    assert town.services[Need.CARE].upstream == pytest.approx(left, abs=1e-15)
    assert town.services[Need.CARE].spared == pytest.approx(math.exp(-1.6 * left))


def test_prevention_takes_places_now() -> None:
    town = planning({"places_per_worker": 10.0})
    town.services[Need.CARE].staff = 2.0
    planned(town)
    services.set_places(town.services[Need.CARE], town)
    assert town.services[Need.CARE].places == pytest.approx(18.0)


def test_needs_that_prevention_spares_do_not_strike() -> None:
    """Chance .4 × .5 where half are spared, .4 elsewhere; 3,000 residents, four standard errors."""
    town = quiet_town({"inflow": 0.4}, residents=3000)
    town.services["spared"][Need.WORK] = 0.5
    live(town, lines_of("open_month", "need_grows"), kind="plain")
    struck = (town.residents["need"] > 0.0).mean(axis=0)
    assert struck[Need.WORK] == pytest.approx(0.2, abs=4.0 * math.sqrt(0.16 / 3000))
    assert struck[Need.MONEY] == pytest.approx(0.4, abs=4.0 * math.sqrt(0.24 / 3000))


def test_a_service_without_budget_or_crises_prevents_nothing_and_breaks_nothing() -> None:
    town = planning()
    town.services[Need.CARE].budget = 0.0
    assert planned(town) == 0.0
    assert 0.0 < town.services[Need.CARE].spared <= 1.0


# ---- crises ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_health_service_pays_its_share_of_crises_whoever_could_have_prevented_them(share: float) -> None:
    """Three needs for housing at 1 fall into crises of £100 that nobody helped with."""
    town = plain(quiet_town({"crisis_chance": 1.0, "crisis_cost": 100.0, "crises_paid_by_health": share}))
    health, council = town.funders[town.services[0].funder], town.funders[town.services[Need.HOUSING].funder]
    before = health.reserves, council.reserves
    for resident in town.residents[:3]:
        resident.need[Need.HOUSING] = 1.0
    for resident in town.residents:
        residents.fall_into_crisis(resident, town)
    money.pay_for_crises(town)
    assert town.books.crisis_cost == pytest.approx(300.0)
    assert town.books.crisis_cost_to_health == pytest.approx(300.0 * share)
    assert town.books.paid_away == pytest.approx(300.0 * share)
    assert health.reserves == pytest.approx(before[0] - 300.0 * share)
    assert council.reserves == before[1]
    assert town.services[Need.HOUSING].crises == 3


# ---- settlements -----------------------------------------------------------------------------------------

GROWTHS = (1.02, 1.05, 1.03, 1.04, 1.01, 1.06, 1.02)


def levels(years: int, aprils: int = 4) -> tuple[list[float], Any]:
    """Budgets after each April, as multiples of the first, where growth due is 2%, 5%, 3%, 4% and so on."""
    town = quiet_town({"settlement_years": years}, months=12 * len(GROWTHS) + 1)
    town.services["budget"] = 100.0
    town.funders["crisis_budget"] = 10.0
    for year, growth in enumerate(GROWTHS):
        town.outside["settlement"][APRIL + 12 * year] = growth
    found = []
    lines = lines_of("open_month", "prices_move", "settle_growth", "receive_budget", "hold_the_purse", "close_month")
    for _ in range(aprils):
        live(town, lines, months=12, kind="plain")
        found.append(float(town.services["budget"][0]) / 100.0)
    return found, town


def test_yearly_settlements_bring_each_year_s_growth() -> None:
    found, _ = levels(1)
    assert found == pytest.approx([1.02, 1.02 * 1.05, 1.02 * 1.05 * 1.03, 1.02 * 1.05 * 1.03 * 1.04])


def test_a_settlement_of_three_years_repeats_its_first_growth_and_the_next_makes_up() -> None:
    """2%, 5%, 3%, 4%: told 2% for three years, then brought to 1.02 × 1.05 × 1.03 × 1.04 and told 4%."""
    found, town = levels(3, 5)
    due = 1.02 * 1.05 * 1.03 * 1.04
    assert found == pytest.approx([1.02, 1.02**2, 1.02**3, due, due * 1.04])
    assert town.funders["crisis_budget"] == pytest.approx(10.0 * due * 1.04)
    assert town.funders["budget"].sum() == pytest.approx(600.0 * due * 1.04)


def test_a_settlement_of_ten_years_lasts_longer_than_the_town_is_watched() -> None:
    found, _ = levels(10, 7)
    assert found == pytest.approx([1.02**year for year in range(1, 8)])


@pytest.mark.parametrize(("years", "believed"), [(1, 0.9 * 0.7), (3, 0.9 * 0.9), (10, 0.9 * 0.97)])
def test_a_renewal_is_believed_in_the_more_the_longer_a_settlement_lasts(years: int, believed: float) -> None:
    """Doubt .3 over the years of a settlement takes from a renewal of .9; the months are added up one by one."""
    parameters = {"funding_doubt": 0.3, "settlement_years": years, "patience": 0.9}
    town = plain(sellers_town(1, parameters, {"renewal": 0.9, "term": 12.0}))
    tie = town.agreements[0]
    tie.months_left = 5
    worth = sum(0.9**month * believed ** max(0, (month + 7) // 12) for month in range(1, 3000))
    assert agreements.shadow_of_the_future(tie, town) == pytest.approx(worth)


# ---- emergency control -----------------------------------------------------------------------------------


def purse(months: float, begins: float = 0.1, ends: float = 0.5, **parameters: Any) -> Any:
    """A town whose council holds reserves of so many months of its budget of £500."""
    parameters |= {"emergency_reserves": begins, "emergency_end": ends}
    town = plain(quiet_town(parameters))
    for service in town.services:
        service.budget = 100.0
    for funder in town.funders:
        funder.reserves = 500.0 * months
        money.hold_the_purse(funder, town)
    return town


@pytest.mark.parametrize(("months", "control"), [(0.09, 1), (0.1, 0), (0.6, 0), (-1.0, 1)])
def test_control_begins_where_reserves_fall_below_its_level(months: float, control: int) -> None:
    town = purse(months)
    money.take_control(town.funders[0], town)
    assert town.funders[0].emergency == control
    expected = [(Happening.EMERGENCY, Cause.RESERVES_LOW)] * 5 if control else []
    assert told(town) == expected


def test_control_ends_where_reserves_are_back_and_not_before() -> None:
    for months, control in ((0.3, 1), (0.5, 0)):
        town = purse(months)
        town.funders[0].emergency = 1
        money.take_control(town.funders[0], town)
        assert town.funders[0].emergency == control
    assert told(town)[-1] == (Happening.EMERGENCY_OVER, Cause.RESERVES_BACK)


@pytest.mark.parametrize("months", [-3.0, 0.0, 1.0])
def test_a_level_of_nothing_switches_control_off(months: float) -> None:
    """The switch is `emergency_reserves`: at 0 a funder in debt is not under control either."""
    town = purse(months, begins=0.0, ends=0.0)
    money.take_control(town.funders[0], town)
    assert town.funders[0].emergency == 0


def test_control_does_not_come_and_go_where_it_would_end_below_where_it_begins() -> None:
    town = purse(0.3, begins=0.5, ends=0.1)
    for _ in range(4):
        money.take_control(town.funders[0], town)
        assert town.funders[0].emergency == 1


def test_a_funder_without_budget_is_under_no_control() -> None:
    town = plain(quiet_town({"emergency_reserves": 1.0, "emergency_end": 2.0}))
    for service in town.services:
        service.budget = 0.0
    for funder in town.funders:
        funder.reserves = 0.0
        money.hold_the_purse(funder, town)
        money.take_control(funder, town)
        assert funder.emergency == 0


def test_under_control_money_goes_back_nothing_is_released_nobody_hired_and_no_rise_honoured() -> None:
    """A saving of .04 on £100 goes back to the funder; without control the service would get and do all of these."""
    for control in (0, 1):
        parameters = {"emergency_saving": 0.04, "reserve_draw": 0.5, "filling": 1.0}
        town = plain(sellers_town(1, parameters, {"renewal": 1.0}))
        service, funder = town.services[0], town.funders[town.services[0].funder]
        for row in town.services:
            row.budget = 100.0
        service.reserves, funder.reserves = -1.0, 10_000.0
        service.posts, service.staff, funder.emergency = 2.0, 1.0, control
        money.close_the_year(funder, town)
        money.receive_budget(service, town)
        money.hold_the_purse(funder, town)
        assert service.reserves == pytest.approx(99.0 - 4.0 * control)
        assert funder.reserves == pytest.approx(10_000.0 + 4.0 * control)
        assert (services.draw_on_funder(service, 50.0, town) > 0.0) == (control == 0)
        assert agreements.honours(town.agreements[0], 0.01, 0.0, town) == (control == 0)
        staff.leave_and_hire(service, town)
        assert service.staff == (1.0 if control else 2.0)


def test_the_tier_above_trusts_a_funder_less_each_month_of_control_and_more_each_month_without() -> None:
    """From .5: a loss of .2 leaves .4, a gain of .04 brings .52; distrust costs services up to .02 of their time."""
    for months, trust in ((0.0, 0.4), (1.0, 0.52)):
        town = purse(months, trust_gain=0.04, trust_loss=0.2, audit_burden=0.02)
        money.take_control(town.funders[0], town)
        assert town.funders[0].tier_trust == pytest.approx(trust)
        service = town.services[Need.CARE]
        ties.take_outside_time(service, town)
        assert service.tie_time == pytest.approx(0.02 * (1.0 - trust))


# ---- pooled budgets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pooled", "held"), [("separate", [300.0, 100.0]), ("pooled", [100.0, 300.0])])
def test_pooled_funders_hold_one_purse_shared_by_the_size_of_their_budgets(pooled: str, held: list[float]) -> None:
    town = plain(quiet_town({"pooled_budgets": pooled}))
    for funder, budget, reserves in zip(town.funders, (50.0, 150.0), (300.0, 100.0), strict=True):
        funder.budget, funder.reserves = budget, reserves
    money.pool_budgets(town)
    assert [funder.reserves for funder in town.funders] == pytest.approx(held)


def test_without_budgets_a_common_purse_stays_where_it_is() -> None:
    town = plain(quiet_town({"pooled_budgets": "pooled"}))
    for funder, reserves in zip(town.funders, (300.0, -100.0), strict=True):
        funder.budget, funder.reserves = 0.0, reserves
    money.pool_budgets(town)
    assert [funder.reserves for funder in town.funders] == [300.0, -100.0]


@pytest.mark.parametrize(("pooled", "control"), [("separate", 1), ("pooled", 0)])
def test_no_funder_is_under_control_while_the_common_purse_is_full(pooled: str, control: int) -> None:
    town = quiet_town({"emergency_reserves": 0.1, "emergency_end": 0.5, "pooled_budgets": pooled})
    town.services["budget"] = 100.0
    town.funders["reserves"] = (0.0, 6000.0)
    live(town, lines_of("hold_the_purse", "pool_budgets", "take_control"), kind="plain")
    assert town.funders["emergency"].tolist() == [control, 0]


# ---- the broker ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opens", "closes", "months"),
    [(0, 0, []), (0, 5, []), (3, 0, [3, 4, 5, 6, 7]), (3, 5, [3, 4]), (5, 3, []), (4, 4, []), (1, 2, [1])],
)
def test_a_broker_is_there_from_its_opening_to_its_close(opens: int, closes: int, months: list[int]) -> None:
    """The switch is `broker_opens`: at 0 there is never one, not even in month 0."""
    town = plain(quiet_town({"broker_opens": opens, "broker_closes": closes}))
    there = []
    for month in range(8):
        town.clock.month = month
        money.prices_move(town)
        if town.clock.broker:
            there.append(month)
    assert there == months


def test_a_broker_passes_on_what_is_shared_with_it_and_takes_time_from_everyone_and_money_from_the_council() -> None:
    """Sharing .6 at trust .5 carries .45 to it and .2025 through it; time .01 + .02 × .6; trust grows by its time."""
    town = plain(
        peers_town(
            [(0, 1)],
            3,
            parameters={
                "broker_opens": 1, "broker_sharing": 0.6, "broker_time": 0.01, "broker_cost": 2.0,
                "sharing_time": 0.02, "meeting_scale": 0.01, "trust_gain": 0.1,
            },
            terms={"sharing": 1.0},
        )
    )  # fmt: skip
    town.clock.month, town.clock.broker = 1, 1
    town.clock.prices[2] = 1.5
    gone = town.partners[2]
    gone.alive = 0
    for tie in town.ties:
        ties.take_time(tie, town)
    for organisation in town.organisations:
        before = organisation.tie_time
        ties.take_outside_time(organisation, town)
        expected = 0.0 if organisation.id == gone.id else 0.01 + 0.02 * 0.6
        assert organisation.tie_time - before == pytest.approx(expected)
    one, other = town.services[0], town.services[1]
    assert one.broker_carries == pytest.approx(0.45)
    assert one.broker_trust == pytest.approx(0.5 + 0.1 * MET * 0.5)
    assert gone.broker_carries == 0.0
    ties.find_best_paths(town)
    assert town.handoff[one.id, other.id] == pytest.approx(0.2025)
    assert town.handoff[one.id, town.partners[0].id] == pytest.approx(0.2025)
    assert town.handoff[town.partners[0].id, town.partners[1].id] == pytest.approx(1.0)
    assert town.handoff[one.id, gone.id] == 0.0
    council = town.funders[town.services[Need.CARE].funder].reserves
    money.pay_for_crises(town)
    assert town.funders[town.services[Need.CARE].funder].reserves == pytest.approx(council - 2.0 * 10 * 1.5)
    assert town.books.tie_cost == pytest.approx(30.0)


def test_trust_in_a_broker_that_is_lost_starts_anew() -> None:
    town = plain(quiet_town({"broker_opens": 1, "first_trust": 0.3}))
    service = town.services[0]
    service.broker_trust, service.broker_carries = 0.9, 0.5
    ties.take_outside_time(service, town)
    assert (service.broker_trust, service.broker_carries, service.tie_time) == (0.3, 0.0, 0.0)


# ---- ageing ----------------------------------------------------------------------------------------------


def test_an_ageing_town_meets_more_needs_for_care_and_health_and_no_more_of_others() -> None:
    """18 years older at a scale of 18: e times the care, e^.5 times the health; 4,000 residents of 50, four errors."""
    town = quiet_town({"inflow": 0.2, "ageing": 2.0}, residents=4000, months=120)
    town.clock["month"] = 108
    live(town, lines_of("open_month", "prices_move", "need_grows"), kind="plain")
    assert town.clock["aged"] == pytest.approx(18.0)
    struck = (town.residents["need"] > 0.0).mean(axis=0)
    for need, times in ((Need.CARE, math.e), (Need.HEALTH, math.exp(0.5)), (Need.HOUSING, 1.0), (Need.WORK, 1.0)):
        likely = 0.2 * times
        assert struck[need] == pytest.approx(likely, abs=4.0 * math.sqrt(likely * (1.0 - likely) / 4000))


# ---- residents' own part ---------------------------------------------------------------------------------


def asking(agency: str, status: Status, **parameters: Any) -> Any:
    """A resident with one need, without trust, who has been helped before by organisation 4."""
    town = plain(quiet_town({"agency": agency, "asking": 0.0} | parameters, residents=1))
    resident = town.residents[0]
    resident.need[2], resident.trust[2], resident.status[2], resident.provider[2] = 0.9, 0.0, status, 4
    residents.ask_for_help(resident, town)
    return town


def test_residents_without_a_part_of_their_own_always_ask_and_never_give_up_or_choose() -> None:
    """The switch is `agency`: without trust, those with a part of their own stay away and give up."""
    for agency, asks, waits in (("passive", 1, Status.WAITING), ("active", 0, Status.NONE)):
        town = asking(agency, Status.NONE)
        assert (town.neighbourhoods[0].asked, town.residents[0].status[2]) == (asks, waits)
        town = asking(agency, Status.WAITING, giving_up=1.0)
        assert (town.neighbourhoods[0].gave_up, town.residents[0].status[2]) == (1 - asks, waits)
    for agency, provider in (("passive", 4), ("active", NOBODY)):
        town = asking(agency, Status.SERVED, choosing=1.0, asking=1.0)
        assert town.neighbourhoods[0].came_back == 1
        assert town.residents[0].provider[2] == provider


def test_a_complaint_takes_time_to_answer_and_makes_skimping_likelier_to_come_to_light() -> None:
    """Three complaints at .2 places leave 9.4 of 10; at .1 each, .3 of skimping comes to light a month."""
    for agency, complaints in (("passive", 0), ("active", 3)):
        parameters = {"complaining": 1.0, "complaint_time": 0.2, "places_per_worker": 10.0, "agency": agency}
        town = plain(sellers_town(1, parameters))
        seller = town.partners[0]
        for resident in town.residents[:3]:
            resident.need[0], resident.helper[0] = 0.9, seller.id
            residents.take_stock(resident, town)
        assert seller.complaints == town.neighbourhoods[0].complaints == complaints
        services.set_places(seller, town)
        assert seller.places == pytest.approx(10.0 - 0.2 * complaints)
        assert (seller.complaints, seller.complaints_heard) == (0, complaints)


def test_complaints_deter_whoever_has_something_to_lose() -> None:
    """Gain .06 × opportunism .5 against complaints' .3 × a future of 9 × a margin of .2: they keep their word."""
    for complaints, effort in ((0, 0.8), (3, 1.0)):
        parameters = {"complaint_light": 0.1, "patience": 0.9, "skimping_gain": 0.12, "skimping_harm": 0.2}
        town = plain(sellers_town(1, parameters, {"renewal": 1.0}))
        tie, seller = town.agreements[0], town.partners[0]
        tie.price, tie.trust_of_seller = 1.2, 1.0
        seller.opportunism, seller.complaints_heard = 0.5, complaints
        agreements.choose_effort(tie, town)
        assert tie.effort == pytest.approx(effort)


def test_more_complaints_than_places_leave_no_places_and_never_fewer() -> None:
    town = plain(quiet_town({"complaint_time": 5.0}))
    town.services[0].staff, town.services[0].complaints = 1.0, 9
    services.set_places(town.services[0], town)
    assert town.services[0].places == 0.0


# ---- audit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audit", "reach", "verifiable"),
    [
        ("nothing", 0.3, 0.5), ("outcomes", 0.3, 0.65), ("outputs", 0.3, 0.35),
        ("outcomes", 1.0, 1.0), ("outputs", 1.0, 0.0), ("outcomes", 0.0, 0.5), ("outputs", 0.0, 0.5),
    ],
)  # fmt: skip
def test_auditing_outcomes_widens_what_can_be_verified_and_counting_outputs_narrows_it(
    audit: str, reach: float, verifiable: float
) -> None:
    town = plain(quiet_town({"audit": audit, "audit_reach": reach}))
    assert agreements.verifiable_share(town) == pytest.approx(verifiable)


@pytest.mark.parametrize(
    ("audit", "able", "effort", "scope", "time"),
    [("nothing", 10.0, 1.0, 0.6, 0.0), ("outputs", 10.8, 0.92, 0.6, 0.01), ("outcomes", 10.0, 1.0, 0.552, 0.01)],
)
def test_an_opportunist_plays_to_what_is_audited_and_audits_take_time(
    audit: str, able: float, effort: float, scope: float, time: float
) -> None:
    """Gaming .1 × opportunism .8: outputs are .08 more and hold .08 less; audited outcomes leave .08 less for others.

    The switch is `audit`. Skimping gains nothing here, so that gaming stands alone.
    """
    parameters = {"audit": audit, "gaming": 0.1, "audit_time": 0.01, "places_per_worker": 10.0, "skimping_gain": 0.0}
    town = plain(sellers_town(1, parameters, {"flexibility": 0.6}))
    tie, seller = town.agreements[0], town.partners[0]
    seller.opportunism, seller.places = 0.8, 10.0
    agreements.set_what_seller_can_give(tie, town)
    agreements.choose_effort(tie, town)
    ties.take_outside_time(seller, town)
    assert tie.able == pytest.approx(able)
    assert tie.effort == pytest.approx(effort)
    assert agreements.scope_of(tie, seller, town) == pytest.approx(scope)
    assert seller.tie_time == pytest.approx(time)


# ---- threat ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rigidity", "turned"), [(0.0, 1.0), (0.4, 0.8), (-0.4, 1.2), (1.0, 0.5), (-1.0, 1.5)])
def test_two_under_stress_turn_inward_or_to_each_other(rigidity: float, turned: float) -> None:
    """A stress of .5 on one side; what is shared, time for it, and growth of trust go by the same multiple.

    The switch is `threat_rigidity`: at 0 stress changes nothing.
    """
    parameters = {"threat_rigidity": rigidity, "sharing_time": 0.1, "trust_gain": 0.1, "meeting_scale": 0.01}
    town = plain(peers_town([(0, 1)], 2, parameters=parameters, terms={"sharing": 0.6, "coordination": 0.01}))
    tie = town.peers[0]
    tie.trust_of_buyer = tie.trust_of_seller = 0.5
    town.partners[1].stress = 0.5
    ties.take_time(tie, town)
    ties.revise_trust(tie, town)
    assert tie.carries == pytest.approx(turned * 0.6 * 0.75)
    assert town.partners[0].tie_time == pytest.approx(turned * (0.01 + 0.06))
    assert tie.trust_of_buyer == pytest.approx(0.5 + turned * 0.1 * MET * 0.5)


@pytest.mark.parametrize("rule", ["asymmetric", "averaging", "ratchet", "beta"])
@pytest.mark.parametrize("broke", [0, 1])
@pytest.mark.parametrize("trust", [0.0, 0.5, 1.0])
def test_trust_stays_within_its_range_however_fast_it_moves(rule: str, broke: int, trust: float) -> None:
    """The fastest growth there is, between two who turn to each other under the greatest stress."""
    parameters = {"threat_rigidity": -1.0, "trust_gain": 1.0, "trust_loss": 1.0, "trust_rule": rule, "trust_prior": 0.0}
    town = plain(peers_town([(0, 1)], 2, parameters=parameters | SHORT_SCALE, terms=LONG_MEETINGS))
    tie = town.peers[0]
    tie.trust_of_buyer = tie.trust_of_seller = trust
    town.partners[0].stress = 1.0
    ties.take_time(tie, town)
    tie.seller_broke = broke
    ties.revise_trust(tie, town)
    assert 0.0 <= tie.trust_of_buyer <= 1.0
    assert 0.0 <= tie.trust_of_seller <= 1.0


# ---- rules of trust --------------------------------------------------------------------------------------


def trusting(rule: str, parameters: dict[str, Any] | None = None) -> Any:
    """A town of one agreement in which trust moves by this rule, at a pace of .1 and a loss of .2."""
    numbers = {"trust_rule": rule, "trust_gain": 0.1, "trust_loss": 0.2} | SHORT_SCALE | (parameters or {})
    town = plain(sellers_town(1, numbers, LONG_MEETINGS))
    tie = town.agreements[0]
    tie.trust_of_buyer = tie.trust_of_seller = 0.5
    tie.able = tie.asked
    return town


@pytest.mark.parametrize(
    ("rule", "broke", "asked", "given", "trust"),
    [
        ("asymmetric", 0, 1.0, 1.0, 0.55), ("asymmetric", 1, 1.0, 1.0, 0.40),
        ("averaging", 0, 1.0, 1.0, 0.55), ("averaging", 1, 1.0, 1.0, 0.45),
        ("ratchet", 0, 0.8, 1.0, 0.53), ("ratchet", 0, 0.2, 0.2, 0.50), ("ratchet", 0, 0.0, 0.0, 0.50),
        ("ratchet", 0, 0.8, 0.4, 0.49), ("ratchet", 0, 0.9, 0.7, 0.50), ("ratchet", 1, 1.0, 1.0, 0.45),
        ("beta", 0, 1.0, 1.0, 0.5 + 0.5 / 25.0), ("beta", 1, 1.0, 1.0, 0.5 - 0.5 / 25.0),
    ],
)  # fmt: skip
def test_a_month_moves_a_buyer_s_trust_by_the_town_s_rule(
    rule: str, broke: int, asked: float, given: float, trust: float
) -> None:
    """From .5. Ratchet: a tenth of what was asked and nine tenths of before, never down for enough, never up for less.

    A breach that is seen lowers trust under every rule, however many places were given.
    """
    town = trusting(rule)
    tie = town.agreements[0]
    tie.asked, tie.able, tie.seller_broke = asked, given, broke
    ties.revise_trust(tie, town)
    assert tie.trust_of_buyer == pytest.approx(trust)
    if rule != "ratchet":
        town = trusting(rule)
        town.agreements[0].buyer_broke = broke
        ties.revise_trust(town.agreements[0], town)
        assert town.agreements[0].trust_of_seller == pytest.approx(trust)


@pytest.mark.parametrize("rule", ["asymmetric", "averaging", "ratchet", "beta"])
def test_an_argument_hides_no_breach(rule: str) -> None:
    found = []
    for disputed in (0, 1):
        town = trusting(rule)
        tie = town.agreements[0]
        tie.disputed, tie.seller_broke, tie.buyer_broke = disputed, 1, 1
        ties.revise_trust(tie, town)
        found.append((tie.trust_of_buyer, tie.trust_of_seller))
    assert found[0] == found[1]
    assert max(found[0]) < 0.5


@pytest.mark.parametrize("rule", ["asymmetric", "averaging", "ratchet"])
def test_a_month_of_argument_brings_no_growth(rule: str) -> None:
    town = trusting(rule)
    town.agreements[0].disputed = 1
    ties.revise_trust(town.agreements[0], town)
    assert town.agreements[0].trust_of_buyer == town.agreements[0].trust_of_seller == 0.5


def test_averaged_trust_comes_to_the_share_of_promises_kept() -> None:
    """Promises kept with chance p at pace a: mean p, spread sqrt(p (1 − p) a / (2 − a)): .9 and .0688 at p .9, a .1.

    40,000 months, of which about one in 19 tells something new: a standard error of .0015 in the mean.
    """
    town = trusting("averaging")
    tie = town.agreements[0]
    broke = np.random.default_rng(5).random(40_000) >= 0.9
    seen = np.empty(len(broke))
    for month, broken in enumerate(broke.tolist()):
        tie.seller_broke = int(broken)
        ties.revise_trust(tie, town)
        seen[month] = tie.trust_of_buyer
    assert seen[200:].mean() == pytest.approx(0.9, abs=0.006)
    assert seen[200:].std() == pytest.approx(math.sqrt(0.9 * 0.1 * 0.1 / 1.9), abs=0.006)


@pytest.mark.parametrize("prior", [0.0, 3.0, 24.0])
def test_counted_promises_are_those_kept_over_all_with_first_trust_as_so_many_months(prior: float) -> None:
    """(prior × first + kept) / (prior + months), exactly, month by month."""
    town = trusting("beta", {"trust_prior": prior})
    tie = town.agreements[0]
    kept = 0
    for month, broken in enumerate((0, 1, 0, 0, 1, 1, 0, 0, 0, 1), start=1):
        tie.seller_broke = broken
        ties.revise_trust(tie, town)
        kept += 1 - broken
        assert tie.trust_of_buyer == pytest.approx((prior * 0.5 + kept) / (prior + month), abs=1e-14)


# ---- terms that change -----------------------------------------------------------------------------------

CHANGING = ("compare_terms", "wish_for_terms", "take_on_terms", "rewrite_terms")


def asked_for(kind: str, sharing: list[float], standing: list[float], **parameters: Any) -> Any:
    """A line of partners, each a peer of the next, in April; they differ in standing and in terms."""
    count = len(sharing)
    numbers = {"terms_change": kind, "changing": 1.0, "changing_months": 6, "changing_cost": 0.01} | parameters
    town = peers_town([(one, one + 1) for one in range(count - 1)], count, parameters=numbers)
    town.partners["sharing"], town.partners["standing"] = sharing, standing
    for tie in town.ties:
        tie["sharing"] = 0.5 * sum(sharing[tie[end] - NEEDS] for end in ("buyer", "seller"))
    town.clock["month"] = APRIL
    return plain(town)


def test_standing_is_a_year_s_average_of_successes_over_cases_or_of_a_margin_over_usual_cost() -> None:
    """3 of 4 cases is .75, no case at all is 1; £20 gained on £100 is .2; without a usual cost, 0. A twelfth counts."""
    town = plain(sellers_town(2))
    one, other = town.services[0], town.services[1]
    one.succeeded, one.queue = 3, 4
    for partner, usual in zip(town.partners, (100.0, 0.0), strict=True):
        partner.income, partner.cost, partner.usual_cost = 120.0, 100.0, usual
    walk(town, ("take_stock_of_standing",))
    found = [row.standing * 12.0 for row in (one, other, *town.partners)]
    assert found == pytest.approx([0.75, 1.0, 0.2, 0.0])


def test_each_copies_the_best_placed_it_can_see_as_that_one_was() -> None:
    """Standings 1, 2, 3 in a line: the first copies what the second asked for before, the second the third."""
    town = asked_for("imitate_the_best", [0.1, 0.5, 0.9], [1.0, 2.0, 3.0])
    walk(town, CHANGING)
    assert [partner.sharing for partner in town.partners] == [0.5, 0.9, 0.9]
    assert [tie.sharing for tie in town.peers] == pytest.approx([0.7, 0.9])
    assert told(town) == [(Happening.CHANGE_OF_TERMS, Cause.BETTER_PLACED)] * 2
    assert [event.whom for event in town.events[:2]] == [NEEDS + 1, NEEDS + 2]


def test_averages_are_taken_of_all_one_sees_and_oneself() -> None:
    town = asked_for("average", [0.1, 0.5, 0.9], [1.0, 2.0, 3.0])
    walk(town, CHANGING)
    assert [partner.sharing for partner in town.partners] == pytest.approx([0.3, 0.5, 0.7])
    assert told(town) == [(Happening.CHANGE_OF_TERMS, Cause.OTHERS_DIFFER)] * 2


@pytest.mark.parametrize("kind", ["imitate_the_best", "average"])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
def test_where_all_ask_for_the_same_nobody_changes(kind: str, share: float) -> None:
    """Averages of equals are equal, whatever adding up and dividing leaves in the last digit."""
    town = asked_for(kind, [share] * 5, [1.0, 3.0, 2.0, 5.0, 4.0])
    walk(town, CHANGING)
    assert [partner.sharing for partner in town.partners] == [share] * 5
    assert told(town) == []


@pytest.mark.parametrize(
    ("settings", "month"),
    [({"kind": "never"}, APRIL), ({"kind": "average", "changing": 0.0}, APRIL), ({"kind": "average"}, APRIL + 1)],
    ids=str,
)
def test_terms_change_in_april_and_only_where_they_may(settings: dict[str, Any], month: int) -> None:
    """The switches are `terms_change` and `changing`."""
    town = asked_for(sharing=[0.1, 0.9], standing=[1.0, 2.0], **settings)
    town.clock.month = month
    walk(town, CHANGING)
    assert [partner.sharing for partner in town.partners] == [0.1, 0.9]
    assert town.peers[0].sharing == pytest.approx(0.5)
    assert told(town) == []


@pytest.mark.parametrize(
    ("say", "who", "sharing", "slow", "cost"),
    [
        (0.0, "buyer", 0.8, 6, 2.4), (0.0, "seller", 0.2, 0, 0.0), (0.25, "buyer", 0.65, 6, 2.4),
        (0.25, "seller", 0.35, 6, 2.4), (1.0, "buyer", 0.2, 0, 0.0), (1.0, "seller", 0.8, 6, 2.4),
    ],
)  # fmt: skip
def test_new_terms_cost_slow_months_and_drafting_and_old_ones_nothing(
    say: float, who: str, sharing: float, slow: int, cost: float
) -> None:
    """From .2 to .8 as far as whoever changed has a say; .01 × 12 months × 5 places × £4. Without a say, no change."""
    numbers = {"terms_change": "average", "changing_months": 6, "changing_cost": 0.01, "sellers_say": say}
    town = plain(sellers_town(1, numbers, {"sharing": 0.2}))
    town.clock.month = APRIL
    tie = town.agreements[0]
    tie.agreed, tie.price = 5.0, 4.0
    changed = town.organisations[getattr(tie, who)]
    changed.sharing, changed.changed_terms = 0.8, 1
    learning.rewrite_terms(tie, town)
    assert tie.sharing == pytest.approx(sharing)
    assert tie.slow_months == slow
    assert tie.admin_cost == pytest.approx(cost)
    assert town.wishes[tie.buyer].sharing == 0.0


def test_what_organisations_ask_for_stays_as_it_is_until_they_change_it() -> None:
    """Nothing that happens in a month is kept in the dials themselves; 26 months of a town under strain."""
    town = found_town(PRESSED_TOWN.with_(terms_spread=1.0))
    asked = town.organisations[list(DIALS)].copy()
    live(town, months=26)
    assert (town.organisations[list(DIALS)] == asked).all()


def test_terms_spread_by_lot_stay_in_range_and_are_held_as_asked_for() -> None:
    """The switch is `terms_spread`: at 0 everyone asks for the governance given; at 1 every dial is drawn."""
    for spread, say in ((0.0, 0.5), (0.5, 0.0), (1.0, 0.25)):
        town = found_town(Scenario(residents=20, parameters={"terms_spread": spread, "sellers_say": say}))
        asked, held = town.organisations, town.ties
        weight = np.where(held["layer"] == Layer.PEER, 0.5, say)
        for dial in DIALS:
            declared = fields_of(Terms)[dial]
            assert (asked[dial] >= declared.low).all()
            assert (asked[dial] <= declared.high).all()
            mixed = (1.0 - weight) * asked[dial][held["buyer"]] + weight * asked[dial][held["seller"]]
            assert held[dial] == pytest.approx(mixed)
            assert (np.unique(asked[dial]).size > 1) == (spread > 0.0)
        assert (town.agreements["months_left"] >= 1).all()
        assert (town.agreements["age"] >= 0).all()


def test_a_term_that_is_no_whole_number_of_months_was_begun_in_the_past_like_any_other() -> None:
    """Terms of 6.9 months last 6; drawn or mixed terms are seldom whole. 360 agreements."""
    scenario = Scenario(partners=60, agreements_per_service=60, governance={"term": 6.9})
    agreed = found_town(scenario).agreements
    assert (agreed["age"] >= 0).all()
    assert set(agreed["months_left"].tolist()) == {1, 2, 3, 4, 5, 6}
    assert (agreed["age"] + agreed["months_left"] == 6).all()


# ---- places split ----------------------------------------------------------------------------------------

SPLITS = ("town_wide", "per_head", "by_need", "to_deprivation")


def two_parts(split: str, places: float, asking_there: tuple[int, int] = (30, 30)) -> Any:
    """Two neighbourhoods of 30 and 10 people, deprived .25 and .75, where so many wait for health; a few places.

    Those of the first are all worse off, so that town-wide they would be helped first.
    """
    town = quiet_town({"place_split": split, "relief": 1.0}, residents=60, neighbourhoods=2)
    town.residents["neighbourhood"] = np.arange(60) % 2
    town.residents["need"][:, 0] = np.where(np.arange(60) % 2 == 0, 0.9, 0.5)
    for part, waiting in enumerate(asking_there):
        town.residents["need"][part::2, 0][waiting:] = 0.0
    town.neighbourhoods["people"] = (30, 10)
    town.services["places_left"][0] = places
    live(town, lines_of("open_month", "ask_for_help"), kind="plain")
    seen = plain(town)
    services.share_out_places(seen.services[0], seen)
    return town


def helped_in(town: Any) -> list[int]:
    """How many were helped in each neighbourhood."""
    helped = town.residents["helper"][:, 0] != NOBODY
    return [int(helped[part::2].sum()) for part in (0, 1)]


@pytest.mark.parametrize(
    ("split", "waiting", "places", "helped"),
    [
        ("town_wide", (30, 30), 8, [8, 0]),
        ("per_head", (30, 30), 8, [6, 2]),
        ("by_need", (10, 30), 8, [2, 6]),
        ("to_deprivation", (30, 30), 14, [9, 5]),
        ("per_head", (30, 1), 8, [7, 1]),
        ("by_need", (30, 0), 8, [8, 0]),
        ("per_head", (0, 3), 8, [0, 3]),
        ("to_deprivation", (30, 30), 0, [0, 0]),
    ],
)
def test_places_are_split_per_head_by_need_or_to_deprivation_and_none_is_wasted(
    split: str, waiting: tuple[int, int], places: int, helped: list[int]
) -> None:
    """To deprivation: 30 × .75 against 10 × 1.25, that is 9 and 5 of 14. What a part cannot use goes to the other."""
    town = two_parts(split, places, waiting)
    assert helped_in(town) == helped
    assert (town.neighbourhoods["quota"] >= 0.0).all()
    assert town.services["served"][0] == sum(helped)


@pytest.mark.parametrize("split", SPLITS)
def test_with_residents_in_reverse_order_the_same_people_are_helped_by_every_split(split: str) -> None:
    """Rows win nothing: 120 residents, 20 months, all their columns."""
    scenario = Scenario(residents=120, seed=3, months=25, parameters={"place_split": split, "capacity": 0.015})
    town, backwards = lived_both_ways(scenario, months=20)
    assert (town.residents["status"] == Status.WAITING).sum() > 10
    assert not that_differ(town.residents, backwards.residents[::-1])


# ---- newcomers -------------------------------------------------------------------------------------------


def test_a_newcomer_takes_a_closed_partner_s_place_with_money_of_its_own_and_nobody_s_trust() -> None:
    """It brings 3 months of £200; a debt of £50 is lost outside the town, so £650 come in. Entry 0 lets nobody in."""
    for entry in (0.0, 1.0):
        town = plain(peers_town([(0, 1), (0, 2)], 3, parameters={"entry": entry, "first_trust": 0.4}))
        gone, dead = town.partners[0], town.partners[2]
        for partner in (gone, dead):
            partner.alive, partner.state = 0, State.CLOSED
        gone.reserves, gone.own_reserves, gone.usual_cost, gone.complaints = -50.0, 3.0, 200.0, 4
        for tie in town.peers:
            tie.active, tie.known = 0, 9
        money.let_newcomers_in(gone, town)
        if entry == 0.0:
            assert (gone.alive, gone.reserves, town.clock.events) == (0, -50.0, 0)
            continue
        assert (gone.alive, gone.state, gone.reserves, gone.complaints) == (1, State.STABLE, 600.0, 0)
        assert town.books.paid_in == pytest.approx(650.0)
        assert [(tie.active, tie.known, tie.trust_of_seller) for tie in town.peers] == [(1, 0, 0.4), (0, 0, 0.4)]
        assert 0.5 <= gone.quality <= 0.95
        assert 0.0 <= gone.opportunism <= 1.0
        assert told(town) == [(Happening.ENTRY, Cause.PLACE_FREE)]


def test_nobody_enters_while_no_partner_has_closed() -> None:
    town = plain(sellers_town(3, {"entry": 1.0}))
    for partner in town.partners:
        money.let_newcomers_in(partner, town)
    assert town.clock.events == 0


# ---- events ----------------------------------------------------------------------------------------------


def test_a_partner_s_first_loss_and_first_cut_are_written_down_once() -> None:
    """Loss at £2 a month with £2.50 and a usual cost of £2: subsidising, then cutting below one month's cost."""
    town = plain(sellers_town(1, {"cutting_reserves": 1.0, "cutting_step": 0.1, "cutting_limit": 0.4}))
    partner = town.partners[0]
    partner.usual_cost = 2.0
    for reserves in (2.5, 1.5, 1.0):
        partner.reserves, partner.income, partner.cost, partner.worst_agreement = reserves, 1.0, 3.0, 0
        money.respond_to_losses(partner, town)
    assert told(town) == [(Happening.LOSS, Cause.COST_ABOVE_PRICE), (Happening.CUT, Cause.RESERVES_LOW)]
    assert town.events[0].amount == pytest.approx(2.0)
    assert town.events[1].because == 0
    assert partner.withheld == pytest.approx(0.2)


# ---- order wins nothing ----------------------------------------------------------------------------------


def full_of_peers(parameters: dict[str, Any]) -> Town:
    """Twelve partners of many standings, practices and terms, in April, on a ring with chords."""
    ring = [(one, (one + step) % 12) for one in range(12) for step in (1, 5)]
    town = peers_town(ring, 12, parameters=parameters, terms={"sharing": 0.5})
    lots = np.random.default_rng(2).random((12, 4))
    town.partners["practice"], town.partners["standing"] = lots[:, 0], np.round(3.0 * lots[:, 1])
    town.partners["openness"], town.partners["technology"] = lots[:, 2], lots[:, 3] < 0.5
    town.clock["month"] = APRIL
    return town


@pytest.mark.parametrize("change", ["imitate_the_best", "average"])
@pytest.mark.parametrize("contagion", ["simple", "complex"])
def test_whoever_decides_first_wins_nothing(change: str, contagion: str) -> None:
    """Practice, technology and terms come out alike where every table is walked from its last row to its first."""
    parameters = {
        "terms_change": change, "contagion": contagion, "changing": 0.7, "practice_from_others": 0.3, "imitation": 0.5,
    }  # fmt: skip
    lines = (*LEARNING, *CHANGING)
    town = full_of_peers(parameters)
    backwards = copied(town)
    walk(plain(town), lines)
    walk(plain(backwards), lines, backwards=True)
    assert (town.partners["changed_terms"] == 1).sum() > 2
    for table in ("organisations", "ties"):
        for column in ("practice", "technology", "changed_terms", *DIALS):
            if column in getattr(town, table).dtype.names:
                here, there = getattr(town, table)[column], getattr(backwards, table)[column]
                assert here == pytest.approx(there, abs=1e-12), column


def test_whoever_is_helped_by_kith_first_wins_nothing() -> None:
    town = found_town(Scenario(residents=200, parameters={"kith_help": 0.5}, months=25))
    town.residents["need"][::3] = 0.8
    backwards = copied(town)
    before = town.residents["need"].copy()
    for there, back in ((town, False), (backwards, True)):
        walk(plain(there), ("open_month", "prices_move", "need_grows", "be_helped_by_kith"), back)
    assert (town.residents["need"] < before).any()
    assert (town.residents["need"] == backwards.residents["need"]).all()


# ---- switches --------------------------------------------------------------------------------------------

PRESSED: dict[str, Any] = {
    "reserves_median": 0.4, "funder_reserves": 0.3, "capacity": 0.03, "crisis_chance": 0.6, "hardship": 0.3,
}  # fmt: skip
"""A town short of places and money, in which every system has something to do."""
PRESSED_TOWN = Scenario(
    residents=60,
    neighbourhoods=3,
    partners=8,
    months=30,
    seed=4,
    governance="formal_relational",
    shocks=(Step("all", size=0.5, start=2), Step("budget", size=-0.1, start=3)),
    parameters=PRESSED,
)


def differences(one: Town, other: Town) -> set[str]:
    """Columns in which two towns differ, the plan of luck and events apart."""
    found = set()
    for name in ("residents", "organisations", "ties", "funders", "neighbourhoods", "history", "books", "handoff"):
        here, there = (np.atleast_1d(np.asarray(getattr(town, name))) for town in (one, other))
        for column in here.dtype.names or (None,):
            left, right = (here, there) if column is None else (here[column], there[column])
            if left.tobytes() != right.tobytes():
                found.add(column or name)
    return found


def without(*names: str) -> tuple[tuple[str, Callable[..., Any]], ...]:
    """MONTH with some lines taken out."""
    return tuple(line for line in MONTH if line[1].__name__ not in names)


SWITCHES: dict[str, tuple[tuple[str, ...], dict[str, Any], dict[str, Any], set[str]]] = {
    # lines of the system; parameters at which it is off; parameters at which it is on; columns only it keeps
    "kith_help": (("be_helped_by_kith",), {"kith_help": 0.0}, {"kith_help": 0.5}, set()),
    "practice and technology": (
        ("hear_from_each_other", "learn"),
        {"practice_from_others": 0.0, "practice_learning": 0.0, "innovation": 0.0, "imitation": 0.0,
         "technology_loss": 0.0},
        {},
        {"practice_heard", "practice_leads", "technology_heard", "technology_leads"},
    ),
    "prevention_share": (
        ("plan_prevention",), {"prevention_share": 0.0}, {"prevention_share": 0.2}, {"crisis_bill", "crises"},
    ),
    "crises_paid_by_health": (("pay_for_crises",), {"crises_paid_by_health": 0.0}, {}, set()),
    "emergency_reserves": (
        ("take_control",), {"emergency_reserves": 0.0, "audit_burden": 0.0}, {"emergency_reserves": 1.0},
        {"tier_trust", "trust_of_tier_above"},
    ),
    "pooled_budgets": (("pool_budgets",), {"pooled_budgets": "separate"}, {"pooled_budgets": "pooled"}, set()),
    "audit, audit_burden and broker_opens": (
        ("take_outside_time",), {"audit": "nothing", "audit_burden": 0.0, "broker_opens": 0}, {"audit": "outputs"},
        set(),
    ),
    "handoff_effect": (("find_best_paths",), {"handoff_effect": 0.0}, {"handoff_effect": 0.9}, {"handoff"}),
    "entry": (("let_newcomers_in",), {"entry": 0.0}, {"entry": 1.0}, set()),
    "terms_change": (
        ("take_stock_of_standing", *CHANGING), {"terms_change": "never"},
        {"terms_change": "average", "terms_spread": 0.5, "changing": 1.0}, {"standing"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", SWITCHES)
def test_a_system_that_is_switched_off_might_as_well_not_be_there(system: str) -> None:
    """The name of each case is its switch. Off: the same bits with its lines and without; on: another town."""
    names, off, on, own = SWITCHES[system]
    for parameters, same in ((off, True), (on, False)):
        town = found_town(PRESSED_TOWN.with_(**parameters))
        bare = copied(town)
        live(town, months=14, kind="plain")
        live(bare, without(*names), months=14, kind="plain")
        assert (differences(town, bare) - own == set()) is same, differences(town, bare)


IDLE: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # parameters at which a system is off; numbers that then do nothing; parameters at which they do something
    "technology": (
        {"technology_start": 0.0, "innovation": 0.0},
        {"technology_speed": 0.9, "technology_cost": 0.9, "technology_exclusion": 0.9, "technology_loss": 0.9},
        {"technology_start": 1.0},
    ),
    "broker_opens": (
        {"broker_opens": 0}, {"broker_sharing": 1.0, "broker_time": 0.1, "broker_cost": 50.0}, {"broker_opens": 2},
    ),
    "audit": ({"audit": "nothing"}, {"audit_reach": 0.9, "audit_time": 0.1, "gaming": 0.9}, {"audit": "outcomes"}),
    "agency": (
        {"agency": "passive"}, {"asking": 0.1, "giving_up": 0.9, "choosing": 1.0, "complaining": 1.0},
        {"agency": "active"},
    ),
    "complaining": (
        {"complaining": 0.0}, {"complaint_time": 5.0, "complaint_light": 1.0}, {"complaining": 0.5},
    ),
    "trust_rule": ({"trust_rule": "averaging"}, {"trust_prior": 1.0}, {"trust_rule": "beta"}),
    "contagion": ({"contagion": "simple"}, {"learning_threshold": 0}, {"contagion": "complex"}),
    "prevention_share": (
        {"prevention_share": 0.0}, {"prevention_effect": 9.0, "prevention_lag": 2.0, "prevention_squeeze": 0.0},
        {"prevention_share": 0.1},
    ),
    "emergency_reserves": (
        {"emergency_reserves": 0.0}, {"emergency_end": 9.0, "emergency_saving": 0.5}, {"emergency_reserves": 1.0},
    ),
    "terms_change": (
        {"terms_change": "never"}, {"changing": 1.0, "changing_months": 12, "changing_cost": 0.1, "sellers_say": 1.0},
        {"terms_change": "imitate_the_best", "terms_spread": 0.5},
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", IDLE)
def test_the_numbers_of_a_system_that_is_switched_off_do_nothing(system: str) -> None:
    """The name of each case is its switch; with the system on, the same numbers make another town."""
    off, numbers, on = IDLE[system]
    for parameters, same in ((off, True), (on, False)):
        towns = [found_town(PRESSED_TOWN.with_(**(parameters | more))) for more in ({}, numbers)]
        for town in towns:
            live(town, months=26)
        assert (differences(*towns) - {"threshold"} == set()) is same, differences(*towns)


def test_ageing_threat_and_settlements_at_their_neutral_settings_leave_no_trace() -> None:
    """Switches `ageing`, `threat_rigidity` and `settlement_years`: neutral they equal a town that never reads them."""

    def stay_young(town: Town) -> None:
        town.clock.aged = 0.0

    def stay_calm(tie: Any, town: Town) -> None:
        tie.turned = 1.0

    def stay_yearly(town: Town) -> None:
        town.clock.growth = town.outside[town.clock.month].settlement

    names = [rule.__name__ for _, rule in MONTH]
    for parameter, after, line in (
        ({"ageing": 2.0}, "prices_move", ("town", stay_young)),
        ({"threat_rigidity": 1.0}, "take_time", ("ties", stay_calm)),
        ({"settlement_years": 3, "funding_doubt": 0.0}, "settle_growth", ("town", stay_yearly)),
    ):
        place = names.index(after) + 1
        month = (*MONTH[:place], line, *MONTH[place:])
        neutral = {"funding_doubt": 0.0}
        for parameters, same in ((neutral, True), (neutral | parameter, False)):
            town = found_town(PRESSED_TOWN.with_(**parameters))
            held_still = copied(town)
            live(town, months=17, kind="plain")
            live(held_still, month, months=17, kind="plain")
            assert (differences(town, held_still) == set()) is same, parameter


# ---- everything at once ----------------------------------------------------------------------------------

EVERYTHING: dict[str, Any] = PRESSED | {
    "kith_help": 0.2, "technology_start": 0.5, "innovation": 0.05, "imitation": 0.3, "technology_loss": 0.05,
    "practice_forgetting": 0.02, "prevention_share": 0.1, "crises_paid_by_health": 0.5, "emergency_reserves": 0.3,
    "emergency_end": 0.8, "broker_opens": 2, "broker_closes": 20, "ageing": 1.0, "complaining": 0.5, "choosing": 1.0,
    "entry": 0.8, "outside_income_spread": 1.0, "terms_spread": 0.6, "changing": 0.8, "sellers_say": 0.3,
    "audit_burden": 0.05, "gaming": 0.5,
}  # fmt: skip
SETTINGS: tuple[dict[str, Any], ...] = (
    {"pooled_budgets": "pooled", "settlement_years": 2, "audit": "outputs", "trust_rule": "averaging",
     "contagion": "complex", "learning_threshold": 1, "terms_change": "average", "place_split": "per_head",
     "threat_rigidity": 0.8, "queue_order": "first_come"},
    {"settlement_years": 3, "audit": "outcomes", "trust_rule": "ratchet", "terms_change": "imitate_the_best",
     "place_split": "by_need", "threat_rigidity": -1.0, "queue_order": "most_needs_first"},
    {"settlement_years": 10, "trust_rule": "beta", "trust_prior": 0.0, "agency": "passive",
     "place_split": "to_deprivation", "contagion": "complex", "learning_threshold": 0,
     "terms_change": "imitate_the_best", "energy_contract": "follows_market"},
)  # fmt: skip
"""With the rest of EVERYTHING on, each reaches branches that the others leave out."""


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting["trust_rule"])
def test_every_sum_holds_with_every_system_on(setting: dict[str, Any]) -> None:
    """Money to the penny, who bore the rise, workers, and cases; 36 months, followed plainly."""
    town = found_town(PRESSED_TOWN.with_(months=36, parameters=EVERYTHING | setting))
    books = live_and_keep_books(town, 36, engines(kind="plain"))
    assert sums(books) == {"money": True, "who bore it": True, "staff": True, "cases": True}
    assert books["crisis_cost_to_health"].sum() > 0.0
    assert books["broker_cost"].sum() > 0.0


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting["trust_rule"])
def test_every_branch_of_every_system_gives_the_same_bits_plain_and_compiled(setting: dict[str, Any]) -> None:
    town = found_town(PRESSED_TOWN.with_(parameters=EVERYTHING | setting))
    one, other = copied(town), copied(town)
    assert first_difference(live(one, months=28, kind="plain"), live(other, months=28)) is None


def test_these_settings_reach_every_new_event_and_cause() -> None:
    """Otherwise the tests above would prove little."""
    reached: set[tuple[int, int]] = set()
    for setting in SETTINGS:
        town = live(found_town(PRESSED_TOWN.with_(parameters=EVERYTHING | setting)), months=28)
        events = town.events[: int(town.clock["events"])]
        reached |= set(zip(events["kind"].tolist(), events["cause"].tolist(), strict=True))
    wanted = {
        (Happening.LOSS, Cause.COST_ABOVE_PRICE), (Happening.CUT, Cause.RESERVES_LOW),
        (Happening.ENTRY, Cause.PLACE_FREE), (Happening.EMERGENCY, Cause.RESERVES_LOW),
        (Happening.CHANGE_OF_TERMS, Cause.BETTER_PLACED), (Happening.CHANGE_OF_TERMS, Cause.OTHERS_DIFFER),
    }  # fmt: skip
    assert wanted <= reached


# ---- limits ----------------------------------------------------------------------------------------------

LIMITS: dict[str, dict[str, Any]] = {
    "nothing tolerated": {"tolerance": 0.0},
    "everything tolerated": {"tolerance": 1.0},
    "no places": {"capacity": 0.0001, "stretch": 0.0},
    "a budget of nothing": {"headroom": -0.5, "tie_allowance": 0.0, "funder_reserves": 0.0},
    "no partners": {"partners": 0},
    "one resident": {"residents": 1, "neighbourhoods": 1},
    "threshold above every degree": {"contagion": "complex", "learning_threshold": 100},
    "threshold of none": {"contagion": "complex", "learning_threshold": 0},
    "a broker that closes before it opens": {"broker_opens": 9, "broker_closes": 2},
    "a broker that takes all time": {"broker_opens": 1, "broker_closes": 0, "broker_time": 0.2, "broker_sharing": 1.0},
    "a settlement of ten years": {"settlement_years": 10},
    "everything audited": {"audit": "outputs", "audit_reach": 1.0, "gaming": 1.0, "audit_time": 0.2},
    "all outward": {"threat_rigidity": -1.0, "trust_gain": 1.0, "trust_loss": 1.0, "cutting_reserves": 12.0},
    "all inward": {"threat_rigidity": 1.0, "trust_gain": 1.0, "trust_loss": 1.0, "cutting_reserves": 12.0},
    "nothing but prevention": {"prevention_share": 0.5, "prevention_lag": 1.0, "prevention_effect": 10.0},
    "all complain": {"complaining": 1.0, "complaint_time": 5.0, "complaint_light": 1.0, "resident_trust_loss": 1.0},
    "all help": {"kith_help": 1.0},
    "control for ever": {"emergency_reserves": 12.0, "emergency_end": 12.0, "emergency_saving": 1.0},
    "all change at once": {"changing": 1.0, "changing_months": 36, "changing_cost": 0.2, "terms_change": "average"},
    "many newcomers": {"entry": 1.0, "reserves_median": 0.0, "reserves_spread": 0.0},
    "much older": {"ageing": 2.0, "age_scale": 5.0},
    "no patience": {"patience": 0.0, "settlement_years": 10, "funding_doubt": 1.0},
    "trust without a past": {"trust_rule": "beta", "trust_prior": 0.0, "first_trust": 0.0},
}


def out_of_range(town: Town) -> list[str]:
    """Columns with a number that is none, or outside what is declared, by more than rounding."""
    found = []
    for table in ("residents", "organisations", "ties", "neighbourhoods", "funders"):
        rows = getattr(town, table)
        for field in fields_of(RECORDS[table]).values():
            values = rows[field.name][rows[field.name] != NOBODY]
            slip = 1e-9 * max(1.0, float(np.abs(values).max(initial=0.0)))
            if not np.isfinite(values).all() or (values < field.low - slip).any() or (values > field.high + slip).any():
                found.append(f"{table}.{field.name}")
    return found + [name for name in town.history.dtype.names if not np.isfinite(town.history[name]).all()]


@pytest.mark.parametrize("limit", LIMITS)
def test_at_its_limits_no_system_breaks_a_town(limit: str) -> None:
    """With everything on: after one month, and after 26, every number is one and lies in its declared range."""
    scenario = PRESSED_TOWN.with_(parameters=EVERYTHING | SETTINGS[1]).with_(**LIMITS[limit])
    town = found_town(scenario)
    assert out_of_range(live(town, months=1)) == []
    assert out_of_range(live(town, months=25)) == []


def test_a_number_out_of_range_would_be_seen() -> None:
    town = found_town(PRESSED_TOWN)
    town.ties["trust_of_buyer"][0], town.funders["crisis_budget"][0] = 1.1, np.nan
    assert out_of_range(town) == ["ties.trust_of_buyer", "funders.crisis_budget"]
