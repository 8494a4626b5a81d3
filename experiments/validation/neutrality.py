"""No thumb on the scale: what must be true of the model for its answer not to have been put in beforehand.

Change this file to put the fairness of the comparison to another test. Nothing here may favour a governance: what is
looked for is looked for on behalf of each of them, by the same search, and confirmed on seeds the search never saw.
A claim that fails stays in the table. The box of plausible numbers is in box.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from agents.declared import fields_of
from agents.terms import DIALS, GOVERNANCES, Terms, terms_for
from experiments.pairs import FAIR_FIGHT, shown
from experiments.validation.box import described, latin_hypercube, plausible, values_at
from experiments.validation.claims import Finding, Group, Level, claim, holds, reported
from experiments.validation.paired import (
    CALM,
    EFFECT,
    MAIN,
    PLACE,
    SAID,
    SHOCK,
    Numbers,
    Outcome,
    above_nothing,
    every,
    governed,
    interval_of,
    lived,
    months_of,
    pairs_lived,
    seeds_from,
    setting,
    told_apart,
)
from simulation import measures
from simulation.engines import engine_for
from simulation.measures import label
from simulation.run import live, rows_of
from simulation.scenario import Scenario, settings
from simulation.town import found_town
from simulation.twin import first_difference

SHOCKED = tuple(name for name in settings() if setting(name).shocks)
FRESH = 10_000
"""Seeds are numbered from here when something found on other seeds is to be confirmed."""

# ---- a governance is its dials and nothing else -----------------------------------------------------


@contextmanager
def renamed(names: Mapping[str, str]) -> Iterator[None]:
    """The table of governances with other names meanwhile: each new name means the dials of an old one."""
    dials = {new: dict(GOVERNANCES[old]) for new, old in names.items()}
    with patch.dict(GOVERNANCES, dials):
        yield


def differs(one: Any, other: Any) -> str:
    """The first field in which two towns differ, or nothing when every table is the same to the last bit."""
    found = first_difference(one, other)
    return found.split(" is ")[0] if found else ""


def placebo_differs(scenario: Scenario, governance: str) -> str:
    """Where a town differs from one whose governance has the same dials under another name; nothing if nowhere."""
    with renamed({"placebo": governance}):
        placebo = lived(scenario.with_(governance="placebo"))
    return differs(lived(scenario.with_(governance=governance)), placebo)


def swap_differs(scenario: Scenario, one: str, other: str) -> str:
    """Where a town changes when two governances change names and each name means the other's dials."""
    before = {name: lived(scenario.with_(governance=name)) for name in (one, other)}
    with renamed({one: other, other: one}):
        after = {name: lived(scenario.with_(governance=name)) for name in (one, other)}
    return differs(before[one], after[other]) or differs(before[other], after[one])


BIT = "Two towns are compared in every table, to the last bit."


@claim(
    "neutrality.placebo", Group.NEUTRALITY,
    "Two governances with the same dials give the same town to the last bit, whatever they are called.",
    f"No rule may read the name of a governance. {BIT}",
)  # fmt: skip
def placebo(seeds: int) -> Iterable[Finding]:
    """Every governance beside its placebo, in every setting."""
    for name in settings():
        scenario = setting(name)
        found = {each: placebo_differs(scenario, each) for each in GOVERNANCES}
        where = "; ".join(f"{shown(each)}: {field}" for each, field in found.items() if field)
        yield holds(not where, f"{name}, {len(found)} governances and their placebos", where)
    other = {lived(setting().with_(governance=each)).history.tobytes() for each in GOVERNANCES}
    yield Finding("different towns of different governances", len(other), len(GOVERNANCES), len(GOVERNANCES),
                  note="Otherwise the comparison above could not fail.")  # fmt: skip


@claim(
    "neutrality.label_swap", Group.NEUTRALITY,
    "When two governances change names, each name gives the other's town to the last bit.",
    f"No rule may read the name of a governance. {BIT}",
)  # fmt: skip
def label_swap(seeds: int) -> Iterable[Finding]:
    """Every two of the fair fight change names, in every setting."""
    for name in settings():
        for one, other in combinations(FAIR_FIGHT, 2):
            where = swap_differs(setting(name), one, other)
            yield holds(not where, f"{name}, {shown(one)} and {shown(other)}", where)


# ---- equal means ------------------------------------------------------------------------------------


def means_of(town: Any) -> dict[str, Numbers]:
    """What a town is given to work with now: money coming in, posts and staff, of each organisation."""
    return {
        "funding": town.services["budget"].copy(),
        "reserves of partners": town.partners["reserves"].copy(),
        "reserves of funders": town.funders["reserves"].copy(),
        "staff posts": town.organisations["posts"].copy(),
        "staff hours": town.organisations["staff"].copy(),
    }


