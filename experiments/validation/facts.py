"""Stylised facts: what is known of towns like this one, and whether this one does the same.

Change this file to add a fact or to move a range. A fact is a function of towns that gives a figure for each thing
it says, with the range accepted. It is declared here, before anything is tuned, whether a fact may be used for tuning
(see experiments/calibrate.py) or is held out, to be looked at afterwards and never fitted. No fact is a difference
between governances: each is about one world, averaged over the fair fight or, where it says so, about one kind of
contract. All facts are asked of one set of parameters at once. A fact that fails stays in the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from agents.tables import APRIL, Component, State
from experiments.intervals import CONFIDENCE, Numbers
from experiments.pairs import FAIR_FIGHT
from experiments.validation.claims import CLAIMS, Claim, Finding, Group, Level, not_asked
from experiments.validation.worlds import A_YEAR, JUMP, Lives, Place, Seen, Towns, worlds
from simulation.measures import MEASURES
from simulation.scenario import SETTLING
from simulation.shocks import ons_index, outside_of

# ---- what a fact is ---------------------------------------------------------------------------------


class Use(StrEnum):
    """What a fact is for."""

    TUNING = "tuning"
    HELD_OUT = "held out"
    GIVEN = "given"
    """About what the world does to the town: no parameter can change it."""


class Scale(StrEnum):
    """What a fact is about."""

    RESIDENT = "resident"
    PROVIDER = "provider"
    TIE = "tie"
    NETWORK = "network"
    COUNCIL = "council"
    WORLD = "world"


class Figure(NamedTuple):
    """One number, the range accepted, and how far outside it counts as one step too far."""

    what: str
    value: float
    low: float
    high: float
    tolerance: float
    note: str = ""

    @property
    def steps_outside(self) -> float:
        """How many tolerances the number lies outside its range; infinite where it is not a number."""
        if math.isnan(self.value):
            return math.inf
        return max(self.low - self.value, self.value - self.high, 0.0) / self.tolerance


Measure = Callable[[Towns], Iterable[Figure]]


@dataclass(frozen=True)
class Fact:
    """Something known of towns like this one."""

    id: str
    says: str
    source: str
    use: Use
    scale: Scale
    places: tuple[Place, ...]
    """The worlds and governances it looks at."""
    figures: Measure
    weight: float = 1.0
    """How much it counts in tuning, shared equally by its figures."""
    wants: str = ""
    """A measure of the town without which it cannot be asked."""

    @property
    def askable(self) -> bool:
        """Whether the town is measured as this fact needs."""
        return not self.wants or self.wants in (measure.__name__ for measure in MEASURES)


FACTS: dict[str, Fact] = {}
"""Every fact by its id."""


def fact(
    id: str,
    says: str,
    source: str,
    *,
    use: Use,
    scale: Scale,
    places: Iterable[Place],
    level: Level = Level.DISTRIBUTIONAL,
    weight: float = 1.0,
    wants: str = "",
) -> Callable[[Measure], Measure]:
    """Make a function of towns a fact, and the fact a claim about the model with default parameters."""

    def kept(figures: Measure) -> Measure:
        one = Fact(id, says, source, use, scale, tuple(places), figures, weight, wants)
        FACTS[id] = one
        name = f"fact_{id}"
        CLAIMS[name] = Claim(name, Group.FACT, says, source, level, lambda seeds: asked(one, shared(seeds)))
        return figures

    return kept


def asked(one: Fact, lives: Lives) -> list[Finding]:
    """What the towns say about a fact, with an interval over seeds."""
    if not one.askable:
        return [not_asked(one.use, f'not asked: the town is not measured by "{one.wants}" yet')]
    towns = lives.towns(one.places)
    left_out = [[figure.value for figure in one.figures(towns.without(seed))] for seed in towns.seeds[: _many(towns)]]
    return [
        Finding(
            f"{figure.what} ({one.use})" if figure.what else str(one.use),
            figure.value, figure.low, figure.high,
            jackknife(figure.value, [each[place] for each in left_out]), figure.note,
        )
        for place, figure in enumerate(one.figures(towns))
    ]  # fmt: skip


def _many(towns: Towns) -> int:
    """How many seeds to leave out in turn: none where there is but one."""
    return len(towns.seeds) if len(towns.seeds) > 1 else 0


def jackknife(value: float, left_out: Sequence[float]) -> tuple[float, float] | None:
    """The 95% interval of a figure from what it would be without each seed in turn; None where there is none."""
    from scipy.stats import t  # noqa: PLC0415  slow to import

    many = len(left_out)
    without = np.array(left_out)
    if many < 2 or not np.isfinite(without).all() or not math.isfinite(value):
        return None
    error = math.sqrt((many - 1) / many * float(((without - without.mean()) ** 2).sum()))
    width = float(t.ppf(0.5 + CONFIDENCE / 2, many - 1)) * error
    return value - width, value + width


@lru_cache(maxsize=1)
def shared(seeds: int) -> Lives:
    """The towns that all facts share, with default parameters."""
    return Lives(seeds)


def loss(facts: Iterable[Fact], towns: Towns) -> tuple[float, dict[str, Figure]]:
    """How far towns are from what facts say, and every figure by its name.

    Each figure's distance outside its range, in tolerances and squared; a fact's figures share its weight. Towns that
    do all the facts say have a loss of 0, whichever way they do it.
    """
    total, found = 0.0, {}
    for one in facts:
        figures = list(one.figures(towns))
        for figure in figures:
            total += one.weight / len(figures) * figure.steps_outside**2
            found[f"{one.id}: {figure.what}" if figure.what else one.id] = figure
    return total, found


def tuning_facts() -> tuple[Fact, ...]:
    """The facts that may be tuned to, as far as the town is measured for them."""
    return tuple(one for one in FACTS.values() if one.use == Use.TUNING and one.askable)


# ---- how figures are made ---------------------------------------------------------------------------


def fair(*names: str) -> tuple[Place, ...]:
    """These worlds under each governance of the fair fight."""
    return tuple((world, governance) for world in names for governance in FAIR_FIGHT)


def over(part: float, whole: float) -> float:
    """A part of a whole; not a number where there is no whole."""
    return part / whole if whole else math.nan


def years(months: Numbers) -> Numbers:
    """Means of each whole year, along the last axis."""
    whole = months.shape[-1] // A_YEAR * A_YEAR
    return months[..., :whole].reshape(*months.shape[:-1], -1, A_YEAR).mean(axis=-1)


def effect(towns: Towns, measure: str, world: str) -> Numbers:
    """What a world does to a measure, month by month, against calm towns with the same luck: mean over towns."""
    return (towns.measure(measure, world) - towns.measure(measure, "calm")).mean(axis=0)


BEFORE = slice(0, 2 * A_YEAR)
"""The first two reported years: January 2019 is month 0, so in the crisis these are 2021 and 2022."""
HARD_YEARS = (36, 60)
"""Months of 2022 and 2023, in which costs rose fastest."""


# ---- residents --------------------------------------------------------------------------------------


@fact(
    "wellbeing_level", "People are about as satisfied with life as they say they are.",
    "Office for National Statistics, Personal well-being in the UK: 7.39 to 7.54 in the years to March 2021-23",
    use=Use.TUNING, scale=Scale.RESIDENT, places=fair("calm"),
)  # fmt: skip
def wellbeing_level(towns: Towns) -> Iterator[Figure]:
    """Mean wellbeing of calm towns."""
    yield Figure("", float(towns.measure("wellbeing", "calm").mean()), 7.4, 7.6, 0.1)


@fact(
    "wellbeing_move", "Even the worst year of a severe crisis moves mean satisfaction with life by about a tenth.",
    "Office for National Statistics, Personal well-being in the UK: 7.54 to 7.45 from 2021/22 to 2022/23",
    use=Use.TUNING, scale=Scale.RESIDENT, places=fair("calm", "crisis"),
)  # fmt: skip
def wellbeing_move(towns: Towns) -> Iterator[Figure]:
    """The lowest year of the crisis, against calm towns with the same luck."""
    yield Figure("worst year", float(years(effect(towns, "wellbeing", "crisis")).min()), -0.25, -0.02, 0.05)


@fact(
    "several_needs", "About a quarter of residents have two or more needs at once.",
    "Barnett et al. 2012, Lancet 380: 23% of patients have two or more long-term conditions; here, needs of any kind",
    use=Use.TUNING, scale=Scale.RESIDENT, places=fair("crisis"),
)  # fmt: skip
def several_needs(towns: Towns) -> Iterator[Figure]:
    """Mean share over the reported years of the crisis."""
    yield Figure("", float(towns.measure("several_needs", "crisis").mean()), 0.18, 0.30, 0.04)


@fact(
    "very_many_needs", "Very few residents have very many needs.",
    "Bramley & Fitzpatrick 2015, Hard Edges: .5% of adults meet two of three severe disadvantages, .14% all three; "
    "here, five or more of six needs at once",
    use=Use.HELD_OUT, scale=Scale.RESIDENT, places=fair("crisis"),
)  # fmt: skip
def very_many_needs(towns: Towns) -> Iterator[Figure]:
    """Share of residents at the end of the crisis."""
    felt = np.concatenate([each.needs_felt for each in towns.of("crisis")])
    yield Figure("", float((felt >= 5).mean()), 0.0014, 0.02, 0.005)


@fact(
    "crises_concentrated", "A few residents carry most of the cost of crises.",
    "Bramley & Fitzpatrick 2015, Hard Edges: severe and multiple disadvantage is rare and costly; ranges are ours: "
    "ten times their number for the top 1%, a third of the cost or more for the top 5%",
    use=Use.HELD_OUT, scale=Scale.RESIDENT, places=fair("crisis"),
)  # fmt: skip
def crises_concentrated(towns: Towns) -> Iterator[Figure]:
    """Share of all crises of five years that befell those who met most of them. Every crisis costs the same."""
    each_town = [np.sort(each.crises)[::-1] for each in towns.of("crisis")]
    for top, low, high in ((0.01, 0.10, 0.60), (0.05, 0.33, 0.95)):
        theirs = sum(int(counts[: max(1, round(top * len(counts)))].sum()) for counts in each_town)
        share = over(theirs, sum(int(counts.sum()) for counts in each_town))
        yield Figure(f"top {top:.0%}", share, low, high, 0.05)


@fact(
    "wellbeing_gradient", "Low wellbeing is found where needs are severe.",
    "Office for National Statistics, Personal well-being in the UK, year to March 2023: low happiness among 46.5% of "
    "people in very bad health and 3.8% in very good health",
    use=Use.HELD_OUT, scale=Scale.RESIDENT, places=fair("calm"),
)  # fmt: skip
def wellbeing_gradient(towns: Towns) -> Iterator[Figure]:
    """Share with wellbeing of 4 or less at the end of calm months: worst need of .7 and more, against below .1."""
    worst = np.concatenate([each.worst_need for each in towns.of("calm")])
    low = np.concatenate([each.wellbeing for each in towns.of("calm")]) <= 4.0
    severe, none = worst >= 0.7, worst < 0.1
    among_severe = over(float(low[severe].sum()), float(severe.sum()))
    among_none = over(float(low[none].sum()), float(none.sum()))
    yield Figure("severe less none", among_severe - among_none, 0.20, 0.65, 0.1)


@fact(
    "gap_widens", "When public money is squeezed, the gap between neighbourhoods widens, and stays wide.",
    "Institute for Fiscal Studies 2025: funding a resident fell by 23% in the most deprived tenth of councils and by "
    "11% in the least deprived, 2010/11 to 2025/26; services followed",
    use=Use.HELD_OUT, scale=Scale.RESIDENT, places=fair("calm", "squeeze"), level=Level.RELATIONAL,
)  # fmt: skip
def gap_widens(towns: Towns) -> Iterator[Figure]:
    """Slope of unmet need over deprivation in the last two years: a fifth less money, against calm towns. Share."""
    squeezed, calm = (
        towns.measure("inequality_slope", world)[:, -2 * A_YEAR :].mean() for world in ("squeeze", "calm")
    )
    note = "budgets fall alike for everyone: what widens the gap is that more need goes unmet where there is more of it"
    yield Figure("last two years", over(float(squeezed), float(calm)) - 1.0, 0.02, 3.0, 0.1, note)


# ---- places and providers ---------------------------------------------------------------------------


@fact(
    "use_of_places", "Before the shock the town is busy and not overloaded.",
    "occupancy of care homes 87% to 89%: Knight Frank, UK Care Homes Trading Performance Reviews 2012-25",
    use=Use.TUNING, scale=Scale.PROVIDER, places=fair("calm"),
)  # fmt: skip
def use_of_places(towns: Towns) -> Iterator[Figure]:
    """Cases helped over places that could be given, in calm towns."""
    use = towns.measure("use_of_places", "calm")[:, BEFORE].mean(axis=0)
    yield Figure("mean", float(use.mean()), 0.80, 0.95, 0.03)
    yield Figure("busiest month", float(use.max()), 0.80, 0.97, 0.03)


@fact(
    "closures", "About two in a hundred partners close in a calm year.",
    "1,221 care homes closed January 2015 to September 2019, about a tenth of beds; 247 of 12,400 homes in 2022: "
    "reports of CSI Market Intelligence and the Department of Health and Social Care",
    use=Use.TUNING, scale=Scale.PROVIDER, places=fair("calm"),
)  # fmt: skip
def closures(towns: Towns) -> Iterator[Figure]:
    """Closures for each partner and year, in calm towns."""
    yield Figure("a year", closing(towns, "calm"), 0.01, 0.04, 0.01)


@fact(
    "closures_in_crisis", "Closures rose little even in the crisis of 2021-23.",
    "Department of Health and Social Care, answer to a parliamentary question: beds in deactivated care homes 10,050, "
    "10,379 and 10,567 in 2021-23",
    use=Use.HELD_OUT, scale=Scale.PROVIDER, places=fair("calm", "crisis"),
)  # fmt: skip
def closures_in_crisis(towns: Towns) -> Iterator[Figure]:
    """Closures a year in the crisis over those in calm towns with the same luck."""
    yield Figure("crisis over calm", over(closing(towns, "crisis"), closing(towns, "calm")), 0.8, 1.5, 0.25)


def closing(towns: Towns, world: str) -> float:
    """Closures for each living partner and year."""
    lived = sum(
        float((1.0 - each.rows["partners_closed"][SETTLING:]).sum()) * len(each.basket) / A_YEAR
        for each in towns.of(world)
    )
    return over(sum(len(each.closures) for each in towns.of(world)), lived)


@fact(
    "hand_backs", "Under stress half of towns see an agreement handed back in half a year; closing is rarer.",
    "Association of Directors of Adult Social Services, surveys 2018-25: 35% to 75% of councils in half a year; asked "
    "of contracts, which is what was surveyed",
    use=Use.TUNING, scale=Scale.PROVIDER, places=(("crisis", "contract"),),
)  # fmt: skip
def hand_backs(towns: Towns) -> Iterator[Figure]:
    """Half-years of 2022 and 2023 with an agreement handed back or lost by a closure; hand-backs for each closure."""
    first, end = HARD_YEARS
    halves, hit, given_up, closed = 0, 0, 0, 0
    for each in towns.of("crisis", "contract"):
        lost = np.concatenate([each.hand_backs, each.closures])
        for start in range(first, end, A_YEAR // 2):
            halves += 1
            hit += bool(((lost >= start) & (lost < start + A_YEAR // 2)).any())
        given_up += int(((each.hand_backs >= first) & (each.hand_backs < end)).sum())
        closed += int(((each.closures >= first) & (each.closures < end)).sum())
    yield Figure("half-years", over(hit, halves), 0.35, 0.75, 0.1)
    yield Figure("for each closure", over(given_up, max(1, closed)), 2.0, 50.0, 0.5)


@fact(
    "order_of_responses", "Partners live on reserves first, then cut volume, then hand back, and close last.",
    "National Council for Voluntary Organisations 2024, The true cost of delivering public services: 87% subsidise, "
    "39% cut numbers, and closing is rare; asked of contracts, which is what was surveyed",
    use=Use.HELD_OUT, scale=Scale.PROVIDER, places=(("watched crisis", "contract"),), level=Level.RELATIONAL,
)  # fmt: skip
def order_of_responses(towns: Towns) -> Iterator[Figure]:
    """Shares of partners that ever did each in the crisis, and how many came to the worse one after the milder."""
    steps = (State.SUBSIDISING, State.CUTTING, State.HANDED_BACK, State.CLOSED)
    first = np.concatenate([first_months(each, steps) for each in towns.of("watched crisis", "contract")], axis=1)
    ever = (first < NEVER).mean(axis=1)
    yield Figure("ever lived on reserves", float(ever[0]), 0.60, 1.0, 0.1)
    yield Figure("ever cut volume", float(ever[1]), 0.20, 0.70, 0.1)
    yield Figure("each rarer than the one before", float((ever[:-1] - ever[1:]).min()), 1e-9, 1.0, 0.05)
    reached = first[1:] < NEVER
    in_order = (first[:-1] <= first[1:]) & reached
    yield Figure("come to in this order", over(float(in_order.sum()), float(reached.sum())), 0.80, 1.0, 0.1)


NEVER = 10**6


def first_months(town: Seen, steps: Sequence[State]) -> Numbers:
    """For each response a row, for each partner a column: the first reported month it was seen, or NEVER."""
    reported = town.state[town.looks > SETTLING]
    found = [np.where((reported == step).any(axis=0), (reported == step).argmax(axis=0), NEVER) for step in steps]
    return np.array(found, np.float64)


@fact(
    "who_is_hurt", "Dearer labour hurts partners that live on labour, dearer energy those that live on energy.",
    "Local Government Association and ukactive 2022 on pools; Homecare Association 2025, Minimum price for homecare",
    use=Use.HELD_OUT, scale=Scale.PROVIDER, places=fair("calm", "dearer labour", "dearer energy"),
    level=Level.RELATIONAL,
)  # fmt: skip
def who_is_hurt(towns: Towns) -> Iterator[Figure]:
    """Slope of the margin lost over share of cost × rise in price, over partners.

    Half a year after a step in wages; a year after one in energy, when every tariff has been renewed.
    """
    for world, component in (("dearer labour", Component.LABOUR), ("dearer energy", Component.ENERGY)):
        rise = price_rise(world, component)
        loss, exposed = margin_lost(towns, world, component, rise)
        slope = over(float(((exposed - exposed.mean()) * loss).sum()), float(((exposed - exposed.mean()) ** 2).sum()))
        yield Figure(f"{world}: margin lost for each 1 of exposure", slope, 0.05, 1.5, 0.2)


def price_rise(world: str, component: Component) -> float:
    """How far organisations' price of something rises in a world, from before the step to the end."""
    prices = outside_of(worlds()[world].scenario)["prices"][:, component]
    return float(prices[-1] / prices[JUMP - 1] - 1.0)


