"""The town as a Mesa model: the same months, and everything Mesa's own tools expect."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import weakref
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest
from test_run import bits

import simulation
from agents.declared import fields_of
from agents.parameters import Parameters
from agents.terms import terms_for
from simulation import CommunityModel, Scenario, ScenarioError, load_scenario, run
from simulation.measures import MEASURES
from simulation.model import (
    KINDS,
    Agreement,
    Funder,
    Neighbourhood,
    Organisation,
    Partner,
    Peer,
    Resident,
    Service,
    Tie,
)
from simulation.month import MONTH
from simulation.shocks import Pulse, Step
from simulation.twin import first_difference

SMALL = {"residents": 80, "neighbourhoods": 4, "partners": 8, "months": 26, "rng": 5}
BY_TABLE = {
    "residents": (Resident,),
    "organisations": (Service, Partner),
    "services": (Service,),
    "partners": (Partner,),
    "ties": (Agreement, Peer),
    "agreements": (Agreement,),
    "peers": (Peer,),
    "funders": (Funder,),
    "neighbourhoods": (Neighbourhood,),
}


def small(**changes: Any) -> CommunityModel:
    return CommunityModel(**{**SMALL, **changes})


def lived(lived_months: int, /, **changes: Any) -> CommunityModel:
    model = small(**changes)
    for _ in range(lived_months):
        model.step()
    return model


# ---- the same months ---------------------------------------------------------------------------------


def test_the_model_lives_the_months_that_a_run_lives():
    model = small(setting="cost_of_living_2021", governance="relational")
    model.run_to_end()
    assert bits(model.town) == bits(run(model.setting).town)


def test_walking_the_month_through_agents_gives_the_same_bits():
    stepped, walked = lived(3, engine="plain"), small(engine="plain")
    for _ in range(3):
        for table, rule in MONTH:
            if table == "town":
                walked.follow(rule.__name__)
            else:
                for kind in BY_TABLE[table]:
                    walked.agents_by_type[kind].do(rule.__name__)
    assert bits(walked.town) == bits(stepped.town)


def test_following_every_rule_by_name_is_a_month():
    stepped, followed = lived(1), small()
    for _, rule in MONTH:
        followed.follow(rule.__name__)
    assert bits(followed.town) == bits(stepped.town)
    assert followed.latest("unmet_need") == stepped.latest("unmet_need")


def test_steps_and_rules_followed_by_hand_may_alternate():
    mixed = lived(1)
    for _, rule in MONTH:
        mixed.follow(rule.__name__)
    mixed.step()
    assert bits(mixed.town) == bits(lived(3).town)


def test_a_replaced_rule_is_followed_by_steps_and_by_hand():
    def ask_for_help(resident, town):
        resident.contacts += 100

    model = lived(1, engine="plain", rules={"ask_for_help": ask_for_help})
    assert model.town.residents["contacts"].min() == 100
    next(iter(model.agents)).ask_for_help()
    assert model.town.residents["contacts"].max() == 200


def test_a_step_beyond_the_planned_months_is_lived():
    model = small()
    model.run_to_end()
    assert not model.running
    for _ in range(5):
        model.step()
    assert len(model.history) == SMALL["months"] + 5
    assert model.history.notna().all(axis=None)


# ---- what it is given ---------------------------------------------------------------------------------


def test_every_parameter_is_a_keyword_with_a_default_and_nothing_is_hidden():
    for shown in (inspect.signature(CommunityModel), inspect.signature(CommunityModel.__init__)):
        keywords = {name: each for name, each in shown.parameters.items() if name != "self"}
        assert set(fields_of(Parameters)) <= set(keywords)
        assert all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in keywords.values())
        assert all(each.default is not inspect.Parameter.empty for each in keywords.values())
        assert not {"seed", "scenario", "time", "args", "kwargs"} & set(keywords)


def test_the_shown_defaults_are_taken_by_the_model():
    shown = {name: each.default for name, each in inspect.signature(CommunityModel).parameters.items()}
    assert bits(CommunityModel(**{**shown, **SMALL}).town) == bits(small().town)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"inflw": 0.1}, '"inflow"'),
        ({"inflow": 7}, "inflow is 7; it must lie between 0 and 1"),
        ({"inflow": "lots"}, "inflow"),
        ({"residents": 0}, "residents is 0"),
        ({"governance": "contrct"}, '"contract"'),
        ({"setting": "clam"}, '"calm"'),
        ({"seed": 3}, "rng"),
        ({"scenario": "calm"}, "setting"),
        ({"rng": "seven"}, "rng is 'seven'"),
        ({"rng": -1}, "rng is -1"),
        ({"rng": 1.5}, "rng is 1.5"),
        ({"rng": True}, "rng is True"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(given: dict[str, Any], said: str):
    with pytest.raises(ScenarioError, match=said):
        small(**given)


def test_positional_arguments_are_refused():
    with pytest.raises(TypeError):
        CommunityModel("calm")


def test_a_seed_may_come_as_text_or_as_a_number_of_numpys():
    seeds = (5, "5", np.int64(5), np.uint8(5), 5.0, np.float64(5))
    assert {small(rng=seed).setting.seed for seed in seeds} == {5}


def test_seeds_and_generators_of_numpy_become_the_same_luck_each_time():
    for make in (
        lambda: np.random.SeedSequence(9),
        lambda: np.random.default_rng(9),
        lambda: np.random.PCG64(9),
        lambda: [1, 2, 3],
    ):
        assert small(rng=make()).setting.seed == small(rng=make()).setting.seed


def test_one_generator_gives_one_model_after_another_different_luck():
    generator = np.random.default_rng(1)
    assert small(rng=generator).setting.seed != small(rng=generator).setting.seed


def test_models_without_a_seed_have_luck_of_their_own():
    assert small(rng=None).setting.seed != small(rng=None).setting.seed


def test_a_setting_may_be_a_name_a_path_or_a_scenario(tmp_path):
    scenario = load_scenario("cost_of_living_2021").with_(seed=5)
    path = tmp_path / "mine.toml"
    path.write_text(scenario.to_toml(), encoding="utf-8")
    town = {bits(small(setting=each).town) for each in ("cost_of_living_2021", str(path), path, scenario)}
    assert len(town) == 1


def test_what_is_not_given_is_as_the_setting_says():
    setting = Scenario(residents=60, neighbourhoods=3, governance="relational", parameters={"inflow": 0.02})
    model = CommunityModel(setting=setting, rng=1)
    assert (len(model.town.residents), model.setting.governance) == (60, "relational")
    assert model.town.parameters["inflow"] == 0.02


def test_mesas_generators_decide_nothing():
    calm, stirred = small(), small()
    stirred.random.random()
    stirred.rng.random()
    calm.step()
    stirred.step()
    assert bits(calm.town) == bits(stirred.town)


# ---- agents ------------------------------------------------------------------------------------------


def test_no_agent_is_made_until_somebody_asks():
    model = lived(2)
    assert model._tables is None
    assert model.tables["residents"].made == 0
    assert model.agents_by_type[Funder].do("hold_the_purse")
    assert model.tables["residents"].made == 0


def test_every_row_is_one_agent_with_a_number_of_its_own():
    model = small()
    town = model.town
    tables = (town.residents, town.organisations, town.ties, town.funders, town.neighbourhoods)
    assert len(model.agents) == sum(map(len, tables))
    assert sorted(agent.unique_id for agent in model.agents) == list(range(1, len(model.agents) + 1))
    assert model.agent_types == list(KINDS.values())
    assert sum(len(agents) for agents in model.agents_by_type.values()) == len(model.agents)


def test_services_and_partners_are_organisations():
    by_type = small().agents_by_type
    assert len(by_type[Organisation]) == len(by_type[Service]) + len(by_type[Partner])
    assert len(by_type[Tie]) == len(by_type[Agreement]) + len(by_type[Peer])
    assert all(isinstance(agent, mesa.Agent) for agent in by_type[Organisation])


def test_an_agent_is_a_view_of_its_row():
    model = small()
    resident = next(iter(model.agents_by_type[Resident]))
    resident.need[2] = 0.75
    resident.slack = 0.5
    assert model.town.residents["need"][0, 2] == 0.75
    model.town.residents["slack"][0] = 0.25
    assert resident.slack == 0.25
    with pytest.raises(AttributeError, match="slack"):
        resident.slak = 1.0


def test_agents_stay_the_same_while_the_town_lives_on():
    model = small(months=25)
    resident = next(iter(model.agents_by_type[Resident]))
    for _ in range(30):
        model.step()
    assert next(iter(model.agents_by_type[Resident])) is resident
    assert resident.wellbeing == model.town.residents["wellbeing"][0]


def test_a_row_of_the_town_cannot_be_removed():
    with pytest.raises(TypeError, match="cannot be removed"):
        next(iter(small().agents)).remove()


def test_agent_sets_select_sum_up_group_and_set():
    model = lived(3)
    residents = model.agents_by_type[Resident]
    table = model.town.residents
    assert len(residents.select(lambda resident: resident.age > 60)) == (table["age"] > 60).sum()
    assert residents.agg("wellbeing", np.mean) == pytest.approx(table["wellbeing"].mean())
    assert residents.get("age") == table["age"].tolist()
    groups = residents.groupby("neighbourhood").count()
    assert [groups[place] for place in sorted(groups)] == np.bincount(table["neighbourhood"]).tolist()
    residents.set("slack", 0.5)
    assert (table["slack"] == 0.5).all()


def test_shuffle_do_reaches_every_agent_once():
    model = small()
    seen: list[int] = []
    model.agents_by_type[Resident].shuffle_do(lambda resident: seen.append(resident.id))
    assert sorted(seen) == list(range(SMALL["residents"]))
    assert seen != sorted(seen)


def test_order_of_residents_does_not_matter_when_they_ask_for_help():
    """Deciding first and settling after: asking in any order is the same."""
    orderly, shuffled = lived(2), lived(2)
    orderly.agents_by_type[Resident].do("need_grows")
    shuffled.agents_by_type[Resident].shuffle_do("need_grows")
    assert (orderly.town.residents["need"] == shuffled.town.residents["need"]).all()


def test_agents_of_the_users_own_live_beside_the_towns():
    class Visitor(mesa.Agent):
        pass

    model = small()
    count = len(model.agents)
    visitor = Visitor(model)
    assert visitor in model.agents
    assert visitor.unique_id == count + 1
    assert list(model.agents_by_type[Visitor]) == [visitor]
    assert Visitor in model.agent_types
    visitor.remove()
    assert len(model.agents) == count
    model.close()


def test_a_model_of_the_users_own_may_add_to_the_month():
    class Festival(CommunityModel):
        def __init__(self, *, joy=1.0, **given):
            super().__init__(**given)
            self.joy = joy

        def step(self):
            super().step()
            self.joy *= 2.0

    model = Festival(joy=3.0, **SMALL)
    model.step()
    again = copy.deepcopy(model)
    again.step()
    assert (model.joy, again.joy, again.month) == (6.0, 12.0, 2)
    assert bits(again.town) == bits(lived(2).town)


# ---- Mesa's tools ------------------------------------------------------------------------------------


def test_the_data_collector_has_every_measure_at_the_start_and_each_month():
    model = lived(4)
    table = model.datacollector.get_model_vars_dataframe()
    assert list(table.columns) == [measure.__name__ for measure in MEASURES]
    assert table.iloc[0].isna().all()
    pd.testing.assert_frame_equal(table.iloc[1:].reset_index(drop=True), model.history.drop(columns="month"))


def test_a_data_collector_of_the_users_own_sees_agents():
    model = small()
    model.datacollector = mesa.DataCollector(
        model_reporters={"people": lambda model: len(model.agents_by_type[Resident])},
        agenttype_reporters={Partner: {"money": "reserves"}},
    )
    model.step()
    money = model.datacollector.get_agenttype_vars_dataframe(Partner)["money"]
    assert money.tolist() == model.town.partners["reserves"].tolist()


def batch(**parameters: Any) -> pd.DataFrame:
    """Mesa's batch runner on the unmodified model, twice; where seeds are written differs from version to version."""
    seeds = {"rng": [1, 2]}
    told = "rng" in inspect.signature(mesa.batch_run).parameters
    rows = mesa.batch_run(
        CommunityModel,
        parameters=parameters if told else parameters | seeds,
        number_processes=1,
        data_collection_period=1,
        display_progress=False,
        **(seeds if told else {}),
    )
    return pd.DataFrame(rows)


