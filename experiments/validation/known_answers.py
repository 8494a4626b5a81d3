"""Known answers: towns, and single rules, whose fate can be worked out on paper.

Change this file to ask the model one more question that has an answer on paper. Every answer on paper is
a formula of oracles.py; every answer of the model comes from its own rules and measures, with everything else
switched off through ordinary parameters (see quiet.py). Where a formula does not fit the form a rule has, the
claim derives the new answer. Points that others have worked out stand beside points drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from math import floor, inf, nan
from typing import Any

import numpy as np

from agents.agreements import choose_effort, honours, shadow_of_the_future
from agents.events import tell
from agents.money import respond_to_losses
from agents.residents import need_grows
from agents.staff import burn_out, leave_and_hire
from agents.tables import NEEDS, NOBODY, Cause, Component, Happening, Town
from agents.ties import offer_aid, pass_aid, take_time
from experiments.validation.claims import Finding, Group, claim, holds, largest_gap, near, not_asked
from experiments.validation.oracles import (
    Column,
    backlog_and_throughput,
    believed_renewal,
    bisect,
    continuation,
    failures,
    gambler_ruined,
    ishigami_shares,
    margin_after,
    months_that_hold,
    months_until_empty,
    needs_at_rest,
    patience_to_cooperate,
    patience_to_honour,
    points,
    queue_law,
    ruined_by,
    settled_share,
    settled_trust,
    share_open,
    trust_of_promises,
    trust_spread,
)
from experiments.validation.quiet import (
    lines_of,
    live,
    measured,
    peers_town,
    plain,
    quiet_town,
    sellers_town,
    with_room,
)
from simulation.shocks import Step

Findings = Iterator[Finding]

# ---- LC1 to LC4: queues ---------------------------------------------------------------------------

QUEUE = lines_of("open_month", "meet_prices", "need_grows", "ask_for_help", "set_places", "buy_places")
SHARE_OUT = lines_of("share_out_places")
QUEUE_ENDS = lines_of("take_stock", "close_month")


def note_the_queue(service: Any, town: Town) -> None:
    """Write down how many asked, and how many of them were helped."""
    tell(town, Happening.TENDER, service.id, service.served, service.queue * 1.0, Cause.NEED_UNMET)


def note_the_wait(resident: Any, town: Town) -> None:
    """Write down how long each case that is helped this month has waited."""
    for need in range(NEEDS):
        if resident.helper[need] != NOBODY:
            tell(town, Happening.RENEWAL, need, NOBODY, resident.waited[need] * 1.0, Cause.TRUST_KEPT)


QUEUE_MONTH = (*QUEUE, *SHARE_OUT, ("services", note_the_queue), *QUEUE_ENDS)
WAITING_MONTH = (*QUEUE, *SHARE_OUT, ("services", note_the_queue), ("residents", note_the_wait), *QUEUE_ENDS)


def queues(
    residents: int, struck: list[float], places: list[float], works: list[float], months: int
) -> tuple[Column, Column]:
    """Live six queues side by side, one for each need: what was asked and what was helped, by month and need.

    Each month a resident without a need is struck with chance `struck`, asks at once, and is helped while
    `places` last; help works with chance `works`, and where it does not the resident asks again.
    """
    mix = [chance / max(struck) for chance in struck]
    town = quiet_town({"inflow": max(struck), "inflow_mix": mix}, residents=residents, seed=7)
    town.services["staff"] = places
    town.services["quality"] = works
    told = all_told(live(with_room(town, NEEDS * months), QUEUE_MONTH, months)).reshape(months, NEEDS)
    return told["amount"], told["whom"].astype(np.float64)


def all_told(town: Town) -> Any:
    """Every event of a town that had room for all of them."""
    if town.clock["events_lost"]:
        raise RuntimeError(f"there was no room for {town.clock['events_lost']} events")
    return town.events


@claim(
    "LC1",
    Group.KNOWN_ANSWER,
    "With a place for everyone, open cases follow the law of arrivals over closures.",
    "two-state chains, worked out here; Poisson limit: Takács (1962), queues with many servers",
)
def open_cases(seeds: int) -> Findings:
    """N' = Bin(N, 1 − μ) + arrivals is Poisson(λ/μ) when arrivals are Poisson(λ).

    Here arrivals come from a finite town: each resident is struck with chance a = λ/R while without the need,
    and a case in hand closes with chance μ. Each resident is then a two-state chain, so that the number of
    open cases is Bin(R, P) with P = a/(a + μ − μa): mean R·P, variance R·P·(1 − P), which tends to
    Poisson(λ/μ) as R grows. Six services for 50,000 months; a month is worth μ/2 of an independent one, so
    that the mean is known to about .4% (asked: 1%) and the variance to about 2% (asked: 5%).

    With 20,000 residents and λ = 5, μ = .5 the binomial differs from Poisson(λ/μ) by less than .1%. Six
    services × 400 months, two thirds of them independent: mean to 1% and variance to about 4%.
    """
    people, months = 400, 50_000
    drawn = points("LC1", NEEDS - 1, lam=(2.0, 9.0), mu=(0.15, 0.7))
    mu = [0.1, *(point["mu"] for point in drawn)]
    struck = [5.0 / people, *(point["lam"] / people for point in drawn)]
    asked, helped = queues(people, struck, [1e6] * NEEDS, mu, months)
    open_now = [share_open(*each) for each in zip(struck, mu, strict=True)]
    means = [people * share for share in open_now]
    variances = [people * share * (1.0 - share) for share in open_now]
    yield holds(bool((asked == helped).all()), "everyone who asks is helped")
    yield near(float(asked[:, 0].mean()), means[0], 0.01 * means[0], "λ = 5, μ = 0.1, 400 residents: mean")
    yield near(float(asked[:, 0].var()), variances[0], 0.05 * variances[0], "λ = 5, μ = 0.1, 400 residents: variance")
    yield largest_gap(zip(asked.mean(axis=0) / means, np.ones(NEEDS), strict=True), 0.01, "six points: mean, relative")
    spread = asked.var(axis=0) / variances
    yield largest_gap(zip(spread, np.ones(NEEDS), strict=True), 0.05, "six points: variance, relative")
    settled = queues(20_000, [5.0 / 20_000] * NEEDS, [1e6] * NEEDS, [0.5] * NEEDS, 420)[0][20:]
    yield near(float(settled.mean()), 10.0, 0.2, "λ = 5, μ = 0.5, 20,000 residents: mean")
    yield near(float(settled.var()), 10.0, 1.0, "λ = 5, μ = 0.5, 20,000 residents: variance")


@claim(
    "LC2",
    Group.KNOWN_ANSWER,
    "A front door with few places has the backlog of its Markov chain.",
    "Bailey (1954), queues with bulk service; chain for a finite town solved here",
)
def few_places(seeds: int) -> Findings:
    """Backlog Q' = max(0, Q + arrivals − K). Six services alike for 60,000 months each: known to about 1.5%."""
    throughputs, empty = [], []
    for people, places, load in ((60, 1, 0.8), (60, 1, 0.9), (150, 10, 0.9), (150, 10, 0.95)):
        struck = load * places / people
        asked, helped = queues(people, [struck] * NEEDS, [float(places)] * NEEDS, [1.0] * NEEDS, 60_000)
        law = queue_law(people, struck, places)
        backlog, throughput = backlog_and_throughput(law, places)
        what = f"{places} place{'s' * (places > 1)} a month, load {load:g}"
        yield near(float((asked - helped).mean()), backlog, 0.05 * backlog, f"{what}: backlog")
        throughputs.append((float(helped.mean()) / throughput, 1.0))
        empty.append((float((asked == helped).mean()), float(law[: places + 1].sum())))
    yield largest_gap(throughputs, 0.01, "cases helped a month, relative")
    yield largest_gap(empty, 0.01, "share of months without a backlog")


