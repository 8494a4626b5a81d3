"""Known answers about what spreads: practice, technology, and the terms organisations ask for.

Change this file to ask one more question about contagion or imitation that has an answer on paper. Towns
here are partners tied as peers, in a graph for which the answer is known; what they hear and what they do
about it is settled by the model's own rules.
"""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numpy as np

from agents.chance import Decision
from agents.tables import Town
from experiments.validation.claims import Finding, Group, claim, holds, largest_gap, near
from experiments.validation.oracles import (
    Column,
    averaged,
    basin,
    bass,
    giant_component,
    kept_up,
    logistic,
    pace_of_averaging,
    reached,
    settled_share,
)
from experiments.validation.quiet import lines_of, live, peers_town, sellers_town, with_room
from simulation.graphs import Luck, graph_of, tied_as

Findings = Iterator[Finding]
Pairs = list[tuple[int, int]]

SEEDS = range(1, 6)
ALL_SHARED = {"sharing": 1.0}
"""Terms under which a tie between two who trust each other carries everything."""

# ---- who hears what ---------------------------------------------------------------------------------

HEARING_MONTH = lines_of("open_month", "meet_prices", "take_time", "hear_from_each_other", "learn", "close_month")


def hear_of_everyone(town: Town) -> None:
    """Every partner hears of every partner, as if each were tied to all: a town too large to write its ties down."""
    having = 0
    for partner in town.partners:
        if partner.technology > 0.0:
            having += 1
    for partner in town.partners:
        partner.ties = len(town.partners)
        partner.technology_heard = having
        partner.technology_leads = having


MIXED_MONTH = (
    *lines_of("open_month", "meet_prices"),
    ("town", hear_of_everyone),
    *lines_of("learn", "close_month"),
)


def everyone(count: int) -> Pairs:
    """All tied to all."""
    return [(one, other) for one in range(count) for other in range(one + 1, count)]


def ring(count: int, reach: int) -> Pairs:
    """Each tied to so many on either side."""
    return [(one, (one + far) % count) for one in range(count) for far in range(1, reach + 1)]


def having(town: Town) -> float:
    """Share of partners that have the technology."""
    return float(town.partners["technology"].mean())


def mixed_town(count: int, first: float, seed: int, **parameters: float) -> Town:
    """Many partners in a town where everyone hears of everyone; the first of them have the technology."""
    town = sellers_town(count, parameters, seed=seed)
    town.partners["technology"][: round(first * count)] = 1.0
    return town


def shares_over_time(town: Town, months: int, rounds: int = 1) -> Column:
    """Share that has the technology, from the start and month by month, each of so many rounds."""
    return np.array([having(town), *(having(live(town, MIXED_MONTH, rounds)) for _ in range(months))])


# ---- LC6: averaging ---------------------------------------------------------------------------------

AVERAGING_MONTH = lines_of("open_month", "compare_terms", "wish_for_terms", "take_on_terms", "close_month")


def leap_a_year(town: Town) -> None:
    """Nothing happens until the last month before April comes round again."""
    town.clock.month += 11


APRILS = (*AVERAGING_MONTH, ("town", leap_a_year))


def imitators(pairs: Pairs, count: int, rule: str, seed: int = 1) -> Town:
    """Partners that look at their ties every April, and all act on what they see."""
    town = peers_town(pairs, count, parameters={"terms_change": rule, "changing": 1.0}, seed=seed)
    town.clock["month"] = 3
    return with_room(town, 1)


@claim(
    "LC6",
    Group.KNOWN_ANSWER,
    "Organisations that average their terms with their ties end at the average weighted by ties.",
    "DeGroot (1974)",
)
def averaging(seeds: int) -> Findings:
    """T = (A + I)/(degree + 1): consensus at Σ(dᵢ + 1)xᵢ / Σ(dᵢ + 1), reached at the pace of T's second eigenvalue.

    A star of five whose hub asks for 1 and the others for 0: 5/13. Zachary's karate club (34 members, 78 ties)
    with the first member at 1: 17/190, at a pace of .896; the pace of a star, .5, is seen from an uneven start.
    After 500 Aprils. Nobody changes terms for a difference of less than 1e-9, so that at a pace of .9 the last
    steps not taken add up to about 1e-8 (asked: 1e-7).
    """
    star, club = nx.star_graph(4), nx.karate_club_graph()
    starts = {"star": [1.0, 0, 0, 0, 0], "karate club": [1.0] + [0.0] * 33, "uneven star": [0.2, 1.0, 0.5, 0, 0]}
    for (name, start), graph in zip(starts.items(), (star, club, star), strict=True):
        ties = nx.to_numpy_array(graph, nodelist=sorted(graph), weight=None)
        opinions = np.array(start)
        town = imitators([tuple(edge) for edge in graph.edges], len(graph), "average")
        town.partners["sharing"] = opinions
        apart = []
        for _ in range(40):
            live(town, APRILS, 1)
            apart.append(float(np.ptp(town.partners["sharing"])))
        live(town, APRILS, 460)
        expected = averaged(ties, opinions)
        yield near(float(town.partners["sharing"][0]), expected, 1e-7, f"{name}: where the first ends")
        yield largest_gap(((each, expected) for each in town.partners["sharing"]), 1e-7, f"{name}: all, in the end")
        if name != "star":
            late = [after for after, far in enumerate(apart) if far > 1e-6][-1]
            what = f"{name}: disagreement left after one more round"
            yield near(apart[late] / apart[late - 1], pace_of_averaging(ties), 1e-3, what)


