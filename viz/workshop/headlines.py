"""The month's headline: one sentence in plain words, with numbers for both towns.

Change this file to tell of something else, or in another order; the sentences stand in words/*/headlines.toml. Topics
take turns in one order, whatever the numbers: which is told never depends on which town does better, and both towns are
told by the same words. A topic gives way to the next only where there is nothing to tell of either town. All is read
from the towns' histories and events, so that a run lived again tells the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.tables import MONTHS_A_YEAR, Component, Happening, Town
from viz.workshop import names
from viz.workshop.numbers import change, decimal, percent, pounds, whole
from viz.workshop.words import catalogue, text

Column = npt.NDArray[Any]
Shock = tuple[int, str, str]
"""When a shock lands, which it is, and what it is called."""

MOVED = 0.03
"""Prices have moved where one is by this share above or below that of a year ago."""
A_POUND = 1.0
A_LITTLE = 1e-9


class Headline(NamedTuple):
    """What is said of a month, and which topic it is."""

    text: str
    topic: str


# ---- one town's past, as headlines ask for it ----------------------------------------------------------------


class Life:
    """What a town has lived: its measures by month, and how many events of each kind."""

    def __init__(self, town: Town, first: int) -> None:
        self.town, self.first = town, first
        self.months = int(town.clock["month"])
        self.rows = town.history[: self.months]
        self.people = len(town.residents)

    @cached_property
    def events(self) -> Column:
        """How many events of each kind befell in each month: a row for each kind."""
        written = self.town.events[: int(self.town.clock["events"])]
        places = written["kind"] * self.months + written["month"]
        return np.bincount(places, minlength=len(Happening) * self.months).reshape(len(Happening), self.months)

    def at(self, measure: str, month: int) -> float:
        """A measure in a month."""
        return float(self.rows[measure][month])

    def year(self, measure: str, month: int) -> float:
        """A measure added up over the twelve months up to this one."""
        return float(self.rows[measure][_year_to(month)].sum())

    def since_first(self, measure: str, month: int) -> float:
        """A measure added up since the first month shown."""
        return float(self.rows[measure][self.first : month + 1].sum())

    def waiting(self, month: int) -> float:
        """Cases waiting."""
        return round(self.at("waiting", month) * self.people / 1000.0)

    def crises(self, months: slice) -> float:
        """Crises in some months."""
        return round(float(self.rows["crises"][months].sum()) * self.people / (1000.0 * MONTHS_A_YEAR))

    def happened(self, month: int, kind: Happening) -> float:
        """Events of a kind in the twelve months up to this one."""
        return float(self.events[kind, _year_to(month)].sum())

    def times_helped(self, share: str, month: int) -> float:
        """A share of cases helped, over the last twelve months, as so many cases."""
        year = _year_to(month)
        return float((self.rows[share][year] * self.rows["cases_helped"][year]).sum()) * self.people / 1000.0

    def any_of(self, *kinds: Happening) -> Column:
        """In which months something of these kinds had happened within twelve months."""
        return _over_a_year(sum((self.events[kind] for kind in kinds), np.zeros(self.months))) > 0.0

    def prices(self, component: int) -> Column:
        """The level of a price in every month that the world has in store; energy as households meet it."""
        outside = self.town.outside
        levels = outside["household_energy"] if component == Component.ENERGY else outside["prices"][:, component]
        return np.maximum(A_LITTLE, levels)


def _year_to(month: int) -> slice:
    return slice(max(0, month - MONTHS_A_YEAR + 1), month + 1)


def _over_a_year(values: Column) -> Column:
    """For each month the sum over the twelve up to it."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    return np.asarray(total[ends] - total[np.maximum(0, ends - MONTHS_A_YEAR)])


# ---- topics --------------------------------------------------------------------------------------------------

Numbers = Callable[[Life, int], Sequence[float]]
Written = Callable[[str, float], str]


@dataclass(frozen=True)
class Telling:
    """One way to tell a topic: the numbers of a town, and how each is written."""

    name: str
    numbers: Numbers
    written: tuple[Written, ...] = (whole,)
    looks_back: bool = False
    """Whether it needs the month a year ago."""


@dataclass(frozen=True)
class Topic:
    """Something to tell of both towns: in turn in each of these ways, in months in which there is news in either."""

    name: str
    ways: tuple[Telling, ...]
    news: Callable[[Life], Column] | None = None


def _tenths(language: str, number: float) -> str:
    return decimal(language, number, 1)


def _worked(life: Life, month: int) -> float:
    """Of every hundred times help was given in the last twelve months, how often it worked."""
    helped = float(life.rows["cases_helped"][_year_to(month)].sum()) * life.people / 1000.0
    return 100.0 * life.times_helped("help_that_worked", month) / helped if helped > 0.0 else 0.0


def _moved(life: Life, month: int) -> float:
    return life.times_helped("moved_between_organisations", month)


def _anybody_moved(life: Life) -> Column:
    return _over_a_year(life.rows["moved_between_organisations"] * life.rows["cases_helped"]) > 0.0