@claim(
    "neutrality.equal_means_at_founding", Group.NEUTRALITY,
    "Towns of every governance are founded with the same funding, reserves, staff posts and staff hours.",
    "Equal budgets are what makes the comparison one of governance. Every organisation by itself, exactly.",
)  # fmt: skip
def equal_means_at_founding(seeds: int) -> Iterable[Finding]:
    """The largest difference between governances in any organisation's means at founding."""
    worst: dict[str, float] = {}
    for name in settings():
        for seed in seeds_from(setting(name), seeds):
            towns = [means_of(found_town(each.with_(seed=seed))) for each in governed(setting(name), [*GOVERNANCES])]
            for what, values in towns[0].items():
                apart = max(float(np.abs(town[what] - values).max()) for town in towns)
                worst[what] = max(worst.get(what, 0.0), apart)
                if not values.sum() > 0.0:
                    worst[what] = np.nan  # nothing was given to anybody, so nothing was compared
    for what, apart in worst.items():
        yield Finding(f"{what}: largest difference", apart, 0.0, 0.0)


def given_monthly(scenario: Scenario) -> dict[str, Numbers]:
    """What a town is given in every month of its life: each service's funding, and staff posts in all."""
    engine = engine_for("compiled", quiet=True)
    town = found_town(scenario)
    funding = []
    for _ in range(scenario.months):
        town = live(town, engine, 1)
        funding.append(town.services["budget"].copy())
    return {"funding": np.array(funding), "staff posts": rows_of(town)["posts"].copy()}


@claim(
    "neutrality.equal_means_every_month", Group.NEUTRALITY,
    "In every month both towns of a pair are given the same funding and the same staff posts.",
    "Equal budgets: no governance is paid more as it goes along. Staff in post may differ, since people leave; posts "
    "and pay for them may not.",
)  # fmt: skip
def equal_means_every_month(seeds: int) -> Iterable[Finding]:
    """The largest difference between governances in any month: funding exactly, posts to rounding."""
    for name in settings():
        given = every(given_monthly, governed(setting(name), [*GOVERNANCES]))
        first = given[0]
        for what, within in (("funding", 0.0), ("staff posts", ROUNDING)):
            apart = max(float(np.abs(each[what] / first[what] - 1.0).max()) for each in given)
            yield Finding(f"{name}, {what}: largest difference, share", apart, 0.0, within)


ROUNDING = 1e-9
"""Posts move between organisations in parts, so that adding them up rounds."""


# ---- what a dial costs ------------------------------------------------------------------------------


class Cost(NamedTuple):
    """What raising one dial costs when it can do no good: who meets it, in which measure, and which way that goes."""

    who: str
    measure: str
    up: int
    low: float
    high: float
    beside: Mapping[str, float] = {}
    """Other dials, where the dial needs them."""
    parameters: Mapping[str, Any] = {}
    """Parameters beyond those that switch benefits off for all dials."""


NO_TERMS = {dial: fields_of(Terms)[dial].low for dial in DIALS} | {"term": 120.0}
"""A tie that does nothing but last."""

NO_GOOD: dict[str, Any] = {
    "handoff_effect": 0.0, "outside_scope": 0.0, "padding": 0.0, "detection_by_sharing": 0.0, "skimping_gain": 0.0,
    "skimping_harm": 0.0, "grievance": 0.0, "desperation": 0.0, "trust_gain": 0.0, "slow_loss": 0.0,
    "cutting_step": 0.0, "hand_back_loss": 1.0, "crisis_cost": 0.0, "reserves_median": 36.0, "reserves_spread": 0.0,
    "charities_without_reserves": 0.0,
}  # fmt: skip
"""Benefits off: hand-offs, help out of scope, honesty, deterrence, good will, trust, rescue. Reserves are so deep that
no partner needs saving."""

LENDERS = "lenders' reserves"

