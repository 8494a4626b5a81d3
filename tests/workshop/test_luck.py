"""The luck badge: other pairs live what a comparison would live, and its verdict is theirs."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from experiments.pairs import seed_of
from simulation.run import run
from viz.workshop import luck
from viz.workshop.frames import outcomes
from viz.workshop.luck import AT_ONCE, FEWEST, Shadows, fan, shadow_of, so_far
from viz.workshop.plan import LARGEST_SEED, Act, Plan, Side
from viz.workshop.towns import TwoTowns

SMALL = Plan(residents=100, right=Side("spot"))
LAST = SMALL.months - 1
UNMET = "unmet_need"


def lived(plan, pairs=8):
    shadows = Shadows(plan, outcomes(), pairs)
    assert shadows.wait(120)
    return shadows


def told(shadows, outcome, month=LAST):
    towns = TwoTowns(shadows.plan, month, engine="compiled", remember=False)
    left, right = towns.history((outcome,))
    return fan(shadows, outcome, month, (right - left)[:, 0])


def bare_threads():
    return [thread for thread in threading.enumerate() if thread.name == "kith-luck"]


def test_other_pairs_are_the_pairs_that_a_comparison_lives():
    shadows = lived(SMALL, 2)
    found = shadows.differences(UNMET)
    for pair in range(2):
        seed = seed_of(SMALL.seed, pair) % LARGEST_SEED
        left, right = (
            run(SMALL.scenario(side).with_(seed=seed), engine="compiled").rows[UNMET][SMALL.first :]
            for side in ("left", "right")
        )
        assert found[pair].tolist() == so_far(right - left).tolist()


def test_each_of_them_has_luck_of_its_own_and_lives_the_same_plan():
    plan = replace(SMALL, acts=(Act(30, "shock", name="energy", value=0.5),))
    found = [shadow_of(plan, pair) for pair in range(50)]
    assert len({each.seed for each in found} | {plan.seed}) == 51
    assert {replace(each, seed=plan.seed) for each in found} == {plan}


def test_one_governance_twice_is_told_as_the_same():
    plan = replace(SMALL, left=Side("relational"), right=Side("relational"))
    for outcome in outcomes():
        found = told(lived(plan, FEWEST), outcome)
        assert (found["verdict"], found["now"]) == ("same", 0.0)


def test_a_plain_effect_is_told_as_an_effect():
    plan = replace(SMALL, left=Side("contract"), right=Side("contract", (("inflow", 0.05),)))
    found = told(lived(plan), UNMET)
    assert (found["verdict"], found["sign"], found["agree"]) == ("effect", 1, 8)
    low, high = found["interval"]
    assert 0.0 < low < found["mean"] < high


def test_a_difference_of_next_to_nothing_is_told_as_luck():
    plan = replace(SMALL, right=Side("contract", (("monitoring", 0.49),)))
    found = told(lived(plan), UNMET)
    assert found["verdict"] in ("luck", "same")
    assert found["verdict"] == "same" or found["needed"] > 8


@pytest.mark.parametrize("outcome", outcomes())
def test_it_does_not_matter_which_town_stands_on_the_left(outcome):
    one = told(lived(replace(SMALL, left=Side("contract"), right=Side("spot"))), outcome)
    other = told(lived(replace(SMALL, left=Side("spot"), right=Side("contract"))), outcome)
    for key in ("verdict", "agree", "like_here", "ready", "of", "better", "needed"):
        assert one[key] == other[key], key
    assert one["now"] == -other["now"]
    assert one["sign"] == -other["sign"]
    assert one["mean"] == pytest.approx(-other["mean"])
    assert np.allclose(one["interval"], [-end for end in reversed(other["interval"])], rtol=0.15)
    assert np.allclose(one["low"], [-end for end in other["high"]], atol=2e-6)


def test_nothing_is_said_while_too_few_pairs_are_ready():
    shadows = lived(SMALL, FEWEST - 1)
    found = told(shadows, UNMET)
    assert (found["verdict"], found["ready"], found["low"]) == ("unsure", FEWEST - 1, [])


def test_the_fan_goes_from_the_first_month_shown_to_the_one_on_the_screen():
    shadows = lived(SMALL, FEWEST)
    for month in (SMALL.first, 40, LAST):
        found = told(shadows, UNMET, month)
        assert {len(found[line]) for line in ("low", "mid", "high", "here")} == {month - SMALL.first + 1}
        assert all(low <= mid <= high for low, mid, high in zip(found["low"], found["mid"], found["high"], strict=True))


def test_the_fan_at_a_month_does_not_know_what_comes_after():
    shadows = lived(SMALL, FEWEST)
    early, late = told(shadows, UNMET, 40), told(shadows, UNMET, LAST)
    assert late["mid"][: len(early["mid"])] == early["mid"]


def test_a_shadow_that_is_stopped_ends_soon_and_lets_the_next_one_live():
    before = len(bare_threads())
    large = Shadows(replace(SMALL, residents=3000), outcomes(), 24)
    waiting = Shadows(replace(SMALL, residents=3000, seed=2), outcomes(), 24)
    time.sleep(0.3)
    began = time.perf_counter()
    large.stop()
    waiting.stop()
    assert large.wait(5)
    assert waiting.wait(5)
    assert time.perf_counter() - began < 5.0
    assert large.ready < 24
    assert len(bare_threads()) == before
    assert lived(SMALL, 1).ready == 1


def test_no_more_pairs_are_lived_at_once_than_there_are_processors_for(monkeypatch):
    now, most, lock = [0], [0], threading.Lock()

    class Counted(TwoTowns):
        def __init__(self, *given, **more):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            super().__init__(*given, **more)

        def close(self):
            super().close()
            with lock:
                now[0] -= 1

    monkeypatch.setattr(luck, "TwoTowns", Counted)
    many = [Shadows(replace(SMALL, seed=seed), outcomes(), 1) for seed in range(6)]
    assert all(each.wait(60) for each in many)
    assert (now[0], most[0]) == (0, min(6, AT_ONCE._initial_value))


def test_what_goes_wrong_in_one_of_them_is_told_to_whoever_waits(monkeypatch):
    class Failing(TwoTowns):
        def step(self):
            raise RuntimeError("a rule")

    monkeypatch.setattr(luck, "TwoTowns", Failing)
    shadows = Shadows(SMALL, outcomes(), 3)
    with pytest.raises(RuntimeError, match="a rule"):
        shadows.wait(30)
    assert shadows.ready == 0


def test_each_one_that_is_ready_is_told_of():
    ready = []
    shadows = Shadows(SMALL, outcomes(), 4, lambda: ready.append(1))
    assert shadows.wait(60)
    assert len(ready) == shadows.ready == 4


def test_they_keep_no_process_from_ending():
    shadows = Shadows(replace(SMALL, residents=3000), outcomes(), 24)
    living = bare_threads()
    shadows.stop()
    assert living
    assert all(thread.daemon for thread in living)
    assert shadows.wait(10)
