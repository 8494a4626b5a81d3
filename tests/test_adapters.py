"""Other people's tools on the town as it is: each runs, and sees the same difference as Kith does."""

from __future__ import annotations

import csv
import inspect
import warnings
from pathlib import Path

import mesa
import numpy as np
import pandas as pd
import pytest

from experiments.adapters import HEADS, as_function, optuna_objective, to_behaviorspace, to_ema_model, to_salib_problem
from experiments.asking import AskingError
from simulation import CommunityModel
from simulation.measures import MEASURES
from simulation.scenario import SETTLING, Scenario
from simulation.shocks import Step

SMALL = Scenario(residents=50, partners=6, months=30, shocks=(Step(("all",), size=0.3, start=25),), name="small")
VARIED = {"inflow": (0.01, 0.05), "slow_months": (1, 6), "peer": ("random", "block")}


def test_a_vector_goes_in_and_the_difference_comes_out() -> None:
    function = as_function(SMALL, VARIED, "unmet_need.shock", pairs=2)
    assert function.names == ("inflow", "slow_months", "peer")
    assert function.bounds == [[0.01, 0.05], [1.0, 6.0], [0.0, 2.0]]
    one = function([0.03, 2.4, 0.9])
    assert isinstance(one, float)
    assert one == function(np.array([0.03, 2.0, 0.0]))  # a whole number is rounded, a choice is a place
    assert function([[0.03, 2.4, 0.9], [0.01, 2.0, 1.5]])[0] == one


def test_the_function_says_what_two_towns_lived_by_hand_say() -> None:
    from experiments.pairs import seed_of
    from simulation import run

    function = as_function(SMALL, ["inflow"], "wellbeing.shock", pairs=1)
    seed = seed_of(SMALL.seed, 0)
    lived = [
        run(SMALL.with_(governance=each, seed=seed, inflow=0.02)).history["wellbeing"][SETTLING:].mean()
        for each in ("contract", "relational")
    ]
    assert function([0.02]) == pytest.approx(lived[1] - lived[0], abs=1e-12)


def test_the_function_is_the_same_whoever_else_asks_and_with_any_number_of_workers() -> None:
    alone = as_function(SMALL, ["inflow"], pairs=2, workers=1)
    together = as_function(SMALL, ["inflow"], pairs=2, workers=2)
    assert alone([0.02]) == together([[0.05], [0.02]])[1]


@pytest.mark.parametrize(
    ("varied", "says"),
    [
        ({}, "nothing to vary"),
        (["inflw"], 'no parameter "inflw".*inflow'),
        (["spillover"], "a list of numbers"),
        ({"inflow": (0.01, 99.0)}, "inflow is 99"),
    ],
)
def test_what_cannot_be_varied_is_refused_before_any_town_is_lived(varied: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        as_function(SMALL, varied)  # type: ignore[arg-type]


def test_a_vector_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(AskingError, match="has 2 numbers; it needs 1: inflow"):
        as_function(SMALL, ["inflow"], pairs=1)([0.02, 1.0])


def test_salib_samples_the_town_and_analyses_it() -> None:
    sample = pytest.importorskip("SALib.sample.sobol", reason="SALib is not installed")
    from SALib.analyze import sobol

    function = as_function(SMALL, {"inflow": (0.01, 0.05), "reserves_median": (0.5, 4.0)}, "unmet_need.shock", pairs=1)
    problem = to_salib_problem(function)
    vectors = sample.sample(problem, 8, calc_second_order=False, seed=1)
    told = sobol.analyze(problem, function(vectors), calc_second_order=False, num_resamples=10, seed=1)
    assert told.to_df()[0].index.tolist() == ["inflow", "reserves_median"]
    assert np.isfinite(told["ST"]).all()


def test_ema_workbench_runs_experiments_on_the_town() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages it could use
        pytest.importorskip("ema_workbench", reason="ema_workbench is not installed")
        from ema_workbench import SequentialEvaluator

        function = as_function(SMALL, VARIED, "unmet_need.shock", pairs=2)
        with SequentialEvaluator(to_ema_model(function)) as evaluator:
            tried, told = evaluator.perform_experiments(scenarios=4)
    vectors = [[row.inflow, row.slow_months, VARIED["peer"].index(row.peer)] for row in tried.itertuples()]
    assert told["unmet_need_shock"] == pytest.approx(function(vectors), abs=1e-12)


def test_optuna_searches_for_where_either_governance_does_best() -> None:
    optuna = pytest.importorskip("optuna", reason="optuna is not installed")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    function = as_function(SMALL, VARIED, "unmet_need.shock", pairs=1)
    best = {}
    for direction in ("maximize", "minimize"):
        study = optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=1))
        study.optimize(optuna_objective(function), n_trials=4)
        best[direction] = study.best_trial
    top = best["maximize"]
    vector = [top.params["inflow"], top.params["slow_months"], VARIED["peer"].index(top.params["peer"])]
    assert top.value == pytest.approx(-function(vector), abs=1e-12)  # less unmet need is better
    assert best["minimize"].value < top.value


