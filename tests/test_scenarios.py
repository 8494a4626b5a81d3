"""Scenarios: what they inherit, what is refused, and what the refusal says."""

from __future__ import annotations

import math
import pickle
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from agents.tables import Component
from agents.terms import GOVERNANCES, terms_for
from experiments import compare
from simulation.run import run
from simulation.scenario import PARAMETERS, SETTLING, Scenario, ScenarioError, load_scenario, settings
from simulation.shocks import History, Pulse, Ramp, Step, outside_of


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as error:
        load_scenario(written(folder, "mine", text))
    return str(error.value)


# ---- the settings that come with Kith ---------------------------------------------------------------


@pytest.mark.parametrize("name", settings())
def test_every_setting_that_comes_with_kith_can_be_told_and_lived(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert len(scenario.story.splitlines()) >= 2
    assert scenario.look_for
    assert scenario.cautions() == []


@pytest.mark.parametrize("name", settings())
def test_no_setting_praises_a_governance(name):
    scenario = load_scenario(name)
    told = f"{scenario.title} {scenario.story} {scenario.look_for}".lower()
    assert not [governance for governance in GOVERNANCES if governance.replace("_", " ") in told]


@pytest.mark.parametrize("name", settings())
def test_a_setting_written_down_and_read_again_is_the_same_scenario(name, tmp_path):
    scenario = load_scenario(name)
    assert load_scenario(written(tmp_path, "again", scenario.to_toml())) == scenario


def test_the_compound_setting_is_the_cost_of_living_and_more():
    crisis, compound = load_scenario("cost_of_living_2021"), load_scenario("compound")
    assert compound.shocks[: len(crisis.shocks)] == crisis.shocks
    assert len(compound.shocks) > len(crisis.shocks)


def test_these_settings_come_with_kith():
    assert settings() == [
        "ageing_town", "budget_squeeze", "calm", "compound", "cost_of_living_2021", "financial_crisis_2008",
        "oil_shock", "wage_step",
    ]  # fmt: skip


@pytest.mark.parametrize("name", settings())
def test_every_setting_can_be_put_to_two_towns_with_the_same_luck(name):
    found = compare(name, governances=["contract", "relational"], seeds=1, workers=1, residents=60)
    assert not found.failures
    assert {task.scenario.months for task in found.tasks} == {load_scenario(name).months}


@pytest.mark.parametrize("name", [name for name in settings() if name != "calm"])
def test_every_setting_but_calm_does_something_after_the_town_has_settled(name):
    """And no sooner, in those that are not a record of what happened from the first month."""
    scenario = load_scenario(name)
    told, calm = outside_of(scenario), outside_of(scenario.calm())
    moved = np.flatnonzero(told != calm)
    assert moved.size
    assert moved.max() >= SETTLING
    if scenario.shocks[0].start > 0:
        assert moved.min() >= SETTLING


def test_the_financial_crisis_cuts_budgets_by_what_councils_lost_in_real_terms():
    """Five cuts each April from 2010, month 51; -23.4% against prices (IFS, 2015), and nothing before."""
    outside = outside_of(load_scenario("financial_crisis_2008"))
    real = np.cumprod(outside["settlement"]) / outside["prices"][:, Component.OTHER]
    assert real[[27, 39]] == pytest.approx([1.0, 1.0])
    assert real[[51, 63, 75, 87, 99]] == pytest.approx(1.0 - 0.234 * np.array([0.2, 0.4, 0.6, 0.8, 1.0]))


def test_in_the_financial_crisis_food_leads_and_energy_stands_where_hansard_has_it():
    prices = outside_of(load_scenario("financial_crisis_2008"))["prices"]
    august_2008, may_2010, march_2014 = 31, 52, 98
    assert prices[august_2008, Component.FOOD] == pytest.approx(1.132)
    assert prices[march_2014, Component.ENERGY] / prices[may_2010, Component.ENERGY] == pytest.approx(
        133.5 / 99.2, rel=1e-3
    )


def test_in_the_oil_shock_prices_rise_as_hansard_has_it_and_budgets_catch_up_each_april():
    outside = outside_of(load_scenario("oil_shock"))
    march_1974, june_1978 = 26, 77
    other, energy = (outside["prices"][:, component] for component in (Component.OTHER, Component.ENERGY))
    assert other[june_1978] / other[march_1974] == pytest.approx(1.922)
    assert energy[-1] == pytest.approx(2.5)
    behind = np.cumprod(outside["settlement"]) / other
    assert behind[[27, 39, 51, 63, 75]] == pytest.approx(np.ones(5))
    assert behind[38] < 0.85


def test_each_cut_of_the_squeeze_is_of_4_to_5_per_cent():
    settlement = outside_of(load_scenario("budget_squeeze"))["settlement"]
    assert list(np.flatnonzero(settlement != 1.0)) == [39, 51, 63, 75, 87]
    assert all(0.04 < 1.0 - each < 0.05 for each in settlement[settlement != 1.0])


@pytest.mark.parametrize("governance", ["contract", "relational"])
def test_in_the_squeeze_savings_go_first_and_residents_feel_it_later(governance):
    """What the setting tells its reader to look for, over four seeds."""
    scenario = load_scenario("budget_squeeze").with_(governance=governance)
    lived = [run(scenario.with_(seed=seed)).rows for seed in range(1, 5)]
    calm = [run(scenario.calm().with_(seed=seed)).rows for seed in range(1, 5)]
    reserves, borne = (
        np.mean([one[name] - other[name] for one, other in zip(lived, calm, strict=True)], axis=0)
        for name in ("funder_reserves", "borne_by_residents")
    )
    after_one_cut, after_two_cuts, at_the_end = slice(40, 51), slice(52, 63), slice(132, 144)
    assert abs(borne[after_one_cut].mean()) < 3
    assert reserves[after_two_cuts].mean() < -0.5
    assert borne[at_the_end].mean() > 40


def test_an_older_town_has_24_per_cent_more_new_needs_after_ten_years():
    demand = outside_of(load_scenario("ageing_town"))["demand"]
    assert demand[-1] == pytest.approx(1.24)
    assert demand[SETTLING - 1] == 1.0
    assert np.all(np.diff(demand[SETTLING:]) > 0)


def test_the_calm_twin_differs_in_shocks_alone():
    scenario = load_scenario("compound")
    assert scenario.calm().shocks == ()
    assert scenario.calm().with_(shocks=scenario.shocks) == scenario


# ---- changing and keeping ---------------------------------------------------------------------------


def test_a_parameter_is_changed_by_its_name_and_the_others_stay():
    scenario = Scenario(parameters={"inflow": 0.02}).with_(residents=200, recovery=0.05)
    assert scenario.residents == 200
    assert scenario.parameters == {"inflow": 0.02, "recovery": 0.05}
    assert scenario.parameter("inflow") == 0.02
    assert scenario.parameter("blow") == PARAMETERS["blow"].default


def test_no_parameter_has_the_name_of_a_field_of_the_scenario():
    assert not set(PARAMETERS) & {field.name for field in fields(Scenario)}


def test_equal_scenarios_are_equal_however_their_numbers_were_written():
    one = Scenario(months=60.0, parameters={"slow_months": 2.0, "queue_order": 1})
    two = Scenario(months=60, parameters={"slow_months": 2, "queue_order": "first_come"})
    assert one == two
    assert one.to_toml() == two.to_toml()


def test_a_scenario_travels_between_processes():
    scenario = load_scenario("compound").with_(governance={"base": "contract", "openness": 0.2})
    assert pickle.loads(pickle.dumps(scenario)) == scenario


def test_a_refusal_travels_between_processes():
    with pytest.raises(ScenarioError) as error:
        Scenario(months=3, residents=0)
    again = pickle.loads(pickle.dumps(error.value))
    assert (str(again), again.problems) == (str(error.value), error.value.problems)


words = st.text(max_size=40)
shares = st.floats(-0.9, 3.0)
starts = st.integers(SETTLING, 83)
shocks = st.one_of(
    st.builds(Step, st.sampled_from(["food", "all", "wages", "demand"]), size=shares, start=starts),
    st.builds(Ramp, st.just(("energy", "other")), size=shares, start=starts, length=st.integers(1, 24)),
    st.builds(Pulse, st.just("food"), size=shares, start=starts, length=st.integers(1, 9), fade=st.integers(0, 9)),
)
governances = st.one_of(
    st.sampled_from(sorted(GOVERNANCES)),
    st.floats(0.0, 1.0),
    st.fixed_dictionaries({"base": st.sampled_from(sorted(GOVERNANCES)), "openness": st.floats(0.0, 1.0)}),
    st.fixed_dictionaries({"agreement": st.just("contract"), "peer": st.floats(0.0, 1.0)}),
)


@examples(max_examples=60, deadline=None)
@given(words, words, st.lists(shocks, max_size=4), governances, st.integers(0, 2**63 - 1), st.floats(0.0, 1.0))
def test_any_scenario_written_down_and_read_again_is_the_same(tmp_path_factory, title, story, hit, how, seed, inflow):
    told = {"name": "own", "title": title, "story": story}
    scenario = Scenario(**told, shocks=hit, governance=how, seed=seed, parameters={"inflow": inflow})
    folder = tmp_path_factory.mktemp("round")
    assert load_scenario(written(folder, "trip", scenario.to_toml())) == scenario


# ---- inheriting -------------------------------------------------------------------------------------


def test_what_a_file_says_replaces_what_its_base_says(tmp_path):
    written(
        tmp_path, "old", "months = 60\nseed = 5\n[town]\nresidents = 300\npartners = 4\n[parameters]\ninflow = 0.02\n"
    )
    new = written(tmp_path, "new", 'base = "old"\nseed = 6\n[town]\npartners = 0\n[parameters]\nrecovery = 0.1\n')
    scenario = load_scenario(new)
    assert (scenario.months, scenario.seed, scenario.residents, scenario.partners) == (60, 6, 300, 0)
    assert scenario.parameters == {"inflow": 0.02, "recovery": 0.1}
    assert scenario.name == "new"


def test_shocks_replace_those_of_the_base_and_further_shocks_follow_them(tmp_path):
    shock = '[[{}]]\nshape = "step"\ncomponent = "food"\nsize = {}\nstart = 30\n'
    written(tmp_path, "old", shock.format("shocks", 0.1))
    other = load_scenario(written(tmp_path, "other", 'base = "old"\n' + shock.format("shocks", 0.2)))
    more = load_scenario(written(tmp_path, "more", 'base = "old"\n' + shock.format("further_shocks", 0.2)))
    assert [shock.size for shock in other.shocks] == [0.2]
    assert [shock.size for shock in more.shocks] == [0.1, 0.2]


def test_a_file_may_take_the_name_of_the_setting_it_inherits_from(tmp_path):
    mine = written(tmp_path, "calm", 'base = "calm"\nmonths = 30\n')
    assert load_scenario(mine).story == load_scenario("calm").story


def test_bases_that_go_round_in_a_circle_are_refused(tmp_path):
    written(tmp_path, "a", 'base = "b"\n')
    written(tmp_path, "b", 'base = "c"\n')
    with pytest.raises(ScenarioError, match="circle: a -> b -> c -> a"):
        load_scenario(written(tmp_path, "c", 'base = "a"\n').with_name("a.toml"))


def test_a_refusal_names_the_file_in_which_the_mistake_was_written(tmp_path):
    written(tmp_path, "old", "[parameters]\ninflow = 7\n")
    assert "old.toml: inflow is 7" in refusal(tmp_path, 'base = "old"\n')
    assert "mine.toml: inflow is 8" in refusal(tmp_path, 'base = "old"\n[parameters]\ninflow = 8\n')


def test_files_that_a_scenario_names_are_found_beside_the_file_that_names_them(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "prices.csv").write_text("month,food\n30,1.1\n")
    (tmp_path / "deep" / "peers.csv").write_text("6,7\n")
    written(tmp_path / "deep", "old", '[graph]\npeer = "peers.csv"\n[[shocks]]\ncsv = "prices.csv"\n')
    scenario = load_scenario(written(tmp_path, "new", 'base = "deep/old"\n'))
    assert scenario.shocks[0].components == ("food",)
    assert Path(scenario.graph["peer"]).read_text() == "6,7\n"


# ---- governance -------------------------------------------------------------------------------------


def test_one_governance_holds_for_all_ties_unless_each_layer_has_its_own():
    assert Scenario(governance=0.5).terms() == {"agreement": terms_for(0.5), "peer": terms_for(0.5)}
    layered = Scenario(governance={"agreement": "contract", "peer": {"base": "relational", "mutual_aid": 0.5}})
    assert layered.terms()["agreement"] == terms_for("contract")
    assert layered.terms()["peer"] == terms_for("relational") | {"mutual_aid": 0.5}


# ---- refusing ---------------------------------------------------------------------------------------

SHOCK = '[[shocks]]\nshape = "{}"\ncomponent = "{}"\n{}\n'

REFUSED = {
    "a value out of range": ("[parameters]\ninflow = 1.4\n", "mine.toml: inflow is 1.4; it must lie between 0 and 1"),
    "a slip of the decimal point": ("[parameters]\ninflow = 1.4\n", "Did you mean 0.014?"),
    "an unknown parameter": ("[parameters]\ninfow = 0.1\n", 'there is no parameter "infow". The nearest is "inflow"'),
    "a word for a number": ('[parameters]\ninflow = "much"\n', "inflow is 'much'; it must be a number"),
    "a list for a number": ("[parameters]\ninflow = [0.1]\n", "it must be one number"),
    "an unknown choice": ('[parameters]\nqueue_order = "first_cme"\n', 'The nearest is "first_come"'),
    "an unknown section": ("[parameter]\ninflow = 0.1\n", 'no key or section "parameter". The nearest is "parameters"'),
    "a parameter out of its section": ("inflow = 0.1\n", "belongs in the section [parameters]"),
    "a size out of its section": ("residents = 10\n", "belongs in the section [town]"),
    "months in a section": ("[town]\nmonths = 60\n", "belongs at the top of the file"),
    "an unknown size": ("[town]\nresident = 3\n", '[town] has no key "resident". The nearest is "residents"'),
    "a section that is not one": ("town = 3\n", "town is 3; it must be a section, [town]"),
    "malformed TOML": ("months = \n", "mine.toml: not well-formed TOML: Invalid value (at line 1"),
    "too few months": ("months = 24\n", "months is 24; it must lie between 25 and 1200"),
    "part of a month": ("months = 60.5\n", "months is 60.5; it must be a whole number"),
    "truth for a number": ("months = true\n", "months is True; it must be a number"),
    "not a number": ("seed = nan\n", "seed is nan"),
    "a number without end": ("seed = " + "9" * 400 + "\n", "seed is far too large"),
    "nobody": ("[town]\nresidents = 0\n", "residents is 0; it must lie between 1"),
    "a nation": ("[town]\nresidents = 60000000\n", "residents is 60,000,000; at most 5,000,000"),
    "memory": ("[town]\nresidents = 60000000\n", "GB of memory"),
    "no neighbourhoods": ("[town]\nneighbourhoods = 0\n", "neighbourhoods is 0"),
    "more neighbourhoods than people": ("[town]\nresidents = 5\n", "neighbourhoods is 6, more than the 5 residents"),
    "fewer than no partners": ("[town]\npartners = -1\n", "partners is -1"),
    "text without quotes": ("title = 3\n", "title is 3; it must be text in quotes"),
    "an unknown governance": ('governance = "contrct"\n', 'The nearest is "contract"'),
    "a governance out of range": ("governance = 1.5\n", "governance is 1.5"),
    "a governance without end": ("governance = " + "9" * 400 + "\n", "far too large"),
    "an unknown dial": ("[governance]\nopenes = 1\n", 'there is no dial "openes". The nearest is "openness"'),
    "a dial out of range": ("[governance]\nopenness = 2\n", "openness is 2"),
    "half the layers": ('[governance]\nagreement = "contract"\n', "it needs agreement and peer and nothing else"),
    "an unknown layer of the graph": ('[graph]\nkit = "k.csv"\n', '[graph] has no key "kit". The nearest is "kith"'),
    "a missing graph file": ('[graph]\nkith = "k.csv"\n', "graph: kith is k.csv; there is no such file"),
    "an unknown base": ('base = "clam"\n', 'mine.toml: base: there is no setting "clam". The nearest is "calm"'),
    "a base that is no name": ("base = 3\n", "base is 3; it must be the name or the path"),
    "an unknown shape": (SHOCK.format("stp", "food", "size = 0.1"), "no shape 'stp'. The nearest is \"step\""),
    "no shape": ("[[shocks]]\nsize = 1\n", "shock 1: it needs a shape"),
    "a shock without size": (SHOCK.format("step", "food", "start = 30"), 'shock 1: step needs "size"'),
    "an unknown key of a shock": (SHOCK.format("step", "food", "size = 1\nlenght = 3"), 'step has no "lenght"'),
    "an unknown component": (SHOCK.format("step", "foood", "size = 1"), 'no component "foood". The nearest is "food"'),
    "per cent for a share": (SHOCK.format("step", "food", "size = 9.8"), "Did you mean 0.098?"),
    "a price below nothing": (SHOCK.format("step", "food", "size = -1.2"), "size is -1.2; it must lie between -0.99"),
    "a pulse of no length": (SHOCK.format("pulse", "food", "size = 1\nlength = 0"), "length is 0"),
    "a shock after the end": (
        SHOCK.format("step", "food", "size = 1\nstart = 84"),
        "after the last month of the run, 83",
    ),
    "a single shock section": ('[shocks]\nshape = "step"\n', "must be written as [[shocks]]"),
    "a missing csv": ('[[shocks]]\ncsv = "prices.csv"\n', "prices.csv cannot be read: no such file"),
    "an unknown history": ('[[shocks]]\nhistory = "onss"\n', 'no history "onss". The nearest is "ons"'),
    "a history without record": ('[[shocks]]\nhistory = "ons"\ncomponent = "labour"\n', "has no record of labour"),
    "a history before its record": ('[[shocks]]\nhistory = "ons"\nfrom = "2012-01"\n', "runs from 2019-01 to 2025-12"),
    "a history from no month": ('[[shocks]]\nhistory = "ons"\nfrom = 2019\n', 'such as "2019-01"'),
    "a history told twice": (
        '[[shocks]]\nhistory = "ons"\n[[shocks]]\nhistory = "ons"\ncomponent = "food"\n',
        "both tell the history of food",
    ),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused_and_explained(tmp_path, text, said):
    assert said in refusal(tmp_path, text)


def test_every_problem_is_told_at_once(tmp_path):
    text = 'months = 3\nspeed = 1\n[town]\nresidents = 0\n[parameters]\ninfow = 1\n[[shocks]]\nshape = "stp"\n'
    lines = refusal(tmp_path, text).splitlines()
    assert len(lines) == 5
    assert all(line.startswith("mine.toml: ") for line in lines)


def test_an_unknown_setting_is_answered_with_those_there_are():
    with pytest.raises(ScenarioError, match=r'no setting "clam"\. The nearest is "calm".*wage_step'):
        load_scenario("clam")


@pytest.mark.parametrize("path", ["missing.toml", "nowhere/missing.toml", "nowhere/missing"])
def test_a_missing_file_is_named(path):
    with pytest.raises(ScenarioError, match="there is no file"):
        load_scenario(path)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"title = '\xff\xfe'")
    with pytest.raises(ScenarioError, match=r"mine\.toml: cannot be read: it is not text in UTF-8"):
        load_scenario(tmp_path / "mine.toml")


def test_a_file_from_an_editor_that_marks_utf_8_is_read(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbfmonths = 60\r\n")
    assert load_scenario(tmp_path / "mine.toml").months == 60


@pytest.mark.parametrize(
    "changes",
    [
        {"months": 24},
        {"nothing": 1},
        {"inflow": math.inf},
        {"governance": None},
        {"shocks": ["step"]},
        {"shocks": (Step("food", size="much", start=30),)},
        {"shocks": (Step(3, size=1.0),)},
        {"shocks": (History(history="ons", since=None),)},
        {"parameters": 3},
        {"graph": 3},
        {"title": None},
    ],
)
def test_a_scenario_that_does_not_fit_cannot_be_made_in_python_either(changes):
    with pytest.raises(ScenarioError):
        Scenario().with_(**changes)


def test_a_shock_in_the_settling_months_is_allowed_and_pointed_out():
    scenario = Scenario(shocks=(Step("food", size=0.1, start=6),))
    assert "settling" in scenario.cautions()[0]


def test_a_town_without_partners_is_allowed():
    assert Scenario(partners=0, agreements_per_service=0).partners == 0