def margin_lost(towns: Towns, world: str, component: Component, rise: float) -> tuple[Numbers, Numbers]:
    """For every partner with work in both towns: margin lost against its calm twin, and its exposure."""
    lost, exposed = [], []
    for hurt, calm in zip(towns.of(world), towns.of("calm"), strict=True):
        month = int(hurt.looks[-1])
        look = int(np.flatnonzero(calm.looks == month)[0])
        ours, theirs = hurt.margin[-1], calm.margin[look]
        both = np.isfinite(ours) & np.isfinite(theirs)
        lost.append((theirs - ours)[both])
        exposed.append(hurt.basket[both, component] * rise)
    return np.concatenate(lost), np.concatenate(exposed)


# ---- staff ------------------------------------------------------------------------------------------


@fact(
    "staff", "At the worst about 30% of staff leave in a year and about 10% of posts are vacant.",
    "Skills for Care, State of the adult social care sector: turnover 29% and vacancies 10.5-10.7% in 2021/22",
    use=Use.TUNING, scale=Scale.PROVIDER, places=fair("crisis"),
)  # fmt: skip
def staff(towns: Towns) -> Iterator[Figure]:
    """Highest year of turnover, and highest year of vacancies, of the crisis."""
    for name, low, high, tolerance in (("turnover", 0.25, 0.35, 0.03), ("vacancies", 0.085, 0.12, 0.01)):
        yield Figure(name, float(years(towns.measure(name, "crisis").mean(axis=0)).max()), low, high, tolerance)