def test_an_outcome_of_which_nothing_is_better_is_no_objective() -> None:
    with pytest.raises(AskingError, match="no objective"):
        optuna_objective(as_function(SMALL, ["inflow"], "borne_by_staff.shock", pairs=1))


def test_mesa_s_batch_run_sees_the_same_difference() -> None:
    repeated = {"rng": [3]} if "rng" in inspect.signature(mesa.batch_run).parameters else {}
    parameters = {"setting": [SMALL], "governance": ["contract", "relational"], "inflow": [0.02]}
    if not repeated:
        parameters["rng"] = [3]  # type: ignore[list-item]
    rows = pd.DataFrame(
        mesa.batch_run(
            CommunityModel, parameters, number_processes=1, data_collection_period=1, display_progress=False, **repeated
        )
    )
    months = rows[rows["Step"].between(SETTLING + 1, 29)].groupby("governance")["wellbeing"].mean()
    from simulation import run

    lived = [
        run(SMALL.with_(governance=each, seed=3, inflow=0.02)).history["wellbeing"][SETTLING:29].mean()
        for each in ("contract", "relational")
    ]
    assert months["relational"] - months["contract"] == pytest.approx(lived[1] - lived[0], abs=1e-12)


def test_a_behaviorspace_table_is_read_as_netlogo_s_are(tmp_path: Path) -> None:
    """Six lines, then names in quotes, then a line a run: what NetLogo's own readers skip and expect."""
    rows = pd.DataFrame(
        {
            "row": [0, 1], "point": [0, 0], "governance": ["contract", "relational"], "replicate": [0, 0],
            "seed": [5, 5], "run_id": ["a", "b"], "status": ["lived", "failed"], "inflow": [0.02, 0.02],
            "wellbeing.shock": [7.5, np.nan], "met_need_loss_area": [3.0, np.nan], "error": ["", "it broke"],
        }
    )  # fmt: skip
    path = tmp_path / "table.csv"
    to_behaviorspace(rows, path, name="fuel", months=84)
    lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert lines[0][0].startswith("BehaviorSpace results")
    assert len(lines) == HEADS + 1 + 2
    table = pd.read_csv(path, skiprows=HEADS)
    assert list(table.columns) == [
        "[run number]", "point", "governance", "replicate", "seed", "status", "inflow", "[step]", "wellbeing.shock",
        "met_need_loss_area",
    ]  # fmt: skip
    assert table["[run number]"].tolist() == [1, 2]
    assert table["wellbeing.shock"].tolist()[0] == 7.5
    assert table["wellbeing.shock"].isna().tolist() == [False, True]
    assert "error" not in table.columns


def test_every_measure_of_the_town_may_be_asked_for() -> None:
    function = as_function(SMALL, ["inflow"], pairs=1)
    for world in ("shock", "calm", "effect"):
        for measure in MEASURES[:3]:
            as_function(SMALL, ["inflow"], f"{measure.__name__}.{world}", pairs=1)
    assert np.isfinite(function([0.02]))
