"""Attribution: shares worked out on paper, shares that add up, and dials that do nothing get nothing."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.terms import DIALS, GOVERNANCES, GROUPS
from experiments import Attribution, attribute, attribution, compare, pairs, store
from experiments.attribution import BUFFER, CELLS, FIRST_IN, INTERACTION, LAST_OUT, LEVEL, SHARE, TOTAL, shapley
from experiments.pairs import PRIMARY, ComparisonError
from tests.sweeping import fail_with_seed

SMALL: dict[str, Any] = {"residents": 60, "months": 54, "engine": "compiled", "workers": 1}
CLOSE: dict[str, Any] = {
    "near": "contract",
    "far": {"base": "contract", "openness": 0.5, "indexation": 1.0, "term": 60.0},
}
"""Two governances that differ in three dials of two groups: four coalitions, and as many ladders again."""


@pytest.fixture(scope="module")
def close() -> Attribution:
    return attribute("wage_step", governances=CLOSE, seeds=3, **SMALL)


# ---- the kernel -------------------------------------------------------------------------------------


def test_lc22_two_switches_that_help_each_other_share_what_they_add_together() -> None:
    """2A + 3B + 4AB: each gets its own and half of what they make together."""
    assert shapley(np.array([0.0, 2.0, 3.0, 9.0])).tolist() == [4.0, 5.0]


def in_every_order(values: list[float]) -> list[float]:
    """Shares by their definition: let the players join in every order, and take the mean of what each added."""
    players = (len(values) - 1).bit_length()
    added = [0.0] * players
    for order in permutations(range(players)):
        inside = 0
        for player in order:
            added[player] += values[inside | 1 << player] - values[inside]
            inside |= 1 << player
    return [each / math.factorial(players) for each in added]


GAMES = st.integers(0, 5).flatmap(lambda n: st.lists(st.floats(-1e3, 1e3), min_size=2**n, max_size=2**n))


@given(GAMES)
def test_shares_are_the_mean_over_every_order_of_joining(values: list[float]) -> None:
    assert shapley(np.array(values)).tolist() == pytest.approx(in_every_order(values), abs=1e-9)


@given(GAMES)
def test_shares_add_up_to_the_whole(values: list[float]) -> None:
    assert shapley(np.array(values)).sum() == pytest.approx(values[-1] - values[0], abs=1e-9)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5))
def test_where_players_only_add_up_each_gets_what_it_adds(worth: list[float]) -> None:
    values = [sum(w for place, w in enumerate(worth) if c >> place & 1) for c in range(2 ** len(worth))]
    assert shapley(np.array(values)).tolist() == pytest.approx(worth, abs=1e-9)


@given(GAMES.filter(lambda values: len(values) < 32), st.integers(0, 4))
def test_a_player_that_never_changes_anything_gets_exactly_nothing(values: list[float], place: int) -> None:
    players = (len(values) - 1).bit_length()
    place = min(place, players)
    low = (1 << place) - 1
    wider = [values[(c & low) | (c >> 1 & ~low)] for c in range(2 * len(values))]
    shares = shapley(np.array(wider))
    assert shares[place] == 0.0
    assert np.delete(shares, place) == pytest.approx(shapley(np.array(values)), abs=1e-9)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=6))
def test_players_that_do_the_same_get_the_same(by_size: list[float]) -> None:
    players = len(by_size) - 1
    shares = shapley(np.array([by_size[c.bit_count()] for c in range(2**players)]))
    assert shares == pytest.approx(np.full(players, (by_size[-1] - by_size[0]) / players), abs=1e-9)


def test_every_column_is_shared_out_by_itself() -> None:
    values = np.random.default_rng(1).normal(size=(8, 4, 3))
    one_by_one = [[shapley(values[:, seed, cell]) for cell in range(3)] for seed in range(4)]
    np.testing.assert_array_equal(shapley(values), np.array(one_by_one).transpose(2, 0, 1))


@pytest.mark.parametrize("many", [0, 3, 6])
def test_a_set_of_coalitions_that_is_not_whole_is_refused(many: int) -> None:
    with pytest.raises(ValueError, match=f"there are {many} coalitions"):
        shapley(np.zeros(many))


# ---- groups and mixtures ----------------------------------------------------------------------------


def test_every_dial_is_in_exactly_one_group_and_no_group_is_called_like_a_dial() -> None:
    assert sorted(dial for dials in GROUPS.values() for dial in dials) == sorted(DIALS)
    assert not set(GROUPS) & set(DIALS)


def test_a_coalition_holds_its_own_groups_dials_as_the_second_and_all_others_as_the_first() -> None:
    found = Attribution(pairs.load_scenario("calm"), {"contract": "contract", "relational": "relational"}, 1)
    coalitions = found.between.coalitions
    assert len(coalitions) == len(set(coalitions)) == 2**7
    for number, mixture in enumerate(coalitions):
        dials = found.between.held(mixture)["agreement"]
        for place, group in enumerate(GROUPS):
            whose = GOVERNANCES["relational" if number >> place & 1 else "contract"]
            assert {dial: dials[dial] for dial in GROUPS[group]} == {dial: whose[dial] for dial in GROUPS[group]}


def test_only_what_differs_is_lived_and_nothing_twice(close: Attribution) -> None:
    assert close.between.dials == ("indexation", "openness", "term")
    assert list(close.between.groups) == ["prices", "tenure"]
    wanted = [set(), {"indexation", "openness"}, {"term"}, {"indexation", "openness", "term"}]
    wanted += [{"indexation"}, {"openness"}, {"openness", "term"}, {"indexation", "term"}]
    assert {frozenset(each) for each in wanted} == set(close.mixtures)
    assert len(close.mixtures) == len(wanted)
    assert close.cost is not None
    assert close.cost.towns == len(wanted) * 2 * 3


def test_without_a_shock_only_the_calm_world_is_lived() -> None:
    found = attribute("calm", governances=CLOSE, seeds=1, **SMALL)
    assert found.cost is not None
    assert found.cost.towns == 8
    assert (found.shares.loc[found.shares["quantity"] == BUFFER, "mean"] == 0.0).all()


def test_layers_may_be_held_differently() -> None:
    mixed = {"agreement": "contract", "peer": {"base": "contract", "sharing": 0.9}}
    found = attribute("wage_step", governances={"alike": "contract", "mixed": mixed}, seeds=1, **SMALL)
    assert found.between.dials == ("sharing",)
    held = found.between.held(frozenset({"sharing"}))
    assert (held["agreement"]["sharing"], held["peer"]["sharing"]) == (0.2, 0.9)


# ---- shares of a town -------------------------------------------------------------------------------


def test_shares_add_up_to_the_difference_in_every_seed_and_in_the_mean(close: Attribution) -> None:
    np.testing.assert_allclose(sum(close.shares_by_seed.values()), close.total_by_seed, rtol=0, atol=1e-9)
    means = close.shares.groupby(["quantity", "measure"])["mean"].sum()
    totals = close.totals.set_index(["quantity", "measure"])["mean"]
    pd.testing.assert_series_equal(means, totals.sort_index(), rtol=0, atol=1e-9, check_names=False)
    assert np.abs(close.total_by_seed).max() > 0.0


def test_the_whole_is_what_a_comparison_of_the_two_finds(close: Attribution) -> None:
    beside = compare("wage_step", governances=CLOSE, seeds=3, **SMALL)
    for quantity, measure in CELLS:
        if quantity in (LEVEL, BUFFER):
            mine, wanted = close.estimate(TOTAL, "", quantity, measure), beside.estimate("far", measure, quantity)
            assert mine is not None
            assert tuple(mine) == pytest.approx(tuple(wanted or ()), abs=1e-9)


def test_every_primary_outcome_has_shares_of_what_can_be_said_of_it(close: Attribution) -> None:
    found = close.shares[close.shares["primary"]].groupby("measure")["quantity"].unique()
    assert set(found.index) == set(PRIMARY)
    for measure, quantities in found.items():
        assert list(quantities) == (["buffer"] if measure.endswith("loss_area") else ["level", "buffer", "under_shock"])


def test_level_and_buffer_of_a_share_make_up_its_share_under_the_shock(close: Attribution) -> None:
    wide = close.shares.pivot(index=["name", "measure"], columns="quantity", values="mean").dropna()
    assert (wide["level"] + wide["buffer"]).to_numpy() == pytest.approx(wide["under_shock"].to_numpy(), abs=1e-9)


def test_groups_in_which_the_two_do_not_differ_get_exactly_nothing(close: Attribution) -> None:
    idle = ~close.shares["name"].isin(["prices", "tenure"])
    assert idle.sum() == 5 * len(CELLS)
    assert (close.shares.loc[idle, ["mean", "low", "high"]] == 0.0).all().all()
    still = close.ladders["name"].isin(["renewal", "sharing", "penalty"])
    assert (close.ladders.loc[still, ["mean", "low", "high"]] == 0.0).all().all()


def test_equal_dials_under_two_names_leave_nothing_to_share_out() -> None:
    found = attribute("wage_step", governances={"one": "contract", "other": {"base": "contract"}}, seeds=2, **SMALL)
    assert found.mixtures == [frozenset()]
    assert (found.table[["mean", "low", "high"]] == 0.0).all().all()


def test_swapping_the_two_turns_every_sign_and_nothing_else(close: Attribution) -> None:
    turned = attribute("wage_step", governances=dict(reversed(CLOSE.items())), seeds=3, **SMALL)
    for group, values in close.shares_by_seed.items():
        np.testing.assert_allclose(turned.shares_by_seed[group], -values, rtol=0, atol=1e-9)


def test_with_two_groups_a_share_lies_midway_between_moving_first_and_moving_last(close: Attribution) -> None:
    for measure in PRIMARY:
        share, first, last, interaction = (
            close.estimate(step, "prices", BUFFER, measure) for step in (SHARE, FIRST_IN, LAST_OUT, INTERACTION)
        )
        assert share is not None
        assert first is not None
        assert last is not None
        assert interaction is not None
        assert share.mean == pytest.approx((first.mean + last.mean) / 2, abs=1e-12)
        assert interaction.mean == pytest.approx(last.mean - first.mean, abs=1e-12)


def test_a_ladder_is_the_difference_between_two_towns_that_can_be_compared(close: Attribution) -> None:
    """Moved first: against the first governance. Moved last: the second, against itself without that dial."""
    first = compare(
        "wage_step", governances={"c": "contract", "o": {"base": "contract", "openness": 0.5}}, seeds=3, **SMALL
    )
    without = {**CLOSE["far"], "openness": 0.0}
    last = compare("wage_step", governances={"without": without, "far": CLOSE["far"]}, seeds=3, **SMALL)
    for step, beside, name in ((FIRST_IN, first, "o"), (LAST_OUT, last, "far")):
        for quantity in (LEVEL, BUFFER):
            mine, wanted = (
                close.estimate(step, "openness", quantity, "public_cost"),
                beside.estimate(name, "public_cost", quantity),
            )
            assert mine is not None
            assert tuple(mine) == pytest.approx(tuple(wanted or ()), abs=1e-9)


def test_a_group_of_one_dial_has_one_ladder(close: Attribution) -> None:
    named = close.ladders[["of", "name"]].drop_duplicates()
    assert named["name"].is_unique
    assert set(named.loc[named["of"] == "dial", "name"]) == set(DIALS)
    assert set(named.loc[named["of"] == "group", "name"]) == {"prices", "checks", "tenure"}


# ---- running ----------------------------------------------------------------------------------------


def test_one_worker_and_several_give_the_same_tables(close: Attribution) -> None:
    together = attribute("wage_step", governances=CLOSE, seeds=3, **{**SMALL, "workers": 3})
    pd.testing.assert_frame_equal(close.table, together.table, check_exact=True)
    pd.testing.assert_frame_equal(close.runs, together.runs, check_exact=True)


def test_an_interrupt_keeps_the_seeds_that_are_complete() -> None:
    def interrupt(progress: pairs.Progress) -> None:
        if progress.seeds == 2:
            raise KeyboardInterrupt

    found = attribute("wage_step", governances=CLOSE, seeds=40, tell=interrupt, **SMALL)
    assert found.stopped
    assert found.replicates == (0, 1)
    assert found.shares["seeds"].eq(2).all()


def test_what_it_takes_is_told_before_the_most_of_it_is_lived() -> None:
    told: list[Any] = []

    def stop(cost: attribution.Cost) -> None:
        told.append(cost)
        raise KeyboardInterrupt

    found = attribute("wage_step", governances=CLOSE, seeds=30, tell_cost=stop, **SMALL)
    assert told[0].towns == 8 * 2 * 30
    assert told[0].seconds > 0.0
    assert found.cost == told[0]
    assert 0 < len(found.found) <= attribution.PILOT + 1
    assert found.replicates == ()


def test_a_run_that_fails_is_recorded_and_costs_only_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with_seed(pairs.seed_of(1, 1), monkeypatch)
    found = attribute("wage_step", governances=CLOSE, seeds=3, **SMALL)
    assert found.replicates == (0, 2)
    assert len(found.failures) == 16
    assert found.runs["error"].str.contains("the roof fell in").sum() == 16


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"governances": ["contract"]}, "there are 1 governances"),
        ({"governances": ["contract", "relational", "spot"]}, "there are 3 governances"),
        ({"governances": ["contract", "contract"]}, "named twice"),
        ({"seeds": 0}, "at least 1"),
        ({"workers": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ComparisonError, match=said):
        attribute("calm", **asked)


# ---- folders ----------------------------------------------------------------------------------------


def test_a_results_folder_is_whole_and_its_question_asks_itself_again(close: Attribution, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    attribution.write(folder, close, lambda _: "<p>page</p>")
    assert {path.name for path in folder.iterdir()} == set(store.ATTRIBUTION) - {store.RULES}
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "attribution.parquet"), close.table, check_exact=True)
    question = store.read_question(folder / store.QUESTION)
    assert question.verb == "attribute"
    again = attribute(
        question.scenario,
        governances=question.governances or {},
        seeds=question.seeds or 0,
        engine="compiled",
        workers=1,
    )
    pd.testing.assert_frame_equal(again.table, close.table, check_exact=True)


def test_a_comparison_and_an_attribution_of_the_same_two_keep_folders_of_their_own(
    close: Attribution, tmp_path: Path
) -> None:
    beside = compare("wage_step", governances=CLOSE, seeds=3, **SMALL)
    folder = tmp_path / "here"
    store.write(folder, beside, lambda _: "report")
    with pytest.raises(store.FolderError, match="--replace"):
        store.check_folder(folder, close)
    store.check_folder(folder, close, replace=True)
    attribution.write(folder, close, lambda _: "page")
    assert {path.name for path in folder.iterdir()} == set(store.ATTRIBUTION) - {store.RULES}
    store.check_folder(folder, close)