@fact(
    "vacancies_jump", "Vacancies jump in the crisis.",
    "Skills for Care, State of the adult social care sector: 10.5-10.7% in 2021/22, about 7% before",
    use=Use.TUNING, scale=Scale.PROVIDER, places=fair("calm", "crisis"),
)  # fmt: skip
def vacancies_jump(towns: Towns) -> Iterator[Figure]:
    """How far vacancies rise above calm towns at most."""
    yield Figure("peak above calm", float(effect(towns, "vacancies", "crisis").max()), 0.015, 0.05, 0.01, PAY)


@fact(
    "vacancies_heal_slowly", "Vacancies take years to come down after the crisis.",
    "Skills for Care, State of the adult social care sector: 10.5-10.7% in 2021/22, 7.0% in 2024/25",
    use=Use.HELD_OUT, scale=Scale.PROVIDER, places=fair("calm", "crisis"),
)  # fmt: skip
def vacancies_heal_slowly(towns: Towns) -> Iterator[Figure]:
    """Months from the peak until half of the rise above calm towns is gone."""
    above = effect(towns, "vacancies", "crisis")
    peak = int(above.argmax())
    healed = np.flatnonzero(above[peak:] <= 0.5 * above[peak])
    note = PAY if len(healed) else f"{PAY}; not seen to halve: at least so long"
    yield Figure("months to halve", float(healed[0] if len(healed) else len(above) - peak), 12.0, 48.0, 6.0, note)