def _tie_cost(life: Life, month: int) -> float:
    year = _year_to(month)
    return float((life.rows["transaction_share"][year] * life.rows["public_cost"][year]).sum())


def _cutting(life: Life) -> Column:
    """How many partners withheld places in each month, or handed an agreement back."""
    shares = life.rows["partners_cutting"] + life.rows["partners_handing_back"]
    return np.asarray(np.rint(shares * len(life.town.partners)))


def _controlled(life: Life) -> Column:
    """How many funders were under emergency control in each month."""
    return np.asarray(np.rint(life.rows["emergency"] * len(life.town.funders)))


def _ends(life: Life, month: int) -> tuple[float, float]:
    """Wellbeing in the most and in the least deprived neighbourhood."""
    parts = len(life.town.neighbourhoods)
    rows = life.town.neighbourhood_history[month * parts : (month + 1) * parts]
    low, high = ends_of(life.town)
    return float(rows["wellbeing"][high]), float(rows["wellbeing"][low])


def ends_of(town: Town) -> tuple[int, int]:
    """The least and the most deprived neighbourhood."""
    deprivation = town.neighbourhoods["deprivation"]
    return int(np.argmin(deprivation)), int(np.argmax(deprivation))


def _borne(by: str) -> Telling:
    """What of the rise in costs was borne by one, since the first month shown."""
    return Telling(by, lambda life, month: (life.since_first(f"borne_by_{by}", month),), (pounds,))


def _dearer(life: Life) -> Column:
    """In which months costs have risen since the first month shown, by a pound a resident at least."""
    rise = life.rows["cost_rise"].copy()
    rise[: life.first] = 0.0
    return np.cumsum(rise) >= A_POUND


def _prices_moved(life: Life) -> Column:
    """In which months a price is well above or below that of a year ago."""
    moved = np.zeros(life.months, np.bool_)
    months = np.minimum(np.arange(life.months), len(life.town.outside) - 1)
    for component in PRICES:
        levels = life.prices(component)[months]
        moved[MONTHS_A_YEAR:] |= np.abs(levels[MONTHS_A_YEAR:] / levels[:-MONTHS_A_YEAR] - 1.0) >= MOVED
    return moved


def _several_parts(life: Life) -> Column:
    return np.full(life.months, len(life.town.neighbourhoods) > 1)


PRICES = (Component.ENERGY, Component.FOOD, Component.LABOUR)


def _against_last_year(life: Life, month: int, component: int) -> float:
    levels = life.prices(component)
    now, then = (min(max(0, each), len(levels) - 1) for each in (month, month - MONTHS_A_YEAR))
    return float(levels[now] / levels[then]) - 1.0


WAITING = Telling("now", lambda life, month: (life.waiting(month),))
WAITING_A_YEAR_AGO = Telling(
    "year", lambda life, month: (life.waiting(month), life.waiting(month - MONTHS_A_YEAR)), (whole, whole), True
)
TRUST = Telling("now", lambda life, month: (100.0 * life.at("trust", month),))
TRUST_A_YEAR_AGO = Telling(
    "year", lambda life, month: [100.0 * life.at("trust", each) for each in (month, month - MONTHS_A_YEAR)],
    (whole, whole), True,
)  # fmt: skip
PRICES_SINCE = Telling(
    "year", lambda life, month: [_against_last_year(life, month, each) for each in PRICES], (change,) * 3, True
)
SUMMARY = Telling(
    "all",
    lambda life, month: (
        life.crises(slice(life.first, month + 1)), life.since_first("public_cost", month), life.waiting(month),
    ),
    (whole, pounds, whole),
)  # fmt: skip


def _measure(name: str, measure: str, written: Written) -> Telling:
    """A measure as it is this month."""
    return Telling(name, lambda life, month: (life.at(measure, month),), (written,))


def _a_year(numbers: Callable[[Life, int], float], written: Written = whole) -> tuple[Telling, ...]:
    """A number of the last twelve months."""
    return (Telling("year", lambda life, month: (numbers(life, month),), (written,)),)


def _events(name: str, *kinds: Happening) -> Topic:
    """How many events of these kinds befell in the last twelve months; there is news where any did."""
    counted = Telling("year", lambda life, month: [life.happened(month, kind) for kind in kinds], (whole,) * len(kinds))
    return Topic(name, (counted,), lambda life: life.any_of(*kinds))


