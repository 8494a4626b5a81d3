"""Sensitivity of the difference: a function whose shares are known, asked through a study, its rows and its pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("SALib", reason="sensitivity is SALib's, which comes with the extra analysis")

from experiments import sensitivity as asked
from experiments.designs import design_of, places_of
from experiments.differences import DifferenceError, Differences, differences_in, overall
from experiments.sensitivity import SensitivityError, luck_of, pawn, screening, sensitivity, shares
from experiments.study import Study
from experiments.study_file import study_from
from experiments.validation.oracles import ishigami_shares

OUTCOME = "wellbeing.shock"
LUCK = 3.0
"""Standard deviation of luck's part of a difference: its variance is 9, and the function's is 13.84."""


def study(kind: str, seeds: int = 3, **design: Any) -> Study:
    """Three parameters of the town, which here stand for three numbers from −π to π."""
    vary = {
        "inflow": {"low": 0.01, "high": 0.05},
        "margin": {"low": 0.0, "high": 0.1},
        "free_riders": {"low": 0.0, "high": 0.4},
    }
    table = {"setting": "calm", "governances": ["contract", "relational"], "seeds": seeds, "vary": vary}
    return study_from(table | {"design": {"kind": kind, **design}}, Path("ishigami.toml"))


def ishigami(points: pd.DataFrame, asked: Study) -> Any:
    """Ishigami's sin x₁ + 7 sin² x₂ + .1 x₃⁴ sin x₁, the ends of each being −π and π."""
    x = np.column_stack(
        [2.0 * np.pi * (points[one.name] - one.low) / (one.high - one.low) - np.pi for one in asked.varied]
    )
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def rows_with(asked: Study, luck: float = LUCK, shared: float = 0.0) -> pd.DataFrame:
    """Rows as a sweep leaves them, of towns in which relational less contract is Ishigami's function and luck.

    Luck that governance does not touch is large and cancels in a pair. `shared` luck is the same at every point, but
    for how much of it there is, which grows with the third parameter.
    """
    points = design_of(asked)
    draw = np.random.default_rng(5)
    many = (len(points), asked.seeds)
    common = 50.0 * draw.normal(size=many)
    place = (points.iloc[:, 3].to_numpy() - asked.varied[2].low) / (asked.varied[2].high - asked.varied[2].low)
    apart = luck * draw.normal(size=many) + shared * np.outer(0.5 + place, draw.normal(size=asked.seeds))
    parts = []
    for arm, values in (("contract", common), ("relational", common + ishigami(points, asked)[:, None] + apart)):
        part = points.loc[points.index.repeat(asked.seeds)].reset_index(drop=True)
        part["replicate"] = np.tile(np.arange(asked.seeds), len(points))
        parts.append(part.assign(governance=arm, status="lived", **{OUTCOME: values.ravel()}))
    return pd.concat(parts).sort_values(["point", "replicate"], kind="stable").reset_index(drop=True)


def answers(kind: str, luck: float = LUCK, shared: float = 0.0, seeds: int = 3, **design: Any) -> Differences:
    of = study(kind, seeds, **design)
    return differences_in(of, rows_with(of, luck, shared), OUTCOME)


def value(found: asked.Sensitivity, name: str, index: str) -> float:
    table = found.table
    return float(table[(table["name"] == name) & (table["index"] == index)]["value"].iloc[0])


@pytest.mark.parametrize(("luck", "shared"), [(0.0, 0.0), (LUCK, 0.0), (0.0, LUCK), (1.0, 1.0)])
def test_shares_of_ishigami_s_variance_come_out_of_the_whole_pipeline_however_much_luck_there_is(
    luck: float, shared: float
) -> None:
    """Within .05: luck's own uncertainty from 1,024 rows of the design and three pairs. Ratios are of the function."""
    found = shares(answers("saltelli", luck, shared, points=1024))
    known = ishigami_shares()
    expected = {("inflow", "first"): known["S1"], ("margin", "first"): known["S2"], ("free_riders", "first"): 0.0}
    expected |= {
        ("inflow", "total"): known["ST1"],
        ("margin", "total"): known["S2"],
        ("free_riders", "total"): known["ST3"],
    }
    for (name, index), share in expected.items():
        if shared and name == "free_riders":
            continue  # luck that grows with it has a mean of its own in three pairs
        assert value(found, name, index) == pytest.approx(share, abs=0.07 if shared else 0.05), (name, index)


def test_luck_s_share_is_what_it_is_with_two_pairs_as_with_eight() -> None:
    """The function's variance is 13.84 and luck's 9: 39% of a pair's variance is luck. Points are 5,120."""
    for seeds in (2, 8):
        luck = luck_of(answers("saltelli", seeds=seeds, points=1024).values)
        assert luck is not None
        assert luck.share == pytest.approx(9.0 / (9.0 + ishigami_shares()["V"]), abs=0.015)