PAY = "workers leave employers whose prices lag behind costs; the whole labour market tightening is left out"


# ---- ties -------------------------------------------------------------------------------------------


@fact(
    "pass_through", "A contract with a fixed price passes on 30% to 50% of a year's rise in costs.",
    "National Council for Voluntary Organisations 2024: mean uplift 2.7% while prices rose 8.7%; Homecare Association "
    "2025: fees +5.6% while costs rose 10-12%",
    use=Use.TUNING, scale=Scale.TIE, places=(("crisis", "rigid_contract"),),
)  # fmt: skip
def pass_through(towns: Towns) -> Iterator[Figure]:
    """Rise in price over rise in cost, in the year when costs rose fastest, of agreements in force at both its ends.

    In later years tenders make up for earlier rises as well, and prices rise faster than costs.
    """
    price = cost = 0.0
    start = HARD_YEARS[0]
    for each in towns.of("crisis", "rigid_contract"):
        before, after = (int(np.flatnonzero(each.looks == month)[0]) for month in (start, start + A_YEAR))
        held = (each.held[before] == 1) & (each.held[after] == 1)
        price += float((each.price[after] - each.price[before])[held].sum())
        cost += float((each.cost[after] - each.cost[before])[held].sum())
    yield Figure("", over(price, cost), 0.25, 0.60, 0.1)


