"""Towns whose fate can be worked out on paper: limiting cases (LC) and regime boundaries (RB).

Every answer on paper is a formula of this file; every answer of the model comes from its own rules, with
everything else switched off through ordinary parameters (see towns.py). Points that others have worked
out are tested beside points drawn at random, always the same ones. Where a formula does not fit the form
a rule has, the test derives the new answer in its docstring.
"""

from __future__ import annotations

from math import ceil, exp, floor, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom, norm
from towns import lines_of, live, measured, peers_town, plain, quiet_town, sellers_town, with_room, with_tables

from agents.agreements import choose_effort, honours, shadow_of_the_future
from agents.events import tell
from agents.money import respond_to_losses
from agents.residents import need_grows
from agents.staff import burn_out, leave_and_hire
from agents.tables import NEEDS, NOBODY, Cause, Component, Happening, Status, Town
from agents.ties import offer_aid, pass_aid, take_time
from simulation.shocks import Pulse, Step

Column = npt.NDArray[np.float64]

DRAWN = np.random.default_rng(20240229)


def points(count: int, **ranges: tuple[float, float]) -> list[dict[str, float]]:
    """Parameter points drawn at random, the same in every run of the tests."""
    return [{name: float(DRAWN.uniform(*span)) for name, span in ranges.items()} for _ in range(count)]


# ---- LC1 to LC4: queues ---------------------------------------------------------------------------

QUEUE = lines_of("open_month", "meet_prices", "need_grows", "ask_for_help", "set_places", "buy_places")
QUEUE_ENDS = lines_of("take_stock", "close_month")


def note_the_queue(service: Any, town: Town) -> None:
    """Write down how many asked, and how many of them were helped."""
    tell(town, Happening.TENDER, service.id, service.served, service.queue * 1.0, Cause.NEED_UNMET)


def note_the_wait(resident: Any, town: Town) -> None:
    """Write down how long each case that is helped this month has waited."""
    for need in range(NEEDS):
        if resident.helper[need] != NOBODY:
            tell(town, Happening.RENEWAL, need, NOBODY, resident.waited[need] * 1.0, Cause.TRUST_KEPT)


SHARE_OUT = lines_of("share_out_places")
QUEUE_MONTH = (*QUEUE, *SHARE_OUT, ("services", note_the_queue), *QUEUE_ENDS)
WAITING_MONTH = (*QUEUE, *SHARE_OUT, ("services", note_the_queue), ("residents", note_the_wait), *QUEUE_ENDS)


def queues(
    residents: int, struck: list[float], places: list[float], works: list[float], months: int, **changes: Any
) -> tuple[Column, Column]:
    """Live six queues side by side, one for each need: what was asked and what was helped, by month and need.

    Each month a resident without a need is struck with chance `struck`, asks at once, and is helped while
    `places` last; help works with chance `works`, and where it does not the resident asks again.
    """
    mix = [chance / max(struck) for chance in struck]
    town = quiet_town({"inflow": max(struck), "inflow_mix": mix} | changes, residents=residents, seed=7)
    town.services["staff"] = places
    town.services["quality"] = works
    town = live(with_room(town, NEEDS * months), QUEUE_MONTH, months)
    assert town.clock["events_lost"] == 0
    told = town.events.reshape(months, NEEDS)
    return told["amount"], told["whom"].astype(np.float64)


def queue_law(people: float, struck: float, places: float, fails: float = 0.0, states: int = 700) -> Column:
    """The stationary law of X' = U + Bin(people − U, struck), U = X − S + Bin(S, fails), S = min(X, places).

    The queue of LC2 and LC4 in a town of finite size: those who wait or come back cannot be struck anew.
    With many people and a small chance, arrivals are Poisson and this is the chain of the known answers.
    """
    states = int(min(states, people + 1))
    most = min(states, 120)
    arrivals = binom.pmf(np.arange(most), np.maximum(people - np.arange(states)[:, None], 0), struck)
    chain = np.zeros((states, states))
    for asking in range(states):
        served = int(min(asking, places))
        for failed, likely in enumerate(binom.pmf(np.arange(served + 1), served, fails)):
            unhelped = asking - served + failed
            for more in range(most):
                chain[asking, min(states - 1, unhelped + more)] += likely * arrivals[unhelped, more]
    return stationary(chain)


def stationary(chain: Column) -> Column:
    """The stationary law of a finite Markov chain."""
    system = chain.T - np.eye(len(chain))
    system[-1] = 1.0
    return np.linalg.solve(system, np.eye(len(chain))[-1])


def backlog_and_throughput(law: Column, places: float) -> tuple[float, float]:
    """Mean number left unserved, and mean number served, in a month."""
    asking = np.arange(len(law))
    served = np.minimum(asking, places)
    return float((law * (asking - served)).sum()), float((law * served).sum())


@pytest.mark.parametrize(
    ("arrivals", "places", "fails", "backlog", "throughput"),
    [
        (0.8, 1, 0.0, 1.6, 0.8),
        (0.9, 1, 0.0, 4.05, 0.9),
        (9.0, 10, 0.0, 3.1012, 9.0),
        (9.5, 10, 0.0, 7.9523, 9.5),
        (8.0, 10, 0.05, 1.4943, 8.4211),
        (8.0, 10, 0.10, 2.8749, 8.8889),
        (8.0, 10, 0.15, 7.4122, 9.4118),
    ],
)
def test_the_paper_answer_for_a_queue_is_the_published_one_when_the_town_is_huge(
    arrivals: float, places: float, fails: float, backlog: float, throughput: float
) -> None:
    law = queue_law(1e7, arrivals / 1e7, places, fails, states=250)
    assert backlog_and_throughput(law, places) == pytest.approx((backlog, throughput), rel=2e-3)


def test_lc1_with_places_for_all_open_cases_follow_the_law_of_arrivals_over_closures() -> None:
    """N' = Bin(N, 1 − mu) + arrivals is Poisson(lam/mu) when arrivals are Poisson(lam).

    Here arrivals come from a finite town: each resident is struck with chance a = lam/R while without the
    need, and a case in hand closes with chance mu. Each resident is then a two-state chain by itself: with
    the need next month with chance 1 − mu + mu·a, or a. So P(open) = a / (a + mu − mu·a), and the number of
    open cases is Bin(R, P): mean R·P, variance R·P·(1 − P), which tends to Poisson(lam/mu) as R grows.

    Six services for 50,000 months; a month is worth mu/2 of an independent one, so that the mean is known to
    about .4% (asked: 1%) and the variance to about 2% (asked: 5%).
    """
    people, months = 400, 50_000
    mu = [0.1, *(point["mu"] for point in points(NEEDS - 1, mu=(0.15, 0.7)))]
    struck = [5.0 / people, *(point["lam"] / people for point in points(NEEDS - 1, lam=(2.0, 9.0)))]
    asked, helped = queues(people, struck, [1e6] * NEEDS, mu, months)
    assert (asked == helped).all()
    for need in range(NEEDS):
        a = struck[need]
        open_now = a / (a + mu[need] - mu[need] * a)
        assert asked[:, need].mean() == pytest.approx(people * open_now, rel=0.01)
        assert asked[:, need].var() == pytest.approx(people * open_now * (1.0 - open_now), rel=0.05)


def test_lc1_is_poisson_when_the_town_is_large_and_needs_are_rare() -> None:
    """With 20,000 residents and lam = 5, mu = .5 the binomial differs from Poisson(lam/mu) by less than .1%.

    Six services × 400 months, two thirds of them independent: mean to 1% and variance to about 4%.
    """
    asked, _ = queues(20_000, [5.0 / 20_000] * NEEDS, [1e6] * NEEDS, [0.5] * NEEDS, 420)
    settled = asked[20:]
    assert settled.mean() == pytest.approx(10.0, rel=0.02)
    assert settled.var() == pytest.approx(10.0, rel=0.10)


