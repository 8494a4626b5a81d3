"""Regime maps: the line is where it is known to be, luck widens it, and neither governance is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from experiments.asking import AskingError, asking_of
from experiments.intervals import Numbers
from experiments.regimes import Axis, MapError, Regimes, regimes
from experiments.validation.boundaries import GAP, MARGIN
from experiments.validation.mapped import BOUGHT, RESERVES, RISE, known_line, known_map
from simulation.scenario import Scenario
from simulation.shocks import Step

AXES = (Axis("x", 0.0, 1.0), Axis("y", 0.0, 2.0))
OUTCOME = "wellbeing.shock"


def slope(luck: float = 0.0, turned: float = 1.0) -> Any:
    """A town in which the difference is x − y/2 and luck: the line runs from corner to corner."""

    def ask(places: Sequence[dict[str, Any]], replicates: Sequence[int]) -> Numbers:
        found = np.empty((len(places), len(replicates), 1))
        for row, place in enumerate(places):
            for column, replicate in enumerate(replicates):
                noise = luck * np.random.default_rng(replicate).normal()
                found[row, column, 0] = turned * (place["x"] - place["y"] / 2.0 + 0.003 + noise)
        return found

    return ask


def drawn(luck: float = 0.0, **options: Any) -> Regimes:
    return regimes(slope(luck), AXES, (OUTCOME,), **options)


@pytest.fixture(scope="module")
def known() -> Regimes:
    return known_map(grid=(5, 6), refine=1)


def test_in_the_quiet_town_the_line_is_where_arithmetic_puts_it(known: Regimes) -> None:
    """The fixed price is paid for T whole months, R/(x − m) ≤ T < R/(x − m) + 1, and the line is where T·x = G.

    So at the line G − x < R·x/(x − m) ≤ G. With ever shorter months that is x* = m·G/(G − R). The line was found
    to a hundredth of an axis, by asking the model's own rules at places that know nothing of the formula.
    """
    lines = known.lines[known.lines["along"] == RISE.name]
    assert len(lines) >= 5
    near = (RISE.high - RISE.low) / 100.0
    for line in lines.itertuples():
        paid = [float(line.at) * x / (x - MARGIN) for x in (line.crossing - near, line.crossing + near)]
        assert paid[1] <= GAP + 1e-6, "the open book should win beyond the line"
        assert paid[0] > GAP - line.crossing - 0.01, "the fixed price should win before it"
    small = lines[lines["at"] < 2.2]
    assert small["crossing"].to_numpy() == pytest.approx(known_line(small["at"].to_numpy()), abs=0.003)


def test_either_side_of_the_known_line_the_side_that_ought_to_win_wins(known: Regimes) -> None:
    """At every point of the map further from the line than the rounding of months: x in T·x."""
    table = known.table
    paid = table[RESERVES.name] * table[RISE.name] / (table[RISE.name] - MARGIN)
    assert (table["better"][paid > GAP] == "more under fixed price").all()
    assert (table["better"][paid < GAP - table[RISE.name]] == "more under open book").all()
    assert set(table["outcome"]) == {BOUGHT}


def test_where_reserves_outlast_the_gap_there_is_no_line() -> None:
    assert np.isinf(known_line(np.array([4.0, 5.0]))).all()
    assert known_line(np.array([2.0]))[0] == pytest.approx(0.08)


def test_the_line_is_found_to_a_hundredth_of_the_axis() -> None:
    lines = drawn().lines
    along = lines[lines["along"] == "x"]
    assert along["crossing"].to_numpy() == pytest.approx(along["at"].to_numpy() / 2.0 - 0.003, abs=0.01)
    up = lines[lines["along"] == "y"]
    assert up["crossing"].to_numpy() == pytest.approx(2.0 * (up["at"].to_numpy() + 0.003), abs=0.02)


def test_a_map_is_refined_near_the_line_and_nowhere_else() -> None:
    found = drawn(grid=(5, 5), refine=2)
    fine = np.array(found.sizes) < 1.0
    distance = np.abs(found.places[:, 0] - found.places[:, 1] / 2.0 + 0.003)
    assert fine.sum() > 20
    assert distance[fine].max() < 0.38  # a coarse cell on the line reaches this far
    assert len(found.places) < 17 * 17 / 2


def test_a_map_of_one_sign_is_not_refined_and_has_no_line() -> None:
    found = regimes(lambda places, pairs: np.ones((len(places), len(pairs), 1)), AXES, (OUTCOME,), grid=(3, 3))
    assert len(found.places) == 9
    assert found.lines.empty
    assert set(found.table["better"]) == {"relational"}


def test_a_map_stops_before_it_grows_larger_than_allowed_and_says_so() -> None:
    found = drawn(refine=4, most=60)
    assert len(found.places) <= 60
    assert "more than 60 points" in found.stopped_at


def test_luck_widens_the_stretch_in_which_nobody_can_tell() -> None:
    """Sixteen pairs with a spread of .1: half the interval is .1 × 2.13/4 = .053, and the slope is 1."""
    lines = drawn(0.1, pairs=16).lines
    along = lines[(lines["along"] == "x") & (lines["low"] > 0.0) & (lines["high"] < 1.0)]
    half = (along["high"] - along["low"]) / 2.0
    assert half.mean() == pytest.approx(0.053, rel=0.35)
    table = drawn(0.1, pairs=16).table
    undecided = table[table["better"] == "undecided"]
    assert (undecided["low"] <= 0.0).all()
    assert (undecided["high"] >= 0.0).all()
    assert len(undecided) > 3


def test_turning_the_governances_round_gives_the_same_map_with_the_names_exchanged() -> None:
    one = drawn(0.1)
    other = regimes(slope(0.1, -1.0), AXES, (OUTCOME,), first="relational", second="contract")
    assert np.array_equal(one.places, other.places)
    assert one.lines.equals(other.lines)
    assert list(one.table["better"]) == list(other.table["better"])


def test_less_of_what_is_bad_is_better() -> None:
    found = regimes(slope(), AXES, ("unmet_need.shock",))
    corner = found.table[(found.table["x"] == 1.0) & (found.table["y"] == 0.0)].iloc[0]
    assert corner["mean"] > 0.0
    assert corner["better"] == "contract"


def test_points_that_failed_are_undecided_and_kept() -> None:
    def ask(places: Sequence[dict[str, Any]], replicates: Sequence[int]) -> Numbers:
        found = slope()(places, replicates)
        found[[place["x"] > 0.9 for place in places]] = np.nan
        return np.asarray(found)

    found = regimes(ask, AXES, (OUTCOME,), failed=["x 1, pair 0: it broke"])
    lost = found.table[found.table["x"] > 0.9]
    assert (lost["pairs"] == 0).all()
    assert set(lost["better"]) == {"undecided"}
    assert found.failed


@pytest.mark.parametrize(
    ("axes", "options", "says"),
    [
        (AXES[:1], {}, "two axes"),
        ((AXES[0], AXES[0]), {}, "two axes"),
        ((Axis("x", 1.0, 0.0), AXES[1]), {}, "upwards"),
        (AXES, {"grid": (1, 5)}, "2 of each"),
        (AXES, {"pairs": 1}, "2 of each"),
    ],
)
def test_a_map_that_cannot_be_drawn_is_refused(axes: Sequence[Axis], options: dict[str, Any], says: str) -> None:
    with pytest.raises(MapError, match=says):
        regimes(slope(), axes, (OUTCOME,), **options)


# ---- asking real towns ------------------------------------------------------------------------------

SMALL = Scenario(residents=60, partners=8, months=30, shocks=(Step(("all",), size=0.3, start=25),), name="small")


def test_a_real_town_is_mapped_with_the_same_pairs_everywhere() -> None:
    ask = asking_of(SMALL, outcomes=("wellbeing.shock", "met_need_loss_area"))
    axes = (Axis("inflow", 0.01, 0.05), Axis("reserves_median", 0.5, 4.0))
    found = regimes(ask, axes, ask.outcomes, grid=(2, 2), refine=0, pairs=2)
    assert found.values.shape == (4, 2, 2)
    assert np.isfinite(found.values).all()
    again = ask([{"inflow": 0.01, "reserves_median": 0.5}], [1])
    assert again[0, 0] == pytest.approx(found.values[0, 1], abs=0.0)


def test_equal_governances_differ_nowhere() -> None:
    ask = asking_of(SMALL, {"one": "contract", "other": "contract"}, ("wellbeing.effect", "unmet_need.calm"))
    assert (ask([{"inflow": 0.02}], range(2)) == 0.0).all()


def test_an_outcome_that_no_town_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(AskingError, match=r"no outcome \"wellbing.shock\".*wellbeing.shock"):
        asking_of(SMALL, outcomes="wellbing.shock")