@fact(
    "detail_and_trust", "Across ties, detailed contracts and trust do not exclude each other.",
    "Cao & Lumineau 2015, Journal of Operations Management 33-34: 149 studies, contracts and trust go together",
    use=Use.HELD_OUT, scale=Scale.TIE, places=(("chosen", "contract"),), level=Level.RELATIONAL,
)  # fmt: skip
def detail_and_trust(towns: Towns) -> Iterator[Figure]:
    """Correlation of enforcement and trust over agreements: services drew terms by lot, and copy the best since."""
    detail, trust = (np.concatenate([getattr(each, name) for each in towns.of("chosen", "contract")])
                     for name in ("detail", "trust"))  # fmt: skip
    note = "checks that bite come with terms that can be enforced, and a breach that is seen costs trust"
    yield Figure("correlation", correlation(detail, trust), 0.0, 1.0, 0.1, note)


def correlation(one: Numbers, other: Numbers) -> float:
    """Pearson's correlation; not a number where either does not vary."""
    if one.std() == 0.0 or other.std() == 0.0:
        return math.nan
    return float(np.corrcoef(one, other)[0, 1])


# ---- joint working ----------------------------------------------------------------------------------

SLOWLY = "what is shared takes a year to be of use; meeting raises trust from the first month"
JOINED = (("calm", "contract"), ("joined up", "contract"))