# ---- LC7 to LC9: imitation ----------------------------------------------------------------------------


@claim(
    "LC7",
    Group.KNOWN_ANSWER,
    "In a town where everyone hears of everyone, technology spreads as Bass said.",
    "Bass (1969), month by month",
)
def bass_spreads(seeds: int) -> Findings:
    """F' = F + (1 − F)(p + qF), p = .03 and q = .38: .0300, .1228, .3701, .9056, .9998 after 1, 3, 6, 12, 24.

    On a complete graph, what a partner hears is the share of the others that have the technology; that is
    looked at tie by tie, in a town of 60. With that heard, five towns of 20,000 know F to ± .007 where it is
    steepest (asked: .02): about 3,000 in all take it up in the first month, and they set the pace.
    """
    town = peers_town(everyone(60), 60, terms=ALL_SHARED)
    town.partners["technology"][:17] = 1.0
    live(town, HEARING_MONTH[:-2], 1)
    heard = town.partners["technology_heard"] / town.partners["ties"]
    others = (17.0 - town.partners["technology"]) / 59.0
    yield largest_gap(zip(heard, others, strict=True), 1e-12, "complete graph of 60: share heard")
    runs = [shares_over_time(mixed_town(20_000, 0.0, seed, innovation=0.03, imitation=0.38), 24) for seed in SEEDS]
    found, expected = np.mean(runs, axis=0), bass(0.03, 0.38, 24)
    for month in (1, 3, 6, 12, 24):
        yield near(float(found[month]), float(expected[month]), 0.02, f"p = .03, q = .38: share after {month} months")
    yield largest_gap(zip(found, expected, strict=True), 0.02, "all 24 months")


@claim(
    "LC8",
    Group.KNOWN_ANSWER,
    "What is imitated and dropped is kept up by 1 − loss over imitation, or dies out.",
    "fixed point worked out here; contagion with recovery, Kermack & McKendrick (1927)",
)
def forgetting(seeds: int) -> Findings:
    """(1 − i)·βi = γi, because our chance is linear in what is heard: i* = 1 − γ/β, and 0 where γ ≥ β.

    With chance 1 − e^(−βi) it would be .634 and .317 at γ = .1 and β = .3 and .15; ours are .667 and .333.
    2,000 partners for 2,000 months, of which one in ten or forty is independent: known to ± .001 and ± .003.

    Practice is a level, not a choice, and has fixed points of its own: learning by doing a and forgetting f
    settle at a/(a + f); whoever is tied to one with full practice and learns λ of the lead, at λ/(λ + f).
    """
    for imitation in (0.3, 0.15):
        town = mixed_town(2000, 0.5, 11, imitation=imitation, technology_loss=0.1)
        live(town, MIXED_MONTH, 200)
        found = float(shares_over_time(town, 2000)[1:].mean())
        yield near(found, kept_up(imitation, 0.1), 0.01, f"imitation {imitation:g}, loss .1: share kept up")
    town = live(mixed_town(2000, 0.5, 11, imitation=0.08, technology_loss=0.1), MIXED_MONTH, 2000)
    yield near(having(town), kept_up(0.08, 0.1), 0.0, "imitation .08, loss .1: share kept up")

    town = sellers_town(1, {"practice_learning": 0.015, "practice_forgetting": 0.03})
    live(town, HEARING_MONTH, 2000)
    doing = settled_share(0.015, 0.03)
    yield near(float(town.partners["practice"][0]), doing, 1e-9, "practice, doing .015, forgetting .03")
    town = peers_town(
        [(0, 1)], 2, parameters={"practice_from_others": 0.1, "practice_forgetting": 0.02}, terms=ALL_SHARED
    )
    for _ in range(400):
        town.partners["practice"][0] = 1.0
        live(town, HEARING_MONTH, 1)
    learnt = settled_share(0.1, 0.02)
    yield near(
        float(town.partners["practice"][1]), learnt, 1e-9, "practice, tied to the best, learning .1, forgetting .02"
    )