@pytest.mark.parametrize(("people", "places", "load"), [(60, 1, 0.8), (60, 1, 0.9), (150, 10, 0.9), (150, 10, 0.95)])
def test_lc2_a_queue_with_few_places_has_the_backlog_of_its_markov_chain(people: int, places: int, load: float) -> None:
    """Six services alike for 60,000 months each (360,000): the mean backlog is known to about 1.5% (asked: 5%)."""
    struck = load * places / people
    asked, helped = queues(people, [struck] * NEEDS, [float(places)] * NEEDS, [1.0] * NEEDS, 60_000)
    law = queue_law(people, struck, places)
    backlog, throughput = backlog_and_throughput(law, places)
    assert (asked - helped).mean() == pytest.approx(backlog, rel=0.05)
    assert helped.mean() == pytest.approx(throughput, rel=0.01)
    assert (asked == helped).mean() == pytest.approx(law[: places + 1].sum(), abs=0.01)


@pytest.mark.parametrize("order", ["first_come", "worst_first", "most_needs_first"])
def test_lc3_the_queue_is_as_long_as_arrivals_times_the_wait_whoever_is_first(order: str) -> None:
    """Little's law: mean backlog = rate of help × mean months waited, exactly but for cases open at either end.

    A case waits one month for every month it ends unserved, so that both sides count the same months;
    with 5,000 months and a backlog of a few cases the ends weigh far less than the 2% asked.
    """
    people, months = 100, 5_000
    town = quiet_town({"inflow": 0.09, "queue_order": order}, residents=people, seed=3)
    town.services["staff"] = 10.0
    town = live(with_room(town, NEEDS * months * 20), WAITING_MONTH, months)
    assert town.clock["events_lost"] == 0
    queue = town.events[town.events["kind"] == Happening.TENDER][: NEEDS * months]
    waits = town.events[: int(town.clock["events"])]
    waits = waits[waits["kind"] == Happening.RENEWAL]
    backlog = (queue["amount"] - queue["whom"]).sum() / months
    assert backlog == pytest.approx(len(waits) / months * waits["amount"].mean(), rel=0.02)
    assert backlog > 1.0


@pytest.mark.parametrize("fails", [0.0, 0.05, 0.10, 0.15])
def test_lc4_help_that_fails_comes_back_and_fills_the_queue(fails: float) -> None:
    """X' = X − S + Bin(S, f) + arrivals, S = min(X, K): throughput lam/(1 − f), and the backlog of the chain.

    In a town of 300, lam is what those without the need meet. Six services for 30,000 months each.
    """
    people, places, struck = 300, 10, 8.0 / 300
    asked, helped = queues(people, [struck] * NEEDS, [float(places)] * NEEDS, [1.0 - fails] * NEEDS, 30_000)
    backlog, throughput = backlog_and_throughput(queue_law(people, struck, places, fails), places)
    assert (asked - helped).mean() == pytest.approx(backlog, rel=0.05)
    assert helped.mean() == pytest.approx(throughput, rel=0.01)
    unresolved = asked.mean() - helped.mean() + fails * helped.mean()
    arrivals = struck * (people - unresolved)
    assert helped.mean() == pytest.approx(arrivals / (1.0 - fails), rel=0.01)


@pytest.mark.parametrize("fails", [0.25, 0.30])
def test_lc4_beyond_f_star_the_backlog_grows_until_the_town_runs_out_of_people(fails: float) -> None:
    """f* = 1 − lam/K = .2. Beyond it the queue grows by lam − K(1 − f) a month: .5 at f = .25, 1.0 at .30.

    In a town of R people, those who wait cannot be struck: E[X' | X] = U + a(R − U) with U = X − K(1 − f) while
    X ≥ K. So growth is lam − K(1 − f) less a·U, and stops where a(R − U) = K(1 − f): with lam = aR,
    U/R = (f − f*)/(1 − f*), which is nothing at f* and in proportion to R beyond. Six services × 6,000 months
    know the growth to ± .02 (asked: .05) and, being drawn back over R/lam = 250 months, U to about 4%.
    """
    people, places, months, a = 2000, 10.0, 6000, 8.0 / 2000
    asked, _ = queues(people, [a] * NEEDS, [places] * NEEDS, [1.0 - fails] * NEEDS, months)
    before, after = asked[1000:-1], asked[1001:]
    unhelped = before - places * (1.0 - fails)
    growth = 8.0 - places * (1.0 - fails) - a * unhelped
    full = before >= places
    assert full.mean() > 0.98
    assert (after - before)[full].mean() == pytest.approx(growth[full].mean(), abs=0.05)
    assert unhelped.mean() / people == pytest.approx((fails - 0.2) / 0.8, rel=0.12)


def test_lc4_below_f_star_the_backlog_does_not_grow_with_the_town() -> None:
    """At f = .15 a town of 2,000 has the few cases of a town of 300; at f = .25 it would have 125."""
    asked, helped = queues(2000, [8.0 / 2000] * NEEDS, [10.0] * NEEDS, [0.85] * NEEDS, 4000)
    assert (asked - helped)[500:].mean() < 9.0


# ---- LC5: trust -----------------------------------------------------------------------------------

TRUST_MONTH = lines_of("open_month", "take_time", "choose_effort", "revise_trust", "close_month")


def trust_after(good: list[float], months: int, each: int, **changes: Any) -> Column:
    """Trust of buyers, a row for each chance of a good month: every seller skimps, and is seen with chance 1 − good."""
    meetings = {"meeting_scale": 0.0001, "detection_by_sharing": 1.0}
    town = sellers_town(each * len(good), meetings | changes, {"coordination": 0.05}, seed=5)
    town.partners["opportunism"] = 1.0
    town.agreements["sharing"] = 1.0 - np.repeat(good, each)
    live(town, TRUST_MONTH, months)
    return town.agreements["trust_of_buyer"].reshape(len(good), each)


def test_lc5_trust_settles_where_gains_balance_losses() -> None:
    """tau* = a+ p / (a+ p + a− (1 − p)), for p as listed and five drawn at random.

    3,000 ties each after 250 months: trust varies by up to .2 across ties, so the mean is known to .004.
    """
    good = [0.5, 0.8, 0.9, 0.95, 0.99, *(point["p"] for point in points(5, p=(0.3, 0.99)))]
    settled = trust_after(good, 250, 3000, trust_gain=0.05, trust_loss=0.20).mean(axis=1)
    on_paper = [0.05 * p / (0.05 * p + 0.20 * (1.0 - p)) for p in good]
    assert on_paper[:5] == pytest.approx([0.2, 0.5, 0.6923, 0.8261, 0.9612], abs=1e-4)
    assert settled == pytest.approx(on_paper, abs=0.01)


def test_lc5_with_equal_gains_and_losses_trust_is_the_share_of_good_months() -> None:
    """Mean p, standard deviation √(p(1 − p)a/(2 − a)); 10,000 ties know the latter to .7%."""
    settled = trust_after([0.9, 0.6], 200, 10_000, trust_gain=0.1, trust_loss=0.1)
    for p, trust in zip((0.9, 0.6), settled, strict=True):
        assert trust.mean() == pytest.approx(p, abs=0.01)
        assert trust.std() == pytest.approx(sqrt(p * (1.0 - p) * 0.1 / 1.9), rel=0.04)


@pytest.mark.parametrize("drift", [0.01, 0.2])
def test_lc5_drift_draws_settled_trust_towards_where_it_started(drift: float) -> None:
    """With drift d towards tau0 each month, m = (1 − d)(m(1 − a+ p − a−(1 − p)) + a+ p) + d·tau0."""
    p, gain, loss, start = 0.8, 0.05, 0.2, 0.9
    kept = 1.0 - gain * p - loss * (1.0 - p)
    on_paper = ((1.0 - drift) * gain * p + drift * start) / (1.0 - (1.0 - drift) * kept)
    changes = {"trust_gain": gain, "trust_loss": loss, "trust_drift": drift, "first_trust": start}
    assert trust_after([p], 300, 6000, **changes).mean() == pytest.approx(on_paper, abs=0.01)