@fact(
    "joint_working", "Joint working pays late and modestly: nothing in the first year, then 5% to 15%.",
    "Rocks et al. 2020, European Journal of Health Economics: 34 studies; outcomes 1.06 (1.15 after a year), cost .94 "
    "(.87 after a year), shorter studies not significant",
    use=Use.TUNING, scale=Scale.NETWORK, places=JOINED,
)  # fmt: skip
def joint_working(towns: Towns) -> Iterator[Figure]:
    """Share of help that works, when ties of contracts begin to share and to meet as much as relational ones."""
    worked = relative_change(towns, "help_that_worked")
    yield Figure("help that works, first year", float(worked[:A_YEAR].mean()), -0.03, 0.03, 0.02, SLOWLY)
    yield Figure("help that works, after two years", float(worked[2 * A_YEAR :].mean()), 0.05, 0.15, 0.03)


@fact(
    "joint_working_saves", "Joint working saves a little, late.",
    "Rocks et al. 2020, European Journal of Health Economics: cost .94 (.90 to .99), .87 after a year",
    use=Use.HELD_OUT, scale=Scale.NETWORK, places=JOINED,
)  # fmt: skip
def joint_working_saves(towns: Towns) -> Iterator[Figure]:
    """Cost of each need resolved, as above."""
    cost = relative_change(towns, "cost_per_resolved_need")
    yield Figure("cost of a need resolved, after two years", float(cost[2 * A_YEAR :].mean()), -0.15, -0.01, 0.03)