COSTS: dict[str, Cost] = {
    "indexation": Cost("funders", "public_cost", 1, 0, 1),
    "openness": Cost("funders", "public_cost", 1, 0, 1),
    "enforcement": Cost("buyers, for drafting", "transaction_share", 1, 0, 1, {"term": 12.0}),
    "monitoring": Cost("buyers' money, sellers' time", "transaction_share", 1, 0, 1),
    "penalty": Cost(
        "partners' reserves", "partner_reserves", -1, 0, 5, {"enforcement": 1.0, "monitoring": 0.1},
        {"skimping_gain": 0.12, "payout": 0.0},
    ),
    "term": Cost("residents, with a worse seller for longer", "help_that_worked", -1, 6, 120, {},
                 {"price_weight": 0.0}),
    "renewal": Cost(
        "residents, with a worse seller for longer", "help_that_worked", -1, 0, 1, {"term": 12.0},
        {"price_weight": 0.0, "first_trust": 1.0, "adequate_trust": 0.0},
    ),
    "sharing": Cost("staff time and a fee", "transaction_share", 1, 0, 1),
    "coordination": Cost("staff time", "transaction_share", 1, 0, 0.05),
    "flexibility": Cost("residents, in places", "cases_helped", -1, 0, 1, {}, {"capacity": 0.03}),
    "mutual_aid": Cost(
        "lenders' reserves", LENDERS, -1, 0, 1, {},
        {"reserves_median": 3.0, "reserves_spread": 0.9, "outside_income_spread": 0.0, "payout": 0.0},
    ),
    "tender_cost": Cost("buyers, at each tender", "transaction_share", 1, 0, 0.06, {"term": 12.0}),
}  # fmt: skip


def cost_met(scenario: Scenario, measure: str) -> float:
    """What a measure says over the reported months; for lenders, what the richer half of partners hold at the end."""
    if measure != LENDERS:
        return float(months_of(scenario)[measure].mean())
    at_first = found_town(scenario).partners
    months = at_first["reserves"] / at_first["usual_cost"]
    lenders = months >= np.median(months)
    partners = lived(scenario).partners[lenders]
    return float((partners["reserves"] / partners["usual_cost"]).mean())


def cost_of(dial: str, seeds: Sequence[int]) -> Numbers:
    """What raising a dial costs with its benefits off, seed by seed, in the unit of its measure."""
    cost = COSTS[dial]
    scenario = setting(parameters=NO_GOOD | dict(cost.parameters))
    ends = [scenario.with_(governance=NO_TERMS | dict(cost.beside) | {dial: end}) for end in (cost.low, cost.high)]
    asked = [end.with_(seed=seed) for end in ends for seed in seeds]
    low, high = np.array(every(lambda each: cost_met(each, cost.measure), asked)).reshape(2, len(seeds))
    found: Numbers = cost.up * (high - low)
    return found


@claim(
    "neutrality.every_dial_costs", Group.NEUTRALITY,
    "Raising any dial costs somebody something when it can do no good.",
    "Every benefit has a price in the same rule. Benefits are switched off by ordinary parameters; the price is read "
    "off the books, off capacity or off the help residents get.",
    Level.RELATIONAL,
)  # fmt: skip
def every_dial_costs(seeds: int) -> Iterable[Finding]:
    """The cost of each dial, from its lowest setting to its highest, in paired towns."""
    for dial in DIALS:
        cost = COSTS[dial]
        less = "less " if cost.up < 0 else ""
        what = f"{dial} {cost.low:g} to {cost.high:g}: {less}{cost.measure.replace('_', ' ')}"
        unit = label(getattr(measures, cost.measure))[1] if cost.measure != LENDERS else "months of cost"
        note = f"Counted in {unit}. Met by {cost.who}."
        yield above_nothing(what, cost_of(dial, seeds_from(setting(), confirming(seeds))), note)


# ---- the ladder of dials ----------------------------------------------------------------------------


class Cell(NamedTuple):
    """One dial raised from one governance in one setting, and the outcome looked at."""

    dial: str
    base: str
    setting: str
    outcome: Outcome

    def __str__(self) -> str:
        """The cell in words."""
        return f"{self.outcome} ({self.setting}, from {shown(self.base)})"


BASES = ("contract", "relational")


def raised(dial: str, base: str, name: str, seeds: Sequence[int]) -> Numbers:
    """What raising a dial from its lowest to its highest setting does to every outcome: seed × outcome."""
    declared = fields_of(Terms)[dial]
    ends = [terms_for(base) | {dial: end} for end in (declared.low, declared.high)]
    low, high = pairs_lived(governed(setting(name), ends), seeds)
    return high - low


@cache
def ladder(dial: str, seeds: int) -> dict[Cell, tuple[float, int]]:
    """For each base, setting and outcome: how many standard errors raising a dial makes it better, and which way.

    The way is 1 or -1 only where it is beyond luck even among all the outcomes looked at (Bonferroni); else 0.
    """
    from scipy.stats import t  # noqa: PLC0415  slow to import

    found: dict[Cell, tuple[float, int]] = {}
    enough = float(t.ppf(1.0 - 0.025 / (len(BASES) * len(SHOCKED) * len(SAID)), seeds - 1)) if seeds > 1 else np.inf
    for base in BASES:
        for name in SHOCKED:
            values = raised(dial, base, name, seeds_from(setting(name), seeds))
            for each in SAID:
                good = each.better * values[:, PLACE[each]]
                spread = float(good.std(ddof=1)) / np.sqrt(seeds) if seeds > 1 else 0.0
                errors = float(good.mean()) / max(spread, TINY)
                found[Cell(dial, base, name, each)] = errors, int(np.sign(errors)) * (abs(errors) > enough)
    return found