@claim(
    "LC3",
    Group.KNOWN_ANSWER,
    "The queue is as long as the rate of help times the wait, whoever is first.",
    "Little (1961)",
)
def littles_law(seeds: int) -> Findings:
    """Mean backlog = rate of help × mean months waited, exactly but for cases open at either end.

    A case waits one month for every month it ends unserved, so that both sides count the same months;
    with 5,000 months and a backlog of a few cases the ends weigh far less than the 2% asked.
    """
    people, months = 100, 5_000
    backlogs = []
    for order in ("first_come", "worst_first", "most_needs_first"):
        town = quiet_town({"inflow": 0.09, "queue_order": order}, residents=people, seed=3)
        town.services["staff"] = 10.0
        town = live(with_room(town, NEEDS * months * 20), WAITING_MONTH, months)
        told = all_told(town)[: int(town.clock["events"])]
        queue = told[told["kind"] == Happening.TENDER]
        waits = told[told["kind"] == Happening.RENEWAL]
        backlogs.append(float((queue["amount"] - queue["whom"]).sum() / months))
        by_waits = len(waits) / months * float(waits["amount"].mean())
        yield near(backlogs[-1] / by_waits, 1.0, 0.02, f"{order.replace('_', ' ')}: backlog over rate × wait")
    yield Finding("least mean backlog: a queue there is", min(backlogs), 1.0, inf)


@claim(
    "LC4",
    Group.KNOWN_ANSWER,
    "Help that fails comes back and fills the queue; beyond 1 − λ/K it fills without end.",
    "queue with feedback, Takács (1963); failure demand, Seddon (2003); finite town worked out here",
)
def failure_demand(seeds: int) -> Findings:
    """X' = X − S + Bin(S, f) + arrivals, S = min(X, K): throughput λ/(1 − f), and the backlog of the chain.

    In a town of 300, λ is what those without the need meet. Six services for 30,000 months each.

    Beyond f* = 1 − λ/K = .2 the queue grows by λ − K(1 − f) a month: .5 at f = .25, 1.0 at .30. In a town of
    R people, those who wait cannot be struck: E[X' | X] = U + a(R − U) with U = X − K(1 − f) while X ≥ K. So
    growth is λ − K(1 − f) less a·U, and stops where a(R − U) = K(1 − f): with λ = aR, U/R = (f − f*)/(1 − f*),
    which is nothing at f* and in proportion to R beyond. Six services × 6,000 months know the growth to
    ± .02 (asked: .05) and, being drawn back over R/λ = 250 months, U to about 4% (asked: 12%).
    """
    people, places, struck = 300, 10, 8.0 / 300
    by_chain, by_arrivals = [], []
    for fails in (0.0, 0.05, 0.10, 0.15):
        asked, helped = queues(people, [struck] * NEEDS, [float(places)] * NEEDS, [1.0 - fails] * NEEDS, 30_000)
        backlog, throughput = backlog_and_throughput(queue_law(people, struck, places, fails), places)
        yield near(float((asked - helped).mean()), backlog, 0.05 * backlog, f"f = {fails:g}: backlog")
        by_chain.append((float(helped.mean()) / throughput, 1.0))
        unresolved = asked.mean() - helped.mean() + fails * helped.mean()
        by_arrivals.append((float(helped.mean() * (1.0 - fails) / (struck * (people - unresolved))), 1.0))
    yield largest_gap(by_chain, 0.01, "throughput, relative to the chain's")
    yield largest_gap(by_arrivals, 0.01, "throughput, relative to arrivals over 1 − f")

    people, months, a = 2000, 6000, 8.0 / 2000
    for fails in (0.25, 0.30):
        asked, _ = queues(people, [a] * NEEDS, [float(places)] * NEEDS, [1.0 - fails] * NEEDS, months)
        before, after = asked[1000:-1], asked[1001:]
        unhelped = before - places * (1.0 - fails)
        growth = 8.0 - places * (1.0 - fails) - a * unhelped
        full = before >= places
        settled = (fails - 0.2) / 0.8
        yield Finding(f"f = {fails:g}: share of months with every place taken", float(full.mean()), 0.98, 1.0)
        found = float((after - before)[full].mean())
        yield near(found, float(growth[full].mean()), 0.05, f"f = {fails:g}: growth a month")
        yield near(float(unhelped.mean() / people), settled, 0.12 * settled, f"f = {fails:g}: share left unhelped")


