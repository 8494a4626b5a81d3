"""Docking: results of other people's models, asked of our rules.

Change this file to hold the model to one more outside result. Each claim says at which level it is made (the
same numbers, the same distribution, or only the same order) and, where only a part of the other model can be
asked of ours, which part. What our rules lack is named in the claim, not made up for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from math import exp, inf
from typing import Any

import numpy as np

from agents.agreements import choose_effort
from agents.chance import Decision, chance
from agents.residents import new_need
from agents.tables import Need, Status, Town
from agents.terms import GOVERNANCES
from experiments.intervals import Numbers, intervals
from experiments.validation.claims import Finding, Group, Level, claim, holds, largest_gap, near
from experiments.validation.known_answers import closures_after_a_loss
from experiments.validation.oracles import (
    bisect,
    chance_of_care_need,
    continuation,
    failures,
    failures_on_a_ring,
    joined,
    lattice_round,
    points,
)
from experiments.validation.quiet import (
    NO_TERMS,
    engine_of,
    lines_of,
    live,
    peers_town,
    plain,
    quiet_town,
    sellers_town,
)
from experiments.validation.spreading import (
    ALL_SHARED,
    COMPLEX,
    HEARING_MONTH,
    MIXED_MONTH,
    Pairs,
    everyone,
    imitators,
    leap_a_year,
    ring,
)
from simulation.month import MONTH
from simulation.run import live as live_months
from simulation.scenario import SETTLING, Scenario, load_scenario
from simulation.town import found_town

Findings = Iterator[Finding]

# ---- D1: the spatial dilemma --------------------------------------------------------------------------


def torus(side: int) -> Pairs:
    """A square lattice without an edge, each tied to the eight around it."""
    ahead = ((0, 1), (1, 0), (1, 1), (1, -1))
    return [
        (row * side + column, (row + down) % side * side + (column + right) % side)
        for row in range(side)
        for column in range(side)
        for down, right in ahead
    ]


def neighbours_play(town: Town) -> None:
    """Everyone plays with all ties and with itself: sharing against sharing earns 1, against one who shares b."""
    temptation = town.parameters.skimping_gain
    for partner in town.partners:
        partner.standing = 1.0 if partner.sharing > 0.5 else 0.0
    for tie in town.peers:
        one = town.organisations[tie.buyer]
        other = town.organisations[tie.seller]
        if one.sharing > 0.5:
            other.standing += 1.0 if other.sharing > 0.5 else temptation
        if other.sharing > 0.5:
            one.standing += 1.0 if one.sharing > 0.5 else temptation


LATTICE_MONTH = (
    *lines_of("open_month"),
    ("town", neighbours_play),
    *lines_of("compare_terms", "wish_for_terms", "take_on_terms", "close_month"),
    ("town", leap_a_year),
)


def lattice(temptation: float, side: int, seed: int, first: float = 0.6) -> Town:
    """A torus of partners, of whom so many share, where this is what one gains who does not."""
    town = imitators(torus(side), side * side, "imitate_the_best", seed=seed)
    town.parameters["skimping_gain"] = temptation
    town.partners["sharing"] = np.random.default_rng(seed).random(side * side) < first
    return town


def share_that_shares(temptation: float, side: int, rounds: int, seed: int, first: float = 0.6) -> float:
    """Mean share of those who share over the second half of so many rounds."""
    town = live(lattice(temptation, side, seed, first), LATTICE_MONTH, rounds // 2)
    shares = [float(live(town, LATTICE_MONTH, 1).partners["sharing"].mean()) for _ in range(rounds // 2)]
    return float(np.mean(shares))


@claim(
    "D1",
    Group.DOCKING,
    "On a lattice where the best placed is copied, sharing survives as in the spatial dilemma.",
    "Nowak & May (1992)",
    Level.DISTRIBUTIONAL,
)
def spatial_dilemma(seeds: int) -> Findings:
    """Eight neighbours and oneself; sharing against sharing earns 1, not sharing against sharing b, else 0.

    For 1.8 < b < 2 the share tends to 12 ln 2 − 8 = .318 from any start that leaves some block of nine to grow:
    here from four in five, because from three in five a few starts on 10,000 sites die out. Below and above, it
    depends on the start, here three in five: most survive at b = 1.7 and none at 2.05. The dilemma is played by
    a rule of this file; who looks at whom, who is copied and what is taken on is settled by the model's own, with
    payoffs summed over ties. Round by round, everyone does the same as in a recursion written for the lattice
    alone. A torus of 10,000, the second hundred of two hundred rounds, up to three seeds.
    """
    side = 60
    for temptation in (1.7, 1.85, 2.05):
        town = lattice(temptation, side, 5)
        alone = town.partners["sharing"].reshape(side, side).copy()
        differ = 0.0
        for _ in range(25):
            alone = lattice_round(alone, temptation)
            live(town, LATTICE_MONTH, 1)
            differ += float((town.partners["sharing"].reshape(side, side) != alone).sum())
        yield near(differ, 0.0, 0.0, f"b = {temptation:g}: who differs from the lattice's own recursion, 25 rounds")
    middle = [share_that_shares(1.85, 100, 200, seed, 0.8) for seed in range(1, 1 + max(1, min(seeds, 3)))]
    yield near(float(np.mean(middle)), 12.0 * np.log(2.0) - 8.0, 0.010, "b = 1.85: share that shares")
    yield Finding("b = 1.7: share that shares", share_that_shares(1.7, 100, 100, 1), 0.84, 0.89)
    yield Finding("b = 2.05: share that shares", share_that_shares(2.05, 100, 100, 1), 0.0, 0.01)


# ---- D2: trust in supply networks -----------------------------------------------------------------------


@claim(
    "D2",
    Group.DOCKING,
    "The ratchet rule moves trust as in Kim's supply networks.",
    "Kim (2009), equations 3.1 and 3.2",
)
def ratchet(seeds: int) -> Findings:
    """Enough shipped: T' = max(T, ρ·order + (1 − ρ)T). Too little: T' = min(T, ρ·shipment + (1 − ρ)T).

    Orders and shipments are shares of what was agreed; ρ is our pace of trust where two meet all they can. What
    a seller could give is drawn by lot, and what it ships is that or the order, if less. Both equations at a
    thousand ties with trust, order and what could be given drawn by lot, as buyers see sellers.

    Not claimed: that trust becomes alike on both sides, and that inventories vary less. In Kim's networks orders
    and shipments are then shared out by trust; our services share referrals out by what was agreed.
    """
    count, pace = 1000, 0.3
    on = {"trust_rule": "ratchet", "trust_gain": pace, "meeting_scale": 0.0001}
    town = sellers_town(count, on, {"coordination": 0.05})
    drawn = np.random.default_rng(3)
    before, order, able = drawn.random((3, count))
    shipment = np.minimum(able, order)
    town.agreements["trust_of_buyer"] = before
    town.agreements["asked"], town.agreements["able"] = order, able
    live(town, lines_of("revise_trust"), 1)
    good = np.maximum(before, pace * order + (1.0 - pace) * before)
    bad = np.minimum(before, pace * shipment + (1.0 - pace) * before)
    after = town.agreements["trust_of_buyer"]
    enough = shipment >= order
    yield largest_gap(zip(after[enough], good[enough], strict=True), 1e-12, "enough shipped (3.1): trust")
    yield largest_gap(zip(after[~enough], bad[~enough], strict=True), 1e-12, "too little shipped (3.2): trust")
    yield holds(bool((after[enough] >= before[enough]).all()), "enough shipped never lowers trust")
    yield holds(bool((after[~enough] <= before[~enough]).all()), "too little shipped never raises it")


# ---- D3 and D4: care ------------------------------------------------------------------------------------


def chance_of_new_need(exposure: float, need: Need, age: float = 50.0, unmet: float = 0.0, **parameters: Any) -> float:
    """How likely the rule makes a new need, at this exposure, for one resident of this age.

    The rule only says whether a need strikes under one lot. It does from some exposure on, which is found by
    bisection: the lot over that exposure is the chance for each unit of exposure.
    """
    seen = plain(quiet_town({"tolerance": 0.0, "blow": 1.0} | parameters, residents=1))
    resident = seen.residents[0]
    resident.age, resident.need[need], resident.status[need] = age, unmet, Status.WAITING
    lot = chance(seen, Decision.NEED_STRIKES, resident.luck, need)
    from_here = bisect(lambda tried: new_need(resident, need, tried, seen) > 0.0, 0.0, 1000.0)
    return exposure * lot / from_here


@claim(
    "D3",
    Group.DOCKING,
    "Needs that go unmet bring new ones exp(k·u) times as often, as in CareSim.",
    "Gostoli & Silverman (2019), arXiv:1904.05267",
)
def escalation(seeds: int) -> Findings:
    """At k = 1 and unmet need u = 1 and .5: 2.71828 and 1.64872 times as often; then at ten points.

    In CareSim u is the discounted mean share of unmet need, here the severity of the need while it waits: the
    form is docked, not what is put into it. Not claimed: days in hospital (2^u times as many), which we lack.
    """
    base = chance_of_new_need(0.01, Need.CARE, unmet=0.0, escalation=1.0)
    for unmet in (1.0, 0.5):
        times = chance_of_new_need(0.01, Need.CARE, unmet=unmet, escalation=1.0) / base
        yield near(times, exp(unmet), 1e-9, f"k = 1, u = {unmet:g}: times as likely")
    anywhere = []
    for at in points("D3", 10, k=(0.0, 3.0), u=(0.0, 1.0)):
        for need in (Need.CARE, Need.MONEY):
            base = chance_of_new_need(0.01, need, unmet=0.0, escalation=at["k"])
            times = chance_of_new_need(0.01, need, unmet=at["u"], escalation=at["k"]) / base
            anywhere.append((times / exp(at["k"] * at["u"]), 1.0))
    yield largest_gap(anywhere, 1e-9, "ten points, two needs: times as likely, relative")


@claim(
    "D4",
    Group.DOCKING,
    "Care needs grow with age as in Linked Lives, but for its small constant.",
    "Silverman (2018), chapter 11; parameters of the Social-Care-ABM-for-UQ code",
)
def care_and_age(seeds: int) -> Findings:
    """P = .0002 + .0008·e^(age/scale) a year: .0298 for a man of 65, .0901 at 85, .0703 for a woman of 85.

    Our chance is inflow × e^((age − 50)/scale). With inflow .0008·e^(50/scale), a year in one round, it is the
    second term to the last digit at any age. The constant is not in our rule: what is missing is .0002 a year at
    every age, seven in a thousand of the chance at 65.
    """
    for age, scale, who in ((65.0, 18.0, "man of 65"), (85.0, 18.0, "man of 85"), (85.0, 19.0, "woman of 85")):
        inflow = 0.0008 * exp(50.0 / scale)
        found = chance_of_new_need(inflow, Need.CARE, age=age, age_scale=scale)
        published = chance_of_care_need(age, scale)
        yield near(found, published - 0.0002, 1e-9, f"{who}: chance a year without the constant")
        yield near(found / published, 1.0, 0.01, f"{who}: chance a year over the published one")
    growth = []
    for at in points("D4", 10, young=(20.0, 60.0), old=(60.0, 100.0), scale=(10.0, 30.0)):
        ours = [chance_of_new_need(1e-3, Need.CARE, age=at[age], age_scale=at["scale"]) for age in ("old", "young")]
        theirs = [chance_of_care_need(at[age], at["scale"]) - 0.0002 for age in ("old", "young")]
        growth.append((ours[0] / ours[1] / (theirs[0] / theirs[1]), 1.0))
    yield largest_gap(growth, 1e-9, "growth between two ages, ten points, relative")


# ---- D5: thresholds ---------------------------------------------------------------------------------------


def crowd(thresholds: Any, months: int) -> int:
    """How many partners join, all tied to all, when each waits for so many others."""
    count = len(thresholds)
    town = peers_town(everyone(count), count, parameters=COMPLEX, terms=ALL_SHARED)
    town.partners["threshold"] = thresholds
    return int(live(town, HEARING_MONTH, months).partners["technology"].sum())


def share_of_a_large_crowd(mean: float, spread: float, count: int = 10_000, months: int = 100) -> float:
    """Share that joins where thresholds are normal, in shares of a crowd in which everyone hears of everyone."""
    from scipy.stats import norm  # noqa: PLC0415  slow to import

    waits_for = count * (mean + spread * norm.ppf((np.arange(count) + 0.5) / count))
    town = sellers_town(count, COMPLEX)
    town.partners["threshold"] = np.maximum(0, np.ceil(waits_for))
    return float(live(town, MIXED_MONTH, months).partners["technology"].mean())


@claim(
    "D5",
    Group.DOCKING,
    "One threshold more or less decides whether a crowd joins, as in Granovetter's riot.",
    "Granovetter (1978)",
)
def thresholds(seeds: int) -> Findings:
    """Thresholds 0, 1, 2, … 99: all 100 join. With 2 in place of 1: one does.

    Thresholds normal with mean 25 of 100: 6 in 100 join at a standard deviation of 12.2, all at 12.3 (`joined`).
    A crowd of 10,000 stands for that: in one of 100, whole people blur the step.
    """
    waits_for = np.arange(100)
    yield near(crowd(waits_for, 120), 100.0, 0.0, "thresholds 0 to 99: join")
    waits_for[1] = 2
    yield near(crowd(waits_for, 120), 1.0, 0.0, "the same, with 2 in place of 1: join")
    for spread in (0.122, 0.123):
        found = share_of_a_large_crowd(0.25, spread)
        what = f"normal thresholds, mean 25, deviation {100 * spread:.1f}: share that joins"
        yield near(found, joined(0.25, spread), 0.002, what)


# ---- D6: contagion of losses ------------------------------------------------------------------------------


def changes_of_sign(differences: list[int]) -> int:
    """How often a list of differences goes from one side of nothing to the other."""
    signs = [1 if each > 0 else -1 for each in differences if each != 0]
    return sum(one != other for one, other in pairwise(signs))


@claim(
    "D6",
    Group.DOCKING,
    "Help among partners saves the town from small losses and spreads large ones: the sign turns once.",
    "Acemoglu, Ozdaglar & Tahbaz-Salehi (2015)",
    Level.RELATIONAL,
)
def phase_transition(seeds: int) -> Findings:
    """Ten partners with reserves 2, one to four of them hit by ever larger losses; closures with help less without.

    All tied to all: none closes up to nR/k, all beyond. On a ring help passes on to two neighbours in the month
    of the loss, so that who has h of the hit among itself and its ties closes beyond 3R/h. Either way the
    difference turns from negative to positive once. Not claimed: that a ring is as fragile as the complete graph,
    which needs payments that clear all at once; ours pass on one step a month.
    """
    partners, reserves = 10, 2.0
    losses = np.arange(1.3, 26.0, 0.6)
    for name, pairs in (("all tied to all", everyone(partners)), ("a ring", ring(partners, 1))):
        exact, turns, helped, harmed = [], [], [], []
        for hit in (1, 2, 4):
            found = [closures_after_a_loss(partners, hit, reserves, loss, 1.0, pairs) for loss in losses]
            alone = [failures(partners, hit, reserves, loss, pooled=False) for loss in losses]
            if name == "a ring":
                expected = [failures_on_a_ring(partners, hit, reserves, loss) for loss in losses]
            else:
                expected = [failures(partners, hit, reserves, loss, pooled=True) for loss in losses]
            exact += list(zip(found, expected, strict=True))
            difference = [one - other for one, other in zip(found, alone, strict=True)]
            turns.append(changes_of_sign(difference))
            helped.append(min(difference))
            harmed.append(max(difference))
        yield largest_gap(exact, 0.0, f"{name}: closures as worked out, {3 * len(losses)} losses")
        yield largest_gap(((turn, 1) for turn in turns), 0.0, f"{name}: changes of sign, other than one")
        yield Finding(f"{name}: closures with help less without, at best", max(helped), -inf, -1.0)
        yield Finding(f"{name}: closures with help less without, at worst", min(harmed), 1.0, inf)


# ---- D7: markets with and without contracts that can be enforced --------------------------------------------

COMPLETE = GOVERNANCES["contract"]
INCOMPLETE = GOVERNANCES["relational"]
GO_ON = "terms after which both go on, without less with"


def market(seed: int, terms: Mapping[str, float], verifiable: float, months: int = 144) -> tuple[float, float]:
    """Share of ended terms after which buyer and seller go on together, and what is paid over cost, in a calm town."""
    setting = Scenario(residents=200, months=months, seed=seed, governance=terms, parameters={"verifiable": verifiable})
    town = found_town(setting)
    held = town.agreements
    ended = repeated = 0
    for month in range(months):
        ending = (held["months_left"] == 1) & (held["active"] == 1)
        seller = held["seller"].copy()
        live(town, MONTH, 1)
        if month >= SETTLING:
            let = ending & (held["active"] == 1) & (held["age"] == 0)
            ended += int(let.sum())
            repeated += int((let & (held["seller"] == seller)).sum())
    paid = float(town.history["price_over_cost"][SETTLING:months].mean())
    return repeated / ended, paid - 1.0


def least_margin(terms: Mapping[str, float], verifiable: float, opportunism: float, trust: float) -> float:
    """The least price above cost, as a share, at which a seller does all of the work; 0 where it need not earn."""
    on = {"verifiable": verifiable, "skimping_gain": 0.12, "detection": 0.05, "detection_by_sharing": 0.2}
    town = plain(sellers_town(1, on | {"patience": 0.97}, terms))
    tie, seller = town.agreements[0], town.partners[0]
    seller.opportunism, tie.trust_of_seller, tie.months_left = opportunism, trust, int(tie.term)

    def works(margin: float) -> bool:
        tie.price = seller.unit_cost * (1.0 + margin)
        choose_effort(tie, town)
        return bool(tie.shades_rest == 0 and tie.shades_verifiable == 0)

    return 0.0 if works(0.0) else bisect(works, 0.0, 1.0)


TRADING_MONTH = lines_of(
    "open_month", "meet_prices", "take_time", "choose_effort", "revise_trust", "renew_or_tender", "close_month"
)


def kept_on(terms: Mapping[str, float], verifiable: float) -> tuple[float, float]:
    """Shares of willing and of opportunist sellers who hold their agreement after five years of thin margins."""
    count = 400
    on = {"verifiable": verifiable, "skimping_gain": 0.12, "detection": 0.05, "detection_by_sharing": 0.2}
    on |= {"margin": 0.002, "quality_noise": 0.1, "trust_gain": 0.04, "trust_loss": 0.2, "trust_drift": 0.01}
    town = sellers_town(count, on, {**terms, "term": 12.0, "renewal": 1.0, "coordination": 0.02}, seed=4)
    town.partners["opportunism"][count // 2 :] = 0.8
    town.agreements["months_left"], town.agreements["trust_of_buyer"] = 12, 0.6
    town.agreements["price"] = 1.002
    mine = town.agreements["seller"].copy()
    live(town, TRADING_MONTH, 60)
    kept = town.agreements["seller"] == mine
    return float(kept[: count // 2].mean()), float(kept[count // 2 :].mean())


@claim(
    "D7",
    Group.DOCKING,
    "Without enforcement, buyers keep to sellers who keep their word, and pay them more.",
    "Brown, Falk & Fehr (2004)",
    Level.RELATIONAL,
)
def markets(seeds: int) -> Findings:
    """In their laboratory enforceable contracts bring one-off trades at competitive prices, and others lasting pairs.

    Three parts can be asked of our rules. What a seller must earn to do all of the work when nothing can be
    verified: margin o·κ/(d·V·(½ + ½τ)), V the shadow of the future; and nothing where all can be, and is checked.
    Who is kept: with the same dial of renewal, opportunists lose their agreements only where they cannot be
    checked. And whole towns, contracts with everything verifiable against relationships with nothing, each under
    its own dials: partners go on together more often, and are paid more over cost, without enforcement.

    What our rules lack is the buyer's own choice to shop around: whether a term that ends is renewed without a
    tender is a dial of the terms. With that dial alike, pairs should still last longer where nothing can be
    enforced, and do not.
    """
    shadow = continuation(0.97, INCOMPLETE["term"], INCOMPLETE["renewal"], int(INCOMPLETE["term"]) - 1)
    light = 0.05 + 0.2 * INCOMPLETE["sharing"]
    for trust in (0.2, 0.8):
        rent = 0.5 * 0.12 / (light * shadow * (0.5 + 0.5 * trust))
        found = least_margin(INCOMPLETE, 0.0, 0.5, trust)
        yield near(found, rent, 1e-9, f"not enforced, trust {trust:g}: margin that buys all of the work")
    yield near(least_margin(COMPLETE, 1.0, 0.5, 0.5), 0.0, 0.0, "enforced: margin that buys all of the work")

    willing, opportunist = kept_on(NO_TERMS | {"sharing": 1.0}, 0.0)
    yield Finding(
        "not enforced: willing sellers kept for five years, less opportunists", willing - opportunist, 0.5, 1.0
    )
    willing, opportunist = kept_on(NO_TERMS | {"enforcement": 1.0, "monitoring": 0.5, "penalty": 3.0}, 1.0)
    yield near(willing - opportunist, 0.0, 0.05, "enforced: willing sellers kept for five years, less opportunists")
    yield Finding("enforced: opportunists kept for five years", opportunist, 0.95, 1.0)

    runs = range(1, 1 + max(5, seeds))
    enforced = np.array([market(seed, COMPLETE, 1.0) for seed in runs])
    trusted = np.array([market(seed, INCOMPLETE, 0.0) for seed in runs])
    pairs, paid = estimates(trusted - enforced)
    put_in = "that relationships are renewed is put in: it is a dial of the terms"
    yield Finding(f"own dials: {GO_ON}", pairs[0], 0.0, inf, pairs[1:], put_in)
    yield Finding("own dials: paid over cost, without less with", paid[0], 0.0, inf, paid[1:])
    alike = np.array([market(seed, {**COMPLETE, "renewal": INCOMPLETE["renewal"]}, 1.0) for seed in runs])
    pairs = estimates(trusted - alike)[0]
    lacking = (
        "nobody shops around here unless the terms say so; a buyer's own choice between renewal and tender is lacking"
    )
    yield Finding(f"renewal alike: {GO_ON}", pairs[0], 0.05, inf, pairs[1:], lacking)


def estimates(values: Numbers) -> list[tuple[float, float, float]]:
    """Mean and 95% interval of each column of values, a row for each seed."""
    mean, low, high, _ = intervals(values)
    return list(zip(mean.tolist(), low.tolist(), high.tolist(), strict=True))


# ---- D10: common luck ---------------------------------------------------------------------------------------

OUTCOMES = ("wellbeing", "wellbeing_lowest_tenth", "unmet_need")


def outcomes(setting: Scenario) -> list[float]:
    """The outcomes declared in advance, as means over the months reported."""
    lived = live_months(found_town(setting), engine_of(MONTH, "compiled"), setting.months)
    return [float(lived.history[name][SETTLING : setting.months].mean()) for name in OUTCOMES]


def runs_saved(one: Numbers, other: Numbers) -> Numbers:
    """How many times as many runs are needed, for the same standard error of the difference, without common luck."""
    return np.asarray((one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)) / (one - other).var(axis=0, ddof=1))


@claim(
    "D10",
    Group.DOCKING,
    "With common luck fewer runs tell two towns apart, ten times fewer for some outcomes.",
    "Klein, Abeysuriya, Stuart & Kerr (2024), arXiv:2409.02086",
    Level.RELATIONAL,
)
def common_luck(seeds: int) -> Findings:
    """Runs needed = (variance of one + variance of the other) / variance of their difference in the same luck.

    Contract against relational, and contract against its own calm twin, in the town as it comes and the rise in
    living costs from 2021; at least twenty seeds. Their tenfold saving is of one policy switched on; ours is the
    shock switched on. What governance changes, it changes from the first month, and luck is shared by less.
    Intervals by resampling seeds.
    """
    count = max(20, seeds)
    setting = load_scenario("cost_of_living_2021")
    calm = replace(setting, shocks=())
    asked = [(setting, "contract"), (setting, "relational"), (calm, "contract")]
    contract, relational, quiet = (
        np.array([outcomes(replace(world, governance=terms, seed=seed)) for seed in range(1, 1 + count)])
        for world, terms in asked
    )
    drawn = np.random.default_rng(10).integers(0, count, (400, count))
    best = 0.0
    for what, other in (("contract against relational", relational), ("with the shock against without", quiet)):
        found = runs_saved(contract, other)
        again = np.array([runs_saved(contract[lot], other[lot]) for lot in drawn])
        low, high = np.quantile(again, (0.025, 0.975), axis=0)
        best = max(best, float(found.max()))
        for place, name in enumerate(OUTCOMES):
            sure = (float(low[place]), float(high[place]))
            yield Finding(f"{what}: {name.replace('_', ' ')}, times as many runs", float(found[place]), 1.0, inf, sure)
    yield Finding("the most that is saved on any of them, times as many runs", best, 10.0, inf)