@claim(
    "LC9",
    Group.KNOWN_ANSWER,
    "Without innovation or loss, what is imitated grows along the logistic curve.",
    "Verhulst (1838)",
)
def logistic_growth(seeds: int) -> Findings:
    """Share x = 1/(1 + ((1 − x₀)/x₀)e^(−bt)), x₀ = .01, b = .2 a month: .1002 at 12, .5510 at 24, a half at 22.98.

    That is continuous time: here a tenth of a month is one round, with a tenth of the chance. The recursion
    x' = x + bx(1 − x) of whole months is another curve, and is asked for too. Five towns of 20,000 begin with
    200 each; the chances of these first few make x uncertain by .008 at the middle (asked: .02).
    """
    slowly = [shares_over_time(mixed_town(20_000, 0.01, seed, imitation=0.02), 30, rounds=10) for seed in SEEDS]
    found = np.mean(slowly, axis=0)
    for month in (12, 24):
        expected = logistic(0.01, 0.2, month)
        yield near(float(found[month]), expected, 0.02, f"b = .2, rounds of .1 month: share after {month} months")
    half = float(np.interp(0.5, found, np.arange(len(found))))
    yield near(half, float(np.log(99.0) / 0.2), 0.5, "b = .2, rounds of .1 month: months until half have it")
    monthly = [shares_over_time(mixed_town(20_000, 0.01, seed, imitation=0.2), 24) for seed in SEEDS]
    pairs = zip(np.mean(monthly, axis=0), bass(0.0, 0.2, 24, first=0.01), strict=True)
    yield largest_gap(pairs, 0.02, "b = .2, whole months: share, all 24")


# ---- LC10: complex contagion --------------------------------------------------------------------------

COMPLEX = {"contagion": "complex", "imitation": 1.0}


def followers(threshold: int, begins: int, months: int, size: int = 100) -> list[int]:
    """How many on a ring, each tied to two on either side, follow month by month."""
    town = peers_town(ring(size, 2), size, parameters=COMPLEX, terms=ALL_SHARED)
    town.partners["threshold"] = threshold
    town.partners["technology"][:begins] = 1.0
    return [int(live(town, HEARING_MONTH, 1).partners["technology"].sum()) for _ in range(months)]


@claim(
    "LC10",
    Group.KNOWN_ANSWER,
    "On a ring, what needs two ties to spread moves by one at each end, and what needs three does not move.",
    "Centola & Macy (2007); steps worked out here",
)
def complex_contagion(seeds: int) -> Findings:
    """A hundred partners, each tied to two on either side (`reached`).

    Threshold 2 and two neighbours that begin: two more a month, all at month 49. One that begins stays alone;
    threshold 3 and two that begin stay two; threshold 1 and one that begins: four more a month, all at 25.
    """
    for threshold, begins, done in ((2, 2, 49), (2, 1, 0), (3, 2, 0), (1, 1, 25)):
        counts = followers(threshold, begins, 60)
        what = f"threshold {threshold}, {begins} to begin with"
        expected = [reached(threshold, begins, month, 100) for month in range(1, 61)]
        yield near(counts[-1], expected[-1], 0.0, f"{what}: followers in the end")
        yield holds(counts == expected, f"{what}: as worked out in every month")
        month = counts.index(100) + 1 if 100 in counts else 0
        yield near(month, done, 0.0, f"{what}: month in which all follow (0: never)")


# ---- LC13: imitation of the best placed ---------------------------------------------------------------


def everyone_plays(town: Town) -> None:
    """All partners tied as peers play a repeated dilemma: who shares returns like for like, who does not defects.

    T, R, P, S are 5, 3, 1, 0 and a round is followed by another with the chance in `patience`. What they earn is
    how well placed they are.
    """
    goes_on = town.parameters.patience
    end = 1.0 - goes_on
    for partner in town.partners:
        partner.standing = 0.0
    for tie in town.peers:
        one = town.organisations[tie.buyer]
        other = town.organisations[tie.seller]
        if one.sharing > 0.5 and other.sharing > 0.5:
            one.standing += 3.0 / end
            other.standing += 3.0 / end
        elif one.sharing > 0.5:
            one.standing += 0.0 + goes_on / end
            other.standing += 5.0 + goes_on / end
        elif other.sharing > 0.5:
            one.standing += 5.0 + goes_on / end
            other.standing += 0.0 + goes_on / end
        else:
            one.standing += 1.0 / end
            other.standing += 1.0 / end


