"""What the world does to the town: shapes, luck, and what really happened to prices, wages and budgets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.declared import fields_of
from agents.parameters import Parameters
from agents.tables import Component
from simulation.scenario import Scenario, load_scenario
from simulation.shocks import (
    COMPONENTS,
    HISTORIES,
    History,
    Noise,
    Pulse,
    Ramp,
    Series,
    Step,
    aprils,
    calendar,
    months_of,
    ons_index,
    outside_of,
    recorded,
    series_in,
    settlements_from,
    shock_from,
    table_of,
)

MARCH_2021 = {
    # month: CPI, food, electricity, gas, with March 2021 as 100
    "2021-12": (105.2, 104.1, 118.8, 128.1),
    "2022-04": (109.7, 107.6, 167.7, 213.8),
    "2022-10": (115.4, 118.3, 196.9, 293.0),
    "2023-03": (117.8, 126.3, 198.8, 294.1),
    "2023-07": (119.7, 129.9, 179.6, 217.7),
    "2024-04": (122.0, 131.8, 155.2, 182.1),
    "2024-07": (122.3, 131.8, 144.6, 167.9),
    "2025-04": (126.3, 136.4, 162.4, 204.4),
    "2025-10": (127.8, 139.3, 160.0, 191.5),
}
"""Levels published for the cost of living crisis, derived from ONS series."""


def town(*shocks, months=60, **changes):
    return outside_of(Scenario(months=months, shocks=shocks, **changes))


def price(outside, component):
    return outside["prices"][:, component]


# ---- what really happened ---------------------------------------------------------------------------


@pytest.mark.parametrize("month", MARCH_2021)
def test_ons_prices_stand_where_they_stood_relative_to_march_2021(month):
    since = months_of(month) - months_of("2021-03")
    levels = History(history="ons", since="2021-03", start=2)
    cpi, food = (100 * levels.path(c, 84, 0)[2 + since] for c in ("other", "food"))
    first, electricity = ons_index("elec_l53e")
    _, gas = ons_index("gas_l53f")
    then, now = months_of("2021-03") - first, months_of(month) - first
    reached = (cpi, food, 100 * electricity[now] / electricity[then], 100 * gas[now] / gas[then])
    assert reached == pytest.approx(MARCH_2021[month], abs=0.051)


@pytest.mark.parametrize(
    ("month", "rate"), [("2009-07", 1.9), ("2009-10", 1.5), ("2010-04", 3.7), ("2011-04", 4.5), ("2011-09", 5.1)]
)
def test_prices_of_2008_to_2014_rose_by_the_rates_that_were_published(month, rate):
    first, levels = recorded("ons_cpi", "other")
    assert first == months_of("2008-01")
    assert len(levels) == 84
    now = months_of(month) - first
    assert 100 * (levels[now] / levels[now - 12] - 1) == pytest.approx(rate, abs=0.051)


def test_energy_in_a_history_is_the_mean_of_electricity_and_gas():
    energy = History(history="ons").path("energy", 84, 0)
    october_2022 = months_of("2022-10") - months_of("2019-01")
    assert energy[october_2022] == pytest.approx((238.6 + 227.4) / (115.3 + 91.9))


def test_a_history_is_1_in_the_month_it_is_counted_from():
    for history, components in HISTORIES.items():
        for component in components:
            first, _ = recorded(history, component)
            assert History(history=history, since=calendar(first)).path(component, 36, 0)[0] == 1.0


def test_wages_follow_the_living_wage_each_april_and_rest_between():
    wages = History(history="national_living_wage").path("labour", 84, 0)
    assert wages[3] == pytest.approx(8.21 / 7.83)
    assert wages[83] == pytest.approx(12.21 / 7.83)
    moves = np.flatnonzero(np.diff(wages)) + 1
    assert list(moves) == list(aprils(84))


def test_scale_is_the_share_of_each_change_that_is_felt():
    whole = History(history="national_living_wage").path("labour", 84, 0)
    most = History(history="national_living_wage", scale=0.8).path("labour", 84, 0)
    assert most[1:] / most[:-1] - 1.0 == pytest.approx(0.8 * (whole[1:] / whole[:-1] - 1.0))
    assert History(history="ons", scale=0.0).path("food", 84, 0) == pytest.approx(np.ones(84))


def test_settlements_arrive_in_april_as_they_were_announced():
    settlement = town(History(history="settlements"), months=84)["settlement"]
    assert settlement[list(aprils(84))] == pytest.approx([1.028, 1.063, 1.045, 1.074, 1.094, 1.065, 1.068])
    assert np.delete(settlement, list(aprils(84))) == pytest.approx(1.0)


def test_after_the_end_of_the_record_its_last_value_holds_and_the_scenario_says_so():
    scenario = Scenario(months=100, shocks=(History(history="ons"),))
    food = price(outside_of(scenario), Component.FOOD)
    assert np.all(food[84:] == food[83])
    [caution] = scenario.cautions()
    assert "2025-12" in caution
    assert "16 months" in caution


def test_a_history_may_begin_later_than_the_run():
    food = History(history="ons", components=("food",), since="2021-01", start=24).path("food", 60, 0)
    assert np.all(food[:25] == 1.0)
    assert food[24 + 12] == pytest.approx(108.0 / 103.5)


def test_a_history_keeps_its_april_in_april():
    [problem] = History(history="settlements", since="2021-04", start=24).problems(84)
    assert "3, 15, 27" in problem


# ---- shapes -----------------------------------------------------------------------------------------


def test_a_step_stays():
    labour = price(town(Step("wages", size=0.098, start=36)), Component.LABOUR)
    assert np.all(labour[:36] == 1.0)
    assert np.all(labour[36:] == 1.098)


def test_a_ramp_climbs_evenly_and_stays():
    food = price(town(Ramp("food", size=0.4, start=30, length=4)), Component.FOOD)
    assert food[29:36] == pytest.approx([1.0, 1.1, 1.2, 1.3, 1.4, 1.4, 1.4])


def test_a_pulse_passes_at_once_or_fades():
    sudden = price(town(Pulse("food", size=0.4, start=30, length=2)), Component.FOOD)
    fading = price(town(Pulse("food", size=0.4, start=30, length=2, fade=3)), Component.FOOD)
    assert sudden[29:34] == pytest.approx([1.0, 1.4, 1.4, 1.0, 1.0])
    assert fading[29:36] == pytest.approx([1.0, 1.4, 1.4, 1.3, 1.2, 1.1, 1.0])


def test_shocks_on_one_component_multiply():
    outside = town(Step("other", size=0.5, start=30), Step("other", size=-0.2, start=40))
    assert price(outside, Component.OTHER)[45] == pytest.approx(1.5 * 0.8)


def test_all_means_the_four_prices_and_neither_budget_nor_demand():
    outside = town(Step("all", size=0.1, start=30))
    multiple = fields_of(Parameters)["organisation_energy_multiple"].default
    assert outside["prices"][30] == pytest.approx([1.0 + 0.1 * multiple, 1.1, 1.1, 1.1])
    assert np.all(outside["settlement"] == 1.0)
    assert np.all(outside["demand"] == 1.0)


def test_organisations_meet_more_of_an_energy_rise_than_households():
    rise = Step("energy", size=1.0, start=30)
    outside = town(rise, parameters={"organisation_energy_multiple": 2.5})
    assert outside["household_energy"][30] == 2.0
    assert price(outside, Component.ENERGY)[30] == pytest.approx(3.5)


def test_no_fall_of_energy_prices_pays_an_organisation_to_use_it():
    outside = town(Step("energy", size=-0.9, start=30), parameters={"organisation_energy_multiple": 4})
    assert price(outside, Component.ENERGY).min() == 0.0


def test_demand_moves_demand_alone():
    outside = town(Ramp("demand", size=0.2, start=24, length=12))
    assert outside["demand"][-1] == pytest.approx(1.2)
    assert np.all(outside["prices"] == 1.0)


def test_budgets_wait_for_april():
    settlement = town(Step("budget", size=-0.1, start=30))["settlement"]
    assert settlement[39] == pytest.approx(0.9)
    assert np.delete(settlement, 39) == pytest.approx(1.0)


def test_a_squeeze_of_budgets_that_passes_is_given_back_the_next_april():
    settlement = town(Pulse("budget", size=-0.2, start=36, length=12))["settlement"]
    assert settlement[39] == pytest.approx(0.8)
    assert settlement[51] == pytest.approx(1.25)


def test_settlements_multiply_up_to_the_budget_of_the_last_april():
    budget = np.linspace(1.0, 2.0, 84)
    assert settlements_from(budget).prod() == pytest.approx(budget[75])


def test_a_squeeze_that_no_april_sees_is_refused():
    assert "April" in Pulse("budget", size=-0.1, start=28, length=6).problems(84)[0]
    assert not Pulse("budget", size=-0.1, start=28, length=12).problems(84)


def test_noise_keeps_its_spread_and_its_persistence():
    """One run of 1,200 months: its spread and persistence are then known to about 0.05 and 0.02."""
    x = np.log(Noise("food", size=0.1, persistence=0.8).path("food", 1200, seed=7))
    assert x[0] == 0.0
    assert x.std() == pytest.approx(0.1, abs=0.02)
    assert np.corrcoef(x[1:], x[:-1])[0, 1] == pytest.approx(0.8, abs=0.06)


def test_noise_depends_on_seed_and_component_and_nothing_else():
    noise = Noise(("food", "other"), size=0.1, persistence=0.5)
    food = noise.path("food", 60, seed=1)
    assert np.array_equal(food, noise.path("food", 120, seed=1)[:60])
    assert not np.array_equal(food, noise.path("food", 60, seed=2))
    assert not np.array_equal(food, noise.path("other", 60, seed=1))


# ---- numbers of one's own ---------------------------------------------------------------------------


def test_a_csv_file_holds_each_value_until_the_next(tmp_path: Path):
    (tmp_path / "mine.csv").write_text("month,food,wages\n24,1.1,1.0\n30,1.2,1.05\n")
    (tmp_path / "mine.toml").write_text('months = 60\n[[shocks]]\ncsv = "mine.csv"\n')
    outside = outside_of(load_scenario(tmp_path / "mine.toml"))
    assert price(outside, Component.FOOD)[[23, 24, 29, 30, 59]] == pytest.approx([1.0, 1.1, 1.1, 1.2, 1.2])
    assert price(outside, Component.LABOUR)[59] == pytest.approx(1.05)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("food\n1.1\n", "must have a column month"),
        ("month,foood\n3,1\n", 'The nearest is "food"'),
        ("month,food\nJan,1\n", "line 2: month is 'Jan'"),
        ("month,food\n3,dear\n", "line 2: food is 'dear'"),
        ("month,food\n3,1,2\n", "line 2: 3 values for 2 columns"),
        ("month,food\n", "has no rows"),
        ("", "must have a column month"),
    ],
)
def test_a_csv_file_that_cannot_be_used_is_explained_by_line(tmp_path: Path, text, said):
    (tmp_path / "mine.csv").write_text(text)
    table, problems = series_in(tmp_path / "mine.csv")
    problems += shock_from(table)[0].problems(60) if table else []
    assert said in "\n".join(problems)


def test_a_price_index_of_100_is_taken_for_a_slip():
    [problem] = Series(months=(0, 1), levels=(("food", (100.0, 104.0)),)).problems(60)
    assert "Did you mean 1?" in problem


# ---- from a file and back ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shock",
    [
        Step("labour", size=0.1, start=30),
        Ramp(("food", "other"), size=0.1, start=30, length=3),
        Pulse("all", size=-0.1, start=30, length=3, fade=2),
        Noise("energy", size=0.1, persistence=0.9, start=24),
        History(history="ons", components=("food",), since="2020-01", scale=0.5, start=24),
        Series(months=(3, 9), levels=(("demand", (1.1, 1.2)),)),
    ],
    ids=lambda shock: shock.shape,
)
def test_every_shape_can_be_written_down_and_read_back(shock):
    assert not shock.problems(60)
    assert shock_from(table_of(shock)) == (shock, [])


def test_in_a_calm_town_nothing_ever_moves():
    outside = outside_of(load_scenario("compound").calm())
    for column in ("prices", "household_energy", "settlement", "demand"):
        assert np.all(outside[column] == 1.0)


def test_every_component_can_be_moved():
    for component in COMPONENTS:
        before, after = town(), town(Step(component, size=0.5, start=30))
        assert before.tobytes() != after.tobytes()