def test_estimates_with_two_pairs_have_no_bias() -> None:
    """Mean over forty draws of luck within three standard errors of what the same design gives without any luck."""
    of = study("saltelli", 2, points=64)
    clean = differences_in(of, rows_with(of, luck=0.0), OUTCOME)
    noise = np.random.default_rng(2)
    drawn = []
    for _ in range(40):
        values = clean.values + LUCK * noise.normal(size=clean.values.shape)
        drawn.append(shares(replace(clean, values=values)).of("total").sort_values("name")["value"].to_numpy())
    truth = shares(clean).of("total").sort_values("name")["value"].to_numpy()
    error = np.std(drawn, axis=0, ddof=1) / np.sqrt(len(drawn))
    assert np.all(np.abs(np.mean(drawn, axis=0) - truth) < 3.0 * error + 0.02)  # a ratio: a little off at 64 rows
    naive = [
        shares(
            replace(
                clean, values=(clean.values + LUCK * noise.normal(size=clean.values.shape)).mean(axis=1, keepdims=True)
            )
        )
        for _ in range(5)
    ]
    third = np.mean([value(each, "free_riders", "total") for each in naive])
    assert third > value(shares(clean), "free_riders", "total") + 0.1  # what taking the mean alone would have said


def test_a_first_share_s_interval_covers_what_is_known() -> None:
    found = shares(answers("saltelli", points=1024)).table
    line = found[(found["name"] == "inflow") & (found["index"] == "first")].iloc[0]
    assert line["low"] < ishigami_shares()["S1"] < line["high"]
    assert line["high"] - line["low"] < 0.3


def test_pairs_that_matter_only_together_are_found() -> None:
    found = shares(answers("saltelli", luck=1.0, points=1024, second_order=True))
    assert value(found, "inflow × free_riders", "pair") == pytest.approx(ishigami_shares()["ST3"], abs=0.07)
    assert value(found, "inflow × margin", "pair") == pytest.approx(0.0, abs=0.07)


def test_luck_is_taken_apart_as_worked_out_by_hand() -> None:
    """Points 0 and 4, pairs ±1 at both alike: of the variance between points, 8, none is luck's; within, 2."""
    luck = luck_of(np.array([[-1.0, 1.0], [3.0, 5.0]]))
    assert luck == pytest.approx((8.0, 2.0))
    assert luck is not None
    assert luck.share == pytest.approx(0.2)
    assert luck_of(np.array([[1.0], [2.0]])) is None


def test_morris_gives_elementary_effects_as_worked_out_by_hand() -> None:
    """Four levels stand for −π, −π/3, π/3 and π, and a step is two of them, 2/3 of the range.

    x₂: 7 sin² is 0, 5.25, 5.25, 0, so every step is ±5.25/⅔ = ±7.875. x₁: a step of ±.866, times 1 + .1x₃⁴, which is
    10.74 or 1.12, over ⅔: 7.70 on average. x₃: .1·(π⁴ − (π/3)⁴)·.866/⅔ in the half of cases where sin x₁ ≠ 0: 6.25.
    """
    table = screening(answers("morris", luck=0.0, trajectories=120)).of("mu_star").set_index("name")
    assert table.loc["margin", "value"] == pytest.approx(7.875)
    assert table.loc["inflow", "value"] == pytest.approx(7.70, abs=1.2)
    assert table.loc["free_riders", "value"] == pytest.approx(6.25, abs=1.7)
    assert table["noise"].to_numpy() == pytest.approx(0.0, abs=1e-9)


def test_morris_says_how_large_an_effect_luck_alone_would_make() -> None:
    found = answers("morris", luck=0.5, seeds=4, trajectories=60)
    table = screening(found).of("mu_star")
    assert (table["value"] > 3.0 * table["noise"]).all()
    idle = replace(found, values=np.random.default_rng(1).normal(size=found.values.shape))
    noise = screening(idle).of("mu_star")
    assert np.allclose(noise["value"], noise["noise"], rtol=0.4)


def test_pawn_tells_what_matters_from_what_does_not() -> None:
    of = study("lhs", 2, points=400)
    found = differences_in(of, rows_with(of, 0.5), OUTCOME)
    told = pawn(found).table.set_index("name")
    assert told["value"].idxmax() == "margin"
    assert told.loc["inflow", "value"] > told.loc["inflow", "noise"]
    idle = replace(found, values=np.random.default_rng(3).normal(size=found.values.shape))
    noise = pawn(idle).table
    assert (noise["value"] < 1.6 * noise["noise"]).all()


@pytest.mark.parametrize(
    ("method", "kind", "design"),
    [("sobol", "lhs", {"points": 16}), ("morris", "saltelli", {"points": 8}), ("pawn", "morris", {"trajectories": 4})],
)
def test_a_method_refuses_a_design_it_was_not_made_for_and_says_which_suit(
    method: str, kind: str, design: dict[str, int]
) -> None:
    with pytest.raises(SensitivityError, match=rf"{method} cannot be asked of a {kind} design") as refused:
        sensitivity(answers(kind, **design), method)
    for suits in asked.SUITS[method]:
        assert f'kind = "{suits}"' in str(refused.value)