def test_batch_run_sweeps_parameters_and_governances():
    sizes = {name: SMALL[name] for name in ("residents", "neighbourhoods", "partners", "months")}
    table = batch(**sizes, governance=["contract", "relational"], inflow=np.linspace(0.01, 0.03, 3))
    assert table["RunId"].nunique() == 2 * 3 * 2
    assert table.groupby("RunId")["unmet_need"].sum().nunique() == 12
    last = table[(table["governance"] == "contract") & (table["Step"] == 20)]
    assert last.groupby("inflow")["need"].mean().is_monotonic_increasing


def test_the_graph_is_the_town_of_this_month():
    model = lived(3)
    graph = model.graph
    assert graph.number_of_nodes() == len(model.town.residents) + len(model.town.organisations)
    assert graph.graph["month"] == 3
    assert model.graph is graph
    model.step()
    assert model.graph.graph["month"] == 4


def test_the_grid_holds_residents_and_organisations_at_ready_positions():
    model = small()
    resident = next(iter(model.agents_by_type[Resident]))
    assert list(resident.cell.agents) == [resident]
    assert resident.pos == model.positions["resident", 0]
    assert len(model.grid.all_cells.cells) == model.graph.number_of_nodes()
    friends = {cell.coordinate for cell in resident.cell.connections.values()}
    assert ("resident", int(model.town.kith[resident.first_kith])) in friends
    assert len(set(model.positions.values())) == len(model.positions)