# ---- LC5: trust -----------------------------------------------------------------------------------

TRUST_MONTH = lines_of("open_month", "take_time", "choose_effort", "revise_trust", "close_month")


def trust_after(good: list[float], months: int, each: int, **changes: Any) -> Column:
    """Trust of buyers, a row for each chance of a good month: every seller skimps, and is seen with chance 1 − good."""
    meetings = {"meeting_scale": 0.0001, "detection_by_sharing": 1.0}
    town = sellers_town(each * len(good), meetings | changes, {"coordination": 0.05}, seed=5)
    town.partners["opportunism"] = 1.0
    town.agreements["sharing"] = 1.0 - np.repeat(good, each)
    live(town, TRUST_MONTH, months)
    return np.asarray(town.agreements["trust_of_buyer"].reshape(len(good), each))


@claim(
    "LC5",
    Group.KNOWN_ANSWER,
    "Trust settles where gains balance losses.",
    "linear learning, Bush & Mosteller (1955)",
)
def trust_settles(seeds: int) -> Findings:
    """τ* = a₊p / (a₊p + a₋(1 − p)), for p as listed and five drawn at random.

    3,000 ties each after 250 months: trust varies by up to .2 across ties, so the mean is known to .004.
    With a₊ = a₋ = a the mean is p and the standard deviation √(p(1 − p)a/(2 − a)); 10,000 ties know the
    latter to .7% (asked: 4%). With drift, see `settled_trust`. Averaging moves at one pace both ways, so that
    it settles as a₊ = a₋ does, whatever the loss. Counting promises gives (prior·first + kept)/(prior + months).
    Residents' trust in a front door balances in the same way: help works with chance p, each month anew.
    2,000 residents, six values of p.
    """
    listed = [0.5, 0.8, 0.9, 0.95, 0.99]
    good = [*listed, *(point["p"] for point in points("LC5", 5, p=(0.3, 0.99)))]
    settled = trust_after(good, 250, 3000, trust_gain=0.05, trust_loss=0.20).mean(axis=1)
    on_paper = [settled_trust(0.05, 0.20, p) for p in good]
    for p, found, expected in zip(listed, settled, on_paper, strict=False):
        yield near(float(found), expected, 0.01, f"gain .05, loss .2, good months {p:g}")
    yield largest_gap(zip(settled, on_paper, strict=True), 0.01, "ten shares of good months")
    alike = [0.9, 0.6]
    for p, trust in zip(alike, trust_after(alike, 200, 10_000, trust_gain=0.1, trust_loss=0.1), strict=True):
        spread = trust_spread(0.1, p)
        yield near(float(trust.mean()), p, 0.01, f"gain = loss = .1, good months {p:g}: mean")
        yield near(float(trust.std()), spread, 0.04 * spread, f"gain = loss = .1, good months {p:g}: spread")
    for drift in (0.01, 0.2):
        changes = {"trust_gain": 0.05, "trust_loss": 0.2, "trust_drift": drift, "first_trust": 0.9}
        found = float(trust_after([0.8], 300, 6000, **changes).mean())
        yield near(found, settled_trust(0.05, 0.2, 0.8, drift, 0.9), 0.01, f"drift {drift:g} towards .9")
    for p in alike:
        trust = trust_after([p], 200, 10_000, trust_rule="averaging", trust_gain=0.1, trust_loss=0.9)[0]
        spread = trust_spread(0.1, p)
        yield near(float(trust.mean()), p, 0.01, f"averaging by .1, good months {p:g}: mean")
        yield near(float(trust.std()), spread, 0.04 * spread, f"averaging by .1, good months {p:g}: spread")
        trust = trust_after([p], 60, 10_000, trust_rule="beta", trust_prior=24.0, first_trust=0.5)[0]
        mean, spread = trust_of_promises(24.0, 0.5, p, 60)
        yield near(float(trust.mean()), mean, 0.01, f"counting 60 promises, good months {p:g}: mean")
        yield near(float(trust.std()), spread, 0.04 * spread, f"counting 60 promises, good months {p:g}: spread")
    gain, loss = 0.05, 0.08
    works = [0.5, 0.8, 0.9, 0.95, 0.6, 0.7]
    town = quiet_town({"inflow": 1.0, "resident_trust_gain": gain, "resident_trust_loss": loss}, residents=2000)
    town.services["staff"], town.services["quality"] = 1e6, works
    live(town, (*QUEUE, *SHARE_OUT, *QUEUE_ENDS), 200)
    expected_of_residents = [settled_trust(gain, loss, p) for p in works]
    found_of_residents = town.residents["trust"].mean(axis=0)
    yield largest_gap(zip(found_of_residents, expected_of_residents, strict=True), 0.01, "residents, at six services")


# ---- LC11 and LC12: the shadow of the future ------------------------------------------------------

TEMPTED = [(1.0, 0.5), (2.0, 0.5), (10.0, 0.5), (1.0, 0.1), (2.0, 2.0)]
"""Temptation D and surplus a month S. The fifth is the prisoners' dilemma 5, 3, 1: D = T − R, S = R − P, d* = .5."""
TEMPTED_TOO = [(point["gain"], point["surplus"]) for point in points("LC11", 8, gain=(0.2, 5.0), surplus=(0.2, 5.0))]
SURE = {"detection": 1.0, "verifiable": 0.0, "skimping_gain": 0.5}
"""None of the work can be verified, and skimping is sure to come to light. The gain is half the cost of a place."""