TOPICS: tuple[Topic, ...] = (
    Topic("waiting", (WAITING, WAITING_A_YEAR_AGO)),
    Topic("tie_cost", _a_year(_tie_cost, pounds)),
    Topic("crises", _a_year(lambda life, month: life.crises(_year_to(month)))),
    _events("disputes", Happening.DISPUTE),
    Topic("rise", tuple(_borne(by) for by in ("residents", "funders", "staff", "partners")), _dearer),
    Topic("trust", (TRUST, TRUST_A_YEAR_AGO)),
    _events("tenders", Happening.TENDER, Happening.RENEWAL),
    Topic("worked", _a_year(_worked)),
    Topic("public_cost", _a_year(lambda life, month: life.year("public_cost", month), pounds)),
    _events("leaving", Happening.HAND_BACK, Happening.CLOSURE),
    Topic("moved", _a_year(_moved), _anybody_moved),
    _events("promises", Happening.BREACH, Happening.REFUSAL),
    Topic("staff", (_measure("vacancies", "vacancies", percent), _measure("burnout", "burnout", percent))),
    Topic(
        "reserves",
        (_measure("partners", "partner_reserves", _tenths), _measure("funders", "funder_reserves", _tenths)),
    ),
    Topic("wellbeing", (Telling("now", lambda life, month: (life.at("low_wellbeing", month) * life.people,)),)),
    Topic("prices", (PRICES_SINCE,), _prices_moved),
    Topic(
        "cuts",
        (Telling("now", lambda life, month: (_cutting(life)[month], len(life.town.partners)), (whole, whole)),),
        lambda life: _cutting(life) > 0.0,
    ),
    Topic("places", (Telling("now", _ends, (_tenths, _tenths)),), _several_parts),
    Topic(
        "emergency",
        (Telling("now", lambda life, month: (_controlled(life)[month], len(life.town.funders)), (whole, whole)),),
        lambda life: _controlled(life) > 0.0,
    ),
)  # fmt: skip
"""Every topic, in the order in which they take turns."""


# ---- telling -------------------------------------------------------------------------------------------------


class Teller:
    """Tells the headline of a month, in one language, of two towns by their names.

    `first` is the first month shown (what came before is not told of), `months` how many are lived in all; where that
    is not given, as many as the towns have room for.
    """

    def __init__(self, language: str, names: tuple[str, str], *, first: int = 0, months: int | None = None) -> None:
        self.language, self.called, self.first, self.months = language, names, first, months

    def headline(self, left: Town, right: Town, shocks: Sequence[Shock], month: int) -> Headline:
        """What is told of a month that both towns have lived. Shocks come first, in the month in which they land."""
        lives = (Life(left, self.first), Life(right, self.first))
        lived = min(life.months for life in lives)
        if not 0 <= month < lived:
            raise ValueError(f"nothing can be told of month {month}: both towns have lived {lived}")
        landed = [(when, label) for when, _, label in shocks]
        months = self.months or min(len(left.history), len(right.history))
        if what := [label for when, label in landed if when == month]:
            return self._told("shock", WAITING, lives, month, what=self._joined(what))
        if month == self.first:
            return self._told("opening", WAITING, lives, month)
        if month + 1 >= months:
            return self._told("summary", SUMMARY, lives, month)
        topic, told_before = self._turn(lives, {when for when, _ in landed}, month)
        way = topic.ways[told_before % len(topic.ways)]
        if way.looks_back and month < MONTHS_A_YEAR:
            way = topic.ways[0]
        return self._told(topic.name, way, lives, month)

    def _turn(self, lives: tuple[Life, Life], others: set[int], month: int) -> tuple[Topic, int]:
        """Whose turn it is in a month, and how often it has been told before: counted from the first month shown."""
        news = [None if topic.news is None else topic.news(lives[0])[: month + 1] | topic.news(lives[1])[: month + 1]
                for topic in TOPICS]  # fmt: skip
        place, told = 0, [0] * len(TOPICS)
        for each in range(self.first + 1, month + 1):
            if each in others and each != month:
                continue
            for _ in TOPICS:
                there = news[place]
                if there is None or there[each]:
                    break
                place = (place + 1) % len(TOPICS)
            if each < month:
                told[place] += 1
                place = (place + 1) % len(TOPICS)
        return TOPICS[place], told[place]

    def _told(self, topic: str, way: Telling, lives: tuple[Life, Life], month: int, **more: str) -> Headline:
        key = f"headlines.{topic}.{way.name}"
        if topic == "places":
            other, deprived = ends_of(lives[0].town)
            more |= {name: names.neighbourhood(row, self.language) for name, row in
                     (("deprived", deprived), ("other", other))}  # fmt: skip
        found = [
            {letter: write(self.language, number) for letter, write, number in
             zip("abc", way.written, way.numbers(life, month), strict=False)}
            for life in lives
        ]  # fmt: skip
        if found[0] == found[1]:
            return Headline(text(self.language, f"{key}.same", **found[0], **more), topic)
        left, right = (self._side(key, numbers, town) for numbers, town in zip(found, self.called, strict=True))
        return Headline(text(self.language, f"{key}.say", left=left, right=right, **more), topic)

    def _side(self, key: str, numbers: dict[str, str], town: str) -> str:
        """What is said of one town."""
        many = {"0": "none", "1": "one"}.get(numbers["a"], "many")
        form = f"{key}.{many}" if f"{key}.{many}" in catalogue(self.language) else f"{key}.side"
        return text(self.language, form, town=town, **numbers)

    def _joined(self, labels: Sequence[str]) -> str:
        told = labels[0]
        for label in labels[1:]:
            told = text(self.language, "headlines.and", first=told, second=label)
        return told


__all__ = ["TOPICS", "Headline", "Shock", "Teller"]