def test_lc5_residents_trust_their_service_as_often_as_its_help_works() -> None:
    """The same balance for residents: help works with chance p, each month anew. 2,000 residents, 6 values of p."""
    gain, loss = 0.05, 0.08
    works = [0.5, 0.8, 0.9, 0.95, 0.6, 0.7]
    town = quiet_town({"inflow": 1.0, "resident_trust_gain": gain, "resident_trust_loss": loss}, residents=2000)
    town.services["staff"], town.services["quality"] = 1e6, works
    live(town, lines_of(*(rule.__name__ for _, rule in (*QUEUE, *SHARE_OUT, *QUEUE_ENDS))), 200)
    on_paper = [gain * p / (gain * p + loss * (1.0 - p)) for p in works]
    assert town.residents["trust"].mean(axis=0) == pytest.approx(on_paper, abs=0.01)


# ---- LC11 and LC12: the shadow of the future ------------------------------------------------------


def bisect(holds: Any, low: float, high: float) -> float:
    """Where a truth turns false or true between low and high."""
    at_low = holds(low)
    assert holds(high) != at_low
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) == at_low else (low, middle)
    return 0.5 * (low + high)


TEMPTED = [(1.0, 0.5), (2.0, 0.5), (10.0, 0.5), (1.0, 0.1), (2.0, 2.0)]
TEMPTED += [(point["gain"], point["surplus"]) for point in points(8, gain=(0.2, 5.0), surplus=(0.2, 5.0))]
"""Temptation D and surplus a month S. The fifth is the prisoners' dilemma 5, 3, 1: D = T − R, S = R − P, d* = .5."""


@pytest.mark.parametrize(("gain", "surplus"), TEMPTED)
def test_lc11_a_seller_keeps_its_word_iff_patience_exceeds_temptation_over_temptation_and_surplus(
    gain: float, surplus: float
) -> None:
    """d* = D/(D + S): renewal is certain, skimping is sure to be seen, and none of the work can be verified.

    The gain is half the cost of a place (skimping_gain .5), the surplus what price exceeds cost by.
    """
    sure = {"detection": 1.0, "verifiable": 0.0, "skimping_gain": 0.5}
    town = plain(sellers_town(1, sure, {"renewal": 1.0}))
    tie, seller = town.agreements[0], town.partners[0]
    seller.opportunism, seller.unit_cost = 1.0, 2.0 * gain
    tie.price, tie.trust_of_seller, tie.months_left = 2.0 * gain + surplus, 1.0, 24

    def keeps_its_word(patience: float) -> bool:
        town.parameters.patience = patience
        choose_effort(tie, town)
        return bool(tie.shades_rest == 0 and tie.shades_verifiable == 0)

    assert bisect(keeps_its_word, 0.0, 0.999) == pytest.approx(gain / (gain + surplus), abs=1e-3)


@pytest.mark.parametrize("months_after", [0, 11, 59])
@pytest.mark.parametrize(("gain", "surplus"), TEMPTED)
def test_lc11_a_buyer_honours_a_rise_iff_patience_makes_the_tie_worth_more_than_the_rest_of_the_rise(
    gain: float, surplus: float, months_after: int
) -> None:
    """The buyer's temptation is the rise D, its surplus S a share of the price (buyer_surplus).

    A refused rise is saved now and in each of the m months left after this one, so breaking the promise gives
    D(1 + d + … + d^m), and keeping it S(d + d² + …) with certain renewal: kept iff D(1 − d^(m+1)) ≤ S·d. In
    the last month (m = 0) that is d* = D/(D + S). The left side falls and the right side grows with d, so
    there is one threshold, found here by bisection of the formula.
    """
    on_paper = bisect(lambda d: gain * (1.0 - d ** (months_after + 1)) <= surplus * d, 0.0, 0.9999)
    if months_after == 0:
        assert on_paper == pytest.approx(gain / (gain + surplus))
    town = plain(sellers_town(1, {"buyer_surplus": 0.5}, {"renewal": 1.0}))
    tie = town.agreements[0]
    tie.price, tie.months_left = 2.0 * surplus, months_after + 1

    def keeps_its_word(patience: float) -> bool:
        town.parameters.patience = patience
        return honours(tie, gain, 0.0, town)

    assert bisect(keeps_its_word, 0.0, 0.9999) == pytest.approx(on_paper, abs=1e-3)


@pytest.mark.parametrize("penalty", [0.5, 0.99, 1.01, 3.0])
def test_lc11_without_a_future_a_buyer_honours_a_rise_iff_the_penalty_exceeds_what_it_saves(penalty: float) -> None:
    """Saved: the rise over the rest of the term; lost: penalty × as much. The boundary is 1, whatever the rise."""
    town = plain(sellers_town(1, {"buyer_surplus": 0.0}, {"penalty": penalty}))
    assert honours(town.agreements[0], 0.3, 1.0, town) == (penalty > 1.0)


@pytest.mark.parametrize("point", points(5, cost=(0.01, 0.5), back=(0.05, 1.0), aid=(0.2, 1.0), trust=(0.3, 1.0)))
def test_lc11_a_partner_helps_iff_patience_exceeds_the_same_threshold(point: dict[str, float]) -> None:
    """Helping costs what opportunism counts it as; hoped for each month is the chance of needing help × aid × trust."""
    town = plain(
        peers_town([(0, 1)], 2, parameters={"need_for_aid": point["back"]}, terms={"mutual_aid": point["aid"]})
    )
    tie, rich = town.peers[0], town.partners[0]
    rich.reserves, rich.opportunism, tie.trust_of_buyer = 10.0, point["cost"], point["trust"]
    hoped = point["back"] * point["aid"] * point["trust"]

    def helps(patience: float) -> bool:
        town.parameters.patience = patience
        tie.aid = 0.0
        offer_aid(tie, town)
        return bool(tie.aid > 0.0)

    assert bisect(helps, 0.0, 0.999) == pytest.approx(point["cost"] / (point["cost"] + hoped), abs=1e-3)


def continuation(patience: float, term: float, renewal: float, months_after: int) -> float:
    """LC12: what one £ a month is worth with so many months left after this one."""
    whole_term = (1.0 - patience**term) / ((1.0 - patience) * (1.0 - renewal * patience**term))
    this_term = sum(patience**month for month in range(1, months_after + 1))
    return this_term + renewal * patience ** (months_after + 1) * whole_term


@pytest.mark.parametrize(
    ("renewal", "last", "first"), [(0.0, 0.0, 29.359), (0.5, 23.056, 45.577), (0.9, 72.475, 80.341), (1.0, 99.0, 99.0)]
)
def test_lc12_a_tie_is_worth_what_is_left_of_its_term_and_the_chance_of_another(
    renewal: float, last: float, first: float
) -> None:
    town = plain(sellers_town(1, {"patience": 0.99}, {"renewal": renewal, "term": 36.0}))
    tie = town.agreements[0]
    for months_left, expected in ((1, last), (36, first)):
        tie.months_left = months_left
        assert shadow_of_the_future(tie, town) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("point", points(20, patience=(0.5, 0.999), term=(6, 121), renewal=(0, 1), left=(0, 1)))
def test_lc12_holds_at_any_patience_term_renewal_and_month(point: dict[str, float]) -> None:
    term = floor(point["term"])
    town = plain(sellers_town(1, {"patience": point["patience"]}, {"renewal": point["renewal"], "term": float(term)}))
    tie = town.agreements[0]
    tie.months_left = 1 + floor(point["left"] * term)
    expected = continuation(point["patience"], term, point["renewal"], tie.months_left - 1)
    assert shadow_of_the_future(tie, town) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("gain", "surplus"), [(5.0, 1.0), (2.0, 1.0), (12.0, 0.7)])