def test_a_grid_suits_no_analysis_and_is_told_so() -> None:
    found = replace(answers("lhs", points=16), design={"kind": "grid"})
    with pytest.raises(SensitivityError, match="a grid design does not suit"):
        sensitivity(found)


def test_each_design_has_its_own_method() -> None:
    chosen = {kind: asked.method_for(kind) for kind in ("morris", "saltelli", "lhs", "sobol", "grid", "list")}
    assert chosen == {
        "morris": "morris",
        "saltelli": "sobol",
        "lhs": "pawn",
        "sobol": "pawn",
        "grid": None,
        "list": None,
    }


def test_a_pair_that_failed_somewhere_is_left_out_everywhere_and_told() -> None:
    of = study("saltelli", 3, points=64)
    rows = rows_with(of)
    rows.loc[(rows["point"] == 7) & (rows["replicate"] == 1) & (rows["governance"] == "contract"), "status"] = "failed"
    found = differences_in(of, rows, OUTCOME)
    assert found.failed == ("point 7, pair 1, contract: failed",)
    told = shares(found)
    assert told.pairs == 2
    assert "1 of 3 pairs are left out" in told.notes[0]
    whole = replace(found, values=found.values[:, [0, 2]])
    pd.testing.assert_frame_equal(told.table, shares(whole).table)


def test_a_saltelli_design_with_a_hole_in_every_pair_is_refused_with_what_to_do() -> None:
    of = study("saltelli", 1, points=64)
    rows = rows_with(of)
    rows.loc[rows["point"] == 7, "status"] = "failed"
    with pytest.raises(SensitivityError, match=r"1 of 320 points have holes.*kith sweep"):
        shares(differences_in(of, rows, OUTCOME))


def test_pawn_leaves_a_failed_point_out_and_says_so() -> None:
    of = study("lhs", 1, points=100)
    rows = rows_with(of)
    rows.loc[rows["point"] == 7, "status"] = "failed"
    told = pawn(differences_in(of, rows, OUTCOME))
    assert any("1 of 100 points" in note for note in told.notes)


def test_one_pair_at_each_point_is_analysed_and_said_to_hold_luck() -> None:
    told = shares(answers("saltelli", seeds=1, points=64))
    assert told.luck is None
    assert "luck cannot be told" in told.notes[0]


def test_a_difference_that_never_changes_has_no_shares() -> None:
    found = answers("saltelli", points=64)
    with pytest.raises(SensitivityError, match="the same at every point"):
        shares(replace(found, values=np.full_like(found.values, 0.25)))


def test_naming_the_governances_the_other_way_round_turns_the_sign_and_no_share() -> None:
    found = answers("saltelli", points=64)
    turned = replace(found, values=-found.values, first="relational", second="contract")
    pd.testing.assert_frame_equal(shares(found).table, shares(turned).table)
    assert np.array_equal(found.winners, turned.winners * -1)


def test_an_outcome_that_is_not_there_is_refused_with_the_nearest() -> None:
    of = study("lhs", 1, points=16)
    with pytest.raises(DifferenceError, match=r'no outcome "welbeing.shock".*wellbeing.shock'):
        differences_in(of, rows_with(of), "welbeing.shock")


def test_what_the_shock_did_is_the_shocked_town_less_its_calm_twin() -> None:
    of = study("lhs", 2, points=16)
    rows = rows_with(of)
    rows["wellbeing.calm"] = rows[OUTCOME] - rows["margin"] * (rows["governance"] == "relational")
    found = differences_in(of, rows, "wellbeing.effect")
    assert np.allclose(found.means, found.points["margin"])


def test_the_overall_difference_says_how_sure_its_sign_is_and_how_many_pairs_it_takes() -> None:
    """Mean .5, one standard deviation 1: (1.96 + .84)² × 4 = 31.4, so 32 pairs; a tie needs no end of them."""
    values = np.array([[-0.5, 1.5, 0.5 + np.sqrt(1.0), 0.5 - np.sqrt(1.0)]])
    scaled = 0.5 + (values - 0.5) / (values - 0.5).std(ddof=1)
    found = replace(answers("lhs", points=16), points=design_of(study("lhs", points=16)).iloc[:1], values=scaled)
    told = overall(found)
    assert told.estimate.mean == pytest.approx(0.5)
    assert told.needed == 32
    assert told.chance == pytest.approx(0.805, abs=0.005)  # t of 1 with 3 degrees of freedom
    assert overall(replace(found, values=scaled - 0.5)).needed > 1e6


def test_places_of_a_study_stand_in_the_order_of_its_points() -> None:
    of = study("morris", trajectories=4)
    found = differences_in(of, rows_with(of), OUTCOME)
    assert np.array_equal(found.cube, places_of(of))