def seller_s_patience(gain: float, surplus: float) -> float:
    """The least patience at which a seller, sure of renewal, does not skimp for this gain."""
    town = plain(sellers_town(1, SURE, {"renewal": 1.0}))
    tie, seller = town.agreements[0], town.partners[0]
    seller.opportunism, seller.unit_cost = 1.0, 2.0 * gain
    tie.price, tie.trust_of_seller, tie.months_left = 2.0 * gain + surplus, 1.0, 24

    def keeps_its_word(patience: float) -> bool:
        town.parameters.patience = patience
        choose_effort(tie, town)
        return bool(tie.shades_rest == 0 and tie.shades_verifiable == 0)

    return bisect(keeps_its_word, 0.0, 0.999)


def buyer_s_patience(rise: float, surplus: float, months_after: int) -> float:
    """The least patience at which a buyer, sure of renewal, honours this rise. Its surplus is half the price."""
    town = plain(sellers_town(1, {"buyer_surplus": 0.5}, {"renewal": 1.0}))
    tie = town.agreements[0]
    tie.price, tie.months_left = 2.0 * surplus, months_after + 1

    def keeps_its_word(patience: float) -> bool:
        town.parameters.patience = patience
        return honours(tie, rise, 0.0, town)

    return bisect(keeps_its_word, 0.0, 0.9999)


def helper_s_patience(cost: float, back: float, aid: float, trust: float) -> float:
    """The least patience at which a partner with reserves helps one without. Its opportunism counts the cost."""
    town = plain(peers_town([(0, 1)], 2, parameters={"need_for_aid": back}, terms={"mutual_aid": aid}))
    tie, rich = town.peers[0], town.partners[0]
    rich.reserves, rich.opportunism, tie.trust_of_buyer = 10.0, cost, trust

    def helps(patience: float) -> bool:
        town.parameters.patience = patience
        tie.aid = 0.0
        offer_aid(tie, town)
        return bool(tie.aid > 0.0)

    return bisect(helps, 0.0, 0.999)


@claim(
    "LC11",
    Group.KNOWN_ANSWER,
    "A promise is kept just when patience exceeds temptation over temptation and surplus.",
    "trigger strategies, Friedman (1971); promises broken for a whole term worked out here",
)
def promises_kept(seeds: int) -> Findings:
    """d* = D/(D + S), found by bisection of the rule over patience.

    Sellers: D is what skimping saves, S what the price exceeds cost by. Buyers: D is the rise asked for, S
    what keeping the seller is worth; a refused rise is saved in every month left, so that the threshold is
    that of `patience_to_honour`, and D/(D + S) in the last month of the term. Peers: D is what opportunism
    counts the help as, S the chance of needing help × aid × trust. Without a future, a buyer compares only
    what it saves with a penalty on the same, so that the boundary is a penalty of 1 whatever the rise.
    """
    for gain, surplus in TEMPTED:
        expected = patience_to_cooperate(gain, surplus)
        yield near(seller_s_patience(gain, surplus), expected, 1e-3, f"seller, D = {gain:g}, S = {surplus:g}")
    more = [(seller_s_patience(*each), patience_to_cooperate(*each)) for each in TEMPTED_TOO]
    yield largest_gap(more, 1e-3, "seller, eight points")
    last = [(buyer_s_patience(*each, 0), patience_to_cooperate(*each)) for each in TEMPTED + TEMPTED_TOO]
    yield largest_gap(last, 1e-3, "buyer, last month of the term, 13 points")
    for months in (11, 59):
        longer = [
            (buyer_s_patience(*each, months), patience_to_honour(*each, months)) for each in TEMPTED + TEMPTED_TOO
        ]
        yield largest_gap(longer, 1e-3, f"buyer, {months} months after this one, 13 points")
    helping = [
        (helper_s_patience(**at), patience_to_cooperate(at["cost"], at["back"] * at["aid"] * at["trust"]))
        for at in points("LC11 aid", 5, cost=(0.01, 0.5), back=(0.05, 1.0), aid=(0.2, 1.0), trust=(0.3, 1.0))
    ]
    yield largest_gap(helping, 1e-3, "peer asked for help, five points")
    for penalty in (0.5, 0.99, 1.01, 3.0):
        town = plain(sellers_town(1, {"buyer_surplus": 0.0}, {"penalty": penalty}))
        honoured = honours(town.agreements[0], 0.3, 1.0, town)
        yield holds(honoured == (penalty > 1.0), f"buyer without a future, penalty {penalty:g}: honours iff above 1")


def months_before_skimping(gain: float, surplus: float, patience: float, term: int) -> float:
    """How many months of its only term a seller keeps its word; not a number if it ever returns to it."""
    sure = SURE | {"patience": patience, "margin": surplus / (2 * gain)}
    town = sellers_town(1, sure, {"renewal": 0.0, "term": float(term)})
    town.partners["opportunism"], town.partners["unit_cost"] = 1.0, 2.0 * gain
    town.agreements["price"], town.agreements["trust_of_seller"] = 2.0 * gain + surplus, 1.0
    town.agreements["months_left"] = term
    month = lines_of("open_month", "choose_effort", "renew_or_tender", "close_month")
    skimps = [int(live(town, month, 1).agreements["shades_rest"][0]) for _ in range(term)]
    return float(term - sum(skimps)) if skimps == sorted(skimps) else nan