DILEMMA = (
    *lines_of("open_month"),
    ("town", everyone_plays),
    *lines_of("compare_terms", "wish_for_terms", "take_on_terms", "close_month"),
    ("town", leap_a_year),
)


def ends_returning(first: int, players: int, goes_on: float) -> float:
    """Share of partners that return like for like after ten Aprils in which half of them look around."""
    town = imitators(everyone(players), players, "imitate_the_best")
    town.parameters["patience"], town.parameters["changing"] = goes_on, 0.5
    town.partners["sharing"] = np.arange(players) < first
    live(town, DILEMMA, 10)
    return float(town.partners["sharing"].mean())


@claim(
    "LC13",
    Group.KNOWN_ANSWER,
    "Where all can see all, the strategy that earns more takes over: tit-for-tat just above its basin's edge.",
    "Axelrod & Hamilton (1981); edge of the basin: Nowak (2006), Evolutionary Dynamics",
)
def basins(seeds: int) -> Findings:
    """x* = 1/(1 + (R − (1 − w)T − wP)/((P − S)(1 − w))), T, R, P, S = 5, 3, 1, 0: .5, .2, .0588, .0270.

    The dilemma is played by a rule of this file; who imitates whom is settled by the model's own. It copies
    the best placed, where the replicator equation copies in proportion: the edge and the ends are the same,
    the time in between is not claimed. 200 partners, each playing with all others; the edge among so many
    lies between the two starts, half and one and a half times x*.
    """
    players = 200
    for goes_on in (0.6, 0.75, 0.9, 0.95):
        large, among = basin(5.0, 3.0, 1.0, 0.0, goes_on, players)
        below, above = round(0.5 * large * players), round(1.5 * large * players)
        what = f"w = {goes_on:g}, x* = {large:.4f}"
        yield holds(below < among * players < above, f"{what}: the edge among 200 lies between the starts")
        yield near(ends_returning(below, players, goes_on), 0.0, 0.0, f"{what}, from {below}: share in the end")
        yield near(ends_returning(above, players, goes_on), 1.0, 0.0, f"{what}, from {above}: share in the end")


# ---- LC19: what stays connected -------------------------------------------------------------------------


def random_town(partners: int, degree: float, seed: int) -> Town:
    """Partners tied as peers at random, so many ties each on average, by Kith's own kind of graph."""
    one_block, no_core = np.zeros(partners, np.int64), np.zeros(partners, np.bool_)
    ties = tied_as("random", Luck(seed, Decision.FOUND_PEER, 1), round(0.5 * degree * partners), one_block, no_core)
    ones, others = np.divmod(ties, partners)
    return peers_town(list(zip(ones.tolist(), others.tolist(), strict=True)), partners, seed=seed)


def closed_at_random(town: Town, share: float) -> Town:
    """The same town after a share of its partners, drawn by lot, have run out of money and closed."""
    drawn = np.random.default_rng(19).permutation(len(town.partners))[: round(share * len(town.partners))]
    town.partners["reserves"][drawn] = -1.0
    return live(town, lines_of("respond_to_losses"), 1)


def largest_component(town: Town) -> float:
    """Share of living partners in the largest set that ties connect."""
    graph = graph_of(town)
    living = [node for node, seen in graph.nodes.items() if seen["kind"] == "partner" and seen["alive"]]
    return max(map(len, nx.connected_components(graph.subgraph(living)))) / len(living)


@claim(
    "LC19",
    Group.KNOWN_ANSWER,
    "Ties drawn at random hold most together just when each has more than one on average, also after closures.",
    "Erdős & Rényi (1960); removal: Callaway, Newman, Strogatz & Watts (2000)",
)
def giant(seeds: int) -> Findings:
    """S = 1 − e^(−cS): .5828, .7968 and .9405 at c = 1.5, 2 and 3. Removing a share q leaves c' = c(1 − q).

    At c = 2 and q = .3, .511 of those left hang together; beyond q* = 1 − 1/c = .5 nothing does. 10,000 partners
    know S to ± .01; ties are drawn by the graph named random, and partners go by running out of money.
    """
    for degree in (1.5, 2.0, 3.0):
        found = largest_component(random_town(10_000, degree, 1))
        yield near(found, giant_component(degree), 0.02, f"{degree:g} ties each: share in the largest component")
    for gone in (0.3, 0.7):
        town = closed_at_random(random_town(10_000, 2.0, 2), gone)
        yield near(
            float(1.0 - town.partners["alive"].mean()), gone, 1e-9, f"{gone:.0%} to close: share that has closed"
        )
        expected = giant_component(2.0 * (1.0 - gone))
        found = largest_component(town)
        yield near(
            found, expected, 0.02, f"2 ties each, {gone:.0%} closed: share of those left in the largest component"
        )
