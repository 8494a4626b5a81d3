"""Plausible towns: the same question put to each, summed up without a winner in mind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import Comparison, compare, plausible, store
from experiments.pairs import PRIMARY
from experiments.plausible import Ensemble, Plausible, PlausibleTown, ask_all, difference, in_town
from simulation.scenario import Scenario, ScenarioError
from viz.command import exit_code
from viz.report import headline_text, report_html

SMALL: dict[str, Any] = {"residents": 60, "months": 54, "engine": "compiled", "workers": 1}
SETS = ({"margin": 0.01, "inflow": 0.03}, {"margin": 0.05, "inflow": 0.02})


def an_ensemble(*sets: dict[str, float]) -> Ensemble:
    """Towns with these parameters."""
    towns = tuple(PlausibleTown(each, place, 0.0, 0.0, {}) for place, each in enumerate(sets))
    return Ensemble(towns, {}, {"model": store.model_fingerprint()})


@pytest.fixture(scope="module")
def small() -> Comparison:
    return compare("wage_step", seeds=3, governances=["contract", "relational"], **SMALL)


@pytest.fixture(scope="module")
def found(small: Comparison) -> Plausible:
    return ask_all(small, an_ensemble(*SETS), seeds=2, engine="compiled", workers=2)


def test_a_plausible_town_gives_what_a_comparison_with_its_parameters_gives(found: Plausible) -> None:
    alone = compare("wage_step", seeds=2, governances=["contract", "relational"], **SMALL, **SETS[1])
    for measure in PRIMARY:
        for quantity in ("level", "buffer"):
            usual = alone.estimate("relational", measure, quantity)
            ours = difference(found.comparisons[1], "relational", measure, quantity)
            assert (usual is None) == (ours is None)
            if usual is not None and ours is not None:
                assert ours == pytest.approx(usual.mean)


def test_median_and_range_are_over_towns_not_over_seeds(found: Plausible) -> None:
    each = [difference(one, "relational", "unmet_need", "level") for one in found.comparisons]
    across = found.across("relational", "unmet_need", "level")
    assert across is not None
    assert across.towns == 2
    assert (across.low, across.high) == (min(each), max(each))  # type: ignore[type-var]
    assert across.median == pytest.approx(np.mean(np.array(each, float)))


def test_where_every_town_is_the_default_one_every_sign_is_the_defaults(small: Comparison) -> None:
    same = ask_all(small, an_ensemble({}, {}), seeds=3, engine="compiled")
    for measure in PRIMARY:
        across = same.across("relational", measure, "buffer")
        usual = small.estimate("relational", measure, "buffer")
        assert across is not None
        assert usual is not None
        assert across.median == pytest.approx(usual.mean)
        assert across.same_sign == 1.0


def test_a_parameter_the_question_changes_is_not_taken_from_the_ensemble() -> None:
    asked = Scenario(parameters={"margin": 0.06})
    assert in_town(asked, SETS[0]).parameters == {"margin": 0.06, "inflow": 0.03}


def test_a_town_that_cannot_be_lived_is_left_out_of_the_median(found: Plausible) -> None:
    lived, failed = found.comparisons
    error = {number: each._replace(error="lost") for number, each in failed.lived.items()}
    fewer = replace(found, comparisons=(lived, replace(failed, lived=error)))
    across = fewer.across("relational", "unmet_need", "level")
    assert across is not None
    assert across.towns == 1


def test_an_ensemble_with_a_parameter_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "towns.toml"
    file.write_text(an_ensemble({"margin": 7.0}).to_toml())
    with pytest.raises(ScenarioError, match=r"town 1: margin is 7"):
        plausible.read_ensemble(file)


def test_the_terminal_and_the_report_tell_of_plausible_towns_when_asked_and_not_otherwise(
    small: Comparison, found: Plausible
) -> None:
    asked = replace(small, plausible=found)
    told = headline_text(asked)
    assert "Across 2 plausible towns" in told
    assert max(len(line) for line in told.split("\n")) <= 100
    assert "In other plausible towns" in report_html(asked)
    assert "plausible towns" not in headline_text(small)
    assert "In other plausible towns" not in report_html(small)


def test_towns_found_for_other_rules_are_called_so(small: Comparison, found: Plausible) -> None:
    old = replace(found, ensemble=replace(found.ensemble, made_with={"model": "another"}))
    assert "another version of the rules" in headline_text(replace(small, plausible=old))
    assert "another version of the rules" not in headline_text(replace(small, plausible=found))


def test_the_command_asks_plausible_towns_and_its_question_asks_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["--residents", "60", "--months", "54", "--engine", "compiled", "--governance", "contract"]
    asked = ["compare", "wage_step", *small, "--governance", "relational", "--seeds", "1", "--out", "first"]
    assert exit_code([*asked, "--plausible"]) == 0
    told = capsys.readouterr().out
    assert "plausible towns (5 seeds each" in told
    assert set(pd.read_csv("first/plausible.csv")["measure"]) == set(PRIMARY)
    assert exit_code(["compare", "first/question.toml", "--engine", "compiled", "--out", "again"]) == 0
    assert Path("again/plausible.csv").read_text() == Path("first/plausible.csv").read_text()