@claim(
    "LC12",
    Group.KNOWN_ANSWER,
    "A tie is worth what is left of its term, and the chance of another term.",
    "sum of a geometric series; Baker, Gibbons & Murphy (2002) on repeated exchange",
)
def shadow_of_the_end(seeds: int) -> Findings:
    """S·Σ d^j over the months left, and r·d^(m+1)·V₀ for terms to come, V₀ = S(1 − d^L)/((1 − d)(1 − r·d^L)).

    Where the buyer's money is settled Y years at a time, a renewal is believed in as r(1 − u/Y).

    A seller who will not be renewed keeps its word while D ≤ S·(d + … + d^m), with m months to go after this
    one, and skimps from the month in which that ceases to hold until the end.
    """
    for renewal in (0.0, 0.5, 0.9, 1.0):
        town = plain(sellers_town(1, {"patience": 0.99}, {"renewal": renewal, "term": 36.0}))
        tie = town.agreements[0]
        for months_left, month in ((1, "last"), (36, "first")):
            tie.months_left = months_left
            expected = continuation(0.99, 36, renewal, months_left - 1)
            what = f"{month} month of 36, renewal {renewal:g}"
            yield near(shadow_of_the_future(tie, town), expected, 1e-9 * max(1.0, expected), what)
    for years in (1, 5):
        doubt = {"patience": 0.99, "funding_doubt": 0.1, "settlement_years": years}
        town = plain(sellers_town(1, doubt, {"renewal": 0.9, "term": 36.0}))
        town.agreements[0].months_left = 1
        expected = continuation(0.99, 36, believed_renewal(0.9, 0.1, years), 0)
        found = shadow_of_the_future(town.agreements[0], town)
        yield near(found, expected, 1e-9 * expected, f"last month of 36, renewal 0.9, budgets settled every {years}y")
    anywhere = []
    for point in points("LC12", 20, patience=(0.5, 0.999), term=(6, 121), renewal=(0, 1), left=(0, 1)):
        term, renewal = floor(point["term"]), point["renewal"]
        town = plain(sellers_town(1, {"patience": point["patience"]}, {"renewal": renewal, "term": float(term)}))
        tie = town.agreements[0]
        tie.months_left = 1 + floor(point["left"] * term)
        expected = continuation(point["patience"], term, renewal, tie.months_left - 1)
        anywhere.append((shadow_of_the_future(tie, town) / expected, 1.0) if expected > 0.0 else (0.0, 0.0))
    yield largest_gap(anywhere, 1e-9, "twenty points, relative")
    for gain, surplus in ((5.0, 1.0), (2.0, 1.0), (12.0, 0.7)):
        expected = 36 - months_that_hold(gain, surplus, 0.97, 36)
        found = months_before_skimping(gain, surplus, 0.97, 36)
        yield near(found, expected, 0.0, f"months of 36 until it skimps, D = {gain:g}, S = {surplus:g}")


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


def gamblers(wins: float, start: int, goal: int, months: int, sellers: int = 10_000) -> tuple[float, float]:
    """Share of partners that close before they reach their goal, and share that has done neither.

    Each month brings 1 with chance `wins` and takes 1 otherwise: every partner skimps on work that an audit
    could see, at price 19, cost 20 and 2 saved, so that a month brings 1; else it is caught and fined 2, so
    that the month takes 1. Its reserves begin half a unit lower than `start`, because a partner closes when it
    owes money, not when it has none.
    """
    chosen = {"verifiable": 1.0, "skimping_gain": 0.1}
    town = sellers_town(sellers, chosen, {"enforcement": 1.0, "penalty": 1.0, "monitoring": 1.0 - wins}, seed=start)
    town.partners["base_cost"], town.partners["opportunism"] = 20.0, 1.0
    town.agreements["price"] = 19.0
    town.partners["reserves"], town.partners["own_reserves"] = start - 0.5, goal - 0.5
    live(town, GAMBLING_MONTH, months)
    ruined = town.partners["alive"] == 0
    undecided = ~ruined & (town.partners["reserves"] < goal - 0.5)
    return float(ruined.mean()), float(undecided.mean())


@claim(
    "LC14",
    Group.KNOWN_ANSWER,
    "Reserves that walk by one are ruined as often as a gambler is.",
    "gambler's ruin, Feller (1968), chapter XIV",
)
def gamblers_ruin(seeds: int) -> Findings:
    """((q/p)^i − (q/p)^N) / (1 − (q/p)^N), or 1 − i/N at p = 1/2. 10,000 partners know the share to ± .005."""
    left = []
    for wins, start, goal, months in (
        (0.5, 6, 24, 900),
        (0.55, 6, 24, 600),
        (0.45, 6, 24, 600),
        (0.52, 6, 60, 3000),
        (0.47, 4, 12, 400),
    ):
        ruined, undecided = gamblers(wins, start, goal, months)
        what = f"p = {wins:g}, from {start} to {goal}"
        yield near(ruined, gambler_ruined(wins, start, goal), 0.02, what)
        left.append(undecided)
    yield Finding("share still undecided, at most", max(left), 0.0, 0.002)


FORTUNES_MONTH = lines_of(
    "open_month", "meet_prices", "pay_for_places", "meet_outside_fortunes", "respond_to_losses", "close_month"
)
FORTUNES = [
    (3.0, 0.0, 1.0, 36),
    (3.0, 0.1, 1.0, 36),
    (6.0, -0.1, 1.0, 60),
    *((p["r"], p["m"], p["s"], 48) for p in points("LC15", 3, r=(3.0, 5.0), m=(-0.08, 0.08), s=(0.8, 1.3))),
]


def share_closed(reserves: float, margin: float, spread: float, months: int, sellers: int = 20_000) -> float:
    """Share of partners that close when each month brings a margin and a normal surprise."""
    town = sellers_town(sellers, {"outside_income_spread": spread}, seed=9)
    town.agreements["price"] = 1.0 + margin
    town.partners["reserves"] = reserves
    live(town, FORTUNES_MONTH, months)
    return float((town.partners["alive"] == 0).mean())


@claim(
    "LC15",
    Group.KNOWN_ANSWER,
    "Uncertain months ruin as many partners as monthly books allow, and not as many as daily ones.",
    "first passage of Brownian motion, with the correction for looking monthly: Siegmund (1985)",
)
def uncertain_months(seeds: int) -> Findings:
    """Φ((−B − μt)/(s√t)) + e^(−2μB/s²)·Φ((−B + μt)/(s√t)), B = R + .5826 s.

    20,000 partners know the share to ± .0035. Without the correction (B = R) the formula says what a model
    with an error of time steps would give: no share may lie near that.
    """
    far = []
    for reserves, margin, spread, months in FORTUNES:
        closed = share_closed(reserves, margin, spread, months)
        what = f"reserves {reserves:.3g}, margin {margin:.3g}, spread {spread:.3g}, {months} months"
        yield near(closed, ruined_by(reserves, margin, spread, months), 0.015, what)
        far.append(abs(closed - ruined_by(reserves, margin, spread, months, monthly=False)))
    yield Finding("least distance from what daily books would give", min(far), 0.015, inf)