TINY = 1e-9


@claim(
    "neutrality.every_dial_helps_and_hurts", Group.NEUTRALITY,
    "Each of the twelve dials makes some outcome better somewhere, and some outcome worse somewhere.",
    "No dial is a free lunch and none is pure waste. Each is raised from its lowest to its highest setting, from the "
    "contract and from the relationship, in every setting with a shock; the clearest gain and the clearest loss, on a "
    "primary outcome where one is moved beyond luck, are then put to the test again on fresh seeds.",
    Level.RELATIONAL,
)  # fmt: skip
def every_dial_helps_and_hurts(seeds: int) -> Iterable[Finding]:
    """The clearest gain and loss of each dial, found on some seeds and confirmed on others."""
    for dial in DIALS:
        found = ladder(dial, seeds)
        for way, word in ((1, "helps"), (-1, "hurts")):
            cell = clearest(found, way)
            fresh = raised(dial, cell.base, cell.setting, seeds_from(setting(cell.setting), confirming(seeds), FRESH))
            good = way * cell.outcome.better * fresh[:, PLACE[cell.outcome]]
            yield above_nothing(f"{dial} {word}: {cell}", good, f"{counted(cell.outcome)} {also(found, way, word)}")


def counted(outcome: Outcome) -> str:
    """What an outcome's figure is counted in, as a sentence."""
    return f"Counted in {outcome.unit}."


def clearest(found: Mapping[Cell, tuple[float, int]], way: int) -> Cell:
    """The clearest gain (way 1) or loss (way -1): on a primary outcome if any is beyond luck there, else on any."""
    primary = [cell for cell in found if cell.outcome in MAIN and found[cell][1] == way]
    return max(primary or found, key=lambda each: way * found[each][0])


def also(found: Mapping[Cell, tuple[float, int]], way: int, word: str) -> str:
    """The outcomes a dial moves one way beyond luck, in words, the clearest first."""
    ranked = sorted((cell for cell in found if found[cell][1] == way), key=lambda each: -abs(found[each][0]))
    measures = list(dict.fromkeys(cell.outcome.measure.replace("_", " ") for cell in ranked))
    more = f" and {len(measures) - MANY} more" if len(measures) > MANY else ""
    where = ", ".join(sorted({shown(cell.base) for cell in ranked}))
    if not measures:
        return f"On the first seeds it {word} nothing beyond luck."
    return f"Beyond luck it {word}: {', '.join(measures[:MANY])}{more}. From: {where}."


MANY = 8
"""Outcomes to name in a note."""


def confirming(seeds: int) -> int:
    """How many fresh seeds to confirm with."""
    return max(2 * seeds, 8)


# ---- the box: who wins where ------------------------------------------------------------------------


class Space(NamedTuple):
    """Places in the plausible box, and what towns there were like: place × governance × seed × outcome."""

    places: Numbers
    found: Numbers
    tried: int


WELLBEING_OF_A_TOWN = (6.5, 8.5)
"""Mean wellbeing of a calm town, 0-10: a point either side of 7.5, the United Kingdom's."""
USE_OF_A_TOWN = (0.7, 1.0)
"""Use of places of a calm town, share: neither idle nor overrun before anything has happened."""


def like_a_town(places: Numbers) -> bool:
    """Whether a place in the box is a town one could meet, by its calm months, on average over the governances."""
    small = setting(residents=200, months=48, parameters=values_at(places)).calm()
    months = [months_of(each) for each in governed(small)]
    means = {name: float(np.mean([rows[name].mean() for rows in months])) for name in ("wellbeing", "use_of_places")}
    return (
        WELLBEING_OF_A_TOWN[0] <= means["wellbeing"] <= WELLBEING_OF_A_TOWN[1]
        and USE_OF_A_TOWN[0] <= means["use_of_places"] <= USE_OF_A_TOWN[1]
    )


@cache
def space(seeds: int) -> Space:
    """Places that are like a town, from as many Latin hypercubes as it takes, and how all three fare there."""
    wanted = POINTS * seeds
    kept: list[Numbers] = []
    tried = 0
    while len(kept) < wanted and tried < 30 * wanted:
        cube = latin_hypercube(4 * wanted, seed=1 + tried)
        like = every(like_a_town, list(cube))
        kept += [places for places, alike in zip(cube, like, strict=True) if alike]
        tried += len(cube)
    places = np.array(kept[:wanted])
    return Space(places, lived_at(places, seeds_from(setting(), each_place(seeds))), tried)