# ---- copies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_lives_on_exactly_as_the_original(copied):
    model = lived(6, setting="cost_of_living_2021")
    assert len(model.agents)
    again = copied(model)
    assert bits(again.town) == bits(model.town)
    assert not any(np.shares_memory(again.town.residents, table) for table in (model.town.residents,))
    assert np.shares_memory(again.town.services, again.town.organisations)
    assert np.shares_memory(again.town.peers, again.town.ties)
    model.run_to_end()
    assert again.month == 6
    again.run_to_end()
    assert bits(again.town) == bits(model.town)
    assert again.steps == model.steps
    first, second = (each.datacollector.get_model_vars_dataframe() for each in (model, again))
    pd.testing.assert_frame_equal(first, second)


def test_a_fork_with_the_same_governance_is_the_original_bit_for_bit():
    model = lived(8, setting="cost_of_living_2021", governance="contract")
    forked = model.fork(governance="contract")
    model.run_to_end()
    forked.run_to_end()
    assert bits(forked.town) == bits(model.town)


def test_a_fork_shares_the_past_and_differs_from_then_on():
    model = lived(8, governance="contract")
    forked = model.fork(governance="relational")
    model.run_to_end()
    forked.run_to_end()
    pd.testing.assert_frame_equal(model.history[:8], forked.history[:8])
    assert not model.history[8:].equals(forked.history[8:])
    assert (model.setting.governance, forked.setting.governance) == ("contract", "relational")