PRICED_MONTH = lines_of(
    "open_month", "prices_move", "meet_prices", "settle_price", "pay_for_places", "respond_to_losses",
    "renew_or_tender", "close_month",
)  # fmt: skip
LONG = 400
"""Months for which a partner is watched."""


def shocked_seller(
    component: Component, weight: float, shock: float, margin: float, reserves: float, indexation: float, age: int = 12
) -> Town:
    """One partner whose cost is `weight` of one good, which jumps in month 0; its price is as old as `age`."""
    jump = Step((component.name.lower(),), size=shock)
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


def months_it_paid(town: Town) -> int:
    """How many months the one partner paid for before it closed; 0 for never."""
    live(town, PRICED_MONTH, LONG)
    closures = town.events[town.events["kind"] == Happening.CLOSURE]["month"]
    return int(closures[0]) + 1 if len(closures) else 0


def shock_just_borne(weight: float, margin: float) -> float:
    """The largest jump of one good that a margin bears, found by bisection over its first month."""

    def loses(shock: float) -> bool:
        town = live(shocked_seller(Component.LABOUR, weight, shock, margin, 0.0, 0.0), PRICED_MONTH, 1)
        return bool(town.partners["reserves"][0] < 0.0)

    return bisect(loses, 0.0, 3.0)


@claim(
    "LC16",
    Group.KNOWN_ANSWER,
    "A fixed price empties reserves in the month arithmetic says; an indexed one never, where it pays.",
    "arithmetic, worked out here",
)
def fixed_price(seeds: int) -> Findings:
    """Margin' = (1 + m)(1 + ι w s) − (1 + w s); out in month ceil(R / −margin').

    R is a hair below 3: a partner that has nothing left owes nothing, and goes on. Until its anniversary an
    indexed price is a fixed one: `wait` months at m − w s, then at margin'. The shock a margin can just bear
    is margin over cost share.
    """
    for component, weight, shock, indexation in (
        (Component.ENERGY, 0.10, 1.0, 0.0),
        (Component.LABOUR, 0.60, 0.1, 0.0),
        (Component.ENERGY, 0.10, 1.0, 1.0),
        (Component.LABOUR, 0.60, 0.1, 1.0),
    ):
        expected = months_until_empty(3.0 - 1e-9, margin_after(0.04, weight, shock, indexation), LONG)
        found = months_it_paid(shocked_seller(component, weight, shock, 0.04, 3.0 - 1e-9, indexation))
        what = f"{component.name.lower()} {weight:g} of cost, up {shock:.0%}, indexation {indexation:g}"
        yield near(found, expected, 0.0, f"{what}: months until it closes (0: never)")
    anywhere = []
    spans = {"weight": (0.1, 0.9), "shock": (0.05, 1.0), "margin": (0.0, 0.1), "reserves": (0.5, 8.0)}
    for at in points("LC16", 8, **spans, indexation=(0.0, 1.0)):
        weight, shock, margin, reserves, indexation = at.values()
        expected = months_until_empty(reserves, margin_after(margin, weight, shock, indexation), LONG)
        town = shocked_seller(Component.OTHER, weight, shock, margin, reserves, indexation)
        anywhere.append((months_it_paid(town), expected))
    yield largest_gap(anywhere, 0.0, "months until it closes, eight points")
    margin, weight, shock, indexation, reserves = 0.04, 0.5, 0.5, 0.6, 5.0
    before, after = margin - weight * shock, margin_after(margin, weight, shock, indexation)
    for wait in (1, 5, 11):
        expected = wait + months_until_empty(reserves + wait * before, after, LONG)
        town = shocked_seller(Component.LABOUR, weight, shock, margin, reserves, indexation, age=12 - wait)
        yield near(
            months_it_paid(town), expected, 0.0, f"first anniversary after {wait} months: months until it closes"
        )
    for weight in (0.10, 0.60, 0.25):
        borne = 0.04 / weight
        yield near(shock_just_borne(weight, 0.04), borne, 1e-6 * borne, f"cost share {weight:g}: shock just borne")


# ---- LC17: staff ----------------------------------------------------------------------------------


def settled_vacancies(leaving: float, filling: float) -> float:
    """The measure of vacancies, once one service has had 2,000 months of leaving and hiring."""
    town = quiet_town({"leaving": leaving, "filling": filling})
    town.services["posts"][0] = town.services["staff"][0] = 100.0
    seen = plain(town)
    for _ in range(2000):
        leave_and_hire(seen.services[0], seen)
    return measured(town, "vacancies")


def settled_burnout(onset: float, mending: float, over: float) -> tuple[float, float]:
    """Burnout of a service and of a partner whose load has been so far above target for 4,000 months."""
    town = plain(sellers_town(1, {"burning": onset, "mending": mending, "target_load": 0.85}))
    service, partner = town.services[0], town.partners[0]
    service.load = 0.85 + over
    partner.places, partner.asked = 40.0, 40.0 * (0.85 + over)
    for _ in range(4000):
        burn_out(service, town)
        burn_out(partner, town)
    return service.burnout, partner.burnout


def left_in_a_year(leaving: float) -> float:
    """Share of the staff there were who leave in twelve months when nobody is hired."""
    town = plain(quiet_town({"leaving": leaving}))
    service = town.services[0]
    service.posts = service.staff = 100.0
    for _ in range(12):
        leave_and_hire(service, town)
    return float(1.0 - service.staff / 100.0)