POINTS = 12
"""Places in the box for each seed that may be spent."""


def each_place(seeds: int) -> int:
    """Seeds to live at each place."""
    return min(max(seeds // 2, 3), 5)


def lived_at(places: Numbers, seeds: Sequence[int]) -> Numbers:
    """Every outcome of all three at places in the box: place × governance × seed × outcome."""
    scenarios = [each for row in places for each in governed(setting(parameters=values_at(row)))]
    return pairs_lived(scenarios, seeds).reshape(len(places), len(FAIR_FIGHT), len(seeds), -1)


def margins(found: Numbers, one: str, other: str, outcome: Outcome) -> Numbers:
    """How much better one governance is than another, where all three were lived: place × seed."""
    first, second = (found[:, FAIR_FIGHT.index(name), :, PLACE[outcome]] for name in (one, other))
    better: Numbers = outcome.better * (first - second)
    return better


def sides(here: Space, one: str, other: str, outcome: Outcome) -> Numbers:
    """At each place 1 where one governance is ahead of another by more than luck, -1 behind, 0 undecided."""
    return told_apart(margins(here.found, one, other, outcome).T)


OTHERS = (
    *(Outcome(name, kind) for name in ("wellbeing", "wellbeing_lowest_tenth", "unmet_need") for kind in (CALM, EFFECT)),
    *(Outcome(name, SHOCK) for name in ("waiting", "crises", "inequality_slope", "public_cost", "partner_reserves",
                                        "partners_closed", "burnout", "transaction_share")),
    *(Outcome(name, EFFECT) for name in ("public_cost", "borne_by_partners", "borne_by_staff", "borne_by_residents")),
)  # fmt: skip
"""Outcomes to report beside the primary ones."""


@claim(
    "neutrality.nobody_wins_everywhere", Group.NEUTRALITY,
    "Each governance is the best of the three somewhere in the plausible box, and behind another somewhere, on a "
    "primary outcome.",
    "Latin hypercube (McKay, Beckman & Conover 1979) over every number that was not measured, kept where the calm town "
    "is like a town. The best and the worst place found for each governance is confirmed on fresh seeds.",
    Level.RELATIONAL,
)  # fmt: skip
def nobody_wins_everywhere(seeds: int) -> Iterable[Finding]:
    """Where each governance is furthest ahead of both others, and where it is furthest behind one."""
    for name in FAIR_FIGHT:
        rivals = [other for other in FAIR_FIGHT if other != name]
        yield contest(name, [rivals], 1, f"{shown(name)}, ahead of both others", seeds)
        yield contest(name, [[rival] for rival in rivals], -1, f"{shown(name)}, behind another", seeds)


HYBRID = "formal_relational"


@claim(
    "neutrality.the_hybrid_can_win_and_lose", Group.NEUTRALITY,
    "Holding ties by both contract and relationship can be better, and can be worse, than either alone.",
    "149 studies pooled find contracts and trust mostly complements (Cao & Lumineau 2015); an answer built to favour "
    "the middle would be a thumb on the scale too. Search as for who wins where.",
    Level.RELATIONAL,
)  # fmt: skip
def the_hybrid_can_win_and_lose(seeds: int) -> Iterable[Finding]:
    """Where the hybrid is furthest ahead of each of the two it is made of, and furthest behind."""
    for rival in ("contract", "relational"):
        for way, words in ((1, "ahead of"), (-1, "behind")):
            yield contest(HYBRID, [[rival]], way, f"both, {words} {shown(rival)}", seeds)


def contest(name: str, groups: Sequence[Sequence[str]], way: int, words: str, seeds: int) -> Finding:
    """Where a governance is clearest ahead (way 1) or behind (way -1) of everyone in one of some groups.

    The clearest places of the hypercube are lived again on other seeds, and the clearest of these on fresh ones.
    """
    here = space(seeds)
    scored = [
        (float(score), at, group, outcome)
        for outcome in MAIN
        for group in groups
        for at, score in enumerate(clearness(here.found, name, group, way, outcome) / spread_of(here, outcome))
    ]
    scored.sort(key=lambda each: -each[0])
    again = []
    for _, at, group, outcome in scored[:SHORTLIST]:
        found = lived_at(here.places[at : at + 1], seeds_from(setting(), 2 * each_place(seeds), SECOND))
        score = clearness(found, name, group, way, outcome)[0] / spread_of(here, outcome)
        again.append((float(score), at, group, outcome))
    _, at, group, outcome = max(again, key=lambda each: each[0])
    found = lived_at(here.places[at : at + 1], seeds_from(setting(), confirming(seeds), FRESH))
    against = {rival: way * margins(found, name, rival, outcome)[0] for rival in group}
    nearest = min(group, key=lambda rival: float(against[rival].mean()))
    word = "ahead of" if way > 0 else "behind"
    parts = ", ".join(
        f"{word} {shown(rival)} at {100 * np.mean(sides(here, name, rival, outcome) == way):.0f}%"
        for rival in FAIR_FIGHT if rival != name
    )  # fmt: skip
    what = f"{words}: {outcome}" + (f"; the nearest is {shown(nearest)}" if len(group) > 1 else "")
    return above_nothing(what, against[nearest], f"{counted(outcome)} Of the places in the box, {parts}.")


SHORTLIST = 6
"""Places to look at again before one is chosen."""
SECOND = 5_000
"""Their seeds are numbered from here."""


def clearness(found: Numbers, name: str, group: Sequence[str], way: int, outcome: Outcome) -> Numbers:
    """At each place, by how much a governance is ahead of (behind) everyone in a group, less one standard deviation."""
    against = np.array([way * margins(found, name, rival, outcome) for rival in group])
    sure: Numbers = (against.mean(axis=2) - against.std(axis=2, ddof=1)).min(axis=0)
    return sure


def spread_of(here: Space, outcome: Outcome) -> float:
    """How much the differences between governances in an outcome vary over the box, to compare outcomes by."""
    apart = [margins(here.found, one, other, outcome).mean(axis=1) for one, other in PAIRS]
    return max(float(np.std(apart)), TINY)


PAIRS = (("relational", "contract"), (HYBRID, "contract"), (HYBRID, "relational"))


@claim(
    "neutrality.no_outcome_is_settled", Group.NEUTRALITY,
    "On no primary outcome is one governance ahead of another at more than 95% of the places in the plausible box.",
    "The share of the parameter space each wins, by paired towns at every place; the interval is Wilson's for a share.",
    Level.RELATIONAL,
)  # fmt: skip
def no_outcome_is_settled(seeds: int) -> Iterable[Finding]:
    """The share of places at which one governance is ahead of another: primary outcomes first, then others."""
    for outcome in MAIN:
        for one, other in PAIRS:
            for name, rival in ((one, other), (other, one)):
                figure, between, note = share_won(name, rival, outcome, seeds)
                yield Finding(f"{outcome}: {shown(name)} ahead of {shown(rival)}", figure, 0.0, 0.95, between, note)
    for outcome in OTHERS:
        for one, other in PAIRS:
            yield reported(f"{outcome}: {shown(one)} ahead of {shown(other)}", *share_won(one, other, outcome, seeds))


def share_won(one: str, other: str, outcome: Outcome, seeds: int) -> tuple[float, tuple[float, float], str]:
    """The share of places at which one governance is ahead of another by more than luck, its interval, and the rest."""
    from scipy.stats import binomtest  # noqa: PLC0415

    here = space(seeds)
    side = sides(here, one, other, outcome)
    many, won, lost = len(side), int((side > 0).sum()), int((side < 0).sum())
    between = binomtest(won, many).proportion_ci(method="wilson")
    rest = (many - won - lost) / many
    note = f"Behind at {lost / many:.2f}, undecided at {rest:.2f} of {many} places."
    return won / many, (float(between.low), float(between.high)), note


# ---- the loser's best case --------------------------------------------------------------------------


class Case(NamedTuple):
    """The best place found for whoever is behind at the defaults, and how they did there on fresh seeds."""

    behind: str
    ahead: str
    outcome: Outcome
    at_defaults: Numbers
    best: Numbers
    places: Numbers


@cache
def best_case(one: str, other: str, outcome: Outcome, seeds: int) -> Case:
    """Search the plausible box for where the governance behind at the defaults does best against the other.

    Differential evolution (Storn & Price 1997), begun at the best places of the Latin hypercube. Places that are
    not like a town do not count. What is found is lived again on fresh seeds, which the search has not seen.
    """
    from scipy.optimize import differential_evolution  # noqa: PLC0415  slow to import

    fresh = seeds_from(setting(), confirming(seeds), FRESH)
    default = pairs_lived(governed(setting()), fresh)[None]
    behind, ahead = (one, other) if margins(default, one, other, outcome).mean() < 0.0 else (other, one)
    here = space(seeds)
    ranked = np.argsort(-margins(here.found, behind, ahead, outcome).mean(axis=1))
    searching = seeds_from(setting(), each_place(seeds))

    def margin_at(columns: Numbers) -> Numbers:
        rows = columns.T
        like = np.array(every(like_a_town, list(rows)))
        found = np.full(len(rows), WORST)
        if like.any():
            found[like] = -between_two(values_at_all(rows[like]), behind, ahead, outcome, searching).mean(axis=1)
        return found

    found = differential_evolution(
        margin_at, [(0.0, 1.0)] * len(plausible()), init=here.places[ranked[:PARENTS]], maxiter=max(2, seeds // 2),
        polish=False, vectorized=True, updating="deferred", tol=0.0, rng=1,
    )  # fmt: skip
    best = between_two(values_at_all(found.x[None]), behind, ahead, outcome, fresh)[0]
    return Case(behind, ahead, outcome, margins(default, behind, ahead, outcome)[0], best, found.x)


def values_at_all(places: Numbers) -> list[dict[str, Any]]:
    """The parameters at each of several places in the box."""
    return [values_at(row) for row in places]


def between_two(
    parameters: Sequence[Mapping[str, Any]], one: str, other: str, outcome: Outcome, seeds: Sequence[int]
) -> Numbers:
    """How much better one governance is than another with each of these parameters: set of parameters × seed."""
    scenarios = [each for values in parameters for each in governed(setting(parameters=dict(values)), (one, other))]
    lives = pairs_lived(scenarios, seeds, twins=outcome.kind != SHOCK)
    found = lives.reshape(len(parameters), 2, len(seeds), -1)[..., PLACE[outcome]]
    better: Numbers = outcome.better * (found[:, 0] - found[:, 1])
    return better


PARENTS = 12
"""Places the search goes on from."""
WORST = 1e6
"""What a place that is not like a town is worth to the search."""


def what_moved(case: Case, seeds: int) -> str:
    """The few numbers that matter most at a best case: put back to its default, each takes most of the margin.

    Tried for the numbers that lie furthest out in the box.
    """
    values = values_at(case.places)
    out = [plausible()[place].name for place in np.argsort(-np.abs(case.places - 0.5))[:TRIED]]
    without = [{name: value for name, value in values.items() if name != each} for each in out]
    searching = seeds_from(setting(), each_place(seeds))
    margin = between_two([values, *without], case.behind, case.ahead, case.outcome, searching).mean(axis=1)
    taken = margin[0] - margin[1:]
    return described(case.places, [out[place] for place in np.argsort(-taken)[:FEW]])


TRIED = 24
"""Parameters to put back to their defaults, one by one."""
FEW = 4
"""Parameters to name."""


@claim(
    "neutrality.the_loser_can_win", Group.NEUTRALITY,
    "On every primary outcome, whichever of two governances is behind with the default numbers is ahead with other "
    "plausible ones.",
    "Adversarial search on the loser's behalf, over every number that was not measured; confirmed on fresh seeds.",
    Level.RELATIONAL,
)  # fmt: skip
def the_loser_can_win(seeds: int) -> Iterable[Finding]:
    """For each two governances and each primary outcome, the loser's best case."""
    for one, other in combinations(FAIR_FIGHT, 2):
        for outcome in MAIN:
            case = best_case(one, other, outcome, seeds)
            mean, low, high = interval_of(case.at_defaults)
            yield above_nothing(
                f"{outcome}: {shown(case.behind)}'s best case against {shown(case.ahead)}", case.best,
                f"{counted(outcome)} With the defaults {mean:+.3g} [{low:+.3g}, {high:+.3g}]. What matters most there: "
                f"{what_moved(case, seeds)}.",
            )  # fmt: skip


# ---- which numbers the answer turns on --------------------------------------------------------------


class Pull(NamedTuple):
    """How strongly one parameter moves a difference between governances over the box."""

    name: str
    correlation: float
    beyond_luck: bool


def pulls(seeds: int, one: str, other: str, outcome: Outcome) -> list[Pull]:
    """Rank correlation of every parameter with how much better one governance is than another, strongest first."""
    from scipy.stats import spearmanr  # noqa: PLC0415  slow to import

    here = space(seeds)
    better = margins(here.found, one, other, outcome).mean(axis=1)
    found = []
    for column, bound in enumerate(plausible()):
        tested: Any = spearmanr(here.places[:, column], better)
        correlation = float(np.nan_to_num(tested.statistic))
        found.append(Pull(bound.name, correlation, bool(tested.pvalue * len(plausible()) < 0.05)))
    return sorted(found, key=lambda each: -abs(each.correlation))


@cache
def ends(seeds: int) -> dict[tuple[str, float], Numbers]:
    """Every parameter at either end of its bound with all others at their defaults: governance × seed × outcome.

    Under the empty name, the defaults themselves.
    """
    asked: dict[tuple[str, float], dict[str, Any]] = {("", 0.0): {}}
    asked |= {(each.name, end): {each.name: each.value(end)} for each in plausible() for end in (0.0, ONE_END)}
    scenarios = [each for parameters in asked.values() for each in governed(setting(parameters=parameters))]
    lives = seeds_from(setting(), max(seeds // 2, 3))
    found = pairs_lived(scenarios, lives).reshape(len(asked), len(FAIR_FIGHT), len(lives), -1)
    return dict(zip(asked, found, strict=True))


ONE_END = 1.0


def flips(seeds: int, one: str, other: str, outcome: Outcome) -> list[str]:
    """Parameters that turn the sign of a difference on their own, at an end of their bound; on fresh seeds too."""
    every_end = ends(seeds)
    default = margins(every_end["", 0.0][None], one, other, outcome)
    usual = told_apart(default.T)[0]
    if not usual:
        return []
    turned = [
        key for key, found in every_end.items()
        if key[0] and told_apart(margins(found[None], one, other, outcome).T)[0] == -usual
    ]  # fmt: skip
    bounds = {each.name: each for each in plausible()}
    fresh = seeds_from(setting(), confirming(seeds), FRESH)
    said = []
    for name, end in turned:
        value = bounds[name].value(end)
        found = pairs_lived(governed(setting(parameters={name: value})), fresh)[None]
        if told_apart(margins(found, one, other, outcome).T)[0] == -usual:
            said.append(described(np.full(len(bounds), end), [name]))
    return said


@claim(
    "neutrality.no_single_number_decides", Group.NEUTRALITY,
    "No single number that nobody has measured decides by itself which governance is ahead.",
    "Rank correlation over the Latin hypercube of every number not measured with the difference between governances "
    "(not with its level); a number that explains more than half of the variance in ranks would decide.",
    Level.RELATIONAL,
)  # fmt: skip
def no_single_number_decides(seeds: int) -> Iterable[Finding]:
    """The strongest pull on each difference; and the numbers that turn its sign on their own."""
    for one, other in PAIRS:
        for outcome in MAIN:
            strongest = pulls(seeds, one, other, outcome)
            told = [each for each in strongest if each.beyond_luck][:MANY] or strongest[:1]
            listed = ", ".join(f"{each.name} {each.correlation:+.2f}" for each in told)
            sure = "" if told[0].beyond_luck else " (not beyond luck among so many)"
            turned = flips(seeds, one, other, outcome)
            turns = f"Alone turn its sign: {'; '.join(turned)}." if turned else "None turns its sign on its own."
            pair = f"{shown(one)} against {shown(other)}, {outcome}"
            yield Finding(
                f"{pair}: variance in ranks explained by {strongest[0].name}", strongest[0].correlation**2, 0.0, 0.5,
                note=f"Rank correlations: {listed}{sure}. {turns}",
            )  # fmt: skip


# ---- sizes ------------------------------------------------------------------------------------------


@claim(
    "neutrality.wellbeing_moves_by_tenths", Group.NEUTRALITY,
    "Mean wellbeing moves by tenths of a point at most, not by points: through shocks, and between governances.",
    "Life satisfaction in the United Kingdom fell by .09 of a point in 2022/23 (ONS); a model in which it moves by "
    "points is about something else.",
    Level.DISTRIBUTIONAL,
)  # fmt: skip
def wellbeing_moves_by_tenths(seeds: int) -> Iterable[Finding]:
    """The largest change of mean wellbeing: by each shock in its worst year, and between any two governances."""
    for name in settings():
        scenario = setting(name, residents=1000)
        lives = [each.with_(seed=seed) for each in governed(scenario) for seed in seeds_from(scenario, seeds)]
        found = every(lambda each: (months_of(each)["wellbeing"], months_of(each.calm())["wellbeing"]), lives)
        curves = np.array(found).reshape(len(FAIR_FIGHT), seeds, 2, -1)
        if scenario.shocks:
            effect = (curves[:, :, 0] - curves[:, :, 1]).mean(axis=1)
            years = effect.reshape(len(FAIR_FIGHT), -1, 12).mean(axis=2)
            yield Finding(f"{name}: what the shock did in its worst year", float(np.abs(years).max()), 0.0, TENTHS)
        means = curves[:, :, 0].mean(axis=2)
        for one, other in combinations(range(len(FAIR_FIGHT)), 2):
            mean, low, high = interval_of(means[one] - means[other])
            yield Finding(f"{name}: {shown(FAIR_FIGHT[one])} less {shown(FAIR_FIGHT[other])}", mean, -TENTHS, TENTHS,
                          (low, high))  # fmt: skip


TENTHS = 0.95
"""What still rounds to tenths and not to a point."""