def test_lc12_a_seller_who_will_not_be_renewed_starts_to_skimp_in_the_month_the_future_gets_too_short(
    gain: float, surplus: float
) -> None:
    """With m months to go after this one it keeps its word iff D ≤ S·(d + … + d^m); the least such m is counted."""
    patience, term = 0.97, 36
    sure = {
        "detection": 1.0,
        "verifiable": 0.0,
        "skimping_gain": 0.5,
        "patience": patience,
        "margin": surplus / (2 * gain),
    }
    town = sellers_town(1, sure, {"renewal": 0.0, "term": float(term)})
    town.partners["opportunism"], town.partners["unit_cost"] = 1.0, 2.0 * gain
    town.agreements["price"], town.agreements["trust_of_seller"] = 2.0 * gain + surplus, 1.0
    town.agreements["months_left"] = term
    enough = next(m for m in range(term) if surplus * sum(patience**j for j in range(1, m + 1)) >= gain)
    skimps = []
    month = lines_of("open_month", "choose_effort", "renew_or_tender", "close_month")
    for _ in range(term):
        live(town, month, 1)
        skimps.append(int(town.agreements["shades_rest"][0]))
    assert skimps == [0] * (term - enough) + [1] * enough


# ---- LC14 to LC16: reserves -----------------------------------------------------------------------


def retire_when_rich(tie: Any, town: Town) -> None:
    """A partner that holds what it hoped for sells no more: the upper end of a gambler's walk."""
    seller = town.organisations[tie.seller]
    if seller.reserves >= seller.own_reserves:
        tie.volume = 0.0


GAMBLING_MONTH = (
    *lines_of("open_month", "meet_prices", "choose_effort", "pay_for_places", "respond_to_losses"),
    ("agreements", retire_when_rich),
    *lines_of("close_month"),
)


def share_ruined(p: float, start: int, goal: int, months: int, sellers: int = 10_000) -> float:
    """Partners that close before they reach their goal, when each month brings 1 with chance p and takes 1 otherwise.

    Every one of them skimps on work that an audit could see: price 19, cost 20, saved 2, so that a month
    brings +1; with chance 1 − p it is caught and fined 2, so that the month takes 1. Its reserves begin half a
    unit lower than `start`, because a partner closes when it owes money, not when it has none.
    """
    chosen = {"verifiable": 1.0, "skimping_gain": 0.1}
    town = sellers_town(sellers, chosen, {"enforcement": 1.0, "penalty": 1.0, "monitoring": 1.0 - p}, seed=start)
    town.partners["base_cost"], town.partners["opportunism"] = 20.0, 1.0
    town.agreements["price"] = 19.0
    town.partners["reserves"], town.partners["own_reserves"] = start - 0.5, goal - 0.5
    live(town, GAMBLING_MONTH, months)
    ruined = town.partners["alive"] == 0
    undecided = ~ruined & (town.partners["reserves"] < goal - 0.5)
    assert undecided.mean() < 0.002
    return float(ruined.mean())


@pytest.mark.parametrize(
    ("p", "start", "goal", "months", "ruined"),
    [
        (0.5, 6, 24, 900, 0.75),
        (0.55, 6, 24, 600, 0.29427),
        (0.45, 6, 24, 600, 0.98095),
        (0.52, 6, 60, 3000, 0.61547),
        (0.47, 4, 12, 400, None),
    ],
)
def test_lc14_reserves_that_walk_by_one_are_ruined_as_a_gambler_is(
    p: float, start: int, goal: int, months: int, ruined: float | None
) -> None:
    """((q/p)^i − (q/p)^N) / (1 − (q/p)^N), or 1 − i/N at p = 1/2. 10,000 partners know the share to ± .005."""
    odds = (1.0 - p) / p
    on_paper = 1.0 - start / goal if p == 0.5 else (odds**start - odds**goal) / (1.0 - odds**goal)
    if ruined is not None:
        assert on_paper == pytest.approx(ruined, abs=1e-5)
    assert share_ruined(p, start, goal, months) == pytest.approx(on_paper, abs=0.02)


FORTUNES_MONTH = lines_of(
    "open_month", "meet_prices", "pay_for_places", "meet_outside_fortunes", "respond_to_losses", "close_month"
)


def ruin_by(reserves: float, margin: float, spread: float, months: int, monthly: bool = True) -> float:
    """LC15: the chance that a Brownian path is below 0 by then; looked at monthly, it starts .5826 s further off."""
    far = reserves + (0.5826 * spread if monthly else 0.0)
    wide = spread * sqrt(months)
    ended = norm.cdf((-far - margin * months) / wide)
    return float(ended + exp(-2.0 * margin * far / spread**2) * norm.cdf((-far + margin * months) / wide))


FORTUNES = [
    (3.0, 0.0, 1.0, 36, 0.5504),
    (3.0, 0.1, 1.0, 36, 0.3604),
    (6.0, -0.1, 1.0, 60, 0.6645),
    *((p["r"], p["m"], p["s"], 48, None) for p in points(3, r=(3.0, 5.0), m=(-0.08, 0.08), s=(0.8, 1.3))),
]


@pytest.mark.parametrize(("reserves", "margin", "spread", "months", "ruined"), FORTUNES)
def test_lc15_uncertain_months_ruin_as_many_partners_as_monthly_books_allow_and_not_as_many_as_daily_ones(
    reserves: float, margin: float, spread: float, months: int, ruined: float | None
) -> None:
    """20,000 partners know the share to ± .0035. The uncorrected value is what a model with a time-step bug gives."""
    on_paper = ruin_by(reserves, margin, spread, months)
    if ruined is not None:
        assert on_paper == pytest.approx(ruined, abs=1e-4)
    town = sellers_town(20_000, {"outside_income_spread": spread}, seed=9)
    town.agreements["price"] = 1.0 + margin
    town.partners["reserves"] = reserves
    live(town, FORTUNES_MONTH, months)
    closed = float((town.partners["alive"] == 0).mean())
    assert closed == pytest.approx(on_paper, abs=0.015)
    assert abs(closed - ruin_by(reserves, margin, spread, months, monthly=False)) > 0.015


PRICED_MONTH = lines_of(
    "open_month", "prices_move", "meet_prices", "settle_price", "pay_for_places", "respond_to_losses",
    "renew_or_tender", "close_month",
)  # fmt: skip


def shocked_seller(
    component: Component, weight: float, shock: float, margin: float, reserves: float, indexation: float, age: int = 12
) -> Town:
    """One partner whose cost is `weight` of one good, which jumps in month 0; its price is as old as `age`."""
    jump = Step(component.name.lower(), size=shock)
    terms = {"indexation": indexation, "enforcement": 1.0, "penalty": 5.0}
    town = sellers_town(1, None, terms, shocks=(jump,))
    town.partners["basket"] = 0.0
    town.partners["basket"][0, component] = weight
    town.partners["basket"][0, (component + 1) % 4] = 1.0 - weight
    town.partners["reserves"] = reserves
    for name in ("price", "first_price"):
        town.agreements[name] = 1.0 + margin
    town.agreements["age"] = age
    return town


def exit_month(town: Town, most: int = 400) -> int:
    """How many months it paid for before it closed; 0 for never."""
    live(town, PRICED_MONTH, most)
    closures = town.events[town.events["kind"] == Happening.CLOSURE]["month"]
    return int(closures[0]) + 1 if len(closures) else 0


def margin_after(margin: float, weight: float, shock: float, indexation: float) -> float:
    """LC16: (1 + m)(1 + iota w s) − (1 + w s)."""
    return (1.0 + margin) * (1.0 + indexation * weight * shock) - (1.0 + weight * shock)


@pytest.mark.parametrize(
    ("component", "weight", "shock", "indexation", "month"),
    [
        (Component.ENERGY, 0.10, 1.0, 0.0, 50),
        (Component.LABOUR, 0.60, 0.1, 0.0, 150),
        (Component.ENERGY, 0.10, 1.0, 1.0, 0),
        (Component.LABOUR, 0.60, 0.1, 1.0, 0),
    ],
)
def test_lc16_a_fixed_price_empties_reserves_in_the_month_arithmetic_says(
    component: Component, weight: float, shock: float, indexation: float, month: int
) -> None:
    """ceil(R / −margin'), with R a hair below 3: a partner that has nothing left owes nothing, and goes on."""
    assert exit_month(shocked_seller(component, weight, shock, 0.04, 3.0 - 1e-9, indexation)) == month