@fact(
    "joint_working_finds_need", "Joint working does not empty the emergency ward in its first year: it may fill it.",
    "Roland et al. 2012, International Journal of Integrated Care 12: emergency admissions +9% at six months in case "
    "management sites, +2% over all pilots",
    use=Use.HELD_OUT, scale=Scale.NETWORK, places=JOINED, level=Level.RELATIONAL,
)  # fmt: skip
def joint_working_finds_need(towns: Towns) -> Iterator[Figure]:
    """Crises in the first year of joint working, against contracts that go on as they were. Share."""
    without, joined = (float(towns.measure("crises", *place)[:, :A_YEAR].mean()) for place in JOINED)
    yield Figure("crises, first year", over(joined, without) - 1.0, -0.03, 0.15, 0.03)


def relative_change(towns: Towns, name: str) -> Numbers:
    """What joining up does to a measure, month by month, as a share of it."""
    without, joined = (towns.measure(name, *place).mean(axis=0) for place in JOINED)
    return np.asarray(joined / without - 1.0)


# ---- the council ------------------------------------------------------------------------------------


@fact(
    "funders_balance", "In calm years funders neither pile up money nor run out of it.",
    "councils must balance their budgets each year: Local Government Finance Act 1992, section 31A",
    use=Use.TUNING, scale=Scale.COUNCIL, places=fair("calm"),
)  # fmt: skip
def funders_balance(towns: Towns) -> Iterator[Figure]:
    """Months of budget by which what funders and services hold grows in a year, over whole years of calm towns."""
    held = towns.measure("funder_reserves", "calm").mean(axis=0)
    whole = (len(held) - 1) // A_YEAR
    yield Figure("months of budget a year", float(held[whole * A_YEAR] - held[0]) / whole, -0.2, 0.2, 0.1)


