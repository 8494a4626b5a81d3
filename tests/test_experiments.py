"""Comparisons: paired luck, honest intervals, resilience worked out by hand, folders that are whole."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import Comparison, compare, pairs, resilience, store
from experiments.intervals import intervals
from experiments.pairs import BEARERS, COST, PRIMARY, ComparisonError
from simulation.scenario import Scenario, ScenarioError, load_scenario
from tests.sweeping import fail_with_seed

SMALL: dict[str, Any] = {"residents": 60, "months": 54, "engine": "compiled", "workers": 1}
"""A town that is soon lived through."""


@pytest.fixture(scope="module")
def small() -> Comparison:
    return compare("wage_step", seeds=3, governances=["contract", "relational"], **SMALL)


# ---- pairs ------------------------------------------------------------------------------------------


def test_the_seed_of_a_replicate_depends_on_the_scenarios_seed_and_its_number_alone() -> None:
    assert pairs.seed_of(1, 0) == pairs.seed_of(1, 0)
    seeds = {pairs.seed_of(entropy, replicate) for entropy in range(20) for replicate in range(20)}
    assert len(seeds) == 400
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_every_run_of_a_replicate_has_the_same_seed(small: Comparison) -> None:
    assert small.runs.groupby("replicate")["seed"].nunique().eq(1).all()


def test_two_governances_with_the_same_dials_do_not_differ_by_a_single_bit() -> None:
    found = compare("wage_step", seeds=2, governances={"one": "relational", "other": {"base": "relational"}}, **SMALL)
    differences = found.table[found.table["quantity"].isin(["level", "buffer"])]
    assert (differences[["mean", "low", "high"]] == 0.0).all().all()


def test_without_a_shock_there_is_no_effect_and_nothing_to_bear() -> None:
    found = compare("calm", seeds=2, governances=["contract", "relational"], **SMALL)
    assert (found.table.loc[found.table["quantity"] == "effect", "mean"] == 0.0).all()
    assert found.who_bore_it["share"].isna().all()


def test_level_effect_and_buffer_are_differences_within_a_seed(small: Comparison) -> None:
    wide = small.runs.pivot(index="replicate", columns=["governance", "world"], values="unmet_need")
    effect = {name: wide[name, "shock"] - wide[name, "calm"] for name in ("contract", "relational")}
    level = wide["relational", "calm"] - wide["contract", "calm"]
    for quantity, wanted in (("level", level), ("buffer", effect["relational"] - effect["contract"])):
        found = small.estimate("relational", "unmet_need", quantity)
        assert found is not None
        assert found.mean == pytest.approx(wanted.mean(), abs=1e-15)
    assert small.first_look("relational", "unmet_need")[0].mean == pytest.approx(level.mean(), abs=1e-15)


def test_only_reported_months_count(small: Comparison) -> None:
    months = small.months
    reported = months[(months["run"] == 0) & (months["month"] >= 24)]
    assert small.runs.loc[0, "wellbeing"] == pytest.approx(reported["wellbeing"].mean())
    assert len(reported) == 30


def test_who_bore_it_adds_up_to_the_rise_to_the_penny(small: Comparison) -> None:
    for governance in small.governances:
        borne = small.borne(governance)
        assert sum(borne[who].pounds for who in BEARERS) == pytest.approx(borne[COST].pounds, abs=0.005)
        assert sum(borne[who].share for who in BEARERS) == pytest.approx(100.0, abs=1e-6)


def test_one_worker_and_several_give_the_same_rows() -> None:
    alone = compare("wage_step", seeds=2, governances=["contract", "relational"], **SMALL)
    together = compare("wage_step", seeds=2, governances=["contract", "relational"], **{**SMALL, "workers": 3})
    for table in ("runs", "months", "events", "table", "who_bore_it"):
        pd.testing.assert_frame_equal(getattr(alone, table), getattr(together, table), check_exact=True)


def test_threads_and_processes_give_the_same_rows() -> None:
    asked: dict[str, Any] = {"seeds": 1, "governances": ["contract"], "residents": 40, "months": 56, "workers": 2}
    in_processes = compare("wage_step", engine="plain", **asked)
    in_threads = compare("wage_step", engine="auto", **asked)
    pd.testing.assert_frame_equal(in_processes.months, in_threads.months, check_exact=True)


def test_a_run_that_fails_is_recorded_and_costs_only_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with_seed(pairs.seed_of(1, 1), monkeypatch)
    found = compare("wage_step", seeds=3, governances=["contract", "relational"], **SMALL)
    assert found.replicates == (0, 2)
    assert len(found.failures) == 4
    failed = found.runs[found.runs["error"] != ""]
    assert failed["replicate"].eq(1).all()
    assert failed["traceback"].str.contains("the roof fell in").all()
    assert found.table["seeds"].eq(2).all()


def test_an_interrupt_keeps_what_was_lived() -> None:
    def interrupt(progress: pairs.Progress) -> None:
        if progress.seeds == 2:
            raise KeyboardInterrupt

    found = compare("wage_step", seeds=50, governances=["contract", "relational"], tell=interrupt, **SMALL)
    assert found.stopped
    assert len(found.replicates) >= 2
    assert len(found.lived) < 200
    assert found.estimate("relational", "unmet_need", "level") is not None


def test_one_seed_has_no_interval() -> None:
    found = compare("wage_step", seeds=1, governances=["contract", "relational"], **SMALL)
    estimate = found.estimate("relational", "wellbeing", "level")
    assert estimate is not None
    assert not estimate.known
    assert not estimate.told_apart


@pytest.mark.parametrize("odd", [{"residents": 1, "neighbourhoods": 1}, {"partners": 0}, {"months": 25}])
def test_the_smallest_towns_can_be_compared(odd: dict[str, int]) -> None:
    found = compare("wage_step" if "months" not in odd else "calm", seeds=2, **{**SMALL, **odd})
    assert not found.failures
    primary = found.table[found.table["primary"]]
    assert np.isfinite(primary[["mean", "low", "high"]]).all().all()


def test_governances_may_be_names_numbers_and_dials() -> None:
    found = compare("wage_step", seeds=1, governances=["contract", 0.5, {"base": "relational", "term": 12}], **SMALL)
    assert list(found.governances) == ["contract", "0.5", "own dials 3"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"seeds": 0}, "at least 1"),
        ({"workers": 0}, "at least 1"),
        ({"governances": []}, "no governance"),
        ({"governances": ["contract", "contract"]}, "named twice"),
    ],
)
def test_what_cannot_be_compared_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ComparisonError, match=said):
        compare("calm", **asked)


def test_misspelt_names_are_met_with_the_nearest() -> None:
    with pytest.raises(ScenarioError, match='The nearest is "calm"'):
        compare("calmm")
    with pytest.raises(ScenarioError, match='The nearest is "relational"'):
        compare("calm", governances=["relatoinal"])
    with pytest.raises(ScenarioError, match='The nearest is "inflow"'):
        compare("calm", inflw=0.1)


# ---- intervals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [5, 30])
def test_nineteen_in_twenty_intervals_hold_the_true_mean(seeds: int) -> None:
    """With 400 columns the share covered has a standard error of .011: four of them either way."""
    values = np.random.default_rng(1).normal(2.0, 1.0, (seeds, 400))
    _, low, high, _ = intervals(values)
    assert 0.906 < np.mean((low <= 2.0) & (high >= 2.0)) < 0.994


def test_seeds_that_agree_have_an_interval_of_no_width() -> None:
    mean, low, high, sign = intervals(np.full((12, 1), -0.25))
    assert (mean[0], low[0], high[0], sign[0]) == (-0.25, -0.25, -0.25, 1.0)


def test_the_share_of_the_sign_counts_seeds_that_agree_with_the_mean() -> None:
    values = np.array([[1.0], [2.0], [-0.5], [0.0]])
    assert intervals(values)[3][0] == 0.5


# ---- resilience -------------------------------------------------------------------------------------

FALL_AND_RETURN = np.array([100.0, 96.0, 92.0, 95.0, 99.0, 97.0, 99.0, 99.0, 100.0, 101.0])


def test_performance_is_measured_against_the_calm_twin_month_by_month() -> None:
    curve = resilience.performance([4.0, 6.0, 0.0], [8.0, 6.0, 0.0])
    assert curve.tolist() == [50.0, 100.0, 100.0]


def test_a_curve_worked_out_by_hand() -> None:
    assert resilience.loss_area(FALL_AND_RETURN) == pytest.approx(22.0)
    assert resilience.depth(FALL_AND_RETURN) == 8.0
    assert [resilience.duration(FALL_AND_RETURN, drop) for drop in (1.0, 2.0, 5.0)] == [4.0, 4.0, 1.0]
    assert resilience.residual_loss(FALL_AND_RETURN, last=2) == -0.5


def test_a_recovery_must_hold_for_three_months() -> None:
    assert resilience.recovery(FALL_AND_RETURN, 2.0) == (4.0, False)  # month 4 is back, month 5 is not
    assert resilience.recovery(FALL_AND_RETURN[:8], 2.0) == (5.0, True)  # two good months are not enough


def test_a_town_that_never_fell_needs_no_time_to_recover() -> None:
    assert resilience.recovery(np.array([100.0, 99.5, 100.0]), 2.0) == (0.0, False)


def test_a_town_better_off_under_the_shock_has_a_negative_loss_and_no_depth() -> None:
    better = np.array([101.0, 102.0])
    assert resilience.loss_area(better) == -3.0
    assert resilience.depth(better) == 0.0


def test_censored_runs_keep_the_median_from_coming_early() -> None:
    seen = [resilience.Recovery(months, False) for months in (2.0, 4.0)]
    unseen = [resilience.Recovery(10.0, True) for _ in range(3)]
    assert resilience.median_recovery(seen) == 2.0
    assert resilience.median_recovery([*seen, *unseen]) is None
    assert resilience.median_recovery([*seen, resilience.Recovery(3.0, True)]) == 4.0


# ---- folders ----------------------------------------------------------------------------------------


def test_a_results_folder_is_whole_and_leaves_nothing_beside_it(small: Comparison, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "here"
    store.write(folder, small, lambda _: "<p>report</p>")
    written = {path.name for path in folder.iterdir()}
    assert written == set(store.FILES) - {store.RULES, store.PLAUSIBLE}
    assert [path.name for path in folder.parent.iterdir()] == ["here"]
    runs = pd.read_parquet(folder / "runs.parquet")
    pd.testing.assert_frame_equal(runs, small.runs, check_exact=True)
    months = pd.read_csv(folder / "months.csv.gz")
    pd.testing.assert_frame_equal(months, small.months, check_exact=True)


def test_a_folder_that_fails_to_be_written_is_not_there_at_all(small: Comparison, tmp_path: Path) -> None:
    def full(_: Comparison) -> str:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        store.write(tmp_path / "here", small, full)
    assert list(tmp_path.iterdir()) == []


def test_the_question_asks_itself_again(small: Comparison, tmp_path: Path) -> None:
    store.write(tmp_path / "here", small)
    question = store.read_question(tmp_path / "here" / store.QUESTION)
    assert question.scenario == small.scenario
    assert question.governances is not None
    again = compare(
        question.scenario, governances=question.governances, seeds=question.seeds or 0, engine="compiled", workers=1
    )
    pd.testing.assert_frame_equal(again.table, small.table, check_exact=True)


def test_own_dials_and_changed_parameters_survive_the_question(tmp_path: Path) -> None:
    governances = {"ours": {"base": "relational", "term": 12.0}, "theirs": "contract"}
    found = compare("wage_step", seeds=1, governances=governances, inflow=0.02, **SMALL)
    (tmp_path / "q.toml").write_text(store.question_text(found), encoding="utf-8")
    question = store.read_question(tmp_path / "q.toml")
    assert question.governances == governances
    assert question.scenario.parameters == {"inflow": 0.02}


def test_a_question_says_what_made_it(small: Comparison) -> None:
    made_with = tomllib.loads(store.question_text(small))["comparison"]["made_with"]
    assert {"kith", "model", "python", "numpy", "numba"} <= set(made_with)
    assert made_with["model"] == store.model_fingerprint()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("seeds = 0", "seeds is 0"),
        ('seeds = "many"', "seeds is 'many'"),
        ("sedes = 3", 'no key "sedes". The nearest is "seeds"'),
        ('governances = ["relatoinal"]', 'The nearest is "relational"'),
        ("governances = []", "must be a list of governances"),
        ('rules = "gone.py"', "no such file"),
    ],
)
def test_a_question_with_a_mistake_is_refused_with_its_place(line: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"months = 30\n[comparison]\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(said)):
        asked_again(file)


def asked_again(file: Path) -> Comparison:
    question = store.read_question(file)
    return compare(question.scenario, governances=question.governances or ["contract"])


@pytest.fixture
def kept(small: Comparison, tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    store.write(folder, small, lambda _: "report")
    return folder


def test_the_same_question_may_be_answered_again_in_its_folder(small: Comparison, kept: Path) -> None:
    (kept / "my notes.txt").write_text("mine")
    store.check_folder(kept, small)
    store.write(kept, small, lambda _: "anew")
    assert (kept / store.REPORT).read_text() == "anew"
    assert (kept / "my notes.txt").read_text() == "mine"


def test_another_question_needs_another_folder_or_a_word(small: Comparison, kept: Path) -> None:
    other = pairs.replace(small, seeds=5)
    with pytest.raises(store.FolderError, match="--replace"):
        store.check_folder(kept, other)
    store.check_folder(kept, other, replace=True)
    assert store.free_folder(kept, other) == kept.with_name("kept-2")
    assert store.free_folder(kept, small) == kept


def test_a_folder_of_somebody_elses_is_never_written_to(small: Comparison, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("precious")
    for replace in (False, True):
        with pytest.raises(store.FolderError, match=r"thesis\.docx"):
            store.check_folder(tmp_path, small, replace)
    with pytest.raises(store.FolderError, match="is a file"):
        store.check_folder(tmp_path / "thesis.docx", small)


def test_every_measure_has_a_place_in_the_comparison(small: Comparison) -> None:
    assert set(PRIMARY) <= set(small.table["measure"])
    known = {*pairs.BETTER_MORE, *pairs.BETTER_LESS}
    assert known <= set(pairs.NAMES)
    assert not set(pairs.BETTER_MORE) & set(pairs.BETTER_LESS)


def test_a_scenario_is_left_as_it_was() -> None:
    scenario = load_scenario("calm")
    before = scenario.to_toml()
    compare(scenario, seeds=1, governances=["contract"], **SMALL)
    assert scenario.to_toml() == before
    assert isinstance(scenario, Scenario)