def test_a_fork_may_change_a_parameter_and_the_months():
    model = lived(2)
    forked = model.fork(inflow=0.2, months=30)
    forked.run_to_end()
    assert forked.month == 30
    assert model.town.parameters["inflow"] != forked.town.parameters["inflow"] == 0.2


def test_a_fork_that_changes_nothing_known_is_refused():
    with pytest.raises(ScenarioError, match='"inflow"'):
        lived(1).fork(inflw=0.1)
    with pytest.raises(ScenarioError, match="contract"):
        lived(1).fork(governance="contrct")


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_a_fork_that_changes_nothing_lives_on_bit_for_bit_and_so_does_its_own_fork(engine: str):
    model = lived(5, setting="cost_of_living_2021", engine=engine)
    forked = model.fork()
    again = pickle.loads(pickle.dumps(forked.fork())).fork(
        shocks=model.setting.shocks, inflow=model.setting.parameter("inflow")
    )
    for each in (model, forked, again):
        each.run_to_end()
    assert first_difference(model.town, forked.town) is None
    assert first_difference(model.town, again.town) is None


def test_a_changed_fork_leaves_the_town_it_came_from_untouched():
    model, alone = (lived(5, setting="cost_of_living_2021") for _ in range(2))
    forked = model.fork(governance="relational", shocks=[Step("all", start=0, size=1.0)], inflow=0.3, rng=1)
    assert forked.engine is not model.engine
    forked.run_to_end()
    next(iter(forked.agents)).slack = 0.5
    model.run_to_end()
    alone.run_to_end()
    assert first_difference(model.town, alone.town) is None
    assert model.setting == alone.setting


