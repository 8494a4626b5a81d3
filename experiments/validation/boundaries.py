"""Regime boundaries: places on the map where a contract and a relationship do equally well, worked out on paper.

Change this file to ask on which side of one more boundary each does better. The comparison is made by the
model's own rules in quiet towns (see quiet.py), well on either side of where the formula says it turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor
from typing import Any

import numpy as np

from agents.agreements import choose_effort
from agents.events import tell
from agents.tables import NEEDS, NOBODY, Cause, Happening, Town
from experiments.validation.claims import Finding, Group, claim, holds, largest_gap, near
from experiments.validation.known_answers import PRICED_MONTH, note_the_queue
from experiments.validation.oracles import (
    Column,
    bisect,
    fixed_less_open,
    months_paid,
    points,
    rise_at_boundary,
    surplus_rigid_and_flexible,
)
from experiments.validation.quiet import lines_of, live, plain, quiet_town, sellers_town, with_room, with_tables
from simulation.shocks import Pulse, Shock, Step

Findings = Iterator[Finding]

# ---- RB1: who absorbs a shock ---------------------------------------------------------------------

OPEN_BOOK = {"openness": 1.0, "sharing": 1.0}
MARGIN, RESERVES, GAP = 0.04, 2.0, 4
EVERYTHING = ("all",)


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


def noted(town: Town, months: int) -> Any:
    """The notes of so many months, one a month."""
    told = town.events[: int(town.clock["events"])]
    told = told[(told["kind"] == Happening.TENDER) & (told["cause"] == Cause.TERM_ENDED)]
    if len(told) != months:
        raise RuntimeError(f"{len(told)} notes were made in {months} months")
    return told["amount"]


def volume_bought(
    terms: dict[str, float], shock: Shock, margin: float, reserves: float, gap: int, months: int, lapses: bool = True
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
    return np.asarray(noted(town, months))


def contract_less_open_book(
    shock: Shock, margin: float, reserves: float, gap: int, months: int, lapses: bool = True
) -> float:
    """Places bought under a fixed price less those under an open book, over the whole time."""
    fixed = volume_bought({}, shock, margin, reserves, gap, months, lapses)
    open_book = volume_bought(OPEN_BOOK, shock, margin, reserves, gap, months, lapses)
    return float(fixed.sum() - open_book.sum())


def reserves_after(terms: dict[str, float], rise: float, months: int) -> float:
    """What a partner that began with 3 months of cost holds after so many months of a rise."""
    on = {"margin": MARGIN, "buyer_surplus": 1.0}
    town = sellers_town(1, on, terms, shocks=(Step(EVERYTHING, size=rise),))
    town.partners["reserves"], town.agreements["price"] = 3.0, 1.0 + MARGIN
    town.agreements["trust_of_buyer"] = 1.0
    live(town, PRICED_MONTH, months)
    return float(town.partners["reserves"][0])


@claim(
    "RB1",
    Group.BOUNDARY,
    "A fixed price buys more than an open book while the partner's reserves outlast the gap it would leave.",
    "arithmetic, worked out here; on rigid and flexible prices see Bajari & Tadelis (2001)",
)
def who_absorbs_a_shock(seeds: int) -> Findings:
    """CON − REL = (T·x − G)/(1 + x) after a lasting rise x, T = R/(x − m) in whole months (`fixed_less_open`).

    With m .04, R 2, G 4 the boundary is x* = .08. A shock that ends before reserves do (D ≤ T) is absorbed
    by the partner: D·x/(1 + x) > 0; with x .2, reserves 2 last 12.5 months. The contract's extra volume is
    paid from the partner's reserves: x − m a month, and nothing under an open book.

    A service that keeps unspent money loses no places to the gap: the gap's G months of budget buy G/(1 + x)
    places once there is a seller again, as fast as it can give them: x/(1 + x) beyond the month's own. After
    G/x months more nothing is left of gap or savings, and CON − REL = T·x/(1 + x) > 0 at any rise.
    """
    boundary = rise_at_boundary(MARGIN, RESERVES, GAP)
    for rise in (0.06, 0.07, 0.09, 0.10, 0.20, 0.30):
        months = months_paid(rise, MARGIN, RESERVES) + GAP + 12
        found = contract_less_open_book(Step(EVERYTHING, size=rise), MARGIN, RESERVES, GAP, months)
        expected = fixed_less_open(rise, MARGIN, RESERVES, GAP)
        yield near(found, expected, 1e-3, f"rise {rise:.0%}: places, fixed price less open book")
        yield holds(
            (found > 0.0) == (rise < boundary), f"rise {rise:.0%}: the fixed price wins iff below {boundary:.0%}"
        )
    anywhere = []
    for at in points("RB1", 5, rise=(0.08, 0.5), margin=(0.0, 0.06), reserves=(0.5, 6.0), gap=(1, 8)):
        rise, margin, reserves, gap = at["rise"], at["margin"], at["reserves"], floor(at["gap"])
        months = months_paid(rise, margin, reserves) + gap + 5
        found = contract_less_open_book(Step(EVERYTHING, size=rise), margin, reserves, gap, months)
        anywhere.append((found, fixed_less_open(rise, margin, reserves, gap)))
    yield largest_gap(anywhere, 1e-3, "five points: places")
    for length in (6, 12):
        pulse = Pulse(EVERYTHING, size=0.2, length=length)
        found = contract_less_open_book(pulse, MARGIN, RESERVES, GAP, length + 12)
        yield near(found, length * 0.2 / 1.2, 1e-3, f"20% for {length} months: places")
    yield near(
        reserves_after({}, 0.2, 10), 3.0 - 10 * (0.2 - MARGIN), 1e-9, "20%: reserves after 10 months, fixed price"
    )
    kept = 3.0 + 10 * MARGIN * 1.2
    yield near(reserves_after(OPEN_BOOK, 0.2, 10), kept, 1e-9, "20%: reserves after 10 months, open book")
    for rise in (0.1, 0.3):
        lasts = months_paid(rise, MARGIN, RESERVES)
        months = lasts + GAP + ceil(GAP / rise) + 6
        found = contract_less_open_book(Step(EVERYTHING, size=rise), MARGIN, RESERVES, GAP, months, lapses=False)
        yield near(found, lasts * rise / (1.0 + rise), 1e-3, f"rise {rise:.0%}, unspent money kept: places")
    for gap in (0, 1, 2, 4, 9):
        bought = volume_bought({}, Step(EVERYTHING, size=0.5), 0.0, 1.2, gap, 25)
        yield near(float((bought == 0.0).sum()), gap, 0.0, f"gap of {gap} months: months without places")


# ---- RB2: what can be verified --------------------------------------------------------------------

VERIFIED_MONTH = lines_of("open_month", "meet_prices", "choose_effort", "pay_for_places", "close_month")
CHECKED = {"enforcement": 1.0, "monitoring": 0.5, "penalty": 3.0}
SHARED = {"sharing": 0.5}


def value_for_the_buyer(parameters: dict[str, float], terms: dict[str, float], value: float, surplus: float) -> float:
    """What a place is worth to the buyer in the effort put into it, less what holding the tie costs it."""
    on = {"monitoring_cost": 0.06, "sharing_cost": 0.02, "skimping_gain": 0.1}
    town = sellers_town(1, on | parameters, terms | {"renewal": 1.0})
    town.partners["opportunism"], town.agreements["trust_of_seller"] = 1.0, 1.0
    town.partners["base_cost"] = 1.0 - surplus
    live(town, VERIFIED_MONTH, 1)
    tie = town.agreements[0]
    return float(value * tie["effort"] - tie["admin_cost"])


def enforcement_that_deters(opportunism: float, monitoring: float, penalty: float) -> float:
    """The least enforcement at which a seller without a future leaves the verifiable part alone."""
    town = plain(sellers_town(1, {"skimping_gain": 0.2}))
    tie, seller = town.agreements[0], town.partners[0]
    seller.opportunism, tie.monitoring, tie.penalty = opportunism, monitoring, penalty

    def is_deterred(enforcement: float) -> bool:
        tie.enforcement = enforcement
        choose_effort(tie, town)
        if tie.shades_rest != 1:
            raise RuntimeError("without a future, what is not checked should be skimped on")
        return bool(tie.shades_verifiable == 0)

    return bisect(is_deterred, 0.0, 1000.0)


@claim(
    "RB2",
    Group.BOUNDARY,
    "Where a relationship cannot sustain itself, a contract wins just when enough of the work can be verified.",
    "Baker, Gibbons & Murphy (1994); deterrence, Becker (1968); boundaries for our rules worked out here",
)
def what_can_be_verified(seeds: int) -> Findings:
    """Relationship not sustained: φ* = (C_c − C_r)/(v·h). Sustained: contract wins iff C_r − C_c > v·h·(1 − φ).

    A seller either skimps on a part of the work or does not: checks that deter it (monitoring × penalty > 1)
    win back the verifiable part whole, h being the harm of skimping on everything (.4). A contract gives
    v(1 − h(1 − φ)) − C_c, an unsustained relationship v(1 − h) − C_r. C_c is monitoring .5 at .06 and C_r is
    sharing .5 at .02: φ* = (.03 − .01)/.4 = .05; price is cost, so that there is no future worth keeping.

    A relationship that sustains itself has price above cost, and skimping comes to light when all is shared;
    in the contract nothing is shared, so that nothing beyond the checks ever does. With C_r .03 and C_c .01 the
    contract wins from φ = 1 − .02/.4 = .95 on, by being cheaper.

    Checks deter iff enforcement × monitoring × penalty reaches opportunism: the gain cancels. Checks that do
    not deter (opportunism 1 against monitoring .5 × penalty 1) pay iff φ > φ* = (C_c − C_r)/(κ·m): half the
    time they take back what was gained on the verifiable part. 40,000 sellers know the mean fine to ± .0006·φ.
    """
    for phi in (0.04, 0.06):
        split = {"verifiable": phi, "skimping_harm": 0.4}
        gain = value_for_the_buyer(split, CHECKED, 1.0, 0.0) - value_for_the_buyer(split, SHARED, 1.0, 0.0)
        yield near(gain, 0.4 * phi - 0.02, 1e-9, f"not sustained, φ = {phi:g}: contract less relationship")
        yield holds((gain > 0.0) == (phi > 0.05), f"not sustained, φ = {phi:g}: the contract wins iff φ > .05")
    for phi in (0.1, 0.5, 0.9, 0.97):
        split = {"verifiable": phi, "skimping_harm": 0.4, "detection_by_sharing": 1.0}
        contract = value_for_the_buyer(split | {"monitoring_cost": 0.02}, CHECKED, 1.0, 0.1)
        gain = contract - value_for_the_buyer(split | {"sharing_cost": 0.06}, SHARED, 1.0, 0.1)
        yield near(gain, 0.02 - 0.4 * (1.0 - phi), 1e-9, f"sustained, φ = {phi:g}: contract less relationship")
        yield holds((gain > 0.0) == (phi > 0.95), f"sustained, φ = {phi:g}: the contract wins iff φ > .95")
    deterred = []
    for at in points("RB2", 8, opportunism=(0.2, 1.0), monitoring=(0.1, 1.0), penalty=(0.5, 5.0)):
        enough = at["opportunism"] / (at["monitoring"] * at["penalty"])
        deterred.append((enforcement_that_deters(**at) / enough, 1.0))
    yield largest_gap(deterred, 1e-9, "enforcement that deters, eight points, relative")
    cost, seen = 0.24, 0.5
    for side in (-0.04, 0.04):
        phi = 0.02 / (cost * seen) + side
        on = {"verifiable": phi, "skimping_gain": cost, "monitoring_cost": 0.04}
        town = sellers_town(40_000, on, {"enforcement": 1.0, "monitoring": seen, "penalty": 1.0})
        town.partners["opportunism"] = 1.0
        live(town, VERIFIED_MONTH, 1)
        undeterred = bool((town.agreements["shades_verifiable"] == 1).all())
        won_back = float(town.agreements["fined"].mean() - town.agreements["admin_cost"].mean())
        what = f"checks that do not deter, φ = {phi:.3f}"
        yield near(won_back, cost * seen * phi - 0.02, 0.002, f"{what}: won back")
        yield holds(undeterred and (won_back > 0.0) == (side > 0.0), f"{what}: they pay iff φ > 1/6")


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
    return float(noted(town, months)[2:].mean())


@claim(
    "RB3",
    Group.BOUNDARY,
    "A rigid price wins just when dear months are rare and arguing is costly.",
    "logic of Hart & Moore (2008), not their theorem; boundary for our rules worked out here",
)
def rigid_or_flexible(seeds: int) -> Findings:
    """A rigid price forbids trade when cost is high; a flexible one is argued over (`surplus_rigid_and_flexible`).

    Rigid wins iff (140 − Ec)·π/(1 + π) < 70·θ, with Ec = 80 + 40 π; asked well below and above that boundary.
    40,000 months know each mean to about .15 (asked: .6).
    """
    for argument in (0.05, 0.08, 0.12):

        def rigid_wins(dear: float, argument: float = argument) -> bool:
            rigid, flexible = surplus_rigid_and_flexible(dear, argument)
            return rigid > flexible

        boundary = bisect(rigid_wins, 0.0, 0.6)
        for side in (0.4, 1.8):
            dear = side * boundary
            found = (mean_surplus({}, argument, dear, 40_000), mean_surplus(OPEN_BOOK, argument, dear, 40_000))
            expected = surplus_rigid_and_flexible(dear, argument)
            what = f"θ = {argument:g}, dear months {dear:.3f}"
            yield largest_gap(zip(found, expected, strict=True), 0.6, f"{what}: surplus, rigid and flexible")
            yield holds((found[0] > found[1]) == (side < 1.0), f"{what}: rigid wins iff below {boundary:.3f}")


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
    if len(town.peers) != NEEDS:
        raise RuntimeError(f"six services should have a ring of six ties, not {len(town.peers)}")
    live(town, SHARING_MONTH, months)
    return float(town.neighbourhoods["resolved"].sum() / months)


@claim(
    "RB4",
    Group.BOUNDARY,
    "Sharing what is known is worth its time just when it saves more failures than it costs places.",
    "failure demand, Seddon (2003); boundary worked out here",
)
def failures_or_places(seeds: int) -> Findings:
    """Worth it iff (1 − k)(1 − f + df) > 1 − f: .9 × .9 = .81 > .8, but .88 × .9 = .792.

    The instrument is the dial `sharing` from 0 to 1. Every resident always has all six needs, so a hand-off
    is lost unless it is shared: success is q(1 − e) without and q with it: q = .9 and e = 1/9 make f = .2 and
    df = .1. It takes k of the time, half on each of a service's two ties. 3,000 months of 600 places know each
    share to ± .0003; the margins to tell apart are .01 and .008.
    """
    for cost in (0.10, 0.12):
        without = resolved_a_month(0.0, cost / 2.0, 1.0 / 9.0, 0.9, 3000) / 600.0
        shared = resolved_a_month(1.0, cost / 2.0, 1.0 / 9.0, 0.9, 3000) / 600.0
        what = f"sharing takes {cost:.0%} of time"
        yield near(without, 0.8, 0.002, f"{what}: resolved for each place, not shared")
        yield near(shared, (1.0 - cost) * 0.9, 0.002, f"{what}: resolved for each place, shared")
        worth_it = (1.0 - cost) * 0.9 > 0.8
        yield holds((shared > without) == worth_it, f"{what}: worth it iff {(1.0 - cost) * 0.9:.3f} > 0.8")