@claim(
    "LC17",
    Group.KNOWN_ANSWER,
    "Vacancies settle at leaving over leaving and filling, burnout at onset over onset and mending.",
    "two-state chains, worked out here",
)
def staff_settle(seeds: int) -> Findings:
    """h/(h + v) and a/(a + r): expected flows, so the answers are exact once settled.

    Onset is burning × load above target; a partner's load is what is asked over its places. Of a year's
    staff 1 − (1 − h)^12 leave. Together: the burnt-out leave with chance h₀ + h₁, so that vacancies settle at
    H/(H + v), H = h₀ + h₁·a/(a + r).
    """
    yield near(settled_vacancies(0.025, 0.25), settled_share(0.025, 0.25), 1e-9, "vacancies, leaving .025, filling .25")
    vacant = [
        (settled_vacancies(**at), settled_share(at["leaving"], at["filling"]))
        for at in points("LC17", 6, leaving=(0.0, 0.2), filling=(0.05, 0.6))
    ]
    yield largest_gap(vacant, 1e-9, "vacancies, six points")
    yield near(settled_burnout(0.02, 0.1, 1.0)[0], settled_share(0.02, 0.1), 1e-9, "burnout, onset .02, mending .1")
    burnt = [
        (found, settled_share(at["onset"] * at["over"], at["mending"]))
        for at in points("LC17 burnout", 6, onset=(0.01, 0.3), mending=(0.02, 0.5), over=(0.1, 2.0))
        for found in settled_burnout(**at)
    ]
    yield largest_gap(burnt, 1e-9, "burnout of a service and a partner, six points")
    for leaving in (0.025, 0.029, 0.1):
        yield near(left_in_a_year(leaving), 1.0 - (1.0 - leaving) ** 12, 1e-12, f"left in a year, leaving {leaving:g}")
    on = {"burning": 0.04, "mending": 0.1, "target_load": 0.5, "leaving": 0.02, "leaving_burnt_out": 0.05}
    town = quiet_town(on | {"filling": 0.3})
    town.services["posts"] = town.services["staff"] = 10.0
    town.services["load"] = 1.5
    live(town, lines_of("burn_out", "leave_and_hire"), 2000)
    hazard = 0.02 + 0.05 * settled_share(0.04, 0.1)
    in_post = town.services["staff"] / 10.0
    expected = 1.0 - settled_share(hazard, 0.3)
    yield largest_gap(((each, expected) for each in in_post), 1e-9, "staff in post, burnout and leaving together")


# ---- LC18: needs that raise one another -----------------------------------------------------------


def needs_after(recovery: float, spillover: Column, inflow: float, months: int) -> Column:
    """Needs of one resident after so many months of steady inflow, with no help from anyone."""
    always = {"inflow": 1.0, "blow": inflow, "tolerance": 0.0, "recovery": recovery}
    town = quiet_town(always | {"spillover": tuple(spillover.ravel())}, residents=1)
    live(town, lines_of("open_month", "need_grows", "close_month"), months)
    return np.asarray(town.residents["need"][0])


def even_web(each: float) -> Column:
    """Every need raises every other as much."""
    return each * (1.0 - np.eye(NEEDS))


@claim(
    "LC18",
    Group.KNOWN_ANSWER,
    "Needs settle where inflow and spillover balance recovery, and run away iff the radius reaches one.",
    "linear systems: (ρI − W)⁻¹u and the spectral radius; Horn & Johnson (2013)",
)
def needs_spill_over(seeds: int) -> Findings:
    """n* = (ρI − W)⁻¹u: six needs, ρ .3, W .02 off the diagonal, u .05 give .25 each; radius .8.

    Five webs drawn at random, scaled so that the radius is .9. An even web has radius 1 − ρ + 5w: needs
    settle at u/(ρ − 5w) below 1, and end at the worst there is, 1, from there on. In plain Python the rule
    gives the same needs.
    """
    settled = needs_after(0.3, even_web(0.02), 0.05, 500)
    at_rest = needs_at_rest(np.full(NEEDS, 0.3), even_web(0.02), np.full(NEEDS, 0.05))
    yield near(float(settled[0]), float(at_rest[0]), 1e-9, "radius .8: need")
    yield largest_gap(zip(settled, at_rest, strict=True), 1e-9, "radius .8: all six needs")
    town = plain(quiet_town({"inflow": 1.0, "blow": 0.05, "tolerance": 0.0, "recovery": 0.3}, residents=1))
    for to in range(NEEDS):
        for since in range(NEEDS):
            town.parameters.spillover[to, since] = 0.02 if to != since else 0.0
    for _ in range(300):
        need_grows(town.residents[0], town)
    yield largest_gap(zip(town.residents[0].need, at_rest, strict=True), 1e-9, "radius .8, in plain Python")
    webs = []
    for seed in range(5):
        drawn = np.random.default_rng(seed)
        recovery = drawn.uniform(0.15, 0.6)
        web = drawn.uniform(0.0, 1.0, (NEEDS, NEEDS)) * (1.0 - np.eye(NEEDS))
        web *= (recovery - 0.1) / np.abs(np.linalg.eigvals(web)).max()
        rho = np.full(NEEDS, recovery)
        inflow = 0.5 / float(needs_at_rest(rho, web, np.ones(NEEDS)).max())
        expected = needs_at_rest(rho, web, np.full(NEEDS, inflow))
        webs += list(zip(needs_after(recovery, web, inflow, 500), expected, strict=True))
    yield largest_gap(webs, 1e-9, "five webs of radius .9")
    for each in (0.02, 0.059, 0.06, 0.07):
        radius = 0.7 + 5.0 * each
        expected_need = 0.001 / (0.3 - 5.0 * each) if each < 0.06 else 1.0
        needs = needs_after(0.3, even_web(each), 0.001, 8000)
        yield near(float(needs.max()), expected_need, 1e-9, f"radius {radius:.4g}: worst need")
        yield near(float(needs.min()), expected_need, 1e-9, f"radius {radius:.4g}: least need")


# ---- LC20: mutual aid -----------------------------------------------------------------------------


