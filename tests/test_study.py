"""Studies: what may be asked, how points are laid out, and what is said of what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.terms import GOVERNANCES
from experiments import pairs
from experiments.designs import design_of, places_of, points_in_design, problem_of, rows_in_design
from experiments.parts import open_folder, study_in
from experiments.study_file import SHIPPED, StudyError, load_study, study_from
from simulation.scenario import ScenarioError, load_scenario
from tests.sweeping import VARY, small_study


def test_the_study_that_comes_with_kith_loads_by_its_name() -> None:
    study = load_study("fuel_price")
    assert len(design_of(study)) == points_in_design(study) == 64
    assert rows_in_design(study) == 64 * 3 * study.seeds


def test_the_same_study_gives_the_same_points_and_another_seed_gives_others(tmp_path: Path) -> None:
    first, again = (small_study(tmp_path) for _ in range(2))
    assert design_of(first).equals(design_of(again))
    other = small_study(tmp_path, VARY + "seed = 2\n")
    assert not design_of(first).equals(design_of(other))


def test_a_grid_has_every_combination_once(tmp_path: Path) -> None:
    vary = """
    [vary]
    inflow = { low = 0.02, high = 0.03, steps = 3 }
    peer = { values = ["random", "block"] }
    residents = { values = [30, 60] }
    """
    design = design_of(small_study(tmp_path, vary))
    assert len(design) == 12
    assert not design.drop(columns="point").duplicated().any()
    assert sorted(set(design["inflow"])) == pytest.approx([0.02, 0.025, 0.03])
    assert list(design["point"]) == list(range(12))


def test_a_study_that_varies_nothing_has_one_point(tmp_path: Path) -> None:
    study = small_study(tmp_path, "")
    assert len(design_of(study)) == 1
    assert rows_in_design(study) == 2 * 3


def test_a_latin_hypercube_has_one_point_in_each_slice_of_each_range(tmp_path: Path) -> None:
    inflow = design_of(small_study(tmp_path))["inflow"].to_numpy()
    assert sorted(np.floor((inflow - 0.02) / 0.001).astype(int)) == list(range(10))


def test_whole_numbers_are_whole_and_each_is_as_likely(tmp_path: Path) -> None:
    vary = '[vary]\npartners = { low = 3, high = 6 }\n[design]\nkind = "lhs"\npoints = 400\n'
    many = design_of(small_study(tmp_path, vary))["partners"].value_counts()
    assert dict(many) == {3: 100, 4: 100, 5: 100, 6: 100}


@pytest.mark.parametrize(("kind", "more"), [("saltelli", "points = 8"), ("morris", "trajectories = 5")])
def test_points_of_an_analysis_stand_in_the_order_salib_wants_them(tmp_path: Path, kind: str, more: str) -> None:
    pytest.importorskip("SALib")
    vary = VARY.split("[design]", maxsplit=1)[0] + f'[design]\nkind = "{kind}"\n{more}\n'
    study = small_study(tmp_path, vary)
    cube = places_of(study)
    assert len(cube) == points_in_design(study) == len(design_of(study))
    assert np.allclose(design_of(study)["inflow"], 0.02 + 0.01 * cube[:, 0])
    assert problem_of(study)["names"] == ["inflow", "shock_size"]
    if kind == "saltelli":
        from SALib.analyze import sobol

        found = sobol.analyze(problem_of(study), design_of(study)["inflow"].to_numpy(), calc_second_order=False)
        assert found["ST"][1] == pytest.approx(0.0, abs=1e-12)


def test_a_list_is_taken_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("inflow,peer,contract.openness\n0.02,block,0.5\n0.03,random,0\n0.02,block,1\n")
    study = small_study(tmp_path, '[design]\nkind = "list"\nfile = "points.csv"\n')
    assert design_of(study).to_dict("list") == {
        "point": [0, 1, 2],
        "inflow": [0.02, 0.03, 0.02],
        "peer": ["block", "random", "block"],
        "contract.openness": [0.5, 0.0, 1.0],
    }
    open_folder(tmp_path / "kept", study)
    (tmp_path / "points.csv").unlink()
    assert study_in(tmp_path / "kept").key == study.key


# ---- what a point is --------------------------------------------------------------------------------


def test_a_dial_of_one_governance_leaves_the_other_alone(tmp_path: Path) -> None:
    study = small_study(tmp_path, '[vary]\n"contract.openness" = { values = [0.0, 0.7] }\n')
    held = {arm: study.scenario_at({"contract.openness": 0.7}, arm).terms()["agreement"] for arm in study.arms}
    assert held["contract"] == GOVERNANCES["contract"] | {"openness": 0.7}
    assert held["relational"] == GOVERNANCES["relational"]


def test_dials_without_quotes_and_of_all_governances(tmp_path: Path) -> None:
    study = small_study(tmp_path, "[vary]\ncontract.term = { values = [12, 24] }\ndials.sharing = { values = [0.3] }\n")
    assert [one.name for one in study.varied] == ["contract.term", "dials.sharing"]
    for arm in study.arms:
        assert study.scenario_at({"contract.term": 12.0, "dials.sharing": 0.3}, arm).terms()["peer"]["sharing"] == 0.3


def test_shocks_are_stretched_by_multiples_and_changed_one_by_one(tmp_path: Path) -> None:
    setting = """
    governances = ["contract", "relational"]
    [[setting.shocks]]
    shape = "pulse"
    component = "energy"
    size = 0.4
    length = 6
    start = 30
    [[setting.shocks]]
    history = "ons"
    start = 24
    [vary]
    shock_size = { low = 0, high = 2, steps = 3 }
    shock_length = { low = 0.5, high = 2, steps = 2 }
    shocks.1.start = { values = [24, 36] }
    """
    (tmp_path / "own.toml").write_text(setting)
    study = load_study(tmp_path / "own.toml")
    pulse, history = study.scenario_at(
        {"shock_size": 2.0, "shock_length": 0.5, "shocks.1.start": 36}, "contract"
    ).shocks
    assert (pulse.size, pulse.length, pulse.start) == (0.8, 3, 36)  # type: ignore[attr-defined]
    assert history.scale == 2.0  # type: ignore[attr-defined]
    none = study.scenario_at({"shock_size": 0.0}, "contract")
    assert np.allclose(none.shocks[0].path("energy", 84, 1), 1.0)


def test_seeds_are_those_of_a_comparison_and_do_not_depend_on_the_design(tmp_path: Path) -> None:
    study, other = small_study(tmp_path), small_study(tmp_path, "")
    assert [study.seed_of(each) for each in range(3)] == [pairs.seed_of(1, each) for each in range(3)]
    assert study.seed_of(2) == other.seed_of(2)


def test_rows_go_through_points_then_pairs_then_governances(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    places = [study.place_of(row) for row in range(rows_in_design(study))]
    assert places[:3] == [(0, 0, "contract"), (0, 0, "relational"), (0, 1, "contract")]
    assert len(set(places)) == len(places) == 60
    assert places == sorted(places)


def test_a_study_says_the_same_when_written_out_and_its_key_is_what_makes_the_rows(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    assert study_from(study.table(), tmp_path / "again.toml", study.rules).key == study.key
    assert small_study(tmp_path, VARY, 'question = "why?"\n').key == study.key
    assert small_study(tmp_path, VARY + "[analysis.own]\nmap = 3\n").key == study.key
    for more in (VARY.replace("2.0", "1.9"), VARY.replace("points = 10", "points = 11"), VARY + "seed = 2\n"):
        assert small_study(tmp_path, more).key != study.key


def test_what_an_analysis_of_ones_own_needs_is_kept_with_the_study(tmp_path: Path) -> None:
    assert small_study(tmp_path, VARY + '[analysis.own]\nmap = ["inflow", "shock_size"]\n').analysis == {
        "own": {"map": ["inflow", "shock_size"]}
    }


def test_a_setting_by_name_is_the_setting(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('setting = "wage_step"\n')
    study = load_study(tmp_path / "one.toml")
    assert study.scenario == load_scenario("wage_step")
    assert study.arms == pairs.FAIR_FIGHT


def test_looks_at_pairs_grow_and_end_with_the_most(tmp_path: Path) -> None:
    until = '[until]\noutcome = "wellbeing.effect"\nnarrower_than = 0.1\nat_least = 4\nat_most = 25\n'
    table = small_study(tmp_path).table()
    del table["seeds"]
    table["until"] = {"outcome": "wellbeing.effect", "narrower_than": 0.1, "at_least": 4, "at_most": 25}
    study = study_from(table, tmp_path / "until.toml")
    assert study.until is not None
    rounds = list(study.until.rounds())
    assert rounds == sorted(set(rounds))
    assert (rounds[0], rounds[-1]) == (4, 25)
    assert study.seeds == 25
    with pytest.raises(StudyError, match="keep one"):
        small_study(tmp_path, VARY + until)


# ---- what does not fit ------------------------------------------------------------------------------

LHS = '[design]\nkind = "lhs"\npoints = 4\n'
SLIPS: list[tuple[str, str, str]] = [
    ("", "[vary]\ninflwo = { low = 0, high = 1 }\n", 'nothing called "inflwo".*nearest is "inflow"'),
    ("", "[vary]\ninflow = { low = 0.03, high = 0.02 }\n" + LHS, "low is 0.03; it must lie below high"),
    ("", "[vary]\ninflow = { low = 0.02, high = 20 }\n" + LHS, "inflow is 20; it must lie between"),
    ("", "[vary]\ninflow = { low = 0.02 }\n" + LHS, "high is None; it must be a number"),
    ("", "[vary]\ninflow = { lo = 0.02, high = 0.03 }\n" + LHS, 'no "lo".*nearest is "low"'),
    ("", "[vary]\ninflow = 0.02\n", "must be .* low .* or .* values"),
    ("", "[vary]\ninflow = { values = [0.02, 0.02] }\n", "listed twice"),
    ("", '[vary]\npeer = { values = ["blok"] }\n', 'blok.*nearest is "block"'),
    ("", "[vary]\npeer = { low = 0, high = 1 }\n" + LHS, "no numbers between: give values, from small_world"),
    ("", "[vary]\nseed = { values = [1, 2] }\n", "every point has the same seeds"),
    ("", '[vary]\n"contract.opennes" = { values = [1] }\n', 'no dial "opennes".*nearest is "openness"'),
    ("", '[vary]\n"contract.openness" = { values = [7] }\n', "openness is 7; it must lie between 0 and 1"),
    ("", '[vary]\n"shocks.3.size" = { values = [1] }\n', "the setting has 2 shocks"),
    ("", '[vary]\n"shocks.1.sizes" = { values = [1] }\n', 'no number "sizes".*nearest is "size"'),
    ("", "[vary]\nshock_length = { values = [2] }\n", "no shock of this setting has a length"),
    ("", "[vary]\nshock_size = { low = 0, high = 40 }\n" + LHS, "shock_size = 40.*size is 3.92; it must lie"),
    ("", "[vary]\ninflow = { low = 0.02, high = 0.03 }\n", "a grid needs values, or low, high and steps"),
    ("", VARY.replace("lhs", "latin"), "kind is 'latin'; it must be one of grid, list"),
    ("", VARY.replace("points = 10", ""), "there is no points; a lhs needs a whole number"),
    ("", VARY.replace("lhs", "sobol"), "even at powers of two: 8 or 16"),
    ("", VARY + "levels = 4\n", 'no "levels": a lhs takes points, seed'),
    ("", LHS, "there is nothing to vary"),
    ("", '[design]\nkind = "list"\nfile = "none.csv"\n', "cannot be read: no such file"),
    ('outcomes = ["welbeing"]\n', "", 'no measure "welbeing".*nearest is "wellbeing"'),
    ("monthly = 1\n", "", "monthly is 1; it must be true or false"),
    ("months = 60\n", "", "belongs in \\[setting\\]"),
    ("points = 10\n", "", "belongs in the section \\[design\\]"),
    ('ruels = "r.py"\n', "", 'no key or section "ruels".*nearest is "rules"'),
    ('rules = "r.py"\n', "", "no such file beside this one"),
    ("", "[until]\noutcome = 'welbeing'\nnarrower_than = 1\n", 'outcome is .welbeing.*nearest is "wellbeing'),
    ("", "[until]\noutcome = 'wellbeing'\n", "narrower_than is None"),
]


@pytest.mark.parametrize(("top", "more", "said"), SLIPS)
def test_a_slip_is_told_with_its_file_and_what_is_allowed(tmp_path: Path, top: str, more: str, said: str) -> None:
    with pytest.raises(StudyError, match=rf"(?s)^small.toml: .*{said}"):
        small_study(tmp_path, more, top)


def test_every_slip_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as told:
        small_study(tmp_path, "[vary]\ninflwo = { values = [1] }\n", "monthly = 2\nevents = 3\n")
    assert len(str(told.value).split("\n")) == 3


def test_points_that_no_town_can_be_founded_on_are_refused_beforehand(tmp_path: Path) -> None:
    vary = "[vary]\nresidents = { values = [2, 60] }\nneighbourhoods = { values = [1, 3] }\n"
    with pytest.raises(StudyError, match="neighbourhoods is 3, more than the 2 residents"):
        small_study(tmp_path, vary)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no setting"),
        ('setting = "wage_stepp"', 'nearest is "wage_step"'),
        ('setting = "calm"\ngovernances = ["contracts"]', 'nearest is "contract"'),
        ('setting = "calm"\ngovernances = ["contract", "contract"]', "named twice"),
        ('setting = "calm"\nseeds = 0', "seeds is 0"),
        ("setting = [", "not well-formed TOML"),
    ],
)
def test_what_is_asked_of_must_be_there(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(StudyError, match=rf"bad.toml: .*{said}"):
        load_study(tmp_path / "bad.toml")


def test_a_study_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(StudyError, match='nearest is "fuel_price"'):
        load_study("fuel_prise")


def test_every_row_has_a_scenario(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    values: dict[str, Any] = design_of(study).drop(columns="point").iloc[3].to_dict()
    for arm in study.arms:
        scenario = study.scenario_at(values, arm)
        assert scenario.governance == arm
        assert scenario.parameters["inflow"] == values["inflow"]
    with pytest.raises(ScenarioError):
        study.scenario_at({"residents": 0}, "contract")


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.toml")), ids=lambda file: file.stem)
def test_a_study_that_comes_with_kith_can_be_asked(file: Path) -> None:
    if file.stem == "calibration":
        pytest.skip("asked by kith calibrate, and tested with it")
    study = load_study(file)
    assert len(design_of(study)) > 1
    assert study.question
    assert len(study.governances) == 3