def test_a_town_and_its_fork_share_all_luck_that_the_change_does_not_touch():
    model = lived(6)
    forked = model.fork(governance="relational")
    for each in (model, forked):
        each.step()
    assert (model.town.partners["outside_income"] == forked.town.partners["outside_income"]).all()
    other = model.fork(rng=99)
    for each in (model, other):
        each.step()
    assert (model.town.partners["outside_income"] != other.town.partners["outside_income"]).all()


def test_a_shock_that_is_taken_away_is_felt_no_more_and_one_that_is_added_is_felt_at_once():
    model = lived(6, setting=Scenario(shocks=(Step("energy", start=2, size=0.5),)))
    calm = model.fork(shocks=[])
    worse = model.fork(shocks=[*model.setting.shocks, Step("food", start=0, size=0.2)])
    same = model.fork(setting=model.setting)
    for each in (model, calm, worse, same):
        each.step()
    assert model.town.clock["household_energy"] == same.town.clock["household_energy"] == 1.5
    assert calm.town.clock["prices"].tolist() == [1.0] * 4
    assert worse.town.clock["prices"][:2].tolist() == [model.town.clock["prices"][0], 1.2]
    assert (calm.town.outside["household_energy"][:6] == model.town.outside["household_energy"][:6]).all()


def test_a_fork_takes_the_shocks_of_another_setting_and_nothing_else_of_it():
    model = lived(2, setting="calm", months=60)
    forked = model.fork(setting="wage_step")
    assert forked.setting == model.setting.with_(shocks=load_scenario("wage_step").shocks)
    with pytest.raises(ScenarioError, match="one of them"):
        model.fork(setting="calm", shocks=[])


def test_taking_away_a_shock_that_is_over_changes_nothing():
    shocks = (Pulse("budget", size=-0.1, start=1, length=4), Pulse("all", size=0.3, start=0, length=3))
    model = lived(6, setting=Scenario(shocks=shocks))
    forked = model.fork(shocks=[])
    untouched = model.town.outside.copy()
    untouched["settlement"][15] = forked.town.outside["settlement"][15]
    assert forked.town.outside.tobytes() == untouched.tobytes()
    later = lived(16, setting=Scenario(shocks=shocks))
    forked = later.fork(shocks=[])
    for each in (later, forked):
        each.run_to_end()
    assert first_difference(later.town, forked.town) is None