@pytest.mark.parametrize(
    "point", points(8, weight=(0.1, 0.9), shock=(0.05, 1.0), margin=(0.0, 0.1), reserves=(0.5, 8.0), indexation=(0, 1))
)
def test_lc16_holds_for_any_basket_shock_margin_and_indexation(point: dict[str, float]) -> None:
    left = margin_after(point["margin"], point["weight"], point["shock"], point["indexation"])
    expected = ceil(point["reserves"] / -left) if left < 0.0 and point["reserves"] / -left < 400 else 0
    found = exit_month(shocked_seller(Component.OTHER, **point))
    assert found == expected


@pytest.mark.parametrize("wait", [1, 5, 11])
def test_lc16_until_its_anniversary_an_indexed_price_is_a_fixed_one(wait: int) -> None:
    """`wait` months at margin m − ws, then at margin' = (1 + m)(1 + iota w s) − (1 + w s)."""
    margin, weight, shock, indexation, reserves = 0.04, 0.5, 0.5, 0.6, 5.0
    before, after = margin - weight * shock, margin_after(margin, weight, shock, indexation)
    expected = ceil((reserves + wait * before) / -after) + wait
    town = shocked_seller(Component.LABOUR, weight, shock, margin, reserves, indexation, age=12 - wait)
    assert exit_month(town) == expected


@pytest.mark.parametrize(("weight", "break_even"), [(0.10, 0.40), (0.60, 0.0667), (0.25, 0.16)])
def test_lc16_the_shock_a_margin_can_just_bear_is_margin_over_cost_share(weight: float, break_even: float) -> None:
    def loses(shock: float) -> bool:
        town = live(shocked_seller(Component.LABOUR, weight, shock, 0.04, 0.0, 0.0), PRICED_MONTH, 1)
        return bool(town.partners["reserves"][0] < 0.0)

    assert bisect(loses, 0.0, 3.0) == pytest.approx(0.04 / weight, rel=1e-6)
    assert break_even == pytest.approx(0.04 / weight, abs=1e-4)


# ---- LC17: staff ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "point",
    [{"leaving": 0.025, "filling": 0.25}, *points(6, leaving=(0, 0.2), filling=(0.05, 0.6))],
)
def test_lc17_vacancies_settle_at_leaving_over_leaving_and_filling(point: dict[str, float]) -> None:
    """h/(h + v); an expected flow, so the answer is exact once settled."""
    town = quiet_town(point)
    town.services["posts"][0] = town.services["staff"][0] = 100.0
    seen = plain(town)
    for _ in range(2000):
        leave_and_hire(seen.services[0], seen)
    expected = point["leaving"] / (point["leaving"] + point["filling"])
    assert measured(town, "vacancies") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("point", points(6, onset=(0.01, 0.3), mending=(0.02, 0.5), over=(0.1, 2.0)))
def test_lc17_burnout_settles_at_onset_over_onset_and_mending(point: dict[str, float]) -> None:
    """a/(a + r), where a = burning × load above target; a partner's load is what is asked over its places."""
    on = {"burning": point["onset"], "mending": point["mending"], "target_load": 0.85}
    town = plain(sellers_town(1, on))
    service, partner = town.services[0], town.partners[0]
    service.load = 0.85 + point["over"]
    partner.places, partner.asked = 40.0, 40.0 * (0.85 + point["over"])
    for _ in range(4000):
        burn_out(service, town)
        burn_out(partner, town)
    a = point["onset"] * point["over"]
    for organisation in (service, partner):
        assert organisation.burnout == pytest.approx(a / (a + point["mending"]), abs=1e-9)


def test_lc17_burnt_out_staff_at_the_listed_point_are_a_sixth() -> None:
    town = plain(quiet_town({"burning": 0.02, "mending": 0.1, "target_load": 0.0}))
    town.services[0].load = 1.0
    for _ in range(500):
        burn_out(town.services[0], town)
    assert town.services[0].burnout == pytest.approx(1.0 / 6.0, abs=1e-9)


@pytest.mark.parametrize("leaving", [0.025, 0.029, 0.1])
def test_lc17_of_a_year_s_staff_as_many_leave_as_twelve_months_of_chances_say(leaving: float) -> None:
    """1 − (1 − h)^12 of those there at the start; nobody is hired. At h = .025: .2620."""
    town = plain(quiet_town({"leaving": leaving}))
    service = town.services[0]
    service.posts = service.staff = 100.0
    for _ in range(12):
        leave_and_hire(service, town)
    assert 1.0 - service.staff / 100.0 == pytest.approx(1.0 - (1.0 - leaving) ** 12, abs=1e-12)


def test_lc17_burnout_and_leaving_settle_together() -> None:
    """The burnt-out leave with chance h0 + h1: vacancies settle at H/(H + v), H = h0 + h1·a/(a + r)."""
    on = {
        "burning": 0.04,
        "mending": 0.1,
        "target_load": 0.5,
        "leaving": 0.02,
        "leaving_burnt_out": 0.05,
        "filling": 0.3,
    }
    town = quiet_town(on)
    town.services["posts"] = town.services["staff"] = 10.0
    town.services["load"] = 1.5
    live(town, lines_of("burn_out", "leave_and_hire"), 2000)
    hazard = 0.02 + 0.05 * 0.04 / 0.14
    assert town.services["staff"] / 10.0 == pytest.approx(1.0 - hazard / (hazard + 0.3), abs=1e-9)


# ---- LC18: needs that raise one another -----------------------------------------------------------


def needs_after(recovery: float, spillover: Column, inflow: Column, months: int) -> Column:
    """Needs of one resident after so many months of steady inflow, with no help from anyone."""
    always = {"inflow": 1.0, "blow": float(inflow[0]), "tolerance": 0.0, "recovery": recovery}
    town = quiet_town(always | {"spillover": tuple(spillover.ravel())}, residents=1)
    live(town, lines_of("open_month", "need_grows", "close_month"), months)
    return np.asarray(town.residents["need"][0])


