"""Corners: planted ones are found, in the same words for both governances, and none are found in luck."""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

from experiments import discovery as looked
from experiments.differences import Differences
from experiments.discovery import CART, PRIM, DiscoveryError, Side, discovery, within

WAYS = [
    pytest.param(PRIM, marks=pytest.mark.skipif(not find_spec("ema_workbench"), reason="ema_workbench is not there")),
    pytest.param(CART, marks=pytest.mark.skipif(not find_spec("sklearn"), reason="scikit-learn is not there")),
]


def planted(points: int = 300, luck: float = 0.3, pairs: int = 4) -> Differences:
    """Contract does better where reserves exceed 5 months and margins are at most .06; elsewhere relational does."""
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"point": np.arange(points)})
    table["reserves_median"] = draw.uniform(0.5, 8.0, points)
    table["margin"] = draw.uniform(0.0, 0.1, points)
    table["inflow"] = draw.uniform(0.0, 0.05, points)
    contract = (table["reserves_median"] > 5.0) & (table["margin"] <= 0.06)
    values = np.where(contract, -1.0, 1.0)[:, None] + luck * draw.normal(size=(points, pairs))
    return Differences(table, values, "wellbeing.shock", design={"kind": "lhs"})


@pytest.mark.parametrize("way", WAYS)
def test_a_planted_corner_is_found_and_told_in_plain_words(way: str) -> None:
    corner = next(each for each in discovery(planted(), [way]).corners if each.governance == "contract")
    sides = {side.name: side for side in corner.sides}
    assert set(sides) == {"reserves_median", "margin"}
    assert sides["reserves_median"].low == pytest.approx(5.0, abs=0.4)
    assert sides["margin"].high == pytest.approx(0.06, abs=0.015)
    assert "contract does better when" in corner.words()
    assert "reserves_median exceeds" in corner.words()
    assert corner.coverage > 0.9
    assert corner.density > 0.8
    assert corner.coverage_fresh > 0.8
    assert corner.density_fresh > 0.75


@pytest.mark.parametrize("way", WAYS)
def test_both_governances_are_looked_for_alike(way: str) -> None:
    found = planted()
    turned = replace(found, values=-found.values, first="relational", second="contract")
    one, other = (
        {each.words(): (each.coverage, each.density) for each in discovery(each, [way]).corners}
        for each in (found, turned)
    )
    assert one == other
    assert {words.split()[0] for words in one} == {"contract", "relational"}


@pytest.mark.parametrize("way", WAYS)
def test_an_outcome_of_which_less_is_better_turns_who_does_better(way: str) -> None:
    found = replace(planted(), outcome="unmet_need.shock")
    corner = next(each for each in discovery(found, [way]).corners if each.governance == "relational")
    assert {side.name for side in corner.sides} == {"reserves_median", "margin"}


@pytest.mark.parametrize("way", WAYS)
def test_words_are_told_as_words(way: str) -> None:
    found = planted()
    kinds = np.array(["small_world", "random", "block"])[np.arange(300) % 3]
    values = np.where(kinds == "block", -1.0, 1.0)[:, None] + np.zeros((300, 3))
    asked = replace(found, points=found.points.assign(kith=kinds), values=values)
    told = [each.words() for each in discovery(asked, [way]).corners if each.governance == "contract"]
    assert told == ["contract does better when kith is block"]


@pytest.mark.parametrize("way", WAYS)
def test_in_luck_alone_no_corner_is_found_that_holds_elsewhere(way: str) -> None:
    """Signs by lot at 300 points, five times: whatever is found falls apart on points kept back, nine times in ten."""
    left = []
    for seed in range(5):
        values = np.random.default_rng(seed).normal(size=(300, 1))
        left += discovery(replace(planted(), values=values), [way]).corners
    assert len(left) <= 1


def test_what_turns_the_sign_is_told() -> None:
    told = discovery(planted(), [CART] if find_spec("sklearn") else [])
    flips = told.flips.set_index("name")
    assert not flips.loc["inflow", "flips"]
    assert flips.loc["reserves_median", "low_third"] > flips.loc["reserves_median", "high_third"]
    turns = told.turns[told.turns["governance"] == "contract"]
    if len(turns):
        assert set(turns["name"]) == {"reserves_median", "margin"}
        assert turns["flips"].all()


def test_points_that_failed_are_left_out_and_told() -> None:
    found = planted()
    values = found.values.copy()
    values[[3, 5]] = np.nan
    told = discovery(replace(found, values=values), [])
    assert "2 of 300 points failed" in told.notes[0]
    assert sum(told.counts) == 298


def test_one_pair_at_each_point_is_told() -> None:
    told = discovery(planted(pairs=1), [])
    assert any("luck decides some of the signs" in note for note in told.notes)
    assert told.counts[1] == 0


def test_a_governance_that_never_does_better_is_told_so() -> None:
    told = discovery(replace(planted(), values=np.full((300, 3), 0.5)), [])
    assert "contract does better at none of the 300 points" in told.notes


def test_few_points_a_walk_along_edges_and_outcomes_without_a_better_are_refused() -> None:
    found = planted()
    with pytest.raises(DiscoveryError, match="too few"):
        discovery(found.only(np.arange(20)))
    with pytest.raises(DiscoveryError, match="Morris"):
        discovery(replace(found, design={"kind": "morris"}))
    with pytest.raises(DiscoveryError, match="neither more nor less is better"):
        discovery(replace(found, outcome="borne_by_staff.shock"))


def test_a_way_whose_package_is_missing_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked, "_there", lambda package: False)
    told = discovery(planted())
    assert told.corners == ()
    assert any("ema_workbench" in note for note in told.notes)
    assert any("scikit-learn" in note for note in told.notes)


@pytest.mark.parametrize(
    ("side", "words", "inside"),
    [
        (Side("margin", 0.2, np.inf), "margin exceeds 0.2", [False, True, True]),
        (Side("margin", -np.inf, 0.2), "margin is at most 0.2", [True, False, False]),
        (Side("margin", 0.2, 0.4), "margin is between 0.2 and 0.4", [False, True, False]),
    ],
)
def test_a_side_says_what_lies_within_it(side: Side, words: str, inside: list[bool]) -> None:
    table = pd.DataFrame({"margin": [0.2, 0.4, 0.5]})
    assert side.words().startswith(words)
    assert within(table, [side]).tolist() == inside


def test_nothing_of_other_packages_disturbs_whoever_looks() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        discovery(planted(60))