def closures_after_a_loss(
    partners: int, hit: int, reserves: float, loss: float, mutual_aid: float, pairs: list[tuple[int, int]] | None = None
) -> int:
    """How many of some partners close when the first of them lose this much. All are tied to all, or as `pairs` say."""
    if pairs is None:
        pairs = [(one, other) for one in range(partners) for other in range(one + 1, partners)]
    town = plain(peers_town(pairs, partners, terms={"mutual_aid": mutual_aid}))
    for place, partner in enumerate(town.partners):
        partner.reserves = reserves - (loss if place < hit else 0.0)
    for table, rule in ((town.peers, take_time), (town.peers, offer_aid), (town.peers, pass_aid)):
        for tie in table:
            rule(tie, town)
    for partner in town.partners:
        respond_to_losses(partner, town)
    return int(sum(1 - partner.alive for partner in town.partners))


@claim(
    "LC20",
    Group.KNOWN_ANSWER,
    "Pooling saves everyone, until it takes everyone down.",
    "arithmetic of a full pool; cf. Acemoglu, Ozdaglar & Tahbaz-Salehi (2015)",
)
def pooling(seeds: int) -> Findings:
    """Ten partners with reserves 2, three of them hit: the pool breaks beyond 20/3. Full sharing is mutual_aid 1.

    The boundary is found by bisection over the loss; then any number of partners, hit by any loss.
    """
    for loss in (1.0, 3.0, 6.0, 6.6, 6.7, 8.0):
        for aid, name in ((0.0, "alone"), (1.0, "pooled")):
            expected = failures(10, 3, 2.0, loss, pooled=aid > 0.0)
            yield near(closures_after_a_loss(10, 3, 2.0, loss, aid), expected, 0.0, f"loss {loss:g}, {name}: closures")
    breaks = bisect(lambda loss: closures_after_a_loss(10, 3, 2.0, loss, 1.0) > 0, 3.0, 9.0)
    yield near(breaks, 20.0 / 3.0, 1e-9, "loss at which the pool breaks")
    anyhow = []
    for seed in range(12):
        drawn = np.random.default_rng(seed)
        partners = int(drawn.integers(2, 12))
        hit = int(drawn.integers(1, partners + 1))
        reserves, loss = drawn.uniform(0.5, 4.0), drawn.uniform(0.5, 12.0)
        for aid in (0.0, 1.0):
            found = closures_after_a_loss(partners, hit, reserves, loss, aid)
            anyhow.append((found, failures(partners, hit, reserves, loss, pooled=aid > 0.0)))
    yield largest_gap(anyhow, 0.0, "closures, twelve points, alone and pooled")


# ---- LC21: inequality -----------------------------------------------------------------------------


def gradient_town(residents: list[int], start: float, slope: float) -> Town:
    """Neighbourhoods of these sizes, whose unmet need for each resident climbs in a straight line with rank."""
    town = quiet_town(residents=100, neighbourhoods=len(residents))
    sizes = np.array(residents, dtype=np.float64)
    rank = (np.cumsum(sizes) - 0.5 * sizes) / sizes.sum()
    town.neighbourhoods["residents"] = residents
    town.neighbourhoods["unmet"] = sizes * (start + slope * rank)
    return town


@claim(
    "LC21",
    Group.KNOWN_ANSWER,
    "The slope index of a straight gradient is its slope, in parts of town of any size.",
    "slope and relative index of inequality, Mackenbach & Kunst (1997)",
)
def inequality(seeds: int) -> Findings:
    """Need .2 + .1·rank over ten equal parts of town, ranks .05 to .95: slope index .1, relative index .4."""
    town = gradient_town([7] * 10, 0.2, 0.1)
    mean = float(town.neighbourhoods["unmet"].sum() / town.neighbourhoods["residents"].sum())
    slope = measured(town, "inequality_slope")
    yield near(slope, 0.1, 1e-9, "ten equal parts: slope index")
    yield near(slope / mean, 0.4, 1e-9, "ten equal parts: relative index")
    any_size = []
    for seed in range(6):
        drawn = np.random.default_rng(seed)
        sizes = [int(size) for size in drawn.integers(1, 500, 8)]
        slope = float(drawn.uniform(-0.3, 0.3))
        any_size.append((measured(gradient_town(sizes, 0.4, slope), "inequality_slope"), slope))
    yield largest_gap(any_size, 1e-9, "eight unequal parts, six slopes of either sign")


# ---- LC22: which parameter matters ------------------------------------------------------------------


@claim(
    "LC22",
    Group.KNOWN_ANSWER,
    "The analysis of variance says of a known function which of its parameters matter.",
    "Ishigami & Homma (1990); Sobol indices by Saltelli's design, as in SALib",
)
def what_matters(seeds: int) -> Findings:
    """Shares of variance of sin x₁ + 7 sin² x₂ + .1 x₃⁴ sin x₁, from 8 × 4,096 points (`ishigami_shares`).

    It is the tool that is asked here, not the town: SALib, which is used for sweeps of the town's parameters.
    It comes with Kith's `analysis` extra.
    A Shapley effect is a parameter's own share and half of what it shares with each other.
    """
    if find_spec("SALib") is None:
        yield not_asked("shares of variance", "SALib is not installed; it comes with the analysis extra")
        return
    from SALib.analyze import sobol as shares  # noqa: PLC0415  optional, and slow to import
    from SALib.sample import sobol as design  # noqa: PLC0415

    problem = {"num_vars": 3, "names": ["x1", "x2", "x3"], "bounds": [[-np.pi, np.pi]] * 3}
    x = design.sample(problem, 4096, calc_second_order=True, seed=1)
    y = np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    told = shares.analyze(problem, y, calc_second_order=True, num_resamples=2, seed=1)
    pairs = np.nan_to_num(told["S2"])
    shapley = told["S1"] + 0.5 * (pairs + pairs.T).sum(axis=1)
    found = {"V": y.var(), "S1": told["S1"][0], "S2": told["S1"][1], "S3": told["S1"][2]}
    found |= {"ST1": told["ST"][0], "ST3": told["ST"][2]}
    found |= {f"Shapley {place + 1}": value for place, value in enumerate(shapley)}
    for name, expected in ishigami_shares().items():
        within = 0.02 * expected if name == "V" else 0.02
        yield near(float(found[name]), expected, within, "variance" if name == "V" else name)