def test_lc18_needs_settle_where_inflow_and_spillover_balance_recovery() -> None:
    """n* = (rho·I − W)⁻¹u: six needs, rho .3, W .02 off the diagonal, u .05 give .25 each; radius .8."""
    spillover = 0.02 * (1.0 - np.eye(NEEDS))
    settled = needs_after(0.3, spillover, np.full(NEEDS, 0.05), 500)
    assert settled == pytest.approx(np.full(NEEDS, 0.25), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_lc18_holds_for_any_web_of_spillovers_that_is_stable(seed: int) -> None:
    """Rows are needs raised, columns needs that raise them. A web drawn at random, scaled to radius .9."""
    drawn = np.random.default_rng(seed)
    recovery = drawn.uniform(0.15, 0.6)
    spillover = drawn.uniform(0.0, 1.0, (NEEDS, NEEDS)) * (1.0 - np.eye(NEEDS))
    spillover *= (recovery - 0.1) / np.abs(np.linalg.eigvals(spillover)).max()
    balance = recovery * np.eye(NEEDS) - spillover
    inflow = np.full(NEEDS, 0.5 / np.linalg.solve(balance, np.ones(NEEDS)).max())
    settled = needs_after(recovery, spillover, inflow, 500)
    assert settled == pytest.approx(np.linalg.solve(balance, inflow), abs=1e-9)


@pytest.mark.parametrize(("each", "settles"), [(0.02, True), (0.059, True), (0.06, False), (0.07, False)])
def test_lc18_needs_run_away_iff_the_radius_reaches_one(each: float, settles: bool) -> None:
    """Radius 1 − rho + 5·w: .8, .995, 1 and 1.05. Needs that run away end at the worst there is, 1."""
    needs = needs_after(0.3, each * (1.0 - np.eye(NEEDS)), np.full(NEEDS, 0.001), 8000)
    if settles:
        assert needs == pytest.approx(np.full(NEEDS, 0.001 / (0.3 - 5.0 * each)), abs=1e-9)
    else:
        assert needs == pytest.approx(np.ones(NEEDS))


def test_lc18_in_plain_python_the_rule_gives_the_same_needs() -> None:
    town = plain(quiet_town({"inflow": 1.0, "blow": 0.05, "tolerance": 0.0, "recovery": 0.3}, residents=1))
    for to in range(NEEDS):
        for since in range(NEEDS):
            town.parameters.spillover[to, since] = 0.02 if to != since else 0.0
    for _ in range(300):
        need_grows(town.residents[0], town)
    assert list(town.residents[0].need) == pytest.approx([0.25] * NEEDS, abs=1e-9)


# ---- LC20: mutual aid -----------------------------------------------------------------------------


def closures_after_a_loss(partners: int, hit: int, reserves: float, loss: float, mutual_aid: float) -> int:
    """How many of some partners, all tied to all, close when some of them lose this much."""
    pairs = [(one, other) for one in range(partners) for other in range(one + 1, partners)]
    town = plain(peers_town(pairs, partners, terms={"mutual_aid": mutual_aid}))
    for place, partner in enumerate(town.partners):
        partner.reserves = reserves - (loss if place < hit else 0.0)
    for table, rule in ((town.peers, take_time), (town.peers, offer_aid), (town.peers, pass_aid)):
        for tie in table:
            rule(tie, town)
    for partner in town.partners:
        respond_to_losses(partner, town)
    return sum(1 - partner.alive for partner in town.partners)


@pytest.mark.parametrize(
    ("loss", "alone", "pooled"), [(1.0, 0, 0), (3.0, 3, 0), (6.0, 3, 0), (6.6, 3, 0), (6.7, 3, 10), (8.0, 3, 10)]
)
def test_lc20_pooling_saves_all_until_it_takes_all_down(loss: float, alone: int, pooled: int) -> None:
    """Ten partners with reserves 2, three of them hit: the pool breaks beyond 20/3. Full sharing is mutual_aid 1."""
    assert closures_after_a_loss(10, 3, 2.0, loss, 0.0) == alone
    assert closures_after_a_loss(10, 3, 2.0, loss, 1.0) == pooled


@pytest.mark.parametrize("seed", range(12))
def test_lc20_holds_for_any_number_of_partners_hit_by_any_loss(seed: int) -> None:
    """No pool: k fail iff L > R. Full pool: none fails iff kL ≤ nR, else all do."""
    drawn = np.random.default_rng(seed)
    partners = int(drawn.integers(2, 12))
    hit = int(drawn.integers(1, partners + 1))
    reserves, loss = drawn.uniform(0.5, 4.0), drawn.uniform(0.5, 12.0)
    assert closures_after_a_loss(partners, hit, reserves, loss, 0.0) == (hit if loss > reserves else 0)
    everyone = partners if hit * loss > partners * reserves else 0
    assert closures_after_a_loss(partners, hit, reserves, loss, 1.0) == everyone


# ---- LC21: inequality -----------------------------------------------------------------------------


def gradient_town(residents: list[int], start: float, slope: float) -> Town:
    """Neighbourhoods of these sizes, whose unmet need for each resident climbs in a straight line with rank."""
    town = quiet_town(residents=100, neighbourhoods=len(residents))
    sizes = np.array(residents, dtype=np.float64)
    rank = (np.cumsum(sizes) - 0.5 * sizes) / sizes.sum()
    town.neighbourhoods["residents"] = residents
    town.neighbourhoods["unmet"] = sizes * (start + slope * rank)
    return town


def test_lc21_the_slope_of_a_straight_gradient_is_its_slope() -> None:
    """Need .2 + .1·rank over ten equal parts of town, ranks .05 to .95: slope index .1, relative index .4."""
    town = gradient_town([7] * 10, 0.2, 0.1)
    mean = town.neighbourhoods["unmet"].sum() / town.neighbourhoods["residents"].sum()
    slope = measured(town, "inequality_slope")
    assert slope == pytest.approx(0.1, abs=1e-9)
    assert slope / mean == pytest.approx(0.4, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_lc21_holds_for_parts_of_town_of_any_size_and_slopes_of_either_sign(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    sizes = [int(size) for size in drawn.integers(1, 500, 8)]
    slope = drawn.uniform(-0.3, 0.3)
    assert measured(gradient_town(sizes, 0.4, slope), "inequality_slope") == pytest.approx(slope, abs=1e-9)


# ---- RB1: who absorbs a shock ---------------------------------------------------------------------


def a_long_queue(service: Any, town: Town) -> None:
    """More cases than places, always, at the first front door."""
    service.queue = 10 if service.id == 0 else 0


def unspent_money_lapses(service: Any, town: Town) -> None:
    """What a service has not spent by the month's end goes back to its funder."""
    town.funders[service.funder].reserves += service.reserves
    service.reserves = 0.0


def note_the_volume(tie: Any, town: Town) -> None:
    """Write down the places bought."""
    tell(town, Happening.TENDER, tie.buyer, tie.seller, tie.volume, Cause.TERM_ENDED)


def buying_month(lapses: bool) -> tuple[Any, ...]:
    """A month in which one service buys what its budget pays for."""
    return (
        *lines_of("open_month", "prices_move", "meet_prices", "receive_budget", "hold_the_purse"),
        ("services", a_long_queue),
        *lines_of("take_time", "settle_price", "set_places", "buy_places"),
        ("agreements", note_the_volume),
        *lines_of("pay_for_places"),
        *((("services", unspent_money_lapses),) if lapses else ()),
        *lines_of("respond_to_losses", "renew_or_tender", "close_month"),
    )


def volume_bought(
    terms: dict[str, float], shock: Any, margin: float, reserves: float, gap: int, months: int, lapses: bool = True
) -> Column:
    """Places bought each month by a service whose budget buys one a month before the shock.

    Two partners: the first holds the agreement, and has reserves worth so many months of cost; the second is
    rich and waits for a tender. Cost is 1 before the shock, which moves all prices alike.
    """
    on = {"margin": margin, "letting_gap": gap, "buyer_surplus": 1.0}
    town = sellers_town(2, on, terms | {"renewal": 1.0}, shocks=(shock,), months=max(25, months))
    town = with_tables(town, town.organisations, town.agreements[:1].copy(), town.peers)
    town.services["last_agreement"] = [1, 0, 0, 0, 0, 0]
    town.services["first_agreement"] = 0
    town.services["reserves"] = 0.0
    town.services["budget"] = [1.0 + margin, 0, 0, 0, 0, 0]
    town.partners["reserves"] = reserves - 1e-9, 1e9
    town.partners["posts"] = town.partners["staff"] = 1.0, 0.0
    town.agreements["price"] = 1.0 + margin
    town.agreements["trust_of_buyer"] = 1.0
    town = live(with_room(town, 8 * months), buying_month(lapses), months)
    told = town.events[: int(town.clock["events"])]
    told = told[(told["kind"] == Happening.TENDER) & (told["cause"] == Cause.TERM_ENDED)]
    assert len(told) == months
    return np.asarray(told["amount"])


def contract_less_open_book(
    shock: Any, margin: float, reserves: float, gap: int, months: int, lapses: bool = True
) -> float:
    """Places bought under a fixed price less those under an open book, over the whole time."""
    fixed = volume_bought({}, shock, margin, reserves, gap, months, lapses)
    open_book = volume_bought({"openness": 1.0, "sharing": 1.0}, shock, margin, reserves, gap, months, lapses)
    return float(fixed.sum() - open_book.sum())


SHOCKS = [(0.06, 1.887), (0.07, 0.645), (0.09, -0.367), (0.10, -0.545), (0.20, -1.167), (0.30, -1.231)]


@pytest.mark.parametrize(("rise", "listed"), SHOCKS)
def test_rb1_a_fixed_price_wins_on_volume_below_the_boundary_and_loses_above_it(rise: float, listed: float) -> None:
    """CON − REL = (T·x − G)/(1 + x), T = R/(x − m) in whole months; m .04, R 2, G 4: the boundary is x* = .08."""
    margin, reserves, gap = 0.04, 2.0, 4
    lasts = ceil(reserves / (rise - margin) - 1e-6)
    on_paper = (lasts * rise - gap) / (1.0 + rise)
    assert on_paper == pytest.approx(listed, abs=1e-3)
    jump = Step("all", size=rise)
    found = contract_less_open_book(jump, margin, reserves, gap, lasts + gap + 12)
    assert found == pytest.approx(on_paper, abs=1e-3)
    assert (found > 0.0) == (rise < margin * gap / (gap - reserves))


@pytest.mark.parametrize("point", points(5, rise=(0.08, 0.5), margin=(0.0, 0.06), reserves=(0.5, 6.0), gap=(1, 8)))
def test_rb1_holds_for_any_margin_reserves_gap_and_rise(point: dict[str, float]) -> None:
    rise, margin, reserves, gap = point["rise"], point["margin"], point["reserves"], floor(point["gap"])
    lasts = ceil(reserves / (rise - margin))
    found = contract_less_open_book(Step("all", size=rise), margin, reserves, gap, lasts + gap + 5)
    assert found == pytest.approx((lasts * rise - gap) / (1.0 + rise), abs=1e-3)


@pytest.mark.parametrize(("length", "gain"), [(6, 1.0), (12, 2.0)])
def test_rb1_a_shock_that_ends_before_reserves_do_is_absorbed_by_the_partner(length: int, gain: float) -> None:
    """CON − REL = D·x/(1 + x) > 0 while D ≤ T: with x .2, reserves 2 last 12.5 months."""
    shock = Pulse("all", size=0.2, length=length)
    assert contract_less_open_book(shock, 0.04, 2.0, 4, length + 12) == pytest.approx(gain, abs=1e-3)


def test_rb1_the_contract_s_extra_volume_is_paid_from_the_partner_s_reserves() -> None:
    """Every month under a fixed price takes x − m from the partner, and nothing under an open book."""
    rise, margin, months = 0.2, 0.04, 10
    held = {}
    for name, terms in (("fixed", {}), ("open", {"openness": 1.0, "sharing": 1.0})):
        town = sellers_town(1, {"margin": margin, "buyer_surplus": 1.0}, terms, shocks=(Step("all", size=rise),))
        town.partners["reserves"], town.agreements["price"] = 3.0, 1.0 + margin
        town.agreements["trust_of_buyer"] = 1.0
        live(town, PRICED_MONTH, months)
        held[name] = float(town.partners["reserves"][0])
    assert held["fixed"] == pytest.approx(3.0 - months * (rise - margin))
    assert held["open"] == pytest.approx(3.0 + months * margin * (1.0 + rise))


@pytest.mark.parametrize("rise", [0.1, 0.3])
def test_rb1_a_service_that_keeps_unspent_money_loses_no_places_to_the_gap(rise: float) -> None:
    """What is saved in the gap buys places later: CON − REL = T·x/(1 + x) > 0, at any rise.

    The gap's G months of budget buy G/(1 + x) places once there is a seller again, as fast as it can give
    them: x/(1 + x) beyond the month's own. After G/x months more nothing is left of gap or savings.
    """
    margin, reserves, gap = 0.04, 2.0, 4
    lasts = ceil(reserves / (rise - margin))
    months = lasts + gap + ceil(gap / rise) + 6
    found = contract_less_open_book(Step("all", size=rise), margin, reserves, gap, months, lapses=False)
    assert found == pytest.approx(lasts * rise / (1.0 + rise), abs=1e-3)


@pytest.mark.parametrize("gap", [0, 1, 2, 4, 9])
def test_rb1_a_lost_agreement_stays_unlet_for_the_months_of_the_gap(gap: int) -> None:
    """letting_gap is the months before a lost agreement can be let again: so many months have no places."""
    bought = volume_bought({}, Step("all", size=0.5), 0.0, 1.2, gap, 25)
    assert (bought == 0.0).sum() == gap


# ---- RB2: what can be verified --------------------------------------------------------------------

VERIFIED_MONTH = lines_of("open_month", "meet_prices", "choose_effort", "pay_for_places", "close_month")


def value_for_the_buyer(parameters: dict[str, float], terms: dict[str, float], value: float, surplus: float) -> float:
    """What a place is worth to the buyer in the effort put into it, less what holding the tie costs it."""
    on = {"monitoring_cost": 0.06, "sharing_cost": 0.02, "skimping_gain": 0.1}
    town = sellers_town(1, on | parameters, terms | {"renewal": 1.0})
    town.partners["opportunism"], town.agreements["trust_of_seller"] = 1.0, 1.0
    town.partners["base_cost"] = 1.0 - surplus
    live(town, VERIFIED_MONTH, 1)
    tie = town.agreements[0]
    return float(value * tie["effort"] - tie["admin_cost"])


CHECKED = {"enforcement": 1.0, "monitoring": 0.5, "penalty": 3.0}
SHARED = {"sharing": 0.5}


@pytest.mark.parametrize("side", [-0.01, 0.01])
def test_rb2_where_a_relationship_cannot_sustain_itself_a_contract_wins_iff_enough_can_be_verified(side: float) -> None:
    """phi* = (C_c − C_r)/(v·h).

    On the list, opportunism o is a share of the value lost, and checks win back phi·m of it. Here a seller
    either skimps on a part of the work or does not: checks that deter it (monitoring × penalty > 1) win back
    the verifiable part whole, so that v·o·m becomes v·h, with h the harm of skimping on everything (.4). A
    contract gives v(1 − h(1 − phi)) − C_c, an unsustained relationship v(1 − h) − C_r: the boundary is
    phi* = (.03 − .01)/.4 = .05. C_c is monitoring .5 at .06, C_r is sharing .5 at .02. Price is cost: no future.
    """
    phi = 0.05 + side
    split = {"verifiable": phi, "skimping_harm": 0.4}
    contract = value_for_the_buyer(split, CHECKED, 1.0, 0.0)
    relationship = value_for_the_buyer(split, SHARED, 1.0, 0.0)
    assert contract - relationship == pytest.approx(0.4 * phi - 0.02, abs=1e-9)
    assert (contract > relationship) == (side > 0.0)


@pytest.mark.parametrize("phi", [0.1, 0.5, 0.9, 0.97])
def test_rb2_against_a_relationship_that_sustains_itself_a_contract_wins_only_by_being_cheaper(phi: float) -> None:
    """Contract wins iff C_r − C_c > v·h·(1 − phi): here C_r is .03 and C_c .01, so from phi = 1 − .02/.4 = .95 on.

    The relationship has a future worth keeping (price above cost, and skimping comes to light when all is
    shared); in the contract nothing is shared, so that nothing beyond the checks ever comes to light.
    """
    split = {"verifiable": phi, "skimping_harm": 0.4, "detection_by_sharing": 1.0}
    contract = value_for_the_buyer(split | {"monitoring_cost": 0.02}, CHECKED, 1.0, 0.1)
    relationship = value_for_the_buyer(split | {"sharing_cost": 0.06}, SHARED, 1.0, 0.1)
    assert relationship - contract == pytest.approx(0.4 * (1.0 - phi) - 0.02, abs=1e-9)
    assert (contract > relationship) == (phi > 0.95)


@pytest.mark.parametrize("point", points(8, opportunism=(0.2, 1.0), monitoring=(0.1, 1.0), penalty=(0.5, 5.0)))
def test_rb2_checks_deter_iff_enforcement_times_monitoring_times_penalty_reaches_opportunism(
    point: dict[str, float],
) -> None:
    """Without a future, o·G > enforcement·monitoring·penalty·G: the gain cancels. What is not checked is skimped."""
    town = plain(sellers_town(1, {"skimping_gain": 0.2}))
    tie, seller = town.agreements[0], town.partners[0]
    seller.opportunism, tie.monitoring, tie.penalty = point["opportunism"], point["monitoring"], point["penalty"]

    def is_deterred(enforcement: float) -> bool:
        tie.enforcement = enforcement
        choose_effort(tie, town)
        assert tie.shades_rest == 1
        return bool(tie.shades_verifiable == 0)

    enough = point["opportunism"] / (point["monitoring"] * point["penalty"])
    assert bisect(is_deterred, 0.0, 1000.0) == pytest.approx(enough, rel=1e-9)


@pytest.mark.parametrize("side", [-0.04, 0.04])
def test_rb2_checks_that_do_not_deter_pay_iff_what_they_win_back_exceeds_what_they_cost(side: float) -> None:
    """phi* = (C_c − C_r)/(v·o·m) with v·o the seller's gain kappa·C and m the chance of a fine of its size.

    Opportunism 1 against monitoring .5 × penalty 1: the seller goes on skimping, and half the time pays back
    what it gained on the verifiable part. 40,000 sellers know the mean fine to ± .0006·phi of a cost of 1.
    """
    gain, seen = 0.24, 0.5
    phi = 0.02 / (gain * seen) + side
    on = {"verifiable": phi, "skimping_gain": gain, "monitoring_cost": 0.04}
    town = sellers_town(40_000, on, {"enforcement": 1.0, "monitoring": seen, "penalty": 1.0})
    town.partners["opportunism"] = 1.0
    live(town, VERIFIED_MONTH, 1)
    assert (town.agreements["shades_verifiable"] == 1).all()
    won_back = town.agreements["fined"].mean() - town.agreements["admin_cost"].mean()
    assert won_back == pytest.approx(gain * seen * phi - 0.02, abs=0.002)
    assert (won_back > 0.0) == (side > 0.0)


# ---- RB3: rigid or flexible -----------------------------------------------------------------------


def note_the_surplus(tie: Any, town: Town) -> None:
    """Write down what the month's places were worth less what they cost, at a value of 140."""
    cost = town.organisations[tie.seller].unit_cost
    tell(town, Happening.TENDER, NOBODY, NOBODY, tie.volume * (140.0 * tie.effort - cost), Cause.TERM_ENDED)


RANGING_MONTH = (
    *lines_of("open_month", "prices_move", "meet_prices", "receive_budget", "hold_the_purse"),
    ("services", a_long_queue),
    *lines_of("take_time", "settle_price", "set_places", "buy_places", "choose_effort"),
    ("agreements", note_the_surplus),
    *lines_of("pay_for_places", "respond_to_losses", "close_month"),
)


def mean_surplus(terms: dict[str, float], argument: float, often_dear: float, months: int) -> float:
    """Mean surplus a month when cost is 80, or 120 in a share of months drawn by lot."""
    on = {"argument": argument, "cutting_reserves": 12.0, "cutting_step": 1.0, "cutting_limit": 1.0}
    town = sellers_town(1, on | {"buyer_surplus": 1.0}, terms | {"renewal": 1.0})
    outside = np.repeat(town.outside[:1], months)
    dear = np.random.default_rng(17).random(months) < often_dear
    dear[:2] = False, True
    outside["prices"] = np.where(dear, 1.5, 1.0)[:, None]
    town = with_room(town._replace(outside=outside), 3 * months)
    town.partners["base_cost"] = 80.0
    town.partners["reserves"], town.partners["usual_cost"] = 1e8, 1e9
    town.services["budget"] = 200.0
    for name in ("price", "first_price", "lowest_price", "highest_price"):
        town.agreements[name] = 80.0
    town.agreements["trust_of_buyer"] = 1.0
    live(town, RANGING_MONTH, months)
    told = town.events[: int(town.clock["events"])]
    told = told[told["kind"] == Happening.TENDER]
    assert len(told) == months
    return float(told["amount"][2:].mean())


@pytest.mark.parametrize("argument", [0.05, 0.08, 0.12])
@pytest.mark.parametrize("side", [0.4, 1.8])
def test_rb3_a_rigid_price_wins_iff_dear_months_are_rare_and_arguing_is_costly(argument: float, side: float) -> None:
    """Hart and Moore: a rigid price forbids trade when cost is high; a flexible one is argued over.

    Our argument takes theta × range, as a share of the lowest price asked, from effort: a flexible month gives
    v(1 − theta(120 − 80)/80) − c, price being cost (margin 0). Our partner, at a rigid price of 80, trades once
    at a cost of 120, and withholds everything the month after a loss, whatever that month costs: it trades in
    1/(1 + pi) of months. With pi the share of dear months and Ec = 80 + 40 pi:

        rigid    = (140 − Ec)/(1 + pi)
        flexible = 140 − Ec − 140·theta·40/80

    Rigid wins iff (140 − Ec)·pi/(1 + pi) < 70·theta; tested well below and above that boundary.
    40,000 months know each mean to about .15.
    """

    def on_paper(dear: float) -> tuple[float, float]:
        left = 140.0 - 80.0 - 40.0 * dear
        return left / (1.0 + dear), left - 140.0 * argument * 40.0 / 80.0

    boundary = bisect(lambda dear: on_paper(dear)[0] > on_paper(dear)[1], 0.0, 0.6)
    dear = side * boundary
    rigid = mean_surplus({}, argument, dear, 40_000)
    flexible = mean_surplus({"openness": 1.0, "sharing": 1.0}, argument, dear, 40_000)
    assert (rigid, flexible) == pytest.approx(on_paper(dear), abs=0.6)
    assert (rigid > flexible) == (side < 1.0)


# ---- RB4: failure demand against capacity ---------------------------------------------------------


SHARING_MONTH = (
    *lines_of("open_month", "meet_prices", "need_grows", "ask_for_help", "take_time", "find_best_paths", "set_places"),
    *lines_of("buy_places", "share_out_places"),
    ("services", note_the_queue),
    *lines_of("take_stock", "close_month"),
)


def resolved_a_month(sharing: float, sharing_time: float, effect: float, quality: float, months: int) -> float:
    """Cases resolved a month by six services with 100 workers each and more to do than they can, sharing so much."""
    on = {"inflow": 1.0, "handoff_effect": effect, "sharing_time": sharing_time}
    town = quiet_town(on, {"sharing": sharing, "renewal": 0.0}, residents=150, seed=2)
    town.services["staff"], town.services["quality"] = 100.0, quality
    town.ties["trust_of_buyer"] = town.ties["trust_of_seller"] = 1.0
    assert len(town.peers) == NEEDS
    live(town, SHARING_MONTH, months)
    return float(town.neighbourhoods["resolved"].sum() / months)


@pytest.mark.parametrize(("cost", "worth_it"), [(0.10, True), (0.12, False)])
def test_rb4_sharing_what_is_known_is_worth_its_time_iff_it_saves_more_failures_than_places(
    cost: float, worth_it: bool
) -> None:
    """Worth it iff (1 − k)(1 − f + df) > 1 − f: .9 × .9 = .81 > .8, but .88 × .9 = .792.

    The instrument is the dial `sharing` from 0 to 1. Every resident always has all six needs, so a hand-off
    is lost unless it is shared: success is q(1 − e) without and q with it: q = .9 and e = 1/9 make f = .2 and
    df = .1. It takes k of the time, half on each of a service's two ties. 3,000 months of 600 places know each
    share to ± .0003; the margins to tell apart are .01 and .008.
    """
    months = 3000
    without = resolved_a_month(0.0, cost / 2.0, 1.0 / 9.0, 0.9, months)
    shared = resolved_a_month(1.0, cost / 2.0, 1.0 / 9.0, 0.9, months)
    assert without / 600.0 == pytest.approx(0.8, abs=0.002)
    assert shared / 600.0 == pytest.approx((1.0 - cost) * 0.9, abs=0.002)
    assert (shared > without) == worth_it


# ---- nothing above passes because a switch was left on --------------------------------------------


def test_in_a_quiet_town_nothing_happens() -> None:
    """A year of the whole month moves no need, no staff, no trust, no price and no partner's money."""
    town = sellers_town(3, residents=20, months=25)
    town.organisations["places"] = 0.0
    before = {name: getattr(town, name).copy() for name in ("residents", "organisations", "ties")}
    live(town, months=12)
    assert (town.residents["need"] == before["residents"]["need"]).all()
    assert (town.residents["status"] == Status.NONE).all()
    assert (town.organisations["staff"] == before["organisations"]["staff"]).all()
    assert (town.partners["reserves"] == 0.0).all()
    assert (town.ties["price"] == before["ties"]["price"]).all()
    assert (town.ties["trust_of_buyer"] == before["ties"]["trust_of_buyer"]).all()