def test_a_cut_that_is_taken_away_is_made_good_in_the_next_april():
    model = lived(6, setting=Scenario(shocks=(Step("budget", size=-0.2, start=3),)))
    before = model.town.services["budget"].copy()
    restored, halved = model.fork(shocks=[]), model.fork(shocks=[Step("budget", size=-0.1, start=0)])
    for each in (restored, halved):
        each.run_to_end()
    assert restored.town.services["budget"] == pytest.approx(before / 0.8)
    assert halved.town.services["budget"] == pytest.approx(before / 0.8 * 0.9)


def test_a_shock_beyond_the_first_plan_is_felt_when_the_town_is_given_longer():
    model = lived(20, setting=Scenario())
    forked = model.fork(months=60, shocks=[Step("energy", start=50, size=0.5)])
    forked.run_to_end()
    assert forked.history.shape[0] == 60
    assert forked.town.outside["household_energy"][[49, 50]].tolist() == [1.0, 1.5]


def test_a_finished_town_can_be_copied_but_changed_only_with_more_months():
    model = small()
    model.run_to_end()
    assert first_difference(model.fork().town, model.town) is None
    with pytest.raises(ScenarioError, match="give months, more than 26"):
        model.fork(governance="relational")
    with pytest.raises(ScenarioError, match="has lived 26 already"):
        model.fork(months=25)
    longer = model.fork(governance="relational", months=30)
    longer.run_to_end()
    assert (longer.month, model.month) == (30, 26)


def test_an_intervention_is_what_a_fork_would_have_been():
    model = lived(5)
    forked = model.fork(governance="relational", inflow=0.04, shocks=[Step("food", start=8, size=0.3)])
    model.intervene(governance="relational", parameters={"inflow": 0.04}, shock=Step("food", start=8, size=0.3))
    for each in (model, forked):
        each.run_to_end()
    assert first_difference(model.town, forked.town) is None


def test_an_intervention_is_felt_from_the_next_month_and_seen_by_agents_and_graph():
    model = lived(5, governance="contract")
    tie = next(iter(model.agents_by_type[Agreement]))
    first = model.graph
    model.intervene(governance="relational")
    assert model.month == 5
    assert tie.openness == terms_for("relational")["openness"]
    assert model.graph is not first
    assert model.setting.governance == "relational"


def test_a_replaced_rule_can_be_put_in_and_taken_out_while_the_town_lives():
    def feel(resident, town):
        resident.wellbeing = 1.0

    model = lived(3, engine="plain")
    model.intervene(rules={"feel": feel})
    model.step()
    assert model.latest("wellbeing") == 1.0
    model.intervene(rules={})
    model.step()
    assert model.latest("wellbeing") != 1.0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"governance": "relational", "parameters": {"inflw": 0.1}}, '"inflow"'),
        ({"governance": "relational", "parameters": {"residents": 10}}, '"residents"'),
        ({"governance": "contrct", "parameters": {"inflow": 0.1}}, "contract"),
        ({"shock": Step("energy", start=900, size=0.1), "governance": "relational"}, "after the last month"),
        ({"rules": {"feeel": print}, "governance": "relational"}, '"feel"'),
        ({"rng": -1, "governance": "relational"}, "rng is -1"),
    ],
)
def test_an_intervention_that_does_not_fit_changes_nothing(given: dict[str, Any], said: str):
    model, alone = lived(2), lived(2)
    with pytest.raises(ValueError, match=said):
        model.intervene(**given)
    assert model.journal == alone.journal
    assert first_difference(model.town, alone.town) is None


def test_models_are_freed_when_nobody_holds_them():
    gone = []
    for _ in range(3):
        model = lived(2)
        assert len(model.agents)
        assert model.grid is not None
        gone.append(weakref.ref(model))
        del model
    gc.collect()
    assert [each() for each in gone] == [None, None, None]


def test_a_closed_model_with_agents_of_the_users_own_is_freed():
    class Visitor(mesa.Agent):
        pass

    model = lived(1)
    Visitor(model)
    model.close()
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_the_package_offers_the_model_by_name_and_refuses_other_names():
    assert simulation.CommunityModel is CommunityModel
    with pytest.raises(AttributeError, match="Nonsense"):
        simulation.Nonsense  # noqa: B018