@fact(
    "emergency_is_rare", "Emergency control of a funder's spending is rare in calm years.",
    "Institute for Government, Section 114 notices: 12 notices by 8 English councils 2018-23, .6% of council-years",
    use=Use.TUNING, scale=Scale.COUNCIL, places=fair("calm"), wants="emergency",
)  # fmt: skip
def emergency_is_rare(towns: Towns) -> Iterator[Figure]:
    """Years of calm towns in which a funder was ever under emergency control."""
    ever = towns.measure("emergency", "calm")
    by_year = ever[:, : ever.shape[1] // A_YEAR * A_YEAR].reshape(len(ever), -1, A_YEAR).max(axis=2) > 0.0
    yield Figure("town-years", float(by_year.mean()), 0.0, 0.01, 0.01)


@fact(
    "emergency_comes_late", "Emergency control comes a year or more after costs have jumped.",
    "Institute for Government, Section 114 notices: 2 notices in thirty years, then 3 in 2022 and 3 in 2023",
    use=Use.HELD_OUT, scale=Scale.COUNCIL, places=fair("calm", "crisis"), wants="emergency",
)  # fmt: skip
def emergency_comes_late(towns: Towns) -> Iterator[Figure]:
    """Months from the middle of the rise in costs to the middle of the emergencies that the crisis brought."""
    rise = np.diff(towns.measure("cost_rise", "crisis").mean(axis=0), prepend=0.0).clip(min=0.0)
    under = effect(towns, "emergency", "crisis").clip(min=0.0)
    months = np.arange(len(rise))
    under_in, rise_in = (over(float((months * each).sum()), float(each.sum())) for each in (under, rise))
    yield Figure("months", under_in - rise_in, 6.0, 48.0, 6.0)


# ---- the world --------------------------------------------------------------------------------------


@fact(
    "prices", "Energy jumped and partly came back, food rose more slowly and stayed, wages step each April.",
    "Office for National Statistics: CPIH gas (L53F), electricity (L53E) and food (L523), against March 2021; "
    "Low Pay Commission, National Living Wage",
    use=Use.GIVEN, scale=Scale.WORLD, places=(),
)  # fmt: skip
def prices(_towns: Towns) -> Iterator[Figure]:
    """The series that towns live through, as shipped."""
    since = 26
    for column, ratio in (("gas_l53f", 2.9), ("elec_l53e", 2.0)):
        name = column.split("_")[0].replace("elec", "electricity")
        levels = ons_index(column)[1] / ons_index(column)[1][since]
        yield Figure(f"{name}, highest", float(levels.max()), ratio - 0.1, ratio + 0.1, 0.1)
        yield Figure(f"{name}, last over highest", float(levels[-1] / levels.max()), 0.3, 0.9, 0.1)
    food = ons_index("food_l523")[1] / ons_index("food_l523")[1][since]
    yield Figure("food, end of 2024", float(food[71]), 1.29, 1.39, 0.05)
    yield Figure("food, last over highest", float(food[-1] / food.max()), 0.98, 1.0, 0.02)
    wages = outside_of(worlds()["crisis"].scenario)["prices"][:, Component.LABOUR]
    steps = np.flatnonzero(np.diff(wages)) + 1
    yield Figure("wage steps in April", float((steps % A_YEAR == APRIL).mean()), 1.0, 1.0, 0.1)
